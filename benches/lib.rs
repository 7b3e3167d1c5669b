//! What the benches share: random numbers, and nets with everything they need to run.

use elman_core::{
    Batch, Dropout, Error, Head, HeadKind, Init, InitialState, Input, Inputs, Layer, Layers, Level,
    Model, Read, Spec, Stream, Strip, Tape, Target, forward, initialize, loss, pack,
    pack_transposed,
};
use rand_core::SeedableRng;
use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::Rng;

/// Numbers in -1..1.
pub fn numbers(len: usize) -> Vec<f32> {
    let mut generator = Pcg64Mcg::seed_from_u64(len as u64);
    (0..len)
        .map(|_| (generator.next_u32() >> 8) as f32 / (1u32 << 23) as f32 - 1.0)
        .collect()
}

/// Batch, steps, inputs, hidden units, outputs of a tanh net with a linear head.
#[derive(Clone, Copy, Debug)]
pub struct Cell(pub usize, pub usize, pub usize, pub usize, pub usize);

impl Cell {
    /// Floating-point operations of a forward pass.
    pub fn operations(self) -> u64 {
        let Self(batch, steps, input, hidden, output) = self;
        (2 * batch * steps * (input * hidden + hidden * hidden + hidden * output)) as u64
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}:{}:{}", self.0, self.1, self.2, self.3, self.4)
    }
}

/// From a net for a chip to one that fills a desktop's caches.
pub const CELLS: [Cell; 9] = [
    Cell(5, 15, 1, 4, 2),
    Cell(1, 128, 32, 32, 10),
    Cell(1, 128, 32, 128, 10),
    Cell(1, 128, 64, 256, 10),
    Cell(1, 128, 64, 512, 10),
    Cell(32, 64, 64, 128, 10),
    Cell(32, 64, 64, 256, 10),
    Cell(32, 64, 128, 512, 10),
    Cell(128, 64, 128, 512, 10),
];

/// A net of one cell, its data and its buffers.
pub struct Net {
    cell: Cell,
    spec: Spec,
    params: Vec<f32>,
    packed: Vec<Strip>,
    transposed: Vec<Strip>,
    inputs: Vec<f32>,
    targets: Vec<Target>,
    state: Vec<f32>,
    buffer: Vec<Strip>,
    scratch: Vec<Strip>,
    outputs: Vec<f32>,
    gradients: Vec<f32>,
}

impl Net {
    /// Random weights as PyTorch draws them, random inputs and targets.
    pub fn new(cell: Cell) -> Result<Self, Error> {
        let Cell(batch, steps, input, hidden, output) = cell;
        let rows = batch * steps;
        let spec = Spec {
            input: Input::Dense { width: input },
            layers: Layers::of([Layer::tanh(hidden)]),
            initial_state: InitialState::Zero,
            head: Head {
                kind: HeadKind::Linear { outputs: output },
                read: Read::EveryStep,
            },
            dropout: Dropout::NONE,
        };
        let mut params = vec![0.0; spec.params_len()];
        initialize(
            &spec,
            Init::Pytorch,
            &mut Pcg64Mcg::seed_from_u64(1),
            &mut params,
        )?;
        let mut packed = vec![Strip::ZERO; spec.packed_len()];
        pack(&spec, &params, &mut packed)?;
        let mut transposed = vec![Strip::ZERO; spec.transposed_len()];
        pack_transposed(&spec, &params, &mut transposed)?;
        Ok(Self {
            cell,
            spec,
            packed,
            transposed,
            inputs: numbers(rows * input),
            targets: (0..rows)
                .map(|row| Target::class((row % output) as u32))
                .collect(),
            state: vec![0.0; batch * spec.state_len()],
            buffer: vec![
                Strip::ZERO;
                spec.tape_len(rows, batch)
                    .max(spec.workspace_len(rows, batch))
            ],
            scratch: vec![Strip::ZERO; spec.scratch_len(rows, batch)],
            outputs: vec![0.0; rows * output],
            gradients: vec![0.0; params.len()],
            params,
        })
    }

    /// All outputs of all sequences, from a fresh state.
    pub fn forward(&mut self, level: Level) -> Result<(), Error> {
        let model = Model::new(self.spec, &self.params, &self.packed)?;
        let batch = Batch::uniform(self.cell.1, self.cell.0)?;
        model.reset(&mut self.state);
        let inputs = Inputs::Dense(&self.inputs);
        forward(
            level,
            &model,
            &batch,
            inputs,
            &mut self.state,
            &mut self.buffer,
            &mut self.outputs,
        )
    }

    /// Forward, loss and backward: gradients in hand, no optimizer.
    pub fn train(&mut self, level: Level) -> Result<(), Error> {
        let model = Model::new(self.spec, &self.params, &self.packed)?;
        let (steps, inputs) = (0..self.cell.1, Inputs::Dense(&self.inputs));
        self.gradients.fill(0.0);
        let mut tape = Tape::new(
            &self.spec,
            Batch::uniform(self.cell.1, self.cell.0)?,
            &mut self.buffer,
        )?;
        tape.start(&model, None)?;
        tape.record(level, &model, inputs, steps.clone(), 0)?;
        let total = self.targets.len() as f64;
        loss::softmax_cross_entropy(
            level,
            tape.outputs(steps.clone()),
            self.cell.4,
            &self.targets,
            None,
            total,
        )?;
        let (transposed, scratch, gradients) =
            (&self.transposed, &mut self.scratch, &mut self.gradients);
        tape.backward(
            level, &model, transposed, inputs, steps, 0, 0, scratch, gradients,
        )
    }

    /// Runs `f` on a stream of this net, with an input row and room for the outputs.
    pub fn stream<T>(
        &mut self,
        level: Level,
        f: impl FnOnce(&mut Stream, &[f32], &mut [f32]) -> T,
    ) -> Result<T, Error> {
        let model = Model::new(self.spec, &self.params, &self.packed)?;
        let state = &mut self.state[..self.spec.state_len()];
        let mut stream = Stream::new(level, model, state, &mut self.scratch)?;
        Ok(f(
            &mut stream,
            &self.inputs[..self.cell.2],
            &mut self.outputs[..self.cell.4],
        ))
    }
}
