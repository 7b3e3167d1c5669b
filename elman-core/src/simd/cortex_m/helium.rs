//! Helium, the vectors of Armv8.1-M, four numbers each: Cortex-M52, M55, M85.
//!
//! Its arithmetic takes subnormal numbers for zeros whatever `FPSCR` says, and so do loops that the compiler makes vectors of where
//! it is told of such a core. Both would break promise P1. So
//!
//! - what is computed here is thrown away where a number was flushed, which `FPSCR.IDC` (of an operand) or `UFC` (of a result) tells
//!   afterwards, and computed anew without vectors; otherwise multiply-adds are fused and the bits the same;
//! - no other arithmetic of this token is left to the compiler, unless no result of it can be subnormal.
//!
//! The functions that hold assembly are not inlined: it uses the predicates, which `asm!` could not tell the compiler, and which
//! no caller expects to be kept.

use core::arch::asm;

use crate::simd::activation::{TANH_CONSTANTS, TANH_SMALL};
use crate::simd::{LANES, Product};

/// The flags IDC and UFC of `FPSCR`.
const FLUSHED: u32 = 1 << 7 | 1 << 3;

/// Whether nothing was flushed while `work` was done.
#[inline(always)]
fn is_exact(work: impl FnOnce()) -> bool {
    let (before, after): (u32, u32);
    // SAFETY: clears two flags of FPSCR.
    unsafe {
        asm!(
            "vmrs {before}, fpscr",
            "bic {cleared}, {before}, #0x88",
            "vmsr fpscr, {cleared}",
            before = out(reg) before,
            cleared = out(reg) _,
            options(nomem, nostack),
        );
    }
    work();
    // SAFETY: sets the flags again that were set.
    unsafe {
        asm!(
            "vmrs {after}, fpscr",
            "and {before}, {before}, #0x88",
            "orr {before}, {before}, {after}",
            "vmsr fpscr, {before}",
            before = inout(reg) before => _,
            after = out(reg) after,
            options(nomem, nostack),
        );
    }
    after & FLUSHED == 0
}

/// What [`dot::run`](super::dot::run) does, if all products are packed and nothing is flushed; otherwise `to` holds anything, and
/// products are where they were.
#[inline(never)]
pub fn dot(
    start: &[f32],
    start_step: usize,
    products: &mut [Product<f32>],
    to: &mut [f32],
) -> bool {
    if products.is_empty() || !products.iter().all(Product::is_packed) {
        return false;
    }
    let strips = to.len().div_ceil(LANES);
    let done = is_exact(|| {
        let mut start = start.as_ptr();
        for to in to.chunks_mut(LANES) {
            strip(start, products, to);
            Product::next_strip(products);
            start = start.wrapping_add(start_step);
        }
    });
    if !done {
        for product in products {
            product.b = product.b.wrapping_byte_sub(strips * product.b_strip);
        }
    }
    done
}

/// The sums in q0 and so on, as many as are named, += a number of A times weights at r9.
macro_rules! step {
    (4, $a:literal) => {
        concat!(
            "vldrw.u32 q4, [r9], #16\nvldrw.u32 q5, [r9], #16\nvldrw.u32 q6, [r9], #16\nvldrw.u32 q7, [r9], #16\n",
            "vfma.f32 q0, q4, ", $a, "\nvfma.f32 q1, q5, ", $a, "\nvfma.f32 q2, q6, ", $a, "\nvfma.f32 q3, q7, ", $a, "\n",
        )
    };
    (3, $a:literal) => {
        concat!(
            "vldrw.u32 q4, [r9], #16\nvldrw.u32 q5, [r9], #16\nvldrw.u32 q6, [r9], #32\n",
            "vfma.f32 q0, q4, ", $a, "\nvfma.f32 q1, q5, ", $a, "\nvfma.f32 q2, q6, ", $a, "\n",
        )
    };
    (2, $a:literal) => {
        concat!(
            "vldrw.u32 q4, [r9], #16\nvldrw.u32 q5, [r9], #48\n",
            "vfma.f32 q0, q4, ", $a, "\nvfma.f32 q1, q5, ", $a, "\n",
        )
    };
}
/// The sums += a product: r8 numbers of A, r9 weights, r5 the depth; takes r0, r10 to r12, lr.
macro_rules! product {
    ($vectors:tt) => {
        concat!(
            "lsrs lr, r5, #2\n",
            "wls lr, lr, 23f\n",
            "22:\n",
            "ldm r8!, {{r0, r10, r11, r12}}\n",
            step!($vectors, "r0"),
            step!($vectors, "r10"),
            step!($vectors, "r11"),
            step!($vectors, "r12"),
            "le lr, 22b\n",
            "23:\n",
            "and lr, r5, #3\n",
            "wls lr, lr, 25f\n",
            "24:\n",
            "ldr r0, [r8], #4\n",
            step!($vectors, "r0"),
            "le lr, 24b\n",
            "25:\n",
        )
    };
}

