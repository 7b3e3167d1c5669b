//! Tells Cortex-M chips with an FPU from other Arm targets: every one of them has a fused multiply-add, but stable
//! Rust names neither the profile nor the feature.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(cortex_m_fpu)");
    let target = std::env::var("TARGET").unwrap_or_default();
    let cores = ["thumbv7em-", "thumbv8m.main-"];
    if cores.iter().any(|core| target.starts_with(core)) && target.ends_with("eabihf") {
        println!("cargo:rustc-cfg=cortex_m_fpu");
    }
}
