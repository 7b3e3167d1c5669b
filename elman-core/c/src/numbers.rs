//! From raw samples to numbers in the units of the data, around a net of either kind.

use elman_core::Level;
use elman_core::feed::{
    Estimates, NumberFeed, NumberFront, NumberGolden, NumberReads, Readout, Samples, Series,
};

use crate::code::Code;
use crate::opened::Runner;

/// Numbers of 32 bits that a readout takes.
const READOUT: usize = 6;
const _: () = assert!(size_of::<Readout>() == READOUT * size_of::<f32>());
const _: () = assert!(align_of::<Readout>() == align_of::<f32>());

/// A net whose answers are numbers, and room for those of a self-test.
pub struct NumberFeeder {
    feed: Way,
    out: &'static mut [f32],
    reaches: &'static [f32],
}

enum Way {
    Rows(NumberFeed<'static, Runner, Estimates<'static>>),
    Series(NumberFeed<'static, Runner, Series<'static>>),
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

/// By how many samples an answer is late.
pub const fn delay(front: &NumberFront<'_>) -> usize {
    match front.reads {
        NumberReads::Rows { window, .. } => window / 2,
        NumberReads::Series(_) => 0,
    }
}

impl NumberFeeder {
    /// Before the first sample, in the caller's room.
    pub fn new(
        front: &NumberFront<'static>,
        runner: Runner,
        room: &'static mut [f32],
    ) -> Result<Self, Code> {
        if room.len() != front.room_len() {
            return Err(Code::Length);
        }
        let targets = front.readouts.len();
        let [rows, _] = front.reads.room_len(targets);
        let mut rest = room;
        let mut take = |len: usize| {
            let (taken, left) = core::mem::take(&mut rest)
                .split_at_mut_checked(len)
                .ok_or(Code::Length)?;
            rest = left;
            Ok::<_, Code>(taken)
        };
        let readouts = written(front, take(READOUT * targets)?);
        let (outputs, out, rows) = (take(targets)?, take(targets)?, take(rows)?);
        let feed = match front.reads {
            NumberReads::Rows {
                columns,
                farthest,
                window,
                sums,
            } => {
                let samples = Samples::new(columns, farthest, window, rows)?;
                let source = Estimates::new(samples, sums, targets, rest)?;
                Way::Rows(NumberFeed::new(runner, source, readouts, outputs)?)
            }
            NumberReads::Series(lags) => {
                let source = Series::new(lags, rest)?;
                Way::Series(NumberFeed::new(runner, source, readouts, outputs)?)
            }
        };
        let reaches = front.reaches;
        Ok(Self { feed, out, reaches })
    }

    pub fn reset(&mut self) {
        each!(&mut self.feed, feed => feed.reset());
    }

    #[cfg(feature = "float")]
    pub const fn runner_mut(&mut self) -> &mut Runner {
        each!(&mut self.feed, feed => feed.net_mut())
    }

    /// Whether there is an answer now.
    pub fn feed(&mut self, raw: &[f32], answers: &mut [f32]) -> Result<bool, Code> {
        Ok(each!(&mut self.feed, feed => feed.feed(raw, answers))?)
    }

    pub fn feed_unread(&mut self, raw: &[f32]) -> Result<(), Code> {
        each!(&mut self.feed, feed => feed.feed_unread(raw)).map_err(Code::from)
    }

    /// Whether a step waited for later samples.
    pub fn end(&mut self, answers: &mut [f32]) -> Result<bool, Code> {
        Ok(each!(&mut self.feed, feed => feed.end(answers))?)
    }

    pub fn missing(&self) -> u32 {
        each!(&self.feed, feed => feed.missing())
    }

    /// Where the last answer for a target should lie, if intervals are to hold so many per cent of the values.
    pub fn bounds(&self, target: usize, percent: u32) -> Result<[f32; 2], Code> {
        let mut shares = self.reaches.chunks_exact(1 + self.out.len());
        let share = shares.find(|share| share.first() == Some(&(percent as f32)));
        let reach = share.and_then(|share| share.get(1 + target));
        let reach = *reach.ok_or(Code::Length)?;
        each!(&self.feed, feed => feed.bounds(target, reach)).ok_or(Code::Length)
    }

    /// The first golden sample of which something wrong comes.
    pub fn check(&mut self, golden: &NumberGolden<'_>) -> Result<Option<usize>, Code> {
        let level = Level::detect();
        Ok(each!(&mut self.feed, feed => feed.check(level, golden, self.out))?)
    }
}

/// The readouts of an image, in as much room as they take.
fn written(front: &NumberFront<'_>, room: &'static mut [f32]) -> &'static [Readout] {
    let start = room.as_mut_ptr().cast::<Readout>();
    let most = room.len() / READOUT;
    let mut count = 0;
    for readout in front.readouts.iter().take(most) {
        // SAFETY: a readout is so many numbers and aligned as one, and there is room for `most`, which nobody else uses from now on.
        unsafe { start.add(count).write(readout) };
        count += 1;
    }
    // SAFETY: so many were written; the exclusive borrow is carried over as a shared one.
    unsafe { core::slice::from_raw_parts(start, count) }
}
