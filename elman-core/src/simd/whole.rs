//! Products of bytes with pairs of 16-bit numbers, and scaling of their sums: whole numbers, so every way gives the same.
//!
//! ```text
//! for row in 0..4 { for k in 0..8 { sums[row] += weights[k][row] · x[k] } }
//! ```
//!
//! 1. Four rows share what is read of `x`.
//! 2. A word holds the weights of inputs 0, 2, 1, 3. On cores with the DSP extension SXTB16 makes pairs of inputs 0 and 1 of it,
//!    and of 2 and 3 after a rotation by 8; SMLAD multiplies a pair and adds both products.
//! 3. Elsewhere the same shifts act on the halves of [`wide::i16x8`], whose `dot` is PMADDWD or its like, or on whole words
//!    where there is no vector unit.

/// Eight weights of each of four rows.
pub(crate) type Weights = [u32; 8];
/// Eight numbers of 16 bits.
pub(crate) type Eight = [u32; 4];

#[cfg(elman_dsp)]
pub(crate) use super::arm_dsp::{add_scaled_high, add_scaled_low, dot};

#[cfg(not(elman_dsp))]
pub(crate) use portable::{add_scaled_high, add_scaled_low, dot};

#[cfg(not(elman_dsp))]
mod portable {
    use super::{Eight, Weights};

    /// The sums of four rows over all blocks, modulo 2³².
    #[cfg(not(any(target_arch = "arm", target_arch = "riscv32")))]
    #[inline(always)]
    pub(crate) fn dot(weights: &[Weights], x: &[Eight]) -> [i32; 4] {
        let mut sums = [wide::i32x4::ZERO; 2];
        for (w, x) in weights.iter().zip(x) {
            for (half, sum) in sums.iter_mut().enumerate() {
                let words = [
                    w[4 * half],
                    w[4 * half + 1],
                    w[4 * half + 2],
                    w[4 * half + 3],
                ];
                let w = halves(words);
                let even: wide::i16x8 = (w << 8) >> 8;
                *sum += even.dot(halves([x[2 * half]; 4]));
                let odd: wide::i16x8 = w >> 8;
                *sum += odd.dot(halves([x[2 * half + 1]; 4]));
            }
        }
        (sums[0] + sums[1]).to_array()
    }

    #[cfg(not(any(target_arch = "arm", target_arch = "riscv32")))]
    #[inline(always)]
    fn halves(words: [u32; 4]) -> wide::i16x8 {
        wide::i16x8::new(core::array::from_fn(|i| {
            (words[i / 2] >> (16 * (i % 2))) as i16
        }))
    }

    /// The sums of four rows over all blocks, modulo 2³².
    #[cfg(any(target_arch = "arm", target_arch = "riscv32"))]
    #[inline(always)]
    pub(crate) fn dot(weights: &[Weights], x: &[Eight]) -> [i32; 4] {
        let mut sums = [0; 4];
        for (w, x) in weights.iter().zip(x) {
            four(&mut sums, [w[0], w[1], w[2], w[3]], x[0], x[1]);
            four(&mut sums, [w[4], w[5], w[6], w[7]], x[2], x[3]);
        }
        sums
    }

    /// Four inputs of each row.
    #[cfg(any(target_arch = "arm", target_arch = "riscv32"))]
    #[inline(always)]
    fn four(sums: &mut [i32; 4], weights: [u32; 4], x01: u32, x23: u32) {
        let x = [
            x01 as i16 as i32,
            x01 as i32 >> 16,
            x23 as i16 as i32,
            x23 as i32 >> 16,
        ];
        for (sum, w) in sums.iter_mut().zip(weights) {
            *sum = sum
                .wrapping_add(w as i8 as i32 * x[0])
                .wrapping_add((w >> 8) as i8 as i32 * x[2])
                .wrapping_add((w >> 16) as i8 as i32 * x[1])
                .wrapping_add((w as i32 >> 24) * x[3]);
        }
    }

    /// `z + ⌊sum·m / 2¹⁶⌋` with the low half of `m`, modulo 2³².
    #[inline(always)]
    pub(crate) fn add_scaled_low(z: i32, sum: i32, m: u32) -> i32 {
        z.wrapping_add(scaled(sum, m as i16 as i32))
    }

    /// The same with the high half.
    #[inline(always)]
    pub(crate) fn add_scaled_high(z: i32, sum: i32, m: u32) -> i32 {
        z.wrapping_add(scaled(sum, m as i32 >> 16))
    }

    /// In two products of 32 bits: small cores have no longer ones.
    #[inline(always)]
    fn scaled(sum: i32, m: i32) -> i32 {
        let low = (sum & 0xffff).wrapping_mul(m) >> 16;
        (sum >> 16).wrapping_mul(m).wrapping_add(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pseudo-random words, corners among them.
    fn words(count: usize, seed: u32) -> impl Iterator<Item = u32> {
        let mut state = seed;
        (0..count).map(move |i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            match i % 7 {
                0 => 0x8000_7fff,
                1 => 0x7f81_817f,
                _ => state ^ state >> 15,
            }
        })
    }

    #[test]
    fn sums_are_those_of_the_naive_loop() {
        for blocks in [0, 1, 2, 3, 64] {
            let (mut w, mut x) = ([[0; 8]; 64], [[0; 4]; 64]);
            let all = w.as_flattened_mut().iter_mut().chain(x.as_flattened_mut());
            all.zip(words(12 * 64, blocks as u32))
                .for_each(|(to, word)| *to = word);
            let (w, x) = (&w[..blocks], &x[..blocks]);
            let mut expected = [0i64; 4];
            for (w, x) in w.iter().zip(x) {
                for k in 0..8 {
                    // Inputs 0, 2, 1, 3 in the bytes of a word.
                    let byte = [0, 2, 1, 3][k % 4];
                    let x = (x[k / 2] >> (16 * (k % 2))) as i16;
                    for (row, sum) in expected.iter_mut().enumerate() {
                        let w = (w[4 * (k / 4) + row] >> (8 * byte)) as i8;
                        *sum += i64::from(w) * i64::from(x);
                    }
                }
            }
            assert_eq!(dot(w, x), expected.map(|sum| sum as i32), "{blocks}");
        }
    }

    #[test]
    fn scaling_rounds_down() {
        for sum in [0, 1, -1, 0x7fff_ffff, i32::MIN, 123_456_789, -98_765] {
            for m in [0i16, 1, -1, 3, 32_767, -32_768, 12_345] {
                let expected = ((i64::from(sum) * i64::from(m)) >> 16) as i32;
                let low = u32::from(m as u16) | 0xabcd_0000;
                assert_eq!(add_scaled_low(7, sum, low), 7i32.wrapping_add(expected));
                let high = u32::from(m as u16) << 16 | 0xabcd;
                assert_eq!(add_scaled_high(-7, sum, high), expected.wrapping_sub(7));
            }
        }
    }
}
