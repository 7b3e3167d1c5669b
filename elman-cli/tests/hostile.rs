//! Files of strangers: the seeds of the fuzz targets are accepted, what once broke a reader no longer does, and metadata
//! that lie are refused.

use std::fs;
use std::path::{Path, PathBuf};

use elman_cli::hostile;

type Reader = fn(&[u8]) -> bool;

/// The targets that read files, by the names of their folders.
const READERS: [(&str, Reader); 15] = [
    ("any_table", hostile::any_table),
    ("checkpoint", hostile::checkpoint),
    ("config", hostile::config),
    ("conll", hostile::conll),
    ("csv", hostile::csv),
    ("image", hostile::image),
    ("model", hostile::model),
    ("npy", hostile::npy),
    ("npz", hostile::npz),
    ("onnx", hostile::onnx),
    ("pairs", hostile::pairs),
    ("quantized", hostile::quantized),
    ("state_dict", hostile::state_dict),
    ("ts", hostile::ts),
    ("tsf", hostile::tsf),
];

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

/// The files of a folder, which may be missing.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let read = |path: PathBuf| (path.clone(), fs::read(path).expect("a file"));
    paths.into_iter().map(read).collect()
}

#[test]
fn the_seeds_are_accepted() {
    for (name, reader) in READERS {
        let seeds = files(&fuzz().join("seeds").join(name));
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for (path, bytes) in seeds {
            assert!(reader(&bytes), "{}", path.display());
        }
    }
}

#[test]
fn what_once_broke_a_reader_no_longer_does() {
    for (name, reader) in READERS {
        for (_, bytes) in files(&fuzz().join("crashes").join(name)) {
            reader(&bytes);
        }
    }
}

#[test]
fn shortened_seeds_do_no_harm() {
    for (name, reader) in READERS {
        for (path, bytes) in files(&fuzz().join("seeds").join(name)) {
            for end in (0..bytes.len()).step_by(1 + bytes.len() / 50) {
                let is_accepted = reader(&bytes[..end]);
                let is_binary = matches!(
                    name,
                    "checkpoint" | "image" | "model" | "npy" | "npz" | "quantized"
                );
                assert!(
                    !(is_accepted && is_binary),
                    "{}: {end} bytes",
                    path.display()
                );
            }
        }
    }
}

/// A model whose metadata were changed by somebody who left the checksum out.
fn forged(seed: &str, from: &str, to: &str) -> Vec<u8> {
    let bytes = fs::read(fuzz().join("seeds/model").join(seed)).expect("a seed");
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
    let text = std::str::from_utf8(&bytes[8..header]).expect("JSON");
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    let text = text.replace(from, to);
    [
        &(text.len() as u64).to_le_bytes(),
        text.as_bytes(),
        &bytes[header..],
    ]
    .concat()
}

#[test]
fn lies_about_a_net_are_refused() {
    let lies = [
        ("text-bare", r#"\"hidden\":2"#, r#"\"hidden\":16777216"#),
        ("text-bare", r#"\"hidden\":2"#, r#"\"hidden\":0"#),
        (
            "text-bare",
            r#"\"vocabulary\":4"#,
            r#"\"vocabulary\":16777216"#,
        ),
        ("text-bare", r#"\"entries\":[\"\\n\","#, r#"\"entries\":["#),
        ("echo-bare", r#"\"classes\":2"#, r#"\"classes\":37"#),
        ("echo-bare", r#"\"classes\":2"#, r#"\"classes\":1"#),
        (
            "forecast-bare",
            r#"\"horizon\":1"#,
            r#"\"horizon\":18446744073709551615"#,
        ),
        ("forecast-bare", r#"\"horizon\":1"#, r#"\"horizon\":0"#),
        (
            "classify-bare",
            r#"\"window\":"#,
            r#"\"window\":9223372036854775807,\"was\":"#,
        ),
        (
            "classify-bare",
            r#"\"window\":"#,
            r#"\"window\":0,\"was\":"#,
        ),
        (
            "classify-bare",
            r#"\"columns\":[\"x1\","#,
            r#"\"columns\":["#,
        ),
        ("label-bare", r#"\"names\":[\"B-NAME\","#, r#"\"names\":["#),
    ];
    for (seed, from, to) in lies {
        assert!(!hostile::model(&forged(seed, from, to)), "{seed}: {to}");
    }
}

#[test]
fn lags_beyond_all_memory_are_refused() {
    let bytes = fs::read(fuzz().join("seeds/model/forecast-bare")).expect("a seed");
    let text = String::from_utf8_lossy(&bytes);
    let (_, rest) = text.split_once(r#"\"lags\":"#).expect("lags");
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let from = format!(r#"\"lags\":{digits}"#);
    for lags in ["18446744073709551615", "18446744073709551614", "0"] {
        let to = format!(r#"\"lags\":{lags}"#);
        assert!(
            !hostile::model(&forged("forecast-bare", &from, &to)),
            "{lags}"
        );
    }
}
