//! `elman`: train, evaluate and run Elman recurrent nets. The library is there for the command, and for the fuzz targets,
//! which hand foreign bytes to `hostile`; its interface may change at any time.
//!
//! Reading order: `args` (what may be typed) → one file per command → a folder per task (`label`, `classify`, `text`,
//! `echo`, `values`: what a net's numbers mean) → `train` (the loop; `doctor`, `events` and `report` look on) → `data` (from files to numbers).
//! Nets of others come in by `import` and go out by `export`. `elman-core` does the arithmetic.

mod args;
mod bench;
mod checksum;
mod classify;
#[cfg(test)]
mod corruption;
mod cost;
mod data;
mod demo;
mod doctor;
mod echo;
mod encoding;
mod evaluate;
mod events;
mod export;
mod failure;
mod features;
mod forecast;
mod gather;
mod gradcheck;
#[doc(hidden)]
pub mod hostile;
mod import;
mod infer;
mod inspect;
mod interrupt;
mod label;
mod model_file;
mod network;
mod objective;
mod onnx;
mod predict;
mod quantize;
mod quantized_file;
mod reading;
mod report;
mod room;
mod run;
mod seeds;
mod settings;
mod shell;
mod spans;
mod spec_file;
mod task;
mod text;
mod textbook;
mod threads;
mod train;
mod trained;
mod values;

use std::process::ExitCode;

use args::Command;
use failure::{Failure, Result};

/// The command line that this process was called with; errors go to standard error.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     elman_cli::main()
/// }
/// ```
pub fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::BrokenPipe) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("elman: {failure}");
            failure.exit_code()
        }
    }
}

fn run() -> Result<()> {
    match args::parse(std::env::args_os())?.command {
        Command::Train(args) => train::run(args),
        Command::Eval(args) => evaluate::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Generate(args) => text::generate(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Quantize(args) => quantize::run(&args),
        Command::Gradcheck(args) => gradcheck::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Report(args) => train::report(&args.run),
        Command::Bench(args) => bench::run(&args),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
    }
}
