//! The forward-backward algorithm over the labels of one sequence, in probabilities that are scaled at every step (Rabiner 1989).
//!
//! ```text
//! α[0] = start ⊙ w[0]        α[t] = (α[t-1] · E) ⊙ w[t]             each divided by its sum c[t]; w[t] = exp(logits[t] - largest)
//! β[T-1] = end / c[T]        β[t] = E · (w[t+1] ⊙ β[t+1]) / c[t+1]  c[T] = α[T-1] · end
//! P(label of t) = α[t] ⊙ β[t]     P(labels of t, t+1) = α[t][i] E[i][j] x[j]     with x = w[t+1] ⊙ β[t+1] / c[t+1]
//! log Z = Σ log c + Σ largest
//! ```
//!
//! Loops run over the label that is written, never over the one that is summed, so every number is one chain in a fixed
//! order. Terms of labels that cannot be are skipped: paths through given targets cost L a step and not L².

use crate::slices::{at, at_mut};

/// Weights of transitions, and how much of each the paths had.
pub(super) struct Tables<'a> {
    /// (L, L), `exp(score - largest)`; 0 where forbidden. From label to label, and the same transposed.
    follow: &'a [f64],
    transposed: &'a [f64],
    start: &'a [f64],
    end: &'a [f64],
    /// What was taken off the scores: of every transition, and of start and end.
    largest: [f64; 3],
    /// (L, L): Σ α ⊗ x, which lacks the factor E.
    pairs: &'a mut [f64],
    starts: &'a mut [f64],
    ends: &'a mut [f64],
    /// x, and β of the step at hand.
    after: &'a mut [f64],
    beta: &'a mut [f64],
}

impl<'a> Tables<'a> {
    /// In a buffer of `3 L² + 6 L` numbers.
    #[inline(always)]
    pub(super) fn new(
        labels: usize,
        (scores, legal): (&[f32], &[bool]),
        buffer: &'a mut [f64],
    ) -> Self {
        let square = labels * labels;
        let (follow, rest) = split(buffer, square);
        let (transposed, rest) = split(rest, square);
        let (pairs, rest) = split(rest, square);
        let (start, rest) = split(rest, labels);
        let (end, rest) = split(rest, labels);
        let (starts, rest) = split(rest, labels);
        let (ends, rest) = split(rest, labels);
        let (after, beta) = split(rest, labels);
        let part = |from: usize, len: usize| {
            let range = from..from + len;
            let scores = at(scores, range.clone());
            scores.iter().zip(at(legal, range))
        };
        let largest = [
            exponentials(part(0, square), follow),
            exponentials(part(square, labels), start),
            exponentials(part(square + labels, labels), end),
        ];
        for (to, column) in transposed.chunks_exact_mut(labels.max(1)).enumerate() {
            for (x, row) in column.iter_mut().zip(follow.chunks_exact(labels.max(1))) {
                *x = row.get(to).copied().unwrap_or(0.0);
            }
        }
        pairs.fill(0.0);
        starts.fill(0.0);
        ends.fill(0.0);
        Self {
            follow,
            transposed,
            start,
            end,
            largest,
            pairs,
            starts,
            ends,
            after,
            beta,
        }
    }

    /// Adds what all passes found to the gradients of the scores.
    #[inline(always)]
    pub(super) fn add_gradients(&self, legal: &[bool], total: f64, gradients: &mut [f32]) {
        let pairs = self.pairs.iter().zip(self.follow).map(|(pair, e)| pair * e);
        let found = pairs.chain(self.starts.iter().copied());
        let found = found.chain(self.ends.iter().copied());
        for ((gradient, found), &legal) in gradients.iter_mut().zip(found).zip(legal) {
            if legal {
                *gradient += (found / total) as f32;
            }
        }
    }
}

