//! What is learnt last, of the best model: how sure it may be.

use crate::base::failure::Result;
use crate::base::folder::Run;
use crate::net::model_file;
use crate::net::network::Network;
use crate::train::task::Task;

/// Has the task look at the best model, and writes down what it finds; nothing is found where validation data are those of training. What comes out depends on model and data alone, so a run that
/// was stopped before ends in the same file.
///
/// # Errors
/// The model cannot be read or written.
pub fn calibrate<T: Task>(task: &T, run: &Run) -> Result<()> {
    // Of data that it has learnt from a net is surer than of any other.
    let is_apart = task.train().fingerprint() != task.valid().fingerprint();
    if !is_apart || !run.model().exists() {
        return Ok(());
    }
    let (network, meaning): (Network, T::Meaning) = model_file::load(&run.model(), T::NAME)?;
    match task.calibrated(&network, meaning)? {
        None => Ok(()),
        Some(meaning) => {
            let (path, spec) = (run.model(), network.spec());
            model_file::save(&path, T::NAME, spec, &meaning, network.learnt())
        }
    }
}
