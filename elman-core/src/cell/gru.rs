//! The gated recurrent unit, as `torch.nn.GRU` has it.
//!
//! ```text
//! r = sigmoid(b_r + x·W_ir + h[t-1]·W_hr)                z = sigmoid(b_z + x·W_iz + h[t-1]·W_hz)
//! n_in = b_in + x·W_in      n_rec = b_hn + h[t-1]·W_hn   n = tanh(n_in + r·n_rec)           each limited to ±clip where there is one
//! h[t] = n + z·(h[t-1] - n)
//!
//! dz = dh·(h[t-1] - n)      dn = dh - dh·z               dh[t-1] = dh·z
//! dn_in = dn·(1 - n²)       dr = dn_in·n_rec             dn_rec = dn_in·r
//! ```
//!
//! In integers, with `tanh` and `sigmoid` of `cell::int8` (n and h in units of 2⁻¹⁵, z of 2⁻¹⁶):
//!
//! ```text
//! u = tanh(z_r/2)      n = tanh(z_n_in + ⌊z_n_rec / 2⌋ + ⌊z_n_rec·u / 2¹⁶⌋)      z = sigmoid(z_z)
//! h[t] = ⌊(z·h[t-1] + (2¹⁶ - z)·n + 2¹⁵) / 2¹⁶⌋
//! ```

use super::facts::CellFacts;
use super::gated::{Clip, Gated, GatedInt8};
use super::int8::Fixed;
use crate::simd::Simd;
use crate::simd::activation::{sigmoid, tanh};
use crate::simd::int8::scaled;

/// The cell's arithmetic. Sums: `[n_in r z n_rec]`.
#[derive(Clone, Copy)]
pub(super) struct Gru {
    clip: Clip,
}

impl Gru {
    pub const FACTS: CellFacts = CellFacts {
        gates: 3,
        sums: 4,
        from_x: 0..3,
        from_h: 1..4,
        states: 1,
        kept: 4,
        from_bias: 0..4,
        scalars: 0,
    };

    #[inline(always)]
    pub const fn new(clip: Option<f32>) -> Self {
        Self {
            clip: Clip::new(clip),
        }
    }
}

impl Gated<4, 1> for Gru {
    const FACTS: CellFacts = Self::FACTS;
    const H_FLOWS: bool = true;

    #[inline(always)]
    fn step<S: Simd>(self, s: S, sums: &mut [S::V; 4], [h]: [S::V; 1]) -> [S::V; 1] {
        let [n_in, r, z, n_rec] = *sums;
        let r = sigmoid(s, self.clip.apply(s, r));
        let z = sigmoid(s, self.clip.apply(s, z));
        let n = tanh(s, self.clip.apply(s, s.mul_add(r, n_rec, n_in)));
        *sums = [n, r, z, n_rec];
        [s.mul_add(z, s.sub(h, n), n)]
    }

    #[inline(always)]
    fn before_back<S: Simd>(self, s: S) -> Self {
        let clip = self.clip.before_back(s);
        Self { clip }
    }

    #[inline(always)]
    fn back<S: Simd>(
        self,
        s: S,
        [n, r, z, n_rec]: [S::V; 4],
        [h]: [S::V; 1],
        _: [S::V; 1],
        [d_h]: [S::V; 1],
    ) -> ([S::V; 4], [S::V; 1]) {
        let d_z = s.mul(d_h, s.sub(h, n));
        let d_n_in = self.clip.tanh_back(s, n, s.neg_mul_add(d_h, z, d_h));
        let d_r = s.mul(d_n_in, n_rec);
        let d_sums = [
            d_n_in,
            self.clip.sigmoid_back(s, r, d_r),
            self.clip.sigmoid_back(s, z, d_z),
            s.mul(d_n_in, r),
        ];
        (d_sums, [s.mul(d_h, z)])
    }
}

impl GatedInt8<4, 1> for Gru {
    const INT8_CUTS: [Option<u32>; 4] = [Some(0), Some(1), Some(1), None];

    #[inline(always)]
    fn step_int8([n_in, r, z, n_rec]: [i32; 4], [h]: [i32; 1], fixed: Fixed) -> [i32; 1] {
        let u = fixed.tanh_of_half(r);
        // r·n_rec = n_rec/2 + u·n_rec/2. Where a unit has several sums, none reaches 2³⁰.
        let n = fixed.tanh(n_in + (n_rec >> 1) + scaled(n_rec, u));
        let z = fixed.sigmoid(z);
        // Between h and n, times 2¹⁶: within 32 bits.
        [(z * h + (0x10000 - z) * n + 0x8000) >> 16]
    }
}
