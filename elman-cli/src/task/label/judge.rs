//! What is kept of the probabilities of a sequence: its labels, and what the right ones would have cost.

use super::chain::Chain;
use super::decoder::Decoder;
use super::lattice::PathNats;
use super::row::nats;
use crate::data::Sequences;
use crate::net::judge::Judge;

/// Finds the labels of sequences while a net runs over them.
pub struct LabelJudge<'a> {
    /// At temperature 1.
    pub chain: &'a Chain<'a>,
    pub sequences: &'a Sequences,
}

/// What was found in one sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// A label per row.
    pub labels: Vec<usize>,
    /// Nats of the rows that have a target; where labels are scored together, of each its share of what they cost.
    pub nats: Vec<f64>,
}

/// What is known of a sequence that is being run.
pub struct Notes<'a> {
    decoder: Decoder<'a>,
    /// Of every row so far.
    nats: Vec<f64>,
    paths: Option<PathNats>,
}

impl<'a> Judge for LabelJudge<'a> {
    type Notes = Notes<'a>;
    type Verdict = Decoded;

    fn start(&self) -> Self::Notes {
        let chain = self.chain;
        Notes {
            decoder: Decoder::new(chain.labels, chain.scores.as_ref()),
            nats: Vec::new(),
            paths: (chain.scores.as_ref()).map(|_| PathNats::new(&chain.weights)),
        }
    }

    fn see(&self, notes: &mut Self::Notes, target: usize, row: &[f32]) {
        notes.decoder.push(row);
        let target = self.sequences.classes()[target].get();
        match &mut notes.paths {
            Some(paths) => paths.push(&self.chain.weights, row, target),
            None => notes
                .nats
                .extend(target.map(|class| nats(row[class as usize]))),
        }
    }

    fn end(&self, mut notes: Self::Notes) -> Decoded {
        if let Some(paths) = &notes.paths {
            let (targets, cost) = paths.end(&self.chain.weights);
            // Targets that the scheme forbids cost as much as hopeless ones, not infinitely much.
            let each = match cost == f64::INFINITY {
                true => nats(0.0),
                false => cost / targets.max(1) as f64,
            };
            notes.nats = vec![each; targets];
        }
        Decoded {
            labels: notes.decoder.finish(),
            nats: notes.nats,
        }
    }
}
