//! A strip of sums from its start to its end, in registers all the way.
//!
//! ```text
//! for lane in 0..16 { sum = start[lane]; for product { for k { sum = fma(a[k], b[k][lane], sum) } } to[lane] = sum }
//! ```
//!
//! s16 to s31 are the sums, s0 to s7 (s11) weights on their way, s8 to s11 (s12) numbers of A.
//! 1. Packed weights and neighbouring numbers of A: four k at a time, 1.17 instructions per multiply-add.
//! 2. Anything else, and the k that four do not divide: one k at a time with steps from registers, 1.44.
//! 3. Where fewer than sixteen lanes are wanted, only four, eight or twelve are computed.
//! 4. With zeros left out, packed: five instructions for a zero, 23 for another number.

use core::arch::asm;

use crate::simd::{LANES, Product};

/// `sN += s(N-16)·number` for the first four, eight … sums.
macro_rules! add {
    ($number:literal: $($sum:literal $weight:literal),*) => {
        concat!($("vfma.f32 ", $sum, ", ", $weight, ", ", $number, "\n"),*)
    };
}
macro_rules! add_four {
    ($number:literal) => {
        add!($number: "s16" "s0", "s17" "s1", "s18" "s2", "s19" "s3")
    };
}
macro_rules! add_four_more {
    ($number:literal) => {
        add!($number: "s20" "s4", "s21" "s5", "s22" "s6", "s23" "s7")
    };
}
macro_rules! add_upper_four {
    ($number:literal) => {
        add!($number: "s24" "s8", "s25" "s9", "s26" "s10", "s27" "s11")
    };
}
macro_rules! add_upper_eight {
    ($number:literal) => {
        add!($number: "s24" "s0", "s25" "s1", "s26" "s2", "s27" "s3", "s28" "s4", "s29" "s5", "s30" "s6", "s31" "s7")
    };
}
/// One k of sixteen packed weights.
macro_rules! packed {
    ($number:literal) => {
        concat!(
            "vldmia r9!, {s0-s7}\n",
            add_four!($number),
            add_four_more!($number),
            "vldmia r9!, {s0-s7}\n",
            add_upper_eight!($number),
        )
    };
}

/// `to = start + product`, for a single strip.
#[inline(always)]
pub fn one(start: &[f32; LANES], product: Product<f32>, to: &mut [f32; LANES]) {
    run(start, 0, &mut [product], to);
}

/// `to = start + Σ products`, strip by strip. The strips of `start` lie `start_step` numbers apart; products were made
/// for as many strips as `to` has.
#[inline(never)]
pub fn run(start: &[f32], start_step: usize, products: &mut [Product<f32>], to: &mut [f32]) {
    #[cfg(elman_mve)]
    if super::helium::dot(start, start_step, products, to) {
        return;
    }
    let (mut start, mut left, mut at) = (start.as_ptr(), to.len(), to.as_mut_ptr());
    while left > 0 && !products.is_empty() {
        let lanes = left.min(LANES);
        strip(start, products, at, lanes);
        Product::next_strip(products);
        start = start.wrapping_add(start_step);
        at = at.wrapping_add(LANES);
        left -= lanes;
    }
}

/// The same of full strips without the products with +0, which must be able to do without: all weights finite, and -0 as good
/// a sum as +0. All products are packed; they are left at the strip behind the last.
#[inline(never)]
pub fn run_some(
    mut start: &[f32],
    start_step: usize,
    products: &mut [Product<f32>; 2],
    to: &mut [[f32; LANES]],
) {
    // As many instructions as asking takes, and without branches.
    #[cfg(elman_mve)]
    if super::helium::dot(start, start_step, products, to.as_flattened_mut()) {
        return;
    }
    for strip in to {
        some(start, products, strip);
        Product::next_strip(products);
        start = start.get(start_step..).unwrap_or(&[]);
    }
}

