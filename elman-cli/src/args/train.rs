//! `elman train`: what may be typed. Every task has a file of its own for what it adds.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::base::failure::Result;
use crate::task::classify::ClassifyArgs;
use crate::task::echo::EchoArgs;
use crate::task::forecast::ForecastArgs;
use crate::task::label::LabelArgs;
use crate::task::regress::RegressArgs;
use crate::task::text::TextArgs;
use crate::train::pretrained::Pretrained;
use crate::train::task::Task;
use crate::train::{Changes, Job};

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
  elman train regress --train windows.csv --target y
  elman train text --train shakespeare.txt
  elman train text --train shakespeare.txt --cell lstm
  elman train --resume runs/names               (on to the very same model)
  elman train --resume runs/names --epochs 60   (further than it was to go)
  elman train label --train new.conll --init runs/names   (what it knows, and more)
  mpirun -n 4 elman train text --train shakespeare.txt   (four processes, the
                   same model; needs a build with the feature mpi: elman --version)"
)]
pub struct TrainArgs {
    /// Go on where RUN stopped; every setting comes from RUN, but for those below
    #[arg(long, value_name = "RUN")]
    pub resume: Option<PathBuf>,
    #[command(flatten)]
    pub changes: Changes,
    #[command(subcommand)]
    pub task: Option<TrainTask>,
}

#[derive(Subcommand, Debug)]
pub enum TrainTask {
    Label(Box<LabelArgs>),
    Classify(Box<ClassifyArgs>),
    Forecast(Box<ForecastArgs>),
    Regress(Box<RegressArgs>),
    Text(Box<TextArgs>),
    Echo(Box<EchoArgs>),
}

/// Work on the job of a task, whichever it is.
pub trait Visitor {
    type Output;
    fn visit<J: Job>(self, job: &J) -> Self::Output;
}

impl TrainTask {
    /// The registry of tasks that are trained: hands the job to `visitor`.
    pub fn visit<V: Visitor>(&self, visitor: V) -> V::Output {
        match self {
            Self::Label(job) => visitor.visit(&**job),
            Self::Classify(job) => visitor.visit(&**job),
            Self::Forecast(job) => visitor.visit(&**job),
            Self::Regress(job) => visitor.visit(&**job),
            Self::Text(job) => visitor.visit(&**job),
            Self::Echo(job) => visitor.visit(&**job),
        }
    }

    /// The name of the task, in commands and files.
    pub fn name(&self) -> &'static str {
        struct Name;
        impl Visitor for Name {
            type Output = &'static str;
            fn visit<J: Job>(self, _: &J) -> &'static str {
                J::Task::NAME
            }
        }
        self.visit(Name)
    }

    /// The configuration file that the command line names.
    pub fn config(&self) -> Option<PathBuf> {
        struct Config;
        impl Visitor for Config {
            type Output = Option<PathBuf>;
            fn visit<J: Job>(self, job: &J) -> Option<PathBuf> {
                job.settings().config.clone()
            }
        }
        self.visit(Config)
    }

    /// The shape of the net that training starts from, as flags: none where it starts anew.
    ///
    /// # Errors
    /// No such net.
    pub fn pretrained(&self) -> Result<Vec<OsString>> {
        struct Shape;
        impl Visitor for Shape {
            type Output = Result<Vec<OsString>>;
            fn visit<J: Job>(self, job: &J) -> Self::Output {
                Pretrained::<<J::Task as Task>::Meaning>::flags(job.settings())
            }
        }
        self.visit(Shape)
    }

    /// What settings are when nobody says otherwise, as flags: it may depend on the kind of the data and on the cell.
    ///
    /// # Errors
    /// Data whose kind cannot be told.
    pub fn defaults(&self) -> Result<Vec<OsString>> {
        struct DefaultsOf;
        impl Visitor for DefaultsOf {
            type Output = Result<Vec<OsString>>;
            fn visit<J: Job>(self, job: &J) -> Self::Output {
                Ok(job.defaults()?.flags(job.settings().cell))
            }
        }
        self.visit(DefaultsOf)
    }
}
