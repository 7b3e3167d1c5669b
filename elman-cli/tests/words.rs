//! What is particular to nets that read words: weights of labels, ready vectors, running text.

mod common;

use std::io::Write as _;

use common::{TINY, Workshop};
use serde_json::Value;

/// One word in ten is rare, and it cannot be told from a frequent one.
fn lopsided(words: usize) -> String {
    let word = |i: usize| {
        let label = if i.is_multiple_of(10) {
            "rare"
        } else {
            "usual"
        };
        format!("thing\t{label}\n\n")
    };
    (0..words).map(word).collect()
}

#[test]
fn rare_labels_may_count_as_much_as_frequent_ones() {
    let shop = Workshop::new();
    shop.write("train.conll", lopsided(200));
    let train = format!(
        "train label --train train.conll --valid train.conll {TINY} --dropout 0 --epochs 20"
    );
    shop.ok(&format!("{train} --out plain"));
    shop.ok(&format!("{train} --out even --class-weights balanced"));
    let loss = |run: &str| {
        let text = shop.text(&format!("{run}/metrics.jsonl"));
        let last: Value =
            serde_json::from_str(text.lines().last().expect("an epoch")).expect("JSON");
        last["train_loss"].as_f64().expect("a number")
    };
    // The best guess where all count the same is one in ten, where labels do it is one in two.
    let (plain, even) = (loss("plain"), loss("even"));
    assert!(
        plain < 0.4 && (even - 2f64.ln()).abs() < 0.05,
        "{plain} and {even}"
    );
    assert!(
        shop.text("even/config.toml")
            .contains("class-weights = \"balanced\"")
    );
    shop.fails(
        &format!("{train} --out none --class-weights balanced --transitions"),
        2,
        &["--transitions", "--class-weights"],
    );
}

/// The row of a word in the first table of a run.
fn row(shop: &Workshop, run: &str, word: &str, width: usize) -> Vec<f32> {
    let content = shop.read(&format!("{run}/model.safetensors"));
    let (_, header) = safetensors::SafeTensors::read_metadata(&content).expect("a model");
    let metadata = header.metadata().as_ref().expect("metadata");
    let about: Value = serde_json::from_str(&metadata["elman"]).expect("JSON");
    let entries = about["meaning"]["reading"]["tokens"][0]["entries"]
        .as_array()
        .expect("words");
    let place = entries
        .iter()
        .position(|entry| entry == word)
        .expect("the word")
        + 1;
    shop.tensor(run, "embedding.0.weight")[place * width..(place + 1) * width].to_vec()
}

#[test]
fn ready_vectors_are_where_training_starts() {
    let shop = Workshop::new();
    let vectors = "2 3\nsees 0.5 -1 2\nwants 3 2 1\nnobody 0 0 0\n";
    shop.write("v.vec", vectors);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(vectors.as_bytes()).expect("it is packed");
    shop.write("v.vec.gz", packed.finish().expect("it is packed"));
    let train =
        "train label --train train.conll --hidden 8 --epochs 3 --batch 16 --lr 0.01 --threads 1";
    let ran = shop.run(&format!(
        "{train} --vectors v.vec.gz --freeze-vectors --out frozen"
    ));
    assert!(
        ran.code == 0 && ran.err.contains("vectors of 2 of the"),
        "{}",
        ran.err
    );
    shop.ok(&format!("{train} --vectors v.vec --out tuned"));
    shop.ok(&format!(
        "{train} --vectors v.vec --freeze-vectors --optimizer adamw --out decayed"
    ));
    for run in ["frozen", "decayed"] {
        assert_eq!(row(&shop, run, "sees", 3), [0.5, -1.0, 2.0], "{run}");
        assert_eq!(row(&shop, run, "wants", 3), [3.0, 2.0, 1.0], "{run}");
    }
    let tuned = row(&shop, "tuned", "sees", 3);
    let near = tuned
        .iter()
        .zip([0.5, -1.0, 2.0])
        .all(|(x, y)| (x - y).abs() < 0.3);
    assert!(near && tuned != [0.5, -1.0, 2.0], "{tuned:?}");
    assert_ne!(
        row(&shop, "frozen", "has", 3),
        row(&shop, "tuned", "has", 3)
    );
    // A run that goes on finds the same rows frozen.
    shop.ok("train --resume frozen --epochs 5");
    assert_eq!(row(&shop, "frozen", "sees", 3), [0.5, -1.0, 2.0]);
    let narrow = format!("{train} --vectors v.vec --embedding 7 --out none");
    shop.fails(&narrow, 2, &["v.vec", "3 numbers", "--embedding is 7"]);
    shop.write("bad.txt", "sees 1 2\nwants 1\n");
    shop.fails(
        &format!("{train} --vectors bad.txt --out none"),
        2,
        &["bad.txt:2:"],
    );
    shop.fails(
        &format!("{train} --freeze-vectors --out none"),
        2,
        &["--vectors"],
    );
    shop.write("rows.csv", common::tables::plain(20));
    shop.fails(
        "train label --train rows.csv --vectors v.vec --out none",
        2,
        &["--vectors is for words"],
    );
}

