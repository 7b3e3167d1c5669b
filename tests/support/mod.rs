//! Everything except the oracle and the fingerprints.

pub mod case;
pub mod generator;
pub mod levels;
pub mod masks;
pub mod quantized;
pub mod rig;
pub mod samples;
pub mod table;
