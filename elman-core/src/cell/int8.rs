//! What gated cells share in integers.
//!
//! ```text
//! T(t)       = tanh(t / 2¹⁴)·2¹⁵                     of `simd::int8`, |T| < 2¹⁵
//! tanh(z)    = T(⌊z / 2^shift⌋)                      in units of 2⁻¹⁵
//! sigmoid(z) = 2¹⁵ + T(⌊z / 2^(shift+1)⌋)            in units of 2⁻¹⁶, since sigmoid(x) = (1 + tanh(x/2)) / 2; 1 to 2¹⁶ - 1
//! ```
//! A clip limits the argument of T: tanh's to ±limit·4, sigmoid's to ±limit·2. Both are the clip, counted in 2⁻¹².

use crate::simd::int8::{LARGEST_ARGUMENT, tanh_within};

/// What the header of a layer's words says of its numbers.
#[derive(Clone, Copy)]
pub(crate) struct Fixed {
    /// Sums are in units of 2⁻¹⁴ / 2^shift.
    shift: u32,
    /// What has a range of its own is in units of 2^(exponent - 15): c of an LSTM, h of FastRNN and FastGRNN.
    exponent: u32,
    /// Arguments of tanh stay within ±this, in units of 2⁻¹⁴.
    largest: u32,
    /// And those of sigmoid's.
    largest_half: u32,
    /// Trained numbers that all units share, in units of 2⁻¹⁶; 0 where the cell has none.
    scalars: [i32; 2],
}

impl Fixed {
    /// Of the first word: shift, exponent in the second byte, limit in the high half, 0 where there is no clip. Of the third,
    /// where the cell has trained numbers that units share: these.
    #[inline(always)]
    pub fn of_header(header: &[u32]) -> Self {
        let word = header.first().copied().unwrap_or(0);
        let scalars = header.get(2).copied().unwrap_or(0);
        let within = |units: u32| match word >> 16 {
            0 => LARGEST_ARGUMENT,
            limit => (units * limit).min(LARGEST_ARGUMENT),
        };
        Self {
            shift: word & 31,
            exponent: word >> 8 & 15,
            largest: within(4),
            largest_half: within(2),
            scalars: [scalars & 0xffff, scalars >> 16].map(|scalar| scalar as i32),
        }
    }

    #[inline(always)]
    pub(super) fn tanh(self, z: i32) -> i32 {
        tanh_within(z >> self.shift, self.largest)
    }

    /// tanh(x/2), of which [`sigmoid`](Self::sigmoid) is made.
    #[inline(always)]
    pub(super) fn tanh_of_half(self, z: i32) -> i32 {
        tanh_within(z >> (self.shift + 1), self.largest_half)
    }

    #[inline(always)]
    pub(super) fn sigmoid(self, z: i32) -> i32 {
        0x8000 + self.tanh_of_half(z)
    }

    /// tanh of a cell state.
    #[inline(always)]
    pub(super) fn tanh_of_cell(self, c: i32) -> i32 {
        tanh_within((c << self.exponent) >> 1, LARGEST_ARGUMENT)
    }

    #[inline(always)]
    pub(super) const fn exponent(self) -> u32 {
        self.exponent
    }

    #[inline(always)]
    pub(super) const fn scalars(self) -> [i32; 2] {
        self.scalars
    }
}
