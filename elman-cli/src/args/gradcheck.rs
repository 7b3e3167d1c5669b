//! `elman gradcheck`: what may be typed.

use std::path::PathBuf;

use clap::Args;

use crate::data::{DataFile, Format};

/// Compare the gradients of a run's net with finite differences
#[derive(Args, Debug)]
#[command(after_help = "\
The shortest sentences of the data are used, without dropout; the differences are taken in double precision by an \
independent textbook implementation. Differences that cross the bend of a relu or a clip are left out and counted. Exit \
code 1 if any tensor is off by more than 0.001.

Examples:
  elman gradcheck runs/names --data dev.conll
  elman gradcheck runs/names --data dev.conll --sequences 8 --entries 50")]
pub struct GradcheckArgs {
    /// The folder of a training run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Labelled data in the format of the training data
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Format of the data: csv, ts, tsf, ucr, npy, npz, conll, pairs or text [default: found by content]
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Option<Format>,
    /// The classes of the sentences, where they have a file of their own
    #[arg(long, value_name = "FILE")]
    pub classes: Option<PathBuf>,
    /// Sequences to look at
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u16).range(1..))]
    pub sequences: u16,
    /// Parameters to look at, per tensor
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u16).range(1..))]
    pub entries: u16,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

impl GradcheckArgs {
    /// The labelled data.
    pub fn file(&self) -> DataFile<'_> {
        DataFile {
            path: &self.data,
            format: self.format,
            classes: self.classes.as_deref(),
            columns: None,
            part: None,
        }
    }
}
