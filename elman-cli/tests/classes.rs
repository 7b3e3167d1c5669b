//! Classes for sequences: of numbers, characters and words; labels for rows of numbers.

mod common;

use std::io::Write;
use std::process::Stdio;

use common::{Workshop, real_data};

/// A net that trains in a moment.
const TINY: &str = "--hidden 12 --embedding 8 --epochs 12 --batch 8 --lr 0.01 --dropout 0.1";

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Waves that rise or fall, of different lengths, on a scale far from zero; `each` labels rows by their sign.
fn waves(count: usize, salt: usize, each: bool) -> String {
    let mut text = "seq,t,speaker,a,b,label\n".to_owned();
    for i in 0..count {
        let n = i + salt * 100;
        let rises = n.is_multiple_of(2);
        for t in 0..4 + n % 5 {
            let slope = if rises { 30.0 } else { -30.0 };
            let a = 5000.0 + slope * t as f64 + (n * 7 % 11) as f64;
            let b = (n * 3 + t * 5) % 7;
            let label = match (each, rises) {
                (true, _) if b > 3 => "high",
                (true, _) => "low",
                (false, true) => "up",
                (false, false) => "down",
            };
            text += &format!("{i},{t},{},{a},{b},{label}\n", n % 3);
        }
    }
    text
}

/// Words that end in -ing or in -ed.
fn words(count: usize, salt: usize) -> String {
    let stems = ["walk", "jump", "paint", "laugh", "rest", "cook"];
    let text = |i: usize| {
        let stem = stems[(i + salt) % stems.len()];
        match (i + salt / 2) % 2 {
            0 => format!("{stem}ing\tpresent\n"),
            _ => format!("{stem}ed\tpast\n"),
        }
    };
    (0..count).map(text).collect()
}

fn shop() -> Workshop {
    let shop = Workshop::new();
    shop.write("waves.csv", waves(60, 1, false));
    shop.write("test.csv", waves(24, 2, false));
    shop.write("rows.csv", waves(60, 1, true));
    shop.write("words.tsv", words(60, 1));
    shop.write("test.tsv", words(12, 3));
    shop
}

#[test]
fn numbers_are_classified() {
    let shop = shop();
    shop.ok(&format!(
        "train classify --train waves.csv --out run {TINY}"
    ));
    let scores = json(&shop.ok("eval run --data test.csv --json"));
    assert!(scores["accuracy"].as_f64() > Some(0.9), "{scores}");
    assert!(scores["macro_f1"].as_f64() > Some(0.9), "{scores}");
    assert_eq!(scores["classes"], serde_json::json!(["down", "up"]));
    assert_eq!(scores["items"], 24);
    let confusion = scores["confusion"].as_array().expect("a matrix");
    let counts = confusion
        .iter()
        .flat_map(|row| row.as_array().expect("a row"));
    assert_eq!(
        counts.filter_map(serde_json::Value::as_u64).sum::<u64>(),
        24
    );
    assert!(shop.ok("eval run --data test.csv").contains("confusion"));

    let answers = shop.ok("predict run --data test.csv");
    assert!(
        answers.starts_with("seq,class,probability\n0,"),
        "{answers}"
    );
    assert_eq!(answers.lines().count(), 25);
    let first = shop.ok("predict run --data test.csv --json");
    let first = json(first.lines().next().expect("a line"));
    assert!(
        first["seq"] == "0" && first["probability"].as_f64() > Some(0.5),
        "{first}"
    );

    // Without labels, down a pipe: the same answers.
    let unlabelled: String = shop
        .text("test.csv")
        .lines()
        .map(|line| line.rsplit_once(',').expect("a label").0.to_owned() + "\n")
        .collect();
    let mut child = shop
        .command("predict run --data -")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(unlabelled.as_bytes()).expect("written");
    drop(input);
    let output = child.wait_with_output().expect("an end");
    assert_eq!(String::from_utf8_lossy(&output.stdout), answers);

    let report = json(&shop.ok("inspect run --json"));
    assert_eq!(report["labels"], serde_json::json!(["down", "up"]));
    let checked = json(&shop.ok("gradcheck run --data test.csv --json"));
    assert_eq!(checked["passed"], true, "{checked}");
}

