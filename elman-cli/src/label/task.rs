//! The labelling task: from CoNLL files to numbers.

use std::path::{Path, PathBuf};

use elman_core::{Dropout, Head, HeadKind, Input, Level, Model, Read, Spec};

use super::evidence::evidence;
use super::{Labelling, Labels, Scores};
use crate::args::LabelArgs;
use crate::data::conll::{Conll, Sentence};
use crate::data::{Hiding, Loader, Sequences};
use crate::failure::{Failure, Result};
use crate::features::{self, Feature, Vocabulary};
use crate::infer;
use crate::report::Evidence;
use crate::seeds::{self, Purpose};
use crate::settings::{Defaults, Settings};
use crate::task::{Measure, Task};
use crate::train::Job;

/// Good for names and slots alike: found on three corpora of 1 000 to 13 000 sentences.
pub const DEFAULTS: &Defaults = &[
    ("hidden", "128"),
    ("layers", "1"),
    ("embedding", "100"),
    ("window", "3"),
    ("activation", "tanh"),
    ("bidirectional", "true"),
    ("train-initial-state", "false"),
    ("dropout", "0.5"),
    ("optimizer", "adam"),
    ("lr", "0.003"),
    ("schedule", "cosine"),
    ("batch", "32"),
    ("clip-norm", "5"),
    ("epochs", "30"),
    ("patience", "8"),
];

/// Spelling channels: what is known about words that training has not met. Small, so that the word itself leads.
const SPELLING: [(Feature, usize); 4] = [
    (Feature::Shape, 16),
    (Feature::Suffix(3), 24),
    (Feature::Suffix(2), 16),
    (Feature::Prefix(3), 24),
];

/// See [`features::hiding`].
const HIDING: f32 = 0.5;

/// Without validation data every tenth sentence, on average, is held out.
const HELD_OUT: usize = 10;

/// A labelling job.
#[derive(Debug)]
pub struct LabelTask {
    spec: Spec,
    labelling: Labelling,
    train: Sequences,
    /// First line of each training sentence.
    train_lines: Vec<usize>,
    valid: Sequences,
    hiding: Hiding,
}

impl LabelTask {
    /// Reads the files that the command line names.
    ///
    /// # Errors
    /// Missing, empty or malformed files.
    pub fn load(args: &LabelArgs) -> Result<Self> {
        let Some(path) = &args.train else {
            return Err(Failure::input("train label needs data: --train FILE"));
        };
        let mut train = Conll::Labelled.load(path)?;
        if let Some((label, line)) = Labels::odd_one_out(&train) {
            let path = path.display();
            eprintln!(
                "elman: {path}:{line}: warning: {label} is no IOB label, so the score is accuracy instead of span F1"
            );
        }
        if let Some(sentences) = args.settings.overfit_batch {
            train.truncate(sentences);
            return Self::new(&args.settings, &train, (&train, path));
        }
        match &args.valid {
            Some(valid) => Self::new(
                &args.settings,
                &train,
                (&Conll::Labelled.load(valid)?, valid),
            ),
            None => {
                let labels = Labels::collect(&train);
                let (train, valid) = hold_out(train, args.settings.seed);
                if valid.is_empty() {
                    return Err(Failure::input(
                        "one sentence is too little to learn from and validate on",
                    )
                    .in_file(path));
                }
                Self::with_labels(&args.settings, labels, &train, (&valid, path))
            }
        }
    }

    /// A job on given sentences; validation data come with the name of their file.
    ///
    /// # Errors
    /// Validation labels that never occur in training.
    pub fn new(
        settings: &Settings,
        train: &[Sentence],
        valid: (&[Sentence], &Path),
    ) -> Result<Self> {
        Self::with_labels(settings, Labels::collect(train), train, valid)
    }

