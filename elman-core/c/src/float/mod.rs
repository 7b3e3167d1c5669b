//! Float nets: strips of an image in flash, a scale that stands in its notes, and a head that can learn.

pub mod learn;
mod learner;
mod runner;

use elman_core::feed::{self, ColumnScale, Feed, FeedBuffers, Rule, Samples};
use elman_core::{HeadKind, Image, Input, Level, SelfTest, Strip};

use crate::code::Code;
use crate::feed::{Event, Said};
use crate::{Sizes, notes};
use learner::Learner;
pub use runner::Runner;

/// Raw samples in, events out.
pub type FloatFeed = Feed<'static, Runner>;

/// What an image needs beside what its spec says.
pub fn sizes(image: &Image<'_>) -> Sizes {
    let spec = &image.spec;
    let front = Front::of(image);
    let learns = Learner::can_learn(spec);
    let streams = !spec.is_bidirectional();
    Sizes {
        state: spec.state_len(),
        scratch: if streams { spec.stream_len() } else { 0 },
        columns: front.map_or(0, |front| front.columns),
        delay: front.map_or(0, |front| front.window / 2),
        room: front.map_or(0, |front| front.room(spec.output_width())),
        golden_samples: match (front, image.samples) {
            (Some(_), Some(samples)) => samples.fires.len(),
            _ => 0,
        },
        head: if learns { spec.head_len() } else { 0 },
        head_strips: if learns { spec.packed_head_len() } else { 0 },
        memory: if learns { Learner::memory_len(spec) } else { 0 },
        ..Sizes::of(spec, image.golden.lengths)
    }
}

/// The first output of the golden vectors that is wrong.
pub fn self_test(
    image: &Image<'static>,
    state: &mut [f32],
    scratch: &mut [Strip],
    outputs: &mut [f32],
) -> Result<Option<usize>, Code> {
    let buffers = SelfTest {
        state,
        scratch,
        outputs,
    };
    let (golden, model) = (image.golden, image.model()?);
    Ok(golden.check_stream(Level::detect(), &model, buffers)?)
}

/// Before the first sample, in the caller's buffers.
pub fn start_feed(
    image: &Image<'static>,
    state: &'static mut [f32],
    scratch: &'static mut [Strip],
    room: &'static mut [f32],
) -> Result<FloatFeed, Code> {
    let front = Front::of(image).ok_or(Code::NoFeed)?;
    front.start(image, Runner::new(image, state, scratch)?, room)
}

/// The first golden sample of which something wrong comes.
pub fn check_feed(image: &Image<'static>, feed: &mut FloatFeed) -> Result<Option<usize>, Code> {
    let samples = image.samples.ok_or(Code::NoSamples)?;
    Ok(feed.check(Level::detect(), &image.golden, &samples)?)
}

/// How raw samples become events, as the notes of an image say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Front {
    pub columns: usize,
    /// Rows that a step reads.
    pub window: usize,
    pub farthest: f32,
    pub rule: Rule,
}

impl Front {
    /// That of an image, if its net streams classes of so many columns.
    pub fn of(image: &Image<'_>) -> Option<Self> {
        let spec = &image.spec;
        let HeadKind::Softmax { outputs } = spec.head.kind else {
            return None;
        };
        let front = notes::front(image.notes)?;
        let rule = front.rule;
        let is_rule = rule.smoothing > 0.0
            && rule.smoothing <= 1.0
            && rule.threshold.is_finite()
            && rule.background.is_none_or(|class| class < outputs);
        let is_fed = matches!(spec.input, Input::Dense { .. })
            && !spec.is_bidirectional()
            && front.window % 2 == 1
            && front.columns.checked_mul(front.window) == Some(spec.input_width());
        (is_rule && is_fed && front.farthest > 0.0).then_some(front)
    }

    /// Numbers of room: scale, rows, outputs, and their means.
    pub const fn room(&self, outputs: usize) -> usize {
        3 * self.columns + Samples::rows_len(self.columns, self.window) + 2 * outputs
    }

    /// A feed in the caller's room.
    fn start(
        &self,
        image: &Image<'_>,
        runner: Runner,
        room: &'static mut [f32],
    ) -> Result<FloatFeed, Code> {
        let outputs = image.spec.output_width();
        if room.len() != self.room(outputs) {
            return Err(Code::Length);
        }
        let (numbers, rest) = room
            .split_at_mut_checked(3 * self.columns)
            .ok_or(Code::Length)?;
        let rows = Samples::rows_len(self.columns, self.window);
        let (rows, rest) = rest.split_at_mut_checked(rows).ok_or(Code::Length)?;
        let (outputs, smooth) = rest.split_at_mut_checked(outputs).ok_or(Code::Length)?;
        let scale = columns(numbers);
        for (column, to) in scale.iter_mut().enumerate() {
            let [mean, rest, factor, _] = notes::scale(image.notes, column).ok_or(Code::NoFeed)?;
            *to = ColumnScale { mean, rest, factor };
        }
        let buffers = FeedBuffers {
            rows,
            outputs,
            smooth,
        };
        let scale = (&*scale, self.farthest, self.window);
        Ok(Feed::new(runner, scale, self.rule, buffers)?)
    }
}

/// Numbers as scales of columns, three each.
const fn columns(numbers: &mut [f32]) -> &mut [ColumnScale] {
    const _: () = assert!(size_of::<ColumnScale>() == 3 * size_of::<f32>());
    let (start, columns) = (numbers.as_mut_ptr(), numbers.len() / 3);
    // SAFETY: a scale is three numbers in a row, aligned as one, whatever their bits; there are so many, and the exclusive borrow is
    // carried over.
    unsafe { core::slice::from_raw_parts_mut(start.cast(), columns) }
}

/// An event as C reads it.
pub fn told(event: Option<feed::Event>, feed: &FloatFeed) -> Event {
    let said = event.map(|event| Said {
        step: event.step,
        class: event.class,
        probability: event.probability,
        fires: event.fires,
    });
    Event::of(said, feed.missing())
}
