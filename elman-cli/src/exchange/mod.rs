//! Nets of others come in, nets of ours go out.

pub mod export;
pub mod import;
mod onnx;
