//! A Rust module of an int8 net: what `elman quantize` made, beside elman-core alone.

use std::fmt::Write as _;
use std::path::Path;

use elman_core::quantized::{Integers, QuantizedModel};
use elman_core::{HeadKind, Input, Inputs, LANES, Spec};

use super::costs;
use super::feed::IntegerFeed;
use super::numbers::NumberProof;
use super::parts::{Output, Parts};
use super::rust::{encoding, lengths, notes_bytes, spec, usage};
use super::rust_feed;
use super::rust_numbers::{self, Form};
use super::size::Size;
use super::source::{list, number, remarks, title};
use super::table::table;
use crate::base::failure::Result;
use crate::net::int8::streamed;

/// Golden inputs as the net reads them, and what comes of them.
pub struct IntegerProof<'a> {
    pub read: GoldenInputs,
    pub logits: Vec<i32>,
    /// From raw samples to events, where the net streams classes.
    pub feed: Option<IntegerFeed<'a>>,
    /// From raw samples to numbers, where the net streams these.
    pub numbers: Option<NumberProof>,
}

impl<'a> IntegerProof<'a> {
    /// In the whole numbers of a net.
    ///
    /// # Errors
    /// Inputs that the net does not read.
    pub fn of(parts: &'a Parts<'_>, model: &QuantizedModel<'_>) -> Result<Self> {
        let golden = parts.proof.golden();
        let feed = parts.proof.feed.as_ref();
        let mut feed = feed.map(|proof| IntegerFeed::new(proof, model));
        let read = match (golden.inputs, &feed) {
            (Inputs::Dense(_), Some(feed)) => GoldenInputs::Numbers(feed.inputs(golden.lengths)?),
            (Inputs::Dense(row), None) => {
                GoldenInputs::Numbers(row.iter().map(|&x| model.integer(x)).collect())
            }
            (Inputs::Tokens(ids), _) => GoldenInputs::Ids(ids.to_vec()),
        };
        let logits = logits_of(model, golden.lengths, &read)?;
        if let Some(feed) = &mut feed {
            feed.tell(golden.lengths, &logits, parts.spec.output_width());
        }
        let numbers = parts.proof.numbers.as_ref();
        let numbers = numbers.map(|proof| proof.of_integers(golden.lengths, &logits, model.unit()));
        Ok(Self {
            read,
            logits,
            feed,
            numbers: numbers.transpose()?,
        })
    }
}

/// Golden inputs as the net reads them.
pub enum GoldenInputs {
    Numbers(Vec<i16>),
    Ids(Vec<u32>),
}

impl GoldenInputs {
    /// As the net reads them.
    pub fn whole(&self) -> Integers<'_> {
        self.part(0, self.len())
    }

    fn part(&self, start: usize, len: usize) -> Integers<'_> {
        match self {
            Self::Numbers(numbers) => Integers::Dense(&numbers[start..start + len]),
            Self::Ids(ids) => Integers::Tokens(&ids[start..start + len]),
        }
    }

    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Ids(ids) => ids.len(),
        }
    }
}

/// The module.
///
/// # Errors
/// Words that are no net of this shape.
pub fn write(parts: &Parts<'_>, words: &[u32], path: &Path) -> Result<(Vec<Output>, Size)> {
    let model = QuantizedModel::new(parts.spec, words)?;
    let proof = IntegerProof::of(parts, &model)?;
    let mut size = Size::of_words(&parts.spec, &parts.proof, notes_bytes(&parts.encoding));
    if let Some(feed) = &proof.feed {
        size.feed_bytes = rust_feed::flash_bytes(feed);
        size.feed_state_bytes = rust_feed::ram_bytes(&parts.spec, feed.proof, size_of::<i16>());
    }
    if let Some(numbers) = &proof.numbers {
        // What the logits are worth is a table as well.
        size.feed_bytes = numbers.bytes() + size_of::<f32>() * proof.logits.len();
        size.feed_state_bytes = rust_numbers::ram_bytes(&parts.spec, numbers);
    }
    let mut text = String::new();
    let costs = costs::lines(&parts.spec, costs::RUST_INT8);
    for line in head(parts, &model, &size).iter().chain(&costs) {
        text += format!("//! {}", line.replace('[', "\\[")).trim_end();
        text.push('\n');
    }
    let is_bidirectional = parts.spec.is_bidirectional();
    let row = |text: &str| text.replace("[0.0;", "[0;");
    text += &row(&usage(
        &parts.spec,
        if is_bidirectional {
            SEQUENCE_USE
        } else {
            STREAM_USE
        },
    ));
    spec(&parts.spec, &mut text);
    let _ = write!(
        text,
        "
/// Units of an input that make 1.0: `(x * INPUT_SCALE).round() as i16`.
pub const INPUT_SCALE: f32 = {};
/// What one unit of a logit is worth.
pub const UNIT: f32 = {};
",
        number(model.input_scale()),
        number(model.unit())
    );
    table(
        &mut text,
        "The net, as `elman_core::quantized` says how the words lie.",
        &format!("pub static WORDS: [u32; {}]", words.len()),
        &list(words.iter().map(|word| format!("{word:#010x}")), 8),
    );
    write_golden(parts, &proof, &mut text);
    text += if is_bidirectional { SEQUENCE } else { STREAM };
    let check = if is_bidirectional {
        "check"
    } else {
        "check_stream"
    };
    text += &SELF_TEST.replace("GOLDEN.check", &format!("GOLDEN.{check}"));
    if let Some(feed) = &proof.feed {
        rust_feed::write_int8(feed, &mut text);
    }
    if let Some(numbers) = &proof.numbers {
        worth(&proof.logits, &mut text);
        rust_numbers::write(numbers, &Form::INT8, &mut text);
    }
    encoding(&parts.encoding, &mut text);
    let (path, content) = (path.to_owned(), text.into_bytes());
    Ok((vec![Output { path, content }], size))
}

