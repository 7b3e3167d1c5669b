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
