//! `simd::activation::tanh`, one number after the other: a number computes one of its two polynomials, not both.

use core::arch::asm;
use core::mem::MaybeUninit;

use crate::simd::LANES;
use crate::simd::activation::{TANH_CONSTANTS, TANH_MAX, TANH_SMALL};
#[cfg(elman_mve)]
use crate::slices::{at, at_mut};

/// `to = tanh(from)`, as many numbers as both have.
///
/// Where the source computes both ends and picks one, this branches, so that the bits are the same:
/// - near zero the source's `0·v + T[3]` is `T[3]` itself, and its polynomial is odd in x, signs and all, but for -0;
/// - above, the magnitude goes through the quotient, and the sign comes back at the end.
pub fn run(from: &[f32], to: &mut [f32]) {
    #[cfg(elman_mve)]
    let (from, to) = {
        let done = super::helium::tanh(from, to);
        (at(from, done..), at_mut(to, done..))
    };
    let len = from.len().min(to.len());
    if len > 0 {
        // SAFETY: both slices have `len` numbers.
        unsafe { numbers(from.as_ptr(), to.as_mut_ptr(), len) };
    }
}

/// `tanh(v)`
#[inline(always)]
pub fn of(v: &[f32; LANES]) -> [f32; LANES] {
    if cfg!(elman_mve) {
        let mut to = [0.0; LANES];
        run(v, &mut to);
        return to;
    }
    let mut to = MaybeUninit::<[f32; LANES]>::uninit();
    // SAFETY: both have so many numbers, and `to` is written whole.
    unsafe {
        numbers(v.as_ptr(), to.as_mut_ptr().cast(), LANES);
        to.assume_init()
    }
}

/// `len` numbers, at least one.
///
/// # Safety
/// `from` can be read and `to` written, `len` numbers each; both may be the same.
#[inline(never)]
unsafe fn numbers(from: *const f32, to: *mut f32, len: usize) {
    // SAFETY: r0 walks over `len` numbers of `from`, which are read, and r1 over as many of `to`, which are written; r2 is
    // a table of sixteen constants, of which as many are read.
    unsafe {
        asm!(
            "vldmia r2, {s16-s31}",
            "2:",
            "ldr r2, [r0], #4",
            "vmov s0, r2",
            "lsls r3, r2, #1", // the magnitude's bits; zero for 0 and -0, which stay
            "beq 4f",
            "cmp r3, r4",
            "bhs 3f",
            // near zero: x + x·x²·T(x²)
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
            "vabs.f32 s1, s0",
            "cmp r3, r12",
            "bhi 7f",
            "8:",
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
            "vstmia r1!, {s0}",
            "subs r5, r5, #1",
            "bne 2b",
            "b 9f",
            // out of the way: the largest magnitude, unless x is NaN
            "7:",
            "vcmp.f32 s0, s0",
            "vmrs APSR_nzcv, FPSCR",
            "it vc",
            "vmovvc.f32 s1, s16",
            "b 8b",
            "9:",
            inout("r0") from => _,
            inout("r1") to => _,
            inout("r5") len => _,
            inout("r2") TANH_CONSTANTS.as_ptr() => _,
            out("r3") _,
            in("r4") TANH_SMALL.to_bits() << 1,
            in("r12") TANH_MAX.to_bits() << 1,
            out("d0") _, out("d1") _, out("d2") _,
            out("d8") _, out("d9") _, out("d10") _, out("d11") _,
            out("d12") _, out("d13") _, out("d14") _, out("d15") _,
            options(raw, nostack),
        );
    }
}
