//! One time step at a time, in integers.

use super::inputs::{Integers, channels, round_to_16, write_row};
use super::layer::Vectors;
use super::model::QuantizedModel;
use super::words::vector_words;
use crate::error::{Error, check_len, check_room};
use crate::inputs::Inputs;
use crate::simd::Level;

/// An int8 net that is fed step by step and remembers its state.
///
/// ```
/// # use elman_core::{*, quantized::*};
/// # const SPEC: Spec = Spec::dense(2, 3, 1);
/// # let mut words = [0; SPEC.int8().model_len()];
/// # let mut writer = QuantizedWriter::new(&SPEC, &mut words)?;
/// # writer.head(0.5)?;
/// # let row = QuantizedRow { input_weights: &[0; 3], recurrent_weights: &[], bias: 3, input_multiplier: 0, recurrent_multiplier: 0 };
/// # writer.head_row(0, row)?;
/// # let model = QuantizedModel::new(SPEC, &words)?;
/// let (mut state, mut scratch) = ([0; SPEC.int8().state_len()], [0; SPEC.int8().stream_len()]);
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
    /// For softmax in `f32`; integers are the same on every level.
    level: Level,
    state: &'a mut [u32],
    /// Room for a row of inputs.
    x: &'a mut [u32],
    /// Room for the new state of the widest layer.
    h_next: &'a mut [u32],
}

