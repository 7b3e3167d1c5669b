//! Parts of slices that are there by construction.

use core::slice::SliceIndex;

/// A part of a slice. None of it where it is not there, which is a bug.
#[inline(always)]
pub(crate) fn at<T>(slice: &[T], index: impl SliceIndex<[T], Output = [T]>) -> &[T] {
    let (part, len) = (slice.get(index), slice.len());
    let found = part.is_some();
    debug_assert!(found, "a slice of {len} items has no such part");
    part.unwrap_or(&[])
}

/// The same, to be written.
#[inline(always)]
pub(crate) fn at_mut<T>(slice: &mut [T], index: impl SliceIndex<[T], Output = [T]>) -> &mut [T] {
    let len = slice.len();
    let part = slice.get_mut(index);
    let found = part.is_some();
    debug_assert!(found, "a slice of {len} items has no such part");
    part.unwrap_or(&mut [])
}