/// The logits of the golden inputs, sequence by sequence.
fn logits_of(model: &QuantizedModel<'_>, lengths: &[u32], read: &GoldenInputs) -> Result<Vec<i32>> {
    let spec = model.spec();
    let (width, columns) = (spec.golden_width(), spec.output_width());
    let (mut logits, mut start) = (Vec::new(), 0);
    for &length in lengths {
        let length = length as usize;
        if spec.is_bidirectional() {
            let mut state = vec![0; spec.int8().state_len()];
            let mut scratch = vec![0; spec.int8().workspace_len(length)];
            let mut of_sequence = vec![0; spec.output_rows(length, 1) * columns];
            let inputs = read.part(start, length * width);
            model.reset(&mut state);
            model.forward_integers(inputs, length, &mut state, &mut scratch, &mut of_sequence)?;
            logits.extend(of_sequence);
        } else {
            let rows = (0..length).map(|step| read.part(start + step * width, width));
            logits.extend(streamed(model, rows)?);
        }
        start += length * width;
    }
    Ok(logits)
}

/// The head of the file, line by line.
fn head(parts: &Parts<'_>, model: &QuantizedModel<'_>, size: &Size) -> Vec<String> {
    let mut lines = title(parts, size);
    lines.push(format!(
        "Golden vectors: {} steps of {}. The self-test runs them: every logit must",
        parts.proof.steps(),
        parts.proof.source
    ));
    lines.push("be the same, on every machine.".to_owned());
    let mut all = parts.encoding.remarks.clone();
    if matches!(parts.spec.input, Input::Dense { .. }) {
        all.push(format!(
            "the net reads whole numbers: (x[i] * {}) rounded and kept within 16 bits; step does that, step_integers expects it",
            number(model.input_scale())
        ));
    }
    all.push(about_logits(&parts.spec, "UNIT"));
    remarks(&all, &mut lines);
    lines
}

/// What logits are, each worth `unit`.
pub fn about_logits(spec: &Spec, unit: &str) -> String {
    let classes = match spec.head.kind {
        HeadKind::Softmax { .. } => "the largest logit is the likeliest class; ",
        HeadKind::Linear { .. } | HeadKind::None => "",
    };
    format!("{classes}a logit times {unit} is what the float net computes, but for the rounding")
}

const STREAM_USE: &str = r"//!
//! A firmware that has `mod net;` and this file as `net.rs` says:
//!
//! ```ignore
//! assert_eq!(net::self_test(), 0);
//! let mut state = [0; net::SPEC.int8().state_len()];
//! let mut scratch = [0; net::SPEC.int8().stream_len()];
//! let mut stream = net::stream(&mut state, &mut scratch)?;
//! let x = INPUTS;
//! let mut logits = [0; net::SPEC.output_width()];
//! stream.step_integers(Integers::READ(&x), &mut logits)?;
//! ```

#![allow(dead_code)]

use elman_core::quantized::*;
use elman_core::*;
";

