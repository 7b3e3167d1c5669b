//! Text and echoes from end to end: learn, measure, foresee, write, and go on after a kill.

mod common;

use std::process::Stdio;

use common::{Ran, Workshop, kill_at_random, real_data};
use serde_json::Value;

/// A net that learns a small text in a moment.
const TINY: &str = "--hidden 24 --embedding 8 --batch 4 --k1 10 --epochs 12 --lr 0.01 --dropout 0";

/// Text with characters of one, two, three and four bytes.
fn rhyme() -> String {
    "Ein Käfer saß im Gras, 🐞\nder sah ∞ viele Löwen;\n\n".repeat(60)
}

fn shop() -> Workshop {
    let shop = Workshop::new();
    shop.write("rhyme.txt", rhyme());
    let names = ["Ada", "Zoë", "Åsa", "Bo", "Ida", "Ava", "Eva", "Ana"];
    shop.write("names.txt", (names.join("\n") + "\n").repeat(20));
    shop
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn number(object: &Value, field: &str) -> f64 {
    let number = object[field].as_f64();
    number.unwrap_or_else(|| panic!("no {field} in {object}"))
}

/// The score of the last epoch.
fn last_score(shop: &Workshop, run: &str) -> f64 {
    let metrics = shop.text(&format!("{run}/metrics.jsonl"));
    number(&json(metrics.lines().last().expect("an epoch")), "score")
}

#[test]
fn a_text_is_learnt_measured_and_foreseen() {
    let shop = shop();
    shop.ok(&format!("train text --train rhyme.txt --out run {TINY}"));
    let scores = json(&shop.ok("eval run --data rhyme.txt --json"));
    let (nats, items) = (number(&scores, "nats_per_token"), number(&scores, "items"));
    assert!(nats < 0.5, "{scores}");
    assert_eq!(number(&scores, "loss"), nats);
    assert_eq!(items as usize, rhyme().chars().count());
    assert!((number(&scores, "bits_per_token") * 2f64.ln() - nats).abs() < 1e-9);
    assert!((number(&scores, "perplexity").ln() - nats).abs() < 1e-9);
    assert!(
        shop.ok("eval run --data rhyme.txt")
            .contains("nats per character")
    );
    // The lines of the text cost what the text does.
    let lines = shop.ok("predict run --data rhyme.txt --json");
    let lines: Vec<Value> = lines.lines().map(json).collect();
    let total: f64 = lines.iter().map(|line| number(line, "nats")).sum();
    assert!(
        (total - nats * items).abs() < 1e-2,
        "{total} {}",
        nats * items
    );
    assert_eq!(lines[0]["tokens"][5], "ä");
    let plain = shop.ok("predict run --data rhyme.txt");
    assert!(
        plain
            .lines()
            .next()
            .expect("a line")
            .ends_with("\tEin Käfer saß im Gras, 🐞")
    );
    // Other characters are told, and cost.
    shop.write("other.txt", "Ein Ωmega\n");
    let other = json(&shop.ok("eval run --data other.txt --json"));
    assert_eq!(number(&other, "unknown"), 2.0);
    assert!(number(&other, "loss") > 2.0);
    let inspected = json(&shop.ok("inspect run --json"));
    assert_eq!(inspected["channels"][0]["name"], "character");
    let checked = shop.ok("gradcheck run --data rhyme.txt --json");
    assert!(json(&checked)["passed"] == true, "{checked}");
}

#[test]
fn writing_repeats_itself_only_for_the_same_seed() {
    let shop = shop();
    shop.ok(&format!("train text --train rhyme.txt --out run {TINY}"));
    let first = shop.ok("generate run --length 80 --prompt Ein");
    assert!(first.starts_with("Ein"));
    assert_eq!(
        first.trim_end_matches('\n').chars().count().max(82),
        83,
        "{first}"
    );
    assert_eq!(shop.ok("generate run --length 80 --prompt Ein"), first);
    assert_ne!(
        shop.ok("generate run --length 80 --prompt Ein --seed 2"),
        first
    );
    let greedy = shop.ok("generate run --length 30 --prompt Ein --temperature 0 --seed 1");
    assert_eq!(
        shop.ok("generate run --length 30 --prompt Ein --temperature 0 --seed 9"),
        greedy
    );
    assert_eq!(
        shop.ok("generate run --length 30 --prompt Ein --top-k 1"),
        greedy
    );
    assert!(greedy.starts_with("Ein Käfer"), "{greedy}");
    let object = json(&shop.ok("generate run --length 30 --prompt Ein --temperature 0 --json"));
    assert_eq!(
        object["text"].as_str().map(str::trim_end),
        Some(greedy.trim_end())
    );
    assert_eq!(object["tokens"].as_array().map(Vec::len), Some(30));
    let ran = shop.run("generate run --length 3 --prompt Ω");
    assert!(
        ran.code == 0
            && ran
                .err
                .contains("never met these characters of the prompt: Ω"),
        "{}",
        ran.err
    );
    shop.fails("generate run --temperature -1", 2, &["--temperature"]);
    shop.fails("generate run --top-k 0", 2, &["--top-k"]);
    shop.fails("generate nowhere", 2, &["nowhere", "no such run"]);
    shop.train("labels", "");
    shop.fails("generate labels", 2, &["the task label, not text"]);
}

#[test]
fn writing_ends_quietly_when_nobody_reads_on() {
    let shop = shop();
    shop.ok(&format!(
        "train text --train rhyme.txt --out run {TINY} --epochs 1"
    ));
    let mut command = shop.command("generate run --length 100000000");
    let pipes = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().expect("the binary starts");
    drop(child.stdout.take());
    let ran = Ran::of(child.wait_with_output().expect("an end"));
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn items_are_told_by_their_lines() {
    let shop = shop();
    let ran = shop.run(&format!(
        "train text --train names.txt --out run {TINY} --epochs 40"
    ));
    assert!(
        ran.code == 0 && ran.err.contains("--lines false"),
        "{}",
        ran.err
    );
    let scores = json(&shop.ok("eval run --data names.txt --json"));
    // Eight names by chance cost ln 8 together, a little over four characters each.
    assert!(number(&scores, "loss") < 0.6, "{scores}");
    let written = shop.ok("generate run --length 200 --seed 3");
    let names = shop.text("names.txt");
    let (known, all) = written.lines().fold((0, 0), |(known, all), line| {
        (
            known + usize::from(names.lines().any(|name| name == line)),
            all + 1,
        )
    });
    assert!(known * 10 >= all * 8, "{written}");
    // Every line starts anew: the same name costs the same wherever it stands.
    shop.write("twice.txt", "Zoë\nBo\nZoë\n");
    let costs = shop.ok("predict run --data twice.txt");
    let costs: Vec<&str> = costs.lines().collect();
    assert_eq!(costs[0], costs[2]);
    shop.ok(&format!(
        "train text --train names.txt --lines false --out text {TINY} --epochs 1"
    ));
    assert!(shop.text("text/config.toml").contains("lines = false"));
}

#[test]
fn words_are_learnt_and_written_with_blanks() {
    let shop = shop();
    shop.write(
        "words.txt",
        "the dog sees the cat .\nthe cat sleeps .\n".repeat(40),
    );
    let line = format!("train text --train words.txt --tokens words --out run {TINY}");
    shop.ok(&line);
    let scores = json(&shop.ok("eval run --data words.txt --json"));
    assert_eq!(number(&scores, "items"), 12.0 * 40.0);
    let greedy = shop.ok("generate run --prompt the --length 4 --temperature 0");
    assert!(
        greedy.starts_with("the cat") || greedy.starts_with("the dog"),
        "{greedy}"
    );
    assert!(!greedy.contains("  "), "{greedy}");
}

#[test]
fn mistakes_are_named() {
    let shop = shop();
    let fails = |line: &str, words: &[&str]| {
        shop.fails(&format!("train text {line} --out none"), 2, words);
        assert!(!shop.path("none").exists());
    };
    fails("", &["--train FILE"]);
    fails("--train nowhere.txt", &["nowhere.txt", "no such file"]);
    shop.write("empty.txt", "");
    fails("--train empty.txt", &["empty.txt", "empty"]);
    shop.write("short.txt", "a");
    fails("--train short.txt", &["short.txt", "too short"]);
    shop.write("latin.txt", b"caf\xE9\n");
    fails("--train latin.txt", &["latin.txt:1:4", "UTF-8"]);
    fails("--train rhyme.txt --bidirectional", &["--bidirectional"]);
    fails("--train rhyme.txt --window 3", &["--window"]);
    fails("--train rhyme.txt --k1 9 --k2 3", &["--k2 3", "--k1 9"]);
    shop.fails("train echo --delay 5000 --out none", 2, &["--delay 5000"]);
    shop.fails("train echo --classes 1 --out none", 2, &["--classes"]);
    shop.fails("train echo --window 3 --out none", 2, &["--window"]);
}

#[test]
fn echoes_are_learnt_if_the_losses_reach_back_over_the_delay() {
    let shop = Workshop::new();
    shop.ok("train echo --epochs 25 --out far");
    assert_eq!(last_score(&shop, "far"), 1.0);
    shop.ok("train echo --epochs 5 --k1 2 --k2 2 --out near");
    let near = last_score(&shop, "near");
    assert!(near < 0.6, "{near}");
    shop.write("bits.txt", "0110100110010110\n");
    assert_eq!(
        shop.ok("predict far --data bits.txt").trim_end()[3..],
        "0110100110010110"[..13]
    );
    let scores = json(&shop.ok("eval far --data bits.txt --json"));
    assert_eq!(
        (number(&scores, "accuracy"), number(&scores, "items")),
        (1.0, 13.0)
    );
    shop.write("bad.txt", "0101\n0121\n");
    shop.fails(
        "eval far --data bad.txt",
        2,
        &["bad.txt:2", "column 3", "'2'"],
    );
    shop.ok("train echo --classes 4 --delay 2 --hidden 12 --lr 0.05 --epochs 8 --out four");
    assert_eq!(last_score(&shop, "four"), 1.0);
}

/// Jobs whose states are carried on, and epochs long enough to be killed within them.
const JOBS: [&str; 4] = [
    "train text --train rhyme.txt --k1 3 --k2 5 --batch 20 --layers 2",
    "train text --train rhyme.txt --tokens words --accumulate 3 --batch 4 --k1 5 --dropout 0.3",
    "train text --train names.txt --batch 4 --optimizer rmsprop --schedule plateau",
    "train echo --steps-per-epoch 5000 --k1 2 --k2 7 --batch 10",
];

#[test]
fn kills_within_an_epoch_change_nothing() {
    let met = kill_at_random(&shop(), &JOBS, "--hidden 40 --lr 0.01 --epochs 200", 8);
    assert!(met.within >= 4, "hardly any within an epoch: {met:?}");
}

#[test]
fn stories_end_well() {
    let shop = Workshop::new();
    let echo = shop.ok("demo echo --out echo");
    assert!(
        echo.contains("repeats 100.00 %") && echo.contains("61 of 61 right"),
        "{echo}"
    );
    assert!(
        !echo.contains('\u{1b}'),
        "no colours where there is no terminal"
    );
    let after = |text: &str, word: &str| -> f64 {
        let rest = text.split(word).nth(1).expect("the word");
        let number = rest.trim_start().split([' ', ',', '\n']).next();
        number
            .expect("a number")
            .trim_end_matches('.')
            .parse()
            .expect("a number")
    };
    let words = shop.ok("demo words --out words");
    assert!(after(&words, "RMS error") <= 0.053, "{words}");
    assert!(after(&words, "mean cosine") >= 0.916, "{words}");
    let xor = shop.ok("demo xor --out xor");
    assert!(after(&xor, "By position mod 3:") > 0.48, "{xor}");
    assert!(after(&xor, "better than 0.5;") < 0.1, "{xor}");
    assert_eq!(
        shop.ok("generate xor --prompt 01 --length 1 --temperature 0"),
        "011\n"
    );
    let series = shop.ok("demo series --out series");
    // The net pays: the best linear sum is about twice as far off.
    let ours = after(&series, "this model");
    assert!(
        ours < 0.5 && after(&series, "autoregression") > 1.8 * ours,
        "{series}"
    );
}

#[test]
fn names_of_real_people_are_foreseen() {
    let Some(data) = real_data("txt_names") else {
        return;
    };
    let shop = Workshop::new();
    let [train, dev, test] =
        ["train", "dev", "test"].map(|part| data.join(format!("{part}.txt")).display().to_string());
    shop.ok(&format!(
        "train text --train {train} --valid {dev} --hidden 96 --epochs 3 --lr 0.004 --out run"
    ));
    let scores = json(&shop.ok(&format!("eval run --data {test} --json")));
    assert_eq!(number(&scores, "items"), 22_796.0);
    assert!(number(&scores, "nats_per_token") < 2.2, "{scores}");
}
