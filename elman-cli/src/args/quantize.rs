//! `elman quantize`: what may be typed.

use std::path::PathBuf;

use clap::Args;

use crate::data::Format;
use crate::data::table::Part;
use crate::task::args::EvalArgs;

/// Round a model to 8-bit weights and 16-bit states, calibrated on your data
#[derive(Args, Debug)]
#[command(after_help = "\
Calibrate on the training data, then measure on data that neither training nor calibration saw.
For chips: see elman_core::quantized. What goes through the net is whole numbers only, the same on every machine.
Intervals of forecasts and numbers follow from the errors of the rounded net on the validation data of its run.

Examples:
  elman quantize runs/digits --data train.csv
  elman eval runs/digits --data test.csv --int8")]
pub struct QuantizeArgs {
    /// The folder of a training run (label, classify, forecast or regress)
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Labelled data in the format of the training data
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Where to write [default: RUN/quantized.safetensors, where elman eval --int8 looks]
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Format of the data: csv, ts, tsf, ucr, npy, npz, conll, pairs or text [default: found by content]
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Option<Format>,
    /// Tables: measure only what the split column puts into this part; all rows calibrate
    #[arg(long, value_name = "PART")]
    pub part: Option<Part>,
    /// The classes of the sentences, where they have a file of their own
    #[arg(long, value_name = "FILE")]
    pub classes: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Threads at work; the result does not depend on it
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,
}

impl QuantizeArgs {
    /// What `elman eval` would be asked.
    pub fn eval(&self) -> EvalArgs {
        EvalArgs {
            interval: None,
            runs: vec![self.run.clone()],
            data: self.data.clone(),
            format: self.format,
            part: self.part,
            classes: self.classes.clone(),
            columns: None,
            events: false,
            background: None,
            int8: false,
            json: self.json,
            threads: self.threads,
        }
    }
}
