//! The DSP extension of Armv7E-M and Armv8-M: Cortex-M4, M7, M33 and their like. It needs no FPU.

use core::arch::asm;

use super::tanh::TABLE;
use super::{GroupHeader, Groups, VectorBlock, WeightBlock};

/// r0 to r3 += a block of four rows times a block of x or h, four columns at a time.
macro_rules! block {
    () => {
        concat!(
            ".rept 2\n",
            "ldm r5!, {{r6, r7}}\n",
            "ldm r4!, {{r8, r9, r10, r11}}\n",
            "sxtb16 r12, r8\n",
            "smlad r0, r12, r6, r0\n",
            "sxtb16 r12, r8, ror #8\n",
            "smlad r0, r12, r7, r0\n",
            "sxtb16 r12, r9\n",
            "smlad r1, r12, r6, r1\n",
            "sxtb16 r12, r9, ror #8\n",
            "smlad r1, r12, r7, r1\n",
            "sxtb16 r12, r10\n",
            "smlad r2, r12, r6, r2\n",
            "sxtb16 r12, r10, ror #8\n",
            "smlad r2, r12, r7, r2\n",
            "sxtb16 r12, r11\n",
            "smlad r3, r12, r6, r3\n",
            "sxtb16 r12, r11, ror #8\n",
            "smlad r3, r12, r7, r3\n",
            ".endr\n",
        )
    };
}
/// r0 to r3 = 0.
macro_rules! zero {
    () => {
        "movs r0, #0\nmovs r1, #0\nmovs r2, #0\nmovs r3, #0\n"
    };
}
/// r8 to r11 += ⌊r0 to r3 · m / 2¹⁶⌋, m in the low halves (`smlawb`) or the high ones (`smlawt`) of r6, r7, r12, lr.
macro_rules! scale {
    ($instruction:literal) => {
        concat!(
            $instruction,
            " r8, r0, r6, r8\n",
            $instruction,
            " r9, r1, r7, r9\n",
            $instruction,
            " r10, r2, r12, r10\n",
            $instruction,
            " r11, r3, lr, r11\n",
        )
    };
}
/// z = `tanh_four` of one z: r2 the shift, r3 the table, r5 = 2⁸, half of what the last shift cuts off; takes r0 and r1.
macro_rules! tanh {
    ($z:literal) => {
        concat!(
            "asr ",
            $z,
            ", ",
            $z,
            ", r2\n",
            "eor r0, ",
            $z,
            ", ",
            $z,
            ", asr #31\n",
            "sub r0, r0, ",
            $z,
            ", asr #31\n",
            "usat r0, #17, r0\n",
            "ubfx r1, r0, #0, #9\n",
            "lsrs r0, r0, #9\n",
            "ldr r0, [r3, r0, lsl #2]\n",
            "smlatb r1, r0, r1, r5\n",
            "uxth r0, r0\n",
            "add r0, r0, r1, lsr #9\n",
            "eor r0, r0, ",
            $z,
            ", asr #31\n",
            "sub ",
            $z,
            ", r0, ",
            $z,
            ", asr #31\n",
        )
    };
}

/// z of a group, as the module above writes it: `weights` are X + H blocks, `x` X, `h` H, which may be none.
///
/// Registers: r0 to r3 the sum of a row each; r4 where weights are read, r5 where x or h is; r6 and r7 four columns of it; r8 to r11
/// four weights of a row each, then z; r12 two weights; lr blocks to come.
#[inline(always)]
pub(crate) fn four_rows(
    header: &GroupHeader,
    weights: &[WeightBlock],
    x: &[VectorBlock],
    h: &[VectorBlock],
) -> [i32; 4] {
    let x_blocks = weights.len().min(x.len());
    let h_blocks = (weights.len() - x_blocks).min(h.len());
    let (a, b, c, d): (u32, u32, u32, u32);
    // SAFETY: the loops run `x_blocks` and `h_blocks` times and read, each time, 32 bytes of weights and 16 of numbers, which the
    // slices have, aligned to words; `header` has 32 bytes. Nothing is written but the stack below, where r6 and r7 are kept, which
    // the compiler reserves, and from where they are restored.
    unsafe {
        asm!(
            "push {{r0, r1, r2, r6, r7}}",
            zero!(),
            "cmp lr, #0",
            "beq 3f",
            "2:",
            block!(),
            "subs lr, lr, #1",
            "bne 2b",
            "3:",
            // z = bias + sums of x, scaled by the low halves
            "ldr r7, [sp, #8]",
            "ldm r7!, {{r8, r9, r10, r11}}",
            "ldm r7, {{r6, r7, r12, lr}}",
            scale!("smlawb"),
            "pop {{r5, lr}}",
            "cmp lr, #0",
            "beq 5f",
            "push {{r8, r9, r10, r11}}",
            zero!(),
            "4:",
            block!(),
            "subs lr, lr, #1",
            "bne 4b",
            // z += sums of h, scaled by the high halves
            "ldr r7, [sp, #16]",
            "adds r7, #16",
            "ldm r7, {{r6, r7, r12, lr}}",
            "pop {{r8, r9, r10, r11}}",
            scale!("smlawt"),
            "5:",
            "add sp, sp, #4",
            "pop {{r6, r7}}",
            inout("r0") h.as_ptr() => _,
            inout("r1") h_blocks => _,
            inout("r2") header.as_ptr() => _,
            out("r3") _,
            inout("r4") weights.as_ptr() => _,
            inout("r5") x.as_ptr() => _,
            out("r8") a,
            out("r9") b,
            out("r10") c,
            out("r11") d,
            out("r12") _,
            inout("lr") x_blocks => _,
            options(readonly),
        );
    }
    [a, b, c, d].map(|z| z as i32)
}

