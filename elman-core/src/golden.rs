//! Golden vectors: inputs, and the outputs that must come out of them. The proof that travels with a net.

use crate::batch::Batch;
use crate::error::{Error, check_len, check_room};
use crate::fixed::{FixedStream, Shape};
use crate::forward::forward;
use crate::inputs::Inputs;
use crate::model::Model;
use crate::simd::{Level, Strip};
use crate::slices::{at, at_mut};
use crate::spec::{Input, Spec};
use crate::stream::Stream;

/// Sequences and what a net made of them on the machine that exported it.
///
/// Letters: B sequences, R rows of all of them, I input width, O outputs.
///
/// ```
/// # use elman_core::*;
/// // A sequence of three steps, one of a single step, two inputs each.
/// let inputs = Inputs::Dense(&[0.5, -1.0, 0.0, 0.0, 1.0, 2.0, -0.5, 0.5]);
/// let golden = Golden { lengths: &[3, 1], inputs, outputs: &[0.25; 4], tolerance: 1e-6 };
/// assert_eq!(golden.longest(), 3);
/// golden.check_shape(&Spec::dense(2, 3, 1))?;
/// assert!(golden.check_shape(&Spec::dense(2, 3, 2)).is_err());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Golden<'a> {
    /// Steps of each sequence, (B).
    pub lengths: &'a [u32],
    /// Rows of one sequence after the other, each as [`Stream::step`] takes it: (R, I), or ids
    /// (R, window, channels). For two-directional token nets (R, channels), as [`forward()`] takes them.
    pub inputs: Inputs<'a>,
    /// What comes out: (R, O), also where the head reads the last step, since a stream answers at every step.
    /// For two-directional nets what [`forward()`] gives, sequence by sequence.
    pub outputs: &'a [f32],
    /// How far an output may be off where [`Level::is_fused`] does not hold; elsewhere every bit counts.
    pub tolerance: f32,
}

/// Buffers for [`Golden::check`]; they may hold anything.
///
/// ```
/// # use elman_core::*;
/// # const SPEC: Spec = Spec::dense(2, 3, 1);
/// # let mut params = [0.0; SPEC.params_len()];
/// # params[21] = 0.25;
/// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
/// # pack(&SPEC, &params, &mut packed)?;
/// # let model = Model::new(SPEC, &params, &packed)?;
/// // As on a chip; the net always answers 0.25.
/// let (mut state, mut scratch) = ([0.0; SPEC.state_len()], [Strip::ZERO; SPEC.self_test_scratch(2)]);
/// let mut outputs = [0.0; SPEC.self_test_outputs(2)];
/// let golden = Golden { lengths: &[2], inputs: Inputs::Dense(&[0.5; 4]), outputs: &[0.25, 0.3], tolerance: 1e-6 };
/// let buffers = SelfTest { state: &mut state, scratch: &mut scratch, outputs: &mut outputs };
/// assert_eq!(golden.check_stream(Level::detect(), &model, buffers)?, Some(1)); // 0.3 is wrong
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct SelfTest<'a> {
    /// [`Spec::state_len`] numbers.
    pub state: &'a mut [f32],
    /// [`Spec::self_test_scratch`] strips.
    pub scratch: &'a mut [Strip],
    /// [`Spec::self_test_outputs`] numbers.
    pub outputs: &'a mut [f32],
}

impl Spec {
    /// Ids or numbers per golden row.
    ///
    /// ```
    /// # use elman_core::Spec;
    /// assert_eq!(Spec::dense(6, 32, 5).golden_width(), 6);
    /// ```
    pub const fn golden_width(&self) -> usize {
        match self.input {
            Input::Dense { width } => width,
            Input::Tokens { channels, window } => {
                channels.len().saturating_mul(self.windows(window))
            }
        }
    }

    /// Rows of ids per golden row: a stream is fed the window of every step, a two-directional net the steps of a sequence.
    const fn windows(&self, window: usize) -> usize {
        if self.is_bidirectional() { 1 } else { window }
    }

