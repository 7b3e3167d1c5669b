//! Tells the crate what an Arm target has, which stable Rust does not say: an FPU, whose multiply-add is fused on every
//! Cortex-M that has one; the DSP extension, or multiply-adds of integers at least; Helium; nothing but 16-bit instructions; or
//! no FPU. Of RISC-V: no FPU, a multiplier.

use std::env;

/// Cores of Armv8-M that have the DSP extension, for `-C target-cpu`. Armv7E-M always has it.
const DSP_CORES: [&str; 5] = [
    "cortex-m33",
    "cortex-m35p",
    "cortex-m52",
    "cortex-m55",
    "cortex-m85",
];
/// Those of them that have Helium.
const MVE_CORES: [&str; 3] = ["cortex-m52", "cortex-m55", "cortex-m85"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=CARGO_ENCODED_RUSTFLAGS");
    println!("cargo:rustc-check-cfg=cfg(cortex_m_fpu)");
    println!("cargo:rustc-check-cfg=cfg(elman_dsp)");
    println!("cargo:rustc-check-cfg=cfg(elman_mve)");
    println!("cargo:rustc-check-cfg=cfg(elman_thumb)");
    println!("cargo:rustc-check-cfg=cfg(elman_soft)");
    println!("cargo:rustc-check-cfg=cfg(elman_mla)");
    println!("cargo:rustc-check-cfg=cfg(elman_rv32m)");
    let target = env::var("TARGET").unwrap_or_default();
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let [is_v7em, is_v8m] = ["thumbv7em-", "thumbv8m.main-"].map(|core| target.starts_with(core));
    let has_fpu = (is_v7em || is_v8m) && target.ends_with("eabihf");
    if has_fpu {
        println!("cargo:rustc-cfg=cortex_m_fpu");
    }
    let is_dsp_core = |core: &str| flags.contains(&format!("target-cpu={core}"));
    if is_v7em || is_v8m && DSP_CORES.iter().any(|core| is_dsp_core(core)) {
        println!("cargo:rustc-cfg=elman_dsp");
    } else if target.starts_with("thumbv7m-") || is_v8m {
        println!("cargo:rustc-cfg=elman_mla");
    }
    let is_rv32 = env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "riscv32");
    let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    if is_rv32 && features.split(',').any(|feature| feature == "m") {
        println!("cargo:rustc-cfg=elman_rv32m");
    }
    // They can be made, and compiled for, without it.
    let is_mve_core = is_v8m && MVE_CORES.iter().any(|core| is_dsp_core(core));
    if has_fpu && is_mve_core && !flags.contains("-mve") {
        println!("cargo:rustc-cfg=elman_mve");
    }
    if target.starts_with("thumbv6m-") {
        println!("cargo:rustc-cfg=elman_thumb");
    }
    if is_soft(&target) && env::var_os("CARGO_FEATURE_EXACT").is_none() {
        println!("cargo:rustc-cfg=elman_soft");
    }
}

/// Whether a chip computes floating point in software: a Cortex-M without `hf`, a RISC-V without F among its extensions.
fn is_soft(target: &str) -> bool {
    let is_chip = target.contains("-none-");
    let is_arm = is_chip && target.starts_with("thumbv") && target.ends_with("-eabi");
    let (core, _) = target.split_once('-').unwrap_or_default();
    let is_riscv = core
        .strip_prefix("riscv32")
        .is_some_and(|extensions| !extensions.contains(['f', 'g']));
    is_arm || (is_riscv && is_chip)
}
