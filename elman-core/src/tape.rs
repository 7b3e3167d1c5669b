//! What the forward pass leaves behind for the backward pass.

use core::fmt;
use core::ops::Range;

use crate::batch::Batch;
use crate::error::{Error, check_len, check_room};
use crate::forward::{ForwardPass, for_each_end};
use crate::inputs::Inputs;
use crate::layout::Layout;
use crate::model::Model;
use crate::simd::{Level, Operation, Simd, Strip};
use crate::slices::{at, at_mut, copy};
use crate::spec::{Read, Spec};

/// One batch being trained on: states, hidden rows, outputs.
///
/// [`Tape::start`], then for each window of steps [`Tape::record`], a [loss](crate::loss) on
/// [`Tape::outputs`], [`Tape::backward`]. The buffer may hold anything before.
///
/// ```
/// # use elman_core::*;
/// # let (level, spec) = (Level::detect(), Spec::dense(2, 3, 1));
/// # let params = vec![0.1; spec.params_len()];
/// # let (mut packed, mut transposed) = (vec![Strip::ZERO; spec.packed_len()], vec![Strip::ZERO; spec.transposed_len()]);
/// # pack(&spec, &params, &mut packed)?;
/// # pack_transposed(&spec, &params, &mut transposed)?;
/// # let model = Model::new(spec, &params, &packed)?;
/// let batch = Batch::uniform(4, 1)?;
/// let mut buffer = vec![Strip::ZERO; spec.tape_len(batch.rows(), batch.sequences())];
/// let mut scratch = vec![Strip::ZERO; spec.scratch_len(batch.rows(), batch.sequences())];
/// let mut gradients = vec![0.0; spec.params_len()];
/// let mut tape = Tape::new(&spec, batch, Inputs::Dense(&[0.5; 4 * 2]), 0, &mut buffer)?;
/// tape.start(&model, None)?;
/// for window in (Truncation { k1: 2, k2: 3 }).windows(batch.steps()) {
///     tape.record(level, &model, window.losses.clone())?;
///     let outputs = tape.outputs(window.losses.clone());
///     loss::mean_squared_error(outputs, 1, &[1.0; 2], None, 4.0)?;
///     tape.backward(level, &model, &transposed, &window, &mut scratch, &mut gradients)?;
/// }
/// // Outputs are below 1 and all weights positive: every parameter should grow.
/// assert!(gradients.iter().all(|&g| g < 0.0));
/// # Ok::<(), Error>(())
/// ```
pub struct Tape<'a> {
    pub(crate) batch: Batch<'a>,
    pub(crate) inputs: Inputs<'a>,
    /// Picks the dropout masks.
    pub(crate) seed: u64,
    pub(crate) layout: Layout,
    /// Where each sequence started, (B, S).
    pub(crate) start: &'a mut [f32],
    pub(crate) rows: &'a mut [f32],
    /// Whether sequences started from the net's own initial state.
    pub(crate) is_fresh: bool,
    is_started: bool,
    /// Steps recorded so far.
    pub(crate) recorded: usize,
    pub(crate) spec: Spec,
}

