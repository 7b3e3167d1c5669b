//! What may be typed for every task's trained nets.

mod eval;
mod generate;
mod predict;

pub use eval::{EvalArgs, split_column};
pub use generate::GenerateArgs;
pub use predict::{PredictArgs, UNSURE};
