//! Classifying: a class for every sequence. What the net's numbers mean, kept in the model file beside them.

mod args;
mod model;
mod scores;
mod source;
mod task;

use std::path::Path;

use elman_core::{Head, HeadKind, Read, Spec, Target};
use serde::{Deserialize, Serialize};

use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::data::reading::Reading;
use crate::data::{Sequences, Targets};
use crate::net::model_file;
use crate::net::network::Network;
use crate::task::label::Labels;
use source::{Example, Kind};

pub use args::ClassifyArgs;
pub use model::ClassModel;
pub use source::Unit;

/// The name of the task, in commands and files.
pub const TASK: &str = "classify";

/// From steps to what the net reads, and from class numbers to classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassMeaning {
    /// How files are read.
    kind: Kind,
    reading: Reading,
    classes: Labels,
}

impl ClassMeaning {
    /// A run's best model, and what its numbers mean.
    ///
    /// # Errors
    /// A run without a model, a model of another task, or one whose parts do not fit together.
    pub fn open(run: &Run) -> Result<(Network, Self)> {
        let path = run.trained_model()?;
        let (network, meaning): (Network, Self) = model_file::load(&path, TASK)?;
        if meaning.fits(network.spec()) {
            return Ok((network, meaning));
        }
        Err(Failure::input("inputs and classes do not fit the net").in_file(&path))
    }

    /// What a net that was trained elsewhere makes of texts, or of numbers where there is no `unit`.
    pub const fn given(reading: Reading, classes: Labels, unit: Option<Unit>) -> Self {
        let kind = match unit {
            Some(unit) => Kind::Text(unit),
            None => Kind::Numbers,
        };
        Self {
            kind,
            reading,
            classes,
        }
    }

    fn fits(&self, spec: &Spec) -> bool {
        let is_numeric = self.kind == Kind::Numbers;
        self.reading.fits(&spec.input)
            && is_numeric == self.reading.columns().is_some()
            && matches!(spec.head, Head { kind: HeadKind::Softmax { outputs }, read: Read::LastStep }
                if outputs == self.classes.len())
    }

    /// Examples as the net reads them; the target is ignored where an example has no class.
    ///
    /// # Errors
    /// A class that training never met, named with its line of the file `path`.
    fn encode(&self, examples: &[Example], path: &Path) -> Result<Sequences> {
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
