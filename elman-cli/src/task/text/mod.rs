//! Text: the next character or word.

mod args;
mod generate;
mod lexicon;
mod meaning;
mod mistakes;
mod model;
mod reader;
mod sample;
mod scores;
mod task;

pub use args::TextArgs;
pub use generate::run as generate;
pub use meaning::TASK;
pub use model::TextModel;
