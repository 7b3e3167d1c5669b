//! Labels, sentence by sentence: what two nets are compared on.

use super::judge::Decoded;
use super::labels::Labels;
use super::scores::LabelScores;
use crate::data::Sequences;
use crate::data::spans::{Counts, SpanScore};
use crate::task::paired::{Outcomes, Paired};

/// What was found in every sequence: its spans, or where labels mark none, which labels are right.
pub fn paired(labels: &Labels, sequences: &Sequences, found: &[Decoded], is_table: bool) -> Paired {
    let scores = LabelScores::measure(labels, sequences, found);
    let with_found = found.iter().enumerate();
    if scores.spans.is_some() {
        return Paired {
            about: "the spans of every sentence".to_owned(),
            score_name: "f1",
            score: scores.decisive(),
            outcomes: Outcomes::Spans(
                with_found
                    .map(|(sequence, found)| spans_of(labels, sequences, sequence, found))
                    .collect(),
            ),
        };
    }
    let (about, noun) = match is_table {
        true => ("the label of every row", "rows"),
        false => ("the label of every token", "tokens"),
    };
    let right = |(sequence, found): (usize, &Decoded)| -> Vec<bool> {
        let rows = sequences.rows_of(sequence).zip(&found.labels);
        let is_right = |(row, &found): (usize, &usize)| match sequences.classes()[row].get() {
            Some(label) => Some(label as usize == found),
            None => sequences.unknown(row).map(|_| false),
        };
        rows.filter_map(is_right).collect()
    };
    Paired {
        about: about.to_owned(),
        score_name: "accuracy",
        score: scores.accuracy,
        outcomes: Outcomes::Right {
            noun,
            sequences: with_found.map(right).collect(),
        },
    }
}

/// The spans of one sentence.
fn spans_of(labels: &Labels, sequences: &Sequences, sequence: usize, found: &Decoded) -> Counts {
    let real = sequences.rows_of(sequence).filter_map(|row| {
        let known = sequences.classes()[row].get();
        match known {
            Some(label) => Some(labels.tag(label as usize)),
            None => sequences.unknown(row).map(|name| labels.tag_of(name)),
        }
    });
    let found = found.labels.iter().map(|&label| labels.tag(label));
    let mut score = SpanScore::default();
    score.add(real, found);
    score.total
}
