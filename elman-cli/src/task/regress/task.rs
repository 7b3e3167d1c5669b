//! The regressing task: from files to numbers.

use std::path::{Path, PathBuf};

use elman_core::Read;

use super::args::{At, DEFAULTS, RegressArgs};
use super::choose::{Answers, Choice, choose};
use super::meaning::{Encoded, Goal, RegressMeaning};
use super::samples::{Sample, Samples, TargetFile};
use super::scores::RegressScores;

use crate::base::failure::{Failure, Result};
use crate::base::tell::tell;
use crate::base::typed::names;
use crate::data::reading::Reading;
use crate::data::spread::Spread;
use crate::data::survey;
use crate::data::table::Block;
use crate::data::{Format, Sequences};
use crate::net::network::Network;
use crate::task::errors::mean_square;
use crate::task::interval::ErrorSizes;
use crate::task::linear::zero_head;
use crate::task::parts::{self, Recorded};
use crate::train::Job;
use crate::train::defaults::Defaults;
use crate::train::measure::Measure;
use crate::train::pretrained::Pretrained;
use crate::train::report::{Evidence, Series};
use crate::train::settings::Settings;
use crate::train::task::{PRETRAINED, Task, TaskData};

/// A spread of what the linear sum misses that is a smaller share of the targets' own is rounding.
const ROUNDING: f64 = 1e-9;

/// A regressing job.
#[derive(Debug)]
pub struct RegressTask {
    data: TaskData<RegressMeaning>,
    /// What the linear sums expect of the validation data, and what came.
    valid: Encoded,
}

/// What is learnt from, and what is validated on.
struct Split {
    train: Vec<Block>,
    valid: Vec<Block>,
    read: Read,
    inputs: Vec<String>,
    targets: Vec<String>,
}

impl RegressTask {
    fn new(args: &RegressArgs, path: &Path, split: Split) -> Result<Self> {
        let Split {
            read,
            inputs,
            targets,
            ..
        } = split;
        let shape = (inputs.len(), targets.len());
        let sample = |block| Sample::new(block, shape, read);
        let train: Vec<Sample> = split.train.into_iter().map(sample).collect();
        let valid: Vec<Sample> = split.valid.into_iter().map(sample).collect();
        let values = || train.iter().map(|sample| sample.inputs.as_slice());
        let pretrained = Pretrained::<RegressMeaning>::of(&args.settings)?;
        let (reading, notes) = match &pretrained {
            Some(from) => {
                from.meaning
                    .must_learn(&targets, read)
                    .map_err(|why| from.refuse(why))?;
                (from.meaning.reading.for_columns(&inputs)?, Vec::new())
            }
            None => Reading::numbers(&inputs, values(), args.settings.window),
        };
        survey::note(&inputs, values, &notes, path);
        let column = |i| {
            let rows = values().flat_map(move |rows| rows.iter().skip(i).step_by(shape.0));
            Spread::of(rows.copied()).mean
        };
        let fallback: Vec<f64> = (0..shape.0).map(column).collect();
        let goals = targets.into_iter().enumerate().map(|(target, name)| {
            goal(
                name,
                &Answers {
                    samples: &train,
                    fallback: &fallback,
                    target,
                    targets: shape.1,
                },
            )
        });
        let goals = goals.collect::<Result<Vec<Goal>>>()?;
        let (goals, fallback) = match &pretrained {
            Some(from) => (from.meaning.seen_by(&goals), from.meaning.fallback.clone()),
            None => (goals, fallback.clone()),
        };
        let meaning = RegressMeaning {
            goals,
            reads_last: read == Read::LastStep,
            is_labelled: args.target.is_none(),
            dialect: args.dialect.clone(),
            split_column: args.split_column.clone(),
            fallback,
            reading,
        };
        let input = meaning.reading.input(args.settings.window)?;
        let spec = args.settings.spec(input, meaning.head())?;
        let (train, valid) = (meaning.encode(&train)?, meaning.encode(&valid)?);
        if valid.targets.iter().all(|target| target.is_nan()) {
            return Err(Failure::input(
                "no target to validate on: what is held out has none",
            ));
        }
        let mut task = Self {
            data: TaskData {
                spec,
                meaning,
                train: train.sequences,
                train_lines: train.lines,
                valid: valid.sequences.clone(),
                hiding: None,
                class_weights: None,
                transitions: None,
                vectors: None,
                pretrained: None,
            },
            valid,
        };
        if let Some(from) = pretrained {
            from.into_data(&mut task.data)?;
        }
        task.announce(path);
        Ok(task)
    }

