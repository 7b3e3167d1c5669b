//! Self-contained C99 (and C++): a `.c` and a `.h` beside it, no malloc, no libm. Weights lie in panels of eight outputs, so
//! that a compiler keeps eight sums in registers; the order of operations is that of core, hence the bits are, too, where the
//! compiler has a fused multiply-add.
//!
//! The text is put together from pieces in the files beside this one, in which `net` stands for the name of the export.

pub mod feed;
pub mod header;
mod identifier;
pub mod numbers;
mod panels;
mod sequence_scale;
mod steps;
pub mod text;

use std::path::{Path, PathBuf};

use elman_core::{Activation, Cell, HeadKind, InitialState, Input, Inputs, LANES, Spec};

use super::costs;
use super::parts::{Output, Parts};
use super::size::Size;
use super::source::{head, list};
use crate::base::encoding::{Encoding, Named};
use crate::base::failure::Result;
use crate::net::cell;
use crate::net::figures::PANEL;
pub use identifier::identifier;
use numbers::Form;
use panels::panels_of;
use text::{Source, c_number, comment, stack_of_feed, string};

pub const EXACT: &str = include_str!("exact.c");
pub const FMA: &str = concat!(include_str!("exact.c"), include_str!("fma.c"));
pub const LOAD: &str = include_str!("load.c");
const SUMS: &str = concat!(include_str!("load.c"), include_str!("sums.c"));
const PRODUCT: &str = include_str!("product.c");
pub const BITS_ALONE: &str = include_str!("bits.c");
pub const BITS: &str = concat!(include_str!("rounding.c"), include_str!("bits.c"));
pub const EXP: &str = include_str!("exp.c");
const SIGMOID: &str = include_str!("sigmoid.c");
const TANH: &str = include_str!("tanh.c");
const ACTIVATE_TANH: &str = include_str!("activate_tanh.c");
const RELU: &str = include_str!("relu.c");
const LIMIT: &str = include_str!("limit.c");
const CELL_GRU: &str = include_str!("cell_gru.c");
const CELL_LSTM: &str = include_str!("cell_lstm.c");
const CELL_FASTRNN: &str = include_str!("cell_fastrnn.c");
const CELL_FASTGRNN: &str = include_str!("cell_fastgrnn.c");
pub const SOFTMAX: &str = include_str!("softmax.c");
const IDS: &str = include_str!("ids.c");
const LAYER: &str = include_str!("layer.c");
const WINDOWS: &str = include_str!("windows.c");
const COMPARE: &str = include_str!("compare.c");
const STREAM_TEST: &str = include_str!("stream_test.c");
const SEQUENCE_TEST: &str = include_str!("sequence_test.c");

/// Pieces of C that int8 nets have as well.
pub mod pieces {
    pub use super::{BITS, BITS_ALONE, EXACT, EXP, FMA, LOAD, SOFTMAX};
    pub const FLASH: &str = include_str!("flash.c");
}

/// Both files.
///
/// # Errors
/// A name that makes no identifiers.
pub fn write(parts: &Parts<'_>, path: &Path) -> Result<(Vec<Output>, Size)> {
    let name = identifier(path)?;
    let spec = &parts.spec;
    let scratch = scratch_len(spec, parts.proof.golden().longest());
    let mut size = Size::of_panels(spec, &parts.proof, notes_bytes(&parts.encoding), scratch);
    size.count(spec, costs::C);
    if let Some(feed) = &parts.proof.feed {
        size.feed_bytes = feed.bytes(feed::raw_number(feed).1, 12);
        size.feed_state_bytes = feed::ram_of_floats(spec, feed);
    }
    if let Some(numbers) = &parts.proof.numbers {
        size.feed_bytes = numbers.bytes();
        size.feed_state_bytes = numbers::ram_bytes(spec, numbers);
    }
    let (header_path, header_name) = file_names(path);
    let mut header = Source::new(&name);
    comment_block(&mut header, parts, &size);
    header::write(&mut header, parts);
    let mut source = Source::new(&name);
    comment_block(&mut source, parts, &size);
    source.verbatim(&format!(
        "\n#include \"{header_name}\"\n\n#include <string.h>\n\n"
    ));
    functions(&mut source, parts);
    let files = [(path.to_owned(), source.text), (header_path, header.text)];
    let outputs = files.map(|(path, text)| Output {
        path,
        content: text.into_bytes(),
    });
    Ok((outputs.into(), size))
}

