//! A net in training, and how it is trained.

use elman_core::Spec;

use crate::data::Sequences;
use crate::train::settings::OptimizerName;

/// What the doctor looks at.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    pub spec: &'a Spec,
    /// Parameters before the last update; empty if there was none.
    pub before: &'a [f32],
    /// Parameters now.
    pub after: &'a [f32],
    pub train: &'a Sequences,
    /// Share of the epoch's updates that were clipped.
    pub clipped: f64,
    pub recipe: Recipe,
    pub course: Course,
}

/// How the training goes: a net that learns is well, whatever its units look like.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    /// Epochs done, of how many at most, and whether this was the last.
    pub epoch: usize,
    pub epochs: usize,
    pub is_last: bool,
    /// Whether it ended in a failure.
    pub has_failed: bool,
    /// Whether no epoch before was as good in validation.
    pub improves: bool,
    /// Whether the start is worth something, so that a net which adds nothing to it is no trouble.
    pub may_stay: bool,
    /// The epoch's mean training loss, and the least of all epochs in training and in validation.
    pub loss: f64,
    pub least_train: f64,
    pub least_valid: f64,
    /// The loss of answers that know no more than [how frequent each is](Sequences::baseline).
    pub baseline: f64,
}

impl Course {
    /// Whether nothing has been learnt: no epoch was better than answers that know the frequencies alone. As long as half of the
    /// epochs are to come, or validation gets better, it may still be.
    pub fn is_stuck(&self) -> bool {
        let is_late = self.is_last || (self.epoch * 2 >= self.epochs && !self.improves);
        is_late && !self.may_stay && self.least_train.min(self.least_valid) > 0.95 * self.baseline
    }

    /// Whether much that was learnt is lost again: at the end, or all of it. In between a small set may have a bad epoch.
    pub fn has_fallen_back(&self) -> bool {
        let limit = if self.is_last { 0.5 } else { 1.0 };
        self.loss > 1.5 * self.least_train && self.loss > limit * self.baseline
    }

    /// Whether the run does not do what it is for.
    pub fn is_spoilt(&self) -> bool {
        self.has_failed || self.is_stuck() || self.has_fallen_back()
    }
}

/// How the net is trained.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// Steps that a loss is sent back through, at most.
    pub reach: usize,
    pub optimizer: OptimizerName,
}

impl Recipe {
    /// Whether a clipped gradient makes for a smaller update. Rules that divide every gradient by the size of those
    /// before it hardly notice.
    pub const fn minds_clipping(&self) -> bool {
        matches!(self.optimizer, OptimizerName::Sgd | OptimizerName::Momentum)
    }
}
