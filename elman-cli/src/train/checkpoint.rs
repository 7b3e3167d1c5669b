//! Where training stands, after an epoch or between two updates: all that `--resume` needs beside the settings and
//! the data.
//!
//! Generators and the order of the data are not saved: they follow from seed and epoch.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::learner::{Learner, UpdateStats};
use crate::base::failure::{Failure, Result};
use crate::base::seeds;
use crate::net::model_file::{FlatFile, save_flat};
use crate::net::spec_file::StoredSpec;
use crate::train::measure::Measure;
use crate::train::task::Task;

/// The numbers beside parameters and optimizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingState {
    /// Whole epochs done.
    pub epochs: usize,
    /// Updates done.
    pub updates: u64,
    /// What is done of the epoch that comes next.
    pub partial: Partial,
    /// The best validation score and the epoch it came from.
    pub best: Option<(f64, usize)>,
    /// The loss that came with it: of equal scores, which small validation data often give, the lower loss is better.
    best_loss: f64,
    /// Epochs since then.
    pub idle: usize,
    /// The score of the start, where it is [worth something](Task::start_name).
    #[serde(default)]
    pub start: Option<f64>,
    /// The least losses of an epoch, of training and of validation, for the doctor.
    #[serde(default)]
    pub least: Option<[f64; 2]>,
    /// What the plateau schedule has made of the learning rate.
    pub factor: f64,
    /// Of data and net: a run goes on only with what it began with.
    fingerprint: u64,
}

/// The first batches of an epoch: how many, and what they add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Partial {
    /// Batches done.
    pub batches: usize,
    /// Updates made of them.
    pub updates: usize,
    pub loss: f64,
    pub items: f64,
    pub norms: f64,
    /// Updates whose gradient was clipped.
    pub clipped: usize,
    /// Time they took.
    pub seconds: f64,
}

impl Partial {
    /// Counts an update from so many batches.
    pub fn add(&mut self, stats: &UpdateStats, batches: usize) {
        self.batches += batches;
        self.updates += 1;
        self.loss += stats.loss * stats.items;
        self.items += stats.items;
        self.norms += stats.norm;
        self.clipped += usize::from(stats.is_clipped);
    }

    /// Mean loss per item.
    pub fn mean_loss(&self) -> f64 {
        if self.items > 0.0 {
            self.loss / self.items
        } else {
            0.0
        }
    }
}

impl TrainingState {
    /// Before the first epoch.
    ///
    /// # Errors
    /// The spec cannot be written.
    pub fn start(task: &impl Task) -> Result<Self> {
        Ok(Self {
            epochs: 0,
            updates: 0,
            partial: Partial::default(),
            best: None,
            best_loss: 0.0,
            idle: 0,
            start: None,
            least: None,
            factor: 1.0,
            fingerprint: fingerprint(task)?,
        })
    }

    /// Whether its counters are those of a training run: far below this they can be added and multiplied without a thought.
    const fn is_possible(&self) -> bool {
        const MOST: u64 = 1 << 31;
        let partial = &self.partial;
        self.epochs as u64 <= MOST
            && self.updates <= MOST * MOST
            && self.idle as u64 <= MOST
            && partial.batches as u64 <= MOST
            && partial.updates as u64 <= MOST
            && partial.clipped as u64 <= MOST
    }

    /// Whether there is nothing left to do.
    pub const fn is_finished(&self, epochs: usize, patience: usize) -> bool {
        self.epochs >= epochs || (patience > 0 && self.idle >= patience)
    }

    /// Counts a whole epoch; true if it is the best so far.
    pub fn count(&mut self, measure: Measure) -> bool {
        let is_better = self.is_better(measure);
        let [train, valid] = self.least.unwrap_or([f64::MAX; 2]);
        self.least = Some([train.min(self.partial.mean_loss()), valid.min(measure.loss)]);
        self.epochs += 1;
        self.partial = Partial::default();
        self.idle = if is_better { 0 } else { self.idle + 1 };
        is_better
    }

    /// Whether the epoch at hand is the best so far; if so, that is kept.
    pub fn is_better(&mut self, Measure { score, loss }: Measure) -> bool {
        let is_better = self
            .best
            .is_none_or(|(best, _)| score > best || (score == best && loss < self.best_loss));
        if is_better {
            self.best = Some((score, self.epochs + 1));
            self.best_loss = loss;
        }
        is_better
    }
}

