//! Around a net on a chip: raw samples in, events or numbers out.
//!
//! [`Samples`] puts raw numbers on the scale of training and lays rows of neighbours side by side; [`Events`] smooths what the
//! net says of its classes and tells when one of them has come; [`Feed`] is both around a net that streams. Nets that answer with
//! numbers have a [`NumberFeed`] around them: behind [`Estimates`] of a few rows, or behind a [`Series`] that is forecast, and with
//! a [`Readout`] back to the units of the data. All of it is single
//! precision in a fixed order without multiply-adds, so every machine computes the same bits, with or without an FPU. What
//! `elman export` writes is made of the same operations.
//!
//! Around an int8 net [`QuantizedFeed`] does the same without a float: [`IntegerScale`] takes a raw number to the whole number that the net
//! reads, and [`IntegerEvents`] reads logits. Their integers are the same on every machine. Answers that are numbers are on curves and scales, so
//! there a [`NumberFeed`] goes around the [`QuantizedStream`](crate::quantized::QuantizedStream): the net alone is in whole numbers.
//!
//! ```
//! use elman_core::feed::*;
//! // Two columns whose mean and deviation training has found; values beyond ten deviations are cut.
//! let columns = [ColumnScale::new(20.0, 0.5), ColumnScale::new(-3.0, 2.0)];
//! let mut rows = [0.0; Samples::rows_len(2, 3)];
//! let mut samples = Samples::new(&columns, 10.0, 3, &mut rows)?;
//! // Three neighbouring rows make a step, so the first sample is not enough, and every step comes one sample late.
//! assert_eq!(samples.push(&[21.0, -3.0])?, None);
//! assert_eq!(samples.push(&[f32::NAN, 1.0])?, Some(&[0.0, 0.0, 2.0, 0.0, 0.0, 2.0][..]));
//! assert_eq!(samples.missing(), 1);
//! # Ok::<(), elman_core::Error>(())
//! ```

mod chances;
mod curve;
mod events;
mod integer_events;
mod net;
mod numbers;
mod quantized;
mod regression;
mod samples;
mod series;
mod turns;
mod whole;

pub use crate::image::{FrontBuffers, FrontFeed, NumberFront, NumberReads, Readouts};
pub use chances::IntegerSoftmax;
pub use curve::{Curve, Readout, Split};
pub use events::{Event, Events, Rule};
pub use integer_events::{IntegerEvent, IntegerEvents, IntegerRule};
pub use net::Streaming;
pub use numbers::{NumberFeed, NumberGolden, Source};
pub use quantized::{QuantizedFeed, QuantizedFeedBuffers, QuantizedFeedGolden};
pub use regression::{Estimates, Regression};
pub use samples::{Column, ColumnScale, Samples};
pub use series::{Lags, Series};
pub use whole::IntegerScale;

use crate::error::{Error, check_len};
use crate::golden::Golden;
use crate::inputs::Inputs;
use crate::simd::Level;
use turns::{golden_row, last_of, turns};

/// Room that a [`Feed`] works in.
#[derive(Debug)]
pub struct FeedBuffers<'a> {
    /// [`Samples::rows_len`] numbers.
    pub rows: &'a mut [f32],
    /// A number for every class.
    pub outputs: &'a mut [f32],
    /// The same.
    pub smooth: &'a mut [f32],
}

/// What must come of raw samples in a known order, beside the outputs that [`Golden`] has: the proof of the whole way.
///
/// Letters: R samples of all sequences of [`Golden::lengths`], C columns.
#[derive(Clone, Copy, Debug)]
pub struct FeedGolden<'a> {
    /// Raw numbers, (R, C).
    pub raw: &'a [f32],
    /// Which of them is fed as a NaN.
    pub missing: usize,
    /// Of every step the class that fires, or -1: (R).
    pub fires: &'a [i32],
    /// Of every step the smoothed probability of the likeliest class: (R).
    pub probabilities: &'a [f32],
}

