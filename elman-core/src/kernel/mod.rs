//! The inner loops: each written once, safe, generic over the SIMD token.

pub(crate) mod dropout;
pub(crate) mod elementwise;
pub(crate) mod finish;
pub(crate) mod gated;
pub(crate) mod gemm;
pub(crate) mod operands;
pub(crate) mod outer;
pub(crate) mod pack;
pub(crate) mod recurrent;
pub(crate) mod reduce;
mod small;
pub(crate) mod softmax;
pub(crate) mod step;
