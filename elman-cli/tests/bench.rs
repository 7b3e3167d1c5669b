//! `elman bench`: what it prints and what it refuses. How fast it is depends on the machine and is no test.

mod common;

use common::Workshop;
use elman_core::Level;
use serde_json::Value;

const SMALL: &str = "--batch 3 --steps 4 --input 5 --hidden 20 --output 2 --seconds 0.01";

/// One object per line, each checked for sanity.
fn measured(shop: &Workshop, flags: &str) -> Vec<Value> {
    let out = shop.ok(&format!("bench {flags}"));
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let objects: Vec<Value> = out.lines().map(parse).collect();
    for object in &objects {
        let number = |field: &str| {
            let number = object[field].as_f64();
            number.unwrap_or_else(|| panic!("{field} in {object}"))
        };
        assert!(number("min_us") > 0.0, "{object}");
        assert!(number("median_us") >= number("min_us"), "{object}");
        assert!(number("calls") >= 3.0, "{object}");
        assert!(number("gflops") > 0.0, "{object}");
        let half = 0.5 * number("gflops");
        assert!(number("peak_gflops") >= half, "{object}");
    }
    objects
}

#[test]
fn one_object_with_the_fields_of_the_contract() {
    let shop = Workshop::new();
    for mode in ["forward", "train", "stream"] {
        let objects = measured(&shop, &format!("--mode {mode} {SMALL} --json"));
        let [Value::Object(object)] = objects.as_slice() else {
            panic!("{mode}: {objects:?}");
        };
        let mut fields: Vec<&str> = object.keys().map(String::as_str).collect();
        fields.sort_unstable();
        let contract = [
            "batch",
            "calls",
            "cell",
            "gflops",
            "hidden",
            "input",
            "level",
            "median_us",
            "min_us",
            "mode",
            "output",
            "peak_gflops",
            "steps",
            "threads",
        ];
        assert_eq!(fields, contract);
        let (batch, steps, factor) = match mode {
            "forward" => (3, 4, 1),
            "train" => (3, 4, 3),
            _ => (1, 1, 1),
        };
        assert_eq!(object["mode"], mode);
        assert_eq!(
            (&object["batch"], &object["steps"]),
            (&batch.into(), &steps.into())
        );
        assert_eq!(object["cell"], "elman");
        assert_eq!(object["hidden"], 20);
        assert_eq!(object["threads"], 1);
        assert_eq!(object["level"], Level::detect().name());
        let operations = f64::from(factor * 2 * batch * steps * (5 * 20 + 20 * 20 + 20 * 2));
        let rate = |field: &str| object[field].as_f64().expect("a number");
        let expected = operations / rate("median_us") / 1e3;
        assert!((rate("gflops") / expected - 1.0).abs() < 1e-3, "{object:?}");
    }
}

#[test]
fn levels_threads_and_weights_are_what_was_asked_for() {
    let shop = Workshop::new();
    for level in Level::available() {
        let objects = measured(&shop, &format!("--mode forward {SMALL} --level {level}"));
        assert_eq!(objects[0]["level"], level.name());
    }
    let objects = measured(&shop, &format!("--mode train {SMALL} --threads 2"));
    assert_eq!(objects[0]["threads"], 2);
    let objects = measured(&shop, &format!("--mode stream {SMALL} --weights bf16"));
    assert_eq!(objects[0]["weights"], "bf16");
}

#[test]
fn tables() {
    let shop = Workshop::new();
    let table = shop.ok("bench --mode stream --seconds 0.001");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 2 + 4, "{table}");
    let head = format!("elman, {}", Level::detect().name());
    assert!(lines[0].starts_with(&head), "{table}");
    for (line, hidden) in lines[2..].iter().zip([32, 128, 256, 512]) {
        assert!(
            line.contains(&format!(":{hidden}:10 ")) && line.contains(" % of "),
            "{table}"
        );
    }
    assert_eq!(
        measured(&shop, "--mode stream --seconds 0.001 --json").len(),
        4
    );
}

#[test]
fn what_is_refused() {
    let shop = Workshop::new();
    let refused = |flags: &str, words: &[&str]| shop.fails(&format!("bench {flags}"), 2, words);
    refused(
        &format!("--mode backward {SMALL}"),
        &["backward", "forward", "train", "stream"],
    );
    refused(SMALL, &["--mode"]);
    refused(
        "--mode forward --batch 3 --hidden 4",
        &["--steps is missing"],
    );
    refused(
        "--mode stream --input 3 --hidden 4",
        &["--output is missing"],
    );
    for dimension in ["batch", "steps", "input", "hidden", "output"] {
        refused(
            &format!("--mode forward --{dimension} 0"),
            &[&format!("--{dimension}")],
        );
    }
    let large = "--mode forward --steps 70000 --input 1 --output 1";
    refused(
        &format!("{large} --batch 70000 --hidden 4"),
        &["--batch", "4 GiB"],
    );
    refused(&format!("{large} --batch 1 --hidden 40000"), &["4 GiB"]);
    refused(
        "--mode stream --input 1 --output 1 --hidden 40000",
        &["--hidden", "4 GiB"],
    );
    refused(
        &format!("--mode train {SMALL} --weights bf16"),
        &["bf16", "inference"],
    );
    refused(
        &format!("--mode stream {SMALL} --threads 2"),
        &["--threads"],
    );
    refused("--seconds 0", &["--seconds"]);
    refused("--level sse9", &["--level", "portable"]);
    let absent = ["avx2", "avx512"].into_iter();
    for level in absent.filter(|name| Level::available().all(|level| level.name() != *name)) {
        refused(
            &format!("--level {level}"),
            &[level, "this CPU", "portable"],
        );
    }
}
