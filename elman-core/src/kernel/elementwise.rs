//! Whole slices through one function.

use crate::simd::activation::{exp, relu, sigmoid, tanh};
use crate::simd::{Operation, Simd};

/// A function of one strip.
///
/// A trait and not a closure: a closure cannot be `#[inline(always)]`, and what is not inlined is
/// compiled without the token's features (measured: 40 times slower).
pub(crate) trait Function: Copy {
    fn call<S: Simd>(self, s: S, v: S::V) -> S::V;
}

/// `e^x`
#[derive(Clone, Copy)]
pub(crate) struct Exp;
/// `tanh(x)`
#[derive(Clone, Copy)]
pub(crate) struct Tanh;
/// `1 / (1 + e⁻ˣ)`
#[derive(Clone, Copy)]
pub(crate) struct Sigmoid;
/// `max(0, x)`
#[derive(Clone, Copy)]
pub(crate) struct Relu;
/// `factor·x`
#[derive(Clone, Copy)]
pub(crate) struct Scale(pub f32);
/// `x` limited to ±limit
#[derive(Clone, Copy)]
pub(crate) struct Clamp(pub f32);

impl Function for Exp {
    #[inline(always)]
    fn call<S: Simd>(self, s: S, v: S::V) -> S::V {
        exp(s, v)
    }
}

impl Function for Tanh {
    #[inline(always)]
    fn call<S: Simd>(self, s: S, v: S::V) -> S::V {
        tanh(s, v)
    }
}

impl Function for Sigmoid {
    #[inline(always)]
    fn call<S: Simd>(self, s: S, v: S::V) -> S::V {
        sigmoid(s, v)
    }
}

impl Function for Relu {
    #[inline(always)]
    fn call<S: Simd>(self, s: S, v: S::V) -> S::V {
        relu(s, v)
    }
}

impl Function for Scale {
    #[inline(always)]
    fn call<S: Simd>(self, s: S, v: S::V) -> S::V {
        s.mul(v, s.splat(self.0))
    }
}

impl Function for Clamp {
    #[inline(always)]
    fn call<S: Simd>(self, s: S, v: S::V) -> S::V {
        s.min(s.splat(self.0), s.max(s.splat(-self.0), v))
    }
}

/// Replaces every number by the function's value.
pub(crate) struct Map<'a, F> {
    pub function: F,
    pub data: &'a mut [f32],
}

impl<F: Function> Operation for Map<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (strips, rest) = self.data.as_chunks_mut();
        for strip in strips {
            let v = self.function.call(s, s.load(strip));
            s.store(strip, v);
        }
        if !rest.is_empty() {
            let v = self.function.call(s, s.load_part(rest));
            s.store_part(rest, v);
        }
    }
}
