//! `wide::f32x4` four at a time: SSE2, NEON, WebAssembly SIMD, or plain scalar code.

use wide::{bytemuck, f32x4, i32x4};

use super::{Bf16x2, LANES, Operation, Simd, sealed::Sealed};
#[cfg(elman_soft)]
use super::{Product, View, soft};

/// No CPU feature beyond the compile target's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Portable;

impl Portable {
    /// Whether `wide` has a fused multiply-add on this target, or software stands in for it.
    pub const FUSED: bool = cfg!(any(
        feature = "exact",
        all(target_arch = "aarch64", target_feature = "neon"),
        all(target_feature = "sse2", target_feature = "fma"),
    ));
}

impl Sealed for Portable {}

type V = [f32x4; 4];

fn bits(v: f32x4) -> i32x4 {
    // SAFETY: both are sixteen bytes of plain data, valid for every bit pattern.
    unsafe { core::mem::transmute(v) }
}

fn number(bits: i32x4) -> f32x4 {
    // SAFETY: both are sixteen bytes of plain data, valid for every bit pattern.
    unsafe { core::mem::transmute(bits) }
}

/// `2^n`
fn pow2(n: i32x4) -> f32x4 {
    number((n + i32x4::splat(127)) << 23u32)
}

/// `f` of every lane.
#[cfg(not(elman_soft))]
#[inline(always)]
fn lanes(operands: [f32x4; 3], f: impl Fn(f32, f32, f32) -> f32) -> f32x4 {
    let [[a0, a1, a2, a3], [b0, b1, b2, b3], [c0, c1, c2, c3]] = operands.map(f32x4::to_array);
    f32x4::new([f(a0, b0, c0), f(a1, b1, c1), f(a2, b2, c2), f(a3, b3, c3)])
}

// Not `from_fn` or loops with indices: where little is inlined, at `opt-level` "s", they keep the checks of their bounds, and chips
// the panics.

/// `f` of the four parts of a strip.
#[inline(always)]
fn each<T, U>([a, b, c, d]: [T; 4], f: impl Fn(T) -> U) -> [U; 4] {
    [f(a), f(b), f(c), f(d)]
}

/// The same of two strips.
#[inline(always)]
fn each2(a: V, b: V, f: impl Fn(f32x4, f32x4) -> f32x4) -> V {
    let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (a, b);
    [f(a0, b0), f(a1, b1), f(a2, b2), f(a3, b3)]
}

/// The same of three.
#[cfg(not(elman_soft))]
#[inline(always)]
fn each3(a: V, b: V, c: V, f: impl Fn(f32x4, f32x4, f32x4) -> f32x4) -> V {
    let ([a0, a1, a2, a3], [b0, b1, b2, b3], [c0, c1, c2, c3]) = (a, b, c);
    [f(a0, b0, c0), f(a1, b1, c1), f(a2, b2, c2), f(a3, b3, c3)]
}

/// `round(round(a·b) + c)`: sixteen calls in a place of their own, since inlined they would fill the flash.
#[cfg(elman_soft)]
#[inline(never)]
fn multiply_add(a: &V, b: &V, c: &V) -> V {
    let [a, b, mut to]: [[f32; LANES]; 3] = [*a, *b, *c].map(bytemuck::cast);
    for (to, (&a, &b)) in to.iter_mut().zip(a.iter().zip(&b)) {
        *to = soft::mul_add(a, b, *to);
    }
    bytemuck::cast(to)
}

#[cfg(not(elman_soft))]
#[inline(always)]
fn fused(a: f32x4, b: f32x4, c: f32x4) -> f32x4 {
    if cfg!(feature = "exact") && !cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
        lanes([a, b, c], libm::fmaf)
    } else {
        a.mul_add(b, c)
    }
}

impl Simd for Portable {
    type V = V;
    // Sixteen registers hold 2×4 accumulators, 4 of B and temporaries; aarch64 has thirty-two.
    const ACCUMULATORS: usize = if cfg!(target_arch = "aarch64") { 6 } else { 3 };
    const TILE_ROWS: usize = Self::ACCUMULATORS;
    const OWN_DOT: bool = cfg!(elman_soft);

