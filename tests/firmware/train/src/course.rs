//! What is learnt, and how: the same source runs on the chip and, in the build script, on the desktop.
//!
//! A machine hums at one pitch when the net leaves the desktop, and at another where it is used. The net foretells the
//! next value of the hum; on the chip it learns the new pitch.

use elman_core::{
    Batch, Dropout, Error, Head, HeadKind, InitialState, Input, Inputs, Layer, Layers, Level,
    Model, Optimizer, Read, Spec, Strip, Tape, Truncation, gradient, loss, pack, pack_transposed,
};

/// One number in, the next one out.
pub const SPEC: Spec = Spec {
    input: Input::Dense { width: 1 },
    layers: Layers::of([Layer::tanh(20)]),
    initial_state: InitialState::Zero,
    head: Head {
        kind: HeadKind::Linear { outputs: 1 },
        read: Read::EveryStep,
    },
    dropout: Dropout::NONE,
};

/// Steps of a recording.
pub const STEPS: usize = 48;
/// Losses of twelve steps go back through at most twenty-four.
const TRUNCATION: Truncation = Truncation { k1: 12, k2: 24 };
/// Updates of the whole course.
pub const UPDATES: usize = 32;
const RATE: f32 = 0.01;
const LONGEST: f32 = 1.0;

/// What learning needs beside the parameters: its length is a number known when the program is compiled.
pub struct Buffers {
    packed: [Strip; SPEC.packed_len()],
    transposed: [Strip; SPEC.transposed_len()],
    tape: [Strip; SPEC.tape_len(STEPS, 1)],
    scratch: [Strip; SPEC.scratch_len(STEPS, 1)],
    gradients: [f32; SPEC.params_len()],
    optimizer: [f32; OPTIMIZER.state_len(SPEC.params_len())],
}

/// Which parameters learn, and by which rule.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of them.
    Whole,
    /// The head alone.
    Head,
}

const OPTIMIZER: Optimizer = Optimizer::ADAM;

impl Buffers {
    /// Zeros, in `.bss`.
    pub const NEW: Self = Self {
        packed: [Strip::ZERO; SPEC.packed_len()],
        transposed: [Strip::ZERO; SPEC.transposed_len()],
        tape: [Strip::ZERO; SPEC.tape_len(STEPS, 1)],
        scratch: [Strip::ZERO; SPEC.scratch_len(STEPS, 1)],
        gradients: [0.0; SPEC.params_len()],
        optimizer: [0.0; OPTIMIZER.state_len(SPEC.params_len())],
    };
}

/// Goes over the recording until `curve` is full; each of its entries is the mean squared error of one window, before
/// the update it leads to.
pub fn learn(
    level: Level,
    part: Part,
    samples: &[f32; STEPS + 1],
    params: &mut [f32; SPEC.params_len()],
    buffers: &mut Buffers,
    curve: &mut [f64],
) -> Result<(), Error> {
    let (inputs, targets) = (
        samples.get(..STEPS).unwrap_or(&[]),
        samples.get(1..).unwrap_or(&[]),
    );
    buffers.optimizer.fill(0.0);
    let mut entries = curve.iter_mut();
    let mut update = 0;
    while entries.len() > 0 {
        let batch = Batch::uniform(STEPS, 1)?;
        let mut tape = Tape::new(&SPEC, batch, Inputs::Dense(inputs), 0, &mut buffers.tape)?;
        for (index, window) in TRUNCATION.windows(STEPS).enumerate() {
            let Some(entry) = entries.next() else {
                return Ok(());
            };
            pack(&SPEC, params, &mut buffers.packed)?;
            let model = Model::new(SPEC, &[], &buffers.packed)?;
            if index == 0 {
                tape.start(&model, None)?;
            }
            let steps = window.losses.clone();
            tape.record(level, &model, steps.clone())?;
            let wanted = targets.get(steps.clone()).unwrap_or(&[]);
            let total = wanted.len() as f64;
            *entry = loss::mean_squared_error(tape.outputs(steps.clone()), 1, wanted, None, total)?;
            update += 1;
            let range = match part {
                Part::Whole => 0..SPEC.params_len(),
                Part::Head => SPEC.head_range(),
            };
            buffers.gradients.fill(0.0);
            let gradients = buffers.gradients.get_mut(range.clone()).unwrap_or(&mut []);
            match part {
                Part::Whole => {
                    pack_transposed(&SPEC, params, &mut buffers.transposed)?;
                    let transposed = &buffers.transposed;
                    tape.backward(
                        level,
                        &model,
                        transposed,
                        &window,
                        &mut buffers.scratch,
                        gradients,
                    )?;
                }
                Part::Head => tape.backward_head(level, &model, steps, gradients)?,
            }
            gradient::clip_norm(level, gradients, LONGEST);
            OPTIMIZER.update(
                level,
                RATE,
                update,
                range,
                params,
                &buffers.gradients,
                &mut buffers.optimizer,
            )?;
        }
    }
    Ok(())
}