/// A net that is fed raw samples and tells of events.
///
/// ```
/// # use elman_core::*;
/// # use elman_core::feed::*;
/// # struct Gesture;
/// # impl Shape for Gesture {
/// #     const SPEC: Spec = Spec { head: Head { kind: HeadKind::Softmax { outputs: 2 }, read: Read::EveryStep }, ..Spec::dense(6, 8, 2) };
/// # }
/// # let mut params = [0.0; Gesture::SPEC.params_len()];
/// # params[Gesture::SPEC.params_len() - 1] = 2.0;
/// # let mut packed = [Strip::ZERO; Gesture::SPEC.packed_len()];
/// # pack(&Gesture::SPEC, &params, &mut packed)?;
/// # let (mut state, mut scratch) = ([0.0; Gesture::SPEC.state_len()], [Strip::ZERO; Gesture::SPEC.stream_len()]);
/// let net = FixedStream::<Gesture>::new(Level::detect(), &[], &packed, &mut state, &mut scratch)?;
/// let columns = [ColumnScale::new(0.0, 1.0), ColumnScale::new(9.8, 2.0)];
/// let (mut rows, mut outputs, mut smooth) = ([0.0; Samples::rows_len(2, 3)], [0.0; 2], [0.0; 2]);
/// let buffers = FeedBuffers { rows: &mut rows, outputs: &mut outputs, smooth: &mut smooth };
/// let mut feed = Feed::new(net, (&columns, 10.0, 3), Rule::EVERY, buffers)?;
/// // Three rows make a step, so the first sample waits for the second.
/// assert!(feed.feed(&[0.1, 9.9])?.is_none());
/// let event = feed.feed(&[0.2, f32::NAN])?.expect("the first step");
/// assert!(event.fires && event.step == 0 && event.class == 1);
/// assert_eq!((feed.missing(), feed.outputs()[1]), (1, event.probability));
/// feed.feed_unread(&[0.3, 9.7])?;
/// let last = feed.end()?.expect("the step of the last sample");
/// assert!(!last.fires && last.step == 2); // the same event still
/// feed.reset();
/// # Ok::<(), Error>(())
/// ```
pub struct Feed<'a, N> {
    net: N,
    samples: Samples<'a>,
    events: Events<'a>,
    outputs: &'a mut [f32],
}

