//! `elman demo --write`: every file is taken by the command that it is for.

mod common;

use std::collections::BTreeSet;
use std::fs;

use common::Workshop;

/// Passes over the data, and nets, that take a moment.
const SMALL: &str = "--epochs 1 --hidden 6 --threads 1";

/// Thought out.
const TAGGER: [&str; 3] = ["tagger.safetensors", "words.txt", "hidden.safetensors"];

/// For every file: what learns from it, or reads it after that.
const TAKERS: [(&str, &[&str]); 18] = [
    (
        "train.conll dev.conll",
        &["train label --train train.conll --valid dev.conll --out names"],
    ),
    ("test.conll", &["eval names --data test.conll"]),
    ("new.conll", &["predict names --data new.conll"]),
    (
        "digits.csv digits-dev.csv",
        &["train classify --train digits.csv --valid digits-dev.csv --out digits"],
    ),
    ("digits-test.csv", &["eval digits --data digits-test.csv"]),
    ("digits-new.csv", &["predict digits --data digits-new.csv"]),
    (
        "gestures.csv",
        &["train classify --train gestures.csv --out gestures"],
    ),
    ("rows.csv", &["train label --train rows.csv --out rows"]),
    (
        "names.tsv",
        &["train classify --train names.tsv --tokens chars --out surnames"],
    ),
    (
        "series.csv live.csv",
        &[
            "train forecast --train series.csv --target y --inputs heat --split-column split --out series",
            "eval series --data series.csv --part test",
            "predict series --data live.csv",
        ],
    ),
    (
        "windows.csv",
        &["train regress --train windows.csv --target y --out squares"],
    ),
    (
        "windows-test.csv",
        &["eval squares --data windows-test.csv"],
    ),
    (
        "windows-new.csv",
        &["predict squares --data windows-new.csv"],
    ),
    (
        "engine.csv",
        &[
            "train regress --train engine.csv --target torque,power --inputs rpm,throttle --seq-column run --out engine",
        ],
    ),
    (
        "story.txt story-test.txt lines.txt",
        &[
            "train text --train story.txt --out story",
            "eval story --data story-test.txt",
            "predict story --data lines.txt",
        ],
    ),
    ("names.txt", &["train text --train names.txt --out first"]),
    (
        "tagger.safetensors words.txt",
        &[
            "import tagger.safetensors --task label --labels O,B-PER,I-PER --vocabulary words.txt -o tagger",
        ],
    ),
    (
        "hidden.safetensors",
        &["import hidden.safetensors -o hidden", "inspect hidden"],
    ),
];

#[test]
fn every_sample_is_taken_by_its_command() {
    let shop = Workshop::new();
    shop.ok("demo --write samples");
    let entries = fs::read_dir(shop.path("samples")).expect("a folder");
    let names: BTreeSet<String> = entries
        .map(|entry| {
            entry
                .expect("a file")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .collect();
    let taken: BTreeSet<String> = TAKERS
        .iter()
        .flat_map(|(files, _)| files.split(' ').map(str::to_owned))
        .collect();
    assert_eq!(names, taken);
    for line in TAKERS.iter().flat_map(|(_, lines)| *lines) {
        let small = if line.starts_with("train") { SMALL } else { "" };
        let output = shop
            .command(&format!("{line} {small}"))
            .current_dir(shop.path("samples"))
            .output()
            .expect("the binary starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "elman {line}\n{said}");
        // Notes are for what is strange in a file; a recording has one on how it is cut.
        let notes = said.matches("note:").count();
        assert_eq!(
            notes,
            usize::from(line.contains("rows.csv")),
            "elman {line}\n{said}"
        );
    }
}

#[test]
fn samples_are_the_same_for_a_seed_and_lose_no_file() {
    let shop = Workshop::new();
    let said = shop.ok("demo --write a");
    assert!(
        said.contains("train.conll") && said.ends_with("First: cd a\n"),
        "{said}"
    );
    shop.ok("demo --write b --seed 1");
    shop.ok("demo --write c --seed 2");
    for (files, _) in TAKERS {
        for file in files.split(' ') {
            let [a, b, c] = ["a", "b", "c"].map(|folder| shop.read(&format!("{folder}/{file}")));
            assert!(a == b, "{file}");
            let needs_no_chance = file.starts_with("windows") || TAGGER.contains(&file);
            assert_eq!(a == c, needs_no_chance, "{file}");
        }
    }
    fs::create_dir(shop.path("mine")).expect("a folder");
    shop.write("mine/train.conll", "kept");
    shop.fails(
        "demo --write mine",
        2,
        &["mine is not empty", "name a new folder"],
    );
    assert_eq!(shop.text("mine/train.conll"), "kept");
    shop.fails("demo names --write d", 2, &["--write"]);
    shop.fails("demo --write mine/train.conll", 1, &["mine/train.conll"]);
}

#[test]
fn the_tagger_from_elsewhere_finds_who_has_a_title() {
    let shop = Workshop::new();
    shop.ok("demo --write samples");
    let files = "--vocabulary samples/words.txt -o tagger";
    shop.ok(&format!(
        "import samples/tagger.safetensors --task label --labels O,B-PER,I-PER {files}"
    ));
    let labelled = shop.piped(
        "predict tagger --data -",
        "Yesterday\nMrs.\nLovelace\nwrote\n.\n",
    );
    assert_eq!(
        labelled.out,
        "Yesterday\tO\nMrs.\tO\nLovelace\tB-PER\nwrote\tO\n.\tO\n\n"
    );
}
