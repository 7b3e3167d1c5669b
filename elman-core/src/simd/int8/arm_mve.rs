//! Helium, the vectors of Armv8.1-M: Cortex-M52, M55, M85.
//!
//! Loads that part what they read into four registers give sixteen columns of every row; their even bytes are the columns that lie
//! in even words of x or h, and loads that part by two give those. So 64 products take 23 instructions. Nothing here touches the
//! predicates, which `asm!` could not tell the compiler.

use core::arch::asm;

use super::tanh::{LARGEST_ARGUMENT, TABLE};
use super::{GroupHeader, Groups, VectorBlock, WeightBlock};

/// Where the columns 0 to 8 of a row lie in a block.
const COLUMNS: [u16; 8] = [0, 2, 1, 3, 16, 18, 17, 19];

// The masks of the assembly are of this size.
const _: () = assert!(LARGEST_ARGUMENT == 0x1ffff);

/// sum += sixteen columns of the row in a register, times those of x or h in q4 and q5; takes q6 and the register itself.
macro_rules! row {
    ($sum:literal, $row:literal) => {
        concat!(
            "vmovlb.s8 q6, ",
            $row,
            "\n",
            "vmladava.s16 ",
            $sum,
            ", q6, q4\n",
            "vmovlt.s8 ",
            $row,
            ", ",
            $row,
            "\n",
            "vmladava.s16 ",
            $sum,
            ", ",
            $row,
            ", q5\n",
        )
    };
}
/// sum += the columns of one block at r4, times those in q4, and r4 at the next row; takes q0, q6 being `COLUMNS`.
macro_rules! gathered {
    ($sum:literal, $step:literal) => {
        concat!(
            "vldrb.s16 q0, [r4, q6]\n",
            "vmladava.s16 ",
            $sum,
            ", q0, q4\n",
            "adds r4, #",
            $step,
            "\n",
        )
    };
}
/// q0 = sums of four rows of r3 blocks, read at r4, times x or h, read at r5; both end behind what was read. r9 points at
/// `COLUMNS`; takes r0, r2, r3, r8, r12, lr, and q1 to q6.
macro_rules! sums {
    () => {
        concat!(
            "movs r0, #0\nmovs r2, #0\nmov r8, #0\nmov r12, #0\n",
            "lsrs lr, r3, #1\n",
            "wls lr, lr, 23f\n",
            "22:\n",
            "vld40.32 {{q0, q1, q2, q3}}, [r4]\n",
            "vld41.32 {{q0, q1, q2, q3}}, [r4]\n",
            "vld42.32 {{q0, q1, q2, q3}}, [r4]\n",
            "vld43.32 {{q0, q1, q2, q3}}, [r4]!\n",
            "vld20.32 {{q4, q5}}, [r5]\n",
            "vld21.32 {{q4, q5}}, [r5]!\n",
            row!("r0", "q0"),
            row!("r2", "q1"),
            row!("r8", "q2"),
            row!("r12", "q3"),
            "le lr, 22b\n",
            "23:\n",
            "lsls r3, r3, #31\n",
            "beq 24f\n",
            // one block more
            "vldrh.u16 q6, [r9]\n",
            "vldrh.u16 q4, [r5], #16\n",
            gathered!("r0", 4),
            gathered!("r2", 4),
            gathered!("r8", 4),
            gathered!("r12", 20),
            "24:\n",
            "vmov q0[2], q0[0], r0, r8\n",
            "vmov q0[3], q0[1], r2, r12\n",
        )
    };
}
/// q7 = bias + ⌊q0·m_in / 2¹⁶⌋, the header being at r1; takes q1.
macro_rules! scale_x {
    () => {
        concat!(
            "vldrw.u32 q1, [r1, #16]\n",
            "vldrw.u32 q7, [r1]\n",
            "vshl.i32 q1, q1, #16\n",
            "vmulh.s32 q0, q0, q1\n",
            "vadd.i32 q7, q7, q0\n",
        )
    };
}
/// q7 += ⌊q0·m_rec / 2¹⁶⌋; takes q1.
macro_rules! scale_h {
    () => {
        concat!(
            "vldrw.u32 q1, [r1, #16]\n",
            "vshr.u32 q1, q1, #16\n",
            "vshl.i32 q1, q1, #16\n",
            "vmulh.s32 q0, q0, q1\n",
            "vadd.i32 q7, q7, q0\n",
        )
    };
}

