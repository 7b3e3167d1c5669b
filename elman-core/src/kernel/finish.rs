//! What becomes of the sums of a product when its last block of `k` is done.

use super::activation::{relu_gradient, tanh_gradient};
use super::elementwise::{Function, Map, Tanh};
use crate::simd::{Simd, View};
use crate::spec::Activation;

/// What happens to a finished output.
#[derive(Clone, Copy)]
pub(crate) enum Finish<'a> {
    Keep,
    Tanh,
    Relu,
    /// Times the derivative of tanh, from the rows of `h = tanh(z)`.
    TanhGradient(View<'a>),
    /// Times the derivative of relu, from the rows of `h = relu(z)`.
    ReluGradient(View<'a>),
}

impl<'a> Finish<'a> {
    /// `f`
    pub const fn activate(activation: Activation) -> Self {
        match activation {
            Activation::Tanh => Self::Tanh,
            Activation::Relu => Self::Relu,
            Activation::Identity => Self::Keep,
        }
    }

    /// `f'` in terms of `h = f(z)`.
    pub const fn gradient(activation: Activation, h: View<'a>) -> Self {
        match activation {
            Activation::Tanh => Self::TanhGradient(h),
            Activation::Relu => Self::ReluGradient(h),
            Activation::Identity => Self::Keep,
        }
    }
}

/// What a clip does to finished sums before `finish`. A pass of its own: only imported nets have one, and `finish`
/// with a clip in it would be compiled once more (measured: 12 KB of flash for a net on a Cortex-M0).
#[derive(Clone, Copy)]
pub(crate) enum Limit<'a> {
    None,
    /// To ±clip.
    Sums(f32),
    /// To zero, where the rows of `h = f(z)` have the value at the clip: they take it from there on, and nowhere before.
    Gradient(f32, View<'a>),
}

impl<'a> Limit<'a> {
    pub const fn sums(clip: Option<f32>) -> Self {
        match clip {
            Some(clip) => Self::Sums(clip),
            None => Self::None,
        }
    }

    #[inline(always)]
    pub fn gradient<S: Simd>(s: S, activation: Activation, clip: Option<f32>, h: View<'a>) -> Self {
        let Some(clip) = clip else {
            return Self::None;
        };
        let mut edge = [clip];
        if activation == Activation::Tanh {
            let (function, data) = (Tanh, &mut edge[..]);
            s.run(Map { function, data });
        }
        Self::Gradient(edge[0], h)
    }
}

/// What happens to a strip of C; a trait for the same reason as [`Function`].
pub(super) trait Epilogue: Copy {
    /// Whether the strip of `h` at the same place matters.
    const READS_H: bool;

    fn call<S: Simd>(self, s: S, h: S::V, v: S::V) -> S::V;
}

impl<F: Function> Epilogue for F {
    const READS_H: bool = false;

    #[inline(always)]
    fn call<S: Simd>(self, s: S, _: S::V, v: S::V) -> S::V {
        Function::call(self, s, v)
    }
}

#[derive(Clone, Copy)]
pub(super) struct TanhGradient;
#[derive(Clone, Copy)]
pub(super) struct ReluGradient;
/// Zero where `|h|` is not below.
#[derive(Clone, Copy)]
pub(super) struct Within(pub f32);

impl Epilogue for TanhGradient {
    const READS_H: bool = true;

    #[inline(always)]
    fn call<S: Simd>(self, s: S, h: S::V, dh: S::V) -> S::V {
        tanh_gradient(s, h, dh)
    }
}

impl Epilogue for ReluGradient {
    const READS_H: bool = true;

    #[inline(always)]
    fn call<S: Simd>(self, s: S, h: S::V, dh: S::V) -> S::V {
        relu_gradient(s, h, dh)
    }
}

impl Epilogue for Within {
    const READS_H: bool = true;

    #[inline(always)]
    fn call<S: Simd>(self, s: S, h: S::V, dh: S::V) -> S::V {
        s.if_less(s.abs(h), s.splat(self.0), dh, s.splat(0.0))
    }
}
