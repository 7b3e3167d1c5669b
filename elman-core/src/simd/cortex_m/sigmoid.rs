//! `simd::activation::sigmoid`, one number after the other.

use core::arch::asm;
use core::mem::MaybeUninit;

use crate::simd::LANES;
use crate::simd::activation::{EXP_MIN, SIGMOID_CONSTANTS};

/// Up to this magnitude `exp(-|x|)` is a normal number.
const NORMAL: f32 = 86.0;

/// From `s1 = -|x|` to `s2 = n + ROUND` and `s1 = p`, where `exp(-|x|) = p·2^n`.
macro_rules! exponential {
    () => {
        concat!(
            // rounded = a·log2(e) + ROUND; n = rounded - ROUND; r = a - n·ln(2), in two parts
            "vmov.f32 s2, s18\n",
            "vfma.f32 s2, s1, s17\n",
            "vsub.f32 s3, s2, s18\n",
            "vfms.f32 s1, s3, s19\n",
            "vfms.f32 s1, s3, s20\n",
            // Q
            "vmov.f32 s4, s24\n",
            "vfma.f32 s4, s25, s1\n",
            "vmov.f32 s5, s23\n",
            "vfma.f32 s5, s4, s1\n",
            "vmov.f32 s4, s22\n",
            "vfma.f32 s4, s5, s1\n",
            "vmov.f32 s5, s21\n",
            "vfma.f32 s5, s4, s1\n",
            // p = r·r·Q + r + 1
            "vmul.f32 s4, s1, s1\n",
            "vfma.f32 s1, s4, s5\n",
            "vadd.f32 s1, s1, s26\n",
        )
    };
}

/// `sigmoid(v)`
///
/// Two things differ from the source, and no bit of the result: where `exp(-|x|)` is a normal number its power of two is
/// added to the exponent, since the product with it is exact; and the sign bit picks the side, because at -0 both agree.
#[inline(never)]
pub fn of(v: &[f32; LANES]) -> [f32; LANES] {
    let mut to = MaybeUninit::<[f32; LANES]>::uninit();
    // SAFETY: r0 walks over all numbers of `v`, which are read, and r1 over all of `to`, which are written; r2 is a table of
    // eleven constants, of which as many are read.
    unsafe {
        asm!(
            "vldmia r2, {s16-s26}",
            "2:",
            "ldr r2, [r0], #4",
            "orr r3, r2, #0x80000000", // -|x|
            "vmov s1, r3",
            "lsls r3, r2, #1",
            "cmp r3, r12",
            "bhi 7f",
            exponential!(),
            // e = p·2^n
            "vmov r3, s2",
            "vmov r4, s1",
            "add.w r4, r4, r3, lsl #23",
            "vmov s1, r4",
            "5:",
            // sum = e + 1; lost = e - (sum - 1)
            "vadd.f32 s2, s1, s26",
            "vsub.f32 s3, s2, s26",
            "vsub.f32 s3, s1, s3",
            // quotient = (x < 0 ? e : 1) / sum
            "cmp r2, #0",
            "it pl",
            "vmovpl.f32 s1, s26",
            "vdiv.f32 s0, s1, s2",
            "vfms.f32 s0, s0, s3",
            "vstmia r1!, {s0}",
            "subs r5, r5, #1",
            "bne 2b",
            "b 9f",
            // Out of the way. The least argument of exp, unless x is NaN:
            "7:",
            "cmp r3, r8",
            "bls 8f",
            "vcmp.f32 s1, s1",
            "vmrs APSR_nzcv, FPSCR",
            "it vc",
            "vmovvc.f32 s1, s16",
            "8:",
            exponential!(),
            // p·2^n in two steps, of which only the last rounds
            "vmov r3, s2",
            "vmov r4, s18",
            "subs r3, r3, r4",
            "asrs r4, r3, #1",
            "subs r3, r3, r4",
            "lsls r4, r4, #23",
            "add.w r4, r4, #0x3f800000",
            "vmov s2, r4",
            "lsls r3, r3, #23",
            "add.w r3, r3, #0x3f800000",
            "vmov s3, r3",
            "vmul.f32 s1, s1, s2",
            "vmul.f32 s1, s1, s3",
            "b 5b",
            "9:",
            inout("r0") v.as_ptr() => _,
            inout("r1") to.as_mut_ptr() => _,
            inout("r5") LANES => _,
            inout("r2") SIGMOID_CONSTANTS.as_ptr() => _,
            out("r3") _,
            out("r4") _,
            in("r12") NORMAL.to_bits() << 1,
            in("r8") EXP_MIN.to_bits() << 1,
            out("d0") _, out("d1") _, out("d2") _,
            out("d8") _, out("d9") _, out("d10") _, out("d11") _,
            out("d12") _, out("d13") _,
            options(raw, nostack),
        );
        to.assume_init()
    }
}
