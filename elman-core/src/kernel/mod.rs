//! The inner loops: each written once, safe, generic over the SIMD token.

pub(crate) mod activation;
pub(crate) mod cell;
pub(crate) mod chain;
pub(crate) mod dropout;
pub(crate) mod elementwise;
pub(crate) mod finish;
pub(crate) mod gemm;
mod narrow;
pub(crate) mod outer;
pub(crate) mod pack;
pub(crate) mod reduce;
pub(crate) mod softmax;