/// One strip: sixteen numbers at `start`, at least one product, all packed.
#[inline(always)]
fn strip(start: *const f32, products: &[Product<f32>], to: &mut [f32]) {
    // SAFETY: only `dot` calls this. `start` has sixteen numbers, which `Element::dot` checked, or which are an array; `to` has up to
    // sixteen, its length in r4. Every product was checked when it was made: `depth` numbers of A, one behind the other, and as many
    // strips of sixteen of B, likewise, lie inside their slices, from the first strip to the last.
    unsafe {
        asm!(
            "vldrw.u32 q0, [r0]",
            "vldrw.u32 q1, [r0, #16]",
            "vldrw.u32 q2, [r0, #32]",
            "vldrw.u32 q3, [r0, #48]",
            "2:",
            "ldm r1!, {{r8, r9, r10, r11, r12, lr}}", // a, b, their steps, depth
            "mov r5, r12",
            "cmp r4, #12",
            "bhi 4f",
            "cmp r4, #8",
            "bhi 3f",
            product!(2),
            "b 5f",
            "3:",
            product!(3),
            "b 5f",
            "4:",
            product!(4),
            "5:",
            "subs r2, r2, #1",
            "bne 2b",
            "cmp r4, #16",
            "blo 6f",
            "vstrw.32 q0, [r3]",
            "vstrw.32 q1, [r3, #16]",
            "vstrw.32 q2, [r3, #32]",
            "vstrw.32 q3, [r3, #48]",
            "b 7f",
            // fewer: only the lanes that are wanted
            "6:",
            "vctp.32 r4",
            "vpst",
            "vstrwt.32 q0, [r3]",
            "subs r4, r4, #4",
            "bls 7f",
            "vctp.32 r4",
            "vpst",
            "vstrwt.32 q1, [r3, #16]",
            "subs r4, r4, #4",
            "bls 7f",
            "vctp.32 r4",
            "vpst",
            "vstrwt.32 q2, [r3, #32]",
            "subs r4, r4, #4",
            "bls 7f",
            "vctp.32 r4",
            "vpst",
            "vstrwt.32 q3, [r3, #48]",
            "7:",
            inout("r0") start => _,
            inout("r1") products.as_ptr() => _,
            inout("r2") products.len() => _,
            in("r3") to.as_mut_ptr(),
            inout("r4") to.len() => _,
            out("r5") _, out("r8") _, out("r9") _, out("r10") _, out("r11") _, out("r12") _, out("lr") _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _, out("d4") _, out("d5") _, out("d6") _, out("d7") _,
            out("d8") _, out("d9") _, out("d10") _, out("d11") _, out("d12") _, out("d13") _, out("d14") _, out("d15") _,
            options(nostack),
        );
    }
}

/// The constants of tanh in the order in which the assembly below loads them, eight and eight.
static CONSTANTS: [f32; 16] = {
    let [
        max,
        twice_log2_e,
        round,
        half_ln_2,
        q4,
        t3,
        t2,
        t1,
        t0,
        q3,
        q2,
        q1,
        q0,
        half,
        _,
        minus_half,
    ] = TANH_CONSTANTS;
    [
        max,
        t3,
        t2,
        t1,
        t0,
        twice_log2_e,
        round,
        -half_ln_2, //
        q4,
        q3,
        q2,
        q1,
        q0,
        half,
        minus_half,
        TANH_SMALL,
    ]
};