    #[inline(never)] // one copy per operation, however many call it
    fn run<O: Operation>(self, operation: O) -> O::Output {
        operation.run(self)
    }
    #[inline(always)]
    fn splat(self, x: f32) -> V {
        [f32x4::splat(x); 4]
    }
    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> V {
        each(bytemuck::cast(*from), f32x4::new)
    }
    #[inline(always)]
    fn load_pairs(self, from: &[Bf16x2; LANES]) -> (V, V) {
        let pairs: [[i32; 4]; 4] = bytemuck::cast(from.map(|Bf16x2(pair)| pair));
        let pairs = each(pairs, i32x4::new);
        let high = i32x4::splat(0xFFFF_0000_u32 as i32);
        (
            each(pairs, |pairs| number(pairs << 16u32)),
            each(pairs, |pairs| number(pairs & high)),
        )
    }
    #[inline(always)]
    fn store(self, to: &mut [f32; LANES], v: V) {
        for (to, v) in to.as_chunks_mut::<4>().0.iter_mut().zip(v) {
            *to = v.to_array();
        }
    }
    #[inline(always)]
    fn add(self, a: V, b: V) -> V {
        each2(a, b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, a: V, b: V) -> V {
        each2(a, b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, a: V, b: V) -> V {
        each2(a, b, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, a: V, b: V) -> V {
        each2(a, b, |a, b| a / b)
    }
    #[inline(always)]
    fn mul_add(self, a: V, b: V, c: V) -> V {
        #[cfg(elman_soft)]
        return multiply_add(&a, &b, &c);
        #[cfg(not(elman_soft))]
        each3(a, b, c, fused)
    }
    #[inline(always)]
    fn neg_mul_add(self, a: V, b: V, c: V) -> V {
        #[cfg(elman_soft)]
        return multiply_add(&each(a, |a| -a), &b, &c);
        #[cfg(not(elman_soft))]
        each3(a, b, c, |a, b, c| fused(-a, b, c))
    }
    #[inline(always)]
    fn sqrt(self, a: V) -> V {
        // Correctly rounded on every target; `wide` only promises that where the hardware has it.
        if cfg!(any(
            target_feature = "sse2",
            target_arch = "aarch64",
            target_feature = "simd128"
        )) {
            each(a, f32x4::sqrt)
        } else {
            each(a, |a| f32x4::new(each(a.to_array(), libm::sqrtf)))
        }
    }
    #[inline(always)]
    fn min(self, a: V, b: V) -> V {
        each2(a, b, |a, b| a.simd_lt(b).bitselect(a, b))
    }
    #[inline(always)]
    fn max(self, a: V, b: V) -> V {
        each2(a, b, |a, b| a.simd_gt(b).bitselect(a, b))
    }
    #[inline(always)]
    fn abs(self, a: V) -> V {
        each(a, f32x4::abs)
    }
    #[inline(always)]
    fn with_sign(self, a: V, sign: V) -> V {
        each2(a, sign, |a, sign| a | (sign & f32x4::splat(-0.0)))
    }
    #[inline(always)]
    fn if_less(self, a: V, b: V, then: V, otherwise: V) -> V {
        let pick = |i: usize| a[i].simd_lt(b[i]).select(then[i], otherwise[i]);
        [pick(0), pick(1), pick(2), pick(3)]
    }
    #[inline(always)]
    fn zero_if_less(self, a: V, b: V, otherwise: V) -> V {
        let keep = |i: usize| !a[i].simd_lt(b[i]) & otherwise[i];
        [keep(0), keep(1), keep(2), keep(3)]
    }
    #[cfg(elman_soft)]
    #[inline(always)]
    fn dot(self, start: View, mut products: [Product<'_, f32>; 2], to: &mut [f32]) {
        soft::dot(start, &mut products, to, false);
    }
    #[cfg(elman_soft)]
    #[inline(always)]
    fn dot_some(self, start: View, mut products: [Product<'_, f32>; 2], to: &mut [f32]) {
        soft::dot(start, &mut products, to, true);
    }
    #[cfg(elman_soft)]
    #[inline(always)]
    fn own_tanh(self, v: V) -> Option<V> {
        let (mut from, mut to) = ([0.0; LANES], [0.0; LANES]);
        self.store(&mut from, v);
        soft::tanh_row(&from, &mut to);
        Some(self.load(&to))
    }
    #[cfg(elman_soft)]
    #[inline(always)]
    fn tanh_into(self, from: &[f32], to: &mut [f32]) {
        soft::tanh_row(from, to);
    }
    #[inline(always)]
    fn pow2(self, rounded: V) -> V {
        each(rounded, |rounded| pow2(bits(rounded)))
    }
    #[inline(always)]
    fn scale(self, p: V, rounded: V) -> V {
        each2(p, rounded, |p, rounded| {
            let n = bits(rounded) - bits(f32x4::splat(super::ROUND));
            let half = n >> 1u32;
            (p * pow2(half)) * pow2(n - half)
        })
    }
}
