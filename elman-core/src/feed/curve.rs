//! Between the units of the data and where linear sums and nets work, in single precision without multiply-adds: the same bits everywhere.

/// A number in two parts, the second what the first leaves of it: nearly double precision.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Split {
    /// The number as `f32`.
    pub high: f32,
    /// What it is in double precision, less [`Split::high`].
    pub low: f32,
}

impl Split {
    /// Of this number.
    ///
    /// ```
    /// # use elman_core::feed::Split;
    /// let split = Split::new(0.1);
    /// assert!((f64::from(split.high) + f64::from(split.low) - 0.1).abs() < 1e-15);
    /// assert_eq!(Split::new(20.0).from(21.5), 1.5);
    /// ```
    pub const fn new(x: f64) -> Self {
        const LARGEST: f64 = f32::MAX as f64;
        let x = x.clamp(-LARGEST, LARGEST);
        let high = x as f32;
        Self {
            high,
            low: (x - high as f64) as f32,
        }
    }

    /// How far a number lies from it.
    #[inline]
    pub fn from(self, x: f32) -> f32 {
        (x - self.high) - self.low
    }

    /// The number that lies so far from it.
    #[inline]
    pub fn beyond(self, distance: f32) -> f32 {
        (distance + self.low) + self.high
    }
}

/// What a value is turned into, so that a linear sum can follow it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Curve {
    /// Nothing else.
    Identity,
    /// Its square root: values below zero count as zero.
    Root,
    /// The natural logarithm of how often it holds `unit`, so that little is lost of numbers that vary little: values below `floor`
    /// count as that.
    Log {
        /// The least value.
        floor: f32,
        /// A usual value.
        unit: f32,
    },
}

impl Curve {
    /// Onto the curve: within 1.1 units in the last place of a root, 1.6 of a logarithm or of one, whichever is larger.
    ///
    /// ```
    /// # use elman_core::feed::Curve;
    /// assert_eq!(Curve::Root.apply(2.25), 1.5);
    /// assert_eq!(Curve::Log { floor: 1e-3, unit: 20.0 }.apply(20.0), 0.0);
    /// assert_eq!(Curve::Identity.apply(-3.0), -3.0);
    /// ```
    #[inline]
    pub fn apply(self, x: f32) -> f32 {
        match self {
            Self::Identity => x,
            Self::Root => root(x),
            Self::Log { floor, unit } => logarithm(if x < floor { floor } else { x } / unit),
        }
    }

    /// Back to the units of the data: within 1.6 units in the last place. It stays finite.
    ///
    /// ```
    /// # use elman_core::feed::Curve;
    /// assert_eq!(Curve::Root.invert(1.5), 2.25);
    /// let log = Curve::Log { floor: 1e-3, unit: 20.0 };
    /// assert_eq!(log.invert(0.0), 20.0);
    /// assert!(log.invert(1e9).is_finite());
    /// ```
    #[inline]
    pub fn invert(self, x: f32) -> f32 {
        match self {
            Self::Identity => x,
            Self::Root if x <= 0.0 => 0.0,
            Self::Root => finite(x * x),
            Self::Log { unit, .. } => finite(exponential(x) * unit),
        }
    }
}

/// What is too large is the largest.
fn finite(x: f32) -> f32 {
    if x > f32::MAX { f32::MAX } else { x }
}

/// The square root by Heron's steps, from a guess that halves the exponent and is off by 3.5 % at most.
fn root(x: f32) -> f32 {
    if x < f32::MIN_POSITIVE {
        return 0.0;
    }
    let mut root = f32::from_bits((x.to_bits() >> 1).wrapping_add(0x1FBD_1DF5));
    for _ in 0..3 {
        root = 0.5 * (root + x / root);
    }
    root
}

/// ln(2) in two parts; the first times an exponent is exact.
const LN_2: [f32; 2] = [0.693_138_1, 9.058_001e-6];

/// The logarithm of a number, of a normal one at least: with x = 2^k (1 + f) and s = f / (2 + f), k ln 2 + 2 atanh(s).
fn logarithm(x: f32) -> f32 {
    /// The square root of 1/2: 1 + f lies between it and its double.
    const LEAST: u32 = 0x3F35_04F3;
    let x = if x < f32::MIN_POSITIVE {
        f32::MIN_POSITIVE
    } else {
        x
    };
    let exponent = x.to_bits().wrapping_sub(LEAST).cast_signed() >> 23;
    let f = f32::from_bits(
        x.to_bits()
            .wrapping_sub(exponent.cast_unsigned().wrapping_shl(23)),
    ) - 1.0;
    let s = f / (2.0 + f);
    let square = s * s;
    let mut series = 0.222_222_22 * square + 0.285_714_3;
    series = series * square + 0.4;
    series = series * square + 0.666_666_7;
    series *= square;
    let k = exponent as f32;
    let rest = s * (f - series) - k * LN_2[1];
    k * LN_2[0] + (f - rest)
}

