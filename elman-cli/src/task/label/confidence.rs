//! How sure a net is of the labels and spans that it finds.

use std::ops::Range;

use super::chain::Chain;
use super::decoder::Decoder;
use super::lattice::{Lattice, PathNats};
use super::row::{best, nats};
use crate::base::failure::Result;
use crate::data::Sequences;
use crate::data::spans::spans;
use crate::net::judge::Judge;
use crate::net::network::Network;
use crate::task::temperature::{Temperature, enough, largest, soften};

use super::labels::Labels;

/// Finds labels and how sure they are while a net runs over sequences.
pub struct ConfidenceJudge<'a> {
    pub chain: &'a Chain<'a>,
    /// How many of the most probable labels of a row are wanted.
    pub top: usize,
    /// Whose targets are looked at, if any are.
    pub targets: Option<&'a Sequences>,
}

/// What was found in one sequence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Confidence {
    /// A label per row: the most probable of all sequences of labels that are allowed.
    pub labels: Vec<usize>,
    /// The probability of each.
    pub sure: Vec<f64>,
    /// Rows and probability of every span that the labels mark.
    pub spans: Vec<(Range<usize>, f64)>,
    /// The most probable labels of every row.
    pub top: Vec<Vec<(usize, f64)>>,
    /// Of every row whose target is looked at, nats of that label alone.
    pub nats: Vec<f64>,
}

/// What is known of a sequence that is being run.
pub enum Notes<'a> {
    /// Labels that depend on nothing else: rows need not be kept.
    Rows(Confidence),
    Sequence {
        decoder: Decoder<'a>,
        /// (T, L)
        rows: Vec<f32>,
        /// Of every row.
        targets: Vec<Option<usize>>,
    },
}

impl<'a> Judge for ConfidenceJudge<'a> {
    type Notes = Notes<'a>;
    type Verdict = Confidence;

    fn start(&self) -> Self::Notes {
        let Chain { labels, scores, .. } = self.chain;
        if scores.is_none() && !labels.are_spans() {
            return Notes::Rows(Confidence::default());
        }
        Notes::Sequence {
            decoder: Decoder::new(labels, scores.as_ref()),
            rows: Vec::new(),
            targets: Vec::new(),
        }
    }

    fn see(&self, notes: &mut Self::Notes, target: usize, row: &[f32]) {
        let of = |sequences: &Sequences| sequences.classes()[target].get();
        let target = self.targets.and_then(of).map(|label| label as usize);
        match notes {
            Notes::Rows(found) => {
                let mut probabilities = Vec::new();
                soften(row, self.chain.temperature, &mut probabilities);
                found.push((best(row), target), &probabilities, self.top);
            }
            Notes::Sequence {
                decoder,
                rows,
                targets,
            } => {
                decoder.push(row);
                rows.extend_from_slice(row);
                targets.push(target);
            }
        }
    }

    fn end(&self, notes: Self::Notes) -> Confidence {
        let (decoder, rows, targets) = match notes {
            Notes::Rows(found) => return found,
            Notes::Sequence {
                decoder,
                rows,
                targets,
            } => (decoder, rows, targets),
        };
        let lattice = Lattice::new(&self.chain.weights, &rows);
        let mut found = Confidence::default();
        for (t, both) in decoder.finish().into_iter().zip(targets).enumerate() {
            let probabilities: Vec<f64> = lattice.labels(t).collect();
            found.push(both, &probabilities, self.top);
        }
        let tags = found
            .labels
            .iter()
            .map(|&label| self.chain.labels.tag(label));
        let spans = spans(tags).into_iter();
        let sure = spans.map(|span| (span.tokens.clone(), lattice.span(&span)));
        found.spans = sure.collect();
        found
    }
}

impl Confidence {
    fn push(&mut self, (label, target): (usize, Option<usize>), probabilities: &[f64], top: usize) {
        // What is forbidden costs as much as what is hopeless.
        let nats = |target: usize| nats(probabilities[target] as f32);
        self.nats.extend(target.map(nats));
        self.labels.push(label);
        self.sure.push(probabilities[label]);
        if top > 0 {
            self.top.push(largest(probabilities, top));
        }
    }
}

/// What the targets of sequences cost at several temperatures.
struct NatsAt<'a> {
    chains: &'a [Chain<'a>],
    sequences: &'a Sequences,
}

impl Judge for NatsAt<'_> {
    type Notes = Vec<PathNats>;
    type Verdict = Vec<f64>;

    fn start(&self) -> Self::Notes {
        let paths = self
            .chains
            .iter()
            .map(|chain| PathNats::new(&chain.weights));
        paths.collect()
    }

    fn see(&self, notes: &mut Self::Notes, target: usize, row: &[f32]) {
        let target = self.sequences.classes()[target].get();
        for (chain, paths) in self.chains.iter().zip(notes) {
            paths.push(&chain.weights, row, target);
        }
    }

    fn end(&self, notes: Self::Notes) -> Vec<f64> {
        let ends = self.chains.iter().zip(&notes);
        ends.map(|(chain, paths)| paths.end(&chain.weights).1)
            .collect()
    }
}

/// The temperature at which whole sequences of right labels cost least; sequences that the scheme forbids do not count.
///
/// # Errors
/// None for sequences of this net.
pub fn fit(network: &Network, labels: &Labels, sequences: &Sequences) -> Result<Temperature> {
    let sequences = &enough(sequences, labels.len());
    Temperature::fit(|temperatures| {
        let chain = |&t: &f64| Chain::new(labels, network.transitions(), Temperature::at(t));
        let chains: Vec<Chain<'_>> = temperatures.iter().map(chain).collect();
        let chains = &chains[..];
        let nats = network.judge(sequences, &NatsAt { chains, sequences })?;
        // What is forbidden is so at every temperature.
        let is_possible = |nats: &&Vec<f64>| nats.iter().any(|x| x.is_finite());
        let possible = nats.iter().filter(is_possible);
        let mut sums = vec![0.0; temperatures.len()];
        for nats in possible {
            sums.iter_mut()
                .zip(nats)
                .for_each(|(sum, nats)| *sum += nats);
        }
        Ok(sums)
    })
}