impl<'a> QuantizedStream<'a> {
    /// A stream at its initial state, in the caller's `state` ([`Int8Lengths::state_len`](super::Int8Lengths::state_len)) and `scratch`
    /// ([`Int8Lengths::stream_len`](super::Int8Lengths::stream_len), which may hold anything).
    ///
    /// # Errors
    /// [`Error::Steps`] for a two-directional net, [`Error::Length`] naming the slice.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let mut words = [0; SPEC.int8().model_len()];
    /// # let mut writer = QuantizedWriter::new(&SPEC, &mut words)?;
    /// # let row = QuantizedRow { input_weights: &[0; 3], recurrent_weights: &[], bias: 3, input_multiplier: 0, recurrent_multiplier: 0 };
    /// # writer.head(0.5)?;
    /// # writer.head_row(0, row)?;
    /// let model = QuantizedModel::new(SPEC, &words)?;
    /// let (mut state, mut scratch) = ([9; SPEC.int8().state_len()], [9; SPEC.int8().stream_len()]);
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
        check_len("state", spec.int8().state_len(), state.len())?;
        check_room("scratch", spec.int8().stream_len(), scratch.len())?;
        let inputs = vector_words(spec.int8().input_blocks());
        let (x, h_next) = scratch.split_at_mut_checked(inputs).unwrap_or_default();
        model.reset(state);
        Ok(Self {
            model,
            level: Level::detect(),
            state,
            x,
            h_next,
        })
    }

    /// The net.
    pub(crate) const fn model(&self) -> &QuantizedModel<'a> {
        &self.model
    }

    /// Back to the initial state.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let mut words = [0; SPEC.int8().model_len()];
    /// # let mut writer = QuantizedWriter::new(&SPEC, &mut words)?;
    /// # let layer = Place { layer: 0, reverse: false };
    /// # writer.matrix(layer, 4, 1.0 / 32768.0)?;
    /// # writer.row(layer, 0, QuantizedRow { input_weights: &[64, 0], recurrent_weights: &[16, 0, 0], bias: 0, input_multiplier: 16384, recurrent_multiplier: 16384 })?;
    /// # writer.head_row(0, QuantizedRow { input_weights: &[64, 0, 0], recurrent_weights: &[], bias: 0, input_multiplier: 16384, recurrent_multiplier: 0 })?;
    /// # let model = QuantizedModel::new(SPEC, &words)?;
    /// # let (mut state, mut scratch) = ([0; SPEC.int8().state_len()], [0; SPEC.int8().stream_len()]);
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

    /// Feeds one step and writes the head's output: what [`Stream::step`](crate::Stream::step) does, but for the error of
    /// rounding. Softmax is computed in `f32`.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::InputKind`] or [`Error::Token`]; the state stays as it was.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let mut words = [0; SPEC.int8().model_len()];
    /// # let mut writer = QuantizedWriter::new(&SPEC, &mut words)?;
    /// # let row = QuantizedRow { input_weights: &[0; 3], recurrent_weights: &[], bias: 3, input_multiplier: 0, recurrent_multiplier: 0 };
    /// # writer.head(0.5)?;
    /// # writer.head_row(0, row)?;
    /// # let model = QuantizedModel::new(SPEC, &words)?;
    /// # let (mut state, mut scratch) = ([0; SPEC.int8().state_len()], [0; SPEC.int8().stream_len()]);
    /// // A net that always answers three units of 0.5.
    /// let mut net = QuantizedStream::new(model, &mut state, &mut scratch)?;
    /// let mut y = [0.0];
    /// net.step(Inputs::Dense(&[0.5, -1.0]), &mut y)?;
    /// assert_eq!(y, [1.5]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn step(&mut self, inputs: Inputs, outputs: &mut [f32]) -> Result<(), Error> {
        let spec = self.model.spec();
        inputs.check(spec, spec.input.rows_per_step())?;
        check_len("outputs", spec.output_width(), outputs.len())?;
        self.take(inputs);
        let unit = self.model.unit();
        self.step_layers(outputs, |logit| logit as f32 * unit);
        self.model.softmax(self.level, outputs);
        Ok(())
    }

    /// The same where nobody reads the output: the head is not computed.
    ///
    /// # Errors
    /// As [`QuantizedStream::step`].
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let mut words = [0; SPEC.int8().model_len()];
    /// # let mut writer = QuantizedWriter::new(&SPEC, &mut words)?;
    /// # let layer = Place { layer: 0, reverse: false };
    /// # writer.matrix(layer, 4, 1.0 / 32768.0)?;
    /// # writer.row(layer, 0, QuantizedRow { input_weights: &[64, 0], recurrent_weights: &[16, 0, 0], bias: 0, input_multiplier: 16384, recurrent_multiplier: 16384 })?;
    /// # writer.head(0.5)?;
    /// # writer.head_row(0, QuantizedRow { input_weights: &[64, 0, 0], recurrent_weights: &[], bias: 0, input_multiplier: 16384, recurrent_multiplier: 0 })?;
    /// # writer.input_scale(8000.0);
    /// # let model = QuantizedModel::new(SPEC, &words)?;
    /// # let (mut state, mut scratch) = ([0; SPEC.int8().state_len()], [0; SPEC.int8().stream_len()]);
    /// let mut net = QuantizedStream::new(model, &mut state, &mut scratch)?;
    /// let (mut read, mut last) = ([0.0], [0.0]);
    /// net.step(Inputs::Dense(&[1.0, 0.0]), &mut read)?;
    /// net.step(Inputs::Dense(&[-0.1, 0.0]), &mut read)?;
    /// net.reset();
    /// net.step_unread(Inputs::Dense(&[1.0, 0.0]))?;
    /// net.step(Inputs::Dense(&[-0.1, 0.0]), &mut last)?;
    /// assert_eq!(last, read);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn step_unread(&mut self, inputs: Inputs) -> Result<(), Error> {
        let spec = self.model.spec();
        inputs.check(spec, spec.input.rows_per_step())?;
        self.take(inputs);
        self.step_layers(&mut [], |logit| logit);
        Ok(())
    }

    /// The same in integers from end to end: `logits` are worth [`QuantizedModel::unit`] each, and the largest one is the
    /// most probable class.
    ///
    /// # Errors
    /// As [`QuantizedStream::step`].
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let mut words = [0; SPEC.int8().model_len()];
    /// # let mut writer = QuantizedWriter::new(&SPEC, &mut words)?;
    /// # let row = QuantizedRow { input_weights: &[0; 3], recurrent_weights: &[], bias: 3, input_multiplier: 0, recurrent_multiplier: 0 };
    /// # writer.head(0.5)?;
    /// # writer.head_row(0, row)?;
    /// # let model = QuantizedModel::new(SPEC, &words)?;
    /// # let (mut state, mut scratch) = ([0; SPEC.int8().state_len()], [0; SPEC.int8().stream_len()]);
    /// // A net that always answers three units. A sensor's samples go in as they are.
    /// let mut net = QuantizedStream::new(model, &mut state, &mut scratch)?;
    /// let mut logits = [0];
    /// net.step_integers(Integers::Dense(&[1200, -340]), &mut logits)?;
    /// assert_eq!(logits, [3]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn step_integers(&mut self, inputs: Integers, logits: &mut [i32]) -> Result<(), Error> {
        let outputs = self.model.spec().output_width();
        self.step_rows(inputs, outputs, logits)
    }

    /// The same where nobody reads the logits: the head is not computed.
    ///
    /// # Errors
    /// As [`QuantizedStream::step`].
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let mut words = [0; SPEC.int8().model_len()];
    /// # let mut writer = QuantizedWriter::new(&SPEC, &mut words)?;
    /// # let layer = Place { layer: 0, reverse: false };
    /// # writer.matrix(layer, 4, 1.0 / 32768.0)?;
    /// # writer.row(layer, 0, QuantizedRow { input_weights: &[64, 0], recurrent_weights: &[16, 0, 0], bias: 0, input_multiplier: 16384, recurrent_multiplier: 16384 })?;
    /// # writer.head_row(0, QuantizedRow { input_weights: &[64, 0, 0], recurrent_weights: &[], bias: 0, input_multiplier: 16384, recurrent_multiplier: 0 })?;
    /// # let model = QuantizedModel::new(SPEC, &words)?;
    /// # let (mut state, mut scratch) = ([0; SPEC.int8().state_len()], [0; SPEC.int8().stream_len()]);
    /// let mut net = QuantizedStream::new(model, &mut state, &mut scratch)?;
    /// let (mut read, mut last) = ([0], [0]);
    /// net.step_integers(Integers::Dense(&[8000, 0]), &mut read)?;
    /// net.step_integers(Integers::Dense(&[-900, 0]), &mut read)?;
    /// net.reset();
    /// net.step_integers_unread(Integers::Dense(&[8000, 0]))?;
    /// net.step_integers(Integers::Dense(&[-900, 0]), &mut last)?;
    /// assert_eq!(last, read);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn step_integers_unread(&mut self, inputs: Integers) -> Result<(), Error> {
        self.step_rows(inputs, 0, &mut [])
    }

    /// A step of which the first `outputs` logits are computed.
    #[inline(always)]
    fn step_rows(
        &mut self,
        inputs: Integers,
        outputs: usize,
        logits: &mut [i32],
    ) -> Result<(), Error> {
        let spec = self.model.spec();
        inputs.check(spec, spec.input.rows_per_step())?;
        check_len("logits", outputs, logits.len())?;
        match inputs {
            Integers::Dense(row) => write_row(row, self.x, |x| x),
            Integers::Tokens(ids) => self.embed_window(ids),
        }
        self.step_layers(logits, |logit| logit);
        Ok(())
    }

    /// x = a row of numbers, rounded to the net's units, or embeddings.
    #[inline(always)]
    fn take(&mut self, inputs: Inputs) {
        match inputs {
            Inputs::Dense(row) => {
                let scale = self.model.input_scale();
                write_row(row, self.x, |x| round_to_16(x, scale));
            }
            Inputs::Tokens(ids) => self.embed_window(ids),
        }
    }

    /// x = the embeddings of a window of token ids, (window, channels).
    fn embed_window(&mut self, ids: &[u32]) {
        let spec = *self.model.spec();
        let channels = channels(&spec);
        let mut x = &mut *self.x;
        for ids in ids.chunks_exact(channels.len().max(1)) {
            x = self.model.embed(channels, ids.iter().copied(), x);
        }
    }

    /// `h[t] = f(x[t], h[t-1])` of every layer, and the head.
    #[inline(always)]
    fn step_layers<T>(&mut self, outputs: &mut [T], convert: impl Fn(i32) -> T) {
        let spec = self.model.spec();
        let mut x: &[u32] = self.x;
        let mut state = &mut *self.state;
        let mut matrices = self.model.matrices();
        for &layer in spec.layers.as_slice() {
            let step = matrices.next_layer(layer);
            let Some((h, above)) = state.split_at_mut_checked(vector_words(step.matrix.h_blocks))
            else {
                debug_assert!(false, "the state has a part for every layer");
                return;
            };
            let c_words = (layer.cell.facts().states - 1) * h.len();
            let Some((c, above)) = above.split_at_mut_checked(c_words) else {
                debug_assert!(false, "and for its c");
                return;
            };
            step.run(Vectors {
                x,
                h_prev: h,
                h_t: &mut *self.h_next,
                c,
            });
            let written = step.words_written();
            if let (Some(h), Some(next)) = (h.get_mut(..written), self.h_next.get(..written)) {
                h.copy_from_slice(next);
            }
            (x, state) = (h, above);
        }
        self.model.head(matrices, x, outputs, convert);
    }
}
