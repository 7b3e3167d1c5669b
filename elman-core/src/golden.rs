//! Golden vectors: inputs, and the outputs that must come out of them. The proof that travels with a net.

use crate::batch::Batch;
use crate::error::{Error, check_len, check_room};
use crate::forward::forward;
use crate::inputs::Inputs;
use crate::simd::{Level, Strip};
use crate::spec::{Input, Spec};
use crate::stream::Stream;
use crate::weights::Model;

/// Sequences and what a net made of them on the machine that exported it.
///
/// Letters: B sequences, R rows of all of them, I input width, O outputs.
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
    pub const fn golden_width(&self) -> usize {
        match self.input {
            Input::Dense { width } => width,
            Input::Tokens { channels, window } => channels.len() * self.windows(window),
        }
    }

    /// Streams read whole windows, whole sequences hold their own neighbours.
    const fn windows(&self, window: usize) -> usize {
        if self.is_bidirectional() { 1 } else { window }
    }

    /// Golden output rows of `rows` rows in `sequences` sequences.
    pub const fn golden_output_rows(&self, rows: usize, sequences: usize) -> usize {
        if self.is_bidirectional() {
            self.output_rows(rows, sequences)
        } else {
            rows
        }
    }

    /// Strips of scratch for [`Golden::check`], whose longest sequence has `longest` steps: that of a [`Stream`],
    /// or the workspace of a two-directional net.
    pub const fn self_test_scratch(&self, longest: usize) -> usize {
        if self.is_bidirectional() {
            self.workspace_len(longest, 1)
        } else {
            self.stream_len()
        }
    }

    /// Numbers of room for outputs that [`Golden::check`] needs.
    pub const fn self_test_outputs(&self, longest: usize) -> usize {
        if self.is_bidirectional() {
            self.output_rows(longest, 1) * self.output_width()
        } else {
            self.output_width()
        }
    }
}

impl Golden<'_> {
    /// Steps of the longest sequence.
    pub fn longest(&self) -> usize {
        longest(self.lengths)
    }

    /// Checks lengths and token ids against a net.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::InputKind`], [`Error::Token`], or [`Error::Batch`] for an empty sequence.
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
        self.check_whole(level, model, buffers)
    }

    /// The same for nets that stream, step by step. A chip that calls this does not link [`forward()`].
    ///
    /// # Errors
    /// As [`Golden::check`]; [`Error::Steps`] for a two-directional net.
    pub fn check_stream(
        &self,
        level: Level,
        model: &Model,
        buffers: SelfTest,
    ) -> Result<Option<usize>, Error> {
        let (width, columns) = (model.spec().golden_width(), model.spec().output_width());
        let SelfTest {
            state,
            scratch,
            outputs,
        } = self.check_buffers(model.spec(), buffers)?;
        let outputs = outputs.get_mut(..columns).unwrap_or(&mut []);
        let mut stream = Stream::new(level, *model, state, scratch)?;
        let mut row = 0;
        for &length in self.lengths {
            stream.reset();
            for _ in 0..length {
                stream.step(part(self.inputs, row * width, width), outputs)?;
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

    fn check_whole(
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
        let (mut row, mut place) = (0, 0);
        for &length in self.lengths {
            let length = length as usize;
            let batch = Batch::uniform(length, 1)?;
            let numbers = spec.output_rows(length, 1) * spec.output_width();
            let outputs = outputs.get_mut(..numbers).unwrap_or(&mut []);
            let inputs = part(self.inputs, row * width, length * width);
            model.reset(state);
            forward(level, model, &batch, inputs, state, scratch, outputs)?;
            if let Some(wrong) = self.compare(level, place, outputs) {
                return Ok(Some(wrong));
            }
            row += length;
            place += numbers;
        }
        Ok(None)
    }

    /// The first of these outputs that is not what the golden ones from `start` on say.
    fn compare(&self, level: Level, start: usize, found: &[f32]) -> Option<usize> {
        let expected = self.outputs.get(start..).unwrap_or(&[]);
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
        Inputs::Dense(numbers) => Inputs::Dense(numbers.get(start..start + len).unwrap_or(&[])),
        Inputs::Tokens(ids) => Inputs::Tokens(ids.get(start..start + len).unwrap_or(&[])),
    }
}
