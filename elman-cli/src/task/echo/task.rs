//! The echo task: data from a seed.

use std::path::PathBuf;

use elman_core::Target;

use super::args::{DEFAULTS, EchoArgs};
use super::meaning::EchoMeaning;
use super::scores::EchoScores;
use crate::base::failure::{Failure, Result};
use crate::base::seeds::{self, Purpose};
use crate::base::tell::tell;
use crate::data::Sequences;
use crate::net::network::Network;
use crate::train::Job;
use crate::train::defaults::Defaults;
use crate::train::measure::Measure;
use crate::train::pretrained::Pretrained;
use crate::train::settings::Settings;
use crate::train::task::{Task, TaskData, Walk};

/// Symbols to validate on, for each to learn from.
const VALID_SHARE: f64 = 0.2;

/// An echo job.
#[derive(Debug)]
pub struct EchoTask(TaskData<EchoMeaning>);

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
        let reach = settings.truncation().k2;
        if reach <= meaning.delay {
            tell!(
                "elman: warning: --k2 {reach} sends losses back over {reach} steps, the one at hand included, which does not reach \
                 over --delay {}: \
                 what lies further back is learnt by luck alone",
                args.delay
            );
        }
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
        let spec = settings.spec(meaning.input(), meaning.head())?;
        let streams = settings.overfit_batch.unwrap_or(streams);
        let train = learnt(&meaning, settings.seed, streams, steps / settings.batch);
        let valid = judged(
            &meaning,
            settings.seed,
            streams,
            valid_steps / settings.batch,
        );
        let mut data = TaskData {
            valid: match settings.overfit_batch {
                Some(_) => train.clone(),
                None => valid,
            },
            spec,
            train_lines: vec![1; train.len()],
            train,
            meaning,
            hiding: None,
            class_weights: None,
            transitions: None,
            vectors: None,
            pretrained: None,
        };
        if let Some(from) = Pretrained::of(settings)? {
            from.into_data(&mut data)?;
        }
        Ok(Self(data))
    }
}

impl EchoTask {
    /// Symbols to look at, and what a net makes of them.
    pub fn sample(&self, seed: u64, steps: usize) -> (Vec<u32>, Sequences) {
        let symbols = draw(&self.0.meaning, seed, [3, 0], steps);
        let mut sequences = self.0.meaning.sequences();
        self.0.meaning.push_all(&mut sequences, &symbols);
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

impl Job for EchoArgs {
    type Task = EchoTask;

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
        self.settings.init.iter_mut().collect()
    }

    fn load(&self) -> Result<EchoTask> {
        EchoTask::new(self)
    }
}

impl Task for EchoTask {
    type Meaning = EchoMeaning;

    fn data(&self) -> &TaskData<EchoMeaning> {
        &self.0
    }

    fn next(folder: &str) -> String {
        format!("echo 0110100111 | elman predict {folder} --data -")
    }

    fn walk(&self) -> Walk {
        Walk::Streams
    }

    fn score_name(&self) -> &'static str {
        "accuracy"
    }

    fn measure(&self, network: &Network) -> Result<Measure> {
        let scores = EchoScores::measure(&network.model()?, &self.0.valid)?;
        Ok(Measure {
            loss: scores.loss(),
            score: scores.accuracy(),
        })
    }
}
