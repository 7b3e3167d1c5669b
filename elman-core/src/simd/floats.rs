//! Structs of numbers, read where these lie.

use crate::feed::{ColumnScale, Split};

/// A struct of numbers alone.
///
/// # Safety
/// The type is `repr(C)` and has fields of `f32` and of no other type.
pub(crate) unsafe trait OfFloats: Copy {}

// SAFETY: three `f32` in `repr(C)`.
unsafe impl OfFloats for ColumnScale {}
// SAFETY: two `f32` in `repr(C)`.
unsafe impl OfFloats for Split {}

/// The same memory as structs; numbers that are too few for a last one are left out.
pub(crate) const fn of_floats<T: OfFloats>(numbers: &[f32]) -> &[T] {
    let count = numbers.len() / (size_of::<T>() / size_of::<f32>());
    // SAFETY: a T is so many `f32` without padding, aligned as one and valid whatever their bits; `count` of them are no more memory.
    unsafe { core::slice::from_raw_parts(numbers.as_ptr().cast(), count) }
}

/// The same memory as numbers.
pub(crate) const fn to_floats<T: OfFloats>(structs: &[T]) -> &[f32] {
    let count = size_of_val(structs) / size_of::<f32>();
    // SAFETY: as in `of_floats`, the other way round.
    unsafe { core::slice::from_raw_parts(structs.as_ptr().cast(), count) }
}
