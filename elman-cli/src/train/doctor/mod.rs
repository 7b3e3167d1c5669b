//! The RNN doctor: how well a net in training is, in numbers and in plain words.
//!
//! `probe` runs the net over a few training sequences and back, `spectrum` finds how much `W_rec` stretches,
//! `advice` reads the numbers and says what they mean and what to try, `course` how the run goes.

mod advice;
mod case;
pub mod checkup;
mod course;
mod examine;
mod probe;
mod spectrum;
mod words;

pub use case::{Case, Course, Recipe};
pub use checkup::{Checkup, Finding, Severity};
pub use examine::examine;