#[test]
fn texts_are_classified_by_characters_and_words() {
    let shop = shop();
    for unit in ["chars", "words"] {
        let out = format!("run-{unit}");
        shop.ok(&format!(
            "train classify --train words.tsv --tokens {unit} --class-weights balanced --out {out} {TINY}"
        ));
        let scores = json(&shop.ok(&format!("eval {out} --data test.tsv --json")));
        assert!(scores["accuracy"].as_f64() > Some(0.9), "{unit}: {scores}");
        let answers = shop.ok(&format!("predict {out} --data test.tsv"));
        shop.write("answers.tsv", &answers);
        let own = json(&shop.ok(&format!("eval {out} --data answers.tsv --json")));
        assert_eq!(own["accuracy"], 1.0, "predictions agree with themselves");
        shop.ok(&format!("gradcheck {out} --data test.tsv --entries 4"));
    }
    assert!(
        shop.text("run-chars/config.toml")
            .contains("tokens = \"chars\"")
    );
}

#[test]
fn sentences_have_their_classes_in_a_file_of_their_own() {
    let shop = shop();
    let sentences = shop.text("train.conll");
    let classes: String = sentences
        .split("\n\n")
        .filter(|sentence| !sentence.trim().is_empty())
        .map(|sentence| {
            if sentence.contains("B-NAME") {
                "person\n"
            } else {
                "thing\n"
            }
        })
        .collect();
    shop.write("classes.txt", &classes);
    let line = "train classify --train train.conll --classes classes.txt";
    shop.ok(&format!("{line} --out run {TINY}"));
    let scores = json(&shop.ok("eval run --data train.conll --classes classes.txt --json"));
    assert!(scores["accuracy"].as_f64() > Some(0.95), "{scores}");
    let answers = shop.ok("predict run --data train.conll");
    assert_eq!(answers.lines().count(), classes.lines().count());
    shop.fails("eval run --data train.conll", 2, &["--classes FILE"]);
    shop.write("few.txt", "person\n");
    shop.fails(
        "eval run --data train.conll --classes few.txt",
        2,
        &["few.txt", "too few", "line "],
    );
    shop.write("many.txt", classes.clone() + "thing\n");
    shop.fails(
        "eval run --data train.conll --classes many.txt",
        2,
        &["many.txt:91", "more classes"],
    );
    shop.fails(
        "train classify --train train.conll --out none",
        2,
        &["train.conll", "--classes FILE"],
    );
}

#[test]
fn rows_of_numbers_are_labelled() {
    let shop = shop();
    shop.ok(&format!(
        "train label --train rows.csv --out run {TINY} --epochs 25"
    ));
    let scores = json(&shop.ok("eval run --data rows.csv --json"));
    assert!(scores["accuracy"].as_f64() > Some(0.9), "{scores}");
    let answers = shop.ok("predict run --data rows.csv");
    assert!(
        answers.starts_with("seq,t,label,probability\n0,0,"),
        "{answers}"
    );
    assert_eq!(
        answers.lines().count(),
        shop.text("rows.csv").lines().count()
    );
    shop.ok("gradcheck run --data rows.csv --entries 4");
    shop.fails(
        "train classify --train rows.csv --out none",
        2,
        &["rows.csv:", "elman train label"],
    );
}

