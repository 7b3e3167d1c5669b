//! Which run: comparing two, what a run shows of itself, and why it answers what it does.

mod common;

use common::tables::{SMALL, gestures, wave};
use common::{TINY, Workshop, parse, predicted};
use serde_json::Value;

#[test]
fn runs_are_compared_on_the_same_sentences() {
    let shop = Workshop::new();
    shop.train("a", "--epochs 1");
    shop.train("b", "--epochs 8 --hidden 16");
    let plain = shop.ok("compare a b");
    for part in [
        "--hidden",
        "12",
        "16",
        "parameters",
        "MACs per step",
        "f1",
        "--data FILE",
    ] {
        assert!(plain.contains(part), "{part}\n{plain}");
    }
    assert!(!plain.contains("--lr"), "the same in both\n{plain}");
    let table = shop.ok("compare a b --data test.conll");
    assert!(
        table.contains("B is better: its F1 is") && table.contains("p < 0.001"),
        "{table}"
    );
    let json = parse(&shop.ok("compare a b --data test.conll --json"));
    assert_eq!(
        (&json["test"]["test"], &json["test"]["better"]),
        (&"paired-bootstrap".into(), &"B".into())
    );
    assert_eq!(json["test"]["examples"], 30);
    assert_eq!(json["a"]["settings"]["epochs"], "1");
    for (side, run) in [("a", "a"), ("b", "b")] {
        assert_eq!(
            json[side]["data_score"]["value"],
            shop.scores(run, "test.conll")["f1"]
        );
    }
    assert_eq!(json["same_validation"], true);
    let same = parse(&shop.ok("compare a a --data test.conll --json"));
    assert_eq!(
        (&same["test"]["p"], &same["test"]["better"]),
        (&1.0.into(), &Value::Null)
    );
    shop.fails("compare a nowhere", 2, &["nowhere", "no such run"]);
    shop.fails("compare a b --part test", 2, &["--data"]);
}

#[test]
fn classes_forecasts_and_texts_are_compared() {
    let shop = Workshop::new();
    shop.write("train.csv", gestures(60, 1));
    shop.write("test.csv", gestures(80, 2));
    shop.ok(&format!(
        "train classify --train train.csv --out c1 {SMALL} --epochs 1"
    ));
    shop.ok(&format!(
        "train classify --train train.csv --out c2 {SMALL} --epochs 12 --seed 2"
    ));
    let json = parse(&shop.ok("compare c1 c2 --data test.csv --json"));
    let test = &json["test"];
    assert_eq!(
        (&test["test"], &test["examples"]),
        (&"mcnemar".into(), &80.into())
    );
    let right = |side: &str| json[side]["data_score"]["value"].as_f64().unwrap() * 80.0;
    let gain = test["only_b_right"].as_f64().unwrap() - test["only_a_right"].as_f64().unwrap();
    assert!((right("b") - right("a") - gain).abs() < 1e-9, "{json}");
    // Without data of its own the seed chooses what is held out.
    assert_eq!(json["same_validation"], false);

    shop.write("wave.csv", wave(260));
    let forecast = "train forecast --train wave.csv --target y --split-column split";
    shop.ok(&format!("{forecast} --out f1 {SMALL} --epochs 1"));
    shop.ok(&format!(
        "{forecast} --out f2 {SMALL} --epochs 40 --hidden 12"
    ));
    let json = parse(&shop.ok("compare f1 f2 --data wave.csv --part test --json"));
    assert_eq!(
        (&json["test"]["test"], &json["test"]["better"]),
        (&"diebold-mariano".into(), &"B".into())
    );
    assert_eq!(
        (&json["test"]["examples"], &json["same_validation"]),
        (&52.into(), &true.into())
    );
    shop.ok(&format!(
        "{forecast} --horizon 2 --out f3 {SMALL} --epochs 1"
    ));
    shop.fails(
        "compare f1 f3 --data wave.csv",
        2,
        &["forecast 2 steps ahead", "not the same question"],
    );
    shop.fails(
        "compare f1 c1 --data wave.csv",
        2,
        &["forecast", "classify"],
    );

    shop.write(
        "t.txt",
        "the cat sat on the mat and\nthe dog sat on the log with a frog\n".repeat(12),
    );
    shop.ok(&format!(
        "train text --train t.txt --out t1 {SMALL} --epochs 1"
    ));
    shop.ok(&format!(
        "train text --train t.txt --out t2 {SMALL} --epochs 20 --seed 2"
    ));
    let table = shop.ok("compare t1 t2 --data t.txt");
    assert!(table.contains("B is better: a line costs it"), "{table}");
    shop.train("l", "--epochs 1");
    assert!(shop.ok("compare l c1").contains("classify"));
}

