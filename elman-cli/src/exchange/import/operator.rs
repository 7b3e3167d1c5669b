//! The attributes of `RNN`, `GRU` and `LSTM`: which cell, in which directions.

use elman_core::{Activation, Cell};

use super::flow::Part;
use super::reader::Attributes;
use crate::base::failure::{Failure, Result};
use crate::net::cell::{self, CellName};

/// What all three have.
const KNOWN: [&str; 7] = [
    "clip",
    "activations",
    "activation_alpha",
    "activation_beta",
    "direction",
    "hidden_size",
    "layout",
];

/// What the attributes say.
pub struct Operator {
    pub cell: Cell,
    pub has_forward: bool,
    pub has_reverse: bool,
    pub is_batch_first: bool,
    pub hidden: Option<usize>,
}

impl Operator {
    /// Of the operator of a cell.
    ///
    /// # Errors
    /// What elman cannot run, by the name of the attribute.
    pub fn read(name: CellName, attributes: &Attributes<'_>) -> Result<Self> {
        let mut known = KNOWN.to_vec();
        match name {
            CellName::Elman => {}
            CellName::Gru => known.push("linear_before_reset"),
            CellName::Lstm => known.push("input_forget"),
        }
        attributes.only(&known)?;
        check_variant(name, attributes)?;
        let direction = attributes.text("direction")?.unwrap_or("forward");
        let (has_forward, has_reverse) = match direction {
            "forward" => (true, false),
            "reverse" => (false, true),
            "bidirectional" => (true, true),
            other => {
                return Err(Failure::input(format!(
                    "direction {other}: it must be forward, reverse or bidirectional"
                )));
            }
        };
        let directions = usize::from(has_forward) + usize::from(has_reverse);
        let layout = attributes.int("layout")?.unwrap_or(0);
        if !(0..=1).contains(&layout) {
            return Err(Failure::input(format!(
                "layout {layout}: it must be 0 or 1"
            )));
        }
        let hidden = attributes
            .int("hidden_size")?
            .map(usize::try_from)
            .transpose();
        Ok(Self {
            cell: cell(name, attributes, directions)?,
            has_forward,
            has_reverse,
            is_batch_first: layout == 1,
            hidden: hidden.map_err(|_| Failure::input("hidden_size must be above 0"))?,
        })
    }

    /// How many directions there are.
    pub fn directions(&self) -> usize {
        usize::from(self.has_forward) + usize::from(self.has_reverse)
    }

    /// The directions that there are.
    pub fn parts(&self, layer: usize) -> Vec<Part> {
        let part = |reverse| Part { layer, reverse };
        let forward = self.has_forward.then(|| part(false));
        let reverse = self.has_reverse.then(|| part(true));
        forward.into_iter().chain(reverse).collect()
    }
}

/// From here on tanh is ±1 in single precision, so that a limit before it changes nothing.
const TANH_IS_FLAT: f32 = 9.02;

/// What the units compute.
fn cell(name: CellName, attributes: &Attributes<'_>, directions: usize) -> Result<Cell> {
    let activation = match name {
        CellName::Elman => activation(attributes, directions)?,
        CellName::Gru | CellName::Lstm => {
            check_activations(name, attributes, directions)?;
            Activation::Tanh
        }
    };
    let clip = clip(name, attributes, activation)?;
    Ok(name.cell(activation, clip))
}

/// Refuses what the operator can be, and the cell of that name is not.
fn check_variant(name: CellName, attributes: &Attributes<'_>) -> Result<()> {
    let input_forget = attributes.int("input_forget")?.unwrap_or(0);
    if input_forget != 0 {
        return Err(Failure::input(format!(
            "input_forget {input_forget}: elman's LSTM has a forget gate of its own"
        )));
    }
    let is_linear = attributes.int("linear_before_reset")?.unwrap_or(0) != 0;
    if name == CellName::Gru && !is_linear {
        return Err(Failure::input(
            "linear_before_reset 0: the reset gate acts on h before R does, and in elman, as in torch.nn.GRU, behind it \
             (linear_before_reset 1); train the net that way",
        ));
    }
    Ok(())
}

/// Activations that are not those of the cell.
fn check_activations(name: CellName, attributes: &Attributes<'_>, directions: usize) -> Result<()> {
    let (found, one) = (
        attributes.texts("activations")?,
        name.names().onnx_activations,
    );
    let wanted = one.repeat(directions);
    let is_same = |(found, wanted): (&&str, &&str)| found.eq_ignore_ascii_case(wanted);
    let fits = found.len() == wanted.len() && found.iter().zip(&wanted).all(is_same);
    if found.is_empty() || fits {
        return Ok(());
    }
    Err(Failure::input(format!(
        "activations {}: elman's {} has {} in every direction",
        found.join(", "),
        name.names().onnx,
        one.join(", ")
    )))
}

/// The limit before the activation, infinite if no sum can feel it.
fn clip(name: CellName, attributes: &Attributes<'_>, activation: Activation) -> Result<f32> {
    // A sigmoid feels limits far beyond.
    let is_flat = name == CellName::Elman && activation == Activation::Tanh;
    match attributes.float("clip")? {
        Some(clip) if clip.is_nan() || clip <= 0.0 => Err(Failure::input(format!(
            "clip {clip}: it must be above 0; leave it out where there is no limit"
        ))),
        Some(clip) if is_flat && clip >= TANH_IS_FLAT => Ok(f32::INFINITY),
        clip => Ok(clip.unwrap_or(f32::INFINITY)),
    }
}

/// `f` of Elman's cell; it must be the same in both directions.
fn activation(attributes: &Attributes<'_>, directions: usize) -> Result<Activation> {
    let names = attributes.texts("activations")?;
    let names = if names.is_empty() {
        vec!["Tanh"; directions]
    } else {
        names
    };
    let Some(first) = names.first().filter(|_| names.len() == directions) else {
        return Err(Failure::input(format!(
            "activations {}: there must be one for each of {directions} directions",
            names.join(", ")
        )));
    };
    if let Some(other) = names.iter().find(|name| !name.eq_ignore_ascii_case(first)) {
        return Err(Failure::input(format!(
            "activations {first}, {other}: both directions of a layer must have the same"
        )));
    }
    let (alpha, beta) = (
        attributes.floats("activation_alpha")?,
        attributes.floats("activation_beta")?,
    );
    match cell::of_onnx(first) {
        Some(Activation::Identity) if !alpha.iter().all(|x| *x == 1.0) => {
            Err(Failure::input(format!(
                "activation_alpha {alpha:?}: of Affine only the identity is known, with alpha 1 and beta 0"
            )))
        }
        Some(Activation::Identity) if !beta.iter().all(|x| *x == 0.0) => {
            Err(Failure::input(format!(
                "activation_beta {beta:?}: of Affine only the identity is known, with alpha 1 and beta 0"
            )))
        }
        Some(activation) => Ok(activation),
        None => Err(Failure::input(format!(
            "activations {first}: elman has Tanh, Relu and Affine with alpha 1 and beta 0"
        ))),
    }
}
