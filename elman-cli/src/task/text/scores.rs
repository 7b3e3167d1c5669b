//! How well a text is foreseen.

use std::f64::consts::LN_2;

use elman_core::{Level, Model, Target};
use rayon::prelude::*;
use serde::Serialize;

use super::lexicon::{UNKNOWN, Unit};
use crate::base::failure::Result;
use crate::base::json;
use crate::data::Sequences;
use crate::net::infer;
use crate::task::label::nats;

/// Tokens of a stream that are run at once, at most: fewer where there are very many to choose from.
const STEPS: usize = 128;

/// Sequences that a thread runs side by side.
const SIDE_BY_SIDE: usize = 8;

/// Sums over the tokens of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TextScores {
    /// Nats in total.
    pub nats: f64,
    /// Tokens counted: line ends too.
    pub items: usize,
    /// Of these, tokens that training has not met.
    pub unknown: usize,
    /// Tokens that the net held for the most likely.
    pub right: usize,
}

/// The object that `eval --json` prints.
#[derive(Serialize)]
struct TextScoresJson {
    loss: f64,
    nats_per_token: f64,
    bits_per_token: f64,
    perplexity: f64,
    accuracy: f64,
    unknown: usize,
    items: usize,
}

impl TextScores {
    /// Counts one token and the probabilities of all that might have come in its place.
    pub fn count(&mut self, target: Target, probabilities: &[f32]) {
        let Some(id) = target.get() else { return };
        let p = probabilities[id as usize];
        self.nats += nats(p);
        self.items += 1;
        self.unknown += usize::from(id == UNKNOWN);
        self.right += usize::from(probabilities.iter().all(|&other| other <= p));
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            nats: self.nats + other.nats,
            items: self.items + other.items,
            unknown: self.unknown + other.unknown,
            right: self.right + other.right,
        }
    }

    /// The mean.
    pub fn per_token(&self) -> f64 {
        self.nats / self.items.max(1) as f64
    }

    /// One JSON object.
    pub fn to_json(self) -> String {
        let nats = self.per_token();
        let report = TextScoresJson {
            loss: nats,
            nats_per_token: nats,
            bits_per_token: nats / LN_2,
            perplexity: nats.exp(),
            accuracy: self.right as f64 / self.items.max(1) as f64,
            unknown: self.unknown,
            items: self.items,
        };
        json::text(&report)
    }

    /// Lines for people.
    pub fn to_table(self, unit: Unit) -> String {
        let (nats, noun) = (self.per_token(), unit.noun());
        let unknown = match self.unknown {
            0 => String::new(),
            count => format!(", of which {count} were not met in training"),
        };
        format!(
            "{} {noun}s{unknown}\n{nats:.4} nats per {noun}, {:.4} bits, perplexity {:.3}; the likeliest {noun} was right \
             for {:.2} %\n",
            self.items,
            nats / LN_2,
            nats.exp(),
            100.0 * self.right as f64 / self.items.max(1) as f64
        )
    }
}

/// TextScores over sequences, given longest first. Runs on the threads of the rayon pool around it; the sums depend neither
/// on them nor on time.
pub fn measure(model: &Model<'_>, sequences: &Sequences, order: &[usize]) -> Result<TextScores> {
    let level = Level::detect();
    let width = model.spec().output_width();
    let groups: Vec<TextScores> = order
        .par_chunks(SIDE_BY_SIDE)
        .map(|chosen| {
            let mut scores = TextScores::default();
            let steps = (infer::rows_at_once(width) / chosen.len()).clamp(1, STEPS);
            infer::walk(level, model, sequences, chosen, steps, |places, rows| {
                for (&place, row) in places.iter().zip(rows.chunks_exact(width)) {
                    scores.count(sequences.classes()[place], row);
                }
                Ok(())
            })?;
            Ok(scores)
        })
        .collect::<Result<_>>()?;
    Ok(groups
        .into_iter()
        .fold(TextScores::default(), TextScores::plus))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_three_tokens() {
        let mut scores = TextScores::default();
        scores.count(Target::class(1), &[0.25, 0.5, 0.25]);
        scores.count(Target::class(0), &[0.25, 0.5, 0.25]);
        scores.count(Target::IGNORED, &[0.25, 0.5, 0.25]);
        scores = scores.plus(TextScores::default());
        assert_eq!((scores.items, scores.unknown, scores.right), (2, 1, 1));
        let json: serde_json::Value = serde_json::from_str(&scores.to_json()).unwrap();
        assert!((json["bits_per_token"].as_f64().unwrap() - 1.5).abs() < 1e-6);
        assert!((json["perplexity"].as_f64().unwrap() - 8f64.sqrt()).abs() < 1e-5);
        assert!(scores.to_table(Unit::Chars).contains("1 were not met"));
    }
}
