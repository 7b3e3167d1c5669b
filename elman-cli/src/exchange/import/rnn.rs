//! The operators `RNN`, `GRU` and `LSTM`: weights and inputs of one as a layer.

use elman_core::{CellFacts, MAX_LAYERS};

use super::flow::{At, Axis, Flow, Stage, Value};
use super::net::{DirectionWeights, ForeignLayer, Matrix, Start};
use super::operator::Operator;
use super::reader::{Attributes, Reader};
use crate::base::failure::{Failure, Result};
use crate::exchange::onnx::Constant;
use crate::net::cell::{self, CellName, CellNames};

/// Inputs, by their place.
const X: usize = 0;
const W: usize = 1;
const R: usize = 2;
const B: usize = 3;
const SEQUENCE_LENS: usize = 4;
const INITIAL: [(usize, &str); 2] = [(5, "initial_h"), (6, "initial_c")];
const P: usize = 7;

/// Adds a layer; gives `Y`, `Y_h` and `Y_c`, as far as the operator has them.
///
/// # Errors
/// What elman cannot run, by the name of the attribute or input.
pub fn apply(
    reader: &mut Reader,
    name: CellName,
    attributes: &Attributes<'_>,
    inputs: &[Option<Value>],
) -> Result<Vec<Value>> {
    let number = reader.layers.len();
    if number == MAX_LAYERS {
        return Err(Failure::input(format!(
            "a net has at most {MAX_LAYERS} layers"
        )));
    }
    let rnn = Operator::read(name, attributes)?;
    let input = |place: usize| inputs.get(place).and_then(Option::as_ref);
    let x = match input(X) {
        Some(Value::Flow(flow)) => flow,
        Some(Value::Refused(why)) => return Err(Failure::input(why.to_string())),
        _ => return Err(Failure::input("X does not come from an input of the graph")),
    };
    let size = Size::of(&rnn, constant(input(W), "W")?, constant(input(R), "R")?)?;
    let axes = input_axes(reader, &rnn, x, &size)?;
    check_peepholes(input(P))?;
    check_lengths(input(SEQUENCE_LENS))?;
    let bias = input(B).map(|b| constant(Some(b), "B")).transpose()?;
    let mut initial = [const { Vec::new() }; 2];
    let states = INITIAL.into_iter().take(size.facts.states);
    for (starts, (place, name)) in initial.iter_mut().zip(states) {
        *starts = initial_states(reader, &rnn, &size, input(place), name)?;
    }
    let mut directions = Vec::new();
    for direction in 0..size.directions {
        let start = |starts: &mut Vec<Start>| starts.get_mut(direction).and_then(Option::take);
        let weights = size.block(constant(input(W), "W")?, direction, size.inputs)?;
        directions.push(DirectionWeights {
            // A layer below that runs in reverse only has zeros for the forward direction.
            input: match number.checked_sub(1) {
                Some(below) => reader.spread(&weights, &x.parts, below)?,
                None => weights,
            },
            recurrent: size.block(constant(input(R), "R")?, direction, size.hidden)?,
            bias: size.bias(bias, direction)?,
            initial: initial.each_mut().map(start),
        });
    }
    let mut directions = directions.into_iter();
    reader.layers.push(ForeignLayer {
        cell: rnn.cell,
        forward: if rnn.has_forward {
            directions.next()
        } else {
            None
        },
        reverse: directions.next(),
    });
    reader.time = Some(axes[0].0);
    Ok(outputs(&rnn, axes, size.hidden, number))
}

/// Sizes of a layer, which its weights must have.
struct Size {
    names: CellNames,
    facts: CellFacts,
    directions: usize,
    hidden: usize,
    inputs: usize,
}

impl Size {
    fn of(rnn: &Operator, w: &Constant, r: &Constant) -> Result<Self> {
        let facts = rnn.cell.facts();
        let directions = rnn.directions();
        let &[_, units, inputs] = &w.dims[..] else {
            return Err(Failure::input(format!(
                "W must have three dimensions, and has the shape {:?}",
                w.dims
            )));
        };
        let hidden = units / facts.gates;
        let units = hidden * facts.gates;
        let wanted = [
            ("W", &w.dims, [directions, units, inputs]),
            ("R", &r.dims, [directions, units, hidden]),
        ];
        for (name, found, wanted) in wanted {
            if *found != wanted {
                return Err(Failure::input(format!(
                    "{name} must have the shape {wanted:?}, and has {found:?}"
                )));
            }
        }
        match rnn.hidden {
            Some(said) if said != hidden => Err(Failure::input(format!(
                "hidden_size {said}: W is made for {hidden} units"
            ))),
            _ => Ok(Self {
                names: cell::names(rnn.cell),
                facts,
                directions,
                hidden,
                inputs,
            }),
        }
    }

