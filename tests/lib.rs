//! What the tests of `elman-core` share.
//!
//! - [`oracle`]: the model family as a textbook writes it, in f64, one sequence at a time;
//! - [`Case`]: a net with data for it, made from a seed;
//! - [`Rig`]: runs `elman-core` on a case, in buffers that are full of NaN before every use;
//! - [`bits`]: hashes of everything that must be the same bits everywhere.

pub mod bits;
pub mod oracle;
mod support;

pub use support::case::{Case, Rows, Targets};
pub use support::generator::Generator;
pub use support::levels::{fused_levels, levels};
pub use support::masks::passed_on;
pub use support::quantized::Quantized;
pub use support::rig::{Forward, Pass, Rig, Training, inputs};
pub use support::samples;
