//! One time step at a time, in whole numbers.

use super::cell::pair;
use super::layout::pairs;
use super::model::{QuantizedModel, channels, round_to_16};
use crate::error::{Error, check_len, check_room, check_shape};
use crate::inputs::Inputs;
use crate::kernel::softmax::Softmax;
use crate::simd::Level;
use crate::spec::{HeadKind, Input, Spec};

/// What the first layer reads, in whole numbers.
///
/// ```
/// # use elman_core::{*, quantized::*};
/// # let spec = Spec::dense(2, 3, 1);
/// # let mut words = vec![0; spec.quantized_len()];
/// QuantizedWriter::new(&spec, &mut words)?.input_scale(1000.0);
/// let model = QuantizedModel::new(spec, &words)?;
/// let row = [0.5, -1.25].map(|x| model.integer(x));
/// assert_eq!(row, [500, -1250]);
/// # let (mut state, mut room) = (vec![0; spec.quantized_state_len()], vec![0; spec.quantized_workspace_len(1)]);
/// # let mut logits = [0];
/// model.forward_integers(Integers::Dense(&row), 1, &mut state, &mut room, &mut logits)?;
/// let tokens = model.forward_integers(Integers::Tokens(&[7]), 1, &mut state, &mut room, &mut logits);
/// assert_eq!(tokens, Err(Error::InputKind)); // a net reads the one or the other
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Integers<'a> {
    /// (R, I) numbers, each worth `1 / `[`QuantizedModel::input_scale`].
    Dense(&'a [i16]),
    /// (R, channels) token ids; the id `vocabulary` is the padding row.
    Tokens(&'a [u32]),
}

impl Integers<'_> {
    /// Checks kind, length and every token id.
    pub(super) fn check(&self, spec: &Spec, rows: usize) -> Result<(), Error> {
        match (self, &spec.input) {
            (Self::Dense(numbers), Input::Dense { width }) => {
                check_shape("inputs", [rows, *width], numbers.len())
            }
            (Self::Dense(_), Input::Tokens { .. }) => Err(Error::InputKind),
            (Self::Tokens(ids), _) => Inputs::Tokens(ids).check(spec, rows),
        }
    }
}

/// A net in whole numbers that is fed step by step and remembers its state.
///
/// ```
/// # use elman_core::{*, quantized::*};
/// # const SPEC: Spec = Spec::dense(2, 3, 1);
/// # let mut words = [0; SPEC.quantized_len()];
/// # let mut writer = QuantizedWriter::new(&SPEC, &mut words)?;
/// # writer.head(0.5)?;
/// # let row = QuantizedRow { below: &[0; 3], state: &[], bias: 3, below_multiplier: 0, state_multiplier: 0 };
/// # writer.head_row(0, row)?;
/// # let model = QuantizedModel::new(SPEC, &words)?;
/// let (mut state, mut scratch) = ([0; SPEC.quantized_state_len()], [0; SPEC.quantized_stream_len()]);
/// let mut net = QuantizedStream::new(model, &mut state, &mut scratch)?;
/// // The head's bias is 3 units of 0.5, and its weights are zero.
/// let (mut logits, mut outputs) = ([0], [0.0]);
/// net.step_integers(Integers::Dense(&[1200, -340]), &mut logits)?;
/// net.step(Inputs::Dense(&[0.5, -1.0]), &mut outputs)?;
/// assert_eq!((logits, outputs), ([3], [1.5]));
/// # Ok::<(), Error>(())
/// ```
pub struct QuantizedStream<'a> {
    model: QuantizedModel<'a>,
    state: &'a mut [u32],
    x: &'a mut [u32],
    next: &'a mut [u32],
}

