//! A trained forecasting net at work.

use std::io::Write;

use super::scores::{Item, Scores};
use super::{Forecasting, predict, series};
use crate::base::encoding::Encoding;
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::base::threads::on_threads;
use crate::data::{DataFile, Format, Sequences};
use crate::net::network::Network;
use crate::task::args::{EvalArgs, PredictArgs};
use crate::task::trained::{Description, Report, Trained, no_classes};

/// What a split column is called where the training data had none.
const SPLIT: &str = "split";

/// A trained forecasting net.
pub struct Forecaster {
    pub network: Network,
    pub forecasting: Forecasting,
}

impl Forecaster {
    /// A run's best model.
    ///
    /// # Errors
    /// As [`Forecasting::open`].
    pub fn open(run: &Run) -> Result<Self> {
        let (network, forecasting) = Forecasting::open(run)?;
        Ok(Self {
            network,
            forecasting,
        })
    }

    /// What came and what was forecast, step by step, in a file or in one part of it.
    ///
    /// # Errors
    /// A file that is missing or does not fit.
    pub fn compare(&self, args: &EvalArgs) -> Result<(Vec<f64>, Vec<f64>)> {
        let (items, outputs) = self.run(args)?;
        let pairs = items.iter().zip(&outputs);
        let known = pairs.filter(|(item, _)| !item.target.is_nan());
        let forecast = |item: &Item, output| self.forecasting.value(item.expected, output);
        Ok(known
            .map(|(item, &output)| (item.target, forecast(item, output)))
            .unzip())
    }

    /// What is forecast from, and the outputs of the net.
    fn run(&self, args: &EvalArgs) -> Result<(Vec<Item>, Vec<f32>)> {
        let forecasting = &self.forecasting;
        let split = args.part.map(|_| {
            let split = forecasting.split_column.as_deref();
            split.unwrap_or(SPLIT)
        });
        if args.part.is_none() && forecasting.split_column.is_some() {
            eprintln!(
                "elman: note: all rows count here, those of training too; --part test takes the test part alone"
            );
        }
        let series = series::load(&args.data, args.format, forecasting.columns.clone(), split)?;
        series::note_missing(&series, &forecasting.columns, &args.data);
        let encoded = forecasting.encode(&series, args.part);
        let outputs = on_threads(args.threads.into(), || {
            self.network.outputs(&encoded.sequences)
        })?;
        Ok((encoded.items, outputs))
    }

    /// Scores of a file, or of one part of it; earlier rows serve as history.
    ///
    /// # Errors
    /// A file that is missing or does not fit, or holds nothing to forecast.
    fn scores(&self, args: &EvalArgs) -> Result<Scores> {
        let forecasting = &self.forecasting;
        let (items, outputs) = self.run(args)?;
        let scores = Scores::measure(forecasting, &items, &outputs);
        if scores.items() == 0 {
            let view = &forecasting.view;
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

impl Trained for Forecaster {
    fn network(&self) -> &Network {
        &self.network
    }

    fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }

    fn is_forecaster(&self) -> bool {
        true
    }

    fn evaluate(&self, args: &EvalArgs) -> Result<Report> {
        let scores = self.scores(args)?;
        Ok(Report {
            json: scores.to_json(),
            table: scores.to_table(&self.forecasting),
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
        let series = series::load(
            file.path,
            file.format,
            self.forecasting.columns.clone(),
            None,
        )?;
        Ok(self.forecasting.encode(&series, None).sequences)
    }

    fn description(&self) -> Description {
        let ahead = self.forecasting.view.horizon;
        Description {
            labels: vec![format!("{}+{ahead}", self.forecasting.columns[0])],
            ..Description::default()
        }
    }

    fn encoding(&self) -> Encoding {
        self.forecasting.encoding()
    }
}
