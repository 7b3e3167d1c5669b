//! No net: what it takes to scale six columns in single precision.
#![no_std]
#![no_main]

use core::hint::black_box;
use harness::{Counter, Report, line};

const MEANS: [f32; 6] = [0.25, -1.5, 9.81, 0.0, 40.0, -3.0];
const FACTORS: [f32; 6] = [1.5, 0.4, 0.125, 2.0, 0.05, 1.0];

/// What a user writes between a sensor and a net.
#[inline(never)]
fn scale(samples: &[f32; 6], means: &[f32; 6], factors: &[f32; 6], to: &mut [f32; 6]) {
    for (to, ((x, mean), factor)) in to.iter_mut().zip(samples.iter().zip(means).zip(factors)) {
        *to = (x - mean) * factor;
    }
}

#[harness::entry]
fn main() -> ! {
    let mut report = Report::new();
    let counter = Counter::new();
    let (samples, mut to) = ([1.25, -0.5, 10.81, 1.0, 41.0, -2.0], [0.0; 6]);
    let (samples, means, factors) = (black_box(&samples), black_box(&MEANS), black_box(&FACTORS));
    let mut work = || scale(samples, means, factors, black_box(&mut to));
    let (stack, instructions) = (harness::depth(&mut work), counter.of(&mut work));
    line("instructions", instructions);
    line("stack", stack);
    // Every sample lies one above its mean.
    let right = |(y, factor): (&f32, &f32)| (y - factor).abs() < 1e-6;
    report.check("scaled", to.iter().zip(&FACTORS).all(right));
    report.exit()
}
