//! Labelling: a label for every token. What the net's numbers mean, kept in the model file beside them.

mod labels;
mod scores;
mod task;

use elman_core::{Channels, Target};
use serde::{Deserialize, Serialize};

use crate::data::Sequences;
use crate::data::conll::Sentence;
use crate::failure::{Failure, Result};
use crate::features::Vocabulary;

pub use labels::Labels;
pub use scores::Scores;
pub use task::{DEFAULTS, LabelTask};

/// The name of the task, in commands and files.
pub const TASK: &str = "label";

/// From words to ids and from class numbers to labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labelling {
    pub vocabularies: Vec<Vocabulary>,
    pub labels: Labels,
}

impl Labelling {
    /// One token channel per vocabulary.
    ///
    /// # Errors
    /// None or more than eight vocabularies.
    pub fn channels(&self) -> Result<Channels> {
        let channels: Vec<_> = self.vocabularies.iter().map(Vocabulary::channel).collect();
        Ok(Channels::from_slice(&channels)?)
    }

    /// Sentences as ids; targets are ignored where a sentence has no labels.
    ///
    /// # Errors
    /// A label that training never met, named with its line of the file `name`.
    pub fn encode(&self, sentences: &[Sentence], name: &str) -> Result<Sequences> {
        let mut sequences = Sequences::new(self.vocabularies.len());
        for sentence in sentences {
            for (i, token) in sentence.tokens.iter().enumerate() {
                let target = match sentence.labels.get(i) {
                    None => Target::IGNORED,
                    Some(label) => self.labels.id(label).map(Target::class).ok_or_else(|| {
                        let line = sentence.first_line + i;
                        let known = self.labels.summary();
                        Failure::input(format!(
                            "{name}:{line}: the model does not know the label {label} ({known})"
                        ))
                    })?,
                };
                sequences.push_row(
                    self.vocabularies
                        .iter()
                        .map(|vocabulary| vocabulary.id(token)),
                    target,
                );
            }
            sequences.end_sequence();
        }
        Ok(sequences)
    }

    /// The best label of every token of one sentence, from its rows of probabilities.
    pub fn decode(&self, probabilities: &[f32]) -> Vec<&str> {
        self.labels
            .decode(probabilities)
            .into_iter()
            .map(|label| self.labels.name(label))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Feature;

    #[test]
    fn unknown_labels_are_named_with_their_line() {
        let sentence = |labels: [&str; 2]| Sentence {
            tokens: ["Ida", "runs"].map(str::to_owned).to_vec(),
            labels: labels.map(str::to_owned).to_vec(),
            first_line: 7,
        };
        let known = [sentence(["B-PER", "O"])];
        let labelling = Labelling {
            vocabularies: vec![Vocabulary::collect(Feature::Shape, 4, ["Ida", "runs"]).0],
            labels: Labels::collect(&known),
        };
        assert_eq!(
            labelling.encode(&known, "f").unwrap().targets()[1].get(),
            Some(1)
        );
        let complaint = labelling
            .encode(&[sentence(["O", "B-LOC"])], "f")
            .unwrap_err()
            .to_string();
        assert_eq!(
            complaint,
            "f:8: the model does not know the label B-LOC (it knows B-PER, O)"
        );
    }
}
