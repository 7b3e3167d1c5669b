//! What can be looked at while a net is trained and afterwards: metrics, event files, the report page, the doctor.

mod common;

use std::path::PathBuf;

use common::{TINY, Workshop};

fn epochs(shop: &Workshop, run: &str) -> Vec<serde_json::Value> {
    let text = shop.text(&format!("{run}/metrics.jsonl"));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

fn event_files(shop: &Workshop, run: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(shop.path(run)).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let is_events = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("events.out.tfevents."))
    };
    paths.filter(is_events).collect()
}

#[test]
fn a_run_leaves_a_page_and_events_behind() {
    let shop = Workshop::new();
    shop.train("run", "");
    let page = shop.text("run/report.html");
    for part in [
        "<!DOCTYPE html>",
        "Gradient by time lag",
        "all spans",
        "NAME",
        "train-initial-state",
        "ended",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.ends_with("</html>"));
    let files = event_files(&shop, "run");
    assert_eq!(files.len(), 1);
    let bytes = std::fs::read(&files[0]).expect("events");
    for tag in [
        "loss/train",
        "loss/valid",
        "score/f1",
        "weights/head.weight",
        "gradient_by_lag/01",
    ] {
        let is_there = bytes.windows(tag.len()).any(|part| part == tag.as_bytes());
        assert!(is_there, "{tag}");
    }
}

#[test]
fn the_page_is_made_anew_from_the_files_of_a_run() {
    let shop = Workshop::new();
    shop.train("run", "");
    let page = shop.read("run/report.html");
    std::fs::remove_file(shop.path("run/report.html")).expect("removed");
    assert_eq!(shop.ok("report run").trim(), "run/report.html");
    assert_eq!(shop.read("run/report.html"), page);
    let config = shop.text("run/config.toml");
    assert!(config.contains("\nepochs = 4\n"), "{config}");
    shop.write(
        "run/config.toml",
        config.replace("\nepochs = 4\n", "\nepochs = 9\n"),
    );
    shop.ok("report run");
    let page = shop.text("run/report.html");
    let waits = "4 of 9 epochs are done; to go on: elman train --resume ";
    assert!(page.contains(", stopped") && page.contains(waits));
    // An epoch that is no better, where patience allows for none: that is the end.
    let metrics = shop.text("run/metrics.jsonl");
    let last = metrics.lines().last().expect("an epoch");
    let idle = last.replace("\"best\":true", "\"best\":false");
    shop.write("run/metrics.jsonl", format!("{metrics}{idle}\n"));
    let line = config.lines().find(|line| line.starts_with("patience = "));
    let config = shop.text("run/config.toml");
    let impatient = config.replace(line.expect("a patience"), "patience = 1");
    shop.write("run/config.toml", impatient);
    shop.ok("report run");
    assert!(shop.text("run/report.html").contains(", ended"));
    shop.fails("report nowhere", 2, &["nowhere", "there is no such run"]);
}

#[test]
fn looking_on_changes_nothing() {
    let shop = Workshop::new();
    shop.train("plain", "");
    shop.train("watched", "--watch");
    assert_eq!(
        shop.read("plain/model.safetensors"),
        shop.read("watched/model.safetensors")
    );
    let looked = |run: &str| {
        let epochs = epochs(&shop, run);
        epochs
            .iter()
            .filter(|epoch| epoch["doctor"].is_object())
            .count()
    };
    // Epochs 1, 2 and 4 of four.
    assert_eq!((looked("plain"), looked("watched")), (3, 4));
    let doctor = epochs(&shop, "watched").remove(0)["doctor"].take();
    let lags = doctor["gradient_by_lag"].as_array().expect("lags");
    assert!(
        lags.len() >= 3 && lags.iter().all(|norm| norm.as_f64() > Some(0.0)),
        "{doctor}"
    );
    assert_eq!(doctor["layers"].as_array().map(Vec::len), Some(2));
    assert!(
        doctor["layers"][0]["spectral_radius"].as_f64() > Some(0.1),
        "{doctor}"
    );
    assert!(
        doctor["tensors"]
            .as_array()
            .expect("tensors")
            .iter()
            .any(|tensor| tensor["update_ratio"].as_f64() > Some(1e-4)),
        "{doctor}"
    );
}

