//! `elman train regress`: what may be typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::data::{Dialect, Format};
use crate::train::defaults::{Defaults, other_defaults, with_defaults, without};
use crate::train::settings::Settings;

/// Good for measurements of every kind: the linear sum does what it can, and the net must not learn its noise by heart.
pub const DEFAULTS: &Defaults = &Defaults {
    elman: &[
        ("hidden", "128"),
        ("layers", "1"),
        ("embedding", "1"),
        ("window", "1"),
        ("activation", "relu"),
        ("bidirectional", "false"),
        ("train-initial-state", "false"),
        ("dropout", "0.2"),
        ("optimizer", "adamw"),
        ("lr", "0.001"),
        ("schedule", "cosine"),
        ("batch", "16"),
        ("clip-norm", "1"),
        ("epochs", "150"),
        ("patience", "40"),
    ],
    gated: &[],
};

/// Shared flags that are not for numbers.
pub const UNUSED: &[&str] = &["embedding"];

/// At which steps the targets are read.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum At {
    /// At the last step: one answer for a sequence
    Last,
    /// At every step
    Every,
}

/// Learn numbers from sequences of numbers: one or more at the last step, or at every step
///
/// The file is a table with a header such as seq,t,x1,x2,y (CSV or TSV, packed or not), of which --target names the columns to
/// learn, or a .ts archive or NumPy arrays that come with a number for every sequence. Where a target is the same in all rows
/// of a sequence, or stands in its last row alone, it is read at the last step, and else at every step. A linear sum of the
/// inputs, on a scale chosen by validation within the training part, makes the estimate, and the net learns what it misses.
/// The score is r2, the share of the variance that is explained; 1 is perfect, 0 is the mean.
#[derive(Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(args_override_self = true, mut_args = |arg| without(with_defaults(arg, DEFAULTS), UNUSED), after_help = help())]
pub struct RegressArgs {
    /// Training data
    #[arg(long, value_name = "FILE")]
    pub train: Option<PathBuf>,
    /// Validation data [default: the rows that --split-column calls dev, or a tenth of the training data, held out; whole
    /// groups of it, where a column is called subject, group, speaker or fold]
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<PathBuf>,
    /// The columns to learn, with commas between their names [default: what a .ts archive or NumPy file gives with every
    /// sequence]
    #[arg(long, value_name = "COLUMNS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The columns to learn from, with commas [default: all columns of numbers]
    #[arg(long, value_name = "COLUMNS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<String>,
    /// The steps at which the targets are read: last or every [default: as the targets lie in the file]
    #[arg(long, value_name = "STEPS", hide_possible_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<At>,
    /// Format of the data: csv, ts, ucr, tsf, npy or npz [default: found by content]
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// The column that says train, dev or test of every row
    #[arg(long, value_name = "COLUMN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_column: Option<String>,
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
  elman train regress --train windows.csv --target y --out runs/squares
  elman train regress --train engine.csv --target torque,power \\
      --inputs rpm,throttle --seq-column run
  elman train regress --train AppliancesEnergy_TRAIN.ts
  elman train regress --train room.csv --target temperature --read every
  elman train regress --train windows.csv --target y --cell gru
  elman eval runs/squares --data test.csv
  elman predict runs/squares --data new.csv",
        other_defaults(&[("numbers", DEFAULTS)])
    )
}
