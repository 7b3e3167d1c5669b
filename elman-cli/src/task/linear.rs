//! Least squares: a number as a weighted sum of others. The baseline of every forecast, and what the net builds on.

use elman_core::{Spec, TensorKind};
use serde::{Deserialize, Serialize};

/// `intercept + weights · features`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    pub weights: Vec<f64>,
    pub intercept: f64,
}

/// Makes the head of a net zero: what the net adds to a sum is nothing until the data show otherwise.
pub fn zero_head(spec: &Spec, params: &mut [f32]) {
    for tensor in spec.tensors() {
        if matches!(tensor.kind, TensorKind::HeadWeights | TensorKind::HeadBias) {
            params[tensor.range()].fill(0.0);
        }
    }
}

/// Rows of features and what should come out of each.
#[derive(Clone, Debug)]
pub struct Design {
    width: usize,
    /// (R, width)
    features: Vec<f64>,
    /// (R)
    goals: Vec<f64>,
}

impl Linear {
    /// The sum.
    pub fn apply(&self, features: &[f64]) -> f64 {
        let terms = self.weights.iter().zip(features);
        self.intercept + terms.map(|(weight, feature)| weight * feature).sum::<f64>()
    }

    /// The mean of some sums, whose features begin alike: what is missing in shorter ones counts as zero.
    pub fn mean(sums: &[Self]) -> Self {
        let width = sums.iter().map(|sum| sum.weights.len()).max().unwrap_or(0);
        let share = 1.0 / sums.len().max(1) as f64;
        let mut mean = Self {
            weights: vec![0.0; width],
            intercept: 0.0,
        };
        for sum in sums {
            let weights = mean.weights.iter_mut().zip(&sum.weights);
            weights.for_each(|(mean, weight)| *mean += share * weight);
            mean.intercept += share * sum.intercept;
        }
        mean
    }
}

