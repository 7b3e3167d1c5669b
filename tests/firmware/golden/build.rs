//! The trained net's numbers, and what the desktop answered when they were committed.

use bake::Source;
use bake::golden::{Golden, numbers};

fn main() {
    for file in ["build.rs", "net.txt", "outputs.txt"] {
        println!("cargo:rerun-if-changed={file}");
    }
    let golden = Golden::new(include_str!("net.txt"));
    let committed = numbers(include_str!("outputs.txt"));
    let bits = |numbers: &[f32]| numbers.iter().map(|y| y.to_bits()).collect::<Vec<_>>();
    assert_eq!(
        bits(&golden.outputs.fused),
        bits(&committed),
        "this desktop answers something else than outputs.txt"
    );
    let mut source = Source::new();
    source.strips("PACKED", &golden.packed);
    source.floats("INPUTS", &golden.inputs);
    source.answers("OUTPUTS", &golden.outputs);
    source.write("golden.rs");
}
