//! What a forecasting net's numbers mean, kept in the model file beside them.

use std::path::Path;

use elman_core::{Head, HeadKind, Input, Read, Spec};
use serde::{Deserialize, Serialize};

use crate::base::failure::{Failure, Result};
use crate::data::{Dialect, Format};
use crate::task::interval::ErrorSizes;
use crate::task::linear::Linear;
use crate::train::task::Meaning;

use super::args::ForecastArgs;
use super::history::{History, INPUT_LAGS, View};
use super::series::SeriesFile;

/// The name of the task, in commands and files.
pub const TASK: &str = "forecast";

/// Changes before the present that the net reads, at most; older ones are in its state.
pub const NET_LAGS: usize = 24;

/// Steps that anything may lie back or ahead.
const FARTHEST_BACK: usize = 1 << 24;

/// The net reads nothing further from the mean than that many spreads: beyond, it has learnt nothing.
pub const WIDEST: f64 = 4.0;

/// From the past to what the net reads, and from its output to a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForecastMeaning {
    /// The target, then the other columns that are read; those that are known ahead come last.
    pub columns: Vec<String>,
    /// The column that names the parts, if the training data had one.
    pub split_column: Option<String>,
    pub view: View,
    pub linear: Linear,
    /// What each column is where a series begins with a gap: its mean in training.
    pub fallback: Vec<f64>,
    /// Mean and spread of what the net reads.
    pub means: Vec<f64>,
    pub spreads: Vec<f64>,
    /// Spread of what the linear sum misses, on the curve: the unit of the net's output.
    pub residual: f64,
    /// Smallest and largest target of the training part.
    pub range: [f64; 2],
    /// On the curve, of the validation data.
    #[serde(default, skip_serializing_if = "ErrorSizes::is_empty")]
    pub errors: ErrorSizes,
    /// What was said about the table.
    #[serde(default, skip_serializing_if = "Dialect::is_usual")]
    pub dialect: Dialect,
}

impl Meaning for ForecastMeaning {
    const TASK: &'static str = TASK;
    const MISFIT: &'static str = "the scaling does not fit the net";

    fn fits(&self, spec: &Spec) -> bool {
        let inputs = self.columns.len().saturating_sub(1);
        // The file may claim anything: sums of these must not overflow.
        let reach = [
            self.view.horizon,
            self.view.lags,
            self.view.scale.differencing.span(),
        ];
        if reach.into_iter().any(|steps| steps > FARTHEST_BACK) {
            return false;
        }
        let width = self.width();
        !self.columns.is_empty()
            && spec.input == Input::Dense { width }
            && spec.head == Self::HEAD
            && !spec.is_bidirectional()
            && self.view.horizon > 0
            && self.view.known <= inputs
            && self.linear.weights.len() == inputs * INPUT_LAGS + self.view.lags
            && self.fallback.len() == self.columns.len()
            && (self.means.len(), self.spreads.len()) == (width, width)
    }

    fn flags(&self) -> Vec<(&'static str, String)> {
        vec![("horizon", self.view.horizon.to_string())]
    }

    fn errors(&self) -> Vec<Vec<f64>> {
        vec![self.errors.sizes().to_vec()]
    }

    fn set_errors(&mut self, errors: Vec<Vec<f64>>) {
        if let Ok([errors]) = <[_; 1]>::try_from(errors) {
            self.errors = errors.into();
        }
    }
}

impl ForecastMeaning {
    /// The same for a net that learns from other series with these columns, of which the last are `known` ahead.
    ///
    /// # Errors
    /// They are others than those that the net reads, or it is to look otherwise.
    pub fn continued(&self, args: &ForecastArgs, columns: &[String], known: usize) -> Result<Self> {
        let view = &self.view;
        if (&self.columns[..], view.known) != (columns, known) {
            return Err(Failure::input(format!(
                "that net reads {}, of which the last {} are known ahead, and these settings name {} and {known}",
                self.columns.join(", "),
                view.known,
                columns.join(", ")
            )));
        }
        if view.horizon != args.horizon || args.season.is_some() {
            return Err(Failure::input(
                "how far that net looks ahead, and what it makes of seasons, stays as it is: leave out --horizon and --season",
            ));
        }
        Ok(Self {
            split_column: args.split_column.clone(),
            dialect: args.dialect.clone(),
            ..self.clone()
        })
    }

    /// One number at every step.
    pub const HEAD: Head = Head {
        kind: HeadKind::Linear { outputs: 1 },
        read: Read::EveryStep,
    };

    /// How many numbers the net reads per step.
    pub fn width(&self) -> usize {
        let inputs = self.columns.len().saturating_sub(1);
        inputs * INPUT_LAGS + 2 + self.view.lags.min(NET_LAGS)
    }

    /// A file that is read as the training data were.
    pub fn file<'a>(
        &'a self,
        path: &'a Path,
        format: Option<Format>,
        split_column: Option<&'a str>,
    ) -> SeriesFile<'a> {
        SeriesFile {
            path,
            format,
            columns: &self.columns,
            split_column,
            dialect: &self.dialect,
        }
    }

    /// Nothing known yet.
    pub fn history(&self) -> History {
        History::new(self.view.scale.curve, &self.fallback)
    }

    /// What the linear sum expects from a step, on the curve. `scratch` may hold anything.
    pub fn expect(&self, history: &History, step: usize, scratch: &mut Vec<f64>) -> f64 {
        history.features(step, &self.view, scratch);
        history.base(step, &self.view) + self.linear.apply(scratch)
    }

    /// What the net reads at a step, where the linear sum expects `expected`. `scratch` may hold anything.
    pub fn net_inputs<'a>(
        &'a self,
        history: &History,
        step: usize,
        expected: f64,
        scratch: &'a mut Vec<f64>,
    ) -> impl Iterator<Item = f32> + 'a {
        net_features(history, step, expected, &self.view, scratch);
        let moments = self.means.iter().zip(&self.spreads);
        scratch
            .iter()
            .zip(moments)
            .map(|(value, (mean, spread))| ((value - mean) / spread).clamp(-WIDEST, WIDEST) as f32)
    }

    /// Where the value may lie, in the units of the data, if it is so far off on the curve.
    pub fn bounds(&self, expected: f64, output: f32, reach: f64) -> [f64; 2] {
        let curve = self.view.scale.curve;
        let middle = expected + self.residual * f64::from(output);
        [middle - reach, middle + reach].map(|bound| curve.invert(bound))
    }

    /// The forecast, in the units of the data: what the linear sum expects, corrected by the net.
    pub fn value(&self, expected: f64, output: f32) -> f64 {
        let curve = self.view.scale.curve;
        curve.invert(expected + self.residual * f64::from(output))
    }
}

/// Other columns, the present value, the change that the linear sum expects, and the last changes.
pub fn net_features(
    history: &History,
    step: usize,
    expected: f64,
    view: &View,
    features: &mut Vec<f64>,
) {
    features.clear();
    history.push_inputs(step, view, features);
    let present = history.bent(step, 0);
    features.extend([present, expected - present]);
    let change = |lag| history.bent(step, lag) - history.bent(step, lag + 1);
    features.extend((0..view.lags.min(NET_LAGS)).map(change));
}
