//! What is learnt from, what is validated on and what is measured, where one file holds all of it.

mod common;

use common::{QUICK, Workshop};

/// Rows of 12 people in two sequences each; every person is of one class.
fn people(column: &str) -> String {
    let mut text = format!("seq,t,{column},x,label\n");
    for seq in 0..24 {
        let person = seq / 2;
        for t in 0..4 {
            let (x, label) = ((person * 3 + t) % 7, ["ill", "well"][person % 2]);
            text += &format!("{seq},{t},p{person},{x},{label}\n");
        }
    }
    text
}

#[test]
fn whole_groups_are_held_out() {
    let shop = Workshop::new();
    shop.write("people.csv", people("subject"));
    let said = shop.learn("classify", "people.csv", "");
    assert!(
        said.contains("note: held out for validation: 2 of 12 groups of subject (p"),
        "{said}"
    );
    let said = shop.learn("label", "people.csv", "--out rows.run");
    assert!(said.contains("2 of 12 groups of subject (p"), "{said}");
    let parts = people("part")
        .replace(",p0,", ",dev,")
        .replace(",p1,", ",dev,")
        .replace(",p2,", ",test,");
    let parts: String = parts
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let part = if cells[2].starts_with('p') && cells[2] != "part" {
                "train"
            } else {
                cells[2]
            };
            format!(
                "{},{},{part},{},{}\n",
                cells[0], cells[1], cells[3], cells[4]
            )
        })
        .collect();
    shop.write("parts.csv", &parts);
    for task in ["classify", "label"] {
        let said = shop.learn(
            task,
            "parts.csv",
            &format!("--split-column part --out {task}.run"),
        );
        assert!(!said.contains("held out"), "{said}");
    }
    for (task, all, test) in [("classify", 24, 2), ("label", 96, 8)] {
        let run = format!("{task}.run");
        assert_eq!(shop.scores(&run, "parts.csv")["items"], all);
        assert_eq!(shop.scores(&run, "parts.csv --part test")["items"], test);
        let said = shop.run(&format!("eval {run} --data parts.csv")).err;
        assert!(
            said.contains("all rows count here; where the column part"),
            "{said}"
        );
        shop.write("trained.csv", parts.replace(",test,", ",train,"));
        let line = format!("eval {run} --data trained.csv --part test");
        shop.fails(&line, 2, &["trained.csv: the part test holds nothing"]);
        shop.ok(&format!("quantize {run} --data parts.csv --part test"));
    }
    // The second row of a sequence.
    shop.write(
        "mixed.csv",
        parts
            .replacen("dev", "@", 1)
            .replacen("dev", "train", 1)
            .replacen('@', "dev", 1),
    );
    let line = |task: &str, flags: &str| {
        format!("train {task} --train mixed.csv --out none {QUICK} {flags}")
    };
    for (task, what) in [
        ("classify", ["mixed.csv:2", "changes within sequence 0"]),
        ("label", ["mixed.csv:4", "the part dev comes back"]),
    ] {
        shop.fails(&line(task, "--split-column part"), 2, &what);
        shop.fails(&line(task, "--split-column no"), 2, &["no column no"]);
    }
}

#[test]
fn one_long_recording_is_learnt_from_and_validated_on() {
    let shop = Workshop::new();
    let row = |t: usize| match t / 20 % 2 {
        0 => format!("{t},{},rest\n", t % 3),
        _ => format!("{t},{},walk\n", 7 + t % 3),
    };
    shop.write(
        "day.csv",
        "t,x,label\n".to_owned() + &(0..400).map(row).collect::<String>(),
    );
    let said = shop.learn("label", "day.csv", "");
    assert!(
        said.contains("one sequence of 400 rows: learnt from in 14 pieces of its first 360 rows"),
        "{said}"
    );
    assert_eq!(shop.scores("day.csv.run", "day.csv")["accuracy"], 1.0);
    // So it is where a file or a column says what is validated on.
    let parts =
        |t: usize| row(t).replacen(',', [",train,", ",dev,", ",test,"][t / 250 + t / 325], 1);
    shop.write(
        "parts.csv",
        "t,part,x,label\n".to_owned() + &(0..400).map(parts).collect::<String>(),
    );
    let said = shop.learn("label", "parts.csv", "--split-column part");
    let words = "one sequence of 250 rows to learn from, in 10 pieces";
    assert!(said.contains(words), "{said}");
    let test = shop.scores("parts.csv.run", "parts.csv --part test");
    assert_eq!(
        (&test["items"], &test["accuracy"]),
        (&75.into(), &1.0.into())
    );
    let said = shop.learn("label", "day.csv", "--valid day.csv --out valid.run");
    assert!(
        said.contains("one sequence of 400 rows to learn from, in 16"),
        "{said}"
    );
    let line = format!("train classify --train day.csv --out none {QUICK}");
    shop.fails(
        &line,
        2,
        &[
            "day.csv:2",
            "no column is called seq",
            "a label per row is for elman train label",
        ],
    );
}
