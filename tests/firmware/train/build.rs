//! Trains a net at one pitch, and runs the chip's course on the desktop.

#[path = "src/course.rs"]
mod course;

use bake::Source;
use course::{Buffers, Part, SPEC, STEPS, UPDATES, learn};
use elman_core::{Init, Level, initialize};
use elman_tests::Generator;

/// Samples of a hum: a triangle of so many steps per period, with a bend. A chip is given them: of a loop that makes
/// them on a Cortex-M55 the compiler makes vectors, and QEMU 7.2 computes others with these.
fn hum(period: u32, samples: &mut [f32; STEPS + 1]) {
    for (t, sample) in samples.iter_mut().enumerate() {
        let phase = (t as u32 * 64 / period) % 64;
        let up = if phase < 32 { phase } else { 64 - phase };
        let x = up as f32 / 16.0 - 1.0;
        *sample = x * (1.25 - 0.5 * x * x);
    }
}

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/course.rs");
    let desktop = Level::detect();
    assert!(
        desktop.is_fused(),
        "this machine has no fused multiply-add: its curve is not a chip's"
    );
    let mut buffers = Box::new(Buffers::NEW);
    let mut samples = [0.0; STEPS + 1];
    let mut params = [0.0; SPEC.params_len()];
    initialize(&SPEC, Init::Orthogonal, &mut Generator::new(5), &mut params).expect("a net");
    hum(12, &mut samples);
    let mut before = vec![0.0; 400];
    learn(
        desktop,
        Part::Whole,
        &samples,
        &mut params,
        &mut buffers,
        &mut before,
    )
    .expect("a course");

    let mut source = Source::new();
    source.floats("PARAMS", &params);
    hum(17, &mut samples);
    source.floats("SAMPLES", &samples);
    for (part, curve_name, trained_name) in [
        (Part::Whole, "CURVE", "TRAINED"),
        (Part::Head, "HEAD_CURVE", "HEAD_TRAINED"),
    ] {
        let (mut curves, mut trained) = (Vec::new(), Vec::new());
        // With fused multiply-add and without; a desktop that cannot do without repeats the former.
        for fused in [true, false] {
            let level = Level::available().find(|level| level.is_fused() == fused);
            let level = level.unwrap_or(desktop);
            let (mut params, mut curve) = (params, [0.0; UPDATES]);
            learn(level, part, &samples, &mut params, &mut buffers, &mut curve).expect("a course");
            curves.extend(curve.map(f64::to_bits));
            trained.extend(params);
        }
        source.integers(curve_name, "u64", &curves);
        source.floats(trained_name, &trained);
    }
    source.write("train.rs");
}
