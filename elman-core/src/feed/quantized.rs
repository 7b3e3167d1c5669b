//! Raw samples in, events out, around an int8 net: whole numbers all the way.

use super::integer_events::{IntegerEvent, IntegerEvents, IntegerRule};
use super::samples::Samples;
use super::turns::{golden_row, last_of, turns};
use super::whole::IntegerScale;
use crate::error::{Error, check_len};
use crate::quantized::{Integers, QuantizedStream};

/// Room that a [`QuantizedFeed`] works in.
#[derive(Debug)]
pub struct QuantizedFeedBuffers<'a> {
    /// [`Samples::rows_len`] numbers.
    pub rows: &'a mut [i16],
    /// A number for every class.
    pub logits: &'a mut [i32],
    /// The same.
    pub smooth: &'a mut [i32],
}

/// Raw samples in a known order with what must come of them, bit for bit: the proof of the whole way.
#[derive(Clone, Copy, Debug)]
pub struct QuantizedFeedGolden<'a> {
    /// Samples of each sequence.
    pub lengths: &'a [u32],
    /// Raw numbers, sample by sample. Every other sample of whole numbers goes the way of [`QuantizedFeed::feed_whole`].
    pub raw: &'a [f32],
    /// Which of them is fed as a NaN.
    pub missing: usize,
    /// Logits, step by step.
    pub logits: &'a [i32],
    /// Of every step the class that fires, or -1.
    pub fires: &'a [i32],
    /// Of every step the smoothed probability of the likeliest class, in units of 2^-15.
    pub probabilities: &'a [u32],
}

/// An int8 net that is fed raw samples and tells of events, without a float.
///
/// ```
/// # use elman_core::{*, quantized::*};
/// # use elman_core::feed::*;
/// # const SPEC: Spec = Spec { head: Head { kind: HeadKind::Softmax { outputs: 2 }, read: Read::EveryStep }, ..Spec::dense(6, 8, 2) };
/// # let mut words = [0; SPEC.int8().model_len()];
/// # let mut writer = QuantizedWriter::new(&SPEC, &mut words)?;
/// # writer.input_scale(1000.0);
/// # writer.head(0.001)?;
/// # let row = QuantizedRow { input_weights: &[0; 8], recurrent_weights: &[], bias: 3000, input_multiplier: 0, recurrent_multiplier: 0 };
/// # writer.head_row(1, row)?;
/// # let model = QuantizedModel::new(SPEC, &words)?;
/// # let (mut state, mut scratch) = ([0; SPEC.int8().state_len()], [0; SPEC.int8().stream_len()]);
/// let net = QuantizedStream::new(model, &mut state, &mut scratch)?;
/// let columns = [ColumnScale::new(0.0, 1.0), ColumnScale::new(9.8, 2.0)];
/// let columns = columns.map(|column| IntegerScale::new(&column, model.input_scale()));
/// let rule = IntegerRule::new(&Rule::EVERY, model.unit());
/// let (mut rows, mut logits, mut smooth) = ([0; Samples::rows_len(2, 3)], [0; 2], [0; 2]);
/// let buffers = QuantizedFeedBuffers { rows: &mut rows, logits: &mut logits, smooth: &mut smooth };
/// // What lies 10 deviations away is cut there; three rows make a step.
/// let mut feed = QuantizedFeed::new(net, (&columns, model.integer(10.0), 3), rule, buffers)?;
/// assert!(feed.feed(&[0.1, 9.9])?.is_none());
/// let event = feed.feed(&[0.2, f32::NAN])?.expect("the first step");
/// assert_eq!(event, IntegerEvent { step: 0, class: 1, fires: true });
/// assert_eq!((feed.missing(), feed.logits(), feed.probability(1)), (1, &[0, 3000][..], 31214));
/// // Sensors have whole numbers.
/// let event = feed.feed_whole(&[0, 10])?.expect("the second step");
/// assert!(!event.fires); // the same event still
/// feed.feed_unread(&[0.3, 9.7])?;
/// feed.feed_whole_unread(&[0, 9])?;
/// assert_eq!(feed.end()?.map(|last| last.step), Some(4));
/// feed.reset();
/// # Ok::<(), Error>(())
/// ```
pub struct QuantizedFeed<'a> {
    stream: QuantizedStream<'a>,
    samples: Samples<'a, IntegerScale>,
    events: IntegerEvents<'a>,
    logits: &'a mut [i32],
}