impl Design {
    /// No rows yet.
    pub const fn new(width: usize) -> Self {
        Self {
            width,
            features: Vec::new(),
            goals: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn push(&mut self, features: &[f64], goal: f64) {
        self.features.extend_from_slice(features);
        self.goals.push(goal);
    }

    /// How many rows there are.
    pub const fn len(&self) -> usize {
        self.goals.len()
    }

    /// The rows.
    fn rows(&self) -> impl Iterator<Item = (&[f64], f64)> {
        let rows = self.features.chunks_exact(self.width.max(1));
        rows.zip(self.goals.iter().copied())
    }

    /// The best sum for each of some ridges: shares of the features' variance that are added to it, so that features
    /// that hardly differ get small weights instead of huge ones of opposite sign.
    pub fn fit(&self, ridges: &[f64]) -> Vec<Linear> {
        let (means, scales) = self.moments();
        let count = self.len().max(1) as f64;
        let goal_mean = self.goals.iter().sum::<f64>() / count;
        let (mut gram, mut moment) = (vec![0.0; self.width * self.width], vec![0.0; self.width]);
        let mut row = vec![0.0; self.width];
        for (features, goal) in self.rows() {
            for (i, x) in row.iter_mut().enumerate() {
                *x = (features[i] - means[i]) / scales[i];
            }
            for (moment, x) in moment.iter_mut().zip(&row) {
                *moment += x * (goal - goal_mean);
            }
            // Slices of equal length, so that several products are added at once.
            for (i, sums) in gram.chunks_exact_mut(self.width.max(1)).enumerate() {
                let x = row[i];
                for (sum, y) in sums[..=i].iter_mut().zip(&row[..=i]) {
                    *sum += x * y;
                }
            }
        }
        let fit = |&ridge: &f64| {
            let mut weights = solve(gram.clone(), ridge * count, moment.clone());
            let each = weights.iter_mut().zip(&scales);
            each.for_each(|(weight, scale)| *weight /= scale);
            let offset: f64 = weights.iter().zip(&means).map(|(w, mean)| w * mean).sum();
            Linear {
                intercept: goal_mean - offset,
                weights,
            }
        };
        ridges.iter().map(fit).collect()
    }

    /// Mean and spread of every feature; the spread of one that never changes counts as 1.
    pub fn moments(&self) -> (Vec<f64>, Vec<f64>) {
        let count = self.len().max(1) as f64;
        let (mut means, mut scales) = (vec![0.0; self.width], vec![0.0; self.width]);
        for (features, _) in self.rows() {
            let each = means.iter_mut().zip(features);
            each.for_each(|(mean, x)| *mean += x / count);
        }
        for (features, _) in self.rows() {
            for ((scale, x), mean) in scales.iter_mut().zip(features).zip(&means) {
                *scale += (x - mean).powi(2) / count;
            }
        }
        for scale in &mut scales {
            *scale = if *scale > 0.0 { scale.sqrt() } else { 1.0 };
        }
        (means, scales)
    }
}

/// Solves `(A + ridge) x = b` for a symmetric `A` (lower half, row by row) by Cholesky's factors. A direction in which
/// `A` holds nothing gets a zero.
fn solve(mut a: Vec<f64>, ridge: f64, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        for j in 0..=i {
            let ridge = if i == j { ridge } else { 0.0 };
            let known: f64 = (0..j).map(|k| a[i * n + k] * a[j * n + k]).sum();
            let rest = a[i * n + j] + ridge - known;
            a[i * n + j] = match (i == j, a[j * n + j]) {
                (true, _) if rest > 0.0 => rest.sqrt(),
                (true, _) => 0.0,
                (false, pivot) if pivot > 0.0 => rest / pivot,
                (false, _) => 0.0,
            };
        }
    }
    let divide = |x: f64, pivot: f64| if pivot > 0.0 { x / pivot } else { 0.0 };
    for i in 0..n {
        let known: f64 = (0..i).map(|k| a[i * n + k] * b[k]).sum();
        b[i] = divide(b[i] - known, a[i * n + i]);
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|k| a[k * n + i] * b[k]).sum();
        b[i] = divide(b[i] - known, a[i * n + i]);
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_found_again() {
        let mut design = Design::new(3);
        for i in 0..40 {
            let x = [f64::from(i), f64::from(i * i % 7), 5.0];
            design.push(&x, 2.0 + 0.5 * x[0] - 3.0 * x[1]);
        }
        let [exact, shrunk] = &design.fit(&[1e-12, 1.0])[..] else {
            panic!("two ridges");
        };
        assert!(
            (exact.apply(&[3.0, 4.0, 5.0]) + 8.5).abs() < 1e-6,
            "{exact:?}"
        );
        assert!((exact.weights[0] - 0.5).abs() < 1e-6 && exact.weights[2].abs() < 1e-6);
        assert!(shrunk.weights[1].abs() < 2.0);
    }

    #[test]
    fn equal_features_share_the_weight() {
        let mut design = Design::new(2);
        (0..20).for_each(|i| design.push(&[f64::from(i), f64::from(i)], f64::from(i)));
        let fitted = &design.fit(&[1e-6])[0];
        assert!((fitted.weights[0] - fitted.weights[1]).abs() < 1e-3);
        assert!((fitted.apply(&[30.0, 30.0]) - 30.0).abs() < 1e-2);
    }

    #[test]
    fn the_mean_of_sums_has_the_longest_features() {
        let sum = |weights: &[f64], intercept| Linear {
            weights: weights.to_vec(),
            intercept,
        };
        let mean = Linear::mean(&[sum(&[1.0], 2.0), sum(&[3.0, 4.0], 0.0)]);
        assert_eq!(mean, sum(&[2.0, 2.0], 1.0));
    }

    #[test]
    fn nothing_to_learn_from_is_no_reason_to_panic() {
        let fitted = &Design::new(2).fit(&[1e-3])[0];
        assert_eq!(fitted.apply(&[1.0, 2.0]), 0.0);
    }
}
