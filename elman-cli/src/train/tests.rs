//! The loop on a task of its own: bits that should come out again five steps later, walked as streams.

use elman_core::{Dropout, Head, HeadKind, Input, Layer, Layers, Level, Read, Spec, Target};

use super::follow::follow_with;
use super::lead::agree;
use super::trainer::Trainer;
use crate::args::test_settings;
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::base::interrupt::Interrupt;
use crate::base::ranks::Ranks;
use crate::base::ranks::threads::side_by_side;
use crate::base::seeds::{self, Purpose};
use crate::data::{Rows, Sequences, Targets};
use crate::net::infer;
use crate::net::network::Network;
use crate::train::measure::Measure;
use crate::train::settings::Settings;
use crate::train::task::{Meaning, Task, TaskData, Walk};

const DELAY: usize = 5;

/// Four shards.
const STREAMS: usize = 28;

impl Meaning for () {
    const TASK: &'static str = "toy";
    const MISFIT: &'static str = "not this toy's net";

    fn fits(&self, _: &Spec) -> bool {
        true
    }
}

struct Echo(TaskData<()>);

impl Echo {
    /// Twenty-eight streams, of which four are a step longer than others.
    fn new(settings: &Settings) -> Self {
        let mut streams = Sequences::new(Rows::numbers(1), Targets::classes(), Read::EveryStep);
        let mut rng = seeds::generator(5, Purpose::Demo, &[]);
        for stream in 0..STREAMS {
            let steps = if stream < 4 { 101 } else { 100 };
            let bits: Vec<u32> = (0..steps)
                .map(|_| seeds::below(&mut rng, 2) as u32)
                .collect();
            for (step, &bit) in bits.iter().enumerate() {
                let echo = step
                    .checked_sub(DELAY)
                    .map(|step| Target::class(bits[step]));
                streams.push_numbers([bit as f32]);
                streams.push_class(echo.unwrap_or(Target::IGNORED));
            }
            streams.end_sequence();
        }
        let spec = Spec {
            input: Input::Dense { width: 1 },
            layers: Layers::of([Layer::tanh(8)]),
            initial_state: settings.initial_state(),
            head: Head {
                kind: HeadKind::Softmax { outputs: 2 },
                read: Read::EveryStep,
            },
            dropout: Dropout::NONE,
        };
        Self(TaskData {
            spec,
            meaning: (),
            train_lines: vec![1; streams.len()],
            train: streams.clone(),
            valid: streams,
            hiding: None,
            class_weights: None,
            transitions: None,
            vectors: None,
            pretrained: None,
        })
    }
}

impl Task for Echo {
    type Meaning = ();

    fn data(&self) -> &TaskData<()> {
        &self.0
    }

    fn walk(&self) -> Walk {
        Walk::Streams
    }

    fn score_name(&self) -> &'static str {
        "accuracy"
    }

    fn measure(&self, network: &Network) -> Result<Measure> {
        let (mut right, mut items, mut loss) = (0.0, 0.0, 0.0);
        let order: Vec<usize> = (0..STREAMS).collect();
        infer::walk(
            Level::detect(),
            &network.model()?,
            &self.0.valid,
            &order,
            7,
            |places, rows| {
                for (&place, row) in places.iter().zip(rows.chunks(2)) {
                    if let Some(class) = self.0.valid.classes()[place].get() {
                        let p = f64::from(row[class as usize]);
                        right += f64::from(p > 0.5);
                        loss -= p.max(1e-30).ln();
                        items += 1.0;
                    }
                }
                Ok(())
            },
        )?;
        Ok(Measure {
            loss: loss / items,
            score: right / items,
        })
    }
}

const FLAGS: [&str; 6] = [
    "--bidirectional=false",
    "--lr=0.02",
    "--epochs=12",
    "--patience=0",
    "--dropout=0",
    "--train-initial-state",
];

fn settings(more: &[&str]) -> Settings {
    test_settings(&[&FLAGS, more].concat())
}

/// Trains in a folder, stopping without a word after each of these numbers of updates; returns the last checkpoint and
/// the best score.
fn train(settings: &Settings, stops: &[usize]) -> (Vec<u8>, f64) {
    let home = tempfile::tempdir().expect("a temporary folder");
    let run = Run::open(home.path()).expect("a folder");
    let task = Echo::new(settings);
    for &updates in stops {
        stop_after(&task, settings, &run, updates, &Ranks::alone());
    }
    train_on(&task, settings, &run, &Ranks::alone())
}

