//! The training settings every task shares, as flags and as a TOML file with the same names.
//!
//! A configuration file is read as if its lines had been typed as flags before the real ones: one set of names,
//! checks and messages, and flags win.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Command, ValueEnum};
use elman_core::{
    Activation, Direction, Dropout, Head, Init, InitialState, Input, Layer, Layers, Optimizer,
    Spec, Truncation,
};
use serde::Serialize;

use crate::base::failure::{Failure, Result};
use crate::base::typed::{count, odd, real, seed};
use crate::net::cell::{ActivationName, CellName};
use crate::train::repeats::Repeats;

/// How the net is built and trained.
#[derive(Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// A TOML file with settings named like these flags; flags win
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Hidden units per layer and direction
    #[arg(long, value_name = "N", value_parser = count(1..=65_536), help_heading = NETWORK)]
    pub hidden: usize,
    /// Stacked layers
    #[arg(long, value_name = "N", value_parser = count(1..=8), help_heading = NETWORK)]
    pub layers: usize,
    /// Numbers per embedding of a word or character; steps that are numbers have none
    #[arg(long, value_name = "N", value_parser = count(1..=65_536), help_heading = NETWORK)]
    pub embedding: usize,
    /// Steps seen at once, odd: 5 is the step and two neighbours on either side
    #[arg(long, value_name = "N", value_parser = odd, help_heading = NETWORK)]
    pub window: usize,
    /// The recurrent cell; gru and lstm remember longer, and have three or four times the weights; fastrnn and fastgrnn have
    /// those of elman
    #[arg(long, value_name = "NAME", help_heading = NETWORK)]
    pub cell: CellName,
    /// What Elman's hidden units compute; other cells have their functions fixed
    #[arg(long, value_name = "NAME", help_heading = NETWORK)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation: Option<ActivationName>,
    /// Read every sequence in both directions
    #[arg(long, value_name = "YES", num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set,
          help_heading = NETWORK)]
    pub bidirectional: bool,
    /// Train the hidden state that every sequence starts from
    #[arg(long, value_name = "YES", num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set,
          help_heading = NETWORK)]
    pub train_initial_state: bool,
    /// Share of the embeddings, of the numbers between layers and of the head's inputs that is zeroed
    #[arg(long, value_name = "RATE", value_parser = real(0.0..1.0, "at least 0 and below 1"), help_heading = TRAINING)]
    pub dropout: f64,
    /// Share of the hidden units that no step reads of the step before; which ones is drawn once for each sequence
    /// (of a text: for each window of it)
    #[arg(long, value_name = "RATE", value_parser = real(0.0..1.0, "at least 0 and below 1"), help_heading = TRAINING)]
    pub recurrent_dropout: f64,
    /// Noise on measured numbers while training, in units of their standard deviation; none on words and characters
    #[arg(long, value_name = "SIZE", value_parser = real(0.0..=10.0, "from 0 to 10"), help_heading = TRAINING)]
    pub noise: f64,
    /// Update rule
    #[arg(long, value_name = "NAME", help_heading = TRAINING)]
    pub optimizer: OptimizerName,
    /// Share of the last step that sgd and momentum keep [default: 0 for sgd, 0.9 for momentum]
    #[arg(long, value_name = "SHARE", value_parser = real(0.0..1.0, "at least 0 and below 1"), help_heading = TRAINING)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// How much the weights shrink: adamw by rate times this at every update, others by a penalty on their squares [default:
    /// 0.01 for adamw, 0 for others]
    #[arg(long, value_name = "SIZE", value_parser = real(0.0..=10.0, "from 0 to 10"), help_heading = TRAINING)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
    /// Start from the net of RUN: it may be taught more tokens, labels or classes, on other data, with a fresh optimizer;
    /// its shape need not be said again
    #[arg(long, value_name = "RUN", help_heading = TRAINING)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<PathBuf>,
    /// What the weights start as
    #[arg(long, value_name = "NAME", help_heading = TRAINING)]
    pub init_weights: InitName,
    /// Learning rate
    #[arg(long, value_name = "RATE", value_parser = real(f64::MIN_POSITIVE.., "above 0"), help_heading = TRAINING)]
    pub lr: f64,
    /// How the learning rate changes
    #[arg(long, value_name = "NAME", help_heading = TRAINING)]
    pub schedule: Schedule,
    /// Sequences per update
    #[arg(long, value_name = "N", value_parser = count(1..=1 << 20), help_heading = TRAINING)]
    pub batch: usize,
    /// Truncated backpropagation: send losses back every N steps; without it, once per sequence
    #[arg(long, value_name = "N", value_parser = count(1..=1 << 30), help_heading = TRAINING)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k1: Option<usize>,
    /// Truncated backpropagation: through at most N steps [default: the same as --k1]
    #[arg(long, value_name = "N", value_parser = count(1..=1 << 30), requires = "k1", help_heading = TRAINING)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k2: Option<usize>,
    /// Batches per update: their gradients are added up, as if they were one
    #[arg(long, value_name = "N", value_parser = count(1..=1 << 20), help_heading = TRAINING)]
    pub accumulate: usize,
    /// Updates at the beginning over which the learning rate rises to its full value
    #[arg(long, value_name = "N", value_parser = count(0..=1 << 30), help_heading = TRAINING)]
    pub warm_up: usize,
    /// Validate and keep a running mean of the parameters: the share of it that an update leaves, such as 0.999;
    /// 0 keeps the parameters themselves
    #[arg(long, value_name = "DECAY", value_parser = real(0.0..1.0, "at least 0 and below 1"), help_heading = TRAINING)]
    pub average: f64,
    /// Share of every target that is spread over all classes, so that the net is less sure of itself; never with
    /// --overfit-batch
    #[arg(long, value_name = "SHARE", value_parser = real(0.0..1.0, "at least 0 and below 1"), help_heading = TRAINING)]
    pub smoothing: f64,
    /// Longest gradient, over all parameters together; 0 never clips
    #[arg(long, value_name = "NORM", value_parser = real(0.0.., "0 or more"), help_heading = TRAINING)]
    pub clip_norm: f64,
    /// Passes over the training data, at most
    #[arg(long, value_name = "N", value_parser = count(1..=1 << 30), help_heading = TRAINING)]
    pub epochs: usize,
    /// Stop after N epochs without a better validation score; 0 never stops early
    #[arg(long, value_name = "N", value_parser = count(0..=1 << 30), help_heading = TRAINING)]
    pub patience: usize,
    /// Sanity check: learn from the first N sequences only, as one batch, and validate on them; a net that is
    /// large enough learns them by heart
    #[arg(long, value_name = "N", value_parser = count(1..=1 << 20), help_heading = TRAINING)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overfit_batch: Option<usize>,
    /// Stop after this time, such as 90s, 10m or 1h 30m, and keep the best model so far; a --schedule whose epochs do not fit in it
    /// goes by the time. A resumed run gets it anew
    #[arg(long, value_name = "TIME", help_heading = TRAINING)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<TimeLimit>,
    /// Within long epochs, write a checkpoint as often as this: a kill loses no more
    #[arg(long, value_name = "TIME", help_heading = TRAINING)]
    pub checkpoint_every: TimeLimit,
    /// Have the RNN doctor look after every epoch and say what he finds; he speaks up by himself on trouble
    #[arg(long, value_name = "YES", num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set,
          help_heading = TRAINING)]
    pub watch: bool,
    /// Draw the loss and the net at work, as it learns; on a terminal
    #[arg(long, conflicts_with = "quiet", help_heading = TRAINING)]
    #[serde(skip)]
    pub live: bool,
    /// Say nothing of the epochs: only notes on the data, trouble and the score in the end
    #[arg(long, help_heading = TRAINING)]
    #[serde(skip)]
    pub quiet: bool,
    /// Where all random numbers come from
    #[arg(long, value_name = "N", value_parser = seed, help_heading = TRAINING)]
    pub seed: u64,
    /// Threads at work; the result does not depend on it
    #[arg(long, value_name = "N", value_parser = count(1..=1024), help_heading = TRAINING)]
    pub threads: usize,
    #[command(flatten)]
    #[serde(flatten)]
    pub repeats: Repeats,
    /// Whether somebody wants the run to go on, though its patience may have run out.
    #[arg(skip)]
    #[serde(skip)]
    pub goes_on: bool,
    /// Nobody said how many epochs there are to be: few sequences may have more.
    #[arg(long, hide = true)]
    #[serde(skip)]
    pub usual_epochs: bool,
    /// Folder for the results; must be new or empty [default: the next free runs/TASK-N]
    #[arg(long, value_name = "RUN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out: Option<PathBuf>,
}

