//! A Rust module of statics that needs elman-core and nothing else. Tables are left as they are by rustfmt; the rest is
//! written as rustfmt would.

use std::fmt::Write as _;
use std::path::Path;

use elman_core::{Direction, HeadKind, InitialState, Input, Inputs, LANES, Read, Spec, Strip};

use super::costs;
use super::parts::{Output, Parts};
use super::size::Size;
use super::source::{head, list, number};
use super::table::table;
use super::{rust_feed, rust_numbers, rust_scale};
use crate::base::encoding::{Encoding, Named};
use crate::net::cell;

/// The module.
pub fn write(parts: &Parts<'_>, path: &Path) -> (Vec<Output>, Size) {
    let notes = notes_bytes(&parts.encoding);
    let mut size = Size::of_strips(&parts.spec, &parts.proof, notes);
    if let Some(feed) = &parts.proof.feed {
        size.feed_bytes = feed.bytes(4, 12);
        size.feed_state_bytes = rust_feed::ram_bytes(&parts.spec, feed, size_of::<f32>());
    }
    if let Some(numbers) = &parts.proof.numbers {
        size.feed_bytes = numbers.bytes();
        size.feed_state_bytes = rust_numbers::ram_bytes(&parts.spec, numbers);
    }
    let mut text = String::new();
    let costs = costs::lines(&parts.spec, costs::RUST);
    for line in head(parts, &size).iter().chain(&costs) {
        text += format!("//! {}", line.replace('[', "\\[")).trim_end();
        text.push('\n');
    }
    text += &usage(
        &parts.spec,
        if parts.spec.is_bidirectional() {
            SEQUENCE_USE
        } else {
            STREAM_USE
        },
    );
    spec(&parts.spec, &mut text);
    weights(parts, &mut text);
    golden(parts, &mut text);
    text += if parts.spec.is_bidirectional() {
        SEQUENCE
    } else {
        STREAM
    };
    let check = if parts.spec.is_bidirectional() {
        "model().and_then(|model| GOLDEN.check(Level::detect(), &model, buffers))"
    } else {
        "GOLDEN.check_fixed::<Net>(Level::detect(), &TABLES, &PACKED, buffers)"
    };
    text += &SELF_TEST.replace("CHECK", check);
    if let Some(feed) = &parts.proof.feed {
        rust_feed::write(feed, &mut text);
    }
    if let Some(numbers) = &parts.proof.numbers {
        rust_numbers::write(numbers, &rust_numbers::Form::FLOAT, &mut text);
    }
    if let Some(front) = parts.sequence_front() {
        rust_scale::write(front, &mut text);
    }
    encoding(&parts.encoding, &mut text);
    let (path, content) = (path.to_owned(), text.into_bytes());
    (vec![Output { path, content }], size)
}

/// How the net is used, with the kind of its inputs.
pub fn usage(spec: &Spec, text: &str) -> String {
    let (read, row) = match spec.input {
        Input::Dense { .. } => ("Dense", "[0.0; net::SPEC.input_width()]"),
        Input::Tokens { .. } => ("Tokens", "[0; net::SPEC.golden_width()]"),
    };
    text.replace("READ", read).replace("INPUTS", row)
}

/// What the compiler makes of names and numbers: the text, and a pointer and a length of a small chip for each.
pub fn notes_bytes(encoding: &Encoding) -> usize {
    let names = encoding.names.iter().flat_map(|names| &names.items);
    let numbers = encoding.numbers.iter().map(|numbers| numbers.items.len());
    names.map(|name| name.len() + 8).sum::<usize>() + 8 * numbers.sum::<usize>()
}

const STREAM_USE: &str = r"//!
//! A firmware that has `mod net;` and this file as `net.rs` says:
//!
//! ```ignore
//! assert_eq!(net::self_test(), 0);
//! let mut state = [0.0; net::SPEC.state_len()];
//! let mut scratch = [Strip::ZERO; net::SPEC.stream_len()];
//! let mut stream = net::stream(&mut state, &mut scratch)?;
//! let x = INPUTS;
//! let mut outputs = [0.0; net::SPEC.output_width()];
//! stream.step(Inputs::READ(&x), &mut outputs)?;
//! ```

#![allow(dead_code)]

