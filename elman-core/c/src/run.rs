//! The functions that run a net: self-test, start, steps.

use elman_core::feed::Streaming as _;
use elman_core::{Inputs, Strip};

use crate::code::{Code, slice, slice_mut};
use crate::{Net, Stage, image_of, opened};

/// Runs the golden vectors.
///
/// # Safety
/// As `elman.h` says: the net was opened, buffers are as long as their lengths say, `wrong` is null or leads to a `size_t`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_self_test(
    net: *mut Net,
    state: *mut f32,
    state_len: usize,
    scratch: *mut Strip,
    scratch_len: usize,
    outputs: *mut f32,
    outputs_len: usize,
    wrong: *mut usize,
) -> Code {
    // SAFETY: the caller's promises about `net` and the buffers.
    let (net, buffers) = unsafe {
        (
            image_of(net),
            (
                slice_mut(state, state_len),
                slice_mut(scratch, scratch_len),
                slice_mut(outputs, outputs_len),
            ),
        )
    };
    let found = net.and_then(|(_, image)| {
        let (state, scratch, outputs) = buffers;
        image.self_test(state?, scratch?, outputs?)
    });
    // SAFETY: the caller's promise about `wrong`.
    unsafe { tell(found, wrong) }
}

/// Tells where a self-test found something wrong.
///
/// # Safety
/// `wrong` is null or leads to a `size_t`.
pub(crate) unsafe fn tell(found: Result<Option<usize>, Code>, wrong: *mut usize) -> Code {
    let number = match found {
        Ok(found) => found.map_or(0, |index| index + 1),
        Err(code) => return code,
    };
    if !wrong.is_null() && wrong.is_aligned() {
        // SAFETY: not null, aligned, and the caller's.
        unsafe { wrong.write(number) };
    }
    if number == 0 {
        Code::Ok
    } else {
        Code::Mismatch
    }
}

/// Puts the net at its initial state, in the caller's buffers.
///
/// # Safety
/// As `elman.h` says: the net was opened; the buffers are as long as their lengths say and the net's from now on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_start(
    net: *mut Net,
    state: *mut f32,
    state_len: usize,
    scratch: *mut Strip,
    scratch_len: usize,
) -> Code {
    // SAFETY: the caller's promises about `net` and the buffers.
    let (net, buffers) = unsafe {
        (
            image_of(net),
            (slice_mut(state, state_len), slice_mut(scratch, scratch_len)),
        )
    };
    Code::of(net.and_then(|(inner, image)| {
        inner.stage = Stage::Running(image.start(buffers.0?, buffers.1?)?);
        Ok(())
    }))
}

/// Back to the initial state.
///
/// # Safety
/// As `elman.h` says: the net was opened.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_reset(net: *mut Net) -> Code {
    // SAFETY: the caller's promise about `net`.
    let inner = unsafe { opened(net) };
    Code::of(inner.and_then(|inner| {
        match &mut inner.stage {
            Stage::Opened(_) => return Err(Code::Stage),
            Stage::Running(runner) => runner.reset(),
            Stage::Feeding(feed) => feed.reset(),
            Stage::Answering(feed) => feed.feed.reset(),
        }
        Ok(())
    }))
}

/// One step of a net that reads numbers.
///
/// # Safety
/// As `elman.h` says: the net was started, buffers are as long as their lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_step(
    net: *mut Net,
    inputs: *const f32,
    inputs_len: usize,
    outputs: *mut f32,
    outputs_len: usize,
) -> Code {
    // SAFETY: the caller's promise about the inputs.
    let inputs = unsafe { slice(inputs, inputs_len) }.map(Inputs::Dense);
    // SAFETY: the caller's promises about `net` and the outputs.
    unsafe { step(net, inputs, outputs, outputs_len) }
}

/// One step of a net that reads ids.
///
/// # Safety
/// As `elman.h` says: the net was started, buffers are as long as their lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_step_ids(
    net: *mut Net,
    ids: *const u32,
    ids_len: usize,
    outputs: *mut f32,
    outputs_len: usize,
) -> Code {
    // SAFETY: the caller's promise about the ids.
    let inputs = unsafe { slice(ids, ids_len) }.map(Inputs::Tokens);
    // SAFETY: the caller's promises about `net` and the outputs.
    unsafe { step(net, inputs, outputs, outputs_len) }
}

/// One step of an int8 net in the whole numbers that it computes with.
///
/// # Safety
/// As `elman.h` says: the net was started, buffers are as long as their lengths say.
#[cfg(feature = "int8")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_step_i16(
    net: *mut Net,
    inputs: *const i16,
    inputs_len: usize,
    logits: *mut i32,
    logits_len: usize,
) -> Code {
    // SAFETY: the caller's promises.
    let (inner, inputs, logits) = unsafe {
        (
            opened(net),
            slice(inputs, inputs_len),
            slice_mut(logits, logits_len),
        )
    };
    Code::of(inner.and_then(|inner| {
        let Stage::Running(runner) = &mut inner.stage else {
            return Err(Code::Stage);
        };
        runner.step_i16(inputs?, logits?)
    }))
}

/// One step, whatever it reads.
///
/// # Safety
/// As [`opened()`]; `outputs` leads to as many numbers as `outputs_len` says.
unsafe fn step(
    net: *mut Net,
    inputs: Result<Inputs<'_>, Code>,
    outputs: *mut f32,
    outputs_len: usize,
) -> Code {
    // SAFETY: the caller's promises.
    let (inner, outputs) = unsafe { (opened(net), slice_mut(outputs, outputs_len)) };
    Code::of(inner.and_then(|inner| {
        // A net that is fed samples knows which step it is at.
        let Stage::Running(runner) = &mut inner.stage else {
            return Err(Code::Stage);
        };
        Ok(runner.step(inputs?, outputs?)?)
    }))
}
