//! The functions that know the net: a step of each layer, and of a stream.

use std::fmt::Write as _;

use elman_core::{Activation, Cell, HeadKind, Input, Layer, Place, Spec};

use super::super::c::text::Source;
use super::words::{LayerTables, ROWS, Tables, cell_offset, padded, read_numbers, state_offset};

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

/// `net_reset`, `net_step` and `net_step_float`; where others call them too, `net_advance` for the layers and `net_answer` for the head.
pub fn stream(to: &mut Source, spec: &Spec, tables: &Tables, is_split: bool) {
    reset(to, tables);
    to.piece(if is_split {
        "
/* One step of every layer. */
static void net_advance(net_state *net)
{
"
    } else {
        "
/* A step behind the inputs. */
static void net_forward(net_state *net, int32_t *y)
{
"
    });
    to.piece(
        "\
    const int16_t *const h = net->h[net->turn];
    int16_t *const next = net->h[net->turn ^ 1u];
    net_vector x, before;
",
    );
    for index in 0..spec.layers.len() {
        stream_layer(to, spec, index);
    }
    let top = Place {
        layer: spec.layers.len() - 1,
        reverse: false,
    };
    let top = state_offset(spec, top);
    if is_split {
        to.piece(&format!(
            "    net->turn ^= 1u;
}}

/* What the head makes of the last layer. */
static void net_answer(const net_state *net, int32_t *y)
{{
    net_logits(net->h[net->turn] + {top}, y);
}}

/* A step behind the inputs. */
static void net_forward(net_state *net, int32_t *y)
{{
    net_advance(net);
    net_answer(net, y);
}}
"
        ));
    } else {
        to.piece(&format!(
            "    net->turn ^= 1u;\n    net_logits(next + {top}, y);\n}}\n"
        ));
    }
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

/// The statements that step a layer of a stream.
fn stream_layer(to: &mut Source, spec: &Spec, index: usize) {
    let layer = spec.layers.as_slice()[index];
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
