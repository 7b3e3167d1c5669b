//! The functions that know the net: a step of a stream, or all of a sequence.

use std::fmt::Write as _;

use elman_core::{Activation, Cell, HeadKind, Input, Layer, Place, Read, Spec};

use super::super::c::text::Source;
use super::words::{
    LayerTables, ROWS, Tables, cell_offset, input_numbers, layer_numbers, padded, read_numbers,
    state_offset,
};

const SCAN: &str = include_str!("scan.c");

/// `layer_0`, `layer_0_reverse`.
pub fn name(place: Place) -> String {
    let reverse = if place.reverse { "_reverse" } else { "" };
    format!("layer_{}{reverse}", place.layer)
}

/// What a layer of Elman's cell is called after.
pub const fn activation_name(activation: Activation) -> &'static str {
    match activation {
        Activation::Tanh => "tanh",
        Activation::Relu => "relu",
        Activation::Identity => "identity",
    }
}

/// How large the work space of a sequence is.
pub struct Work {
    /// Row buffers: layers take turns in two.
    pub buffers: usize,
    /// Numbers of the widest row.
    pub widest: usize,
    /// A row of inputs, where a direction starts, its cell states, and one number to begin at a word.
    pub fixed: usize,
}

impl Work {
    /// Of a net that reads both ways.
    pub fn of(spec: &Spec) -> Self {
        let widest = (0..spec.layers.len()).map(|layer| layer_numbers(spec, layer));
        let (hidden, cells) = directions(spec);
        Self {
            buffers: spec.layers.len().min(2),
            widest: widest.max().unwrap_or_default(),
            fixed: padded(input_numbers(spec)) + hidden + cells + 1,
        }
    }
}

/// Numbers of the widest h of a direction, and of the widest c.
fn directions(spec: &Spec) -> (usize, usize) {
    let layers = spec.layers.as_slice();
    let widest = |states: usize| {
        let wide = layers
            .iter()
            .filter(|layer| layer.cell.facts().states >= states);
        let hidden = wide.map(|layer| padded(layer.hidden));
        hidden.max().unwrap_or_default()
    };
    (widest(1), widest(2))
}

/// A function for each layer and direction: h from x and the h before it.
pub fn cells(to: &mut Source, spec: &Spec, tables: &Tables) {
    to.piece("\n/* A step of a layer: h from x and the h before; c in place. */\n");
    if spec.is_bidirectional() {
        to.piece("typedef void (*net_cell)(const net_vector *x, const net_vector *before, int16_t *h, int16_t *c);\n");
    }
    for layer in &tables.layers {
        cell(to, &spec.layers.as_slice()[layer.place.layer], layer);
    }
}

fn cell(to: &mut Source, layer: &Layer, tables: &LayerTables) {
    let name = name(tables.place);
    let fours = layer.hidden.div_ceil(ROWS);
    let weights = format!("net_{name}_weights, net_{name}_rows, {fours}");
    let (shift, limit) = (tables.shift, tables.limit);
    let gated = |cell: &str, more: &str| {
        format!("    net_{cell}({weights}, &net_{name}_fixed, x, before, h{more});\n")
    };
    let step = match layer.cell {
        Cell::Elman { activation, .. } => {
            let activation = activation_name(activation);
            let mut step =
                format!("    net_layer_{activation}({weights}, {shift}, x, before, h);\n");
            if limit > 0 {
                let _ = writeln!(step, "    net_limit(h, {}, {limit});", fours * ROWS);
            }
            step
        }
        Cell::Gru { .. } => gated("gru", ""),
        Cell::Lstm { .. } => gated("lstm", ", c"),
        Cell::FastRnn => gated("fastrnn", ""),
        Cell::FastGrnn => gated("fastgrnn", ""),
    };
    let unused = if layer.cell.facts().states == 1 {
        "    (void)c;\n"
    } else {
        ""
    };
    to.piece(&format!(
        "
static void net_step_{name}(const net_vector *x, const net_vector *before, int16_t *h, int16_t *c)
{{
{step}{unused}}}
"
    ));
}

