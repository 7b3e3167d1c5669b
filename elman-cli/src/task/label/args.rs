//! `elman train label`: what may be typed.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::labels::Labels;
use crate::base::failure::{Failure, Result};
use crate::data::vectors::VectorArgs;
use crate::data::{Columns, Dialect, Format};
use crate::task::class_weights::ClassWeights;
use crate::train::defaults::{Defaults, other_defaults, with_defaults};
use crate::train::settings::Settings;

/// Good for names and slots alike: found on three corpora of 1 000 to 13 000 sentences.
pub const DEFAULTS: &Defaults = &Defaults {
    elman: &[
        ("hidden", "128"),
        ("layers", "1"),
        ("embedding", "100"),
        ("window", "3"),
        ("activation", "tanh"),
        ("bidirectional", "true"),
        ("train-initial-state", "false"),
        ("dropout", "0.5"),
        ("optimizer", "adam"),
        ("lr", "0.003"),
        ("schedule", "cosine"),
        ("batch", "32"),
        ("clip-norm", "5"),
        ("epochs", "30"),
        ("patience", "8"),
    ],
    gated: &[],
};

/// Good for measurements with a label at every step.
pub const NUMBERS: &Defaults = &Defaults {
    elman: &[
        ("hidden", "192"),
        ("layers", "1"),
        ("embedding", "100"),
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
    /// Validation data [default: a tenth of the training data, held out; whole groups of it, where a column is
    /// called subject, group, speaker or fold]
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<PathBuf>,
    /// Format of the data: conll, csv, ts, ucr, npy or npz [default: found by content]
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// The column of a table that says train, dev or test of every sequence
    #[arg(long, value_name = "COLUMN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_column: Option<String>,
    /// Files of lines: the columns of token and label, counted from 1, such as 2,4 [default: found by content]
    #[arg(long, value_name = "TEXT,LABEL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Columns>,
    /// Learn as well which label likes to follow which, and label every sequence as a whole (a linear-chain CRF)
    #[arg(long, value_name = "YES", num_args = 0..=1, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transitions: Option<bool>,
    /// How much each label counts in training
    #[arg(long, value_name = "HOW", default_value = "none")]
    pub class_weights: ClassWeights,
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

/// More labels than this have too many pairs to learn from.
const MOST_SCORED: usize = 1000;

impl LabelArgs {
    /// Whether transitions between labels are to be learnt.
    ///
    /// # Errors
    /// They are, and other settings contradict that.
    pub fn scores_transitions(&self, labels: &Labels) -> Result<bool> {
        if self.transitions != Some(true) {
            return Ok(false);
        }
        let count = labels.len();
        let complaint = if self.settings.k1.is_some() {
            "--transitions scores whole sequences, which --k1 cuts into windows: leave out one of the two".to_owned()
        } else if self.settings.smoothing() > 0.0 {
            "--transitions gives whole sequences a probability, and --smoothing spreads that of single labels: leave out one of \
             the two"
                .to_owned()
        } else if self.class_weights != ClassWeights::None {
            "--transitions scores whole sequences, and --class-weights weighs single labels: leave out one of the two".to_owned()
        } else if count > MOST_SCORED {
            format!(
                "--transitions would score {count} times {count} pairs of labels, and at most {MOST_SCORED} labels can be told \
                 apart by what they follow: leave it out"
            )
        } else {
            return Ok(true);
        };
        Err(Failure::input(complaint))
    }
}

fn help() -> String {
    format!(
        "{}\
Examples:
  elman train label --train train.conll
  elman train label --train train.conll --valid dev.conll --out runs/names
  elman train label --train train.conll --cell gru
  elman train label --train train.conll --transitions  (with a CRF)
  elman train label --train rows.csv --class-weights balanced
  elman train label --train train.conll --vectors glove.6B.100d.txt
  elman train label --train treebank.conllu --columns 2,5    (word, label)
  elman train label --train train.conll --folds 5    (cross-validation)
  elman train label --config runs/names/config.toml --out runs/names-again
  elman train --resume runs/names",
        other_defaults(&[("sentences", DEFAULTS), ("rows of numbers", NUMBERS)])
    )
}
