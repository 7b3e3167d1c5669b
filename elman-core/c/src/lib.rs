//! The C interface of `elman-core`: an image is opened in place, and its net fed step by step, or with raw samples out of which come
//! events or numbers; its head can learn. `elman.h` beside this crate is the reference; it is kept by hand, and a test compares it with
//! what stands here.
//!
//! ```text
//! elman_open ──► elman_start ──► elman_step, elman_step_ids             numbers or ids in, outputs out
//!            │                └► elman_step_i16                         whole numbers in, logits out, of an int8 net
//!            ├─► elman_feed_start ──► elman_feed, elman_feed_i16        raw samples in, events out
//!            └─► elman_answer_start ──► elman_answer                    raw samples in, numbers out
//!                       each ──► elman_learn_start ──► elman_learn, elman_update, elman_get_head, elman_set_head
//! ```
//!
//! Every function checks its pointers (null, alignment) and lengths and returns a code. What cannot be checked is the
//! caller's promise: that pointers lead to as much memory as the lengths say, that the net's struct was zero or opened,
//! and that image and buffers stay where they are, used by nobody else, for as long as the net is.
//!
//! The code of each kind of net is a feature, and so is each cell: `float` and `int8`.
//!
//! Build for a chip: `cargo rustc -p elman-c --release --crate-type staticlib --target thumbv7em-none-eabihf`.
#![cfg_attr(target_os = "none", no_std)]

mod answer;
mod code;
mod feed;
#[cfg(feature = "float")]
mod float;
#[cfg(feature = "int8")]
mod int8;
mod notes;
mod numbers;
mod opened;
mod run;

use core::ffi::c_char;

use elman_core::{Error, Input, Spec, Strip};

pub use code::Code;
use code::{slice, slice_mut};
pub use feed::Event;
use numbers::NumberFeeder;
use opened::{Feeder, Opened, Runner};

#[cfg(not(any(feature = "float", feature = "int8")))]
compile_error!(
    "elman-c without the features \"float\" and \"int8\" runs no net: turn one of them on"
);

/// Room for a net, in words of `size_t`.
pub const NET_WORDS: usize = 128;

/// Bytes per strip, and what scratch and images are aligned to.
pub const STRIP: usize = size_of::<Strip>();

/// `elman_net`: what C reserves for a net.
#[repr(C)]
#[derive(Debug)]
pub struct Net([usize; NET_WORDS]);

/// What a [`Net`] holds once it was opened.
struct Inner {
    mark: usize,
    notes: &'static str,
    stage: Stage,
}

/// The state that the calls of C have brought a net to.
enum Stage {
    Opened(Opened),
    Running(Runner),
    Feeding(Feeder),
    Answering(NumberFeeder),
}

/// [`Inner::mark`] of a net that was opened; a static of C is zero before.
const MARK: usize = 0x4E61_6D6C;

const _: () = assert!(size_of::<Inner>() <= size_of::<Net>());
const _: () = assert!(align_of::<Inner>() <= align_of::<Net>());

/// `elman_sizes`: what a net needs, as `elman.h` says.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Numbers or ids per step.
    pub inputs: usize,
    /// Numbers per output row.
    pub outputs: usize,
    /// Whether a step reads ids.
    pub reads_ids: usize,
    /// Whether the net can be fed step by step.
    pub streams: usize,
    /// Numbers of state.
    pub state: usize,
    /// Strips of scratch for a stream and its self-test; 0 where the net cannot stream.
    pub scratch: usize,
    /// Steps of the self-test.
    pub golden_steps: usize,
    /// Numbers of a raw sample; 0 where the net cannot be fed any.
    pub columns: usize,
    /// By how many samples a step is late.
    pub delay: usize,
    /// Numbers of room between raw samples and events, or answers.
    pub room: usize,
    /// Golden samples.
    pub golden_samples: usize,
    /// Weights of the head; 0 where it cannot learn.
    pub head: usize,
    /// Strips of a head in RAM.
    pub head_strips: usize,
    /// Numbers of memory to learn in.
    pub memory: usize,
    /// Whether the net computes in whole numbers.
    pub is_int8: usize,
    /// Numbers that answer a raw sample; 0 where events do, or nothing.
    pub answers: usize,
}

impl Sizes {
    /// What the spec of a net says.
    fn of(spec: &Spec, golden_lengths: &[u32]) -> Self {
        Self {
            inputs: spec.golden_width(),
            outputs: spec.output_width(),
            reads_ids: usize::from(matches!(spec.input, Input::Tokens { .. })),
            streams: usize::from(!spec.is_bidirectional()),
            golden_steps: golden_lengths.iter().fold(0, |sum, &n| sum + n as usize),
            ..Self::default()
        }
    }
}

/// The net behind a pointer.
///
/// # Safety
/// `net` is null, or leads to a struct of the caller's that is zero or was opened, and that nobody else uses meanwhile.
unsafe fn opened<'a>(net: *mut Net) -> Result<&'a mut Inner, Code> {
    let inner = net.cast::<Inner>();
    if inner.is_null() || !inner.is_aligned() {
        return Err(Code::Pointer);
    }
    // SAFETY: not null, aligned, and large enough by the assertions above; a word of any value is a usize.
    if unsafe { (&raw const (*inner).mark).read() } != MARK {
        return Err(Code::Stage);
    }
    // SAFETY: only `elman_open` writes the mark, together with everything else.
    Ok(unsafe { &mut *inner })
}

