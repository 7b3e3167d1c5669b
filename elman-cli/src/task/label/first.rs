//! What transitions between labels start from: what the training labels say of themselves.

use super::chain::legal;
use super::labels::Labels;
use crate::data::Sequences;
use crate::train::task::FirstTransitions;

/// So many transitions from a label have to be seen before they count as much as how frequent the labels are. Better on the
/// validation data of three corpora than 10, and than scores that all start from zero.
const DOUBT: f64 = 100.0;

/// By how much likelier a label is behind another one than anywhere, in nats (pointwise mutual information): the net, which tells how
/// likely labels are at a step, then learns what is left. Where little is seen there is nothing to say, and the score is near zero.
pub fn first_transitions(labels: &Labels, train: &Sequences) -> FirstTransitions {
    let (count, legal) = (labels.len(), legal(labels));
    let square = count * count;
    let mut seen = vec![0.0; legal.len()];
    let mut alone = vec![0.0; count];
    for sequence in 0..train.len() {
        let targets = &train.classes()[train.rows_of(sequence)];
        let label = |row: usize| targets.get(row)?.get().map(|label| label as usize);
        for row in 0..targets.len() {
            let Some(here) = label(row) else { continue };
            alone[here] += 1.0;
            match row.checked_sub(1) {
                None => seen[square + here] += 1.0,
                Some(before) => {
                    if let Some(before) = label(before) {
                        seen[before * count + here] += 1.0;
                    }
                }
            }
            if row + 1 == targets.len() {
                seen[square + count + here] += 1.0;
            }
        }
    }
    let all: f64 = alone.iter().sum();
    let mut scores = Vec::with_capacity(legal.len());
    for row in seen.chunks_exact(count) {
        let from: f64 = row.iter().sum();
        scores.extend(row.iter().zip(&alone).map(|(seen, alone)| {
            let expected = (alone + 1.0) / (all + count as f64);
            ((seen + DOUBT * expected) / (from + DOUBT) / expected).ln() as f32
        }));
    }
    let is_legal = legal.iter();
    scores.iter_mut().zip(is_legal).for_each(|(score, legal)| {
        if !legal {
            *score = 0.0;
        }
    });
    FirstTransitions { legal, scores }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::conll::Sentence;
    use elman_core::Target;

    #[test]
    fn what_often_follows_starts_high_and_what_never_does_low() {
        let labels = Labels::collect(&[Sentence {
            labels: ["O", "B-x", "I-x"].map(str::to_owned).to_vec(),
            ..Sentence::default()
        }]);
        let mut train = Sequences::of_tokens(1);
        for _ in 0..1000 {
            // B-x I-x O O
            for label in [0, 1, 2, 2] {
                train.push_row([0], Target::class(label));
            }
            train.end_sequence();
        }
        let first = first_transitions(&labels, &train);
        let [b, i, o] = [0, 1, 2];
        let score = |from: usize, to: usize| first.scores[from * 3 + to];
        assert!(score(b, i) > 1.0 && score(b, b) < -1.0 && score(o, o) > 0.3);
        assert_eq!((score(o, i), first.legal[o * 3 + i]), (0.0, false));
        let (start, end) = (&first.scores[9..12], &first.scores[12..]);
        assert!(start[b] > 1.0 && start[o] < -1.0 && end[o] > 0.3 && end[b] < -1.0);
    }
}
