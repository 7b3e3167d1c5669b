//! `elman train forecast`: what may be typed.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::base::typed::{count, names};
use crate::data::{Dialect, Format};
use crate::train::defaults::{Defaults, other_defaults, with_defaults, without};
use crate::train::settings::Settings;

/// Good for short and long series alike: the linear sum does most, and the net must not learn its noise by heart.
pub const DEFAULTS: &Defaults = &Defaults {
    elman: &[
        ("hidden", "16"),
        ("layers", "1"),
        ("embedding", "1"),
        ("window", "1"),
        ("activation", "tanh"),
        ("bidirectional", "false"),
        ("train-initial-state", "false"),
        ("dropout", "0"),
        ("optimizer", "adamw"),
        ("lr", "0.003"),
        ("schedule", "cosine"),
        ("batch", "16"),
        ("clip-norm", "1"),
        ("epochs", "200"),
        ("patience", "50"),
    ],
    gated: &[],
};

/// Shared flags that are not for series.
pub const UNUSED: &[&str] = &["bidirectional", "window", "embedding"];

/// Learn to forecast a column of a table, some steps ahead
///
/// The file is CSV or TSV with a header and a row per step, oldest first; with a column seq it holds several series. A
/// linear autoregression, on a scale and with lags chosen by validation within the training part, makes the forecast,
/// and the net learns what it misses. The score is the skill: the share of the error of persistence (nothing changes)
/// that is gone; 1 is perfect. Missing values are empty cells, or NaN, NA and the like; dates that fall are put in order.
#[derive(Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(args_override_self = true, mut_args = |arg| without(with_defaults(arg, DEFAULTS), UNUSED), after_help = help())]
pub struct ForecastArgs {
    /// Training data
    #[arg(long, value_name = "FILE")]
    pub train: Option<PathBuf>,
    /// Validation data [default: the rows that --split-column calls dev, or the last 15 % of the training data]
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<PathBuf>,
    /// The column to forecast
    #[arg(long, value_name = "COLUMN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Other columns to forecast from, with commas between their names
    #[arg(long, value_name = "COLUMNS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<String>,
    /// Columns that are known before the target, with commas, such as prices, holidays or the forecast of the weather: they
    /// are read at the step that is forecast
    #[arg(long, value_name = "COLUMNS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// Steps from the last value known to the value forecast
    #[arg(long, value_name = "N", default_value = "1", value_parser = count(1..=100_000))]
    pub horizon: usize,
    /// Steps until the series repeats itself, such as 672 for weeks of quarter hours; at least as many as the horizon
    /// [default: found in the data, if it shows]
    #[arg(long, value_name = "N", value_parser = count(2..=1_000_000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub season: Option<usize>,
    /// The column that says train, dev or test of every row
    #[arg(long, value_name = "COLUMN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_column: Option<String>,
    /// Format of the data: csv, ts, tsf, npy or npz [default: found by content]
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    #[command(flatten)]
    #[serde(flatten)]
    pub dialect: Dialect,
    #[command(flatten)]
    #[serde(flatten)]
    pub settings: Settings,
}

impl ForecastArgs {
    /// The target and the other columns, each once; those that are known ahead come last, so many are they.
    pub fn columns(&self) -> Option<(Vec<String>, usize)> {
        let mut columns = vec![self.target.clone()?];
        let known = names(self.known.as_deref());
        let inputs =
            names(self.inputs.as_deref()).filter(|name| known.clone().all(|known| known != *name));
        let mut push = |name: &str| {
            let is_new = columns.iter().all(|column| column != name);
            if is_new {
                columns.push(name.to_owned());
            }
            is_new
        };
        inputs.for_each(|name| _ = push(name));
        let known = known.clone().filter(|name| push(name)).count();
        Some((columns, known))
    }
}

fn help() -> String {
    format!(
        "{}\
Examples:
  elman train forecast --train sunspots.csv --target y
  elman train forecast --train sunspots.csv --target y --out runs/sun \\
      --split-column split
  elman train forecast --train power.csv --target load --horizon 24 \\
      --inputs temperature,wind --known price,holiday
  elman train forecast --train load.csv --target y --season 672 --horizon 96
  elman train forecast --train sunspots.csv --target y --cell gru
  elman train forecast --train rain.csv --target mm --missing -999 \\
      --seq-column station
  elman eval runs/sun --data sunspots.csv --part test
  elman predict runs/sun --data sunspots.csv --steps 12",
        other_defaults(&[("series", DEFAULTS)])
    )
}