    /// Golden output rows of `rows` rows in `sequences` sequences.
    ///
    /// ```
    /// # use elman_core::*;
    /// // A stream answers at every step, also where the head reads the last one.
    /// let spec = Spec::dense(6, 32, 5);
    /// let spec = Spec { head: Head { read: Read::LastStep, ..spec.head }, ..spec };
    /// assert_eq!(spec.golden_output_rows(20, 3), 20);
    /// ```
    pub const fn golden_output_rows(&self, rows: usize, sequences: usize) -> usize {
        if self.is_bidirectional() {
            self.output_rows(rows, sequences)
        } else {
            rows
        }
    }

    /// Strips of scratch for [`Golden::check`], whose longest sequence has `longest` steps: that of a [`Stream`],
    /// or the workspace of a two-directional net.
    ///
    /// ```
    /// # use elman_core::{Spec, Strip};
    /// const SPEC: Spec = Spec::dense(6, 32, 5);
    /// let scratch = [Strip::ZERO; SPEC.self_test_scratch(100)];
    /// assert_eq!(scratch.len(), SPEC.stream_len()); // step by step, however long sequences are
    /// ```
    pub const fn self_test_scratch(&self, longest: usize) -> usize {
        if self.is_bidirectional() {
            self.workspace_len(longest, 1)
        } else {
            self.stream_len()
        }
    }

    /// Numbers of room for outputs that [`Golden::check`] needs.
    ///
    /// ```
    /// # use elman_core::Spec;
    /// const SPEC: Spec = Spec::dense(6, 32, 5);
    /// let outputs = [0.0f32; SPEC.self_test_outputs(100)];
    /// assert_eq!(outputs.len(), 5);
    /// ```
    pub const fn self_test_outputs(&self, longest: usize) -> usize {
        if self.is_bidirectional() {
            self.output_rows(longest, 1)
                .saturating_mul(self.output_width())
        } else {
            self.output_width()
        }
    }
}

