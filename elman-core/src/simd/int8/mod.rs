//! Four rows of int8 weights times vectors of 16-bit numbers, summed in 32 bits and scaled. Integers: every way gives the same.
//!
//! ```text
//! w_in (4, 8·X), w_rec (4, 8·H) of i8;  x (8·X), h (8·H) of i16;  bias, z (4) of i32;  m_in, m_rec (4) of i16
//! z[r] = bias[r] + ⌊Σₖ w_in[r][k]·x[k] · m_in[r] / 2¹⁶⌋ + ⌊Σₖ w_rec[r][k]·h[k] · m_rec[r] / 2¹⁶⌋         modulo 2³²
//! ```
//!
//! 1. Four rows share what is read of `x` and `h`.
//! 2. A word holds the weights of columns 0, 2, 1, 3 of a row. On cores with the DSP extension SXTB16 makes 16-bit pairs of columns
//!    0 and 1 of it, and of 2 and 3 after a rotation by 8; SMLAD multiplies a pair and adds both products.
//! 3. Helium multiplies eight pairs at a time ([`arm_mve`](self)).
//! 4. Elsewhere the same shifts act on the halves of [`wide::i16x8`], whose `dot` is PMADDWD or its like, or on 32-bit words
//!    where there is no vector unit.
//!
//! A *block* is eight columns. A *group* is four rows: [`GroupHeader`], `X` blocks of `w_in`, `H` blocks of `w_rec`.

mod tanh;

#[cfg(all(elman_dsp, not(elman_mve)))]
mod arm_dsp;
#[cfg(elman_mve)]
mod arm_mve;
#[cfg(elman_dsp)]
mod arm_tanh;
#[cfg(elman_thumb)]
mod arm_thumb;
#[cfg(not(any(elman_dsp, elman_thumb)))]
mod portable;

#[cfg(not(elman_dsp))]
pub(crate) use tanh::tanh_within;
pub(crate) use tanh::{LARGEST_ARGUMENT, TABLE, tanh_four};

#[cfg(all(elman_dsp, not(elman_mve)))]
pub(crate) use arm_dsp::{four_rows, tanh_rows};
#[cfg(elman_mve)]
pub(crate) use arm_mve::{four_rows, tanh_rows};
#[cfg(elman_dsp)]
pub(crate) use arm_tanh::tanh_within;
#[cfg(elman_thumb)]
pub(crate) use arm_thumb::four_rows;
#[cfg(not(any(elman_dsp, elman_thumb)))]
pub(crate) use portable::four_rows;

/// Eight columns of four rows: columns 0..4 of rows 0, 1, 2, 3, a word each, then columns 4..8.
pub(crate) type WeightBlock = [u32; 8];
/// Eight numbers of 16 bits, two in a word, the first in its low half.
pub(crate) type VectorBlock = [u32; 4];
/// Biases of four rows, then their multipliers: `m_in` in the low half of a word, `m_rec` in the high half.
pub(crate) type GroupHeader = [u32; 8];

/// All groups of a matrix: `to[g] = f(z / 2^shift)` for the four rows of every group `g`.
pub(crate) struct Groups<'a> {
    /// (G, 8·(1 + X + H)) words: one group after the other.
    pub groups: &'a [u32],
    /// (X) blocks.
    pub x: &'a [VectorBlock],
    /// (H) blocks, at least one.
    pub h: &'a [VectorBlock],
    pub shift: u32,
    /// (G), four numbers of 16 bits each.
    pub to: &'a mut [[u32; 2]],
}

/// Two numbers of 16 bits in a word, the first in the low half.
#[inline(always)]
pub(crate) fn pair(low: i32, high: i32) -> u32 {
    low as u32 & 0xffff | (high as u32) << 16
}

/// Whether [`four_rows`] computes rows one after the other: if so, one or two of a group are cheaper with [`one_row`].
pub(crate) const BY_ROW: bool =
    cfg!(any(target_arch = "arm", target_arch = "riscv32")) && !cfg!(elman_dsp);

/// z of one row of a group that reads no `h`.
#[inline(always)]
pub(crate) fn one_row(
    header: &GroupHeader,
    weights: &[WeightBlock],
    x: &[VectorBlock],
    row: usize,
) -> i32 {
    let mut sum = 0_i32;
    for (w, x) in weights.iter().zip(x) {
        for half in 0..2 {
            let w = w[(4 * half + row) % 8];
            let [low, high] = [x[2 * half], x[2 * half + 1]];
            sum = sum
                .wrapping_add(w as i8 as i32 * low as i16 as i32)
                .wrapping_add((w >> 8) as i8 as i32 * high as i16 as i32)
                .wrapping_add((w >> 16) as i8 as i32 * (low as i32 >> 16))
                .wrapping_add((w as i32 >> 24) * (high as i32 >> 16));
        }
    }
    let multiplier = header[4 + row % 4] as i16 as i32;
    (header[row % 4] as i32).wrapping_add(scaled(sum, multiplier))
}