/// The path of the header, and its name alone.
pub fn file_names(path: &Path) -> (PathBuf, String) {
    let header = path.with_extension("h");
    let name = header.file_name().unwrap_or_default().to_string_lossy();
    let name = name.into_owned();
    (header, name)
}

/// Numbers of scratch; of sequences of so many steps, where the net reads both ways.
pub fn scratch_len(spec: &Spec, steps: usize) -> usize {
    if spec.is_bidirectional() {
        steps::work_len(spec, steps)
    } else {
        spec.widest()
    }
}

fn comment_block(to: &mut Source, parts: &Parts<'_>, size: &Size) {
    let mut text = "/*\n".to_owned();
    let mut lines = head(parts, size);
    lines.extend(costs::lines(&parts.spec, costs::C));
    let feed = match (&parts.proof.feed, &parts.proof.numbers) {
        (Some(_), _) => Some(stack_of_feed("events", 48)),
        (None, Some(_)) => Some(numbers::stack(&parts.spec)),
        (None, None) => None,
    };
    lines.extend(feed);
    for line in lines {
        text += format!(" * {}", comment(&line)).trim_end();
        text.push('\n');
    }
    text += " */\n";
    to.verbatim(&text);
}

/// The text of names, a pointer for each, and doubles.
pub fn notes_bytes(encoding: &Encoding) -> usize {
    let names = encoding.names.iter().flat_map(|names| &names.items);
    let numbers = encoding.numbers.iter().map(|numbers| numbers.items.len());
    names.map(|name| name.len() + 1 + 4).sum::<usize>() + 8 * numbers.sum::<usize>()
}

/// Everything behind the includes, in the order that C wants.
fn functions(to: &mut Source, parts: &Parts<'_>) {
    let spec = &parts.spec;
    to.piece(FMA);
    to.piece(pieces::FLASH);
    tables(to, parts);
    to.piece(SUMS);
    let feeds = parts.proof.feed.is_some() || parts.proof.numbers.is_some();
    let whole = parts.sequence_front();
    let has_bits = arithmetic(to, spec, feeds || whole.is_some());
    if matches!(spec.input, Input::Tokens { .. }) {
        to.piece(IDS);
    }
    if spec.is_bidirectional() {
        sequence(to, spec);
    } else {
        steps::stream(to, spec, feeds);
    }
    golden(to, parts);
    to.piece(COMPARE);
    let element = match spec.input {
        Input::Dense { .. } => "float",
        Input::Tokens { .. } => "uint32_t",
    };
    to.piece(&if spec.is_bidirectional() {
        SEQUENCE_TEST.to_owned()
    } else {
        STREAM_TEST.replace("INPUT_T", element)
    });
    encoding(to, &parts.encoding);
    if let Some(feed) = &parts.proof.feed {
        let labels = parts.encoding.labels().unwrap_or_default();
        feed::functions(to, feed, labels);
        feed::test(to, feed);
    }
    if let Some(numbers) = &parts.proof.numbers {
        let outputs = parts.proof.golden().outputs;
        numbers::functions(to, (numbers, Some(outputs)), &Form::FLOAT, has_bits);
        numbers::test(to, &Form::FLOAT);
    }
    if let Some(front) = whole {
        sequence_scale::functions(to, parts, front, !has_bits);
    }
}