/// From a row of the last layer to logits.
pub fn logits(to: &mut Source, spec: &Spec) {
    to.piece("\n/* Logits from the h of the last layer. */\nstatic void net_logits(const int16_t *h, int32_t *y)\n{\n");
    if spec.head.kind == HeadKind::None {
        let last = spec.layers.as_slice()[spec.layers.len() - 1];
        to.piece("    size_t i;\n");
        for direction in 0..last.directions() {
            let (hidden, from, at) = (
                last.hidden,
                direction * padded(last.hidden),
                direction * last.hidden,
            );
            to.piece(&format!(
                "    for (i = 0; i < {hidden}u; i++) {{\n        y[{at}u + i] = h[{from}u + i];\n    }}\n"
            ));
        }
    } else {
        to.piece(&format!(
            "    const net_vector x = net_read(h, {});
    net_product(net_head_weights, net_head_rows, &x, y, NET_OUTPUTS);
",
            read_numbers(spec, spec.layers.len())
        ));
    }
    to.piece("}\n");
}

/// `net_reset`, `net_step` and `net_step_float`.
pub fn stream(to: &mut Source, spec: &Spec, tables: &Tables) {
    reset(to, tables);
    to.piece(
        "
/* A step behind the inputs. */
static void net_forward(net_state *net, int32_t *y)
{
    const int16_t *const h = net->h[net->turn];
    int16_t *const next = net->h[net->turn ^ 1u];
    net_vector x, before;
",
    );
    for (index, layer) in spec.layers.as_slice().iter().enumerate() {
        let place = Place {
            layer: index,
            reverse: false,
        };
        let at = state_offset(spec, place);
        let read = match index {
            0 => "net->x".to_owned(),
            _ => {
                let below = Place {
                    layer: index - 1,
                    reverse: false,
                };
                format!("next + {}", state_offset(spec, below))
            }
        };
        let c = match layer.cell.facts().states {
            1 => "0".to_owned(),
            _ => format!("net->c + {}", cell_offset(spec, place)),
        };
        let (numbers, hidden, name) = (read_numbers(spec, index), layer.hidden, name(place));
        to.piece(&format!(
            "    x = net_read({read}, {numbers});
    before = net_read(h + {at}, {hidden});
    net_step_{name}(&x, &before, next + {at}, {c});
"
        ));
    }
    let top = Place {
        layer: spec.layers.len() - 1,
        reverse: false,
    };
    let top = state_offset(spec, top);
    to.piece(&format!(
        "    net->turn ^= 1u;\n    net_logits(next + {top}, y);\n}}\n"
    ));
    step(
        to,
        spec,
        "net_step",
        "int32_t",
        "    net_forward(net, y);\n",
    );
    let mut floats =
        "    net_forward(net, logits);\n    net_floats(logits, y, NET_OUTPUTS);\n".to_owned();
    if matches!(spec.head.kind, HeadKind::Softmax { .. }) {
        floats += "    net_softmax(y, NET_OUTPUTS);\n";
    }
    step(to, spec, "net_step_float", "float", &floats);
}

fn reset(to: &mut Source, tables: &Tables) {
    to.piece("\nvoid net_reset(net_state *net)\n{\n");
    if tables.start_h.is_empty() {
        to.piece("    memset(net, 0, sizeof *net);\n}\n");
        return;
    }
    to.piece(
        "    size_t i;
    memset(net, 0, sizeof *net);
    for (i = 0; i < NET_STATE; i++) {
        net->h[0][i] = net_start_h[i];
    }
",
    );
    if !tables.start_c.is_empty() {
        to.piece(
            "    for (i = 0; i < NET_CELLS; i++) {
        net->c[i] = net_start_c[i];
    }
",
        );
    }
    to.piece("}\n");
}

