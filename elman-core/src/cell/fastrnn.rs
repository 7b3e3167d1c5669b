//! FastRNN (A. Kusupati et al., "FastGRNN", NeurIPS 2018, section 3.1): Elman's cell with a weighted residual connection.
//!
//! ```text
//! n = tanh(b + x·W_in + h[t-1]·W_rec)      h[t] = α·n + β·h[t-1]         α = sigmoid(a₀), β = sigmoid(a₁): trained numbers
//!
//! dn = dh·α      dα = dh·n      dβ = dh·h[t-1]      dh[t-1] = dh·β
//! ```
//!
//! In integers, with `tanh` of `cell::int8` (n in units of 2⁻¹⁵, α and β of 2⁻¹⁶, h of 2^(e-15)):
//!
//! ```text
//! h[t] = ⌊(⌊β·h[t-1] / 2⌋ + ⌊α·n / 2^(1+e)⌋ + 2¹⁴) / 2¹⁵⌋, limited to 16 bits
//! ```

use super::facts::CellFacts;
use super::gated::{Gated, GatedInt8};
use super::int8::Fixed;
use crate::simd::Simd;
use crate::simd::activation::tanh;

/// The cell's arithmetic. Sums: `[n α β]`.
#[derive(Clone, Copy)]
pub(super) struct FastRnn;

impl FastRnn {
    pub const FACTS: CellFacts = CellFacts {
        gates: 1,
        sums: 3,
        from_x: 0..1,
        from_h: 0..1,
        states: 1,
        kept: 1,
        from_bias: 0..1,
        scalars: 2,
    };
}

impl Gated<3, 1> for FastRnn {
    const FACTS: CellFacts = Self::FACTS;
    const H_FLOWS: bool = true;

    #[inline(always)]
    fn step<S: Simd>(self, s: S, sums: &mut [S::V; 3], [h]: [S::V; 1]) -> [S::V; 1] {
        let [n, alpha, beta] = *sums;
        let n = tanh(s, n);
        sums[0] = n;
        [s.mul_add(alpha, n, s.mul(beta, h))]
    }

    #[inline(always)]
    fn before_back<S: Simd>(self, _: S) -> Self {
        self
    }

    #[inline(always)]
    fn back<S: Simd>(
        self,
        s: S,
        [n, alpha, beta]: [S::V; 3],
        [h]: [S::V; 1],
        _: [S::V; 1],
        [d_h]: [S::V; 1],
    ) -> ([S::V; 3], [S::V; 1]) {
        let slope = s.neg_mul_add(n, n, s.splat(1.0));
        let d_sum = s.mul(s.mul(d_h, alpha), slope);
        ([d_sum, s.mul(d_h, n), s.mul(d_h, h)], [s.mul(d_h, beta)])
    }
}

impl GatedInt8<3, 1> for FastRnn {
    const INT8_CUTS: [Option<u32>; 3] = [Some(0), None, None];

    #[inline(always)]
    fn step_int8([n, ..]: [i32; 3], [h]: [i32; 1], fixed: Fixed) -> [i32; 1] {
        let [alpha, beta] = fixed.scalars();
        let new = alpha * fixed.tanh(n);
        // Both products are below 2³¹, so are their halves together with what rounds.
        let h = (((beta * h) >> 1) + (new >> (1 + fixed.exponent())) + 0x4000) >> 15;
        [h.clamp(-0x8000, 0x7fff)]
    }
}