/// Of the spec as files hold it, which stays the same when core learns something new, and of the data.
///
/// # Errors
/// The spec cannot be written.
pub fn fingerprint(task: &impl Task) -> Result<u64> {
    let shape = serde_json::to_string(&StoredSpec::from(task.spec()))
        .map_err(|error| Failure::run(format!("cannot write the spec: {error}")))?
        .bytes()
        .fold(0, |hash, byte| seeds::fold(hash, u64::from(byte)));
    let data = [task.train().fingerprint(), task.valid().fingerprint()];
    let transitions = task
        .data()
        .transitions
        .iter()
        .flat_map(|first| &first.legal);
    let legal = transitions.map(|&legal| u64::from(legal));
    let vectors = task.data().vectors.iter().flat_map(|vectors| &vectors.rows);
    let vectors = vectors.map(|(id, _)| u64::from(*id));
    let all = data.into_iter().chain(legal).chain(vectors);
    Ok(all.fold(shape, seeds::fold))
}

/// Whether a task has the data that the run with this checkpoint was trained on; of a run without one nobody can tell.
///
/// # Errors
/// The file is damaged.
pub fn has_data_of(path: &Path, task: &impl Task) -> Result<bool> {
    match state_of(path)? {
        Some(state) => Ok(state.fingerprint == fingerprint(task)?),
        None => Ok(true),
    }
}

/// How many epochs a run has behind it that need not be done again.
///
/// # Errors
/// The file is damaged.
pub fn epochs_of(path: &Path) -> Result<usize> {
    Ok(state_of(path)?.map_or(0, |state| state.epochs))
}

/// What a checkpoint says, if there is one yet.
fn state_of(path: &Path) -> Result<Option<TrainingState>> {
    if !path.exists() {
        return Ok(None);
    }
    FlatFile::read(path)?.note().map(Some)
}

const PARAMS: &str = "params";
const MEMORY: &str = "optimizer";
const AVERAGE: &str = "average";
const CARRIED: &str = "carried";

/// Writes a checkpoint.
///
/// # Errors
/// Writing fails.
pub fn save(path: &Path, learner: &Learner<'_>, state: &TrainingState) -> Result<()> {
    let parts = [
        (PARAMS, learner.params.as_slice()),
        (MEMORY, &learner.memory),
        (AVERAGE, &learner.average.params),
        (CARRIED, &learner.carried()),
    ];
    save_flat(path, &parts, state)
}

/// Takes up training where the checkpoint stands; `None` if there is none yet.
///
/// # Errors
/// The file is damaged, or the data are no longer what they were.
pub fn load(
    path: &Path,
    task: &impl Task,
    learner: &mut Learner<'_>,
) -> Result<Option<TrainingState>> {
    if !path.exists() {
        return Ok(None);
    }
    let file = FlatFile::read(path)?;
    let state: TrainingState = file.note()?;
    if state.fingerprint != fingerprint(task)? {
        let sentence = "the run cannot go on: the training or validation data are not what they were when it began";
        return Err(Failure::input(sentence).in_file(path));
    }
    if !state.is_possible() {
        let sentence =
            "the counters make no sense: the file is damaged; take a copy of it, or train again";
        return Err(Failure::input(sentence).in_file(path));
    }
    file.copy_part(PARAMS, &mut learner.params)?;
    file.copy_part(MEMORY, &mut learner.memory)?;
    file.copy_part(AVERAGE, &mut learner.average.params)?;
    let mut carried = vec![0.0; learner.carried_len()];
    file.copy_part(CARRIED, &mut carried)?;
    learner.carry(&mut carried);
    Ok(Some(state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_counts_epochs_since_the_best() {
        let mut state = TrainingState {
            epochs: 0,
            updates: 0,
            partial: Partial::default(),
            best: None,
            best_loss: 0.0,
            idle: 0,
            start: None,
            least: None,
            factor: 1.0,
            fingerprint: 0,
        };
        let epochs = [
            (0.5, 1.0),
            (0.4, 0.5),
            (0.6, 1.0),
            (0.6, 1.0),
            (0.6, 0.9),
            (0.1, 0.1),
        ];
        let is_best = epochs.map(|(score, loss)| state.count(Measure { score, loss }));
        assert_eq!(is_best, [true, false, true, false, true, false]);
        assert_eq!(
            (state.best, state.idle, state.epochs),
            (Some((0.6, 5)), 1, 6)
        );
        state.count(Measure {
            score: 0.6,
            loss: 0.9,
        });
        assert!(state.is_finished(7, 0) && state.is_finished(9, 2) && !state.is_finished(9, 3));
    }
}
