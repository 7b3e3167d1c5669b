//! Labels that win as a whole sequence, and how sure labels and classes are.

mod common;

use std::path::Path;

use common::Workshop;
use common::tables::{CLASSIFY, plain};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(json).collect()
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

/// What a model file says beside its tensors.
fn meaning(shop: &Workshop, run: &str) -> Value {
    let content = shop.read(&format!("{run}/model.safetensors"));
    let (_, header) = safetensors::SafeTensors::read_metadata(&content).expect("a model");
    let metadata = header.metadata().as_ref().expect("metadata");
    json(&metadata["elman"])["meaning"].clone()
}

#[test]
fn transitions_are_learnt_kept_and_used() {
    let shop = Workshop::new();
    for threads in [1, 3] {
        shop.train(
            &format!("run{threads}"),
            &format!("--transitions --epochs 12 --batch 32 --threads {threads}"),
        );
    }
    shop.train("plain", "--epochs 12 --batch 32");
    let model = |run: &str| shop.read(&format!("{run}/model.safetensors"));
    assert!(model("run1") == model("run3"));
    // Labels are B-NAME, I-NAME, O; an I-NAME follows no O and begins nothing.
    let follow = shop.tensor("run1", "crf.transitions");
    assert_eq!((follow.len(), follow[2 * 3 + 1]), (9, 0.0));
    assert!(
        follow[1] > follow[0],
        "a first name likes a second one: {follow:?}"
    );
    let start = shop.tensor("run1", "crf.start_transitions");
    assert!(start[1] == 0.0 && start.iter().any(|&score| score != 0.0));
    assert_eq!(shop.tensor("run1", "crf.end_transitions").len(), 3);
    assert!(shop.text("run1/config.toml").contains("transitions = true"));
    assert!(!shop.text("plain/config.toml").contains("transitions"));
    let scores = shop.scores("run1", "test.conll");
    assert!(number(&scores["f1"]) > 0.9, "{scores}");
    shop.fails("gradcheck run1 --data test.conll", 2, &["--transitions"]);
    shop.ok("export run1 --format c -o net.c");
    let c = shop.text("net.c");
    assert!(
        c.contains("start_transitions") && c.contains("-10000"),
        "{c}"
    );
    for format in ["image", "onnx"] {
        let ran = shop.run(&format!("export run1 --format {format} -o net.{format}"));
        assert!(ran.code == 0 && ran.err.contains("left out"), "{}", ran.err);
    }
    assert!(
        shop.ok("inspect run1")
            .contains("transitions    15 learnt scores")
    );
    assert!(json(&shop.ok("inspect plain --json"))["transitions"].is_null());
    shop.ok("import run1/model.safetensors --like run1 -o again");
    assert!(
        model("run1") == model("again"),
        "they come and go with the net"
    );
    let ran = shop.feed(
        "predict run1 --data -",
        &["Mr.\nAho\nBell\nsees\n\n", "rain\n"],
    );
    assert_eq!(
        ran.out,
        "Mr.\tO\nAho\tB-NAME\nBell\tI-NAME\nsees\tO\n\nrain\tO\n\n"
    );
}

#[test]
fn transitions_want_whole_sequences() {
    let shop = Workshop::new();
    let train = "train label --train train.conll --out none --transitions";
    let windows = format!("{train} --k1 3 --bidirectional false");
    shop.fails(&windows, 2, &["--transitions", "--k1"]);
    shop.fails(&format!("{train} --smoothing 0.1"), 2, &["--smoothing"]);
    let many: String = (0..1001).map(|i| format!("w\tl{i}\nw\tl{i}\n\n")).collect();
    shop.write("many.conll", many);
    shop.fails(
        "train label --train many.conll --transitions --out none",
        2,
        &["1001 times 1001"],
    );
}

