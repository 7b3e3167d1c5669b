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

/// The row of Elman's cell.
pub const ELMAN: CellNames = CellNames {
    onnx: "RNN",
    torch: "torch.nn.RNN",
};

/// The row of a cell.
pub const fn names(cell: Cell) -> CellNames {
    match cell {
        Cell::Elman { .. } => ELMAN,
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

/// The activation of a layer's cell.
pub const fn activation(layer: &Layer) -> Activation {
    match layer.cell {
        Cell::Elman { activation, .. } => activation,
    }
}

/// What a layer's units are called: `tanh`.
pub fn word(layer: &Layer) -> &'static str {
    row_of(activation(layer)).word
}

/// What ONNX calls the activation of a layer.
pub fn onnx_activation(layer: &Layer) -> &'static str {
    row_of(activation(layer)).onnx
}

/// The activation that ONNX calls so, whatever the case of the letters.
pub fn of_onnx(name: &str) -> Option<Activation> {
    row(|row| row.onnx.eq_ignore_ascii_case(name)).map(|row| row.core)
}

/// The function of exported C that activates a row of the layer; none where the state is the sum itself.
pub fn c_function(layer: &Layer) -> Option<&'static str> {
    row_of(activation(layer)).c
}

/// The cell as an expression of Rust, in which numbers are written by `number`.
pub fn rust(layer: &Layer, number: impl Fn(f32) -> String) -> String {
    match layer.cell {
        Cell::Elman { activation, .. } => {
            let clip = layer.cell.limit().map(number);
            format!(
                "Cell::Elman {{ activation: Activation::{}, clip: {} }}",
                row_of(activation).rust,
                clip.unwrap_or_else(|| "f32::INFINITY".to_owned())
            )
        }
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
            assert_eq!(of_onnx(onnx_activation(&layer)), Some(activation));
            let name = ActivationName::from(activation).to_possible_value();
            assert_eq!(name.unwrap().get_name(), word(&layer));
        }
    }
}
