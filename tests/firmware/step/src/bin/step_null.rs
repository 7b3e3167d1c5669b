//! Size M without the net: what is subtracted from the sizes of the others.
#![no_std]
#![no_main]

#[allow(missing_docs, dead_code)]
mod numbers {
    include!(concat!(env!("OUT_DIR"), "/m.rs"));
}
use core::hint::black_box;
use numbers::*;

#[inline(never)]
fn nothing(x: &[f32], y: &mut [f32]) -> bool {
    y.iter_mut().zip(x).for_each(|(y, &x)| *y = x);
    true
}

#[harness::entry]
fn main() -> ! {
    let golden = step::Golden {
        inputs: &INPUTS,
        outputs: OUTPUTS,
        exact: (&EXACT, &EXACT_REST),
    };
    let mut y = [0.0; SPEC.output_width()];
    step::measure(SPEC.input.width(), &golden, &mut y, &mut |x, y| {
        black_box(nothing as fn(&[f32], &mut [f32]) -> bool)(x, y)
    })
}