use elman_core::*;
";

const SEQUENCE_USE: &str = r"//!
//! This net reads both ways, so it needs a whole sequence. A firmware that has `mod net;` and this file as `net.rs` says:
//!
//! ```ignore
//! assert_eq!(net::self_test(), 0);
//! let mut workspace = [Strip::ZERO; net::SPEC.workspace_len(STEPS, 1)];
//! let mut outputs = [0.0; net::SPEC.output_rows(STEPS, 1) * net::SPEC.output_width()];
//! net::run(STEPS, Inputs::READ(&rows), &mut workspace, &mut outputs)?;
//! ```

#![allow(dead_code)]

use elman_core::*;
";

const STREAM: &str = r"
/// The shape as a type: no more is linked than this net needs.
pub struct Net;

impl Shape for Net {
    const SPEC: Spec = SPEC;
}

/// The net at its initial state, to be fed step by step; its weights stay in flash.
pub fn stream<'a>(
    state: &'a mut [f32],
    scratch: &'a mut [Strip],
) -> Result<FixedStream<'a, Net>, Error> {
    FixedStream::new(Level::detect(), &TABLES, &PACKED, state, scratch)
}
";

const SEQUENCE: &str = r"
/// The net, its weights in flash.
pub fn model() -> Result<Model<'static>, Error> {
    Model::new(SPEC, &TABLES, &PACKED)
}

/// Runs over one whole sequence.
pub fn run(
    steps: usize,
    inputs: Inputs,
    workspace: &mut [Strip],
    outputs: &mut [f32],
) -> Result<(), Error> {
    let model = model()?;
    let batch = Batch::uniform(steps, 1)?;
    let mut state = [0.0; SPEC.state_len()];
    model.reset(&mut state);
    let level = Level::detect();
    forward(
        level, &model, &batch, inputs, &mut state, workspace, outputs,
    )
}
";

const SELF_TEST: &str = r"
/// Runs the golden vectors, in buffers on the stack: 0 if all is well, else the number of the first output that is
/// wrong, counted from 1; `usize::MAX` if this file is damaged.
pub fn self_test() -> usize {
    let mut state = [0.0; SPEC.state_len()];
    let mut scratch = [Strip::ZERO; SPEC.self_test_scratch(LONGEST)];
    let mut outputs = [0.0; SPEC.self_test_outputs(LONGEST)];
    let buffers = SelfTest {
        state: &mut state,
        scratch: &mut scratch,
        outputs: &mut outputs,
    };
    match CHECK {
        Ok(None) => 0,
        Ok(Some(index)) => index + 1,
        Err(_) => usize::MAX,
    }
}
";

/// The shape as a constant.
pub fn spec(spec: &Spec, text: &mut String) {
    let input = match &spec.input {
        Input::Dense { width } => format!("Input::Dense {{ width: {width} }}"),
        Input::Tokens { channels, window } => {
            let channels = channels.as_slice().iter();
            let channels: Vec<String> = channels
                .map(|c| {
                    format!(
                        "Channel {{ vocabulary: {}, width: {} }}",
                        c.vocabulary, c.width
                    )
                })
                .collect();
            let channels = channels.join(", ");
            format!("Input::Tokens {{ channels: Channels::of([{channels}]), window: {window} }}")
        }
    };
    let layers: Vec<String> = spec.layers.as_slice().iter().map(layer).collect();
    let initial = match spec.initial_state {
        InitialState::Zero => "Zero",
        InitialState::Trained => "Trained",
    };
    let kind = match spec.head.kind {
        HeadKind::None => "None".to_owned(),
        HeadKind::Linear { outputs } => format!("Linear {{ outputs: {outputs} }}"),
        HeadKind::Softmax { outputs } => format!("Softmax {{ outputs: {outputs} }}"),
    };
    let read = match spec.head.read {
        Read::EveryStep => "EveryStep",
        Read::LastStep => "LastStep",
    };
    let layers = layers.join(", ");
    let _ = write!(
        text,
        "
/// The shape of the net: every buffer's length is a `const fn` of it.
#[rustfmt::skip]
pub const SPEC: Spec = Spec {{
    input: {input},
    layers: Layers::of([{layers}]),
    initial_state: InitialState::{initial},
    head: Head {{ kind: HeadKind::{kind}, read: Read::{read} }},
    dropout: Dropout::NONE,
}};
"
    );
}