/// `to = exp(score - largest)` of legal scores, 0 for others; returns the largest, 0 where nothing is legal.
#[inline(always)]
fn exponentials<'a>(
    scores: impl Iterator<Item = (&'a f32, &'a bool)> + Clone,
    to: &mut [f64],
) -> f64 {
    let legal = scores.clone().filter(|(_, legal)| **legal);
    let largest = legal.map(|(score, _)| *score).reduce(f32::max);
    let largest = f64::from(largest.unwrap_or(0.0));
    for (to, (score, &legal)) in to.iter_mut().zip(scores) {
        *to = match legal {
            true => libm::exp(f64::from(*score) - largest),
            false => 0.0,
        };
    }
    largest
}

/// What is kept of the steps of a sequence.
pub(super) struct Steps<'a> {
    labels: usize,
    /// (T, L)
    weights: &'a mut [f64],
    alphas: &'a mut [f64],
    slopes: &'a mut [f64],
    /// (T)
    sums: &'a mut [f64],
}

impl<'a> Steps<'a> {
    /// In a buffer of at least `len (3 L + 1)` numbers.
    #[inline(always)]
    pub(super) fn new(labels: usize, len: usize, buffer: &'a mut [f64]) -> Self {
        let (weights, rest) = split(buffer, len * labels);
        let (alphas, rest) = split(rest, len * labels);
        let (slopes, rest) = split(rest, len * labels);
        Self {
            labels,
            weights,
            alphas,
            slopes,
            sums: at_mut(rest, ..len),
        }
    }

    #[inline(always)]
    pub(super) fn clear(&mut self) {
        self.slopes.fill(0.0);
    }

    /// (T, L)
    #[inline(always)]
    pub(super) fn slopes(&self) -> impl Iterator<Item = &[f64]> {
        self.slopes.chunks_exact(self.labels.max(1))
    }
}

/// All paths of one sequence.
pub(super) struct Lattice<'l, 'a> {
    pub labels: usize,
    pub tables: &'l mut Tables<'a>,
    pub steps: Steps<'l>,
}

impl Lattice<'_, '_> {
    /// Both ways over logits (T, L); where a step has a target, paths go through it alone. Adds `sign` times the probabilities of
    /// labels and transitions to the slopes and tables; returns the logarithm of the sum over all paths.
    #[inline(always)]
    pub(super) fn pass<'r>(
        &mut self,
        steps: impl Iterator<Item = (&'r [f32], Option<u32>)>,
        sign: f64,
    ) -> f64 {
        let log = self.forward(steps);
        self.backward(sign);
        log
    }