/// The largest exponent whose power is finite, and the least whose power is far from subnormal.
const EXPONENTS: [f32; 2] = [-86.0, 88.7];

/// e to the power of x: 2^n times a polynomial, that of the softmax.
fn exponential(x: f32) -> f32 {
    /// Adding this rounds to the nearest integer, which then lies in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = if x > EXPONENTS[1] { EXPONENTS[1] } else { x };
    if x < EXPONENTS[0] {
        return 0.0;
    }
    let rounded = x * core::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    // ln(2) in two parts again; products with the first are exact.
    let r = (x - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let mut q = 0.001_389_831_9 * r + 0.008_366_355;
    q = q * r + 0.041_666_858;
    q = q * r + 0.166_665_46;
    q = q * r + 0.5;
    q = (q * (r * r) + r) + 1.0;
    // In two factors, so that the largest power is no infinity.
    let power = f32::from_bits(rounded.to_bits().wrapping_add(126) << 23);
    (q * power) * 2.0
}

/// How the output of a net becomes a number in the units of the data: what a sum expects, corrected by the net.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Readout {
    /// Where both add up.
    pub curve: Curve,
    /// Unit of the net's output.
    pub residual: f32,
    /// From where the sum counts.
    pub start: Split,
}

/// The output itself, which corrects nothing.
impl Default for Readout {
    fn default() -> Self {
        Self {
            curve: Curve::Identity,
            residual: 1.0,
            start: Split::new(0.0),
        }
    }
}

impl Readout {
    /// The number, where a sum expects `expected` and the net says `output`.
    ///
    /// ```
    /// # use elman_core::feed::{Curve, Readout, Split};
    /// let readout = Readout { curve: Curve::Root, residual: 0.5, start: Split::new(2.0) };
    /// assert_eq!(readout.value(0.25, 1.5), 9.0);
    /// assert_eq!(readout.bounds(0.25, 1.5, 1.0), [4.0, 16.0]);
    /// ```
    #[inline]
    pub fn value(self, expected: f32, output: f32) -> f32 {
        self.curve.invert(self.middle(expected, output))
    }

    /// Where the number should lie, if it may be off by `reach` on the curve.
    #[inline]
    pub fn bounds(self, expected: f32, output: f32, reach: f32) -> [f32; 2] {
        let middle = self.middle(expected, output);
        [middle - reach, middle + reach].map(|bound| self.curve.invert(bound))
    }

    fn middle(self, expected: f32, output: f32) -> f32 {
        self.start.beyond(expected + self.residual * output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worst distance to a function in double precision, in units in the last place of the result or of `least`.
    fn worst(
        range: core::ops::Range<f32>,
        least: f64,
        found: fn(f32) -> f32,
        exact: fn(f64) -> f64,
    ) -> f64 {
        let steps = range.start.to_bits()..range.end.to_bits();
        let mut worst = 0.0f64;
        for bits in steps.step_by(991) {
            let x = f32::from_bits(bits);
            let exact = exact(f64::from(x));
            let unit = 2f64.powi(exact.abs().max(least).log2().floor() as i32 - 23);
            worst = worst.max((f64::from(found(x)) - exact).abs() / unit);
        }
        worst
    }

    #[test]
    fn curves_are_as_near_as_they_say() {
        let root = worst(f32::MIN_POSITIVE..f32::MAX, 0.0, root, f64::sqrt);
        let log = worst(f32::MIN_POSITIVE..f32::MAX, 1.0, logarithm, f64::ln);
        let up = worst(1e-9..88.7, 0.0, exponential, f64::exp);
        let down = worst(1e-9..86.0, 0.0, |x| exponential(-x), |x| f64::exp(-x));
        for (name, off) in [("root", root), ("log", log), ("exp", up.max(down))] {
            assert!(off < 1.1 && off > 0.4, "{name}: {off}");
        }
    }

    #[test]
    fn what_has_no_root_or_logarithm_counts_as_the_least() {
        for x in [-1.0, -f32::MAX, 0.0, 1e-40] {
            assert_eq!(Curve::Root.apply(x), 0.0);
            let log = Curve::Log {
                floor: 0.5,
                unit: 3.0,
            };
            assert_eq!(log.apply(x), log.apply(0.5));
        }
        assert_eq!(Curve::Root.invert(-2.0), 0.0);
        assert_eq!(Curve::Root.invert(1e30), f32::MAX);
        let log = Curve::Log {
            floor: 1.0,
            unit: 1e-3,
        };
        assert_eq!(log.invert(-1e9), 0.0);
        for curve in [Curve::Identity, Curve::Root, log] {
            assert!(curve.invert(f32::NAN).is_nan(), "{curve:?}");
            assert!(curve.apply(f32::MAX).is_finite() && curve.apply(f32::MIN).is_finite());
        }
    }
}
