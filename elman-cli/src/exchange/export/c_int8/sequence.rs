//! All of a sequence, for nets that read both ways: `net_run`.

use elman_core::{HeadKind, Input, Place, Read, Spec};

use super::super::c::text::Source;
use super::steps::name;
use super::words::{
    Tables, cell_offset, input_numbers, layer_numbers, padded, read_numbers, state_offset,
};

const SCAN: &str = include_str!("scan.c");

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

const DENSE_FIELDS: &str = "/* One of the two, the other is null. */
    const int16_t *numbers;
    const float *floats;";
const DENSE_LOAD: &str = "    {
        size_t i;
        for (i = 0; i < NET_INPUTS; i++) {
            const size_t at = t * NET_INPUTS + i;
            source->row[i] = source->numbers != NULL ? source->numbers[at] : net_integer(source->floats[at]);
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
pub fn write(to: &mut Source, spec: &Spec, tables: &Tables) {
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
    source->below = NULL;
    source->stride = 0;
    source->len = {};
    memset(work, 0, {x}u * sizeof *work);
",
        read_numbers(spec, 0)
    ));
    for tables_of in &tables.layers {
        scan(to, spec, tables, tables_of.place);
    }
    top_rows(to, spec);
}

/// The statement that returns the first row that the head reads.
fn top_rows(to: &mut Source, spec: &Spec) {
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
            "    source.numbers = x;\n    source.floats = NULL;\n",
        ),
        (Input::Dense { .. }, true) => (
            "float",
            "    source.numbers = NULL;\n    source.floats = x;\n",
        ),
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
    to.piece(&format!(
        "{fields}    source.steps = steps;
    if (((uintptr_t)work & 2u) != 0u) {{
        work++;
    }}
    top = net_layers(&source, work);
    for (row = 0; row < NET_ROWS(steps); row++) {{
"
    ));
    outputs_of_row(to, spec, is_float);
    to.piece("    }\n    return 0;\n}\n");
}

/// The statements that make outputs of a row of the last layer.
fn outputs_of_row(to: &mut Source, spec: &Spec, is_float: bool) {
    let stride = layer_numbers(spec, spec.layers.len() - 1);
    if !is_float {
        to.piece(&format!(
            "        net_logits(top + row * {stride}u, y + row * NET_OUTPUTS);\n"
        ));
        return;
    }
    to.piece(&format!(
        "        net_logits(top + row * {stride}u, logits);\n        net_floats(logits, y + row * NET_OUTPUTS, NET_OUTPUTS);\n"
    ));
    if matches!(spec.head.kind, HeadKind::Softmax { .. }) {
        to.piece("        net_softmax(y + row * NET_OUTPUTS, NET_OUTPUTS);\n");
    }
}