    /// Rows of the gates, each of so many numbers, in PyTorch's order.
    fn sorted(&self, numbers: &[f32], columns: usize) -> Vec<f32> {
        let len = self.hidden * columns;
        let gate = |gate| {
            let place = self.names.onnx_place(gate) * len;
            numbers.get(place..place + len).unwrap_or_default()
        };
        (0..self.facts.gates).flat_map(gate).copied().collect()
    }

    /// The matrix of one direction.
    fn block(&self, constant: &Constant, direction: usize, columns: usize) -> Result<Matrix> {
        let rows = self.facts.gates * self.hidden;
        let len = rows * columns;
        let numbers = constant
            .floats()
            .and_then(|all| all.get(direction * len..(direction + 1) * len));
        let numbers = numbers.ok_or_else(|| Failure::input("W and R must be float32"))?;
        Ok(Matrix {
            rows,
            columns,
            numbers: self.sorted(numbers, columns),
        })
    }

    /// Both biases of one direction, in one.
    fn bias(&self, constant: Option<&Constant>, direction: usize) -> Result<Vec<f32>> {
        let len = self.facts.gates * self.hidden;
        let Some(constant) = constant else {
            return Ok(vec![0.0; self.facts.biases() * self.hidden]);
        };
        let wanted = [self.directions, 2 * len];
        let (Some(all), true) = (constant.floats(), constant.dims == wanted) else {
            return Err(Failure::input(format!(
                "B must be float32 {wanted:?}, and has the shape {:?}",
                constant.dims
            )));
        };
        let (w, r) = all[direction * 2 * len..(direction + 1) * 2 * len].split_at(len);
        let (w, r) = (self.sorted(w, 1), self.sorted(r, 1));
        Ok(cell::fold_biases(&self.facts, &w, &r))
    }
}

fn constant<'a>(value: Option<&'a Value>, name: &str) -> Result<&'a Constant> {
    match value {
        Some(Value::Constant(constant)) => Ok(constant),
        Some(Value::Refused(why)) => Err(Failure::input(why.to_string())),
        _ => Err(Failure::input(format!(
            "{name} must be a constant of the file; an input of the graph that is fed at run time is none"
        ))),
    }
}

/// The axes of `X`: time, batch, numbers; whatever the layout.
fn input_axes(
    reader: &Reader,
    rnn: &Operator,
    x: &Flow,
    size: &Size,
) -> Result<[(Axis, Option<usize>); 3]> {
    let &[first, second, third] = &x.axes[..] else {
        return Err(Failure::input(format!(
            "X has {} axes where it must have three",
            x.rank()
        )));
    };
    let (time, batch) = match rnn.is_batch_first {
        false => (first, second),
        true => (second, first),
    };
    let is_input = |axis: Axis| matches!(axis, Axis::Input(_));
    let in_order = is_input(time.0) && (is_input(batch.0) || batch.0 == Axis::One);
    if !in_order || time.0 == batch.0 {
        return Err(Failure::input(
            "X must have the axes time, batch and numbers",
        ));
    }
    let number = reader.layers.len();
    if number == 0 {
        if x.stage != Stage::Inputs || third.0 == Axis::Directions {
            return Err(Failure::input("X does not come from an input of the graph"));
        }
    } else {
        let whole = reader.parts(number - 1);
        let is_below = x.stage == Stage::Hidden && x.at == At::Every && x.parts == whole;
        if !is_below || reader.time != Some(time.0) || third.0 != Axis::Features {
            return Err(Failure::input(
                "X must be all that the layer before it says, at every step: elman stacks layers",
            ));
        }
    }
    if third.1.is_some_and(|width| width != size.inputs) {
        return Err(Failure::input(format!(
            "W is made for {} numbers per step, and X has another count",
            size.inputs
        )));
    }
    Ok([time, batch, third])
}

