//! What is learnt from together, and in which order.

use crate::base::seeds::{self, Purpose};
use crate::data::Sequences;
use crate::net::gather::longest_first;
use crate::train::settings::Settings;
use crate::train::task::Walk;

/// Batches whose sequences are sorted together, so that those of a batch are of similar length and run in few
/// steps, while batches still differ from epoch to epoch.
const POOL: usize = 32;

/// Updates per epoch where all that is learnt from is a single batch (`--overfit-batch`).
const OVERFIT_UPDATES: usize = 50;

/// The batches of an epoch.
pub struct Batches {
    walk: Walk,
    seed: u64,
    /// Sequences per batch, at most.
    size: usize,
    /// Sequences in the order of this epoch, and where its batches begin, in the order in which they are learnt from.
    order: Vec<usize>,
    starts: Vec<usize>,
}

/// One batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch<'a> {
    /// These sequences, longest first, from their start to their end.
    Sequences(&'a [usize]),
    /// The window of this number of all streams, counted from 0.
    Window(usize),
}

impl Batches {
    /// Those of an epoch, not yet in any order.
    pub fn new(sequences: &Sequences, walk: Walk, settings: &Settings) -> Self {
        let size = settings.batch_size();
        let count = match walk {
            Walk::Streams => {
                let longest = longest_first(sequences).first().copied();
                let steps = longest.map_or(0, |longest| sequences.len_of(longest));
                steps.div_ceil(settings.truncation().k1)
            }
            Walk::Shuffled if settings.overfit_batch.is_some() => OVERFIT_UPDATES,
            Walk::Shuffled => sequences.len().div_ceil(size),
        };
        Self {
            walk,
            seed: settings.seed,
            size,
            order: (0..sequences.len()).collect(),
            starts: vec![0; count],
        }
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.starts.len()
    }

    /// Puts them in the order of an epoch.
    pub fn plan(&mut self, sequences: &Sequences, epoch: u64) {
        if self.walk == Walk::Streams {
            return;
        }
        let mut rng = seeds::generator(self.seed, Purpose::Shuffle, &[epoch]);
        (self.order.iter_mut().enumerate()).for_each(|(i, sequence)| *sequence = i);
        seeds::shuffle(&mut rng, &mut self.order);
        for pool in self.order.chunks_mut(self.size * POOL) {
            // The shuffle decides ties.
            pool.sort_by_key(|&sequence| std::cmp::Reverse(sequences.len_of(sequence)));
        }
        let batches = self.order.len().div_ceil(self.size);
        (self.starts.iter_mut().enumerate())
            .for_each(|(i, start)| *start = i % batches * self.size);
        seeds::shuffle(&mut rng, &mut self.starts);
    }

    /// A batch by its number in the epoch, counted from 0.
    pub fn batch(&self, number: usize) -> Batch<'_> {
        match self.walk {
            Walk::Streams => Batch::Window(number),
            Walk::Shuffled => {
                let start = self.starts[number];
                Batch::Sequences(&self.order[start..(start + self.size).min(self.order.len())])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::test_settings;
    use elman_core::Target;

    fn sequences() -> Sequences {
        let mut sequences = Sequences::of_tokens(1);
        for i in 0..1000 {
            (0..1 + i % 7).for_each(|_| sequences.push_row([0], Target::IGNORED));
            sequences.end_sequence();
        }
        sequences
    }

    #[test]
    fn an_epoch_visits_every_sequence_once_in_an_order_of_its_own() {
        let sequences = sequences();
        let mut batches = Batches::new(&sequences, Walk::Shuffled, &test_settings(&["--batch=16"]));
        let mut visit = |epoch| -> Vec<usize> {
            batches.plan(&sequences, epoch);
            let batches_in_order = (0..batches.count()).map(|number| batches.batch(number));
            let visited = batches_in_order.flat_map(|batch| {
                let Batch::Sequences(chosen) = batch else {
                    panic!("shuffled sequences come in full");
                };
                let lengths = chosen.iter().map(|&sequence| sequences.len_of(sequence));
                assert!(lengths.is_sorted_by(|earlier, later| earlier >= later));
                chosen.to_vec()
            });
            visited.collect()
        };
        let (mut first, second) = (visit(1), visit(2));
        assert_ne!(first, second);
        first.sort_unstable();
        assert!(first.iter().copied().eq(0..1000));
    }

    #[test]
    fn streams_are_walked_window_by_window() {
        let batches = Batches::new(
            &sequences(),
            Walk::Streams,
            &test_settings(&["--bidirectional=false", "--k1=2"]),
        );
        assert_eq!((batches.count(), batches.batch(3)), (4, Batch::Window(3)));
    }

    #[test]
    fn a_single_batch_is_visited_again_and_again() {
        let sequences = sequences().select(0..5);
        let settings = test_settings(&["--overfit-batch=5"]);
        let mut batches = Batches::new(&sequences, Walk::Shuffled, &settings);
        batches.plan(&sequences, 1);
        assert_eq!(batches.count(), OVERFIT_UPDATES);
        let sizes = (0..batches.count()).map(|number| match batches.batch(number) {
            Batch::Sequences(chosen) => chosen.len(),
            Batch::Window(_) => 0,
        });
        assert!(sizes.into_iter().all(|size| size == 5));
    }
}