    /// What was chosen, and how well it does by itself.
    fn announce(&self, path: &Path) {
        let meaning = &self.data.meaning;
        let missing = missing(&self.data.train);
        if missing > 0 {
            tell!(
                "elman: {}: note: {missing} targets are missing, and nothing is learnt from them",
                path.display()
            );
        }
        let still = vec![0.0; self.valid.expected.len()];
        let still = meaning.values(&self.valid.expected, &still);
        let scores = RegressScores::measure(meaning, &self.valid, &still);
        let [first, ..] = &meaning.goals[..] else {
            return;
        };
        let others = match meaning.goals.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let when = if meaning.reads_last {
            "the last step"
        } else {
            "every step"
        };
        tell!(
            "learning {}{others} at {when}, on the scale of {}; without the net r2 is {:.4} (1 is perfect, 0 is the mean)",
            first.name,
            first.curve.name(),
            scores.r2()
        );
    }
}

fn missing(sequences: &Sequences) -> usize {
    let goals = sequences.goals().iter();
    goals.filter(|goal| goal.is_nan()).count()
}

/// A target, with the linear sum that estimates it best.
///
/// # Errors
/// There is no value of it, or but one.
fn goal(name: String, answers: &Answers<'_>) -> Result<Goal> {
    let known = || answers.known();
    let range = known().fold([f64::MAX, f64::MIN], |[low, high], value| {
        [low.min(value), high.max(value)]
    });
    let [low, high] = range;
    if low > high {
        let sentence = format!("there is no value of {name} to learn from");
        return Err(Failure::input(sentence));
    }
    if low == high {
        let sentence =
            format!("{name} is {low} wherever it is known: nothing is to be learnt of it");
        return Err(Failure::input(sentence));
    }
    let Choice {
        curve,
        regressors,
        linear,
    } = choose(answers);
    let spread = Spread::of(known().map(|value| curve.apply(value)));
    let missed = answers.missed(curve, regressors, &linear);
    Ok(Goal {
        name,
        residual: missed
            .max(ROUNDING * spread.deviation)
            .max(f64::MIN_POSITIVE),
        mean: known().sum::<f64>() / known().count() as f64,
        errors: ErrorSizes::default(),
        curve,
        regressors,
        linear,
        range,
    })
}

/// What is learnt from and what is validated on.
fn split(
    args: &RegressArgs,
    path: &Path,
    mut samples: Samples,
    file: TargetFile<'_>,
) -> Result<Split> {
    let read = match args.read {
        None => samples.read(),
        Some(At::Last) => Read::LastStep,
        Some(At::Every) => Read::EveryStep,
    };
    let settings = &args.settings;
    if read == Read::LastStep && settings.k1.is_some() {
        return Err(Failure::input(
            "--k1 is not for targets that are read at the last step: their loss goes back to the first",
        ));
    }
    let fold = settings.repeats.held_out(args.valid.as_deref())?;
    samples.check_parts(read, path)?;
    let width = samples.width();
    let (train, valid) = if let Some(count) = settings.overfit_batch {
        samples.blocks.truncate(count);
        (samples.blocks.clone(), samples.blocks)
    } else {
        let (train, held) = parts::devoted(samples.blocks, width, path)?;
        let recorded = Recorded {
            group_column: samples.group_column.as_deref(),
            held,
            columns: width,
            path,
        };
        let is_recording = read == Read::EveryStep;
        match &args.valid {
            Some(valid) => {
                let known = TargetFile {
                    path: valid,
                    inputs: Some(&samples.inputs),
                    split_column: None,
                    ..file
                };
                let train = match is_recording {
                    true => recorded.in_pieces(train),
                    false => train,
                };
                (train, known.load()?.blocks)
            }
            None if is_recording && fold.is_none() && !recorded.held.is_empty() => {
                (recorded.in_pieces(train), recorded.held)
            }
            None if is_recording || train.len() > 1 => {
                recorded.split(train, fold, settings.seed)?
            }
            None => (train, recorded.held),
        }
    };
    if valid.is_empty() {
        let sentence = "one sequence is too little to learn from and validate on";
        return Err(Failure::input(sentence));
    }
    Ok(Split {
        train,
        valid,
        read,
        inputs: samples.inputs,
        targets: samples.targets,
    })
}

