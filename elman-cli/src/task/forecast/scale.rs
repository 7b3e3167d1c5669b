//! How a series is looked at: through a curve that evens out its swings, and as differences where it grows.

use serde::{Deserialize, Serialize};

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

/// What the linear part reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Differencing {
    /// The values.
    None,
    /// The change since the step before.
    First,
    /// The change since a season before.
    Seasonal(usize),
}

/// Both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    pub curve: Curve,
    pub differencing: Differencing,
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
}

impl Differencing {
    /// Steps before the present that a difference reaches back.
    pub const fn span(self) -> usize {
        match self {
            Self::None => 0,
            Self::First => 1,
            Self::Seasonal(season) => season,
        }
    }
}

impl Scale {
    /// For people.
    pub fn describe(&self) -> String {
        let curve = match self.curve {
            Curve::Identity => "values",
            Curve::Root => "square roots",
            Curve::Log { .. } => "logarithms",
        };
        match self.differencing {
            Differencing::None => curve.to_owned(),
            Differencing::First => format!("differences of {curve}"),
            Differencing::Seasonal(season) => {
                format!("differences of {curve} over a season of {season} steps")
            }
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