impl<'a> Tape<'a> {
    /// A tape for one batch and its inputs, in a buffer of at least [`Spec::tape_len`] strips. `seed`
    /// picks the dropout masks.
    ///
    /// # Errors
    /// [`Error::Spec`], [`Error::Length`], [`Error::InputKind`] or [`Error::Token`].
    ///
    /// ```
    /// # use elman_core::*;
    /// let (spec, batch) = (Spec::dense(2, 3, 1), Batch::uniform(4, 1)?);
    /// let mut buffer = vec![Strip::ZERO; spec.tape_len(batch.rows(), batch.sequences())];
    /// assert!(Tape::new(&spec, batch, Inputs::Dense(&[0.5; 4 * 2]), 0, &mut buffer).is_ok());
    /// // Inputs of another size are named.
    /// assert!(Tape::new(&spec, batch, Inputs::Dense(&[0.5; 7]), 0, &mut buffer).is_err());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn new(
        spec: &Spec,
        batch: Batch<'a>,
        inputs: Inputs<'a>,
        seed: u64,
        buffer: &'a mut [Strip],
    ) -> Result<Self, Error> {
        spec.check()?;
        inputs.check(spec, batch.rows())?;
        let (rows, sequences) = (batch.rows(), batch.sequences());
        let found = buffer.len();
        let expected = spec.tape_len(rows, sequences);
        check_room("tape", expected, found)?;
        let Some((start, rest)) = buffer.split_at_mut_checked(spec.start_strips(sequences)) else {
            return Err(Error::Length {
                what: "tape",
                expected,
                found,
            });
        };
        let layout = Layout::tape(spec, rows, sequences);
        let (start, rows) = (Strip::floats_mut(start), Strip::floats_mut(rest));
        let start = at_mut(start, ..sequences * spec.state_len());
        Ok(Self {
            batch,
            inputs,
            seed,
            layout,
            start,
            rows,
            is_fresh: true,
            is_started: false,
            recorded: 0,
            spec: *spec,
        })
    }

    /// Puts every sequence at its start: the net's initial state, or a carried `state` (B, S), which
    /// is a constant for the backward pass.
    ///
    /// # Errors
    /// [`Error::Spec`] for another net's model, [`Error::Length`] for a wrong state.
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let params = [0.1; SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let model = Model::new(SPEC, &params, &packed)?;
    /// # let mut buffer = [Strip::ZERO; SPEC.tape_len(1, 1)];
    /// # let mut state = [0.0; 3];
    /// let mut tape = Tape::new(&SPEC, Batch::uniform(1, 1)?, Inputs::Dense(&[0.5, -0.5]), 0, &mut buffer)?;
    /// tape.start(&model, Some(&[1.0, 0.0, -1.0]))?; // carried over from the sequence's earlier part
    /// tape.record(Level::detect(), &model, 0..1)?;
    /// tape.final_state(&model, &mut state)?;
    /// // tanh(0.1): inputs and carried state cancel out, the bias is left.
    /// assert!(state.iter().all(|h| (h - 0.09967).abs() < 1e-5));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn start(&mut self, model: &Model, state: Option<&[f32]>) -> Result<(), Error> {
        self.check_model(model)?;
        match state {
            None => model.reset(self.start),
            Some(state) => {
                check_len("state", self.start.len(), state.len())?;
                copy(state, self.start);
            }
        }
        self.is_fresh = state.is_none();
        self.is_started = true;
        self.recorded = 0;
        Ok(())
    }

    /// Runs the net over `steps`, which continue the steps recorded before (or begin again within
    /// them). Softmax heads leave logits in the outputs.
    ///
    /// # Errors
    /// [`Error::Steps`], or [`Error::Spec`] for another net's model.
    ///
    /// ```
    /// # use elman_core::*;
    /// # let (level, spec) = (Level::detect(), Spec::dense(2, 3, 1));
    /// # let mut params = vec![0.0; spec.params_len()];
    /// # params[21] = 0.25;
    /// # let mut packed = vec![Strip::ZERO; spec.packed_len()];
    /// # pack(&spec, &params, &mut packed)?;
    /// # let model = Model::new(spec, &params, &packed)?;
    /// # let batch = Batch::uniform(3, 1)?;
    /// # let mut buffer = vec![Strip::ZERO; spec.tape_len(batch.rows(), batch.sequences())];
    /// let mut tape = Tape::new(&spec, batch, Inputs::Dense(&[0.5; 3 * 2]), 0, &mut buffer)?;
    /// tape.start(&model, None)?;
    /// tape.record(level, &model, 0..2)?;
    /// assert_eq!(tape.outputs(0..2), [0.25; 2]); // the net always answers 0.25
    /// tape.record(level, &model, 2..3)?; // goes on from the state after step 1
    /// assert!(tape.record(level, &model, 3..4).is_err()); // the batch has no step 3
    /// # Ok::<(), Error>(())
    /// ```
    pub fn record(
        &mut self,
        level: Level,
        model: &Model,
        steps: Range<usize>,
    ) -> Result<(), Error> {
        self.check_model(model)?;
        if !self.is_started {
            return Err(Error::Steps("the tape was not started"));
        }
        if steps.is_empty() || steps.end > self.batch.steps() || steps.start > self.recorded {
            return Err(Error::Steps(
                "recorded steps must follow one another within the batch",
            ));
        }
        self.check_window(&steps)?;
        let Self {
            batch,
            layout,
            start,
            rows,
            inputs,
            seed,
            ..
        } = self;
        let (steps, dropout) = (steps.clone(), Some(*seed));
        self.recorded = steps.end;
        let pass = ForwardPass {
            model,
            batch,
            inputs: *inputs,
            layout,
            steps,
            dropout,
        };
        level.run(Record {
            pass,
            start,
            buffer: rows,
        });
        Ok(())
    }

    /// Output rows of these steps (all sequences for a last-step head); put the loss's gradients in
    /// their place before [`Tape::backward`]. Empty if the steps lie outside the batch.
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let mut params = [0.0; SPEC.params_len()];
    /// # params[21] = 0.25;
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let model = Model::new(SPEC, &params, &packed)?;
    /// # let mut buffer = [Strip::ZERO; SPEC.tape_len(3, 1)];
    /// let mut tape = Tape::new(&SPEC, Batch::uniform(3, 1)?, Inputs::Dense(&[0.5; 3 * 2]), 0, &mut buffer)?;
    /// tape.start(&model, None)?;
    /// tape.record(Level::detect(), &model, 0..3)?;
    /// let outputs = tape.outputs(0..3);
    /// assert_eq!(outputs, [0.25; 3]); // the net always answers 0.25
    /// // The loss leaves its gradients in their place: 2 · (0.25 - 1) / 3.
    /// loss::mean_squared_error(outputs, 1, &[1.0; 3], None, 3.0)?;
    /// assert_eq!(tape.outputs(0..3), [-0.5; 3]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn outputs(&mut self, steps: Range<usize>) -> &mut [f32] {
        if steps.end > self.batch.steps() {
            return &mut [];
        }
        let rows = match self.spec.head.read {
            Read::EveryStep => self.batch.rows_of(steps),
            Read::LastStep => 0..self.batch.sequences(),
        };
        let width = self.spec.output_width();
        let outputs = self.layout.outputs.of_mut(self.rows);
        at_mut(outputs, rows.start * width..rows.end * width)
    }

    /// The state (B, S) each sequence is in after the steps recorded so far.
    ///
    /// # Errors
    /// [`Error::Length`], or [`Error::Steps`] if nothing was recorded.
    ///
    /// ```
    /// # use elman_core::*;
    /// # let (level, spec) = (Level::detect(), Spec::dense(2, 3, 1));
    /// # let params = vec![0.1; spec.params_len()];
    /// # let mut packed = vec![Strip::ZERO; spec.packed_len()];
    /// # pack(&spec, &params, &mut packed)?;
    /// # let model = Model::new(spec, &params, &packed)?;
    /// # let mut buffer = vec![Strip::ZERO; spec.tape_len(2, 1)];
    /// let mut tape = Tape::new(&spec, Batch::uniform(2, 1)?, Inputs::Dense(&[0.5; 2 * 2]), 0, &mut buffer)?;
    /// tape.start(&model, None)?;
    /// tape.record(level, &model, 0..2)?;
    /// let mut carried = vec![0.0; spec.state_len()];
    /// tape.final_state(&model, &mut carried)?;
    /// tape.start(&model, Some(&carried))?; // the next part of the sequence goes on from here
    /// // tanh(0.2 + 0.3·tanh(0.2)), the same for all three units
    /// assert!(carried.iter().all(|h| (h - 0.2535).abs() < 1e-4));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn final_state(&self, model: &Model, state: &mut [f32]) -> Result<(), Error> {
        self.check_model(model)?;
        check_len("state", self.start.len(), state.len())?;
        if self.recorded == 0 {
            return Err(Error::Steps("nothing was recorded"));
        }
        let (batch, layout) = (&self.batch, &self.layout);
        // Only shapes are read here; the inputs are long gone.
        let pass = ForwardPass {
            model,
            batch,
            inputs: Inputs::Dense(&[]),
            layout,
            steps: 0..self.recorded,
            dropout: None,
        };
        for layer in 0..self.spec.layers.len() {
            pass.final_state(layer, self.rows, state);
        }
        Ok(())
    }

    /// Layer by layer from the input, then the outputs: the earliest step whose hidden state or output is
    /// NaN or infinite. In a reverse direction, which runs from the end, the trouble began at a later step.
    /// tanh hides an infinite pre-activation; its gradient does not: look at
    /// [`sum_of_squares`](crate::gradient::sum_of_squares) too.
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let mut params = [0.0; SPEC.params_len()];
    /// # params[21] = 0.25;
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let model = Model::new(SPEC, &params, &packed)?;
    /// # let mut buffer = [Strip::ZERO; SPEC.tape_len(3, 1)];
    /// // A sensor that fails at its second sample.
    /// let inputs = [0.5, -1.0, f32::NAN, 0.0, 0.5, 0.5];
    /// let mut tape = Tape::new(&SPEC, Batch::uniform(3, 1)?, Inputs::Dense(&inputs), 0, &mut buffer)?;
    /// tape.start(&model, None)?;
    /// tape.record(Level::detect(), &model, 0..3)?;
    /// let found = tape.find_non_finite().map(|found| found.to_string());
    /// assert_eq!(found.as_deref(), Some("layer 0, step 1, sequence 0"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn find_non_finite(&self) -> Option<NonFinite> {
        let layers = self.spec.layers.as_slice();
        let hidden = layers
            .iter()
            .enumerate()
            .map(|(l, layer)| (Some(l), self.layout.hidden(l), layer.width()));
        for (layer, region, width) in hidden {
            let rows = region.of(self.rows);
            for step in self.batch.walk(0..self.recorded) {
                for sequence in 0..step.active {
                    let row = step.first_row + sequence;
                    if !is_finite(rows, row * width, width) {
                        return Some(NonFinite {
                            layer,
                            step: step.t,
                            sequence,
                        });
                    }
                }
            }
        }
        self.find_non_finite_output()
    }

    fn find_non_finite_output(&self) -> Option<NonFinite> {
        let (rows, width) = (self.layout.outputs.of(self.rows), self.spec.output_width());
        let mut found = None;
        match self.spec.head.read {
            Read::EveryStep => {
                for step in self.batch.walk(0..self.recorded) {
                    let bad = (0..step.active)
                        .find(|b| !is_finite(rows, (step.first_row + b) * width, width));
                    if let Some(sequence) = bad {
                        return Some(NonFinite {
                            layer: None,
                            step: step.t,
                            sequence,
                        });
                    }
                }
            }
            Read::LastStep => for_each_end(&self.batch, 0..self.recorded, |sequence, _| {
                if found.is_none() && !is_finite(rows, sequence * width, width) {
                    let step = self.batch.len_of(sequence) - 1;
                    found = Some(NonFinite {
                        layer: None,
                        step,
                        sequence,
                    });
                }
            }),
        }
        found
    }

    pub(crate) fn check_model(&self, model: &Model) -> Result<(), Error> {
        if *model.spec() == self.spec {
            Ok(())
        } else {
            Err(Error::Spec("the tape was made for another net"))
        }
    }

    /// Nets that look ahead, or read only at the end, need all steps at once.
    pub(crate) fn check_window(&self, steps: &Range<usize>) -> Result<(), Error> {
        if *steps == (0..self.batch.steps()) {
            Ok(())
        } else if self.spec.is_bidirectional() {
            Err(Error::Steps(
                "a two-directional net cannot be cut in time: use all steps",
            ))
        } else if self.spec.head.read == Read::LastStep {
            Err(Error::Steps(
                "a head that reads the last step needs all steps",
            ))
        } else {
            Ok(())
        }
    }
}

