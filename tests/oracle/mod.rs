//! The model family as a textbook writes it: f64, one sequence at a time, one number at a time.
//!
//! It shares nothing with `elman-core` except the [`Spec`](elman_core::Spec) and the names and
//! places of the tensors in the flat parameter slice.

mod cell;
mod loss;
mod net;
mod truncated;

pub use cell::Kinks;
pub use loss::{cross_entropy, squared_error};
pub use net::{Net, Run, Sequence, softmax, units};
pub use truncated::Objective;
