//! Data that come through pipes, bit by bit and without their header: what a model knows of their form is not found anew.
#![cfg(unix)]

mod common;

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use common::{QUICK, Ran, Workshop};

/// Runs a command whose standard input comes in pieces, with a pause before each but the first.
fn feed(shop: &Workshop, line: &str, pieces: &[&str]) -> Ran {
    let mut command = shop.command(line);
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    let mut input = child.stdin.take().expect("a pipe");
    for (i, piece) in pieces.iter().enumerate() {
        if i > 0 {
            std::thread::sleep(Duration::from_millis(200));
        }
        // Who has seen a mistake reads no further.
        let _ = input.write_all(piece.as_bytes());
    }
    drop(input);
    Ran::of(child.wait_with_output().expect("an end"))
}

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
        let ran = feed(&shop, &piped, &[first, others]);
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
    let ran = feed(&shop, "predict run --data -", &sentences);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), (expected, ""));
    shop.write("one.conll", sentences.concat());
    let scores = shop.ok("eval run --data one.conll --json");
    assert!(scores.contains("\"items\":2}"), "{scores}");
    // Tokens alone are tokens, and a file may lie otherwise.
    let alone = feed(&shop, "predict run --data -", &["Stop\nruns1\n"]);
    assert_eq!(alone.out, "Stop\tO\nruns1\tO\n\n");
    let plain = feed(&shop, "predict run --data -", &["Stop\tO\n"]);
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
    let ran = feed(&shop, "predict run --data - --json", &[&row(0), &row(1)]);
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
    let bare = feed(&shop, "predict run --data -", &["so good, and good\n"]);
    assert!(bare.out.contains("pos"), "{}{}", bare.out, bare.err);
}
