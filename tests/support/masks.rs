//! The masks of recurrent dropout, seen from outside.

use elman_core::{
    Activation, Cell, HeadKind, InitialState, Input, Layer, Layers, Spec, TensorKind, Truncation,
};

use super::case::Case;
use super::levels::levels;
use super::rig::{Pass, Rig};

/// What a state of ones becomes within `steps` steps of a net that only passes its state on: the masks of all
/// sequences, (B, hidden units), to the power of `steps`. They depend on the seed, rate and hidden units alone.
///
/// # Panics
/// If core refuses.
pub fn passed_on(spec: &Spec, sequences: usize, steps: usize, seed: u64) -> Vec<f32> {
    let mut layers = spec.layers.as_slice().to_vec();
    for layer in &mut layers {
        *layer = Layer {
            cell: Cell::elman(Activation::Identity),
            ..*layer
        };
    }
    let mut probe = Spec {
        input: Input::Dense { width: 1 },
        layers: Layers::from_slice(&layers).expect("layers"),
        initial_state: InitialState::Zero,
        ..*spec
    };
    probe.head.kind = HeadKind::None;
    let mut case = Case::new(probe, &vec![steps; sequences], 1);
    case.carried = Some(vec![1.0; sequences * probe.state_len()]);
    case.params.fill(0.0);
    for tensor in probe.tensors() {
        if matches!(tensor.kind, TensorKind::RecurrentWeights(_)) {
            let diagonal = case.params[tensor.range()].iter_mut();
            diagonal
                .step_by(tensor.columns + 1)
                .for_each(|weight| *weight = 1.0);
        }
    }
    let pass = Pass {
        truncation: Truncation::FULL,
        seed,
        total: 1.0,
    };
    Rig::new(levels()[0], &probe, &case.params)
        .pass(&case, pass)
        .state
}
