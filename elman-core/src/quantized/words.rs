//! How numbers lie in words, and a matrix in groups of rows.

use crate::cell::{Activation, Cell, CellFacts};

/// Columns per block.
pub(super) const BLOCK: usize = 8;
/// Rows per group: they share what is read of a vector.
pub(super) const GROUP: usize = 4;
/// Words in front of a group: biases and multipliers.
pub(super) const GROUP_HEADER: usize = 2 * GROUP;
/// Words in front of a matrix: shift and limit, unit.
pub(super) const MATRIX_HEADER: usize = 2;
/// What the units of the head are.
pub(super) const HEAD: Cell = Cell::elman(Activation::Identity);
/// Blocks whose sum cannot overflow, whatever the bytes: `504·128·2¹⁵ < 2³¹`. Longer sums are scaled piece by piece.
pub(super) const PIECE: usize = 63;

/// Blocks that hold so many numbers.
pub(super) const fn blocks(numbers: usize) -> usize {
    numbers.div_ceil(BLOCK)
}

/// Words of a vector of so many blocks: two numbers each.
pub(super) const fn vector_words(blocks: usize) -> usize {
    blocks * (BLOCK / 2)
}

/// Words of an embedding: its multiplier, then four bytes each.
pub(super) const fn embedding_words(width: usize) -> usize {
    1 + width.div_ceil(4)
}

/// Number `index` of a vector; zero past its end.
pub(super) fn number(vector: &[u32], index: usize) -> i16 {
    let word = vector.get(index / 2).copied().unwrap_or(0);
    (word >> (16 * (index % 2))) as i16
}

/// A matrix within the words: a layer and direction, or the head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matrix {
    /// Where its words start: its header, then its groups.
    pub start: usize,
    /// Units of the layer, outputs of the head: four of them have a group for each of their sums.
    pub units: usize,
    /// Blocks of `W_in`.
    pub x_blocks: usize,
    /// Blocks of `W_rec`; none for the head.
    pub h_blocks: usize,
    /// Words of its header.
    pub header: usize,
    /// Words of four units.
    pub four_words: usize,
}

impl Matrix {
    /// Of units with one sum, which reads everything: of Elman's cell, and of the head.
    #[inline(always)]
    pub const fn plain(units: usize, x_blocks: usize, h_blocks: usize) -> Self {
        Self {
            start: 0,
            units,
            x_blocks,
            h_blocks,
            header: MATRIX_HEADER,
            four_words: GROUP_HEADER + 2 * GROUP * (x_blocks + h_blocks),
        }
    }

    /// Of a cell's units.
    #[inline(always)]
    pub const fn of(cell: Cell, units: usize, x_blocks: usize, h_blocks: usize) -> Self {
        let plain = Self::plain(units, x_blocks, h_blocks);
        if !cell.is_gated() {
            return plain;
        }
        let facts = cell.facts();
        let columns =
            facts.from_x.end * x_blocks + (facts.from_h.end - facts.from_h.start) * h_blocks;
        Self {
            header: MATRIX_HEADER + facts.scalars.div_ceil(2),
            four_words: GROUP_HEADER * facts.own() + 2 * GROUP * columns,
            ..plain
        }
    }

    /// Blocks of x and of h that a sum of a cell reads.
    #[inline(always)]
    pub const fn blocks_of(&self, facts: &CellFacts, sum: usize) -> [usize; 2] {
        let x = if facts.reads_x(sum) { self.x_blocks } else { 0 };
        let h = if facts.reads_h(sum) { self.h_blocks } else { 0 };
        [x, h]
    }

    /// Words of the group of such a sum.
    #[inline(always)]
    pub const fn group_words(&self, facts: &CellFacts, sum: usize) -> usize {
        let [x, h] = self.blocks_of(facts, sum);
        GROUP_HEADER + 2 * GROUP * (x + h)
    }

    /// Where it starts among the words of four units.
    pub const fn group_offset(&self, facts: &CellFacts, sum: usize) -> usize {
        let (mut offset, mut before) = (0, 0);
        while before < sum {
            offset += self.group_words(facts, before);
            before += 1;
        }
        offset
    }

    /// All its words.
    #[inline(always)]
    pub const fn words(&self) -> usize {
        self.header + self.fours() * self.four_words
    }

    /// Units in fours.
    #[inline(always)]
    pub const fn fours(&self) -> usize {
        self.units.div_ceil(GROUP)
    }

    /// Whether no sum is cut into pieces.
    #[inline(always)]
    pub const fn is_one_piece(&self) -> bool {
        self.x_blocks <= PIECE && self.h_blocks <= PIECE
    }
}
