//! How far off a value may be: split conformal prediction (Vovk, Gammerman and Shafer 2005; Lei et al. 2018). The errors on data that
//! were held out say how wide an interval must be that holds so many of the values to come, whatever the net is like.

use serde::{Deserialize, Serialize};

use crate::base::failure::{Failure, Result};
use crate::task::errors::significant;

/// So many sizes are kept at most, as far apart in rank as each other.
const MOST: usize = 999;

/// Sizes of errors on held-out data, the smallest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ErrorSizes(Vec<f64>);

impl ErrorSizes {
    /// Of these errors.
    pub fn of(errors: impl Iterator<Item = f64>) -> Self {
        let sizes = errors.map(f64::abs).filter(|size| size.is_finite());
        let mut sizes: Vec<f64> = sizes.collect();
        sizes.sort_by(f64::total_cmp);
        let count = sizes.len();
        if count <= MOST {
            return Self(sizes);
        }
        let rank = |kept: usize| ((kept + 1) * (count + 1)).div_ceil(MOST + 1);
        Self((0..MOST).map(|kept| sizes[rank(kept) - 1]).collect())
    }

    /// The sizes.
    pub fn sizes(&self) -> &[f64] {
        &self.0
    }

    /// Whether nothing is known of any error.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How far an interval must reach to either side to hold that share of the values to come.
    ///
    /// # Errors
    /// Too few errors are known.
    pub fn reach(&self, share: f64) -> Result<f64> {
        let count = self.0.len();
        if count == 0 {
            return Err(Failure::input(
                "this model keeps no errors on held-out data, which intervals follow from: train it anew, with data to validate on",
            ));
        }
        let rank = ((count + 1) as f64 * share - 1e-9).ceil().max(1.0) as usize;
        self.0.get(rank - 1).copied().ok_or_else(|| {
            Failure::input(format!(
                "--interval {share} needs more than the {count} values that this model was validated on: at most {:.3}",
                count as f64 / (count + 1) as f64
            ))
        })
    }
}

/// Sizes that [`ErrorSizes::sizes`] gave.
impl From<Vec<f64>> for ErrorSizes {
    fn from(sizes: Vec<f64>) -> Self {
        Self(sizes)
    }
}

/// How many values lay within their intervals, and how wide these were.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Coverage {
    pub items: usize,
    pub held: usize,
    pub widths: f64,
}

impl Coverage {
    /// Counts a value.
    pub fn add(&mut self, value: f64, [low, high]: [f64; 2]) {
        self.items += 1;
        self.held += usize::from((low..=high).contains(&value));
        self.widths += high - low;
    }

    /// Counts some more.
    pub const fn extend(&mut self, other: &Self) {
        self.items += other.items;
        self.held += other.held;
        self.widths += other.widths;
    }

    /// The share that lay within.
    pub fn share(&self) -> f64 {
        self.held as f64 / self.items.max(1) as f64
    }

    /// For people.
    pub fn sentence(&self) -> String {
        format!(
            "\n{:.1} % of the values lie within their intervals, which are {} wide on average\n",
            100.0 * self.share(),
            significant(self.width())
        )
    }

    /// Their mean width.
    pub fn width(&self) -> f64 {
        self.widths / self.items.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_of_new_values_lie_within() {
        let errors = (1..=99).map(|i| f64::from(if i % 2 == 0 { i } else { -i }));
        let sizes = ErrorSizes::of(errors);
        assert_eq!(sizes.reach(0.9).unwrap(), 90.0);
        assert_eq!(sizes.reach(0.99).unwrap(), 99.0);
        assert_eq!(sizes.reach(0.001).unwrap(), 1.0);
        let complaint = sizes.reach(0.995).unwrap_err().to_string();
        assert!(complaint.contains("99 values") && complaint.contains("0.990"));
        assert!(ErrorSizes::default().reach(0.5).is_err());
    }

    #[test]
    fn of_many_errors_the_same_shares_are_kept() {
        let sizes = ErrorSizes::of((1..=99_999).map(f64::from));
        assert_eq!(sizes.0.len(), MOST);
        assert_eq!(sizes.reach(0.9).unwrap(), 90_000.0);
        assert_eq!(sizes.reach(0.999).unwrap(), 99_900.0);
    }
}