/// One strip: sixteen numbers at `start`, room for `lanes` at `to`, at least one product.
#[inline(always)]
fn strip(start: *const f32, products: &[Product<f32>], to: *mut f32, lanes: usize) {
    // SAFETY: only `run` calls this. `start` has sixteen numbers, which `Element::dot` checked, or which are an array;
    // `to` is what is left of a slice, room for `lanes`. Every product was checked when it was made: `depth` numbers of A,
    // `a_step` bytes apart, and as many strips of sixteen of B, `b_step` bytes apart, lie inside their slices, from the
    // first strip to the last. Addresses past the last are computed, never read.
    unsafe {
        asm!(
            "vldmia r0, {s16-s31}",
            "2:",
            "ldmia r1!, {r8, r9, r10, r12, lr}", // a, b, their steps, depth
            "adds r1, r1, #4",
            "cmp lr, #0",
            "beq 8f",
            "cmp r4, #8",
            "bhi 4f",
            "cmp r4, #4",
            "bhi 3f",
            // up to four lanes
            "22:",
            "vldr s8, [r8]",
            "add r8, r10",
            "vldmia r9, {s0-s3}",
            "add r9, r12",
            add_four!("s8"),
            "subs lr, lr, #1",
            "bne 22b",
            "b 8f",
            // up to eight
            "3:",
            "vldr s8, [r8]",
            "add r8, r10",
            "vldmia r9, {s0-s7}",
            "add r9, r12",
            add_four!("s8"),
            add_four_more!("s8"),
            "subs lr, lr, #1",
            "bne 3b",
            "b 8f",
            // up to twelve
            "4:",
            "cmp r4, #12",
            "bhi 6f",
            "5:",
            "vldr s12, [r8]",
            "add r8, r10",
            "vldmia r9, {s0-s11}",
            "add r9, r12",
            add_four!("s12"),
            add_four_more!("s12"),
            add_upper_four!("s12"),
            "subs lr, lr, #1",
            "bne 5b",
            "b 8f",
            // sixteen: r5 steps one at a time, then lr steps in fours
            "6:",
            "cmp r10, #4",
            "it eq",
            "cmpeq r12, #64",
            "ite eq",
            "andeq r5, lr, #3",
            "movne r5, lr",
            "subs lr, lr, r5",
            "subs r12, r12, #32",
            "cmp r5, #0",
            "beq 77f",
            "66:",
            "vldr s8, [r8]",
            "add r8, r10",
            "vldmia r9!, {s0-s7}",
            add_four!("s8"),
            add_four_more!("s8"),
            "vldmia r9, {s0-s7}",
            "add r9, r12",
            add_upper_eight!("s8"),
            "subs r5, r5, #1",
            "bne 66b",
            "cmp lr, #0",
            "beq 8f",
            "77:",
            "vldmia r8!, {s8-s11}",
            packed!("s8"),
            packed!("s9"),
            packed!("s10"),
            packed!("s11"),
            "subs lr, lr, #4",
            "bne 77b",
            "8:",
            "subs r2, r2, #1",
            "bne 2b",
            "cmp r4, #16",
            "blo 9f",
            "vstmia r3, {s16-s31}",
            "b 99f",
            // fewer: jump over the stores, four bytes each, of lanes that are not wanted
            "9:",
            "rsb r4, r4, #15",
            "lsls r4, r4, #2",
            "add pc, r4",
            "nop",
            "vstr s30, [r3, #56]",
            "vstr s29, [r3, #52]",
            "vstr s28, [r3, #48]",
            "vstr s27, [r3, #44]",
            "vstr s26, [r3, #40]",
            "vstr s25, [r3, #36]",
            "vstr s24, [r3, #32]",
            "vstr s23, [r3, #28]",
            "vstr s22, [r3, #24]",
            "vstr s21, [r3, #20]",
            "vstr s20, [r3, #16]",
            "vstr s19, [r3, #12]",
            "vstr s18, [r3, #8]",
            "vstr s17, [r3, #4]",
            "vstr s16, [r3, #0]",
            "99:",
            in("r0") start,
            inout("r1") products.as_ptr() => _,
            inout("r2") products.len() => _,
            in("r3") to,
            inout("r4") lanes => _,
            out("r5") _, out("r8") _, out("r9") _, out("r10") _, out("r12") _, out("lr") _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _, out("d4") _, out("d5") _, out("d6") _,
            out("d8") _, out("d9") _, out("d10") _, out("d11") _,
            out("d12") _, out("d13") _, out("d14") _, out("d15") _,
            options(raw, nostack),
        );
    }
}

/// One strip of [`run_some`].
#[inline(always)]
fn some(start: &[f32], products: &[Product<f32>; 2], to: &mut [f32; LANES]) {
    let Some(start) = start.first_chunk::<LANES>() else {
        return;
    };
    // SAFETY: reads sixteen numbers of `start` and writes sixteen of `to`. Only `run_some` calls this: `depth` numbers of A, one
    // behind the other, and strips of B, likewise, lie inside the slices of each product, as in `strip`.
    unsafe {
        asm!(
            "vldmia r0, {s16-s31}",
            "2:",
            "ldmia r1!, {r8, r9, r10, r12, lr}", // a, b, their steps, depth
            "adds r1, r1, #4",
            "cmp lr, #0",
            "beq 8f",
            "3:",
            "ldr r4, [r8], #4",
            "cbz r4, 4f",
            "vmov s8, r4",
            packed!("s8"),
            "subs lr, lr, #1",
            "bne 3b",
            "b 8f",
            "4:",
            "adds r9, r9, #64",
            "subs lr, lr, #1",
            "bne 3b",
            "8:",
            "subs r2, r2, #1",
            "bne 2b",
            "vstmia r3, {s16-s31}",
            in("r0") start.as_ptr(),
            inout("r1") products.as_ptr() => _,
            inout("r2") products.len() => _,
            in("r3") to.as_mut_ptr(),
            out("r4") _, out("r8") _, out("r9") _, out("r10") _, out("r12") _, out("lr") _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _, out("d4") _,
            out("d8") _, out("d9") _, out("d10") _, out("d11") _,
            out("d12") _, out("d13") _, out("d14") _, out("d15") _,
            options(raw, nostack),
        );
    }
}