#[test]
fn a_run_shows_what_it_is_kept_for() {
    let shop = Workshop::new();
    shop.train("run", "--lr 0.02");
    let table = shop.ok("inspect run");
    let last = shop.text("run/metrics.jsonl");
    let best = last
        .lines()
        .rev()
        .map(parse)
        .find(|epoch| epoch["best"] == true)
        .unwrap();
    let score = format!(
        "score          f1 {:.4} on the validation data, after epoch {} of 4\n",
        best["score"].as_f64().unwrap(),
        best["epoch"]
    );
    assert!(table.starts_with(&score), "{score}{table}");
    let settings = table
        .split("settings of the run\n")
        .nth(1)
        .expect("settings");
    let has = |name: &str, value: &str| {
        let mut lines = settings
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        lines.any(|line| line == [name, value])
    };
    assert!(
        has("lr", "0.02") && has("hidden", "12") && has("task", "label"),
        "{settings}"
    );
    let json = parse(&shop.ok("inspect run --json"));
    assert_eq!(
        (&json["run"]["score"], &json["run"]["best_epoch"]),
        (&best["score"], &best["epoch"])
    );
    assert_eq!(json["run"]["settings"]["lr"], "0.02");
    // A net alone has nothing to tell.
    std::fs::create_dir(shop.path("alone")).unwrap();
    std::fs::copy(
        shop.path("run/model.safetensors"),
        shop.path("alone/model.safetensors"),
    )
    .unwrap();
    assert!(shop.ok("inspect alone").starts_with("input "));
    assert_eq!(parse(&shop.ok("inspect alone --json"))["run"], Value::Null);
}

