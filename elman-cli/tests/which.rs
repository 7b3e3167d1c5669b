//! Which run: comparing two, what a run shows of itself, folds and seeds, runs that answer together, and why.

mod common;

use common::{TINY, Workshop};
use serde_json::Value;

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Sequences of two classes that lie a little apart: the first column rises or falls.
fn gestures(sequences: usize, salt: usize) -> String {
    let mut text = "seq,t,x,z,label\n".to_owned();
    for i in 0..sequences {
        let (label, slope) = if i % 2 == 0 {
            ("up", 1.0)
        } else {
            ("down", -1.0)
        };
        for t in 0..6 {
            let wave = ((i * 31 + salt * 17 + t * 7) % 13) as f64 / 4.0 - 1.5;
            let x = slope * t as f64 / 3.0 + wave;
            text += &format!("{i},{t},{x:.3},{:.3},{label}\n", -wave / 2.0);
        }
    }
    text
}

/// A wave with a rhythm that a line does not foresee.
fn wave(steps: usize) -> String {
    let mut text = "t,y,split\n".to_owned();
    let mut x = 0.3f64;
    for t in 0..steps {
        x = 3.7 * x * (1.0 - x);
        let part = if t * 10 < steps * 6 {
            "train"
        } else if t * 10 < steps * 8 {
            "dev"
        } else {
            "test"
        };
        text += &format!("{t},{x:.6},{part}\n");
    }
    text
}

/// Nets for numbers that train in a moment.
const SMALL: &str = "--hidden 6 --batch 8 --lr 0.02 --patience 0 --threads 1";

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
