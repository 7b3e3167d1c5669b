#![no_main]
//! Whole nets on every level: forward, streams, training. Nothing panics, nothing is read or written outside its buffer
//! (AddressSanitizer watches), every fused level gives the same bits, moderate numbers stay finite.

use arbitrary::{Result, Unstructured};
use elman_core::{Read, Truncation};
use elman_fuzz::{bits, case, spoil};
use elman_tests::{Case, Forward, Pass, Rig, Training, levels};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = run(&mut Unstructured::new(bytes));
});

fn run(bytes: &mut Unstructured<'_>) -> Result<()> {
    let mut case = case(bytes)?;
    let is_wild = spoil(&mut case, bytes)?;
    let k1 = bytes.int_in_range(1..=9)?;
    let k2 = k1 + bytes.int_in_range(0..=9)?;
    let is_whole = case.spec.is_bidirectional() || case.spec.head.read == Read::LastStep;
    let truncation = if bytes.arbitrary()? && !is_whole {
        Truncation { k1, k2 }
    } else {
        Truncation::FULL
    };
    let pass = Pass {
        truncation,
        seed: bytes.arbitrary()?,
        total: case.total_weight(),
    };
    let mut fused: Option<(Forward, Training)> = None;
    for level in levels() {
        let rig = Rig::new(level, &case.spec, &case.params);
        let forward = rig.forward(&case);
        streams(&rig, &case, &forward);
        let training = rig.pass(&case, pass);
        if !is_wild {
            finite(&case, &forward);
        }
        if level.is_fused() {
            match &fused {
                None => fused = Some((forward, training)),
                Some(first) => same(first, &(forward, training)),
            }
        }
    }
    Ok(())
}

/// Step by step the bits are those of the whole batch.
fn streams(rig: &Rig, case: &Case, forward: &Forward) {
    if case.spec.is_bidirectional() || case.carried.is_some() {
        return;
    }
    let (width, state_len) = (case.spec.output_width(), case.spec.state_len());
    for b in 0..case.lengths.len() {
        let stream = rig.stream(case, b);
        let state = &forward.state[b * state_len..][..state_len];
        assert_eq!(bits(&stream.state), bits(state), "state of sequence {b}");
        let rows = case.output_rows(b);
        let rows: Vec<f32> = rows
            .into_iter()
            .flat_map(|row| &forward.outputs[row * width..][..width])
            .copied()
            .collect();
        let told = match case.spec.head.read {
            Read::EveryStep => &stream.outputs[..],
            Read::LastStep => &stream.outputs[stream.outputs.len() - width..],
        };
        assert_eq!(bits(told), bits(&rows), "outputs of sequence {b}");
    }
}

/// Tanh bounds what every step hands on, gates shrink it, and softmax takes whatever is finite. A cell state grows by one
/// a step at most.
fn finite(case: &Case, forward: &Forward) {
    let layers = case.spec.layers.as_slice();
    if layers.iter().all(|layer| layer.cell.bound().is_some()) {
        let numbers = forward.outputs.iter().chain(&forward.state);
        assert!(
            numbers.into_iter().all(|x| x.is_finite()),
            "finite in, finite out"
        );
    }
}

fn same(one: &(Forward, Training), other: &(Forward, Training)) {
    assert_eq!(bits(&one.0.outputs), bits(&other.0.outputs), "outputs");
    assert_eq!(bits(&one.0.state), bits(&other.0.state), "states");
    assert_eq!(bits(&one.1.outputs), bits(&other.1.outputs), "logits");
    assert_eq!(
        bits(&one.1.gradients),
        bits(&other.1.gradients),
        "gradients"
    );
    assert_eq!(bits(&one.1.state), bits(&other.1.state), "last states");
    let (one, other) = (one.1.loss, other.1.loss);
    assert!(
        one.to_bits() == other.to_bits() || one.is_nan() && other.is_nan(),
        "losses"
    );
}
