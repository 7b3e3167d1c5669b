//! Some sequences as one ragged, time-major batch.

use elman_core::{Batch, Target};

use crate::data::Sequences;
use crate::failure::Result;

/// A batch and where its rows came from. Filled anew for every batch, so that nothing is allocated once the
/// longest has been seen.
#[derive(Debug, Default)]
pub struct Gathered {
    lengths: Vec<usize>,
    active: Vec<usize>,
    steps: usize,
    /// (R): the row of [`Sequences`] that each row of the batch is.
    rows: Vec<usize>,
    /// (R, channels)
    pub ids: Vec<u32>,
    /// (R)
    pub targets: Vec<Target>,
}

impl Gathered {
    /// Takes the chosen sequences, which must come longest first.
    ///
    /// # Errors
    /// They do not.
    pub fn fill(&mut self, sequences: &Sequences, chosen: &[usize]) -> Result<()> {
        self.lengths.clear();
        self.lengths
            .extend(chosen.iter().map(|&sequence| sequences.len_of(sequence)));
        let longest = self.lengths.first().copied().unwrap_or(0);
        if self.active.len() < longest {
            self.active.resize(longest, 0);
        }
        self.steps = Batch::fill_active(&self.lengths, &mut self.active)?.len();
        self.rows.clear();
        self.ids.clear();
        self.targets.clear();
        for (step, &active) in self.active[..self.steps].iter().enumerate() {
            for &sequence in &chosen[..active] {
                let row = sequences.rows_of(sequence).start + step;
                self.rows.push(row);
                self.ids.extend_from_slice(sequences.ids(row));
                self.targets.push(sequences.targets()[row]);
            }
        }
        Ok(())
    }

    /// The shape.
    ///
    /// # Errors
    /// Nothing has been gathered.
    pub fn batch(&self) -> Result<Batch<'_>> {
        Ok(Batch::ragged(&self.active[..self.steps])?)
    }

    /// The row of [`Sequences`] that each row of the batch is.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }
}

/// The sequences in order of falling length, ties in their own order.
pub fn longest_first(sequences: &Sequences) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sequences.len()).collect();
    order.sort_by_key(|&sequence| std::cmp::Reverse(sequences.len_of(sequence)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_lie_step_by_step() {
        let mut sequences = Sequences::new(1);
        for (sequence, length) in [1, 3, 2].into_iter().enumerate() {
            (0..length).for_each(|step| {
                sequences.push_row([10 * sequence as u32 + step], Target::class(step))
            });
            sequences.end_sequence();
        }
        let order = longest_first(&sequences);
        assert_eq!(order, [1, 2, 0]);
        let mut gathered = Gathered::default();
        gathered.fill(&sequences, &order[..1]).unwrap();
        gathered.fill(&sequences, &order).unwrap();
        assert_eq!(gathered.ids, [10, 20, 0, 11, 21, 12]);
        assert_eq!(gathered.rows(), [1, 4, 0, 2, 5, 3]);
        assert_eq!(gathered.targets[4].get(), Some(1));
        let batch = gathered.batch().unwrap();
        assert_eq!((batch.rows(), batch.steps(), batch.sequences()), (6, 3, 3));
        assert!(gathered.fill(&sequences, &[0, 1]).is_err());
    }
}
