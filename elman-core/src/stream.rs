//! One time step at a time, for chips and live signals: the same bits as the whole sequence.

use crate::cell::{Activation, Cell, Gated, Step, Visit, with_cell};
use crate::error::{Error, check_len, check_room};
use crate::inputs::{Inputs, embed_step};
use crate::kernel::gated;
use crate::kernel::operands::Order;
use crate::kernel::pack::Panels;
use crate::kernel::softmax::softmax_row;
use crate::kernel::step::{HeadStep, LayerStep};
use crate::model::{Model, ModelView};
use crate::params::Place;
use crate::simd::{ASKS_ZEROS, LANES, LISTS_ZEROS, Level, Operation, Simd, Strip};
use crate::slices::at;
use crate::spec::{HeadKind, Input, Spec};

impl Spec {
    /// Strips of scratch for a [`Stream`]: one input row and one hidden row.
    ///
    /// ```
    /// # use elman_core::{Spec, Strip};
    /// const SPEC: Spec = Spec::dense(6, 32, 5);
    /// let scratch = [Strip::ZERO; SPEC.stream_len()];
    /// assert_eq!(scratch.len(), 2); // sixteen numbers each
    /// ```
    pub const fn stream_len(&self) -> usize {
        self.stream_input_strips() + Strip::count(self.widest())
    }

    pub(crate) const fn stream_input_strips(&self) -> usize {
        match self.input {
            Input::Dense { .. } => 0,
            Input::Tokens { .. } => Strip::count(self.input.width()),
        }
    }
}

/// A net that is fed step by step and remembers its state.
///
/// ```
/// # use elman_core::*;
/// # let spec = Spec { input: Input::Dense { width: 3 }, layers: Layers::of([Layer::tanh(4)]),
/// #     initial_state: InitialState::Zero, dropout: Dropout::NONE,
/// #     head: Head { kind: HeadKind::Linear { outputs: 2 }, read: Read::EveryStep } };
/// # let params = vec![0.1; spec.params_len()];
/// # let mut packed = vec![Strip::ZERO; spec.packed_len()];
/// # pack(&spec, &params, &mut packed)?;
/// # let model = Model::new(spec, &params, &packed)?;
/// let (mut state, mut scratch) = (vec![0.0; spec.state_len()], vec![Strip::ZERO; spec.stream_len()]);
/// let mut stream = Stream::new(Level::detect(), model, &mut state, &mut scratch)?;
/// let mut output = [0.0; 2];
/// for x in [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]] {
///     stream.step(Inputs::Dense(&x), &mut output)?;
/// }
/// # assert!((output[0] - 0.2214).abs() < 1e-4);
/// # Ok::<(), Error>(())
/// ```
pub struct Stream<'a> {
    level: Level,
    model: Model<'a>,
    state: &'a mut [f32],
    x: &'a mut [f32],
    h_next: &'a mut [f32],
    /// In which the last step took its columns.
    order: Order,
    skips_zeros: bool,
}