/// What cells and the head do with sums, as far as this net needs it, and the bits of numbers if the scale of raw samples needs them;
/// whether the net itself needs these.
fn arithmetic(to: &mut Source, spec: &Spec, scales: bool) -> bool {
    let layers = spec.layers.as_slice();
    let has = |wanted: fn(Cell) -> bool| layers.iter().any(|layer| wanted(layer.cell));
    let activates = |wanted| {
        layers
            .iter()
            .any(|layer| cell::activation(layer) == Some(wanted))
    };
    let gru = has(|cell| matches!(cell, Cell::Gru { .. }));
    let lstm = has(|cell| matches!(cell, Cell::Lstm { .. }));
    let fast_rnn = has(|cell| matches!(cell, Cell::FastRnn));
    let fast_grnn = has(|cell| matches!(cell, Cell::FastGrnn));
    let elman = has(|cell| matches!(cell, Cell::Elman { .. }));
    let limits = has(|cell| matches!(cell, Cell::Elman { .. }) && cell.limit().is_some());
    let (elman_tanh, gated) = (activates(Activation::Tanh), gru || lstm);
    let fast = fast_rnn || fast_grnn;
    let softmax = matches!(spec.head.kind, HeadKind::Softmax { .. });
    let needs_bits = elman_tanh || fast || gated || softmax;
    let pieces = [
        (elman || spec.head.kind != HeadKind::None, PRODUCT),
        (needs_bits, BITS),
        (scales && !needs_bits, BITS_ALONE),
        (gated || softmax, EXP),
        (elman_tanh || fast || gated, TANH),
        (gated, SIGMOID),
        (elman_tanh, ACTIVATE_TANH),
        (activates(Activation::Relu), RELU),
        (limits, LIMIT),
        (gru, CELL_GRU),
        (lstm, CELL_LSTM),
        (fast_rnn, CELL_FASTRNN),
        (fast_grnn, CELL_FASTGRNN),
        (softmax, SOFTMAX),
    ];
    for (_, piece) in pieces.into_iter().filter(|(is_needed, _)| *is_needed) {
        to.piece(piece);
    }
    needs_bits
}

/// What a net that reads both ways runs over a sequence with.
fn sequence(to: &mut Source, spec: &Spec) {
    let is_tokens = matches!(spec.input, Input::Tokens { .. });
    to.piece("\n/* A step of a layer: h from parts, of which the one behind count inputs is the h before; c in place. */\n");
    to.piece("typedef void (*net_cell)(const NET_SPACE float *w, const net_part *parts, size_t count, float *h, float *c);\n");
    if is_tokens {
        to.piece(WINDOWS);
    }
    if !is_tokens || spec.layers.len() > 1 {
        to.piece(LAYER);
    }
    steps::cells(to, spec);
    steps::sequence(to, spec);
}

