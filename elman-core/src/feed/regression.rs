//! From raw samples to what a regressing net reads, and what linear sums expect beside it.

use super::curve::Split;
use super::numbers::{Source, sealed};
use super::samples::Samples;
use crate::error::{Error, check_len};
use crate::slices::at;

/// What the linear sums of a regressing net read: `rows` rows, the present one and those before it, the first row standing for those
/// before it, and the mean of all rows so far. A missing number counts as its centre.
#[derive(Clone, Copy, Debug)]
pub struct Regression<'a> {
    /// Of every column, what its features are counted from.
    pub centers: &'a [Split],
    /// (targets, features): for every row that is read its columns, the present row first, then the means.
    pub weights: &'a [f32],
    /// So many rows.
    pub rows: usize,
    /// Whether the means are read.
    pub with_mean: bool,
}

impl Regression<'_> {
    /// How many numbers each sum reads of `columns` columns.
    pub const fn features(&self, columns: usize) -> usize {
        columns.saturating_mul(self.rows.saturating_add(self.with_mean as usize))
    }

    /// Numbers of room that [`Estimates`] of so many targets need.
    ///
    /// ```
    /// # use elman_core::feed::Regression;
    /// let sums = Regression { centers: &[], weights: &[], rows: 2, with_mean: true };
    /// assert_eq!(sums.memory_len(3, 2, 5), (2 + 2) * 3 + 3 * 2);
    /// ```
    pub const fn memory_len(&self, columns: usize, targets: usize, window: usize) -> usize {
        let rows = self.rows.saturating_add(if self.with_mean { 2 } else { 0 });
        columns
            .saturating_mul(rows)
            .saturating_add(targets.saturating_mul(window / 2 + 1))
    }
}

/// Raw samples on their way to a regressing net.
#[derive(Debug)]
pub struct Estimates<'a> {
    samples: Samples<'a>,
    regression: Regression<'a>,
    targets: usize,
    /// (rows, columns): the last rows, less their centres; `next` is where the next one comes.
    past: &'a mut [f32],
    next: usize,
    /// (2, columns): the sum of all rows so far, and what rounding left of it.
    totals: &'a mut [f32],
    count: u32,
    /// (delay + 1, targets): what is expected at the last steps, of which the net does the first.
    expected: &'a mut [f32],
    newest: usize,
    oldest: usize,
}

impl<'a> Estimates<'a> {
    /// No sample yet. `memory` has [`Regression::memory_len`] numbers.
    ///
    /// # Errors
    /// [`Error::Length`] naming what does not fit.
    pub fn new(
        samples: Samples<'a>,
        regression: Regression<'a>,
        targets: usize,
        memory: &'a mut [f32],
    ) -> Result<Self, Error> {
        let columns = samples.columns.len();
        let features = regression.features(columns);
        let centers = if features == 0 { 0 } else { columns };
        check_len("centers", centers, regression.centers.len())?;
        let weights = targets.saturating_mul(features);
        check_len("weights", weights, regression.weights.len())?;
        let len = regression.memory_len(columns, targets, samples.window);
        check_len("memory", len, memory.len())?;
        let (past, rest) = split(memory, regression.rows * columns);
        let totals = if regression.with_mean { 2 * columns } else { 0 };
        let (totals, expected) = split(rest, totals);
        let mut estimates = Self {
            samples,
            regression,
            targets,
            past,
            next: 0,
            totals,
            count: 0,
            expected,
            newest: 0,
            oldest: 0,
        };
        estimates.reset();
        Ok(estimates)
    }

