//! `exp` and `tanh` as our own polynomials with a fixed order of operations, so every fused level
//! gives the same bits. The accuracy table is in the crate docs; the exhaustive test proves it.
//!
//! Both cut `x = n·ln 2 + r` with `|r| ≤ ln 2 / 2` and evaluate `expm1(r) = r + r²·Q(r)`. Q is a
//! minimax fit of degree 4 (relative error of expm1 below 0.25·2⁻²⁴, coefficients rounded to f32 one
//! after the other, each time refitting the rest).

use super::{ROUND, Simd};

use core::f32::consts::{LN_2, LOG2_E};

/// ln 2 in two parts (Cody and Waite 1980): the first has so few bits that `n·LN2_HIGH` is exact
/// even without fused multiply-add.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;
const Q: [f32; 5] = [
    0.5,
    0.166_665_46,
    0.041_666_858,
    0.008_366_355,
    0.001_389_831_9,
];

/// Below this, `exp` is zero even among subnormals; above [`EXP_MAX`] it is infinite.
pub(crate) const EXP_MIN: f32 = -104.0;
const EXP_MAX: f32 = 89.0;

/// `expm1(r)` for `|r| ≤ ln 2 / 2`.
#[inline(always)]
fn expm1_reduced<S: Simd>(s: S, r: S::V) -> S::V {
    let q = s.mul_add(s.splat(Q[4]), r, s.splat(Q[3]));
    let q = s.mul_add(q, r, s.splat(Q[2]));
    let q = s.mul_add(q, r, s.splat(Q[1]));
    let q = s.mul_add(q, r, s.splat(Q[0]));
    s.mul_add(s.mul(r, r), q, r)
}

/// `x = n·ln 2 + r`: gives `n + ROUND` and `r`.
#[inline(always)]
fn reduce<S: Simd>(s: S, x: S::V) -> (S::V, S::V) {
    let rounded = s.mul_add(x, s.splat(LOG2_E), s.splat(ROUND));
    let n = s.sub(rounded, s.splat(ROUND));
    let r = s.neg_mul_add(n, s.splat(LN2_HIGH), x);
    (rounded, s.neg_mul_add(n, s.splat(LN2_LOW), r))
}

/// `e^x`; 0 and infinity beyond the range of f32, NaN for NaN.
#[inline(always)]
pub(crate) fn exp<S: Simd>(s: S, x: S::V) -> S::V {
    exp_up_to_one(s, s.min(s.splat(EXP_MAX), x))
}

/// The same for `x ≤ 0`, which never overflows.
#[inline(always)]
pub(crate) fn exp_up_to_one<S: Simd>(s: S, x: S::V) -> S::V {
    let x = s.max(s.splat(EXP_MIN), x);
    let (rounded, r) = reduce(s, x);
    s.scale(s.add(expm1_reduced(s, r), s.splat(1.0)), rounded)
}

/// From here on tanh rounds to ±1.
pub(crate) const TANH_MAX: f32 = 9.02;
/// Below this, tanh is a polynomial: `x + x³·T(x²)`, a minimax fit (error below 0.1·2⁻²⁴).
pub(crate) const TANH_SMALL: f32 = 0.45;
const T: [f32; 4] = [-0.333_332_48, 0.133_291_96, -0.053_339_15, 0.018_013_233];

/// The constants of tanh in the order of the registers of `simd/cortex_m/tanh.rs`.
#[cfg(any(cortex_m_fpu, elman_soft, test))]
pub(crate) static TANH_CONSTANTS: [f32; 16] = [
    TANH_MAX,
    2.0 * LOG2_E,
    ROUND,
    LN_2 / 2.0,
    32.0 * Q[4],
    T[3],
    T[2],
    T[1],
    T[0],
    16.0 * Q[3],
    8.0 * Q[2],
    4.0 * Q[1],
    2.0 * Q[0],
    0.5,
    1.0,
    -0.5,
];

/// The constants of sigmoid in the order of the registers of `simd/cortex_m/sigmoid.rs`.
#[cfg(cortex_m_fpu)]
pub(crate) static SIGMOID_CONSTANTS: [f32; 11] = [
    EXP_MIN, LOG2_E, ROUND, LN2_HIGH, LN2_LOW, Q[0], Q[1], Q[2], Q[3], Q[4], 1.0,
];

