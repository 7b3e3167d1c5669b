//! The net in memory and on disk, what it costs, and how it is asked.

pub mod attribution;
pub mod cell;
#[cfg(test)]
mod corruption;
pub mod cost;
pub mod describe;
pub mod ensemble;
pub mod figures;
pub mod gather;
pub mod infer;
pub mod int8;
pub mod int8_file;
pub mod judge;
pub mod model_file;
pub mod network;
pub mod objective;
pub mod samples;
pub mod spec_file;
pub mod textbook;
pub mod together;
mod torch_tensor;
mod transitions;
mod worker;
