//! From raw samples to the rows that a net reads.

use crate::error::{Error, check_len};
use crate::slices::{at, at_mut, copy};

/// How a column comes to the scale of training: `((x - mean) - rest) * factor`, rounded after every operation.
///
/// For a finite `x` in `f32` that is within `5·2^-24·|z| + 2^-47·|mean / deviation|` of `z = (x - mean) / deviation` in exact arithmetic,
/// as long as no number is subnormal.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct ColumnScale {
    /// The mean of the column.
    pub mean: f32,
    /// What the mean is in double precision, less [`ColumnScale::mean`].
    pub rest: f32,
    /// One over the standard deviation; 0 for a column that has none.
    pub factor: f32,
}

impl ColumnScale {
    /// The scale of a column with this mean and standard deviation.
    ///
    /// ```
    /// # use elman_core::feed::ColumnScale;
    /// let scale = ColumnScale::new(0.1, 0.25);
    /// assert!((f64::from(scale.mean) + f64::from(scale.rest) - 0.1).abs() < 1e-15);
    /// assert_eq!(scale.factor, 4.0);
    /// ```
    pub const fn new(mean: f64, deviation: f64) -> Self {
        const LARGEST: f64 = f32::MAX as f64;
        let mean = mean.clamp(-LARGEST, LARGEST);
        let high = mean as f32;
        Self {
            mean: high,
            rest: (mean - high as f64) as f32,
            factor: (1.0 / deviation).clamp(0.0, LARGEST) as f32,
        }
    }

    /// A raw number on the scale, cut to ±`farthest`; none where it is missing: not finite.
    ///
    /// ```
    /// # use elman_core::feed::ColumnScale;
    /// let scale = ColumnScale::new(20.0, 0.5);
    /// assert_eq!(scale.apply(21.0, 10.0), Some(2.0));
    /// assert_eq!(scale.apply(-900.0, 10.0), Some(-10.0));
    /// assert_eq!(scale.apply(f32::INFINITY, 10.0), None);
    /// ```
    #[inline]
    pub fn apply(self, x: f32, farthest: f32) -> Option<f32> {
        let z = ((x - self.mean) - self.rest) * self.factor;
        if z >= -farthest && z <= farthest {
            return Some(z);
        }
        x.is_finite().then_some(if z > 0.0 {
            farthest
        } else if z < 0.0 {
            -farthest
        } else {
            0.0
        })
    }
}

/// How a raw number becomes what a net reads: [`ColumnScale`] for nets in `f32`, [`IntegerScale`](super::IntegerScale) for int8 nets.
///
/// ```
/// # use elman_core::feed::*;
/// fn row<C: Column>(columns: &[C], raw: &[f32], farthest: C::Number) -> Vec<Option<C::Number>> {
///     columns.iter().zip(raw).map(|(&column, &x)| column.apply(x, farthest)).collect()
/// }
/// let columns = [ColumnScale::new(20.0, 0.5)];
/// assert_eq!(row(&columns, &[21.0], 10.0), [Some(2.0)]);
/// let columns = columns.map(|column| IntegerScale::new(&column, 1000.0));
/// assert_eq!(row(&columns, &[21.0], 10_000), [Some(2000)]);
/// ```
pub trait Column: Copy {
    /// What the net reads. Its default is the mean of the column.
    type Number: Copy + Default;

    /// A raw number on the scale, cut to ±`farthest`; none where it is missing: not finite.
    fn apply(self, x: f32, farthest: Self::Number) -> Option<Self::Number>;
}

impl Column for ColumnScale {
    type Number = f32;

    #[inline(always)]
    fn apply(self, x: f32, farthest: f32) -> Option<f32> {
        self.apply(x, farthest)
    }
}

/// Raw samples on their way to a net that reads a window of rows.
#[derive(Debug)]
pub struct Samples<'a, C: Column = ColumnScale> {
    pub(super) columns: &'a [C],
    farthest: C::Number,
    pub(super) window: usize,
    /// Every row of a window above 1 lies here twice, a window apart, so that any window of them is one slice.
    rows: &'a mut [C::Number],
    /// Where the next row comes.
    next: usize,
    /// Rows that are still to come before the first step.
    ahead: usize,
    missing: u32,
}

