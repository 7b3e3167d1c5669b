//! The best labels of a sentence, found row by row: the rows themselves are not kept.

use super::chain::Scores;
use super::labels::Labels;
use super::row::best;
use crate::task::temperature::log;

/// The most probable labels of one sentence among those that the scheme allows, by learnt scores of transitions where there
/// are any (Viterbi).
pub struct Decoder<'a> {
    labels: &'a Labels,
    search: Search<'a>,
}

enum Search<'a> {
    /// Any label may follow any other: the best of every row so far.
    Free(Vec<usize>),
    /// An `I-x` needs `B-x` or `I-x` before it, and where ends are marked so does an `E-x`.
    Bound(Trellis),
    /// It was learnt what likes to follow what.
    Scored(Scored<'a>),
}

/// Every label may follow any other that may end a span, except that an `I-x` needs `B-x` or `I-x` before it; so the best
/// predecessor is the best of those labels, or the better of two.
struct Trellis {
    /// Whether a sentence may end with a label.
    ends: Vec<bool>,
    /// Logarithm of the best path to each label.
    scores: Vec<f32>,
    next: Vec<f32>,
    /// The best label before each step.
    best_before: Vec<usize>,
    /// (T, labels), a bit each: whether an `I-x` followed `B-x` and not itself.
    began: Vec<u64>,
}

impl<'a> Decoder<'a> {
    /// At the start of a sentence.
    pub fn new(labels: &'a Labels, scores: Option<&'a Scores>) -> Self {
        let search = match (scores, labels.are_bound()) {
            (Some(scores), _) => Search::Scored(Scored::new(scores)),
            (None, false) => Search::Free(Vec::new()),
            (None, true) => Search::Bound(Trellis {
                ends: (0..labels.len())
                    .map(|label| labels.may_end(label))
                    .collect(),
                scores: vec![0.0; labels.len()],
                next: vec![0.0; labels.len()],
                best_before: Vec::new(),
                began: Vec::new(),
            }),
        };
        Self { labels, search }
    }

    /// The labels of a sentence from its probabilities (T, labels).
    #[cfg(test)]
    pub fn decode(labels: &'a Labels, probabilities: &[f32]) -> Vec<usize> {
        let mut decoder = Self::new(labels, None);
        let rows = probabilities.chunks_exact(labels.len());
        rows.for_each(|row| decoder.push(row));
        decoder.finish()
    }

    /// The probabilities of the next token.
    pub fn push(&mut self, row: &[f32]) {
        match &mut self.search {
            Search::Free(found) => found.push(best(row)),
            Search::Bound(trellis) => trellis.push(self.labels, row),
            Search::Scored(scored) => scored.push(row),
        }
    }

    /// The labels of all tokens.
    pub fn finish(self) -> Vec<usize> {
        match self.search {
            Search::Free(found) => found,
            Search::Bound(trellis) => trellis.finish(self.labels),
            Search::Scored(scored) => scored.finish(),
        }
    }
}

impl Trellis {
    fn push(&mut self, labels: &Labels, row: &[f32]) {
        let best_before = best_end(&self.ends, &self.scores);
        let is_first = self.best_before.is_empty();
        let bits = self.began.len();
        self.began.resize(bits + words(labels), 0);
        for (label, next) in self.next.iter_mut().enumerate() {
            let log_probability = row[label].max(f32::MIN_POSITIVE).ln();
            let before = match labels.before(label) {
                None => self.scores[best_before],
                // No sentence starts inside a span.
                Some(_) if is_first => f32::NEG_INFINITY,
                Some([begin, inside]) if self.scores[begin] >= self.scores[inside] => {
                    self.began[bits + label / 64] |= 1 << (label % 64);
                    self.scores[begin]
                }
                Some([_, inside]) => self.scores[inside],
            };
            *next = before + log_probability;
        }
        self.best_before.push(best_before);
        std::mem::swap(&mut self.scores, &mut self.next);
    }

