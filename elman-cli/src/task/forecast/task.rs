//! The forecasting task: from series to numbers.

use std::path::{Path, PathBuf};

use elman_core::{Dropout, Head, HeadKind, Input, Level, Model, Read, Spec, TensorKind};

use super::choose::{Choice, choose, learnable};
use super::history::History;
use super::linear::Design;
use super::scores::{Item, Scores};
use super::series::{self, Series};
use super::{ForecastArgs, ForecastMeaning, net_features, net_width};

use crate::base::failure::{Failure, Result};
use crate::data::table::Part;
use crate::data::{Format, Rows, Sequences, Targets};
use crate::net::infer;
use crate::train::Job;
use crate::train::report::{self, Evidence};
use crate::train::settings::{Defaults, Settings};
use crate::train::task::{Measure, Task};

/// Good for short and long series alike: the linear sum does most, and the net must not learn its noise by heart.
pub const DEFAULTS: &Defaults = &[
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
];

/// Shared flags that are not for series.
pub const UNUSED: &[&str] = &["bidirectional", "window", "embedding"];

/// Steps of a series that are learnt from together; as many before them only bring the state about.
const STRETCH: usize = 32;

/// What the net should make up for is cut at so many spreads: one freak must not lead it.
const FARTHEST: f64 = 6.0;

/// A spread of what the linear sum misses that is a smaller share of the values' own is rounding.
const ROUNDING: f64 = 1e-9;

/// Series as the net reads them.
#[derive(Clone, Debug)]
pub struct Encoded {
    pub sequences: Sequences,
    /// One per row.
    pub items: Vec<Item>,
    /// The line of its file where a sequence begins.
    pub lines: Vec<usize>,
}

/// A forecasting job.
#[derive(Debug)]
pub struct ForecastTask {
    spec: Spec,
    meaning: ForecastMeaning,
    train: Encoded,
    valid: Encoded,
    noise: f32,
}

impl ForecastTask {
    /// Reads the files that the command line names.
    ///
    /// # Errors
    /// Missing, empty or malformed files; flags that contradict each other.
    pub fn load(args: &ForecastArgs) -> Result<Self> {
        let Some(path) = &args.train else {
            return Err(Failure::input("train forecast needs data: --train FILE"));
        };
        let Some(columns) = args.columns() else {
            return Err(Failure::input(
                "train forecast needs the name of the column to forecast: --target COLUMN",
            ));
        };
        if args.settings.bidirectional {
            return Err(Failure::input(
                "a forecast cannot read what comes later: --bidirectional false",
            ));
        }
        if args.settings.window > 1 || args.settings.embedding > 1 {
            return Err(Failure::input(
                "--window and --embedding must be 1 for series: how far back the net sees is chosen by validation, \
                 and numbers have no embedding",
            ));
        }
        Format::check(args.format, Format::TABLES)?;
        let split = args.split_column.as_deref();
        let mut train = series::load(path, args.format, columns.clone(), split)
            .map_err(|failure| Format::doubt(args.format, path, failure))?;
        series::note_missing(&train, &columns, path);
        let valid = match &args.valid {
            Some(valid) => {
                let mut series = series::load(valid, args.format, columns.clone(), None)?;
                series.iter_mut().for_each(|one| one.devote(Part::Dev));
                if split.is_none() {
                    train.iter_mut().for_each(|one| one.devote(Part::Train));
                }
                Some(series)
            }
            None => None,
        };
        let task = Self::new(args, columns, &train, valid.as_deref());
        task.map_err(|failure| failure.in_file(path))
    }