const NETWORK: &str = "The net";
const TRAINING: &str = "The training";

/// A stretch of time, as typed.
#[derive(Clone, Debug, Serialize)]
#[serde(into = "String")]
pub struct TimeLimit {
    typed: String,
    duration: Duration,
}

impl TimeLimit {
    /// How long it is.
    pub const fn duration(&self) -> Duration {
        self.duration
    }
}

impl FromStr for TimeLimit {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        match humantime::parse_duration(typed) {
            Ok(duration) if !duration.is_zero() => Ok(Self {
                typed: typed.to_owned(),
                duration,
            }),
            _ => Err("it must be a time with its unit, such as 90s, 10m or 1h 30m".to_owned()),
        }
    }
}

impl From<TimeLimit> for String {
    fn from(limit: TimeLimit) -> Self {
        limit.typed
    }
}

/// The update rule.
#[derive(ValueEnum, Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerName {
    /// Plain stochastic gradient descent
    Sgd,
    /// Gradient descent with momentum 0.9
    Momentum,
    Adagrad,
    Rmsprop,
    Adam,
    Adamw,
}

impl OptimizerName {
    /// As it is typed.
    pub fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// What the weights start as.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InitName {
    /// Recurrent weights that keep lengths, the rest as glorot
    Orthogonal,
    /// Uniform, by the numbers of inputs and outputs; biases zero, but for gates that remember
    Glorot,
    /// As PyTorch's layers
    Pytorch,
    /// Recurrent weights that keep the state, for relu; the rest as glorot
    Identity,
}

