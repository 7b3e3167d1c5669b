//! The echo task: data from a seed.

use std::path::{Path, PathBuf};

use elman_core::{Level, Model, Spec, Target};

use super::args::EchoArgs;
use super::{EchoMeaning, TASK};
use crate::base::failure::{Failure, Result};
use crate::base::seeds::{self, Purpose};
use crate::data::Sequences;
use crate::net::gather::longest_first;
use crate::net::infer;
use crate::task::label::{best, nats};
use crate::train::Job;
use crate::train::settings::{Defaults, Settings};
use crate::train::task::{Measure, Task, Walk};

/// The sizes of the tutorial that the task is known from.
pub const DEFAULTS: &Defaults = &[
    ("hidden", "4"),
    ("layers", "1"),
    ("embedding", "1"),
    ("window", "1"),
    ("activation", "tanh"),
    ("bidirectional", "false"),
    ("train-initial-state", "false"),
    ("dropout", "0"),
    ("optimizer", "adagrad"),
    ("lr", "0.3"),
    ("schedule", "constant"),
    ("batch", "5"),
    ("k1", "15"),
    ("clip-norm", "0"),
    ("epochs", "100"),
    ("patience", "0"),
];

/// Shared flags that are not for echoes.
pub const UNUSED: &[&str] = &["bidirectional", "window", "embedding", "noise"];

/// Symbols to validate on, for each to learn from.
const VALID_SHARE: f64 = 0.2;

/// Steps of validation that are run at once.
const STEPS: usize = 200;

/// An echo job.
#[derive(Debug)]
pub struct EchoTask {
    spec: Spec,
    meaning: EchoMeaning,
    train: Sequences,
    valid: Sequences,
}

impl EchoTask {
    /// Draws the symbols.
    ///
    /// # Errors
    /// Streams that end before the first echo; settings that cannot be for echoes.
    pub fn new(args: &EchoArgs) -> Result<Self> {
        let settings = &args.settings;
        check(settings)?;
        let meaning = EchoMeaning {
            classes: args.classes as usize,
            delay: args.delay as usize,
        };
        let (steps, streams) = (args.steps_per_epoch as usize, settings.batch);
        let valid_steps = (steps as f64 * VALID_SHARE).ceil() as usize;
        let shortest = (valid_steps / streams).min(steps / streams);
        if shortest <= meaning.delay {
            return Err(Failure::input(format!(
                "--steps-per-epoch {steps} in --batch {streams} streams are too few for --delay {}: there would be no echo \
                 to validate on",
                args.delay
            )));
        }
        let spec = Spec {
            input: meaning.input(),
            layers: settings.stack()?,
            initial_state: settings.initial_state(),
            head: meaning.head(),
            dropout: settings.dropout(&meaning.input()),
        };
        spec.check()?;
        let streams = settings.overfit_batch.unwrap_or(streams);
        let train = learnt(&meaning, settings.seed, streams, steps / settings.batch);
        let valid = judged(
            &meaning,
            settings.seed,
            streams,
            valid_steps / settings.batch,
        );
        Ok(Self {
            valid: match settings.overfit_batch {
                Some(_) => train.clone(),
                None => valid,
            },
            spec,
            train,
            meaning,
        })
    }
}

impl EchoTask {
    /// Symbols to look at, and what a net makes of them.
    pub fn sample(&self, seed: u64, steps: usize) -> (Vec<u32>, Sequences) {
        let symbols = draw(&self.meaning, seed, [3, 0], steps);
        let mut sequences = self.meaning.sequences();
        self.meaning.push_all(&mut sequences, &symbols);
        (symbols, sequences)
    }
}

/// What a net that hears one symbol after another cannot do.
fn check(settings: &Settings) -> Result<()> {
    if settings.bidirectional {
        return Err(Failure::input(
            "--bidirectional is not for echoes: the task is to remember, and the streams have no end to start from",
        ));
    }
    if settings.window > 1 || settings.embedding > 1 {
        return Err(Failure::input(
            "--window and --embedding must be 1 for echoes: one symbol is heard at a time",
        ));
    }
    if settings.noise > 0.0 {
        return Err(Failure::input(
            "--noise is for measured numbers, and an echo has none",
        ));
    }
    Ok(())
}

