//! What is learnt: cross-entropy where targets are classes, row by row or of whole sequences, squared error where they are
//! numbers.

use elman_core::{Batch, Level, Target, crf, loss};

use crate::base::failure::Result;

/// The targets of some output rows.
#[derive(Clone, Copy, Debug)]
pub enum Objective<'a> {
    /// Softmax and cross-entropy, in nats; a class may weigh more than another.
    Classes {
        targets: &'a [Target],
        weights: Option<&'a [f32]>,
        /// Share of every target that is spread over all classes.
        smoothing: f32,
    },
    /// Squared error; a NaN is missing and does not count.
    Numbers(&'a [f32]),
}

impl<'a> Objective<'a> {
    /// The classes; none where targets are numbers.
    pub const fn targets(&self) -> &'a [Target] {
        match self {
            Self::Classes { targets, .. } => targets,
            Self::Numbers(_) => &[],
        }
    }

    /// How much counts: what the mean loss divides by.
    pub fn total(&self) -> f64 {
        match self {
            Self::Classes {
                targets, weights, ..
            } => loss::total_weight(targets, *weights),
            Self::Numbers(goals) => goals.iter().filter(|goal| !goal.is_nan()).count() as f64,
        }
    }

    /// Turns output rows of `width` numbers into the gradient of their loss, and returns that loss as a share of
    /// `total`; smoothing is in the gradient only, so that the loss compares to that of validation. `scratch` may hold
    /// anything.
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
            Self::Classes {
                targets,
                weights,
                smoothing,
            } => {
                let loss =
                    loss::softmax_cross_entropy(level, outputs, width, targets, *weights, total)?;
                if *smoothing > 0.0 && total > 0.0 {
                    for (row, target) in outputs.chunks_exact_mut(width).zip(*targets) {
                        let counted = loss::total_weight(&[*target], *weights) / total;
                        smooth(row, *target, counted as f32 * smoothing);
                    }
                }
                Ok(loss)
            }
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

/// Labels of whole sequences, which are scored together: a linear-chain conditional random field.
#[derive(Clone, Copy, Debug)]
pub struct Paths<'a> {
    pub batch: &'a Batch<'a>,
    pub transitions: crf::Transitions<'a>,
}

impl Paths<'_> {
    /// Turns logits (R, labels) of a batch into the gradient of their loss, adds that of the scores to theirs, and returns the
    /// loss as a share of `total`. The scratch may hold anything.
    ///
    /// # Errors
    /// A label without an output.
    pub fn learn(
        &self,
        level: Level,
        rows: &mut [f32],
        targets: &[Target],
        total: f64,
        (scratch, gradients): (&mut Vec<f64>, &mut [f32]),
    ) -> Result<f64> {
        let labels = rows.len() / self.batch.rows();
        let needed = crf::scratch_len(labels, self.batch.steps());
        if scratch.len() < needed {
            scratch.resize(needed, 0.0);
        }
        let (batch, transitions) = (self.batch, self.transitions);
        Ok(crf::negative_log_likelihood(
            level,
            batch,
            rows,
            labels,
            targets,
            transitions,
            total,
            scratch,
            gradients,
        )?)
    }
}

/// Takes a `share` off the target in a row of `∂loss/∂logits` and spreads it over all classes (Szegedy et al. 2016).
fn smooth(row: &mut [f32], target: Target, share: f32) {
    let Some(class) = target.get() else {
        return;
    };
    let each = share / row.len() as f32;
    row.iter_mut().for_each(|slope| *slope -= each);
    row[class as usize] += share;
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
    fn smoothing_takes_from_the_target_and_gives_to_all() {
        let (logits, weights) = ([0.3, -1.2, 0.8, 2.0, 0.0, -0.5], [1.0, 3.0, 1.0]);
        let targets = [Target::class(2), Target::class(1)];
        let share = 0.2;
        let objective = Objective::Classes {
            targets: &targets,
            weights: Some(&weights),
            smoothing: share as f32,
        };
        // The textbook's loss of smoothed targets, whose slopes are those that are learnt from.
        let smoothed = |logits: &[f64]| -> f64 {
            let rows = logits.chunks(3).zip([2, 1]);
            let of_row = |(row, class): (&[f64], usize)| {
                let sum: f64 = row.iter().map(|x| x.exp()).sum();
                let nats = row.iter().map(|x| sum.ln() - x);
                let wanted = |i| share / 3.0 + if i == class { 1.0 - share } else { 0.0 };
                let mixed: f64 = nats.enumerate().map(|(i, nats)| wanted(i) * nats).sum();
                f64::from(weights[class]) * mixed
            };
            rows.map(of_row).sum::<f64>() / 4.0
        };
        let mut slopes = logits.map(|x: f64| x as f32);
        objective
            .learn(Level::detect(), &mut slopes, 3, 4.0, &mut Vec::new())
            .unwrap();
        for (i, &slope) in slopes.iter().enumerate() {
            let at = |step: f64| {
                let mut moved = logits;
                moved[i] += step;
                smoothed(&moved)
            };
            let expected = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((f64::from(slope) - expected).abs() < 1e-6, "{i}");
        }
    }

    #[test]
    fn classes_may_weigh_more_than_others() {
        let targets = [Target::class(0), Target::class(1), Target::IGNORED];
        let objective = Objective::Classes {
            targets: &targets,
            weights: Some(&[1.0, 3.0]),
            smoothing: 0.0,
        };
        assert_eq!(objective.total(), 4.0);
        let mut outputs = [0.0; 6];
        objective
            .learn(Level::detect(), &mut outputs, 2, 4.0, &mut Vec::new())
            .unwrap();
        assert_eq!(outputs, [-0.125, 0.125, 0.375, -0.375, 0.0, 0.0]);
    }
}
