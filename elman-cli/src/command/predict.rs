//! `elman predict`: a trained net at work on new data, in the format of the training data. What comes down a pipe is
//! answered piece by piece, as soon as each ends.

use std::io::{BufWriter, Write};
use std::path::Path;

use super::int8;
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::base::threads::on_threads;
use crate::data::Format;
use crate::task::args::PredictArgs;
use crate::task::registry;
use crate::task::trained::{NO_INTERVALS, Trained};

/// Pieces of a file that are answered together: fewer where an answer has very many numbers. It changes the speed, never
/// an answer.
const CHUNK: usize = 1024;
const NUMBERS: usize = 1 << 22;

/// The command.
///
/// # Errors
/// A run or a file that is missing or does not fit.
pub fn run(args: &PredictArgs) -> Result<()> {
    let runs = Run::open_all(&args.runs)?;
    if args.why && runs.len() > 1 {
        return Err(Failure::input("--why looks into one net: name one run"));
    }
    let mut trained = registry::open_all(&runs)?;
    if args.int8 {
        int8::answers(trained.as_mut(), &runs, args.interval().is_some())?;
    }
    if args.steps.is_some() && !trained.is_forecaster() {
        return Err(Failure::input(
            "--steps is for forecasts; this net answers what is there",
        ));
    }
    if args.asks_for_more() && !trained.knows_probabilities() {
        return Err(Failure::input(
            "--top-k and --min-confidence are for labels and classes; this net answers with something else",
        ));
    }
    if args.interval.is_some() && !trained.knows_intervals() {
        return Err(Failure::input(NO_INTERVALS));
    }
    if args.flag && !trained.is_forecaster() {
        return Err(Failure::input(
            "--flag is for forecasts: what came is looked at beside what was forecast",
        ));
    }
    if args.text && !trained.labels_words() {
        return Err(Failure::input(
            "--text is for nets that label words, of elman train label; this net reads something else",
        ));
    }
    Format::check(args.format, trained.formats())?;
    on_threads(args.threads.into(), || {
        to_standard_output(trained.as_ref(), args)
    })
    .map_err(|failure| Format::doubt(args.format, &args.data, failure))
}

fn to_standard_output(trained: &dyn Trained, args: &PredictArgs) -> Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let width = trained.network().spec().output_width();
    let chunk = match args.data == Path::new("-") {
        true => 1,
        false => (NUMBERS / width).clamp(1, CHUNK),
    };
    match args.why {
        true => trained.explain(args, chunk, &mut out)?,
        false => trained.predict(args, chunk, &mut out)?,
    }
    out.flush()?;
    trained.must_be_finite()
}
