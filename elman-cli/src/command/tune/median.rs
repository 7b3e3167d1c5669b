//! Which trials are given up: those whose best score so far lies below the median of the others at the same epoch (the median
//! rule of Golovin et al. 2017, "Google Vizier", section 3.2.1).

use super::journal::{Story, by_merit};

/// So many trials must have been completed before one is given up.
const ENOUGH: usize = 4;

/// The share of its epochs that every trial gets.
const WARM_UP: f64 = 0.1;

/// Of the trials that are complete, the best so far after every epoch.
#[derive(Clone, Debug, Default)]
pub struct MedianRule(Vec<Vec<[f64; 2]>>);

impl MedianRule {
    /// Of the trials on record.
    pub fn of(story: &Story) -> Self {
        let complete = story.trials.values().filter(|trial| trial.is_complete());
        let curves = complete.filter_map(|trial| Some(running_best(&trial.end.as_ref()?.curve)));
        Self(curves.filter(|curve| !curve.is_empty()).collect())
    }

    /// Whether a trial with these scores and losses so far, of so many epochs in all, is to be given up.
    pub fn is_hopeless(&self, curve: &[[f64; 2]], epochs: usize) -> bool {
        let done = curve.len();
        let is_warm = done as f64 >= (WARM_UP * epochs as f64).max(2.0);
        let Some(own) = running_best(curve).pop().filter(|_| is_warm) else {
            return false;
        };
        if self.0.len() < ENOUGH {
            return false;
        }
        // Who ended before this epoch did not get better any more.
        let at = |other: &Vec<[f64; 2]>| other[done.min(other.len()) - 1];
        let mut others: Vec<[f64; 2]> = self.0.iter().map(at).collect();
        others.sort_by(by_merit);
        let median = others[(others.len() - 1) / 2];
        by_merit(&own, &median).is_lt()
    }
}

/// The best so far after every epoch, as [`by_merit`] compares it.
fn running_best(curve: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut best = [f64::NEG_INFINITY; 2];
    let merits = curve.iter().map(|&[score, loss]| [score, -loss]);
    merits
        .map(|merit| {
            if by_merit(&merit, &best).is_gt() {
                best = merit;
            }
            best
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(scores: &[&[f64]]) -> MedianRule {
        let curve = |scores: &&[f64]| -> Vec<[f64; 2]> {
            scores.iter().map(|&score| [score, 1.0]).collect()
        };
        MedianRule(scores.iter().map(|one| running_best(&curve(one))).collect())
    }

    #[test]
    fn who_lies_below_the_median_is_given_up() {
        let others: [&[f64]; 5] = [
            &[0.1, 0.2, 0.1],
            &[0.1, 0.4, 0.5],
            &[0.1, 0.6],
            &[0.1, 0.8, 0.9],
            &[0.1, 0.9, 0.9],
        ];
        let rule = rule(&others);
        let is_hopeless = |curve: &[[f64; 2]]| rule.is_hopeless(curve, 10);
        assert!(!is_hopeless(&[]) && !is_hopeless(&[[0.0, 1.0]]));
        assert!(is_hopeless(&[[0.0, 1.0], [0.5, 1.0]]));
        assert!(!is_hopeless(&[[0.0, 1.0], [0.6, 1.0]]));
        // Of the same score, who loses more.
        assert!(is_hopeless(&[[0.0, 1.0], [0.6, 1.1]]));
        // The best so far counts, and later epochs go by the last of who ended early.
        assert!(!is_hopeless(&[
            [0.7, 1.0],
            [0.1, 1.0],
            [0.1, 1.0],
            [0.1, 1.0]
        ]));
        assert!(!rule.is_hopeless(&[[0.0, 1.0], [0.5, 1.0]], 100));
    }

    #[test]
    fn a_few_trials_are_no_measure() {
        let rule = rule(&[&[0.9, 0.9], &[0.9, 0.9], &[0.9, 0.9]]);
        assert!(!rule.is_hopeless(&[[0.0, 1.0], [0.0, 1.0]], 2));
    }
}
