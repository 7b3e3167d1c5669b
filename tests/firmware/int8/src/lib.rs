//! Measures one int8 net: what a step costs, and whether its integers are the desktop's.
#![no_std]

use elman_core::quantized::{Integers, QuantizedStream};
use harness::{Counter, Report, line};

/// What is fed, and what has to come out.
pub struct Golden {
    /// Rows of inputs.
    pub inputs: &'static [i16],
    /// The desktop's logits.
    pub logits: &'static [i32],
    /// What f64 makes of the net before it was rounded.
    pub exact: &'static [f32],
}

/// One step.
#[inline(never)]
fn step(net: &mut QuantizedStream, x: &[i16], y: &mut [i32]) -> bool {
    net.step_integers(Integers::Dense(x), y).is_ok()
}

/// Runs every step and prints what it took.
#[inline(never)]
pub fn measure(
    width: usize,
    golden: &Golden,
    net: Option<(QuantizedStream, f32)>,
    y: &mut [i32],
) -> ! {
    let mut report = Report::new();
    let Some((mut net, unit)) = net else {
        report.check("made", false);
        report.exit()
    };
    let counter = Counter::new();
    let (mut total, mut most, mut stack, mut steps) = (0, 0, 0, 0);
    let (mut different, mut worst, mut done) = (0, 0.0_f32, true);
    let rows = golden.inputs.chunks_exact(width.max(1));
    let expected = golden.logits.chunks_exact(y.len().max(1));
    let exact = golden.exact.chunks_exact(y.len().max(1));
    for ((x, expected), exact) in rows.zip(expected).zip(exact) {
        let instructions = if steps == 1 {
            stack = harness::depth(&mut || done &= step(&mut net, x, y));
            0
        } else {
            counter.of(&mut || done &= step(&mut net, x, y))
        };
        total += instructions;
        most = most.max(instructions);
        steps += 1;
        for ((&y, &expected), &exact) in y.iter().zip(expected).zip(exact) {
            different += u32::from(y != expected);
            worst = worst.max((y as f32 * unit - exact).abs());
        }
    }
    line("steps", steps);
    line("instructions", total.checked_div(steps - 1).unwrap_or(0));
    line("instructions_most", most);
    line("stack", stack);
    line("error_e9", (worst * 1e9) as u32);
    line("different_bits", different);
    report.check("ran", done && steps == 64);
    report.check("accurate", worst < 0.025);
    report.check("one_answer", different == 0);
    report.exit()
}

/// A firmware that measures the net of a file that the build script wrote.
#[macro_export]
macro_rules! firmware {
    ($numbers:literal) => {
        #[allow(missing_docs)]
        mod numbers {
            include!(concat!(env!("OUT_DIR"), $numbers));
        }

        use elman_core::quantized::{QuantizedModel, QuantizedStream};
        use harness::Slot;
        use numbers::*;

        static STATE: Slot<[u32; SPEC.int8().state_len()]> =
            Slot::new([0; SPEC.int8().state_len()]);
        static SCRATCH: Slot<[u32; SPEC.int8().stream_len()]> =
            Slot::new([0; SPEC.int8().stream_len()]);

        /// What a user writes: a net in flash, its state and scratch in RAM. Not inlined, as in a real program.
        #[inline(never)]
        fn net() -> Option<(QuantizedStream<'static>, f32)> {
            let model = QuantizedModel::new(SPEC, &WORDS).ok()?;
            let net = QuantizedStream::new(model, STATE.take()?, SCRATCH.take()?).ok()?;
            Some((net, model.unit()))
        }

        #[harness::entry]
        fn main() -> ! {
            let golden = $crate::Golden {
                inputs: &INPUTS,
                logits: &LOGITS,
                exact: &EXACT,
            };
            let mut y = [0; SPEC.output_width()];
            $crate::measure(SPEC.input.width(), &golden, net(), &mut y)
        }
    };
}
