//! The net that is measured: one layer and a linear head, its weights, and a batch cut into fixed shards.
//! `benches/lib.rs` includes this file, so that `elman bench` and `cargo bench` measure the same work.

use std::fmt;

use elman_core::{
    Activation, Batch, Cell, Error, Exchange, Init, Inputs, Layer, Layers, Level, Model, PairStrip,
    Share, Spec, Stream, Strip, Tape, Target, Window, forward, forward_share, gradient, initialize,
    loss, pack, pack_bfloat16, pack_transposed,
};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Sequences per shard. The gradients of shards are added in order, so this is part of the result and must not
/// depend on the number of threads. On one thread, batches of 32 and 128 cut into 8s or 16s take as long as whole
/// ones, within 3 % for 8 and 1 % for 16.
const SHARD: usize = 16;

/// Numbers in -1..1.
pub fn numbers(seed: u64, len: usize) -> Vec<f32> {
    let mut generator = Pcg64Mcg::seed_from_u64(seed);
    (0..len)
        .map(|_| (generator.next_u32() >> 8) as f32 / (1u32 << 23) as f32 - 1.0)
        .collect()
}

/// The shape of a net and of its batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dims {
    /// Of the hidden units.
    pub cell: Cell,
    /// Sequences.
    pub batch: usize,
    /// Steps of each sequence.
    pub steps: usize,
    /// Numbers per step.
    pub input: usize,
    /// Hidden units.
    pub hidden: usize,
    /// Outputs per step.
    pub output: usize,
}

/// From a net for a chip to one that fills a desktop's caches.
pub const SHAPES: [Dims; 9] = [
    Dims::of([5, 15, 1, 4, 2]),
    Dims::of([1, 128, 32, 32, 10]),
    Dims::of([1, 128, 32, 128, 10]),
    Dims::of([1, 128, 64, 256, 10]),
    Dims::of([1, 128, 64, 512, 10]),
    Dims::of([32, 64, 64, 128, 10]),
    Dims::of([32, 64, 64, 256, 10]),
    Dims::of([32, 64, 128, 512, 10]),
    Dims::of([128, 64, 128, 512, 10]),
];

impl Dims {
    /// In the order in which they are written; the cell is Elman's with tanh.
    pub const fn of([batch, steps, input, hidden, output]: [usize; 5]) -> Self {
        Self {
            cell: Cell::elman(Activation::Tanh),
            batch,
            steps,
            input,
            hidden,
            output,
        }
    }

    /// The same net at one step of one sequence.
    pub const fn one_step(self) -> Self {
        Self {
            batch: 1,
            steps: 1,
            ..self
        }
    }

    /// Floating-point operations of a forward pass, two for each multiply-add.
    pub const fn operations(self) -> u64 {
        let gates = self.cell.facts().gates;
        let weights = (gates * (self.input + self.hidden) + self.output) * self.hidden;
        (2 * self.batch * self.steps * weights) as u64
    }

    const fn spec(self) -> Spec {
        let layer = Layer {
            cell: self.cell,
            ..Layer::tanh(self.hidden)
        };
        Spec {
            layers: Layers::of([layer]),
            ..Spec::dense(self.input, self.hidden, self.output)
        }
    }
}

impl fmt::Display for Dims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            batch,
            steps,
            input,
            hidden,
            output,
            ..
        } = self;
        f.pad(&format!("{batch}:{steps}:{input}:{hidden}:{output}"))
    }
}

/// How the weights of inference are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In single precision.
    F32,
    /// In bfloat16: half the memory to read.
    Bf16,
}

impl Storage {
    /// As it is typed and printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }
}

/// A net of one shape, its data and its buffers.
pub struct Net {
    weights: Weights,
    shards: Vec<Shard>,
}

impl Net {
    /// Random weights as PyTorch draws them, random inputs and targets.
    ///
    /// # Errors
    /// A dimension that no net can have.
    pub fn new(dims: Dims, storage: Storage) -> Result<Self, Error> {
        let weights = Weights::new(&dims.spec(), storage)?;
        let firsts = (0..dims.batch).step_by(SHARD);
        let part = |first| Dims {
            batch: SHARD.min(dims.batch - first),
            ..dims
        };
        let shards = firsts.map(|first| Shard::new(first as u64, part(first), dims));
        Ok(Self {
            shards: shards.collect(),
            weights,
        })
    }

