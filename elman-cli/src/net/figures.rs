//! What a step costs on a chip: a table that is counted in QEMU (`tests/firmware/run`, `tests/firmware/c/run`), which compare it
//! with what they count, and what follows from it for other nets.
//!
//! ```text
//! instructions = a·products + b·units + c·matrices        solved for three tanh nets of the table, which are met exactly
//! ```
//!
//! A unit of another cell, and a class of a softmax, cost what their own rows have beyond that. Of an AVR the table has cycles, and
//! smaller nets, since an ATmega328P has 32 KB of flash.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use elman_core::{Activation, Cell, Head, HeadKind, Input, LANES, Layer, Layers, Spec};
use serde::Deserialize;

/// Outputs side by side in a panel of the C export.
pub const PANEL: usize = 8;

/// Counted, and committed.
const TABLE: &str = include_str!("figures.json");

/// A net of the table: its name; inputs, units, outputs.
type Size = (&'static str, [usize; 3]);

/// The nets that the fit is made of.
const SIZES: [Size; 3] = [("s", [6, 32, 5]), ("m", [16, 64, 10]), ("l", [32, 128, 10])];
/// On an AVR.
const SMALL: [Size; 3] = [
    ("gesture", [6, 12, 5]),
    ("s", [6, 32, 5]),
    ("w", [16, 32, 10]),
];
/// Columns of the row `scale`.
const SCALED: usize = 6;

#[derive(Debug, Deserialize)]
struct Table {
    /// By language.
    compilers: BTreeMap<String, String>,
    rows: Vec<Row>,
}

/// A net, or scaling, on a chip.
#[derive(Debug, Deserialize)]
pub struct Row {
    chip: String,
    route: String,
    net: String,
    /// What the compiler optimises for: `3` or `s`.
    level: String,
    pub instructions: Option<usize>,
    /// Bytes, weights apart.
    pub code: Option<usize>,
    /// Bytes.
    pub stack: Option<usize>,
}

fn table() -> &'static Table {
    static PARSED: OnceLock<Table> = OnceLock::new();
    PARSED.get_or_init(|| {
        serde_json::from_str(TABLE).unwrap_or(Table {
            compilers: BTreeMap::new(),
            rows: Vec::new(),
        })
    })
}

/// A row of the table.
pub fn row(chip: &str, route: &str, net: &str, level: &str) -> Option<&'static Row> {
    table()
        .rows
        .iter()
        .find(|row| (&*row.chip, &*row.route, &*row.net, &*row.level) == (chip, route, net, level))
}

/// What was counted: a chip and a route each.
pub fn routes() -> Vec<String> {
    let rows = table().rows.iter();
    let mut routes: Vec<_> = rows.map(|row| (&*row.chip, &*row.route)).collect();
    routes.sort_unstable();
    routes.dedup();
    routes.retain(|&(chip, route)| Figures::of(chip, route).is_some());
    routes
        .into_iter()
        .map(|(chip, route)| format!("{chip} {route}"))
        .collect()
}

/// What counted the rows of a route; of C one of several.
pub fn compiler(route: &str) -> &'static str {
    let language = if is_c(route) { "c" } else { "rust" };
    table().compilers.get(language).map_or("", String::as_str)
}

fn is_c(route: &str) -> bool {
    route.split('-').next() == Some("c")
}

fn is_int8(route: &str) -> bool {
    route.split('-').any(|word| word == "int8")
}

/// The nets of a chip that the fit is made of.
fn sizes(chip: &str) -> [Size; 3] {
    if chip == "avr" { SMALL } else { SIZES }
}

/// The tanh net after which those of other cells are made.
fn base(chip: &str) -> Size {
    let [small, middle, _] = sizes(chip);
    if chip == "avr" { small } else { middle }
}

/// What nets cost on a chip, one way.
#[derive(Clone, Copy, Debug)]
pub struct Figures<'a> {
    chip: &'a str,
    route: &'a str,
    /// Per product, per unit of a tanh layer, per matrix.
    costs: [f64; 3],
}

impl<'a> Figures<'a> {
    /// `None` where the three nets were not counted.
    pub fn of(chip: &'a str, route: &'a str) -> Option<Self> {
        let mut equations = [[0.0; 4]; 3];
        for (equation, (net, [width, hidden, outputs])) in equations.iter_mut().zip(sizes(chip)) {
            let work = Work::of(&Spec::dense(width, hidden, outputs), [chip, route]);
            let count = row(chip, route, net, "3")?.instructions?;
            *equation = [work.products, hidden, work.matrices, count].map(|n| n as f64);
        }
        let costs = solved(equations)?;
        Some(Self { chip, route, costs })
    }

