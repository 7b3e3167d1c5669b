//! Where a labelling net was most wrong.

use std::path::{Path, PathBuf};

use super::confidence::Confidence;
use super::labels::Labels;
use crate::data::Sequences;
use crate::data::conll::Sentence;
use crate::data::table::Block;
use crate::train::report::{Mistake, Mistakes};

/// Where the rows of the validation data stand.
#[derive(Clone, Debug)]
pub struct Origin {
    path: PathBuf,
    /// Of every row its line, and its token where it is one.
    rows: Vec<(usize, String)>,
}

impl Origin {
    /// Of sentences.
    pub fn of_sentences(path: &Path, sentences: &[Sentence]) -> Self {
        let rows = sentences.iter().flat_map(|sentence| {
            let tokens = sentence.tokens.iter().enumerate();
            tokens.map(|(i, token)| (sentence.line_of(i), token.clone()))
        });
        Self {
            path: path.to_owned(),
            rows: rows.collect(),
        }
    }

    /// Of rows of numbers.
    pub fn of_rows(path: &Path, blocks: &[Block]) -> Self {
        let rows = blocks.iter().flat_map(|block| {
            let lines = (0..block.rows).map(|row| block.line + row);
            lines.map(|line| (line, String::new()))
        });
        Self {
            path: path.to_owned(),
            rows: rows.collect(),
        }
    }
}

/// The rows whose labels are wrong and cost most.
pub fn mistakes(
    labels: &Labels,
    sequences: &Sequences,
    found: &[Confidence],
    origin: &Origin,
) -> Mistakes {
    let mut all = Vec::new();
    for (sequence, confidence) in found.iter().enumerate() {
        let mut nats = confidence.nats.iter();
        for (row, &found) in sequences.rows_of(sequence).zip(&confidence.labels) {
            let Some(real) = sequences.classes()[row].get() else {
                continue;
            };
            let (Some(&cost), Some((line, token))) = (nats.next(), origin.rows.get(row)) else {
                continue;
            };
            if real as usize != found {
                all.push(Mistake {
                    place: line.to_string(),
                    what: token.clone(),
                    real: labels.name(real as usize).to_owned(),
                    found: labels.name(found).to_owned(),
                    cost,
                });
            }
        }
    }
    Mistakes::of(&origin.path, ("line", "nats"), all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use elman_core::Target;

    #[test]
    fn wrong_labels_are_found_with_their_lines() {
        let sentence = |line, words: &str| Sentence {
            tokens: words.split(' ').map(str::to_owned).collect(),
            labels: words.split(' ').map(|_| "O".to_owned()).collect(),
            first_line: line,
            ..Sentence::default()
        };
        let sentences = [sentence(1, "Ida runs"), sentence(4, "far away now")];
        let labels = Labels::plain(["N", "O"]);
        let mut sequences = Sequences::of_tokens(1);
        for targets in [&[Some(0), Some(1)][..], &[None, Some(1), Some(1)]] {
            for target in targets {
                let target = target.map_or(Target::IGNORED, Target::class);
                sequences.push_row([0], target);
            }
            sequences.end_sequence();
        }
        let decoded = [
            Confidence {
                labels: vec![1, 1],
                nats: vec![2.0, 0.1],
                ..Confidence::default()
            },
            Confidence {
                labels: vec![0, 0, 1],
                nats: vec![3.0, 0.2],
                ..Confidence::default()
            },
        ];
        let origin = Origin::of_sentences(Path::new("f"), &sentences);
        let found = mistakes(&labels, &sequences, &decoded, &origin).worst;
        let shown: Vec<_> = found
            .iter()
            .map(|one| {
                (
                    one.place.as_str(),
                    one.what.as_str(),
                    one.real.as_str(),
                    one.cost,
                )
            })
            .collect();
        assert_eq!(shown, [("5", "away", "O", 3.0), ("1", "Ida", "N", 2.0)]);
    }
}