/// Weights, embeddings, the initial state.
fn tables(to: &mut Source, parts: &Parts<'_>) {
    let (spec, params) = (&parts.spec, parts.network.params());
    let floats = |numbers: &[f32]| list(numbers.iter().map(|&x| c_number(x)), PANEL);
    for matrix in panels_of(spec, params) {
        let declaration = format!(
            "static const NET_FLASH float net_{}[{}]",
            matrix.name,
            matrix.numbers.len()
        );
        to.table(&matrix.about, &declaration, &floats(&matrix.numbers));
    }
    let (embeddings, initial) = params[..spec.tables_len()].split_at(spec.initial_state_offset());
    if let Input::Tokens { channels, .. } = &spec.input {
        let declaration = format!(
            "static const NET_FLASH float net_embeddings[{}]",
            embeddings.len()
        );
        to.table(
            "Embedding tables, one after the other.",
            &declaration,
            &floats(embeddings),
        );
        let channels = channels.as_slice();
        let embedded: usize = channels.iter().map(|channel| channel.width).sum();
        to.piece(&format!(
            "\n/* Numbers that stand for a row of ids. */\n#define NET_EMBEDDED {embedded}\n"
        ));
        let offsets = (0..channels.len()).map(|channel| spec.embedding_offset(channel));
        let mut column = |name: &str, about: &str, items: Vec<usize>| {
            let declaration = format!("static const uint32_t net_{name}[NET_CHANNELS]");
            to.table(
                about,
                &declaration,
                &list(items.iter().map(|n| format!("{n}u")), PANEL),
            );
        };
        column(
            "offsets",
            "Where the table of each channel begins.",
            offsets.collect(),
        );
        column(
            "widths",
            "Numbers per id.",
            channels.iter().map(|c| c.width).collect(),
        );
        let about =
            "Ids of each channel; the row behind the last is that of steps outside the sequence.";
        column(
            "vocabularies",
            about,
            channels.iter().map(|c| c.vocabulary).collect(),
        );
    }
    if spec.initial_state == InitialState::Trained || spec.is_bidirectional() {
        let zero = vec![0.0; spec.state_len()];
        let start = if initial.is_empty() { &zero } else { initial };
        // What sequences start from they read where it lies, where pointers reach.
        let flash = if spec.is_bidirectional() {
            ""
        } else {
            "NET_FLASH "
        };
        to.table(
            "Where the state starts.",
            &format!("static const {flash}float net_start[NET_STATE]"),
            &floats(start),
        );
    }
}

fn golden(to: &mut Source, parts: &Parts<'_>) {
    let golden = parts.proof.golden();
    let (spec, lengths) = (&parts.spec, golden.lengths);
    let tolerance = c_number(golden.tolerance);
    to.piece(&format!("\n/* How far an output may be off without fused multiply-adds. */\n#define NET_TOLERANCE {tolerance}\n"));
    to.piece(&format!("#define NET_GOLDEN {}\n", lengths.len()));
    let items = list(lengths.iter().map(|n| format!("{n}u")), LANES);
    let declaration = "static const NET_FLASH uint32_t net_golden_lengths[NET_GOLDEN]";
    let flash = if spec.is_bidirectional() {
        ""
    } else {
        "NET_FLASH "
    };
    to.table("Steps of each golden sequence.", declaration, &items);
    let about = "What the net reads, row by row.";
    let width = spec.golden_width().min(LANES);
    match golden.inputs {
        Inputs::Dense(numbers) => {
            let declaration = format!(
                "static const {flash}float net_golden_inputs[{}]",
                numbers.len()
            );
            to.table(
                about,
                &declaration,
                &list(numbers.iter().map(|&x| c_number(x)), width),
            );
        }
        Inputs::Tokens(ids) => {
            let declaration = format!(
                "static const {flash}uint32_t net_golden_inputs[{}]",
                ids.len()
            );
            to.table(
                about,
                &declaration,
                &list(ids.iter().map(|id| format!("{id}u")), width),
            );
        }
    }
    let declaration = format!(
        "static const NET_FLASH float net_golden_outputs[{}]",
        golden.outputs.len()
    );
    let width = spec.output_width().min(PANEL);
    let items = list(golden.outputs.iter().map(|&x| c_number(x)), width);
    to.table("What must come out, row by row.", &declaration, &items);
}

/// What the numbers mean, as tables.
pub fn encoding(to: &mut Source, encoding: &Encoding) {
    for Named { name, about, items } in &encoding.names {
        let declaration = format!(
            "const char *const net_{name}[NET_{}_LEN]",
            name.to_uppercase()
        );
        to.table(
            about,
            &declaration,
            &list(items.iter().map(|item| string(item)), PANEL),
        );
    }
    for Named { name, about, items } in &encoding.numbers {
        let declaration = format!("const double net_{name}[NET_{}_LEN]", name.to_uppercase());
        let items = items.iter().map(|item| format!("{item:?}"));
        to.table(about, &declaration, &list(items, PANEL / 2));
    }
}
