//! `elman predict`: a trained net at work on new data, in the format of the training data. What comes down a pipe is
//! answered piece by piece, as soon as each ends.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use crate::args::PredictArgs;
use crate::data::Lines;
use crate::failure::Result;
use crate::run::Run;
use crate::threads::on_threads;
use crate::trained;

/// Pieces of a file that are answered together. It changes the speed, never an answer.
const CHUNK: usize = 1024;

/// The command.
///
/// # Errors
/// A run or a file that is missing or does not fit.
pub fn run(args: &PredictArgs) -> Result<()> {
    let trained = trained::open(&Run::open(&args.run)?)?;
    on_threads(args.threads.into(), || trained.predict(args))
}

/// Opens the data of a prediction and hands on the lines, how many pieces to answer together, and where answers go.
///
/// # Errors
/// A file that cannot be read; those of `answer`.
pub fn answer_lines(
    data: &Path,
    answer: impl FnOnce(Lines<Box<dyn BufRead>>, usize, &mut dyn Write) -> Result<()>,
) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if data == Path::new("-") {
        let input: Box<dyn BufRead> = Box::new(BufReader::new(std::io::stdin()));
        answer(Lines::new("standard input", input), 1, &mut out)
    } else {
        let mut out = BufWriter::new(out);
        answer(Lines::open(data)?.boxed(), CHUNK, &mut out)?;
        Ok(out.flush()?)
    }
}
