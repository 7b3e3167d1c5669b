//! Around a net on a chip: raw samples in, events out.
//!
//! [`Samples`] puts raw numbers on the scale of training and lays rows of neighbours side by side; [`Events`] smooths what the
//! net says of its classes and tells when one of them has come; [`Feed`] is both around a [`FixedStream`]. All of it is single
//! precision in a fixed order without multiply-adds, so every machine computes the same bits, with or without an FPU. What
//! `elman export` writes is made of the same operations.
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

use crate::error::{Error, check_len};
use crate::fixed::{FixedStream, Shape};
use crate::inputs::Inputs;
use crate::simd::Level;
use crate::slices::{at, at_mut, copy};

/// How a column comes to the scale of training: `((x - mean) - rest) * factor`, rounded after every operation.
///
/// For a finite `x` in `f32` that is within `3·2^-24·|z| + 2^-47·|mean / deviation|` of `z = (x - mean) / deviation` in exact arithmetic,
/// as long as no number is subnormal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColumnScale {
    /// The mean of the column.
    pub mean: f32,
    /// What the mean is in double precision, less [`ColumnScale::mean`].
    pub rest: f32,
    /// One over the standard deviation; 0 for a column that has none.
    pub factor: f32,
}

impl ColumnScale {
    /// The scale of a column with this mean and standard deviation.
    ///
    /// ```
    /// # use elman_core::feed::ColumnScale;
    /// let scale = ColumnScale::new(0.1, 0.25);
    /// assert!((f64::from(scale.mean) + f64::from(scale.rest) - 0.1).abs() < 1e-15);
    /// assert_eq!(scale.factor, 4.0);
    /// ```
    pub const fn new(mean: f64, deviation: f64) -> Self {
        const LARGEST: f64 = f32::MAX as f64;
        let mean = mean.clamp(-LARGEST, LARGEST);
        let high = mean as f32;
        Self {
            mean: high,
            rest: (mean - high as f64) as f32,
            factor: (1.0 / deviation).clamp(0.0, LARGEST) as f32,
        }
    }

    /// A raw number on the scale, cut to ±`farthest`; none where it is missing: not finite.
    ///
    /// ```
    /// # use elman_core::feed::ColumnScale;
    /// let scale = ColumnScale::new(20.0, 0.5);
    /// assert_eq!(scale.apply(21.0, 10.0), Some(2.0));
    /// assert_eq!(scale.apply(-900.0, 10.0), Some(-10.0));
    /// assert_eq!(scale.apply(f32::INFINITY, 10.0), None);
    /// ```
    #[inline]
    pub fn apply(self, x: f32, farthest: f32) -> Option<f32> {
        let z = ((x - self.mean) - self.rest) * self.factor;
        if z >= -farthest && z <= farthest {
            return Some(z);
        }
        x.is_finite().then_some(if z > 0.0 {
            farthest
        } else if z < 0.0 {
            -farthest
        } else {
            0.0
        })
    }
}

/// Raw samples on their way to a net that reads a window of rows.
#[derive(Debug)]
pub struct Samples<'a> {
    columns: &'a [ColumnScale],
    farthest: f32,
    window: usize,
    /// Every row of a window above 1 lies here twice, a window apart, so that any window of them is one slice.
    rows: &'a mut [f32],
    /// Where the next row comes.
    next: usize,
    /// Rows that are still to come before the first step.
    ahead: usize,
    missing: u32,
}

impl<'a> Samples<'a> {
    /// Numbers of room for rows.
    ///
    /// ```
    /// # use elman_core::feed::Samples;
    /// assert_eq!((Samples::rows_len(6, 1), Samples::rows_len(6, 3)), (6, 36));
    /// ```
    pub const fn rows_len(columns: usize, window: usize) -> usize {
        let rows = if window == 1 { 1 } else { 2 * window };
        columns.saturating_mul(rows)
    }

    /// No sample yet. A step reads a `window` of rows, itself in the middle; an even one is the next odd one.
    ///
    /// # Errors
    /// [`Error::Length`] if `rows` has not [`Samples::rows_len`] numbers.
    pub fn new(
        columns: &'a [ColumnScale],
        farthest: f32,
        window: usize,
        rows: &'a mut [f32],
    ) -> Result<Self, Error> {
        let window = window | 1;
        check_len("rows", Self::rows_len(columns.len(), window), rows.len())?;
        let mut samples = Self {
            columns,
            farthest,
            window,
            rows,
            next: 0,
            ahead: 0,
            missing: 0,
        };
        samples.reset();
        Ok(samples)
    }

