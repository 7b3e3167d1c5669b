//! Where training stands after a whole epoch: all that `--resume` needs beside the settings and the data.
//!
//! Generators and the position in the data are not saved: they follow from seed and epoch.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::learner::Learner;
use crate::failure::{Failure, Result};
use crate::model_file::{FlatFile, save_flat};
use crate::seeds;
use crate::task::Task;

/// The numbers beside parameters and optimizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Whole epochs done.
    pub epochs: usize,
    /// Updates done.
    pub updates: u64,
    /// The best validation score and the epoch it came from.
    pub best: Option<(f64, usize)>,
    /// Epochs since then.
    pub idle: usize,
    /// What the plateau schedule has made of the learning rate.
    pub factor: f64,
    /// Of data and net: a run goes on only with what it began with.
    fingerprint: u64,
}

impl Standing {
    /// Before the first epoch.
    pub fn start(task: &impl Task) -> Self {
        Self {
            epochs: 0,
            updates: 0,
            best: None,
            idle: 0,
            factor: 1.0,
            fingerprint: fingerprint(task),
        }
    }

    /// Whether there is nothing left to do.
    pub const fn is_finished(&self, epochs: usize, patience: usize) -> bool {
        self.epochs >= epochs || (patience > 0 && self.idle >= patience)
    }

    /// Counts a whole epoch; true if its score is the best so far.
    pub fn count(&mut self, score: f64) -> bool {
        self.epochs += 1;
        let is_better = self.best.is_none_or(|(best, _)| score > best);
        if is_better {
            self.best = Some((score, self.epochs));
            self.idle = 0;
        } else {
            self.idle += 1;
        }
        is_better
    }
}

fn fingerprint(task: &impl Task) -> u64 {
    let shape = format!("{:?}", task.spec())
        .bytes()
        .fold(0, |hash, byte| seeds::fold(hash, u64::from(byte)));
    [task.train().fingerprint(), task.valid().fingerprint()]
        .into_iter()
        .fold(shape, seeds::fold)
}

const PARAMS: &str = "params";
const MEMORY: &str = "optimizer";

/// Writes a checkpoint.
///
/// # Errors
/// Writing fails.
pub fn save(path: &Path, learner: &Learner, standing: &Standing) -> Result<()> {
    save_flat(
        path,
        &[(PARAMS, &learner.params), (MEMORY, &learner.memory)],
        standing,
    )
}

/// Takes up training where the checkpoint stands; `None` if there is none yet.
///
/// # Errors
/// The file is damaged, or the data are no longer what they were.
pub fn load(path: &Path, task: &impl Task, learner: &mut Learner) -> Result<Option<Standing>> {
    if !path.exists() {
        return Ok(None);
    }
    let file = FlatFile::read(path)?;
    let standing: Standing = file.note()?;
    if standing.fingerprint != fingerprint(task) {
        let sentence = "the run cannot go on: the training or validation data are not what they were when it began";
        return Err(Failure::input(sentence).in_file(path));
    }
    file.copy_part(PARAMS, &mut learner.params)?;
    file.copy_part(MEMORY, &mut learner.memory)?;
    Ok(Some(standing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_counts_epochs_since_the_best() {
        let mut standing = Standing {
            epochs: 0,
            updates: 0,
            best: None,
            idle: 0,
            factor: 1.0,
            fingerprint: 0,
        };
        assert_eq!(
            [0.5, 0.4, 0.6, 0.6, 0.1].map(|score| standing.count(score)),
            [true, false, true, false, false]
        );
        assert_eq!(
            (standing.best, standing.idle, standing.epochs),
            (Some((0.6, 3)), 2, 5)
        );
        assert!(
            standing.is_finished(5, 0) && standing.is_finished(9, 2) && !standing.is_finished(9, 3)
        );
    }
}