impl Golden<'_> {
    /// Steps of the longest sequence.
    ///
    /// ```
    /// # use elman_core::*;
    /// let golden = Golden { lengths: &[2, 3], inputs: Inputs::Dense(&[0.5; 5 * 2]), outputs: &[0.25; 5], tolerance: 1e-6 };
    /// assert_eq!(golden.longest(), 3);
    /// ```
    pub fn longest(&self) -> usize {
        longest(self.lengths)
    }

    /// Checks lengths and token ids against a net.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::InputKind`], [`Error::Token`], or [`Error::Batch`] for an empty sequence.
    ///
    /// ```
    /// # use elman_core::*;
    /// let golden = Golden { lengths: &[2, 3], inputs: Inputs::Dense(&[0.5; 5 * 2]), outputs: &[0.25; 5], tolerance: 1e-6 };
    /// assert_eq!(golden.check_shape(&Spec::dense(2, 8, 1)), Ok(()));
    /// assert!(golden.check_shape(&Spec::dense(3, 8, 1)).is_err()); // ten numbers are no five rows of three
    /// ```
    pub fn check_shape(&self, spec: &Spec) -> Result<(), Error> {
        let (input_rows, outputs) = golden_rows(spec, self.lengths)?;
        self.inputs.check(spec, input_rows)?;
        check_len("golden outputs", outputs, self.outputs.len())
    }

    /// Runs the net over the inputs and compares: the index of the first output that is wrong, or `None`. Where
    /// the level [is fused](Level::is_fused) every bit must be the same, elsewhere outputs may be off by the
    /// tolerance. The state is at its end afterwards.
    ///
    /// # Errors
    /// As [`Golden::check_shape`]; [`Error::Length`] naming the buffer.
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let mut params = [0.0; SPEC.params_len()];
    /// # params[21] = 0.25;
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let model = Model::new(SPEC, &params, &packed)?;
    /// # let (mut state, mut scratch) = ([0.0; SPEC.state_len()], [Strip::ZERO; SPEC.self_test_scratch(2)]);
    /// # let mut outputs = [0.0; SPEC.self_test_outputs(2)];
    /// // The net always answers 0.25.
    /// let inputs = Inputs::Dense(&[0.5, -1.0, 0.0, 2.0]);
    /// let golden = Golden { lengths: &[2], inputs, outputs: &[0.25, 0.25], tolerance: 1e-6 };
    /// let buffers = SelfTest { state: &mut state, scratch: &mut scratch, outputs: &mut outputs };
    /// assert_eq!(golden.check(Level::detect(), &model, buffers)?, None);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn check(
        &self,
        level: Level,
        model: &Model,
        buffers: SelfTest,
    ) -> Result<Option<usize>, Error> {
        if !model.spec().is_bidirectional() {
            return self.check_stream(level, model, buffers);
        }
        let buffers = self.check_buffers(model.spec(), buffers)?;
        self.check_sequence(level, model, buffers)
    }

    /// The same for nets that stream, step by step. A chip that calls this does not link [`forward()`].
    ///
    /// # Errors
    /// As [`Golden::check`]; [`Error::Steps`] for a two-directional net.
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let mut params = [0.0; SPEC.params_len()];
    /// # params[21] = 0.25;
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let model = Model::new(SPEC, &params, &packed)?;
    /// # let (mut state, mut scratch) = ([0.0; SPEC.state_len()], [Strip::ZERO; SPEC.self_test_scratch(2)]);
    /// # let mut outputs = [0.0; SPEC.self_test_outputs(2)];
    /// // The net always answers 0.25.
    /// let golden = Golden { lengths: &[2], inputs: Inputs::Dense(&[0.5; 4]), outputs: &[0.25; 2], tolerance: 1e-6 };
    /// let buffers = SelfTest { state: &mut state, scratch: &mut scratch, outputs: &mut outputs };
    /// assert_eq!(golden.check_stream(Level::detect(), &model, buffers)?, None);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn check_stream(
        &self,
        level: Level,
        model: &Model,
        buffers: SelfTest,
    ) -> Result<Option<usize>, Error> {
        let SelfTest {
            state,
            scratch,
            outputs,
        } = self.check_buffers(model.spec(), buffers)?;
        let mut stream = Stream::new(level, *model, state, scratch)?;
        self.check_steps(level, model.spec(), outputs, |is_first, inputs, row| {
            if is_first {
                stream.reset();
            }
            stream.step(inputs, row)
        })
    }

    /// The same with a [`FixedStream`]: a chip that calls this links no more than its net.
    ///
    /// # Errors
    /// As [`Golden::check`].
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let mut params = [0.0; SPEC.params_len()];
    /// # params[21] = 0.25;
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let (mut state, mut scratch) = ([0.0; SPEC.state_len()], [Strip::ZERO; SPEC.self_test_scratch(2)]);
    /// # let mut outputs = [0.0; SPEC.self_test_outputs(2)];
    /// struct Net;
    /// impl Shape for Net {
    ///     const SPEC: Spec = SPEC;
    /// }
    /// // The net always answers 0.25.
    /// let golden = Golden { lengths: &[2], inputs: Inputs::Dense(&[0.5; 4]), outputs: &[0.25; 2], tolerance: 1e-6 };
    /// let buffers = SelfTest { state: &mut state, scratch: &mut scratch, outputs: &mut outputs };
    /// assert_eq!(golden.check_fixed::<Net>(Level::detect(), &[], &packed, buffers)?, None);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn check_fixed<S: Shape>(
        &self,
        level: Level,
        tables: &[f32],
        packed: &[Strip],
        buffers: SelfTest,
    ) -> Result<Option<usize>, Error> {
        let SelfTest {
            state,
            scratch,
            outputs,
        } = self.check_buffers(&S::SPEC, buffers)?;
        let mut stream = FixedStream::<S>::new(level, tables, packed, state, scratch)?;
        self.check_steps(level, &S::SPEC, outputs, |is_first, inputs, row| {
            if is_first {
                stream.reset();
            }
            stream.step(inputs, row)
        })
    }

    /// Feeds every row to `step`, which is told where a sequence starts, and compares what it writes.
    #[inline(always)]
    fn check_steps(
        &self,
        level: Level,
        spec: &Spec,
        outputs: &mut [f32],
        mut step: impl FnMut(bool, Inputs, &mut [f32]) -> Result<(), Error>,
    ) -> Result<Option<usize>, Error> {
        let (width, columns) = (spec.golden_width(), spec.output_width());
        let outputs = at_mut(outputs, ..columns);
        let mut row = 0;
        for &length in self.lengths {
            for t in 0..length {
                step(t == 0, part(self.inputs, row * width, width), outputs)?;
                if let Some(wrong) = self.compare(level, row * columns, outputs) {
                    return Ok(Some(wrong));
                }
                row += 1;
            }
        }
        Ok(None)
    }

    /// The buffers, if they and the golden vectors are as long as the net says.
    fn check_buffers<'b>(&self, spec: &Spec, buffers: SelfTest<'b>) -> Result<SelfTest<'b>, Error> {
        self.check_shape(spec)?;
        let needed = spec.self_test_outputs(self.longest());
        check_room("outputs", needed, buffers.outputs.len())?;
        Ok(buffers)
    }

    /// [`Golden::check`] of a net that reads both ways, one sequence after the other.
    fn check_sequence(
        &self,
        level: Level,
        model: &Model,
        buffers: SelfTest,
    ) -> Result<Option<usize>, Error> {
        let spec = model.spec();
        let SelfTest {
            state,
            scratch,
            outputs,
        } = buffers;
        let width = spec.golden_width();
        let (mut row, mut start) = (0, 0);
        for &length in self.lengths {
            let length = length as usize;
            let batch = Batch::uniform(length, 1)?;
            let numbers = spec.output_rows(length, 1) * spec.output_width();
            let outputs = at_mut(outputs, ..numbers);
            let inputs = part(self.inputs, row * width, length * width);
            model.reset(state);
            forward(level, model, &batch, inputs, state, scratch, outputs)?;
            if let Some(wrong) = self.compare(level, start, outputs) {
                return Ok(Some(wrong));
            }
            row += length;
            start += numbers;
        }
        Ok(None)
    }

    /// The first of these outputs that is not what the golden ones from `start` on say.
    fn compare(&self, level: Level, start: usize, found: &[f32]) -> Option<usize> {
        let expected = at(self.outputs, start..);
        let is_right = |(&found, &expected): (&f32, &f32)| {
            let same = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
            let distance = found - expected;
            let near = distance <= self.tolerance && -distance <= self.tolerance;
            same || near && !level.is_fused()
        };
        let wrong = found.iter().zip(expected).position(|pair| !is_right(pair));
        wrong.map(|index| start + index)
    }
}