    /// Goes back along the best path.
    fn finish(self, labels: &Labels) -> Vec<usize> {
        let steps = self.best_before.len();
        let mut path = vec![best_end(&self.ends, &self.scores); steps];
        for t in (1..steps).rev() {
            let label = path[t];
            let word = self.began[t * words(labels) + label / 64];
            path[t - 1] = match labels.before(label) {
                None => self.best_before[t],
                Some([begin, _]) if word >> (label % 64) & 1 == 1 => begin,
                Some([_, inside]) => inside,
            };
        }
        path
    }
}

/// Any label may follow any other, at a score: `best[j] = max over i of best[i] + score(i, j) + log p[j]`.
struct Scored<'a> {
    scores: &'a Scores,
    /// Of the best path to each label.
    best: Vec<f64>,
    next: Vec<f64>,
    /// (T, labels): the label before, on that path.
    before: Vec<u32>,
    has_begun: bool,
}

impl<'a> Scored<'a> {
    fn new(scores: &'a Scores) -> Self {
        let labels = scores.start().len();
        Self {
            scores,
            best: vec![0.0; labels],
            next: vec![0.0; labels],
            before: Vec::new(),
            has_begun: false,
        }
    }

    fn push(&mut self, row: &[f32]) {
        let step = self.before.len();
        self.before.resize(step + row.len(), 0);
        if self.has_begun {
            self.next.fill(f64::NEG_INFINITY);
            let before = &mut self.before[step..];
            for (from, (best, scores)) in (0..).zip(self.best.iter().zip(self.scores.rows())) {
                let places = self.next.iter_mut().zip(&mut *before);
                for ((next, before), score) in places.zip(scores) {
                    // Of equals the first.
                    if best + score > *next {
                        (*next, *before) = (best + score, from);
                    }
                }
            }
        } else {
            self.next.copy_from_slice(self.scores.start());
        }
        self.has_begun = true;
        let probabilities = self.next.iter_mut().zip(row);
        probabilities.for_each(|(next, &probability)| *next += log(probability));
        std::mem::swap(&mut self.best, &mut self.next);
    }

    fn finish(mut self) -> Vec<usize> {
        let ends = self.best.iter_mut().zip(self.scores.end());
        ends.for_each(|(best, end)| *best += end);
        let labels = self.best.len();
        let mut label = 0;
        for (other, best) in self.best.iter().enumerate() {
            if *best > self.best[label] {
                label = other;
            }
        }
        let mut path = Vec::new();
        for before in self.before.chunks_exact(labels).rev() {
            path.push(label);
            label = before[label] as usize;
        }
        path.reverse();
        path
    }
}

/// The best label that a sentence may end with.
fn best_end(ends: &[bool], scores: &[f32]) -> usize {
    let ends = (0..scores.len()).filter(|&label| ends[label]);
    // Of equals the first.
    ends.reduce(|best, label| {
        if scores[label] > scores[best] {
            label
        } else {
            best
        }
    })
    .unwrap_or(0)
}

/// Words of 64 bits that hold a bit per label.
const fn words(labels: &Labels) -> usize {
    labels.len().div_ceil(64)
}

#[cfg(test)]
mod tests {
    use super::super::chain::legal;
    use super::*;
    use crate::data::conll::Sentence;
    use crate::data::spans::Tag;

    fn labels(sentence: &str) -> Labels {
        Labels::collect(&[Sentence {
            labels: sentence.split(' ').map(str::to_owned).collect(),
            ..Sentence::default()
        }])
    }

    #[test]
    fn decoding_obeys_iob2() {
        let labels = labels("O B-x I-x B-y I-y"); // B-x B-y I-x I-y O
        // Greedy would say O I-x; a start inside a span is impossible.
        assert_eq!(Decoder::decode(&labels, &[0.1, 0.1, 0.5, 0.0, 0.3]), [4]);
        // The second token is clearly I-y, so the first must be B-y although B-x is a little likelier.
        let rows = [0.45, 0.4, 0.05, 0.05, 0.05, 0.04, 0.03, 0.03, 0.8, 0.1];
        assert_eq!(Decoder::decode(&labels, &rows), [1, 3]);
    }

