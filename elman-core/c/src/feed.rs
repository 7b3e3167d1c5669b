//! The functions that lead from raw samples to events.

use elman_core::feed::{self, ColumnScale, Feed, FeedBuffers, Rule, Samples};
use elman_core::{HeadKind, Image, Input, Level, Strip};

use crate::code::{Code, slice, slice_mut};
use crate::run::tell;
use crate::runner::Runner;
use crate::{Net, Stage, image_of, notes, opened};

/// `elman_event`: what a net says after a sample, as `elman.h` says.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// The step, counted from 0.
    pub step: u32,
    /// The likeliest class.
    pub label: u32,
    /// Its smoothed probability.
    pub probability: f32,
    /// 1: an event; 0: none; -1: no step could be done.
    pub fires: i32,
    /// Numbers so far that were not finite.
    pub missing: u32,
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
    ) -> Result<Feed<'static, Runner>, Code> {
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

/// A feed of an image that was opened, in the caller's buffers.
///
/// # Safety
/// The buffers are as long as their lengths say, and the feed's from now on.
unsafe fn start(
    image: &Image<'static>,
    (state, state_len): (*mut f32, usize),
    (scratch, scratch_len): (*mut Strip, usize),
    (room, room_len): (*mut f32, usize),
) -> Result<Feed<'static, Runner>, Code> {
    let front = Front::of(image).ok_or(Code::NoFeed)?;
    // SAFETY: the caller's promise.
    let (state, scratch, room) = unsafe {
        (
            slice_mut(state, state_len)?,
            slice_mut(scratch, scratch_len)?,
            slice_mut(room, room_len)?,
        )
    };
    front.start(image, Runner::new(image, state, scratch)?, room)
}

/// Runs the golden samples.
///
/// # Safety
/// As `elman.h` says: the net was opened, buffers are as long as their lengths say, `wrong` is null or leads to a `size_t`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_feed_self_test(
    net: *mut Net,
    state: *mut f32,
    state_len: usize,
    scratch: *mut Strip,
    scratch_len: usize,
    room: *mut f32,
    room_len: usize,
    wrong: *mut usize,
) -> Code {
    // SAFETY: the caller's promise about `net`.
    let found = unsafe { image_of(net) }.and_then(|(_, image)| {
        let buffers = ((state, state_len), (scratch, scratch_len), (room, room_len));
        // SAFETY: the caller's promise about the buffers; the feed ends here.
        let mut feed = unsafe { start(&image, buffers.0, buffers.1, buffers.2) }?;
        let samples = image.samples.ok_or(Code::NoSamples)?;
        Ok(feed.check(Level::detect(), &image.golden, &samples)?)
    });
    // SAFETY: the caller's promise about `wrong`.
    unsafe { tell(found, wrong) }
}

/// Puts the net before its first sample, in the caller's buffers.
///
/// # Safety
/// As `elman.h` says: the net was opened; the buffers are as long as their lengths say and the net's from now on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_feed_start(
    net: *mut Net,
    state: *mut f32,
    state_len: usize,
    scratch: *mut Strip,
    scratch_len: usize,
    room: *mut f32,
    room_len: usize,
) -> Code {
    // SAFETY: the caller's promise about `net`.
    Code::of(unsafe { image_of(net) }.and_then(|(inner, image)| {
        let buffers = ((state, state_len), (scratch, scratch_len), (room, room_len));
        // SAFETY: the caller's promise about the buffers.
        let feed = unsafe { start(&image, buffers.0, buffers.1, buffers.2) }?;
        inner.stage = Stage::Feeding(feed);
        Ok(())
    }))
}

/// A raw sample.
///
/// # Safety
/// As `elman.h` says: the net was started, `raw` leads to `len` numbers, `event` is null or leads to a struct.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_feed(
    net: *mut Net,
    raw: *const f32,
    len: usize,
    event: *mut Event,
) -> Code {
    // SAFETY: the caller's promise about the sample.
    let raw = unsafe { slice(raw, len) };
    // SAFETY: the caller's promises about the others.
    unsafe {
        fed(
            net,
            event,
            |feed| feed.feed(raw?).map_err(Code::from),
            |feed| feed.feed_unread(raw?).map_err(Code::from),
        )
    }
}

/// A raw sample of whole numbers.
///
/// # Safety
/// As [`elman_feed`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_feed_i16(
    net: *mut Net,
    raw: *const i16,
    len: usize,
    event: *mut Event,
) -> Code {
    // SAFETY: the caller's promise about the sample.
    let raw = unsafe { slice(raw, len) };
    // SAFETY: the caller's promises about the others.
    unsafe {
        fed(
            net,
            event,
            |feed| feed.feed_i16(raw?).map_err(Code::from),
            |feed| feed.feed_i16_unread(raw?).map_err(Code::from),
        )
    }
}

/// The end of a sequence.
///
/// # Safety
/// As [`elman_feed`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_feed_end(net: *mut Net, event: *mut Event) -> Code {
    // SAFETY: the caller's promises.
    unsafe {
        fed(
            net,
            event,
            |feed| feed.end().map_err(Code::from),
            |feed| feed.end_unread().map_err(Code::from),
        )
    }
}

/// What a call does where somebody asks for an event, or where nobody does.
///
/// # Safety
/// As [`opened`]; `event` is null or leads to a struct.
unsafe fn fed(
    net: *mut Net,
    event: *mut Event,
    read: impl FnOnce(&mut Feed<'static, Runner>) -> Result<Option<feed::Event>, Code>,
    pass: impl FnOnce(&mut Feed<'static, Runner>) -> Result<(), Code>,
) -> Code {
    if !event.is_aligned() {
        return Code::Pointer;
    }
    // SAFETY: the caller's promise about `net`.
    Code::of(unsafe { opened(net) }.and_then(|inner| {
        let Stage::Feeding(feed) = &mut inner.stage else {
            return Err(Code::Stage);
        };
        if event.is_null() {
            return pass(feed);
        }
        let told = told(read(feed)?, feed.missing());
        // SAFETY: not null, aligned, and the caller's.
        unsafe { event.write(told) };
        Ok(())
    }))
}

/// An event as C reads it.
fn told(event: Option<feed::Event>, missing: u32) -> Event {
    match event {
        None => Event {
            step: 0,
            label: 0,
            probability: 0.0,
            fires: -1,
            missing,
        },
        Some(event) => Event {
            step: event.step,
            label: event.class as u32,
            probability: event.probability,
            fires: i32::from(event.fires),
            missing,
        },
    }
}
