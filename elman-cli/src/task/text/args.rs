//! What may be typed about text.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::lexicon::Unit;
use crate::data::Format;
use crate::train::defaults::{Defaults, other_defaults, with_defaults, without};
use crate::train::settings::Settings;

/// Good for running text by characters: found on a megabyte of plays.
pub const STREAMS: &Defaults = &Defaults {
    elman: &[
        ("hidden", "512"),
        ("layers", "1"),
        ("embedding", "64"),
        ("window", "1"),
        ("activation", "tanh"),
        ("bidirectional", "false"),
        ("train-initial-state", "false"),
        ("dropout", "0.1"),
        ("optimizer", "adam"),
        ("lr", "0.002"),
        ("schedule", "cosine"),
        ("batch", "32"),
        ("k1", "50"),
        ("clip-norm", "1"),
        ("epochs", "12"),
        ("patience", "0"),
    ],
    gated: &[],
};

/// Good for short items, one per line.
pub const LINES: &Defaults = &Defaults {
    elman: &[
        ("hidden", "256"),
        ("layers", "1"),
        ("embedding", "32"),
        ("window", "1"),
        ("activation", "tanh"),
        ("bidirectional", "false"),
        ("train-initial-state", "false"),
        ("dropout", "0.3"),
        ("optimizer", "adam"),
        ("lr", "0.002"),
        ("schedule", "cosine"),
        ("batch", "64"),
        ("k1", "50"),
        ("clip-norm", "1"),
        ("epochs", "24"),
        ("patience", "0"),
    ],
    // After four epochs of first names a GRU is at 2.02 nats, and with 0.002 at 2.08.
    gated: &[("lr", "0.004")],
};

/// Good for running text by words.
pub const WORDS: &Defaults = &Defaults {
    elman: &[
        ("hidden", "256"),
        ("layers", "1"),
        ("embedding", "128"),
        ("window", "1"),
        ("activation", "tanh"),
        ("bidirectional", "false"),
        ("train-initial-state", "false"),
        ("dropout", "0.4"),
        ("optimizer", "adam"),
        ("lr", "0.002"),
        ("schedule", "cosine"),
        ("batch", "32"),
        ("k1", "20"),
        ("clip-norm", "1"),
        ("epochs", "12"),
        ("patience", "0"),
    ],
    gated: &[],
};

/// Shared flags that are not for text.
pub const UNUSED: &[&str] = &["bidirectional", "window", "noise"];

/// Learn the next character or word of a text
///
/// Running text is laid out in --batch parallel streams; every update learns from the next --k1 steps of each, and the
/// state is carried on. A file with one item per line, such as a name, is read line by line instead: every line starts
/// from the initial state, and its end is one of the characters to foresee. The score is the mean loss in nats per
/// token, negated so that higher is better.
#[derive(Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(args_override_self = true, mut_args = |arg| without(with_defaults(arg, STREAMS), UNUSED), after_help = help())]
pub struct TextArgs {
    /// Training data, UTF-8
    #[arg(long, value_name = "FILE")]
    pub train: Option<PathBuf>,
    /// Validation data [default: the last tenth of the text, or a tenth of the lines, held out]
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<PathBuf>,
    /// What is foreseen
    #[arg(long, value_name = "UNIT", default_value = "chars")]
    pub tokens: Unit,
    /// Whether every line is an item of its own [default: if no line has more than one word]
    #[arg(long, value_name = "YES", num_args = 0..=1, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<bool>,
    /// Format of the data: text [default: found by content]
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    #[command(flatten)]
    #[serde(flatten)]
    pub settings: Settings,
}

fn help() -> String {
    format!(
        "{}\
Examples:
  elman train text --train shakespeare.txt --out runs/shakespeare
  elman train text --train names.txt                 (one name per line)
  elman train text --train shakespeare.txt --cell lstm
  elman train text --train corpus.txt --valid dev.txt --tokens words
  elman generate runs/shakespeare --prompt 'ROMEO:' --length 500
  elman train --resume runs/shakespeare",
        other_defaults(&[
            ("running text", STREAMS),
            ("one item per line", LINES),
            ("words", WORDS)
        ])
    )
}
