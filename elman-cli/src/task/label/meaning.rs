//! What a labelling net's numbers mean, kept in the model file beside them.

use elman_core::{Head, HeadKind, Read, Spec};
use serde::{Deserialize, Serialize};

use crate::base::encoding::EventRule;
use crate::base::failure::Result;
use crate::data::conll::Sentence;
use crate::data::reading::{Reading, Steps};
use crate::data::table::Block;
use crate::data::{Columns, Dialect, Layout, Sequences, Targets};
use crate::task::temperature::Temperature;
use crate::train::task::Meaning;

use super::labels::Labels;
use super::targets::NamedTargets;

/// The name of the task, in commands and files.
pub const TASK: &str = "label";

/// From steps to what the net reads, and from class numbers to labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelMeaning {
    pub reading: Reading,
    pub labels: Labels,
    /// What was said about the table.
    #[serde(default, skip_serializing_if = "Dialect::is_usual")]
    pub dialect: Dialect,
    /// The column of the table that says train, dev or test, if training had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_column: Option<String>,
    /// Where tokens and labels were in training, if somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Columns>,
    /// How the columns of the training data lay.
    #[serde(default, skip_serializing_if = "Layout::is_plain")]
    pub layout: Layout,
    /// What logits are divided by before they become the probabilities that are shown.
    #[serde(default, skip_serializing_if = "Temperature::is_one")]
    pub temperature: Temperature,
    /// When an answer of a net that is fed step by step is an event, once `elman eval --events` has found that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<EventRule>,
}

impl Meaning for LabelMeaning {
    const TASK: &'static str = TASK;
    const MISFIT: &'static str = "vocabularies and labels do not fit the net";

    fn fits(&self, spec: &Spec) -> bool {
        self.reading.fits(&spec.input)
            && spec.head == self.head()
            && self.layout.is_sound()
            && self.temperature.is_sound()
            && self
                .events
                .is_none_or(|rule| rule.is_sound(self.labels.len()))
    }

    fn flags(&self) -> Vec<(&'static str, String)> {
        self.reading.flags()
    }
}

impl LabelMeaning {
    /// A probability for every label, at every step.
    pub const fn head(&self) -> Head {
        Head {
            kind: HeadKind::Softmax {
                outputs: self.labels.len(),
            },
            read: Read::EveryStep,
        }
    }

    /// Which columns of sentences to read, unless somebody `asked` for others those of training, and how they lay there.
    pub fn layout(&self, asked: Option<Columns>) -> (Option<Columns>, Option<Layout>) {
        let known = asked.is_none().then_some(self.layout);
        (asked.or(self.columns), known)
    }

    /// Sentences as ids; targets are ignored where a sentence has no labels.
    ///
    /// Labels that training never met are warned of, with the first line of the file `name` that has one.
    ///
    /// # Errors
    /// Training met none of the labels.
    pub fn encode(&self, sentences: &[Sentence], name: &str) -> Result<Sequences> {
        let mut sequences = self.sequences();
        let mut targets = NamedTargets::new("label", &self.labels);
        for sentence in sentences {
            let steps = Steps::Tokens(sentence.tokens.clone());
            self.reading.push(&steps, &mut sequences)?;
            for i in 0..sentence.tokens.len() {
                let label = sentence.labels.get(i).map(String::as_str);
                targets.push(label, sentence.line_of(i), &mut sequences);
            }
            sequences.end_sequence();
        }
        targets.warn(name)?;
        Ok(sequences)
    }

    /// Sequences of numbers on the scale of the model; targets are ignored where a row has no label.
    ///
    /// Labels that training never met are warned of, as [`Self::encode`] does.
    ///
    /// # Errors
    /// Training met none of the labels.
    pub fn encode_rows(&self, blocks: &[Block], name: &str) -> Result<Sequences> {
        let mut sequences = self.sequences();
        let mut targets = NamedTargets::new("label", &self.labels);
        for block in blocks {
            let steps = Steps::Numbers(block.values.clone());
            self.reading.push(&steps, &mut sequences)?;
            for row in 0..block.rows {
                let label = block.labels.of_row(row);
                targets.push(label, block.line + row, &mut sequences);
            }
            sequences.end_sequence();
        }
        targets.warn(name)?;
        Ok(sequences)
    }

    const fn sequences(&self) -> Sequences {
        Sequences::new(self.reading.rows(), Targets::classes(), Read::EveryStep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::folder::Run;
    use crate::data::features::{Feature, Vocabulary, count};
    use crate::net::model_file;
    use elman_core::{Dropout, InitialState, Input, Layer, Layers};

    fn meaning(labels: &[&str]) -> LabelMeaning {
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        let sentence = Sentence {
            labels,
            ..Sentence::default()
        };
        let vocabulary =
            Vocabulary::collect(Feature::Shape, 4, &count(["Ida", "Bo", "runs", "far"])).0;
        LabelMeaning {
            reading: Reading::Tokens(vec![vocabulary]),
            labels: Labels::collect(&[sentence]),
            dialect: Dialect::default(),
            split_column: None,
            columns: None,
            layout: Layout::PLAIN,
            temperature: Temperature::default(),
            events: None,
        }
    }

    #[test]
    fn meanings_must_fit_the_net() {
        let meaning = meaning(&["B-PER", "O"]);
        let fitting = Spec {
            input: meaning.reading.input(1).unwrap(),
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
            model_file::save(&run.model(), TASK, spec, &meaning, &params).unwrap();
            LabelMeaning::open(&run)
        };
        assert_eq!(open(&fitting).unwrap().1, meaning);
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
            ..Sentence::default()
        };
        let known = [sentence(["B-PER", "O"])];
        let meaning = meaning(&["B-PER", "O"]);
        assert_eq!(
            meaning.encode(&known, "f").unwrap().classes()[1].get(),
            Some(1)
        );
        let partly = meaning.encode(&[sentence(["O", "B-LOC"])], "f").unwrap();
        assert_eq!(
            (partly.unknown(0), partly.unknown(1)),
            (None, Some("B-LOC"))
        );
        let complaint = meaning
            .encode(&[sentence(["X", "B-LOC"])], "f")
            .unwrap_err()
            .to_string();
        assert_eq!(
            complaint,
            "f:7: the model does not know the label X, nor any other label of this file (it knows B-PER, O)"
        );
    }
}
