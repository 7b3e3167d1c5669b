//! A net that is fed raw samples and answers in the units of the data.

use super::curve::Readout;
use super::net::Streaming;
use super::turns::{golden_row, turns};
use crate::error::{Error, check_len};
use crate::inputs::Inputs;
use crate::simd::Level;

pub(super) mod sealed {
    pub trait Sealed {}
}

/// What makes rows of inputs of raw samples: [`Estimates`](super::Estimates) or a [`Series`](super::Series).
pub trait Source: sealed::Sealed {
    /// Numbers of a raw sample.
    fn columns(&self) -> usize;
    /// Numbers that the net reads at a step.
    fn width(&self) -> usize;
    /// Numbers that are estimated.
    fn targets(&self) -> usize;
    /// By how many samples a step is late.
    fn delay(&self) -> usize;
    /// How many raw numbers were not finite so far.
    fn missing(&self) -> u32;
    /// Before the first sample of a sequence; the count of what was missing goes on.
    fn reset(&mut self);
    /// A raw sample, of which the number at place `missing` is taken for a NaN; whether a step can be done now.
    ///
    /// # Errors
    /// [`Error::Length`] unless there is a number for every column.
    fn push(&mut self, raw: &[f32], missing: Option<usize>) -> Result<bool, Error>;
    /// A row behind the end of the sequence; whether a step can be done now.
    fn push_outside(&mut self) -> bool;
    /// What the net reads at the step that can be done.
    fn row(&self) -> &[f32];
    /// What the sums expect there, target by target.
    fn expected(&self) -> &[f32];
}

/// Raw samples in a known order with what must come of them: the proof of the whole way.
#[derive(Clone, Copy, Debug)]
pub struct NumberGolden<'a> {
    /// Samples of each sequence.
    pub lengths: &'a [u32],
    /// Raw numbers, sample by sample.
    pub raw: &'a [f32],
    /// Which of them is fed as a NaN.
    pub missing: usize,
    /// Outputs of the net, step by step; nothing where answers alone are compared.
    pub outputs: &'a [f32],
    /// Answers, step by step.
    pub values: &'a [f32],
    /// How far an output may be off where multiply-adds are not fused.
    pub tolerance: f32,
    /// How far the answer of each target may be off then.
    pub value_tolerance: &'a [f32],
}

/// A net that is fed raw samples and answers in the units of the data.
///
/// ```
/// # use elman_core::*;
/// # use elman_core::feed::*;
/// # struct Next;
/// # impl Shape for Next {
/// #     const SPEC: Spec = Spec::dense(3, 8, 1);
/// # }
/// # let params = [0.0; Next::SPEC.params_len()];
/// # let mut packed = [Strip::ZERO; Next::SPEC.packed_len()];
/// # pack(&Next::SPEC, &params, &mut packed)?;
/// # let (mut state, mut scratch) = ([0.0; Next::SPEC.state_len()], [Strip::ZERO; Next::SPEC.stream_len()]);
/// let net = FixedStream::<Next>::new(Level::detect(), &[], &packed, &mut state, &mut scratch)?;
/// // A series that is expected to go on as it came: as much more as last time. This net knows nothing to add.
/// static CENTERS: [Split; 1] = [Split::new(20.0)];
/// static INPUTS: [ColumnScale; 3] = [ColumnScale::new(0.0, 1.0); 3];
/// const LAGS: Lags = Lags {
///     curve: Curve::Identity, centers: &CENTERS, weights: &[1.0], inputs: &INPUTS, farthest: 4.0, span: 1, base: Some(0), offset: 0.0,
/// };
/// let (mut memory, mut outputs) = ([0.0; LAGS.memory_len()], [0.0; 1]);
/// let readouts = [Readout { curve: Curve::Identity, residual: 0.1, start: CENTERS[0] }];
/// let mut feed = NumberFeed::new(net, Series::new(LAGS, &mut memory)?, &readouts, &mut outputs)?;
/// let mut next = [0.0];
/// feed.feed_unread(&[20.0])?;
/// assert!(feed.feed(&[21.5], &mut next)?);
/// assert_eq!(next, [23.0]);
/// assert_eq!(feed.bounds(0, 0.5), Some([22.5, 23.5]));
/// // What is missing is what it was before.
/// feed.feed(&[f32::NAN], &mut next)?;
/// assert_eq!((next, feed.missing()), ([21.5], 1));
/// feed.feed_unread(&[22.0])?;
/// assert_eq!(feed.bounds(0, 0.5), None);
/// feed.reset();
/// # Ok::<(), Error>(())
/// ```
pub struct NumberFeed<'a, N, F> {
    net: N,
    source: F,
    readouts: &'a [Readout],
    outputs: &'a mut [f32],
    /// Steps that wait for later samples.
    waiting: usize,
    /// Whether what is expected and `outputs` are those of one answer.
    is_answered: bool,
}

impl<'a, N: Streaming, F: Source> NumberFeed<'a, N, F> {
    /// A net before the first sample. `outputs` has a number for every output of the net.
    ///
    /// # Errors
    /// [`Error::Length`] naming what does not fit the net.
    pub fn new(
        net: N,
        source: F,
        readouts: &'a [Readout],
        outputs: &'a mut [f32],
    ) -> Result<Self, Error> {
        let targets = net.spec().output_width();
        check_len("inputs", net.spec().input_width(), source.width())?;
        check_len("targets", targets, source.targets())?;
        check_len("readouts", targets, readouts.len())?;
        check_len("outputs", targets, outputs.len())?;
        let mut feed = Self {
            net,
            source,
            readouts,
            outputs,
            waiting: 0,
            is_answered: false,
        };
        feed.reset();
        Ok(feed)
    }

