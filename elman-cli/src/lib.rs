//! `elman`: train, evaluate and run recurrent nets (Elman, GRU, LSTM). The library is there for the command, and for the fuzz targets,
//! which hand foreign bytes to `hostile`; its interface may change at any time.
//!
//! A folder per wing, and every wing knows only those below it (`tests/house.rs` sees to that):
//!
//! ```text
//! command    what each command does
//! exchange   nets from and for other programs: import, export, ONNX
//! args       what may be typed
//! task       what a net's numbers mean, a folder for each: label, classify, forecast, regress, text, echo
//! train      the loop that learns, and what watches it: doctor, events, report
//! net        the net in memory and on disk, what it costs, how it is run
//! data       from files to numbers
//! base       failures, folders of runs, threads, ranks, seeds
//! ```
//!
//! Reading order: from above for what a command does (`args`, its file in `command`, the task that it names); from below for
//! what becomes of a number (`data`, `net`, `train/trainer.rs`, a task). `elman-core` does the arithmetic.

// Both panic where nobody reads: results go through `write!`, notes through `tell!`.
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

mod args;
mod base;
mod command;
mod data;
mod exchange;
#[doc(hidden)]
pub mod hostile;
mod net;
mod task;
mod train;

use std::process::ExitCode;

use args::Command;
use base::failure::{Failure, Result};
use base::ranks::{Launch, Ranks};
use base::tell::{hush, tell};

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
    // Others end when this is let go of, which may take its time: whatever there is to say comes before.
    let mut ranks = Ranks::alone();
    match run(&mut ranks) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::BrokenPipe) => ExitCode::SUCCESS,
        Err(failure) => {
            tell!("elman: {failure}");
            failure.exit_code()
        }
    }
}

fn run(ranks: &mut Ranks) -> Result<()> {
    let launch = Launch::of_environment();
    if !launch.is_first() {
        return run_after(launch, ranks);
    }
    let command = args::parse(std::env::args_os())?.command;
    if !matches!(command, Command::Train(_)) {
        launch.must_be_alone()?;
    }
    match command {
        Command::Train(args) => command::train::run(args, launch, ranks),
        Command::Tune(args) => command::tune::run(&args),
        Command::Eval(args) => command::evaluate::run(&args),
        Command::Predict(args) => command::predict::run(&args),
        Command::Generate(args) => task::text::generate(&args),
        Command::Inspect(args) => command::inspect::run(&args),
        Command::Export(args) => exchange::export::run(&args),
        Command::Import(args) => exchange::import::run(&args),
        Command::Quantize(args) => command::quantize::run(&args),
        Command::Gradcheck(args) => command::gradcheck::run(&args),
        Command::Demo(args) => command::demo::run(&args),
        Command::Report(args) => command::train::report(&args.run),
        Command::Runs(args) => command::runs::run(&args),
        Command::Compare(args) => command::compare::run(&args),
        Command::Bench(args) => command::bench::run(&args),
        Command::Completions(args) => command::shell::completions(&args),
        Command::Man(args) => command::shell::man(&args),
    }
}

/// Of several processes that were started side by side, one that is not the first: it says nothing that the first says too.
fn run_after(launch: Launch, ranks: &mut Ranks) -> Result<()> {
    hush();
    match args::is_training(std::env::args_os()) {
        true => command::train::run_after(launch, ranks),
        // The first one complains.
        false => Ok(()),
    }
}
