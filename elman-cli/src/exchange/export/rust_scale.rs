//! Around a net that reads both ways, in Rust: the scale of a whole sequence.

use std::fmt::Write as _;

use elman_core::feed::ColumnScale;

use super::rust_numbers::scale_table;
use super::source::number;
use crate::base::encoding::Front;

/// The tables and the function.
pub fn write(front: &Front, text: &mut String) {
    scale_table(front.scale.iter().map(ColumnScale::from), text);
    let _ = write!(
        text,
        "
/// Raw numbers are cut to so many standard deviations.
pub const FARTHEST: f32 = {};
/// Samples that a step reads: its own in the middle of its neighbours.
pub const WINDOW: usize = {};
",
        number(front.farthest),
        front.window
    );
    *text += SCALE_ROWS;
}

const SCALE_ROWS: &str = r#"
/// There is no feeder that takes sample by sample, since this net reads both ways: collect a sequence, put it on the scale of
/// training, and run the net over it.
///
/// Scales a sequence in place: `x` begins with raw samples of a number for every column, `steps` of them, and has room for `steps`
/// rows of inputs; then it is what [`run`] reads. Every operation is rounded on its own, so every machine computes the same. The count
/// is of numbers that were missing: not finite; the net reads the mean of the column in their place.
pub fn scale_rows(steps: usize, x: &mut [f32]) -> Result<usize, Error> {
    const COLUMNS: usize = SCALE.len();
    let (expected, found) = (steps.saturating_mul(WINDOW * COLUMNS), x.len());
    if expected != found {
        let what = "x";
        return Err(Error::Length {
            what,
            expected,
            found,
        });
    }
    let mut missing = 0;
    for row in x.chunks_exact_mut(COLUMNS).take(steps) {
        for (x, column) in row.iter_mut().zip(&SCALE) {
            *x = column.apply(*x, FARTHEST).unwrap_or_else(|| {
                missing += 1;
                0.0
            });
        }
    }
    if WINDOW == 1 {
        return Ok(missing);
    }
    // Every row between its neighbours, the last one first: what is overwritten is not read any more.
    for t in (0..steps).rev() {
        for place in (0..WINDOW).rev() {
            let to = (t * WINDOW + place) * COLUMNS;
            let from = (t + place).checked_sub(WINDOW / 2);
            match from.filter(|&from| from < steps) {
                Some(from) => x.copy_within(from * COLUMNS..(from + 1) * COLUMNS, to),
                None => x[to..to + COLUMNS].fill(0.0),
            }
        }
    }
    Ok(missing)
}
"#;