fn stop_after(task: &Echo, settings: &Settings, run: &Run, updates: usize, ranks: &Ranks) {
    let trainer = Trainer::new(task, settings, run, Interrupt::default(), ranks);
    trainer
        .expect("a trainer")
        .stop_after(updates)
        .expect("some updates");
}

fn train_on(task: &Echo, settings: &Settings, run: &Run, ranks: &Ranks) -> (Vec<u8>, f64) {
    let trainer = Trainer::new(task, settings, run, Interrupt::default(), ranks);
    let outcome = trainer.expect("a trainer").run().expect("an end");
    let model = std::fs::read(run.model()).expect("a model");
    let checkpoint = std::fs::read(run.checkpoint()).expect("a checkpoint");
    ([model, checkpoint].concat(), outcome.score)
}

/// The same by several ranks, and as many others go on after each stop as `ranks` has numbers.
fn train_among(settings: &Settings, ranks: &[usize], stops: &[usize]) -> Vec<u8> {
    let home = tempfile::tempdir().expect("a temporary folder");
    let run = Run::open(home.path()).expect("a folder");
    let task = Echo::new(settings);
    let stops = stops.iter().map(|&updates| Some(updates)).chain([None]);
    let mut result = Vec::new();
    for (stop, &count) in stops.zip(ranks.iter().cycle()) {
        let ends = side_by_side(count, |ranks| {
            if !ranks.all().is_first() {
                let task = Ok(Echo::new(settings));
                follow_with(&ranks, task, settings, &Interrupt::default()).expect("an end");
                return None;
            }
            agree(&ranks, &task).expect("the same data");
            match stop {
                Some(updates) => stop_after(&task, settings, &run, updates, &ranks),
                None => return Some(train_on(&task, settings, &run, &ranks).0),
            }
            None
        });
        result.extend(ends.into_iter().flatten());
    }
    result.concat()
}

#[test]
fn streams_are_learnt_if_the_losses_reach_back_far_enough() {
    assert_eq!(train(&settings(&["--k1=4", "--k2=8"]), &[]).1, 1.0);
    assert_eq!(train(&settings(&["--k1=2", "--k2=8"]), &[]).1, 1.0);
    let short = train(&settings(&["--k1=1", "--k2=2"]), &[]).1;
    assert!(short < 0.9, "{short}");
}

#[test]
fn streams_go_on_in_the_middle_of_an_epoch() {
    for more in [
        &["--k1=3", "--k2=7", "--threads=1"][..],
        &["--k1=5", "--accumulate=3", "--warm-up=40"],
        &["--k1=5", "--schedule=plateau", "--optimizer=sgd"],
        &["--k1=5", "--average=0.9", "--smoothing=0.1"],
    ] {
        let settings = settings(more);
        let uninterrupted = train(&settings, &[]).0;
        assert!(
            uninterrupted == train(&settings, &[1, 5, 20, 2]).0,
            "{more:?}"
        );
    }
    let both = ["--k1=3", "--k2=7"];
    let settings = [1, 4].map(|n| settings(&[&both[..], &[&format!("--threads={n}")]].concat()));
    assert!(train(&settings[0], &[]).0 == train(&settings[1], &[]).0);
}

#[test]
fn ranks_change_nothing() {
    for more in [
        &["--k1=3", "--k2=7"][..],
        &[
            "--k1=5",
            "--accumulate=3",
            "--average=0.9",
            "--schedule=plateau",
        ],
    ] {
        let settings = settings(&[&["--epochs=3"], more].concat());
        let alone = train(&settings, &[]).0;
        for ranks in 1..=5 {
            assert!(
                alone == train_among(&settings, &[ranks], &[]),
                "{ranks} ranks, {more:?}"
            );
        }
        let going_on = train_among(&settings, &[3, 1, 2, 4], &[7, 20, 2]);
        assert!(alone == going_on, "{more:?}");
    }
}

#[test]
fn a_rank_without_the_data_is_named() {
    let settings = settings(&["--k1=3"]);
    side_by_side(3, |ranks| {
        let task = Echo::new(&settings);
        if ranks.all().is_first() {
            let complaint = agree(&ranks, &task).unwrap_err().to_string();
            assert_eq!(complaint, "rank 2 on a thread: no such file");
            return;
        }
        let task = match ranks.all().rank() {
            1 => Ok(task),
            _ => Err(Failure::input("no such file")),
        };
        follow_with(&ranks, task, &settings, &Interrupt::default()).expect("an end");
    });
}
