//! `elman bench`: throughput of this machine, beside what it could do at most.

mod clock;
mod net;
mod plan;
mod report;

use std::io::{IsTerminal, Write, stdout};
use std::sync::Mutex;
use std::time::Duration;

use elman_core::{Error, Exchange, Inputs, Level, Share};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use crate::args::{BenchArgs, Mode};
use crate::base::failure::Result;
use crate::base::team::{self, Claim};
use crate::base::threads::on_threads;
use clock::{Limits, Times, time};
use net::Net;
use plan::{Measurement, find_level, measurements};
use report::BenchReport;

/// The command.
///
/// # Errors
/// Dimensions that are missing or too large, or an instruction set that this CPU lacks.
pub fn run(args: &BenchArgs) -> Result<()> {
    let level = find_level(args.level)?;
    let measurements = measurements(args)?;
    let table = measurements.len() > 1 && !args.json;
    let progress = Progress::new(measurements.len());
    if table {
        progress.print(&BenchReport::head(&measurements[0], level))?;
    }
    for measurement in &measurements {
        progress.start(measurement);
        let report = measure(measurement, level, Duration::from_secs_f64(args.seconds))?;
        let line = if table {
            report.to_row()
        } else {
            report.to_json()
        };
        progress.print(&line)?;
    }
    Ok(())
}

fn measure(measurement: &Measurement, level: Level, budget: Duration) -> Result<BenchReport> {
    let Measurement {
        dims,
        threads,
        storage,
        ..
    } = *measurement;
    let together = measurement.mode == Mode::Forward && dims.batch == 1 && threads > 1;
    let mut net = if together {
        Net::for_workers(dims, storage, threads)?
    } else {
        Net::new(dims, storage)?
    };
    let mut limits = Limits::new(level, measurement.recurrent_bytes());
    let pass = match (measurement.mode, measurement.threads) {
        (Mode::Forward, 1) => Net::forward,
        (Mode::Forward, _) => forward_in_parallel,
        (Mode::Train, 1) => Net::train,
        (Mode::Train, _) => train_in_parallel,
        (Mode::Stream, _) => {
            let times = net.stream(level, |stream, x, y| {
                time(budget, &mut limits, || stream.step(Inputs::Dense(x), y))
            })??;
            return Ok(BenchReport::new(measurement, level, &times, &limits));
        }
    };
    if together {
        let times = on_threads(threads, || {
            let claim = team::claim().expect("a benchmark runs alone");
            Ok(time_together(&claim, &mut net, level, budget, &mut limits)?)
        })?;
        return Ok(BenchReport::new(measurement, level, &times, &limits));
    }
    let mut work = || Ok(time(budget, &mut limits, || pass(&mut net, level))?);
    let times = if measurement.threads == 1 {
        work()?
    } else {
        on_threads(measurement.threads, work)?
    };
    Ok(BenchReport::new(measurement, level, &times, &limits))
}

/// [`Net::forward`] on the threads of the rayon pool around it.
fn forward_in_parallel(net: &mut Net, level: Level) -> Result<(), Error> {
    let (weights, shards) = net.parts();
    shards
        .par_iter_mut()
        .with_max_len(1)
        .try_for_each(|shard| shard.forward(level, weights))
}

/// Times the single sequence of [`Net::for_workers`] on the threads of the rayon pool around it: the bits of [`Net::forward`].
fn time_together(
    claim: &Claim,
    net: &mut Net,
    level: Level,
    budget: Duration,
    limits: &mut Limits,
) -> Result<Times, Error> {
    let widest = net.widest();
    let (weights, shards) = net.parts();
    let limits = Mutex::new(limits);
    let found = team::run(claim, shards, widest, |shard, share, exchange| {
        if !share.is_first() {
            while said(share, exchange, false) {
                shard.forward_share(level, weights, share, exchange)?;
            }
            return Ok(None);
        }
        let mut limits = limits.lock().expect("the first member alone");
        let times = time(budget, &mut limits, || {
            said(share, exchange, true);
            shard.forward_share(level, weights, share, exchange)
        });
        said(share, exchange, false);
        times.map(Some)
    });
    let mut times = None;
    for found in found {
        times = times.or(found?);
    }
    Ok(times.expect("the first member measured"))
}

