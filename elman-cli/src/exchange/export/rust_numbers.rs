//! Around a net that answers with numbers, in Rust: what [`elman_core::feed`] needs to take raw samples and answer in their units.

use std::fmt::Write as _;

use elman_core::Spec;
use elman_core::feed::{ColumnScale, Curve, Readout, Samples, Split};

use super::numbers::NumberProof;
use super::source::{list, number};
use super::table::table;
use crate::base::encoding::{Front, Reach, Reads, SeriesTables, Sums};

/// Bytes of the buffers beside those of the net.
pub fn ram_bytes(spec: &Spec, proof: &NumberProof) -> usize {
    let memory = match &proof.numbers.reads {
        Reads::Rows(front, sums) => {
            let (columns, targets) = (front.scale.len(), proof.numbers.readouts.len());
            let memory = sums.regression();
            Samples::rows_len(columns, front.window)
                + memory.memory_len(columns, targets, front.window)
        }
        Reads::Series(series) => series.lags().memory_len(),
    };
    4 * (memory + spec.output_width())
}

/// How the net is written: as floats, or in whole numbers.
pub struct Form {
    /// The type of a number of the state, and of scratch.
    buffers: [&'static str; 2],
    /// Both of them as a self-test has them.
    empty: [&'static str; 2],
    stream: &'static str,
    /// What the way is like, beside what `feeder` does.
    about: &'static str,
    /// How far outputs and answers may be off where multiply-adds are not fused.
    tolerances: [&'static str; 2],
}

impl Form {
    pub const FLOAT: Self = Self {
        buffers: ["f32", "Strip"],
        empty: [
            "[0.0; SPEC.state_len()]",
            "[Strip::ZERO; SPEC.stream_len()]",
        ],
        stream: "FixedStream<'a, Net>",
        about: "",
        tolerances: ["GOLDEN.tolerance", "&GOLDEN_VALUE_TOLERANCE"],
    };
    pub const INT8: Self = Self {
        buffers: ["u32", "u32"],
        empty: [
            "[0; SPEC.int8().state_len()]",
            "[0; SPEC.int8().stream_len()]",
        ],
        stream: "QuantizedStream<'a>",
        about: "
///
/// The net is in whole numbers; what stands around it is in floats, every operation rounded on its own: raw numbers come to inputs,
/// which are rounded to units of the net, and logits times `UNIT` to answers. All of it is the same on every machine.",
        // Nothing may be off.
        tolerances: ["0.0", "&[]"],
    };

    /// Puts the parts into a piece of source.
    fn fill(&self, piece: &str) -> String {
        let [outputs, values] = self.tolerances;
        let [state, scratch] = self.buffers;
        piece
            .replace("STATE_T", state)
            .replace("SCRATCH_T", scratch)
            .replace("EMPTY_STATE", self.empty[0])
            .replace("EMPTY_SCRATCH", self.empty[1])
            .replace("STREAM_T", self.stream)
            .replace("ABOUT", self.about)
            .replace("VALUES_OFF", values)
            .replace("OUTPUTS_OFF", outputs)
    }
}

/// Tables, golden samples and functions.
pub fn write(proof: &NumberProof, form: &Form, text: &mut String) {
    let functions = match &proof.numbers.reads {
        Reads::Rows(front, sums) => {
            rows(front, sums, text);
            ROWS
        }
        Reads::Series(tables) => {
            series(tables, text);
            SERIES
        }
    };
    answers(proof, text);
    *text += &form.fill(functions);
    *text += &form.fill(&SELF_TEST.replace("MISSING", &proof.missing.to_string()));
}

/// The scale of rows, and the linear sums of them.
fn rows(front: &Front, sums: &Sums, text: &mut String) {
    scale_table(front.scale.iter().map(ColumnScale::from), text);
    let about = "What each column is where it is missing from a sum.";
    splits(about, &sums.centers, text);
    let about = "Of the linear sums: rows, the present one first, then means.";
    floats(about, "static WEIGHTS", &sums.weights, text);
    let _ = write!(
        text,
        "
/// Raw numbers are cut to so many standard deviations.
pub const FARTHEST: f32 = {};
/// Rows that a step reads at once: answers come half of that late.
pub const WINDOW: usize = {};
/// What the linear sums beside the net read.
pub const SUMS: feed::Regression<'static> = feed::Regression {{
    centers: &CENTERS,
    weights: &WEIGHTS,
    rows: {},
    with_mean: {},
}};
",
        number(front.farthest),
        front.window,
        sums.rows,
        sums.with_mean
    );
}

/// The scale of columns.
pub fn scale_table(columns: impl ExactSizeIterator<Item = ColumnScale>, text: &mut String) {
    let declaration = format!("pub static SCALE: [feed::ColumnScale; {}]", columns.len());
    let about = "How each column of a raw sample comes to the scale of training.";
    table(text, about, &declaration, &list(columns.map(scale), 1));
}

/// What a forecast reads.
fn series(series: &SeriesTables, text: &mut String) {
    let about = "What each column is where a series begins with a gap; the target on its curve.";
    splits(about, &series.centers, text);
    let about = "Of the linear sum: other columns, then lags of the target.";
    floats(about, "static WEIGHTS", &series.weights, text);
    let inputs = series.inputs.iter().copied().map(scale);
    let declaration = format!("static INPUTS: [feed::ColumnScale; {}]", inputs.len());
    let about = "How the net's inputs come to the scale of training.";
    table(text, about, &declaration, &list(inputs, 1));
    let base = series.base;
    let base = base.map_or("None".to_owned(), |steps| format!("Some({steps})"));
    let known = match series.known {
        0 => String::new(),
        1 => "/// The last column is known ahead: a sample has its value of the step that is forecast.\n"
            .to_owned(),
        known => format!(
            "/// The last {known} columns are known ahead: a sample has their values of the step that is forecast.\n"
        ),
    };
    let _ = write!(
        text,
        "
/// Steps from a sample to what is forecast from it.
{known}pub const HORIZON: usize = {};
/// What a forecast reads.
#[rustfmt::skip]
pub const LAGS: feed::Lags<'static> = feed::Lags {{
    curve: {},
    centers: &CENTERS,
    weights: &WEIGHTS,
    inputs: &INPUTS,
    farthest: {},
    span: {},
    base: {base},
    offset: {},
}};
",
        series.horizon,
        curve(series.curve),
        number(series.farthest),
        series.span,
        number(series.offset)
    );
}