#[test]
fn labels_and_spans_say_how_probable_they_are() {
    let shop = Workshop::new();
    for (run, flags) in [("crf", "--transitions"), ("plain", "")] {
        shop.learn("label", "train.conll", &format!("--out {run} {flags}"));
        let answers = lines(&shop.ok(&format!("predict {run} --data test.conll --json --top-k 3")));
        let mut spans = 0;
        for answer in &answers {
            let tokens = answer["tokens"].as_array().expect("tokens").len();
            let top = answer["top"].as_array().expect("a list for every token");
            assert_eq!(top.len(), tokens);
            for (token, likely) in top.iter().enumerate() {
                let likely = likely.as_array().expect("labels");
                let sum: f64 = likely.iter().map(|one| number(&one["probability"])).sum();
                assert!((sum - 1.0).abs() < 1e-6, "all three labels: {answer}");
                let place = likely
                    .iter()
                    .find(|one| one["label"] == answer["labels"][token]);
                let sure = &place.expect("the label itself")["probability"];
                assert_eq!(sure, &answer["probabilities"][token]);
            }
            for span in answer["spans"].as_array().expect("spans") {
                spans += 1;
                let first = span["start"].as_u64().expect("a token") as usize;
                let sure = number(&span["confidence"]);
                assert!(sure > 0.0 && sure <= number(&answer["probabilities"][first]) + 1e-6);
            }
        }
        assert!(spans > 10, "{run}: {spans} spans");
        let text = shop.ok(&format!("predict {run} --data test.conll --top-k 2"));
        let first: Vec<&str> = text.lines().next().expect("a line").split('\t').collect();
        assert_eq!((first.len(), first[1]), (6, first[2]), "{first:?}");
        assert!(number(&json(first[3])) >= number(&json(first[5])));
    }
}

#[test]
fn what_is_not_sure_enough_is_unsure() {
    let shop = Workshop::new();
    shop.learn("label", "train.conll", "--out run --epochs 3");
    let labels = |more: &str| shop.ok(&format!("predict run --data test.conll {more}"));
    assert_eq!(labels(""), labels("--min-confidence 0"));
    let never = labels("--min-confidence 1");
    assert!(
        never.contains("\tunsure\n") && !never.contains("NAME"),
        "{never}"
    );
    assert!(never.contains("\tO\n"), "what is no span stays so");
    let found = lines(&labels("--json"));
    let doubted = lines(&labels("--json --min-confidence 1"));
    for (found, doubted) in found.iter().zip(&doubted) {
        let [found, doubted] = [found, doubted].map(|one| one["spans"].as_array().expect("spans"));
        for (found, doubted) in found.iter().zip(doubted) {
            assert_eq!(found["type"], doubted["likeliest"]);
            assert_eq!(
                (&doubted["type"], &found["text"]),
                (&json("\"unsure\""), &doubted["text"])
            );
        }
    }
    let text: String = (0..40)
        .map(|i| ["walking\tnow\n", "walked\tthen\n"][i % 2])
        .collect();
    shop.write("words.tsv", text);
    shop.learn(
        "classify",
        "words.tsv",
        "--tokens chars --out words --epochs 2",
    );
    let classes = |more: &str| shop.ok(&format!("predict words --data words.tsv {more}"));
    assert!(classes("--min-confidence 1").starts_with("walking\tunsure\n"));
    let top = classes("--top-k 5");
    let first: Vec<&str> = top.lines().next().expect("a line").split('\t').collect();
    assert_eq!(first.len(), 6, "two classes are all there are: {first:?}");
    assert!((number(&json(first[3])) + number(&json(first[5])) - 1.0).abs() < 1e-5);
    let answer = json(classes("--top-k 1 --json").lines().next().expect("a line"));
    assert_eq!(answer["top"][0]["class"], answer["class"]);
    assert_eq!(answer["top"][0]["probability"], answer["probability"]);
    shop.ok("train text --train words.tsv --epochs 1 --hidden 4 --out text");
    shop.fails("predict text --data words.tsv --top-k 2", 2, &["--top-k"]);
    shop.fails(
        "predict run --data test.conll --min-confidence 2",
        2,
        &["0 to 1"],
    );
}

