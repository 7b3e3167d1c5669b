//! How the parameters of a net lie in our ONNX files: the operator `RNN` wants both directions of a layer in one tensor.
//!
//! ```text
//! embedding.0.weight (V+1, E) …    state (1, S): where every sequence starts, unless told otherwise
//! rnn.W_l0 (D, H, I)   rnn.R_l0 (D, H, H)   rnn.B_l0 (D, 2 H): b, then zeros …
//! head.weight_t (W, O)   head.bias (O)
//! ```

use elman_core::{Place, Spec, Tensor as CoreTensor, TensorKind};

use super::{Constant, Tensor};
use crate::base::failure::{Failure, Result};

/// The initial state.
pub const STATE: &str = "state";
/// `W_out`, as core has it.
pub const HEAD: &str = "head.weight_t";
/// `c`
pub const HEAD_BIAS: &str = "head.bias";

/// What a tensor of a layer is called, by the letter that ONNX gives it.
pub fn name(letter: char, layer: usize) -> String {
    format!("rnn.{letter}_l{layer}")
}

/// An embedding table.
pub fn table(channel: usize) -> String {
    TensorKind::Embedding { channel }.to_string()
}

/// Where a tensor of core lies: in which tensor, from which number on, and whether rows and columns are exchanged.
fn place(spec: &Spec, tensor: &CoreTensor) -> (String, usize, bool) {
    let hidden = |place: Place| spec.layers.as_slice()[place.layer].hidden;
    let direction = |place: Place| usize::from(place.reverse);
    match tensor.kind {
        TensorKind::Embedding { channel } => (table(channel), 0, false),
        TensorKind::InitialState(at) => {
            let start = spec.state_offset(at.layer) + direction(at) * hidden(at);
            (STATE.to_owned(), start, false)
        }
        TensorKind::InitialCell(at) => {
            let width = spec.layers.as_slice()[at.layer].width();
            let start = spec.state_offset(at.layer) + width + direction(at) * hidden(at);
            (STATE.to_owned(), start, false)
        }
        TensorKind::InputWeights(at) => {
            let start = direction(at) * tensor.rows * tensor.columns;
            (name('W', at.layer), start, true)
        }
        TensorKind::RecurrentWeights(at) => {
            let start = direction(at) * tensor.rows * tensor.columns;
            (name('R', at.layer), start, true)
        }
        TensorKind::Bias(at) => (name('B', at.layer), direction(at) * 2 * hidden(at), false),
        TensorKind::HeadWeights => (HEAD.to_owned(), 0, false),
        TensorKind::HeadBias => (HEAD_BIAS.to_owned(), 0, false),
    }
}

/// Names and shapes of all tensors.
fn shapes(spec: &Spec) -> Vec<(String, Vec<usize>)> {
    let mut shapes = vec![(STATE.to_owned(), vec![1, spec.state_len()])];
    for tensor in spec.tensors() {
        match tensor.kind {
            TensorKind::Embedding { .. } | TensorKind::HeadWeights => {
                let (name, ..) = place(spec, &tensor);
                shapes.push((name, vec![tensor.rows, tensor.columns]));
            }
            TensorKind::HeadBias => shapes.push((HEAD_BIAS.to_owned(), vec![tensor.columns])),
            // One tensor for each layer, below.
            _ => {}
        }
    }
    for (i, layer) in spec.layers.as_slice().iter().enumerate() {
        let (directions, hidden) = (layer.directions(), layer.hidden);
        let inputs = spec.layer_input_width(i);
        shapes.push((name('W', i), vec![directions, hidden, inputs]));
        shapes.push((name('R', i), vec![directions, hidden, hidden]));
        shapes.push((name('B', i), vec![directions, 2 * hidden]));
    }
    shapes
}

/// The tensors of a net.
pub fn write(spec: &Spec, params: &[f32]) -> Vec<Tensor> {
    let mut found: Vec<(String, Vec<usize>, Vec<f32>)> = shapes(spec)
        .into_iter()
        .map(|(name, shape)| {
            let len = shape.iter().product();
            (name, shape, vec![0.0; len])
        })
        .collect();
    for tensor in spec.tensors() {
        let (name, start, is_turned) = place(spec, &tensor);
        let numbers = &params[tensor.range()];
        if let Some((_, _, to)) = found.iter_mut().find(|(known, ..)| *known == name) {
            let to = &mut to[start..start + numbers.len()];
            for (i, &x) in numbers.iter().enumerate() {
                to[at(i, &tensor, is_turned)] = x;
            }
        }
    }
    let tensors = found.iter();
    tensors
        .map(|(name, shape, numbers)| Tensor::floats(name, shape, numbers.iter().copied()))
        .collect()
}

/// Where number `i` of a tensor lies.
const fn at(i: usize, tensor: &CoreTensor, is_turned: bool) -> usize {
    match is_turned {
        true => i % tensor.columns * tensor.rows + i / tensor.columns,
        false => i,
    }
}

/// The parameters of a net, from the tensors of a file.
///
/// # Errors
/// A tensor is missing or has another shape.
pub fn read(spec: &Spec, tensors: &[Tensor]) -> Result<Vec<f32>> {
    let shapes = shapes(spec);
    let mut found: Vec<(&String, Vec<f32>)> = Vec::with_capacity(shapes.len());
    for (name, shape) in &shapes {
        let tensor = tensors.iter().find(|tensor| tensor.name == *name);
        let tensor = tensor.ok_or_else(|| {
            Failure::input(format!(
                "the tensor {name} is missing: the file was changed"
            ))
        })?;
        let constant = Constant::read(tensor)?;
        match constant.floats() {
            Some(floats) if constant.dims == *shape => found.push((name, floats.to_vec())),
            _ => {
                return Err(Failure::input(format!(
                    "the tensor {name} must be float32 {shape:?}, and has the shape {:?}",
                    constant.dims
                )));
            }
        }
    }
    let mut params = vec![0.0; spec.params_len()];
    for tensor in spec.tensors() {
        let (name, start, is_turned) = place(spec, &tensor);
        let Some((_, from)) = found.iter().find(|(known, _)| **known == name) else {
            continue;
        };
        for (i, x) in params[tensor.range()].iter_mut().enumerate() {
            *x = from[start + at(i, &tensor, is_turned)];
        }
    }
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use elman_core::*;

    #[test]
    fn every_parameter_comes_back() {
        let both = Layer {
            direction: Direction::Both,
            ..Layer::tanh(3)
        };
        let channel = |vocabulary, width| Channel { vocabulary, width };
        for initial_state in [InitialState::Trained, InitialState::Zero] {
            let spec = Spec {
                input: Input::Tokens {
                    channels: Channels::of([channel(4, 2), channel(2, 5)]),
                    window: 3,
                },
                layers: Layers::of([both, Layer::tanh(4), both]),
                initial_state,
                head: Head {
                    kind: HeadKind::Softmax { outputs: 5 },
                    read: Read::EveryStep,
                },
                dropout: Dropout::NONE,
            };
            let params: Vec<f32> = (1..=spec.params_len()).map(|i| i as f32).collect();
            let tensors = write(&spec, &params);
            assert_eq!(read(&spec, &tensors).unwrap(), params);
            let complaint = read(&spec, &tensors[1..]).unwrap_err().to_string();
            assert!(
                complaint.contains("the tensor state is missing"),
                "{complaint}"
            );
        }
    }
}
