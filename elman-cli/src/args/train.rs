//! `elman train`: what may be typed. Every task has a file of its own for what it adds.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::classify::{self, ClassifyArgs};
use crate::echo::{self, EchoArgs};
use crate::failure::Result;
use crate::forecast::{self, ForecastArgs};
use crate::label::{self, LabelArgs};
use crate::settings::Defaults;
use crate::text::{self, TextArgs};

/// Train a model
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_value_name = "TASK",
    subcommand_help_heading = "Tasks",
    after_help = "\
Examples:
  elman train label --train train.conll --valid dev.conll --out runs/names
  elman train classify --train digits.csv --valid dev.csv
  elman train forecast --train sunspots.csv --target y --split-column split
  elman train text --train shakespeare.txt
  elman train --resume runs/names    go on where the run stopped, to the very same model"
)]
pub struct TrainArgs {
    /// Go on where RUN stopped; every setting comes from RUN
    #[arg(long, value_name = "RUN")]
    pub resume: Option<PathBuf>,
    #[command(subcommand)]
    pub task: Option<TrainTask>,
}

#[derive(Subcommand, Debug)]
pub enum TrainTask {
    Label(Box<LabelArgs>),
    Classify(Box<ClassifyArgs>),
    Forecast(Box<ForecastArgs>),
    Text(Box<TextArgs>),
    Echo(Box<EchoArgs>),
}

impl TrainTask {
    /// The name of the task, in commands and files.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Label(_) => label::TASK,
            Self::Classify(_) => classify::TASK,
            Self::Forecast(_) => forecast::TASK,
            Self::Text(_) => text::TASK,
            Self::Echo(_) => echo::TASK,
        }
    }

    /// The configuration file that the command line names.
    pub fn config(&self) -> Option<&Path> {
        match self {
            Self::Label(args) => args.config.as_deref(),
            Self::Classify(args) => args.config.as_deref(),
            Self::Forecast(args) => args.config.as_deref(),
            Self::Text(args) => args.config.as_deref(),
            Self::Echo(args) => args.config.as_deref(),
        }
    }

    /// What settings are when nobody says otherwise: it may depend on the kind of the data.
    pub fn defaults(&self) -> Result<&'static Defaults> {
        match self {
            Self::Label(args) => label::defaults(args),
            Self::Classify(args) => classify::defaults(args),
            Self::Forecast(_) => Ok(forecast::DEFAULTS),
            Self::Text(args) => text::defaults(args),
            Self::Echo(_) => Ok(echo::DEFAULTS),
        }
    }
}

/// The defaults that differ from others, as flags.
pub fn differing(defaults: &Defaults, others: &Defaults) -> String {
    let new = defaults.iter().filter(|pair| !others.contains(pair));
    let flags: Vec<String> = new
        .map(|(name, value)| format!("--{name} {value}"))
        .collect();
    flags.join(" ")
}
