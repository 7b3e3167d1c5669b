//! A trained forecasting net at work.

use std::collections::BTreeMap;
use std::io::Write;

use super::meaning::ForecastMeaning;
use super::predict;
use super::scores::{ForecastScores, Judged};
use super::series::{self, Series};

use crate::base::encoding::Encoding;
use crate::base::failure::{Failure, Result};
use crate::base::threads::on_threads;
use crate::data::table::Part;
use crate::data::{DataFile, Format, Sequences};
use crate::task::args::{EvalArgs, PredictArgs, split_column};
use crate::task::paired::{Errors, Outcomes, Paired};
use crate::task::trained::{Description, EvalReport, Trained, TrainedNet, no_classes};

/// A trained forecasting net.
pub type ForecastModel = TrainedNet<ForecastMeaning>;

/// Forecasts that can be judged, by series and step that is forecast.
type Forecasts = BTreeMap<(usize, usize), Judged>;

impl ForecastModel {
    /// What came and what was forecast, step by step, in a file or in one part of it.
    ///
    /// # Errors
    /// A file that is missing or does not fit.
    pub fn compare(&self, args: &EvalArgs) -> Result<(Vec<f64>, Vec<f64>)> {
        let forecasts = self.forecasts(args)?;
        let pair = |one: &Judged| (one.target, one.value);
        Ok(forecasts.values().map(pair).unzip())
    }

    /// The forecasts of a file, or of one part of it.
    fn forecasts(&self, args: &EvalArgs) -> Result<Forecasts> {
        let meaning = &self.meaning;
        args.note_parts(meaning.split_column.as_deref());
        let split = split_column(args.part, meaning.split_column.as_deref());
        let series = series::load(&meaning.file(&args.data, args.format, split))?;
        series::note_missing(&series, &meaning.columns, &args.data);
        let all = on_threads(args.threads.into(), || {
            let of = |net: &Self| net.forecasts_of(&series, args.part);
            self.members().map(of).collect::<Result<Vec<_>>>()
        })?;
        Ok(mean(all))
    }

    /// The forecasts of this net alone.
    fn forecasts_of(&self, series: &[Series], part: Option<Part>) -> Result<Forecasts> {
        let meaning = &self.meaning;
        let encoded = meaning.encode(series, part);
        let outputs = self.network.outputs(&encoded.sequences)?;
        let mut forecasts = Forecasts::new();
        for (sequence, &number) in encoded.series.iter().enumerate() {
            for (step, row) in encoded.sequences.rows_of(sequence).enumerate() {
                let judged = Judged::of(meaning, &encoded.items[row], outputs[row]);
                let place = (number, step + meaning.view.horizon);
                forecasts.extend(judged.map(|judged| (place, judged)));
            }
        }
        Ok(forecasts)
    }

    /// How good the forecasts of a file are, or of one part of it; earlier rows serve as history.
    ///
    /// # Errors
    /// There are none.
    fn scores(&self, args: &EvalArgs, forecasts: &Forecasts) -> Result<ForecastScores> {
        let meaning = &self.meaning;
        let scores = ForecastScores::of(meaning.range, forecasts.values().copied());
        if scores.items() == 0 {
            let view = &meaning.view;
            let history = view.lags + view.scale.differencing.span();
            let sentence = match args.part {
                Some(part) => format!("the part {} holds no value to forecast", part.name()),
                None => format!(
                    "no value to forecast: this model needs {history} rows of history first"
                ),
            };
            return Err(Failure::input(sentence).in_file(&args.data));
        }
        Ok(scores)
    }
}

/// The mean of what several nets forecast, where all do.
fn mean(mut all: Vec<Forecasts>) -> Forecasts {
    let others = all.split_off(all.len().min(1));
    let mut first = all.pop().unwrap_or_default();
    if others.is_empty() {
        return first;
    }
    let share = 1.0 / (1.0 + others.len() as f64);
    first.retain(|place, one| {
        let found: Option<Vec<&Judged>> = others.iter().map(|other| other.get(place)).collect();
        let Some(found) = found else {
            return false;
        };
        let sum =
            |of: fn(&Judged) -> f64| of(one) + found.iter().map(|other| of(other)).sum::<f64>();
        (one.value, one.linear) = (share * sum(|one| one.value), share * sum(|one| one.linear));
        true
    });
    first
}

/// What keeps two forecasting nets from answering together.
///
/// # Errors
/// They do.
pub fn fit(one: &ForecastMeaning, other: &ForecastMeaning) -> Result<(), String> {
    if one.columns != other.columns || one.view.known != other.view.known {
        return Err("they read different columns".to_owned());
    }
    if one.view.horizon != other.view.horizon {
        let [one, other] = [one, other].map(|meaning| meaning.view.horizon);
        return Err(format!(
            "one forecasts {one} steps ahead, the other {other}"
        ));
    }
    Ok(())
}

impl Trained for ForecastModel {
    fn reads_tables(&self) -> bool {
        true
    }

    fn is_forecaster(&self) -> bool {
        true
    }

    fn evaluate(&self, args: &EvalArgs) -> Result<EvalReport> {
        let scores = self.scores(args, &self.forecasts(args)?)?;
        Ok(EvalReport {
            json: scores.to_json(),
            table: scores.to_table(&self.meaning),
        })
    }

    fn paired(&self, args: &EvalArgs) -> Result<Paired> {
        let forecasts = self.forecasts(args)?;
        let scores = self.scores(args, &forecasts)?;
        let (target, horizon) = (&self.meaning.columns[0], self.meaning.view.horizon);
        let steps = if horizon == 1 { "step" } else { "steps" };
        Ok(Paired {
            about: format!("{target}, forecast {horizon} {steps} ahead"),
            score_name: "rmse",
            score: scores.rmse(),
            outcomes: Outcomes::Errors(Errors {
                unit: "steps",
                horizon,
                by_step: forecasts
                    .iter()
                    .map(|(&place, one)| (place, one.value - one.target))
                    .collect(),
            }),
        })
    }

    fn predict(&self, args: &PredictArgs, _: usize, out: &mut dyn Write) -> Result<()> {
        predict::run(self, args, out)
    }

    fn explain(&self, args: &PredictArgs, _: usize, out: &mut dyn Write) -> Result<()> {
        self.explain_all(args, out)
    }

    fn formats(&self) -> &'static [Format] {
        Format::TABLES
    }

    fn sequences(&self, file: DataFile<'_>) -> Result<Sequences> {
        no_classes(file.classes)?;
        let series = series::load(&self.meaning.file(file.path, file.format, None))?;
        Ok(self.meaning.encode(&series, None).sequences)
    }

    fn description(&self) -> Description {
        let ahead = self.meaning.view.horizon;
        Description {
            labels: vec![format!("{}+{ahead}", self.meaning.columns[0])],
            ..Description::default()
        }
    }

    fn encoding(&self) -> Encoding {
        self.meaning.encoding()
    }
}