    fn row(&self, net: &str, level: &str) -> Option<&'static Row> {
        row(self.chip, self.route, net, level)
    }

    /// What the table calls the net of such a cell.
    fn name(&self, cell: Cell) -> &'static str {
        match cell {
            Cell::Elman {
                activation: Activation::Tanh,
                ..
            } => base(self.chip).0,
            Cell::Elman { .. } => "relu",
            Cell::Gru { .. } => "gru",
            Cell::Lstm { .. } => "lstm",
            Cell::FastRnn => "fastrnn",
            Cell::FastGrnn => "fastgrnn",
        }
    }

    /// Of a step, its softmax included; whole numbers end at the logits. On an AVR cycles.
    pub fn instructions(&self, spec: &Spec) -> usize {
        let work = Work::of(spec, [self.chip, self.route]);
        let units: f64 = spec
            .layers
            .as_slice()
            .iter()
            .map(|layer| (layer.directions() * layer.hidden) as f64 * self.unit(layer.cell))
            .sum();
        let classes = work.classes as f64 * self.class();
        (self.without_units(&work) + units + classes)
            .round()
            .max(0.0) as usize
    }

    fn without_units(&self, work: &Work) -> f64 {
        let [product, _, matrix] = self.costs;
        work.products as f64 * product + work.matrices as f64 * matrix
    }

    /// What a unit takes beside its products; that of a tanh where the cell was not counted.
    fn unit(&self, cell: Cell) -> f64 {
        let [_, tanh, _] = self.costs;
        let (tanh_net, [width, units, outputs]) = base(self.chip);
        let name = self.name(cell);
        if name == tanh_net {
            return tanh;
        }
        let Some(count) = self.row(name, "3").and_then(|row| row.instructions) else {
            // An image is run by the same code.
            return match self.route {
                "image" => Figures::of(self.chip, "rust").map_or(tanh, |rust| rust.unit(cell)),
                "image-int8" => Figures::of(self.chip, "int8").map_or(tanh, |rust| rust.unit(cell)),
                _ => tanh,
            };
        };
        let layer = Layer {
            cell,
            ..Layer::tanh(units)
        };
        let spec = Spec {
            layers: Layers::of([layer]),
            ..Spec::dense(width, units, outputs)
        };
        (count as f64 - self.without_units(&Work::of(&spec, [self.chip, self.route])))
            / units as f64
    }

    /// What a class of a softmax takes, as many as [`Work`] counts.
    fn class(&self) -> f64 {
        let (linear, [.., outputs]) = base(self.chip);
        let count = |net| Some(self.row(net, "3")?.instructions? as f64);
        let beyond = count("softmax")
            .zip(count(linear))
            .map(|(with, without)| with - without);
        beyond.unwrap_or(0.0) / softmax_classes(outputs, self.route) as f64
    }

    /// Bytes of code, roughly, compiled for size: the largest of a net's cells decides.
    pub fn code(&self, spec: &Spec) -> Option<usize> {
        let code = |net| self.row(net, "s").and_then(|row| row.code);
        let linear = base(self.chip).0;
        let of_cell = |layer: &Layer| {
            let is_gated = layer.cell.facts().sums > 1;
            let like = if is_gated { "gru" } else { linear };
            code(self.name(layer.cell)).or_else(|| code(like))
        };
        let cells = spec.layers.as_slice().iter().filter_map(of_cell).max()?;
        let beyond = |net, is_there| match (is_there, code(net), code(linear)) {
            (true, Some(with), Some(without)) => with.saturating_sub(without),
            _ => 0,
        };
        let both = beyond("both", spec.is_bidirectional());
        Some(cells + beyond("softmax", has_softmax(spec)) + both)
    }

    /// Bytes of stack of a step, roughly: the deeper of those compiled for speed and for size.
    pub fn stack(&self, spec: &Spec) -> Option<usize> {
        let stack = |net: &str| {
            let levels = ["3", "s"].into_iter();
            levels.filter_map(|level| self.row(net, level)?.stack).max()
        };
        let linear = base(self.chip).0;
        let layers = spec.layers.as_slice().iter();
        let cells = layers
            .filter_map(|layer| stack(self.name(layer.cell)).or_else(|| stack(linear)))
            .max()?;
        let softmax = if has_softmax(spec) {
            stack("softmax")
        } else {
            None
        };
        let both = match (spec.is_bidirectional(), stack("both"), stack(linear)) {
            (true, Some(with), Some(without)) => with.saturating_sub(without),
            _ => 0,
        };
        // In C a pointer and a length for every embedding that a step reads.
        let embeddings = match spec.input {
            Input::Tokens { .. } if is_c(self.route) => 8 * spec.golden_width(),
            _ => 0,
        };
        Some(cells.max(softmax.unwrap_or(0)) + both + embeddings)
    }

    /// Instructions that scale a row of inputs in single precision.
    pub fn scaling(&self, spec: &Spec) -> Option<usize> {
        let Input::Dense { width } = spec.input else {
            return Some(0);
        };
        let of_route = self
            .row("scale", "3")
            .or_else(|| row(self.chip, "rust", "scale", "3"));
        Some((of_route?.instructions? * width).div_ceil(SCALED))
    }
}

