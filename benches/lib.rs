//! What the benches measure: the same net as `elman bench`, from the same file; and the table that they end with.

#[path = "../elman-cli/src/command/bench/net.rs"]
mod net;
pub mod summary;

pub use net::{Dims, Net, SHAPES, Shard, Storage, Weights, numbers};
