//! The main road: train, look, measure, use.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use common::{TINY, Workshop, real_data};

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_model_is_trained_measured_and_used() {
    let shop = Workshop::new();
    let out = shop.ok(&format!(
        "train label --train train.conll --valid test.conll --out run {TINY} --epochs 12"
    ));
    assert!(out.contains("run/model.safetensors"), "{out}");
    for file in [
        "model.safetensors",
        "checkpoint.safetensors",
        "config.toml",
        "metrics.jsonl",
    ] {
        assert!(shop.path("run").join(file).is_file(), "{file}");
    }
    let epochs: Vec<_> = shop.text("run/metrics.jsonl").lines().map(json).collect();
    assert!(epochs.len() >= 8 && epochs[0]["epoch"] == 1 && epochs[0]["score_name"] == "f1");

    let scores = json(&shop.ok("eval run --data test.conll --json"));
    assert_eq!(scores["items"], 160);
    for name in ["loss", "accuracy", "precision", "recall", "f1"] {
        assert!(scores[name].is_f64(), "{name}: {scores}");
    }
    assert!(scores["f1"].as_f64() > Some(0.8), "{scores}");
    let best = epochs
        .iter()
        .filter_map(|epoch| epoch["score"].as_f64())
        .fold(0.0, f64::max);
    assert_eq!(scores["f1"].as_f64(), Some(best), "the best epoch is kept");
    assert!(shop.ok("eval run --data test.conll").contains("NAME"));

    let labelled = shop.ok("predict run --data test.conll");
    shop.write("labelled.conll", &labelled);
    assert_eq!(
        labelled.lines().count(),
        shop.text("test.conll").lines().count()
    );
    let own = json(&shop.ok("eval run --data labelled.conll --json"));
    assert_eq!(own["f1"], 1.0, "predictions agree with themselves");

    let first = shop
        .ok("predict run --data test.conll --json")
        .lines()
        .next()
        .map(json)
        .expect("a line");
    assert_eq!(
        first["tokens"].as_array().map(Vec::len),
        first["labels"].as_array().map(Vec::len)
    );
    assert!(first["spans"].is_array());
}

#[test]
fn labels_do_not_depend_on_how_sentences_are_batched_or_read() {
    let shop = Workshop::new();
    shop.train("run", "");
    let whole = shop.ok("predict run --data test.conll");
    let tokens: String = shop
        .text("test.conll")
        .lines()
        .map(|line| line.split('\t').next().unwrap_or_default().to_owned() + "\r\n")
        .collect();
    let mut child = shop
        .command("predict run --data -")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(tokens.as_bytes())
        .expect("written");
    let output = child.wait_with_output().expect("an end");
    assert_eq!(String::from_utf8_lossy(&output.stdout), whole);
}

#[test]
fn a_pipe_is_answered_sentence_by_sentence() {
    let shop = Workshop::new();
    shop.train("run", "");
    let mut command = shop.command("predict run --data -");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut input = child.stdin.take().expect("a pipe");
    let mut answers = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    for _ in 0..3 {
        // The pipe stays open: the answer must come before the end of the input.
        input.write_all(b"Mr.\nBell\nsees\n\n").expect("written");
        let answer: Vec<String> = answers
            .by_ref()
            .take(4)
            .map(|line| line.expect("a line"))
            .collect();
        assert!(
            answer[0].starts_with("Mr.\t") && answer[3].is_empty(),
            "{answer:?}"
        );
    }
    // Nobody listens any more: that is no error.
    drop(answers);
    for _ in 0..2000 {
        if input.write_all(b"Mr.\nBell\nsees\n\n").is_err() {
            break;
        }
    }
    drop(input);
    assert_eq!(child.wait().expect("an end").code(), Some(0));
}

