//! Instructions, exactly: QEMU's `-icount` advances the machine's clock by a fixed time per instruction.
//!
//! On RISC-V `minstret` counts them. On Cortex-M the 24-bit SysTick timer follows the clock; how many ticks an
//! instruction takes depends on the machine and on `-icount shift=N`, so it is measured on a loop of known length.

use core::arch::asm;

/// Turns of the loop that calibrates, two instructions each: about a million ticks at shift 8.
const TURNS: u32 = 100_000;

/// Counts instructions; made once, since it calibrates itself.
pub struct Counter {
    /// Ticks of the calibrating loop.
    loop_ticks: u32,
    /// Instructions of calling something that does nothing.
    empty: u32,
}

impl Counter {
    /// A counter for this machine.
    #[expect(clippy::new_without_default, reason = "it measures")]
    pub fn new() -> Self {
        start();
        let before = now();
        spin(TURNS);
        let mut counter = Self {
            loop_ticks: since(before),
            empty: 0,
        };
        counter.empty = counter.of(&mut || {});
        counter
    }

    /// Instructions that `work` takes, without the call. At most 2 million at shift 8, 40 million at shift 4.
    #[inline(never)]
    pub fn of(&self, work: &mut dyn FnMut()) -> u32 {
        let before = now();
        work();
        let ticks = u64::from(since(before));
        let instructions = if cfg!(target_arch = "arm") {
            (ticks * u64::from(2 * TURNS) + u64::from(self.loop_ticks / 2))
                .checked_div(u64::from(self.loop_ticks))
                .unwrap_or(0)
        } else {
            ticks
        };
        (instructions as u32).saturating_sub(self.empty)
    }
}

/// `2·turns` instructions and a few.
fn spin(turns: u32) {
    #[cfg(target_arch = "arm")]
    // SAFETY: counts a register down.
    unsafe {
        asm!("1:", "subs {n}, {n}, #1", "bne 1b", n = inout(reg) turns => _, options(nomem, nostack));
    }
    #[cfg(target_arch = "riscv32")]
    // SAFETY: counts a register down.
    unsafe {
        asm!("1:", "addi {n}, {n}, -1", "bnez {n}, 1b", n = inout(reg) turns => _, options(nomem, nostack));
    }
    #[cfg(not(any(target_arch = "arm", target_arch = "riscv32")))]
    let _ = turns;
}

/// SysTick: control and status, reload value, current value.
#[cfg(target_arch = "arm")]
const SYSTICK: [*mut u32; 3] = [
    0xE000_E010 as *mut u32,
    0xE000_E014 as *mut u32,
    0xE000_E018 as *mut u32,
];

#[cfg(target_arch = "arm")]
fn start() {
    let [control, reload, current] = SYSTICK;
    // SAFETY: the registers exist on every machine of this folder, and nothing else uses the timer.
    unsafe {
        reload.write_volatile(0x00FF_FFFF);
        current.write_volatile(0);
        control.write_volatile(5); // on, from the processor's clock, without interrupts
    }
}

#[cfg(target_arch = "arm")]
#[inline(always)]
fn now() -> u32 {
    // SAFETY: reading the current value has no effect.
    unsafe { SYSTICK[2].read_volatile() }
}

#[cfg(target_arch = "arm")]
#[inline(always)]
fn since(before: u32) -> u32 {
    before.wrapping_sub(now()) & 0x00FF_FFFF // it counts down
}

#[cfg(not(target_arch = "arm"))]
fn start() {}

#[cfg(target_arch = "riscv32")]
#[inline(always)]
fn now() -> u32 {
    let count;
    // SAFETY: reads a counter.
    unsafe { asm!("csrr {}, minstret", out(reg) count, options(nomem, nostack)) };
    count
}

#[cfg(not(any(target_arch = "arm", target_arch = "riscv32")))]
fn now() -> u32 {
    0
}

#[cfg(not(target_arch = "arm"))]
#[inline(always)]
fn since(before: u32) -> u32 {
    now().wrapping_sub(before)
}
