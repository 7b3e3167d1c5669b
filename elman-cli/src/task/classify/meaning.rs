//! What a classifying net's numbers mean, kept in the model file beside them.

use std::path::Path;

use elman_core::{Head, HeadKind, Read, Spec};
use serde::{Deserialize, Serialize};

use crate::base::encoding::EventRule;
use crate::base::failure::Result;
use crate::data::reading::Reading;
use crate::data::{Columns, Dialect, Layout, Sequences, Shape, Targets};
use crate::task::label::{Labels, NamedTargets};
use crate::task::temperature::Temperature;
use crate::train::task::Meaning;

use super::source::{Example, Kind, Known, Unit};

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
    /// The column of the table that says train, dev or test, if training had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_column: Option<String>,
    /// Where texts and classes were in training, if somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Columns>,
    /// The form of the texts in training.
    #[serde(default, skip_serializing_if = "Shape::is_usual")]
    pub shape: Shape,
    /// How the columns of the sentences lay.
    #[serde(default, skip_serializing_if = "Layout::is_plain")]
    pub layout: Layout,
    /// What logits are divided by before they become the probabilities that are shown.
    #[serde(default, skip_serializing_if = "Temperature::is_one")]
    pub temperature: Temperature,
    /// When an answer of a net that is fed step by step is an event, once `elman eval --events` has found that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<EventRule>,
}

impl Meaning for ClassMeaning {
    const TASK: &'static str = TASK;
    const MISFIT: &'static str = "inputs and classes do not fit the net";

    fn fits(&self, spec: &Spec) -> bool {
        let is_numeric = self.kind == Kind::Numbers;
        self.reading.fits(&spec.input)
            && is_numeric == self.reading.columns().is_some()
            && spec.head == self.head()
            && self.layout.is_sound()
            && self.temperature.is_sound()
            && self
                .events
                .is_none_or(|rule| rule.is_sound(self.classes.len()))
    }

    fn flags(&self) -> Vec<(&'static str, String)> {
        let mut flags = self.reading.flags();
        if let Kind::Text(unit) = self.kind {
            flags.push(("tokens", unit.word().to_owned()));
        }
        flags
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
            columns: None,
            shape: Shape::default(),
            layout: Layout::PLAIN,
            temperature: Temperature::default(),
            events: None,
            dialect: Dialect::default(),
            split_column: None,
        }
    }

    /// What the net knows of the files that it reads.
    pub fn known<'a>(
        &'a self,
        columns: Option<Columns>,
        split_column: Option<&'a str>,
    ) -> Known<'a> {
        Known {
            kind: self.kind,
            inputs: self.reading.columns(),
            columns: columns.or(self.columns),
            shape: columns.is_none().then_some(self.shape),
            layout: columns.is_none().then_some(self.layout),
            split_column,
            classes: Some(&self.classes),
            dialect: &self.dialect,
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

    /// Examples as the net reads them; the target is ignored where an example has no class. Classes that training never
    /// met are warned of, with the first line of the file `path` that has one.
    ///
    /// # Errors
    /// Training met none of the classes.
    pub fn encode(&self, examples: &[Example], path: &Path) -> Result<Sequences> {
        let mut sequences = Sequences::new(self.reading.rows(), Targets::classes(), Read::LastStep);
        let mut targets = NamedTargets::new("class", &self.classes);
        for example in examples {
            self.reading.push(&example.steps, &mut sequences)?;
            targets.push(example.class.as_deref(), example.line, &mut sequences);
            sequences.end_sequence();
        }
        targets.warn(&path.display().to_string())?;
        Ok(sequences)
    }
}
