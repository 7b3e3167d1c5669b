//! Cores that know 16-bit instructions only: Cortex-M0, M0+ and M1. The compiler leaves their upper registers alone, which are
//! just right for the sums: compiled from Rust the same loop takes half as many instructions again, and what is around it a third.

use core::arch::asm;

use super::whole::{Eight, Head, Weights};

/// Four weights of a row, at r0, times the numbers in r4 to r7, added to its sum.
macro_rules! products {
    ($sum:literal) => {
        concat!(
            "ldm r0!, {{r2}}\n",
            "sxtb r3, r2\nmuls r3, r4, r3\nadd ",
            $sum,
            ", ",
            $sum,
            ", r3\n",
            "asrs r3, r2, #24\nmuls r3, r7, r3\nadd ",
            $sum,
            ", ",
            $sum,
            ", r3\n",
            "lsrs r2, r2, #8\nsxtb r3, r2\nmuls r3, r6, r3\nadd ",
            $sum,
            ", ",
            $sum,
            ", r3\n",
            "lsrs r2, r2, #8\nsxtb r3, r2\nmuls r3, r5, r3\nadd ",
            $sum,
            ", ",
            $sum,
            ", r3\n",
        )
    };
}
/// No sum yet.
macro_rules! no_sum {
    () => {
        "movs r3, #0\nmov r8, r3\nmov r9, r3\nmov r10, r3\nmov r11, r3\n"
    };
}
/// r4 = ⌊sum · m / 2¹⁶⌋, where m is what `$half` leaves of the multiplier at an offset from r2; takes r3 and r5.
macro_rules! scaled {
    ($sum:literal, $multiplier:literal, $half:literal) => {
        concat!(
            "ldr r3, [r2, #",
            $multiplier,
            "]\n",
            $half,
            "\nmov r4, ",
            $sum,
            "\nuxth r5, r4\nmuls r5, r3, r5\nasrs r5, r5, #16\nasrs r4, r4, #16\nmuls r4, r3, r4\nadds r4, r4, r5\n",
        )
    };
}
/// A row's bias and its scaled products with x, to a place on the stack.
macro_rules! below {
    ($sum:literal, $bias:literal, $multiplier:literal) => {
        concat!(
            scaled!($sum, $multiplier, "sxth r3, r3"),
            "ldr r5, [r2, #",
            $bias,
            "]\nadds r4, r4, r5\nstr r4, [sp, #",
            $bias,
            "]\n",
        )
    };
}
/// That and the row's scaled products with h, to a register.
macro_rules! state {
    ($sum:literal, $bias:literal, $multiplier:literal, $to:literal) => {
        concat!(
            scaled!($sum, $multiplier, "asrs r3, r3, #16"),
            "ldr r5, [sp, #",
            $bias,
            "]\nadds ",
            $to,
            ", r4, r5\n",
        )
    };
}

/// See [`four_rows`](super::whole::four_rows).
///
/// Registers: r0 weights, r1 numbers, r2 four weights of a row, r3 a product, r4 to r7 four numbers, r8 to r11 the sums.
/// Stack: four z; +16 where the numbers end; +20 the head; +24 lr; +28 r8 to r11; +44 h; +48 its end; +52 r6 and r7.
#[inline(always)]
pub(crate) fn four_rows(head: &Head, weights: &[Weights], x: &[Eight], h: &[Eight]) -> [i32; 4] {
    let x_blocks = weights.len().min(x.len());
    let h_blocks = (weights.len() - x_blocks).min(h.len());
    let (a, b, c, d): (i32, i32, i32, i32);
    // SAFETY: the loops read `x_blocks` and `h_blocks` times 32 bytes of weights and 16 of numbers, which the slices have, aligned to
    // words, and end at the numbers' ends; `head` has 32 bytes. Nothing is written but the stack below, where r6 to r11 and lr are
    // kept, which the compiler reserves, and from where they are restored.
    unsafe {
        asm!(
            "push {{r4, r5, r6, r7}}",
            "mov r4, r8",
            "mov r5, r9",
            "mov r6, r10",
            "mov r7, r11",
            "push {{r4, r5, r6, r7}}",
            "mov r4, lr",
            "push {{r2, r3, r4}}",
            "sub sp, #16",
            "bl 20f",
            "ldr r2, [sp, #20]",
            below!("r8", 0, 16),
            below!("r9", 4, 20),
            below!("r10", 8, 24),
            below!("r11", 12, 28),
            "ldr r1, [sp, #44]",
            "ldr r2, [sp, #48]",
            "cmp r1, r2",
            "beq 5f",
            "str r2, [sp, #16]",
            "bl 21f",
            "ldr r2, [sp, #20]",
            state!("r8", 0, 16, "r0"),
            state!("r9", 4, 20, "r1"),
            state!("r10", 8, 24, "r6"),
            state!("r11", 12, 28, "r7"),
            "b 6f",
            "5:",
            "ldr r0, [sp, #0]",
            "ldr r1, [sp, #4]",
            "ldr r6, [sp, #8]",
            "ldr r7, [sp, #12]",
            "6:",
            "mov r2, r6",
            "mov r3, r7",
            "add sp, #24",
            "pop {{r4}}",
            "mov lr, r4",
            "pop {{r4, r5, r6, r7}}",
            "mov r8, r4",
            "mov r9, r5",
            "mov r10, r6",
            "mov r11, r7",
            "add sp, #8",
            "pop {{r6, r7}}",
            "b 30f",
            // The sums of the numbers from r1 to r2.
            "20:",
            "cmp r1, r2",
            "bne 21f",
            no_sum!(),
            "bx lr",
            "21:",
            no_sum!(),
            "2:",
            ".rept 2",
            "ldm r1!, {{r4, r6}}",
            "asrs r5, r4, #16",
            "sxth r4, r4",
            "asrs r7, r6, #16",
            "sxth r6, r6",
            products!("r8"),
            products!("r9"),
            products!("r10"),
            products!("r11"),
            ".endr",
            "ldr r2, [sp, #16]",
            "cmp r1, r2",
            "beq 3f",
            "b 2b",
            "3:",
            "bx lr",
            "30:",
            inout("r0") weights.as_ptr() => a,
            inout("r1") x.as_ptr() => b,
            inout("r2") x.as_ptr().wrapping_add(x_blocks) => c,
            inout("r3") head.as_ptr() => d,
            inout("r4") h.as_ptr() => _,
            inout("r5") h.as_ptr().wrapping_add(h_blocks) => _,
            options(readonly),
        );
    }
    [a, b, c, d]
}
