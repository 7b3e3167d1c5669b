//! From a trained run to artefacts, as a person would. That artefacts are right is tested where they are made; here is what
//! the command makes of a run, its data, and what was typed.

mod common;

use common::{Workshop, real_data};

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A table of sequences of two numbers whose sum tells the class.
fn table() -> String {
    let mut text = "seq,t,a,b,label\n".to_owned();
    for seq in 0..40 {
        for t in 0..5 {
            let (a, b) = ((seq * 7 + t * 3) % 11, (seq * 5 + t) % 7);
            let label = if seq % 2 == 0 { "low" } else { "high" };
            text += &format!("{seq},{t},{},{}.5,{label}\n", a + 10 * (seq % 2), b);
        }
    }
    text
}

const NUMBERS: &str = "train classify --train table.csv --out run --hidden 6 --epochs 3 --bidirectional false --seed 1";

#[test]
fn a_run_becomes_source_and_image_with_its_own_data() {
    let shop = Workshop::new();
    shop.write("table.csv", table());
    shop.ok(NUMBERS);
    let said = shop.ok("export run --format c -o net.c");
    for words in [
        "net.c, net.h: ",
        "-> 6 hidden -> 2 outputs",
        "validation data of the run",
        "bytes: state",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let (header, source) = (shop.text("net.h"), shop.text("net.c"));
    for words in [
        "extern const double net_mean[NET_MEAN_LEN];",
        "int net_step(",
        "deviation[i]",
    ] {
        assert!(header.contains(words), "{words} is not in\n{header}");
    }
    assert!(
        source.contains("\"high\", \"low\","),
        "the classes are there"
    );
    assert!(
        !source.contains(&shop.home.path().display().to_string()),
        "no path of this machine"
    );

    let report =
        json(&shop.ok("export run --format image -o net.image --data table.csv --golden 7 --json"));
    assert_eq!(
        (report["golden_steps"].as_u64(), report["steps"].as_u64()),
        (Some(7), Some(1))
    );
    assert_eq!(report["golden"], "the file table.csv");
    assert!(report["tolerance"].as_f64() > Some(0.0), "{report}");
    let image = shop.read("net.image");
    assert_eq!((&image[..8], image.len() % 64), (&b"ELMANIMG"[..], 0));
    let inspected = json(&shop.ok("inspect run --json"));
    assert_eq!(report["flash_bytes"], inspected["flash_bytes"]);
    assert_eq!(report["state_bytes"], inspected["state_bytes"]);

    let notes = String::from_utf8_lossy(&image);
    for words in [
        r#""name":"labels","about":"What the outputs are called.","items":["high","low"]"#,
        r#""front":{"scale":[""#,
        r#""],"farthest":"41200000","window":3,"rule":"3f8000000000000000000000ffffffff"}"#,
    ] {
        assert!(notes.contains(words), "elman.h looks for {words}");
    }
    // Seven golden samples of two columns, what fires, and how likely it is; version 2.
    assert_eq!(
        (report["feed_bytes"].as_u64(), image[8]),
        (Some(4 * 7 * 4), 2)
    );
    let said = shop.ok("export run --format image -o net.image");
    assert!(said.contains(", COLUMNS 2, ROOM 22 (elman.h)"), "{said}");
    shop.ok("export run --format image -o bare.image --bare");
    assert_eq!(shop.read("bare.image")[8], 1, "what older readers read");

    shop.ok("export run --format rust -o net.rs --bare");
    let module = shop.text("net.rs");
    assert!(module.contains("pub fn self_test() -> usize") && !module.contains("DEVIATION"));
    let again = shop.read("net.rs");
    shop.ok("export run --format rust -o net.rs --bare");
    assert_eq!(again, shop.read("net.rs"), "the same every time");
}

#[test]
fn every_task_can_be_exported() {
    let shop = Workshop::new();
    shop.write("text.txt", "to be or not to be\n".repeat(30));
    let series: String = (0..80)
        .map(|t| format!("{},{}\n", t, (t % 9) * 3))
        .collect();
    shop.write("series.csv", format!("t,y\n{series}"));
    let jobs = [
        (
            "label",
            "train label --train train.conll --hidden 8 --embedding 4 --epochs 1",
            "vocabulary_0",
        ),
        (
            "text",
            "train text --train text.txt --hidden 8 --epochs 1",
            "tokens",
        ),
        (
            "forecast",
            "train forecast --train series.csv --target y --hidden 4 --epochs 1",
            "residual",
        ),
        (
            "regress",
            "train regress --train series.csv --target y --inputs t --hidden 4 --epochs 1",
            "residual_0",
        ),
        ("echo", "train echo --hidden 4 --epochs 1", "labels"),
    ];
    for (name, job, constant) in jobs {
        shop.ok(&format!("{job} --out {name}"));
        shop.ok(&format!("export {name} --format c -o {name}.c"));
        let header = shop.text(&format!("{name}.h"));
        assert!(
            header.contains(&format!("{name}_{constant}[")),
            "{name}: {header}"
        );
        shop.ok(&format!("export {name} --format image -o {name}.image"));
        shop.ok(&format!("export {name} --format rust -o {name}.rs"));
    }
}

#[test]
fn lost_data_are_replaced_and_wrong_ones_refused() {
    let shop = Workshop::new();
    shop.write("table.csv", table());
    shop.ok(NUMBERS);
    std::fs::rename(shop.path("table.csv"), shop.path("moved.csv")).unwrap();
    let ran = shop.run("export run --format c -o net.c");
    assert_eq!(ran.code, 0, "{}", ran.err);
    for words in ["fixed generator", "table.csv", "--data FILE"] {
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
    assert!(shop.text("net.c").contains("steps of a fixed generator"));
    shop.fails(
        "export run --format c -o net.c --data gone.csv",
        2,
        &["gone.csv", "no such file"],
    );
    shop.fails(
        "export run --format c -o net.c --data train.conll",
        2,
        &["train.conll"],
    );
    shop.ok("export run --format c -o net.c --data moved.csv");
}

#[test]
fn what_makes_no_sense_is_refused_with_advice() {
    let shop = Workshop::new();
    shop.write("table.csv", table());
    shop.ok(NUMBERS);
    shop.fails(
        "export run --format onnx -o net.onnx --data table.csv",
        2,
        &["--data", "golden vectors"],
    );
    shop.fails("export run --format c -o net.h", 2, &["-o net.h", ".c"]);
    shop.fails("export run --format rust -o net", 2, &["-o net", "net.rs"]);
    shop.fails("export run --format c -o 1.c", 2, &["letter"]);
    shop.fails("export gone --format c -o net.c", 2, &["gone"]);
    shop.fails(
        "export run --format c -o net.c --golden 0",
        2,
        &["--golden"],
    );
    shop.fails(
        "export run --format image -o nowhere/net.image",
        1,
        &["nowhere"],
    );
}

#[test]
fn a_run_becomes_a_folder_for_a_package_manager() {
    let shop = Workshop::new();
    shop.write("table.csv", table());
    shop.ok(NUMBERS);
    let files = |kind: &str, flags: &str, folder: &str| -> Vec<String> {
        let line = format!("export run --package {kind} -o {folder} --json {flags}");
        let report = json(&shop.ok(&line));
        let files = report["files"].as_array().unwrap().iter();
        files
            .map(|file| file.as_str().unwrap().to_owned())
            .collect()
    };
    for (kind, metadata) in [
        ("arduino", "library.properties"),
        ("platformio", "library.json"),
        ("esp-idf", "idf_component.yml"),
        ("zephyr", "zephyr/module.yml"),
        ("cmsis", "Elman.hand_waves.pdsc"),
        ("cmake", "CMakeLists.txt"),
    ] {
        let folder = format!("{kind}/Hand-Waves");
        let found = files(kind, "", &folder);
        for file in [
            "src/hand_waves.c",
            "src/hand_waves.h",
            "README.md",
            metadata,
        ] {
            let file = format!("{folder}/{file}");
            assert!(found.contains(&file), "{file}: {found:?}");
            assert!(!shop.text(&file).is_empty(), "{file}");
        }
        let example = found.iter().find(|file| file.contains("/examples/stream/"));
        assert!(example.is_some(), "{found:?}");
    }
    shop.ok("quantize run --data table.csv");
    files("arduino", "--int8", "whole");
    assert!(shop.text("whole/src/whole.h").contains("whole_step_float("));
    assert!(
        shop.text("whole/examples/stream/stream.ino")
            .contains("whole_probability(&stream, event.label)")
    );
    shop.fails(
        "export run --package cmake --format rust -o folder",
        2,
        &["--package is for --format c"],
    );
    shop.fails(
        "export run --package cmake -o 2waves",
        2,
        &["must begin with a letter", "-o gestures"],
    );
    shop.fails("export run -o folder", 2, &["--format"]);
    shop.fails("export run --package debian -o folder", 2, &["esp-idf"]);
}

#[test]
fn real_data_become_golden_vectors() {
    let Some(data) = real_data("cls_japanese_vowels") else {
        return;
    };
    let shop = Workshop::new();
    let net = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/firmware/c/vowels");
    let (net, data) = (net.display(), data.display());
    let line = format!("export {net} --format c -o net.c --data {data}/test.csv --golden 40");
    assert!(shop.ok(&line).contains("40 steps of the file test.csv"));
    assert!(shop.text("net.h").contains("#define NET_STATE 32"));
}
