//! Size L.
#![no_std]
#![no_main]

#[allow(missing_docs)]
mod numbers {
    include!(concat!(env!("OUT_DIR"), "/l.rs"));
}

use elman_core::{Shape, Spec, Strip};
use harness::Slot;
use numbers::*;

struct Net;

impl Shape for Net {
    const SPEC: Spec = SPEC;
}

static STATE: Slot<[f32; SPEC.state_len()]> = Slot::new([0.0; SPEC.state_len()]);
static SCRATCH: Slot<[Strip; SPEC.stream_len()]> = Slot::new([Strip::ZERO; SPEC.stream_len()]);

#[harness::entry]
fn main() -> ! {
    let golden = step::Golden {
        inputs: &INPUTS,
        outputs: &OUTPUTS,
        exact: (&EXACT, &EXACT_REST),
    };
    let mut y = [0.0; SPEC.output_width()];
    let mut net = step::net::<Net, _, _>(&PACKED, STATE.take(), SCRATCH.take());
    step::measure(SPEC.input.width(), &golden, &mut y, &mut |x, y| {
        net.as_mut().is_some_and(|net| step::step(net, x, y))
    })
}
