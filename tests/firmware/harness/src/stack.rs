//! How deep the stack goes: what lies below it is painted, and looked at afterwards.

use core::arch::asm;

const PAINT: u32 = 0xA5A5_5A5A;
/// Words painted below the stack pointer; the smallest machine has 16 KiB of RAM.
const WORDS: usize = 1536;

/// Bytes of stack that `work` takes, at most 6 KiB.
#[inline(never)]
pub fn depth(work: &mut dyn FnMut()) -> u32 {
    let top = pointer();
    paint(top);
    work();
    let lowest = (1..=WORDS)
        .rev()
        .find(|&i| {
            // SAFETY: these words lie in the RAM below the stack pointer, where `paint` wrote them.
            unsafe { top.wrapping_sub(i).read_volatile() != PAINT }
        })
        .unwrap_or(0);
    4 * lowest as u32
}

#[inline(always)]
fn paint(top: *mut u32) {
    for i in 1..=WORDS {
        // SAFETY: below the stack pointer lies RAM that nobody uses: there are no interrupts, and this
        // function is inlined into one whose frame lies above `top`.
        unsafe { top.wrapping_sub(i).write_volatile(PAINT) };
    }
}

#[inline(always)]
fn pointer() -> *mut u32 {
    let top: *mut u32;
    #[cfg(target_arch = "arm")]
    // SAFETY: reads a register.
    unsafe {
        asm!("mov {}, sp", out(reg) top, options(nomem, nostack));
    }
    #[cfg(target_arch = "riscv32")]
    // SAFETY: reads a register.
    unsafe {
        asm!("mv {}, sp", out(reg) top, options(nomem, nostack));
    }
    #[cfg(not(any(target_arch = "arm", target_arch = "riscv32")))]
    {
        top = core::ptr::null_mut();
    }
    top
}