impl<'a> Stream<'a> {
    /// A stream at its initial state, in the caller's `state` ([`Spec::state_len`]) and `scratch`
    /// ([`Spec::stream_len`] strips, which may hold anything).
    ///
    /// # Errors
    /// [`Error::Steps`] for a two-directional net, [`Error::Length`] naming the slice.
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let params = [0.1; SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// let model = Model::new(SPEC, &params, &packed)?;
    /// let (mut state, mut scratch) = ([9.0; SPEC.state_len()], [Strip::ZERO; SPEC.stream_len()]);
    /// Stream::new(Level::detect(), model, &mut state, &mut scratch)?;
    /// assert_eq!(state, [0.0; 3]); // where this net starts, whatever was there
    /// # Ok::<(), Error>(())
    /// ```
    pub fn new(
        level: Level,
        model: Model<'a>,
        state: &'a mut [f32],
        scratch: &'a mut [Strip],
    ) -> Result<Self, Error> {
        let spec = model.spec();
        if spec.is_bidirectional() {
            return Err(Error::Steps(
                "a two-directional net reads the end first and cannot stream",
            ));
        }
        check_len("state", spec.state_len(), state.len())?;
        check_room("scratch", spec.stream_len(), scratch.len())?;
        let (x, h_next) = scratch
            .split_at_mut_checked(spec.stream_input_strips())
            .unwrap_or_default();
        let mut stream = Self {
            level,
            model,
            state,
            x: Strip::floats_mut(x),
            h_next: Strip::floats_mut(h_next),
            order: Order::Ascending,
            skips_zeros: level.run(CanSkipZeros(model.view())),
        };
        stream.reset();
        Ok(stream)
    }

    /// Back to the initial state.
    ///
    /// ```
    /// # use elman_core::*;
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let params = vec![0.1; spec.params_len()];
    /// # let mut packed = vec![Strip::ZERO; spec.packed_len()];
    /// # pack(&spec, &params, &mut packed)?;
    /// # let model = Model::new(spec, &params, &packed)?;
    /// # let (mut state, mut scratch) = (vec![0.0; spec.state_len()], vec![Strip::ZERO; spec.stream_len()]);
    /// let mut stream = Stream::new(Level::detect(), model, &mut state, &mut scratch)?;
    /// let (mut first, mut second, mut again) = ([0.0], [0.0], [0.0]);
    /// stream.step(Inputs::Dense(&[0.5, -1.0]), &mut first)?;
    /// stream.step(Inputs::Dense(&[0.5, -1.0]), &mut second)?; // remembers the first
    /// stream.reset();
    /// stream.step(Inputs::Dense(&[0.5, -1.0]), &mut again)?;
    /// assert!(second != first && again == first);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn reset(&mut self) {
        self.model.reset(self.state);
    }

    /// Feeds one step and writes the head's output. Dense nets read one row. Token nets read the ids
    /// of the whole context window, (window, channels), with the padding id outside the sequence. A
    /// last-step head answers at every step as if it were the last.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::InputKind`] or [`Error::Token`]; the state stays as it was.
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let params = [0.1; SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let (mut state, mut scratch) = ([0.0; SPEC.state_len()], [Strip::ZERO; SPEC.stream_len()]);
    /// let mut stream = Stream::new(Level::detect(), Model::new(SPEC, &params, &packed)?, &mut state, &mut scratch)?;
    /// let mut y = [0.0];
    /// stream.step(Inputs::Dense(&[0.5, -1.0]), &mut y)?;
    /// // 0.1 + 3 · 0.1 · tanh(0.1 · (0.5 - 1.0) + 0.1)
    /// assert!((y[0] - 0.11499).abs() < 1e-5);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn step(&mut self, inputs: Inputs, outputs: &mut [f32]) -> Result<(), Error> {
        self.check_and_run(inputs, None, outputs)
    }

    /// Feeds one step whose answer nobody reads: the head is not computed.
    ///
    /// # Errors
    /// As [`Stream::step`].
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let params = [0.1; SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let (mut state, mut scratch) = ([0.0; SPEC.state_len()], [Strip::ZERO; SPEC.stream_len()]);
    /// let mut stream = Stream::new(Level::detect(), Model::new(SPEC, &params, &packed)?, &mut state, &mut scratch)?;
    /// stream.step_unread(Inputs::Dense(&[0.5, -1.0]))?;
    /// assert_eq!(stream.hidden()[0], stream.hidden()[2]); // all weights are the same
    /// assert!((stream.hidden()[0] - 0.1 / 2.0).abs() < 1e-4);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn step_unread(&mut self, inputs: Inputs) -> Result<(), Error> {
        let spec = self.model.spec();
        inputs.check(spec, spec.input.rows_per_step())?;
        self.run(inputs, None, &mut []);
        Ok(())
    }

    /// Feeds one step of the same layers with another head, from [`head::pack`](crate::head::pack()): one that was adapted where the
    /// net is used.
    ///
    /// # Errors
    /// As [`Stream::step`], and [`Error::Length`] unless there are [`Spec::packed_head_len`] strips.
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let params = [0.1; SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let (mut state, mut scratch) = ([0.0; SPEC.state_len()], [Strip::ZERO; SPEC.stream_len()]);
    /// let mut stream = Stream::new(Level::detect(), Model::new(SPEC, &params, &packed)?, &mut state, &mut scratch)?;
    /// let mut strips = [Strip::ZERO; SPEC.packed_head_len()];
    /// head::pack(&SPEC, &[0.0, 0.0, 0.0, 7.0], &mut strips)?; // a bias alone
    /// let mut y = [0.0];
    /// stream.step_with_head(&strips, Inputs::Dense(&[0.5, -1.0]), &mut y)?;
    /// assert_eq!(y, [7.0]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn step_with_head(
        &mut self,
        head: &[Strip],
        inputs: Inputs,
        outputs: &mut [f32],
    ) -> Result<(), Error> {
        let strips = self.model.spec().packed_head_len();
        check_len("head", strips, head.len())?;
        self.check_and_run(inputs, Some(head), outputs)
    }

