//! The desktop's hashes.

#[path = "src/sample.rs"]
mod sample;

use std::path::Path;
use std::{env, fs};

use elman_core::Level;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/sample.rs");
    let level = Level::detect();
    assert!(
        level.is_fused(),
        "this machine has no fused multiply-add: its bits are not a chip's"
    );
    let hashes = sample::FUNCTIONS.map(|(_, function)| sample::hash(level, function));
    let folder = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(
        Path::new(&folder).join("hashes.rs"),
        format!("pub const HASHES: [u32; {}] = {hashes:?};\n", hashes.len()),
    )
    .expect("the build script's own folder");
}
