//! What may look on while a net is trained.

use elman_core::Model;

use super::progress::Epoch;
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

/// What looks on. Every closure that takes a [`Preview`] is one.
pub trait Onlooker: Send {
    /// Called after every update; an error ends the training.
    ///
    /// # Errors
    /// What the onlooker cannot do.
    fn after_update(&mut self, preview: &Preview<'_>) -> Result<()>;

    /// Called after every epoch; whether the training shall go on. One that shall not is saved, and may be resumed.
    fn goes_on_after(&mut self, _: &Epoch) -> bool {
        true
    }
}

impl<F: FnMut(&Preview<'_>) -> Result<()> + Send> Onlooker for F {
    fn after_update(&mut self, preview: &Preview<'_>) -> Result<()> {
        self(preview)
    }
}

/// An onlooker of one training.
pub type Callback<'a> = Box<dyn Onlooker + 'a>;
