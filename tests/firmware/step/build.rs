//! A random net for each size, with the desktop's answers and those of f64.

use bake::{RandomNet, Source};
use elman_core::{Activation, Cell, Head, HeadKind, Layer, Layers, Spec};

const TANH: Cell = Cell::elman(Activation::Tanh);
const RELU: Cell = Cell::elman(Activation::Relu);
const CLIPPED: Cell = Cell::Elman {
    activation: Activation::Tanh,
    clip: 0.4,
};

/// Name, inputs, hidden units, outputs, cell, and the cell as Rust writes it.
const NETS: [(&str, [usize; 3], Cell, &str); 10] = [
    ("s", [6, 32, 5], TANH, "Cell::elman(Activation::Tanh)"),
    ("m", [16, 64, 10], TANH, "Cell::elman(Activation::Tanh)"),
    ("l", [32, 128, 10], TANH, "Cell::elman(Activation::Tanh)"),
    (
        "clip",
        [6, 32, 5],
        CLIPPED,
        "Cell::Elman { activation: Activation::Tanh, clip: 0.4 }",
    ),
    ("relu", [16, 64, 10], RELU, "Cell::elman(Activation::Relu)"),
    ("gru", [16, 64, 10], Cell::gru(), "Cell::gru()"),
    ("lstm", [16, 64, 10], Cell::lstm(), "Cell::lstm()"),
    ("fastrnn", [16, 64, 10], Cell::FastRnn, "Cell::FastRnn"),
    ("fastgrnn", [16, 64, 10], Cell::FastGrnn, "Cell::FastGrnn"),
    (
        "softmax",
        [16, 64, 10],
        TANH,
        "Cell::elman(Activation::Tanh)",
    ),
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for (name, [width, hidden, outputs], cell, written) in NETS {
        let layer = Layer {
            cell,
            ..Layer::tanh(hidden)
        };
        let dense = Spec::dense(width, hidden, outputs);
        let (kind, kind_written) = match name {
            "softmax" => (HeadKind::Softmax { outputs }, "Softmax"),
            _ => (dense.head.kind, "Linear"),
        };
        let head = Head { kind, ..dense.head };
        let net = RandomNet::of(Spec {
            layers: Layers::of([layer]),
            head,
            ..dense
        });
        let mut source = Source::new();
        source.line("#[allow(unused_imports)]");
        source.line("use elman_core::{Activation, Cell, Head, HeadKind, Layer, Layers, Read};");
        source.line(&format!(
            "pub const SPEC: elman_core::Spec = elman_core::Spec {{
    layers: Layers::of([Layer {{ cell: {written}, ..Layer::tanh({hidden}) }}]),
    head: Head {{ kind: HeadKind::{kind_written} {{ outputs: {outputs} }}, read: Read::EveryStep }},
    ..elman_core::Spec::dense({width}, {hidden}, {outputs})
}};"
        ));
        source.strips("PACKED", &net.packed);
        source.floats("INPUTS", &net.inputs);
        source.answers("OUTPUTS", &net.outputs);
        let mut exact = net.exact.clone();
        if name == "softmax" {
            exact.chunks_exact_mut(outputs).for_each(softmax);
        }
        let (high, low): (Vec<f32>, Vec<f32>) = exact.into_iter().map(split).unzip();
        source.floats("EXACT", &high);
        source.floats("EXACT_REST", &low);
        source.write(&format!("{name}.rs"));
    }
}

/// Probabilities of logits.
fn softmax(row: &mut [f64]) {
    let sum: f64 = row.iter().map(|logit| logit.exp()).sum();
    row.iter_mut().for_each(|logit| *logit = logit.exp() / sum);
}

/// A number in two parts, since chips have no f64.
fn split(y: f64) -> (f32, f32) {
    (y as f32, (y - f64::from(y as f32)) as f32)
}
