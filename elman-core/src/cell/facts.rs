//! The table of sizes: one row for each cell, read by parameters, packing, layouts, state, images and int8.

use core::ops::Range;

/// Sizes of a cell, from which every length follows. `H` is the number of units of one direction of a layer.
///
/// A unit's sums lie in the order in which kernels compute them, so that the input feeds neighbours and the state
/// feeds neighbours; behind them come the sums that nothing feeds: biases and trained numbers of their own.
///
/// ```
/// use elman_core::{Activation, Cell};
///
/// let elman = Cell::elman(Activation::Tanh).facts();
/// assert_eq!((elman.gates, elman.sums, elman.states, elman.biases()), (1, 1, 1, 1));
/// let gru = Cell::gru().facts();
/// // Three gates [r z n], but four sums [n_in r z n_rec]: the reset gate stands between the two halves of n.
/// assert_eq!((gru.gates, gru.sums, gru.from_x, gru.from_h), (3, 4, 0..3, 1..4));
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
    /// Numbers per unit and step that the backward pass needs beside the states.
    pub kept: usize,
    /// Sums that have a bias.
    pub from_bias: Range<usize>,
    /// Trained numbers per direction of a layer that all its units share: the last sums, which nothing feeds.
    pub scalars: usize,
}

impl CellFacts {
    /// Biases per unit.
    ///
    /// ```
    /// use elman_core::Cell;
    ///
    /// assert_eq!((Cell::gru().facts().biases(), Cell::lstm().facts().biases()), (4, 4));
    /// ```
    #[inline(always)]
    pub const fn biases(&self) -> usize {
        self.from_bias.end - self.from_bias.start
    }

    /// Sums that a unit has of its own: all but the trained numbers that units share.
    #[inline(always)]
    pub(crate) const fn own(&self) -> usize {
        self.sums - self.scalars
    }

    /// Whether `x·W_in` is added to a sum.
    #[inline(always)]
    pub(crate) const fn reads_x(&self, sum: usize) -> bool {
        self.from_x.start <= sum && sum < self.from_x.end
    }

    /// Whether `h[t-1]·W_rec` is added to it.
    #[inline(always)]
    pub(crate) const fn reads_h(&self, sum: usize) -> bool {
        self.from_h.start <= sum && sum < self.from_h.end
    }

    /// Sums that the input or the state feeds: the first ones.
    #[inline(always)]
    pub(crate) const fn computed(&self) -> usize {
        if self.from_x.end > self.from_h.end {
            self.from_x.end
        } else {
            self.from_h.end
        }
    }

    /// The gate, in PyTorch's order, whose columns of the weights lead to a sum.
    ///
    /// ```
    /// use elman_core::Cell;
    ///
    /// let gru = Cell::gru().facts();
    /// assert_eq!([0, 1, 2, 3].map(|sum| gru.gate_of(sum)), [2, 0, 1, 2]); // [n_in r z n_rec] of [r z n]
    /// ```
    #[inline(always)]
    pub const fn gate_of(&self, sum: usize) -> usize {
        let gate = sum + self.gates - self.from_h.start;
        if gate < self.gates {
            gate
        } else if gate < 2 * self.gates {
            gate - self.gates
        } else {
            gate - 2 * self.gates
        }
    }

    /// Which of a unit's biases a sum starts from: those of the gates first, in their order, then the others.
    ///
    /// ```
    /// use elman_core::Cell;
    ///
    /// let gru = Cell::gru().facts();
    /// // Biases [r z n_in n_rec]: PyTorch's b_ih + b_hh for r and z, b_in, b_hn.
    /// assert_eq!([0, 1, 2, 3].map(|sum| gru.bias_of(sum)), [Some(2), Some(0), Some(1), Some(3)]);
    /// ```
    #[inline(always)]
    pub const fn bias_of(&self, sum: usize) -> Option<usize> {
        if sum < self.from_bias.start || sum >= self.from_bias.end {
            None
        } else if sum < self.from_x.end {
            Some(self.gate_of(sum))
        } else {
            Some(sum - self.from_bias.start)
        }
    }
}