    #[inline(always)]
    fn forward<'r>(&mut self, steps: impl Iterator<Item = (&'r [f32], Option<u32>)>) -> f64 {
        let Self { labels, tables, .. } = self;
        let labels = (*labels).max(1);
        let Steps {
            weights,
            alphas,
            sums,
            ..
        } = &mut self.steps;
        let [of_follow, of_start, of_end] = tables.largest;
        let mut log = of_start + of_end;
        let mut before: &[f64] = &[];
        let rows = weights.chunks_exact_mut(labels);
        let rows = rows.zip(alphas.chunks_exact_mut(labels));
        for (((logits, target), (weights, alpha)), sum) in steps.zip(rows).zip(sums.iter_mut()) {
            log += emit(logits, target, weights);
            if before.is_empty() {
                for (a, &start) in alpha.iter_mut().zip(tables.start) {
                    *a = start;
                }
            } else {
                log += of_follow;
                alpha.fill(0.0);
                for (&a, row) in before.iter().zip(tables.follow.chunks_exact(labels)) {
                    add_product(a, row, alpha);
                }
            }
            multiply(alpha, weights);
            *sum = alpha.iter().sum();
            log += libm::log(*sum);
            // Where no path leads on there is nothing to scale, and the sum stays zero to the end.
            if *sum != 0.0 {
                divide(alpha, *sum);
            }
            before = alpha;
        }
        let ends = before.iter().zip(tables.end).map(|(a, end)| a * end);
        log + libm::log(ends.sum::<f64>())
    }

    #[inline(always)]
    fn backward(&mut self, sign: f64) {
        let labels = self.labels.max(1);
        let tables = &mut *self.tables;
        let (after, beta) = (&mut *tables.after, &mut *tables.beta);
        let steps = &mut self.steps;
        let mut following: Option<(&[f64], f64)> = None;
        let rows = steps.weights.chunks_exact(labels);
        let rows = rows.zip(steps.alphas.chunks_exact(labels));
        let rows = rows.zip(steps.slopes.chunks_exact_mut(labels));
        for (((weights, alpha), slopes), &sum) in rows.zip(&*steps.sums).rev() {
            match following {
                None => {
                    let ends = alpha.iter().zip(tables.end).map(|(a, end)| a * end);
                    let all: f64 = ends.sum();
                    for (beta, end) in beta.iter_mut().zip(tables.end) {
                        *beta = end / all;
                    }
                    let found = alpha.iter().zip(&*beta).map(|(a, b)| a * b);
                    add_all(found, sign, tables.ends);
                }
                Some((weights, sum)) => {
                    for ((x, w), b) in after.iter_mut().zip(weights).zip(&*beta) {
                        *x = w * b / sum;
                    }
                    beta.fill(0.0);
                    for (&x, row) in after.iter().zip(tables.transposed.chunks_exact(labels)) {
                        add_product(x, row, beta);
                    }
                    for (&a, row) in alpha.iter().zip(tables.pairs.chunks_exact_mut(labels)) {
                        add_product(sign * a, after, row);
                    }
                }
            }
            let found = alpha.iter().zip(&*beta).map(|(a, b)| a * b);
            add_all(found, sign, slopes);
            following = Some((weights, sum));
        }
        if let Some(alpha) = steps.alphas.chunks_exact(labels).next() {
            let found = alpha.iter().zip(&*beta).map(|(a, b)| a * b);
            add_all(found, sign, tables.starts);
        }
    }
}

/// The first `len` numbers and the others.
#[inline(always)]
pub(super) fn split(numbers: &mut [f64], len: usize) -> (&mut [f64], &mut [f64]) {
    debug_assert!(len <= numbers.len());
    numbers.split_at_mut_checked(len).unwrap_or_default()
}

/// `weights = exp(logits - largest)`, 0 beside a target; returns the largest.
#[inline(always)]
fn emit(logits: &[f32], target: Option<u32>, weights: &mut [f64]) -> f64 {
    if let Some(target) = target.map(|target| target as usize) {
        weights.fill(0.0);
        if let Some(weight) = weights.get_mut(target) {
            *weight = 1.0;
        }
        return f64::from(logits.get(target).copied().unwrap_or(f32::NAN));
    }
    let largest = f64::from(logits.iter().copied().reduce(f32::max).unwrap_or(0.0));
    for (weight, &logit) in weights.iter_mut().zip(logits) {
        *weight = libm::exp(f64::from(logit) - largest);
    }
    largest
}

/// `to += a · row`
#[inline(always)]
fn add_product(a: f64, row: &[f64], to: &mut [f64]) {
    if a == 0.0 {
        return;
    }
    for (to, x) in to.iter_mut().zip(row) {
        *to += a * x;
    }
}

/// `to += sign · found`
#[inline(always)]
fn add_all(found: impl Iterator<Item = f64>, sign: f64, to: &mut [f64]) {
    for (to, found) in to.iter_mut().zip(found) {
        *to += sign * found;
    }
}

#[inline(always)]
fn multiply(to: &mut [f64], by: &[f64]) {
    for (to, by) in to.iter_mut().zip(by) {
        *to *= by;
    }
}

#[inline(always)]
fn divide(to: &mut [f64], by: f64) {
    for to in to {
        *to /= by;
    }
}
