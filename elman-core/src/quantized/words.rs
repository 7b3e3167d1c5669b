//! How numbers lie in words, and a matrix in groups of rows.

use crate::cell::CellFacts;

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

/// Which of a unit's sums read what: `x` those of `from_x`, the layer's own state those of `from_h`, each from its first
/// number up to its second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums {
    pub count: usize,
    from_x: [usize; 2],
    from_h: [usize; 2],
}

impl Sums {
    /// One that reads both: Elman's cell, and the head, which has no state.
    pub const ONE: Self = Self {
        count: 1,
        from_x: [0, 1],
        from_h: [0, 1],
    };

    pub const fn of(facts: &CellFacts) -> Self {
        Self {
            count: facts.sums,
            from_x: [facts.from_x.start, facts.from_x.end],
            from_h: [facts.from_h.start, facts.from_h.end],
        }
    }

    pub const fn reads_x(self, sum: usize) -> bool {
        self.from_x[0] <= sum && sum < self.from_x[1]
    }

    pub const fn reads_h(self, sum: usize) -> bool {
        self.from_h[0] <= sum && sum < self.from_h[1]
    }
}

/// A matrix within the words: a layer and direction, or the head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matrix {
    /// Where its words start: its header, then its groups.
    pub start: usize,
    /// Units of the layer, outputs of the head: four of them have a group for each of their sums.
    pub units: usize,
    pub sums: Sums,
    /// Blocks of `W_in`.
    pub x_blocks: usize,
    /// Blocks of `W_rec`; none for the head.
    pub h_blocks: usize,
}

impl Matrix {
    /// Blocks of x and of h that a sum reads.
    pub const fn blocks_of(&self, sum: usize) -> [usize; 2] {
        let x = if self.sums.reads_x(sum) {
            self.x_blocks
        } else {
            0
        };
        let h = if self.sums.reads_h(sum) {
            self.h_blocks
        } else {
            0
        };
        [x, h]
    }

    /// Words of a sum's group.
    pub const fn group_words(&self, sum: usize) -> usize {
        let [x, h] = self.blocks_of(sum);
        GROUP_HEADER + 2 * GROUP * (x + h)
    }

    /// Where a sum's group starts among those of four units.
    pub const fn group_offset(&self, sum: usize) -> usize {
        let (mut offset, mut before) = (0, 0);
        while before < sum {
            offset += self.group_words(before);
            before += 1;
        }
        offset
    }

    /// Words of four units: a group for each sum.
    pub const fn four_words(&self) -> usize {
        let Sums {
            count,
            from_x,
            from_h,
        } = self.sums;
        let x = (from_x[1] - from_x[0]) * self.x_blocks;
        let h = (from_h[1] - from_h[0]) * self.h_blocks;
        GROUP_HEADER * count + 2 * GROUP * (x + h)
    }

    /// All its words.
    pub const fn words(&self) -> usize {
        MATRIX_HEADER + self.fours() * self.four_words()
    }

    /// Units in fours.
    pub const fn fours(&self) -> usize {
        self.units.div_ceil(GROUP)
    }

    /// Whether no sum is cut into pieces.
    pub const fn is_one_piece(&self) -> bool {
        self.x_blocks <= PIECE && self.h_blocks <= PIECE
    }
}
