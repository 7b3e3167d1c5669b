//! `simd::activation::tanh`, one number after the other: a number computes one of its two polynomials, not both.

use super::mul_add;
use crate::simd::ROUND;
use crate::simd::activation::{TANH_CONSTANTS, TANH_MAX, TANH_SMALL};

/// `to = tanh(from)`, as many numbers as both have.
pub fn run(from: &[f32], to: &mut [f32]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = tanh(from);
    }
}

/// The operations of the source in their order, without those that the branch makes idle: near zero `n = 0` and `0·v + T[3] = T[3]`.
/// Comparisons are those of bits, since magnitudes are ordered as their bits are.
#[inline(never)]
fn tanh(x: f32) -> f32 {
    let [_, twice_log2_e, _, half_ln_2, ..] = TANH_CONSTANTS;
    let [
        ..,
        q4,
        t3,
        t2,
        t1,
        t0,
        q3,
        q2,
        q1,
        q0,
        half,
        one,
        minus_half,
    ] = TANH_CONSTANTS;
    let sign = x.to_bits() & 1 << 31;
    let bits = x.to_bits() ^ sign;
    let magnitude = f32::from_bits(bits);
    let y = if bits < TANH_SMALL.to_bits() {
        let v = magnitude * magnitude;
        let mut p = t3;
        for t in [t2, t1, t0] {
            p = mul_add(p, v, t);
        }
        mul_add(magnitude * v, p, magnitude)
    } else {
        let magnitude = match bits {
            bits if bits > f32::INFINITY.to_bits() => magnitude, // NaN
            bits if bits > TANH_MAX.to_bits() => TANH_MAX,
            _ => magnitude,
        };
        let rounded = mul_add(magnitude, twice_log2_e, ROUND);
        let n = rounded - ROUND;
        let r = mul_add(-n, half_ln_2, magnitude);
        let mut p = q4;
        for q in [q3, q2, q1, q0] {
            p = mul_add(p, r, q);
        }
        let small = mul_add(r * r, p, r);
        let power = f32::from_bits(rounded.to_bits().wrapping_add(127) << 23);
        let half_e = mul_add(power, small, mul_add(power, half, minus_half));
        half_e / (half_e + one)
    };
    f32::from_bits(y.to_bits() | sign)
}