/// `tanh(x) = e / (e + 2)` with `e = expm1(2|x|)`, and a polynomial near zero, where the three
/// roundings of that quotient weigh most (2.5 ULP without it).
///
/// Both polynomials have the form `u + u·v·P(v)`, so one polynomial serves both: lanes near zero take
/// `u = |x|, v = x²` and the coefficients T, the others `u = v = r` and those of expm1. With `n = 0` the remainder r is |x| itself.
///
/// Lost against it: a rational 13/6 fit (fewer operations, but up to 3.5 ULP from its four roundings);
/// both polynomials one after the other (15 % slower); the quotient corrected by what its denominator
/// lost in rounding, instead of the polynomial near zero (as slow, and 4.8 ULP at the far end).
#[inline(always)]
pub(crate) fn tanh<S: Simd>(s: S, x: S::V) -> S::V {
    if let Some(y) = s.own_tanh(x) {
        return y;
    }
    let magnitude = s.min(s.splat(TANH_MAX), s.abs(x));
    // 2|x| = n·ln 2 + 2r. One constant for ln 2 / 2 is enough: what it lacks times n is lost in e + 2.
    let rounded = s.mul_add(magnitude, s.splat(2.0 * LOG2_E), s.splat(ROUND));
    let near_zero = NearZero { s, magnitude };
    let n = near_zero.zero(s.sub(rounded, s.splat(ROUND)));
    let u = s.neg_mul_add(n, s.splat(LN_2 / 2.0), magnitude);
    let v = near_zero.pick(s.mul(u, u), u);
    // P: T(x²), or Q of expm1(2r)/2
    let p = near_zero.constant(0.0, 32.0 * Q[4]);
    let p = s.mul_add(p, v, near_zero.constant(T[3], 16.0 * Q[3]));
    let p = s.mul_add(p, v, near_zero.constant(T[2], 8.0 * Q[2]));
    let p = s.mul_add(p, v, near_zero.constant(T[1], 4.0 * Q[1]));
    let p = s.mul_add(p, v, near_zero.constant(T[0], 2.0 * Q[0]));
    // tanh itself, or expm1(2r)/2
    let small = s.mul_add(s.mul(u, v), p, u);
    // e/2 = 2ⁿ·expm1(2r)/2 + (2ⁿ - 1)/2
    let power = s.pow2(rounded);
    let half_e = s.mul_add(power, small, s.mul_add(power, s.splat(0.5), s.splat(-0.5)));
    let large = s.div(half_e, s.add(half_e, s.splat(1.0)));
    s.with_sign(near_zero.pick(small, large), x)
}

/// Which lanes of tanh lie near zero.
#[derive(Clone, Copy)]
struct NearZero<S: Simd> {
    s: S,
    magnitude: S::V,
}

impl<S: Simd> NearZero<S> {
    #[inline(always)]
    fn pick(self, near: S::V, far: S::V) -> S::V {
        let limit = self.s.splat(TANH_SMALL);
        self.s.if_less(self.magnitude, limit, near, far)
    }

    #[inline(always)]
    fn constant(self, near: f32, far: f32) -> S::V {
        let limit = self.s.splat(TANH_SMALL);
        self.s.constant_if_less(self.magnitude, limit, near, far)
    }

    #[inline(always)]
    fn zero(self, far: S::V) -> S::V {
        let limit = self.s.splat(TANH_SMALL);
        self.s.zero_if_less(self.magnitude, limit, far)
    }
}

/// `sigmoid(x) = 1 / (1 + e⁻ˣ)`, from `e = exp(-|x|)`: `1 / (1 + e)`, or `e / (1 + e)` below zero.
///
/// What `1 + e` loses in rounding corrects the quotient (2.3 ULP without it). Lost against it:
/// `0.5 + 0.5·tanh(x/2)`, which cancels below zero (thousands of ULP); one quotient `1 / (1 + exp(-x))` for both sides,
/// which is zero from -89 on, where the function is still 10⁻³⁹.
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(s: S, x: S::V) -> S::V {
    if let Some(y) = s.own_sigmoid(x) {
        return y;
    }
    let (zero, one) = (s.splat(0.0), s.splat(1.0));
    let e = exp_up_to_one(s, s.sub(zero, s.abs(x)));
    let sum = s.add(e, one);
    let lost = s.sub(e, s.sub(sum, one));
    let quotient = s.div(s.if_less(x, zero, e, one), sum);
    s.neg_mul_add(quotient, lost, quotient)
}

/// `max(0, x)` that lets a NaN through, and whose zero is positive: a product with it, whatever its sign, then leaves a sum as it
/// is but for the sign of zero, which the next relu takes off.
#[inline(always)]
pub(crate) fn relu<S: Simd>(s: S, x: S::V) -> S::V {
    s.add(s.max(s.splat(0.0), x), s.splat(0.0))
}