/// How outputs become answers, and what must come of golden samples.
fn answers(proof: &NumberProof, text: &mut String) {
    let readouts = proof.numbers.readouts.iter().map(|readout| {
        let Readout {
            curve: of,
            residual,
            start,
        } = readout;
        let (of, residual, start) = (curve(*of), number(*residual), split(start));
        format!("feed::Readout {{ curve: {of}, residual: {residual}, start: {start} }}")
    });
    let declaration = format!("pub static READOUTS: [feed::Readout; {}]", readouts.len());
    table(
        text,
        "How each output of the net becomes an answer.",
        &declaration,
        &list(readouts, 1),
    );
    let whose = match proof.numbers.errors_of.words() {
        "" => String::new(),
        words => format!(", by the errors{} on validation data", words),
    };
    for Reach {
        percent,
        of_targets,
    } in &proof.numbers.reaches
    {
        let about = format!(
            "For `bounds`: how far the answer for each target may be off, if an interval is to hold {percent} % of the values{whose}."
        );
        floats(
            &about,
            &format!("pub static REACH_{percent}"),
            of_targets,
            text,
        );
    }
    floats("Raw samples.", "static GOLDEN_RAW", &proof.raw, text);
    floats(
        "The answers that must come, step by step.",
        "static GOLDEN_VALUES",
        &proof.values,
        text,
    );
    if proof.tolerances.is_empty() {
        return;
    }
    let about = "How far the answer for each target may be off where multiply-adds are not fused.";
    floats(
        about,
        "static GOLDEN_VALUE_TOLERANCE",
        &proof.tolerances,
        text,
    );
}

fn floats(about: &str, declaration: &str, numbers: &[f32], text: &mut String) {
    let declaration = format!("{declaration}: [f32; {}]", numbers.len());
    let items = list(numbers.iter().map(|&x| number(x)), 8);
    table(text, about, &declaration, &items);
}

fn splits(about: &str, splits: &[Split], text: &mut String) {
    let declaration = format!("static CENTERS: [feed::Split; {}]", splits.len());
    table(
        text,
        about,
        &declaration,
        &list(splits.iter().map(split), 2),
    );
}

fn split(Split { high, low }: &Split) -> String {
    format!(
        "feed::Split {{ high: {}, low: {} }}",
        number(*high),
        number(*low)
    )
}

