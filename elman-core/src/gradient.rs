//! Gradients as plain slices: norm, clipping, sums. All have a fixed order, whatever the level.

use crate::error::{Error, check_len};
use crate::kernel::elementwise::{Clamp, Map, Scale};
use crate::kernel::reduce::{AddAssign, SumOfSquares};
use crate::simd::Level;

/// `Σ g²`, in f64 across blocks of 1024.
pub fn sum_of_squares(level: Level, gradients: &[f32]) -> f64 {
    let sum = level.run(SumOfSquares(gradients));
    if sum.is_finite() {
        return sum;
    }
    // A square may have overflowed f32 where every gradient is finite.
    gradients.iter().map(|&g| f64::from(g) * f64::from(g)).sum()
}

/// `g ← factor·g`
pub fn scale(level: Level, gradients: &mut [f32], factor: f32) {
    level.run(Map {
        function: Scale(factor),
        data: gradients,
    });
}

/// Scales so that the Euclidean norm is at most `max_norm` (`torch.nn.utils.clip_grad_norm_`;
/// Pascanu, Mikolov, Bengio 2013). Returns the norm before; a norm that is not finite changes nothing.
///
/// ```
/// # use elman_core::{gradient, Level};
/// let mut g = [3.0, 4.0];
/// assert_eq!(gradient::clip_norm(Level::detect(), &mut g, 1.0), 5.0);
/// assert!((g[0] - 0.6).abs() < 1e-6);
/// ```
pub fn clip_norm(level: Level, gradients: &mut [f32], max_norm: f32) -> f64 {
    let norm = libm::sqrt(sum_of_squares(level, gradients));
    if let Some(factor) = clip_factor(norm, max_norm) {
        scale(level, gradients, factor);
    }
    norm
}

/// The factor that [`clip_norm`] applies, if any: for gradients that lie in several slices. None for a
/// `max_norm` that is negative or NaN.
pub fn clip_factor(norm: f64, max_norm: f32) -> Option<f32> {
    let factor = f64::from(max_norm) / (norm + 1e-6);
    (norm.is_finite() && max_norm >= 0.0 && factor < 1.0).then_some(factor as f32)
}

/// Limits every number to `-limit..=limit` (`torch.nn.utils.clip_grad_value_`); a NaN stays.
pub fn clip_values(level: Level, gradients: &mut [f32], limit: f32) {
    level.run(Map {
        function: Clamp(limit),
        data: gradients,
    });
}

/// `to ← to + from`, for adding up shards.
///
/// # Errors
/// [`Error::Length`] if the lengths differ.
pub fn add(level: Level, to: &mut [f32], from: &[f32]) -> Result<(), Error> {
    check_len("from", to.len(), from.len())?;
    level.run(AddAssign { to, from });
    Ok(())
}
