//! The functions that know the net: a step of a stream, or all of a sequence.

use elman_core::{Cell, HeadKind, InitialState, Input, Layer, Place, Read, Spec};

use super::panels::name;
use super::text::{Source, c_number};
use crate::net::cell;

/// Row buffers of a sequence: layers take turns in two.
pub fn work_buffers(spec: &Spec) -> usize {
    spec.layers.len().min(2)
}

/// Numbers of work space for a sequence.
pub fn work_len(spec: &Spec, steps: usize) -> usize {
    work_buffers(spec) * steps * spec.widest() + work_cells(spec)
}

/// Numbers of work space for the cell states of one direction of a layer at a time.
pub fn work_cells(spec: &Spec) -> usize {
    let layers = spec.layers.as_slice().iter();
    let cells = layers.map(|layer| (layer.cell.facts().states - 1) * layer.hidden);
    cells.max().unwrap_or_default()
}

/// What a step of a layer reads and writes, as expressions of C.
struct Names<'a> {
    weights: &'a str,
    /// How many parts are inputs; the state before lies behind them.
    count: &'a str,
    h: &'a str,
    c: &'a str,
}

/// The statements that step a layer, one to a line.
fn step(layer: &Layer, names: &Names<'_>) -> String {
    let Names {
        weights,
        count,
        h,
        c,
    } = names;
    let hidden = layer.hidden;
    let limit = layer.cell.limit().map(c_number);
    // Sigmoids read no more than that anyway.
    let gates = layer.cell.limit().filter(|clip| *clip < 104.0);
    let gates = gates.map_or_else(|| "NET_EXP_MAX".to_owned(), c_number);
    match layer.cell {
        Cell::Elman { .. } => {
            let product =
                format!("    net_product({weights}, parts, {count} + 1, {h}, {hidden});\n");
            let limit = limit.map(|clip| format!("    net_limit({h}, {hidden}, {clip});\n"));
            let activate = cell::c_function(layer);
            let activate = activate.map(|name| format!("    {name}({h}, {hidden});\n"));
            product + &limit.unwrap_or_default() + &activate.unwrap_or_default()
        }
        Cell::Gru { .. } => {
            format!("    net_gru({weights}, parts, {count}, {h}, {hidden}, {gates});\n")
        }
        Cell::Lstm { .. } => {
            format!("    net_lstm({weights}, parts, {count}, {h}, {c}, {hidden}, {gates});\n")
        }
        Cell::FastRnn => format!("    net_fastrnn({weights}, parts, {count}, {h}, {hidden});\n"),
        Cell::FastGrnn => {
            format!("    net_fastgrnn({weights}, parts, {count}, {h}, {hidden});\n")
        }
    }
}

/// A function for each layer, which both directions of a sequence call.
pub fn cells(to: &mut Source, spec: &Spec) {
    let names = Names {
        weights: "w",
        count: "count",
        h: "h",
        c: "c",
    };
    for (index, layer) in spec.layers.as_slice().iter().enumerate() {
        let unused = if layer.cell.facts().states == 1 {
            "    (void)c;\n"
        } else {
            ""
        };
        let step = step(layer, &names);
        to.piece(&format!(
            "
static void net_cell_{index}(const NET_SPACE float *w, const net_part *parts, size_t count, float *h, float *c)
{{
{step}{unused}}}
"
        ));
    }
}

