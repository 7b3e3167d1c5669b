//! How the parameters of a net lie in our ONNX files: the operators `RNN`, `GRU` and `LSTM` want both directions of a layer in one
//! tensor, and the gates in an order of their own, G to a layer.
//!
//! ```text
//! embedding.0.weight (V+1, E) …    state (1, S): where every sequence starts, unless told otherwise
//! rnn.W_l0 (D, G H, I)   rnn.R_l0 (D, G H, H)   rnn.B_l0 (D, 2 G H): b, then zeros; of a GRU the hidden bias of n among them …
//! head.weight_t (W, O)   head.bias (O)
//! ```

use elman_core::{Cell, Layer, Place, Spec, Tensor as CoreTensor, TensorKind};

use super::{Constant, Tensor};
use crate::base::failure::{Failure, Result};
use crate::net::cell;

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

/// Where a tensor of core lies: in which tensor, from which number on, and in which order.
struct Home {
    name: String,
    start: usize,
    order: Order,
}

/// Where number `i` of a tensor lies behind its start.
enum Order {
    /// At `i`.
    Same,
    /// Rows and columns are exchanged, and the columns are the units of gates.
    Weights {
        rows: usize,
        columns: usize,
        gates: Gates,
    },
    /// The biases of gates, and behind them the hidden biases of all gates.
    Biases(Gates),
}

/// Units of gates, in ONNX's order.
struct Gates {
    cell: Cell,
    hidden: usize,
}

impl Gates {
    /// Of the units in PyTorch's order.
    fn place(&self, unit: usize) -> usize {
        let (gate, unit) = (unit / self.hidden, unit % self.hidden);
        cell::names(self.cell).onnx_place(gate) * self.hidden + unit
    }
}

impl Order {
    fn place(&self, i: usize) -> usize {
        match self {
            Self::Same => i,
            Self::Weights {
                rows,
                columns,
                gates,
            } => gates.place(i % columns) * rows + i / columns,
            Self::Biases(gates) => {
                let facts = gates.cell.facts();
                let (first, unit) = (i / gates.hidden, i % gates.hidden);
                match cell::gate_of_hidden_bias(&facts, first) {
                    None => gates.place(i),
                    Some(gate) => {
                        facts.gates * gates.hidden + gates.place(gate * gates.hidden + unit)
                    }
                }
            }
        }
    }
}

impl Home {
    fn of(spec: &Spec, tensor: &CoreTensor) -> Self {
        let (rows, columns) = (tensor.rows, tensor.columns);
        let whole = |name: String| (name, 0, Order::Same);
        let (name, start, order) = match tensor.kind {
            TensorKind::Embedding { channel } => whole(table(channel)),
            TensorKind::HeadWeights => whole(HEAD.to_owned()),
            TensorKind::HeadBias => whole(HEAD_BIAS.to_owned()),
            // Of cells that ONNX has no operator for, so no file holds any.
            TensorKind::Scalars(_) => whole(tensor.kind.to_string()),
            TensorKind::InitialState(at) => {
                (STATE.to_owned(), state_column(spec, at, 0), Order::Same)
            }
            TensorKind::InitialCell(at) => {
                (STATE.to_owned(), state_column(spec, at, 1), Order::Same)
            }
            TensorKind::InputWeights(at) | TensorKind::RecurrentWeights(at) => {
                let is_input = matches!(tensor.kind, TensorKind::InputWeights(_));
                let letter = if is_input { 'W' } else { 'R' };
                let order = Order::Weights {
                    rows,
                    columns,
                    gates: gates(spec, at),
                };
                let start = usize::from(at.reverse) * rows * columns;
                (name(letter, at.layer), start, order)
            }
            TensorKind::Bias(at) => {
                let gates = gates(spec, at);
                let start = usize::from(at.reverse) * biases_len(gates.cell, gates.hidden);
                (name('B', at.layer), start, Order::Biases(gates))
            }
        };
        Self { name, start, order }
    }

    /// Where number `i` of the tensor lies.
    fn place(&self, i: usize) -> usize {
        self.start + self.order.place(i)
    }
}