/// `⌊sum·m / 2¹⁶⌋`, `m` of 16 bits, in two products of 32 bits: small cores have no longer ones.
#[inline(always)]
pub(crate) fn scaled(sum: i32, m: i32) -> i32 {
    if cfg!(elman_dsp) {
        return ((i64::from(sum) * i64::from(m as i16)) >> 16) as i32; // one SMULWB
    }
    let low = (sum & 0xffff).wrapping_mul(m) >> 16;
    (sum >> 16).wrapping_mul(m).wrapping_add(low)
}

/// See [`Groups`].
#[cfg(not(elman_dsp))]
#[inline(always)]
pub(crate) fn tanh_rows(operands: Groups) {
    let Groups {
        groups,
        x,
        h,
        shift,
        to,
    } = operands;
    let mut groups = groups.as_chunks::<8>().0;
    for to in to {
        let words = 1 + x.len() + h.len();
        let (Some(([header, weights @ ..], rest)), true) =
            (groups.split_at_checked(words), !h.is_empty())
        else {
            debug_assert!(false, "a group for every place, and h is not empty");
            return;
        };
        *to = tanh_four(four_rows(header, weights, x, h), shift);
        groups = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pseudo-random words, corners among them.
    fn words(seed: u32) -> impl Iterator<Item = u32> {
        let mut state = seed;
        (0..).map(move |i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            match i % 7 {
                0 => 0x8000_7fff,
                1 => 0x7f81_817f,
                _ => state ^ state >> 15,
            }
        })
    }

    /// The naive loop: `Σₖ w[row][k]·x[k]`
    fn sum(weights: &[WeightBlock], x: &[VectorBlock], row: usize) -> i32 {
        let mut sum = 0i64;
        for (w, x) in weights.iter().zip(x) {
            for k in 0..8 {
                // Columns 0, 2, 1, 3 in the bytes of a word.
                let byte = [0, 2, 1, 3][k % 4];
                let w = (w[4 * (k / 4) + row] >> (8 * byte)) as i8;
                let x = (x[k / 2] >> (16 * (k % 2))) as i16;
                sum += i64::from(w) * i64::from(x);
            }
        }
        sum as i32
    }

    #[test]
    fn rows_are_those_of_the_naive_loop() {
        for (x_blocks, h_blocks) in [(0, 0), (1, 0), (0, 1), (2, 3), (64, 1), (5, 64)] {
            let (mut w, mut x) = ([[[0; 8]; 64]; 2], [[[0; 4]; 64]; 2]);
            let mut random = words(x_blocks as u32 + 100 * h_blocks as u32);
            let all_w = w.as_flattened_mut().as_flattened_mut().iter_mut();
            let all_x = x.as_flattened_mut().as_flattened_mut().iter_mut();
            all_w
                .chain(all_x)
                .for_each(|to| *to = random.next().unwrap());
            let (weights, _) = w.as_flattened().split_at(x_blocks + h_blocks);
            let (w_in, w_rec) = weights.split_at(x_blocks);
            let (x_in, h) = (&x[0][..x_blocks], &x[1][..h_blocks]);
            let bias = [1, -2, i32::MAX, i32::MIN];
            for multipliers in [[1, 0x7fff, -0x8000, 12_345], [-1, 0, 3, 0x4000]] {
                let highs = [77, -0x8000, 0x7fff, -3];
                let mut header = [0; 8];
                for row in 0..4 {
                    header[row] = bias[row] as u32;
                    header[4 + row] = multipliers[row] as u32 & 0xffff | (highs[row] as u32) << 16;
                }
                let expected = [0, 1, 2, 3].map(|row| {
                    let scaled = |sum: i32, m: i32| ((i64::from(sum) * i64::from(m)) >> 16) as i32;
                    bias[row]
                        .wrapping_add(scaled(sum(w_in, x_in, row), multipliers[row]))
                        .wrapping_add(scaled(sum(w_rec, h, row), highs[row]))
                });
                assert_eq!(four_rows(&header, weights, x_in, h), expected);
                let alone = [0, 1, 2, 3].map(|row| one_row(&header, weights, x_in, row));
                assert!(h_blocks > 0 || alone == expected);
            }
        }
    }
}
