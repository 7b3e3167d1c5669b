//! `elman eval`: a model's scores on a file.

use std::io::Write;

use crate::args::EvalArgs;
use crate::data::Loader;
use crate::data::conll::Conll;
use crate::failure::Result;
use crate::label::{Labelling, Scores};
use crate::run::Run;
use crate::threads::on_threads;

/// The command.
///
/// # Errors
/// A run or a file that is missing or does not fit.
pub fn run(args: &EvalArgs) -> Result<()> {
    let (network, labelling) = Labelling::open(&Run::open(&args.run)?)?;
    let sentences = Conll::Labelled.load(&args.data)?;
    let sequences = labelling.encode(&sentences, &args.data.display().to_string())?;
    let outputs = on_threads(args.threads.into(), || network.outputs(&sequences))?;
    let scores = Scores::measure(&labelling.labels, &sequences, &outputs);
    let report = if args.json {
        scores.to_json() + "\n"
    } else {
        scores.to_table()
    };
    Ok(std::io::stdout().write_all(report.as_bytes())?)
}
