//! `kernel::activation::tanh`, one number after the other: a number computes one of its two polynomials, not both.

use core::arch::asm;

use crate::kernel::activation::{TANH_CONSTANTS, TANH_SMALL};

/// Replaces every number by its tanh.
///
/// Where the source computes both ends and picks one, this branches, so that the bits are the same:
/// - near zero the source's `0·v + T[3]` is `T[3]` itself, and its polynomial is odd in x, signs and all, but for -0;
/// - above, the magnitude goes through the quotient, and the sign comes back at the end.
#[inline(never)]
pub fn run(data: &mut [f32]) {
    if data.is_empty() {
        return;
    }
    // SAFETY: r0 walks over the `r1` numbers of `data`, each of which is read and written once; r2 is a table of
    // sixteen constants, of which as many are read.
    unsafe {
        asm!(
            "vldmia r2, {s16-s31}",
            "2:",
            "ldr r2, [r0]",
            "lsls r3, r2, #1",  // the magnitude's bits; zero for 0 and -0, which stay
            "beq 5f",
            "cmp r3, r4",
            "bhs 3f",
            // near zero: x + x·x²·T(x²)
            "vmov s0, r2",
            "vmul.f32 s1, s0, s0",
            "vmov.f32 s2, s22",
            "vfma.f32 s2, s21, s1",
            "vmov.f32 s3, s23",
            "vfma.f32 s3, s2, s1",
            "vmov.f32 s2, s24",
            "vfma.f32 s2, s3, s1",
            "vmul.f32 s1, s0, s1",
            "vfma.f32 s0, s1, s2",
            "b 4f",
            // magnitude = min(TANH_MAX, |x|), a NaN stays
            "3:",
            "lsrs r3, r3, #1",
            "vmov s1, r3",
            "vcmp.f32 s1, s16",
            "vmrs APSR_nzcv, FPSCR",
            "it gt",
            "vmovgt.f32 s1, s16",
            // rounded = magnitude·2·log2(e) + ROUND; n = rounded - ROUND; r = magnitude - n·ln(2)/2
            "vmov.f32 s2, s18",
            "vfma.f32 s2, s1, s17",
            "vsub.f32 s3, s2, s18",
            "vfms.f32 s1, s3, s19",
            // Q
            "vmov.f32 s4, s25",
            "vfma.f32 s4, s20, s1",
            "vmov.f32 s5, s26",
            "vfma.f32 s5, s4, s1",
            "vmov.f32 s4, s27",
            "vfma.f32 s4, s5, s1",
            "vmov.f32 s5, s28",
            "vfma.f32 s5, s4, s1",
            // small = r·r·Q + r
            "vmul.f32 s4, s1, s1",
            "vfma.f32 s1, s4, s5",
            // power = 2^n
            "vmov r3, s2",
            "lsls r3, r3, #23",
            "add.w r3, r3, #0x3f800000",
            "vmov s2, r3",
            // half_e = power·small + (power·0.5 - 0.5); tanh = half_e / (half_e + 1)
            "vmov.f32 s0, s31",
            "vfma.f32 s0, s2, s29",
            "vfma.f32 s0, s2, s1",
            "vadd.f32 s1, s0, s30",
            "vdiv.f32 s0, s0, s1",
            "cmp r2, #0",
            "it mi",
            "vnegmi.f32 s0, s0",
            "4:",
            "vstr s0, [r0]",
            "5:",
            "adds r0, r0, #4",
            "subs r1, r1, #1",
            "bne 2b",
            inout("r0") data.as_mut_ptr() => _,
            inout("r1") data.len() => _,
            inout("r2") TANH_CONSTANTS.as_ptr() => _,
            out("r3") _,
            in("r4") TANH_SMALL.to_bits() << 1,
            out("d0") _, out("d1") _, out("d2") _,
            out("d8") _, out("d9") _, out("d10") _, out("d11") _,
            out("d12") _, out("d13") _, out("d14") _, out("d15") _,
            options(raw, nostack),
        );
    }
}
