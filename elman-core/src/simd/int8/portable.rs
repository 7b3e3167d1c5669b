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
///
/// Bytes and halves are loaded one by one, each with its sign: a load, a product and a sum for each weight. Lost: words taken
/// apart by shifts (six instructions).
#[cfg(any(target_arch = "arm", target_arch = "riscv32"))]
#[inline(always)]
fn dot(weights: &[WeightBlock], x: &[VectorBlock]) -> [i32; 4] {
    let mut sums = [0; 4];
    for (w, x) in weights.iter().zip(x) {
        let w: &[[i8; 16]; 2] = wide::bytemuck::cast_ref(w);
        let x: &[[i16; 4]; 2] = wide::bytemuck::cast_ref(x);
        for half in 0..2 {
            // Where the low half of a word lies.
            let low = usize::from(cfg!(target_endian = "big"));
            let column = |k: usize| i32::from(x[half][k ^ low]);
            let columns = [column(0), column(2), column(1), column(3)];
            add_columns(&mut sums, &w[half], columns);
        }
    }
    sums
}

/// The products of four rows with four columns, in assembly because compilers load all weights first and have no room for the
/// products then: `$one` is that of a row (its sum, where its four weights lie).
#[cfg(any(elman_mla, elman_rv32m))]
macro_rules! rows {
    ($one:ident) => {
        concat!($one!("a", 0), $one!("b", 4), $one!("c", 8), $one!("d", 12))
    };
}
#[cfg(elman_mla)]
macro_rules! row {
    ($sum:literal, $at:literal) => {
        concat!(
            "ldrsb {t}, [{w}, #",
            $at,
            "]\nmla {",
            $sum,
            "}, {t}, {x0}, {",
            $sum,
            "}\n",
            "ldrsb {t}, [{w}, #",
            $at,
            "+1]\nmla {",
            $sum,
            "}, {t}, {x1}, {",
            $sum,
            "}\n",
            "ldrsb {t}, [{w}, #",
            $at,
            "+2]\nmla {",
            $sum,
            "}, {t}, {x2}, {",
            $sum,
            "}\n",
            "ldrsb {t}, [{w}, #",
            $at,
            "+3]\nmla {",
            $sum,
            "}, {t}, {x3}, {",
            $sum,
            "}\n",
        )
    };
}
#[cfg(elman_rv32m)]
macro_rules! row {
    ($sum:literal, $at:literal) => {
        concat!(
            "lb {t}, ",
            $at,
            "({w})\nlb {u}, ",
            $at,
            "+1({w})\nmul {t}, {t}, {x0}\nmul {u}, {u}, {x1}\n",
            "add {",
            $sum,
            "}, {",
            $sum,
            "}, {t}\nadd {",
            $sum,
            "}, {",
            $sum,
            "}, {u}\n",
            "lb {t}, ",
            $at,
            "+2({w})\nlb {u}, ",
            $at,
            "+3({w})\nmul {t}, {t}, {x2}\nmul {u}, {u}, {x3}\n",
            "add {",
            $sum,
            "}, {",
            $sum,
            "}, {t}\nadd {",
            $sum,
            "}, {",
            $sum,
            "}, {u}\n",
        )
    };
}

/// Adds the products of four columns: `w` are four weights of each row, `x` the columns in their order.
#[cfg(any(elman_mla, elman_rv32m))]
#[inline(always)]
fn add_columns(sums: &mut [i32; 4], w: &[i8; 16], x: [i32; 4]) {
    let [a, b, c, d] = sums;
    #[cfg(elman_rv32m)]
    // SAFETY: reads sixteen bytes at `w`, and changes nothing but registers.
    unsafe {
        core::arch::asm!(
            rows!(row),
            w = in(reg) w.as_ptr(),
            x0 = in(reg) x[0], x1 = in(reg) x[1], x2 = in(reg) x[2], x3 = in(reg) x[3],
            a = inout(reg) *a, b = inout(reg) *b, c = inout(reg) *c, d = inout(reg) *d,
            t = out(reg) _, u = out(reg) _,
            options(pure, readonly, nostack),
        );
    }
    #[cfg(elman_mla)]
    // SAFETY: as above.
    unsafe {
        core::arch::asm!(
            rows!(row),
            w = in(reg) w.as_ptr(),
            x0 = in(reg) x[0], x1 = in(reg) x[1], x2 = in(reg) x[2], x3 = in(reg) x[3],
            a = inout(reg) *a, b = inout(reg) *b, c = inout(reg) *c, d = inout(reg) *d,
            t = out(reg) _,
            options(pure, readonly, nostack),
        );
    }
}

/// The same where there is neither such a multiply-add nor a multiplication.
#[cfg(all(
    any(target_arch = "arm", target_arch = "riscv32"),
    not(any(elman_mla, elman_rv32m))
))]
#[inline(always)]
fn add_columns(sums: &mut [i32; 4], w: &[i8; 16], x: [i32; 4]) {
    // Where the lowest byte of a word lies.
    let low = if cfg!(target_endian = "big") { 3 } else { 0 };
    for (sum, w) in sums.iter_mut().zip(w.as_chunks::<4>().0) {
        for (k, x) in x.into_iter().enumerate() {
            *sum = sum.wrapping_add(i32::from(w[k ^ low]) * x);
        }
    }
}
