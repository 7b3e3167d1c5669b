//! What columns with a purpose are called.

/// Columns that say who or when and are nothing to learn from, unless asked for by name.
pub const METADATA: [&str; 11] = [
    "fold",
    "group",
    "speaker",
    "subject",
    "id",
    "split",
    "date",
    "time",
    "datetime",
    "timestamp",
    "ds",
];

/// Those of them that say when.
pub const DATES: [&str; 5] = ["date", "time", "datetime", "timestamp", "ds"];

/// Those of them that say who, the most telling first.
pub const GROUPS: [&str; 4] = ["subject", "group", "speaker", "fold"];

/// What the columns of a table of sequences are called; the second names count where no column has one of the first.
pub const SEQUENCES: [&[&str]; 2] = [
    &["seq", "sequence"],
    &["unique_id", "series_id", "seq_id", "sequence_id"],
];
pub const STEPS: [&[&str]; 2] = [&["t", "step"], &["time_step", "timestep", "time_idx"]];
pub const LABELS: [&[&str]; 2] = [
    &["label", "class"],
    &["activity", "category", "class_label"],
];

/// What the columns of texts and of classes of a table of texts are called, in small letters.
pub const TEXTS: [&str; 10] = [
    "text",
    "texts",
    "sentence",
    "message",
    "utterance",
    "review",
    "content",
    "tweet",
    "question",
    "comment",
];
pub const CLASSES: [&str; 7] = [
    "label",
    "labels",
    "class",
    "category",
    "target",
    "sentiment",
    "intent",
];

/// Whether a column of this name makes rows the steps of sequences.
pub fn orders_rows(name: &str) -> bool {
    let mut names = SEQUENCES[0].iter().chain(STEPS[0]);
    names.any(|known| name.eq_ignore_ascii_case(known))
}
