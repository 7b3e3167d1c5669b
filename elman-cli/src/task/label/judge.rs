//! What is kept of the probabilities of a sequence: its labels, and what the right ones would have cost.

use super::decoder::Decoder;
use super::labels::Labels;
use super::row::nats;
use crate::data::Sequences;
use crate::net::judge::Judge;

/// Finds the labels of sequences while a net runs over them.
pub struct LabelJudge<'a> {
    pub labels: &'a Labels,
    pub sequences: &'a Sequences,
}

/// What was found in one sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// A label per row.
    pub labels: Vec<usize>,
    /// Nats of the rows that have a target.
    pub nats: Vec<f64>,
}

impl<'a> Judge for LabelJudge<'a> {
    type Notes = (Decoder<'a>, Vec<f64>);
    type Verdict = Decoded;

    fn start(&self) -> Self::Notes {
        (Decoder::new(self.labels), Vec::new())
    }

    fn see(&self, (decoder, costs): &mut Self::Notes, target: usize, row: &[f32]) {
        decoder.push(row);
        if let Some(class) = self.sequences.classes()[target].get() {
            costs.push(nats(row[class as usize]));
        }
    }

    fn end(&self, (decoder, nats): Self::Notes) -> Decoded {
        let labels = decoder.finish();
        Decoded { labels, nats }
    }
}
