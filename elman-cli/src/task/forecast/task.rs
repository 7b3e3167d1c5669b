//! The forecasting task: from series to numbers.

use std::path::PathBuf;

use elman_core::Input;

use super::args::{DEFAULTS, ForecastArgs};
use super::choose::{Asked, Choice, choose, learnable};
use super::encoded::Encoded;
use super::history::History;
use super::meaning::{ForecastMeaning, net_features};
use super::scale::Differencing;
use super::scores::{ForecastScores, Item};
use super::series::{self, Series, SeriesFile};

use crate::base::failure::{Failure, Result};
use crate::base::tell::tell;
use crate::base::typed::names;
use crate::data::Format;
use crate::data::table::Part;
use crate::net::network::Network;
use crate::task::errors::{mean_square, significant};
use crate::task::interval::ErrorSizes;
use crate::task::linear::{Design, zero_head};
use crate::train::Job;
use crate::train::defaults::Defaults;
use crate::train::measure::Measure;
use crate::train::pretrained::Pretrained;
use crate::train::report::{self, Evidence};
use crate::train::settings::Settings;
use crate::train::task::{PRETRAINED, Task, TaskData};

/// A spread of what the linear sum misses that is a smaller share of the values' own is rounding.
const ROUNDING: f64 = 1e-9;

/// A forecasting job.
#[derive(Debug)]
pub struct ForecastTask {
    data: TaskData<ForecastMeaning>,
    /// One per row of the validation data.
    items: Vec<Item>,
    /// The file of the validation data, and what its steps are called that are forecast.
    valid_path: PathBuf,
    steps: Vec<String>,
}

impl ForecastTask {
    fn new(
        args: &ForecastArgs,
        (columns, known): (Vec<String>, usize),
        train: &[Series],
        valid: Option<&[Series]>,
    ) -> Result<Self> {
        let pretrained = Pretrained::<ForecastMeaning>::of(&args.settings)?;
        let mut meaning = match &pretrained {
            Some(from) => (from.meaning.continued(args, &columns, known))
                .map_err(|failure| from.refuse(failure))?,
            None => Self::chosen(args, (columns, known), train)?,
        };
        let [low, high] = range(train);
        meaning.range = [meaning.range[0].min(low), meaning.range[1].max(high)];
        let settings = &args.settings;
        let input = Input::Dense {
            width: meaning.width(),
        };
        let spec = settings.spec(input, ForecastMeaning::HEAD)?;
        let mut learnt = meaning.encode_stretches(train);
        if let Some(stretches) = settings.overfit_batch {
            learnt = learnt.first(stretches);
        }
        let valid_series = valid.unwrap_or(train);
        let valid = match settings.overfit_batch {
            Some(_) => learnt.clone(),
            None => meaning.encode(valid_series, Some(Part::Dev)),
        };
        if learnt.sequences.len() == 0 || valid.items.iter().all(|item| item.target.is_nan()) {
            return Err(Failure::input(
                "no steps to validate on: the file needs rows of the part dev, or --valid FILE",
            ));
        }
        let steps = match settings.overfit_batch {
            Some(_) => Vec::new(),
            None => step_names(valid_series, &valid, meaning.view.horizon),
        };
        let path = args.valid.as_ref().or(args.train.as_ref());
        let mut task = Self {
            steps,
            valid_path: path.cloned().unwrap_or_default(),
            data: TaskData {
                spec,
                meaning,
                train: learnt.sequences,
                train_lines: learnt.lines,
                valid: valid.sequences,
                hiding: None,
                class_weights: None,
                transitions: None,
                vectors: None,
                pretrained: None,
            },
            items: valid.items,
        };
        if let Some(from) = pretrained {
            from.into_data(&mut task.data)?;
        }
        task.announce(args.season);
        Ok(task)
    }

    /// What the forecast is made of, by validation within the training part.
    fn chosen(
        args: &ForecastArgs,
        (columns, known): (Vec<String>, usize),
        train: &[Series],
    ) -> Result<ForecastMeaning> {
        let fallback = means(train, columns.len());
        check_season(args)?;
        let asked = Asked {
            horizon: args.horizon,
            season: args.season,
            known,
        };
        let choice = choose(train, &fallback, asked)?;
        let mut meaning = ForecastMeaning {
            columns,
            split_column: args.split_column.clone(),
            view: choice.view,
            linear: choice.linear.clone(),
            range: range(train),
            fallback,
            means: Vec::new(),
            spreads: Vec::new(),
            residual: 0.0,
            errors: ErrorSizes::default(),
            dialect: args.dialect.clone(),
        };
        measure_spreads(&mut meaning, train, &choice);
        Ok(meaning)
    }

