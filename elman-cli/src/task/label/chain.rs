//! What may follow what in a sequence of labels, and how well it does where that was learnt.

use elman_core::crf;

use super::labels::Labels;
use crate::base::encoding::Encoding;
use crate::data::spans::Tag;
use crate::task::temperature::{Temperature, log_weight, weigh};

/// Scores of transitions in double precision, minus infinity where one is forbidden.
#[derive(Debug)]
pub struct Scores {
    labels: usize,
    /// (L, L), row by row from one label to the next.
    follow: Vec<f64>,
    start: Vec<f64>,
    end: Vec<f64>,
}

/// Which transitions the scheme of the labels allows, as [`crf::Transitions`] has it.
pub fn legal(labels: &Labels) -> Vec<bool> {
    let all = 0..labels.len();
    let follows = |from: usize, to: usize| match labels.before(to) {
        None => labels.may_end(from),
        Some([begin, inside]) => from == begin || from == inside,
    };
    let pairs = all
        .clone()
        .flat_map(|from| (0..labels.len()).map(move |to| follows(from, to)));
    let starts = all.clone().map(|label| labels.before(label).is_none());
    let ends = all.map(|label| labels.may_end(label));
    pairs.chain(starts).chain(ends).collect()
}

impl Scores {
    /// Those that a net learnt, as [`crf::Transitions`] has them.
    pub fn new(labels: &Labels, learnt: &[f32]) -> Self {
        let count = labels.len();
        debug_assert_eq!(learnt.len(), crf::params_len(count));
        let known = learnt.iter().zip(legal(labels));
        let mut scores = known.map(|(&score, is_legal)| match is_legal {
            true => f64::from(score),
            false => f64::NEG_INFINITY,
        });
        let follow = scores.by_ref().take(count * count).collect();
        let start = scores.by_ref().take(count).collect();
        Self {
            labels: count,
            follow,
            start,
            end: scores.collect(),
        }
    }

    /// What a firmware needs to label whole sequences as elman does.
    pub fn add_to(&self, encoding: &mut Encoding) {
        /// No path can make up for it, and it is still a number.
        const FORBIDDEN: f64 = -10_000.0;
        let finite = |scores: &[f64]| -> Vec<f64> {
            scores.iter().map(|score| score.max(FORBIDDEN)).collect()
        };
        encoding.remark(
            "It learnt which label likes to follow which: of a whole sequence, elman predict chooses the labels y with the largest \
             start_transitions[y[0]] + sum of log(output[t][y[t]]) + sum of transitions[y[t-1] * labels + y[t]] + \
             end_transitions[y[last]] (Viterbi); -10000 is forbidden.",
        );
        let about = "Scores from one label (row) to the next (column), in nats.";
        encoding.add_numbers("transitions", about, &finite(&self.follow));
        let about = "Scores of the first label of a sequence.";
        encoding.add_numbers("start_transitions", about, &finite(&self.start));
        let about = "Scores of the last label of a sequence.";
        encoding.add_numbers("end_transitions", about, &finite(&self.end));
    }

    /// Where a sequence starts with each label.
    pub fn start(&self) -> &[f64] {
        &self.start
    }

    /// Where a sequence ends with each label.
    pub fn end(&self) -> &[f64] {
        &self.end
    }

    /// From each label to every label.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.follow.chunks_exact(self.labels)
    }
}

/// The labels of a net, with all that is known of what may follow what.
pub struct Chain<'a> {
    pub labels: &'a Labels,
    pub temperature: Temperature,
    /// Learnt, if they were.
    pub scores: Option<Scores>,
    pub weights: Weights<'a>,
}

impl<'a> Chain<'a> {
    /// By the scheme of the labels, and by what a net learnt of transitions; weights are those at a temperature.
    pub fn new(labels: &'a Labels, learnt: Option<&[f32]>, temperature: Temperature) -> Self {
        let scores = learnt.map(|learnt| Scores::new(labels, learnt));
        let weights = Weights::new(labels, scores.as_ref(), temperature.get());
        Self {
            labels,
            temperature,
            scores,
            weights,
        }
    }
}

