//! `elman eval`: what may be typed.

use std::path::PathBuf;

use clap::Args;

use crate::base::tell::tell;
use crate::base::typed::real;
use crate::data::table::Part;
use crate::data::{Columns, DataFile, Format};

/// Measure a model on a file
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elman eval runs/names --data test.conll
  elman eval runs/names --data test.conll --json | jq .f1
  elman eval runs/sun --data sunspots.csv --part test
  elman eval runs/sun --data sunspots.csv --part test --interval 0.9
  elman eval runs/digits --data test.csv --int8     (after elman quantize)
  elman eval runs/steps --events                    (tunes when an answer is an event)
  elman eval runs/steps --events --background rest  (rest is no event)
  elman eval runs/steps --events --data test.csv    (measures that on other data)
  elman eval runs/steps --events --int8             (after elman quantize: tunes it for exports with --int8)
  elman eval runs/a runs/b runs/c --data test.csv   (together)")]
pub struct EvalArgs {
    /// The folder of a training run; of several, or of one that --folds or --seeds made, the answers are averaged
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// Labelled data in the format of the training data
    #[arg(long, value_name = "FILE", required_unless_present = "events", default_value = TUNES, hide_default_value = true)]
    pub data: PathBuf,
    /// Format of the data: csv, ts, tsf, ucr, npy, npz, conll, pairs or text [default: found by content]
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Option<Format>,
    /// Files of lines: the columns of token or text and of its label, counted from 1 [default: found by content, or as in
    /// training]
    #[arg(long, value_name = "TEXT,LABEL")]
    pub columns: Option<Columns>,
    /// Tables: only what the split column puts into this part; of a series earlier rows serve as history
    #[arg(long, value_name = "PART")]
    pub part: Option<Part>,
    /// The classes of the sentences, where they have a file of their own
    #[arg(long, value_name = "FILE")]
    pub classes: Option<PathBuf>,
    /// Forecasts and numbers: how many values lie within the intervals that should hold this share of them
    #[arg(long, value_name = "P", value_parser = real(0.001..=0.9999, "from 0.001 to 0.9999"))]
    pub interval: Option<f64>,
    /// The net in whole numbers that elman quantize made, instead of the floating-point one
    #[arg(long)]
    pub int8: bool,
    /// Nets that tell classes or labels of measurements: events, as the exported feed tells them. Without --data, find on the run's
    /// validation data the smoothing, threshold and refractory time that tell them best, and keep them in the model for exports;
    /// with --data, measure what is kept. With --int8 all of this is done with the net in whole numbers, fed as on a chip, and kept
    /// for exports with --int8
    #[arg(long, conflicts_with = "interval")]
    pub events: bool,
    /// The label that is no event [default: of labels the most frequent one, of classes none]
    #[arg(
        long,
        value_name = "LABEL",
        requires = "events",
        conflicts_with = "data"
    )]
    pub background: Option<String>,
    /// Print one JSON object; of more than 1000 classes, confusion_cells in place of the matrix confusion: what is not
    /// zero, as [real class, found class, count]
    #[arg(long)]
    pub json: bool,
    /// Threads at work; the result does not depend on it
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,
}

/// What --data is where it is not said: then --events finds a rule.
const TUNES: &str = "-";

/// The column that tells which rows are of a part; `known` is the one of training.
pub fn split_column(part: Option<Part>, known: Option<&str>) -> Option<&str> {
    /// What it is called where training had none.
    const USUAL: &str = "split";
    part.map(|_| known.unwrap_or(USUAL))
}

impl EvalArgs {
    /// Says that the rows of training count too, where its file had a split column and nobody asks for a part.
    pub fn note_parts(&self, known: Option<&str>) {
        if let (None, Some(known)) = (self.part, known) {
            tell!(
                "elman: note: all rows count here; where the column {known} says which are those of training, --part test takes the \
                 test part alone"
            );
        }
    }

    /// Whether --events is to find a rule, on the run's validation data.
    pub fn tunes(&self) -> bool {
        self.events && self.data.as_os_str() == TUNES
    }

    /// The labelled data.
    pub fn file(&self) -> DataFile<'_> {
        DataFile {
            path: &self.data,
            format: self.format,
            classes: self.classes.as_deref(),
            columns: self.columns,
            part: self.part,
        }
    }
}