/// Checks an image and remembers where it lies.
///
/// # Safety
/// As `elman.h` says: `image` leads to `len` bytes that stay as they are for as long as the net is used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_open(net: *mut Net, image: *const u8, len: usize) -> Code {
    let inner = net.cast::<Inner>();
    if inner.is_null() || !inner.is_aligned() || image.is_null() {
        return Code::Pointer;
    }
    if !image.cast::<Strip>().is_aligned() {
        return Code::Alignment;
    }
    // SAFETY: not null; the caller promises the bytes and that they stay.
    let bytes = match unsafe { slice(image, len) } {
        Ok(bytes) => bytes,
        Err(code) => return code,
    };
    Code::of(Opened::read(bytes).map(|image| {
        let opened = Inner {
            mark: MARK,
            notes: image.notes(),
            stage: Stage::Opened(image),
        };
        // SAFETY: not null, aligned, large enough, and what lay there needs no drop.
        unsafe { inner.write(opened) };
    }))
}

/// What the net needs.
///
/// # Safety
/// As `elman.h` says: `net` was opened, `sizes` leads to a struct.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_get_sizes(net: *mut Net, sizes: *mut Sizes) -> Code {
    if sizes.is_null() || !sizes.is_aligned() {
        return Code::Pointer;
    }
    // SAFETY: the caller's promise about `net`.
    let found = match unsafe { image_of(net) } {
        Ok((_, image)) => image.sizes(),
        Err(code) => return code,
    };
    // SAFETY: not null, aligned, and the caller's.
    unsafe { sizes.write(found) };
    Code::Ok
}

/// What an output is called.
///
/// # Safety
/// As `elman.h` says: `net` was opened, `text` and `len` lead to a pointer and a `size_t`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_get_label(
    net: *mut Net,
    index: usize,
    text: *mut *const c_char,
    len: *mut usize,
) -> Code {
    if text.is_null() || !text.is_aligned() || len.is_null() || !len.is_aligned() {
        return Code::Pointer;
    }
    // SAFETY: the caller's promise about `net`.
    let label = match unsafe { opened(net) } {
        Ok(inner) => notes::label(inner.notes, index),
        Err(code) => return code,
    };
    let Some(label) = label else {
        return Code::Length;
    };
    // SAFETY: neither is null, both are aligned and the caller's.
    unsafe {
        text.write(label.as_ptr().cast());
        len.write(label.len());
    }
    Code::Ok
}

/// How a column of raw samples comes to the scale of training.
///
/// # Safety
/// As `elman.h` says: `net` was opened, `scale` leads to four numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_get_scale(net: *mut Net, column: usize, scale: *mut f32) -> Code {
    // SAFETY: the caller's promises.
    let (inner, to) = match unsafe { (opened(net), slice_mut(scale, 4)) } {
        (Ok(inner), Ok(to)) => (inner, to),
        (Err(code), _) | (_, Err(code)) => return code,
    };
    let Some(found) = notes::scale(inner.notes, column) else {
        return Code::Length;
    };
    for (to, number) in to.iter_mut().zip(found) {
        *to = number;
    }
    Code::Ok
}

/// What one unit of a whole number is worth.
///
/// # Safety
/// As `elman.h` says: `net` was opened, `units` leads to two numbers.
#[cfg(feature = "int8")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_get_units(net: *mut Net, units: *mut f32) -> Code {
    // SAFETY: the caller's promises.
    let (image, to) = unsafe { (image_of(net), slice_mut(units, 2)) };
    Code::of(image.and_then(|(_, image)| {
        for (to, unit) in to?.iter_mut().zip(image.units()?) {
            *to = unit;
        }
        Ok(())
    }))
}

/// A net that was opened and not started, and its image.
///
/// # Safety
/// As [`opened()`].
unsafe fn image_of<'a>(net: *mut Net) -> Result<(&'a mut Inner, Opened), Code> {
    // SAFETY: the caller's promise.
    let inner = unsafe { opened(net) }?;
    match inner.stage {
        Stage::Opened(image) => Ok((inner, image)),
        _ => Err(Code::Stage),
    }
}

/// A sentence about a code, ended by a zero byte.
#[unsafe(no_mangle)]
pub extern "C" fn elman_message(code: i32) -> *const c_char {
    Code::message(code).as_ptr()
}

impl From<Error> for Code {
    fn from(error: Error) -> Self {
        match error {
            Error::Length { .. } => Self::Length,
            Error::InputKind => Self::Kind,
            Error::Token { .. } => Self::Token,
            Error::Steps(_) => Self::BothWays,
            Error::Target { .. } => Self::Target,
            _ => Self::Image,
        }
    }
}

/// Nothing here panics (a test of the firmware looks for it); the compiler wants to be told what would happen.
#[cfg(target_os = "none")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
