//! Long short-term memory, as `torch.nn.LSTM` has it.
//!
//! ```text
//! i = sigmoid(b_i + x·W_ii + h[t-1]·W_hi)      f = sigmoid(…)      g = tanh(…)      o = sigmoid(…)      each sum limited to ±clip where there is one
//! c[t] = f·c[t-1] + i·g                        h[t] = o·tanh(c[t])
//!
//! do = dh·tanh(c)      dc += dh·o·(1 - tanh²(c))      di = dc·g      df = dc·c[t-1]      dg = dc·i      dc[t-1] = dc·f
//! ```
//!
//! In integers, with `T`, `tanh` and `sigmoid` of `cell::int8` (g and h in units of 2⁻¹⁵, i, f, o of 2⁻¹⁶, c of 2^(e-15)):
//!
//! ```text
//! c[t] = ⌊(⌊f·c[t-1] / 2⌋ + ⌊i·g / 2^(1+e)⌋ + 2¹⁴) / 2¹⁵⌋, limited to 16 bits
//! h[t] = ⌊(o·T(⌊c[t]·2^e / 2⌋) + 2¹⁵) / 2¹⁶⌋
//! ```

use super::facts::CellFacts;
use super::gated::{Clip, Gated, GatedInt8};
use super::int8::Fixed;
use crate::simd::Simd;
use crate::simd::activation::{sigmoid, tanh};

/// The cell's arithmetic. Sums: `[i f g o]`; states: `[h c]`.
#[derive(Clone, Copy)]
pub(super) struct Lstm {
    clip: Clip,
}

impl Lstm {
    pub const FACTS: CellFacts = CellFacts {
        gates: 4,
        sums: 4,
        from_x: 0..4,
        from_h: 0..4,
        states: 2,
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

impl Gated<4, 2> for Lstm {
    const FACTS: CellFacts = Self::FACTS;
    const H_FLOWS: bool = false;

    #[inline(always)]
    fn step<S: Simd>(self, s: S, sums: &mut [S::V; 4], [_, c]: [S::V; 2]) -> [S::V; 2] {
        let [i, f, g, o] = *sums;
        let i = sigmoid(s, self.clip.apply(s, i));
        let f = sigmoid(s, self.clip.apply(s, f));
        let g = tanh(s, self.clip.apply(s, g));
        let o = sigmoid(s, self.clip.apply(s, o));
        *sums = [i, f, g, o];
        let c = s.mul_add(f, c, s.mul(i, g));
        [s.mul(o, tanh(s, c)), c]
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
        [i, f, g, o]: [S::V; 4],
        [_, c_before]: [S::V; 2],
        [_, c]: [S::V; 2],
        [d_h, d_c]: [S::V; 2],
    ) -> ([S::V; 4], [S::V; 2]) {
        let y = tanh(s, c);
        let d_o = s.mul(d_h, y);
        let slope = s.neg_mul_add(y, y, s.splat(1.0));
        let d_c = s.mul_add(s.mul(d_h, o), slope, d_c);
        let d_sums = [
            self.clip.sigmoid_back(s, i, s.mul(d_c, g)),
            self.clip.sigmoid_back(s, f, s.mul(d_c, c_before)),
            self.clip.tanh_back(s, g, s.mul(d_c, i)),
            self.clip.sigmoid_back(s, o, d_o),
        ];
        (d_sums, [s.splat(0.0), s.mul(d_c, f)])
    }
}

impl GatedInt8<4, 2> for Lstm {
    const INT8_CUTS: [Option<u32>; 4] = [Some(1), Some(1), Some(0), Some(1)];

    #[inline(always)]
    fn step_int8([i, f, g, o]: [i32; 4], [_, c]: [i32; 2], fixed: Fixed) -> [i32; 2] {
        let kept = fixed.sigmoid(f) * c;
        let new = fixed.sigmoid(i) * fixed.tanh(g);
        // Both products are below 2³¹, so are their halves together with what rounds.
        let c = ((kept >> 1) + (new >> (1 + fixed.exponent())) + 0x4000) >> 15;
        let c = c.clamp(-0x8000, 0x7fff);
        let h = (fixed.sigmoid(o) * fixed.tanh_of_cell(c) + 0x8000) >> 16;
        [h, c]
    }
}
