//! `elman eval`: a model's scores on a file.

use std::io::Write;

use super::{events, int8};
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::data::Format;
use crate::task::args::EvalArgs;
use crate::task::registry;
use crate::task::trained::NO_INTERVALS;

/// The command.
///
/// # Errors
/// A run or a file that is missing or does not fit.
pub fn run(args: &EvalArgs) -> Result<()> {
    let runs = Run::open_all(&args.runs)?;
    let mut trained = registry::open_all(&runs)?;
    // Events have a rule of their own beside the words.
    if args.int8 && !args.events {
        int8::answers(trained.as_mut(), &runs, args.interval.is_some())?;
    }
    if args.events {
        let [run] = &runs[..] else {
            return Err(Failure::input(
                "--events measures one net, as a chip would run it: name one run",
            ));
        };
        return events::run(args, run, trained.as_mut());
    }
    if args.interval.is_some() && !trained.knows_intervals() {
        return Err(Failure::input(NO_INTERVALS));
    }
    if args.part.is_some() && !trained.reads_tables() {
        return Err(Failure::input(
            "--part is for tables with a column that says train, dev or test; this net is measured on a whole file",
        ));
    }
    Format::check(args.format, trained.formats())?;
    let report = trained
        .evaluate(args)
        .map_err(|failure| Format::doubt(args.format, &args.data, failure))?;
    let text = if args.json {
        report.json + "\n"
    } else {
        report.table
    };
    std::io::stdout().write_all(text.as_bytes())?;
    trained.must_be_finite()
}
