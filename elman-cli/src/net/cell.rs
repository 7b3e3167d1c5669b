//! The recurrent cell by the names that it has outside: in files and flags, in ONNX and PyTorch, in exported C and Rust.
//! One row for each cell, one for each activation; whoever reads or writes such a name looks here.

use clap::ValueEnum;
use elman_core::{Activation, Cell, Layer};
use serde::{Deserialize, Serialize};

/// A cell's row.
pub struct CellNames {
    /// The operator of ONNX.
    pub onnx: &'static str,
    /// The module of PyTorch.
    pub torch: &'static str,
}

/// A cell, as flags and files call it.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CellName {
    #[default]
    Elman,
    Gru,
    Lstm,
}

impl CellName {
    /// The name of a cell.
    pub const fn of(cell: Cell) -> Self {
        match cell {
            Cell::Elman { .. } => Self::Elman,
            Cell::Gru { .. } => Self::Gru,
            Cell::Lstm { .. } => Self::Lstm,
        }
    }

    /// The cell; `activation` is Elman's, `clip` infinite where there is none.
    pub const fn cell(self, activation: Activation, clip: f32) -> Cell {
        match self {
            Self::Elman => Cell::Elman { activation, clip },
            Self::Gru => Cell::Gru { clip },
            Self::Lstm => Cell::Lstm { clip },
        }
    }

    /// In flags and files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Elman => "elman",
            Self::Gru => "gru",
            Self::Lstm => "lstm",
        }
    }

    /// A net of such cells, at the start of a sentence.
    pub const fn net(self) -> &'static str {
        match self {
            Self::Elman => "An Elman net",
            Self::Gru => "A GRU",
            Self::Lstm => "An LSTM",
        }
    }
}

/// The row of Elman's cell.
pub const ELMAN: CellNames = CellNames {
    onnx: "RNN",
    torch: "torch.nn.RNN",
};
/// The row of the gated recurrent unit.
pub const GRU: CellNames = CellNames {
    onnx: "GRU",
    torch: "torch.nn.GRU",
};
/// The row of long short-term memory.
pub const LSTM: CellNames = CellNames {
    onnx: "LSTM",
    torch: "torch.nn.LSTM",
};

/// The row of a cell.
pub const fn names(cell: Cell) -> CellNames {
    match cell {
        Cell::Elman { .. } => ELMAN,
        Cell::Gru { .. } => GRU,
        Cell::Lstm { .. } => LSTM,
    }
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
        Cell::Gru { .. } | Cell::Lstm { .. } => None,
    }
}

/// What a layer's units are called: `tanh`, `GRU`.
pub fn word(layer: &Layer) -> &'static str {
    match activation(layer) {
        Some(activation) => row_of(activation).word,
        None => names(layer.cell).onnx,
    }
}

/// What ONNX calls the activations of a direction of a layer, in the operator's order.
pub fn onnx_activations(layer: &Layer) -> Vec<&'static str> {
    match layer.cell {
        Cell::Elman { activation, .. } => vec![row_of(activation).onnx],
        Cell::Gru { .. } => vec!["Sigmoid", "Tanh"],
        Cell::Lstm { .. } => vec!["Sigmoid", "Tanh", "Tanh"],
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
}