#[test]
fn the_doctor_speaks_when_watched_or_on_trouble() {
    let shop = Workshop::new();
    let line = format!("train label --train train.conll {TINY}");
    let watched = shop.run(&format!("{line} --out watched --watch"));
    assert_eq!(
        watched.err.matches("  doctor  gradient by lag 0:").count(),
        4,
        "{}",
        watched.err
    );
    let clipped = shop.run(&format!(
        "{line} --out clipped --clip-norm 0.001 --optimizer sgd"
    ));
    assert_eq!(clipped.code, 0);
    // Once, not after every epoch.
    assert_eq!(
        clipped
            .err
            .matches("  trouble  clipping: 100 % of the updates")
            .count(),
        1,
        "{}",
        clipped.err
    );
    let wild = shop.run(&format!(
        "{line} --out wild --optimizer sgd --lr 100000 --clip-norm 0 --activation relu"
    ));
    assert_eq!(wild.code, 1, "{}", wild.err);
    for part in [
        "elman: epoch 1, batch ",
        "a NaN or infinity in layer 0, at step ",
        "; try a smaller --lr",
    ] {
        assert!(wild.err.contains(part), "{part}: {}", wild.err);
    }
}

#[test]
fn without_a_terminal_there_are_only_lines() {
    let shop = Workshop::new();
    let ran = shop.run(&format!("train label --train train.conll --out run {TINY}"));
    assert!(
        !ran.err.contains('\u{1b}') && !ran.err.contains('\r') && !ran.err.contains('▁'),
        "{:?}",
        ran.err
    );
    assert_eq!(
        ran.err
            .lines()
            .filter(|line| line.starts_with("epoch "))
            .count(),
        4
    );
}

#[test]
fn a_run_that_fails_has_its_page_too() {
    let shop = Workshop::new();
    let wild = "--optimizer sgd --lr 100000 --clip-norm 0 --activation relu";
    let line = format!("train label --train train.conll {TINY} --out wild {wild}");
    let ran = shop.run(&line);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let page = shop.text("wild/report.html");
    for part in [
        ", stopped",
        "a NaN or infinity in layer 0",
        "train-initial-state",
        "</html>",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

/// What the doctor called trouble, by name.
fn troubles(shop: &Workshop, run: &str) -> Vec<String> {
    let epochs = epochs(shop, run);
    let findings = epochs
        .iter()
        .filter_map(|epoch| epoch["doctor"]["findings"].as_array());
    let troubles = findings
        .flatten()
        .filter(|finding| finding["severity"] == "trouble");
    troubles
        .map(|finding| finding["about"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn the_doctor_names_what_spoils_a_run_and_is_silent_where_it_goes_well() {
    let shop = Workshop::new();
    let rows = |value: fn(usize, usize) -> f64| {
        let cells = (0..80).flat_map(|s| (0..4).map(move |t| (s, t)));
        let rows = cells.map(|(s, t)| format!("{s},{t},{},{}\n", value(s, t), ["a", "b"][s % 2]));
        format!("seq,t,x,label\n{}", rows.collect::<String>())
    };
    shop.write(
        "told.csv",
        rows(|s, t| ((s * 7 + t) % 5) as f64 + 9.0 * (s % 2) as f64),
    );
    shop.write("still.csv", rows(|_, _| 3.5));
    let train = |data: &str, flags: &str, out: &str| {
        shop.run(&format!(
            "train classify --train {data} --hidden 8 --epochs 8 --patience 0 --threads 1 --out {out} {flags}"
        ))
    };
    for (flags, out) in [
        ("", "well"),
        ("--cell gru", "gru"),
        ("--activation tanh --bidirectional false", "tanh"),
    ] {
        assert_eq!(train("told.csv", flags, out).code, 0);
        assert_eq!(troubles(&shop, out), [""; 0], "{out}");
    }
    assert_eq!(train("still.csv", "", "still").code, 0);
    assert_eq!(troubles(&shop, "still")[0], "constant inputs");
    let ran = train("told.csv", "--lr 20 --clip-norm 0", "thrown");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(troubles(&shop, "thrown")[0], "learning rate");
    assert!(ran.err.contains("trouble  learning rate: "), "{}", ran.err);
    // What cannot go well is said before it begins.
    let echo = |flags: &str| {
        let flags = format!("train echo --epochs 1 --steps-per-epoch 3000 {flags}");
        shop.run(&flags).err
    };
    let warning = "--k2 2 sends losses back over 2 steps";
    assert!(echo("--k1 2 --k2 2 --out short").contains(warning));
    assert!(!echo("--out long").contains("warning"));
}
