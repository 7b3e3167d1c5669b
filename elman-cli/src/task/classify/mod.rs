//! Classifying: a class for every sequence.

mod args;
mod meaning;
mod model;
mod scores;
mod source;
mod task;
mod why;

pub use args::ClassifyArgs;
pub use meaning::{ClassMeaning, TASK};
pub use model::{ClassModel, fit};
pub use source::Unit;