/// Whether there is more to do, as the first member says.
fn said(share: Share, exchange: &mut dyn Exchange, go_on: bool) -> bool {
    let mut word = [f32::from(u8::from(go_on))];
    team::told(share, exchange, &mut word);
    word[0] > 0.0
}

/// [`Net::train`] on the threads of the rayon pool around it: the same bits, however many they are.
fn train_in_parallel(net: &mut Net, level: Level) -> Result<(), Error> {
    let (weights, shards) = net.parts();
    shards
        .par_iter_mut()
        .with_max_len(1)
        .try_for_each(|shard| shard.train(level, weights))?;
    net.add_up(level)
}

/// A line on a terminal that says what is being measured. Nothing ticks: a thread that wakes up would be measured.
struct Progress(ProgressBar);

impl Progress {
    fn new(measurements: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template("{pos}/{len}  {msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::new(measurements as u64).with_style(style))
    }

    fn start(&self, measurement: &Measurement) {
        self.0.inc(1);
        self.0.set_message(format!(
            "measuring {} {}",
            measurement.mode.name(),
            measurement.dims
        ));
        self.0.tick();
    }

    /// A line on standard output.
    fn print(&self, line: &str) -> Result<()> {
        Ok(self.0.suspend(|| {
            let mut out = stdout().lock();
            writeln!(out, "{line}").and_then(|()| out.flush())
        })?)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::net::{Dims, Storage};
    use super::*;

    #[test]
    fn outputs_and_gradients_do_not_depend_on_the_number_of_threads() {
        let level = Level::detect();
        let results = |net: &mut Net| {
            let (_, shards) = net.parts();
            let outputs: Vec<f32> = shards.iter().flat_map(|s| s.outputs.clone()).collect();
            (outputs, shards[0].gradients.clone())
        };
        let mut net = Net::new(Dims::of([37, 5, 3, 20, 4]), Storage::F32).expect("a sound net");
        assert_eq!(net.parts().1.len(), 3, "fixed shards");
        net.forward(level).expect("a sound pass");
        net.train(level).expect("a sound pass");
        let alone = results(&mut net);
        assert!(alone.0.iter().chain(&alone.1).any(|&x| x != 0.0));
        for threads in [1, 2, 3, 5] {
            let mut net = Net::new(Dims::of([37, 5, 3, 20, 4]), Storage::F32).expect("a sound net");
            on_threads(threads, || {
                forward_in_parallel(&mut net, level)?;
                Ok(train_in_parallel(&mut net, level)?)
            })
            .expect("a sound pass");
            assert!(results(&mut net) == alone, "{threads} threads");
        }
    }

    #[test]
    fn workers_of_one_sequence_find_what_one_finds() {
        let (level, dims) = (Level::detect(), Dims::of([1, 9, 3, 40, 4]));
        let mut alone = Net::new(dims, Storage::F32).expect("a sound net");
        alone.forward(level).expect("a sound pass");
        let expected = alone.parts().1[0].outputs.clone();
        let mut net = Net::for_workers(dims, Storage::F32, 3).expect("a sound net");
        let mut limits = Limits::new(level, 1024);
        on_threads(3, || {
            let claim = team::claim_in_turn();
            Ok(time_together(
                &claim,
                &mut net,
                level,
                Duration::ZERO,
                &mut limits,
            )?)
        })
        .expect("a sound pass");
        // Three rows of four outputs each.
        let shards = net.parts().1.iter().enumerate();
        let found = shards.flat_map(|(i, shard)| shard.outputs[12 * i..12 * (i + 1)].to_vec());
        assert_eq!(found.collect::<Vec<f32>>(), expected);
    }

    #[test]
    fn training_again_gives_the_same_gradients() {
        let level = Level::detect();
        let mut net = Net::new(Dims::of([17, 3, 2, 5, 2]), Storage::F32).expect("a sound net");
        net.train(level).expect("a sound pass");
        let first = net.parts().1[0].gradients.clone();
        net.train(level).expect("a sound pass");
        assert_eq!(first, net.parts().1[0].gradients);
    }
}
