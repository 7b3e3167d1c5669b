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
/// Where the sums of four rows start, and their multipliers, those for `x` in the low halves.
pub(crate) type Head = [u32; 8];

/// `four_rows`: `bias + ⌊Σ w·x · low / 2¹⁶⌋ + ⌊Σ w·h · high / 2¹⁶⌋` of four rows, modulo 2³². The weights of `h` follow those of `x`.
///
/// `tanh_rows`: all rows of a matrix, and [`tanh_four`] of them (h is not empty). A group is a head and its weights; every place of `to` takes a group.
#[cfg(elman_dsp)]
pub(crate) use super::arm_dsp::{four_rows, tanh_rows};

#[cfg(elman_thumb)]
pub(crate) use super::arm_thumb::four_rows;
#[cfg(not(any(elman_dsp, elman_thumb)))]
pub(crate) use portable::four_rows;

/// Whether rows are computed one after the other, so that rows that nobody wants are better left out ([`one_row`]).
pub(crate) const BY_ROW: bool =
    cfg!(any(target_arch = "arm", target_arch = "riscv32")) && !cfg!(elman_dsp);

/// One of the four rows: its bias and scaled products with `x`.
#[inline(always)]
pub(crate) fn one_row(head: &Head, weights: &[Weights], x: &[Eight], row: usize) -> i32 {
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
    let multiplier = head[4 + row % 4] as i16 as i32;
    (head[row % 4] as i32).wrapping_add(scaled(sum, multiplier))
}

/// `⌊sum·m / 2¹⁶⌋`
///
/// In two products of 32 bits: small cores have no longer ones.
#[inline(always)]
fn scaled(sum: i32, m: i32) -> i32 {
    let low = (sum & 0xffff).wrapping_mul(m) >> 16;
    (sum >> 16).wrapping_mul(m).wrapping_add(low)
}

/// Tanh of four rows as two pairs. The table's 256 lines start at the low halves and rise by the high halves; the argument,
/// `z / 2^shift` rounded down, has 9 bits within a line. |z| is below 2³¹.
#[inline(always)]
pub(crate) fn tanh_four(z: [i32; 4], shift: u32, table: &[u32; 256]) -> [u32; 2] {
    let [a, b, c, d] = z.map(|z| {
        let t = z >> shift;
        let magnitude = t.unsigned_abs().min((256 << 9) - 1);
        let line = table[(magnitude >> 9) as usize];
        let rise = ((line >> 16) * (magnitude & 511) + 256) >> 9;
        let h = ((line & 0xffff) + rise) as i32;
        if t < 0 { -h } else { h }
    });
    let pair = |low: i32, high: i32| low as u32 & 0xffff | (high as u32) << 16;
    [pair(a, b), pair(c, d)]
}

/// All rows of a matrix, four by four.
#[cfg(not(elman_dsp))]
#[inline(always)]
pub(crate) fn tanh_rows(
    groups: &[u32],
    x: &[Eight],
    h: &[Eight],
    shift: u32,
    table: &[u32; 256],
    to: &mut [[u32; 2]],
) {
    let mut groups = groups.as_chunks::<8>().0;
    for to in to {
        let words = 1 + x.len() + h.len();
        let (Some(([head, weights @ ..], rest)), true) =
            (groups.split_at_checked(words), !h.is_empty())
        else {
            return;
        };
        *to = tanh_four(four_rows(head, weights, x, h), shift, table);
        groups = rest;
    }
}

#[cfg(not(any(elman_dsp, elman_thumb)))]
mod portable {
    use super::{Eight, Head, Weights, scaled};

    /// See where it is exported.
    #[inline(always)]
    pub(crate) fn four_rows(
        head: &Head,
        weights: &[Weights],
        x: &[Eight],
        h: &[Eight],
    ) -> [i32; 4] {
        let (w_in, w_rec) = weights.split_at(weights.len().min(x.len()));
        let [b0, b1, b2, b3, m0, m1, m2, m3] = *head;
        let mut z = [b0, b1, b2, b3].map(|bias| bias as i32);
        let m = [m0, m1, m2, m3];
        for ((z, sum), m) in z.iter_mut().zip(dot(w_in, x)).zip(m) {
            *z = z.wrapping_add(scaled(sum, m as i16 as i32));
        }
        if !h.is_empty() {
            for ((z, sum), m) in z.iter_mut().zip(dot(w_rec, h)).zip(m) {
                *z = z.wrapping_add(scaled(sum, m as i32 >> 16));
            }
        }
        z
    }

    /// The sums of four rows over all blocks, modulo 2³².
    #[cfg(not(any(target_arch = "arm", target_arch = "riscv32")))]
    #[inline(always)]
    fn dot(weights: &[Weights], x: &[Eight]) -> [i32; 4] {
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
    #[cfg(all(any(target_arch = "arm", target_arch = "riscv32"), not(elman_thumb)))]
    #[inline(always)]
    fn dot(weights: &[Weights], x: &[Eight]) -> [i32; 4] {
        let mut sums = [0; 4];
        for (w, x) in weights.iter().zip(x) {
            four(&mut sums, [w[0], w[1], w[2], w[3]], x[0], x[1]);
            four(&mut sums, [w[4], w[5], w[6], w[7]], x[2], x[3]);
        }
        sums
    }

    /// Four inputs of each row.
    #[cfg(all(any(target_arch = "arm", target_arch = "riscv32"), not(elman_thumb)))]
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

    /// The naive loop, one row.
    fn sum(weights: &[Weights], x: &[Eight], row: usize) -> i32 {
        let mut sum = 0i64;
        for (w, x) in weights.iter().zip(x) {
            for k in 0..8 {
                // Inputs 0, 2, 1, 3 in the bytes of a word.
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
        for (below, state) in [(0, 0), (1, 0), (0, 1), (2, 3), (64, 1), (5, 64)] {
            let (mut w, mut x) = ([[[0; 8]; 64]; 2], [[[0; 4]; 64]; 2]);
            let mut random = words(below as u32 + 100 * state as u32);
            let all_w = w.as_flattened_mut().as_flattened_mut().iter_mut();
            let all_x = x.as_flattened_mut().as_flattened_mut().iter_mut();
            all_w
                .chain(all_x)
                .for_each(|to| *to = random.next().unwrap());
            let (weights, _) = w.as_flattened().split_at(below + state);
            let (w_in, w_rec) = weights.split_at(below);
            let (x_in, h) = (&x[0][..below], &x[1][..state]);
            let bias = [1, -2, i32::MAX, i32::MIN];
            for multipliers in [[1, 0x7fff, -0x8000, 12_345], [-1, 0, 3, 0x4000]] {
                let highs = [77, -0x8000, 0x7fff, -3];
                let mut head = [0; 8];
                for row in 0..4 {
                    head[row] = bias[row] as u32;
                    head[4 + row] = multipliers[row] as u32 & 0xffff | (highs[row] as u32) << 16;
                }
                let expected = [0, 1, 2, 3].map(|row| {
                    let scaled = |sum: i32, m: i32| ((i64::from(sum) * i64::from(m)) >> 16) as i32;
                    bias[row]
                        .wrapping_add(scaled(sum(w_in, x_in, row), multipliers[row]))
                        .wrapping_add(scaled(sum(w_rec, h, row), highs[row]))
                });
                assert_eq!(four_rows(&head, weights, x_in, h), expected);
                let alone = [0, 1, 2, 3].map(|row| one_row(&head, weights, x_in, row));
                assert!(state > 0 || alone == expected);
            }
        }
    }
}
