//! `elman train label`: what may be typed.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::task::{DEFAULTS, NUMBERS};
use crate::data::Format;
use crate::train::settings::{Settings, differing, with_defaults};

/// Learn a label for every token or every row of numbers
///
/// A CoNLL file holds one token per line, a TAB and its label, and a blank line after every sentence. Rows of numbers come
/// from a table with a header such as seq,t,x1,x2,label; their defaults differ, see below. With labels
/// such as B-PER, I-PER and O the score is the F1 of the spans, as the CoNLL script counts it; with other
/// labels it is the share of right ones. The best model so far is always in RUN/model.safetensors.
#[derive(Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(args_override_self = true, mut_args = |arg| with_defaults(arg, DEFAULTS), after_help = help())]
pub struct LabelArgs {
    /// Training data
    #[arg(long, value_name = "FILE")]
    pub train: Option<PathBuf>,
    /// Validation data [default: a tenth of the training data, held out]
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<PathBuf>,
    /// Format of the data: conll, csv, ts, npy or npz [default: found by content]
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// A TOML file with settings named like these flags; flags win
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    #[serde(flatten)]
    pub settings: Settings,
}

fn help() -> String {
    format!(
        "Other defaults for rows of numbers:\n  {}\n\n\
Examples:
  elman train label --train train.conll
  elman train label --train train.conll --valid dev.conll --out runs/names --seed 1
  elman train label --config runs/names/config.toml --out runs/names-again
  elman train --resume runs/names",
        differing(NUMBERS, DEFAULTS)
    )
}