    fn new(
        args: &ForecastArgs,
        columns: Vec<String>,
        train: &[Series],
        valid: Option<&[Series]>,
    ) -> Result<Self> {
        let fallback = means(train, columns.len());
        let choice = choose(train, &fallback, args.horizon)?;
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
        };
        measure_spreads(&mut meaning, train, &choice);
        let settings = &args.settings;
        let spec = spec(settings, &meaning)?;
        let mut learnt = meaning.encode_stretches(train);
        if let Some(stretches) = settings.overfit_batch {
            learnt = learnt.first(stretches);
        }
        let valid = match settings.overfit_batch {
            Some(_) => learnt.clone(),
            None => meaning.encode(valid.unwrap_or(train), Some(Part::Dev)),
        };
        if learnt.sequences.len() == 0 || valid.items.iter().all(|item| item.target.is_nan()) {
            return Err(Failure::input(
                "no steps to validate on: the file needs rows of the part dev, or --valid FILE",
            ));
        }
        let task = Self {
            spec,
            meaning,
            train: learnt,
            valid,
            noise: settings.noise as f32,
        };
        task.announce();
        Ok(task)
    }

    /// What was chosen, and how well it does by itself.
    fn announce(&self) {
        let still = vec![0.0; self.valid.items.len()];
        let scores = Scores::measure(&self.meaning, &self.valid.items, &still);
        eprintln!(
            "forecasting {} from {}, {} lags; without the net the skill is {:.4} (1 is perfect, 0 is persistence)",
            self.meaning.columns[0],
            self.meaning.view.scale.describe(),
            self.meaning.view.lags,
            scores.skill()
        );
    }
}