fn is_finite(rows: &[f32], start: usize, width: usize) -> bool {
    at(rows, start..start + width).iter().all(|x| x.is_finite())
}

/// The forward pass onto the tape.
struct Record<'a> {
    pass: ForwardPass<'a>,
    start: &'a [f32],
    buffer: &'a mut [f32],
}

impl Operation for Record<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self {
            pass,
            start,
            buffer,
        } = self;
        let spec = pass.model.spec();
        let every_step = spec.head.read == Read::EveryStep;
        for steps in pass
            .batch
            .stretches(pass.steps.clone(), spec.stretch_rows())
        {
            let stretch = ForwardPass { steps, ..pass };
            for layer in 0..spec.layers.len() {
                stretch.read_inputs(s, layer, buffer);
                stretch.layer(s, layer, start, buffer);
            }
            if every_step {
                read_out(s, &stretch, buffer);
            }
        }
        if !every_step {
            read_out(s, &pass, buffer);
        }
    }
}

/// The head, from what it reads to the outputs.
#[inline(always)]
fn read_out<S: Simd>(s: S, pass: &ForwardPass, buffer: &mut [f32]) {
    let (buffer, top) = pass.read_top(s, buffer);
    let (top, outputs) = crate::layout::read_write(buffer, top, pass.layout.outputs);
    let rows = pass.output_rows();
    let outputs = at_mut(outputs, rows.start * pass.model.spec().output_width()..);
    pass.head(s, top, rows, outputs);
}