/// Symbols of the echo task, always the same for the same place.
fn draw(meaning: &EchoMeaning, seed: u64, place: [u64; 2], count: usize) -> Vec<u32> {
    let mut rng = seeds::generator(seed, Purpose::Demo, &place);
    (0..count)
        .map(|_| seeds::below(&mut rng, meaning.classes) as u32)
        .collect()
}

/// Streams to learn from. Their first echoes are of symbols before the stream: nobody can know them, and they count all
/// the same, as in the tutorial – the loss jumps where a stream begins.
fn learnt(meaning: &EchoMeaning, seed: u64, streams: usize, steps: usize) -> Sequences {
    let mut sequences = meaning.sequences();
    for stream in 0..streams as u64 {
        let symbols = draw(meaning, seed, [1, stream], steps + meaning.delay);
        let heard = &symbols[meaning.delay..];
        for (&symbol, &echo) in heard.iter().zip(&symbols) {
            meaning.push(&mut sequences, symbol, Target::class(echo));
        }
        sequences.end_sequence();
    }
    sequences
}

/// Streams to validate on.
fn judged(meaning: &EchoMeaning, seed: u64, streams: usize, steps: usize) -> Sequences {
    let mut sequences = meaning.sequences();
    for stream in 0..streams as u64 {
        meaning.push_all(&mut sequences, &draw(meaning, seed, [2, stream], steps));
    }
    sequences
}

/// Sums over echoes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scores {
    pub nats: f64,
    pub right: usize,
    pub items: usize,
}

impl Scores {
    /// Mean nats per echo.
    pub fn loss(&self) -> f64 {
        self.nats / self.items.max(1) as f64
    }

    /// Share of echoes that are right.
    pub fn accuracy(&self) -> f64 {
        self.right as f64 / self.items.max(1) as f64
    }

    /// Of a net on some sequences.
    ///
    /// # Errors
    /// None for a net of this task.
    pub fn measure(model: &Model<'_>, sequences: &Sequences) -> Result<Self> {
        let mut scores = Self::default();
        let (order, width) = (longest_first(sequences), model.spec().output_width());
        let level = Level::detect();
        infer::walk(level, model, sequences, &order, STEPS, |places, rows| {
            for (&place, row) in places.iter().zip(rows.chunks_exact(width)) {
                if let Some(class) = sequences.classes()[place].get() {
                    let class = class as usize;
                    scores.nats += nats(row[class]);
                    scores.right += usize::from(best(row) == class);
                    scores.items += 1;
                }
            }
            Ok(())
        })?;
        Ok(scores)
    }
}

impl Job for EchoArgs {
    type Task = EchoTask;

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
        Vec::new()
    }

    fn load(&self) -> Result<EchoTask> {
        EchoTask::new(self)
    }
}

impl Task for EchoTask {
    type Meaning = EchoMeaning;

    const NAME: &'static str = TASK;

    fn next(folder: &str) -> String {
        format!("echo 0110100111 | elman predict {folder} --data -")
    }

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn meaning(&self) -> &EchoMeaning {
        &self.meaning
    }

    fn train(&self) -> &Sequences {
        &self.train
    }

    fn walk(&self) -> Walk {
        Walk::Streams
    }

    fn train_line(&self, _: usize) -> usize {
        1
    }

    fn valid(&self) -> &Sequences {
        &self.valid
    }

    fn score_name(&self) -> &'static str {
        "accuracy"
    }

    fn measure(&self, model: &Model<'_>) -> Result<Measure> {
        let scores = Scores::measure(model, &self.valid)?;
        Ok(Measure {
            loss: scores.loss(),
            score: scores.accuracy(),
        })
    }
}
