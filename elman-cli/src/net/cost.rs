//! What a net costs on a chip: every formula in one place. Bytes are exact; instructions are estimates, fitted to counts
//! in QEMU (`tests/firmware`), and say nothing about cycles.
//!
//! Letters: I inputs, H hidden units, O outputs; `[n]` rounds up to groups of four, `(n)` to blocks of eight.

use elman_core::{Activation, Cell, HeadKind, LANES, Layer, Optimizer, Spec, Tensor};
use serde::Serialize;

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

/// Outputs side by side in a panel of the C export.
pub const PANEL: usize = 8;

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

/// What there is to do in a step.
#[derive(Clone, Copy, Debug, Default)]
struct Work {
    /// Multiply-adds in single precision, outputs in fours: `[H]·(I + H)` per layer and direction, `[O]·W` for the head.
    fours: usize,
    /// Multiply-adds in int8, inputs in blocks too: `[H]·((I) + (H))`, `[O]·(W)`.
    blocks: usize,
    /// Numbers through tanh, `[H]`, and what other cells take as long as: an entry for each number of [`Instructions`].
    tanh: [usize; 4],
    /// Numbers through exp: whole strips of sixteen of a softmax.
    exp: usize,
    /// Matrices: one per layer and direction, one for the head.
    matrices: usize,
}

/// Inputs per block of the integer form, and outputs per group.
const BLOCK: usize = 8;
const GROUP: usize = 4;