fn gates(spec: &Spec, at: Place) -> Gates {
    let Layer { cell, hidden, .. } = spec.layers.as_slice()[at.layer];
    Gates { cell, hidden }
}

/// Where a direction's numbers of a state begin in the state of a sequence: h, or behind it c.
fn state_column(spec: &Spec, at: Place, state: usize) -> usize {
    let layer = spec.layers.as_slice()[at.layer];
    let direction = usize::from(at.reverse) * layer.hidden;
    spec.state_offset(at.layer) + state * layer.width() + direction
}

/// Biases of a direction in ONNX.
const fn biases_len(cell: Cell, hidden: usize) -> usize {
    2 * cell.facts().gates * hidden
}

/// Names and shapes of all tensors.
fn shapes(spec: &Spec) -> Vec<(String, Vec<usize>)> {
    let mut shapes = vec![(STATE.to_owned(), vec![1, spec.state_len()])];
    for tensor in spec.tensors() {
        match tensor.kind {
            TensorKind::Embedding { .. } | TensorKind::HeadWeights => {
                let Home { name, .. } = Home::of(spec, &tensor);
                shapes.push((name, vec![tensor.rows, tensor.columns]));
            }
            TensorKind::HeadBias => shapes.push((HEAD_BIAS.to_owned(), vec![tensor.columns])),
            // One tensor for each layer, below.
            _ => {}
        }
    }
    for (i, layer) in spec.layers.as_slice().iter().enumerate() {
        let (directions, hidden) = (layer.directions(), layer.hidden);
        let (inputs, units) = (spec.layer_input_width(i), layer.cell.facts().gates * hidden);
        shapes.push((name('W', i), vec![directions, units, inputs]));
        shapes.push((name('R', i), vec![directions, units, hidden]));
        let biases = biases_len(layer.cell, hidden);
        shapes.push((name('B', i), vec![directions, biases]));
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
        let home = Home::of(spec, &tensor);
        let numbers = &params[tensor.range()];
        if let Some((_, _, to)) = found.iter_mut().find(|(known, ..)| *known == home.name) {
            for (i, &x) in numbers.iter().enumerate() {
                to[home.place(i)] = x;
            }
        }
    }
    let tensors = found.iter();
    tensors
        .map(|(name, shape, numbers)| Tensor::floats(name, shape, numbers.iter().copied()))
        .collect()
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
        let home = Home::of(spec, &tensor);
        let Some((_, from)) = found.iter().find(|(known, _)| **known == home.name) else {
            continue;
        };
        for (i, x) in params[tensor.range()].iter_mut().enumerate() {
            *x = from[home.place(i)];
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
                layers: Layers::of([
                    both,
                    Layer::gru(4),
                    Layer {
                        cell: Cell::lstm(),
                        ..both
                    },
                ]),
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

    #[test]
    fn gates_lie_in_the_order_of_onnx() {
        // One unit and one input: every number is a gate's.
        let of = |layer: Layer| {
            let spec = Spec {
                layers: Layers::of([layer]),
                ..Spec::dense(1, 1, 1)
            };
            let params: Vec<f32> = (0..spec.params_len()).map(|i| i as f32).collect();
            let tensors = write(&spec, &params);
            let numbers = |name: &str| {
                let tensor = tensors.iter().find(|tensor| tensor.name == name).unwrap();
                let constant = Constant::read(tensor).unwrap();
                constant.floats().unwrap().to_vec()
            };
            ["rnn.W_l0", "rnn.R_l0", "rnn.B_l0"].map(numbers)
        };
        // r z n: z r h; the biases b_r, b_z, b_in, b_hn are 6, 7, 8, 9.
        let [w, r, b] = of(Layer::gru(1));
        assert_eq!((&w[..], &r[..]), (&[1., 0., 2.][..], &[4., 3., 5.][..]));
        assert_eq!(b, [7., 6., 8., 0., 0., 9.]);
        // i f g o: i o f c.
        let [w, _, b] = of(Layer::lstm(1));
        assert_eq!(w, [0., 3., 1., 2.]);
        assert_eq!(b, [8., 11., 9., 10., 0., 0., 0., 0.]);
    }
}
