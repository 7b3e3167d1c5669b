//! tanh, exp and softmax over two hundred thousand numbers of every size, and steps of nets whose weights they are, compared with the desktop's by their hash.
#![no_std]
#![no_main]

mod sample;

#[allow(missing_docs)]
mod numbers {
    include!(concat!(env!("OUT_DIR"), "/hashes.rs"));
}

use elman_core::Level;
use harness::{Report, hex, text};

#[harness::entry]
fn main() -> ! {
    let mut report = Report::new();
    let level = Level::detect();
    let [fused, unfused] = numbers::HASHES;
    let desktop = if level.is_fused() { fused } else { unfused };
    for ((name, function), desktop) in sample::FUNCTIONS.into_iter().zip(desktop) {
        let hash = sample::hash(level, function);
        text("hash ");
        hex(hash);
        text("\n");
        report.check(name, hash == desktop);
    }
    report.exit()
}
