//! From a series, value by value, to what a forecasting net reads, and what a linear sum expects beside it.

use super::curve::{Curve, Split};
use super::numbers::{Source, sealed};
use super::samples::ColumnScale;
use crate::error::{Error, check_len};
use crate::slices::{at, at_mut};

/// So many values of every other column are read: its present one and the one before.
const INPUT_LAGS: usize = 2;

/// What a forecast of a series reads. The target comes first among the columns, on its curve; all columns less their centres.
#[derive(Clone, Copy, Debug)]
pub struct Lags<'a> {
    /// Where the target is worked with.
    pub curve: Curve,
    /// Of the target on its curve, and of every other column: what a series that begins with a gap begins with.
    pub centers: &'a [Split],
    /// Of the linear sum: two for every other column, then one for each lag of the target.
    pub weights: &'a [f32],
    /// How the net's inputs are scaled: two of every other column, the present target, the change that is expected, then the last changes.
    pub inputs: &'a [ColumnScale],
    /// Inputs are cut to ± so many spreads.
    pub farthest: f32,
    /// A lag is a difference to the value so many steps before it; 0 for the value itself.
    pub span: usize,
    /// The sum counts from the target so many steps ago, if from any.
    pub base: Option<usize>,
    /// What is added to the sum.
    pub offset: f32,
}

impl Lags<'_> {
    const fn others(&self) -> usize {
        self.centers.len().saturating_sub(1)
    }

    const fn lags(&self) -> usize {
        self.weights
            .len()
            .saturating_sub(INPUT_LAGS * self.others())
    }

    const fn changes(&self) -> usize {
        self.inputs
            .len()
            .saturating_sub(INPUT_LAGS * self.others() + 2)
    }

    /// Steps that are read: from so many samples on all that a forecast reads has happened.
    pub const fn history(&self) -> usize {
        let mut steps = self.lags().saturating_add(self.span);
        if steps < self.changes() + 1 {
            steps = self.changes() + 1;
        }
        if let Some(base) = self.base
            && steps <= base
        {
            steps = base.saturating_add(1);
        }
        steps
    }

    /// Numbers of room that a [`Series`] needs.
    ///
    /// ```
    /// # use elman_core::feed::*;
    /// let (centers, inputs) = ([Split::new(0.0); 2], [ColumnScale::new(0.0, 1.0); 5]);
    /// let lags = Lags {
    ///     curve: Curve::Identity, centers: &centers, weights: &[0.5; 5], inputs: &inputs, farthest: 4.0,
    ///     span: 7, base: Some(6), offset: 0.0,
    /// };
    /// assert_eq!((lags.history(), lags.memory_len()), (3 + 7, 3 + 7 + 2 + 5));
    /// ```
    pub const fn memory_len(&self) -> usize {
        self.history()
            .saturating_add(INPUT_LAGS * self.others())
            .saturating_add(self.inputs.len())
    }
}

/// A series on its way to a forecasting net.
#[derive(Debug)]
pub struct Series<'a> {
    lags: Lags<'a>,
    /// The last values of the target, on its curve; the newest lies at `newest`.
    past: &'a mut [f32],
    newest: usize,
    /// (others, 2): the present value, and the one before.
    others: &'a mut [f32],
    /// What the net reads.
    row: &'a mut [f32],
    expected: [f32; 1],
    is_empty: bool,
    missing: u32,
}

impl<'a> Series<'a> {
    /// No value yet. `memory` has [`Lags::memory_len`] numbers.
    ///
    /// # Errors
    /// [`Error::Length`] naming what does not fit.
    pub fn new(lags: Lags<'a>, memory: &'a mut [f32]) -> Result<Self, Error> {
        let others = INPUT_LAGS * lags.others();
        check_len("centers", lags.others() + 1, lags.centers.len())?;
        check_len("weights", others + lags.lags(), lags.weights.len())?;
        check_len("inputs", others + 2 + lags.changes(), lags.inputs.len())?;
        check_len("memory", lags.memory_len(), memory.len())?;
        let (past, rest) = memory
            .split_at_mut_checked(lags.history())
            .unwrap_or_default();
        let (others, row) = rest.split_at_mut_checked(others).unwrap_or_default();
        Ok(Self {
            lags,
            past,
            newest: 0,
            others,
            row,
            expected: [0.0],
            is_empty: true,
            missing: 0,
        })
    }

    /// Takes a step; what is missing is what it was before.
    fn remember(&mut self, raw: &[f32], missing: Option<usize>) {
        let before = if self.is_empty { 0.0 } else { self.target(0) };
        let centers = self.lags.centers.iter();
        for (i, (&x, center)) in raw.iter().zip(centers).enumerate() {
            let on_curve = match i {
                0 if x.is_finite() => self.lags.curve.apply(x),
                _ => x,
            };
            let distance = center.from(on_curve);
            let is_known = distance.is_finite() && missing != Some(i);
            self.missing = self.missing.wrapping_add(u32::from(!is_known));
            if i == 0 {
                self.push_target(if is_known { distance } else { before });
                continue;
            }
            let start = INPUT_LAGS * (i - 1);
            let place = at_mut(self.others, start..start + INPUT_LAGS);
            if let [now, before] = place {
                let old = if self.is_empty { 0.0 } else { *now };
                let new = if is_known { distance } else { old };
                // The first value stands for the one before it.
                *before = if self.is_empty { new } else { old };
                *now = new;
            }
        }
        self.is_empty = false;
    }

