//! The C interface of `elman-core`: an image is opened in place, and its net fed step by step. `elman.h` beside this crate is
//! the reference; it is kept by hand, and a test compares it with what stands here.
//!
//! Every function checks its pointers (null, alignment) and lengths and returns a code. What cannot be checked is the
//! caller's promise: that pointers lead to as much memory as the lengths say, that the net's struct was zero or opened,
//! and that image and buffers stay where they are, used by nobody else, for as long as the net is.
//!
//! Build for a chip: `cargo rustc -p elman-c --release --crate-type staticlib --target thumbv7em-none-eabihf`.
#![cfg_attr(target_os = "none", no_std)]

mod code;
mod notes;

use core::ffi::c_char;

use elman_core::{Error, Image, Input, Inputs, Level, SelfTest, Spec, Stream, Strip};

pub use code::Code;
use code::{slice, slice_mut};

/// Room for a net, in words of `size_t`.
pub const NET_WORDS: usize = 80;

/// Bytes per strip, and what scratch and images are aligned to.
pub const STRIP: usize = size_of::<Strip>();

/// `elman_net`: what C reserves for a net.
#[repr(C)]
#[derive(Debug)]
pub struct Net([usize; NET_WORDS]);

/// What a [`Net`] holds once it was opened.
struct Inner {
    mark: usize,
    stage: Stage,
}

/// The state that the calls of C have brought a net to.
enum Stage {
    Opened(Image<'static>),
    Running(Stream<'static>),
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
}

impl Sizes {
    fn of(image: &Image<'_>) -> Self {
        let spec = &image.spec;
        let streams = !spec.is_bidirectional();
        Self {
            inputs: spec.golden_width(),
            outputs: spec.output_width(),
            reads_ids: usize::from(reads_ids(spec)),
            streams: usize::from(streams),
            state: spec.state_len(),
            scratch: if streams { spec.stream_len() } else { 0 },
            golden_steps: image
                .golden
                .lengths
                .iter()
                .fold(0, |sum, &n| sum + n as usize),
        }
    }
}

const fn reads_ids(spec: &Spec) -> bool {
    matches!(spec.input, Input::Tokens { .. })
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
    match Image::read(bytes) {
        Ok(image) => {
            let (mark, stage) = (MARK, Stage::Opened(image));
            // SAFETY: not null, aligned, large enough, and what lay there needs no drop.
            unsafe { inner.write(Inner { mark, stage }) };
            Code::Ok
        }
        Err(_) => Code::Image,
    }
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
    let found = match unsafe { opened(net) } {
        Ok(Inner {
            stage: Stage::Opened(image),
            ..
        }) => Sizes::of(image),
        Ok(_) => return Code::Stage,
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
    let label = match unsafe { notes_of(net) } {
        Ok(notes) => notes::label(notes, index),
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
    let (notes, to) = match unsafe { (notes_of(net), slice_mut(scale, 4)) } {
        (Ok(notes), Ok(to)) => (notes, to),
        (Err(code), _) | (_, Err(code)) => return code,
    };
    let Some(found) = notes::scale(notes, column) else {
        return Code::Length;
    };
    for (to, number) in to.iter_mut().zip(found) {
        *to = number;
    }
    Code::Ok
}

/// The notes of a net that was opened and not started.
///
/// # Safety
/// As [`opened`].
unsafe fn notes_of(net: *mut Net) -> Result<&'static str, Code> {
    // SAFETY: the caller's promise.
    match &unsafe { opened(net) }?.stage {
        Stage::Opened(image) => Ok(image.notes),
        Stage::Running(_) => Err(Code::Stage),
    }
}

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
    let (inner, buffers) = unsafe {
        match (
            opened(net),
            slice_mut(state, state_len),
            slice_mut(scratch, scratch_len),
            slice_mut(outputs, outputs_len),
        ) {
            (Ok(inner), Ok(state), Ok(scratch), Ok(outputs)) => (
                inner,
                SelfTest {
                    state,
                    scratch,
                    outputs,
                },
            ),
            (Err(code), ..) => return code,
            _ => return Code::Pointer,
        }
    };
    let Stage::Opened(image) = &inner.stage else {
        return Code::Stage;
    };
    let found = image
        .model()
        .and_then(|model| image.golden.check_stream(Level::detect(), &model, buffers));
    let number = match found {
        Ok(found) => found.map_or(0, |index| index + 1),
        Err(error) => return error.into(),
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
    let (inner, state, scratch) = unsafe {
        match (
            opened(net),
            slice_mut(state, state_len),
            slice_mut(scratch, scratch_len),
        ) {
            (Ok(inner), Ok(state), Ok(scratch)) => (inner, state, scratch),
            (Err(code), ..) => return code,
            _ => return Code::Pointer,
        }
    };
    let Stage::Opened(image) = &inner.stage else {
        return Code::Stage;
    };
    let stream = image
        .model()
        .and_then(|model| Stream::new(Level::detect(), model, state, scratch));
    match stream {
        Ok(stream) => {
            inner.stage = Stage::Running(stream);
            Code::Ok
        }
        Err(error) => error.into(),
    }
}

/// Back to the initial state.
///
/// # Safety
/// As `elman.h` says: the net was opened.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn elman_reset(net: *mut Net) -> Code {
    // SAFETY: the caller's promise about `net`.
    match unsafe { running(net) } {
        Ok(stream) => {
            stream.reset();
            Code::Ok
        }
        Err(code) => code,
    }
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

/// One step, whatever it reads.
///
/// # Safety
/// As [`opened`]; `outputs` leads to as many numbers as `outputs_len` says.
unsafe fn step(
    net: *mut Net,
    inputs: Result<Inputs<'_>, Code>,
    outputs: *mut f32,
    outputs_len: usize,
) -> Code {
    // SAFETY: the caller's promises.
    let (stream, outputs) = unsafe { (running(net), slice_mut(outputs, outputs_len)) };
    match (stream, inputs, outputs) {
        (Ok(stream), Ok(inputs), Ok(outputs)) => match stream.step(inputs, outputs) {
            Ok(()) => Code::Ok,
            Err(error) => error.into(),
        },
        (Err(code), ..) => code,
        _ => Code::Pointer,
    }
}

/// The stream of a net that was started.
///
/// # Safety
/// As [`opened`].
unsafe fn running<'a>(net: *mut Net) -> Result<&'a mut Stream<'static>, Code> {
    // SAFETY: the caller's promise.
    match unsafe { opened(net) }?.stage {
        Stage::Running(ref mut stream) => Ok(stream),
        Stage::Opened(_) => Err(Code::Stage),
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
