//! Tensors of safetensors files: parameters under PyTorch's names and in its layout, and flat numbers.
//!
//! ```text
//! rnn.weight_ih_l0 (G·H, I)   rnn.weight_hh_l0 (G·H, H)   rnn.bias_ih_l0 (G·H)   rnn.bias_hh_l0 (G·H) …   h0_l0 (H)   c0_l0 (H)
//! ```
//!
//! What all units of a FastRNN or FastGRNN layer share is `rnn.scalars_l0` (2), before its sigmoid; of FastGRNN `b_z` is `bias_ih` and
//! `b_n` is `bias_hh`.
//!
//! PyTorch trains two biases. Where they only ever appear as their sum we have that, and write zeros as the second.

use std::borrow::Cow;

use elman_core::{CellFacts, Spec, Tensor, TensorKind};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, View};

use crate::base::failure::{Failure, Result};
use crate::net::cell;

/// A tensor of a file, in PyTorch's layout.
pub struct Exported {
    shape: Vec<usize>,
    pub data: Vec<u8>,
}

impl View for Exported {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.data)
    }

    fn data_len(&self) -> usize {
        self.data.len()
    }
}

impl Exported {
    /// Numbers of one dimension.
    pub fn vector(numbers: &[f32]) -> Self {
        Self {
            shape: vec![numbers.len()],
            data: bytes(numbers.iter().copied()),
        }
    }

    /// Rows of so many numbers, as they lie.
    pub fn rows(width: usize, numbers: &[f32]) -> Self {
        Self {
            shape: vec![numbers.len() / width.max(1), width],
            data: bytes(numbers.iter().copied()),
        }
    }

    /// A matrix of core, exchanged where PyTorch has it so.
    fn matrix(tensor: &Tensor, numbers: &[f32]) -> Self {
        let (rows, columns) = (tensor.rows, tensor.columns);
        if !tensor.is_transposed_in_pytorch() {
            return Self {
                shape: vec![rows, columns],
                data: bytes(numbers.iter().copied()),
            };
        }
        let transposed = (0..columns)
            .flat_map(|column| (0..rows).map(move |row| numbers[row * columns + column]));
        Self {
            shape: vec![columns, rows],
            data: bytes(transposed),
        }
    }
}

fn bytes(numbers: impl Iterator<Item = f32>) -> Vec<u8> {
    numbers.flat_map(f32::to_le_bytes).collect()
}

/// The numbers of a tensor of a safetensors file.
///
/// # Errors
/// The tensor is missing, no `f32`, or has another number of values.
pub fn numbers(file: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
    let tensor = find(file, name, shape)?;
    Ok(tensor
        .data()
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect())
}

/// A tensor of a safetensors file.
///
/// # Errors
/// As [`numbers`].
fn find<'a>(file: &SafeTensors<'a>, name: &str, shape: &[usize]) -> Result<TensorView<'a>> {
    let tensor = file
        .tensor(name)
        .map_err(|_| Failure::input(format!("the tensor {name} is missing")))?;
    if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
        let (dtype, found) = (tensor.dtype(), tensor.shape());
        return Err(Failure::input(format!(
            "the tensor {name} must be F32 {shape:?}, found {dtype} {found:?}"
        )));
    }
    Ok(tensor)
}

/// The shape that a tensor has in PyTorch.
fn shape(spec: &Spec, tensor: &Tensor) -> Vec<usize> {
    let (rows, columns) = (tensor.rows, tensor.columns);
    if let Some(facts) = bias_of(spec, tensor) {
        vec![columns / facts.biases() * facts.gates]
    } else if tensor.is_vector() {
        vec![columns]
    } else if tensor.is_transposed_in_pytorch() {
        vec![columns, rows]
    } else {
        vec![rows, columns]
    }
}

/// Of biases: the sizes of their cell.
fn bias_of(spec: &Spec, tensor: &Tensor) -> Option<CellFacts> {
    match tensor.kind {
        TensorKind::Bias(place) => Some(spec.layers.as_slice()[place.layer].cell.facts()),
        _ => None,
    }
}

/// What PyTorch's second bias of a layer is called.
pub fn second_bias(tensor: &Tensor) -> Option<String> {
    matches!(tensor.kind, TensorKind::Bias(_))
        .then(|| tensor.kind.to_string().replace("bias_ih", "bias_hh"))
}

/// A tensor of a net, under its names.
pub fn export(spec: &Spec, tensor: &Tensor, params: &[f32]) -> Vec<(String, Exported)> {
    let (name, numbers) = (tensor.kind.to_string(), &params[tensor.range()]);
    if let (Some(facts), Some(other)) = (bias_of(spec, tensor), second_bias(tensor)) {
        let [first, second] = cell::unfold_biases(&facts, numbers);
        return vec![
            (other, Exported::vector(&second)),
            (name, Exported::vector(&first)),
        ];
    }
    let exported = if tensor.is_vector() {
        Exported::vector(numbers)
    } else {
        Exported::matrix(tensor, numbers)
    };
    vec![(name, exported)]
}

/// Whether a file has a tensor of a net.
///
/// # Errors
/// It is missing, or does not fit.
pub fn check(file: &SafeTensors<'_>, spec: &Spec, tensor: &Tensor) -> Result<()> {
    find(file, &tensor.kind.to_string(), &shape(spec, tensor)).map(drop)
}

/// A tensor of a net, as core has it.
///
/// # Errors
/// As [`check`].
pub fn read(file: &SafeTensors<'_>, spec: &Spec, tensor: &Tensor) -> Result<Vec<f32>> {
    let shape = shape(spec, tensor);
    let from = numbers(file, &tensor.kind.to_string(), &shape)?;
    if let (Some(facts), Some(other)) = (bias_of(spec, tensor), second_bias(tensor)) {
        let second = numbers(file, &other, &shape)?;
        return Ok(cell::fold_biases(&facts, &from, &second));
    }
    if !tensor.is_transposed_in_pytorch() {
        return Ok(from);
    }
    let (rows, columns) = (tensor.rows, tensor.columns);
    let turned = (0..rows * columns).map(|i| from[i % columns * rows + i / columns]);
    Ok(turned.collect())
}
