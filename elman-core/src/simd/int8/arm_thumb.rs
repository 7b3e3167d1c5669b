//! Cores that know 16-bit instructions only: Cortex-M0, M0+ and M1. The sums stay in their upper registers, r8 to r11, which the
//! compiler hardly uses: compiled from Rust the same loop takes half as many instructions again, and what is around it a third.

use core::arch::{asm, naked_asm};

use super::{GroupHeader, VectorBlock, WeightBlock};

/// sum += four weights of a row, read at r0, times the columns in r4 to r7; takes r2 and r3.
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
/// r8 to r11 = 0.
macro_rules! zero {
    () => {
        "movs r3, #0\nmov r8, r3\nmov r9, r3\nmov r10, r3\nmov r11, r3\n"
    };
}
/// r4 = ⌊sum · m / 2¹⁶⌋, m sign-extended in a register; takes r5.
macro_rules! scaled {
    ($sum:literal, $m:literal) => {
        concat!(
            "mov r4, ",
            $sum,
            "\nuxth r5, r4\nmuls r5, ",
            $m,
            ", r5\nasrs r5, r5, #16\nasrs r4, r4, #16\nmuls r4, ",
            $m,
            ", r4\nadds r4, r4, r5\n",
        )
    };
}
/// [sp, bias] = bias + scaled sum, m in the low half of a word; the group header is at r2; takes r3 to r5.
macro_rules! add_x {
    ($sum:literal, $bias:literal, $multiplier:literal) => {
        concat!(
            "ldr r3, [r2, #",
            $multiplier,
            "]\nsxth r3, r3\n",
            scaled!($sum, "r3"),
            "ldr r5, [r2, #",
            $bias,
            "]\nadds r4, r4, r5\nstr r4, [sp, #",
            $bias,
            "]\n",
        )
    };
}
/// to = [sp, bias] + scaled sum, m in the high half of a word; the group header is at r6; takes r4, r5 and r7.
macro_rules! add_h {
    ($sum:literal, $bias:literal, $multiplier:literal, $to:literal) => {
        concat!(
            "ldr r7, [r6, #",
            $multiplier,
            "]\nasrs r7, r7, #16\n",
            scaled!($sum, "r7"),
            "ldr r5, [sp, #",
            $bias,
            "]\nadds ",
            $to,
            ", r4, r5\n",
        )
    };
}

/// r8 to r11 = `Σₖ w[r][k]·x[k]` of four rows: weights are read at r0, x from r1 to r2, of which [sp, #16] must hold a copy, since
/// the loop takes r2. r0 and r1 end behind what was read; r3 to r7 are taken as well.
#[unsafe(naked)]
extern "C" fn sums() {
    naked_asm!(
        "cmp r1, r2",
        "bne 1f",
        zero!(),
        "bx lr",
        "1:",
        zero!(),
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
    )
}

/// z of a group, as the module above writes it: `weights` are X + H blocks, `x` X, `h` H, which may be none.
///
/// Registers: r0 where weights are read, r1 where x or h is; r2 four weights of a row, r3 a product; r4 to r7 four columns of x or h;
/// r8 to r11 the sums.
/// Stack: four z; +16 where x or h ends; +20 the group header; +24 lr; +28 r8 to r11; +44 h; +48 its end; +52 r6 and r7.
#[inline(always)]
pub(crate) fn four_rows(
    header: &GroupHeader,
    weights: &[WeightBlock],
    x: &[VectorBlock],
    h: &[VectorBlock],
) -> [i32; 4] {
    let x_blocks = weights.len().min(x.len());
    let h_blocks = (weights.len() - x_blocks).min(h.len());
    let (a, b, c, d): (i32, i32, i32, i32);
    // SAFETY: `sums` reads, `x_blocks` and then `h_blocks` times, 32 bytes of weights and 16 of numbers, which the slices have, aligned
    // to words; `header` has 32 bytes. Nothing is written but the stack below, where r6 to r11 and lr are kept, which the compiler
    // reserves, and from where they are restored.
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
            "bl {sums}",
            "ldr r2, [sp, #20]",
            add_x!("r8", 0, 16),
            add_x!("r9", 4, 20),
            add_x!("r10", 8, 24),
            add_x!("r11", 12, 28),
            "ldr r1, [sp, #44]",
            "ldr r2, [sp, #48]",
            "cmp r1, r2",
            "beq 5f",
            "str r2, [sp, #16]",
            "bl {sums}",
            "ldr r6, [sp, #20]",
            add_h!("r8", 0, 16, "r0"),
            add_h!("r9", 4, 20, "r1"),
            add_h!("r10", 8, 24, "r2"),
            add_h!("r11", 12, 28, "r3"),
            "b 6f",
            "5:",
            "ldr r0, [sp, #0]",
            "ldr r1, [sp, #4]",
            "ldr r2, [sp, #8]",
            "ldr r3, [sp, #12]",
            "6:",
            "add sp, #24",
            "pop {{r4}}",
            "mov lr, r4",
            "pop {{r4, r5, r6, r7}}",
            "mov r8, r4",
            "mov r9, r5",
            "mov r10, r6",
            "mov r11, r7",
            "pop {{r4, r5, r6, r7}}",
            sums = sym sums,
            inout("r0") weights.as_ptr() => a,
            inout("r1") x.as_ptr() => b,
            inout("r2") x.as_ptr().wrapping_add(x_blocks) => c,
            inout("r3") header.as_ptr() => d,
            inout("r4") h.as_ptr() => _,
            inout("r5") h.as_ptr().wrapping_add(h_blocks) => _,
            options(readonly),
        );
    }
    [a, b, c, d]
}