fn spec(settings: &Settings, meaning: &ForecastMeaning) -> Result<Spec> {
    let inputs = meaning.columns.len() - 1;
    let spec = Spec {
        input: Input::Dense {
            width: net_width(inputs, &meaning.view),
        },
        layers: settings.stack()?,
        initial_state: settings.initial_state(),
        head: Head {
            kind: HeadKind::Linear { outputs: 1 },
            read: Read::EveryStep,
        },
        dropout: Dropout::NONE,
    };
    let spec = Spec {
        dropout: settings.dropout(&spec.input),
        ..spec
    };
    spec.check()?;
    Ok(spec)
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
    let mut design = Design::new(net_width(meaning.columns.len() - 1, &view));
    let mut targets = Design::new(1);
    for pair in learnable(series, &histories, &view) {
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

impl ForecastMeaning {
    /// Every series as one sequence; targets of that part count, or of all.
    pub fn encode(&self, series: &[Series], part: Option<Part>) -> Encoded {
        let mut encoded = Encoded::new(self.spec_width());
        for one in series {
            let history = one.history(self.view.scale.curve, &self.fallback);
            let is_counted = |step: usize| {
                History::is_complete(step, &self.view)
                    && part.is_none_or(|part| one.part(step + self.view.horizon) == part)
            };
            let last =
                (0..one.len().saturating_sub(self.view.horizon)).rfind(|&step| is_counted(step));
            let steps = last.map_or(0, |last| last + 1);
            self.encode_steps(one, &history, 0..steps, is_counted, &mut encoded);
        }
        encoded
    }

    /// The training parts in stretches, each after as many steps that bring the state about.
    fn encode_stretches(&self, series: &[Series]) -> Encoded {
        let mut encoded = Encoded::new(self.spec_width());
        for one in series {
            let history = one.history(self.view.scale.curve, &self.fallback);
            let steps = one.len().saturating_sub(self.view.horizon);
            for start in (0..steps).step_by(STRETCH) {
                let end = (start + STRETCH).min(steps);
                let is_counted = |step: usize| {
                    step >= start
                        && History::is_complete(step, &self.view)
                        && one.part(step + self.view.horizon) == Part::Train
                        && !one.target(step + self.view.horizon).is_nan()
                };
                if (start..end).any(is_counted) {
                    let before = start.saturating_sub(STRETCH);
                    self.encode_steps(one, &history, before..end, is_counted, &mut encoded);
                }
            }
        }
        encoded
    }

    fn spec_width(&self) -> usize {
        net_width(self.columns.len() - 1, &self.view)
    }

    fn encode_steps(
        &self,
        series: &Series,
        history: &History,
        steps: std::ops::Range<usize>,
        is_counted: impl Fn(usize) -> bool,
        encoded: &mut Encoded,
    ) {
        if steps.is_empty() {
            return;
        }
        let mut scratch = Vec::new();
        encoded.lines.push(series.line + steps.start);
        for step in steps {
            let expected = self.expect(history, step, &mut scratch);
            let target = if is_counted(step) {
                series.target(step + self.view.horizon)
            } else {
                f64::NAN
            };
            let missed = self.view.scale.curve.apply(target) - expected;
            let goal = if self.residual > 0.0 {
                (missed / self.residual).clamp(-FARTHEST, FARTHEST)
            } else {
                0.0
            };
            let inputs = self.net_inputs(history, step, expected, &mut scratch);
            encoded.sequences.push_numbers(inputs);
            let goal = if target.is_nan() {
                f32::NAN
            } else {
                goal as f32
            };
            encoded.sequences.push_goal([goal]);
            encoded.items.push(Item {
                expected,
                present: history.known[step],
                target,
            });
        }
        encoded.sequences.end_sequence();
    }
}

impl Encoded {
    fn new(width: usize) -> Self {
        Self {
            sequences: Sequences::new(Rows::numbers(width), Targets::numbers(1), Read::EveryStep),
            items: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// The first sequences.
    fn first(&self, count: usize) -> Self {
        let count = count.min(self.sequences.len());
        let sequences = self.sequences.select(0..count);
        Self {
            items: self.items[..sequences.rows()].to_vec(),
            lines: self.lines[..count].to_vec(),
            sequences,
        }
    }
}

impl Job for ForecastArgs {
    type Task = ForecastTask;

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    fn defaults(&self) -> Result<&'static Defaults> {
        Ok(DEFAULTS)
    }

    fn files(&mut self) -> Vec<&mut PathBuf> {
        self.train.iter_mut().chain(&mut self.valid).collect()
    }

    fn load(&self) -> Result<ForecastTask> {
        ForecastTask::load(self)
    }
}

impl Task for ForecastTask {
    type Meaning = ForecastMeaning;

    const NAME: &'static str = super::TASK;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn meaning(&self) -> &ForecastMeaning {
        &self.meaning
    }

    fn train(&self) -> &Sequences {
        &self.train.sequences
    }

    fn train_line(&self, sequence: usize) -> usize {
        self.train.lines[sequence]
    }

    /// A head of zeros: training starts from the linear forecast, and only what the data show leads away from it.
    fn start(&self, params: &mut [f32]) {
        for tensor in self.spec.tensors() {
            if matches!(tensor.kind, TensorKind::HeadWeights | TensorKind::HeadBias) {
                params[tensor.range()].fill(0.0);
            }
        }
    }

    fn noise(&self) -> f32 {
        self.noise
    }

    fn valid(&self) -> &Sequences {
        &self.valid.sequences
    }

    fn score_name(&self) -> &'static str {
        "skill"
    }

    fn measure(&self, model: &Model<'_>) -> Result<Measure> {
        let outputs = infer::outputs(Level::detect(), model, &self.valid.sequences)?;
        let scores = Scores::measure(&self.meaning, &self.valid.items, &outputs);
        Ok(Measure {
            loss: scores.mse(),
            score: scores.skill(),
        })
    }

    fn evidence(&self, model: &Model<'_>) -> Result<Vec<Evidence>> {
        let outputs = infer::outputs(Level::detect(), model, &self.valid.sequences)?;
        let scores = Scores::measure(&self.meaning, &self.valid.items, &outputs);
        let counted = || {
            let items = self.valid.items.iter().zip(&outputs);
            items.filter(|(item, _)| !item.target.is_nan())
        };
        let predict = |(item, &output): (&Item, &f32)| self.meaning.value(item.expected, output);
        Ok(vec![Evidence::Series(report::Series {
            name: self.meaning.columns[0].clone(),
            labels: Vec::new(),
            target: counted().map(|(item, _)| item.target).collect(),
            prediction: counted().map(predict).collect(),
            note: format!(
                "Validation part: RMSE {:.4}; persistence is off by {:.4}, the autoregression alone by {:.4}.",
                scores.rmse(),
                scores.persistence_rmse(),
                scores.linear_rmse(),
            ),
        })])
    }
}

/// A job on a file that is there.
#[cfg(test)]
pub fn load_for_test(path: &std::path::Path, target: &str) -> Result<ForecastTask> {
    ForecastTask::load(&crate::args::test_forecast(&[
        &format!("--train={}", path.display()),
        &format!("--target={target}"),
    ]))
}