    /// What was chosen, and how well it does by itself.
    fn announce(&self, asked: Option<usize>) {
        let still = vec![0.0; self.items.len()];
        let scale = &self.data.meaning.view.scale;
        let lost = match asked {
            Some(season) if scale.differencing != Differencing::Seasonal(season) => {
                format!(" (differences over a season of {season} steps did no better)")
            }
            _ => String::new(),
        };
        let scores = ForecastScores::measure(&self.data.meaning, &self.items, &still);
        tell!(
            "forecasting {} from {}{lost}, {} lags; without the net the skill is {:.4} (1 is perfect, 0 is persistence)",
            self.data.meaning.columns[0],
            scale.describe(),
            self.data.meaning.view.lags,
            scores.skill()
        );
    }
}

/// A season must reach over the horizon.
fn check_season(args: &ForecastArgs) -> Result<()> {
    match args.season.filter(|&season| season < args.horizon) {
        None => Ok(()),
        Some(season) => Err(Failure::input(format!(
            "--season {season} is shorter than --horizon {}: what comes is not known from a season ago",
            args.horizon
        ))),
    }
}

/// What the steps are called that are forecast from each row: their dates, or their counts.
fn step_names(series: &[Series], encoded: &Encoded, horizon: usize) -> Vec<String> {
    let of_sequence = |(sequence, &number): (usize, &usize)| {
        let one = &series[number];
        let name = move |step: usize| match one.stamps.get(step) {
            Some(stamp) => stamp.clone(),
            None => one.count(step).to_string(),
        };
        let steps = 0..encoded.sequences.len_of(sequence);
        steps.map(move |step| name(step + horizon))
    };
    let sequences = encoded.series.iter().enumerate();
    sequences.flat_map(of_sequence).collect()
}

/// The mean of every column over the training part.
fn means(series: &[Series], columns: usize) -> Vec<f64> {
    let mean = |column: usize| {
        let steps = series
            .iter()
            .flat_map(|one| (0..one.len()).map(move |step| (one, step)));
        let values = steps
            .filter(|(one, step)| one.part(*step) == Part::Train)
            .map(|(one, step)| one.row(step)[column]);
        let (mut sum, mut count) = (0.0, 0.0f64);
        for value in values.filter(|value| !value.is_nan()) {
            sum += value;
            count += 1.0;
        }
        sum / count.max(1.0)
    };
    (0..columns).map(mean).collect()
}

/// Smallest and largest target of the training part.
fn range(series: &[Series]) -> [f64; 2] {
    let values = series.iter().flat_map(|one| one.values_of(Part::Train));
    values
        .filter(|value| !value.is_nan())
        .fold([f64::MAX, f64::MIN], |[low, high], value| {
            [low.min(value), high.max(value)]
        })
}

/// Finds mean and spread of what the net will read, and the spread of what it should put out.
fn measure_spreads(meaning: &mut ForecastMeaning, series: &[Series], choice: &Choice) {
    let view = choice.view;
    let curve = view.scale.curve;
    let histories: Vec<History> = (series
        .iter()
        .map(|one| one.history(curve, &meaning.fallback)))
    .collect();
    let (mut features, mut missed) = (Vec::new(), 0.0);
    let mut design = Design::new(meaning.width());
    let mut targets = Design::new(1);
    for pair in learnable(series, &histories, &view, 1) {
        let history = &histories[pair.series];
        let expected = meaning.expect(history, pair.step, &mut features);
        let target = curve.apply(pair.target);
        missed += (target - expected).powi(2);
        net_features(history, pair.step, expected, &view, &mut features);
        design.push(&features, 0.0);
        targets.push(&[target], 0.0);
    }
    (meaning.means, meaning.spreads) = design.moments();
    let missed = (missed / design.len().max(1) as f64).sqrt();
    meaning.residual = missed.max(ROUNDING * targets.moments().1[0]);
}