/// What [`tanh_rows`] keeps in memory while its registers are taken. The assembly knows the offsets: 4 bytes a field.
#[repr(C)]
struct Frame {
    x: *const VectorBlock,
    x_blocks: usize,
    h: *const VectorBlock,
    h_blocks: usize,
    shift: u32,
    table: *const u32,
    /// Where the next group's result goes.
    to: *mut [u32; 2],
    /// Where the groups end.
    end: *const u32,
    /// The header of the group at work.
    header: *const u32,
}

/// See [`Groups`]. Registers as in [`four_rows`].
#[inline(always)]
pub(crate) fn tanh_rows(operands: Groups) {
    let Groups {
        groups,
        x,
        h,
        shift,
        to,
    } = operands;
    let words = 8 * (1 + x.len() + h.len());
    if to.is_empty() || x.is_empty() || h.is_empty() || groups.len() < words * to.len() {
        debug_assert!(false, "a group for every place, and neither is empty");
        return;
    }
    let start = groups.as_ptr();
    let mut frame = Frame {
        x: x.as_ptr(),
        x_blocks: x.len(),
        h: h.as_ptr(),
        h_blocks: h.len(),
        shift,
        table: TABLE.as_ptr(),
        to: to.as_mut_ptr(),
        end: start.wrapping_add(words * to.len()),
        header: start,
    };
    // SAFETY: every turn of the outer loop reads one group, of which `groups` has as many as `to` has places, and all of `x` and `h`,
    // aligned to words; from the table it reads at indices below 256, since USAT leaves 17 bits, of which the upper 8
    // are the index; it writes one place of `to` and what it has of `frame` for itself. r6 and r7, which the compiler
    // reserves, are kept on the stack and restored.
    unsafe {
        asm!(
            "push {{r0, r6, r7}}",
            "1:",
            "ldr r0, [sp]",
            "str r4, [r0, #32]",
            "adds r4, #32",
            "ldrd r5, lr, [r0]",
            zero!(),
            "2:",
            block!(),
            "subs lr, lr, #1",
            "bne 2b",
            // z = bias + sums of x, scaled by the low halves
            "ldr r5, [sp]",
            "ldr r7, [r5, #32]",
            "ldm r7!, {{r8, r9, r10, r11}}",
            "ldm r7, {{r6, r7, r12, lr}}",
            scale!("smlawb"),
            "ldrd r5, lr, [r5, #8]",
            "push {{r8, r9, r10, r11}}",
            zero!(),
            "3:",
            block!(),
            "subs lr, lr, #1",
            "bne 3b",
            // z += sums of h, scaled by the high halves
            "ldr r5, [sp, #16]",
            "ldr r7, [r5, #32]",
            "adds r7, #16",
            "ldm r7, {{r6, r7, r12, lr}}",
            "pop {{r8, r9, r10, r11}}",
            scale!("smlawt"),
            // h = tanh(z): r2 shift, r3 table, r6 where to, r7 where the groups end, r12 the address of `shift`
            "add r5, r5, #16",
            "ldm r5, {{r2, r3, r6, r7}}",
            "mov r12, r5",
            "mov r5, #256",
            tanh!("r8"),
            tanh!("r9"),
            tanh!("r10"),
            tanh!("r11"),
            "pkhbt r8, r8, r9, lsl #16",
            "pkhbt r10, r10, r11, lsl #16",
            "stm r6!, {{r8, r10}}",
            "str r6, [r12, #8]",
            "cmp r4, r7",
            "bne 1b",
            "pop {{r0, r6, r7}}",
            inout("r0") &raw mut frame => _,
            out("r1") _,
            out("r2") _,
            out("r3") _,
            inout("r4") start => _,
            out("r5") _,
            out("r8") _,
            out("r9") _,
            out("r10") _,
            out("r11") _,
            out("r12") _,
            out("lr") _,
        );
    }
}