/// `to = tanh(from)`, four numbers at a time; how many it has done, none if one was flushed. Both polynomials of the source for every
/// number, then the one that counts; the quotient is that of scalars, since vectors have none.
#[inline(never)]
pub fn tanh(from: &[f32], to: &mut [f32]) -> usize {
    let vectors = from.len().min(to.len()) / 4;
    let done = is_exact(|| {
        // SAFETY: r0 walks over `vectors` times four numbers of `from`, which are read, and r1 over as many of `to`, which are written;
        // r2 is a table of sixteen constants.
        unsafe {
            asm!(
                "wls lr, lr, 9f",
                "2:",
                "ldm r2!, {{r3, r4, r5, r8, r9, r10, r11, r12}}",
                // q1 = magnitude = min(TANH_MAX, |x|), a NaN stays
                "vldrw.u32 q0, [r0], #16",
                "vabs.f32 q1, q0",
                "vpt.f32 gt, q1, r3",
                "vdupt.32 q1, r3",
                // near zero: q4 = x + x·x²·T(x²)
                "vmul.f32 q2, q1, q1",
                "vdup.32 q3, r4",
                "vfmas.f32 q3, q2, r5",
                "vfmas.f32 q3, q2, r8",
                "vfmas.f32 q3, q2, r9",
                "vmul.f32 q2, q1, q2",
                "vmov q4, q1",
                "vfma.f32 q4, q2, q3",
                // q2 = rounded = magnitude·2·log2(e) + ROUND; n = rounded - ROUND; q1 = r = magnitude - n·ln(2)/2
                "vdup.32 q2, r11",
                "vfma.f32 q2, q1, r10",
                "vsub.f32 q3, q2, r11",
                "vfma.f32 q1, q3, r12",
                "ldm r2, {{r3, r4, r5, r8, r9, r10, r11, r12}}",
                // q1 = small = r·r·Q + r
                "vdup.32 q3, r3",
                "vfmas.f32 q3, q1, r4",
                "vfmas.f32 q3, q1, r5",
                "vfmas.f32 q3, q1, r8",
                "vfmas.f32 q3, q1, r9",
                "vmul.f32 q5, q1, q1",
                "vfma.f32 q1, q5, q3",
                // q2 = power = 2^n
                "mov.w r3, #0x3f800000",
                "vshl.i32 q2, q2, #23",
                "vadd.i32 q2, q2, r3",
                // q3 = half_e = power·small + (power·0.5 - 0.5); tanh = half_e / (half_e + 1)
                "vdup.32 q3, r11",
                "vfma.f32 q3, q2, r10",
                "vfma.f32 q3, q2, q1",
                "vadd.f32 q2, q3, r3",
                "vdiv.f32 s12, s12, s8",
                "vdiv.f32 s13, s13, s9",
                "vdiv.f32 s14, s14, s10",
                "vdiv.f32 s15, s15, s11",
                "vabs.f32 q1, q0",
                "vpt.f32 lt, q1, r12",
                "vorrt q3, q4, q4",
                "vmov.i32 q5, #0x80000000",
                "vand q5, q5, q0",
                "vorr q3, q3, q5",
                "vstrw.32 q3, [r1], #16",
                "subs r2, r2, #32",
                "le lr, 2b",
                "9:",
                inout("r0") from.as_ptr() => _,
                inout("r1") to.as_mut_ptr() => _,
                inout("r2") CONSTANTS.as_ptr() => _,
                inout("lr") vectors => _,
                out("r3") _, out("r4") _, out("r5") _, out("r8") _, out("r9") _, out("r10") _, out("r11") _, out("r12") _,
                out("d0") _, out("d1") _, out("d2") _, out("d3") _, out("d4") _, out("d5") _, out("d6") _, out("d7") _,
                out("d8") _, out("d9") _, out("d10") _, out("d11") _,
                options(nostack),
            );
        }
    });
    if done { 4 * vectors } else { 0 }
}