impl Samples<'_> {
    /// Numbers of room for rows, of any column.
    ///
    /// ```
    /// # use elman_core::feed::Samples;
    /// assert_eq!((Samples::rows_len(6, 1), Samples::rows_len(6, 3)), (6, 36));
    /// ```
    pub const fn rows_len(columns: usize, window: usize) -> usize {
        let rows = if window == 1 {
            1
        } else {
            window.saturating_mul(2)
        };
        columns.saturating_mul(rows)
    }
}

impl<'a, C: Column> Samples<'a, C> {
    /// No sample yet. A step reads a `window` of rows, itself in the middle; an even one is the next odd one.
    ///
    /// # Errors
    /// [`Error::Length`] if `rows` has not [`Samples::rows_len`] numbers.
    pub fn new(
        columns: &'a [C],
        farthest: C::Number,
        window: usize,
        rows: &'a mut [C::Number],
    ) -> Result<Self, Error> {
        let window = window | 1;
        let needed = Samples::rows_len(columns.len(), window);
        check_len("rows", needed, rows.len())?;
        let mut samples = Self {
            columns,
            farthest,
            window,
            rows,
            next: 0,
            ahead: 0,
            missing: 0,
        };
        samples.reset();
        Ok(samples)
    }

    /// Before the first sample of a sequence; the count of what was missing goes on.
    pub fn reset(&mut self) {
        self.rows.fill(C::Number::default());
        self.next = 0;
        self.ahead = self.delay();
    }

    /// By how many samples a step is late: half a window.
    pub const fn delay(&self) -> usize {
        self.window / 2
    }

    /// How many raw numbers were not finite so far. The net reads the mean of the column in their place.
    pub const fn missing(&self) -> u32 {
        self.missing
    }

    /// A raw sample: the row (window, columns) of the step that can be done now, if there is one.
    ///
    /// # Errors
    /// [`Error::Length`] unless there is a number for every column.
    #[inline]
    pub fn push(&mut self, raw: &[f32]) -> Result<Option<&[C::Number]>, Error> {
        self.push_each(raw, |_, column, x, farthest| column.apply(x, farthest))
    }

    /// The same for whole numbers, as sensors have them, by way of floats.
    ///
    /// # Errors
    /// As [`Samples::push`].
    #[inline]
    pub fn push_i16(&mut self, raw: &[i16]) -> Result<Option<&[C::Number]>, Error> {
        self.push_each(raw, |_, column, x, farthest| {
            column.apply(f32::from(x), farthest)
        })
    }

    /// The same with a NaN in place of one number.
    pub(super) fn push_missing(&mut self, raw: &[f32], missing: usize) -> Result<bool, Error> {
        let row = self.push_each(raw, |i, column, x, farthest| {
            column.apply(if i == missing { f32::NAN } else { x }, farthest)
        })?;
        Ok(row.is_some())
    }

    /// Puts raw numbers of any kind on the scale; `apply` is given the place of each, its column, the number and the cut.
    #[inline(always)]
    pub(super) fn push_each<X: Copy>(
        &mut self,
        raw: &[X],
        apply: impl Fn(usize, C, X, C::Number) -> Option<C::Number>,
    ) -> Result<Option<&[C::Number]>, Error> {
        check_len("raw", self.columns.len(), raw.len())?;
        let row = at_mut(self.rows, self.next * self.columns.len()..);
        let pairs = raw.iter().zip(self.columns).enumerate();
        for (z, (i, (&x, &column))) in row.iter_mut().zip(pairs) {
            *z = apply(i, column, x, self.farthest).unwrap_or_else(|| {
                self.missing = self.missing.wrapping_add(1);
                C::Number::default()
            });
        }
        Ok(self.step())
    }

    /// The row of the last step that could be done.
    pub(super) fn last(&self) -> &[C::Number] {
        let columns = self.columns.len();
        let start = self.next * columns;
        at(self.rows, start..start + self.window * columns)
    }