    /// Before the first sample of a sequence; the count of what was missing goes on.
    pub fn reset(&mut self) {
        self.net.reset();
        self.source.reset();
        self.waiting = 0;
        self.is_answered = false;
    }

    /// A raw sample, and into `out` the answer for every target in the units of the data; whether there is one: not for the first
    /// [`NumberFeed::delay`] samples.
    ///
    /// # Errors
    /// [`Error::Length`] unless there is a number for every column and target.
    #[inline]
    pub fn feed(&mut self, raw: &[f32], out: &mut [f32]) -> Result<bool, Error> {
        check_len("out", self.readouts.len(), out.len())?;
        let is_ready = self.push(raw, None)?;
        if is_ready {
            self.answer(out)?;
        }
        Ok(is_ready)
    }

    /// A raw sample after which nobody asks: the head is not computed.
    ///
    /// # Errors
    /// As [`NumberFeed::feed`].
    #[inline]
    pub fn feed_unread(&mut self, raw: &[f32]) -> Result<(), Error> {
        if self.push(raw, None)? {
            self.net.step_unread(Inputs::Dense(self.source.row()))?;
        }
        Ok(())
    }

    /// After the end of a sequence: the next of the steps that waited for later samples, and its answer; whether one did.
    ///
    /// # Errors
    /// [`Error::Length`] unless there is a number for every target.
    pub fn end(&mut self, out: &mut [f32]) -> Result<bool, Error> {
        check_len("out", self.readouts.len(), out.len())?;
        if self.waiting == 0 {
            return Ok(false);
        }
        self.waiting -= 1;
        self.is_answered = false;
        // A sequence that is shorter than half a window has more rows behind it.
        for _ in 0..self.source.delay() {
            if self.source.push_outside() {
                self.answer(out)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The net.
    pub const fn net_mut(&mut self) -> &mut N {
        &mut self.net
    }

    /// By how many samples an answer is late.
    pub fn delay(&self) -> usize {
        self.source.delay()
    }

    /// How many raw numbers were not finite so far.
    pub fn missing(&self) -> u32 {
        self.source.missing()
    }

    /// Where the last answer for a target should lie, if it may be off by `reach` on its curve; none where there is no such target, or
    /// nothing was answered since the last sample or reset.
    pub fn bounds(&self, target: usize, reach: f32) -> Option<[f32; 2]> {
        if !self.is_answered {
            return None;
        }
        let (expected, output) = (self.source.expected(), self.outputs.get(target)?);
        let readout = self.readouts.get(target)?;
        Some(readout.bounds(*expected.get(target)?, *output, reach))
    }

    fn push(&mut self, raw: &[f32], missing: Option<usize>) -> Result<bool, Error> {
        self.is_answered = false;
        let is_ready = self.source.push(raw, missing)?;
        self.waiting += usize::from(!is_ready);
        Ok(is_ready)
    }

    /// The step that can be done now.
    fn answer(&mut self, out: &mut [f32]) -> Result<(), Error> {
        self.net
            .step(Inputs::Dense(self.source.row()), self.outputs)?;
        let pairs = self.source.expected().iter().zip(self.outputs.iter());
        for ((place, readout), (&expected, &output)) in out.iter_mut().zip(self.readouts).zip(pairs)
        {
            *place = readout.value(expected, output);
        }
        self.is_answered = true;
        Ok(())
    }

    /// Runs golden samples and resets: the place of the first output or answer that is wrong, counted over those of all steps, or `None`.
    /// Where the level [is fused](Level::is_fused) every bit must be the same, elsewhere numbers may be off by the tolerances.
    /// `out` has a number for every target, and may hold anything.
    ///
    /// # Errors
    /// [`Error::Length`] if there is not a number for every column of every sample.
    pub fn check(
        &mut self,
        level: Level,
        golden: &NumberGolden,
        out: &mut [f32],
    ) -> Result<Option<usize>, Error> {
        check_len("out", self.readouts.len(), out.len())?;
        let columns = self.source.columns();
        let (mut sample, mut place) = (0, 0);
        for turn in turns(golden.lengths, self.delay()) {
            if turn.is_first {
                self.reset();
            }
            let is_ready = if turn.is_sample {
                let start = sample * columns;
                sample += 1;
                let missing = golden.missing.checked_sub(start);
                let missing = missing.filter(|&place| place < columns);
                self.push(golden_row(golden.raw, start, columns), missing)?
            } else {
                self.source.push_outside()
            };
            if !is_ready {
                continue;
            }
            self.answer(out)?;
            if let Some(wrong) = self.first_wrong(level, golden, place, out) {
                self.reset();
                return Ok(Some(place + wrong));
            }
            place += out.len();
        }
        self.reset();
        Ok(None)
    }

    /// Where a step differs from golden numbers from a place on.
    fn first_wrong(
        &self,
        level: Level,
        golden: &NumberGolden,
        place: usize,
        out: &[f32],
    ) -> Option<usize> {
        let is_right = |found: f32, golden: Option<&f32>, tolerance: f32| {
            golden.is_some_and(|&golden| {
                let distance = found - golden;
                let near = distance <= tolerance && -distance <= tolerance;
                found.to_bits() == golden.to_bits() || near && !level.is_fused()
            })
        };
        let pairs = self.outputs.iter().zip(out).enumerate();
        for (target, (&output, &value)) in pairs {
            let at = place + target;
            let reach = golden.value_tolerance.get(target).copied().unwrap_or(0.0);
            let is_output_right = golden.outputs.is_empty()
                || is_right(output, golden.outputs.get(at), golden.tolerance);
            if !is_output_right || !is_right(value, golden.values.get(at), reach) {
                return Some(target);
            }
        }
        None
    }
}
