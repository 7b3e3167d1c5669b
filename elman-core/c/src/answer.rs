//! The functions that lead from raw samples to numbers in the units of the data.

use elman_core::Strip;

use crate::code::{Code, slice, slice_mut};
use crate::feed::start;
use crate::numbers::NumberFeeder;
use crate::run::tell;
use crate::{Net, Stage, image_of, opened};

/// Runs the golden samples.
///
/// # Safety
/// As `elman.h` says: the net was opened, buffers are as long as their lengths say, `wrong` is null or leads to a `size_t`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_answer_self_test(
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
                image.start_answers(state, scratch, room)
            })
        }?;
        image.check_answers(&mut feed)
    });
    // SAFETY: the caller's promise about `wrong`.
    unsafe { tell(found, wrong) }
}

/// Puts the net before its first sample, in the caller's buffers.
///
/// # Safety
/// As `elman.h` says: the net was opened; the buffers are as long as their lengths say and the net's from now on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_answer_start(
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
                image.start_answers(state, scratch, room)
            })
        }?;
        inner.stage = Stage::Answering(feed);
        Ok(())
    }))
}

/// A raw sample.
///
/// # Safety
/// As `elman.h` says: the net was started, `raw` leads to `len` numbers, `answers` is null or leads to `answers_len`, `answered` is null or
/// leads to an `int32_t`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_answer(
    net: *mut Net,
    raw: *const f32,
    len: usize,
    answers: *mut f32,
    answers_len: usize,
    answered: *mut i32,
) -> Code {
    // SAFETY: the caller's promise about the sample.
    let raw = unsafe { slice(raw, len) };
    // SAFETY: the caller's promises.
    unsafe {
        if answers.is_null() {
            return fed(net, answered, |feed| {
                feed.feed.feed_unread(raw?)?;
                Ok(false)
            });
        }
        let answers = slice_mut(answers, answers_len);
        fed(net, answered, |feed| Ok(feed.feed.feed(raw?, answers?)?))
    }
}

/// The end of a sequence.
///
/// # Safety
/// As [`elman_answer`]; `answers` is not null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_answer_end(
    net: *mut Net,
    answers: *mut f32,
    answers_len: usize,
    answered: *mut i32,
) -> Code {
    // SAFETY: the caller's promises.
    unsafe {
        let answers = slice_mut(answers, answers_len);
        fed(net, answered, |feed| Ok(feed.feed.end(answers?)?))
    }
}

/// Where the last answer should lie.
///
/// # Safety
/// As `elman.h` says: the net was started, `bounds` leads to two numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_bounds(
    net: *mut Net,
    target: usize,
    percent: u32,
    bounds: *mut f32,
) -> Code {
    // SAFETY: the caller's promises.
    let (feed, to) = unsafe { (numbers_of(net), slice_mut(bounds, 2)) };
    Code::of(feed.and_then(|feed| {
        for (to, bound) in to?.iter_mut().zip(feed.bounds(target, percent)?) {
            *to = bound;
        }
        Ok(())
    }))
}

/// How many raw numbers were not finite.
///
/// # Safety
/// As `elman.h` says: the net was started, `missing` leads to a `uint32_t`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_get_missing(net: *mut Net, missing: *mut u32) -> Code {
    if missing.is_null() || !missing.is_aligned() {
        return Code::Pointer;
    }
    // SAFETY: the caller's promise about `net`.
    Code::of(unsafe { numbers_of(net) }.map(|feed| {
        // SAFETY: not null, aligned, and the caller's.
        unsafe { missing.write(feed.feed.missing()) };
    }))
}

/// A net that is fed raw samples and answers with numbers.
///
/// # Safety
/// As [`opened()`].
unsafe fn numbers_of<'a>(net: *mut Net) -> Result<&'a mut NumberFeeder, Code> {
    // SAFETY: the caller's promise.
    match &mut unsafe { opened(net) }?.stage {
        Stage::Answering(feed) => Ok(feed),
        Stage::Feeding(_) => Err(Code::Kind),
        _ => Err(Code::Stage),
    }
}

/// Whether there were answers, where somebody asks.
///
/// # Safety
/// As [`elman_answer`].
unsafe fn fed(
    net: *mut Net,
    answered: *mut i32,
    work: impl FnOnce(&mut NumberFeeder) -> Result<bool, Code>,
) -> Code {
    if !answered.is_aligned() {
        return Code::Pointer;
    }
    // SAFETY: the caller's promise about `net`.
    Code::of(unsafe { numbers_of(net) }.and_then(work).map(|is_there| {
        if !answered.is_null() {
            // SAFETY: not null, aligned, and the caller's.
            unsafe { answered.write(i32::from(is_there)) };
        }
    }))
}
