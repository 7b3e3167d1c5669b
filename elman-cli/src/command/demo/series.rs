//! `elman demo series`: a chaotic wave on a parabola is forecast beyond everything seen in training, by a net with about half
//! of the error of the best linear sum.

use std::io::Write;

use crate::args::{DemoArgs, TrainTask, parse_job};
use crate::base::failure::{Failure, Result};
use crate::base::folder::{Run, write_atomic};
use crate::base::plot::{Screen, dots};
use crate::base::seeds::{self, Purpose};
use crate::data::table::Part;
use crate::task::args::EvalArgs;
use crate::task::forecast::{self, ForecastModel};
use crate::task::trained::Trained;
use crate::train::{self, Job};

/// Steps of the series, and where its parts for validation and test begin.
pub const STEPS: usize = 800;
const VALID: usize = 560;
const TEST: usize = 680;

/// Steps that are shown, and lines of the picture.
const SHOWN: usize = 72;
const LINES: usize = 14;

/// The story.
///
/// # Errors
/// A folder that exists or cannot be written.
pub fn run(args: &DemoArgs) -> Result<()> {
    let run = Run::create(args.out.as_deref(), "demo-series")?;
    let data = run.folder().join("series.csv");
    write_atomic(&data, table(args.seed).as_bytes())?;
    writeln!(
        std::io::stdout(),
        "A chaotic wave, some noise, and a part that grows as the square of time: {STEPS} steps.\n{} learns from the \
         first {VALID} to forecast the next value; it is tested on the last {}, all larger than\nanything before.\n",
        args.cell.net(),
        STEPS - TEST
    )?;
    let (seed, threads) = (args.seed.to_string(), args.threads.to_string());
    let flags = [
        ("train", data.as_os_str()),
        ("target", "y".as_ref()),
        ("split-column", "split".as_ref()),
        ("cell", args.cell.word().as_ref()),
        ("seed", seed.as_ref()),
        ("threads", threads.as_ref()),
    ];
    let TrainTask::Forecast(job) = parse_job(forecast::TASK, &flags)? else {
        return Err(Failure::run("these are no flags of a forecasting job"));
    };
    train::train_in(&run, &job.load()?, *job, None)?;
    show(&ForecastModel::open(&run)?, &run, args.threads)
}

/// Blood cells that are made again some time after they were missed (Mackey, Glass 1977, the equation with the delay 17, by
/// Euler's method): so many values, every sixth of the steps.
pub fn chaos(values: usize) -> Vec<f64> {
    const DELAY: usize = 17;
    const EVERY: usize = 6;
    /// Steps until nothing is left of how it began.
    const BEFORE: usize = 600;
    let mut x = vec![1.2f64; DELAY + 1];
    while x.len() < BEFORE + EVERY * values {
        let (now, then) = (x[x.len() - 1], x[x.len() - 1 - DELAY]);
        x.push(now + 0.2 * then / (1.0 + then.powi(10)) - 0.1 * now);
    }
    x[BEFORE..].iter().step_by(EVERY).copied().collect()
}

/// A value of the wave on the parabola of its step.
pub fn risen(step: usize, x: f64) -> f64 {
    10.0 * x + 0.0004 * (step as f64).powi(2)
}

/// The part that a step belongs to.
pub const fn part(step: usize) -> &'static str {
    match step {
        0..VALID => "train",
        VALID..TEST => "dev",
        _ => "test",
    }
}

/// The series as CSV.
fn table(seed: u64) -> String {
    let mut rng = seeds::generator(seed, Purpose::Demo, &[5]);
    let mut text = "t,y,split\n".to_owned();
    for (step, x) in chaos(STEPS).into_iter().enumerate() {
        let y = risen(step, x) + 0.1 * f64::from(seeds::normal(&mut rng));
        text += &format!("{step},{y:.4},{}\n", part(step));
    }
    text
}

fn show(forecaster: &ForecastModel, run: &Run, threads: u16) -> Result<()> {
    let args = EvalArgs {
        interval: None,
        runs: vec![run.folder().to_owned()],
        data: run.folder().join("series.csv"),
        part: Some(Part::Test),
        format: None,
        classes: None,
        columns: None,
        events: false,
        background: None,
        int8: false,
        json: false,
        threads,
    };
    let (targets, forecasts) = forecaster.compare(&args)?;
    let last = targets.len().saturating_sub(SHOWN);
    let screen = Screen::new();
    let picture = dots(&targets[last..], &forecasts[last..], LINES);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "\nThe last {SHOWN} values: {} what came, {} what was forecast one step before, * both\n",
        screen.paint(31, "o"),
        screen.paint(32, "+")
    )?;
    for line in picture {
        let painted = line.chars().map(|c| match c {
            'o' => screen.paint(31, "o"),
            '+' => screen.paint(32, "+"),
            other => other.to_string(),
        });
        writeln!(out, "  {}", painted.collect::<String>())?;
    }
    let folder = run.folder().display();
    Ok(writeln!(
        out,
        "\n{}\nThe noise alone, which nobody can forecast, is 0.1.\n\nNext:\n  elman predict {folder} --data {folder}/series.csv \
         --steps 50      fifty steps ahead, each from those before\n  elman train forecast --help",
        forecaster.evaluate(&args)?.table
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_part_lies_above_all_that_was_learnt_from() {
        let text = table(1);
        assert_eq!(text.lines().count(), STEPS + 1);
        let mean = |part: &str| {
            let rows = text.lines().filter(|line| line.ends_with(part));
            let values: Vec<f64> = rows
                .map(|row| row.split(',').nth(1).unwrap().parse().unwrap())
                .collect();
            values.iter().sum::<f64>() / values.len() as f64
        };
        assert!(mean("test") > 2.0 * mean("train") && mean("dev") > mean("train"));
        assert_ne!(table(2), text);
    }
}