impl From<InitName> for Init {
    fn from(name: InitName) -> Self {
        match name {
            InitName::Orthogonal => Self::Orthogonal,
            InitName::Glorot => Self::Glorot,
            InitName::Pytorch => Self::Pytorch,
            InitName::Identity => Self::Identity,
        }
    }
}

/// How the learning rate changes.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Not at all
    Constant,
    /// Halved after every fifth of the epochs
    Step,
    /// Along half a cosine wave, down to 1 % at the last epoch
    Cosine,
    /// Halved whenever 3 epochs bring no better score
    Plateau,
}

impl Schedule {
    /// As it is typed.
    pub fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

impl Settings {
    /// What no single flag can tell.
    ///
    /// # Errors
    /// Flags that contradict each other.
    pub fn check(&self) -> Result<()> {
        if self.cell != CellName::Elman && self.activation.is_some() {
            return Err(Failure::input(format!(
                "--activation is of Elman's cell, and the functions of --cell {} are fixed: leave out --activation, on the \
                 command line and in a file of --config",
                self.cell.word()
            )));
        }
        let keeps = matches!(self.optimizer, OptimizerName::Sgd | OptimizerName::Momentum);
        if self.momentum.is_some() && !keeps {
            return Err(Failure::input(format!(
                "--momentum is of sgd and momentum, and --optimizer {} has means of its own",
                self.optimizer.name()
            )));
        }
        self.repeats.check(self.overfit_batch.is_some())?;
        match (self.k1, self.k2) {
            (Some(_), _) if self.bidirectional => Err(Failure::input(
                "--k1 needs --bidirectional false: a net that reads both ways needs the whole sequence, and windows of --k1 \
                 steps, in which text and echoes are learnt, are none",
            )),
            (Some(k1), Some(k2)) if k2 < k1 => Err(Failure::input(format!(
                "--k2 {k2} must be at least --k1 {k1}, or some steps would never be learnt from"
            ))),
            _ => Ok(()),
        }
    }

    /// A net with this input and head.
    ///
    /// # Errors
    /// A net that cannot be.
    pub fn spec(&self, input: Input, head: Head) -> Result<Spec> {
        let spec = Spec {
            input,
            layers: self.stack()?,
            initial_state: self.initial_state(),
            head,
            dropout: self.dropout(&input),
        };
        spec.check()?;
        Ok(spec)
    }

    /// The stacked layers.
    ///
    /// # Errors
    /// None: the number of layers was checked as it was typed.
    pub fn stack(&self) -> Result<Layers> {
        let activation = self.activation.map_or(Activation::Tanh, Into::into);
        let layer = Layer {
            hidden: self.hidden,
            direction: if self.bidirectional {
                Direction::Both
            } else {
                Direction::Forward
            },
            cell: self.cell.cell(activation, f32::INFINITY),
        };
        Ok(Layers::from_slice(&vec![layer; self.layers])?)
    }

    /// Where hidden states start.
    pub const fn initial_state(&self) -> InitialState {
        if self.train_initial_state {
            InitialState::Trained
        } else {
            InitialState::Zero
        }
    }

    /// The one rate at all inputs, but numbers that are measured are left alone; and the other through time.
    pub const fn dropout(&self, input: &Input) -> Dropout {
        let rate = self.dropout as f32;
        Dropout {
            input: match input {
                Input::Tokens { .. } => rate,
                Input::Dense { .. } => 0.0,
            },
            hidden: rate,
            head: rate,
            recurrent: self.recurrent_dropout as f32,
        }
    }

