//! What the benches measure: the same net as `elman bench`, from the same file.

#[path = "../elman-cli/src/command/bench/net.rs"]
mod net;

pub use net::{Dims, Net, SHAPES, Shard, Storage, Weights, numbers};
