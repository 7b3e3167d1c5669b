//! What a net costs on a chip: every formula in one place. Bytes are exact; instructions and code are estimates from counts
//! in QEMU ([`figures`](super::figures)), and say nothing about cycles.

use elman_core::{Head, HeadKind, LANES, Optimizer, Spec, Tensor};
use serde::Serialize;

use super::figures::{Figures, PANEL};

/// Bytes per number.
const F32: usize = size_of::<f32>();
/// Bytes per word of an int8 net.
const WORD: usize = size_of::<u32>();
/// Bytes per strip.
const STRIP: usize = LANES * F32;

/// What a net that runs keeps in flash and in RAM, code apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Embeddings, initial states, packed weights.
    pub flash_bytes: usize,
    /// The state that lives from step to step.
    pub state_bytes: usize,
    /// What a step needs beside it; of a two-directional net what a sequence needs.
    pub scratch_bytes: usize,
    /// Room for the outputs of a step, or of such a sequence.
    pub output_bytes: usize,
    /// Steps in memory at once: 1 for streaming nets.
    pub steps: usize,
}

impl Memory {
    /// In single precision, weights in strips of sixteen, as core reads them; of sequences of so many steps, where the net
    /// reads both ways.
    pub const fn of_strips(spec: &Spec, steps: usize) -> Self {
        let steps = if spec.is_bidirectional() { steps } else { 1 };
        Self {
            flash_bytes: F32 * spec.tables_len() + STRIP * spec.packed_len(),
            state_bytes: F32 * spec.state_len(),
            scratch_bytes: STRIP * spec.self_test_scratch(steps),
            output_bytes: F32 * spec.self_test_outputs(steps),
            steps,
        }
    }

    /// The same in words of four weights, as core reads int8 nets.
    pub const fn of_words(spec: &Spec, steps: usize) -> Self {
        let strips = Self::of_strips(spec, steps);
        Self {
            flash_bytes: WORD * spec.int8().model_len(),
            state_bytes: WORD * spec.int8().state_len(),
            scratch_bytes: WORD * spec.int8().self_test_len(strips.steps),
            ..strips
        }
    }

    /// The same in panels, as the C export lays weights out, with so many numbers of scratch.
    pub fn of_panels(spec: &Spec, steps: usize, scratch: usize) -> Self {
        Self {
            flash_bytes: F32 * (spec.tables_len() + panels_len(spec)),
            scratch_bytes: F32 * scratch,
            ..Self::of_strips(spec, steps)
        }
    }

    /// State, scratch and outputs.
    pub const fn ram_bytes(&self) -> usize {
        self.state_bytes + self.scratch_bytes + self.output_bytes
    }
}

const fn padded(n: usize, to: usize) -> usize {
    n.div_ceil(to) * to
}

/// Numbers of all panels of the C export, biases included.
fn panels_len(spec: &Spec) -> usize {
    let panel = |outputs: usize, depth: usize| padded(outputs, PANEL) * (depth + 1);
    let layers = spec.layers.as_slice().iter().enumerate();
    let layers: usize = layers
        .map(|(i, layer)| {
            let facts = layer.cell.facts();
            let fed =
                facts.from_x.len() * spec.layer_input_width(i) + facts.from_h.len() * layer.hidden;
            let rows = facts.sums - facts.scalars + fed;
            layer.directions() * (padded(layer.hidden, PANEL) * rows + facts.scalars)
        })
        .sum();
    layers
        + match spec.head.kind {
            HeadKind::None => 0,
            HeadKind::Linear { outputs } | HeadKind::Softmax { outputs } => {
                panel(outputs, spec.top_width())
            }
        }
}

/// Multiply-accumulate operations of a step. Every weight behind the tables is used once per step; biases are where the sums start.
pub fn macs(spec: &Spec) -> usize {
    spec.tensors()
        .filter(Tensor::is_transposed_in_pytorch)
        .map(|tensor| tensor.rows * tensor.columns)
        .sum()
}

/// What training on the device keeps in RAM, for one sequence and a window of so many steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Training {
    /// Steps that gradients flow back through.
    pub steps: usize,
    /// Parameters, packed weights and their transposes: they change, so they cannot stay in flash.
    pub weights_bytes: usize,
    /// What the forward pass remembers.
    pub tape_bytes: usize,
    /// What the backward pass works in.
    pub scratch_bytes: usize,
    /// One number per parameter.
    pub gradients_bytes: usize,
    /// By optimizer: SGD, momentum, Adam.
    pub sgd_bytes: usize,
    pub momentum_bytes: usize,
    pub adam_bytes: usize,
}

impl Training {
    /// Of a net.
    pub fn of(spec: &Spec, steps: usize) -> Self {
        let parameters = spec.params_len();
        let momentum = Optimizer::Sgd {
            momentum: 0.9,
            nesterov: false,
            weight_decay: 0.0,
        };
        let state = |optimizer: Optimizer| F32 * optimizer.state_len(parameters);
        Self {
            steps,
            weights_bytes: F32 * parameters + STRIP * (spec.packed_len() + spec.transposed_len()),
            tape_bytes: STRIP * spec.tape_len(steps, 1),
            scratch_bytes: STRIP * spec.scratch_len(steps, 1),
            gradients_bytes: F32 * parameters,
            sgd_bytes: state(Optimizer::SGD),
            momentum_bytes: state(momentum),
            adam_bytes: state(Optimizer::ADAM),
        }
    }

