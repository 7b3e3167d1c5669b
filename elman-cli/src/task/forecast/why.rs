//! `elman predict --why` for series: what the last forecast of each comes from, on the scale that the sums are made on.

use std::io::Write;

use elman_core::Read;
use serde::Serialize;
use serde_json::Number;

use super::history::INPUT_LAGS;
use super::meaning::{ForecastMeaning, NET_LAGS};
use super::predict::as_number;
use super::scale::Differencing;
use super::series::{self, Series};
use crate::base::failure::Result;
use crate::base::json;
use crate::data::{Rows, Sequences, Targets};
use crate::net::attribution::{Question, attribute};
use crate::task::args::PredictArgs;
use crate::task::trained::TrainedNet;
use crate::task::why::{Reason, by_column, named_columns, strongest};

/// One line of `predict --why --json`.
#[derive(Serialize)]
struct ExplainedForecast<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    seq: &'a str,
    /// The last step that is known.
    t: Number,
    ahead: usize,
    forecast: f64,
    /// What the sums are made of: values, or their square roots or logarithms, or differences of them.
    scale: String,
    linear: Linear,
    net: Net,
}

/// The autoregression: `sum = base + intercept + Σ terms`.
#[derive(Serialize)]
struct Linear {
    sum: f64,
    base: f64,
    intercept: f64,
    terms: Vec<Reason>,
}

/// What the net adds to it, and how much each number that it reads speaks for more.
#[derive(Serialize)]
struct Net {
    added: f64,
    reads: Vec<String>,
    /// (T, reads)
    why: Vec<Vec<f64>>,
}

impl ForecastMeaning {
    /// What the other columns are called where they are read: now, or at the step that is forecast, and a step before.
    fn input_names(&self) -> Vec<String> {
        let past = self.columns.len() - 1 - self.view.known;
        let mut names = Vec::new();
        for (place, name) in self.columns[1..].iter().enumerate() {
            let when = if place < past { "" } else { ", then" };
            for lag in 0..INPUT_LAGS {
                names.push(match lag {
                    0 => format!("{name}{when}"),
                    lag => format!("{name}{when} {lag} before"),
                });
            }
        }
        names
    }

    /// What the linear part reads.
    fn linear_names(&self) -> Vec<String> {
        let target = &self.columns[0];
        let what = match self.view.scale.differencing {
            Differencing::None => target.clone(),
            Differencing::First | Differencing::Seasonal(_) => format!("change of {target}"),
        };
        let lags = (0..self.view.lags).map(|lag| before(&what, lag));
        self.input_names().into_iter().chain(lags).collect()
    }

    /// What the net reads.
    fn net_names(&self) -> Vec<String> {
        let target = &self.columns[0];
        let own = [target.clone(), format!("expected change of {target}")];
        let change = format!("change of {target}");
        let changes = (0..self.view.lags.min(NET_LAGS)).map(|lag| before(&change, lag));
        self.input_names()
            .into_iter()
            .chain(own)
            .chain(changes)
            .collect()
    }
}

fn before(what: &str, lag: usize) -> String {
    match lag {
        0 => what.to_owned(),
        lag => format!("{what} {lag} before"),
    }
}

impl TrainedNet<ForecastMeaning> {
    /// The last forecast of every series, with its reasons.
    ///
    /// # Errors
    /// A file that is missing or does not fit.
    pub(super) fn explain_all(&self, args: &PredictArgs, out: &mut dyn Write) -> Result<()> {
        let series = series::load(&self.meaning.file(&args.data, args.format, None))?;
        for one in series.iter().filter(|one| one.known_len() > 0) {
            let explained = self.explain_series(one)?;
            if args.json {
                json::write(&mut *out, &explained)?;
                writeln!(out)?;
            } else {
                self.write_explained(&explained, out)?;
            }
        }
        Ok(())
    }

    fn explain_series<'a>(&self, one: &'a Series) -> Result<ExplainedForecast<'a>> {
        let meaning = &self.meaning;
        let mut history = meaning.history();
        (0..one.len()).for_each(|step| {
            history.foresee(&one.row(step)[meaning.columns.len() - meaning.view.known..]);
        });
        let last = one.known_len() - 1;
        let mut sequences = Sequences::new(
            Rows::numbers(meaning.width()),
            Targets::numbers(1),
            Read::EveryStep,
        );
        let (mut scratch, mut expected) = (Vec::new(), 0.0);
        for step in 0..=last {
            history.push(one.row(step));
            expected = meaning.expect(&history, step, &mut scratch);
            sequences.push_numbers(meaning.net_inputs(&history, step, expected, &mut scratch));
            sequences.push_goal([f32::NAN]);
        }
        sequences.end_sequence();
        let output = self.network.outputs(&sequences)?[last];
        let question = Question {
            row: last,
            outputs: vec![(0, 1.0)],
        };
        let shares = attribute(&self.network, &sequences, 0, &[question])?.remove(0);
        let mut why = by_column(&shares, last + 1, meaning.width());
        why.iter_mut()
            .flatten()
            .for_each(|share| *share *= meaning.residual);
        history.features(last, &meaning.view, &mut scratch);
        let terms = meaning.linear.weights.iter().zip(&scratch);
        let terms = terms.zip(meaning.linear_names());
        let terms = terms.map(|((weight, feature), what)| Reason {
            what,
            weight: weight * feature,
        });
        Ok(ExplainedForecast {
            seq: &one.name,
            t: as_number(one.count(last)),
            ahead: meaning.view.horizon,
            forecast: meaning.value(expected, output),
            scale: meaning.view.scale.describe(),
            linear: Linear {
                sum: expected,
                base: history.base(last, &meaning.view),
                intercept: meaning.linear.intercept,
                terms: terms.collect(),
            },
            net: Net {
                added: meaning.residual * f64::from(output),
                reads: meaning.net_names(),
                why,
            },
        })
    }

    fn write_explained(&self, found: &ExplainedForecast<'_>, out: &mut dyn Write) -> Result<()> {
        let ExplainedForecast {
            seq,
            t,
            ahead,
            forecast,
            scale,
            linear,
            net,
        } = found;
        let name = match seq.is_empty() {
            true => String::new(),
            false => format!("{seq}: "),
        };
        let target = &self.meaning.columns[0];
        writeln!(
            out,
            "{name}after t = {t}: {target} {ahead} ahead is {forecast}, from {scale}"
        )?;
        let Linear {
            sum,
            base,
            intercept,
            terms,
        } = linear;
        let fixed = [("where it stands", base), ("always", intercept)];
        let fixed = fixed.map(|(what, &weight)| Reason {
            what: what.to_owned(),
            weight,
        });
        let terms = strongest(terms.iter().cloned().chain(fixed));
        writeln!(out, "  autoregression {sum:+.4}: {terms}")?;
        // Only their order tells: on the scale of the data they may be large or small.
        let largest = net
            .why
            .iter()
            .flatten()
            .fold(0.0, |most: f64, share| most.max(share.abs()));
        let unit = if largest > 0.0 { largest } else { 1.0 };
        let shares: Vec<Vec<f64>> = (net.why.iter())
            .map(|row| row.iter().map(|share| share / unit).collect())
            .collect();
        let shares = strongest(named_columns(&shares, &net.reads));
        Ok(writeln!(
            out,
            "  net {:+.4}; the strongest say, the first as 1: {shares}",
            net.added
        )?)
    }
}