/// A step from integers or from floats.
fn step(to: &mut Source, spec: &Spec, name: &str, output: &str, forward: &str) {
    let is_float = output == "float";
    let room = if is_float {
        "    int32_t logits[NET_OUTPUTS];\n"
    } else {
        ""
    };
    match &spec.input {
        Input::Dense { .. } => {
            let (element, number) = if is_float {
                ("float", "net_integer(x[i])")
            } else {
                ("int16_t", "x[i]")
            };
            to.piece(&format!(
                "
int {name}(net_state *net, const {element} x[NET_INPUTS], {output} y[NET_OUTPUTS])
{{
{room}    size_t i;
    for (i = 0; i < NET_INPUTS; i++) {{
        net->x[i] = {number};
    }}
"
            ));
        }
        Input::Tokens { .. } => to.piece(&format!(
            "
int {name}(net_state *net, const uint32_t x[NET_INPUTS], {output} y[NET_OUTPUTS])
{{
{room}    int16_t *row = net->x;
    size_t i;
    for (i = 0; i < NET_WINDOW; i++) {{
        if (!net_knows(x + i * NET_CHANNELS)) {{
            return -1;
        }}
    }}
    for (i = 0; i < NET_WINDOW; i++) {{
        row = net_embed(x + i * NET_CHANNELS, row);
    }}
"
        )),
    }
    to.piece(forward);
    to.piece("    return 0;\n}\n");
}

const DENSE_FIELDS: &str = "/* One of the two, the other is null. */
    const int16_t *numbers;
    const float *floats;";
const DENSE_LOAD: &str = "    {
        size_t i;
        for (i = 0; i < NET_INPUTS; i++) {
            const size_t at = t * NET_INPUTS + i;
            source->row[i] = source->numbers != 0 ? source->numbers[at] : net_integer(source->floats[at]);
        }
    }";
const TOKEN_FIELDS: &str = "const uint32_t *ids;";
const TOKEN_LOAD: &str = "    {
        int16_t *x = source->row;
        size_t k;
        for (k = 0; k < NET_WINDOW; k++) {
            /* Steps outside the sequence read the row of padding. */
            const size_t ahead = t + k + 1u;
            const int inside = ahead > NET_WINDOW / 2 && ahead - NET_WINDOW / 2 <= source->steps;
            x = net_embed(inside ? source->ids + (ahead - NET_WINDOW / 2 - 1u) * NET_CHANNELS : 0, x);
        }
    }";

/// `net_run` and `net_run_float`.
pub fn sequence(to: &mut Source, spec: &Spec, tables: &Tables) {
    let (fields, load) = match &spec.input {
        Input::Dense { .. } => (DENSE_FIELDS, DENSE_LOAD),
        Input::Tokens { .. } => (TOKEN_FIELDS, TOKEN_LOAD),
    };
    to.piece(&SCAN.replace("INPUT_FIELDS", fields).replace("LOAD", load));
    layers(to, spec, tables);
    run(to, spec, false);
    run(to, spec, true);
}

/// `net_layers`: all layers over a sequence.
fn layers(to: &mut Source, spec: &Spec, tables: &Tables) {
    let (hidden, cells) = directions(spec);
    let Work {
        buffers, widest, ..
    } = Work::of(spec);
    let x = padded(input_numbers(spec));
    to.piece(&format!(
        "
/* All layers over a sequence: the first row that the head reads. */
static const int16_t *net_layers(net_source *source, int16_t *work)
{{
    int16_t *const start = work + {x}u;
"
    ));
    if cells > 0 {
        to.piece(&format!("    int16_t *const c = start + {hidden}u;\n"));
    }
    to.piece(&format!(
        "    int16_t *const first = start + {}u;\n",
        hidden + cells
    ));
    if buffers > 1 {
        to.piece(&format!(
            "    int16_t *const second = first + source->steps * {widest}u;\n"
        ));
    }
    if !tables.start_h.is_empty() {
        to.piece("    size_t i;\n");
    }
    to.piece(&format!(
        "    source->row = work;
    source->below = 0;
    source->stride = 0;
    source->len = {};
    memset(work, 0, {x}u * sizeof *work);
",
        read_numbers(spec, 0)
    ));
    for tables_of in &tables.layers {
        scan(to, spec, tables, tables_of.place);
    }
    let last = spec.layers.len() - 1;
    let (top, stride) = (buffer(last), layer_numbers(spec, last));
    if spec.head.read == Read::LastStep {
        let layer = spec.layers.as_slice()[last];
        if layer.directions() == 2 {
            // What has read all of the sequence: the last step forward, the first in reverse.
            let (column, hidden) = (padded(layer.hidden), padded(layer.hidden));
            to.piece(&format!(
                "    if (source->steps > 1u) {{
        memcpy({top} + (source->steps - 1u) * {stride}u + {column}u, {top} + {column}u, {hidden}u * sizeof *{top});
    }}
"
            ));
        }
        to.piece(&format!(
            "    return {top} + (source->steps - 1u) * {stride}u;\n}}\n"
        ));
    } else {
        to.piece(&format!("    return {top};\n}}\n"));
    }
}

/// Where the rows of a layer lie.
const fn buffer(layer: usize) -> &'static str {
    match layer % 2 {
        0 => "first",
        _ => "second",
    }
}

/// The statements that run one direction of a layer.
fn scan(to: &mut Source, spec: &Spec, tables: &Tables, place: Place) {
    let layer = spec.layers.as_slice()[place.layer];
    if place.layer > 0 && !place.reverse {
        to.piece(&format!(
            "    source->below = {};\n    source->stride = {};\n    source->len = {};\n",
            buffer(place.layer - 1),
            layer_numbers(spec, place.layer - 1),
            read_numbers(spec, place.layer)
        ));
    }
    let numbers = padded(layer.hidden);
    let mut fill = |name: &str, table: &str, at: usize| {
        let text = if tables.start_h.is_empty() {
            format!("    memset({name}, 0, {numbers}u * sizeof *{name});\n")
        } else {
            format!(
                "    for (i = 0; i < {numbers}u; i++) {{\n        {name}[i] = net_{table}[{at}u + i];\n    }}\n"
            )
        };
        to.piece(&text);
    };
    fill("start", "start_h", state_offset(spec, place));
    let c = if layer.cell.facts().states > 1 {
        fill("c", "start_c", cell_offset(spec, place));
        "c"
    } else {
        "0"
    };
    let column = if place.reverse { numbers } else { 0 };
    let (name, reverse, hidden) = (name(place), i32::from(place.reverse), layer.hidden);
    let (rows, stride) = (buffer(place.layer), layer_numbers(spec, place.layer));
    to.piece(&format!(
        "    net_scan(net_step_{name}, source, {reverse}, start, {hidden}, {c}, {rows} + {column}, {stride});\n"
    ));
}

/// From integers or from floats.
fn run(to: &mut Source, spec: &Spec, is_float: bool) {
    let (suffix, output) = if is_float {
        ("_float", "float")
    } else {
        ("", "int32_t")
    };
    let (element, fields) = match (&spec.input, is_float) {
        (Input::Dense { .. }, false) => (
            "int16_t",
            "    source.numbers = x;\n    source.floats = 0;\n",
        ),
        (Input::Dense { .. }, true) => {
            ("float", "    source.numbers = 0;\n    source.floats = x;\n")
        }
        (Input::Tokens { .. }, _) => ("uint32_t", "    source.ids = x;\n"),
    };
    let room = if is_float {
        "    int32_t logits[NET_OUTPUTS];\n"
    } else {
        ""
    };
    to.piece(&format!(
        "
int net_run{suffix}(const {element} *x, size_t steps, int16_t *work, {output} *y)
{{
    net_source source;
    const int16_t *top;
{room}    size_t row;
    if (steps == 0) {{
        return -1;
    }}
"
    ));
    if matches!(spec.input, Input::Tokens { .. }) {
        to.piece(
            "    for (row = 0; row < steps; row++) {
        if (!net_knows(x + row * NET_CHANNELS)) {
            return -1;
        }
    }
",
        );
    }
    let stride = layer_numbers(spec, spec.layers.len() - 1);
    to.piece(&format!(
        "{fields}    source.steps = steps;
    if (((uintptr_t)work & 2u) != 0u) {{
        work++;
    }}
    top = net_layers(&source, work);
    for (row = 0; row < NET_ROWS(steps); row++) {{
"
    ));
    if is_float {
        to.piece(&format!(
            "        net_logits(top + row * {stride}u, logits);\n        net_floats(logits, y + row * NET_OUTPUTS, NET_OUTPUTS);\n"
        ));
        if matches!(spec.head.kind, HeadKind::Softmax { .. }) {
            to.piece("        net_softmax(y + row * NET_OUTPUTS, NET_OUTPUTS);\n");
        }
    } else {
        to.piece(&format!(
            "        net_logits(top + row * {stride}u, y + row * NET_OUTPUTS);\n"
        ));
    }
    to.piece("    }\n    return 0;\n}\n");
}
