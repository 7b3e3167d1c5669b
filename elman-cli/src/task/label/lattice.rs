//! How sure labels and spans are: the forward-backward algorithm over all paths that the scheme allows (Rabiner 1989).
//!
//! ```text
//! P(path) = Π w[t][path[t]] · Π weight(path[t-1], path[t]) / Z        over the paths that are allowed
//! ```
//!
//! A span is found by a path where `conlleval` finds it: exactly these tokens, begun where it begins and not going on
//! behind its end. Its probability is the sum over all paths that do so.

use super::chain::Weights;
use crate::data::spans::Span;

/// One way along a sequence, a row at a time: the sum over all paths so far.
pub struct Forward {
    /// (L), shares of the sum.
    alpha: Vec<f64>,
    next: Vec<f64>,
    /// Logarithm of the sum.
    log: f64,
    has_begun: bool,
}

impl Forward {
    /// Before the first row.
    pub fn new(weights: &Weights<'_>) -> Self {
        Self {
            alpha: vec![0.0; weights.len()],
            next: vec![0.0; weights.len()],
            log: 0.0,
            has_begun: false,
        }
    }

    /// Takes what the next row [weighs](Weights::of_row). Returns the sum that was divided by.
    pub fn push(&mut self, weights: &Weights<'_>, row: &[f64]) -> f64 {
        if self.has_begun {
            weights.forward(&self.alpha, &mut self.next);
        } else {
            let start = self.next.iter_mut().enumerate();
            start.for_each(|(label, next)| *next = weights.start(label));
        }
        self.has_begun = true;
        self.next.iter_mut().zip(row).for_each(|(a, w)| *a *= w);
        let sum: f64 = self.next.iter().sum();
        if sum > 0.0 {
            self.next.iter_mut().for_each(|a| *a /= sum);
        }
        self.log += sum.ln();
        std::mem::swap(&mut self.alpha, &mut self.next);
        sum
    }

    /// Logarithm of the sum over all paths; minus infinity where there are none.
    pub fn end(&self, weights: &Weights<'_>) -> f64 {
        if !self.has_begun {
            return 0.0;
        }
        let ends = self.alpha.iter().enumerate();
        let sum: f64 = ends.map(|(label, a)| a * weights.end(label)).sum();
        self.log + sum.ln()
    }
}

/// Nats of the targets of a sequence among all paths, row by row.
pub struct PathNats {
    all: Forward,
    wanted: Forward,
    row: Vec<f64>,
    targets: usize,
}

impl PathNats {
    /// Before the first row.
    pub fn new(weights: &Weights<'_>) -> Self {
        Self {
            all: Forward::new(weights),
            wanted: Forward::new(weights),
            row: vec![0.0; weights.len()],
            targets: 0,
        }
    }

    /// Takes the next row of probabilities; without a target any label will do.
    pub fn push(&mut self, weights: &Weights<'_>, row: &[f32], target: Option<u32>) {
        weights.of_row(row, &mut self.row);
        self.all.push(weights, &self.row);
        if let Some(target) = target.map(|target| target as usize) {
            self.targets += 1;
            // What it weighs may be too small for a number.
            self.wanted.log += weights.log_of(row, target);
            self.row.fill(0.0);
            self.row[target] = 1.0;
        }
        self.wanted.push(weights, &self.row);
    }

    /// How many rows had a target, and what they cost together: infinitely much where they take a forbidden transition.
    pub fn end(&self, weights: &Weights<'_>) -> (usize, f64) {
        (
            self.targets,
            self.all.end(weights) - self.wanted.end(weights),
        )
    }
}

/// All paths of one sequence, weighed.
pub struct Lattice<'w, 'a> {
    weights: &'w Weights<'a>,
    /// (T, L): what rows weigh, sums over the paths up to a label and over those behind it, scaled so that `alpha · beta` is
    /// the probability of the label.
    rows: Vec<f64>,
    alphas: Vec<f64>,
    betas: Vec<f64>,
    /// (T): what step t was divided by.
    sums: Vec<f64>,
}

impl<'w, 'a> Lattice<'w, 'a> {
    /// From the probabilities (T, L) of a sequence.
    pub fn new(weights: &'w Weights<'a>, probabilities: &[f32]) -> Self {
        let (count, len) = (weights.len(), probabilities.len());
        let mut lattice = Self {
            weights,
            rows: vec![0.0; len],
            alphas: Vec::with_capacity(len),
            betas: vec![0.0; len],
            sums: Vec::with_capacity(len / count),
        };
        let mut forward = Forward::new(weights);
        let rows = lattice.rows.chunks_exact_mut(count);
        for (row, probabilities) in rows.zip(probabilities.chunks_exact(count)) {
            weights.of_row(probabilities, row);
            lattice.sums.push(forward.push(weights, row));
            lattice.alphas.extend_from_slice(&forward.alpha);
        }
        lattice.go_back(count);
        lattice
    }