    /// A row behind the end of the sequence: [`Samples::delay`] of them bring the last steps, of samples that are in already.
    pub fn push_outside(&mut self) -> Option<&[C::Number]> {
        let columns = self.columns.len();
        let start = self.next * columns;
        at_mut(self.rows, start..start + columns).fill(C::Number::default());
        self.step()
    }

    /// The row of the step that a new row makes possible.
    fn step(&mut self) -> Option<&[C::Number]> {
        let columns = self.columns.len();
        if self.window > 1 {
            let (first, again) = self.rows.split_at_mut_checked(self.window * columns)?;
            let start = self.next * columns;
            let new = at(first, start..start + columns);
            copy(new, at_mut(again, start..start + columns));
            self.next += 1;
            if self.next == self.window {
                self.next = 0;
            }
        }
        if self.ahead > 0 {
            self.ahead -= 1;
            return None;
        }
        Some(self.last())
    }
}

#[cfg(test)]
/// A cheap generator of numbers from -1 to 1.
pub(super) fn numbers() -> impl Iterator<Item = f64> {
    let mut seed = 1u64;
    core::iter::from_fn(move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        Some((seed >> 11) as f64 / (1u64 << 52) as f64 - 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_as_near_as_it_says() {
        let mut random = numbers();
        let mut next = || random.next().unwrap();
        let mut nearest = f64::MAX;
        for _ in 0..100_000 {
            let deviation = 10f64.powi((next() * 6.0) as i32) * (1.5 + next());
            let mean = deviation * next() * 10f64.powi((next() * 4.0) as i32 + 2);
            let x = (mean + 9.0 * deviation * next()) as f32;
            let exact = (f64::from(x) - mean) / deviation;
            let found = ColumnScale::new(mean, deviation).apply(x, 1e9);
            let off = (f64::from(found.unwrap()) - exact).abs();
            let bound =
                5.0 * 2f64.powi(-24) * exact.abs() + 2f64.powi(-47) * (mean / deviation).abs();
            assert!(off <= bound, "{x} {mean} {deviation}: {off} > {bound}");
            nearest = nearest.min(bound - off);
        }
        assert!(nearest < 1e-7, "a bound that is far away says little");
    }

    #[test]
    fn what_is_missing_or_still_reads_zero() {
        let still = ColumnScale::new(7.0, f64::MAX);
        for x in [7.0, 8.0, f32::MAX, f32::MIN] {
            assert_eq!(still.apply(x, 10.0), Some(0.0), "{x}");
        }
        for scale in [still, ColumnScale::new(1e300, 1e-300)] {
            for x in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                assert_eq!(scale.apply(x, 10.0), None);
            }
            assert!(scale.apply(f32::MIN, 10.0).is_some_and(f32::is_finite));
        }
    }

    #[test]
    fn a_window_sees_zeros_beyond_both_ends() {
        let columns = [ColumnScale::new(0.0, 1.0)];
        let mut rows = [9.0; Samples::rows_len(1, 5)];
        let mut samples = Samples::new(&columns, 10.0, 5, &mut rows).unwrap();
        // A sequence that is shorter than half a window, then one that is longer.
        for len in [1u8, 3, 7] {
            samples.reset();
            let (mut seen, mut steps) = ([[0.0; 5]; 7], 0);
            let mut see = |row: Option<&[f32]>| {
                if let Some(row) = row {
                    seen[steps].copy_from_slice(row);
                    steps += 1;
                }
            };
            for x in 1..=len {
                see(samples.push(&[f32::from(x)]).unwrap());
            }
            for _ in 0..samples.delay() {
                see(samples.push_outside());
            }
            assert_eq!(steps, usize::from(len));
            for (step, row) in seen[..steps].iter().enumerate() {
                for (place, &found) in row.iter().enumerate() {
                    let sample = step as i32 + place as i32 - 1;
                    let inside = (1..=i32::from(len)).contains(&sample);
                    assert_eq!(found, if inside { sample as f32 } else { 0.0 });
                }
            }
        }
        assert!(samples.push(&[1.0, 2.0]).is_err());
    }
}
