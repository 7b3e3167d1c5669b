//! Learns a new pitch on the chip, once with the whole net and once with its head alone, and compares every loss and
//! every parameter with the desktop's.
#![no_std]
#![no_main]

mod course;

#[allow(missing_docs)]
mod numbers {
    include!(concat!(env!("OUT_DIR"), "/train.rs"));
}

use core::slice;

use course::{Buffers, Part, SPEC, UPDATES, learn};
use elman_core::Level;
use harness::{Counter, Report, Slot, hex, line, number, text};
use numbers::*;

static BUFFERS: Slot<Buffers> = Slot::new(Buffers::NEW);

/// What the desktop found.
struct Expected {
    part: Part,
    name: &'static str,
    curve: &'static [u64],
    trained: &'static [f32],
}

#[harness::entry]
fn main() -> ! {
    let mut report = Report::new();
    let Some(buffers) = BUFFERS.take() else {
        report.check("buffers", false);
        report.exit()
    };
    line("buffers", size_of::<Buffers>() as u32);
    let counter = Counter::new();
    // The first half is a desktop's with fused multiply-add, the second one's without.
    let half = usize::from(!Level::detect().is_fused());
    let (updates, parameters) = (half * UPDATES, half * SPEC.params_len());
    let whole = Expected {
        part: Part::Whole,
        name: "whole",
        curve: CURVE.get(updates..).unwrap_or(&[]),
        trained: TRAINED.get(parameters..).unwrap_or(&[]),
    };
    let head = Expected {
        part: Part::Head,
        name: "head",
        curve: HEAD_CURVE.get(updates..).unwrap_or(&[]),
        trained: HEAD_TRAINED.get(parameters..).unwrap_or(&[]),
    };
    for expected in [&whole, &head] {
        course_of(expected, buffers, &counter, &mut report);
    }
    report.exit()
}

#[inline(never)]
fn course_of(expected: &Expected, buffers: &mut Buffers, counter: &Counter, report: &mut Report) {
    let (mut params, mut curve, mut ran) = (PARAMS, [0.0; UPDATES], true);
    text("course ");
    text(expected.name);
    text("\n");
    // The first update again, for the two measurements.
    let mut first = |params: &mut _, buffers: &mut _| {
        let mut loss = 0.0;
        let curve = slice::from_mut(&mut loss);
        ran &= learn(
            Level::detect(),
            expected.part,
            &SAMPLES,
            params,
            buffers,
            curve,
        )
        .is_ok();
    };
    let mut again = PARAMS;
    line("stack", harness::depth(&mut || first(&mut again, buffers)));
    line(
        "instructions",
        counter.of(&mut || first(&mut again, buffers)),
    );
    ran &= learn(
        Level::detect(),
        expected.part,
        &SAMPLES,
        &mut params,
        buffers,
        &mut curve,
    )
    .is_ok();
    for (update, (&loss, &desktop)) in curve.iter().zip(expected.curve).enumerate() {
        if update % 4 == 3 {
            text("loss ");
            number(update as u32 + 1);
            text(" e6 ");
            number((loss * 1e6) as u32);
            text(" bits ");
            hex((loss.to_bits() >> 32) as u32);
            hex(loss.to_bits() as u32);
            text(if loss.to_bits() == desktop {
                " same\n"
            } else {
                " differs\n"
            });
        }
    }
    let (Some(first), Some(last)) = (curve.first(), curve.last()) else {
        return;
    };
    report.check("ran", ran);
    report.check("learnt", *last < 0.5 * first);
    let curves = curve.iter().zip(expected.curve);
    let curve = curves.fold(true, |same, (p, q)| same & (p.to_bits() == *q));
    report.check("desktops_curve", curve);
    let pairs = params.iter().zip(expected.trained);
    let trained = pairs.fold(true, |same, (p, q)| same & (p.to_bits() == q.to_bits()));
    report.check("desktops_parameters", trained);
}