    /// The same sequence for every one of some workers that run it together, each with buffers of its own.
    ///
    /// # Errors
    /// As [`Net::new`].
    pub fn for_workers(dims: Dims, storage: Storage, workers: usize) -> Result<Self, Error> {
        Ok(Self {
            weights: Weights::new(&dims.spec(), storage)?,
            shards: (0..workers).map(|_| Shard::new(0, dims, dims)).collect(),
        })
    }

    /// All outputs of all sequences, from a fresh state.
    ///
    /// # Errors
    /// None: the lengths fit.
    pub fn forward(&mut self, level: Level) -> Result<(), Error> {
        let (weights, shards) = self.parts();
        shards
            .iter_mut()
            .try_for_each(|shard| shard.forward(level, weights))
    }

    /// Forward, loss and backward: gradients in hand, no optimizer.
    ///
    /// # Errors
    /// None: the lengths fit.
    pub fn train(&mut self, level: Level) -> Result<(), Error> {
        let (weights, shards) = self.parts();
        shards
            .iter_mut()
            .try_for_each(|shard| shard.train(level, weights))?;
        self.add_up(level)
    }

    /// Hidden units.
    pub fn widest(&self) -> usize {
        self.shards.first().map_or(0, |shard| shard.dims.hidden)
    }

    /// What every shard reads, and the shards: each can run on a thread of its own.
    pub fn parts(&mut self) -> (&Weights, &mut [Shard]) {
        (&self.weights, &mut self.shards)
    }

    /// Adds the gradients of all shards to those of the first, in order.
    ///
    /// # Errors
    /// None: the lengths fit.
    pub fn add_up(&mut self, level: Level) -> Result<(), Error> {
        let Some((first, others)) = self.shards.split_first_mut() else {
            return Ok(());
        };
        others
            .iter()
            .try_for_each(|other| gradient::add(level, &mut first.gradients, &other.gradients))
    }

    /// Runs `f` on a stream of this net, with an input row and room for the outputs.
    ///
    /// # Errors
    /// None: the lengths fit.
    pub fn stream<T>(
        &mut self,
        level: Level,
        f: impl FnOnce(&mut Stream, &[f32], &mut [f32]) -> T,
    ) -> Result<T, Error> {
        let model = self.weights.for_inference()?;
        let (input, outputs) = (self.weights.input(), self.weights.spec.output_width());
        let shard = &mut self.shards[0];
        let state = &mut shard.state[..self.weights.spec.state_len()];
        let mut stream = Stream::new(level, model, state, &mut shard.scratch)?;
        let (x, y) = (&shard.inputs[..input], &mut shard.outputs[..outputs]);
        Ok(f(&mut stream, x, y))
    }
}

/// The parameters, as they are and packed.
pub struct Weights {
    spec: Spec,
    params: Vec<f32>,
    packed: Vec<Strip>,
    /// In bfloat16, where inference is to use them.
    pairs: Option<Vec<PairStrip>>,
    transposed: Vec<Strip>,
}

impl Weights {
    fn new(spec: &Spec, storage: Storage) -> Result<Self, Error> {
        let mut params = vec![0.0; spec.params_len()];
        let mut generator = Pcg64Mcg::seed_from_u64(1);
        initialize(spec, Init::Pytorch, &mut generator, &mut params)?;
        let mut packed = vec![Strip::ZERO; spec.packed_len()];
        pack(spec, &params, &mut packed)?;
        let mut pairs = None;
        if storage == Storage::Bf16 {
            let pairs = pairs.insert(vec![PairStrip::ZERO; spec.pairs_len()]);
            pack_bfloat16(spec, &packed, pairs)?;
        }
        let mut transposed = vec![Strip::ZERO; spec.transposed_len()];
        pack_transposed(spec, &params, &mut transposed)?;
        Ok(Self {
            spec: *spec,
            params,
            packed,
            pairs,
            transposed,
        })
    }

    fn for_training(&self) -> Result<Model<'_>, Error> {
        Model::new(self.spec, &self.params, &self.packed)
    }

    fn for_inference(&self) -> Result<Model<'_>, Error> {
        match &self.pairs {
            Some(pairs) => Model::with_bfloat16(self.spec, &self.params, pairs),
            None => self.for_training(),
        }
    }

    fn input(&self) -> usize {
        self.spec.input.width()
    }
}

