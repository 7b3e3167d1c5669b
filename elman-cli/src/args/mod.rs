//! What may be typed: a file per command. What a task adds to `elman train` lies with the task.

mod bench;
mod compare;
mod demo;
mod export;
mod gradcheck;
mod import;
mod inspect;
mod parse;
mod quantize;
mod report;
mod runs;
mod shell;
#[cfg(test)]
mod tests;
mod train;
mod tune;
mod version;

use clap::{Parser, Subcommand};

use crate::task::args::{EvalArgs, GenerateArgs, PredictArgs};

pub use bench::{BenchArgs, LevelName, Mode, StorageName};
pub use compare::CompareArgs;
pub use demo::{DemoArgs, Story};
pub use export::{ExportArgs, ExportFormat, PackageKind};
pub use gradcheck::GradcheckArgs;
pub use import::{IMPORTED, ImportArgs, ImportTask};
pub use inspect::{InspectArgs, Route, Target};
pub use parse::{flags_of, is_training, parse, parse_job, parse_run, parse_run_text};
pub use quantize::QuantizeArgs;
pub use report::ReportArgs;
pub use runs::RunsArgs;
pub use shell::{CompletionsArgs, ManArgs};
#[cfg(test)]
pub use tests::{test_forecast, test_settings};
pub use train::{TrainArgs, TrainTask, Visitor};
pub use tune::{Chip, SEARCHED, SearchFlags, TuneArgs, TuneJob};

/// Train, evaluate and run recurrent nets: Elman, GRU, LSTM, FastRNN and FastGRNN.
#[derive(Parser, Debug)]
#[command(name = "elman", version, long_version = version::version(), about, after_help = TOUR, max_term_width = 100, infer_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

const TOUR: &str = "\
Examples:
  elman demo                                      a story on built-in data
  elman demo --write samples                      files to try every task with
  elman train label --train train.conll --out n   train a tagger
  elman eval n --data test.conll                  precision, recall, F1
  elman predict n --data -                        label what comes down a pipe
  elman report n                                  curves and scores on a page
  elman train classify --train digits.csv         a class for every sequence
  elman train forecast --train sun.csv --target y the next value of a series
  elman train regress --train w.csv --target y    numbers from sequences
  elman train text --train shakespeare.txt        elman generate then writes
  elman tune classify --train d.csv --flash 32k   the best net that fits a chip
  elman export n --format c -o net.c              the net for a chip, with proof
  elman import net.onnx --labels up,down          a net from PyTorch or ONNX
Every command has examples of its own: elman train label --help";

#[derive(Subcommand, Debug)]
pub enum Command {
    Demo(DemoArgs),
    Train(TrainArgs),
    Tune(TuneArgs),
    Eval(EvalArgs),
    Predict(PredictArgs),
    Generate(GenerateArgs),
    Inspect(InspectArgs),
    Export(ExportArgs),
    Import(ImportArgs),
    Quantize(QuantizeArgs),
    Gradcheck(GradcheckArgs),
    Report(ReportArgs),
    Runs(RunsArgs),
    Compare(CompareArgs),
    Bench(BenchArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

impl Cli {
    /// The training job that was asked for.
    const fn task(&self) -> Option<&TrainTask> {
        match &self.command {
            Command::Train(train) => train.task.as_ref(),
            Command::Tune(tune) => Some(&tune.job.task),
            _ => None,
        }
    }
}
