//! What may be typed for every task's trained nets.

mod eval;
mod predict;

pub use eval::EvalArgs;
pub use predict::PredictArgs;
