//! Nets in whole numbers: `elman quantize`, `--int8` of `elman eval` and `elman predict`, and what is exported.

mod common;

use common::{Workshop, real_data};

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_tagger_in_whole_numbers() {
    let shop = Workshop::new();
    shop.train("run", "");
    shop.fails(
        "eval run --data test.conll --int8",
        2,
        &["quantized.safetensors", "elman quantize RUN --data FILE"],
    );
    let report = json(&shop.ok("quantize run --data train.conll --json"));
    assert!(report["after"]["f1"].as_f64() > Some(0.5), "{report}");
    assert!(report["flash_bytes"][1].as_u64() < report["flash_bytes"][0].as_u64());
    let first = shop.read("run/quantized.safetensors");
    shop.ok("quantize run --data train.conll --threads 1 -o again.safetensors");
    assert_eq!(
        shop.read("again.safetensors"),
        first,
        "the same bytes every time"
    );
    let float = json(&shop.ok("eval run --data test.conll --json"));
    let whole = json(&shop.ok("eval run --data test.conll --int8 --json"));
    let off = float["accuracy"].as_f64().unwrap() - whole["accuracy"].as_f64().unwrap();
    assert!(off.abs() < 0.02, "{float} {whole}");
    let [float, whole] = ["", "--int8"].map(|form| {
        let said = shop.ok(&format!("predict run --data test.conll {form}"));
        said.lines().map(str::to_owned).collect::<Vec<String>>()
    });
    let same = float.iter().zip(&whole).filter(|(a, b)| a == b).count();
    assert!(
        float.len() == whole.len() && 100 * same > 97 * float.len(),
        "{same} of {}",
        float.len()
    );
    let sure = |form: &str| shop.ok(&format!("predict run --data test.conll --json {form}"));
    assert_ne!(sure(""), sure("--int8"), "the probabilities are its own");
    shop.fails(
        "predict run --data test.conll --int8 --why",
        2,
        &["--int8", "--why"],
    );
    // Numbers of another training are refused.
    shop.train("other", "--seed 2");
    let words = shop.read("run/quantized.safetensors");
    shop.write("other/quantized.safetensors", words);
    shop.fails(
        "eval other --data test.conll --int8",
        2,
        &["elman quantize again"],
    );
    shop.write("run/quantized.safetensors", &first[..first.len() / 2]);
    shop.fails(
        "eval run --data test.conll --int8",
        2,
        &["not a file written by elman quantize"],
    );
    shop.fails(
        "quantize run --data train.conll --part test",
        2,
        &["--part"],
    );
    shop.fails(
        "quantize run --data nowhere.conll",
        2,
        &["nowhere.conll", "no such file"],
    );
}

/// At most half a point, on data that calibration never saw.
#[test]
fn speakers_are_told_apart_as_well_as_before() {
    let Some(data) = real_data("cls_japanese_vowels") else {
        return;
    };
    let shop = Workshop::new();
    let file = |name: &str| data.join(name).display().to_string();
    let (train, test) = (file("train.csv"), file("test.csv"));
    shop.ok(&format!(
        "train classify --train {train} --seed 1 --epochs 30 --out run"
    ));
    shop.ok(&format!("quantize run --data {train}"));
    let score = |flag: &str| {
        let report = json(&shop.ok(&format!("eval run --data {test} --json {flag}")));
        report["accuracy"].as_f64().unwrap()
    };
    let (before, after) = (score(""), score("--int8"));
    assert!(before > 0.9 && after >= before - 0.005, "{before} {after}");
}

#[test]
fn a_net_in_whole_numbers_is_exported_as_rust() {
    let shop = Workshop::new();
    shop.train("run", "--bidirectional false");
    let line = "export run --format rust --int8 -o net.rs";
    shop.fails(line, 2, &["elman quantize RUN --data FILE makes it"]);
    shop.ok("quantize run --data train.conll");
    let report = json(&shop.ok(&format!("{line} --json")));
    let float = json(&shop.ok("export run --format rust -o float.rs --json"));
    assert!(
        report["flash_bytes"].as_u64() < float["flash_bytes"].as_u64(),
        "{report}"
    );
    assert_eq!(report["tolerance"], 0.0);
    let module = shop.text("net.rs");
    for part in [
        "pub static WORDS: [u32; ",
        "QuantizedStream<'a>",
        "pub static LABELS: [&str; ",
    ] {
        assert!(module.contains(part), "{part}");
    }
    shop.fails(
        "export run --format onnx --int8 -o net.onnx",
        2,
        &["--format c, --format rust and --format image"],
    );
    let image = json(&shop.ok("export run --format image --int8 -o net.image --json"));
    assert_eq!(
        (&image["flash_bytes"], &image["tolerance"]),
        (&report["flash_bytes"], &report["tolerance"])
    );
    let printed = shop.ok("export run --format image --int8 -o net.image");
    assert!(printed.contains("from C   STATE "), "{printed}");
}