/// Steps of the longest sequence.
pub(crate) fn longest(lengths: &[u32]) -> usize {
    let longer = |longest, &length| if length > longest { length } else { longest };
    lengths.iter().fold(0, longer) as usize
}

/// Rows of inputs (for streams of tokens: of each neighbour in the window) and numbers of outputs that sequences of these
/// lengths have.
///
/// # Errors
/// [`Error::Batch`] for an empty sequence.
pub(crate) fn golden_rows(spec: &Spec, lengths: &[u32]) -> Result<(usize, usize), Error> {
    let mut rows = 0usize;
    for &length in lengths {
        if length == 0 {
            return Err(Error::Batch("a golden sequence has no steps"));
        }
        rows = rows.saturating_add(length as usize);
    }
    let windows = match spec.input {
        Input::Dense { .. } => 1,
        Input::Tokens { window, .. } => spec.windows(window),
    };
    let outputs = spec
        .golden_output_rows(rows, lengths.len())
        .saturating_mul(spec.output_width());
    Ok((rows.saturating_mul(windows), outputs))
}

/// Some of the inputs.
fn part(inputs: Inputs<'_>, start: usize, len: usize) -> Inputs<'_> {
    match inputs {
        Inputs::Dense(numbers) => Inputs::Dense(at(numbers, start..start + len)),
        Inputs::Tokens(ids) => Inputs::Tokens(at(ids, start..start + len)),
    }
}
