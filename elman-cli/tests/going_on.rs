//! Runs that go on: further than they were to, at another rate, past their patience.

mod common;

use common::Workshop;
use common::tables::plain;

const NET: &str = "--hidden 8 --patience 0 --noise 0 --threads 1 --schedule constant";

fn shop() -> Workshop {
    let shop = Workshop::new();
    shop.write("rows.csv", plain(60));
    shop
}

/// A field of every line of a run's metrics.
fn metrics(shop: &Workshop, run: &str, field: &str) -> Vec<serde_json::Value> {
    let lines = shop.text(&format!("{run}/metrics.jsonl"));
    let value =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()[field].clone();
    lines.lines().map(value).collect()
}

#[test]
fn more_epochs_are_those_of_a_longer_run() {
    let shop = shop();
    let train = format!("train classify --train rows.csv {NET}");
    shop.ok(&format!("{train} --epochs 3 --out short"));
    shop.ok(&format!("{train} --epochs 6 --out long"));
    let said = shop.run("train --resume short").err;
    let words = "already complete after 3 epochs; to go on: elman train --resume short --epochs 6";
    assert!(said.contains(words), "{said}");
    let said = shop.run("train --resume short --epochs 6").err;
    assert!(said.contains("config.toml: note: epochs 3 -> 6"), "{said}");
    assert_eq!(
        shop.read("short/model.safetensors"),
        shop.read("long/model.safetensors")
    );
    assert_eq!(metrics(&shop, "short", "epoch"), [1, 2, 3, 4, 5, 6]);
    assert!(shop.text("short/config.toml").contains("epochs = 6\n"));
    // It stays so.
    let said = shop.run("train --resume short").err;
    assert!(said.contains("already complete after 6 epochs"), "{said}");
}

#[test]
fn rates_and_schedules_may_change() {
    let shop = shop();
    shop.ok(&format!(
        "train classify --train rows.csv {NET} --lr 0.01 --epochs 2 --out run"
    ));
    shop.ok("train --resume run --epochs 3 --lr 0.002");
    let said = shop
        .run("train --resume run --epochs 6 --schedule cosine")
        .err;
    let words =
        "schedule constant -> cosine; after 3 of 6 epochs the schedule cosine has 50 % of lr";
    assert!(said.contains(words), "{said}");
    let rates = metrics(&shop, "run", "learning_rate");
    let rates: Vec<f64> = rates.iter().filter_map(serde_json::Value::as_f64).collect();
    assert_eq!(rates[..3], [0.01, 0.01, 0.002]);
    assert!(
        rates[3] < 0.002 && rates.is_sorted_by(|a, b| a >= b),
        "{rates:?}"
    );
}

#[test]
fn a_run_that_lost_its_patience_goes_on_when_it_is_told_to() {
    let shop = shop();
    let said = shop.ok(&format!(
        "train classify --train rows.csv {NET} --patience 1 --epochs 500 --out run"
    ));
    assert!(said.contains("stopped early"), "{said}");
    let done = metrics(&shop, "run", "epoch").len();
    shop.ok("train --resume run");
    assert_eq!(metrics(&shop, "run", "epoch").len(), done);
    shop.ok("train --resume run --patience 3");
    assert!(metrics(&shop, "run", "epoch").len() >= done + 3);
}

#[test]
fn a_quiet_training_says_its_score_and_trouble() {
    let shop = shop();
    let train = format!("train classify --train rows.csv --valid rows.csv {NET}");
    let said = shop.run(&format!("{train} --epochs 3 --quiet --out quiet"));
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert!(
        said.out.starts_with("best accuracy") && said.out.lines().count() == 1,
        "{}",
        said.out
    );
    let said = shop.run("train --resume quiet --epochs 4 --quiet");
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    let wild = shop.run(&format!(
        "{train} --quiet --epochs 4 --lr 30 --clip-norm 0 --out wild"
    ));
    assert!(
        wild.err.contains("trouble") && !wild.err.contains("epoch  "),
        "{}",
        wild.err
    );
    shop.ok(&format!("{train} --epochs 3 --out loud"));
    assert_eq!(
        shop.text("quiet/config.toml")
            .replace("quiet", "loud")
            .replace("epochs = 4", "epochs = 3"),
        shop.text("loud/config.toml")
    );
}

#[test]
fn what_cannot_be_changed_is_said() {
    let shop = shop();
    shop.ok(&format!(
        "train classify --train rows.csv {NET} --epochs 3 --out run"
    ));
    let config = shop.text("run/config.toml");
    let words = ["--epochs 3", "3 epochs are done"];
    shop.fails("train --resume run --epochs 3", 2, &words);
    shop.fails(
        "train --resume run --hidden 9",
        2,
        &["a resumed run has its task and settings"],
    );
    shop.fails("train --epochs 3", 2, &["--resume"]);
    shop.fails("train --resume run --lr 0", 2, &["above 0"]);
    assert_eq!(shop.text("run/config.toml"), config);
}

#[test]
fn runs_are_listed_with_what_they_differ_in() {
    let shop = shop();
    shop.fails("runs", 2, &["runs"]);
    for (name, flags) in [
        ("a", "--hidden 4 --epochs 1"),
        ("b", "--epochs 6 --lr 0.01"),
    ] {
        shop.ok(&format!(
            "train classify --train rows.csv {NET} {flags} --out all/{name}"
        ));
    }
    std::fs::create_dir(shop.path("all/no_run")).unwrap();
    let lines: Vec<serde_json::Value> = shop
        .ok("runs all --json")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let score = |one: &serde_json::Value| one["score"].as_f64().unwrap();
    assert!(lines.len() == 2 && score(&lines[0]) >= score(&lines[1]));
    for one in &lines {
        let names: Vec<&String> = one["settings"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["epochs", "hidden", "lr"], "{one}");
        assert_eq!(
            (&one["task"], &one["score_name"]),
            (&"classify".into(), &"accuracy".into())
        );
    }
    let table = shop.ok("runs all");
    assert!(table.starts_with("run    task      score"), "{table}");
    assert!(table.contains("epochs 6, hidden 8, lr 0.01"), "{table}");
    assert_eq!(shop.ok("runs all/b --json").lines().count(), 1);
    shop.fails("runs all/no_run", 2, &["no runs in this folder"]);
}
