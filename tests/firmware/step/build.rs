//! A random net for each size, with the desktop's answers and those of f64.

use bake::{RandomNet, Source};
use elman_core::{Activation, Cell, Layer, Layers, Spec};

/// Name, inputs, hidden units, outputs, clip.
const NETS: [(&str, usize, usize, usize, f32); 4] = [
    ("s", 6, 32, 5, f32::INFINITY),
    ("m", 16, 64, 10, f32::INFINITY),
    ("l", 32, 128, 10, f32::INFINITY),
    ("clip", 6, 32, 5, 0.4),
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for (name, width, hidden, outputs, clip) in NETS {
        let layer = Layer {
            cell: Cell::Elman {
                activation: Activation::Tanh,
                clip,
            },
            ..Layer::tanh(hidden)
        };
        let net = RandomNet::of(Spec {
            layers: Layers::of([layer]),
            ..Spec::dense(width, hidden, outputs)
        });
        let clip = match layer.cell.limit() {
            Some(clip) => format!("{clip:?}"),
            None => "f32::INFINITY".to_owned(),
        };
        let mut source = Source::new();
        source.line("use elman_core::{Activation, Cell, Layer, Layers};");
        source.line(&format!(
            "pub const SPEC: elman_core::Spec = elman_core::Spec {{
    layers: Layers::of([Layer {{ cell: Cell::Elman {{ activation: Activation::Tanh, clip: {clip} }}, ..Layer::tanh({hidden}) }}]),
    ..elman_core::Spec::dense({width}, {hidden}, {outputs})
}};"
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
