//! Runs `elman-core` on a case. Every buffer is full of dirt before it is handed over.

use std::ops::Range;

use elman_core::{
    Batch, Error, HeadKind, Inputs, Level, Model, Read, Share, Spec, Stream, Strip, Tape, Target,
    Truncation, loss, pack, pack_transposed,
};

use super::case::{Case, Rows, Targets};
use super::table::{Seat, Table};

/// A net ready to run on one level.
#[derive(Clone)]
pub struct Rig {
    level: Level,
    spec: Spec,
    params: Vec<f32>,
    packed: Vec<Strip>,
    transposed: Vec<Strip>,
    dirt: f32,
}

/// What inference gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Forward {
    /// (output rows, output width)
    pub outputs: Vec<f32>,
    /// (B, state_len)
    pub state: Vec<f32>,
}

/// What one pass of training gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// Sum of the losses over the total.
    pub loss: f64,
    /// Logits or values of every output row.
    pub outputs: Vec<f32>,
    /// One number per parameter.
    pub gradients: Vec<f32>,
    /// (B, state_len)
    pub state: Vec<f32>,
}

/// How a training pass is run.
#[derive(Clone, Copy)]
pub struct Pass {
    /// Windows of losses.
    pub truncation: Truncation,
    /// Of the dropout masks.
    pub seed: u64,
    /// What the sum of losses is divided by.
    pub total: f64,
}

impl Rig {
    /// Packs the weights into dirty buffers.
    ///
    /// # Panics
    /// If core refuses: the tests of refusals do not come through here.
    pub fn new(level: Level, spec: &Spec, params: &[f32]) -> Self {
        Self::with_dirt(level, spec, params, f32::NAN)
    }

    /// The same with other dirt than NaN.
    pub fn with_dirt(level: Level, spec: &Spec, params: &[f32], dirt: f32) -> Self {
        let strips = |len| vec![Strip([dirt; elman_core::LANES]); len];
        let (packed, transposed) = (strips(spec.packed_len()), strips(spec.transposed_len()));
        let mut rig = Self {
            level,
            spec: *spec,
            params: Vec::new(),
            packed,
            transposed,
            dirt,
        };
        rig.set_params(params);
        rig
    }

    /// Packs new numbers into the same buffers.
    ///
    /// # Panics
    /// If core refuses.
    pub fn set_params(&mut self, params: &[f32]) {
        params.clone_into(&mut self.params);
        pack(&self.spec, params, &mut self.packed).expect("packed");
        pack_transposed(&self.spec, params, &mut self.transposed).expect("packed");
    }

