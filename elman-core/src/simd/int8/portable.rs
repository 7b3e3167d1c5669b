//! The products where there is no assembly: on vectors of the compile target, or word by word where it has none.

use super::{GroupHeader, VectorBlock, WeightBlock, scaled};

/// z of a group, as the module above writes it: `weights` are X + H blocks, `x` X, `h` H, which may be none.
#[inline(always)]
pub(crate) fn four_rows(
    header: &GroupHeader,
    weights: &[WeightBlock],
    x: &[VectorBlock],
    h: &[VectorBlock],
) -> [i32; 4] {
    let (w_in, w_rec) = weights.split_at(weights.len().min(x.len()));
    let [b0, b1, b2, b3, m0, m1, m2, m3] = *header;
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

/// `Σₖ w[r][k]·x[k]` of four rows over all blocks, modulo 2³².
#[cfg(not(any(target_arch = "arm", target_arch = "riscv32")))]
#[inline(always)]
fn dot(weights: &[WeightBlock], x: &[VectorBlock]) -> [i32; 4] {
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

/// The halves of each word, the low one first.
///
/// Lost: halves cut out one by one, which compilers put together to a load only now and then (gated cells twice as slow).
#[cfg(not(any(target_arch = "arm", target_arch = "riscv32")))]
#[inline(always)]
fn halves(words: [u32; 4]) -> wide::i16x8 {
    let low_first = match cfg!(target_endian = "big") {
        true => words.map(|word| word.rotate_left(16)),
        false => words,
    };
    wide::bytemuck::cast(low_first)
}

/// `Σₖ w[r][k]·x[k]` of four rows over all blocks, modulo 2³².
#[cfg(any(target_arch = "arm", target_arch = "riscv32"))]
#[inline(always)]
fn dot(weights: &[WeightBlock], x: &[VectorBlock]) -> [i32; 4] {
    let mut sums = [0; 4];
    for (w, x) in weights.iter().zip(x) {
        add_columns(&mut sums, [w[0], w[1], w[2], w[3]], x[0], x[1]);
        add_columns(&mut sums, [w[4], w[5], w[6], w[7]], x[2], x[3]);
    }
    sums
}

/// Adds the products of four columns: `weights` are a word of each row, `x01` and `x23` two numbers each.
#[cfg(any(target_arch = "arm", target_arch = "riscv32"))]
#[inline(always)]
fn add_columns(sums: &mut [i32; 4], weights: [u32; 4], x01: u32, x23: u32) {
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
