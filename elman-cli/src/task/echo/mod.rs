//! The echo task: symbols drawn at random come out again some steps later. The smallest test of a memory.

mod args;
mod meaning;
mod model;
mod scores;
mod task;

pub use args::EchoArgs;
pub use meaning::TASK;
pub use model::EchoModel;
pub use task::EchoTask;
