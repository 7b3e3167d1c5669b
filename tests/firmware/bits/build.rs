//! The desktop's hashes.

#[path = "src/sample.rs"]
mod sample;

use std::path::Path;
use std::{env, fs};

use elman_core::Level;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/sample.rs");
    // With fused multiply-add and without; on a desktop that cannot do without, nothing agrees.
    let hashes = [true, false].map(|fused| {
        let level = Level::available().find(|level| level.is_fused() == fused);
        assert!(
            level.is_some() || !fused,
            "this machine has no fused multiply-add: its bits are not a chip's"
        );
        sample::FUNCTIONS
            .map(|(_, function)| level.map_or(0, |level| sample::hash(level, function)))
    });
    let folder = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(
        Path::new(&folder).join("hashes.rs"),
        format!(
            "pub const HASHES: [[u32; {}]; 2] = {hashes:?};\n",
            hashes[0].len()
        ),
    )
    .expect("the build script's own folder");
}