/// Sentences whose names are names only three times in four: nobody can be surer than that.
fn doubtful(sentences: usize) -> String {
    let sentence = |i: usize| {
        let label = if (i * 7).is_multiple_of(4) {
            "O"
        } else {
            "B-NAME"
        };
        let name = ["Aho", "Bell", "Cray"][i / 4 % 3];
        format!("the\tO\n{name}\t{label}\nis\tO\n\n")
    };
    (0..sentences).map(sentence).collect()
}

#[test]
fn a_temperature_makes_nets_as_sure_as_they_may_be() {
    let shop = Workshop::new();
    shop.write("doubt.conll", doubtful(240));
    shop.write("fresh.conll", doubtful(400));
    let flags = "--valid fresh.conll --dropout 0 --seed 3";
    shop.learn("label", "doubt.conll", &format!("--out run {flags}"));
    let temperature = number(&meaning(&shop, "run")["temperature"]);
    assert!((0.1..=10.0).contains(&temperature) && temperature != 1.0);
    let scores = shop.scores("run", "fresh.conll");
    assert!(number(&scores["span_ece"]) < 0.05, "{scores}");
    assert!(number(&scores["ece"]) < 0.03, "{scores}");
    let rows = scores["reliability"].as_array().expect("a table");
    let count: u64 = rows.iter().filter_map(|row| row["count"].as_u64()).sum();
    assert_eq!(
        count,
        scores["types"]["NAME"]["found"].as_u64().expect("spans")
    );
    let table = shop.ok("eval run --data fresh.conll");
    assert!(table.contains("expected calibration error"), "{table}");
    let page = shop.text("run/report.html");
    assert!(page.contains("Confidence of spans") && page.contains("at temperature"));
    // One batch is learnt by heart, and says nothing about others.
    shop.learn("label", "doubt.conll", "--overfit-batch 4 --out heart");
    assert!(meaning(&shop, "heart")["temperature"].is_null());
}

#[test]
fn models_from_before_there_were_temperatures_open() {
    let shop = Workshop::new();
    let old =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/firmware/c/vowels/model.safetensors");
    std::fs::create_dir(shop.path("old")).expect("a folder");
    std::fs::copy(old, shop.path("old/model.safetensors")).expect("a copy");
    assert!(meaning(&shop, "old")["temperature"].is_null());
    shop.ok("inspect old");
}

#[test]
fn classes_are_as_sure_as_they_may_be() {
    let shop = Workshop::new();
    let text = |count: usize| -> String {
        let class = |i: usize| {
            if (i * 7).is_multiple_of(4) {
                "then"
            } else {
                "now"
            }
        };
        (0..count)
            .map(|i| format!("{}\t{}\n", ["walking", "resting"][i / 4 % 2], class(i)))
            .collect()
    };
    shop.write("train.tsv", text(160));
    shop.write("fresh.tsv", text(240));
    shop.learn(
        "classify",
        "train.tsv",
        "--valid fresh.tsv --tokens chars --out run",
    );
    assert!(number(&meaning(&shop, "run")["temperature"]) > 0.0);
    let scores = shop.scores("run", "fresh.tsv");
    assert!(number(&scores["ece"]) < 0.05, "{scores}");
    assert!(
        (number(&scores["accuracy"]) - 0.75).abs() < 1e-9,
        "{scores}"
    );
    let answer = json(
        shop.ok("predict run --data fresh.tsv --json")
            .lines()
            .next()
            .expect("a line"),
    );
    assert!(
        (number(&answer["probability"]) - 0.75).abs() < 0.06,
        "{answer}"
    );
    assert!(
        shop.text("run/report.html")
            .contains("Confidence of sequences")
    );
}

