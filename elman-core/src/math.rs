//! The functions of the net on plain slices, at the accuracy stated in the crate docs.

use crate::error::{Error, check_len, check_shape};
use crate::kernel::elementwise::{Exp, Map, Relu, Tanh};
use crate::kernel::gemm::Gemm;
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

/// `x ← e^x`
pub fn exp(level: Level, x: &mut [f32]) {
    level.run(Map {
        function: Exp,
        data: x,
    });
}

/// `x ← max(0, x)`; a NaN stays.
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
pub fn softmax(level: Level, rows: &mut [f32], classes: usize) -> Result<(), Error> {
    check_len(
        "rows",
        rows.len() / classes.max(1) * classes.max(1),
        rows.len(),
    )?;
    level.run(Softmax { rows, classes });
    Ok(())
}

/// Strips of a packed (depth, columns) matrix for [`matmul`].
pub const fn packed_matrix_len(depth: usize, columns: usize) -> usize {
    packed_strips(depth, columns, 0)
}

/// Packs a row-major (depth, columns) matrix for [`matmul`].
///
/// # Errors
/// [`Error::Length`] naming the slice.
pub fn pack_matrix(
    b: &[f32],
    depth: usize,
    columns: usize,
    packed: &mut [Strip],
) -> Result<(), Error> {
    check_shape("b", [depth, columns], b.len())?;
    check_len("packed", packed_matrix_len(depth, columns), packed.len())?;
    pack::pack(b, None, columns, packed);
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
    let a = View {
        data: a,
        outer: depth,
        inner: 1,
    };
    let b = Panels::single(packed, depth, 0);
    level.run(Gemm::new(rows, columns, depth, a, b, c, columns));
    Ok(())
}