    /// Share of every target that is spread over all classes: none where a batch is to be learnt by heart, since no net
    /// could bring its loss down.
    pub const fn smoothing(&self) -> f32 {
        match self.overfit_batch {
            Some(_) => 0.0,
            None => self.smoothing as f32,
        }
    }

    /// Sequences per batch.
    pub const fn batch_size(&self) -> usize {
        match self.overfit_batch {
            Some(sequences) => sequences,
            None => self.batch,
        }
    }

    /// The share of the learning rate that the warm-up allows after so many updates.
    pub fn warmth(&self, updates: u64) -> f64 {
        ((updates + 1) as f64 / self.warm_up.max(1) as f64).min(1.0)
    }

    /// The update rule, with its usual constants where nobody says otherwise.
    pub fn optimizer(&self) -> Optimizer {
        let mut rule = match self.optimizer {
            OptimizerName::Sgd => Optimizer::SGD,
            OptimizerName::Momentum => Optimizer::Sgd {
                momentum: 0.9,
                nesterov: false,
                weight_decay: 0.0,
            },
            OptimizerName::Adagrad => Optimizer::ADAGRAD,
            OptimizerName::Rmsprop => Optimizer::RMSPROP,
            OptimizerName::Adam => Optimizer::ADAM,
            OptimizerName::Adamw => Optimizer::ADAMW,
        };
        if let (Optimizer::Sgd { momentum, .. }, Some(share)) = (&mut rule, self.momentum) {
            *momentum = share as f32;
        }
        if let Some(size) = self.weight_decay {
            let (Optimizer::Sgd { weight_decay, .. }
            | Optimizer::Adagrad { weight_decay, .. }
            | Optimizer::Rmsprop { weight_decay, .. }
            | Optimizer::Adam { weight_decay, .. }
            | Optimizer::AdamW { weight_decay, .. }) = &mut rule;
            *weight_decay = size as f32;
        }
        rule
    }

    /// How losses are sent back through time.
    pub fn truncation(&self) -> Truncation {
        match self.k1 {
            None => Truncation::FULL,
            Some(k1) => Truncation {
                k1,
                k2: self.k2.unwrap_or(k1),
            },
        }
    }
}

/// Every setting in force, as the file that `--config` reads back.
///
/// # Errors
/// None for settings that were typed as flags.
pub fn to_toml(task: &str, settings: &impl Serialize) -> Result<String> {
    let body = toml::to_string(settings)
        .map_err(|error| Failure::run(format!("cannot write the settings: {error}")))?;
    Ok(format!(
        "# elman train {task} --config THIS_FILE --out ANOTHER_FOLDER repeats the run exactly.\ntask = \"{task}\"\n{body}"
    ))
}

/// A configuration file: the task it is for, and settings named like flags.
pub struct ConfigFile {
    /// The task, if the file says so.
    pub task: Option<String>,
    fields: Vec<(String, String)>,
}

impl ConfigFile {
    /// Reads a file.
    ///
    /// # Errors
    /// A missing file, or bad TOML.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::read(path, &error))?;
        Self::parse(&text).map_err(|failure| failure.in_file(path))
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// Bad TOML.
    pub fn parse(text: &str) -> Result<Self> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| {
                text[..span.start.min(text.len())].lines().count().max(1)
            });
            Failure::input(format!("line {line}: {}", error.message()))
        })?;
        let mut file = Self {
            task: None,
            fields: Vec::new(),
        };
        for (name, value) in table {
            if let toml::Value::Array(values) = &value
                && let Some(texts) = values
                    .iter()
                    .map(toml::Value::as_str)
                    .collect::<Option<Vec<_>>>()
            {
                let fields = texts
                    .into_iter()
                    .map(|text| (name.clone(), text.to_owned()));
                file.fields.extend(fields);
                continue;
            }
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) => {
                    value.to_string()
                }
                _ => {
                    return Err(Failure::input(format!(
                        "{name} must be a text, a number, true or false"
                    )));
                }
            };
            if name == "task" {
                file.task = Some(value);
            } else {
                file.fields.push((name, value));
            }
        }
        Ok(file)
    }

    /// The settings as flags of `command`.
    ///
    /// # Errors
    /// A field that no flag is called.
    pub fn flags(&self, command: &Command) -> Result<Vec<OsString>> {
        let flag = |(name, value): &(String, String)| {
            let mut names = command.get_arguments().filter_map(clap::Arg::get_long);
            if names.any(|known| known == name && known != "config" && known != "help") {
                return Ok(format!("--{name}={value}").into());
            }
            Err(Failure::input(format!(
                "unknown field {name}; fields are called like the flags of elman train {}",
                command.get_name()
            )))
        };
        self.fields.iter().map(flag).collect()
    }
}