/// How long each sequence is, the data say by themselves.
fn check_lengths(value: Option<&Value>) -> Result<()> {
    match value {
        Some(Value::Constant(_) | Value::Spread(_)) => Err(Failure::input(
            "sequence_lens is a constant, which fits one batch only; make it an input of the graph, or leave it out",
        )),
        _ => Ok(()),
    }
}

/// Peepholes let gates read the cell; where they are all zero they read nothing.
fn check_peepholes(value: Option<&Value>) -> Result<()> {
    match value {
        None => Ok(()),
        Some(Value::Constant(p)) if p.uniform() == Some(0.0) => Ok(()),
        Some(_) => Err(Failure::input("P: elman has no LSTM with peepholes")),
    }
}

/// Where each direction starts; `None` at zero.
fn initial_states(
    reader: &mut Reader,
    rnn: &Operator,
    size: &Size,
    value: Option<&Value>,
    name: &str,
) -> Result<Vec<Start>> {
    let constant = match value {
        None => return Ok(vec![None; size.directions]),
        Some(Value::Flow(_)) => {
            reader.note(&format!(
                "{name} is an input of the graph: the imported net starts from zero"
            ));
            return Ok(vec![None; size.directions]);
        }
        Some(Value::Constant(constant) | Value::Spread(constant)) => constant,
        Some(Value::Refused(why)) => return Err(Failure::input(why.to_string())),
        Some(Value::Unknown) => {
            return Err(Failure::input(format!(
                "{name} is computed; it must be a constant, an input of the graph, or left out"
            )));
        }
    };
    let misfit = || {
        Failure::input(format!(
            "{name} must be float32 and the same for every sequence, and has the shape {:?}",
            constant.dims
        ))
    };
    let floats = constant.floats().ok_or_else(misfit)?;
    // Aligned at the end, as everything that is expanded.
    let missing = 3usize.checked_sub(constant.dims.len()).ok_or_else(misfit)?;
    let dims = [vec![1; missing], constant.dims.clone()].concat();
    let (direction_axis, batch_axis) = match rnn.is_batch_first {
        false => (0, 1),
        true => (1, 0),
    };
    let has_directions = [1, size.directions].contains(&dims[direction_axis]);
    let is_one = floats.len() == 1;
    if !has_directions || dims[batch_axis] == 0 || (dims[2] != size.hidden && !is_one) {
        return Err(misfit());
    }
    let number = |direction: usize, batch: usize, unit: usize| {
        let mut at = [0, 0, unit.min(dims[2] - 1)];
        at[direction_axis] = direction.min(dims[direction_axis] - 1);
        at[batch_axis] = batch;
        floats[(at[0] * dims[1] + at[1]) * dims[2] + at[2]]
    };
    let mut states = Vec::new();
    for direction in 0..size.directions {
        let state = |batch| (0..size.hidden).map(move |unit| (batch, unit));
        let of_batch =
            |batch| -> Vec<f32> { state(batch).map(|(b, u)| number(direction, b, u)).collect() };
        let first = of_batch(0);
        if (1..dims[batch_axis]).any(|batch| of_batch(batch) != first) {
            return Err(misfit());
        }
        states.push(first.iter().any(|x| *x != 0.0).then_some(first));
    }
    Ok(states)
}

/// `Y`, `Y_h`, and `Y_c` of an LSTM.
fn outputs(
    rnn: &Operator,
    [time, batch, _]: [(Axis, Option<usize>); 3],
    hidden: usize,
    layer: usize,
) -> Vec<Value> {
    let directions = (Axis::Directions, Some(rnn.directions()));
    let units = (Axis::Features, Some(hidden));
    let (all, last) = match rnn.is_batch_first {
        false => (
            vec![time, directions, batch, units],
            vec![directions, batch, units],
        ),
        true => (
            vec![batch, time, directions, units],
            vec![batch, directions, units],
        ),
    };
    let flow = |axes, stage, at| {
        Value::Flow(Flow {
            axes,
            stage,
            parts: rnn.parts(layer),
            at,
        })
    };
    let mut outputs = vec![
        flow(all, Stage::Hidden, At::Every),
        flow(last.clone(), Stage::Hidden, At::End),
    ];
    if rnn.cell.facts().states > 1 {
        outputs.push(flow(last, Stage::Cells, At::End));
    }
    outputs
}
