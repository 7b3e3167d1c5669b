//! What a net costs on a chip: every formula in one place. Bytes are exact; instructions are estimates, fitted to counts
//! in QEMU (`tests/firmware`), and say nothing about cycles.
//!
//! Letters: I inputs, H hidden units, O outputs; `[n]` rounds up to whole strips of sixteen, `(n)` to blocks of eight.

use elman_core::{Activation, HeadKind, Input, LANES, Optimizer, Spec};
use serde::Serialize;

/// Bytes per number.
const F32: usize = size_of::<f32>();
/// Bytes per strip.
const STRIP: usize = LANES * F32;

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

/// Instructions per step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Instructions {
    /// Cortex-M4F, M7, M33: with an FPU.
    pub m4f_f32: usize,
    /// The same in whole numbers.
    pub m4f_int8: usize,
    /// Cortex-M0: floating point in software.
    pub m0_f32: usize,
    /// The same in whole numbers.
    pub m0_int8: usize,
}

/// What there is to do in a step.
#[derive(Clone, Copy, Debug, Default)]
struct Work {
    /// Multiply-adds of whole strips: `[H]·(I + H)` per layer and direction, `[O]·W` for the head.
    strips: usize,
    /// Multiply-adds of whole blocks: `⌈H/4⌉·4·((I) + (H))`, `⌈O/4⌉·4·(W)`.
    blocks: usize,
    /// Numbers through tanh: `[H]`, since strips are whole.
    tanh: usize,
    /// Numbers through exp: `[O]` of a softmax.
    exp: usize,
    /// Matrices: one per layer and direction, one for the head.
    matrices: usize,
}

/// Inputs per block and outputs per group of the integer form.
const BLOCK: usize = 8;
const GROUP: usize = 4;

impl Work {
    fn of(spec: &Spec) -> Self {
        let mut work = Self::default();
        for (index, layer) in spec.layers.as_slice().iter().enumerate() {
            let (width, hidden) = (spec.layer_input_width(index), layer.hidden);
            for _ in 0..layer.directions() {
                work.matrix(
                    hidden,
                    width + hidden,
                    padded(width, BLOCK) + padded(hidden, BLOCK),
                );
                if layer.activation == Activation::Tanh {
                    work.tanh += padded(hidden, LANES);
                }
            }
        }
        if let HeadKind::Linear { outputs } | HeadKind::Softmax { outputs } = spec.head.kind {
            let width = spec.top_width();
            work.matrix(outputs, width, padded(width, BLOCK));
            if matches!(spec.head.kind, HeadKind::Softmax { .. }) {
                work.exp = padded(outputs, LANES);
            }
        }
        work
    }

    fn matrix(&mut self, outputs: usize, inputs: usize, blocks: usize) {
        self.strips += padded(outputs, LANES) * inputs;
        self.blocks += padded(outputs, GROUP) * blocks;
        self.matrices += 1;
    }

    /// Instructions: per multiply-add, per tanh, per exp, per matrix.
    fn instructions(&self, macs: usize, costs: [f64; 4]) -> usize {
        let [mac, tanh, exp, matrix] = costs;
        let work = [macs, self.tanh, self.exp, self.matrices];
        let sum: f64 = work
            .iter()
            .zip([mac, tanh, exp, matrix])
            .map(|(&count, cost)| count as f64 * cost)
            .sum();
        sum.round() as usize
    }
}

const fn padded(n: usize, to: usize) -> usize {
    n.div_ceil(to) * to
}

// Costs per multiply-add, tanh, exp and matrix, fitted to counts of dense nets with a linear head (see the test below);
// exp from the softmax of nine classes in the C firmware (1997 instructions); on Cortex-M0 exp and the share of tanh are
// guesses from their operations.
const M4F_F32: [f64; 4] = [1.293, 30.4, 125.0, 188.0];
/// SMLAD: two products each, and their unpacking.
const M4F_INT8: [f64; 4] = [1.168, 37.3, 125.0, 149.0];
/// Every operation is a call.
const M0_F32: [f64; 4] = [204.0, 3500.0, 3500.0, 200.0];
/// A load, a multiply and an add per product.
const M0_INT8: [f64; 4] = [5.69, 84.9, 3500.0, 150.0];