#[test]
fn a_net_is_inspected_and_its_gradients_are_checked() {
    let shop = Workshop::new();
    shop.train("run", "--layers 2 --train-initial-state --window 3");
    let report = json(&shop.ok("inspect run --json"));
    let parameters: u64 = report["tensors"]
        .as_array()
        .expect("tensors")
        .iter()
        .filter_map(|t| t["parameters"].as_u64())
        .sum();
    assert_eq!(report["parameters"], parameters);
    assert_eq!(
        report["labels"],
        serde_json::json!(["B-NAME", "I-NAME", "O"])
    );
    let names: Vec<_> = report["channels"]
        .as_array()
        .expect("channels")
        .iter()
        .map(|channel| channel["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["word", "shape", "suffix 3", "suffix 2", "prefix 3"]);
    for name in ["flash_bytes", "ram_bytes", "macs_per_step"] {
        assert!(report[name].as_u64() > Some(100), "{name}: {report}");
    }
    let table = shop.ok("inspect run");
    assert!(
        table.contains("rnn.weight_hh_l1_reverse") && table.contains("h0_l0"),
        "{table}"
    );
    assert!(
        table.contains("labels         B-NAME, I-NAME, O")
            && table.contains(" ids of 8 numbers), shape ("),
        "{table}"
    );

    // On one chip, one way.
    let on = |flags: &str| json(&shop.ok(&format!("inspect run --json {flags}")))["chip"].clone();
    let (float, int8) = (on("--chip m0"), on("--chip m0 --route int8"));
    let estimates = &report["instructions_per_step"];
    assert_eq!(float["instructions_per_step"], estimates["m0_f32"]);
    assert_eq!(int8["instructions_per_step"], estimates["m0_int8"]);
    assert_eq!(float["int8_instructions_per_step"], estimates["m0_int8"]);
    assert_eq!(float["flash_bytes"], report["flash_bytes"]);
    assert_eq!(int8["flash_bytes"], report["int8"]["flash_bytes"]);
    assert_eq!(
        on("--chip m4f")["int8_instructions_per_step"],
        serde_json::Value::Null
    );
    let words = shop.ok("inspect run --chip m0");
    assert!(
        words.contains("no FPU") && words.contains("stack about"),
        "{words}"
    );
    shop.fails(
        "inspect run --chip avr --route rust",
        2,
        &["avr", "--route c"],
    );
    shop.fails("inspect run --route c", 2, &["--chip"]);
    let avr = shop.ok("inspect run --chip avr");
    assert!(
        avr.contains("cycles") && avr.contains("--route c-int8"),
        "{avr}"
    );
    let (c, c_int8) = (on("--chip avr --route c"), on("--chip avr --route c-int8"));
    assert_eq!(
        c["int8_instructions_per_step"],
        c_int8["instructions_per_step"]
    );
    assert!(c_int8["ram_bytes"].as_u64() < c["ram_bytes"].as_u64());

    let checked = json(&shop.ok("gradcheck run --data test.conll --json"));
    let verdicts = checked["tensors"].as_array().expect("verdicts");
    assert_eq!(checked["passed"], true);
    assert!(
        verdicts
            .iter()
            .any(|verdict| verdict["tensor"] == checked["worst"])
    );
    assert_eq!(
        verdicts.len(),
        report["tensors"].as_array().map_or(0, Vec::len)
    );
    assert!(
        verdicts
            .iter()
            .all(|verdict| verdict["worst_relative_error"].as_f64() < Some(1e-3))
    );
    let table = shop.ok("gradcheck run --data test.conll --sequences 1 --entries 2");
    assert!(
        table.contains("head.weight") && table.contains("\npassed: every tensor"),
        "{table}"
    );
}

#[test]
fn every_kind_of_net_and_optimizer_trains() {
    let shop = Workshop::new();
    let kinds = [
        "--optimizer sgd --lr 0.1 --schedule constant",
        "--optimizer momentum --activation relu --schedule step",
        "--optimizer adagrad --layers 2 --bidirectional false --k1 2 --k2 3",
        "--optimizer rmsprop --activation identity --schedule plateau --patience 0",
        "--optimizer adamw --window 1 --train-initial-state true --clip-norm 0",
        "--cell gru --bidirectional false --k1 3",
        "--cell lstm --layers 2 --train-initial-state --recurrent-dropout 0.2",
    ];
    for (i, kind) in kinds.iter().enumerate() {
        shop.train(&format!("run{i}"), kind);
        assert!(
            shop.text(&format!("run{i}/metrics.jsonl")).lines().count() >= 4,
            "{kind}"
        );
    }
}

#[test]
fn labels_that_are_no_spans_are_scored_by_accuracy() {
    let shop = Workshop::new();
    shop.write(
        "tags.conll",
        shop.text("train.conll")
            .replace("B-NAME", "NAME")
            .replace("I-NAME", "NAME"),
    );
    shop.ok(&format!("train label --train tags.conll --out run {TINY}"));
    let scores = json(&shop.ok("eval run --data tags.conll --json"));
    assert!(
        scores["accuracy"].as_f64() > Some(0.8) && scores.get("f1").is_none(),
        "{scores}"
    );
}

#[test]
fn the_demo_tells_its_story() {
    let shop = Workshop::new();
    let out = shop.ok("demo --out demo");
    for part in [
        "new names",
        "F1",
        "[",
        "elman eval demo --data demo/test.conll",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let scores = json(&shop.ok("eval demo --data demo/test.conll --json"));
    assert!(scores["f1"].as_f64() > Some(0.8), "{scores}");
}

#[test]
fn real_names_are_learnt() {
    let Some(data) = real_data("ner_wikigold") else {
        return;
    };
    let shop = Workshop::new();
    let (train, test) = (data.join("train.conll"), data.join("test.conll"));
    let line = format!(
        "train label --train {} --out run --epochs 3 --hidden 48 --embedding 32 --lr 0.005",
        train.display()
    );
    shop.ok(&line);
    let scores = json(&shop.ok(&format!("eval run --data {} --json", test.display())));
    assert!(scores["f1"].as_f64() > Some(0.25), "{scores}");
}