    /// Before the first sample of a sequence; the count of what was missing goes on.
    pub fn reset(&mut self) {
        self.rows.fill(0.0);
        self.next = 0;
        self.ahead = self.delay();
    }

    /// By how many samples a step is late: half a window.
    pub const fn delay(&self) -> usize {
        self.window / 2
    }

    /// How many raw numbers were not finite so far. The net reads the mean of the column in their place.
    pub const fn missing(&self) -> u32 {
        self.missing
    }

    /// A raw sample: the row (window, columns) of the step that can be done now, if there is one.
    ///
    /// # Errors
    /// [`Error::Length`] unless there is a number for every column.
    #[inline]
    pub fn push(&mut self, raw: &[f32]) -> Result<Option<&[f32]>, Error> {
        check_len("raw", self.columns.len(), raw.len())?;
        self.push_each(raw.iter().copied());
        Ok(self.step())
    }

    /// Puts numbers on the scale.
    #[inline(always)]
    fn push_each(&mut self, raw: impl Iterator<Item = f32>) {
        let row = at_mut(self.rows, self.next * self.columns.len()..);
        for ((z, x), scale) in row.iter_mut().zip(raw).zip(self.columns) {
            *z = match scale.apply(x, self.farthest) {
                Some(z) => z,
                None => {
                    self.missing = self.missing.wrapping_add(1);
                    0.0
                }
            };
        }
    }

    /// The same with a NaN in place of one number.
    fn push_missing(&mut self, raw: &[f32], missing: usize) -> Result<bool, Error> {
        check_len("raw", self.columns.len(), raw.len())?;
        let given = raw.iter().enumerate();
        self.push_each(given.map(|(i, &x)| if i == missing { f32::NAN } else { x }));
        Ok(self.step().is_some())
    }

    /// The row of the last step that could be done.
    fn last(&self) -> &[f32] {
        let columns = self.columns.len();
        let start = self.next * columns;
        at(self.rows, start..start + self.window * columns)
    }

    /// A row behind the end of the sequence: [`Samples::delay`] of them bring the last steps, of samples that are in already.
    pub fn push_outside(&mut self) -> Option<&[f32]> {
        let columns = self.columns.len();
        let start = self.next * columns;
        at_mut(self.rows, start..start + columns).fill(0.0);
        self.step()
    }

    /// The row of the step that a new row makes possible.
    fn step(&mut self) -> Option<&[f32]> {
        let columns = self.columns.len();
        if self.window > 1 {
            let (first, again) = self.rows.split_at_mut_checked(self.window * columns)?;
            let start = self.next * columns;
            let new = at(first, start..start + columns);
            copy(new, at_mut(again, start..start + columns));
            self.next += 1;
            if self.next == self.window {
                self.next = 0;
            }
        }
        if self.ahead > 0 {
            self.ahead -= 1;
            return None;
        }
        Some(self.last())
    }
}

/// When the answers of a net are an event: a class reaches the threshold that has not been there since its last event. `elman eval
/// --events` finds what fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// What the newest probabilities weigh in an exponential mean: 1 for no smoothing, else 1/2, 1/4 and so on.
    pub smoothing: f32,
    /// From this smoothed probability on a class is an event.
    pub threshold: f32,
    /// For so many steps after an event there is no other.
    pub refractory: u32,
    /// The class that is none: nothing happens.
    pub background: Option<usize>,
}

impl Rule {
    /// Whenever another class is the likeliest.
    pub const EVERY: Self = Self {
        smoothing: 1.0,
        threshold: 0.0,
        refractory: 0,
        background: None,
    };
}

/// What a net says at a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// The step, counted from 0; the sample that came [`Samples::delay`] samples ago.
    pub step: u32,
    /// The likeliest class that is not the background.
    pub class: usize,
    /// Its smoothed probability.
    pub probability: f32,
    /// Whether this is an event: [`Rule::threshold`] is reached, the last event is long enough ago, and not of this class if it has been
    /// the likeliest ever since.
    pub fires: bool,
}