/// Where a NaN or an infinity first appeared.
///
/// ```
/// # use elman_core::*;
/// # let (level, spec) = (Level::detect(), Spec::dense(2, 3, 1));
/// # let mut params = vec![0.0; spec.params_len()];
/// # params[21] = 0.25;
/// # let mut packed = vec![Strip::ZERO; spec.packed_len()];
/// # pack(&spec, &params, &mut packed)?;
/// # let model = Model::new(spec, &params, &packed)?;
/// # let mut buffer = vec![Strip::ZERO; spec.tape_len(3, 1)];
/// let inputs = [0.0, 0.0, 0.0, f32::NAN, 0.0, 0.0];
/// let mut tape = Tape::new(&spec, Batch::uniform(3, 1)?, Inputs::Dense(&inputs), 0, &mut buffer)?;
/// tape.start(&model, None)?;
/// tape.record(level, &model, 0..3)?;
/// let found = tape.find_non_finite().map(|found| found.to_string());
/// assert_eq!(found, Some("layer 0, step 1, sequence 0".into()));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NonFinite {
    /// The layer, counted from 0 at the input; `None` for the outputs.
    pub layer: Option<usize>,
    /// The time step.
    pub step: usize,
    /// The sequence within the batch.
    pub sequence: usize,
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.layer {
            Some(layer) => write!(f, "layer {layer}")?,
            None => f.write_str("the output")?,
        }
        write!(f, ", step {}, sequence {}", self.step, self.sequence)
    }
}
