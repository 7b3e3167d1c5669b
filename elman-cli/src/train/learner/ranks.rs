//! What ranks tell each other so that they make the same update: how each part of a batch went, and the sum of all gradients,
//! in the order of the shards as everywhere.

use std::ops::Range;

use elman_core::gradient;

use super::Learner;
use super::outcome::{ASKED, BatchOutcome, FAILED, HEAD, head, trouble};
use crate::base::failure::{Failure, Result};
use crate::train::order::Duty;

impl Learner<'_> {
    /// How the shards of this rank fared.
    fn own_outcome(&self) -> BatchOutcome {
        let troubled = (self.shards.iter()).find_map(|shard| Some((shard.trouble?, shard)));
        BatchOutcome {
            losses: self.shards.iter().map(|shard| shard.loss).collect(),
            trouble: troubled.map(|(trouble, shard)| (trouble, shard.chosen[trouble.sequence])),
            is_asked: self.is_asked,
        }
    }

    /// How all shards fared, in all ranks. From now on all know which rows are in use.
    ///
    /// # Errors
    /// Those of any rank.
    pub(super) fn outcome(&mut self, own: Result<()>) -> Result<BatchOutcome> {
        for shard in &self.shards {
            self.tables.join(&shard.tables);
        }
        let outcome = self.own_outcome();
        if self.crew.is_alone() {
            return own.map(|()| outcome);
        }
        let (crew, tables) = (self.crew, self.tables.count());
        let len = |rank| HEAD + crew.share(rank, self.shard_count).len() + tables;
        let used: Vec<Vec<u64>> = self.tables.used().collect();
        let mut words = head(&outcome, own.is_err()).to_vec();
        words.extend(outcome.losses.iter().map(|loss| loss.to_bits()));
        words.extend(used.iter().map(|used| used.len() as u64));
        let all = crew.exchange(&words, len);
        if let Some(failed) = all.iter().position(|words| words[0] & FAILED != 0) {
            return Err(self.failure_of(failed, own));
        }
        if tables > 0 {
            let counts = |rank: usize| &all[rank][len(rank) - tables..];
            let used_by_all = crew.exchange(&used.concat(), |rank| {
                counts(rank).iter().sum::<u64>() as usize
            });
            for (rank, used) in used_by_all.iter().enumerate() {
                self.tables.join_used(counts(rank), used);
            }
        }
        let losses = all
            .iter()
            .enumerate()
            .flat_map(|(rank, words)| &words[HEAD..len(rank) - tables]);
        Ok(BatchOutcome {
            losses: losses.map(|&bits| f64::from_bits(bits)).collect(),
            trouble: all.iter().find_map(|words| trouble(words)),
            is_asked: all.iter().any(|words| words[0] & ASKED != 0),
        })
    }

    /// What went wrong in a rank; those that follow need not know it.
    fn failure_of(&self, failed: usize, own: Result<()>) -> Failure {
        let sentence = own.err().map(|failure| failure.to_string());
        if failed == self.crew.rank() {
            let sentence = sentence.unwrap_or_default();
            if failed > 0 {
                let sentence = format!("{}: {sentence}", self.crew.name());
                self.crew.send_text(0, &sentence);
            }
            return Failure::run(sentence);
        }
        Failure::run(if self.crew.is_first() {
            self.crew.receive_text(failed)
        } else {
            format!("rank {failed} failed")
        })
    }

    /// Adds the gradients of all shards to those of the batches before, in the order of the shards.
    pub(super) fn sum_over_ranks(&mut self) {
        let (level, shards) = (self.level, &self.shards);
        // All ranges, one behind the other: where each begins.
        let mut starts = Vec::with_capacity(self.ranges.len());
        self.sum.clear();
        for range in &self.ranges {
            starts.push(self.sum.len());
            self.sum.extend_from_slice(&self.gradients[range.clone()]);
        }
        let ranges = &self.ranges;
        self.crew.sum_in_order(&mut self.sum, |piece, to| {
            for (from, within) in pieces(ranges, &starts, piece) {
                for shard in shards {
                    gradient::add(
                        level,
                        &mut to[within.clone()],
                        &shard.gradients[from.clone()],
                    )
                    .expect("as long as each other");
                }
            }
        });
        for (range, start) in ranges.iter().zip(starts) {
            self.gradients[range.clone()].copy_from_slice(&self.sum[start..start + range.len()]);
        }
    }

    /// Where the states of a rank's streams lie among those of all.
    fn carried_by(&self, rank: usize) -> Range<usize> {
        let shards = self.crew.share(rank, self.shard_count);
        let before = |shard: usize| {
            // Streams are dealt out like cards.
            let (even, more) = (
                self.streams / self.shard_count,
                self.streams % self.shard_count,
            );
            (shard * even + shard.min(more)) * self.spec.state_len()
        };
        before(shards.start)..before(shards.end)
    }

    /// How many numbers all streams carry.
    pub fn carried_len(&self) -> usize {
        self.streams * self.spec.state_len()
    }

    /// The states that streams carry from window to window; empty where sequences are learnt from their first step to their
    /// last. To the first rank: those of all.
    pub fn carried(&self) -> Vec<f32> {
        let own = self.shards.iter().flat_map(|shard| &shard.carried);
        let mut carried: Vec<f32> = own.copied().collect();
        if self.crew.is_alone() || self.streams == 0 {
            return carried;
        }
        if self.crew.is_first() {
            self.crew.order(Duty::Collect.order());
            carried.resize(self.carried_len(), 0.0);
            let (_, mut rest) = carried.split_at_mut(self.carried_by(0).len());
            let mut places = Vec::new();
            for rank in 1..self.crew.count() {
                let (of_rank, after) = rest.split_at_mut(self.carried_by(rank).len());
                places.push((rank, of_rank));
                rest = after;
            }
            self.crew.move_numbers(&[], &mut places);
        } else {
            self.crew.move_numbers(&[(0, &carried)], &mut []);
        }
        carried
    }

    /// Puts back what [`Learner::carried`] gave to the first rank.
    pub fn carry(&mut self, states: &mut [f32]) {
        if self.streams > 0 && self.crew.is_first() {
            self.crew.order(Duty::Carry.order());
        }
        if self.streams > 0 {
            self.crew.hand_out(states);
        }
        let own = self.carried_by(self.crew.rank());
        let carried = self.shards.iter_mut().flat_map(|shard| &mut shard.carried);
        carried.zip(&states[own]).for_each(|(to, &from)| *to = from);
    }

    /// Follows a change of parameters and memory from outside; those of the first rank are those of all.
    ///
    /// # Errors
    /// None: the lengths fit.
    pub fn start(&mut self) -> Result<()> {
        if self.crew.is_first() {
            self.crew.order(Duty::Start.order());
        }
        for numbers in [&mut self.params, &mut self.memory, &mut self.average.params] {
            self.crew.hand_out(numbers);
        }
        self.repack()
    }
}

