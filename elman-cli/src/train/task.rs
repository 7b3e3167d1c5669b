//! What a kind of job must tell the training loop, which knows no file format and no label.

use elman_core::{Model, Spec};
use serde::Serialize;

use crate::base::failure::Result;
use crate::data::{Hiding, Sequences};
use crate::train::report::Evidence;

/// A job: a net's shape, numbers to learn from, and what its outputs are worth. What is learnt follows from the head:
/// cross-entropy behind a softmax, squared error behind a linear map.
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

    /// What to do with a run in `folder`, once it is trained.
    fn next(folder: &str) -> String {
        format!("elman eval {folder} --data FILE, elman predict {folder} --data FILE")
    }

    /// How the training data are walked through.
    fn walk(&self) -> Walk {
        Walk::Shuffled
    }

    /// The line of its file where a training sequence begins.
    fn train_line(&self, sequence: usize) -> usize;

    /// Ids that are now and then replaced while training.
    fn hiding(&self) -> Option<&Hiding> {
        None
    }

    /// Standard deviation of what is added to numbers while training, so that nothing is learnt by heart.
    fn noise(&self) -> f32 {
        0.0
    }

    /// How much each class counts; all the same by default.
    fn class_weights(&self) -> Option<&[f32]> {
        None
    }

    /// Changes the parameters that training starts from, which are random.
    fn start(&self, _params: &mut [f32]) {}

    /// What decides which epoch is best.
    fn valid(&self) -> &Sequences;

    /// What the score is called.
    fn score_name(&self) -> &'static str;

    /// Measures a net on the validation data. Runs on the threads of the rayon pool around it.
    ///
    /// # Errors
    /// None for a net of this task.
    fn measure(&self, model: &Model<'_>) -> Result<Measure>;

    /// What a report page shows of a net at work on the validation data. Runs on the threads of the rayon pool around it.
    ///
    /// # Errors
    /// None for a net of this task.
    fn evidence(&self, _: &Model<'_>) -> Result<Vec<Evidence>> {
        Ok(Vec::new())
    }
}

/// A score for people: where it is a loss turned around (`-mse`), the loss.
pub fn as_read(name: &str, score: f64) -> (&str, f64) {
    match name.strip_prefix('-') {
        Some(loss) => (loss, -score),
        None => (name, score),
    }
}

/// How training data are walked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// In batches of whole sequences of similar length, in an order that is new in every epoch.
    Shuffled,
    /// Side by side: every sequence is a stream, the longest first, and an update is a window of `--k1` steps of all
    /// of them. The state is carried over from window to window.
    Streams,
}

/// How good a model is.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Mean loss per item.
    pub loss: f64,
    /// Higher is better; where the loss decides, its negative.
    pub score: f64,
}

#[cfg(test)]
mod tests {
    use super::as_read;

    #[test]
    fn losses_are_read_the_right_way_round() {
        assert_eq!(as_read("-mse", -0.5), ("mse", 0.5));
        assert_eq!(as_read("f1", 0.5), ("f1", 0.5));
    }
}
