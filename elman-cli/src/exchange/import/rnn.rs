//! The operator `RNN`: its attributes, weights and inputs as a layer.

use elman_core::{Activation, Cell, MAX_LAYERS};

use super::flow::{At, Axis, Flow, Part, Stage, Value};
use super::net::{DirectionWeights, ForeignLayer, Matrix};
use super::reader::{Attributes, Reader};
use crate::base::failure::{Failure, Result};
use crate::exchange::onnx::Constant;
use crate::net::cell;

/// Inputs, by their place.
const X: usize = 0;
const W: usize = 1;
const R: usize = 2;
const B: usize = 3;
const SEQUENCE_LENS: usize = 4;
const INITIAL_H: usize = 5;

/// What the attributes say.
struct RnnAttributes {
    cell: Cell,
    has_forward: bool,
    has_reverse: bool,
    is_batch_first: bool,
    hidden: Option<usize>,
}

impl RnnAttributes {
    fn read(attributes: &Attributes<'_>) -> Result<Self> {
        attributes.only(&[
            "clip",
            "activations",
            "activation_alpha",
            "activation_beta",
            "direction",
            "hidden_size",
            "layout",
        ])?;
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
        let activation = activation(attributes, directions)?;
        Ok(Self {
            cell: Cell::Elman {
                activation,
                clip: clip(attributes, activation)?,
            },
            has_forward,
            has_reverse,
            is_batch_first: layout == 1,
            hidden: hidden.map_err(|_| Failure::input("hidden_size must be above 0"))?,
        })
    }

    fn directions(&self) -> usize {
        usize::from(self.has_forward) + usize::from(self.has_reverse)
    }

    /// The directions that there are.
    fn parts(&self, layer: usize) -> Vec<Part> {
        let part = |reverse| Part { layer, reverse };
        let forward = self.has_forward.then(|| part(false));
        let reverse = self.has_reverse.then(|| part(true));
        forward.into_iter().chain(reverse).collect()
    }
}

/// From here on tanh is ±1 in single precision, so that a limit before it changes nothing.
const TANH_IS_FLAT: f32 = 9.02;

/// The limit before the activation, infinite if no sum can feel it.
fn clip(attributes: &Attributes<'_>, activation: Activation) -> Result<f32> {
    match attributes.float("clip")? {
        Some(clip) if clip.is_nan() || clip <= 0.0 => Err(Failure::input(format!(
            "clip {clip}: it must be above 0; leave it out where there is no limit"
        ))),
        Some(clip) if activation == Activation::Tanh && clip >= TANH_IS_FLAT => Ok(f32::INFINITY),
        clip => Ok(clip.unwrap_or(f32::INFINITY)),
    }
}

/// What the units compute; it must be the same in both directions.
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