#[test]
fn answers_say_what_spoke_for_them() {
    let shop = Workshop::new();
    shop.train("tags", "--epochs 12");
    shop.write(
        "new.conll",
        "Mr.\nAho\nCray\nsees\nrain\n.\n\nlamps\nhas\nMaps\n.\n",
    );
    let lines = predicted(&shop, "tags", "new.conll --why");
    assert_eq!(lines.len(), 2);
    let plain = predicted(&shop, "tags", "new.conll");
    for (why, plain) in lines.iter().zip(&plain) {
        assert_eq!(
            (&why["tokens"], &why["labels"]),
            (&plain["tokens"], &plain["labels"])
        );
        let rows = why["why"].as_array().unwrap();
        assert_eq!(rows.len(), plain["tokens"].as_array().unwrap().len());
        assert!(
            rows.iter()
                .all(|row| row.as_array().unwrap().len() == rows.len())
        );
    }
    assert_eq!(lines[0]["labels"][1], "B-NAME");
    // A name is known by itself and its neighbours: what comes four words later says next to nothing.
    let weights = lines[0]["why"][1].as_array().unwrap();
    let size = |at: usize| weights[at].as_f64().unwrap().abs();
    assert!(
        size(0) + size(1) + size(2) > 5.0 * (size(4) + size(5)),
        "{weights:?}"
    );
    let text = shop.ok("predict tags --data new.conll --why");
    assert!(
        text.contains("Aho\tB-NAME rather than ") && text.lines().count() == 12,
        "{text}"
    );

    // Only x tells the classes apart.
    shop.write("train.csv", gestures(80, 1));
    shop.write("new.csv", "seq,t,x,z\n7,0,-2,0.1\n7,1,0,0\n7,2,2.5,-0.1\n");
    shop.ok(&format!(
        "train classify --train train.csv --out moves {SMALL} --epochs 15"
    ));
    let found = predicted(&shop, "moves", "new.csv --why").remove(0);
    assert_eq!(
        (&found["class"], &found["rather_than"], &found["columns"][0]),
        (&"up".into(), &"down".into(), &"x".into())
    );
    let why = found["why"].as_array().unwrap();
    let x = |step: usize| why[step][0].as_f64().unwrap();
    assert_eq!((why.len(), x(1).abs() < x(2).abs()), (3, true), "{found}");
    let text = shop.ok("predict moves --data new.csv --why");
    assert!(
        text.starts_with("7\tup rather than down\t") && text.contains("x at 2 +"),
        "{text}"
    );

    shop.write(
        "names.tsv",
        "abab\tx\nbaba\tx\naaqa\ty\nbqbb\ty\n".repeat(12),
    );
    shop.ok(&format!(
        "train classify --train names.tsv {SMALL} --epochs 30 --out names"
    ));
    shop.write("new.txt", "abqb\n");
    let found = predicted(&shop, "names", "new.txt --format pairs --why").remove(0);
    let why: Vec<f64> = found["why"]
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect();
    assert_eq!(found["class"], "y", "{found}");
    let strongest = (0..4).max_by(|&a, &b| why[a].total_cmp(&why[b]));
    assert_eq!(
        (strongest, &found["tokens"][2]),
        (Some(2), &"q".into()),
        "{found}"
    );

    shop.write("wave.csv", wave(260));
    shop.ok(&format!("train forecast --train wave.csv --target y --split-column split {SMALL} --epochs 5 --out waves"));
    let found = predicted(&shop, "waves", "wave.csv --why").remove(0);
    let last = predicted(&shop, "waves", "wave.csv").pop().unwrap();
    let value = |name: &str| found[name].as_f64().unwrap();
    assert!(
        (value("forecast") - last["forecast"].as_f64().unwrap()).abs() < 1e-6,
        "{found} {last}"
    );
    let linear = &found["linear"];
    let terms = linear["terms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|term| term["weight"].as_f64().unwrap());
    let sum = linear["base"].as_f64().unwrap()
        + linear["intercept"].as_f64().unwrap()
        + terms.sum::<f64>();
    assert!((sum - linear["sum"].as_f64().unwrap()).abs() < 1e-9);
    assert_eq!(found["net"]["why"].as_array().unwrap().len(), 260);
    let text = shop.ok("predict waves --data wave.csv --why");
    assert!(
        text.starts_with("after t = 259: y 1 ahead is ") && text.contains("autoregression"),
        "{text}"
    );

    // Rows of numbers have a line each.
    shop.write("rows.csv", gestures(30, 1));
    shop.ok(&format!(
        "train label --train rows.csv {SMALL} --epochs 2 --out rows"
    ));
    let found = predicted(&shop, "rows", "new.csv --why");
    assert_eq!(
        (found.len(), found[2]["why"].as_array().unwrap().len()),
        (3, 3)
    );
    assert_eq!(
        shop.ok("predict rows --data new.csv --why").lines().count(),
        4
    );

    shop.fails(
        "predict tags tags --data new.conll --why",
        2,
        &["--why", "one run"],
    );
    shop.fails(
        "predict waves --data wave.csv --why --steps 2",
        2,
        &["--steps"],
    );
    for other in ["--top-k 2", "--min-confidence 0.5", "--text"] {
        let line = format!("predict tags --data new.conll --why {other}");
        shop.fails(&line, 2, &["--why", &other[..6]]);
    }
    shop.write("t.txt", "the cat sat on the mat\n".repeat(40));
    shop.ok(&format!(
        "train text --train t.txt {SMALL} --epochs 1 --out texts"
    ));
    shop.fails("predict texts --data t.txt --why", 2, &["--why is for"]);
}

#[test]
fn the_page_says_when_how_and_where_it_is_wrong() {
    let shop = Workshop::new();
    shop.ok(&format!(
        "train label --train train.conll --valid test.conll --out run {TINY} --epochs 1 --threads 1"
    ));
    let calls: Vec<Value> = shop.text("run/calls.jsonl").lines().map(parse).collect();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["version"], env!("CARGO_PKG_VERSION"));
    let command = calls[0]["command"].as_str().unwrap();
    assert!(
        command.ends_with("--epochs 1 --threads 1")
            && command.contains("train label --train train.conll"),
        "{command}"
    );
    let page = shop.text("run/report.html");
    let started = calls[0]["started"].as_str().unwrap();
    for part in [
        started,
        "Started at",
        "train label --train train.conll",
        "Worst mistakes",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // The worst are named with their lines.
    let test = shop.text("test.conll");
    let lines: Vec<&str> = test.lines().collect();
    let table = page
        .split("Worst mistakes")
        .nth(1)
        .unwrap()
        .split("</table>")
        .next()
        .unwrap();
    let rows: Vec<Vec<&str>> = (table.split("<tr>").skip(2))
        .map(|row| {
            row.split("<td")
                .skip(1)
                .map(|cell| cell.split('>').nth(1).unwrap().split('<').next().unwrap())
                .collect()
        })
        .collect();
    assert!(!rows.is_empty());
    for row in &rows {
        let line: usize = row[0].parse().unwrap();
        assert_eq!(
            lines[line - 1],
            format!("{}\t{}", row[1], row[2]),
            "{row:?}"
        );
        assert_ne!(row[2], row[3]);
    }
    shop.ok("train --resume run --epochs 2");
    assert_eq!(shop.text("run/calls.jsonl").lines().count(), 2);
    assert!(
        shop.text("run/report.html")
            .contains("train --resume run --epochs 2")
    );

    shop.write("train.csv", gestures(60, 1));
    shop.write("valid.csv", gestures(40, 3));
    shop.ok(&format!("train classify --train train.csv --valid valid.csv {SMALL} --epochs 1 --lr 0.0001 --out moves"));
    let page = shop.text("moves/report.html");
    assert!(page.contains("Worst mistakes") && page.contains("valid.csv"));
    shop.write("wave.csv", wave(260));
    shop.ok(&format!("train forecast --train wave.csv --target y --split-column split {SMALL} --epochs 1 --out waves"));
    let page = shop.text("waves/report.html");
    let table = page
        .split("Worst mistakes")
        .nth(1)
        .unwrap()
        .split("</table>")
        .next()
        .unwrap();
    let step = table
        .split("<td")
        .nth(1)
        .unwrap()
        .split('>')
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    // Lines of a text by what they cost: the one that is like no other.
    shop.write("names.txt", "anna\nhanna\nnana\nanan\n".repeat(10));
    shop.write("others.txt", "anna\n\nqqxzq\nnana\n");
    shop.ok(&format!(
        "train text --train names.txt --valid others.txt {SMALL} --epochs 3 --out names"
    ));
    let names = shop.text("names/report.html");
    let table = names.split("Worst mistakes").nth(1).unwrap();
    let first = table.split("<td").nth(1).unwrap();
    assert!(
        first.contains(">3<") && table.contains("others.txt"),
        "{first}"
    );
    // The part dev.
    assert!(
        (156..208).contains(&step.parse::<usize>().unwrap()),
        "{step}"
    );
}

#[test]
fn tensorboard_gets_the_settings() {
    let shop = Workshop::new();
    shop.train("run", "--lr 0.02");
    let entries = std::fs::read_dir(shop.path("run"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files = entries.filter(|path| path.display().to_string().contains("tfevents"));
    let bytes = std::fs::read(files.next().unwrap()).unwrap();
    let place = |tag: &str| {
        bytes
            .windows(tag.len())
            .position(|part| part == tag.as_bytes())
    };
    let order = [
        "_hparams_/experiment",
        "_hparams_/session_start_info",
        "loss/train",
        "_hparams_/session_end_info",
    ]
    .map(|tag| place(tag).unwrap_or_else(|| panic!("{tag}")));
    // The experiment names the loss before it is measured.
    assert!(
        order[0] < order[2] && order[2] < order[1] && order[1] < order[3],
        "{order:?}"
    );
    assert!(place("score/f1").is_some() && place("init-weights").is_some());
}