    fn with_labels(
        settings: &Settings,
        labels: Labels,
        train: &[Sentence],
        (valid, valid_path): (&[Sentence], &Path),
    ) -> Result<Self> {
        let words = || {
            train
                .iter()
                .flat_map(|sentence| &sentence.tokens)
                .map(String::as_str)
        };
        let (word, counts) = Vocabulary::collect(Feature::Word, settings.embedding, words());
        let spelling = SPELLING
            .iter()
            .map(|&(feature, width)| Vocabulary::collect(feature, width, words()).0);
        let vocabularies = std::iter::once(word).chain(spelling).collect();
        let labelling = Labelling {
            vocabularies,
            labels,
        };
        let spec = Spec {
            input: Input::Tokens {
                channels: labelling.channels()?,
                window: settings.window,
            },
            layers: settings.stack()?,
            initial_state: settings.initial_state(),
            head: Head {
                kind: HeadKind::Softmax {
                    outputs: labelling.labels.len(),
                },
                read: Read::EveryStep,
            },
            dropout: Dropout::NONE,
        };
        let spec = Spec {
            dropout: settings.dropout(&spec.input),
            ..spec
        };
        spec.check()?;
        Ok(Self {
            spec,
            train: labelling.encode(train, "the training data")?,
            valid: labelling.encode(valid, &valid_path.display().to_string())?,
            train_lines: train.iter().map(|sentence| sentence.first_line).collect(),
            hiding: features::hiding(0, &counts, HIDING),
            labelling,
        })
    }
}

/// Splits off a tenth, the same one for the same seed.
fn hold_out(sentences: Vec<Sentence>, seed: u64) -> (Vec<Sentence>, Vec<Sentence>) {
    let mut order: Vec<usize> = (0..sentences.len()).collect();
    seeds::shuffle(
        &mut seeds::generator(seed, Purpose::HoldOut, &[]),
        &mut order,
    );
    let held_out = sentences.len().div_ceil(HELD_OUT).min(sentences.len() - 1);
    let mut is_held_out = vec![false; sentences.len()];
    order
        .iter()
        .take(held_out)
        .for_each(|&sentence| is_held_out[sentence] = true);
    let (mut train, mut valid) = (Vec::new(), Vec::new());
    for (sentence, is_held_out) in sentences.into_iter().zip(is_held_out) {
        if is_held_out {
            valid.push(sentence)
        } else {
            train.push(sentence)
        }
    }
    (train, valid)
}

impl Job for LabelArgs {
    type Task = LabelTask;

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    fn files(&mut self) -> Vec<&mut PathBuf> {
        self.train.iter_mut().chain(&mut self.valid).collect()
    }

    fn load(&self) -> Result<LabelTask> {
        LabelTask::load(self)
    }
}

impl Task for LabelTask {
    type Meaning = Labelling;

    const NAME: &'static str = super::TASK;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn meaning(&self) -> &Labelling {
        &self.labelling
    }

    fn train(&self) -> &Sequences {
        &self.train
    }

    fn train_line(&self, sequence: usize) -> usize {
        self.train_lines[sequence]
    }

    fn hiding(&self) -> Option<&Hiding> {
        Some(&self.hiding)
    }

    fn valid(&self) -> &Sequences {
        &self.valid
    }

    fn score_name(&self) -> &'static str {
        if self.labelling.labels.are_spans() {
            "f1"
        } else {
            "accuracy"
        }
    }

    fn measure(&self, model: &Model<'_>) -> Result<Measure> {
        let outputs = infer::outputs(Level::detect(), model, &self.valid)?;
        let scores = Scores::measure(&self.labelling.labels, &self.valid, &outputs);
        Ok(Measure {
            loss: scores.loss,
            score: scores.decisive(),
        })
    }

    fn evidence(&self, model: &Model<'_>) -> Result<Vec<Evidence>> {
        let outputs = infer::outputs(Level::detect(), model, &self.valid)?;
        Ok(evidence(&self.labelling.labels, &self.valid, &outputs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_is_held_out_and_the_rest_keeps_its_order() {
        let sentences: Vec<Sentence> = (1..=25)
            .map(|line| Sentence {
                first_line: line,
                ..Sentence::default()
            })
            .collect();
        let (train, valid) = hold_out(sentences.clone(), 1);
        assert_eq!((train.len(), valid.len()), (22, 3));
        assert!(train.is_sorted_by_key(|sentence| sentence.first_line));
        assert_eq!(hold_out(sentences.clone(), 1).1, valid);
        assert_ne!(hold_out(sentences.clone(), 2).1, valid);
        assert_eq!(hold_out(sentences[..1].to_vec(), 1).1, []);
    }
}
