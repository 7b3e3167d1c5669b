//! Size M.
#![no_std]
#![no_main]

#[allow(missing_docs)]
mod numbers {
    include!(concat!(env!("OUT_DIR"), "/m.rs"));
}

use harness::Slot;
use numbers::*;

static STATE: Slot<[u32; SPEC.quantized_state_len()]> = Slot::new([0; SPEC.quantized_state_len()]);
static SCRATCH: Slot<[u32; SPEC.quantized_stream_len()]> =
    Slot::new([0; SPEC.quantized_stream_len()]);

#[harness::entry]
fn main() -> ! {
    let golden = int8::Golden {
        inputs: &INPUTS,
        logits: &LOGITS,
        exact: &EXACT,
    };
    let net = int8::net(SPEC, &WORDS, STATE.take(), SCRATCH.take());
    let mut y = [0; SPEC.output_width()];
    int8::measure(SPEC.input.width(), &golden, net, &mut y)
}
