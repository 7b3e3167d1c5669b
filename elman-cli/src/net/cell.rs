//! The recurrent cell by the names that it has outside: in files and flags, in ONNX and PyTorch, in exported C and Rust.
//! One row for each cell, one for each activation; whoever reads or writes such a name looks here.

use clap::ValueEnum;
use elman_core::{Activation, Cell, CellFacts, Layer};
use serde::{Deserialize, Serialize};

/// A cell's row.
pub struct CellNames {
    /// In messages and reports.
    pub title: &'static str,
    /// The operator of ONNX, where it has one.
    pub onnx: Option<&'static str>,
    /// The gates of ONNX in its order, each as the number of PyTorch's gate, which is ours.
    pub onnx_gates: &'static [usize],
    /// The activations of a direction in ONNX, in the operator's order; none where a layer chooses.
    pub onnx_activations: &'static [&'static str],
    /// The module of PyTorch, where it has one.
    pub torch: Option<&'static str>,
}

impl CellNames {
    /// Which of ONNX's gates is this one of PyTorch's.
    pub fn onnx_place(&self, gate: usize) -> usize {
        let place = self.onnx_gates.iter().position(|&found| found == gate);
        place.unwrap_or(gate)
    }
}

/// A cell, as flags and files call it.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub enum CellName {
    #[default]
    Elman,
    Gru,
    Lstm,
    FastRnn,
    FastGrnn,
}

impl CellName {
    /// The name of a cell.
    pub const fn of(cell: Cell) -> Self {
        match cell {
            Cell::Elman { .. } => Self::Elman,
            Cell::Gru { .. } => Self::Gru,
            Cell::Lstm { .. } => Self::Lstm,
            Cell::FastRnn => Self::FastRnn,
            Cell::FastGrnn => Self::FastGrnn,
        }
    }

    /// The cell; `activation` is Elman's, `clip` infinite where there is none. FastRNN and FastGRNN have neither.
    pub const fn cell(self, activation: Activation, clip: f32) -> Cell {
        match self {
            Self::Elman => Cell::Elman { activation, clip },
            Self::Gru => Cell::Gru { clip },
            Self::Lstm => Cell::Lstm { clip },
            Self::FastRnn => Cell::FastRnn,
            Self::FastGrnn => Cell::FastGrnn,
        }
    }

    /// The row.
    pub const fn names(self) -> CellNames {
        match self {
            Self::Elman => ELMAN,
            Self::Gru => GRU,
            Self::Lstm => LSTM,
            Self::FastRnn => FAST_RNN,
            Self::FastGrnn => FAST_GRNN,
        }
    }

    /// In flags and files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Elman => "elman",
            Self::Gru => "gru",
            Self::Lstm => "lstm",
            Self::FastRnn => "fastrnn",
            Self::FastGrnn => "fastgrnn",
        }
    }

    /// A net of such cells, at the start of a sentence.
    pub const fn net(self) -> &'static str {
        match self {
            Self::Elman => "An Elman net",
            Self::Gru => "A GRU",
            Self::Lstm => "An LSTM",
            Self::FastRnn => "A FastRNN",
            Self::FastGrnn => "A FastGRNN",
        }
    }
}

/// The row of Elman's cell.
pub const ELMAN: CellNames = CellNames {
    title: "Elman",
    onnx: Some("RNN"),
    onnx_gates: &[0],
    onnx_activations: &[],
    torch: Some("torch.nn.RNN"),
};
/// The row of the gated recurrent unit.
pub const GRU: CellNames = CellNames {
    title: "GRU",
    onnx: Some("GRU"),
    // z r h of r z n.
    onnx_gates: &[1, 0, 2],
    onnx_activations: &["Sigmoid", "Tanh"],
    torch: Some("torch.nn.GRU"),
};
/// The row of long short-term memory.
pub const LSTM: CellNames = CellNames {
    title: "LSTM",
    onnx: Some("LSTM"),
    // i o f c of i f g o.
    onnx_gates: &[0, 3, 1, 2],
    onnx_activations: &["Sigmoid", "Tanh", "Tanh"],
    torch: Some("torch.nn.LSTM"),
};
/// The row of `FastRNN`, which neither ONNX nor PyTorch has.
pub const FAST_RNN: CellNames = CellNames {
    title: "FastRNN",
    onnx: None,
    onnx_gates: &[0],
    onnx_activations: &[],
    torch: None,
};
/// The row of `FastGRNN`, which neither has.
pub const FAST_GRNN: CellNames = CellNames {
    title: "FastGRNN",
    ..FAST_RNN
};

/// The row of a cell.
pub const fn names(cell: Cell) -> CellNames {
    CellName::of(cell).names()
}

