//! The functions by which a head learns.

use elman_core::Strip;

use super::learner::{Answer, copy};
use super::runner::Runner;
use crate::code::{Code, slice, slice_mut};
use crate::opened::{Feeder, Runner as Running};
use crate::{Net, Stage, opened};

/// A float net that was started, whatever feeds it.
///
/// # Safety
/// As [`opened()`].
unsafe fn runner_of<'a>(net: *mut Net) -> Result<&'a mut Runner, Code> {
    // SAFETY: the caller's promise.
    match unsafe { opened(net) }?.stage {
        Stage::Opened(_) => Err(Code::Stage),
        Stage::Running(Running::Float(ref mut runner)) => Ok(runner),
        Stage::Feeding(Feeder::Float(ref mut feed)) => Ok(feed.net_mut()),
        Stage::Answering(ref mut feed) => match feed.feed.net_mut() {
            Running::Float(runner) => Ok(runner),
            #[cfg(feature = "int8")]
            Running::Int8(_) => Err(Code::NoHead),
        },
        #[cfg(feature = "int8")]
        _ => Err(Code::NoHead),
    }
}

/// Takes the head of the image into RAM.
///
/// # Safety
/// As `elman.h` says: the net was started; the buffers are as long as their lengths say and the net's from now on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_learn_start(
    net: *mut Net,
    strips: *mut Strip,
    strips_len: usize,
    memory: *mut f32,
    memory_len: usize,
) -> Code {
    // SAFETY: the caller's promises about `net` and the buffers.
    let (runner, buffers) = unsafe {
        (
            runner_of(net),
            (slice_mut(strips, strips_len), slice_mut(memory, memory_len)),
        )
    };
    Code::of(runner.and_then(|runner| {
        let (strips, memory) = (buffers.0?, buffers.1?);
        runner.start_learning(strips, memory)
    }))
}

/// Adds the gradient of a class.
///
/// # Safety
/// As `elman.h` says: the net was started, `loss` is null or leads to a `double`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_learn(
    net: *mut Net,
    class: u32,
    batch: usize,
    loss: *mut f64,
) -> Code {
    // SAFETY: the caller's promises.
    unsafe { learn(net, Ok(Answer::Class(class)), batch, loss) }
}

/// Adds the gradient of numbers.
///
/// # Safety
/// As [`elman_learn`]; `numbers` leads to as many as `len` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_learn_numbers(
    net: *mut Net,
    numbers: *const f32,
    len: usize,
    batch: usize,
    loss: *mut f64,
) -> Code {
    // SAFETY: the caller's promise about the numbers.
    let numbers = unsafe { slice(numbers, len) };
    // SAFETY: the caller's promises about the others.
    unsafe { learn(net, numbers.map(Answer::Numbers), batch, loss) }
}

/// Adds the gradient of an answer.
///
/// # Safety
/// As [`elman_learn`].
unsafe fn learn(
    net: *mut Net,
    answer: Result<Answer<'_>, Code>,
    batch: usize,
    loss: *mut f64,
) -> Code {
    if !loss.is_aligned() {
        return Code::Pointer;
    }
    // SAFETY: the caller's promise about `net`.
    let runner = unsafe { runner_of(net) };
    let learnt = runner.and_then(|runner| {
        let (spec, hidden, learner) = runner.learner()?;
        learner.learn(spec, hidden, answer?, batch)
    });
    Code::of(learnt.map(|nats| {
        if !loss.is_null() {
            // SAFETY: not null, aligned, and the caller's.
            unsafe { loss.write(nats) };
        }
    }))
}

/// Goes down the gradient.
///
/// # Safety
/// As `elman.h` says: the net was started.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_update(net: *mut Net, rate: f32, clip: f32) -> Code {
    // SAFETY: the caller's promise about `net`.
    let runner = unsafe { runner_of(net) };
    Code::of(runner.and_then(|runner| {
        let (spec, _, learner) = runner.learner()?;
        learner.update(spec, rate, clip)
    }))
}

/// Copies the weights of the head out, to be kept.
///
/// # Safety
/// As `elman.h` says: the net was started, `weights` leads to `len` numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_get_head(net: *mut Net, weights: *mut f32, len: usize) -> Code {
    // SAFETY: the caller's promises.
    let (runner, weights) = unsafe { (runner_of(net), slice_mut(weights, len)) };
    Code::of(runner.and_then(|runner| {
        let (weights, (_, _, learner)) = (weights?, runner.learner()?);
        if weights.len() != learner.weights().len() {
            return Err(Code::Length);
        }
        copy(learner.weights(), weights);
        Ok(())
    }))
}

/// Takes other weights for the head, that were kept.
///
/// # Safety
/// As `elman.h` says: the net was started, `weights` leads to `len` numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_set_head(net: *mut Net, weights: *const f32, len: usize) -> Code {
    // SAFETY: the caller's promises.
    let (runner, weights) = unsafe { (runner_of(net), slice(weights, len)) };
    Code::of(runner.and_then(|runner| {
        let (spec, _, learner) = runner.learner()?;
        learner.set_weights(spec, weights?)
    }))
}
