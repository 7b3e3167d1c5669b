//! Whether labels and spans are right as often as they are said to be.

use super::confidence::Confidence;
use super::labels::Labels;
use crate::data::Sequences;
use crate::data::spans::spans;
use crate::train::report::Reliability;

/// Answers by how sure they were.
#[derive(Clone, Debug, Default)]
pub struct LabelReliability {
    pub tokens: Reliability,
    /// Where labels mark spans: those that were found.
    pub spans: Option<Reliability>,
}

impl LabelReliability {
    /// Compares what was found with the targets.
    pub fn measure(labels: &Labels, sequences: &Sequences, found: &[Confidence]) -> Self {
        let (mut tokens, mut of_spans) = (Reliability::default(), Reliability::default());
        for (sequence, found) in found.iter().enumerate() {
            // None: a row that does not count.
            let mut real = Vec::with_capacity(found.labels.len());
            let rows = sequences.rows_of(sequence);
            for (row, (&label, &sure)) in rows.zip(found.labels.iter().zip(&found.sure)) {
                let target = sequences.classes()[row].get();
                let name = match target {
                    Some(target) => Some(labels.name(target as usize)),
                    None => sequences.unknown(row),
                };
                if name.is_some() {
                    tokens.add(sure, target == Some(label as u32));
                }
                real.push(name);
            }
            if real.iter().any(Option::is_none) {
                // Spans of a sentence that is labelled in part are right or wrong as nobody knows.
                continue;
            }
            let real = spans(real.into_iter().flatten().map(|name| labels.tag_of(name)));
            let tags = found.labels.iter().map(|&label| labels.tag(label));
            for (span, (_, sure)) in spans(tags).iter().zip(&found.spans) {
                of_spans.add(*sure, real.contains(span));
            }
        }
        Self {
            tokens,
            spans: labels.are_spans().then_some(of_spans),
        }
    }

    /// What matters most: spans where there are any.
    pub fn main(&self) -> (&'static str, &Reliability) {
        match &self.spans {
            Some(spans) => ("spans", spans),
            None => ("tokens", &self.tokens),
        }
    }
}
