//! Gradients as plain slices: norm, clipping, sums. All have a fixed order, whatever the level.
//!
//! ```
//! # use elman_core::{gradient, Level};
//! let level = Level::detect();
//! let mut gradients = [3.0, 4.0];
//! let norm = gradient::sum_of_squares(level, &gradients).sqrt();
//! gradient::scale(level, &mut gradients, (1.0 / norm) as f32); // a norm of 1 instead of 5
//! assert!((gradients[0] - 0.6).abs() < 1e-6);
//! ```

use crate::error::{Error, check_len};
use crate::kernel::elementwise::{Clamp, Map, Scale};
use crate::kernel::reduce::{AddAssign, SumOfSquares};
use crate::simd::Level;

/// `Σ g²`, in f64 across blocks of 1024.
///
/// ```
/// # use elman_core::{gradient, Level};
/// let level = Level::detect();
/// assert_eq!(gradient::sum_of_squares(level, &[3.0, 4.0]), 25.0);
/// // Squares that overflow f32 do not overflow the sum.
/// assert!(gradient::sum_of_squares(level, &[1e30]).is_finite());
/// assert!(gradient::sum_of_squares(level, &[f32::NAN]).is_nan());
/// ```
pub fn sum_of_squares(level: Level, gradients: &[f32]) -> f64 {
    let sum = level.run(SumOfSquares(gradients));
    if sum.is_finite() {
        return sum;
    }
    // A square may have overflowed f32 where every gradient is finite.
    gradients.iter().map(|&g| f64::from(g) * f64::from(g)).sum()
}

/// `g ← factor·g`
///
/// ```
/// # use elman_core::{gradient, Level};
/// let mut g = [1.0, -2.0, 3.0];
/// gradient::scale(Level::detect(), &mut g, 0.5);
/// assert_eq!(g, [0.5, -1.0, 1.5]);
/// ```
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
///
/// ```
/// # use elman_core::{gradient, Level};
/// let (level, mut tables, mut weights) = (Level::detect(), [3.0], [4.0, 0.0]);
/// let squares = [&tables[..], &weights].map(|g| gradient::sum_of_squares(level, g));
/// let norm = squares.iter().sum::<f64>().sqrt();
/// if let Some(factor) = gradient::clip_factor(norm, 1.0) {
///     gradient::scale(level, &mut tables, factor);
///     gradient::scale(level, &mut weights, factor);
/// }
/// assert!((tables[0] - 0.6).abs() < 1e-6 && (weights[0] - 0.8).abs() < 1e-6);
/// assert_eq!(gradient::clip_factor(0.9, 1.0), None);
/// ```
pub fn clip_factor(norm: f64, max_norm: f32) -> Option<f32> {
    let factor = f64::from(max_norm) / (norm + 1e-6);
    (norm.is_finite() && max_norm >= 0.0 && factor < 1.0).then_some(factor as f32)
}

/// Limits every number to `-limit..=limit` (`torch.nn.utils.clip_grad_value_`); a NaN stays.
///
/// ```
/// # use elman_core::{gradient, Level};
/// let mut g = [-7.0, 0.25, 2.0];
/// gradient::clip_values(Level::detect(), &mut g, 1.0);
/// assert_eq!(g, [-1.0, 0.25, 1.0]);
/// ```
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
///
/// ```
/// # use elman_core::{gradient, Error, Level};
/// let (mut sum, shard) = ([1.0, 2.0], [0.5, -2.0]);
/// gradient::add(Level::detect(), &mut sum, &shard)?;
/// assert_eq!(sum, [1.5, 0.0]);
/// # Ok::<(), Error>(())
/// ```
pub fn add(level: Level, to: &mut [f32], from: &[f32]) -> Result<(), Error> {
    check_len("from", to.len(), from.len())?;
    level.run(AddAssign { to, from });
    Ok(())
}
