//! What is learnt: cross-entropy where targets are classes, squared error where they are numbers.

use elman_core::{Level, Target, loss};

use crate::failure::Result;

/// The targets of some output rows.
#[derive(Clone, Copy, Debug)]
pub enum Objective<'a> {
    /// Softmax and cross-entropy, in nats; a class may weigh more than another.
    Classes {
        targets: &'a [Target],
        weights: Option<&'a [f32]>,
    },
    /// Squared error; a NaN is missing and does not count.
    Numbers(&'a [f32]),
}

impl Objective<'_> {
    /// How much counts: what the mean loss divides by.
    pub fn total(&self) -> f64 {
        match self {
            Self::Classes { targets, weights } => loss::total_weight(targets, *weights),
            Self::Numbers(goals) => goals.iter().filter(|goal| !goal.is_nan()).count() as f64,
        }
    }

    /// Turns output rows of `width` numbers into the gradient of their loss, and returns that loss as a share of
    /// `total`. `scratch` may hold anything.
    ///
    /// # Errors
    /// A class without an output.
    pub fn learn(
        &self,
        level: Level,
        outputs: &mut [f32],
        width: usize,
        total: f64,
        scratch: &mut Vec<f32>,
    ) -> Result<f64> {
        match self {
            Self::Classes { targets, weights } => Ok(loss::softmax_cross_entropy(
                level, outputs, width, targets, *weights, total,
            )?),
            Self::Numbers(goals) => {
                // Where the target is missing the output itself takes its place: no error, no gradient.
                let known = goals.iter().zip(&*outputs);
                scratch.clear();
                scratch.extend(known.map(|(&goal, &y)| if goal.is_nan() { y } else { goal }));
                Ok(loss::mean_squared_error(
                    outputs, width, scratch, None, total,
                )?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_learnt_from_a_missing_number() {
        let goals = [1.0, f32::NAN, 3.0];
        let objective = Objective::Numbers(&goals);
        let mut outputs = [2.0, 7.0, 3.0];
        let (total, mut scratch) = (objective.total(), vec![9.0; 7]);
        let loss = objective
            .learn(Level::detect(), &mut outputs, 1, total, &mut scratch)
            .unwrap();
        assert_eq!((total, loss, outputs), (2.0, 0.5, [1.0, 0.0, 0.0]));
    }

    #[test]
    fn classes_may_weigh_more_than_others() {
        let targets = [Target::class(0), Target::class(1), Target::IGNORED];
        let objective = Objective::Classes {
            targets: &targets,
            weights: Some(&[1.0, 3.0]),
        };
        assert_eq!(objective.total(), 4.0);
        let mut outputs = [0.0; 6];
        objective
            .learn(Level::detect(), &mut outputs, 2, 4.0, &mut Vec::new())
            .unwrap();
        assert_eq!(outputs, [-0.125, 0.125, 0.375, -0.375, 0.0, 0.0]);
    }
}
