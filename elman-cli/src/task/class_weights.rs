//! How much each class or label counts in training.

use clap::ValueEnum;
use elman_core::Target;
use serde::Serialize;

/// How much each class or label counts in training.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClassWeights {
    /// Every example counts the same
    None,
    /// Every class counts the same: its examples count the more, the fewer they are
    Balanced,
}

impl ClassWeights {
    /// The weight of each class; `None` where all examples count the same.
    pub fn of(self, targets: &[Target], classes: usize) -> Option<Vec<f32>> {
        (self == Self::Balanced).then(|| balanced(targets, classes))
    }
}

/// Weights under which all classes count the same, 1 on average over the targets.
fn balanced(targets: &[Target], classes: usize) -> Vec<f32> {
    let mut counts = vec![0usize; classes];
    for class in targets.iter().filter_map(|target| target.get()) {
        counts[class as usize] += 1;
    }
    let occurring = counts.iter().filter(|&&count| count > 0).count();
    let weight = |&count: &usize| match count {
        0 => 0.0,
        count => (targets.len() as f64 / (occurring * count) as f64) as f32,
    };
    counts.iter().map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_classes_count_the_same() {
        let targets = [0, 0, 0, 2].map(Target::class);
        let weights = ClassWeights::Balanced.of(&targets, 3).unwrap();
        assert_eq!(weights[1], 0.0);
        assert_eq!((weights[0] * 3.0, weights[2]), (2.0, 2.0));
        assert_eq!(ClassWeights::None.of(&targets, 3), None);
    }
}
