//! Can panic, on purpose: `run` must find it.
#![no_std]
#![no_main]

use core::hint::black_box;

#[harness::entry]
fn main() -> ! {
    harness::exit(black_box(1_u32) / black_box(1) == 1)
}