    #[test]
    fn marked_ends_bind_the_labels_before() {
        let labels = labels("B-x I-x E-x S-x O"); // B-x E-x I-x O S-x
        let decode = |rows: &[f32]| Decoder::decode(&labels, rows);
        assert_eq!(
            decode(&[0.6, 0.1, 0.1, 0.1, 0.1]),
            [3],
            "one token cannot be left open"
        );
        let rows = [
            0.3, 0.1, 0.1, 0.1, 0.4, 0.0, 0.1, 0.1, 0.6, 0.2, 0.0, 0.9, 0.0, 0.1, 0.0,
        ];
        assert_eq!(decode(&rows[..10]), [4, 3]);
        assert_eq!(
            decode(&rows),
            [0, 2, 1],
            "the end is so sure that it needs its begin"
        );
    }

    #[test]
    fn decoding_agrees_with_trying_everything() {
        for spelled in ["O B-x I-x B-y I-y", "O B-x I-x E-x S-x"] {
            decoding_agrees(&labels(spelled));
        }
    }

    #[test]
    fn learnt_scores_count_like_probabilities() {
        for spelled in ["O B-x I-x B-y I-y", "O B-x I-x E-x S-x", "A B C D E"] {
            scored_decoding_agrees(&labels(spelled));
        }
    }

    fn scored_decoding_agrees(labels: &Labels) {
        use crate::base::seeds::{Purpose, generator, unit};
        let legal = legal(labels);
        let mut rng = generator(8, Purpose::Sample, &[]);
        for _ in 0..200 {
            let rows: Vec<f32> = (0..15).map(|_| unit(&mut rng) + 0.01).collect();
            let learnt: Vec<f32> = (0..35).map(|_| 6.0 * unit(&mut rng) - 3.0).collect();
            let taken = |path: &[usize; 3]| {
                let [a, b, c] = *path;
                [25 + a, 5 * a + b, 5 * b + c, 30 + c]
            };
            let score = |path: &[usize; 3]| -> f64 {
                let scores = taken(path).map(|place| f64::from(learnt[place]));
                let rows = (0..3).map(|t| f64::from(rows[t * 5 + path[t]]).ln());
                scores.into_iter().chain(rows).sum()
            };
            let paths = (0..125).map(|n| [n / 25, n / 5 % 5, n % 5]);
            let paths = paths.filter(|path| taken(path).iter().all(|&place| legal[place]));
            let expected = paths.max_by(|a, b| score(a).total_cmp(&score(b))).unwrap();
            let scores = Scores::new(labels, &learnt);
            let mut decoder = Decoder::new(labels, Some(&scores));
            rows.chunks(5).for_each(|row| decoder.push(row));
            assert_eq!(decoder.finish(), expected);
        }
    }

    fn decoding_agrees(labels: &Labels) {
        let are_ends = (0..5).any(|label| !labels.may_end(label));
        let legal = |path: &[usize]| {
            let before = |t: usize| {
                if t == 0 {
                    Tag::Outside
                } else {
                    labels.tag(path[t - 1])
                }
            };
            let is_legal = (0..path.len()).all(|t| {
                let (tag, before) = (labels.tag(path[t]), before(t));
                let must =
                    matches!(tag, Tag::Inside(_) | Tag::End(_)) || are_ends && before.is_open();
                !must || tag.continues(before)
            });
            is_legal && labels.may_end(path[path.len() - 1])
        };
        let mut rng = crate::base::seeds::generator(7, crate::base::seeds::Purpose::Sample, &[]);
        for _ in 0..200 {
            let rows: Vec<f32> = (0..15)
                .map(|_| crate::base::seeds::unit(&mut rng) + 0.01)
                .collect();
            let product =
                |path: &[usize]| -> f32 { (0..3).map(|t| rows[t * 5 + path[t]].ln()).sum() };
            let paths = (0..125)
                .map(|n| [n / 25, n / 5 % 5, n % 5])
                .filter(|path| legal(path));
            let expected = paths
                .max_by(|a, b| product(a).total_cmp(&product(b)))
                .unwrap();
            assert_eq!(Decoder::decode(labels, &rows), expected);
        }
    }

    #[test]
    fn plain_labels_are_decoded_one_by_one() {
        let labels = labels("DET NOUN");
        assert_eq!(Decoder::decode(&labels, &[0.9, 0.1, 0.5, 0.5]), [0, 0]);
    }
}
