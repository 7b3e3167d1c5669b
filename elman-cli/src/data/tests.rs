//! The loaders on real files, which lie beside the checkout and are no part of it.

use std::path::PathBuf;

use super::Told;
use super::conll::Conll;
use super::pairs::Pairs;
use super::table::{Part, Wanted};
use super::{Format, load_table, text};

/// The folder of real data, or `None` with a word of warning. On a server that is there to test it must exist.
fn real_data() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
    let folder =
        std::env::var_os("ELMAN_DATA").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    let is_required = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!is_required, "no real data in {}", folder.display());
    eprintln!("skipped: no real data in {}", folder.display());
    None
}

fn labelled() -> Wanted {
    Wanted {
        needs_labels: true,
        ..Wanted::default()
    }
}

#[test]
fn numeric_sequences() {
    let Some(data) = real_data() else { return };
    // File, sequences, rows, values per row.
    let files = [
        ("cls_digits8x8/train.csv", 1257, 1257 * 8, 8),
        ("cls_mnist_t10k/dev.csv.gz", 1000, 1000 * 28, 28),
        ("cls_japanese_vowels/test.csv", 370, 5687, 12),
        ("cls_basic_motions/train.csv", 40, 40 * 100, 6),
    ];
    for (file, sequences, rows, columns) in files {
        let path = data.join(file);
        assert_eq!(Format::of(None, &path).unwrap(), Format::Csv, "{file}");
        let table = load_table(&path, &labelled()).unwrap();
        assert_eq!(
            (table.sequences.len(), table.rows(), table.columns.len()),
            (sequences, rows, columns),
            "{file}"
        );
        assert!(table.mixed().is_none() && table.missing() == 0, "{file}");
    }
}

#[test]
fn series_with_parts_and_gaps() {
    let Some(data) = real_data() else { return };
    let wanted = Wanted {
        split_column: Some("split".into()),
        ..Wanted::default()
    };
    let table = load_table(&data.join("reg_series/co2_weekly.csv"), &wanted).unwrap();
    let [series] = &table.sequences[..] else {
        panic!("{} sequences", table.sequences.len())
    };
    assert_eq!(
        (&table.columns[..], table.missing()),
        (&["y".to_owned()][..], 59)
    );
    assert_eq!(series.stamps[0], "1958-03-29");
    assert!(series.parts.starts_with(&[Part::Train]) && series.parts.ends_with(&[Part::Test]));
}

#[test]
fn words_and_texts() {
    let Some(data) = real_data() else { return };
    let formats = [
        ("cls_names18/train.tsv", Format::Pairs),
        ("slot_snips/train.conll", Format::Conll),
        ("ner_wnut17/test.conll", Format::Conll),
        ("ner_wikigold/test.conll", Format::Conll),
        ("slot_snips/train.intents.txt", Format::Text),
        ("txt_tinyshakespeare/train.txt", Format::Text),
        ("txt_names/train.txt", Format::Text),
    ];
    for (file, format) in formats {
        let path = data.join(file);
        if path.exists() {
            assert_eq!(Format::of(None, &path).unwrap(), format, "{file}");
        }
    }
    let names = Pairs::load(&data.join("cls_names18/train.tsv"), &Told::default())
        .unwrap()
        .0;
    assert_eq!(names.len(), 14015);
    let sentences = Conll::load(&data.join("slot_snips/dev.conll"), None, None)
        .unwrap()
        .0;
    assert_eq!(sentences.len(), 691);
    let text = text::load(&data.join("txt_tinyshakespeare/train.txt")).unwrap();
    assert_eq!(text.chars().count(), 1_003_856);
}
