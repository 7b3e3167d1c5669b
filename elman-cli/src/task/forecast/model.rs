//! A trained forecasting net at work.

use std::io::Write;

use super::meaning::ForecastMeaning;
use super::scores::{ForecastScores, Item};
use super::{predict, series};
use crate::base::encoding::Encoding;
use crate::base::failure::{Failure, Result};
use crate::base::threads::on_threads;
use crate::data::{DataFile, Format, Sequences};
use crate::task::args::{EvalArgs, PredictArgs, split_column};
use crate::task::trained::{Description, EvalReport, Trained, TrainedNet, no_classes};

/// A trained forecasting net.
pub type ForecastModel = TrainedNet<ForecastMeaning>;

impl ForecastModel {
    /// What came and what was forecast, step by step, in a file or in one part of it.
    ///
    /// # Errors
    /// A file that is missing or does not fit.
    pub fn compare(&self, args: &EvalArgs) -> Result<(Vec<f64>, Vec<f64>)> {
        let (items, outputs) = self.run(args)?;
        let pairs = items.iter().zip(&outputs);
        let known = pairs.filter(|(item, _)| !item.target.is_nan());
        let forecast = |item: &Item, output| self.meaning.value(item.expected, output);
        Ok(known
            .map(|(item, &output)| (item.target, forecast(item, output)))
            .unzip())
    }

    /// What is forecast from, and the outputs of the net.
    fn run(&self, args: &EvalArgs) -> Result<(Vec<Item>, Vec<f32>)> {
        let meaning = &self.meaning;
        args.note_parts(meaning.split_column.as_deref());
        let split = split_column(args.part, meaning.split_column.as_deref());
        let series = series::load(&meaning.file(&args.data, args.format, split))?;
        series::note_missing(&series, &meaning.columns, &args.data);
        let encoded = meaning.encode(&series, args.part);
        let outputs = on_threads(args.threads.into(), || {
            self.network.outputs(&encoded.sequences)
        })?;
        Ok((encoded.items, outputs))
    }

    /// ForecastScores of a file, or of one part of it; earlier rows serve as history.
    ///
    /// # Errors
    /// A file that is missing or does not fit, or holds nothing to forecast.
    fn scores(&self, args: &EvalArgs) -> Result<ForecastScores> {
        let meaning = &self.meaning;
        let (items, outputs) = self.run(args)?;
        let scores = ForecastScores::measure(meaning, &items, &outputs);
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

impl Trained for ForecastModel {
    fn reads_tables(&self) -> bool {
        true
    }

    fn is_forecaster(&self) -> bool {
        true
    }

    fn evaluate(&self, args: &EvalArgs) -> Result<EvalReport> {
        let scores = self.scores(args)?;
        Ok(EvalReport {
            json: scores.to_json(),
            table: scores.to_table(&self.meaning),
        })
    }

    fn predict(&self, args: &PredictArgs, _: usize, out: &mut dyn Write) -> Result<()> {
        predict::run(self, args, out)
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