    /// The hidden units of the top layer after the last step, [`Spec::top_width`] numbers: what a head reads, and learns from.
    ///
    /// ```
    /// # use elman_core::*;
    /// # let spec = Spec { layers: Layers::of([Layer::tanh(5), Layer::lstm(3)]), ..Spec::dense(2, 3, 1) };
    /// # let params = vec![0.1; spec.params_len()];
    /// # let mut packed = vec![Strip::ZERO; spec.packed_len()];
    /// # pack(&spec, &params, &mut packed)?;
    /// # let model = Model::new(spec, &params, &packed)?;
    /// # let (mut state, mut scratch) = (vec![0.0; spec.state_len()], vec![Strip::ZERO; spec.stream_len()]);
    /// let stream = Stream::new(Level::detect(), model, &mut state, &mut scratch)?;
    /// assert_eq!(stream.hidden(), [0.0; 3]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn hidden(&self) -> &[f32] {
        let spec = self.model.spec();
        let top = spec.layer(spec.layers.len().saturating_sub(1));
        let start = self.state.len().saturating_sub(top.state_len());
        at(self.state, start..start + top.hidden)
    }

    /// The net.
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let params = [0.1; SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let (mut state, mut scratch) = ([0.0; SPEC.state_len()], [Strip::ZERO; SPEC.stream_len()]);
    /// let stream = Stream::new(Level::detect(), Model::new(SPEC, &params, &packed)?, &mut state, &mut scratch)?;
    /// assert_eq!(stream.model().spec(), &SPEC);
    /// # Ok::<(), Error>(())
    /// ```
    pub const fn model(&self) -> &Model<'a> {
        &self.model
    }

    fn check_and_run(
        &mut self,
        inputs: Inputs,
        head: Option<&[Strip]>,
        outputs: &mut [f32],
    ) -> Result<(), Error> {
        let spec = self.model.spec();
        inputs.check(spec, spec.input.rows_per_step())?;
        check_len("outputs", spec.output_width(), outputs.len())?;
        self.run(inputs, head, outputs);
        Ok(())
    }

    /// One function for all, so that a chip has the kernels once.
    #[inline(never)]
    fn run(&mut self, inputs: Inputs, head: Option<&[Strip]>, outputs: &mut [f32]) {
        let Self {
            level,
            model,
            state,
            x,
            h_next,
            order,
            skips_zeros,
        } = self;
        *order = order.other();
        level.run(StreamStep {
            model: model.view(),
            inputs,
            state,
            x,
            h_next,
            head,
            outputs,
            order: *order,
            skips_zeros: *skips_zeros,
        });
    }
}

/// Whether the weights of all layers of relu are finite: then products with zeros can be left out. Reads all these weights.
pub(crate) struct CanSkipZeros<'a, 'm>(pub ModelView<'a, 'm>);

impl Operation for CanSkipZeros<'_, '_> {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> bool {
        let (model, mut can) = (self.0, LISTS_ZEROS || ASKS_ZEROS);
        for layer in 0..model.spec.layers.len() {
            let l = model.spec.layer(layer);
            let Cell::Elman {
                activation: Activation::Relu,
                ..
            } = l.cell
            else {
                continue;
            };
            let place = Place {
                layer,
                reverse: false,
            };
            let strips = l.hidden.div_ceil(LANES);
            can = can && model.recurrent_weights(place).are_finite(l.hidden, strips);
            if ASKS_ZEROS {
                let width = model.spec.layer_input_width(layer);
                can = can && model.input_weights(place).are_finite(width, strips);
            }
        }
        can
    }
}

/// One step of every layer, and the head.
pub(crate) struct StreamStep<'a, 'm> {
    pub model: ModelView<'a, 'm>,
    pub inputs: Inputs<'a>,
    pub state: &'a mut [f32],
    /// Room for a row of embeddings.
    pub x: &'a mut [f32],
    /// Room for a row of the widest layer.
    pub h_next: &'a mut [f32],
    /// The packed head, where it is another than the model's.
    pub head: Option<&'a [Strip]>,
    pub outputs: &'a mut [f32],
    /// Of the columns of every layer.
    pub order: Order,
    /// Whether products with zero states can be left out.
    pub skips_zeros: bool,
}

