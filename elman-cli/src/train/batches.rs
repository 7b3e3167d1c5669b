//! Which sequences are learnt from together, and in which order.

use crate::data::Sequences;
use crate::seeds::{self, Purpose};

/// Batches whose sequences are sorted together, so that those of a batch are of similar length and run in few
/// steps, while batches still differ from epoch to epoch.
const POOL: usize = 32;

/// Fills `order` with all sequences in the order of an epoch, and `starts` with where its batches begin, in the
/// order in which they are learnt from. Within a batch the longest sequence comes first.
pub fn plan(
    sequences: &Sequences,
    size: usize,
    (seed, epoch): (u64, u64),
    order: &mut [usize],
    starts: &mut [usize],
) {
    let mut rng = seeds::generator(seed, Purpose::Shuffle, &[epoch]);
    order
        .iter_mut()
        .enumerate()
        .for_each(|(i, sequence)| *sequence = i);
    seeds::shuffle(&mut rng, order);
    for pool in order.chunks_mut(size * POOL) {
        // The shuffle decides ties.
        pool.sort_by_key(|&sequence| std::cmp::Reverse(sequences.len_of(sequence)));
    }
    starts
        .iter_mut()
        .enumerate()
        .for_each(|(i, start)| *start = i * size);
    seeds::shuffle(&mut rng, starts);
}

/// Batches per epoch.
pub const fn count(sequences: &Sequences, size: usize) -> usize {
    sequences.len().div_ceil(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use elman_core::Target;

    #[test]
    fn an_epoch_visits_every_sequence_once_in_an_order_of_its_own() {
        let mut sequences = Sequences::new(1);
        for i in 0..1000 {
            (0..1 + i % 7).for_each(|_| sequences.push_row([0], Target::IGNORED));
            sequences.end_sequence();
        }
        let (mut order, mut starts) = (vec![0; 1000], vec![0; count(&sequences, 16)]);
        plan(&sequences, 16, (1, 1), &mut order, &mut starts);
        let first = order.clone();
        for &start in &starts {
            let batch = &order[start..(start + 16).min(1000)];
            assert!(
                batch.is_sorted_by_key(|&sequence| std::cmp::Reverse(sequences.len_of(sequence)))
            );
        }
        plan(&sequences, 16, (1, 2), &mut order, &mut starts);
        assert_ne!(order, first);
        order.sort_unstable();
        starts.sort_unstable();
        assert!(order.iter().copied().eq(0..1000));
        assert!(starts.iter().copied().eq((0..1000).step_by(16)));
    }
}
