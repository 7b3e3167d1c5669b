//! Tells the crate whether the target has Arm's DSP extension, which stable Rust does not say.

use std::env;

/// Cores of Armv8-M that have the extension, for `-C target-cpu`. Armv7E-M always has it.
const CORES: [&str; 5] = [
    "cortex-m33",
    "cortex-m35p",
    "cortex-m52",
    "cortex-m55",
    "cortex-m85",
];

fn main() {
    println!("cargo::rustc-check-cfg=cfg(elman_dsp)");
    println!("cargo::rerun-if-env-changed=CARGO_ENCODED_RUSTFLAGS");
    let read = |name| env::var(name).unwrap_or_default();
    let (target, flags) = (read("TARGET"), read("CARGO_ENCODED_RUSTFLAGS"));
    let names_core = CORES
        .iter()
        .any(|core| flags.contains(&format!("target-cpu={core}")));
    if target.starts_with("thumbv7em") || target.starts_with("thumbv8m.main") && names_core {
        println!("cargo::rustc-cfg=elman_dsp");
    }
}
