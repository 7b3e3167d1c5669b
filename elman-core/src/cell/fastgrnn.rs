//! FastGRNN (A. Kusupati et al., "FastGRNN", NeurIPS 2018, section 3.2): a gate and an update that share one product.
//!
//! ```text
//! u = x·W_in + h[t-1]·W_rec      z = sigmoid(u + b_z)      n = tanh(u + b_n)
//! h[t] = (ζ·(1 - z) + ν)·n + z·h[t-1]                      ζ = sigmoid(a₀), ν = sigmoid(a₁): trained numbers
//!
//! dn = dh·(ζ·(1 - z) + ν)      dz = dh·(h[t-1] - ζ·n)      dζ = dh·(1 - z)·n      dν = dh·n      dh[t-1] = dh·z
//! ```
//!
//! In integers, with `tanh` and `sigmoid` of `cell::int8` (n in units of 2⁻¹⁵, z, ζ, ν and s of 2⁻¹⁶, h of 2^(e-15)):
//!
//! ```text
//! z = sigmoid(u + b_z)      n = tanh(u + b_n)      s = ⌊(ζ·(2¹⁶ - z) + 2¹⁵) / 2¹⁶⌋
//! h[t] = ⌊(⌊z·h[t-1] / 4⌋ + ⌊s·n / 2^(2+e)⌋ + ⌊ν·n / 2^(2+e)⌋ + 2¹³) / 2¹⁴⌋, limited to 16 bits
//! ```

use super::facts::CellFacts;
use super::gated::{Gated, GatedInt8};
use super::int8::Fixed;
use crate::simd::Simd;
use crate::simd::activation::tanh;

/// The cell's arithmetic. Sums: `[u b_z b_n ζ ν]`.
#[derive(Clone, Copy)]
pub(super) struct FastGrnn;

impl FastGrnn {
    pub const FACTS: CellFacts = CellFacts {
        gates: 1,
        sums: 5,
        from_x: 0..1,
        from_h: 0..1,
        states: 1,
        kept: 1,
        from_bias: 1..3,
        scalars: 2,
    };
}

/// `sigmoid(x) = ½·tanh(½·x) + ½`: right to 2⁻²⁴ of 1, which a share of a sum needs, if not to that of itself where it is
/// small; on chips half the work of a sigmoid that is.
#[inline(always)]
fn gate<S: Simd>(s: S, x: S::V) -> S::V {
    let half = s.splat(0.5);
    s.mul_add(half, tanh(s, s.mul(half, x)), half)
}

impl Gated<5, 1> for FastGrnn {
    const FACTS: CellFacts = Self::FACTS;
    const H_FLOWS: bool = true;

    /// Leaves u: the backward pass computes gate and update anew.
    #[inline(always)]
    fn step<S: Simd>(self, s: S, sums: &mut [S::V; 5], [h]: [S::V; 1]) -> [S::V; 1] {
        let z = gate(s, s.add(sums[0], sums[1]));
        let n = tanh(s, s.add(sums[0], sums[2]));
        let share = s.mul_add(sums[3], s.sub(s.splat(1.0), z), sums[4]);
        [s.mul_add(share, n, s.mul(z, h))]
    }

    #[inline(always)]
    fn before_back<S: Simd>(self, _: S) -> Self {
        self
    }

    #[inline(always)]
    fn back<S: Simd>(
        self,
        s: S,
        [u, b_z, b_n, zeta, nu]: [S::V; 5],
        [h]: [S::V; 1],
        _: [S::V; 1],
        [d_h]: [S::V; 1],
    ) -> ([S::V; 5], [S::V; 1]) {
        let z = gate(s, s.add(u, b_z));
        let n = tanh(s, s.add(u, b_n));
        let rest = s.sub(s.splat(1.0), z);
        let d_n = s.mul(d_h, s.mul_add(zeta, rest, nu));
        let d_z = s.mul(d_h, s.neg_mul_add(zeta, n, h));
        let d_b_n = s.mul(d_n, s.neg_mul_add(n, n, s.splat(1.0)));
        let d_b_z = s.mul(d_z, s.neg_mul_add(z, z, z));
        let d_nu = s.mul(d_h, n);
        let d_sums = [s.add(d_b_z, d_b_n), d_b_z, d_b_n, s.mul(d_nu, rest), d_nu];
        (d_sums, [s.mul(d_h, z)])
    }
}

impl GatedInt8<5, 1> for FastGrnn {
    const INT8_CUTS: [Option<u32>; 5] = [None, Some(1), Some(0), None, None];

    #[inline(always)]
    fn step_int8([u, b_z, b_n, ..]: [i32; 5], [h]: [i32; 1], fixed: Fixed) -> [i32; 1] {
        let [zeta, nu] = fixed.scalars();
        // Where a unit has several sums, none reaches 2³⁰.
        let (z, n) = (fixed.sigmoid(u + b_z), fixed.tanh(u + b_n));
        // Of the two factors each is below 2¹⁶: within 32 bits without a sign.
        let share = (zeta as u32 * (0x10000 - z) as u32 + 0x8000) >> 16;
        let cut = 2 + fixed.exponent();
        // All three products are below 2³¹, so are their quarters together with what rounds.
        let new = ((share as i32 * n) >> cut) + ((nu * n) >> cut);
        let h = (((z * h) >> 2) + new + 0x2000) >> 14;
        [h.clamp(-0x8000, 0x7fff)]
    }
}
