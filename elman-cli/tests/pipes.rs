//! Data that come through pipes: nothing is lost, and what a model knows of their form is not found anew.
#![cfg(unix)]

mod common;

use common::tables::{CLASSIFY, plain};
use common::{QUICK, Workshop};

/// Sentences whose first column counts the tokens.
fn counted() -> String {
    let sentence = |i: usize| match i % 4 {
        0 => "1\tStop\tO\n\n".to_owned(),
        _ => format!(
            "# id {i}\n1\tIda\tB-PER\n1.1\tit\t_\n2\truns{}\tO\n\n",
            i % 3
        ),
    };
    (0..60).map(sentence).collect()
}

#[test]
fn a_slow_pipe_is_learnt_from_as_a_file_is() {
    let shop = Workshop::new();
    let texts: String = (0..40)
        .map(|i| {
            format!(
                "{i},\"mail, {}\",{}\n",
                ["go", "stay"][i % 2],
                ["a", "b"][i % 2]
            )
        })
        .collect();
    let texts = format!("id,text,label\n{texts}");
    for (task, file, format, text) in [
        ("label", "counted.conll", "conll", counted()),
        ("classify", "mails.csv", "pairs", texts),
    ] {
        shop.write(file, &text);
        let train = format!("train {task} --format {format} {QUICK}");
        let said = shop.run(&format!("{train} --train {file} --out {task}"));
        assert_eq!(said.code, 0, "{}", said.err);
        let (first, others) = text.split_at(text.find('\n').unwrap() + 1);
        let piped = format!("{train} --train - --out {task}-piped");
        let ran = shop.feed(&piped, &[first, others]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(
            shop.read(&format!("{task}/model.safetensors")),
            shop.read(&format!("{task}-piped/model.safetensors")),
            "{task}"
        );
    }
}

#[test]
fn sentences_of_one_token_are_counted_as_in_training() {
    let shop = Workshop::new();
    shop.write("counted.conll", counted());
    shop.ok(&format!(
        "train label --train counted.conll --out run {QUICK}"
    ));
    let expected = "Stop\tO\n\nruns1\tO\n\n";
    let sentences = ["1\tStop\tO\n\n", "1\truns1\tO\n1.1\tit\t_\n"];
    let ran = shop.feed("predict run --data -", &sentences);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), (expected, ""));
    shop.write("one.conll", sentences.concat());
    let scores = shop.ok("eval run --data one.conll --json");
    assert!(scores.contains("\"items\":2}"), "{scores}");
    // From a blank line nothing is told, and a token that is not counted is not swallowed.
    let late = shop.feed("predict run --data -", &["\n", "Stop\tO\nruns1\tO\n"]);
    assert_eq!(late.out, "Stop\tO\nruns1\tO\n\n", "{}", late.err);
    let mixed = shop.feed("predict run --data -", &["# id 1\n", "Stop\tO\n"]);
    assert!(mixed.err.contains("\"Stop\" is no number"), "{}", mixed.err);
    // Tokens alone are tokens, and a file may lie otherwise.
    let alone = shop.feed("predict run --data -", &["Stop\nruns1\n"]);
    assert_eq!(alone.out, "Stop\tO\nruns1\tO\n\n");
    let plain = shop.feed("predict run --data -", &["Stop\tO\n"]);
    assert_eq!(plain.out, "Stop\tO\n\n");
}

#[test]
fn rows_of_texts_need_no_header_where_the_model_knows_it() {
    let shop = Workshop::new();
    let row = |i: usize| {
        let (word, class) = [("good", "pos"), ("bad", "neg")][i % 2];
        format!("{i},\"so {word}, and {word}\",{class}\n")
    };
    let rows: String = (0..60).map(row).collect();
    shop.write("mails.csv", format!("id,text,label\n{rows}"));
    shop.ok(&format!(
        "train classify --train mails.csv --out run {QUICK}"
    ));
    let ran = shop.feed("predict run --data - --json", &[&row(0), &row(1)]);
    let answers: Vec<serde_json::Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let classes: Vec<&str> = answers
        .iter()
        .filter_map(|one| one["class"].as_str())
        .collect();
    assert_eq!(
        (classes, ran.err.as_str()),
        (vec!["pos", "neg"], ""),
        "{}",
        ran.out
    );
    shop.write("rows.csv", rows);
    let scores = shop.ok("eval run --data rows.csv --json");
    assert!(scores.contains("\"accuracy\":1.0"), "{scores}");
    // Without a class nothing says that a line is a row of that table.
    let bare = shop.feed("predict run --data -", &["so good, and good\n"]);
    assert!(bare.out.contains("pos"), "{}{}", bare.out, bare.err);
}

#[test]
fn from_a_pipe_nothing_is_lost() {
    let shop = Workshop::new();
    // More than what is looked at to find the format.
    let data = plain(2200);
    assert!(data.len() > 2 << 16, "{}", data.len());
    shop.write("rows.csv", &data);
    let train = format!("train classify {CLASSIFY}");
    shop.ok(&format!("{train} --train rows.csv --out file"));
    let ran = shop.piped(&format!("{train} --train - --out pipe"), data.as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.err
            .contains("note: data from a pipe are gone afterwards"),
        "{}",
        ran.err
    );
    assert!(shop.read("file/model.safetensors") == shop.read("pipe/model.safetensors"));
    let ran = shop.piped("train --resume pipe", &data);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let whole = shop.ok("eval file --data rows.csv --json");
    assert_eq!(shop.piped("eval file --data - --json", &data).out, whole);
    let whole = shop.ok("predict file --data rows.csv");
    assert_eq!(shop.piped("predict file --data -", &data).out, whole);
    let ran = shop.piped(
        &format!("{train} --train - --valid - --out both"),
        data.as_bytes(),
    );
    assert!(
        ran.code == 2 && ran.err.contains("cannot be read twice"),
        "{}",
        ran.err
    );
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_opened_once() {
    let shop = Workshop::new();
    let data = plain(2200);
    shop.write("rows.csv", &data);
    let text: String = (0..9000)
        .map(|i| format!("the number {}\n", i % 13))
        .collect();
    shop.write("lines.txt", &text);
    let made = std::process::Command::new("mkfifo")
        .arg(shop.path("fifo"))
        .status();
    assert!(made.expect("mkfifo").success());
    let runs = [
        (format!("train classify {CLASSIFY}"), "rows.csv"),
        (
            "train text --hidden 8 --embedding 4 --epochs 1 --threads 1".to_owned(),
            "lines.txt",
        ),
    ];
    for (run, (train, file)) in runs.into_iter().enumerate() {
        shop.ok(&format!("{train} --train {file} --out file{run}"));
        let (fifo, data) = (shop.path("fifo"), shop.read(file));
        let writer = std::thread::spawn(move || std::fs::write(fifo, data).expect("a reader"));
        shop.ok(&format!("{train} --train fifo --out pipe{run}"));
        writer.join().expect("a writer");
        let model = |name: &str| shop.read(&format!("{name}{run}/model.safetensors"));
        assert!(model("file") == model("pipe"), "{train}");
    }
}
