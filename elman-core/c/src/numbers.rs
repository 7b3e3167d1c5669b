//! From raw samples to numbers in the units of the data, around a net of either kind.

use elman_core::Level;
use elman_core::feed::{FrontBuffers, FrontFeed, NumberFront, NumberGolden, Readout};

use crate::code::Code;
use crate::opened::Runner;

/// Numbers of 32 bits that a readout takes.
const READOUT: usize = 6;
const _: () = assert!(size_of::<Readout>() == READOUT * size_of::<f32>());
const _: () = assert!(align_of::<Readout>() == align_of::<f32>());

/// A net whose answers are numbers, and room for those of a self-test.
pub struct NumberFeeder {
    pub feed: FrontFeed<'static, Runner>,
    out: &'static mut [f32],
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
        let readouts = readouts(take(READOUT * targets)?);
        let (outputs, out, rows) = (take(targets)?, take(targets)?, take(rows)?);
        let buffers = FrontBuffers {
            readouts,
            outputs,
            rows,
            memory: rest,
        };
        let feed = front.feed(runner, buffers)?;
        Ok(Self { feed, out })
    }

    /// Where the last answer for a target should lie, if intervals are to hold so many per cent of the values.
    pub fn bounds(&self, target: usize, percent: u32) -> Result<[f32; 2], Code> {
        self.feed.bounds(target, percent).ok_or(Code::Length)
    }

    /// The first golden sample of which something wrong comes.
    pub fn check(&mut self, golden: &NumberGolden<'_>) -> Result<Option<usize>, Code> {
        Ok(self.feed.check(Level::detect(), golden, self.out)?)
    }
}

/// As many readouts as there is room for.
fn readouts(room: &'static mut [f32]) -> &'static mut [Readout] {
    let start = room.as_mut_ptr().cast::<Readout>();
    let count = room.len() / READOUT;
    for place in 0..count {
        // SAFETY: a readout is so many numbers and aligned as one; there is room for `count`, which nobody else uses from now on.
        unsafe { start.add(place).write(Readout::default()) };
    }
    // SAFETY: so many were written; the exclusive borrow is carried over.
    unsafe { core::slice::from_raw_parts_mut(start, count) }
}
