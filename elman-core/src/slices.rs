//! Parts of slices that are known to be there, and copies between slices of equal length.
//!
//! Shapes are checked once, at the border (promise P3), so a part that is missing afterwards is a bug: builds with debug
//! assertions stop there, others go on with an empty slice, because no chip links the panic machinery.

use core::slice::SliceIndex;

/// `slice[index]`.
#[inline(always)]
pub(crate) fn at<T>(slice: &[T], index: impl SliceIndex<[T], Output = [T]>) -> &[T] {
    let part = slice.get(index);
    debug_assert!(
        part.is_some(),
        "a slice of {} items has no such part",
        slice.len()
    );
    part.unwrap_or(&[])
}

/// `&mut slice[index]`.
#[inline(always)]
pub(crate) fn at_mut<T>(slice: &mut [T], index: impl SliceIndex<[T], Output = [T]>) -> &mut [T] {
    let len = slice.len();
    let part = slice.get_mut(index);
    debug_assert!(part.is_some(), "a slice of {len} items has no such part");
    part.unwrap_or(&mut [])
}

/// `to[range] = from[range]`
pub(crate) fn copy_range(from: &[f32], range: core::ops::Range<usize>, to: &mut [f32]) {
    copy(at(from, range.clone()), at_mut(to, range));
}

/// `to = from`, two slices of one length. The comparison stands here, so that no build, however little it inlines, links
/// the panic of `copy_from_slice`.
#[inline]
pub(crate) fn copy<T: Copy>(from: &[T], to: &mut [T]) {
    debug_assert_eq!(from.len(), to.len());
    if from.len() == to.len() {
        to.copy_from_slice(from);
    }
}

/// As many numbers as both hold.
#[inline(always)]
pub(crate) fn copy_common(from: &[f32], to: &mut [f32]) {
    for (to, &x) in to.iter_mut().zip(from) {
        *to = x;
    }
}
