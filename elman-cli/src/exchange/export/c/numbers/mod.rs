//! Around a net that answers with numbers, in C: raw samples in, answers in the units of the data out. Tables, functions, and their
//! part of the header.

mod form;
mod header;
mod rows;
mod series;
mod tables;

pub use form::Form;
pub use header::{ram_bytes, write as header};

use elman_core::Spec;
use elman_core::feed::{Curve, Readout, Split};

use super::super::numbers::NumberProof;
use super::super::source::list;
use super::feed;
use super::text::{Source, c_number, stack_of_feed};
use crate::base::encoding::{Reach, Reads};
use crate::net::figures::PANEL;

const ROUNDING: &str = include_str!("../rounding.c");
const TIMES: &str = include_str!("times.c");
const ROOT: &str = include_str!("root.c");
const SQUARE: &str = include_str!("square.c");
const LOGARITHM: &str = include_str!("logarithm.c");
const POWER: &str = include_str!("power.c");
const TAKE: &str = include_str!("take.c");
const ROW: &str = include_str!("row.c");
const WINDOW: &str = include_str!("window.c");
const BOUNDS: &str = include_str!("bounds.c");
const I16: &str = include_str!("i16.c");
const TEST: &str = include_str!("test.c");

/// The functions, behind those of the net; tables and golden samples with them. `outputs` is what the net says of these, where a table
/// of floats has it; `can_round` if the net itself rounds to integers.
pub fn functions(
    to: &mut Source,
    (proof, outputs): (&NumberProof, Option<&[f32]>),
    form: &Form,
    can_round: bool,
) {
    let numbers = &proof.numbers;
    to.piece(TIMES);
    curves(to, proof, can_round);
    readouts(to, &numbers.readouts);
    uncurve(to, &numbers.readouts);
    let expected = match &numbers.reads {
        Reads::Rows(_, sums) if sums.is_none() => "0.0f",
        Reads::Rows(front, _) if front.window > 1 => {
            "stream->expected[stream->oldest * NET_TARGETS + i]"
        }
        Reads::Rows(..) => "stream->expected[i]",
        Reads::Series(_) => "stream->expected",
    };
    let pieces = match &numbers.reads {
        Reads::Rows(front, sums) => {
            feed::scale(to, front);
            rows::pieces(to, sums, numbers.is_late())
        }
        Reads::Series(tables) => series::pieces(to, tables),
    };
    to.piece(&pieces.functions);
    let take = TAKE.replace("EXPECTED", expected);
    let take = take.replace("OUTPUT", form.output);
    to.piece(&take.replace("ADVANCE", form.advance));
    let oldest = if expected == "0.0f" { "" } else { OLDEST };
    let flow = if numbers.is_late() { WINDOW } else { ROW };
    to.piece(
        &flow
            .replace("RESET", &pieces.reset)
            .replace("OLDEST", oldest)
            .replace("TAKEN", &pieces.taken),
    );
    to.piece(I16);
    if !numbers.reaches.is_empty() {
        to.piece(BOUNDS);
    }
    golden(to, proof, outputs);
}

const OLDEST: &str = "    stream->oldest = stream->oldest < NET_DELAY ? stream->oldest + 1 : 0;\n";

/// What the curves of this net need.
fn curves(to: &mut Source, proof: &NumberProof, can_round: bool) {
    let readouts = &proof.numbers.readouts;
    let has = |wanted: fn(Curve) -> bool| readouts.iter().any(|readout| wanted(readout.curve));
    let (root, log) = (
        has(|curve| curve == Curve::Root),
        has(|curve| matches!(curve, Curve::Log { .. })),
    );
    let applies = matches!(proof.numbers.reads, Reads::Series(_));
    let pieces = [
        (root && applies, ROOT),
        (root, SQUARE),
        (log && applies, LOGARITHM),
        (log && !can_round, ROUNDING),
        (log, POWER),
    ];
    for (_, piece) in pieces.into_iter().filter(|(is_needed, _)| *is_needed) {
        to.piece(piece);
    }
}

