//! Who looks on: everything that follows an epoch and changes nothing about the training – event files, the report page,
//! the doctor – is called from here.

use elman_core::Spec;

use super::progress::{Epoch, Progress};
use crate::data::Sequences;
use crate::failure::Result;
use crate::run::Run;
use crate::settings::Settings;

/// All that can be seen after an epoch, once its checkpoint is written.
#[expect(dead_code, reason = "each onlooker takes what it needs")]
pub struct Witness<'a> {
    /// What `metrics.jsonl` holds of it.
    pub epoch: &'a Epoch,
    pub run: &'a Run,
    pub settings: &'a Settings,
    pub spec: &'a Spec,
    /// Parameters when the epoch began, or where it was taken up again.
    pub before: &'a [f32],
    /// Parameters now.
    pub after: &'a [f32],
    /// What is learnt from.
    pub train: &'a Sequences,
    /// For what is said on the terminal.
    pub progress: &'a Progress,
}

/// Called after every epoch.
///
/// # Errors
/// Those of the onlookers; they end the training.
pub fn after_epoch(_: &Witness<'_>) -> Result<()> {
    Ok(())
}
