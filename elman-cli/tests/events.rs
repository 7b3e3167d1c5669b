//! When an answer is an event: found on validation data, kept in the model, measured on other data, taken by exports; and the same of
//! the net in whole numbers.

mod common;

use common::Workshop;
use common::tables::pulses;
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn shop() -> Workshop {
    let shop = Workshop::new();
    shop.write("train.csv", pulses(1));
    shop.write("valid.csv", pulses(2));
    shop.write("test.csv", pulses(3));
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
    // Not that they should be quantized first, which would not help.
    shop.fails("eval both --events --int8", 2, &["--bidirectional false"]);
    shop.fails("eval words --events --int8", 2, &["on a table of numbers"]);
}

/// What stands between two marks.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text.split_once(from).unwrap_or_else(|| panic!("{from}"));
    rest.split_once(to).unwrap_or_else(|| panic!("{to}")).0
}

/// The labels of the events that an exported module has as golden ones.
fn golden_events(module: &str) -> Vec<String> {
    let items = |table: &str| {
        let table = between(module, table, "];");
        table.split_once("= [").expect("its items").1.to_owned()
    };
    let labels = items("pub static LABELS: [&str; ");
    let labels: Vec<&str> = labels.split('"').skip(1).step_by(2).collect();
    assert_eq!(labels.len(), 3, "{labels:?}");
    let fires = items("static GOLDEN_FIRES: [i32; ");
    let fires = fires.split(',').map(str::trim).filter(|x| !x.is_empty());
    let fires = fires.filter_map(|x| usize::try_from(x.parse::<i32>().expect("a class")).ok());
    fires.map(|class| labels[class].to_owned()).collect()
}

#[test]
fn a_net_in_whole_numbers_has_a_rule_of_its_own() {
    const INT8: &str = "export run --format rust --int8 --golden 120 -o int8.rs";
    let shop = shop();
    shop.ok(&format!("{TRAIN} --out run"));
    shop.fails(
        "eval run --events --int8",
        2,
        &["elman quantize RUN --data FILE makes it"],
    );
    shop.ok("quantize run --data train.csv");
    shop.ok(INT8);
    assert!(
        shop.text("int8.rs").contains("whenever another class"),
        "nobody tuned it"
    );

    // The float net's rule is one by which nothing goes down, and the int8 net has no other so far.
    let float = json(&shop.ok("eval run --events --background down --json"));
    assert_eq!(float["rule_of"], Value::Null);
    let borrowed = json(&shop.ok("eval run --events --int8 --data test.csv --json"));
    assert_eq!(
        (&borrowed["rule_of"], &borrowed["background"]),
        (&json("\"float\""), &json("\"down\""))
    );
    shop.ok(INT8);
    let module = shop.text("int8.rs");
    assert!(
        module.contains("tuned with the float net"),
        "{}",
        &module[..3000]
    );
    let events = golden_events(&module);
    assert!(
        events.iter().any(|label| label == "rest") && !events.iter().any(|label| label == "down"),
        "{events:?}"
    );
    let floats = || {
        ["c", "rs"].map(|ending| {
            let format = if ending == "c" { "c" } else { "rust" };
            shop.ok(&format!("export run --format {format} -o plain.{ending}"));
            shop.read(&format!("plain.{ending}"))
        })
    };
    let (model, before) = (shop.read("run/model.safetensors"), floats());

    let tuned = json(&shop.ok("eval run --events --int8 --json"));
    assert_eq!(
        (&tuned["rule_of"], &tuned["background"]),
        (&json("\"int8\""), &json("\"rest\""))
    );
    assert!(tuned["f1"].as_f64() > Some(0.9), "{tuned}");
    let measured = json(&shop.ok("eval run --events --int8 --data test.csv --json"));
    assert_eq!(measured["threshold"], tuned["threshold"]);
    assert_eq!(measured["rule_of"], "int8");
    assert!(measured["f1"].as_f64() > Some(0.8), "{measured}");
    let table = shop.ok("eval run --events --int8 --data test.csv");
    assert!(
        table.contains("F1") && table.contains("tuned with this net in whole numbers"),
        "{table}"
    );

    // Exports of the int8 net follow it, in C as well; those of the float net are what they were.
    shop.ok(INT8);
    let module = shop.text("int8.rs");
    assert!(
        module.contains("tuned with this net in whole numbers"),
        "{}",
        &module[..3000]
    );
    let events = golden_events(&module);
    assert!(
        !events.iter().any(|label| label == "rest") && events.iter().any(|label| label == "down"),
        "{events:?}"
    );
    let threshold = (tuned["threshold"].as_f64().unwrap() as f32 as f64 * 32768.0).ceil();
    assert!(module.contains(&format!("    threshold: {threshold},\n")));
    shop.ok("export run --format c --int8 -o whole.c");
    assert!(
        shop.text("whole.h")
            .contains(&format!("#define WHOLE_THRESHOLD {threshold}\n"))
    );
    assert!(
        shop.text("whole.c")
            .contains("tuned with this net in whole numbers")
    );
    assert_eq!(shop.read("run/model.safetensors"), model);
    assert!(floats() == before);

    // The same net again keeps its rule; another has other answers.
    let said = shop.run("quantize run --data train.csv").err;
    assert_eq!(said, "");
    let again = json(&shop.ok("eval run --events --int8 --data test.csv --json"));
    assert_eq!(again, measured);
    let said = shop.run("quantize run --data test.csv").err;
    assert!(said.contains("elman eval RUN --events --int8"), "{said}");
    let other = json(&shop.ok("eval run --events --int8 --data test.csv --json"));
    assert_eq!(other["rule_of"], "float");
}
