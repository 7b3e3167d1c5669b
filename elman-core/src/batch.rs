//! Ragged time-major batches: no padding exists, so none is ever computed.
//!
//! Sequences are sorted by length, longest first. Rows lie step by step; step `t` holds one row for
//! each of the first `active(t)` sequences, and `active` never grows (PyTorch's `PackedSequence`).
//!
//! ```text
//! sequences aaaa bbb b̶ cc      rows   a b c │ a b c │ a b │ a        active 3 3 2 1
//! ```

use core::ops::Range;

use crate::error::Error;
use crate::slices::at;

/// The shape of a batch: how many sequences are still running at each step.
///
/// ```
/// # use elman_core::{Batch, Error};
/// let mut active = [0; 4];
/// let batch = Batch::ragged(Batch::fill_active(&[4, 3, 2], &mut active)?)?;
/// assert_eq!(batch.rows(), 4 + 3 + 2);
/// assert_eq!(batch.rows_of(2..4), 6..9); // two rows of step 2, one of step 3
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    shape: Shape<'a>,
    rows: usize,
}

#[derive(Clone, Copy, Debug)]
enum Shape<'a> {
    Uniform { steps: usize, sequences: usize },
    Ragged(&'a [usize]),
}

impl<'a> Batch<'a> {
    /// `sequences` sequences of `steps` steps each.
    ///
    /// # Errors
    /// [`Error::Batch`] if either is zero.
    ///
    /// ```
    /// # use elman_core::Batch;
    /// let batch = Batch::uniform(20, 32)?;
    /// assert_eq!((batch.rows(), batch.active(19), batch.active(20)), (640, 32, 0));
    /// # Ok::<(), elman_core::Error>(())
    /// ```
    pub fn uniform(steps: usize, sequences: usize) -> Result<Batch<'static>, Error> {
        match steps.checked_mul(sequences) {
            None => Err(Error::Batch("a batch has too many rows")),
            Some(rows) if rows > 0 => Ok(Batch {
                shape: Shape::Uniform { steps, sequences },
                rows,
            }),
            _ => Err(Error::Batch(
                "a batch needs at least one sequence and one step",
            )),
        }
    }

    /// Step `t` has `active[t]` rows.
    ///
    /// # Errors
    /// [`Error::Batch`] if `active` is empty, ends in zero, or grows.
    ///
    /// ```
    /// # use elman_core::Batch;
    /// let batch = Batch::ragged(&[3, 3, 2, 1])?;
    /// assert_eq!((batch.rows(), batch.steps(), batch.sequences()), (9, 4, 3));
    /// assert_eq!(batch.len_of(1), 3);
    /// # Ok::<(), elman_core::Error>(())
    /// ```
    pub fn ragged(active: &'a [usize]) -> Result<Self, Error> {
        match active.last() {
            None => return Err(Error::Batch("a batch needs at least one step")),
            Some(0) => return Err(Error::Batch("a batch has a step without rows")),
            Some(_) => {}
        }
        if active.is_sorted_by(|earlier, later| earlier >= later) {
            match active.iter().try_fold(0usize, |sum, &n| sum.checked_add(n)) {
                Some(rows) => Ok(Self {
                    shape: Shape::Ragged(active),
                    rows,
                }),
                None => Err(Error::Batch("a batch has too many rows")),
            }
        } else {
            Err(Error::Batch(
                "sequences must be sorted by length, longest first",
            ))
        }
    }

    /// Fills `active` from sequence lengths sorted longest first; returns the filled part.
    ///
    /// # Errors
    /// [`Error::Batch`] if lengths are unsorted, a sequence is empty, or there are none;
    /// [`Error::Length`] if `active` is shorter than the longest sequence.
    ///
    /// ```
    /// # use elman_core::Batch;
    /// let mut room = [0; 100];
    /// assert_eq!(Batch::fill_active(&[5, 2, 1], &mut room)?, [3, 2, 1, 1, 1]);
    /// # Ok::<(), elman_core::Error>(())
    /// ```
    pub fn fill_active<'b>(
        lengths: &[usize],
        active: &'b mut [usize],
    ) -> Result<&'b mut [usize], Error> {
        let longest = match (lengths.first(), lengths.last()) {
            (Some(&longest), Some(&shortest)) if shortest > 0 => longest,
            (None, _) => return Err(Error::Batch("a batch needs at least one sequence")),
            _ => return Err(Error::Batch("a sequence is empty")),
        };
        if !lengths.is_sorted_by(|earlier, later| earlier >= later) {
            return Err(Error::Batch(
                "sequences must be sorted by length, longest first",
            ));
        }
        let found = active.len();
        let Some(active) = active.get_mut(..longest) else {
            return Err(Error::Length {
                what: "active",
                expected: longest,
                found,
            });
        };
        let mut running = lengths.len();
        for (t, n) in active.iter_mut().enumerate() {
            while running > 1 && lengths.get(running - 1).is_some_and(|&len| len <= t) {
                running -= 1;
            }
            *n = running;
        }
        Ok(active)
    }

    /// All rows of all steps.
    ///
    /// ```
    /// # use elman_core::Batch;
    /// let batch = Batch::ragged(&[3, 2, 1])?; // sequences of three steps, two and one
    /// assert_eq!(batch.rows(), 6);
    /// # Ok::<(), elman_core::Error>(())
    /// ```
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Steps of the longest sequence.
    ///
    /// ```
    /// # use elman_core::Batch;
    /// let batch = Batch::ragged(&[3, 2, 1])?; // sequences of three steps, two and one
    /// assert_eq!(batch.steps(), 3);
    /// # Ok::<(), elman_core::Error>(())
    /// ```
    pub const fn steps(&self) -> usize {
        match self.shape {
            Shape::Uniform { steps, .. } => steps,
            Shape::Ragged(active) => active.len(),
        }
    }

    /// Sequences in the batch.
    ///
    /// ```
    /// # use elman_core::Batch;
    /// let batch = Batch::ragged(&[3, 2, 1])?; // sequences of three steps, two and one
    /// assert_eq!(batch.sequences(), 3);
    /// # Ok::<(), elman_core::Error>(())
    /// ```
    pub const fn sequences(&self) -> usize {
        self.active(0)
    }

    /// Rows of step `t`; 0 past the end.
    ///
    /// ```
    /// # use elman_core::Batch;
    /// let batch = Batch::ragged(&[3, 2, 1])?; // sequences of three steps, two and one
    /// assert_eq!([0, 1, 2, 3].map(|t| batch.active(t)), [3, 2, 1, 0]);
    /// # Ok::<(), elman_core::Error>(())
    /// ```
    #[inline(always)]
    pub const fn active(&self, t: usize) -> usize {
        match self.shape {
            Shape::Uniform { steps, sequences } => {
                if t < steps {
                    sequences
                } else {
                    0
                }
            }
            Shape::Ragged(active) => {
                if t < active.len() {
                    active[t]
                } else {
                    0
                }
            }
        }
    }

    /// First row of step `t`; O(t) for ragged batches.
    ///
    /// ```
    /// # use elman_core::Batch;
    /// let batch = Batch::ragged(&[3, 2, 1])?;
    /// // Sequence 1 at step 1: behind the three rows of step 0 and the row of sequence 0.
    /// assert_eq!(batch.offset(1) + 1, 4);
    /// # Ok::<(), elman_core::Error>(())
    /// ```
    pub fn offset(&self, t: usize) -> usize {
        match self.shape {
            Shape::Uniform { steps, sequences } => t.min(steps) * sequences,
            Shape::Ragged(active) => active.iter().take(t).sum(),
        }
    }

    /// Rows of a range of steps; steps past the end have none.
    ///
    /// ```
    /// # use elman_core::Batch;
    /// let batch = Batch::ragged(&[3, 2, 1])?; // sequences of three steps, two and one
    /// assert_eq!(batch.rows_of(1..3), 3..6);
    /// # Ok::<(), elman_core::Error>(())
    /// ```
    pub fn rows_of(&self, steps: Range<usize>) -> Range<usize> {
        let end = steps.end.min(self.steps());
        let steps = steps.start.min(end)..end;
        let start = self.offset(steps.start);
        let rows: usize = match self.shape {
            Shape::Uniform { sequences, .. } => steps.len() * sequences,
            Shape::Ragged(active) => at(active, steps).iter().sum(),
        };
        start..start + rows
    }

    /// Steps of sequence `index`; 0 if there is no such sequence.
    ///
    /// ```
    /// # use elman_core::Batch;
    /// let batch = Batch::ragged(&[3, 2, 1])?; // sequences of three steps, two and one
    /// assert_eq!([0, 1, 2, 3].map(|sequence| batch.len_of(sequence)), [3, 2, 1, 0]);
    /// # Ok::<(), elman_core::Error>(())
    /// ```
    pub fn len_of(&self, index: usize) -> usize {
        match self.shape {
            Shape::Uniform { steps, sequences } => {
                if index < sequences {
                    steps
                } else {
                    0
                }
            }
            Shape::Ragged(active) => active.partition_point(|&n| n > index),
        }
    }

    /// Walks the steps of a range, first to last.
    pub(crate) fn walk(&self, steps: Range<usize>) -> impl Iterator<Item = Step> + use<'a> {
        let batch = *self;
        let mut first_row = batch.offset(steps.start);
        steps.map(move |t| {
            let step = Step {
                t,
                first_row,
                active: batch.active(t),
            };
            first_row += step.active;
            step
        })
    }

    /// Walks the steps of a range, last to first.
    pub(crate) fn walk_back(&self, steps: Range<usize>) -> impl Iterator<Item = Step> + use<'a> {
        let batch = *self;
        let mut end_row = batch.offset(steps.end);
        steps.rev().map(move |t| {
            let active = batch.active(t);
            end_row -= active;
            Step {
                t,
                first_row: end_row,
                active,
            }
        })
    }

    /// The batch of some of the steps: sequences that have ended before are no longer in it.
    pub(crate) fn part(&self, steps: Range<usize>) -> Self {
        let rows = self.rows_of(steps.clone()).len();
        let shape = match self.shape {
            Shape::Uniform { sequences, .. } => Shape::Uniform {
                steps: steps.len(),
                sequences,
            },
            Shape::Ragged(active) => Shape::Ragged(at(active, steps)),
        };
        Self { shape, rows }
    }

    /// Cuts steps into stretches of at most `rows` rows (but at least a step) each, first to last.
    pub(crate) fn stretches(
        &self,
        steps: Range<usize>,
        rows: usize,
    ) -> impl Iterator<Item = Range<usize>> + use<'a> {
        let batch = *self;
        let mut t = steps.start;
        core::iter::from_fn(move || {
            let start = t;
            let mut left = rows;
            while t < steps.end && (t == start || batch.active(t) <= left) {
                left = left.saturating_sub(batch.active(t));
                t += 1;
            }
            (start < t).then_some(start..t)
        })
    }

    /// The same, last to first.
    pub(crate) fn stretches_back(
        &self,
        steps: Range<usize>,
        rows: usize,
    ) -> impl Iterator<Item = Range<usize>> + use<'a> {
        let batch = *self;
        let mut t = steps.end;
        core::iter::from_fn(move || {
            let end = t;
            let mut left = rows;
            while t > steps.start && (t == end || batch.active(t - 1) <= left) {
                t -= 1;
                left = left.saturating_sub(batch.active(t));
            }
            (t < end).then_some(t..end)
        })
    }

    /// Runs of steps with equally many rows, first to last.
    pub(crate) fn runs(&self, steps: Range<usize>) -> impl Iterator<Item = Run> + use<'a> {
        let batch = *self;
        let mut walk = batch.walk(steps).peekable();
        core::iter::from_fn(move || {
            let first = walk.next()?;
            let mut run = Run {
                steps: first.t..first.t + 1,
                first_row: first.first_row,
                active: first.active,
            };
            while walk.next_if(|step| step.active == run.active).is_some() {
                run.steps.end += 1;
            }
            Some(run)
        })
    }

    /// Runs of steps with equally many rows, last to first.
    pub(crate) fn runs_back(&self, steps: Range<usize>) -> impl Iterator<Item = Run> + use<'a> {
        let batch = *self;
        let mut walk = batch.walk_back(steps).peekable();
        core::iter::from_fn(move || {
            let last = walk.next()?;
            let mut run = Run {
                steps: last.t..last.t + 1,
                first_row: last.first_row,
                active: last.active,
            };
            while let Some(step) = walk.next_if(|step| step.active == run.active) {
                (run.steps.start, run.first_row) = (step.t, step.first_row);
            }
            Some(run)
        })
    }

    /// Rows that start from the start state: step 0 forward, each sequence's last step in reverse.
    pub(crate) fn starts(
        &self,
        steps: Range<usize>,
        reverse: bool,
    ) -> impl Iterator<Item = Start> + use<'a> {
        let batch = *self;
        let forward = (!reverse && steps.start == 0).then_some(Start {
            row: 0,
            sequence: 0,
            count: batch.sequences(),
        });
        let backward = batch
            .walk(if reverse { steps } else { 0..0 })
            .filter_map(move |step| {
                let continuing = batch.active(step.t + 1);
                let start = Start {
                    row: step.first_row + continuing,
                    sequence: continuing,
                    count: step.active - continuing,
                };
                (start.count > 0).then_some(start)
            });
        forward.into_iter().chain(backward)
    }

    /// Pairs of rows (`h[t-1]`, `h[t]`) of one sequence, in runs: row `later + i` continues the sequence of row `earlier + i`.
    /// One run per stretch of equal `active`, so a weight gradient is one long product per run instead of one per step.
    pub(crate) fn transitions(
        &self,
        steps: Range<usize>,
    ) -> impl Iterator<Item = Transitions> + use<'a> {
        let batch = *self;
        let mut walk = batch
            .walk(steps.clone())
            .take(steps.len().saturating_sub(1))
            .peekable();
        core::iter::from_fn(move || {
            let first = walk.next()?;
            let mut rows = batch.active(first.t + 1);
            while let Some(step) = walk.next_if(|step| step.active == first.active) {
                rows += batch.active(step.t + 1);
            }
            Some(Transitions {
                earlier: first.first_row,
                later: first.first_row + first.active,
                rows,
            })
        })
    }
}

