//! Timing on a machine that has other things to do: medians of many short samples, and the machine's own limits
//! sampled in between, so that whatever slows the one slows the other.

use std::hint::black_box;
use std::time::{Duration, Instant};

use elman_core::{Error, Level, peak};

/// A sample lasts at least so long, so that reading the clock (about 30 ns) does not count.
const SAMPLE: Duration = Duration::from_micros(100);
/// Samples are taken for so long before the limits are looked at again.
const SLICE: Duration = Duration::from_millis(10);
/// Slow work gets so many samples even if time is up.
const LEAST_SAMPLES: usize = 3;
/// A look that the system interrupts lasts milliseconds longer and says nothing about the work: before the first slice
/// there are so many of them.
const LOOKS: usize = 3;

/// Seconds per call.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    pub median: f64,
    pub min: f64,
    /// How many calls were timed.
    pub calls: u64,
}

/// Times a call again and again until the budget is spent, and looks at the machine's limits in between.
///
/// # Errors
/// Those of the call.
pub fn time(
    budget: Duration,
    limits: &mut Limits,
    mut call: impl FnMut() -> Result<(), Error>,
) -> Result<Times, Error> {
    call()?;
    let mut repeat = |calls: u32| (0..calls).try_for_each(|_| call());
    let mut calls = 1;
    while quickest(|| repeat(calls))? < SAMPLE.as_secs_f64() {
        calls *= 2;
    }
    let mut samples = Vec::new();
    let start = Instant::now();
    while start.elapsed() < budget || samples.len() < LEAST_SAMPLES {
        limits.sample();
        let slice = Instant::now();
        while {
            samples.push(seconds(|| repeat(calls))?.1 / f64::from(calls));
            slice.elapsed() < SLICE
        } {}
    }
    samples.sort_by(f64::total_cmp);
    Ok(Times {
        median: samples[samples.len() / 2],
        min: samples[0],
        calls: samples.len() as u64 * u64::from(calls),
    })
}

/// What work that may fail returned, and how long it took.
fn seconds<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<(T, f64), Error> {
    let start = Instant::now();
    let done = work()?;
    Ok((done, start.elapsed().as_secs_f64()))
}

/// The seconds of the quickest of a few tries.
fn quickest(mut work: impl FnMut() -> Result<(), Error>) -> Result<f64, Error> {
    (0..LOOKS).try_fold(f64::INFINITY, |least, _| {
        Ok(least.min(seconds(&mut work)?.1))
    })
}

/// What one thread of this machine can do at most, as far as seen.
pub struct Limits {
    multiply_adds: Rate,
    reads: Rate,
}

impl Limits {
    /// At this level; reads are those of a buffer of so many bytes, again and again.
    pub fn new(level: Level, bytes: usize) -> Self {
        let multiply_adds = move |rounds: usize| {
            let (operations, number) = peak::multiply_adds(level, rounds);
            black_box(number);
            operations
        };
        let buffer = vec![Lines([1; _]); bytes.div_ceil(size_of::<Lines>())];
        let reads = move |passes: usize| {
            for _ in 0..passes {
                black_box(sum(black_box(&buffer)));
            }
            (passes * size_of_val(&buffer[..])) as u64
        };
        Self {
            multiply_adds: Rate::of(multiply_adds),
            reads: Rate::of(reads),
        }
    }

    fn sample(&mut self) {
        self.multiply_adds.sample();
        self.reads.sample();
    }

    /// 10⁹ floating-point operations per second that never leave the registers.
    pub const fn gflops(&self) -> f64 {
        self.multiply_adds.best
    }

    /// 10⁹ bytes read per second.
    pub const fn gigabytes(&self) -> f64 {
        self.reads.best
    }
}

/// The best rate of some work, in 10⁹ per second.
struct Rate {
    /// Does so many rounds and returns how much that was.
    work: Box<dyn FnMut(usize) -> u64 + Send>,
    rounds: usize,
    best: f64,
}

impl Rate {
    fn of(work: impl FnMut(usize) -> u64 + Send + 'static) -> Self {
        let mut rate = Self {
            work: Box::new(work),
            rounds: 1,
            best: 0.0,
        };
        (0..LOOKS).for_each(|_| rate.sample());
        rate
    }

    /// Looks once, for long enough: with more rounds if those of the last time are too few, which an interruption may
    /// have hidden.
    fn sample(&mut self) {
        loop {
            let start = Instant::now();
            let amount = (self.work)(self.rounds);
            let elapsed = start.elapsed();
            self.best = self.best.max(amount as f64 / elapsed.as_secs_f64() / 1e9);
            if elapsed >= SAMPLE {
                return;
            }
            self.rounds *= 2;
        }
    }
}

/// Two cache lines: as many sums side by side as it takes to keep the loads busy.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Lines([u32; 32]);

/// Reads every number once. Sums of integers, since more of them fit into a cycle than loads do, also where the
/// compiler may only use the oldest vectors: measured as fast as with AVX2 or AVX-512 from the second-level
/// cache on. From the first level those read twice as fast.
fn sum(buffer: &[Lines]) -> u32 {
    let mut sums = [0_u32; 32];
    for lines in buffer {
        for (sum, number) in sums.iter_mut().zip(lines.0) {
            *sum = sum.wrapping_add(number);
        }
    }
    sums.iter().fold(0, |all, sum| all.wrapping_add(*sum))
}
