//! Labelling: a label for every token or row of numbers.

mod args;
mod evidence;
mod labels;
mod meaning;
mod model;
mod scores;
mod task;

pub use args::LabelArgs;
pub use labels::{Labels, best};
pub use meaning::{LabelMeaning, TASK};
pub use model::LabelModel;
pub use scores::{LabelScores, nats};
