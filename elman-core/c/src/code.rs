//! What functions return, and slices from what C hands over.

use core::ffi::CStr;

/// `ELMAN_OK`, or what was wrong. The numbers stand in `elman.h` as well.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// All is well.
    Ok = 0,
    /// A pointer is null, or not aligned for what it leads to.
    Pointer = 1,
    /// A buffer has the wrong length, or there is no such label, column or target.
    Length = 2,
    /// The image does not begin on a 64-byte boundary.
    Alignment = 3,
    /// The bytes are no image, a damaged one, of another version, or of a cell or of numbers that this build leaves out.
    Image = 4,
    /// The net was not opened yet, not started yet, or is running already.
    Stage = 5,
    /// The net reads ids and got numbers, or learns classes and got numbers, or the other way round; or it is no int8 net, or tells no events,
    /// or does not answer.
    Kind = 6,
    /// An id beyond the vocabulary.
    Token = 7,
    /// A net that reads both ways cannot be fed step by step.
    BothWays = 8,
    /// The self-test found a wrong output.
    Mismatch = 9,
    /// The image does not say how raw samples become events, or numbers: no scale or rule, or no net that streams such.
    NoFeed = 10,
    /// The image has no golden samples.
    NoSamples = 11,
    /// The net has no head that could learn: none at all, or one of whole numbers.
    NoHead = 12,
    /// A class that the net has no output for.
    Target = 13,
    /// A number that is not finite: nothing was learnt from it.
    NotFinite = 14,
}

impl Code {
    /// Every code, in the order of the numbers.
    pub const ALL: [Self; 15] = [
        Self::Ok,
        Self::Pointer,
        Self::Length,
        Self::Alignment,
        Self::Image,
        Self::Stage,
        Self::Kind,
        Self::Token,
        Self::BothWays,
        Self::Mismatch,
        Self::NoFeed,
        Self::NoSamples,
        Self::NoHead,
        Self::Target,
        Self::NotFinite,
    ];

    /// What came of a call.
    pub(crate) fn of(done: Result<(), Self>) -> Self {
        done.err().unwrap_or(Self::Ok)
    }

    /// A sentence about a number.
    pub(crate) fn message(code: i32) -> &'static CStr {
        let known = Self::ALL.into_iter().find(|known| *known as i32 == code);
        match known {
            Some(Self::Ok) => c"all is well",
            Some(Self::Pointer) => c"a pointer is null, or not aligned for what it leads to",
            Some(Self::Length) => c"a buffer has the wrong length: elman_get_sizes tells the right one; or there is no such label, column or target, or nothing to say of it",
            Some(Self::Alignment) => c"the image must begin on a 64-byte boundary: declare it ELMAN_ALIGNED",
            Some(Self::Image) => c"the bytes are no image, a damaged one, or of a version that this library does not know (export it anew, or take a newer library), or of a cell or of numbers whose feature is off in this build",
            Some(Self::Stage) => c"first elman_open, then elman_get_sizes and self-tests, then elman_start and steps, or elman_feed_start or elman_answer_start and samples; elman_learn_start before what learns",
            Some(Self::Kind) => c"the net reads ids and got numbers, or learns classes and got numbers, or the other way round; or whole numbers are asked of a float net, events of one that answers, or answers of one that tells events",
            Some(Self::Token) => c"an id exceeds its vocabulary",
            Some(Self::BothWays) => c"a net that reads both ways needs the whole sequence and cannot be fed step by step",
            Some(Self::Mismatch) => c"the self-test found a wrong output",
            Some(Self::NoFeed) => c"the image does not say how raw samples become what was asked for: events are for nets that stream classes of measurements, answers for nets that forecast or regress, exported without --bare",
            Some(Self::NoSamples) => c"the image has no golden samples: export it anew",
            Some(Self::NoHead) => c"the net has no head that could learn: none at all, or one of whole numbers",
            Some(Self::Target) => c"the net has no output for that class",
            Some(Self::NotFinite) => c"a number is not finite: nothing was learnt from it",
            None => c"no code of elman",
        }
    }
}

/// Whether a pointer leads to `len` items, as far as one can see.
fn check<T>(data: *const T, len: usize) -> Result<(), Code> {
    if data.is_null() || !data.is_aligned() {
        return Err(Code::Pointer);
    }
    match len.checked_mul(size_of::<T>()) {
        Some(bytes) if isize::try_from(bytes).is_ok() => Ok(()),
        _ => Err(Code::Length),
    }
}

/// What C hands over to be read.
///
/// # Safety
/// If `data` is not null, it leads to `len` items that stay as they are for `'a`.
pub(crate) unsafe fn slice<'a, T>(data: *const T, len: usize) -> Result<&'a [T], Code> {
    check(data, len)?;
    // SAFETY: not null, aligned, not longer than memory can be; the rest is the caller's promise.
    Ok(unsafe { core::slice::from_raw_parts(data, len) })
}

/// What C hands over to be written.
///
/// # Safety
/// If `data` is not null, it leads to `len` items that nobody else uses for `'a`.
pub(crate) unsafe fn slice_mut<'a, T>(data: *mut T, len: usize) -> Result<&'a mut [T], Code> {
    check(data, len)?;
    // SAFETY: as in `slice`; numbers and strips are valid whatever their bits.
    Ok(unsafe { core::slice::from_raw_parts_mut(data, len) })
}

/// The same memory as words.
#[cfg(feature = "int8")]
pub(crate) const fn words_mut(numbers: &mut [f32]) -> &mut [u32] {
    // SAFETY: a u32 is as large and as aligned as an f32, and both are valid whatever their bits; the exclusive borrow is carried over.
    unsafe { core::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast(), numbers.len()) }
}

/// The same memory as signed numbers.
#[cfg(feature = "int8")]
pub(crate) const fn integers_mut(numbers: &mut [f32]) -> &mut [i32] {
    // SAFETY: as in `words_mut`.
    unsafe { core::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast(), numbers.len()) }
}

/// The same memory as numbers of 16 bits.
#[cfg(feature = "int8")]
pub(crate) const fn halves_mut(numbers: &mut [f32]) -> &mut [i16] {
    // SAFETY: as in `words_mut`; an i16 is half as large, and an f32 is aligned for one. Twice as many are no more memory.
    unsafe { core::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast(), 2 * numbers.len()) }
}
