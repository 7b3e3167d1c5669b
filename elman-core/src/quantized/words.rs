//! How numbers lie in words, and a matrix in groups of rows.

/// Columns per block.
pub(super) const BLOCK: usize = 8;
/// Rows per group: they share what is read of a vector.
pub(super) const GROUP: usize = 4;
/// Words in front of a group: biases and multipliers.
pub(super) const GROUP_HEADER: usize = 2 * GROUP;
/// Words in front of a matrix: shift and limit, unit.
pub(super) const MATRIX_HEADER: usize = 2;
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
    pub rows: usize,
    /// Blocks of `W_in`.
    pub x_blocks: usize,
    /// Blocks of `W_rec`; none for the head.
    pub h_blocks: usize,
}

impl Matrix {
    /// Words per group.
    pub const fn group_words(&self) -> usize {
        GROUP_HEADER + 2 * GROUP * (self.x_blocks + self.h_blocks)
    }

    /// All its words.
    pub const fn words(&self) -> usize {
        MATRIX_HEADER + self.groups() * self.group_words()
    }

    pub const fn groups(&self) -> usize {
        self.rows.div_ceil(GROUP)
    }

    /// Whether no sum is cut into pieces.
    pub const fn is_one_piece(&self) -> bool {
        self.x_blocks <= PIECE && self.h_blocks <= PIECE
    }
}
