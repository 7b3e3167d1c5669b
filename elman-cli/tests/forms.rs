//! Files in the forms that people have them in: what is read as it was meant, what is said about it, what is refused.

mod common;

use common::{QUICK, Workshop};

#[test]
fn labels_that_training_lacks_are_missed_and_warned_of() {
    let shop = Workshop::new();
    let dev = shop.text("test.conll") + "soon\tB-TIME\nenough\tI-TIME\n\n";
    shop.write("dev.conll", &dev);
    let said = shop.learn("label", "train.conll", "--valid dev.conll");
    let warning = "dev.conll:";
    assert!(said.contains(warning), "{said}");
    let words = "warning: training never met label B-TIME (1), I-TIME (1); 2 of";
    assert!(said.contains(words), "{said}");
    let (known, all) = (
        shop.scores("train.conll.run", "test.conll"),
        shop.scores("train.conll.run", "dev.conll"),
    );
    assert_eq!(
        all["items"].as_u64().unwrap(),
        known["items"].as_u64().unwrap() + 2
    );
    assert_eq!(
        (
            all["types"]["TIME"]["spans"].as_u64(),
            all["types"]["TIME"]["recall"].as_f64()
        ),
        (Some(1), Some(0.0))
    );
    shop.write("parts.conll", "Ida\tNOUN\nruns\tVERB\n");
    shop.fails(
        "eval train.conll.run --data parts.conll",
        2,
        &[
            "parts.conll:1",
            "does not know the label NOUN, nor any other",
        ],
    );
}

