//! Curves that even out the swings of a value, so that a linear sum can follow it.

use serde::{Deserialize, Serialize};

use crate::base::encoding::single;

/// What a value is turned into.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Curve {
    Identity,
    /// Square root, for counts: values below zero count as zero.
    Root,
    /// Natural logarithm, for what grows by shares: values below `floor` count as that.
    Log {
        floor: f64,
    },
}

/// The largest exponent that is undone: far beyond any data, and finite.
const LARGEST_EXPONENT: f64 = 700.0;

impl Curve {
    /// The curves that fit the values of a training part.
    pub fn candidates(values: impl Iterator<Item = f64> + Clone) -> Vec<Self> {
        let smallest = values
            .filter(|value| !value.is_nan())
            .fold(f64::INFINITY, f64::min);
        let mut candidates = vec![Self::Identity];
        if smallest >= 0.0 {
            candidates.push(Self::Root);
        }
        if smallest > 0.0 && smallest.is_finite() {
            // What is to come may be smaller than all that has been.
            candidates.push(Self::Log {
                floor: (smallest * 1e-3).max(f64::MIN_POSITIVE),
            });
        }
        candidates
    }

    /// Onto the curve.
    pub fn apply(self, value: f64) -> f64 {
        match self {
            Self::Identity => value,
            Self::Root => value.max(0.0).sqrt(),
            Self::Log { floor } => value.max(floor).ln(),
        }
    }

    /// Back to the units of the data.
    pub fn invert(self, value: f64) -> f64 {
        match self {
            Self::Identity => value,
            Self::Root => value.max(0.0).powi(2),
            Self::Log { .. } => value.min(LARGEST_EXPONENT).exp(),
        }
    }

    /// What it turns values into, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "values",
            Self::Root => "square roots",
            Self::Log { .. } => "logarithms",
        }
    }

    /// The same in single precision, for values near the one that lies there on the curve; and where that lies then.
    pub fn single(self, at: f64) -> (elman_core::feed::Curve, f64) {
        use elman_core::feed::Curve;
        /// So that neither a unit nor one over it is near the ends of what single precision holds.
        const UNITS: f64 = 40.0;
        match self {
            Self::Identity => (Curve::Identity, at),
            Self::Root => (Curve::Root, at),
            Self::Log { floor } => {
                let unit = single(at.clamp(-UNITS, UNITS).exp());
                let floor = single(floor).max(f32::MIN_POSITIVE);
                (Curve::Log { floor, unit }, at - f64::from(unit).ln())
            }
        }
    }

    /// What becomes of `value`, for a firmware.
    pub fn formula(self, value: &str) -> String {
        match self {
            Self::Identity => value.to_owned(),
            Self::Root => format!("sqrt(max({value}, 0))"),
            Self::Log { floor } => format!("ln(max({value}, {floor:e}))"),
        }
    }

    /// What `value` comes from.
    pub fn inverse_formula(self, value: &str) -> String {
        match self {
            Self::Identity => value.to_owned(),
            Self::Root => format!("max({value}, 0) squared"),
            Self::Log { .. } => format!("exp({value})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_undone_and_stay_finite() {
        let values = [3.0, 0.5, f64::NAN, 120.0];
        let curves = Curve::candidates(values.into_iter());
        assert_eq!(curves.len(), 3);
        for curve in curves {
            assert!((curve.invert(curve.apply(7.5)) - 7.5).abs() < 1e-9);
            assert!(curve.apply(-1.0).is_finite() && curve.invert(1e9).is_finite());
        }
        assert_eq!(Curve::candidates([0.0, 1.0].into_iter()).len(), 2);
        assert_eq!(Curve::candidates([-1.0, 1.0].into_iter()).len(), 1);
        assert_eq!(Curve::candidates([f64::NAN].into_iter()).len(), 2);
    }
}