/// From probabilities to events.
#[derive(Debug)]
pub struct Events<'a> {
    rule: Rule,
    smooth: &'a mut [f32],
    step: u32,
    quiet: u32,
    is_first: bool,
    /// The class of the last event, while it lasts.
    held: Option<usize>,
}

impl<'a> Events<'a> {
    /// Nothing was read yet. `smooth` has a number for every class.
    ///
    /// ```
    /// # use elman_core::feed::*;
    /// let (mut smooth, rule) = ([0.0; 2], Rule { smoothing: 0.5, threshold: 0.7, background: Some(0), ..Rule::EVERY });
    /// let mut events = Events::new(rule, &mut smooth);
    /// assert!(!events.read(&[1.0, 0.0]).fires);
    /// assert!(!events.read(&[0.0, 1.0]).fires); // a half, smoothed
    /// assert_eq!(events.read(&[0.0, 1.0]), Event { step: 2, class: 1, probability: 0.75, fires: true });
    /// assert!(!events.read(&[0.0, 1.0]).fires); // it lasts
    /// ```
    pub fn new(rule: Rule, smooth: &'a mut [f32]) -> Self {
        Self {
            rule,
            smooth,
            step: 0,
            quiet: 0,
            is_first: true,
            held: None,
        }
    }

    /// Before the first step of a sequence.
    pub const fn reset(&mut self) {
        (self.step, self.quiet) = (0, 0);
        (self.is_first, self.held) = (true, None);
    }

    /// A step whose answer nobody reads.
    #[inline]
    pub const fn pass(&mut self) {
        self.step = self.step.wrapping_add(1);
        self.quiet = self.quiet.saturating_sub(1);
    }

    /// The probabilities of a step.
    #[inline]
    pub fn read(&mut self, outputs: &[f32]) -> Event {
        let Rule {
            smoothing,
            threshold,
            refractory,
            background,
        } = self.rule;
        let (mut class, mut probability) = (0, -1.0);
        for (i, (mean, &p)) in self.smooth.iter_mut().zip(outputs).enumerate() {
            *mean = if self.is_first || smoothing >= 1.0 {
                p
            } else {
                // Exact but for the sum, since smoothing is a power of two.
                *mean + smoothing * (p - *mean)
            };
            if *mean > probability && Some(i) != background {
                (class, probability) = (i, *mean);
            }
        }
        self.is_first = false;
        let is_there = probability >= threshold;
        let lasts = is_there && self.held == Some(class);
        let fires = is_there && !lasts && self.quiet == 0;
        self.held = (lasts || fires).then_some(class);
        let event = Event {
            step: self.step,
            class,
            probability,
            fires,
        };
        self.pass();
        if fires {
            self.quiet = refractory;
        }
        event
    }
}

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

/// Raw samples in a known order with what must come of them: the proof of the whole way.
#[derive(Clone, Copy, Debug)]
pub struct FeedGolden<'a> {
    /// Samples of each sequence.
    pub lengths: &'a [u32],
    /// Raw numbers, sample by sample.
    pub raw: &'a [f32],
    /// Which of them is fed as a NaN.
    pub missing: usize,
    /// Probabilities, step by step.
    pub outputs: &'a [f32],
    /// Of every step the class that fires, or -1.
    pub fires: &'a [i32],
    /// Of every step the smoothed probability of the likeliest class.
    pub probabilities: &'a [f32],
    /// How far a number may be off where multiply-adds are not fused.
    pub tolerance: f32,
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
pub struct Feed<'a, S> {
    stream: FixedStream<'a, S>,
    samples: Samples<'a>,
    events: Events<'a>,
    outputs: &'a mut [f32],
}