    fn go_back(&mut self, count: usize) {
        let steps = self.sums.len();
        let mut after = vec![0.0; count];
        for t in (0..steps).rev() {
            let beta = &mut self.betas[t * count..(t + 1) * count];
            if t + 1 < steps {
                self.weights.backward(&after, beta);
            } else {
                let alpha = &self.alphas[t * count..];
                let ends = (0..count).map(|label| self.weights.end(label));
                let all: f64 = alpha.iter().zip(ends.clone()).map(|(a, end)| a * end).sum();
                beta.iter_mut()
                    .zip(ends)
                    .for_each(|(b, end)| *b = end / all);
            }
            let row = &self.rows[t * count..(t + 1) * count];
            for ((x, w), b) in after.iter_mut().zip(row).zip(&*beta) {
                *x = w * b / self.sums[t];
            }
        }
    }

    /// The probabilities of the labels of a step.
    pub fn labels(&self, t: usize) -> impl Iterator<Item = f64> {
        let count = self.weights.len();
        let step = t * count..(t + 1) * count;
        let betas = &self.betas[step.clone()];
        self.alphas[step].iter().zip(betas).map(|(a, b)| a * b)
    }

    /// The probability that exactly this span is found.
    pub fn span(&self, span: &Span<'_>) -> f64 {
        let tags = &self.weights.tags;
        let of_kind = |&label: &usize| tags[label].kind() == Some(span.kind);
        let inside: Vec<usize> = (0..tags.len()).filter(of_kind).collect();
        let (start, end) = (span.tokens.start, span.tokens.end);
        let mut sums: Vec<f64> = inside
            .iter()
            .map(|&label| self.begin(start, label))
            .collect();
        for t in start + 1..end {
            let go_on = |&to: &usize| {
                let before = inside.iter().zip(&sums);
                let before = before.filter(|(from, _)| tags[to].continues(tags[**from]));
                let sum: f64 = before
                    .map(|(&from, x)| x * self.weights.follow(from, to))
                    .sum();
                sum * self.row(t, to)
            };
            sums = inside.iter().map(go_on).collect();
        }
        let ends = inside.iter().zip(&sums);
        ends.map(|(&label, x)| x * self.leave(end, label)).sum()
    }

    /// What a row weighs for a label, scaled.
    fn row(&self, t: usize, label: usize) -> f64 {
        self.rows[t * self.weights.len() + label] / self.sums[t]
    }

    /// All paths that begin a span with this label.
    fn begin(&self, t: usize, label: usize) -> f64 {
        let (count, tags) = (self.weights.len(), &self.weights.tags);
        let Some(before) = t.checked_sub(1) else {
            return self.alphas[label];
        };
        let alphas = &self.alphas[before * count..t * count];
        let others = (0..count).filter(|&from| !tags[label].continues(tags[from]));
        let sum: f64 = others
            .map(|from| alphas[from] * self.weights.follow(from, label))
            .sum();
        sum * self.row(t, label)
    }