/// Weights of transitions: `exp(score / temperature)`, 0 where one is forbidden and 1 where all that is known is that it is not.
pub struct Weights<'a> {
    labels: &'a Labels,
    /// What the labels mean.
    pub tags: Vec<Tag<'a>>,
    temperature: f64,
    /// The same as scores; none where the scheme is all that is known, so that a step costs L and not L².
    learnt: Option<Scores>,
}

impl<'a> Weights<'a> {
    /// Of scores, if there are any, at a temperature.
    pub fn new(labels: &'a Labels, scores: Option<&Scores>, temperature: f64) -> Self {
        let weigh = |scores: &[f64]| scores.iter().map(|s| (s / temperature).exp()).collect();
        let learnt = scores.map(|scores| Scores {
            labels: scores.labels,
            follow: weigh(&scores.follow),
            start: weigh(&scores.start),
            end: weigh(&scores.end),
        });
        Self {
            labels,
            tags: (0..labels.len()).map(|label| labels.tag(label)).collect(),
            temperature,
            learnt,
        }
    }

    /// How many labels there are.
    pub const fn len(&self) -> usize {
        self.labels.len()
    }

    /// Of a label at the start of a sequence.
    pub fn start(&self, label: usize) -> f64 {
        match &self.learnt {
            Some(learnt) => learnt.start[label],
            None => weight(self.labels.before(label).is_none()),
        }
    }

    /// Of a label at the end of a sequence.
    pub fn end(&self, label: usize) -> f64 {
        match &self.learnt {
            Some(learnt) => learnt.end[label],
            None => weight(self.labels.may_end(label)),
        }
    }

    /// Of a transition.
    pub fn follow(&self, from: usize, to: usize) -> f64 {
        match (&self.learnt, self.labels.before(to)) {
            (Some(learnt), _) => learnt.follow[from * self.len() + to],
            (None, None) => weight(self.labels.may_end(from)),
            (None, Some([begin, inside])) => weight(from == begin || from == inside),
        }
    }

    /// `to[j] = Σ from[i]·weight(i, j)`
    pub fn forward(&self, from: &[f64], to: &mut [f64]) {
        if let Some(learnt) = &self.learnt {
            to.fill(0.0);
            for (x, row) in from.iter().zip(learnt.rows()) {
                // Nothing comes from labels that are ruled out.
                if *x > 0.0 {
                    to.iter_mut().zip(row).for_each(|(to, w)| *to += x * w);
                }
            }
            return;
        }
        let ends = (0..self.len()).filter(|&label| self.labels.may_end(label));
        let free: f64 = ends.map(|label| from[label]).sum();
        for (label, to) in to.iter_mut().enumerate() {
            *to = match self.labels.before(label) {
                None => free,
                Some([begin, inside]) if begin == inside => from[begin],
                Some([begin, inside]) => from[begin] + from[inside],
            };
        }
    }

    /// `to[i] = Σ weight(i, j)·from[j]`
    pub fn backward(&self, from: &[f64], to: &mut [f64]) {
        if let Some(learnt) = &self.learnt {
            for (to, row) in to.iter_mut().zip(learnt.rows()) {
                *to = row.iter().zip(from).map(|(w, x)| w * x).sum();
            }
            return;
        }
        let free = (0..self.len()).filter(|&label| self.labels.before(label).is_none());
        let free: f64 = free.map(|label| from[label]).sum();
        for (label, to) in to.iter_mut().enumerate() {
            *to = free * weight(self.labels.may_end(label));
        }
        for (label, x) in from.iter().enumerate() {
            if let Some([begin, inside]) = self.labels.before(label) {
                to[begin] += x;
                to[inside] += if begin == inside { 0.0 } else { *x };
            }
        }
    }

    /// The logarithm of what one label of a row weighs.
    pub fn log_of(&self, row: &[f32], label: usize) -> f64 {
        log_weight(row, label, self.temperature)
    }

    /// What a row of probabilities weighs at the temperature, as shares of the largest.
    pub fn of_row(&self, row: &[f32], weights: &mut [f64]) {
        weigh(row, self.temperature, weights);
    }
}

fn weight(is_legal: bool) -> f64 {
    f64::from(u8::from(is_legal))
}