/// A piece of some ranges, of which each begins where `starts` says if they lie one behind the other: where its parts come from,
/// and where they lie in the piece.
fn pieces<'a>(
    ranges: &'a [Range<usize>],
    starts: &'a [usize],
    piece: Range<usize>,
) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + 'a {
    let first = starts
        .partition_point(|&start| start <= piece.start)
        .saturating_sub(1);
    let both = ranges[first..].iter().zip(&starts[first..]);
    let end = piece.end;
    both.take_while(move |&(_, &start)| start < end)
        .map(move |(range, &start)| {
            let (from, to) = (start.max(piece.start), (start + range.len()).min(piece.end));
            let place = |at: usize| range.start + at - start;
            (place(from)..place(to), from - piece.start..to - piece.start)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_all_ranges() {
        let ranges = [2..5, 7..8, 10..20];
        let starts = [0, 3, 4];
        let flat: Vec<usize> = ranges.iter().cloned().flatten().collect();
        for size in 1..16 {
            for start in (0..14).step_by(size) {
                let piece = start..14.min(start + size);
                let mut found = vec![0; piece.len()];
                for (from, within) in pieces(&ranges, &starts, piece.clone()) {
                    within.zip(from).for_each(|(to, from)| found[to] = from);
                }
                assert_eq!(found, flat[piece]);
            }
        }
        assert_eq!(pieces(&ranges, &starts, 0..0).count(), 0);
    }
}
