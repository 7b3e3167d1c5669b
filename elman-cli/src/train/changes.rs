//! What a run that is resumed may do otherwise than it was to.

use std::path::Path;

use clap::Args;

use super::settings::{Schedule, Settings, TimeLimit};
use crate::base::failure::{Failure, Result};
use crate::base::typed::{count, real};

/// Settings that a resumed run may change; they stay with it.
#[derive(Args, Clone, Debug, Default)]
pub struct Changes {
    /// With --resume: passes over the training data, those that are done included
    #[arg(long, value_name = "N", requires = "resume", value_parser = count(1..=1 << 30))]
    pub epochs: Option<usize>,
    /// With --resume: the learning rate from here on
    #[arg(long, value_name = "RATE", requires = "resume", value_parser = real(f64::MIN_POSITIVE.., "above 0"))]
    pub lr: Option<f64>,
    /// With --resume: how the learning rate changes from here on
    #[arg(long, value_name = "NAME", requires = "resume")]
    pub schedule: Option<Schedule>,
    /// With --resume: stop after N epochs without a better validation score, counted from here; 0 never stops early
    #[arg(long, value_name = "N", requires = "resume", value_parser = count(0..=1 << 30))]
    pub patience: Option<usize>,
    /// With --resume: stop after this time, such as 10m
    #[arg(long, value_name = "TIME", requires = "resume")]
    pub time_limit: Option<TimeLimit>,
    /// With --resume: draw the loss and the net at work, as it learns
    #[arg(long, requires = "resume", conflicts_with = "quiet")]
    pub live: bool,
    /// With --resume: say nothing of the epochs
    #[arg(long, requires = "resume")]
    pub quiet: bool,
}

impl Changes {
    /// For a folder of several runs, which go on as they began.
    ///
    /// # Errors
    /// A setting is to change.
    pub fn must_be_none(&self, folder: &Path) -> Result<()> {
        let is_changed = self.epochs.is_some()
            || self.lr.is_some()
            || self.schedule.is_some()
            || self.patience.is_some()
            || self.time_limit.is_some();
        if !is_changed {
            return Ok(());
        }
        Err(Failure::input(format!(
            "{}: a folder of several runs, which go on as they began; what is changed is one of them",
            folder.display()
        )))
    }

    /// Changes the settings of a run that has `done` so many epochs; what people should know about it, none where nothing
    /// is changed.
    ///
    /// # Errors
    /// Fewer epochs than are done.
    pub fn apply(&self, settings: &mut Settings, done: usize) -> Result<Option<String>> {
        settings.quiet = self.quiet;
        settings.live = self.live;
        let mut changed = Vec::new();
        if let Some(epochs) = self.epochs {
            if epochs <= done {
                return Err(Failure::input(format!(
                    "--epochs {epochs} is what lies behind this run already: {done} epochs are done, and those to come count on"
                )));
            }
            changed.push(format!("epochs {} -> {epochs}", settings.epochs));
            settings.epochs = epochs;
        }
        if let Some(rate) = self.lr {
            changed.push(format!("lr {} -> {rate}", settings.lr));
            settings.lr = rate;
        }
        if let Some(schedule) = self.schedule {
            changed.push(format!(
                "schedule {} -> {}",
                settings.schedule.name(),
                schedule.name()
            ));
            settings.schedule = schedule;
        }
        if let Some(patience) = self.patience {
            changed.push(format!("patience {} -> {patience}", settings.patience));
            settings.patience = patience;
        }
        if let Some(limit) = &self.time_limit {
            settings.time_limit = Some(limit.clone());
            changed.push(format!("time-limit {}", String::from(limit.clone())));
        }
        if changed.is_empty() {
            return Ok(None);
        }
        settings.goes_on = true;
        let rates = match settings.schedule {
            schedule @ (Schedule::Step | Schedule::Cosine) => {
                let share = 100.0 * schedule.factor(done as f64, settings.epochs, 1.0);
                format!(
                    "; after {done} of {} epochs the schedule {} has {share:.0} % of lr",
                    settings.epochs,
                    schedule.name()
                )
            }
            Schedule::Constant | Schedule::Plateau => String::new(),
        };
        Ok(Some(changed.join(", ") + &rates))
    }
}