/// The columns to learn, each once.
///
/// # Errors
/// A column that is to be learnt from itself.
fn targets(args: &RegressArgs) -> Result<Vec<String>> {
    let mut targets: Vec<String> = Vec::new();
    for name in names(args.target.as_deref()) {
        if names(args.inputs.as_deref()).any(|input| input == name) {
            let sentence = format!("--inputs names {name}, which is to be learnt: --target");
            return Err(Failure::input(sentence));
        }
        if targets.iter().all(|target| target != name) {
            targets.push(name.to_owned());
        }
    }
    Ok(targets)
}

impl Job for RegressArgs {
    type Task = RegressTask;

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

    fn load(&self) -> Result<RegressTask> {
        let Some(path) = &self.train else {
            return Err(Failure::input("train regress needs data: --train FILE"));
        };
        if self.settings.embedding > 1 {
            return Err(Failure::input(
                "--embedding must be 1: numbers have no embedding",
            ));
        }
        Format::check(self.format, Format::TABLES)?;
        let targets = targets(self)?;
        if targets.is_empty() && Format::of(self.format, path)? == Format::Csv {
            return Err(Failure::input(
                "train regress needs the names of the columns to learn: --target COLUMNS",
            ));
        }
        let inputs: Vec<String> = names(self.inputs.as_deref()).map(str::to_owned).collect();
        let file = TargetFile {
            path,
            format: self.format,
            inputs: (!inputs.is_empty()).then_some(&inputs),
            targets: &targets,
            split_column: self.split_column.as_deref(),
            dialect: &self.dialect,
        };
        let samples = file
            .load()
            .map_err(|failure| Format::doubt(self.format, path, failure))?;
        let split = split(self, path, samples, file).map_err(|failure| failure.in_file(path))?;
        RegressTask::new(self, path, split).map_err(|failure| failure.in_file(path))
    }
}

impl Task for RegressTask {
    type Meaning = RegressMeaning;

    fn data(&self) -> &TaskData<RegressMeaning> {
        &self.data
    }

    /// A head of zeros: training starts from the linear sums, and only what the data show leads away from them.
    fn start(&self, params: &mut [f32]) {
        zero_head(&self.data.spec, params);
    }

    fn start_name(&self) -> Option<&'static str> {
        let pretrained = self.data.pretrained.as_ref().map(|_| PRETRAINED);
        pretrained.or(Some("the linear sum alone"))
    }

    fn score_name(&self) -> &'static str {
        "r2"
    }

    fn measure(&self, network: &Network) -> Result<Measure> {
        let outputs = network.outputs(&self.data.valid)?;
        let values = self.data.meaning.values(&self.valid.expected, &outputs);
        let scores = RegressScores::measure(&self.data.meaning, &self.valid, &values);
        Ok(Measure {
            // In the unit of the training loss: what the linear sum missed in training is 1.
            loss: mean_square(self.data.valid.goals(), &outputs),
            score: scores.r2(),
        })
    }

    fn calibrated(
        &self,
        network: &Network,
        mut meaning: RegressMeaning,
    ) -> Result<Option<RegressMeaning>> {
        let outputs = network.outputs(&self.data.valid)?;
        let values = meaning.values(&self.valid.expected, &outputs);
        let width = meaning.goals.len();
        for (place, goal) in meaning.goals.iter_mut().enumerate() {
            let pairs = values.iter().zip(&self.valid.targets);
            let curve = goal.curve;
            let errors = pairs.skip(place).step_by(width);
            let errors = errors.filter(|(_, target)| !target.is_nan());
            goal.errors = ErrorSizes::of(
                errors.map(|(value, target)| curve.apply(*value) - curve.apply(*target)),
            );
        }
        Ok(Some(meaning))
    }

    fn evidence(&self, network: &Network, meaning: &RegressMeaning) -> Result<Vec<Evidence>> {
        let outputs = network.outputs(&self.data.valid)?;
        let values = meaning.values(&self.valid.expected, &outputs);
        let scores = RegressScores::measure(meaning, &self.valid, &values);
        let shown = |(place, goal): (usize, &Goal)| {
            let width = meaning.goals.len();
            let answers = self.valid.targets.iter().zip(&values);
            let answers = answers.skip(place).step_by(width);
            let (target, prediction) = answers.filter(|(target, _)| !target.is_nan()).unzip();
            let [net, linear, mean] = scores.rmse(place);
            Evidence::Series(Series {
                name: goal.name.clone(),
                labels: Vec::new(),
                target,
                prediction,
                note: format!(
                    "Validation part: RMSE {net:.4}; the linear sum alone is off by {linear:.4}, the mean of training by {mean:.4}."
                ),
            })
        };
        Ok(meaning.goals.iter().enumerate().map(shown).collect())
    }
}