/// z of a group, as the module above writes it: `weights` are X + H blocks, `x` X, `h` H, which may be none.
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
    // SAFETY: the loops read, two blocks at a time and then perhaps one, `x_blocks` and `h_blocks` blocks of 32 bytes of weights and 16
    // of numbers, which the slices have, aligned to words; `header` has 32 bytes and `COLUMNS` 16. Nothing is written but registers.
    unsafe {
        asm!(
            sums!(),
            scale_x!(),
            "mov r5, r10",
            "movs r3, r11",
            "beq 5f",
            sums!(),
            scale_h!(),
            "5:",
            "vmov r0, r8, q7[2], q7[0]",
            "vmov r2, r12, q7[3], q7[1]",
            in("r1") header.as_ptr(),
            inout("r3") x_blocks => _,
            inout("r4") weights.as_ptr() => _,
            inout("r5") x.as_ptr() => _,
            in("r9") COLUMNS.as_ptr(),
            in("r10") h.as_ptr(),
            in("r11") h_blocks,
            out("r0") a,
            out("r2") b,
            out("r8") c,
            out("r12") d,
            out("lr") _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _, out("d4") _, out("d5") _, out("d6") _, out("d7") _,
            out("d8") _, out("d9") _, out("d10") _, out("d11") _, out("d12") _, out("d13") _, out("d14") _, out("d15") _,
            options(readonly, nostack),
        );
    }
    [a, b, c, d]
}

/// What [`tanh_rows`] reads anew for every group. The assembly knows the offsets: 16 bytes, then 4 a field.
#[repr(C)]
struct Frame {
    columns: [u16; 8],
    x: *const VectorBlock,
    x_blocks: usize,
    h: *const VectorBlock,
    h_blocks: usize,
    /// To the left.
    shift: i32,
    table: *const u32,
}

/// See [`Groups`]. The table is read four lines at a time.
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
    if to.is_empty() || groups.len() < words * to.len() {
        debug_assert!(false, "a group for every place");
        return;
    }
    let start = groups.as_ptr();
    let frame = Frame {
        columns: COLUMNS,
        x: x.as_ptr(),
        x_blocks: x.len(),
        h: h.as_ptr(),
        h_blocks: h.len(),
        shift: -(shift as i32),
        table: TABLE.as_ptr(),
    };
    // SAFETY: every turn of the outer loop reads one group, of which `groups` has as many as `to` has places, and all of `x` and `h`,
    // aligned to words; from the table it reads at indices below 256, since the argument has 17 bits, of which the upper 8 are the
    // index; it writes one place of `to`.
    unsafe {
        asm!(
            "1:",
            "mov r1, r4",
            "adds r4, #32",
            "ldrd r5, r3, [r9, #16]",
            sums!(),
            scale_x!(),
            "ldrd r5, r3, [r9, #24]",
            sums!(),
            scale_h!(),
            // t = z / 2^shift; q0 = min(|t|, LARGEST_ARGUMENT)
            "ldrd r0, r2, [r9, #32]",
            "vshl.s32 q7, r0",
            "vabs.s32 q0, q7",
            "vmov.i32 q1, #0x1ffff",
            "vmin.u32 q0, q0, q1",
            // q2 = lines; q0 = places within them, times rises
            "vshr.u32 q1, q0, #9",
            "vldrw.u32 q2, [r2, q1, uxtw #2]",
            "vmov.i32 q1, #0x1ff",
            "vand q0, q0, q1",
            "vshr.u32 q1, q2, #16",
            "vmul.i32 q0, q0, q1",
            "vmovlb.u16 q2, q2",
            "vrshr.u32 q0, q0, #9",
            "vadd.i32 q0, q0, q2",
            // the sign of t
            "vshr.s32 q7, q7, #31",
            "veor q0, q0, q7",
            "vsub.i32 q0, q0, q7",
            "mov r3, r10",
            "vstrh.32 q0, [r3]",
            "adds r10, #8",
            "cmp r4, r11",
            "bne 1b",
            inout("r4") start => _,
            in("r9") &raw const frame,
            inout("r10") to.as_mut_ptr() => _,
            in("r11") start.wrapping_add(words * to.len()),
            out("r0") _, out("r1") _, out("r2") _, out("r3") _, out("r5") _, out("r8") _, out("r12") _, out("lr") _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _, out("d4") _, out("d5") _, out("d6") _, out("d7") _,
            out("d8") _, out("d9") _, out("d10") _, out("d11") _, out("d12") _, out("d13") _, out("d14") _, out("d15") _,
            options(nostack),
        );
    }
}
