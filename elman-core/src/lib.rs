//! Elman recurrent nets in fixed buffers.
#![no_std]

mod backward;
mod batch;
mod error;
mod forward;
mod init;
mod kernel;
mod layout;
mod optimizer;
mod params;
mod simd;
mod spec;
mod stream;
mod tape;
mod weights;

pub mod gradient;
pub mod loss;
pub mod math;

pub use batch::Batch;
pub use error::Error;
pub use forward::{Inputs, forward};
pub use init::{Init, initialize};
pub use loss::Target;
pub use optimizer::Optimizer;
pub use params::{Place, Tensor, TensorKind};
pub use simd::{LANES, Level, Strip};
pub use spec::*;
pub use stream::Stream;
pub use tape::{NonFinite, Tape, Truncation, Window};
pub use weights::{Model, pack, pack_transposed};