    /// Takes a row into the past; `missing` is fed as a NaN.
    fn remember(&mut self, raw: &[f32], missing: Option<usize>) {
        let columns = self.samples.columns.len();
        let is_first = self.count == 0;
        self.count = self.count.saturating_add(1);
        let sums = &self.regression;
        for (i, (&x, center)) in raw.iter().zip(sums.centers).enumerate() {
            let distance = center.from(x);
            let known = distance.is_finite() && missing != Some(i);
            let x = if known { distance } else { 0.0 };
            for row in 0..sums.rows {
                if (is_first || row == self.next)
                    && let Some(place) = self.past.get_mut(row * columns + i)
                {
                    *place = x;
                }
            }
            if let Some((sum, rest)) = self.totals.split_at_mut_checked(columns)
                && let (Some(sum), Some(rest)) = (sum.get_mut(i), rest.get_mut(i))
            {
                // Kahan's sum: however long the series, it is as near as one rounding or two.
                let more = x - *rest;
                let total = *sum + more;
                *rest = (total - *sum) - more;
                *sum = total;
            }
        }
    }

    /// What the sums expect from the row that was remembered last.
    fn expect(&mut self) {
        let columns = self.samples.columns.len();
        let Regression { weights, rows, .. } = self.regression;
        let features = self.regression.features(columns);
        let (count, start) = (self.count as f32, self.newest * self.targets);
        for target in 0..self.targets {
            let mut weights = at(weights, target * features..).iter();
            let mut sum = 0.0;
            let mut row = self.next;
            for _ in 0..rows {
                let past = at(self.past, row * columns..(row + 1) * columns);
                for (&x, weight) in past.iter().zip(weights.by_ref()) {
                    sum += weight * x;
                }
                row = if row == 0 { rows - 1 } else { row - 1 };
            }
            for (&total, weight) in self.totals.iter().take(columns).zip(weights) {
                sum += weight * (total / count);
            }
            if let Some(place) = self.expected.get_mut(start + target) {
                *place = sum;
            }
        }
    }

    /// The next place of a ring.
    const fn after(place: usize, len: usize) -> usize {
        if place + 1 < len { place + 1 } else { 0 }
    }
}

/// Two parts of memory whose length was checked.
const fn split(memory: &mut [f32], len: usize) -> (&mut [f32], &mut [f32]) {
    match memory.split_at_mut_checked(len) {
        Some(parts) => parts,
        None => (&mut [], &mut []),
    }
}

impl sealed::Sealed for Estimates<'_> {}

impl Source for Estimates<'_> {
    fn columns(&self) -> usize {
        self.samples.columns.len()
    }

    fn width(&self) -> usize {
        self.samples.columns.len() * self.samples.window
    }

    fn targets(&self) -> usize {
        self.targets
    }

    fn delay(&self) -> usize {
        self.samples.delay()
    }

    fn missing(&self) -> u32 {
        self.samples.missing()
    }

    fn reset(&mut self) {
        self.samples.reset();
        self.totals.fill(0.0);
        self.count = 0;
        (self.next, self.newest) = (0, 0);
        // The first step makes it 0.
        self.oldest = self.samples.delay();
    }

    fn push(&mut self, raw: &[f32], missing: Option<usize>) -> Result<bool, Error> {
        let is_ready = match missing {
            Some(missing) => self.samples.push_missing(raw, missing)?,
            None => self.samples.push(raw)?.is_some(),
        };
        let len = self.samples.delay() + 1;
        if self.count > 0 {
            self.newest = Self::after(self.newest, len);
            self.next = Self::after(self.next, self.regression.rows);
        }
        self.remember(raw, missing);
        self.expect();
        if is_ready {
            self.oldest = Self::after(self.oldest, len);
        }
        Ok(is_ready)
    }

    fn push_outside(&mut self) -> bool {
        let is_ready = self.samples.push_outside().is_some();
        if is_ready {
            self.oldest = Self::after(self.oldest, self.samples.delay() + 1);
        }
        is_ready
    }

    fn row(&self) -> &[f32] {
        self.samples.last()
    }

    fn expected(&self) -> &[f32] {
        let start = self.oldest * self.targets;
        at(self.expected, start..start + self.targets)
    }
}
