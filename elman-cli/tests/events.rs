//! When an answer is an event: found on validation data, kept in the model, measured on other data, taken by exports.

mod common;

use common::Workshop;
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Recordings at rest, in which a pulse comes now and then: six rows of a higher or a lower number, with some noise.
fn recordings(seed: u32) -> String {
    let mut text = "seq,t,a,b,label\n".to_owned();
    let mut noise = seed;
    for seq in 0..12 {
        for t in 0..60 {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let shake = f64::from(noise >> 20) / 4096.0 - 0.5;
            let (label, a) = match (t + 5 * seq) % 30 {
                10..16 => ("up", 3.0),
                20..26 => ("down", -3.0),
                _ => ("rest", 0.0),
            };
            text += &format!("{seq},{t},{:.4},{:.4},{label}\n", a + shake, 100.0 + shake);
        }
    }
    text
}

fn shop() -> Workshop {
    let shop = Workshop::new();
    shop.write("train.csv", recordings(1));
    shop.write("valid.csv", recordings(2));
    shop.write("test.csv", recordings(3));
    shop
}

const TRAIN: &str = "train label --train train.csv --valid valid.csv --hidden 8 --layers 1 --epochs 60 --batch 4 --lr 0.01 --bidirectional false --seed 1";

#[test]
fn a_rule_is_found_and_kept_and_exported() {
    let shop = shop();
    shop.ok(&format!("{TRAIN} --out run"));
    let plain = json(&shop.ok("eval run --events --data test.csv --json"));
    assert_eq!(plain["threshold"], 0.0);
    assert_eq!(plain["background"], Value::Null, "rest counts too");
    assert!(plain["spans"].as_u64() > Some(48), "{plain}");
    let before = shop.read("run/model.safetensors");
    let tuned = json(&shop.ok("eval run --events --json"));
    assert_ne!(before, shop.read("run/model.safetensors"), "it is kept");
    assert_eq!(tuned["background"], "rest");
    assert!(tuned["spans"].as_u64() >= Some(48), "{tuned}");
    assert!(tuned["f1"].as_f64() > Some(0.9), "{tuned}");
    let measured = json(&shop.ok("eval run --events --data test.csv --json"));
    assert_eq!(measured["threshold"], tuned["threshold"]);
    assert!(measured["f1"].as_f64() > Some(0.8), "{measured}");
    // Answers are what they were.
    let all = json(&shop.ok("eval run --data test.csv --json"));
    assert!(all["accuracy"].as_f64() > Some(0.8), "{all}");

    shop.ok("export run --format c -o net.c");
    let header = shop.text("net.h");
    let threshold = tuned["threshold"].as_f64().unwrap() as f32;
    for words in [
        format!("#define NET_THRESHOLD {threshold:?}f"),
        format!("#define NET_REFRACTORY {}u", tuned["refractory"]),
        "#define NET_BACKGROUND".to_owned(),
        "int net_feed(net_stream *stream, const float raw[NET_COLUMNS], net_event *event);"
            .to_owned(),
    ] {
        assert!(header.contains(&words), "{words} is not in\n{header}");
    }
    shop.ok("export run --format rust -o net.rs");
    assert!(
        shop.text("net.rs")
            .contains(&format!("    threshold: {threshold:?},\n"))
    );
    // And said to people.
    let table = shop.ok("eval run --events --data test.csv");
    for words in ["found", "per 1000 steps", "refractory"] {
        assert!(table.contains(words), "{table}");
    }
}

#[test]
fn another_background_and_classes_of_whole_sequences() {
    let shop = shop();
    shop.ok(&format!("{TRAIN} --out run"));
    let other = json(&shop.ok("eval run --events --background up --json"));
    assert_eq!(other["background"], "up");
    shop.fails(
        "eval run --events --background nobody",
        2,
        &["does not know this label; it knows"],
    );

    let one = |seq: u32, t: u32, rises: bool| {
        let a = if rises { t } else { 9 - t };
        format!("{seq},{t},{a},{}\n", if rises { "rise" } else { "fall" })
    };
    let rows = (0..40).flat_map(|seq| (0..10).map(move |t| one(seq, t, seq % 2 == 0)));
    shop.write(
        "turns.csv",
        "seq,t,a,label\n".to_owned() + &rows.collect::<String>(),
    );
    shop.ok("train classify --train turns.csv --hidden 6 --window 3 --epochs 30 --bidirectional false --seed 1 --out turns");
    let turns = json(&shop.ok("eval turns --events --json"));
    assert_eq!(turns["background"], Value::Null);
    assert!(turns["hits"].as_u64() > Some(30), "{turns}");
    // A window of three looks one step ahead.
    assert!(turns["delay_steps"].as_f64() >= Some(1.0), "{turns}");
}

#[test]
fn what_has_no_events_says_so() {
    let shop = shop();
    shop.ok(&format!(
        "{} --out both",
        TRAIN.replace("--bidirectional false", "--bidirectional true")
    ));
    shop.fails("eval both --events", 2, &["--bidirectional false"]);
    shop.ok("train label --train train.conll --hidden 4 --epochs 1 --out words");
    shop.fails("eval words --events", 2, &["on a table of numbers"]);
    shop.fails("eval both", 2, &["--data"]);
    shop.fails("eval both --events --int8", 2, &["--int8"]);
}
