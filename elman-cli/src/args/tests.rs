//! The whole command line, and jobs for other tests.

use clap::Parser;

use super::{Cli, TrainTask};
use crate::task::forecast::ForecastArgs;
use crate::train::settings::Settings;

/// The settings of a labelling job with these flags.
pub fn test_settings(flags: &[&str]) -> Settings {
    let line = ["elman", "train", "label"].iter().chain(flags);
    let cli = Cli::try_parse_from(line).expect("the flags are right");
    let Some(TrainTask::Label(label)) = cli.task() else {
        panic!("this is a labelling job");
    };
    label.settings.clone()
}

/// A forecasting job with these flags.
pub fn test_forecast(flags: &[&str]) -> ForecastArgs {
    let line = ["elman", "train", "forecast"].iter().chain(flags);
    let cli = Cli::try_parse_from(line).expect("the flags are right");
    match cli.task() {
        Some(TrainTask::Forecast(job)) => (**job).clone(),
        _ => panic!("this is a forecasting job"),
    }
}
