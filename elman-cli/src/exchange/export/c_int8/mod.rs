//! Self-contained C99 (and C++) of an int8 net: a `.c` and a `.h` beside it, no malloc, no libm, the integers of elman-core on
//! every machine. Weights stand in the file as plain numbers in blocks; a macro lays each block out as the instructions of
//! the chip want it: Helium, the DSP extension, 16-bit cores, or plain C.
//!
//! The text is put together from pieces in the files beside this one, in which `net` stands for the name of the export.
//!
//! Lost against the two rows in a word of the DSP form: what elman-core's assembly does, four bytes in a word, four instructions
//! for four products instead of three.

mod feed;
mod header;
mod sequence;
mod steps;
mod tables;
mod words;

use std::path::Path;

use elman_core::quantized::{QuantizedModel, tanh_lines};
use elman_core::{Activation, Cell, HeadKind, Input, Spec};

use super::c::text::{Source, comment};
use super::c::{encoding, file_names, identifier, notes_bytes, numbers, pieces};
use super::costs;
use super::int8::{IntegerProof, about_logits};
use super::parts::{Output, Parts};
use super::size::Size;
use super::source::{list, number, remarks, title};
use crate::base::failure::Result;
use crate::net::cell;
use crate::net::cost::Memory;
use sequence::Work;
use steps::activation_name;
use words::{
    Group, PER_LINE, PIECE, Tables, cell_numbers, input_numbers, layer_numbers, padded,
    read_numbers, take_apart,
};

const KERNEL: &str = include_str!("kernel.c");
const SUMS: &str = include_str!("sums.c");
const PIECES: &str = include_str!("pieces.c");
const TANH_MAX: &str = include_str!("tanh_max.c");
const TANH: &str = include_str!("tanh.c");
const FOUR_TANH: &str = include_str!("four_tanh.c");
const LIMITED: &str = include_str!("limited.c");
const FOUR_RELU: &str = include_str!("four_relu.c");
const FOUR_IDENTITY: &str = include_str!("four_identity.c");
const ELMAN: &str = include_str!("elman.c");
const LIMIT: &str = include_str!("limit.c");
const GATED: &str = include_str!("gated.c");
const SIGMOID: &str = include_str!("sigmoid.c");
const GRU: &str = include_str!("gru.c");
const LSTM: &str = include_str!("lstm.c");
const FASTRNN: &str = include_str!("fastrnn.c");
const FASTGRNN: &str = include_str!("fastgrnn.c");
const HEAD: &str = include_str!("head.c");
const IDS: &str = include_str!("ids.c");
const COMPARE: &str = include_str!("compare.c");
const INTEGER: &str = include_str!("integer.c");
const FLOATS: &str = include_str!("floats.c");
const STREAM_TEST: &str = include_str!("stream_test.c");
const SEQUENCE_TEST: &str = include_str!("sequence_test.c");

/// Both files.
///
/// # Errors
/// A name that makes no identifiers; words that are no net of this shape.
pub fn write(parts: &Parts<'_>, words: &[u32], path: &Path) -> Result<(Vec<Output>, Size)> {
    let name = identifier(path)?;
    let model = QuantizedModel::new(parts.spec, words)?;
    let tables = take_apart(&model)?;
    let proof = IntegerProof::of(parts, &model)?;
    let mut size = size(parts, &tables);
    size.count(&parts.spec, costs::C_INT8);
    if let Some(feed) = &proof.feed {
        (size.feed_bytes, size.feed_state_bytes) = feed::bytes(&parts.spec, feed);
    }
    if let Some(fed) = &proof.numbers {
        size.feed_bytes = fed.bytes();
        size.feed_state_bytes = numbers::ram_bytes(&parts.spec, fed);
    }
    let (header_path, header_name) = file_names(path);
    let mut header = Source::new(&name);
    comment_block(&mut header, parts, &model, &size);
    header::write(&mut header, parts, &model, &proof);
    let mut source = Source::new(&name);
    comment_block(&mut source, parts, &model, &size);
    source.verbatim(&format!(
        "\n#include \"{header_name}\"\n\n#include <string.h>\n"
    ));
    functions(&mut source, parts, &tables);
    tables::golden(&mut source, parts, &proof);
    source.piece(COMPARE);
    source.piece(&test(&parts.spec));
    encoding(&mut source, &parts.encoding);
    if let Some(feed) = &proof.feed {
        let labels = parts.encoding.labels().unwrap_or_default();
        feed::functions(&mut source, feed, labels);
    }
    if let Some(fed) = &proof.numbers {
        source.piece(pieces::LOAD);
        source.piece(pieces::BITS_ALONE);
        numbers::functions(&mut source, (fed, None), &numbers::Form::INT8, false);
        numbers::test(&mut source, &numbers::Form::INT8);
    }
    let files = [(path.to_owned(), source.text), (header_path, header.text)];
    let outputs = files.map(|(path, text)| Output {
        path,
        content: text.into_bytes(),
    });
    Ok((outputs.into(), size))
}

