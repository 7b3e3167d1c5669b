//! The table that the arithmetic of int8 nets is made of, for whoever writes it down in another language.

use crate::simd::int8::TABLE;

/// The straight lines that are tanh between 0 and 8, each 1/32 long: where a line starts, in units of 2⁻¹⁵, in the low half of a
/// word, and how far it rises in the high half.
///
/// ```
/// let lines = elman_core::quantized::tanh_lines();
/// // From 1 on, tanh(1) = 0.76159.
/// assert_eq!(lines[32] & 0xffff, (0.76159_f32 * 32768.0).round() as u32 + 1); // a little above, so that the middle is less below
/// // The next line starts where this one ends.
/// assert_eq!(lines[33] & 0xffff, (lines[32] & 0xffff) + (lines[32] >> 16));
/// ```
pub const fn tanh_lines() -> &'static [u32; 256] {
    &TABLE
}
