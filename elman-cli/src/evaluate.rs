//! `elman eval`: a model's scores on a file.

use std::io::Write;

use crate::args::EvalArgs;
use crate::failure::Result;
use crate::run::Run;
use crate::trained;

/// The command.
///
/// # Errors
/// A run or a file that is missing or does not fit.
pub fn run(args: &EvalArgs) -> Result<()> {
    let report = trained::open(&Run::open(&args.run)?)?.evaluate(args)?;
    let text = if args.json {
        report.json + "\n"
    } else {
        report.table
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
