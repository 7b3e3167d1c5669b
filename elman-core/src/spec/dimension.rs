//! How large a dimension may be.

/// No single dimension (width, hidden units, outputs, vocabulary) is larger than this.
///
/// ```
/// # use elman_core::{MAX_DIMENSION, Spec};
/// assert!(Spec::dense(2, MAX_DIMENSION, 1).check().is_ok());
/// assert!(Spec::dense(2, MAX_DIMENSION + 1, 1).check().is_err());
/// ```
pub const MAX_DIMENSION: usize = 1 << 24;

pub(super) const fn is_dimension(n: usize) -> bool {
    n >= 1 && n <= MAX_DIMENSION
}
