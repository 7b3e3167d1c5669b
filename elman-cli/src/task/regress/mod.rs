//! Regression: numbers from a sequence, read at its last step, or at every step, from the inputs alone. A linear sum of the
//! inputs, on a curve that validation chooses, makes the estimate, and the net learns what it misses: so targets that grow past
//! everything seen in training are followed by a sum that holds there.

mod args;
mod choose;
mod encoding;
mod meaning;
mod model;
mod samples;
mod scores;
mod task;

pub use args::RegressArgs;
pub use meaning::TASK;
pub use model::{RegressModel, fit};