    fn model(&self) -> Model<'_> {
        Model::new(self.spec, &self.params, &self.packed).expect("a model")
    }

    fn dirty_strips(&self, len: usize) -> Vec<Strip> {
        vec![Strip([self.dirt; elman_core::LANES]); len]
    }

    fn dirty(&self, len: usize) -> Vec<f32> {
        vec![self.dirt; len]
    }

    /// The states that a case starts from.
    fn start(&self, case: &Case) -> Vec<f32> {
        case.carried.clone().unwrap_or_else(|| {
            let mut state = self.dirty(case.lengths.len() * self.spec.state_len());
            self.model().reset(&mut state);
            state
        })
    }

    /// Inference over the whole batch.
    ///
    /// # Panics
    /// If core refuses.
    pub fn forward(&self, case: &Case) -> Forward {
        let active = case.active();
        let batch = Batch::ragged(&active).expect("a batch");
        let mut state = self.start(case);
        let mut workspace =
            self.dirty_strips(self.spec.workspace_len(batch.rows(), batch.sequences()));
        let output_rows = self.spec.output_rows(batch.rows(), batch.sequences());
        let mut outputs = self.dirty(output_rows * self.spec.output_width());
        let inputs = inputs(&case.rows);
        elman_core::forward(
            self.level,
            &self.model(),
            &batch,
            inputs,
            &mut state,
            &mut workspace,
            &mut outputs,
        )
        .expect("a forward pass");
        Forward { outputs, state }
    }

    /// Inference over a single sequence by several workers, each on a thread of its own. Their states must agree.
    ///
    /// # Panics
    /// If core refuses, or states differ.
    pub fn forward_together(&self, case: &Case, workers: usize) -> Forward {
        let steps = case.lengths[0];
        let batch = Batch::uniform(steps, 1).expect("a batch");
        let table = Table::new(workers);
        let start = self.start(case);
        let work = |index: usize| {
            let share = Share::new(index, workers).expect("a worker");
            let mut state = start.clone();
            let mut workspace = self.dirty_strips(self.spec.workspace_len(steps, 1));
            let own = share.rows(self.spec.output_rows(steps, 1));
            let mut outputs = self.dirty(own.len() * self.spec.output_width());
            elman_core::forward_share(
                self.level,
                &self.model(),
                share,
                &mut Seat {
                    table: &table,
                    index,
                },
                &batch,
                inputs(&case.rows),
                &mut state,
                &mut workspace,
                &mut outputs,
            )
            .expect("a share");
            Forward { outputs, state }
        };
        let shares: Vec<Forward> = std::thread::scope(|scope| {
            let work = &work;
            let workers: Vec<_> = (0..workers).map(|i| scope.spawn(move || work(i))).collect();
            let joined = workers.into_iter().map(|worker| worker.join());
            joined.map(|share| share.expect("a worker")).collect()
        });
        let bits = |state: &[f32]| state.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let state = shares[0].state.clone();
        assert!(
            shares
                .iter()
                .all(|share| bits(&share.state) == bits(&state))
        );
        Forward {
            outputs: shares.into_iter().flat_map(|share| share.outputs).collect(),
            state,
        }
    }

    /// Sequence `b` one step at a time; a row of outputs per step, whatever the head reads.
    ///
    /// # Panics
    /// If core refuses.
    pub fn stream(&self, case: &Case, b: usize) -> Forward {
        let mut state = self.dirty(self.spec.state_len());
        let mut scratch = self.dirty_strips(self.spec.stream_len());
        let mut outputs = Vec::new();
        let mut stream =
            Stream::new(self.level, self.model(), &mut state, &mut scratch).expect("a stream");
        for t in 0..case.lengths[b] {
            let mut row = self.dirty(self.spec.output_width());
            let window = window_of_step(case, t, b);
            stream.step(inputs(&window), &mut row).expect("a step");
            outputs.extend(row);
        }
        Forward { outputs, state }
    }

    /// Forward, loss and backward over all windows.
    ///
    /// # Panics
    /// If core refuses.
    pub fn train(&self, case: &Case, truncation: Truncation) -> Training {
        self.pass(
            case,
            Pass {
                truncation,
                seed: 0,
                total: case.total_weight(),
            },
        )
    }

    /// Forward, loss and backward, with everything said.
    ///
    /// # Panics
    /// If core refuses.
    pub fn pass(&self, case: &Case, pass: Pass) -> Training {
        self.try_pass(case, pass).expect("a training pass")
    }

    fn try_pass(&self, case: &Case, pass: Pass) -> Result<Training, Error> {
        let active = case.active();
        let batch = Batch::ragged(&active)?;
        let (rows, sequences) = (batch.rows(), batch.sequences());
        let mut buffer = self.dirty_strips(self.spec.tape_len(rows, sequences));
        let mut scratch = self.dirty_strips(self.spec.scratch_len(rows, sequences));
        let mut training = Training {
            loss: 0.0,
            outputs: Vec::new(),
            gradients: vec![0.0; self.spec.params_len()],
            state: self.dirty(sequences * self.spec.state_len()),
        };
        let (model, inputs) = (self.model(), inputs(&case.rows));
        let mut tape = Tape::new(&self.spec, batch, inputs, pass.seed, &mut buffer)?;
        tape.start(&model, case.carried.as_deref())?;
        for window in pass.truncation.windows(batch.steps()) {
            let steps = window.losses.clone();
            tape.record(self.level, &model, steps.clone())?;
            let outputs = tape.outputs(steps.clone());
            training.outputs.extend_from_slice(outputs);
            training.loss += self.loss(case, &batch, steps.clone(), outputs, pass.total)?;
            let (transposed, gradients) = (&self.transposed, &mut training.gradients);
            tape.backward(
                self.level,
                &model,
                transposed,
                &window,
                &mut scratch,
                gradients,
            )?;
        }
        tape.final_state(&model, &mut training.state)?;
        Ok(training)
    }

    /// Turns the outputs of some steps into gradients.
    fn loss(
        &self,
        case: &Case,
        batch: &Batch,
        steps: Range<usize>,
        outputs: &mut [f32],
        total: f64,
    ) -> Result<f64, Error> {
        let rows = match self.spec.head.read {
            Read::EveryStep => batch.rows_of(steps),
            Read::LastStep => 0..batch.sequences(),
        };
        let width = self.spec.output_width();
        match &case.targets {
            Targets::Classes { classes, weights } => {
                let target = |class: &Option<u32>| class.map_or(Target::IGNORED, Target::class);
                let targets: Vec<Target> = classes[rows].iter().map(target).collect();
                loss::softmax_cross_entropy(
                    self.level,
                    outputs,
                    width,
                    &targets,
                    weights.as_deref(),
                    total,
                )
            }
            Targets::Values { values, counted } => {
                let counted = counted.as_ref().map(|counted| &counted[rows.clone()]);
                let values = &values[rows.start * width..rows.end * width];
                loss::mean_squared_error(outputs, width, values, counted, total)
            }
        }
    }

    /// Whether the head gives probabilities at inference and logits in training.
    pub const fn is_softmax(&self) -> bool {
        matches!(self.spec.head.kind, HeadKind::Softmax { .. })
    }
}

/// Rows as core takes them.
pub fn inputs(rows: &Rows) -> Inputs<'_> {
    match rows {
        Rows::Dense(numbers) => Inputs::Dense(numbers),
        Rows::Tokens(ids) => Inputs::Tokens(ids),
    }
}

/// What a stream reads at step `t`: the row, or the ids of the whole window.
fn window_of_step(case: &Case, t: usize, b: usize) -> Rows {
    let width = case.spec.input.width();
    match (&case.rows, &case.spec.input) {
        (Rows::Tokens(ids), elman_core::Input::Tokens { channels, window }) => {
            let channels = channels.as_slice();
            let mut around = Vec::new();
            for position in 0..*window {
                let step = (t + position)
                    .checked_sub(window / 2)
                    .filter(|&step| step < case.lengths[b]);
                for (channel, shape) in channels.iter().enumerate() {
                    let id = step.map(|step| ids[case.row(step, b) * channels.len() + channel]);
                    around.push(id.unwrap_or(shape.vocabulary as u32));
                }
            }
            Rows::Tokens(around)
        }
        (Rows::Dense(numbers), _) => {
            let row = case.row(t, b);
            Rows::Dense(numbers[row * width..(row + 1) * width].to_vec())
        }
        (Rows::Tokens(_), _) => panic!("tokens for a dense net"),
    }
}
