//! Labelling: a label for every token. What the net's numbers mean, kept in the model file beside them.

mod evidence;
mod labeller;
mod labels;
mod scores;
mod task;

use elman_core::{Channels, Head, HeadKind, Input, Read, Spec, Target};
use serde::{Deserialize, Serialize};

use crate::data::Sequences;
use crate::data::conll::Sentence;
use crate::failure::{Failure, Result};
use crate::features::Vocabulary;
use crate::model_file::{self, Network};
use crate::run::Run;

pub use labeller::Labeller;
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
    /// A run's best model, and what its numbers mean.
    ///
    /// # Errors
    /// A run without a model, a model of another task, or one whose parts do not fit together.
    pub fn open(run: &Run) -> Result<(Network, Self)> {
        let path = run.trained_model()?;
        let (network, labelling): (Network, Self) = model_file::load(&path, TASK)?;
        if labelling.fits(network.spec()) {
            return Ok((network, labelling));
        }
        Err(Failure::input("vocabularies and labels do not fit the net").in_file(&path))
    }

    fn fits(&self, spec: &Spec) -> bool {
        let Input::Tokens { channels, .. } = &spec.input else {
            return false;
        };
        self.vocabularies
            .iter()
            .map(Vocabulary::channel)
            .eq(channels.as_slice().iter().copied())
            && matches!(spec.head, Head { kind: HeadKind::Softmax { outputs }, read: Read::EveryStep }
                if outputs == self.labels.len())
    }

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
        let mut sequences = Sequences::of_tokens(self.vocabularies.len());
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
    use elman_core::{Dropout, InitialState, Layer, Layers};

    fn labelling(labels: &[&str]) -> Labelling {
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        let sentence = Sentence {
            labels,
            ..Sentence::default()
        };
        let vocabulary = Vocabulary::collect(Feature::Shape, 4, ["Ida", "Bo", "runs", "far"]).0;
        Labelling {
            vocabularies: vec![vocabulary],
            labels: Labels::collect(&[sentence]),
        }
    }

    #[test]
    fn meanings_must_fit_the_net() {
        let labelling = labelling(&["B-PER", "O"]);
        let fitting = Spec {
            input: Input::Tokens {
                channels: labelling.channels().unwrap(),
                window: 1,
            },
            layers: Layers::of([Layer::tanh(2)]),
            initial_state: InitialState::Zero,
            head: Head {
                kind: HeadKind::Softmax { outputs: 2 },
                read: Read::EveryStep,
            },
            dropout: Dropout::NONE,
        };
        let home = tempfile::tempdir().unwrap();
        let run = Run::open(home.path()).unwrap();
        let open = |spec: &Spec| {
            let params = vec![0.0; spec.params_len()];
            model_file::save(&run.model(), TASK, spec, &labelling, &params).unwrap();
            Labelling::open(&run)
        };
        assert_eq!(open(&fitting).unwrap().1, labelling);
        let three = Head {
            kind: HeadKind::Softmax { outputs: 3 },
            ..fitting.head
        };
        assert!(
            open(&Spec {
                head: three,
                ..fitting
            })
            .unwrap_err()
            .to_string()
            .contains("do not fit")
        );
        assert!(
            open(&Spec {
                input: Input::Dense { width: 4 },
                ..fitting
            })
            .is_err()
        );
    }

    #[test]
    fn unknown_labels_are_named_with_their_line() {
        let sentence = |labels: [&str; 2]| Sentence {
            tokens: ["Ida", "runs"].map(str::to_owned).to_vec(),
            labels: labels.map(str::to_owned).to_vec(),
            first_line: 7,
        };
        let known = [sentence(["B-PER", "O"])];
        let labelling = labelling(&["B-PER", "O"]);
        assert_eq!(
            labelling.encode(&known, "f").unwrap().classes()[1].get(),
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
