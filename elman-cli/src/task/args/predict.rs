//! `elman predict`: what may be typed.

use std::path::PathBuf;

use clap::Args;

use crate::base::typed::{count, real};
use crate::data::{Columns, Format};

/// What stands where an answer is less probable than `--min-confidence` asks.
pub const UNSURE: &str = "unsure";

/// Answer new data with a trained model
#[derive(Args, Debug)]
#[command(after_help = "\
Data in, answers out, in the format of the data that the run was trained on:
  label     a token per line, a blank line after every sentence: token, TAB, label; rows of numbers: seq,t,label,probability
            --text: token, start, end, label, with TABs between
  classify  a table: seq,class,probability; texts: text, TAB, class; sentences: a class per line
  forecast  the rows, with one more column: the target N steps ahead, as --horizon was (\"ahead\" in JSON counts the
            steps of --steps); t counts the steps from 0, and a column of dates goes on where its steps are even
  regress   a table: seq,<targets>, or seq,t,<targets> where they are read at every step
  text      what every line costs in nats, TAB, line
  values    (imported nets) a table: seq,t,<outputs>, or seq,<outputs> after the last step
From - (standard input) everything is answered as soon as it is there.

Examples:
  elman predict runs/names --data new.conll > labelled.conll
  printf '%s\\n' My name is Ada Lovelace . | elman predict runs/names --data -
  elman predict runs/names --data new.conll --json | jq -c .spans
  elman predict runs/names --data new.conll --min-confidence 0.9
  elman predict runs/digits --data new.csv --top-k 3
  echo 'I saw Ada Lovelace.' | elman predict runs/names --data - --text
  elman predict runs/sun --data sunspots.csv --steps 12
  elman predict runs/sun --data sunspots.csv --interval 0.9
  elman predict runs/sun --data sunspots.csv --flag --interval 0.95
  elman predict runs/sun --data sunspots.csv --int8  (after elman quantize)
  elman predict runs/squares --data windows.csv
  elman predict runs/five-seeds --data new.conll     (together)
  elman predict runs/shakespeare --data new.txt
  elman predict runs/names --data new.conll --why    (what spoke for each label)")]
pub struct PredictArgs {
    /// The folder of a training run; of several, or of one that --folds or --seeds made, the answers are averaged
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// Data in the format of the training data, with or without labels; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Format of the data: csv, ts, tsf, ucr, npy, npz, conll, pairs or text [default: found by content]
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Option<Format>,
    /// Files of lines: the columns of token or text and of its label, counted from 1 [default: found by content, or as in
    /// training]
    #[arg(long, value_name = "TEXT,LABEL")]
    pub columns: Option<Columns>,
    /// Forecasts: only the next N rows after the end of the data, each forecast from those before
    #[arg(long, value_name = "N", value_parser = count(1..=1 << 20))]
    pub steps: Option<usize>,
    /// Labels and classes: the K most probable of each, with their probabilities
    #[arg(long, value_name = "K", value_parser = count(1..=10_000))]
    pub top_k: Option<usize>,
    /// Labels and classes: `unsure` in place of what is less probable than this; of spans it is the whole span that counts
    #[arg(long, value_name = "P", value_parser = real(0.0..=1.0, "from 0 to 1"))]
    pub min_confidence: Option<f64>,
    /// Runs of words that were trained by train label: the data are running text, which is cut into sentences and tokens; answers say where
    /// each token begins and ends, in characters of the whole text
    #[arg(long, conflicts_with = "columns")]
    pub text: bool,
    /// Forecasts and numbers: also the interval that should hold this share of the values, by the errors on validation data
    #[arg(long, value_name = "P", value_parser = real(0.001..=0.9999, "from 0.001 to 0.9999"), conflicts_with = "steps")]
    pub interval: Option<f64>,
    /// Forecasts: say of every value whether it lay outside its interval, as few should [default interval: 0.99]
    #[arg(long, conflicts_with_all = ["steps", "why"])]
    pub flag: bool,
    /// Say with every answer what spoke for it, and against the next best: gradient times input, of tokens or of columns at steps;
    /// of every series for its last forecast
    #[arg(long, conflicts_with_all = ["steps", "text", "top_k", "min_confidence"])]
    pub why: bool,
    /// The net in whole numbers that `elman quantize` made, instead of the floating-point one
    #[arg(long, conflicts_with = "why")]
    pub int8: bool,
    /// Print one JSON object per sentence, with tokens, labels, spans and how probable each is; or per row, with value and forecast
    #[arg(long)]
    pub json: bool,
    /// Threads at work; the result does not depend on it
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,
}

/// Values outside of such an interval are few.
const UNUSUAL: f64 = 0.99;

impl PredictArgs {
    /// The share of values that an interval is to hold, if one is asked for.
    pub fn interval(&self) -> Option<f64> {
        self.interval.or(self.flag.then_some(UNUSUAL))
    }

    /// Whether an answer of this probability is one.
    pub fn is_sure(&self, probability: f64) -> bool {
        self.min_confidence.is_none_or(|least| probability >= least)
    }

    /// Whether somebody asks how probable answers are.
    pub const fn asks_for_more(&self) -> bool {
        self.top_k.is_some() || self.min_confidence.is_some()
    }
}
