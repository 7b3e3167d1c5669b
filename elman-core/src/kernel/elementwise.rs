//! Whole slices through one function.

use super::activation::{exp, relu, tanh};
use crate::simd::{Operation, Simd};

/// Which function.
#[derive(Clone, Copy)]
pub(crate) enum Function {
    Exp,
    Tanh,
    Relu,
    Scale(f32),
    Clamp(f32),
}

/// Replaces every number by the function's value.
pub(crate) struct Map<'a> {
    pub function: Function,
    pub data: &'a mut [f32],
}

impl Operation for Map<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        match self.function {
            Function::Exp => each(s, self.data, |v| exp(s, v)),
            Function::Tanh => each(s, self.data, |v| tanh(s, v)),
            Function::Relu => each(s, self.data, |v| relu(s, v)),
            Function::Scale(factor) => each(s, self.data, |v| s.mul(v, s.splat(factor))),
            Function::Clamp(limit) => {
                each(s, self.data, |v| s.min(s.splat(limit), s.max(s.splat(-limit), v)));
            }
        }
    }
}

#[inline(always)]
fn each<S: Simd>(s: S, data: &mut [f32], f: impl Fn(S::V) -> S::V) {
    let (strips, rest) = data.as_chunks_mut();
    for strip in strips {
        let v = f(s.load(strip));
        s.store(strip, v);
    }
    if !rest.is_empty() {
        let v = f(s.load_part(rest));
        s.store_part(rest, v);
    }
}