impl<'a> QuantizedStream<'a> {
    /// A stream at its initial state, in the caller's `state` ([`Spec::quantized_state_len`]) and `scratch`
    /// ([`Spec::quantized_stream_len`], which may hold anything).
    ///
    /// # Errors
    /// [`Error::Steps`] for a two-directional net, [`Error::Length`] naming the slice.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let mut words = [0; SPEC.quantized_len()];
    /// # let mut writer = QuantizedWriter::new(&SPEC, &mut words)?;
    /// # let row = QuantizedRow { below: &[0; 3], state: &[], bias: 3, below_multiplier: 0, state_multiplier: 0 };
    /// # writer.head(0.5)?;
    /// # writer.head_row(0, row)?;
    /// let model = QuantizedModel::new(SPEC, &words)?;
    /// let (mut state, mut scratch) = ([9; SPEC.quantized_state_len()], [9; SPEC.quantized_stream_len()]);
    /// QuantizedStream::new(model, &mut state, &mut scratch)?;
    /// assert_eq!(state, [0; 4]); // where this net starts, whatever was there
    /// # Ok::<(), Error>(())
    /// ```
    pub fn new(
        model: QuantizedModel<'a>,
        state: &'a mut [u32],
        scratch: &'a mut [u32],
    ) -> Result<Self, Error> {
        let spec = model.spec();
        if spec.is_bidirectional() {
            return Err(Error::Steps(
                "a two-directional net reads the end first and cannot stream",
            ));
        }
        check_len("state", spec.quantized_state_len(), state.len())?;
        check_room("scratch", spec.quantized_stream_len(), scratch.len())?;
        let inputs = pairs(spec.quantized_input_blocks());
        let (x, next) = scratch.split_at_mut_checked(inputs).unwrap_or_default();
        model.reset(state);
        Ok(Self {
            model,
            state,
            x,
            next,
        })
    }

