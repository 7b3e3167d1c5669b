//! What every firmware of this folder needs: start-up, output through semihosting, an exact count of
//! instructions, and how deep the stack went. No formatting machinery, so nothing here can panic.
#![no_std]

mod counter;
mod print;
mod slot;
mod stack;

#[cfg(target_arch = "arm")]
pub use cortex_m_rt::entry;
#[cfg(target_arch = "riscv32")]
pub use riscv_rt::entry;

pub use counter::Counter;
pub use print::{Report, hex, line, number, text};
pub use slot::Slot;
pub use stack::depth;

/// Ends the emulator with the status of a process: 0 if everything was right.
pub fn exit(good: bool) -> ! {
    text(if good {
        "status ok\n"
    } else {
        "status FAILED\n"
    });
    semihosting::process::exit(i32::from(!good))
}

/// No firmware here can panic, which `run` proves on its symbols; Rust wants a handler all the same.
#[cfg(target_os = "none")]
#[panic_handler]
fn never(_: &core::panic::PanicInfo) -> ! {
    exit(false)
}
