//! What a kind of job must tell the training loop, which knows no file format and no label.

use elman_core::Spec;
use serde::Serialize;

use crate::data::{Hiding, Sequences};

/// A job: a net's shape, numbers to learn from, and what its outputs are worth.
pub trait Task: Sync {
    /// What the net's numbers mean: stored in the model file, so that a user needs nothing else.
    type Meaning: Serialize + Sync;

    /// The task's name, in commands and files.
    const NAME: &'static str;

    /// The net.
    fn spec(&self) -> &Spec;

    /// See [`Task::Meaning`].
    fn meaning(&self) -> &Self::Meaning;

    /// What is learnt from.
    fn train(&self) -> &Sequences;

    /// The line of its file where a training sequence begins.
    fn train_line(&self, sequence: usize) -> usize;
    /// Ids that are now and then replaced while training.
    fn hiding(&self) -> Option<&Hiding>;

    /// What decides which epoch is best.
    fn valid(&self) -> &Sequences;

    /// What the score is called.
    fn score_name(&self) -> &'static str;

    /// Scores the outputs (R, O) for the validation data.
    fn measure(&self, outputs: &[f32]) -> Measure;
}

/// How good a model is.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Mean loss per item.
    pub loss: f64,
    /// Higher is better.
    pub score: f64,
}