    /// All paths behind a span that ends before this step with this label.
    fn leave(&self, t: usize, label: usize) -> f64 {
        let (count, tags) = (self.weights.len(), &self.weights.tags);
        if t == self.sums.len() {
            return self.betas[(t - 1) * count + label];
        }
        let betas = &self.betas[t * count..(t + 1) * count];
        let others = (0..count).filter(|&to| !tags[to].continues(tags[label]));
        others
            .map(|to| self.weights.follow(label, to) * self.row(t, to) * betas[to])
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::chain::{Scores, legal};
    use super::super::labels::Labels;
    use super::*;
    use crate::base::seeds::{self, Purpose};
    use crate::data::conll::Sentence;
    use crate::data::spans::spans;
    use elman_core::crf;

    const STEPS: usize = 4;

    fn labels(sentence: &str) -> Labels {
        Labels::collect(&[Sentence {
            labels: sentence.split(' ').map(str::to_owned).collect(),
            ..Sentence::default()
        }])
    }

    /// Every path with its share of all that the weights give.
    fn shares(
        labels: &Labels,
        scores: Option<&[f32]>,
        rows: &[f32],
        temperature: f64,
    ) -> Vec<(Vec<usize>, f64)> {
        let (count, legal) = (labels.len(), legal(labels));
        let square = count * count;
        let weigh = |path: &[usize]| {
            let pairs = path.windows(2).map(|pair| pair[0] * count + pair[1]);
            let taken = pairs.chain([square + path[0], square + count + path[STEPS - 1]]);
            let mut score = 0.0;
            for place in taken {
                if !legal[place] {
                    return 0.0;
                }
                score += scores.map_or(0.0, |scores| f64::from(scores[place]));
            }
            let rows = path
                .iter()
                .enumerate()
                .map(|(t, label)| f64::from(rows[t * count + label]).ln());
            ((score + rows.sum::<f64>()) / temperature).exp()
        };
        let paths = (0..count.pow(STEPS as u32)).map(|mut number| {
            let step = |_| {
                let label = number % count;
                number /= count;
                label
            };
            (0..STEPS).map(step).collect::<Vec<usize>>()
        });
        let weighed: Vec<(Vec<usize>, f64)> =
            paths.map(|path| (path.clone(), weigh(&path))).collect();
        let all: f64 = weighed.iter().map(|(_, weight)| weight).sum();
        weighed
            .into_iter()
            .map(|(path, weight)| (path, weight / all))
            .collect()
    }

    fn agrees(labels: &Labels, is_learnt: bool, temperature: f64, seed: u64) {
        let mut rng = seeds::generator(seed, Purpose::Sample, &[]);
        let count = labels.len();
        let rows: Vec<f32> = (0..STEPS * count)
            .map(|_| seeds::unit(&mut rng) + 0.01)
            .collect();
        let learnt: Vec<f32> = (0..crf::params_len(count))
            .map(|_| 4.0 * seeds::unit(&mut rng) - 2.0)
            .collect();
        let learnt = is_learnt.then_some(&learnt[..]);
        let scores = learnt.map(|learnt| Scores::new(labels, learnt));
        let weights = Weights::new(labels, scores.as_ref(), temperature);
        let shares = shares(labels, learnt, &rows, temperature);
        let lattice = Lattice::new(&weights, &rows);
        let sum = |is_wanted: &dyn Fn(&[usize]) -> bool| -> f64 {
            let wanted = shares.iter().filter(|(path, _)| is_wanted(path));
            wanted.map(|(_, share)| share).sum()
        };
        for t in 0..STEPS {
            for (label, found) in lattice.labels(t).enumerate() {
                let expected = sum(&|path| path[t] == label);
                assert!((found - expected).abs() < 1e-12, "{found} and {expected}");
            }
        }
        let tag = |label: &usize| labels.tag(*label);
        for kind in ["", "x", "y"] {
            for start in 0..STEPS {
                for end in start + 1..=STEPS {
                    let span = Span {
                        kind,
                        tokens: start..end,
                    };
                    let expected = sum(&|path| spans(path.iter().map(tag)).contains(&span));
                    let found = lattice.span(&span);
                    assert!(
                        (found - expected).abs() < 1e-12,
                        "{span:?}: {found} and {expected}"
                    );
                }
            }
        }
        // Of a path with one step left open.
        let (path, _) = shares.iter().find(|(_, share)| *share > 0.0).unwrap();
        let mut nats = PathNats::new(&weights);
        for (t, row) in rows.chunks(count).enumerate() {
            nats.push(&weights, row, (t != 1).then_some(path[t] as u32));
        }
        let expected = -sum(&|other| (0..STEPS).all(|t| t == 1 || other[t] == path[t])).ln();
        let (targets, found) = nats.end(&weights);
        assert!(targets == STEPS - 1 && (found - expected).abs() < 1e-9);
    }

    #[test]
    fn probabilities_are_those_of_all_paths() {
        let schemes = [
            "O B-x I-x B-y I-y",
            "O B-x I-x E-x S-x",
            "O I-x I-y B-x",
            "B I O",
            "DET NOUN VERB",
            "B M E S",
        ];
        for (seed, scheme) in schemes.iter().enumerate() {
            for is_learnt in [false, true] {
                for temperature in [1.0, 0.5, 3.0] {
                    agrees(&labels(scheme), is_learnt, temperature, seed as u64);
                }
            }
        }
    }

    #[test]
    fn a_forbidden_path_costs_everything() {
        let labels = labels("O B-x I-x"); // B-x I-x O
        let weights = Weights::new(&labels, None, 1.0);
        let mut nats = PathNats::new(&weights);
        for target in [2, 1] {
            nats.push(&weights, &[0.3, 0.3, 0.4], Some(target));
        }
        assert_eq!(nats.end(&weights), (2, f64::INFINITY));
    }
}