/// Bytes of all tables, and of RAM.
fn size(parts: &Parts<'_>, tables: &Tables) -> Size {
    let spec = &parts.spec;
    let group = |group: &Group| 32 + 32 * group.blocks.len();
    let layers = tables.layers.iter().flat_map(|layer| &layer.groups);
    let matrices: usize = layers.chain(&tables.head).map(group).sum();
    let channels = tables.channels.iter();
    let embeddings: usize = channels
        .map(|channel| 2 * channel.multipliers.len() + channel.bytes.len())
        .sum();
    let start = 2 * (tables.start_h.len() + tables.start_c.len());
    let memory = Memory {
        flash_bytes: matrices + embeddings + start + tanh_bytes(spec),
        ..memory(spec, parts.proof.golden().longest())
    };
    Size::of(
        memory,
        parts.proof.bytes(size_of::<i16>()),
        notes_bytes(&parts.encoding),
    )
}

/// Bytes of a net, of which nothing but the shape is known; of sequences of so many steps, where it reads both ways.
pub fn memory(spec: &Spec, steps: usize) -> Memory {
    let words = Memory::of_words(spec, steps);
    let (state_bytes, scratch_bytes) = if spec.is_bidirectional() {
        let Work {
            buffers,
            widest,
            fixed,
        } = Work::of(spec);
        (0, 2 * (buffers * widest * words.steps + fixed))
    } else {
        let h: usize = (0..spec.layers.len())
            .map(|layer| layer_numbers(spec, layer))
            .sum();
        let state = 2 * (h + cell_numbers(spec));
        (state, 4 + 2 * (h + padded(input_numbers(spec))))
    };
    Memory {
        flash_bytes: words.flash_bytes + tanh_bytes(spec),
        state_bytes,
        scratch_bytes,
        ..words
    }
}

/// Bytes of the table of tanh, where it is needed.
fn tanh_bytes(spec: &Spec) -> usize {
    if has_tanh(spec) {
        4 * tanh_lines().len()
    } else {
        0
    }
}

fn comment_block(to: &mut Source, parts: &Parts<'_>, model: &QuantizedModel<'_>, size: &Size) {
    let mut lines = title(parts, size);
    lines.push(format!(
        "In whole numbers. Golden vectors: {} steps of {}. The self-test",
        parts.proof.steps(),
        parts.proof.source
    ));
    lines.push("runs them: every logit must be the same, on every machine.".to_owned());
    let mut all = parts.encoding.remarks.clone();
    if matches!(parts.spec.input, Input::Dense { .. }) {
        all.push(format!(
            "the net reads whole numbers: (x[i] * {}) rounded and kept within 16 bits",
            number(model.input_scale())
        ));
    }
    all.push(about_logits(&parts.spec, &number(model.unit())));
    remarks(&all, &mut lines);
    lines.extend(costs::lines(&parts.spec, costs::C_INT8));
    if parts.proof.numbers.is_some() {
        lines.push(numbers::stack(&parts.spec));
    }
    let mut text = "/*\n".to_owned();
    for line in lines {
        text += format!(" * {}", comment(&line)).trim_end();
        text.push('\n');
    }
    text += " */\n";
    to.verbatim(&text);
}

fn has(spec: &Spec, wanted: impl Fn(Cell) -> bool) -> bool {
    let layers = spec.layers.as_slice();
    layers.iter().any(|layer| wanted(layer.cell))
}

fn activates(spec: &Spec, wanted: Activation) -> bool {
    let mut layers = spec.layers.as_slice().iter();
    layers.any(|layer| cell::activation(layer) == Some(wanted))
}

const fn is_elman(cell: Cell) -> bool {
    matches!(cell, Cell::Elman { .. })
}

/// Whether the table of tanh is needed.
fn has_tanh(spec: &Spec) -> bool {
    activates(spec, Activation::Tanh) || has(spec, |cell| !is_elman(cell))
}

