//! What a classifying net's numbers mean, kept in the model file beside them.

use std::path::Path;

use elman_core::{Head, HeadKind, Read, Spec, Target};
use serde::{Deserialize, Serialize};

use crate::base::failure::{Failure, Result};
use crate::data::reading::Reading;
use crate::data::{Dialect, Sequences, Targets};
use crate::task::label::Labels;
use crate::train::task::Meaning;

use super::source::{Example, Kind, Unit};

/// The name of the task, in commands and files.
pub const TASK: &str = "classify";

/// From steps to what the net reads, and from class numbers to classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassMeaning {
    /// How files are read.
    pub kind: Kind,
    pub reading: Reading,
    pub classes: Labels,
    /// What was said about the table.
    #[serde(default, skip_serializing_if = "Dialect::is_usual")]
    pub dialect: Dialect,
}

impl Meaning for ClassMeaning {
    const TASK: &'static str = TASK;
    const MISFIT: &'static str = "inputs and classes do not fit the net";

    fn fits(&self, spec: &Spec) -> bool {
        let is_numeric = self.kind == Kind::Numbers;
        self.reading.fits(&spec.input)
            && is_numeric == self.reading.columns().is_some()
            && spec.head == self.head()
    }
}

impl ClassMeaning {
    /// What a net that was trained elsewhere makes of texts, or of numbers where there is no `unit`.
    pub fn given(reading: Reading, classes: Labels, unit: Option<Unit>) -> Self {
        let kind = match unit {
            Some(unit) => Kind::Text(unit),
            None => Kind::Numbers,
        };
        Self {
            kind,
            reading,
            classes,
            dialect: Dialect::default(),
        }
    }

    /// A probability for every class, after the last step.
    pub const fn head(&self) -> Head {
        Head {
            kind: HeadKind::Softmax {
                outputs: self.classes.len(),
            },
            read: Read::LastStep,
        }
    }

    /// Examples as the net reads them; the target is ignored where an example has no class.
    ///
    /// # Errors
    /// A class that training never met, named with its line of the file `path`.
    pub fn encode(&self, examples: &[Example], path: &Path) -> Result<Sequences> {
        let mut sequences = Sequences::new(self.reading.rows(), Targets::classes(), Read::LastStep);
        for example in examples {
            let target = match &example.class {
                None => Target::IGNORED,
                Some(class) => self.classes.id(class).map(Target::class).ok_or_else(|| {
                    let (path, line) = (path.display(), example.line);
                    let known = self.classes.summary();
                    Failure::input(format!(
                        "{path}:{line}: the model does not know the class {class} ({known})"
                    ))
                })?,
            };
            self.reading.push(&example.steps, &mut sequences)?;
            sequences.push_class(target);
            sequences.end_sequence();
        }
        Ok(sequences)
    }
}