    fn push_target(&mut self, x: f32) {
        if self.is_empty {
            // What was before the first step was like it.
            self.past.fill(x);
            self.newest = 0;
            return;
        }
        self.newest += 1;
        if self.newest >= self.past.len() {
            self.newest = 0;
        }
        if let Some(place) = self.past.get_mut(self.newest) {
            *place = x;
        }
    }

    /// The target so many steps ago.
    fn target(&self, before: usize) -> f32 {
        let place = if before <= self.newest {
            self.newest - before
        } else {
            self.newest + self.past.len() - before
        };
        self.past.get(place).copied().unwrap_or(0.0)
    }

    /// What the linear sum expects of the step that is forecast.
    fn expect(&self) -> f32 {
        let Lags {
            weights,
            span,
            base,
            offset,
            ..
        } = self.lags;
        let mut sum = 0.0;
        for (weight, x) in weights.iter().zip(self.others.iter()) {
            sum += weight * x;
        }
        for (lag, weight) in at(weights, self.others.len()..).iter().enumerate() {
            let x = self.target(lag);
            let x = match span {
                0 => x,
                span => x - self.target(lag + span),
            };
            sum += weight * x;
        }
        match base {
            None => sum + offset,
            Some(base) => (sum + offset) + self.target(base),
        }
    }

    /// Puts what the net reads on its scale.
    fn scale(&mut self) {
        let (others, present) = (self.others.len(), self.target(0));
        let scales = self.lags.inputs.iter().enumerate();
        for (i, scale) in scales {
            let x = match i.checked_sub(others) {
                None => self.others.get(i).copied().unwrap_or(0.0),
                Some(0) => present,
                Some(1) => self.expected[0] - present,
                Some(change) => self.target(change - 2) - self.target(change - 1),
            };
            if let Some(place) = self.row.get_mut(i) {
                *place = scale.apply(x, self.lags.farthest).unwrap_or(0.0);
            }
        }
    }
}

impl sealed::Sealed for Series<'_> {}

impl Source for Series<'_> {
    fn columns(&self) -> usize {
        self.lags.centers.len()
    }

    fn width(&self) -> usize {
        self.lags.inputs.len()
    }

    fn targets(&self) -> usize {
        1
    }

    fn delay(&self) -> usize {
        0
    }

    fn missing(&self) -> u32 {
        self.missing
    }

    fn reset(&mut self) {
        self.is_empty = true;
    }

    fn push(&mut self, raw: &[f32], missing: Option<usize>) -> Result<bool, Error> {
        check_len("raw", self.lags.centers.len(), raw.len())?;
        self.remember(raw, missing);
        self.expected = [self.expect()];
        self.scale();
        Ok(true)
    }

    fn push_outside(&mut self) -> bool {
        false
    }

    fn row(&self) -> &[f32] {
        self.row
    }

    fn expected(&self) -> &[f32] {
        &self.expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_read_in_differences() {
        let (centers, inputs) = (
            [Split::new(2.0), Split::new(0.0)],
            [ColumnScale::new(0.0, 1.0); 6],
        );
        let lags = Lags {
            curve: Curve::Identity,
            centers: &centers,
            weights: &[1.0, 10.0, 100.0, 1000.0],
            inputs: &inputs,
            farthest: 1e9,
            span: 2,
            base: Some(1),
            offset: 0.5,
        };
        let mut memory = [f32::NAN; 12];
        let mut series = Series::new(lags, &mut memory).unwrap();
        let mut push = |raw: [f32; 2]| {
            series.push(&raw, None).unwrap();
            let row: [f32; 6] = (&*series.row).try_into().unwrap();
            (series.expected[0], row, series.missing)
        };
        // All that was before the first is like it.
        let (expected, row, _) = push([5.0, 1.0]);
        assert_eq!(expected, 1.0 + 10.0 + 0.5 + 3.0);
        assert_eq!(row, [1.0, 1.0, 3.0, 11.5, 0.0, 0.0]);
        push([6.0, 2.0]);
        push([8.0, 3.0]);
        let (expected, row, missing) = push([f32::NAN, f32::INFINITY]);
        // Differences over two steps: 8 - 6 and 8 - 5, from 8 on.
        assert_eq!(expected, 3.0 + 30.0 + 200.0 + 3000.0 + 0.5 + 6.0);
        assert_eq!(row, [3.0, 3.0, 6.0, 3233.5, 0.0, 2.0]);
        assert_eq!(missing, 2);
        series.reset();
        series.push(&[f32::NAN, f32::NAN], None).unwrap();
        assert_eq!((series.expected[0], series.missing), (0.5, 4));
        assert!(series.push(&[1.0], None).is_err());
    }
}