#[test]
fn classes_that_training_lacks_are_missed() {
    let shop = Workshop::new();
    shop.write("mood.tsv", "so good\tplus\nquite bad\tminus\n".repeat(20));
    shop.write("test.tsv", "so good\tplus\nquite bad\tminus\nhm\tnone\n");
    shop.learn("classify", "mood.tsv", "");
    let scores = shop.scores("mood.tsv.run", "test.tsv");
    assert_eq!(
        scores["classes"],
        serde_json::json!(["minus", "plus", "none"])
    );
    assert_eq!(
        (scores["items"].as_u64(), scores["confusion"][2][2].as_u64()),
        (Some(3), Some(0))
    );
    assert!((scores["accuracy"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-6);
}

/// Rows of the archive: ten values that rise or fall, of class 1 or 2.
fn rows(parting: &str, class: &dyn Fn(usize) -> String) -> String {
    let line = |i: usize| {
        let slope = [1.0, -1.0][i % 2];
        let values = (0..10).map(|t| format!("{:.3}", slope * f64::from(t) + (i % 7) as f64 * 0.1));
        let cells: Vec<String> = std::iter::once(class(i % 2 + 1)).chain(values).collect();
        cells.join(parting) + "\n"
    };
    (0..40).map(line).collect()
}

#[test]
fn rows_of_the_archive_need_no_header() {
    let shop = Workshop::new();
    let plain = |class: usize| class.to_string();
    shop.write("a.tsv", rows("\t", &plain));
    shop.write("b.csv", rows(",", &plain));
    shop.write(
        "c.txt",
        rows("  ", &|class| format!("  {class}.0000000e+00")),
    );
    for file in ["a.tsv", "b.csv", "c.txt"] {
        let said = shop.learn("classify", file, "");
        assert!(
            said.contains("no header; a row is taken for a class and the values of one sequence"),
            "{said}"
        );
        for other in ["a.tsv", "b.csv", "c.txt"] {
            assert_eq!(
                shop.scores(&format!("{file}.run"), other)["accuracy"],
                1.0,
                "{file}, {other}"
            );
        }
    }
    let models =
        ["a.tsv", "b.csv", "c.txt"].map(|file| shop.read(&format!("{file}.run/model.safetensors")));
    assert!(models[0] == models[1] && models[0] == models[2]);
}

#[test]
fn a_class_that_stands_first_is_found() {
    let shop = Workshop::new();
    let lines: Vec<(String, &str)> = (0..40)
        .map(|i| match i % 2 {
            0 => (format!("see you at {i} then"), "ham"),
            _ => (format!("win {i} prizes now"), "spam"),
        })
        .collect();
    let with = |line: &dyn Fn(&str, &str) -> String| {
        lines
            .iter()
            .map(|(text, class)| line(text, class))
            .collect::<String>()
    };
    shop.write(
        "last.tsv",
        with(&|text, class| format!("{text}\t{class}\n")),
    );
    shop.write(
        "first.tsv",
        with(&|text, class| format!("{class}\t{text}\n")),
    );
    shop.write(
        "fast.txt",
        with(&|text, class| format!("__label__{class} {text}\n")),
    );
    shop.write(
        "table.csv",
        "label,text\n".to_owned() + &with(&|text, class| format!("{class},\"{text}\"\n")),
    );
    shop.write(
        "third.tsv",
        with(&|text, class| format!("x\t{class}\t{text}\n")),
    );
    for (file, flags, note) in [
        ("last.tsv", "", ""),
        (
            "first.tsv",
            "",
            "the class is taken to stand before the first TAB",
        ),
        ("fast.txt", "", ""),
        (
            "table.csv",
            "",
            "the first line names columns: the text is column 2, its class column 1",
        ),
        ("third.tsv", "--columns 3,2", ""),
    ] {
        let said = shop.learn("classify", file, flags);
        assert!(
            said.contains(note) && (!note.is_empty() || !said.contains("note:")),
            "{said}"
        );
        assert_eq!(
            shop.scores(&format!("{file}.run"), file)["accuracy"],
            1.0,
            "{file}"
        );
        let answers = shop.ok(&format!("predict {file}.run --data {file}"));
        assert!(
            answers.starts_with("see you at 0 then\tham\n"),
            "{file}: {answers}"
        );
        assert_eq!(answers.lines().count(), 40, "{file}");
    }
}

#[test]
fn rows_of_nothing_at_the_ends_are_padding() {
    let shop = Workshop::new();
    let table = |padding: usize| {
        let mut text = "seq,t,x,label\n".to_owned();
        for seq in 0..30 {
            for t in 0..3 + padding {
                let value = if t < 3 {
                    (seq % 2 * 5 + t).to_string()
                } else {
                    String::new()
                };
                text += &format!("{seq},{t},{value},{}\n", ["a", "b"][seq % 2]);
            }
        }
        text
    };
    shop.write("bare.csv", table(0));
    shop.write("padded.csv", table(2));
    let said = ["bare.csv", "padded.csv"].map(|file| shop.learn("classify", file, ""));
    assert!(
        !said[0].contains("padding") && said[1].contains("note: 60 rows without any value"),
        "{said:?}"
    );
    let models =
        ["bare.csv", "padded.csv"].map(|file| shop.read(&format!("{file}.run/model.safetensors")));
    assert!(models[0] == models[1]);
}

#[test]
fn numbers_that_are_no_classes() {
    let shop = Workshop::new();
    let table = |label: &dyn Fn(usize) -> String| {
        let rows = (0..60).map(|i| format!("{},{},{},{}\n", i / 2, i % 2, i % 5, label(i / 2)));
        "seq,t,x,label\n".to_owned() + &rows.collect::<String>()
    };
    shop.write("goals.csv", table(&|i| format!("{}.5", i)));
    let line = |file: &str| format!("train classify --train {file} --out none {QUICK}");
    shop.fails(
        &line("goals.csv"),
        2,
        &[
            "goals.csv: the class column holds 30 different numbers",
            "no regression of sequences",
        ],
    );
    shop.write("goals.ts", "@targetLabel true\n@data\n1,2:0.5\n2,1:1.5\n");
    shop.fails(&line("goals.ts"), 2, &["goals.ts:1", "@targetLabel"]);
    shop.write("whole.csv", table(&|i| (i % 2 + 1).to_string()));
    shop.write("points.csv", table(&|i| format!("{}.0", i % 2 + 1)));
    shop.learn("classify", "whole.csv", "");
    let scores = ["whole.csv", "points.csv"].map(|file| shop.scores("whole.csv.run", file));
    assert_eq!(scores[0], scores[1]);
}

#[test]
fn columns_of_sentences_lie_in_many_ways() {
    let shop = Workshop::new();
    let plain = shop.text("train.conll");
    let tokens = |line: &dyn Fn(usize, &str, &str) -> String| {
        let mut place = 0;
        let line = |text: &str| match text.split_once('\t') {
            None => {
                place = 0;
                "\n".to_owned()
            }
            Some((token, label)) => {
                place += 1;
                line(place, token, label)
            }
        };
        plain.lines().map(line).collect::<String>()
    };
    shop.write(
        "spaces.txt",
        tokens(&|_, token, label| format!("{token}   NN {label}\n")),
    );
    shop.write(
        "trailing.conll",
        tokens(&|_, token, label| format!("{token}\t{label}\t\n")),
    );
    shop.write(
        "tree.conllu",
        "# text = a remark\n".to_owned()
            + &tokens(&|place, token, label| {
                let row =
                    |id: &str| format!("{id}\t{token}\t_\t{label}\t{place}\t_\t0\troot\t_\t_\n");
                if place == 1 {
                    row("1-2") + &row("1")
                } else {
                    row(&place.to_string())
                }
            }),
    );
    shop.write(
        "counted.tsv",
        tokens(&|place, token, label| format!("{place}\t{token}\t{label}\tO\n")),
    );
    let said = shop.learn("label", "train.conll", "");
    assert!(!said.contains("note:"), "{said}");
    let weights = |run: &str| {
        let model = shop.read(&format!("{run}.run/model.safetensors"));
        let length: [u8; 8] = model[..8].try_into().unwrap();
        model[8 + u64::from_le_bytes(length) as usize..].to_vec()
    };
    for (file, flags, note) in [
        ("spaces.txt", "", "no line has a TAB: spaces part 3 columns"),
        ("trailing.conll", "", ""),
        (
            "tree.conllu",
            "",
            "CoNLL-U: the word is column 2 and its label column 4",
        ),
    ] {
        let said = shop.learn("label", file, flags);
        assert!(said.contains(note), "{said}");
        assert!(weights(file) == weights("train.conll"), "{file}");
        let [ours, its] =
            ["train.conll", file].map(|data| shop.ok(&format!("predict {file}.run --data {data}")));
        assert_eq!(ours, its, "{file}");
    }
    let said = shop.learn("label", "counted.tsv", "--columns 2,3");
    assert!(!said.contains("note:"), "{said}");
    let run = "counted.tsv.run";
    assert_eq!(
        shop.scores(run, "counted.tsv"),
        shop.scores("train.conll.run", "train.conll"),
        "the run knows its columns"
    );
    assert_eq!(
        shop.ok(&format!("predict {run} --data counted.tsv")),
        shop.ok("predict train.conll.run --data train.conll")
    );
    let fails = format!("eval {run} --data counted.tsv --columns 2,9");
    shop.fails(
        &fails,
        2,
        &["counted.tsv:1", "no column 9 for the label, it has 4"],
    );
    shop.fails(
        "eval train.conll.run --data train.conll --columns 0",
        2,
        &["0 is no pair of columns"],
    );
}

#[test]
fn spans_of_every_scheme_have_the_same_score() {
    let shop = Workshop::new();
    let plain = shop.text("train.conll");
    let labels: Vec<&str> = plain
        .lines()
        .map(|line| line.split('\t').nth(1).unwrap_or(""))
        .collect();
    let spelled = |letters: [&str; 4], is_suffix: bool| {
        let line = |(i, line): (usize, &str)| {
            let Some((token, label)) = line.split_once('\t') else {
                return "\n".to_owned();
            };
            let goes_on = labels.get(i + 1).is_some_and(|next| next.starts_with("I-"));
            let letter = match (label.split_once('-'), goes_on) {
                (None, _) => return format!("{line}\n"),
                (Some(("B", _)), true) => letters[0],
                (Some(("B", _)), false) => letters[3],
                (_, true) => letters[1],
                (_, false) => letters[2],
            };
            let kind = &label[2..];
            match is_suffix {
                true => format!("{token}\t{kind}-{letter}\n"),
                false => format!("{token}\t{letter}-{kind}\n"),
            }
        };
        plain.lines().enumerate().map(line).collect::<String>()
    };
    shop.write("bioes.conll", spelled(["B", "I", "E", "S"], false));
    shop.write("bilou.conll", spelled(["B", "I", "L", "U"], false));
    shop.write("bmes.conll", spelled(["B", "M", "E", "S"], false));
    shop.write("suffix.conll", spelled(["B", "I", "I", "B"], true));
    shop.learn("label", "train.conll", "");
    let expected = shop.scores("train.conll.run", "train.conll");
    for file in ["bioes.conll", "bilou.conll", "bmes.conll", "suffix.conll"] {
        let said = shop.learn("label", file, "");
        assert!(!said.contains("warning"), "{said}");
        let scores = shop.scores(&format!("{file}.run"), file);
        assert_eq!(scores["f1"], 1.0, "{file}: {scores}");
        assert_eq!(
            scores["types"]["NAME"]["spans"], expected["types"]["NAME"]["spans"],
            "{file}"
        );
        let line = shop.ok(&format!("predict {file}.run --data {file} --json"));
        assert!(line.contains("\"type\":\"NAME\""), "{file}");
    }
}

#[test]
fn an_answer_in_json_is_one_line_for_everybody() {
    let shop = Workshop::new();
    shop.learn("label", "train.conll", "");
    shop.write("odd.conll", "a\u{2028}b\u{85}c\nd\u{2029}\n");
    let json = shop.ok("predict train.conll.run --data odd.conll --json");
    assert!(
        json.contains(r#""a\u2028b\u0085c""#) && json.contains(r#""d\u2029""#),
        "{json}"
    );
    let plain = shop.ok("predict train.conll.run --data odd.conll");
    assert!(
        plain.starts_with("a\u{2028}b\u{85}c\t"),
        "what was read is echoed as it is: {plain}"
    );
}
