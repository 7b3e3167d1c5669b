//! Forecasting: the value of a series some steps ahead. A linear sum of what was, on a scale chosen by validation,
//! makes the forecast, and the net learns what that sum misses. So a series that grows past everything seen in training
//! is still forecast by a sum that holds there, and the net's part stays as small as it was.

mod args;
mod calendar;
mod choose;
mod encoded;
mod encoding;
mod history;
mod meaning;
mod memory;
mod model;
mod predict;
mod scale;
mod scores;
mod series;
mod task;
#[cfg(test)]
mod tests;
mod why;

pub use args::ForecastArgs;
pub use meaning::TASK;
pub use model::{ForecastModel, fit};