#[test]
fn classes_of_words_start_from_ready_vectors_as_well() {
    let shop = Workshop::new();
    let texts: String = (0..20)
        .map(|i| ["red light\tstop\n", "green light\tgo\n"][i % 2])
        .collect();
    shop.write("texts.tsv", texts);
    shop.write("v.txt", "red 1 0\ngreen 0 1\n");
    let train = "train classify --train texts.tsv --epochs 2 --threads 1 --vectors v.txt";
    shop.ok(&format!(
        "{train} --tokens words --freeze-vectors --out run"
    ));
    assert_eq!(row(&shop, "run", "green", 2), [0.0, 1.0]);
    shop.fails(
        &format!("{train} --tokens chars --out none"),
        2,
        &["--vectors is for words"],
    );
}

#[test]
fn running_text_is_labelled_where_it_stands() {
    let shop = Workshop::new();
    shop.learn("label", "train.conll", "--out run --epochs 20");
    let text = "Mäps has rain. Mr. Aho Bell sees Boats.\n";
    let ran = shop.piped("predict run --data - --text", text);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let rows: Vec<Vec<&str>> = ran
        .out
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    let found: Vec<&Vec<&str>> = rows.iter().filter(|row| row.len() == 4).collect();
    assert_eq!(found[4], &["Mr.", "15", "18", "O"]);
    assert_eq!(found[5], &["Aho", "19", "22", "B-NAME"]);
    assert_eq!(found[6], &["Bell", "23", "27", "I-NAME"]);
    assert_eq!(
        ran.out.matches("\n\n").count(),
        2,
        "two sentences: {}",
        ran.out
    );
    let ran = shop.piped("predict run --data - --text --json", text);
    let first: Value = serde_json::from_str(ran.out.lines().nth(1).expect("a line")).expect("JSON");
    let span = &first["spans"][0];
    assert_eq!(
        (&span["start"], &span["end"]),
        (&Value::from(19), &Value::from(27))
    );
    assert_eq!(
        (&span["text"], &span["type"]),
        (&Value::from("Aho Bell"), &Value::from("NAME"))
    );
    assert_eq!(first["tokens"][1]["label"], "B-NAME");
    assert_eq!(first["text"], "Mr. Aho Bell sees Boats.");
    shop.write("rows.csv", common::tables::plain(20));
    shop.learn("label", "rows.csv", "--out rows");
    shop.fails(
        "predict rows --data rows.csv --text",
        2,
        &["--text is for nets that label words"],
    );
    shop.fails(
        "predict run --data train.conll --text --columns 1,2",
        2,
        &["--columns"],
    );
}