/// Adds a layer; gives `Y` and `Y_h`.
///
/// # Errors
/// What elman cannot run, by the name of the attribute or input.
pub fn apply(
    reader: &mut Reader,
    attributes: &Attributes<'_>,
    inputs: &[Option<Value>],
) -> Result<[Value; 2]> {
    let number = reader.layers.len();
    if number == MAX_LAYERS {
        return Err(Failure::input(format!(
            "a net has at most {MAX_LAYERS} layers"
        )));
    }
    let rnn = RnnAttributes::read(attributes)?;
    let input = |place: usize| inputs.get(place).and_then(Option::as_ref);
    let x = match input(X) {
        Some(Value::Flow(flow)) => flow,
        Some(Value::Refused(why)) => return Err(Failure::input(why.to_string())),
        _ => return Err(Failure::input("X does not come from an input of the graph")),
    };
    let size = Size::of(&rnn, constant(input(W), "W")?, constant(input(R), "R")?)?;
    let axes = input_axes(reader, &rnn, x, &size)?;
    check_lengths(input(SEQUENCE_LENS))?;
    let bias = input(B).map(|b| constant(Some(b), "B")).transpose()?;
    let initial = initial_states(reader, &rnn, &size, input(INITIAL_H))?;
    let mut directions = Vec::new();
    for (direction, initial) in initial.into_iter().enumerate() {
        let weights = size.block(constant(input(W), "W")?, direction, size.inputs)?;
        directions.push(DirectionWeights {
            // A layer below that runs in reverse only has zeros for the forward direction.
            input: match number.checked_sub(1) {
                Some(below) => reader.spread(&weights, &x.parts, below)?,
                None => weights,
            },
            recurrent: size.block(constant(input(R), "R")?, direction, size.hidden)?,
            bias: size.bias(bias, direction)?,
            initial,
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
    directions: usize,
    hidden: usize,
    inputs: usize,
}

impl Size {
    fn of(rnn: &RnnAttributes, w: &Constant, r: &Constant) -> Result<Self> {
        let directions = rnn.directions();
        let &[_, hidden, inputs] = &w.dims[..] else {
            return Err(Failure::input(format!(
                "W must have three dimensions, and has the shape {:?}",
                w.dims
            )));
        };
        let size = Self {
            directions,
            hidden,
            inputs,
        };
        let wanted = [
            ("W", &w.dims, [directions, hidden, inputs]),
            ("R", &r.dims, [directions, hidden, hidden]),
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
            _ => Ok(size),
        }
    }

    /// The matrix of one direction.
    fn block(&self, constant: &Constant, direction: usize, columns: usize) -> Result<Matrix> {
        let len = self.hidden * columns;
        let numbers = constant
            .floats()
            .and_then(|all| all.get(direction * len..(direction + 1) * len));
        let numbers = numbers.ok_or_else(|| Failure::input("W and R must be float32"))?;
        Ok(Matrix {
            rows: self.hidden,
            columns,
            numbers: numbers.to_vec(),
        })
    }

    /// Both biases of one direction, in one.
    fn bias(&self, constant: Option<&Constant>, direction: usize) -> Result<Vec<f32>> {
        let hidden = self.hidden;
        let Some(constant) = constant else {
            return Ok(vec![0.0; hidden]);
        };
        let (Some(all), true) = (
            constant.floats(),
            constant.dims == [self.directions, 2 * hidden],
        ) else {
            return Err(Failure::input(format!(
                "B must be float32 {:?}, and has the shape {:?}",
                [self.directions, 2 * hidden],
                constant.dims
            )));
        };
        let (w, r) = all[direction * 2 * hidden..(direction + 1) * 2 * hidden].split_at(hidden);
        Ok(w.iter().zip(r).map(|(w, r)| w + r).collect())
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
    rnn: &RnnAttributes,
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

/// Where each direction starts; `None` at zero.
fn initial_states(
    reader: &mut Reader,
    rnn: &RnnAttributes,
    size: &Size,
    value: Option<&Value>,
) -> Result<Vec<Option<Vec<f32>>>> {
    let constant = match value {
        None => return Ok(vec![None; size.directions]),
        Some(Value::Flow(_)) => {
            reader.note("initial_h is an input of the graph: the imported net starts from zero");
            return Ok(vec![None; size.directions]);
        }
        Some(Value::Constant(constant) | Value::Spread(constant)) => constant,
        Some(Value::Refused(why)) => return Err(Failure::input(why.to_string())),
        Some(Value::Unknown) => {
            return Err(Failure::input(
                "initial_h is computed; it must be a constant, an input of the graph, or left out",
            ));
        }
    };
    let misfit = || {
        Failure::input(format!(
            "initial_h must be float32 and the same for every sequence, and has the shape {:?}",
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

/// `Y` and `Y_h`
fn outputs(
    rnn: &RnnAttributes,
    [time, batch, _]: [(Axis, Option<usize>); 3],
    hidden: usize,
    layer: usize,
) -> [Value; 2] {
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
    let flow = |axes, at| {
        Value::Flow(Flow {
            axes,
            stage: Stage::Hidden,
            parts: rnn.parts(layer),
            at,
        })
    };
    [flow(all, At::Every), flow(last, At::End)]
}
