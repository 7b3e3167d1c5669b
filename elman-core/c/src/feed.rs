//! The functions that lead from raw samples to events.

use elman_core::Strip;

use crate::code::{Code, slice, slice_mut};
use crate::opened::Feeder;
use crate::run::tell;
use crate::{Net, Stage, image_of, opened};

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

/// Buffers of C as it gives them: state, scratch, room.
pub(crate) type Given = ((*mut f32, usize), (*mut Strip, usize), (*mut f32, usize));

/// A feed in the caller's buffers, of whatever `start` makes.
///
/// # Safety
/// The buffers are as long as their lengths say, and the feed's from now on.
pub(crate) unsafe fn start<T>(
    ((state, state_len), (scratch, scratch_len), (room, room_len)): Given,
    start: impl FnOnce(&'static mut [f32], &'static mut [Strip], &'static mut [f32]) -> Result<T, Code>,
) -> Result<T, Code> {
    // SAFETY: the caller's promise.
    let (state, scratch, room) = unsafe {
        (
            slice_mut(state, state_len)?,
            slice_mut(scratch, scratch_len)?,
            slice_mut(room, room_len)?,
        )
    };
    start(state, scratch, room)
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
        let mut feed = unsafe {
            start(buffers, |state, scratch, room| {
                image.start_feed(state, scratch, room)
            })
        }?;
        image.check_feed(&mut feed)
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
        let feed = unsafe {
            start(buffers, |state, scratch, room| {
                image.start_feed(state, scratch, room)
            })
        }?;
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
            |feed| feed.feed(raw?),
            |feed| feed.feed_unread(raw?),
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
            |feed| feed.feed_i16(raw?),
            |feed| feed.feed_i16_unread(raw?),
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
    unsafe { fed(net, event, Feeder::end, Feeder::end_unread) }
}

/// What a call does where somebody asks for an event, or where nobody does.
///
/// # Safety
/// As [`opened()`]; `event` is null or leads to a struct.
unsafe fn fed(
    net: *mut Net,
    event: *mut Event,
    read: impl FnOnce(&mut Feeder) -> Result<Event, Code>,
    pass: impl FnOnce(&mut Feeder) -> Result<(), Code>,
) -> Code {
    if !event.is_aligned() {
        return Code::Pointer;
    }
    // SAFETY: the caller's promise about `net`.
    Code::of(unsafe { opened(net) }.and_then(|inner| {
        let feed = match &mut inner.stage {
            Stage::Feeding(feed) => feed,
            Stage::Answering(_) => return Err(Code::Kind),
            _ => return Err(Code::Stage),
        };
        if event.is_null() {
            return pass(feed);
        }
        let told = read(feed)?;
        // SAFETY: not null, aligned, and the caller's.
        unsafe { event.write(told) };
        Ok(())
    }))
}

/// What a net of either kind says of a step.
pub struct Said {
    pub step: u32,
    pub class: usize,
    pub probability: f32,
    pub fires: bool,
}

impl Event {
    /// As C reads it; nothing where no step could be done.
    pub fn of(said: Option<Said>, missing: u32) -> Self {
        let (step, label, probability, fires) = match said {
            None => (0, 0, 0.0, -1),
            Some(said) => (
                said.step,
                said.class as u32,
                said.probability,
                i32::from(said.fires),
            ),
        };
        Self {
            step,
            label,
            probability,
            fires,
            missing,
        }
    }
}