/// The cell that an operator of ONNX computes.
pub fn of_operator(operator: &str) -> Option<CellName> {
    let mut all = CellName::value_variants().iter();
    let name = all.find(|name| name.names().onnx == Some(operator));
    name.copied()
}

/// The cell of PyTorch whose weights have so many gates.
pub fn of_gates(gates: usize) -> Option<CellName> {
    let cell = |name: CellName| name.cell(Activation::Tanh, f32::INFINITY);
    let mut all = CellName::value_variants().iter();
    let name = all.find(|name| name.names().torch.is_some() && cell(**name).facts().gates == gates);
    name.copied()
}

/// Which of a unit's biases PyTorch's hidden bias of a gate is part of: its own, or one that stands apart. Those of FastGRNN
/// are both apart from their product: `b_z` counts as the first, `b_n` as the hidden one.
fn hidden_bias(facts: &CellFacts, gate: usize) -> usize {
    let mut sums = facts.from_h.clone();
    let bias = sums.find(|&sum| facts.gate_of(sum) == gate);
    let bias = bias.and_then(|sum| facts.bias_of(sum));
    bias.unwrap_or(facts.biases() - facts.gates + gate)
}

/// The gate whose hidden bias one of a unit's biases is, where it stands apart.
pub fn gate_of_hidden_bias(facts: &CellFacts, bias: usize) -> Option<usize> {
    let is_apart = bias >= facts.gates;
    (0..facts.gates).find(|&gate| is_apart && hidden_bias(facts, gate) == bias)
}

/// Our biases of a direction from the two of PyTorch, each (gates·H): summed wherever they only ever appear as their sum.
pub fn fold_biases(facts: &CellFacts, input: &[f32], hidden: &[f32]) -> Vec<f32> {
    let units = input.len() / facts.gates;
    let mut biases = input.to_vec();
    biases.resize(facts.biases() * units, 0.0);
    for (i, b) in hidden.iter().enumerate() {
        biases[hidden_bias(facts, i / units) * units + i % units] += b;
    }
    biases
}

/// The other way: what stands for a sum is PyTorch's first bias, and its second is zero.
pub fn unfold_biases(facts: &CellFacts, biases: &[f32]) -> [Vec<f32>; 2] {
    let units = biases.len() / facts.biases();
    let (input, apart) = biases.split_at(facts.gates * units);
    let mut hidden = vec![0.0; input.len()];
    for (gate, hidden) in hidden.chunks_exact_mut(units).enumerate() {
        if let Some(place) = hidden_bias(facts, gate).checked_sub(facts.gates) {
            hidden.copy_from_slice(&apart[place * units..(place + 1) * units]);
        }
    }
    [input.to_vec(), hidden]
}

/// `f` of the Elman equation, as flags and files call it.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActivationName {
    Tanh,
    Relu,
    Identity,
}

/// An activation's row.
struct ActivationRow {
    name: ActivationName,
    core: Activation,
    /// In flags and files.
    word: &'static str,
    /// In ONNX; `Affine` takes alpha 1 and beta 0.
    onnx: &'static str,
    /// The variant in Rust.
    rust: &'static str,
    /// The function of exported C; none where the state is the sum itself.
    c: Option<&'static str>,
}

const ACTIVATIONS: [ActivationRow; 3] = [
    ActivationRow {
        name: ActivationName::Tanh,
        core: Activation::Tanh,
        word: "tanh",
        onnx: "Tanh",
        rust: "Tanh",
        c: Some("net_activate_tanh"),
    },
    ActivationRow {
        name: ActivationName::Relu,
        core: Activation::Relu,
        word: "relu",
        onnx: "Relu",
        rust: "Relu",
        c: Some("net_activate_relu"),
    },
    ActivationRow {
        name: ActivationName::Identity,
        core: Activation::Identity,
        word: "identity",
        onnx: "Affine",
        rust: "Identity",
        c: None,
    },
];

fn row(wanted: impl Fn(&ActivationRow) -> bool) -> Option<&'static ActivationRow> {
    ACTIVATIONS.iter().find(|row| wanted(row))
}

/// The row of an activation, all of which are in the table.
fn row_of(activation: Activation) -> &'static ActivationRow {
    row(|row| row.core == activation).unwrap_or(&ACTIVATIONS[0])
}

impl From<ActivationName> for Activation {
    fn from(name: ActivationName) -> Self {
        row(|row| row.name == name).map_or(Self::Tanh, |row| row.core)
    }
}

impl From<Activation> for ActivationName {
    fn from(activation: Activation) -> Self {
        row_of(activation).name
    }
}

/// The activation of a layer of Elman's cell; other cells have theirs fixed.
pub const fn activation(layer: &Layer) -> Option<Activation> {
    match layer.cell {
        Cell::Elman { activation, .. } => Some(activation),
        Cell::Gru { .. } | Cell::Lstm { .. } | Cell::FastRnn | Cell::FastGrnn => None,
    }
}