/// One step of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub t: usize,
    pub first_row: usize,
    pub active: usize,
}

/// A run of rows that start from the start state of a run of sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    pub row: usize,
    pub sequence: usize,
    pub count: usize,
}

/// Steps with equally many rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub steps: Range<usize>,
    /// Row of the earliest step.
    pub first_row: usize,
    pub active: usize,
}

impl Run {
    /// Number of steps. `Range::len` compares both ends of a size hint, and a chip's build can be left with the panic.
    #[inline(always)]
    pub const fn len(&self) -> usize {
        self.steps.end - self.steps.start
    }
}

/// A run of rows and the rows that follow them in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transitions {
    pub earlier: usize,
    pub later: usize,
    pub rows: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transitions_join_every_row_to_its_successor() {
        let batch = Batch::ragged(&[4, 4, 4, 2, 2, 1]).unwrap();
        let transitions: [Option<Transitions>; 4] = core::array::from_fn({
            let mut transitions = batch.transitions(0..6);
            move |_| transitions.next()
        });
        let run = |earlier, later, rows| {
            Some(Transitions {
                earlier,
                later,
                rows,
            })
        };
        assert_eq!(transitions, [run(0, 4, 10), run(12, 14, 3), None, None]);
        // rows 0-3 4-7 8-11 12-13 14-15 16: 12 follows 8, 16 follows 14
    }

    #[test]
    fn active_is_read_off_lengths() {
        let mut active = [0; 8];
        assert_eq!(
            Batch::fill_active(&[4, 3, 3, 1], &mut active).unwrap(),
            [4, 3, 3, 1]
        );
        assert!(Batch::fill_active(&[3, 4], &mut active).is_err());
        assert!(Batch::fill_active(&[3, 0], &mut active).is_err());
        assert!(Batch::fill_active(&[9], &mut active).is_err());
        assert!(Batch::fill_active(&[], &mut active).is_err());
    }
}