    /// All of it, with Adam.
    pub const fn most(&self) -> usize {
        self.weights_bytes
            + self.tape_bytes
            + self.scratch_bytes
            + self.gradients_bytes
            + self.adam_bytes
    }
}

/// What learning of the head alone keeps in RAM beside the streaming layers, as [`elman_core::head`] does it: from one row of hidden
/// units at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct HeadTraining {
    /// Its parameters, which are also what has to be kept.
    pub parameters: usize,
    /// Parameters, and the same packed.
    pub weights_bytes: usize,
    pub gradients_bytes: usize,
    /// A row of hidden units, and a row of outputs: so much more for every further row that is learnt from at once.
    pub row_bytes: usize,
    pub sgd_bytes: usize,
    pub adam_bytes: usize,
}

impl HeadTraining {
    /// Of a net; `None` without a head.
    pub fn of(spec: &Spec) -> Option<Self> {
        let parameters = spec.head_len();
        let state = |optimizer: Optimizer| F32 * optimizer.state_len(parameters);
        (parameters > 0).then(|| Self {
            parameters,
            weights_bytes: F32 * parameters + STRIP * spec.packed_head_len(),
            gradients_bytes: F32 * parameters,
            row_bytes: F32 * (spec.top_width() + spec.output_width()),
            sgd_bytes: state(Optimizer::SGD),
            adam_bytes: state(Optimizer::ADAM),
        })
    }

    /// All of it, with Adam.
    pub const fn most(&self) -> usize {
        self.weights_bytes + self.gradients_bytes + self.row_bytes + self.adam_bytes
    }
}

/// Instructions per step: of `FixedStream::step` at opt-level 3, and of `QuantizedStream::step_integers`, which ends at the logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Instructions {
    /// Cortex-M4F, M7, M33: with an FPU.
    pub m4f_f32: usize,
    /// The same in int8.
    pub m4f_int8: usize,
    /// Cortex-M0: floating point in software.
    pub m0_f32: usize,
    /// The same in int8.
    pub m0_int8: usize,
}

impl Instructions {
    /// Of a net.
    pub fn of(spec: &Spec) -> Self {
        let of =
            |chip, route| Figures::of(chip, route).map_or(0, |figures| figures.instructions(spec));
        Self {
            m4f_f32: of("m4f", "rust"),
            m4f_int8: of("m4f", "int8"),
            m0_f32: of("m0", "rust"),
            m0_int8: of("m0", "int8"),
        }
    }
}

/// How many bytes of code run a net, roughly: the largest of its cells decides.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// With a linear head, on a Cortex-M4F.
    pub f32: usize,
    /// What the softmax of the net adds.
    pub softmax: usize,
    /// In int8, on a Cortex-M4F.
    pub int8: usize,
    /// In int8, on a Cortex-M0.
    pub m0_int8: usize,
}

impl Code {
    /// Of a net, compiled for size.
    pub fn of(spec: &Spec) -> Self {
        let linear = match spec.head.kind {
            HeadKind::Softmax { outputs } => HeadKind::Linear { outputs },
            kind => kind,
        };
        let head = Head {
            kind: linear,
            ..spec.head
        };
        let of = |chip, route, spec: &Spec| {
            Figures::of(chip, route)
                .and_then(|figures| figures.code(spec))
                .unwrap_or(0)
        };
        let without_softmax = of("m4f", "rust", &Spec { head, ..*spec });
        Self {
            f32: without_softmax,
            softmax: of("m4f", "rust", spec) - without_softmax,
            int8: of("m4f", "int8", spec),
            m0_int8: of("m0", "int8", spec),
        }
    }
}

/// Bytes of a net whose weights have eight bits and whose states sixteen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Int8 {
    /// Weights, scales and embeddings.
    pub flash_bytes: usize,
    /// What is remembered from step to step.
    pub state_bytes: usize,
    /// What a step, or such a sequence, works in.
    pub scratch_bytes: usize,
}

impl Int8 {
    /// Of a net; of sequences of so many steps, where it reads both ways.
    pub const fn of(spec: &Spec, steps: usize) -> Self {
        let memory = Memory::of_words(spec, steps);
        Self {
            flash_bytes: memory.flash_bytes,
            state_bytes: memory.state_bytes,
            scratch_bytes: memory.scratch_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn training_is_the_sum_of_its_buffers() {
        let spec = Spec::dense(6, 32, 5);
        let training = Training::of(&spec, 8);
        assert_eq!(training.gradients_bytes, 4 * spec.params_len());
        assert_eq!(training.adam_bytes, 2 * training.momentum_bytes);
        assert_eq!(training.sgd_bytes, 0);
        assert!(training.tape_bytes >= 8 * 4 * (32 + 5));
        assert_eq!(
            training.most(),
            training.weights_bytes
                + training.tape_bytes
                + training.scratch_bytes
                + training.gradients_bytes
                + training.adam_bytes
        );
        assert!(Training::of(&spec, 16).tape_bytes > training.tape_bytes);
    }

    #[test]
    fn whole_numbers_take_a_quarter_of_the_flash() {
        let spec = Spec::dense(16, 64, 10);
        let int8 = Int8::of(&spec, 1);
        let quarter = spec.packed_len() * STRIP / 4;
        assert!((quarter..quarter + quarter / 4).contains(&int8.flash_bytes));
        assert_eq!(int8.state_bytes, 2 * 64);
    }
}
