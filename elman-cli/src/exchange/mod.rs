//! Nets from and for other programs: `import` reads ONNX and PyTorch, `export` writes C, Rust, images and ONNX.

pub mod export;
pub mod import;
mod onnx;
