//! Golden vectors of an int8 net: the proof that travels with it. Every logit must be the same everywhere.

use super::inputs::Integers;
use super::model::QuantizedModel;
use super::stream::QuantizedStream;
use crate::error::{Error, check_len, check_room};
use crate::golden::{golden_rows, longest};
use crate::slices::{at, at_mut};
use crate::spec::Spec;

/// Sequences and what a net made of them on the machine that exported it.
///
/// Letters: B sequences, R rows of all of them, I input width, O outputs.
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
/// // The head's bias is 3, and its weights are zero.
/// let (mut state, mut logits) = ([0; SPEC.int8().state_len()], [0; SPEC.self_test_outputs(2)]);
/// let mut scratch = [0; SPEC.int8().self_test_len(2)];
/// let golden = QuantizedGolden { lengths: &[2], inputs: Integers::Dense(&[10, -10, 0, 5]), logits: &[3, 3] };
/// let buffers = QuantizedSelfTest { state: &mut state, scratch: &mut scratch, logits: &mut logits };
/// assert_eq!(golden.check(&model, buffers)?, None);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct QuantizedGolden<'a> {
    /// Steps of each sequence, (B).
    pub lengths: &'a [u32],
    /// Rows of one sequence after the other, as [`Golden::inputs`](crate::Golden::inputs) has them.
    pub inputs: Integers<'a>,
    /// What comes out, as [`Golden::outputs`](crate::Golden::outputs) has it, before any softmax.
    pub logits: &'a [i32],
}

/// Buffers for [`QuantizedGolden::check`]; they may hold anything.
///
/// ```
/// # use elman_core::{*, quantized::*};
/// const SPEC: Spec = Spec::dense(2, 3, 1);
/// static WORDS: [u32; SPEC.int8().model_len()] = [0; SPEC.int8().model_len()];
/// let (mut state, mut logits) = ([0; SPEC.int8().state_len()], [0; SPEC.self_test_outputs(2)]);
/// let mut scratch = [0; SPEC.int8().self_test_len(2)];
/// let golden = QuantizedGolden { lengths: &[2], inputs: Integers::Dense(&[0; 4]), logits: &[0, 1] };
/// let buffers = QuantizedSelfTest { state: &mut state, scratch: &mut scratch, logits: &mut logits };
/// // All weights are zero, so all logits are 0: the second one should not be 1.
/// assert_eq!(golden.check_stream(&QuantizedModel::new(SPEC, &WORDS)?, buffers)?, Some(1));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct QuantizedSelfTest<'a> {
    /// [`Int8Lengths::state_len`](super::Int8Lengths::state_len) words.
    pub state: &'a mut [u32],
    /// [`Int8Lengths::self_test_len`](super::Int8Lengths::self_test_len) words.
    pub scratch: &'a mut [u32],
    /// [`Spec::self_test_outputs`] numbers.
    pub logits: &'a mut [i32],
}