#[test]
fn a_net_in_whole_numbers_is_exported_as_c() {
    let shop = Workshop::new();
    shop.train("run", "");
    let line = "export run --format c --int8 -o tagger.c";
    shop.fails(line, 2, &["elman quantize RUN --data FILE makes it"]);
    shop.ok("quantize run --data train.conll");
    let report = json(&shop.ok(&format!("{line} --json")));
    let float = json(&shop.ok("export run --format c -o plain.c --json"));
    assert!(
        report["flash_bytes"].as_u64() < float["flash_bytes"].as_u64(),
        "{report}"
    );
    assert_eq!(report["tolerance"], 0.0);
    let (source, header) = (shop.text("tagger.c"), shop.text("tagger.h"));
    for part in ["TAGGER_BLOCK(", "tagger_run(", "const tagger_labels["] {
        assert!(source.contains(part), "{part}");
    }
    for part in [
        "#define TAGGER_UNIT ",
        "tagger_run_float(",
        "TAGGER_WORK(steps)",
    ] {
        assert!(header.contains(part), "{part}");
    }
    shop.fails(
        "export run --format c --int8 -o tagger.h",
        2,
        &["must end in .c"],
    );
}

/// Chaos, of which no linear sum knows how it goes on, with noise.
fn chaos(steps: std::ops::Range<usize>) -> String {
    let mut x = 0.4;
    let mut rows = "t,y\n".to_owned();
    for t in 0..steps.end {
        x *= 3.75 * (1.0 - x);
        if steps.contains(&t) {
            let noise = (t * 7919 % 101) as f64 / 500.0;
            rows += &format!("{t},{}\n", 20.0 + 10.0 * x + noise);
        }
    }
    rows
}

/// Of the values that it was calibrated on, so many lie within its intervals as shall do so of others; and exports say whose errors these
/// follow from.
#[test]
fn intervals_follow_from_the_errors_of_the_net_that_answers() {
    let shop = Workshop::new();
    shop.write("train.csv", chaos(0..500));
    shop.write("valid.csv", chaos(500..700));
    shop.ok("train forecast --train train.csv --valid valid.csv --target y --hidden 12 --epochs 60 --lr 0.01 --k1 25 --threads 1 --seed 1 --out run");
    let quantized = shop.run("quantize run --data train.csv");
    assert!(quantized.code == 0 && !quantized.err.contains("errors of the float net"));
    let eval = "eval run --data valid.csv --int8 --interval 0.8 --json";
    let report = json(&shop.ok(eval));
    let items = report["items"].as_f64().unwrap();
    let held = (report["coverage"].as_f64().unwrap() * items).round();
    let rank = ((items + 1.0) * 0.8 - 1e-9).ceil();
    // The value that the reach comes from lies on the edge.
    assert!(
        (rank - 1.0..=rank).contains(&held),
        "{held} of {items}: {report}"
    );
    let float = json(&shop.ok("eval run --data valid.csv --interval 0.8 --json"));
    assert_ne!(report["interval_width"], float["interval_width"]);
    // What predict answers is what eval measures.
    let said = shop.ok("predict run --data valid.csv --int8 --interval 0.8");
    assert!(said.starts_with("t,y,y+1,y+1 low,y+1 high\n"), "{said}");
    let cells = said.lines().skip(1).map(|line| line.split(','));
    let numbers: Vec<Vec<f64>> = cells
        .map(|row| row.map(|cell| cell.parse().unwrap_or(f64::NAN)).collect())
        .collect();
    // Answers whose lags begin before the series are not scored.
    let unscored = numbers.len() - 1 - items as usize;
    let pairs = numbers.iter().zip(numbers.iter().skip(1)).skip(unscored);
    let within = pairs.filter(|(at, next)| (at[3]..=at[4]).contains(&next[1]));
    let within = within.count() as f64;
    assert!((within - held).abs() <= 1.0, "{within}, not {held}");
    let export = |format: &str, file: &str| {
        shop.ok(&format!("export run --format {format} --int8 -o {file}"));
        let header = file.replace(".c", ".h");
        shop.text(&header)
    };
    for (format, file) in [("c", "net.c"), ("rust", "net.rs")] {
        let text = export(format, file);
        assert!(
            text.contains("errors of this net in whole numbers"),
            "{text}"
        );
    }
    // Without the data of the run nobody can measure them anew: those of the same words stay, other words have none. Data that have
    // changed are as bad.
    let first = shop.read("run/quantized.safetensors");
    std::fs::remove_file(shop.path("valid.csv")).unwrap();
    let quantized = shop.run("quantize run --data train.csv");
    assert_eq!((quantized.code, &*quantized.err), (0, ""));
    assert_eq!(shop.read("run/quantized.safetensors"), first);
    shop.write("other.csv", chaos(700..900).replace(",3", ",5"));
    for about in ["valid.csv", "they are not what they were"] {
        let quantized = shop.run("quantize run --data other.csv");
        let err = &quantized.err;
        assert!(
            quantized.code == 0 && err.contains("errors of the float net") && err.contains(about),
            "{err}"
        );
        shop.write("valid.csv", chaos(500..690));
    }
    for (format, file) in [("c", "net.c"), ("rust", "net.rs")] {
        let text = export(format, file);
        assert!(text.contains("errors of the float net"), "{text}");
    }
    let told = shop.run("eval run --data train.csv --int8 --interval 0.8");
    assert!(
        told.code == 0 && told.err.contains("were not measured"),
        "{}",
        told.err
    );
    let told = shop.run("eval run --data train.csv --interval 0.8");
    assert!(told.code == 0 && told.err.is_empty(), "{}", told.err);
}
