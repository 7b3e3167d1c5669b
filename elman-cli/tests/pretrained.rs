//! `--init`: training that starts from the net of another run.

mod common;

use common::Workshop;
use common::tables::plain;
use serde_json::Value;

const NET: &str = "--hidden 12 --window 3 --dropout 0 --patience 0 --threads 1";

/// What a net answers, token by token.
fn answers(shop: &Workshop, run: &str) -> String {
    shop.ok(&format!("predict {run} --data test.conll"))
}

#[test]
fn labels_and_words_grow_and_what_was_known_stays() {
    let shop = Workshop::new();
    shop.ok(&format!(
        "train label --train train.conll {NET} --transitions --cell gru --epochs 12 --out a"
    ));
    let known = answers(&shop, "a");
    assert!(known.contains("B-NAME"), "{known}");
    let city = "to\tO\nRome\tB-CITY\n.\tO\n\nin\tO\nRome\tB-CITY\n.\tO\n\n".repeat(6);
    shop.write("more.conll", shop.text("train.conll") + &city);
    // So slow that nothing moves: the new net is the old one.
    let train = "train label --train more.conll --valid test.conll --init a --threads 1";
    let said = shop.run(&format!("{train} --lr 1e-12 --epochs 1 --out still"));
    assert_eq!(said.code, 0, "{}", said.err);
    for words in ["starting from ", "/a; new are ", " ids and 1 output\n"] {
        assert!(said.err.contains(words), "{}", said.err);
    }
    assert!(
        said.out
            .contains("no epoch was better than the net of --init"),
        "{}",
        said.out
    );
    assert_eq!(answers(&shop, "still"), known);
    let config = shop.text("still/config.toml");
    for line in [
        "hidden = 12\n",
        "window = 3\n",
        "cell = \"gru\"\n",
        "transitions = true\n",
        "init = ",
    ] {
        assert!(config.contains(line), "{line}: {config}");
    }
    // What is new is learnt.
    let train = train.replace("--valid test", "--valid more");
    shop.ok(&format!("{train} --lr 0.01 --epochs 12 --out b"));
    shop.write("rome.conll", "in\nRome\n.\n");
    let found = shop.ok("predict b --data rome.conll");
    assert!(found.contains("B-CITY"), "{found}");
    let labels = |run| -> Value {
        let about = shop.ok(&format!("inspect {run} --json"));
        serde_json::from_str::<Value>(&about).unwrap()["labels"].clone()
    };
    let all = labels("b");
    assert_eq!(
        all.as_array().unwrap()[..3],
        labels("a").as_array().unwrap()[..]
    );
    assert_eq!(all[3], "B-CITY");
}

#[test]
fn a_run_that_began_so_resumes_to_the_same_model() {
    let shop = Workshop::new();
    shop.ok(&format!(
        "train label --train train.conll {NET} --epochs 2 --out a"
    ));
    let train = "train label --train test.conll --init a --schedule constant --threads 1";
    shop.ok(&format!("{train} --epochs 4 --out long"));
    shop.ok(&format!("{train} --epochs 2 --out short"));
    shop.ok("train --resume short --epochs 4");
    assert_eq!(
        shop.read("short/model.safetensors"),
        shop.read("long/model.safetensors")
    );
}

#[test]
fn every_task_goes_on_from_its_own() {
    let shop = Workshop::new();
    shop.write("rows.csv", plain(60));
    shop.write("more.csv", plain(80));
    let story = "the cat sat on the mat and saw the dog\n".repeat(40);
    shop.write("a.txt", &story);
    shop.write("b.txt", story.replace("cat", "fox"));
    let wave: String = (0..300)
        .map(|i| format!("{}\n", f64::from(i).sin()))
        .collect();
    shop.write("a.csv", format!("y\n{wave}"));
    let steps: String = (0..400)
        .map(|i| format!("{},{i},{}\n", i / 8, i % 8))
        .collect();
    shop.write(
        "r.csv",
        format!("seq,t,x\n{steps}")
            .replace("\n", ",0.5\n")
            .replacen(",0.5", ",y", 1),
    );
    let jobs = [
        (
            "classify --train rows.csv",
            "classify --train more.csv",
            "--hidden 8 --window 1 --noise 0",
        ),
        ("text --train a.txt", "text --train b.txt", "--hidden 8"),
        (
            "forecast --train a.csv --target y",
            "forecast --train a.csv --target y",
            "--hidden 8",
        ),
        (
            "echo",
            "echo --delay 4",
            "--hidden 8 --steps-per-epoch 4000",
        ),
    ];
    for (number, (first, second, net)) in jobs.into_iter().enumerate() {
        shop.ok(&format!("train {first} {net} --epochs 1 --out a{number}"));
        shop.ok(&format!(
            "train {second} --init a{number} --epochs 1 --threads 1 --out b{number}"
        ));
        assert!(
            shop.text(&format!("b{number}/config.toml"))
                .contains("hidden = 8\n"),
            "{first}"
        );
    }
}

#[test]
fn a_regression_keeps_its_linear_sum_and_its_scale() {
    let shop = Workshop::new();
    let table = |from: i32| -> String {
        let rows = (0..240).map(|i| {
            let x = f64::from(from + i % 60);
            format!("{},{},{x},{}\n", i / 4, i % 4, x * x)
        });
        "seq,t,x,y\n".to_owned() + &rows.collect::<String>()
    };
    shop.write("a.csv", table(0));
    shop.write("b.csv", table(100));
    shop.ok("train regress --train a.csv --target y --hidden 8 --epochs 2 --threads 1 --out a");
    shop.ok(
        "train regress --train b.csv --target y --init a --lr 1e-12 --epochs 1 --threads 1 --out b",
    );
    let said = |run| shop.ok(&format!("predict {run} --data a.csv"));
    assert_eq!(said("a"), said("b"));
    let words = ["that net learns y", "are to teach x"];
    shop.fails(
        "train regress --train b.csv --target x --inputs y --init a",
        2,
        &words,
    );
}

#[test]
fn what_does_not_fit_is_said() {
    let shop = Workshop::new();
    shop.write("rows.csv", plain(20));
    shop.ok(&format!(
        "train label --train train.conll {NET} --epochs 1 --out a"
    ));
    let label = "train label --train train.conll --init";
    shop.fails(&format!("{label} nothing"), 2, &["there is no such run"]);
    shop.fails(
        &format!("{label} a --hidden 13"),
        2,
        &["--init a: that net is", "leave out what says how large"],
    );
    shop.fails(
        "train classify --train rows.csv --init a",
        2,
        &["the task label, not classify"],
    );
    shop.write(
        "pos.conll",
        "a\tDET\nb\tNOUN\n\na\tDET\nb\tNOUN\n\na\tDET\n",
    );
    shop.fails(
        &label
            .replace("train.conll", "pos.conll")
            .replace("--init", "--init a"),
        2,
        &["mark no spans"],
    );
    shop.ok("train classify --train rows.csv --hidden 8 --epochs 1 --noise 0 --out c");
    let other = shop.text("rows.csv").replacen(",x", ",other", 1);
    shop.write("other.csv", other);
    shop.fails(
        "train classify --train other.csv --init c",
        2,
        &["there is no column"],
    );
}