impl QuantizedGolden<'_> {
    /// Steps of the longest sequence.
    pub fn longest(&self) -> usize {
        longest(self.lengths)
    }

    /// Runs the net over the inputs and compares: the index of the first logit that is wrong, or `None`. The state is
    /// at its end afterwards.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::InputKind`], [`Error::Token`], or [`Error::Batch`] for an empty sequence.
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
    /// # let (mut state, mut logits) = ([0; SPEC.int8().state_len()], [0; SPEC.self_test_outputs(2)]);
    /// # let mut scratch = [0; SPEC.int8().self_test_len(2)];
    /// // A net that always answers three units.
    /// let golden = QuantizedGolden { lengths: &[2], inputs: Integers::Dense(&[10, -10, 0, 5]), logits: &[3, 4] };
    /// let buffers = QuantizedSelfTest { state: &mut state, scratch: &mut scratch, logits: &mut logits };
    /// assert_eq!(golden.check(&model, buffers)?, Some(1)); // 4 is wrong
    /// # Ok::<(), Error>(())
    /// ```
    pub fn check(
        &self,
        model: &QuantizedModel,
        buffers: QuantizedSelfTest,
    ) -> Result<Option<usize>, Error> {
        if !model.spec().is_bidirectional() {
            return self.check_stream(model, buffers);
        }
        self.check_room(model.spec(), &buffers)?;
        let spec = model.spec();
        let width = spec.golden_width();
        let (mut row, mut start) = (0, 0);
        for &length in self.lengths {
            let length = length as usize;
            let numbers = spec.output_rows(length, 1) * spec.output_width();
            let logits = at_mut(buffers.logits, ..numbers);
            let inputs = part(self.inputs, row * width, length * width);
            model.reset(buffers.state);
            model.forward_integers(inputs, length, buffers.state, buffers.scratch, logits)?;
            if let Some(wrong) = self.compare(start, logits) {
                return Ok(Some(wrong));
            }
            row += length;
            start += numbers;
        }
        Ok(None)
    }

    /// The same for nets that stream, step by step. A chip that calls this does not link
    /// [`QuantizedModel::forward_integers`].
    ///
    /// # Errors
    /// As [`QuantizedGolden::check`]; [`Error::Steps`] for a two-directional net.
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
    /// # let (mut state, mut logits) = ([0; SPEC.int8().state_len()], [0; SPEC.self_test_outputs(2)]);
    /// # let mut scratch = [0; SPEC.int8().self_test_len(2)];
    /// // A net that always answers three units.
    /// let golden = QuantizedGolden { lengths: &[2], inputs: Integers::Dense(&[10, -10, 0, 5]), logits: &[3, 4] };
    /// let buffers = QuantizedSelfTest { state: &mut state, scratch: &mut scratch, logits: &mut logits };
    /// assert_eq!(golden.check_stream(&model, buffers)?, Some(1)); // 4 is wrong
    /// # Ok::<(), Error>(())
    /// ```
    pub fn check_stream(
        &self,
        model: &QuantizedModel,
        buffers: QuantizedSelfTest,
    ) -> Result<Option<usize>, Error> {
        let spec = model.spec();
        self.check_room(spec, &buffers)?;
        let (width, columns) = (spec.golden_width(), spec.output_width());
        let QuantizedSelfTest {
            state,
            scratch,
            logits,
        } = buffers;
        let logits = at_mut(logits, ..columns);
        let mut stream = QuantizedStream::new(*model, state, scratch)?;
        let mut row = 0;
        for &length in self.lengths {
            stream.reset();
            for _ in 0..length {
                stream.step_integers(part(self.inputs, row * width, width), logits)?;
                if let Some(wrong) = self.compare(row * columns, logits) {
                    return Ok(Some(wrong));
                }
                row += 1;
            }
        }
        Ok(None)
    }

    /// Whether lengths, inputs and logits fit each other and a net.
    pub(crate) fn check_shape(&self, spec: &Spec) -> Result<(), Error> {
        let (input_rows, outputs) = golden_rows(spec, self.lengths)?;
        self.inputs.check(spec, input_rows)?;
        check_len("golden logits", outputs, self.logits.len())
    }

    /// Whether a net and its buffers fit.
    fn check_room(&self, spec: &Spec, buffers: &QuantizedSelfTest) -> Result<(), Error> {
        self.check_shape(spec)?;
        let needed = spec.self_test_outputs(longest(self.lengths));
        check_room("logits", needed, buffers.logits.len())
    }

    /// The first of these logits that is not what the golden ones from `start` on say.
    fn compare(&self, start: usize, found: &[i32]) -> Option<usize> {
        let expected = at(self.logits, start..);
        let mut pairs = found.iter().zip(expected);
        let wrong = pairs.position(|(found, expected)| found != expected);
        wrong.map(|index| start + index)
    }
}

/// Some of the inputs.
fn part(inputs: Integers<'_>, start: usize, len: usize) -> Integers<'_> {
    match inputs {
        Integers::Dense(numbers) => Integers::Dense(at(numbers, start..start + len)),
        Integers::Tokens(ids) => Integers::Tokens(at(ids, start..start + len)),
    }
}