/// `net_reset` and `net_step`; in two functions where others call them too: `net_advance` for the layers, `net_answer` for the head.
pub fn stream(to: &mut Source, spec: &Spec, is_split: bool) {
    to.piece("\nvoid net_reset(net_state *net)\n{\n");
    to.piece(match spec.initial_state {
        InitialState::Trained => "    NET_LOAD(net->state, net_start, sizeof net->state);\n}\n",
        InitialState::Zero => {
            "    size_t i;\n    for (i = 0; i < NET_STATE; i++) {\n        net->state[i] = 0.0f;\n    }\n}\n"
        }
    });
    match &spec.input {
        Input::Dense { .. } if is_split => to.piece(
            "
/* One step of every layer. */
static void net_advance(net_state *net, const float *x)
{
    net_part parts[2];
    parts[0].x = x;
    parts[0].len = NET_INPUTS;
",
        ),
        Input::Dense { .. } => to.piece(
            "
int net_step(net_state *net, const float x[NET_INPUTS], float y[NET_OUTPUTS])
{
    net_part parts[2];
    parts[0].x = x;
    parts[0].len = NET_INPUTS;
",
        ),
        Input::Tokens { .. } => to.piece(
            "
int net_step(net_state *net, const uint32_t x[NET_INPUTS], float y[NET_OUTPUTS])
{
    net_part parts[NET_INPUTS + 1];
    float room[NET_ROOM];
    size_t i;
    for (i = 0; i < NET_WINDOW; i++) {
        if (!net_knows(x + i * NET_CHANNELS)) {
            return -1;
        }
        net_embed(x + i * NET_CHANNELS, parts + i * NET_CHANNELS, room + i * (NET_ROOM / NET_WINDOW));
    }
",
        ),
    }
    for (index, layer) in spec.layers.as_slice().iter().enumerate() {
        stream_layer(to, spec, index, layer);
    }
    if is_split {
        to.piece(
            "}

/* What the head makes of the last layer. */
static void net_answer(const net_state *net, float *y)
{
",
        );
        if spec.head.kind != HeadKind::None {
            to.piece("    net_part parts[1];\n");
        }
    }
    let top = spec.state_offset(spec.layers.len() - 1);
    match spec.head.kind {
        HeadKind::None => to.piece(&format!(
            "    memcpy(y, net->state + {top}, NET_OUTPUTS * sizeof *y);\n"
        )),
        HeadKind::Linear { .. } | HeadKind::Softmax { .. } => to.piece(&format!(
            "    parts[0].x = net->state + {top};
    parts[0].len = {};
    net_product(net_head, parts, 1, y, NET_OUTPUTS);
",
            spec.top_width()
        )),
    }
    if matches!(spec.head.kind, HeadKind::Softmax { .. }) {
        to.piece("    net_softmax(y, NET_OUTPUTS);\n");
    }
    if is_split {
        to.piece(
            "}

int net_step(net_state *net, const float x[NET_INPUTS], float y[NET_OUTPUTS])
{
    net_advance(net, x);
    net_answer(net, y);
",
        );
    }
    to.piece("    return 0;\n}\n");
}

fn stream_layer(to: &mut Source, spec: &Spec, index: usize, layer: &Layer) {
    let (at, hidden) = (spec.state_offset(index), layer.hidden);
    let parts = match (&spec.input, index) {
        (Input::Tokens { .. }, 0) => "NET_INPUTS",
        _ => "1",
    };
    if index > 0 {
        let (below, width) = (spec.state_offset(index - 1), spec.layer_input_width(index));
        to.piece(&format!(
            "    parts[0].x = net->state + {below};\n    parts[0].len = {width};\n"
        ));
    }
    let place = Place {
        layer: index,
        reverse: false,
    };
    to.piece(&format!(
        "    parts[{parts}].x = net->state + {at};\n    parts[{parts}].len = {hidden};\n"
    ));
    let weights = format!("net_{}", name(place));
    let c = format!("net->state + {}", at + hidden);
    let names = Names {
        weights: &weights,
        count: parts,
        h: "net->scratch",
        c: &c,
    };
    to.piece(&step(layer, &names));
    to.piece(&format!(
        "    memcpy(net->state + {at}, net->scratch, {hidden} * sizeof *net->scratch);\n"
    ));
}

/// `net_run`.
pub fn sequence(to: &mut Source, spec: &Spec) {
    to.piece(match &spec.input {
        Input::Dense { .. } => {
            "
int net_run(const float *x, size_t steps, float *work, float *y)
{
    if (steps == 0) {
        return -1;
    }
"
        }
        Input::Tokens { .. } => {
            "
int net_run(const uint32_t *x, size_t steps, float *work, float *y)
{
    size_t i;
    if (steps == 0) {
        return -1;
    }
    for (i = 0; i < steps; i++) {
        if (!net_knows(x + i * NET_CHANNELS)) {
            return -1;
        }
    }
"
        }
    });
    for (index, layer) in spec.layers.as_slice().iter().enumerate() {
        for direction in 0..layer.directions() {
            sequence_layer(to, spec, index, direction == 1);
        }
    }
    sequence_head(to, spec, buffer(spec.layers.len() - 1));
    to.piece("    return 0;\n}\n");
}

/// Where the rows of a layer lie.
const fn buffer(index: usize) -> &'static str {
    match index % 2 {
        0 => "work",
        _ => "work + steps * NET_WIDEST",
    }
}

/// One direction of a layer over all steps.
fn sequence_layer(to: &mut Source, spec: &Spec, index: usize, reverse: bool) {
    let layer = spec.layers.as_slice()[index];
    let (hidden, stride) = (layer.hidden, layer.width());
    let column = usize::from(reverse) * hidden;
    let start = spec.state_offset(index) + column;
    let c = if layer.cell.facts().states == 1 {
        "0".to_owned()
    } else {
        let c = format!("work + {} * steps * NET_WIDEST", work_buffers(spec));
        let start = start + stride;
        to.piece(&format!(
            "    memcpy({c}, net_start + {start}, {hidden} * sizeof *work);\n"
        ));
        c
    };
    let weights = name(Place {
        layer: index,
        reverse,
    });
    let call = match (&spec.input, index) {
        (Input::Tokens { .. }, 0) => format!("net_windows(net_{weights}, x"),
        (Input::Dense { width }, 0) => format!("net_layer(net_{weights}, x, {width}"),
        _ => format!(
            "net_layer(net_{weights}, {}, {}",
            buffer(index - 1),
            spec.layer_input_width(index)
        ),
    };
    let (reverse, rows) = (i32::from(reverse), buffer(index));
    to.piece(&format!(
        "    {call}, steps, {reverse}, net_start + {start}, {hidden}, net_cell_{index}, {c}, {rows} + {column}, {stride});\n"
    ));
}

/// From the rows of the last layer to outputs.
fn sequence_head(to: &mut Source, spec: &Spec, top: &str) {
    let (width, layers) = (spec.top_width(), spec.layers.as_slice());
    let Some(last) = layers.last() else {
        return;
    };
    // Of the last step forward and of the first in reverse; of every step all of its row.
    let (rows, parts) = match spec.head.read {
        Read::EveryStep => ("steps", vec![(format!("{top} + row * {width}"), width)]),
        Read::LastStep => {
            let forward = (format!("{top} + (steps - 1) * {width}"), last.hidden);
            let reverse = (format!("{top} + {}", last.hidden), last.hidden);
            let both = last.directions() == 2;
            (
                "1",
                [Some(forward), both.then_some(reverse)]
                    .into_iter()
                    .flatten()
                    .collect(),
            )
        }
    };
    let count = parts.len();
    to.piece(&format!(
        "    {{\n        net_part parts[{count}];\n        size_t row;\n        for (row = 0; row < {rows}; row++) {{\n            float *const to = y + row * NET_OUTPUTS;\n"
    ));
    for (index, (start, len)) in parts.iter().enumerate() {
        to.piece(&format!(
            "            parts[{index}].x = {start};\n            parts[{index}].len = {len};\n"
        ));
    }
    if spec.head.kind == HeadKind::None {
        let mut at = 0;
        for (index, (_, len)) in parts.iter().enumerate() {
            to.piece(&format!(
                "            memcpy(to + {at}, parts[{index}].x, parts[{index}].len * sizeof *to);\n"
            ));
            at += len;
        }
    } else {
        to.piece(&format!(
            "            net_product(net_head, parts, {count}, to, NET_OUTPUTS);\n"
        ));
    }
    if matches!(spec.head.kind, HeadKind::Softmax { .. }) {
        to.piece("            net_softmax(to, NET_OUTPUTS);\n");
    }
    to.piece("        }\n    }\n");
}