impl<'a> QuantizedFeed<'a> {
    /// A net before the first sample. Scale, cut, window and rule are those that `elman export` writes beside it; the cut is the
    /// [`QuantizedModel::integer`](crate::quantized::QuantizedModel::integer) of so many deviations.
    ///
    /// # Errors
    /// [`Error::Length`] naming the buffer.
    pub fn new(
        stream: QuantizedStream<'a>,
        (columns, farthest, window): (&'a [IntegerScale], i16, usize),
        rule: IntegerRule,
        buffers: QuantizedFeedBuffers<'a>,
    ) -> Result<Self, Error> {
        let QuantizedFeedBuffers {
            rows,
            logits,
            smooth,
        } = buffers;
        let samples = Samples::new(columns, farthest, window, rows)?;
        let spec = stream.model().spec();
        let width = columns.len() * samples.window;
        check_len("columns of a window", spec.input_width(), width)?;
        check_len("logits", spec.output_width(), logits.len())?;
        check_len("smooth", spec.output_width(), smooth.len())?;
        Ok(Self {
            stream,
            samples,
            events: IntegerEvents::new(rule, smooth),
            logits,
        })
    }

    /// Before the first sample of a sequence; the count of what was missing goes on.
    pub fn reset(&mut self) {
        self.stream.reset();
        self.samples.reset();
        self.events.reset();
    }

    /// A raw sample, and what the net says now; nothing for the first [`Samples::delay`] samples.
    ///
    /// # Errors
    /// [`Error::Length`] unless there is a number for every column.
    #[inline]
    pub fn feed(&mut self, raw: &[f32]) -> Result<Option<IntegerEvent>, Error> {
        let row = self.samples.push(raw)?.is_some();
        self.step(row)
    }

    /// The same for whole numbers, as sensors have them.
    ///
    /// # Errors
    /// As [`QuantizedFeed::feed`].
    #[inline]
    pub fn feed_whole(&mut self, raw: &[i16]) -> Result<Option<IntegerEvent>, Error> {
        let row = self.push_whole(raw)?;
        self.step(row)
    }

    /// A raw sample after which nobody asks: the head is not computed.
    ///
    /// # Errors
    /// As [`QuantizedFeed::feed`].
    #[inline]
    pub fn feed_unread(&mut self, raw: &[f32]) -> Result<(), Error> {
        let row = self.samples.push(raw)?.is_some();
        self.step_unread(row)
    }

    /// The same for whole numbers.
    ///
    /// # Errors
    /// As [`QuantizedFeed::feed`].
    #[inline]
    pub fn feed_whole_unread(&mut self, raw: &[i16]) -> Result<(), Error> {
        let row = self.push_whole(raw)?;
        self.step_unread(row)
    }

    /// Whole numbers on their way; whether they make a step possible.
    #[inline]
    fn push_whole(&mut self, raw: &[i16]) -> Result<bool, Error> {
        let row = self.samples.push_each(raw, |_, column, x, farthest| {
            Some(column.whole(x, farthest))
        })?;
        Ok(row.is_some())
    }

    /// The step of the last row, if there is one.
    #[inline]
    fn step(&mut self, is_there: bool) -> Result<Option<IntegerEvent>, Error> {
        if !is_there {
            return Ok(None);
        }
        let row = Integers::Dense(self.samples.last());
        self.stream.step_integers(row, self.logits)?;
        Ok(Some(self.events.read(self.logits)))
    }

    #[inline]
    fn step_unread(&mut self, is_there: bool) -> Result<(), Error> {
        if is_there {
            let row = Integers::Dense(self.samples.last());
            self.stream.step_integers_unread(row)?;
            self.events.pass();
        }
        Ok(())
    }

    /// The end of the sequence: the steps that waited for later rows, and what the net says after the last; whether an event fires is
    /// that of any of them. Nothing if none waited.
    ///
    /// # Errors
    /// None after a sample was fed.
    pub fn end(&mut self) -> Result<Option<IntegerEvent>, Error> {
        last_of(
            self.samples.delay(),
            |event: &IntegerEvent| event.fires,
            || {
                let row = self.samples.push_outside().is_some();
                self.step(row)
            },
        )
    }

    /// The same where nobody asks.
    ///
    /// # Errors
    /// As [`QuantizedFeed::end`].
    pub fn end_unread(&mut self) -> Result<(), Error> {
        for _ in 0..self.samples.delay() {
            let is_there = self.samples.push_outside().is_some();
            self.step_unread(is_there)?;
        }
        Ok(())
    }

    /// How many raw numbers were not finite so far.
    pub const fn missing(&self) -> u32 {
        self.samples.missing()
    }

    /// Logits of the last step that was read, worth [`QuantizedModel::unit`](crate::quantized::QuantizedModel::unit) each.
    pub const fn logits(&self) -> &[i32] {
        self.logits
    }

    /// The probability of a class at the last step that was read, smoothed as the rule says, in units of 2^-15; 0 for one that is none.
    pub fn probability(&self, class: usize) -> u32 {
        self.events.probability(self.logits, class)
    }

    /// Runs golden samples and resets: the place of the first number or event that is wrong, counted over the logits of all steps, or `None`.
    ///
    /// # Errors
    /// [`Error::Length`] if there is not a number for every column of every sample.
    pub fn check(&mut self, golden: &QuantizedFeedGolden) -> Result<Option<usize>, Error> {
        let columns = self.samples.columns.len();
        let (mut sample, mut step) = (0, 0);
        for turn in turns(golden.lengths, self.samples.delay()) {
            if turn.is_first {
                self.reset();
            }
            let row = if turn.is_sample {
                let start = sample * columns;
                sample += 1;
                let missing = golden.missing.wrapping_sub(start);
                let raw = golden_row(golden.raw, start, columns);
                let is_whole = |&x: &f32| f32::from(x as i16) == x;
                if sample % 2 == 0 && missing >= columns && raw.iter().all(is_whole) {
                    let row = self.samples.push_each(raw, |_, column, x, farthest| {
                        Some(column.whole(x as i16, farthest))
                    })?;
                    row.is_some()
                } else {
                    self.samples.push_missing(raw, missing)?
                }
            } else {
                self.samples.push_outside().is_some()
            };
            let Some(event) = self.step(row)? else {
                continue;
            };
            let start = step * self.logits.len();
            let expected = golden.logits.get(start..).unwrap_or(&[]);
            let pairs = self.logits.iter().zip(expected);
            let same = pairs.take_while(|&(y, golden)| y == golden).count();
            let fires = if event.fires { event.class as i32 } else { -1 };
            let told = golden.fires.get(step) == Some(&fires)
                && golden.probabilities.get(step) == Some(&self.probability(event.class));
            if same < self.logits.len() || !told {
                self.reset();
                return Ok(Some(start + same.min(self.logits.len() - 1)));
            }
            step += 1;
        }
        self.reset();
        Ok(None)
    }
}
