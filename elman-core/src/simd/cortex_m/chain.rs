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

use core::arch::asm;

use crate::simd::{LANES, Operands};

/// One product of a chain; the assembly reads the fields in this order.
#[repr(C)]
pub struct Product {
    a: *const f32,
    b: *const f32,
    /// Bytes from one k to the next.
    a_step: usize,
    b_step: usize,
    depth: usize,
}

impl Product {
    /// Row `row` of A by strip `strip` of B; all of them lie inside their slices, as [`Operands`] made sure.
    #[inline(always)]
    pub fn of<const ROWS: usize, const STRIPS: usize>(
        operands: &Operands<f32, ROWS, STRIPS>,
        row: usize,
        strip: usize,
    ) -> Self {
        let (a, a_step) = operands.row_of_a(row);
        let (b, b_step) = operands.strip_of_b(strip);
        Self {
            a,
            b,
            a_step: size_of::<f32>() * a_step,
            b_step: size_of::<f32>() * b_step,
            depth: operands.depth(),
        }
    }
}

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

/// `to = start + Σ products`, the first `to.len()` lanes.
///
/// Lost against it: half as many k at a time (4 % slower at 128 hidden units, 150 bytes of flash less).
#[inline(never)]
pub fn run(start: &[f32; LANES], products: &[Product], to: &mut [f32]) {
    let lanes = to.len().min(LANES);
    if lanes == 0 || products.is_empty() {
        return;
    }
    // SAFETY: `start` has sixteen numbers, `to` room for `lanes`. Every product was checked as `Operands`: `depth`
    // numbers of A, `a_step` bytes apart, and as many strips of sixteen of B, `b_step` bytes apart, lie inside their
    // slices. Addresses past the last are computed, never read.
    unsafe {
        asm!(
            "vldmia r0, {s16-s31}",
            "2:",
            "ldmia r1!, {r8, r9, r10, r12, lr}", // a, b, their steps, depth
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
            in("r0") start.as_ptr(),
            inout("r1") products.as_ptr() => _,
            inout("r2") products.len() => _,
            in("r3") to.as_mut_ptr(),
            inout("r4") lanes => _,
            out("r5") _, out("r8") _, out("r9") _, out("r10") _, out("r12") _, out("lr") _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _, out("d4") _, out("d5") _, out("d6") _,
            out("d8") _, out("d9") _, out("d10") _, out("d11") _,
            out("d12") _, out("d13") _, out("d14") _, out("d15") _,
            options(raw, nostack),
        );
    }
}