fn layer(layer: &elman_core::Layer) -> String {
    let direction = match layer.direction {
        Direction::Forward => "Forward",
        Direction::Both => "Both",
    };
    let (hidden, cell) = (layer.hidden, cell::rust(layer, number));
    format!("Layer {{ hidden: {hidden}, direction: Direction::{direction}, cell: {cell} }}")
}

fn weights(parts: &Parts<'_>, text: &mut String) {
    let tables = &parts.network.params()[..parts.spec.tables_len()];
    table(
        text,
        "Embeddings and initial states.",
        &format!("pub static TABLES: [f32; {}]", tables.len()),
        &list(tables.iter().map(|&x| number(x)), LANES),
    );
    let strip = |Strip(numbers): &Strip| {
        let numbers: Vec<String> = numbers.iter().map(|&x| number(x)).collect();
        format!("Strip([{}])", numbers.join(", "))
    };
    let packed = parts.network.packed();
    table(
        text,
        "Weights, strip by strip: sixteen outputs side by side, inputs one after the other, the bias first.",
        &format!("pub static PACKED: [Strip; {}]", packed.len()),
        &list(packed.iter().map(strip), 1),
    );
}

/// Steps of golden sequences.
pub fn lengths(lengths: &[u32], text: &mut String) {
    table(
        text,
        "Steps of each golden sequence.",
        &format!("static GOLDEN_LENGTHS: [u32; {}]", lengths.len()),
        &list(lengths.iter().map(u32::to_string), LANES),
    );
}

fn golden(parts: &Parts<'_>, text: &mut String) {
    let golden = parts.proof.golden();
    lengths(golden.lengths, text);
    let (kind, of) = match golden.inputs {
        Inputs::Dense(numbers) => {
            let declaration = format!("static GOLDEN_INPUTS: [f32; {}]", numbers.len());
            let width = parts.spec.golden_width().min(LANES);
            let items = list(numbers.iter().map(|&x| number(x)), width);
            table(
                text,
                "What the net reads, row by row.",
                &declaration,
                &items,
            );
            ("Dense", "numbers")
        }
        Inputs::Tokens(ids) => {
            let declaration = format!("static GOLDEN_INPUTS: [u32; {}]", ids.len());
            let width = parts.spec.golden_width().min(2 * LANES);
            let items = list(ids.iter().map(u32::to_string), width);
            table(
                text,
                "What the net reads, row by row.",
                &declaration,
                &items,
            );
            ("Tokens", "ids")
        }
    };
    table(
        text,
        "What must come out, row by row.",
        &format!("static GOLDEN_OUTPUTS: [f32; {}]", golden.outputs.len()),
        &list(
            golden.outputs.iter().map(|&x| number(x)),
            parts.spec.output_width().min(LANES),
        ),
    );
    let (tolerance, longest) = (number(golden.tolerance), golden.longest());
    let _ = write!(
        text,
        "
/// Steps of the longest golden sequence.
const LONGEST: usize = {longest};

/// The proof: {of}, and the outputs that the net made of them on the machine that exported it.
pub const GOLDEN: Golden<'static> = Golden {{
    lengths: &GOLDEN_LENGTHS,
    inputs: Inputs::{kind}(&GOLDEN_INPUTS),
    outputs: &GOLDEN_OUTPUTS,
    tolerance: {tolerance},
}};
"
    );
}

/// What the numbers mean, as tables.
pub fn encoding(encoding: &Encoding, text: &mut String) {
    for Named { name, about, items } in &encoding.names {
        let declaration = format!(
            "pub static {}: [&str; {}]",
            name.to_uppercase(),
            items.len()
        );
        table(
            text,
            about,
            &declaration,
            &list(items.iter().map(|item| format!("{item:?}")), 8),
        );
    }
    for Named { name, about, items } in &encoding.numbers {
        let declaration = format!("pub static {}: [f64; {}]", name.to_uppercase(), items.len());
        table(
            text,
            about,
            &declaration,
            &list(items.iter().map(|item| format!("{item:?}")), 4),
        );
    }
}