#[test]
fn defaults_depend_on_the_data_and_the_configuration_repeats_the_run() {
    let shop = shop();
    shop.ok("train classify --train waves.csv --out numbers --epochs 1");
    shop.ok("train classify --train words.tsv --out characters --epochs 1");
    let noise = |run: &str| {
        let config = shop.text(&format!("{run}/config.toml"));
        let line = config.lines().find(|line| line.starts_with("noise = "));
        line.map(str::to_owned)
    };
    assert_ne!(noise("numbers"), noise("characters"));
    shop.ok("train classify --config characters/config.toml --out again");
    let model = |run: &str| shop.read(&format!("{run}/model.safetensors"));
    assert_eq!(model("characters"), model("again"));
}

#[test]
fn a_single_batch_is_learnt_by_heart() {
    let shop = shop();
    shop.ok(&format!(
        "train classify --train words.tsv --tokens chars --overfit-batch 6 --out run {TINY} --dropout 0"
    ));
    let metrics = shop.text("run/metrics.jsonl");
    let last = json(metrics.lines().last().expect("an epoch"));
    assert!(last["train_loss"].as_f64() < Some(0.01), "{last}");
    assert_eq!(last["score"], 1.0);
}

#[test]
fn time_may_be_limited() {
    let shop = shop();
    let out = shop.ok(&format!(
        "train classify --train waves.csv --out run {TINY} --epochs 1000000 --patience 0 --time-limit 1s"
    ));
    assert!(
        out.contains("the time was up") && out.contains("--resume run"),
        "{out}"
    );
    shop.ok("eval run --data test.csv");
    shop.fails(
        "train classify --train waves.csv --time-limit soon",
        2,
        &["--time-limit", "90s"],
    );
}

#[test]
fn mistakes_are_named() {
    let shop = shop();
    let fails = |line: &str, words: &[&str]| {
        shop.fails(
            &format!("train classify {line} --out none {TINY}"),
            2,
            words,
        );
        assert!(!shop.path("none").exists());
    };
    fails("", &["--train FILE"]);
    fails("--train nowhere.csv", &["nowhere.csv", "no such file"]);
    shop.write("one.csv", "seq,t,x,label\n0,0,1.5,a\n1,0,2.5,a\n");
    fails("--train one.csv", &["one.csv", "two classes"]);
    shop.write("bad.csv", "seq,t,x,label\n0,0,1.5,a\n1,0,oops,b\n");
    fails("--train bad.csv", &["bad.csv:3", "x", "oops"]);
    shop.write("plain.txt", "hello there\nhow are you\n");
    fails("--train plain.txt", &["plain.txt", "TAB"]);
    shop.write("gap.tsv", "one\ta\ntwo\n");
    fails("--train gap.tsv --tokens chars", &["gap.tsv:2", "TAB"]);
    fails(
        "--train waves.csv --k1 3 --bidirectional false",
        &["--k1", "last step"],
    );
    fails(
        "--train words.tsv --tokens chars --classes c.txt",
        &["--tokens", "--classes"],
    );
    shop.write("other.csv", "seq,t,a,b,label\n0,0,1,1,sideways\n");
    fails(
        "--train waves.csv --valid other.csv",
        &["other.csv:2", "sideways", "up"],
    );
    shop.write("narrow.csv", "seq,t,a,label\n0,0,1,up\n");
    fails(
        "--train waves.csv --valid narrow.csv",
        &["narrow.csv", "no column b"],
    );
    for content in ["", "\n", "seq,t,x,label\n", "\u{0}\u{1}"] {
        shop.write("odd", content);
        fails("--train odd", &["odd"]);
    }
}

#[test]
fn real_digits_and_voices_are_learnt() {
    let Some(data) = real_data("cls_japanese_vowels") else {
        return;
    };
    let shop = Workshop::new();
    let (train, test) = (data.join("train.csv"), data.join("test.csv"));
    shop.ok(&format!(
        "train classify --train {} --epochs 25 --out run",
        train.display()
    ));
    let scores = json(&shop.ok(&format!("eval run --data {} --json", test.display())));
    assert!(scores["accuracy"].as_f64() > Some(0.93), "{scores}");
}
