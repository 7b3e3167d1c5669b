//! One direction of a layer whose cell has several sums: which rows continue which, forward and backward in time, with
//! dropout on the state that every step's product reads where there is any.
//!
//! ```text
//! h[t], c[t] = step(Z[t] + (m ⊙ h[t-1])·W_rec, h[t-1], c[t-1])
//! dh[t]     += m ⊙ (d_sums[t+1]·W_recᵀ)          d_sums[t], carry = back(…, dh[t] + carry)
//! ```

use core::ops::Range;

use super::dropout::{Mask, continuing, copy_rows};
use super::walk::Recurrence;
use crate::batch::Run;
use crate::cell::Gated;
use crate::kernel::gated::{self, Previous, Rows, Segment};
use crate::kernel::operands::{Order, Time};
use crate::simd::{Operation, Simd};
use crate::slices::at_mut;

/// All steps, forward in time for the forward direction, backward for the reverse one.
pub(crate) struct Forward<'a, C, const SUMS: usize, const STATES: usize> {
    pub recurrence: Recurrence<'a>,
    pub pass: gated::Forward<'a, C, SUMS, STATES>,
    pub mask: Option<Mask>,
    pub steps: Range<usize>,
}

impl<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize> Operation
    for Forward<'_, C, SUMS, STATES>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let batch = *self.recurrence.batch;
        let steps = self.steps.clone();
        if self.recurrence.place.reverse {
            self.mask_start(s);
            let end = steps.end;
            for run in batch.runs_back(steps) {
                self.join(s, run, end);
            }
        } else {
            if steps.start == 0 {
                self.mask_start(s);
            }
            for run in batch.runs(steps) {
                let previous = match run.steps.start.checked_sub(1) {
                    Some(t) => Previous::Rows(run.first_row - batch.active(t)),
                    None => Previous::Start(0),
                };
                self.segment(
                    s,
                    Segment {
                        row: run.first_row,
                        active: run.active,
                        steps: run.len(),
                        time: Time::Forward,
                        previous,
                        order: Order::of_step(run.steps.start),
                    },
                );
            }
        }
    }
}

impl<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize> Forward<'_, C, SUMS, STATES> {
    /// Steps of equally many rows backward in time: in the latest one sequences join, the others continue.
    #[inline(always)]
    fn join<S: Simd>(&mut self, s: S, run: Run, end: usize) {
        let len = run.len();
        let Run {
            steps,
            first_row,
            active,
        } = run;
        let last = steps.end - 1;
        let row = first_row + (last - steps.start) * active;
        let count = if steps.end < end {
            self.recurrence.batch.active(steps.end)
        } else {
            0
        };
        let (time, order) = (Time::Backward, Order::of_step(last));
        let segment = |row, active, steps, previous| Segment {
            row,
            active,
            steps,
            time,
            previous,
            order,
        };
        self.segment(s, segment(row, count, 1, Previous::Rows(row + active)));
        let joining = segment(row + count, active - count, 1, Previous::Start(count));
        self.segment(s, joining);
        if len > 1 {
            let row_before = row - active;
            let rest = segment(row_before, active, len - 1, Previous::Rows(row));
            self.segment(s, rest);
        }
    }

    #[inline(always)]
    fn segment<S: Simd>(&mut self, s: S, segment: Segment) {
        if segment.active == 0 {
            return;
        }
        if self.mask.is_none() {
            return self.pass.segment(s, segment);
        }
        for index in 0..segment.steps {
            let rows = segment.step(index);
            self.pass.step(s, rows);
            self.mask_rows(s, rows);
        }
    }

    /// The masked hidden states of rows that are finished.
    #[inline(always)]
    fn mask_rows<S: Simd>(&mut self, s: S, rows: Rows) {
        let gated::Forward {
            masked,
            h,
            sequences,
            shape,
            ..
        } = &mut self.pass;
        if let (Some(mask), Some(masked)) = (self.mask, masked) {
            let hidden = shape.hidden;
            let first = *sequences + rows.row;
            let to = at_mut(masked, first * hidden..(first + rows.count) * hidden);
            copy_rows(self.recurrence.rows(h, rows.row), hidden, to);
            // Rows of a step are those of its first sequences, but for sequences that join.
            let sequence = match rows.previous {
                Previous::Start(sequence) => sequence,
                Previous::Rows(_) => 0,
            };
            mask.apply(s, to, hidden, sequence);
        }
    }

    /// The masked start states.
    #[inline(always)]
    fn mask_start<S: Simd>(&mut self, s: S) {
        let gated::Forward {
            masked,
            starts,
            sequences,
            shape,
            ..
        } = &mut self.pass;
        if let (Some(mask), Some(masked)) = (self.mask, masked) {
            let to = at_mut(masked, ..*sequences * shape.hidden);
            copy_rows(starts.h, shape.hidden, to);
            mask.apply(s, to, shape.hidden, 0);
        }
    }
}

/// All steps, backward in time for the forward direction, forward for the reverse one.
pub(crate) struct Backward<'a, C, const SUMS: usize, const STATES: usize> {
    /// With `W_recᵀ`.
    pub recurrence: Recurrence<'a>,
    pub pass: gated::Backward<'a, C, SUMS, STATES>,
    pub mask: Option<Mask>,
    pub steps: Range<usize>,
    /// The pass went through the steps from `steps.end` to here before.
    pub end: usize,
    /// Room for the products of one step, (B, H).
    pub product: &'a mut [f32],
}

impl<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize> Operation
    for Backward<'_, C, SUMS, STATES>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let batch = *self.recurrence.batch;
        let steps = self.steps.clone();
        if batch.sequences() == 1 && self.mask.is_none() {
            let reverse = self.recurrence.place.reverse;
            return self.pass.sequence(s, steps, self.end, reverse);
        }
        let rows = |row, count, previous| Rows {
            row,
            count,
            previous,
            order: Order::Ascending,
        };
        if self.recurrence.place.reverse {
            let end = steps.end;
            for step in batch.walk(steps) {
                if let Some(t) = step.t.checked_sub(1) {
                    let from = step.first_row - batch.active(t);
                    self.add(s, step.first_row, step.active, from);
                }
                let count = continuing(step, &self.recurrence, end);
                let after = Previous::Rows(step.first_row + step.active);
                self.pass.step(s, rows(step.first_row, count, after), 0);
                let first = step.first_row + count;
                let joining = rows(first, step.active - count, Previous::Start(count));
                self.pass.step(s, joining, count);
            }
        } else {
            for step in batch.walk_back(steps) {
                let count = continuing(step, &self.recurrence, self.end);
                self.add(s, step.first_row, count, step.first_row + step.active);
                let previous = match step.t.checked_sub(1) {
                    Some(t) => Previous::Rows(step.first_row - batch.active(t)),
                    None => Previous::Start(0),
                };
                self.pass
                    .step(s, rows(step.first_row, step.active, previous), 0);
            }
        }
    }
}

impl<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize> Backward<'_, C, SUMS, STATES> {
    /// `dh += m ⊙ (d_sums·W_recᵀ)` for `count` rows of a step from `row` on.
    #[inline(always)]
    fn add<S: Simd>(&mut self, s: S, row: usize, count: usize, from: usize) {
        if count == 0 {
            return;
        }
        let Some(mask) = self.mask else {
            return self.pass.multiply(s, (row, count), from);
        };
        let hidden = self.recurrence.hidden;
        let product = at_mut(self.product, ..count * hidden);
        self.pass.product(s, count, from, product);
        mask.apply(s, product, hidden, 0);
        super::dropout::add_rows(&self.recurrence, product, row, self.pass.d_h);
    }
}
