//! `elman compare`: what may be typed.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::data::table::Part;
use crate::data::{Columns, Format};
use crate::task::args::EvalArgs;

/// Compare two runs: scores, settings, costs, and on labelled data whether one is better
///
/// With --data both are measured on the same examples, and a paired test says whether the difference is more than chance:
/// McNemar's for classes, a bootstrap over sentences or sequences for labels, spans and texts, that of Diebold and Mariano for
/// forecasts and, sequence by sequence, for numbers.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elman compare runs/small runs/large
  elman compare runs/small runs/large --data test.conll
  elman compare runs/sun-1 runs/sun-2 --data sunspots.csv --part test
  elman compare runs/a runs/b --data test.csv --json | jq .test.p")]
pub struct CompareArgs {
    /// The folder of a training run
    #[arg(value_name = "A")]
    pub a: PathBuf,
    /// The folder of another
    #[arg(value_name = "B")]
    pub b: PathBuf,
    /// Labelled data that neither has learnt from
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Format of the data: csv, ts, tsf, ucr, npy, npz, conll, pairs or text [default: found by content]
    #[arg(
        long,
        value_name = "FORMAT",
        hide_possible_values = true,
        requires = "data"
    )]
    pub format: Option<Format>,
    /// Files of lines: the columns of token or text and of its label, counted from 1 [default: found by content, or as in
    /// training]
    #[arg(long, value_name = "TEXT,LABEL", requires = "data")]
    pub columns: Option<Columns>,
    /// Tables: only what the split column puts into this part; of a series earlier rows serve as history
    #[arg(long, value_name = "PART", requires = "data")]
    pub part: Option<Part>,
    /// The classes of the sentences, where they have a file of their own
    #[arg(long, value_name = "FILE", requires = "data")]
    pub classes: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Threads at work; the result does not depend on it
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,
}

impl CompareArgs {
    /// Measuring one of the runs on the data.
    pub fn eval(&self, run: &Path, data: &Path) -> EvalArgs {
        EvalArgs {
            interval: None,
            runs: vec![run.to_owned()],
            data: data.to_owned(),
            format: self.format,
            columns: self.columns,
            part: self.part,
            classes: self.classes.clone(),
            events: false,
            background: None,
            int8: false,
            json: self.json,
            threads: self.threads,
        }
    }
}