/// What a layer's units are called: `tanh`, `GRU`.
pub fn word(layer: &Layer) -> &'static str {
    match activation(layer) {
        Some(activation) => row_of(activation).word,
        None => names(layer.cell).title,
    }
}

/// What ONNX calls the activations of a direction of a layer, in the operator's order.
pub fn onnx_activations(layer: &Layer) -> Vec<&'static str> {
    match activation(layer) {
        Some(activation) => vec![row_of(activation).onnx],
        None => names(layer.cell).onnx_activations.to_vec(),
    }
}

/// The activation that ONNX calls so, whatever the case of the letters.
pub fn of_onnx(name: &str) -> Option<Activation> {
    row(|row| row.onnx.eq_ignore_ascii_case(name)).map(|row| row.core)
}

/// The function of exported C that activates a row of the layer; none where the state is the sum itself.
pub fn c_function(layer: &Layer) -> Option<&'static str> {
    row_of(activation(layer)?).c
}

/// The cell as an expression of Rust, in which numbers are written by `number`.
pub fn rust(layer: &Layer, number: impl Fn(f32) -> String) -> String {
    let clip = layer.cell.limit().map(number);
    let clip = clip.unwrap_or_else(|| "f32::INFINITY".to_owned());
    match layer.cell {
        Cell::Elman { activation, .. } => {
            let activation = row_of(activation).rust;
            format!("Cell::Elman {{ activation: Activation::{activation}, clip: {clip} }}")
        }
        Cell::Gru { .. } => format!("Cell::Gru {{ clip: {clip} }}"),
        Cell::Lstm { .. } => format!("Cell::Lstm {{ clip: {clip} }}"),
        Cell::FastRnn => "Cell::FastRnn".to_owned(),
        Cell::FastGrnn => "Cell::FastGrnn".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_activation_has_a_row_of_its_own() {
        for activation in [Activation::Tanh, Activation::Relu, Activation::Identity] {
            let layer = Layer {
                cell: Cell::elman(activation),
                ..Layer::tanh(1)
            };
            assert_eq!(
                Activation::from(ActivationName::from(activation)),
                activation
            );
            assert_eq!(of_onnx(onnx_activations(&layer)[0]), Some(activation));
            let name = ActivationName::from(activation).to_possible_value();
            assert_eq!(name.unwrap().get_name(), word(&layer));
        }
    }

    #[test]
    fn every_cell_is_found_by_its_names() {
        for &name in CellName::value_variants() {
            let cell = name.cell(Activation::Tanh, f32::INFINITY);
            assert_eq!(CellName::of(cell), name);
            let (facts, names) = (cell.facts(), names(cell));
            if let Some(operator) = names.onnx {
                assert_eq!(of_operator(operator), Some(name));
            }
            if names.torch.is_some() {
                assert_eq!(of_gates(facts.gates), Some(name));
            }
            let mut gates = names.onnx_gates.to_vec();
            gates.sort_unstable();
            assert!(gates.into_iter().eq(0..facts.gates), "{}", names.title);
            assert!((0..facts.gates).all(|g| names.onnx_gates[names.onnx_place(g)] == g));
            assert_eq!(
                name.to_possible_value().unwrap().get_name(),
                name.word(),
                "in flags as in files"
            );
        }
    }

    #[test]
    fn biases_are_sums_but_the_one_behind_the_reset_gate() {
        let numbers = |start: u16| -> Vec<f32> { (start..start + 6).map(f32::from).collect() };
        let (input, hidden) = (numbers(1), numbers(10));
        // Two units; r, z, n_in, n_rec.
        let gru = Cell::gru().facts();
        let biases = fold_biases(&gru, &input, &hidden);
        assert_eq!(biases, [11., 13., 15., 17., 5., 6., 14., 15.]);
        let [first, second] = unfold_biases(&gru, &biases);
        assert_eq!(first, [11., 13., 15., 17., 5., 6.]);
        assert_eq!(second, [0., 0., 0., 0., 14., 15.]);
        assert_eq!(fold_biases(&gru, &first, &second), biases);
        let elman = Cell::elman(Activation::Tanh).facts();
        assert_eq!(fold_biases(&elman, &[1.0], &[2.0]), [3.0]);
        assert_eq!(unfold_biases(&elman, &[3.0]), [[3.0], [0.0]]);
        let fast = Cell::FastGrnn.facts();
        assert_eq!(unfold_biases(&fast, &[3.0, 4.0]), [[3.0], [4.0]]);
        assert_eq!(fold_biases(&fast, &[3.0], &[4.0]), [3.0, 4.0]);
    }
}
