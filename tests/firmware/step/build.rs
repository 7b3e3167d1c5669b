//! A random net for each size, with the desktop's answers and those of f64.

use bake::{RandomNet, Source};

/// Name, inputs, hidden units, outputs.
const SIZES: [(&str, usize, usize, usize); 3] =
    [("s", 6, 32, 5), ("m", 16, 64, 10), ("l", 32, 128, 10)];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for (name, width, hidden, outputs) in SIZES {
        let net = RandomNet::new(width, hidden, outputs);
        let mut source = Source::new();
        source.line(&format!(
            "pub const SPEC: elman_core::Spec = elman_core::Spec::dense({width}, {hidden}, {outputs});"
        ));
        source.strips("PACKED", &net.packed);
        source.floats("INPUTS", &net.inputs);
        source.answers("OUTPUTS", &net.outputs);
        let (high, low): (Vec<f32>, Vec<f32>) = net.exact.iter().map(|&y| split(y)).unzip();
        source.floats("EXACT", &high);
        source.floats("EXACT_REST", &low);
        source.write(&format!("{name}.rs"));
    }
}

/// A number in two parts, since chips have no f64.
fn split(y: f64) -> (f32, f32) {
    (y as f32, (y - f64::from(y as f32)) as f32)
}
