//! Tells speakers by their vowels: the twenty lines that a user writes, and the proof that the chip answers what the
//! desktop answered.
#![no_std]
#![no_main]

#[allow(missing_docs)]
mod numbers {
    include!(concat!(env!("OUT_DIR"), "/golden.rs"));
}

use elman_core::*;
use harness::{Counter, Report, Slot, line};
use numbers::*;

// What a user writes: the shape, buffers whose lengths it gives, and a call per step.
struct Speakers;

impl Shape for Speakers {
    const SPEC: Spec = Spec {
        input: Input::Dense { width: 12 },
        layers: Layers::of([Layer::tanh(32)]),
        initial_state: InitialState::Zero,
        head: Head {
            kind: HeadKind::Softmax { outputs: 9 },
            read: Read::LastStep,
        },
        dropout: Dropout::NONE,
    };
}

const SPEC: Spec = Speakers::SPEC;
static STATE: Slot<[f32; SPEC.state_len()]> = Slot::new([0.0; SPEC.state_len()]);
static SCRATCH: Slot<[Strip; SPEC.stream_len()]> = Slot::new([Strip::ZERO; SPEC.stream_len()]);

fn open() -> Option<FixedStream<'static, Speakers>> {
    let (state, scratch) = (STATE.take()?, SCRATCH.take()?);
    FixedStream::new(Level::detect(), &[], &PACKED, state, scratch).ok()
}

#[inline(never)]
fn step(net: &mut FixedStream<Speakers>, x: &[f32], probabilities: &mut [f32]) -> bool {
    net.step(Inputs::Dense(x), probabilities).is_ok()
}

// The proof.
#[harness::entry]
fn main() -> ! {
    let mut report = Report::new();
    let counter = Counter::new();
    let Some(mut net) = open() else {
        report.check("buffers", false);
        report.exit()
    };
    let (mut different, mut ran, mut steps, mut total) = (0, true, 0, 0);
    let mut y = [0.0; SPEC.output_width()];
    let width = SPEC.input.width();
    let [fused, unfused] = OUTPUTS;
    let desktop = if Level::detect().is_fused() {
        fused
    } else {
        unfused
    };
    while let (Some(x), Some(wanted)) = (
        INPUTS.get(steps * width..(steps + 1) * width),
        desktop.get(steps * y.len()..(steps + 1) * y.len()),
    ) {
        if steps == 0 {
            line(
                "stack",
                harness::depth(&mut || ran &= step(&mut net, x, &mut y)),
            );
        } else {
            total += counter.of(&mut || ran &= step(&mut net, x, &mut y));
        }
        for (&y, &wanted) in y.iter().zip(wanted) {
            different += u32::from(y.to_bits() != wanted.to_bits());
        }
        steps += 1;
    }
    line("instructions", total / 39);
    line("different_bits", different);
    report.check("ran", ran && steps == 40);
    report.check("golden", different == 0);
    report.exit()
}
