//! `elman train classify`: what may be typed.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::source::Unit;
use crate::data::vectors::VectorArgs;
use crate::data::{Columns, Dialect, Format};
use crate::task::class_weights::ClassWeights;
use crate::train::defaults::{Defaults, other_defaults, with_defaults, without};
use crate::train::settings::Settings;

/// Good for measurements of every kind: found on images read row by row, voices and motions.
pub const NUMBERS: &Defaults = &Defaults {
    elman: &[
        ("hidden", "192"),
        ("layers", "1"),
        ("embedding", "48"),
        ("window", "3"),
        ("activation", "relu"),
        ("bidirectional", "true"),
        ("train-initial-state", "false"),
        ("dropout", "0.5"),
        ("noise", "0.5"),
        ("optimizer", "adam"),
        ("lr", "0.001"),
        ("schedule", "cosine"),
        ("batch", "16"),
        ("clip-norm", "1"),
        ("epochs", "150"),
        ("patience", "40"),
    ],
    gated: &[],
};

/// Good for short texts read character by character.
pub const CHARACTERS: &Defaults = &Defaults {
    elman: &[
        ("hidden", "192"),
        ("layers", "1"),
        ("embedding", "48"),
        ("window", "5"),
        ("activation", "relu"),
        ("bidirectional", "true"),
        ("train-initial-state", "false"),
        ("dropout", "0.4"),
        ("optimizer", "adam"),
        ("lr", "0.001"),
        ("schedule", "cosine"),
        ("batch", "32"),
        ("clip-norm", "1"),
        ("epochs", "20"),
        ("patience", "0"),
    ],
    gated: &[],
};

/// Good for sentences read word by word.
pub const WORDS: &Defaults = &Defaults {
    elman: &[
        ("hidden", "64"),
        ("layers", "1"),
        ("embedding", "64"),
        ("window", "1"),
        ("activation", "tanh"),
        ("bidirectional", "true"),
        ("train-initial-state", "false"),
        ("dropout", "0.5"),
        ("optimizer", "adam"),
        ("lr", "0.002"),
        ("schedule", "cosine"),
        ("batch", "32"),
        ("clip-norm", "1"),
        ("epochs", "10"),
        ("patience", "0"),
    ],
    gated: &[],
};

/// Shared flags that are not for classes.
pub const UNUSED: &[&str] = &["k1", "k2"];

/// Learn a class for every sequence: of numbers, of characters or of words
///
/// Numbers come from a table with a header such as seq,t,x1,x2,label (CSV, TSV, packed by gzip or not), from UCR and UEA
/// archives (.ts) or NumPy arrays; they are put on the scale of the training part. Texts come as text, TAB, class on a
/// line; or as sentences with one token per line, and a file with a class per sentence. The defaults depend on what the
/// steps are; those shown are for numbers.
#[derive(Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(args_override_self = true, mut_args = |arg| without(with_defaults(arg, NUMBERS), UNUSED), after_help = help())]
pub struct ClassifyArgs {
    /// Training data
    #[arg(long, value_name = "FILE")]
    pub train: Option<PathBuf>,
    /// Validation data [default: a tenth of every class of the training data, held out; whole
    /// groups of it, where a column is called subject, group, speaker or fold]
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<PathBuf>,
    /// The classes of the training sentences, one per line, where --train holds one token per line
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<PathBuf>,
    /// The classes of the validation sentences
    #[arg(long, value_name = "FILE", requires = "classes")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_classes: Option<PathBuf>,
    /// What a step of a text is [default: words, if the texts have more than three on average]
    #[arg(long, value_name = "UNIT", conflicts_with = "classes")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Unit>,
    /// How much each class counts in training
    #[arg(long, value_name = "HOW", default_value = "none")]
    pub class_weights: ClassWeights,
    /// Format of the data: csv, ts, ucr, npy, npz, pairs or conll [default: found by content]
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// The column of a table that says train, dev or test of every sequence
    #[arg(long, value_name = "COLUMN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_column: Option<String>,
    /// Files of lines: the columns of text and class, counted from 1, such as 2,4 [default: found by content]
    #[arg(long, value_name = "TEXT,LABEL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Columns>,
    #[command(flatten)]
    #[serde(flatten)]
    pub vectors: VectorArgs,
    #[command(flatten)]
    #[serde(flatten)]
    pub dialect: Dialect,
    #[command(flatten)]
    #[serde(flatten)]
    pub settings: Settings,
}

fn help() -> String {
    format!(
        "{}\
Examples:
  elman train classify --train digits.csv --out runs/digits
  elman train classify --train names.tsv --valid dev.tsv --tokens chars
  elman train classify --train mails.tsv --columns 3,1     (text, class)
  elman train classify --train train.conll --classes train.intents.txt
  elman train classify --train digits.csv --cell gru
  elman train classify --train walks.csv --seq-column user \\
      --step-column ms --label-column activity
  elman train classify --train digits.csv --overfit-batch 16   (can it learn?)
  elman train classify --train digits.csv --seeds 5  (how much is luck)
  elman train --resume runs/digits",
        other_defaults(&[
            ("numbers", NUMBERS),
            ("characters", CHARACTERS),
            ("words", WORDS)
        ])
    )
}
