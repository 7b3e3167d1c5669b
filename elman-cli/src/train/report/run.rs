//! What is known about a run.

use std::path::Path;

use serde::Deserialize;

use super::evidence::Evidence;
use crate::train::calls::Call;
use crate::train::doctor::Checkup;

/// What is known about a run.
#[derive(Clone, Debug, Default)]
pub struct RunReport {
    /// The folder's name.
    pub name: String,
    /// Such as `label`.
    pub task: String,
    /// How far it is.
    pub state: RunState,
    /// When, by which version and how it was trained.
    pub calls: Vec<Call>,
    /// Every epoch so far.
    pub history: Vec<Row>,
    /// What the best model makes of the validation data.
    pub evidence: Vec<Evidence>,
    /// What the clip-norm is; 0 for none.
    pub clip_norm: f64,
    pub parameters: usize,
    pub settings: Vec<Setting>,
}

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RunState {
    Running,
    #[default]
    Ended,
    /// Before its end: the sentence that the terminal shows.
    Stopped(String),
}

impl RunState {
    /// Stopped with nothing wrong.
    pub fn waiting(done: usize, epochs: usize, folder: &Path) -> Self {
        let folder = folder.display();
        Self::Stopped(format!(
            "{done} of {epochs} epochs are done; to go on: elman train --resume {folder}"
        ))
    }
}

/// A name and a value.
pub type Setting = (String, String);

/// A line of `metrics.jsonl`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Row {
    pub epoch: usize,
    pub train_loss: f64,
    pub valid_loss: f64,
    pub score: f64,
    pub score_name: String,
    pub best: bool,
    pub learning_rate: f64,
    pub gradient_norm: f64,
    pub seconds: f64,
    #[serde(default)]
    pub doctor: Option<Checkup>,
}