impl Operation for StreamStep<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self {
            model,
            inputs,
            state,
            x,
            h_next,
            head,
            outputs,
            order,
            skips_zeros,
        } = self;
        let spec = model.spec;
        let mut below: &[f32] = match inputs {
            Inputs::Dense(row) => row,
            Inputs::Tokens(ids) => {
                gather(model, ids, x);
                x
            }
        };
        let mut rest = state;
        for layer in 0..spec.layers.len() {
            let l = spec.layer(layer);
            let place = Place {
                layer,
                reverse: false,
            };
            let Some((state, above)) = rest.split_at_mut_checked(l.state_len()) else {
                return;
            };
            // h[t] = cell(x[t]·W_in + b + h[t-1]·W_rec)
            with_cell(
                l.cell,
                StepLayer {
                    s,
                    model,
                    place,
                    x: below.get(..spec.layer_input_width(layer)).unwrap_or(below),
                    state: &mut *state,
                    h_next: &mut *h_next,
                    order,
                    skips_zeros,
                },
            );
            below = state.get(..l.hidden).unwrap_or(&[]);
            rest = above;
        }
        let w_out = match head {
            Some(strips) => Panels::single(strips, spec.top_width(), 1),
            None => model.head_weights(),
        };
        head_row(s, (spec, w_out), below, outputs);
    }
}

/// One layer's part of the step.
struct StepLayer<'a, 'm, S> {
    s: S,
    model: ModelView<'a, 'm>,
    place: Place,
    x: &'a [f32],
    /// h, then what the cell has beside it.
    state: &'a mut [f32],
    h_next: &'a mut [f32],
    order: Order,
    skips_zeros: bool,
}

impl<S: Simd> Visit for StepLayer<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn visit<C: Step<1, 1>>(self, cell: C) {
        LayerStep {
            cell,
            x: self.x,
            w_in: self.model.input_weights(self.place),
            w_rec: self.model.recurrent_weights(self.place),
            h: self.state,
            h_next: self.h_next,
            order: self.order,
            skips_zeros: self.skips_zeros,
        }
        .run(self.s);
    }

    #[inline(always)]
    fn visit_gated<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize>(self, cell: C) {
        let hidden = self.state.len() / STATES.max(1);
        let Some((h, c)) = self.state.split_at_mut_checked(hidden) else {
            return;
        };
        let step = gated::step::LayerStep {
            cell,
            x: self.x,
            w_in: self.model.input_weights(self.place),
            w_rec: self.model.recurrent_weights(self.place),
            others: self.model.other_biases(self.place),
            h,
            c,
            h_next: self.h_next,
        };
        if S::OWN_DOT {
            step.run(self.s);
        } else {
            // A function of its own, or Elman's steps pay for its registers (a fifth of a step of 32 units).
            self.s.run(step);
        }
    }
}

/// What the head makes of a row of hidden units; where there is none, the row itself.
#[inline(always)]
pub(crate) fn head_row<S: Simd>(
    s: S,
    (spec, w_out): (&Spec, Panels),
    top: &[f32],
    outputs: &mut [f32],
) {
    // Nobody reads it.
    if outputs.is_empty() {
        return;
    }
    if !spec.has_head() {
        for (y, &h) in outputs.iter_mut().zip(top) {
            *y = h;
        }
        return;
    }
    HeadStep {
        h: top,
        w_out,
        y: &mut *outputs,
    }
    .run(s);
    if let HeadKind::Softmax { .. } = spec.head.kind {
        // Not `Softmax`, which transposes many short rows: four kilobytes of code that one row never needs.
        softmax_row(s, outputs);
    }
}

/// The embeddings of a window of token ids, one after the other.
#[inline]
fn gather(model: ModelView, ids: &[u32], x: &mut [f32]) {
    let Input::Tokens { channels, .. } = &model.spec.input else {
        return;
    };
    let mut rest = x;
    for ids in ids.chunks_exact(channels.len().max(1)) {
        rest = embed_step(model, ids.iter().copied(), rest);
    }
}