const SEQUENCE_USE: &str = r"//!
//! This net reads both ways, so it needs a whole sequence. A firmware that has `mod net;` and this file as `net.rs` says:
//!
//! ```ignore
//! assert_eq!(net::self_test(), 0);
//! let mut workspace = [0; net::SPEC.int8().workspace_len(STEPS)];
//! let mut logits = [0; net::SPEC.output_rows(STEPS, 1) * net::SPEC.output_width()];
//! net::run(STEPS, Integers::READ(&rows), &mut workspace, &mut logits)?;
//! ```

#![allow(dead_code)]

use elman_core::quantized::*;
use elman_core::*;
";

const STREAM: &str = r"
/// The net, its weights in flash.
pub fn model() -> Result<QuantizedModel<'static>, Error> {
    QuantizedModel::new(SPEC, &WORDS)
}

/// The net at its initial state, to be fed step by step.
pub fn stream<'a>(
    state: &'a mut [u32],
    scratch: &'a mut [u32],
) -> Result<QuantizedStream<'a>, Error> {
    QuantizedStream::new(model()?, state, scratch)
}
";

const SEQUENCE: &str = r"
/// The net, its weights in flash.
pub fn model() -> Result<QuantizedModel<'static>, Error> {
    QuantizedModel::new(SPEC, &WORDS)
}

/// Runs over one whole sequence.
pub fn run(
    steps: usize,
    inputs: Integers,
    workspace: &mut [u32],
    logits: &mut [i32],
) -> Result<(), Error> {
    let model = model()?;
    let mut state = [0; SPEC.int8().state_len()];
    model.reset(&mut state);
    model.forward_integers(inputs, steps, &mut state, workspace, logits)
}
";

const SELF_TEST: &str = r"
/// Runs the golden vectors, in buffers on the stack: 0 if all is well, else the number of the first logit that is
/// wrong, counted from 1; `usize::MAX` if this file is damaged.
pub fn self_test() -> usize {
    let mut state = [0; SPEC.int8().state_len()];
    let mut scratch = [0; SPEC.int8().self_test_len(LONGEST)];
    let mut logits = [0; SPEC.self_test_outputs(LONGEST)];
    let buffers = QuantizedSelfTest {
        state: &mut state,
        scratch: &mut scratch,
        logits: &mut logits,
    };
    let Ok(model) = model() else {
        return usize::MAX;
    };
    match GOLDEN.check(&model, buffers) {
        Ok(None) => 0,
        Ok(Some(index)) => index + 1,
        Err(_) => usize::MAX,
    }
}
";

/// What golden logits are worth, as a table that the compiler makes.
fn worth(logits: &[i32], text: &mut String) {
    *text += &WORTH.replace("LEN", &logits.len().to_string());
}

const WORTH: &str = r"
/// What the golden logits are worth.
static GOLDEN_OUTPUTS: [f32; LEN] = {
    let mut outputs = [0.0; LEN];
    let mut i = 0;
    while i < outputs.len() {
        outputs[i] = GOLDEN_LOGITS[i] as f32 * UNIT;
        i += 1;
    }
    outputs
};
";

fn write_golden(parts: &Parts<'_>, proof: &IntegerProof<'_>, text: &mut String) {
    let IntegerProof { read, logits, .. } = proof;
    lengths(parts.proof.golden().lengths, text);
    let width = parts.spec.golden_width().min(2 * LANES);
    let (kind, of, items) = match read {
        GoldenInputs::Numbers(numbers) => {
            let items = numbers.iter().map(i16::to_string);
            ("Dense", "i16", list(items, width))
        }
        GoldenInputs::Ids(ids) => ("Tokens", "u32", list(ids.iter().map(u32::to_string), width)),
    };
    table(
        text,
        "What the net reads, row by row.",
        &format!("static GOLDEN_INPUTS: [{of}; {}]", read.len()),
        &items,
    );
    table(
        text,
        "What must come out, row by row.",
        &format!("static GOLDEN_LOGITS: [i32; {}]", logits.len()),
        &list(
            logits.iter().map(i32::to_string),
            parts.spec.output_width().min(LANES),
        ),
    );
    let longest = parts.proof.golden().longest();
    let _ = write!(
        text,
        "
/// Steps of the longest golden sequence.
const LONGEST: usize = {longest};

/// The proof: what the net reads, and the logits that it made of them on the machine that exported it.
pub const GOLDEN: QuantizedGolden<'static> = QuantizedGolden {{
    lengths: &GOLDEN_LENGTHS,
    inputs: Integers::{kind}(&GOLDEN_INPUTS),
    logits: &GOLDEN_LOGITS,
}};
"
    );
}
