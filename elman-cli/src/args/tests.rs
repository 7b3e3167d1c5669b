//! The whole command line, and jobs for other tests.

use std::ffi::OsString;

use clap::Parser;

use super::{Cli, TrainTask, parse, parse_run_text};
use crate::net::cell::{ActivationName, CellName};
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

/// Settings as a run is started with them.
fn started(line: &str) -> Settings {
    let line = line.split(' ').map(OsString::from);
    let cli = parse(line).expect("the line is right");
    match cli.task() {
        Some(TrainTask::Echo(job)) => job.settings.clone(),
        Some(TrainTask::Classify(job)) => job.settings.clone(),
        _ => panic!("this is a job of another task"),
    }
}

#[test]
fn an_activation_is_elmans_alone() {
    let settings = started("elman train echo");
    assert_eq!(settings.cell, CellName::Elman);
    assert_eq!(settings.activation, Some(ActivationName::Tanh));
    let settings = started("elman train classify");
    assert_eq!(settings.activation, Some(ActivationName::Relu));
    for cell in ["gru", "lstm", "fastrnn", "fastgrnn"] {
        let settings = started(&format!("elman train classify --cell {cell}"));
        assert_eq!(settings.activation, None, "{cell}");
        assert_eq!(settings.cell.word(), cell);
        settings.check().expect("nobody typed an activation");
        let line = format!("elman train classify --activation relu --cell {cell}");
        assert!(started(&line).check().is_err(), "{cell}");
        let settings = started(&format!("{line} --cell elman"));
        settings.check().expect("the last word counts");
    }
}

#[test]
fn runs_of_old_are_elman_nets() {
    let activation = |text: &str| match parse_run_text(text) {
        Ok(TrainTask::Echo(job)) => (job.settings.cell, job.settings.activation),
        _ => panic!("this is an echo job"),
    };
    let relu = Some(ActivationName::Relu);
    assert_eq!(
        activation("task = \"echo\"\nactivation = \"relu\"\n"),
        (CellName::Elman, relu)
    );
    assert_eq!(
        activation("task = \"echo\"\ncell = \"lstm\"\n"),
        (CellName::Lstm, None)
    );
}

#[test]
fn defaults_follow_kind_and_cell_and_whoever_types_one_wins() {
    let lr = |line: &str| {
        let line = format!("elman train text --lines true {line}");
        let cli = parse(line.trim().split(' ').map(OsString::from));
        match cli.expect("the line is right").task() {
            Some(TrainTask::Text(job)) => job.settings.lr.to_string(),
            _ => panic!("this is a text job"),
        }
    };
    assert_ne!(lr("--cell gru"), lr(""));
    assert_eq!(lr("--cell lstm"), lr("--cell gru"));
    assert_eq!(lr("--cell gru --cell elman"), lr(""));
    assert_eq!(lr("--cell gru --lr 0.5"), "0.5");
}