fn has_softmax(spec: &Spec) -> bool {
    matches!(spec.head.kind, HeadKind::Softmax { .. })
}

/// Classes of a softmax that are computed: in C as many as there are, elsewhere whole strips of sixteen.
fn softmax_classes(outputs: usize, route: &str) -> usize {
    if is_c(route) {
        outputs
    } else {
        outputs.next_multiple_of(LANES)
    }
}

/// Inputs per block of the integer form, and outputs per group.
const BLOCK: usize = 8;
const GROUP: usize = 4;

/// What there is to do in a step. `[n]` rounds up to groups of four, or to panels of C; `(n)` to blocks of eight.
#[derive(Clone, Copy, Debug, Default)]
struct Work {
    /// Multiply-adds: `[H]·(I + H)` per layer and direction, `[O]·W` for the head; in integers `[H]·((I) + (H))`, `[O]·(W)`.
    products: usize,
    /// One per layer and direction, one for the head.
    matrices: usize,
    /// [`softmax_classes`]
    classes: usize,
}

impl Work {
    fn of(spec: &Spec, [chip, route]: [&str; 2]) -> Self {
        // Without an FPU only what is wanted is computed.
        let is_soft = ["m0", "m3", "rv32"].contains(&chip);
        let (group, block) = match (is_int8(route), is_c(route)) {
            (true, _) => (GROUP, BLOCK),
            (false, true) => (PANEL, 1),
            (false, false) => (if is_soft { 1 } else { GROUP }, 1),
        };
        let depth = |n: usize| n.next_multiple_of(block);
        let mut work = Self::default();
        for (index, layer) in spec.layers.as_slice().iter().enumerate() {
            let read = depth(spec.layer_input_width(index)) + depth(layer.hidden);
            let rows = layer.cell.facts().gates * layer.hidden;
            for _ in 0..layer.directions() {
                work.matrix(rows.next_multiple_of(group), read);
            }
        }
        let Head { kind, .. } = spec.head;
        if let HeadKind::Linear { outputs } | HeadKind::Softmax { outputs } = kind {
            work.matrix(outputs.next_multiple_of(group), depth(spec.top_width()));
            if has_softmax(spec) && !is_int8(route) {
                work.classes = softmax_classes(outputs, route);
            }
        }
        work
    }

    fn matrix(&mut self, rows: usize, depth: usize) {
        self.products += rows * depth;
        self.matrices += 1;
    }
}

/// Three equations with three unknowns, the right side last (Gauss, with the largest pivot); `None` where they do not tell.
fn solved(mut rows: [[f64; 4]; 3]) -> Option<[f64; 3]> {
    for column in 0..3 {
        let pivot =
            (column..3).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()))?;
        rows.swap(column, pivot);
        let lead = rows[column];
        if lead[column].abs() < 1e-9 {
            return None;
        }
        for (index, row) in rows.iter_mut().enumerate() {
            if index != column {
                let factor = row[column] / lead[column];
                for (to, from) in row.iter_mut().zip(lead) {
                    *to -= factor * from;
                }
            }
        }
    }
    Some([0, 1, 2].map(|i| rows[i][3] / rows[i][i]))
}

#[cfg(test)]
mod tests;