/// Everything behind the includes but the test, in the order that C wants.
fn functions(to: &mut Source, parts: &Parts<'_>, tables: &Tables) {
    let spec = &parts.spec;
    if parts.proof.numbers.is_some() {
        to.piece(&format!("\n{}\n", pieces::EXACT.trim_end()));
    }
    to.piece(pieces::FLASH);
    to.piece(KERNEL);
    arithmetic(to, spec);
    tables::weights(to, spec, tables);
    steps::cells(to, spec, tables);
    if spec.head.kind != HeadKind::None {
        to.piece(HEAD);
    }
    steps::logits(to, spec);
    if matches!(spec.input, Input::Tokens { .. }) {
        tables::embeddings(to, spec, tables);
        to.piece(IDS);
    } else {
        to.piece(INTEGER);
    }
    if matches!(spec.head.kind, HeadKind::Softmax { .. }) {
        // Nothing here asks whether multiply-adds are fused.
        let fma = pieces::FMA.replace("#define NET_FUSED 1\n", "");
        to.piece(&fma.replace("#define NET_FUSED 0\n", ""));
        for piece in [pieces::BITS, pieces::EXP, pieces::SOFTMAX] {
            to.piece(piece);
        }
    }
    to.piece(FLOATS);
    if spec.is_bidirectional() {
        sequence::write(to, spec, tables);
    } else {
        let is_fed = parts.proof.feed.is_some() || parts.proof.numbers.is_some();
        steps::stream(to, spec, tables, is_fed);
    }
}

/// Sums and cells, as far as this net needs them.
fn arithmetic(to: &mut Source, spec: &Spec) {
    let read = (0..=spec.layers.len()).map(|layer| read_numbers(spec, layer));
    let hidden = spec.layers.as_slice().iter().map(|layer| layer.hidden);
    if read.chain(hidden).any(|numbers| numbers > PIECE) {
        to.piece(&SUMS.replace("NET_ADD", "net_add_piece"));
        to.piece(PIECES);
    } else {
        to.piece(&SUMS.replace("NET_ADD", "net_add"));
    }
    if has_tanh(spec) {
        let lines = tanh_lines().iter().map(|line| format!("0x{line:08X}u"));
        to.table(
            "Tanh between 0 and 8: where a line starts (low half) and how far it rises.",
            "static const NET_FLASH uint32_t net_lines[256]",
            &list(lines, PER_LINE),
        );
        let is_lstm = |cell| matches!(cell, Cell::Lstm { .. });
        if activates(spec, Activation::Tanh) || has(spec, is_lstm) {
            to.piece(TANH_MAX);
        }
        // Helium takes four at a time, and one by one for cells of several sums alone.
        let condition = match has(spec, |cell| !is_elman(cell)) {
            true => "1",
            false => "!defined(NET_IS_MVE)",
        };
        to.piece(&TANH.replace("#ifdef NET_SINGLE_TANH", &format!("#if {condition}")));
    }
    let gru = |cell| matches!(cell, Cell::Gru { .. });
    let lstm = |cell| matches!(cell, Cell::Lstm { .. });
    let fast_rnn = |cell| matches!(cell, Cell::FastRnn);
    let fast_grnn = |cell| matches!(cell, Cell::FastGrnn);
    let clipped = has(spec, |cell| is_elman(cell) && cell.limit().is_some());
    let [tanh, relu, identity] = ACTIVATIONS.map(|activation| activates(spec, activation));
    let limited = has(spec, |cell| !is_elman(cell) && !gru(cell));
    let small = [
        (limited || relu || identity || clipped, LIMITED),
        (tanh, FOUR_TANH),
        (relu, FOUR_RELU),
        (identity, FOUR_IDENTITY),
        (clipped, LIMIT),
        (has(spec, |cell| !is_elman(cell)), GATED),
        (
            has(spec, |cell| !is_elman(cell) && !fast_rnn(cell)),
            SIGMOID,
        ),
        (has(spec, gru), GRU),
        (has(spec, lstm), LSTM),
        (has(spec, fast_rnn), FASTRNN),
        (has(spec, fast_grnn), FASTGRNN),
    ];
    for (_, piece) in small.into_iter().filter(|(is_needed, _)| *is_needed) {
        to.piece(piece);
    }
    for activation in ACTIVATIONS {
        if activates(spec, activation) {
            to.piece(&ELMAN.replace("ACTIVATION", activation_name(activation)));
        }
    }
}

const ACTIVATIONS: [Activation; 3] = [Activation::Tanh, Activation::Relu, Activation::Identity];

/// The self-test.
fn test(spec: &Spec) -> String {
    if spec.is_bidirectional() {
        return SEQUENCE_TEST.to_owned();
    }
    let element = match spec.input {
        Input::Dense { .. } => "int16_t",
        Input::Tokens { .. } => "uint32_t",
    };
    STREAM_TEST.replace("INPUT_T", element)
}