impl<'a, N: Streaming> Feed<'a, N> {
    /// A net before the first sample. Scale, cut, window and rule are those that `elman export` writes beside it.
    ///
    /// # Errors
    /// [`Error::Length`] naming the buffer.
    pub fn new(
        net: N,
        (columns, farthest, window): (&'a [ColumnScale], f32, usize),
        rule: Rule,
        buffers: FeedBuffers<'a>,
    ) -> Result<Self, Error> {
        let FeedBuffers {
            rows,
            outputs,
            smooth,
        } = buffers;
        let samples = Samples::new(columns, farthest, window, rows)?;
        let spec = net.spec();
        check_len(
            "columns of a window",
            spec.input_width(),
            columns.len() * samples.window,
        )?;
        check_len("outputs", spec.output_width(), outputs.len())?;
        check_len("smooth", spec.output_width(), smooth.len())?;
        Ok(Self {
            net,
            samples,
            events: Events::new(rule, smooth),
            outputs,
        })
    }

    /// Before the first sample of a sequence; the count of what was missing goes on.
    pub fn reset(&mut self) {
        self.net.reset();
        self.samples.reset();
        self.events.reset();
    }

    /// The net.
    pub const fn net(&self) -> &N {
        &self.net
    }

    /// The net, for what changes nothing of where it is in a sequence.
    pub const fn net_mut(&mut self) -> &mut N {
        &mut self.net
    }

    /// A raw sample, and what the net says now; nothing for the first [`Samples::delay`] samples.
    ///
    /// # Errors
    /// [`Error::Length`] unless there is a number for every column.
    #[inline]
    pub fn feed(&mut self, raw: &[f32]) -> Result<Option<Event>, Error> {
        let can_step = self.samples.push(raw)?.is_some();
        self.answer(can_step)
    }

    /// The same for whole numbers, as sensors have them.
    ///
    /// # Errors
    /// As [`Feed::feed`].
    #[inline]
    pub fn feed_i16(&mut self, raw: &[i16]) -> Result<Option<Event>, Error> {
        let can_step = self.samples.push_i16(raw)?.is_some();
        self.answer(can_step)
    }

    /// A raw sample after which nobody asks: the head is not computed.
    ///
    /// # Errors
    /// As [`Feed::feed`].
    #[inline]
    pub fn feed_unread(&mut self, raw: &[f32]) -> Result<(), Error> {
        let can_step = self.samples.push(raw)?.is_some();
        self.pass(can_step)
    }

    /// The same for whole numbers.
    ///
    /// # Errors
    /// As [`Feed::feed`].
    #[inline]
    pub fn feed_i16_unread(&mut self, raw: &[i16]) -> Result<(), Error> {
        let can_step = self.samples.push_i16(raw)?.is_some();
        self.pass(can_step)
    }

    /// The end of the sequence: the steps that waited for later rows, and what the net says after the last; whether an event fires is
    /// that of any of them. Nothing if none waited.
    ///
    /// # Errors
    /// None after a sample was fed.
    pub fn end(&mut self) -> Result<Option<Event>, Error> {
        last_of(
            self.samples.delay(),
            |event: &Event| event.fires,
            || {
                let can_step = self.samples.push_outside().is_some();
                self.answer(can_step)
            },
        )
    }

    /// The same where nobody asks.
    ///
    /// # Errors
    /// As [`Feed::end`].
    pub fn end_unread(&mut self) -> Result<(), Error> {
        for _ in 0..self.samples.delay() {
            let can_step = self.samples.push_outside().is_some();
            self.pass(can_step)?;
        }
        Ok(())
    }

    /// The step that a new row makes possible, and what the net says after it.
    #[inline]
    fn answer(&mut self, can_step: bool) -> Result<Option<Event>, Error> {
        if !can_step {
            return Ok(None);
        }
        let row = self.samples.last();
        self.net.step(Inputs::Dense(row), self.outputs)?;
        Ok(Some(self.events.read(self.outputs)))
    }

    /// That step alone.
    #[inline]
    fn pass(&mut self, can_step: bool) -> Result<(), Error> {
        if can_step {
            let row = self.samples.last();
            self.net.step_unread(Inputs::Dense(row))?;
            self.events.pass();
        }
        Ok(())
    }

    /// How many raw numbers were not finite so far.
    pub const fn missing(&self) -> u32 {
        self.samples.missing()
    }

    /// Probabilities of the last step that was read, before smoothing.
    pub const fn outputs(&self) -> &[f32] {
        self.outputs
    }

    /// Runs golden samples and resets: the place of the first number or event that is wrong, counted over the probabilities of all
    /// steps, or `None`. Where the level [is fused](Level::is_fused) every bit and every event must be the same, elsewhere numbers
    /// may be off by the tolerance. Of `golden` inputs are not read: they are what becomes of the samples.
    ///
    /// # Errors
    /// [`Error::Length`] if there is not a number for every column of every sample.
    pub fn check(
        &mut self,
        level: Level,
        golden: &Golden,
        samples: &FeedGolden,
    ) -> Result<Option<usize>, Error> {
        let columns = self.samples.columns.len();
        let is_right = |found: f32, expected: f32| {
            let distance = found - expected;
            let near = distance <= golden.tolerance && -distance <= golden.tolerance;
            found.to_bits() == expected.to_bits() || near && !level.is_fused()
        };
        let (mut sample, mut step) = (0, 0);
        for turn in turns(golden.lengths, self.samples.delay()) {
            if turn.is_first {
                self.reset();
            }
            let can_step = if turn.is_sample {
                let start = sample * columns;
                sample += 1;
                let raw = golden_row(samples.raw, start, columns);
                let missing = samples.missing.wrapping_sub(start);
                self.samples.push_missing(raw, missing)?
            } else {
                self.samples.push_outside().is_some()
            };
            let Some(event) = self.answer(can_step)? else {
                continue;
            };
            let start = step * self.outputs.len();
            let expected = golden.outputs.get(start..).unwrap_or(&[]);
            let pairs = self.outputs.iter().zip(expected);
            let same = pairs
                .take_while(|&(&y, &golden)| is_right(y, golden))
                .count();
            let fires = if event.fires { event.class as i32 } else { -1 };
            let told = samples.probabilities.get(step).zip(samples.fires.get(step));
            let told = told.is_some_and(|(&p, &class)| {
                is_right(event.probability, p) && (class == fires || !level.is_fused())
            });
            if same < self.outputs.len() || !told {
                self.reset();
                return Ok(Some(start + same.min(self.outputs.len() - 1)));
            }
            step += 1;
        }
        self.reset();
        Ok(None)
    }
}