impl<'a, S: Shape> Feed<'a, S> {
    /// A net before the first sample. Scale, cut, window and rule are those that `elman export` writes beside it.
    ///
    /// # Errors
    /// [`Error::Length`] naming the buffer.
    pub fn new(
        stream: FixedStream<'a, S>,
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
        check_len(
            "columns of a window",
            S::SPEC.input_width(),
            columns.len() * samples.window,
        )?;
        check_len("outputs", S::SPEC.output_width(), outputs.len())?;
        check_len("smooth", S::SPEC.output_width(), smooth.len())?;
        Ok(Self {
            stream,
            samples,
            events: Events::new(rule, smooth),
            outputs,
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
    pub fn feed(&mut self, raw: &[f32]) -> Result<Option<Event>, Error> {
        let Some(row) = self.samples.push(raw)? else {
            return Ok(None);
        };
        self.stream.step(Inputs::Dense(row), self.outputs)?;
        Ok(Some(self.events.read(self.outputs)))
    }

    /// A raw sample after which nobody asks: the head is not computed.
    ///
    /// # Errors
    /// As [`Feed::feed`].
    #[inline]
    pub fn feed_unread(&mut self, raw: &[f32]) -> Result<(), Error> {
        if let Some(row) = self.samples.push(raw)? {
            self.stream.step_unread(Inputs::Dense(row))?;
            self.events.pass();
        }
        Ok(())
    }

    /// The end of the sequence: the steps that waited for later rows, and what the net says after the last; whether an event fires is
    /// that of any of them. Nothing if none waited.
    ///
    /// # Errors
    /// None after a sample was fed.
    pub fn end(&mut self) -> Result<Option<Event>, Error> {
        let mut last: Option<Event> = None;
        for _ in 0..self.samples.delay() {
            let Some(row) = self.samples.push_outside() else {
                continue;
            };
            self.stream.step(Inputs::Dense(row), self.outputs)?;
            let event = self.events.read(self.outputs);
            last = Some(match last {
                Some(fired) if fired.fires && !event.fires => fired,
                _ => event,
            });
        }
        Ok(last)
    }

    /// How many raw numbers were not finite so far.
    pub const fn missing(&self) -> u32 {
        self.samples.missing
    }

    /// Probabilities of the last step that was read, before smoothing.
    pub const fn outputs(&self) -> &[f32] {
        self.outputs
    }

    /// Runs golden samples and resets: the place of the first number or event that is wrong, counted over the probabilities of all
    /// steps, or `None`. Where the level [is fused](Level::is_fused) every bit and every event must be the same, elsewhere numbers
    /// may be off by the tolerance.
    ///
    /// # Errors
    /// [`Error::Length`] if there is not a number for every column of every sample.
    pub fn check(&mut self, level: Level, golden: &FeedGolden) -> Result<Option<usize>, Error> {
        let columns = self.samples.columns.len();
        let is_right = |found: f32, expected: f32| {
            let distance = found - expected;
            let near = distance <= golden.tolerance && -distance <= golden.tolerance;
            found.to_bits() == expected.to_bits() || near && !level.is_fused()
        };
        let (mut sample, mut step) = (0, 0);
        for &length in golden.lengths {
            self.reset();
            for t in 0..length as usize + self.samples.delay() {
                let row = if t < length as usize {
                    let start = sample * columns;
                    sample += 1;
                    self.push_golden(golden, start, columns)?
                } else {
                    self.samples.push_outside().is_some()
                };
                if !row {
                    continue;
                }
                let row = self.samples.last();
                self.stream.step(Inputs::Dense(row), self.outputs)?;
                let event = self.events.read(self.outputs);
                let start = step * self.outputs.len();
                let expected = golden.outputs.get(start..).unwrap_or(&[]);
                let pairs = self.outputs.iter().zip(expected);
                let same = pairs
                    .take_while(|&(&y, &golden)| is_right(y, golden))
                    .count();
                let fires = if event.fires { event.class as i32 } else { -1 };
                let told = golden.probabilities.get(step).zip(golden.fires.get(step));
                let told = told.is_some_and(|(&p, &class)| {
                    is_right(event.probability, p) && (class == fires || !level.is_fused())
                });
                if same < self.outputs.len() || !told {
                    self.reset();
                    return Ok(Some(start + same.min(self.outputs.len() - 1)));
                }
                step += 1;
            }
        }
        self.reset();
        Ok(None)
    }

    /// A golden sample from a place on, with the number that is missing; whether it makes a step possible.
    fn push_golden(
        &mut self,
        golden: &FeedGolden,
        start: usize,
        columns: usize,
    ) -> Result<bool, Error> {
        let raw = golden.raw.get(start..start + columns).unwrap_or(&[]);
        if raw.len() == columns && (start..start + columns).contains(&golden.missing) {
            return self.samples.push_missing(raw, golden.missing - start);
        }
        Ok(self.samples.push(raw)?.is_some())
    }
}
