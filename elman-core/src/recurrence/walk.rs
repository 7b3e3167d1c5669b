//! One direction of a layer, step after step: which rows continue which, forward and backward in time.

use core::ops::Range;

use crate::batch::{Batch, Run};
use crate::cell::Step;
use crate::kernel::finish::Finish;
use crate::kernel::gated::Shape;
use crate::kernel::operands::{Order, Pass, Recurrent, Time};
use crate::kernel::pack::Panels;
use crate::params::Place;
use crate::simd::{LANES, LISTS_ZEROS, NonZero, Simd, View};
use crate::slices::at_mut;

/// Fewest steps for which it pays to look whether zeros can be left out.
const LEAST_STEPS: usize = 16;

/// One direction of one layer, and where it lies in rows of h (R, W).
#[derive(Clone, Copy)]
pub(crate) struct Recurrence<'a> {
    pub batch: &'a Batch<'a>,
    pub place: Place,
    /// `W_rec` packed for the forward pass, `W_recᵀ` for the backward pass.
    pub w_rec: Panels<'a>,
    pub hidden: usize,
    /// Numbers per row of h.
    pub width: usize,
}

/// Some rows of one step, or of neighbouring steps of equally many rows.
struct Segment<'a> {
    /// The first of them.
    row: usize,
    /// Rows per step.
    active: usize,
    steps: Range<usize>,
    time: Time,
    /// What the first step that comes up reads, (active, H).
    previous: View<'a>,
}

/// What a pass makes of finished sums, and where sequences start, one row each; without a start nothing flows into the
/// first step of a sequence that comes up.
pub(super) type PassFrom<'a> = (Pass<'a>, Option<View<'a>>);

impl<'a> Recurrence<'a> {
    /// Where this direction's units begin within a row.
    pub const fn column(&self) -> usize {
        self.place.column(self.hidden)
    }

    /// The same as the kernels of cells with several sums want it.
    pub const fn shape(&self) -> Shape {
        Shape {
            hidden: self.hidden,
            width: self.width,
            column: self.column(),
        }
    }

    /// Forward in time: every row of a step continues a row of the step before, since sequences only ever end.
    #[inline(always)]
    pub fn forward_in_time<S: Simd, C: Step<1, 1>>(
        &self,
        s: S,
        cell: C,
        steps: Range<usize>,
        (pass, start): PassFrom,
        rows: &mut [f32],
    ) {
        for run in self.batch.runs(steps) {
            let Run {
                mut steps,
                first_row: mut row,
                active,
            } = run;
            let (done, mut now) = rows
                .split_at_mut_checked(row * self.width)
                .unwrap_or_default();
            let previous = match (steps.start.checked_sub(1), start) {
                (Some(t), _) => self.rows(done, row - self.batch.active(t)),
                (None, Some(start)) => start,
                (None, None) => {
                    self.first_step(s, cell, pass, (row, active), now);
                    let (first, rest) = now
                        .split_at_mut_checked(active * self.width)
                        .unwrap_or_default();
                    steps.start += 1;
                    row += active;
                    now = rest;
                    self.rows(first, 0)
                }
            };
            let time = Time::Forward;
            let segment = Segment {
                row,
                active,
                steps,
                time,
                previous,
            };
            self.steps(s, cell, pass, segment, now);
        }
    }

    /// Backward in time: sequences join as their last steps come up, which is in the latest step of a run; the others
    /// continue from the step after.
    #[inline(always)]
    pub fn backward_in_time<S: Simd, C: Step<1, 1>>(
        &self,
        s: S,
        cell: C,
        steps: Range<usize>,
        end: usize,
        (pass, start): PassFrom,
        rows: &mut [f32],
    ) {
        for run in self.batch.runs_back(steps) {
            let Run {
                steps,
                first_row,
                active,
            } = run;
            let continuing = if steps.end < end {
                self.batch.active(steps.end)
            } else {
                0
            };
            let last = steps.end - 1;
            let last_row = first_row + (last - steps.start) * active;
            let segment = |row, active, steps, previous| Segment {
                row,
                active,
                steps,
                time: Time::Backward,
                previous,
            };
            let (rest, after) = rows
                .split_at_mut_checked((last_row + active) * self.width)
                .unwrap_or_default();
            let (rest, now) = rest
                .split_at_mut_checked(last_row * self.width)
                .unwrap_or_default();
            let (old, joining) = now
                .split_at_mut_checked(continuing * self.width)
                .unwrap_or_default();
            let previous = self.rows(after, 0);
            let part = segment(last_row, continuing, last..last + 1, previous);
            self.steps(s, cell, pass, part, old);
            let (row, count) = (last_row + continuing, active - continuing);
            match start {
                Some(start) => {
                    let previous = start.from(continuing, 0);
                    let part = segment(row, count, last..last + 1, previous);
                    self.steps(s, cell, pass, part, joining);
                }
                None => self.first_step(s, cell, pass, (row, count), joining),
            }
            let previous = self.rows(now, 0);
            let part = segment(first_row, active, steps.start..last, previous);
            self.steps(s, cell, pass, part, at_mut(rest, first_row * self.width..));
        }
    }

    /// This direction's columns of the rows from `row` on.
    pub fn rows<'h>(&self, h: &'h [f32], row: usize) -> View<'h> {
        View::rows(h, self.width).from(row, self.column())
    }

    /// The steps of a segment, whose rows `now` (steps·active, W) holds.
    #[inline(always)]
    fn steps<S: Simd, C: Step<1, 1>>(
        &self,
        s: S,
        cell: C,
        pass: Pass,
        segment: Segment,
        now: &mut [f32],
    ) {
        let Segment {
            row,
            active,
            steps,
            time,
            previous,
        } = segment;
        if steps.is_empty() || active == 0 {
            return;
        }
        let first = match time {
            Time::Forward => steps.start,
            Time::Backward => steps.end - 1,
        };
        s.run(Recurrent {
            cell,
            pass: pass.from(row * self.width + self.column()),
            rows: active,
            columns: self.hidden,
            depth: self.hidden,
            steps: steps.len(),
            time,
            previous,
            b: self.w_rec,
            c: at_mut(now, self.column()..),
            c_row: self.width,
            order: Order::of_step(first),
            skips_zeros: self.skips_zeros(cell, pass, active, steps.len()),
        });
    }

    /// Whether the zeros of a single row's states are worth being left out: looking at the weights takes as long as a step.
    #[inline(always)]
    pub fn skips_zeros<C: Step<1, 1>>(
        &self,
        cell: C,
        pass: Pass,
        rows: usize,
        steps: usize,
    ) -> bool {
        LISTS_ZEROS
            && rows == 1
            && steps >= LEAST_STEPS
            && cell.has_zeros()
            && self.hidden >= NonZero::LEAST
            && matches!(pass, Pass::Forward)
            && self
                .w_rec
                .are_finite(self.hidden, self.hidden.div_ceil(LANES))
    }

    /// `count` rows from `row` on, into which nothing flows: `now` (count, W) holds finished sums.
    #[inline(always)]
    pub fn first_step<S: Simd, C: Step<1, 1>>(
        &self,
        s: S,
        cell: C,
        pass: Pass,
        (row, count): (usize, usize),
        now: &mut [f32],
    ) {
        if count > 0 {
            s.run(Finish {
                cell,
                pass: pass.from(row * self.width + self.column()),
                rows: count,
                columns: self.hidden,
                previous: View::EMPTY,
                c: at_mut(now, self.column()..),
                c_row: self.width,
            });
        }
    }
}