impl Work {
    fn of(spec: &Spec) -> Self {
        let mut work = Self::default();
        for (index, layer) in spec.layers.as_slice().iter().enumerate() {
            let (width, hidden) = (spec.layer_input_width(index), layer.hidden);
            for _ in 0..layer.directions() {
                work.matrix(
                    layer.cell.facts().gates * hidden,
                    width + hidden,
                    padded(width, BLOCK) + padded(hidden, BLOCK),
                );
                for (sum, tenths) in work.tanh.iter_mut().zip(tenths(layer.cell)) {
                    *sum += padded(hidden, GROUP) * tenths / 10;
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
        self.fours += padded(outputs, GROUP) * inputs;
        self.blocks += padded(outputs, GROUP) * blocks;
        self.matrices += 1;
    }

    /// Instructions: per multiply-add, per tanh, per exp, per matrix.
    fn instructions(&self, macs: usize, tanh: usize, costs: [f64; 4]) -> usize {
        let work = [macs, tanh, self.exp, self.matrices];
        let sum: f64 = work
            .iter()
            .zip(costs)
            .map(|(&count, cost)| count as f64 * cost)
            .sum();
        sum.round() as usize
    }
}

/// What a unit of a cell takes beside its products, in tenths of a tanh: an entry for each number of [`Instructions`], fitted
/// to the counts that the test below compares with.
const fn tenths(cell: Cell) -> [usize; 4] {
    match cell {
        Cell::Elman {
            activation: Activation::Tanh,
            ..
        } => [10; 4],
        Cell::Elman { .. } => [0; 4],
        Cell::Gru { .. } => [50, 42, 35, 40],
        Cell::Lstm { .. } => [68, 72, 50, 51],
        Cell::FastRnn => [14, 17, 12, 14],
        Cell::FastGrnn => [27, 30, 20, 20],
    }
}

const fn padded(n: usize, to: usize) -> usize {
    n.div_ceil(to) * to
}

// Costs per multiply-add, tanh, exp and matrix. Those of dense nets with a linear head are fitted to the very counts that
// the test below compares with; exp to what the softmax of nine classes adds. Whole numbers end at the logits.
const M4F_F32: [f64; 4] = [1.1835, 37.1, 139.0, 164.0];
/// SMLAD: two products each, and their unpacking.
const M4F_INT8: [f64; 4] = [1.168, 31.1, 0.0, 148.0];
/// Every operation is a call.
const M0_F32: [f64; 4] = [226.0, 3940.0, 2290.0, 200.0];
/// A load, a multiply and an add per product.
const M0_INT8: [f64; 4] = [4.09, 84.0, 0.0, 20.0];

impl Instructions {
    /// Of a net.
    pub fn of(spec: &Spec) -> Self {
        let work = Work::of(spec);
        let [m4f_f32, m4f_int8, m0_f32, m0_int8] = work.tanh;
        Self {
            m4f_f32: work.instructions(work.fours, m4f_f32, M4F_F32),
            m4f_int8: work.instructions(work.blocks, m4f_int8, M4F_INT8),
            m0_f32: work.instructions(work.fours, m0_f32, M0_F32),
            m0_int8: work.instructions(work.blocks, m0_int8, M0_INT8),
        }
    }
}

/// How many bytes of code run a net, roughly: the largest of its cells decides.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// With a linear head, on a Cortex-M4F.
    pub f32: usize,
    /// In int8, on a Cortex-M4F.
    pub int8: usize,
    /// In int8, on a Cortex-M0.
    pub m0_int8: usize,
}

impl Code {
    /// What a softmax adds in single precision.
    pub const SOFTMAX: usize = kilobytes(1.6);

    /// Of a net.
    pub fn of(spec: &Spec) -> Self {
        let is_gated = |layer: &Layer| layer.cell.facts().sums > 1;
        if spec.layers.as_slice().iter().any(is_gated) {
            Self {
                f32: kilobytes(3.3),
                int8: kilobytes(11.0),
                m0_int8: kilobytes(19.0),
            }
        } else {
            Self {
                f32: kilobytes(1.4),
                int8: kilobytes(9.0),
                m0_int8: kilobytes(16.0),
            }
        }
    }
}

const fn kilobytes(count: f64) -> usize {
    (count * 1024.0) as usize
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
    use elman_core::Layers;

    use super::*;

    /// Counts in QEMU (`tests/firmware/run`, opt-level 3) of dense nets: inputs, hidden units, outputs; f32 and int8 on
    /// Cortex-M4F, f32 and int8 on M0.
    const COUNTED: [([usize; 3], [Option<usize>; 4]); 3] = [
        (
            [6, 32, 5],
            [Some(3258), Some(3085), Some(459_163), Some(8993)],
        ),
        (
            [16, 64, 10],
            [Some(9673), Some(9164), Some(1_583_206), Some(29_700)],
        ),
        (
            [32, 128, 10],
            [Some(31_138), Some(29_996), None, Some(101_458)],
        ),
    ];

    #[test]
    fn estimates_are_near_what_was_counted() {
        for ([width, hidden, outputs], counted) in COUNTED {
            let estimates = Instructions::of(&Spec::dense(width, hidden, outputs));
            near(&estimates, counted, Layer::tanh(hidden));
        }
    }

    fn near(estimates: &Instructions, counted: [Option<usize>; 4], layer: Layer) {
        let estimates = [
            estimates.m4f_f32,
            estimates.m4f_int8,
            estimates.m0_f32,
            estimates.m0_int8,
        ];
        for (estimate, counted) in estimates.into_iter().zip(counted) {
            let Some(counted) = counted else {
                continue;
            };
            let share = estimate.abs_diff(counted) as f64 / counted as f64;
            assert!(share < 0.03, "{layer:?}: {estimate}, counted {counted}");
        }
    }

    #[test]
    fn gates_cost_what_was_counted() {
        let fast = |cell| Layer {
            cell,
            ..Layer::tanh(64)
        };
        let counts = [
            (
                Layer::gru(64),
                [Some(31_027), Some(27_880), Some(4_504_933), Some(88_029)],
            ),
            (
                Layer::lstm(64),
                [Some(41_520), Some(39_013), Some(6_020_851), Some(113_983)],
            ),
            (
                fast(Cell::FastRnn),
                [Some(10_404), Some(10_618), Some(1_593_137), Some(31_622)],
            ),
            (
                fast(Cell::FastGrnn),
                [Some(13_597), Some(13_235), Some(1_799_096), Some(34_607)],
            ),
        ];
        for (layer, counted) in counts {
            let spec = Spec {
                layers: Layers::of([layer]),
                ..Spec::dense(16, 64, 10)
            };
            near(&Instructions::of(&spec), counted, layer);
        }
    }

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
