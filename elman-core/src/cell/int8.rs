//! What gated cells share in integers.
//!
//! ```text
//! T(t)       = tanh(t / 2¹⁴)·2¹⁵                     of `simd::int8`, |T| < 2¹⁵
//! tanh(z)    = T(⌊z / 2^shift⌋)                      in units of 2⁻¹⁵
//! sigmoid(z) = 2¹⁵ + T(⌊z / 2^(shift+1)⌋)            in units of 2⁻¹⁶, since sigmoid(x) = (1 + tanh(x/2)) / 2; 1 to 2¹⁶ - 1
//! ```
//! A clip limits the argument of T: tanh's to ±limit·4, sigmoid's to ±limit·2. Both are the clip, counted in 2⁻¹².

use crate::simd::int8::{pair, tanh_fixed};

/// What a layer's first word says of its numbers.
#[derive(Clone, Copy)]
pub(crate) struct Fixed {
    /// Sums are in units of 2⁻¹⁴ / 2^shift.
    shift: u32,
    /// c is in units of 2^(exponent - 15).
    exponent: u32,
    /// Where there is no clip, 0.
    limit: i32,
}

/// Four numbers of 16 bits, as vectors have them.
pub(crate) type Four = [u32; 2];

impl Fixed {
    /// Shift, exponent of c in the second byte, limit in the high half.
    #[inline(always)]
    pub const fn of_word(word: u32) -> Self {
        Self {
            shift: word & 31,
            exponent: word >> 8 & 15,
            limit: (word >> 16) as i32,
        }
    }

    #[inline(always)]
    pub(super) const fn exponent(self) -> u32 {
        self.exponent
    }

    #[inline(always)]
    pub(super) fn tanh(self, z: [i32; 4]) -> [i32; 4] {
        self.limited(z, self.shift, 4 * self.limit)
    }

    /// tanh(x/2), of which [`sigmoid`](Self::sigmoid) is made.
    #[inline(always)]
    pub(super) fn tanh_of_half(self, z: [i32; 4]) -> [i32; 4] {
        self.limited(z, self.shift + 1, 2 * self.limit)
    }

    #[inline(always)]
    pub(super) fn sigmoid(self, z: [i32; 4]) -> [i32; 4] {
        self.tanh_of_half(z).map(|t| 0x8000 + t)
    }

    #[inline(always)]
    fn limited(self, z: [i32; 4], shift: u32, limit: i32) -> [i32; 4] {
        // Few nets have a clip.
        if limit > 0 {
            return z.map(|z| tanh_fixed((z >> shift).min(limit).max(-limit)));
        }
        z.map(|z| tanh_fixed(z >> shift))
    }
}

/// Numbers of four units as vectors have them, from numbers that fit 16 bits.
#[inline(always)]
pub(super) fn packed([a, b, c, d]: [i32; 4]) -> Four {
    [pair(a, b), pair(c, d)]
}

#[inline(always)]
pub(super) fn unpacked([low, high]: Four) -> [i32; 4] {
    [
        low as i16 as i32,
        low as i32 >> 16,
        high as i16 as i32,
        high as i32 >> 16,
    ]
}

/// `f` of the numbers of one unit after the other.
#[inline(always)]
pub(super) fn each<const N: usize>(
    numbers: [[i32; 4]; N],
    f: impl Fn([i32; N]) -> i32,
) -> [i32; 4] {
    core::array::from_fn(|unit| f(numbers.map(|four| four[unit & 3])))
}
