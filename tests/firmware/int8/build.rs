//! The random nets of the f32 firmware with int8 weights, calibrated on other rows, with the desktop's answers and those of f64.

use bake::{RandomNet, STEPS, Source};
use elman_core::quantized::Integers;
use elman_core::{Cell, Layer, Layers, Spec};
use elman_tests::{Case, Generator, Quantized, Rows};

/// Name, inputs, layer, outputs.
const NETS: [(&str, usize, Layer, usize); 7] = [
    ("s", 6, Layer::tanh(32), 5),
    ("m", 16, Layer::tanh(64), 10),
    ("l", 32, Layer::tanh(128), 10),
    ("gru", 16, Layer::gru(64), 10),
    ("lstm", 16, Layer::lstm(64), 10),
    ("fastrnn", 16, fast(Cell::FastRnn), 10),
    ("fastgrnn", 16, fast(Cell::FastGrnn), 10),
];

const fn fast(cell: Cell) -> Layer {
    Layer {
        cell,
        ..Layer::tanh(64)
    }
}

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for (name, width, layer, outputs) in NETS {
        let net = RandomNet::of(Spec {
            layers: Layers::of([layer]),
            ..Spec::dense(width, layer.hidden, outputs)
        });
        let quantized = quantized(&net);
        let model = quantized.model();
        let scale = model.input_scale();
        let integer = |x: &f32| (x * scale).round().clamp(-32767.0, 32767.0) as i16;
        let inputs: Vec<i16> = net.inputs.iter().map(integer).collect();
        let mut state = vec![0; net.spec.int8().state_len()];
        model.reset(&mut state);
        let mut workspace = vec![0; net.spec.int8().workspace_len(STEPS)];
        let mut logits = vec![0; STEPS * outputs];
        let rows = Integers::Dense(&inputs);
        model
            .forward_integers(rows, STEPS, &mut state, &mut workspace, &mut logits)
            .expect("a net");
        let exact: Vec<f32> = net.exact.iter().map(|&y| y as f32).collect();
        let mut source = Source::new();
        let hidden = layer.hidden;
        let cell = match layer.cell {
            Cell::Elman { .. } => "elman(elman_core::Activation::Tanh)",
            Cell::Gru { .. } => "gru()",
            Cell::Lstm { .. } => "lstm()",
            Cell::FastRnn => "FastRnn",
            Cell::FastGrnn => "FastGrnn",
        };
        source.line(&format!(
            "pub const SPEC: elman_core::Spec = elman_core::Spec {{
    layers: elman_core::Layers::of([elman_core::Layer {{
        cell: elman_core::Cell::{cell},
        ..elman_core::Layer::tanh({hidden})
    }}]),
    ..elman_core::Spec::dense({width}, {hidden}, {outputs})
}};"
        ));
        source.integers("WORDS", "u32", &quantized.words);
        source.integers("INPUTS", "i16", &inputs);
        source.integers("LOGITS", "i32", &logits);
        source.floats("EXACT", &exact);
        source.write(&format!("{name}.rs"));
    }
}

/// Calibrated on 512 rows of the same kind as those that are measured.
fn quantized(net: &RandomNet) -> Quantized {
    let mut case = Case::new(net.spec, &[512], 1);
    case.params.clone_from(&net.params);
    let mut random = Generator::new(2);
    if let Rows::Dense(rows) = &mut case.rows {
        for x in rows {
            *x = (0..12).map(|_| random.signed() / 2.0).sum();
        }
    }
    Quantized::new(&case)
}