impl Job for ForecastArgs {
    type Task = ForecastTask;

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    fn defaults(&self) -> Result<&'static Defaults> {
        Ok(DEFAULTS)
    }

    fn files(&mut self) -> Vec<&mut PathBuf> {
        let data = self.train.iter_mut().chain(&mut self.valid);
        data.chain(&mut self.settings.init).collect()
    }

    fn has_folds(&self) -> bool {
        true
    }

    fn load(&self) -> Result<ForecastTask> {
        let Some(path) = &self.train else {
            return Err(Failure::input("train forecast needs data: --train FILE"));
        };
        let Some((columns, known)) = self.columns() else {
            return Err(Failure::input(
                "train forecast needs the name of the column to forecast: --target COLUMN",
            ));
        };
        let target = self.target.as_ref();
        if names(self.known.as_deref()).any(|known| Some(known) == target.map(String::as_str)) {
            return Err(Failure::input(
                "--known names the column to forecast, which nobody knows ahead",
            ));
        }
        if self.settings.bidirectional {
            return Err(Failure::input(
                "a forecast cannot read what comes later: --bidirectional false",
            ));
        }
        if self.settings.window > 1 || self.settings.embedding > 1 {
            return Err(Failure::input(
                "--window and --embedding must be 1 for series: how far back the net sees is chosen by validation, \
                 and numbers have no embedding",
            ));
        }
        Format::check(self.format, Format::TABLES)?;
        let split = self.split_column.as_deref();
        let file = |path, split_column| SeriesFile {
            path,
            format: self.format,
            columns: &columns,
            split_column,
            dialect: &self.dialect,
        };
        let mut train = series::load(&file(path, split))
            .map_err(|failure| Format::doubt(self.format, path, failure))?;
        series::note_missing(&train, &columns, path);
        if let Some(fold) = self.settings.repeats.held_out(self.valid.as_deref())? {
            train.iter_mut().for_each(|one| one.roll(fold));
        }
        let valid = match &self.valid {
            Some(valid) => {
                let mut series = series::load(&file(valid, None))?;
                series.iter_mut().for_each(|one| one.devote(Part::Dev));
                if split.is_none() {
                    train.iter_mut().for_each(|one| one.devote(Part::Train));
                }
                Some(series)
            }
            None => None,
        };
        let task = ForecastTask::new(self, (columns.clone(), known), &train, valid.as_deref());
        task.map_err(|failure| failure.in_file(path))
    }
}

impl Task for ForecastTask {
    type Meaning = ForecastMeaning;

    fn data(&self) -> &TaskData<ForecastMeaning> {
        &self.data
    }

    /// A head of zeros: training starts from the linear forecast, and only what the data show leads away from it.
    fn start(&self, params: &mut [f32]) {
        zero_head(&self.data.spec, params);
    }

    fn start_name(&self) -> Option<&'static str> {
        let pretrained = self.data.pretrained.as_ref().map(|_| PRETRAINED);
        pretrained.or(Some("the autoregression alone"))
    }

    fn score_name(&self) -> &'static str {
        "skill"
    }

    fn measure(&self, network: &Network) -> Result<Measure> {
        let outputs = network.outputs(&self.data.valid)?;
        let scores = ForecastScores::measure(&self.data.meaning, &self.items, &outputs);
        Ok(Measure {
            // In the unit of the training loss: what the linear sum missed in training is 1.
            loss: mean_square(self.data.valid.goals(), &outputs),
            score: scores.skill(),
        })
    }

    fn evidence(&self, network: &Network, _: &ForecastMeaning) -> Result<Vec<Evidence>> {
        let outputs = network.outputs(&self.data.valid)?;
        let scores = ForecastScores::measure(&self.data.meaning, &self.items, &outputs);
        let counted = || {
            let items = self.items.iter().zip(&outputs);
            items.filter(|(item, _)| !item.target.is_nan())
        };
        let predict =
            |(item, &output): (&Item, &f32)| self.data.meaning.value(item.expected, output);
        let series = Evidence::Series(report::Series {
            name: self.data.meaning.columns[0].clone(),
            labels: Vec::new(),
            target: counted().map(|(item, _)| item.target).collect(),
            prediction: counted().map(predict).collect(),
            note: format!(
                "Validation part: RMSE {:.4}; persistence is off by {:.4}, the autoregression alone by {:.4}.",
                scores.rmse(),
                scores.persistence_rmse(),
                scores.linear_rmse(),
            ),
        });
        let mistakes = (self.items.iter().zip(&outputs).zip(&self.steps))
            .filter(|((item, _), _)| !item.target.is_nan())
            .map(|((item, &output), step)| {
                let value = self.data.meaning.value(item.expected, output);
                report::Mistake {
                    place: step.clone(),
                    what: String::new(),
                    real: significant(item.target),
                    found: significant(value),
                    cost: value - item.target,
                }
            });
        let mistakes = report::Mistakes::of(&self.valid_path, ("step", "error"), mistakes);
        Ok(vec![series, Evidence::Mistakes(mistakes)])
    }

    fn calibrated(
        &self,
        network: &Network,
        meaning: ForecastMeaning,
    ) -> Result<Option<ForecastMeaning>> {
        let outputs = network.outputs(&self.data.valid)?;
        let curve = meaning.view.scale.curve;
        let error = |(item, &output): (&Item, &f32)| {
            curve.apply(item.target) - item.expected - meaning.residual * f64::from(output)
        };
        let known = self.items.iter().zip(&outputs);
        let known = known.filter(|(item, _)| !item.target.is_nan());
        let errors = ErrorSizes::of(known.map(error));
        Ok(Some(ForecastMeaning { errors, ..meaning }))
    }
}

/// A job on a file that is there.
#[cfg(test)]
pub fn load_for_test(path: &std::path::Path, target: &str) -> Result<ForecastTask> {
    crate::train::Job::load(&crate::args::test_forecast(&[
        &format!("--train={}", path.display()),
        &format!("--target={target}"),
    ]))
}