#[test]
fn few_sequences_that_are_all_learnt_from_say_nothing_of_others() {
    let shop = Workshop::new();
    shop.write("few.csv", plain(30));
    shop.write("others.csv", plain(20));
    let train = format!("train classify --train few.csv {CLASSIFY}");
    let ran = shop.run(&format!("{train} --out few"));
    assert!(ran.err.contains("all are learnt from"), "{}", ran.err);
    assert!(meaning(&shop, "few")["temperature"].is_null());
    shop.ok(&format!("{train} --valid others.csv --out run"));
    assert!(number(&meaning(&shop, "run")["temperature"]) > 0.0);
}

#[test]
fn nets_with_transitions_answer_together() {
    let shop = Workshop::new();
    for (run, flags) in [
        ("one", "--transitions"),
        ("two", "--transitions --seed 2"),
        ("plain", "--seed 3"),
    ] {
        let line = format!("--out {run} --epochs 4 {flags}");
        shop.learn("label", "train.conll", &line);
    }
    let found = |runs: &str| {
        lines(&shop.ok(&format!(
            "predict {runs} --data test.conll --json --top-k 3"
        )))
    };
    // Who says the same twice has said it once: also of a span, which is as sure as all of its transitions.
    let close = |a: &Value, b: &Value| (number(a) - number(b)).abs() < 1e-4;
    for (alone, twice) in found("one").iter().zip(&found("one one")) {
        assert_eq!(alone["labels"], twice["labels"]);
        let list = |answer: &Value, name: &str| answer[name].as_array().expect("a list").clone();
        let sure = list(alone, "probabilities");
        let pairs = sure
            .iter()
            .zip(&list(twice, "probabilities"))
            .all(|(a, b)| close(a, b));
        assert!(pairs, "{alone} {twice}");
        for (a, b) in list(alone, "spans").iter().zip(&list(twice, "spans")) {
            assert!(close(&a["confidence"], &b["confidence"]), "{a} {b}");
        }
    }
    for runs in ["one two", "one plain", "plain one two"] {
        let scores = shop.scores(runs, "test.conll");
        let together = found(runs);
        // However one asks, the labels are the same.
        let text = shop.ok(&format!("predict {runs} --data test.conll"));
        let mut labels = together
            .iter()
            .flat_map(|one| one["labels"].as_array().expect("labels"));
        let mut right = 0;
        let real = shop.text("test.conll");
        for (line, real) in text
            .lines()
            .zip(real.lines())
            .filter(|(line, _)| !line.is_empty())
        {
            let label = line.split('\t').nth(1);
            assert_eq!(label, labels.next().and_then(Value::as_str));
            right += usize::from(real.split('\t').nth(1) == label);
        }
        let share = right as f64 / number(&scores["items"]);
        assert!((number(&scores["accuracy"]) - share).abs() < 1e-9, "{runs}");
        assert!(number(&scores["f1"]) > 0.3, "{runs}: {scores}");
        assert!(number(&scores["ece"]) < 0.5 && number(&scores["loss"]) > 0.0);
    }
}

#[test]
fn transitions_have_reasons_and_mistakes() {
    let shop = Workshop::new();
    shop.write("doubt.conll", doubtful(80));
    shop.write("fresh.conll", doubtful(80));
    let flags = "--valid fresh.conll --transitions --epochs 6 --dropout 0";
    shop.learn("label", "doubt.conll", &format!("--out run {flags}"));
    let why = lines(&shop.ok("predict run --data fresh.conll --json --why"));
    let top = lines(&shop.ok("predict run --data fresh.conll --json --top-k 2"));
    assert_eq!(why.len(), top.len());
    for (why, top) in why.iter().zip(&top) {
        assert_eq!(why["labels"], top["labels"]);
        // The next best is what --top-k says it is.
        for (step, likely) in top["top"].as_array().expect("a list").iter().enumerate() {
            let label = &top["labels"][step];
            let other = &likely[usize::from(likely[0]["label"] == *label)]["label"];
            assert_eq!(&why["rather_than"][step], other);
        }
    }
    let page = shop.text("run/report.html");
    assert!(page.contains("mistakes") && page.contains("Confidence of spans"));
}