fn readouts(to: &mut Source, readouts: &[Readout]) {
    let numbers = readouts.iter().flat_map(|readout| {
        let Split { high, low } = readout.start;
        [readout.residual, high, low]
    });
    to.table(
        "Of every target the unit of the net's output, and from where sums count, in two parts.",
        "static const NET_FLASH float net_readouts[3 * NET_TARGETS]",
        &list(numbers.map(c_number), 3),
    );
}

/// Writes how answers come back to the units of the data.
fn uncurve(to: &mut Source, readouts: &[Readout]) {
    let inverse = |readout: &Readout, x: &str| match readout.curve {
        Curve::Identity => x.to_owned(),
        Curve::Root => format!("net_square({x})"),
        Curve::Log { unit, .. } => format!("net_power({x}, {})", c_number(unit)),
    };
    let first = readouts.first().map(|readout| inverse(readout, "(x)"));
    let first = first.unwrap_or_default();
    let about = "The answer for target i in the units of the data.";
    if (readouts.iter()).all(|readout| inverse(readout, "(x)") == first) {
        to.piece(&format!(
            "\n/* {about} */\n#define NET_UNCURVE(i, x) {first}\n"
        ));
        return;
    }
    let mut cases = String::new();
    for (target, readout) in readouts.iter().enumerate() {
        if readout.curve != Curve::Identity {
            cases += &format!(
                "    case {target}:\n        return {};\n",
                inverse(readout, "x")
            );
        }
    }
    to.piece(&format!(
        "
/* {about} */
static float net_uncurve(size_t i, float x)
{{
    switch (i) {{
{cases}    default:
        return x;
    }}
}}

#define NET_UNCURVE(i, x) net_uncurve((i), (x))
"
    ));
}

fn golden(to: &mut Source, proof: &NumberProof, outputs: Option<&[f32]>) {
    for Reach {
        percent,
        of_targets,
    } in &proof.numbers.reaches
    {
        let about = format!(
            "How far answers may be off, if intervals are to hold {percent} % of the values."
        );
        let declaration = format!("const float net_reach_{percent}[NET_TARGETS]");
        to.table(
            &about,
            &declaration,
            &list(of_targets.iter().map(|&x| c_number(x)), PANEL),
        );
    }
    to.piece(&format!(
        "\n/* Of the golden samples this number is fed as one that is missing. */\n#define NET_GOLDEN_MISSING {}\n",
        proof.missing
    ));
    let mut table = |about: &str, name: &str, numbers: &[f32], width: usize| {
        let declaration = format!(
            "static const NET_FLASH float net_golden_{name}[{}]",
            numbers.len()
        );
        to.table(
            about,
            &declaration,
            &list(numbers.iter().map(|&x| c_number(x)), width),
        );
    };
    let columns = proof.numbers.columns().min(2 * PANEL);
    table("Raw samples.", "raw", &proof.raw, columns);
    let targets = proof.numbers.readouts.len().min(PANEL);
    let width = if targets == 1 { PANEL } else { targets };
    let is_same = outputs.is_some_and(|outputs| {
        let mut pairs = proof.values.iter().zip(outputs);
        proof.values.len() == outputs.len()
            && pairs.all(|(value, output)| value.to_bits() == output.to_bits())
    });
    if !is_same {
        table(
            "The answers that must come, step by step.",
            "values",
            &proof.values,
            width,
        );
    }
    if !proof.tolerances.is_empty() {
        table(
            "How far the answer for each target may be off where multiply-adds are not fused.",
            "reach",
            &proof.tolerances,
            PANEL,
        );
    }
    if is_same {
        to.piece("\n/* The answers that must come are what the net says. */\n#define NET_GOLDEN_VALUES net_golden_outputs\n");
    } else {
        to.piece("\n#define NET_GOLDEN_VALUES net_golden_values\n");
    }
}

/// How much deeper a stack is on the way: a row of inputs lies there.
pub fn stack(spec: &Spec) -> String {
    stack_of_feed("numbers", 64 + 4 * spec.input_width())
}

/// `net_feed_self_test`, behind `net_compare`.
pub fn test(to: &mut Source, form: &Form) {
    let test = TEST.replace("MUST_SAY", form.must_say);
    to.piece(&test.replace("COMPARED", form.compared));
}
