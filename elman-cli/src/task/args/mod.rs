//! What may be typed for every task's trained nets.

mod eval;
mod generate;
mod predict;

pub use eval::EvalArgs;
pub use generate::GenerateArgs;
pub use predict::PredictArgs;
