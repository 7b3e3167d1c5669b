//! The functions of the net on plain slices, at the accuracy stated in the crate docs.
//!
//! ```
//! use elman_core::{math, Level};
//! let mut x = [0.5, -2.0];
//! math::tanh(Level::detect(), &mut x);
//! assert!((x[0] - 0.46211716).abs() < 1e-7 && (x[1] + 0.9640276).abs() < 1e-6);
//! ```

use crate::error::{Error, check_len, check_shape};
use crate::kernel::elementwise::{Exp, Map, Relu, Sigmoid, Tanh};
use crate::kernel::operands::Gemm;
use crate::kernel::pack::{self, Panels, packed_strips};
use crate::kernel::softmax::Softmax;
use crate::simd::{Level, Strip, View};

/// `x ← tanh(x)`
///
/// ```
/// let mut x = [0.0, f32::INFINITY, -f32::INFINITY];
/// elman_core::math::tanh(elman_core::Level::detect(), &mut x);
/// assert_eq!(x, [0.0, 1.0, -1.0]);
/// ```
pub fn tanh(level: Level, x: &mut [f32]) {
    level.run(Map {
        function: Tanh,
        data: x,
    });
}

/// `x ← 1 / (1 + e⁻ˣ)`
///
/// ```
/// # use elman_core::{math, Level};
/// let mut x = [0.0, f32::INFINITY, -f32::INFINITY, 1.0];
/// math::sigmoid(Level::detect(), &mut x);
/// assert_eq!(x[..3], [0.5, 1.0, 0.0]);
/// assert!((x[3] - 0.731_058_6).abs() < 1e-7);
/// ```
pub fn sigmoid(level: Level, x: &mut [f32]) {
    level.run(Map {
        function: Sigmoid,
        data: x,
    });
}

/// `x ← e^x`
///
/// ```
/// # use elman_core::{math, Level};
/// let mut x = [0.0, f32::NEG_INFINITY, 1.0];
/// math::exp(Level::detect(), &mut x);
/// assert_eq!(x[..2], [1.0, 0.0]);
/// assert!((x[2] - std::f32::consts::E).abs() < 5e-7);
/// ```
pub fn exp(level: Level, x: &mut [f32]) {
    level.run(Map {
        function: Exp,
        data: x,
    });
}

/// `x ← max(0, x)`; a NaN stays.
///
/// ```
/// # use elman_core::{math, Level};
/// let mut x = [-2.0, 0.0, 3.0];
/// math::relu(Level::detect(), &mut x);
/// assert_eq!(x, [0.0, 0.0, 3.0]);
/// ```
pub fn relu(level: Level, x: &mut [f32]) {
    level.run(Map {
        function: Relu,
        data: x,
    });
}

/// Replaces every row of `classes` numbers by its softmax. Finite input gives finite output.
///
/// # Errors
/// [`Error::Length`] if the slice does not hold whole rows.
///
/// ```
/// # use elman_core::{math, Error, Level};
/// // Two rows of two classes; logits this large would overflow e^x.
/// let mut rows = [7.0, 7.0, 1000.0, 0.0];
/// math::softmax(Level::detect(), &mut rows, 2)?;
/// assert_eq!(rows, [0.5, 0.5, 1.0, 0.0]);
/// # Ok::<(), Error>(())
/// ```
pub fn softmax(level: Level, rows: &mut [f32], classes: usize) -> Result<(), Error> {
    let whole = rows.len().checked_div(classes).unwrap_or(0);
    check_shape("rows", [whole, classes], rows.len())?;
    // Classes without rows may be as many as they like.
    if !rows.is_empty() {
        level.run(Softmax { rows, classes });
    }
    Ok(())
}

/// Strips of a packed (depth, columns) matrix for [`matmul`].
///
/// ```
/// # use elman_core::{math, Strip};
/// // 20 columns take two strips of 16 in each of the 3 rows.
/// static PACKED: [Strip; math::packed_matrix_len(3, 20)] = [Strip::ZERO; math::packed_matrix_len(3, 20)];
/// assert_eq!(PACKED.len(), 6);
/// ```
pub const fn packed_matrix_len(depth: usize, columns: usize) -> usize {
    packed_strips(depth, columns, 0)
}

/// Packs a row-major (depth, columns) matrix for [`matmul`].
///
/// # Errors
/// [`Error::Length`] naming the slice.
///
/// ```
/// # use elman_core::{math, Error, Level, Strip};
/// let swap = [0.0, 1.0, 1.0, 0.0];
/// let mut packed = [Strip::ZERO; math::packed_matrix_len(2, 2)];
/// math::pack_matrix(&swap, 2, 2, &mut packed)?; // once, for any number of products
/// for (a, expected) in [([1.0, 2.0], [2.0, 1.0]), ([5.0, 0.0], [0.0, 5.0])] {
///     let mut c = [0.0; 2];
///     math::matmul(Level::detect(), 1, 2, 2, &a, &packed, &mut c)?;
///     assert_eq!(c, expected);
/// }
/// # Ok::<(), Error>(())
/// ```
pub fn pack_matrix(
    b: &[f32],
    depth: usize,
    columns: usize,
    packed: &mut [Strip],
) -> Result<(), Error> {
    check_shape("b", [depth, columns], b.len())?;
    check_len("packed", packed_matrix_len(depth, columns), packed.len())?;
    // Columns without depth may be as many as they like, and so may rows below.
    if !packed.is_empty() {
        pack::pack(b, None, columns, packed);
    }
    Ok(())
}

/// `C = A·B`: A (rows, depth) row-major, B packed by [`pack_matrix`], C (rows, columns) row-major. Each
/// number of C is one chain of multiply-adds, `k` ascending.
///
/// # Errors
/// [`Error::Length`] naming the slice.
///
/// ```
/// # use elman_core::{math, Level, Strip};
/// let mut packed = vec![Strip::ZERO; math::packed_matrix_len(2, 2)];
/// math::pack_matrix(&[1.0, 2.0, 3.0, 4.0], 2, 2, &mut packed)?;
/// let mut c = [0.0; 2];
/// math::matmul(Level::detect(), 1, 2, 2, &[10.0, 1.0], &packed, &mut c)?;
/// assert_eq!(c, [13.0, 24.0]);
/// # Ok::<(), elman_core::Error>(())
/// ```
pub fn matmul(
    level: Level,
    rows: usize,
    depth: usize,
    columns: usize,
    a: &[f32],
    packed: &[Strip],
    c: &mut [f32],
) -> Result<(), Error> {
    check_shape("a", [rows, depth], a.len())?;
    check_len("packed", packed_matrix_len(depth, columns), packed.len())?;
    check_shape("c", [rows, columns], c.len())?;
    if !c.is_empty() {
        let a = View::rows(a, depth);
        let b = Panels::single(packed, depth, 0);
        level.run(Gemm::new(rows, columns, depth, a, b, c, columns));
    }
    Ok(())
}
