//! Measures one net: what a step costs, and whether its bits are the desktop's.
#![no_std]

use elman_core::{FixedStream, Inputs, Level, Shape, Strip};
use harness::{Counter, Report, line};

/// What is fed, and what has to come out.
pub struct Golden {
    /// Rows of inputs.
    pub inputs: &'static [f32],
    /// The desktop's outputs, with fused multiply-add and without.
    pub outputs: [&'static [f32]; 2],
    /// Those of f64, and what they lack as f32.
    pub exact: (&'static [f32], &'static [f32]),
}

/// Row `index` of rows of so many numbers. (`chunks_exact` divides by the width, which could be zero: a panic.)
fn row(rows: &'static [f32], index: u32, width: usize) -> Option<&'static [f32]> {
    let start = index as usize * width;
    rows.get(start..start + width).filter(|row| !row.is_empty())
}

/// Runs every step, `step` being the firmware's own call, and prints what it took.
#[inline(never)]
pub fn measure(
    width: usize,
    golden: &Golden,
    y: &mut [f32],
    step: &mut dyn FnMut(&[f32], &mut [f32]) -> bool,
) -> ! {
    let mut report = Report::new();
    let counter = Counter::new();
    let (mut total, mut most, mut stack, mut steps) = (0, 0, 0, 0);
    let (mut different, mut worst, mut done) = (0, 0.0_f32, true);
    let outputs = y.len();
    let [fused, unfused] = golden.outputs;
    let desktop = if Level::detect().is_fused() {
        fused
    } else {
        unfused
    };
    while let (Some(x), Some(expected), Some(high), Some(low)) = (
        row(golden.inputs, steps, width),
        row(desktop, steps, outputs),
        row(golden.exact.0, steps, outputs),
        row(golden.exact.1, steps, outputs),
    ) {
        let instructions = if steps == 1 {
            stack = harness::depth(&mut || done &= step(x, y));
            0
        } else {
            counter.of(&mut || done &= step(x, y))
        };
        total += instructions;
        most = most.max(instructions);
        steps += 1;
        for (&y, &expected) in y.iter().zip(expected) {
            different += u32::from(y.to_bits() != expected.to_bits());
        }
        for ((&y, &high), &low) in y.iter().zip(high).zip(low) {
            worst = worst.max(((y - high) - low).abs());
        }
    }
    line("steps", steps);
    line("instructions", total.checked_div(steps - 1).unwrap_or(0));
    line("instructions_most", most);
    line("stack", stack);
    line("error_e9", (worst * 1e9) as u32);
    line("different_bits", different);
    report.check("ran", done && steps == 64);
    report.check("accurate", worst < 2e-6);
    report.check("one_answer", different == 0);
    report.exit()
}

/// What a user writes: a net in flash, its state and scratch in RAM. Not inlined, as in a real program.
#[inline(never)]
pub fn net<S: Shape, const STATE: usize, const SCRATCH: usize>(
    packed: &'static [Strip],
    state: Option<&'static mut [f32; STATE]>,
    scratch: Option<&'static mut [Strip; SCRATCH]>,
) -> Option<FixedStream<'static, S>> {
    FixedStream::new(Level::detect(), &[], packed, state?, scratch?).ok()
}

/// One step.
#[inline(never)]
pub fn step<S: Shape>(net: &mut FixedStream<S>, x: &[f32], y: &mut [f32]) -> bool {
    net.step(Inputs::Dense(x), y).is_ok()
}

/// A firmware that measures the net of a file that the build script wrote.
#[macro_export]
macro_rules! firmware {
    ($numbers:literal) => {
        #[allow(missing_docs)]
        mod numbers {
            include!(concat!(env!("OUT_DIR"), $numbers));
        }

        use elman_core::{Shape, Spec, Strip};
        use harness::Slot;
        use numbers::*;

        struct Net;

        impl Shape for Net {
            const SPEC: Spec = SPEC;
        }

        static STATE: Slot<[f32; SPEC.state_len()]> = Slot::new([0.0; SPEC.state_len()]);
        static SCRATCH: Slot<[Strip; SPEC.stream_len()]> =
            Slot::new([Strip::ZERO; SPEC.stream_len()]);

        #[harness::entry]
        fn main() -> ! {
            let golden = $crate::Golden {
                inputs: &INPUTS,
                outputs: OUTPUTS,
                exact: (&EXACT, &EXACT_REST),
            };
            let mut y = [0.0; SPEC.output_width()];
            let mut net = $crate::net::<Net, _, _>(&PACKED, STATE.take(), SCRATCH.take());
            $crate::measure(SPEC.input.width(), &golden, &mut y, &mut |x, y| {
                net.as_mut().is_some_and(|net| $crate::step(net, x, y))
            })
        }
    };
}
