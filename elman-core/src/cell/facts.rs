//! The table of sizes: one row for each cell, read by parameters, packing, layouts, state, images and int8.

use core::ops::Range;

/// Sizes of a cell, from which every length follows. `H` is the number of units of one direction of a layer.
///
/// ```
/// use elman_core::{Activation, Cell};
///
/// let facts = Cell::elman(Activation::Tanh).facts();
/// assert_eq!((facts.gates, facts.sums, facts.states, facts.biases), (1, 1, 1, 1));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellFacts {
    /// Columns of `W_in` (I, gates·H) and `W_rec` (H, gates·H), in units of H, in PyTorch's order of gates.
    pub gates: usize,
    /// Sums per unit, each one chain of fused multiply-adds.
    pub sums: usize,
    /// Sums that `x·W_in` is added to.
    pub from_x: Range<usize>,
    /// Sums that `h[t-1]·W_rec` is added to.
    pub from_h: Range<usize>,
    /// Numbers per unit that are carried from step to step, `h` first.
    pub states: usize,
    /// Numbers per unit and step that the backward pass needs beside `h`.
    pub kept: usize,
    /// Biases per unit.
    pub biases: usize,
    /// Trained numbers per direction of a layer that all its units share.
    pub scalars: usize,
}