fn scale(ColumnScale { mean, rest, factor }: ColumnScale) -> String {
    let [mean, rest, factor] = [mean, rest, factor].map(number);
    format!("feed::ColumnScale {{ mean: {mean}, rest: {rest}, factor: {factor} }}")
}

fn curve(curve: Curve) -> String {
    match curve {
        Curve::Identity => "feed::Curve::Identity".to_owned(),
        Curve::Root => "feed::Curve::Root".to_owned(),
        Curve::Log { floor, unit } => {
            let [floor, unit] = [floor, unit].map(number);
            format!("feed::Curve::Log {{ floor: {floor}, unit: {unit} }}")
        }
    }
}

const ROWS: &str = r"
/// Numbers of room for rows, and of room for sums.
pub const ROOM: [usize; 2] = [
    feed::Samples::rows_len(SCALE.len(), WINDOW),
    SUMS.memory_len(SCALE.len(), SPEC.output_width(), WINDOW),
];

/// Buffers of a feeder.
pub struct FeedRoom {
    rows: [f32; ROOM[0]],
    memory: [f32; ROOM[1]],
    outputs: [f32; SPEC.output_width()],
}

impl FeedRoom {
    /// Nothing in them yet.
    pub const fn new() -> Self {
        Self {
            rows: [0.0; ROOM[0]],
            memory: [0.0; ROOM[1]],
            outputs: [0.0; SPEC.output_width()],
        }
    }
}

/// The whole way from raw samples to answers in the units of the data: `feeder(…)?.feed(&raw, &mut out)?` for every sample.ABOUT
pub fn feeder<'a>(
    state: &'a mut [STATE_T],
    scratch: &'a mut [SCRATCH_T],
    room: &'a mut FeedRoom,
) -> Result<feed::NumberFeed<'a, STREAM_T, feed::Estimates<'a>>, Error> {
    let samples = feed::Samples::new(&SCALE, FARTHEST, WINDOW, &mut room.rows)?;
    let source = feed::Estimates::new(samples, SUMS, SPEC.output_width(), &mut room.memory)?;
    feed::NumberFeed::new(
        stream(state, scratch)?,
        source,
        &READOUTS,
        &mut room.outputs,
    )
}
";

const SERIES: &str = r"
/// Buffers of a feeder.
pub struct FeedRoom {
    memory: [f32; LAGS.memory_len()],
    outputs: [f32; SPEC.output_width()],
}

impl FeedRoom {
    /// Nothing in them yet.
    pub const fn new() -> Self {
        Self {
            memory: [0.0; LAGS.memory_len()],
            outputs: [0.0; SPEC.output_width()],
        }
    }
}

/// The whole way from raw samples to forecasts in the units of the data: `feeder(…)?.feed(&raw, &mut out)?` for every sample.ABOUT
pub fn feeder<'a>(
    state: &'a mut [STATE_T],
    scratch: &'a mut [SCRATCH_T],
    room: &'a mut FeedRoom,
) -> Result<feed::NumberFeed<'a, STREAM_T, feed::Series<'a>>, Error> {
    let source = feed::Series::new(LAGS, &mut room.memory)?;
    feed::NumberFeed::new(
        stream(state, scratch)?,
        source,
        &READOUTS,
        &mut room.outputs,
    )
}
";

const SELF_TEST: &str = r"
/// Runs golden samples the whole way, in buffers on the stack: 0 if all is well, else the number of the first output that
/// is wrong, counted from 1; `usize::MAX` if this file is damaged.
pub fn feed_self_test() -> usize {
    let mut state = EMPTY_STATE;
    let mut scratch = EMPTY_SCRATCH;
    let golden = feed::NumberGolden {
        lengths: &GOLDEN_LENGTHS,
        raw: &GOLDEN_RAW,
        missing: MISSING,
        outputs: &GOLDEN_OUTPUTS,
        values: &GOLDEN_VALUES,
        tolerance: OUTPUTS_OFF,
        value_tolerance: VALUES_OFF,
    };
    let (mut room, mut out) = (FeedRoom::new(), [0.0; SPEC.output_width()]);
    let checked = feeder(&mut state, &mut scratch, &mut room)
        .and_then(|mut feeder| feeder.check(Level::detect(), &golden, &mut out));
    match checked {
        Ok(None) => 0,
        Ok(Some(index)) => index + 1,
        Err(_) => usize::MAX,
    }
}
";
