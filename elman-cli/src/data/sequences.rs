//! Sequences of token ids and their targets: what every format ends up as.

use std::ops::Range;

use elman_core::Target;

use crate::seeds::fold;

/// Rows of ids, one sequence after the other.
#[derive(Clone, Debug)]
pub struct Sequences {
    channels: usize,
    /// (R, channels)
    ids: Vec<u32>,
    /// (R)
    targets: Vec<Target>,
    /// Row at which each sequence ends.
    ends: Vec<usize>,
}

impl Sequences {
    /// None yet, of `channels` ids per row.
    pub const fn new(channels: usize) -> Self {
        Self {
            channels,
            ids: Vec::new(),
            targets: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Adds a row to the sequence that is being written.
    pub fn push_row(&mut self, ids: impl IntoIterator<Item = u32>, target: Target) {
        self.ids.extend(ids);
        self.targets.push(target);
        debug_assert_eq!(self.ids.len(), self.targets.len() * self.channels);
    }

    /// Ends the sequence that is being written.
    pub fn end_sequence(&mut self) {
        self.ends.push(self.targets.len());
    }

    /// How many sequences there are.
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Rows of all sequences.
    pub const fn rows(&self) -> usize {
        self.targets.len()
    }

    /// Ids per row.
    pub const fn channels(&self) -> usize {
        self.channels
    }

    /// The rows of one sequence.
    pub fn rows_of(&self, sequence: usize) -> Range<usize> {
        let start = if sequence == 0 {
            0
        } else {
            self.ends[sequence - 1]
        };
        start..self.ends[sequence]
    }

    /// Rows in one sequence.
    pub fn len_of(&self, sequence: usize) -> usize {
        self.rows_of(sequence).len()
    }

    /// The ids of one row.
    pub fn ids(&self, row: usize) -> &[u32] {
        &self.ids[row * self.channels..(row + 1) * self.channels]
    }

    /// One target per row.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The same sequences in the given order, or some of them.
    pub fn select(&self, sequences: impl IntoIterator<Item = usize>) -> Self {
        let mut chosen = Self::new(self.channels);
        for sequence in sequences {
            for row in self.rows_of(sequence) {
                chosen.push_row(self.ids(row).iter().copied(), self.targets[row]);
            }
            chosen.end_sequence();
        }
        chosen
    }

    /// A number that changes with any id, target or length, so that a resumed run can tell that its data changed.
    pub fn fingerprint(&self) -> u64 {
        let ids = self.ids.iter().map(|&id| u64::from(id));
        let ends = self.ends.iter().map(|&end| end as u64);
        let targets = self
            .targets
            .iter()
            .map(|target| target.get().map_or(u64::MAX, u64::from));
        ids.chain(ends)
            .chain(targets)
            .fold(self.channels as u64, fold)
    }
}

/// Ids that are now and then replaced while training, so that the replacement is trained too: an
/// unknown word is met in training as often as rare words make it likely.
#[derive(Clone, Debug)]
pub struct Hiding {
    /// The channel whose ids are hidden.
    pub channel: usize,
    /// What they become.
    pub replacement: u32,
    /// Probability per id.
    pub rates: Vec<f32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_selections_keep_ids_with_targets() {
        let mut sequences = Sequences::new(2);
        for (length, first) in [(2, 10), (1, 20), (3, 30)] {
            for i in 0..length {
                sequences.push_row([first + i, 0], Target::class(first));
            }
            sequences.end_sequence();
        }
        assert_eq!((sequences.len(), sequences.rows()), (3, 6));
        assert_eq!(sequences.rows_of(2), 3..6);
        let chosen = sequences.select([2, 0]);
        assert_eq!(
            (chosen.len_of(0), chosen.ids(1), chosen.ids(4)),
            (3, &[31, 0][..], &[11, 0][..])
        );
        assert_eq!(chosen.targets()[4].get(), Some(10));
        assert_ne!(chosen.fingerprint(), sequences.fingerprint());
        assert_eq!(
            sequences.select(0..3).fingerprint(),
            sequences.fingerprint()
        );
    }
}
