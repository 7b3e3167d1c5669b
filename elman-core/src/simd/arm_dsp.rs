//! The DSP extension of Armv7E-M and Armv8-M: Cortex-M4, M7, M33, M55 and their like. It needs no FPU.

use core::arch::asm;

use super::whole::{Eight, Weights};

/// The sums of four rows over all blocks, modulo 2³².
#[inline(always)]
pub(crate) fn dot(weights: &[Weights], x: &[Eight]) -> [i32; 4] {
    let blocks = weights.len().min(x.len());
    let (mut a, mut b, mut c, mut d): (i32, i32, i32, i32);
    // SAFETY: the loop runs `blocks` times and reads, each time, one block of `weights` (32 bytes) and one of `x`
    // (16 bytes), which both slices have, aligned to words. It writes no memory but its own stack, where it keeps r6 and r7, which
    // the compiler reserves, and from where it restores them.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "movs r0, #0",
            "movs r1, #0",
            "movs r2, #0",
            "movs r3, #0",
            "cbz lr, 3f",
            "2:",
            "ldm r5!, {{r6, r7}}",
            "ldm r4!, {{r8, r9, r10, r11}}",
            "sxtb16 r12, r8",
            "smlad r0, r12, r6, r0",
            "sxtb16 r12, r8, ror #8",
            "smlad r0, r12, r7, r0",
            "sxtb16 r12, r9",
            "smlad r1, r12, r6, r1",
            "sxtb16 r12, r9, ror #8",
            "smlad r1, r12, r7, r1",
            "sxtb16 r12, r10",
            "smlad r2, r12, r6, r2",
            "sxtb16 r12, r10, ror #8",
            "smlad r2, r12, r7, r2",
            "sxtb16 r12, r11",
            "smlad r3, r12, r6, r3",
            "sxtb16 r12, r11, ror #8",
            "smlad r3, r12, r7, r3",
            "ldm r5!, {{r6, r7}}",
            "ldm r4!, {{r8, r9, r10, r11}}",
            "sxtb16 r12, r8",
            "smlad r0, r12, r6, r0",
            "sxtb16 r12, r8, ror #8",
            "smlad r0, r12, r7, r0",
            "sxtb16 r12, r9",
            "smlad r1, r12, r6, r1",
            "sxtb16 r12, r9, ror #8",
            "smlad r1, r12, r7, r1",
            "sxtb16 r12, r10",
            "smlad r2, r12, r6, r2",
            "sxtb16 r12, r10, ror #8",
            "smlad r2, r12, r7, r2",
            "sxtb16 r12, r11",
            "smlad r3, r12, r6, r3",
            "sxtb16 r12, r11, ror #8",
            "smlad r3, r12, r7, r3",
            "subs lr, lr, #1",
            "bne 2b",
            "3:",
            "pop {{r6, r7}}",
            out("r0") a,
            out("r1") b,
            out("r2") c,
            out("r3") d,
            inout("r4") weights.as_ptr() => _,
            inout("r5") x.as_ptr() => _,
            out("r8") _,
            out("r9") _,
            out("r10") _,
            out("r11") _,
            out("r12") _,
            inout("lr") blocks => _,
            options(readonly),
        );
    }
    [a, b, c, d]
}

/// `z + ⌊sum·m / 2¹⁶⌋` with the low half of `m`, modulo 2³².
#[inline(always)]
pub(crate) fn add_scaled_low(z: i32, sum: i32, m: u32) -> i32 {
    let scaled;
    // SAFETY: one instruction on registers.
    unsafe {
        asm!("smlawb {}, {}, {}, {}", out(reg) scaled, in(reg) sum, in(reg) m, in(reg) z, options(pure, nomem, nostack));
    }
    scaled
}

/// The same with the high half.
#[inline(always)]
pub(crate) fn add_scaled_high(z: i32, sum: i32, m: u32) -> i32 {
    let scaled;
    // SAFETY: one instruction on registers.
    unsafe {
        asm!("smlawt {}, {}, {}, {}", out(reg) scaled, in(reg) sum, in(reg) m, in(reg) z, options(pure, nomem, nostack));
    }
    scaled
}
