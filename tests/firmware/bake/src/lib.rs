//! What build scripts of firmware share: the random nets that chips are measured with, and numbers as Rust source.
//! It runs on the desktop, so whatever it computes with `elman-core` is the desktop's answer.

pub mod golden;
mod net;
mod source;

pub use net::{Answers, RandomNet, STEPS};
pub use source::Source;