/// Some sequences of the batch, with buffers of their own.
pub struct Shard {
    dims: Dims,
    /// Rows of the whole batch, over which the loss is the mean.
    total: f64,
    inputs: Vec<f32>,
    targets: Vec<Target>,
    state: Vec<f32>,
    /// Workspace of a forward pass, or tape of a training pass.
    buffer: Vec<Strip>,
    scratch: Vec<Strip>,
    /// Of every row, after a forward pass.
    pub outputs: Vec<f32>,
    /// Of every parameter, after a training pass; of the first shard: of the whole batch.
    pub gradients: Vec<f32>,
}

impl Shard {
    fn new(seed: u64, dims: Dims, batch: Dims) -> Self {
        let (spec, rows) = (dims.spec(), dims.batch * dims.steps);
        let buffer = spec
            .tape_len(rows, dims.batch)
            .max(spec.workspace_len(rows, dims.batch));
        let scratch = spec.scratch_len(rows, dims.batch).max(spec.stream_len());
        let targets = (0..rows).map(|row| Target::class((row % dims.output) as u32));
        Self {
            dims,
            total: (batch.batch * batch.steps) as f64,
            inputs: numbers(seed, rows * dims.input),
            targets: targets.collect(),
            state: vec![0.0; dims.batch * spec.state_len()],
            buffer: vec![Strip::ZERO; buffer],
            scratch: vec![Strip::ZERO; scratch],
            outputs: vec![0.0; rows * dims.output],
            gradients: vec![0.0; spec.params_len()],
        }
    }

    /// All outputs, from a fresh state.
    ///
    /// # Errors
    /// None: the lengths fit.
    pub fn forward(&mut self, level: Level, weights: &Weights) -> Result<(), Error> {
        let model = weights.for_inference()?;
        let batch = Batch::uniform(self.dims.steps, self.dims.batch)?;
        let inputs = Inputs::Dense(&self.inputs);
        model.reset(&mut self.state);
        let (state, workspace) = (&mut self.state, &mut self.buffer);
        forward(
            level,
            &model,
            &batch,
            inputs,
            state,
            workspace,
            &mut self.outputs,
        )
    }

    /// One worker's share of the outputs of a single sequence, from a fresh state.
    ///
    /// # Errors
    /// None: the lengths fit.
    pub fn forward_share(
        &mut self,
        level: Level,
        weights: &Weights,
        share: Share,
        exchange: &mut dyn Exchange,
    ) -> Result<(), Error> {
        let model = weights.for_inference()?;
        let batch = Batch::uniform(self.dims.steps, 1)?;
        let inputs = Inputs::Dense(&self.inputs);
        model.reset(&mut self.state);
        let (rows, width) = (share.rows(self.dims.steps), self.dims.output);
        forward_share(
            level,
            &model,
            share,
            exchange,
            &batch,
            inputs,
            &mut self.state,
            &mut self.buffer,
            &mut self.outputs[rows.start * width..rows.end * width],
        )
    }

    /// Forward, loss and backward.
    ///
    /// # Errors
    /// None: the lengths fit.
    pub fn train(&mut self, level: Level, weights: &Weights) -> Result<(), Error> {
        let (model, transposed) = (weights.for_training()?, &weights.transposed);
        let batch = Batch::uniform(self.dims.steps, self.dims.batch)?;
        let (steps, inputs) = (0..self.dims.steps, Inputs::Dense(&self.inputs));
        let mut tape = Tape::new(&weights.spec, batch, inputs, 0, &mut self.buffer)?;
        tape.start(&model, None)?;
        tape.record(level, &model, steps.clone())?;
        let (logits, classes) = (tape.outputs(steps.clone()), self.dims.output);
        loss::softmax_cross_entropy(level, logits, classes, &self.targets, None, self.total)?;
        let (scratch, gradients) = (&mut self.scratch, &mut self.gradients);
        gradients.fill(0.0);
        let window = Window {
            losses: steps,
            back_to: 0,
        };
        tape.backward(level, &model, transposed, &window, scratch, gradients)
    }
}
