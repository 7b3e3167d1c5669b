//! Nets in whole numbers: as near to f64 as promised, the numbers that the documentation describes, and the same
//! step by step or all at once.

use elman_core::quantized::{Integers, QuantizedModel, QuantizedStream};
use elman_core::{
    Activation, Channel, Channels, Direction, Dropout, Error, Head, HeadKind, InitialState, Input,
    Inputs, Layer, Layers, Place, Read, Spec,
};
use elman_tests::oracle::{Net, softmax};
use elman_tests::{Case, Generator, Quantized, Rows};
use proptest::prelude::*;

#[path = "oracle/whole.rs"]
mod whole;

/// A dense tanh net with a linear head.
fn dense(width: usize, hidden: usize, outputs: usize) -> Spec {
    Spec {
        input: Input::Dense { width },
        layers: Layers::of([Layer::tanh(hidden)]),
        initial_state: InitialState::Zero,
        head: Head {
            kind: HeadKind::Linear { outputs },
            read: Read::EveryStep,
        },
        dropout: Dropout::NONE,
    }
}

/// Nearly normal, with variance 1.
fn normal(random: &mut Generator) -> f32 {
    (0..12).map(|_| random.signed() / 2.0).sum::<f32>()
}

/// The nets that chips are measured with: weights of variance 1/I, 0.81/H and 1/H, inputs of variance 1 within ±3.9.
fn measured(width: usize, hidden: usize, outputs: usize, steps: &[usize]) -> Case {
    let mut case = Case::new(dense(width, hidden, outputs), steps, 1);
    let mut random = Generator::new(hidden as u64);
    for tensor in case.spec.tensors() {
        let deviation = match tensor.kind {
            elman_core::TensorKind::RecurrentWeights(_) => 0.9 / (hidden as f32).sqrt(),
            _ => 1.0 / (tensor.rows as f32).sqrt(),
        };
        for x in &mut case.params[tensor.range()] {
            *x = if tensor.is_vector() {
                0.1 * random.signed()
            } else {
                deviation * normal(&mut random)
            };
        }
    }
    let Rows::Dense(rows) = &mut case.rows else {
        panic!("dense rows");
    };
    rows.iter_mut()
        .for_each(|x| *x = normal(&mut random).clamp(-3.9, 3.9));
    case
}

/// The largest difference from f64 over the steps of a sequence; probabilities where the head is a softmax.
fn error(case: &Case, quantized: &Quantized, sequence: usize) -> f64 {
    let (spec, params) = (&case.spec, case.params_f64());
    let net = Net {
        spec,
        params: &params,
    };
    let steps = case.lengths[sequence];
    let run = net.run(&case.sequence(sequence), 0..steps, &net.initial_state());
    let one = case.select(&[sequence]);
    let model = quantized.model();
    let mut state = vec![0; spec.quantized_state_len()];
    model.reset(&mut state);
    let mut workspace = vec![u32::MAX; spec.quantized_workspace_len(steps)];
    let mut outputs = vec![f32::NAN; spec.output_rows(steps, 1) * spec.output_width()];
    let inputs = elman_tests::inputs(&one.rows);
    model
        .forward(inputs, steps, &mut state, &mut workspace, &mut outputs)
        .unwrap();
    let exact: Vec<f64> = match spec.head.kind {
        HeadKind::Softmax { .. } => run.outputs.iter().flat_map(|row| softmax(row)).collect(),
        _ => run.outputs.concat(),
    };
    let off = exact
        .iter()
        .zip(&outputs)
        .map(|(y, &found)| (y - f64::from(found)).abs());
    off.fold(0.0, f64::max)
}

#[test]
fn the_measured_nets_are_within_two_hundredths() {
    for (width, hidden, outputs) in [(6, 32, 5), (16, 64, 10), (32, 128, 10)] {
        // Calibrated on other rows than those looked at.
        let case = measured(width, hidden, outputs, &[512, 64]);
        let quantized = Quantized::new(&case.select(&[0]));
        let worst = error(&case, &quantized, 1);
        println!("{width} {hidden} {outputs}: {worst:.4}");
        assert!(worst <= 0.02, "{hidden} units: {worst}");
    }
}
