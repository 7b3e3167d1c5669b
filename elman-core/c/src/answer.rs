//! The functions that lead from raw samples to numbers in the units of the data.

use crate::code::{Code, slice, slice_mut};
use crate::numbers::NumberFeeder;
use crate::{Net, Stage, opened};

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
    if answers.is_null() {
        // SAFETY: the caller's promise about `net`.
        let feed = unsafe { numbers_of(net) };
        return Code::of(feed.and_then(|feed| Ok(feed.feed.feed_unread(raw?)?)));
    }
    // SAFETY: the caller's promises.
    unsafe {
        tell(net, (answers, answers_len), answered, |feed, answers| {
            Ok(feed.feed.feed(raw?, answers)?)
        })
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
        tell(net, (answers, answers_len), answered, |feed, answers| {
            Ok(feed.feed.end(answers)?)
        })
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
/// As [`opened`].
unsafe fn numbers_of<'a>(net: *mut Net) -> Result<&'a mut NumberFeeder, Code> {
    // SAFETY: the caller's promise.
    match &mut unsafe { opened(net) }?.stage {
        Stage::Feeding(feed) => feed.numbers(),
        _ => Err(Code::Stage),
    }
}

/// Tells answers, and whether there were any.
///
/// # Safety
/// As [`elman_answer`].
unsafe fn tell(
    net: *mut Net,
    (answers, answers_len): (*mut f32, usize),
    answered: *mut i32,
    work: impl FnOnce(&mut NumberFeeder, &mut [f32]) -> Result<bool, Code>,
) -> Code {
    if !answered.is_aligned() {
        return Code::Pointer;
    }
    // SAFETY: the caller's promises.
    let (feed, answers) = unsafe { (numbers_of(net), slice_mut(answers, answers_len)) };
    Code::of(feed.and_then(|feed| work(feed, answers?)).map(|is_there| {
        if !answered.is_null() {
            // SAFETY: not null, aligned, and the caller's.
            unsafe { answered.write(i32::from(is_there)) };
        }
    }))
}
