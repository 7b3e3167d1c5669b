//! Puts the memory map of the machine that QEMU plays where the linker finds it.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let target = env::var("TARGET").expect("cargo sets TARGET");
    let machine = match target.as_str() {
        "thumbv7em-none-eabihf" => "mps2-an386",
        "thumbv7m-none-eabi" => "mps2-an385",
        "thumbv6m-none-eabi" => "microbit",
        "thumbv8m.main-none-eabihf" => "mps3-an547",
        "riscv32imac-unknown-none-elf" => "riscv32-virt",
        // The firmware's build scripts compile for the host and link no memory map.
        _ => return,
    };
    let from = PathBuf::from("memory").join(machine).with_extension("x");
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::copy(&from, out.join("memory.x")).expect("a memory map per machine");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rerun-if-changed={}", from.display());
}
