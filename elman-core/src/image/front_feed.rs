//! A net that is fed as its image says and answers with numbers.

use super::numbers::{NumberFront, NumberReads, reach};
use crate::error::{Error, check_len};
use crate::feed::{Estimates, NumberFeed, NumberGolden, Readout, Samples, Series, Streaming};
use crate::simd::Level;

/// Room that a [`FrontFeed`] works in; it may hold anything.
#[derive(Debug)]
pub struct FrontBuffers<'a> {
    /// One for every target.
    pub readouts: &'a mut [Readout],
    /// A number for every target.
    pub outputs: &'a mut [f32],
    /// As [`NumberReads::room_len`] says first.
    pub rows: &'a mut [f32],
    /// As it says then.
    pub memory: &'a mut [f32],
}

/// A [`NumberFeed`] of whatever the image of a net reads: [`NumberFront::feed`] makes one.
pub struct FrontFeed<'a, N> {
    way: Way<'a, N>,
    reaches: &'a [f32],
    targets: usize,
}

enum Way<'a, N> {
    Rows(NumberFeed<'a, N, Estimates<'a>>),
    Series(NumberFeed<'a, N, Series<'a>>),
}

/// The same of either way.
macro_rules! each {
    ($way:expr, $feed:ident => $work:expr) => {
        match $way {
            Way::Rows($feed) => $work,
            Way::Series($feed) => $work,
        }
    };
}

impl<'a> NumberFront<'a> {
    /// A feed around a net of the image, in the caller's buffers.
    ///
    /// # Errors
    /// [`Error::Length`] naming the buffer, or what does not fit the net.
    ///
    /// ```
    /// # use elman_core::*;
    /// # use elman_core::feed::*;
    /// # const SPEC: Spec = Spec::dense(3, 8, 1);
    /// # let params = [0.0; SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # static CENTERS: [Split; 1] = [Split::new(20.0)];
    /// # static INPUTS: [ColumnScale; 3] = [ColumnScale::new(0.0, 1.0); 3];
    /// # let lags = Lags {
    /// #     curve: Curve::Identity, centers: &CENTERS, weights: &[1.0], inputs: &INPUTS, farthest: 4.0, span: 1, base: Some(0), offset: 0.0,
    /// # };
    /// # let readouts = [Readout { curve: Curve::Identity, residual: 0.1, start: CENTERS[0] }];
    /// # let front = NumberFront {
    /// #     reads: NumberReads::Series(lags), readouts: Readouts::new(&readouts), reaches: &[90.0, 0.5], raw: &[], missing: 0, values: &[],
    /// #     value_tolerance: &[],
    /// # };
    /// # let golden = Golden { lengths: &[], inputs: Inputs::Dense(&[]), outputs: &[], tolerance: 0.0 };
    /// # let made = Image { spec: SPEC, tables: &[], packed: &packed, golden, samples: None, numbers: Some(front), notes: "" };
    /// # let mut file = Aligned([0; 4096]);
    /// # made.write(&mut file.0)?;
    /// // The next value of a series, expected to grow as it grew last.
    /// let image = Image::read(&file.0)?;
    /// # let (mut state, mut scratch) = ([0.0; SPEC.state_len()], [Strip::ZERO; SPEC.stream_len()]);
    /// let net = Stream::new(Level::detect(), image.model()?, &mut state, &mut scratch)?;
    /// let front = image.numbers.expect("a net that is fed and answers with numbers");
    /// let (mut readouts, mut outputs, mut memory) = ([Readout::default(); 1], [0.0; 1], [0.0; 5]);
    /// let buffers = FrontBuffers { readouts: &mut readouts, outputs: &mut outputs, rows: &mut [], memory: &mut memory };
    /// let mut feed = front.feed(net, buffers)?;
    /// let mut next = [0.0];
    /// feed.feed_unread(&[20.0])?;
    /// assert!(feed.feed(&[21.5], &mut next)?);
    /// assert_eq!(next, [23.0]);
    /// assert_eq!(feed.bounds(0, 90), Some([22.5, 23.5]));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn feed<'b, N: Streaming>(
        &self,
        net: N,
        buffers: FrontBuffers<'b>,
    ) -> Result<FrontFeed<'b, N>, Error>
    where
        'a: 'b,
    {
        let FrontBuffers {
            readouts,
            outputs,
            rows,
            memory,
        } = buffers;
        let targets = self.readouts.len();
        check_len("readouts", targets, readouts.len())?;
        for (to, readout) in readouts.iter_mut().zip(self.readouts.iter()) {
            *to = readout;
        }
        let readouts = &*readouts;
        let way = match self.reads {
            NumberReads::Rows {
                columns,
                farthest,
                window,
                sums,
            } => {
                let samples = Samples::new(columns, farthest, window, rows)?;
                let source = Estimates::new(samples, sums, targets, memory)?;
                Way::Rows(NumberFeed::new(net, source, readouts, outputs)?)
            }
            NumberReads::Series(lags) => {
                let source = Series::new(lags, memory)?;
                Way::Series(NumberFeed::new(net, source, readouts, outputs)?)
            }
        };
        Ok(FrontFeed {
            way,
            reaches: self.reaches,
            targets,
        })
    }
}

impl<N: Streaming> FrontFeed<'_, N> {
    /// As [`NumberFeed::reset`].
    pub fn reset(&mut self) {
        each!(&mut self.way, feed => feed.reset());
    }

    /// As [`NumberFeed::feed`].
    ///
    /// # Errors
    /// [`Error::Length`] unless there is a number for every column and target.
    pub fn feed(&mut self, raw: &[f32], out: &mut [f32]) -> Result<bool, Error> {
        each!(&mut self.way, feed => feed.feed(raw, out))
    }

    /// As [`NumberFeed::feed_unread`].
    ///
    /// # Errors
    /// As [`FrontFeed::feed`].
    pub fn feed_unread(&mut self, raw: &[f32]) -> Result<(), Error> {
        each!(&mut self.way, feed => feed.feed_unread(raw))
    }

    /// As [`NumberFeed::end`].
    ///
    /// # Errors
    /// [`Error::Length`] unless there is a number for every target.
    pub fn end(&mut self, out: &mut [f32]) -> Result<bool, Error> {
        each!(&mut self.way, feed => feed.end(out))
    }

    /// The net.
    pub const fn net_mut(&mut self) -> &mut N {
        each!(&mut self.way, feed => feed.net_mut())
    }

    /// How many raw numbers were not finite so far.
    pub fn missing(&self) -> u32 {
        each!(&self.way, feed => feed.missing())
    }

    /// Where the last answer for a target should lie, if intervals are to hold so many per cent of the values; none where there is no
    /// such target, or the image does not say for so many.
    pub fn bounds(&self, target: usize, percent: u32) -> Option<[f32; 2]> {
        let reach = reach(self.reaches, self.targets, percent)?;
        each!(&self.way, feed => feed.bounds(target, *reach.get(target)?))
    }

    /// As [`NumberFeed::check`].
    ///
    /// # Errors
    /// As there.
    pub fn check(
        &mut self,
        level: Level,
        golden: &NumberGolden<'_>,
        out: &mut [f32],
    ) -> Result<Option<usize>, Error> {
        each!(&mut self.way, feed => feed.check(level, golden, out))
    }
}
