//! Weights, biases, embeddings and golden vectors as tables of C.

use elman_core::{Input, LANES, Spec};

use super::super::c::text::Source;
use super::super::int8::{GoldenInputs, IntegerProof};
use super::super::parts::Parts;
use super::super::source::list;
use super::steps::name;
use super::words::{BLOCK, Group, LayerTables, PER_LINE, ROWS, Tables};

/// Weights, and where the net starts.
pub fn weights(to: &mut Source, spec: &Spec, tables: &Tables) {
    for layer in &tables.layers {
        let name = name(layer.place);
        let about = format!("Layer {}", layer.place.layer);
        let reverse = if layer.place.reverse {
            ", in reverse"
        } else {
            ""
        };
        matrix(to, &name, &format!("{about}{reverse}"), &layer.groups);
        if layer.is_gated(spec) {
            fixed(to, &name, layer);
        }
    }
    if !tables.head.is_empty() {
        matrix(to, "head", "The map to the outputs", &tables.head);
    }
    for (name, about, numbers) in [
        ("start_h", "The initial states.", &tables.start_h),
        ("start_c", "The initial cell states.", &tables.start_c),
    ] {
        if !numbers.is_empty() {
            to.table(
                about,
                &format!(
                    "static const NET_FLASH int16_t net_{name}[{}]",
                    numbers.len()
                ),
                &list(numbers.iter().map(i16::to_string), LANES),
            );
        }
    }
}

fn matrix(to: &mut Source, name: &str, about: &str, groups: &[Group]) {
    let row = |group: &Group| {
        let [bias, input, recurrent] = [
            group.bias.map(|bias| bias.to_string()),
            group.input.map(|m| m.to_string()),
            group.recurrent.map(|m| m.to_string()),
        ]
        .map(|four| four.join(", "));
        format!("{{{{{bias}}}, {{{input}}}, {{{recurrent}}}}}")
    };
    to.table(
        &format!("{about}: four rows by four rows, biases and multipliers."),
        &format!(
            "static const NET_FLASH net_rows net_{name}_rows[{}]",
            groups.len()
        ),
        &list(groups.iter().map(row), 1),
    );
    let mut blocks = Source::new(to.name());
    let all = groups.iter().flat_map(|group| &group.blocks);
    let block = |block: &[[i8; BLOCK]; ROWS]| {
        let weights = block.as_flattened().iter().map(i8::to_string);
        format!("NET_BLOCK({})", weights.collect::<Vec<_>>().join(", "))
    };
    blocks.piece(&list(all.clone().map(block), 1));
    to.table(
        &format!("{about}: weights, eight columns of four rows at a time."),
        &format!(
            "static const NET_FLASH net_weight net_{name}_weights[{} * NET_BLOCK_LEN]",
            all.count()
        ),
        &blocks.text,
    );
}

/// What a layer of several sums per unit knows of its numbers.
fn fixed(to: &mut Source, name: &str, layer: &LayerTables) {
    const MOST: u32 = 0x1_ffff;
    let within = |units: u32| match layer.limit {
        0 => MOST,
        limit => (units * limit).min(MOST),
    };
    let [first, second] = layer.scalars;
    let (shift, exponent) = (layer.shift, layer.exponent);
    to.piece(&format!(
        "\nstatic const net_fixed net_{name}_fixed = {{{shift}, {exponent}, {}u, {}u, {first}, {second}}};\n",
        within(4),
        within(2)
    ));
}

/// Embeddings of token ids.
pub fn embeddings(to: &mut Source, spec: &Spec, tables: &Tables) {
    let all = tables.channels.iter();
    let bytes: Vec<String> = all
        .clone()
        .flat_map(|channel| &channel.bytes)
        .map(i8::to_string)
        .collect();
    to.table(
        "Embeddings, id by id, each padded to four numbers.",
        &format!(
            "static const NET_FLASH int8_t net_embeddings[{}]",
            bytes.len()
        ),
        &list(bytes, 2 * LANES),
    );
    let multipliers: Vec<String> = all
        .clone()
        .flat_map(|channel| &channel.multipliers)
        .map(i16::to_string)
        .collect();
    to.table(
        "What each of them is multiplied by, in units of 2^-7.",
        &format!(
            "static const NET_FLASH int16_t net_multipliers[{}]",
            multipliers.len()
        ),
        &list(multipliers, LANES),
    );
    channels_of(to, spec, tables);
}

/// Where what is of each channel lies.
fn channels_of(to: &mut Source, spec: &Spec, tables: &Tables) {
    let Input::Tokens { channels, .. } = &spec.input else {
        return;
    };
    let all = tables.channels.iter();
    let mut column = |name: &str, about: &str, items: Vec<usize>| {
        let declaration = format!("static const uint32_t net_{name}[NET_CHANNELS]");
        let items = items.iter().map(|n| format!("{n}u"));
        to.table(about, &declaration, &list(items, PER_LINE));
    };
    let sums = |lengths: Vec<usize>| {
        let mut sum = 0;
        let starts = lengths.into_iter().map(|length| {
            sum += length;
            sum - length
        });
        starts.collect::<Vec<usize>>()
    };
    column(
        "offsets",
        "Where the embeddings of each channel begin.",
        sums(all.clone().map(|channel| channel.bytes.len()).collect()),
    );
    column(
        "firsts",
        "Where its multipliers begin.",
        sums(
            all.clone()
                .map(|channel| channel.multipliers.len())
                .collect(),
        ),
    );
    column(
        "widths",
        "Numbers per id.",
        all.map(|channel| channel.width).collect(),
    );
    column(
        "vocabularies",
        "Ids of each channel; the one behind the last is that of steps outside the sequence.",
        channels.as_slice().iter().map(|c| c.vocabulary).collect(),
    );
}

/// The proof.
pub fn golden(to: &mut Source, parts: &Parts<'_>, proof: &IntegerProof<'_>) {
    let IntegerProof { read, logits, .. } = proof;
    let lengths = parts.proof.golden().lengths;
    to.piece(&format!("\n#define NET_GOLDEN {}\n", lengths.len()));
    to.table(
        "Steps of each golden sequence.",
        "static const NET_FLASH uint32_t net_golden_lengths[NET_GOLDEN]",
        &list(lengths.iter().map(|n| format!("{n}u")), LANES),
    );
    // Sequences are run where they lie, so they must be where pointers reach.
    let flash = if parts.spec.is_bidirectional() {
        ""
    } else {
        "NET_FLASH "
    };
    let width = parts.spec.golden_width().min(2 * LANES);
    let (element, items) = match read {
        GoldenInputs::Numbers(numbers) => {
            ("int16_t", list(numbers.iter().map(i16::to_string), width))
        }
        GoldenInputs::Ids(ids) => (
            "uint32_t",
            list(ids.iter().map(|id| format!("{id}u")), width),
        ),
    };
    to.table(
        "What the net reads, row by row.",
        &format!(
            "static const {flash}{element} net_golden_inputs[{}]",
            read.len()
        ),
        &items,
    );
    let width = parts.spec.output_width().min(LANES);
    to.table(
        "What must come out, row by row.",
        &format!(
            "static const NET_FLASH int32_t net_golden_logits[{}]",
            logits.len()
        ),
        &list(logits.iter().map(i32::to_string), width),
    );
}
