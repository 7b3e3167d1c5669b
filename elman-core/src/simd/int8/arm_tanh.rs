//! Tanh of one number with the DSP extension.

use core::arch::asm;

use super::tanh::{LARGEST_ARGUMENT, TABLE};

/// See [`tanh_within`](super::tanh::tanh_within).
#[inline(always)]
pub(crate) fn tanh_within(t: i32, largest: u32) -> i32 {
    let largest = largest.min(LARGEST_ARGUMENT);
    let tanh: i32;
    // SAFETY: reads the table at an index of at most `LARGEST_ARGUMENT` / 2⁹, which is its last; changes nothing but registers.
    unsafe {
        asm!(
            "eor {line}, {t}, {t}, asr #31",
            "sub {line}, {line}, {t}, asr #31",
            "cmp {line}, {largest}",
            "it hi",
            "movhi {line}, {largest}",
            "ubfx {within}, {line}, #0, #9",
            "lsr {line}, {line}, #9",
            "ldr {line}, [{table}, {line}, lsl #2]",
            "smlatb {within}, {line}, {within}, {half}",
            "uxth {line}, {line}",
            "add {line}, {line}, {within}, lsr #9",
            "eor {line}, {line}, {t}, asr #31",
            "sub {line}, {line}, {t}, asr #31",
            t = in(reg) t,
            largest = in(reg) largest,
            table = in(reg) TABLE.as_ptr(),
            half = in(reg) 256,
            line = out(reg) tanh,
            within = out(reg) _,
            options(pure, readonly, nostack),
        );
    }
    tanh
}