    /// Back to the initial state.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let mut words = [0; SPEC.quantized_len()];
    /// # let mut writer = QuantizedWriter::new(&SPEC, &mut words)?;
    /// # let layer = Place { layer: 0, reverse: false };
    /// # writer.matrix(layer, 4, 1.0 / 32768.0)?;
    /// # writer.row(layer, 0, QuantizedRow { below: &[64, 0], state: &[16, 0, 0], bias: 0, below_multiplier: 16384, state_multiplier: 16384 })?;
    /// # writer.head_row(0, QuantizedRow { below: &[64, 0, 0], state: &[], bias: 0, below_multiplier: 16384, state_multiplier: 0 })?;
    /// # let model = QuantizedModel::new(SPEC, &words)?;
    /// # let (mut state, mut scratch) = ([0; SPEC.quantized_state_len()], [0; SPEC.quantized_stream_len()]);
    /// let mut net = QuantizedStream::new(model, &mut state, &mut scratch)?;
    /// let (mut first, mut second, mut again) = ([0], [0], [0]);
    /// net.step_integers(Integers::Dense(&[8000, 0]), &mut first)?;
    /// net.step_integers(Integers::Dense(&[8000, 0]), &mut second)?; // remembers the first
    /// net.reset();
    /// net.step_integers(Integers::Dense(&[8000, 0]), &mut again)?;
    /// assert!(second != first && again == first);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn reset(&mut self) {
        self.model.reset(self.state);
    }

    /// Feeds one step and writes the head's output: what [`Stream::step`](crate::Stream::step) does, but for the error of whole
    /// numbers. Softmax is computed in `f32`.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::InputKind`] or [`Error::Token`]; the state stays as it was.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let mut words = [0; SPEC.quantized_len()];
    /// # let mut writer = QuantizedWriter::new(&SPEC, &mut words)?;
    /// # let row = QuantizedRow { below: &[0; 3], state: &[], bias: 3, below_multiplier: 0, state_multiplier: 0 };
    /// # writer.head(0.5)?;
    /// # writer.head_row(0, row)?;
    /// # let model = QuantizedModel::new(SPEC, &words)?;
    /// # let (mut state, mut scratch) = ([0; SPEC.quantized_state_len()], [0; SPEC.quantized_stream_len()]);
    /// // A net that always answers three units of 0.5.
    /// let mut net = QuantizedStream::new(model, &mut state, &mut scratch)?;
    /// let mut y = [0.0];
    /// net.step(Inputs::Dense(&[0.5, -1.0]), &mut y)?;
    /// assert_eq!(y, [1.5]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn step(&mut self, inputs: Inputs, outputs: &mut [f32]) -> Result<(), Error> {
        let spec = self.model.spec();
        inputs.check(spec, window(spec))?;
        check_len("outputs", spec.output_width(), outputs.len())?;
        match inputs {
            Inputs::Dense(row) => {
                let scale = self.model.input_scale();
                write_row(row, self.x, |x| round_to_16(x, scale));
            }
            Inputs::Tokens(ids) => self.gather(ids),
        }
        let unit = self.model.unit();
        self.advance(outputs, |logit| logit as f32 * unit);
        softmax(self.model.spec(), outputs);
        Ok(())
    }

    /// The same in whole numbers from end to end: `logits` are worth [`QuantizedModel::unit`] each, and the largest one is the
    /// most probable class.
    ///
    /// # Errors
    /// As [`QuantizedStream::step`].
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let mut words = [0; SPEC.quantized_len()];
    /// # let mut writer = QuantizedWriter::new(&SPEC, &mut words)?;
    /// # let row = QuantizedRow { below: &[0; 3], state: &[], bias: 3, below_multiplier: 0, state_multiplier: 0 };
    /// # writer.head(0.5)?;
    /// # writer.head_row(0, row)?;
    /// # let model = QuantizedModel::new(SPEC, &words)?;
    /// # let (mut state, mut scratch) = ([0; SPEC.quantized_state_len()], [0; SPEC.quantized_stream_len()]);
    /// // A net that always answers three units. A sensor's samples go in as they are.
    /// let mut net = QuantizedStream::new(model, &mut state, &mut scratch)?;
    /// let mut logits = [0];
    /// net.step_integers(Integers::Dense(&[1200, -340]), &mut logits)?;
    /// assert_eq!(logits, [3]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn step_integers(&mut self, inputs: Integers, logits: &mut [i32]) -> Result<(), Error> {
        let spec = self.model.spec();
        inputs.check(spec, window(spec))?;
        check_len("logits", spec.output_width(), logits.len())?;
        match inputs {
            Integers::Dense(row) => write_row(row, self.x, |x| x),
            Integers::Tokens(ids) => self.gather(ids),
        }
        self.advance(logits, |logit| logit);
        Ok(())
    }

    /// The embeddings of a window of token ids.
    fn gather(&mut self, ids: &[u32]) {
        let spec = *self.model.spec();
        let channels = channels(&spec);
        let mut to = &mut *self.x;
        for ids in ids.chunks_exact(channels.len().max(1)) {
            to = self.model.embed_all(channels, ids.iter().copied(), to);
        }
    }

    /// All layers and the head.
    #[inline(always)]
    fn advance<T>(&mut self, outputs: &mut [T], convert: impl Fn(i32) -> T) {
        let spec = self.model.spec();
        let mut below: &[u32] = self.x;
        let mut rest = &mut *self.state;
        let mut walk = self.model.walk();
        for &layer in spec.layers.as_slice() {
            let cell = walk.cell(layer);
            let Some((h, above)) = rest.split_at_mut_checked(pairs(cell.matrix.state)) else {
                return;
            };
            cell.step(below, h, self.next);
            let written = cell.words_written();
            if let (Some(h), Some(next)) = (h.get_mut(..written), self.next.get(..written)) {
                h.copy_from_slice(next);
            }
            (below, rest) = (h, above);
        }
        self.model.head(walk, below, outputs, convert);
    }
}

/// Rows of token ids per step; 1 for dense rows.
fn window(spec: &Spec) -> usize {
    match spec.input {
        Input::Dense { .. } => 1,
        Input::Tokens { window, .. } => window,
    }
}

/// A dense row as pairs.
#[inline(always)]
pub(super) fn write_row<T: Copy>(row: &[T], x: &mut [u32], number: impl Fn(T) -> i16) {
    let (whole, last) = row.as_chunks::<2>();
    let pairs = whole.iter().map(|&[low, high]| (number(low), number(high)));
    let last = last.first().map(|&low| (number(low), 0));
    for (x, (low, high)) in x.iter_mut().zip(pairs.chain(last)) {
        *x = pair(low.into(), high.into());
    }
}

/// Probabilities, where the head asks for them.
pub(super) fn softmax(spec: &Spec, rows: &mut [f32]) {
    if let HeadKind::Softmax { outputs: classes } = spec.head.kind {
        Level::detect().run(Softmax { rows, classes });
    }
}
