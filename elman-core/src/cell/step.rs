//! What a cell computes, whichever it is.

use crate::simd::Simd;
use crate::simd::int8::Groups;

/// The arithmetic of a cell with `SUMS` sums and `STATES` states per unit, on strips of sixteen units in registers.
pub(crate) trait Step<const SUMS: usize, const STATES: usize>: Copy {
    /// Whether [`Step::step`] reads the previous state other than through the sums.
    const READS_PREVIOUS: bool;

    /// Whether many of its states are zero, and only the sign of a zero sum could tell whether their products were added.
    fn has_zeros(self) -> bool;

    /// `state[t]` from the finished sums and `state[t-1]`.
    fn step<S: Simd>(self, s: S, sums: [S::V; SUMS], previous: [S::V; STATES]) -> [S::V; STATES];

    /// The cell as [`Step::back`] wants it, with what it would compute anew for every strip. Once for each backward pass.
    fn before_back<S: Simd>(self, s: S) -> Self;

    /// The adjoint of [`Step::step`]: `∂loss/∂sums[t]` from `state[t]` and `∂loss/∂state[t]`.
    fn back<S: Simd>(self, s: S, state: [S::V; STATES], d_state: [S::V; STATES]) -> [S::V; SUMS];

    /// [`Step::step`] on whole rows, unit by unit, for tokens that compute [dot products of their own](Simd::OWN_DOT):
    /// `sums` (H·SUMS) may be changed, `state` (H·STATES) becomes the next one.
    fn step_row<S: Simd>(self, s: S, sums: &mut [f32], state: &mut [f32]);

    /// [`Step::step`] in integers, of four units: their `h`, 16 bits each, two in a word, from their sums by `2^shift`.
    fn step_int8(self, sums: [i32; 4], shift: u32) -> [u32; 2];

    /// Whether there is code for all groups of a matrix at once.
    fn has_int8_groups(self) -> bool;

    /// [`Step::step_int8`] on all groups of a matrix, where [there is code for it](Step::has_int8_groups).
    fn int8_groups(self, groups: Groups);
}
