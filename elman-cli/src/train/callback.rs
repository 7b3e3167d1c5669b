//! What may look on while a net is trained.

use elman_core::Model;

use crate::base::failure::Result;

/// What a callback sees of an update.
pub struct Preview<'a> {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// Batches done of it, this one included.
    pub batches: usize,
    /// Mean loss per item of the update.
    pub loss: f64,
    /// The net after the update.
    pub model: &'a Model<'a>,
}

/// Called after every update; an error ends the training.
pub type Callback<'a> = Box<dyn FnMut(&Preview<'_>) -> Result<()> + Send + 'a>;