impl Instructions {
    /// Of a net.
    pub fn of(spec: &Spec) -> Self {
        let work = Work::of(spec);
        Self {
            m4f_f32: work.instructions(work.strips, M4F_F32),
            m4f_int8: work.instructions(work.blocks, M4F_INT8),
            m0_f32: work.instructions(work.strips, M0_F32),
            m0_int8: work.instructions(work.blocks, M0_INT8),
        }
    }
}

/// Bytes of a net whose weights have eight bits and whose states sixteen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Int8 {
    /// A byte per weight of whole blocks, eight more per row and matrix; embeddings a byte per number and four per id.
    pub flash_bytes: usize,
    /// Two bytes per number of state, each layer and direction in whole blocks.
    pub state_bytes: usize,
    /// A row of inputs and the widest layer's new state.
    pub scratch_bytes: usize,
}

impl Int8 {
    /// Of a net.
    pub fn of(spec: &Spec) -> Self {
        let half = size_of::<i16>();
        let layers = spec.layers.as_slice().iter();
        let state = |layer: &elman_core::Layer| layer.directions() * padded(layer.hidden, BLOCK);
        let inputs = padded(spec.input.width(), BLOCK);
        Self {
            flash_bytes: int8_flash(spec),
            state_bytes: half * layers.clone().map(state).sum::<usize>(),
            scratch_bytes: half * (inputs + layers.map(state).max().unwrap_or(0)),
        }
    }
}

fn int8_flash(spec: &Spec) -> usize {
    let tables = match &spec.input {
        Input::Dense { .. } => 0,
        Input::Tokens { channels, .. } => channels
            .as_slice()
            .iter()
            .map(|c| (c.vocabulary + 1) * (4 + padded(c.width, 4)))
            .sum(),
    };
    let initial = (spec.tables_len() - spec.initial_state_offset()) * size_of::<i16>();
    let work = Work::of(spec);
    let layers = spec.layers.as_slice().iter();
    let rows: usize = layers
        .map(|layer| layer.directions() * padded(layer.hidden, GROUP))
        .sum();
    let head = match spec.head.kind {
        HeadKind::None => 0,
        HeadKind::Linear { outputs } | HeadKind::Softmax { outputs } => padded(outputs, GROUP),
    };
    4 + tables + initial + work.blocks + 8 * (rows + head + work.matrices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use elman_core::{Dropout, Head, InitialState, Layer, Layers, Read};

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

    /// Counts in QEMU, with opt-level 3: inputs, hidden units, outputs; f32 and int8 on Cortex-M4F, f32 and int8 on M0.
    const COUNTED: [([usize; 3], [Option<usize>; 4]); 3] = [
        (
            [6, 32, 5],
            [Some(3584), Some(3284), Some(465_517), Some(11_759)],
        ),
        ([16, 64, 10], [Some(10_268), Some(9560), None, Some(39_248)]),
        ([32, 128, 10], [Some(33_404), Some(30_784), None, None]),
    ];

    #[test]
    fn estimates_are_near_what_was_counted() {
        for ([width, hidden, outputs], counted) in COUNTED {
            let Instructions {
                m4f_f32,
                m4f_int8,
                m0_f32,
                m0_int8,
            } = Instructions::of(&dense(width, hidden, outputs));
            for (estimate, counted) in [m4f_f32, m4f_int8, m0_f32, m0_int8]
                .into_iter()
                .zip(counted)
            {
                let Some(counted) = counted else {
                    continue;
                };
                let share = estimate.abs_diff(counted) as f64 / counted as f64;
                assert!(
                    share < 0.03,
                    "{hidden} units: {estimate}, counted {counted}"
                );
            }
        }
    }

    #[test]
    fn training_is_the_sum_of_its_buffers() {
        let spec = dense(6, 32, 5);
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
        let int8 = Int8::of(&dense(6, 32, 5));
        // A byte per weight, eight per row and matrix, rows in fours, inputs in eights.
        assert_eq!(
            int8.flash_bytes,
            4 + (8 + 32 * (8 + 8 + 32)) + (8 + 8 * (8 + 32))
        );
        assert_eq!((int8.state_bytes, int8.scratch_bytes), (64, 16 + 64));
    }
}
