//! The operators around the layers: constants, those that move axes, and embeddings.

use std::rc::Rc;

use super::flow::{Axis, Flow, MAX_RANK, Stage, Value, axis};
use super::head;
use super::net::Matrix;
use super::reader::{Attributes, Inputs, Reader, refuse, size};
use crate::base::failure::Result;
use crate::exchange::onnx::{Constant, Numbers, data_type};

/// What a node gives.
///
/// # Errors
/// What cannot be followed, and why.
pub fn apply(
    reader: &mut Reader,
    op: &str,
    attributes: &Attributes<'_>,
    inputs: &[Option<Value>],
) -> Result<Value> {
    for value in inputs.iter().flatten() {
        if let Value::Refused(why) = value {
            // The first thing that went wrong is what counts.
            return Ok(Value::Refused(Rc::clone(why)));
        }
    }
    let inputs = Inputs(inputs);
    match op {
        "Constant" => {
            let value = of_node(attributes)?;
            reader.allow(size(&value));
            return Ok(value);
        }
        "Shape" | "Size" => return Ok(Value::Unknown),
        "ConstantOfShape" => {
            let value = attributes.tensor("value")?;
            let floats = value.as_ref().map_or(Some(0.0), Constant::uniform);
            return Ok(floats.map_or(Value::Unknown, |x| {
                Value::Spread(Rc::new(Constant::scalar(x)))
            }));
        }
        _ => {}
    }
    let mut flows = inputs.0.iter().flatten();
    if !flows.any(|value| matches!(value, Value::Flow(_))) {
        let size = inputs.0.iter().flatten().map(size).sum();
        reader.charge(size)?;
        return Ok(without_data(op, attributes, &inputs)?.unwrap_or(Value::Unknown));
    }
    with_data(reader, op, attributes, &inputs).map(Value::Flow)
}

/// `Constant`
fn of_node(attributes: &Attributes<'_>) -> Result<Value> {
    attributes.only(&[
        "value",
        "value_float",
        "value_floats",
        "value_int",
        "value_ints",
    ])?;
    let ints = |dims, ints| Constant {
        dims,
        numbers: Numbers::Ints(ints),
    };
    let constant = if let Some(constant) = attributes.tensor("value")? {
        constant
    } else if let Some(x) = attributes.float("value_float")? {
        Constant::scalar(x)
    } else if let Some(i) = attributes.int("value_int")? {
        ints(Vec::new(), vec![i])
    } else if let Some(found) = attributes.ints("value_ints")? {
        ints(vec![found.len()], found.to_vec())
    } else {
        let floats = attributes.floats("value_floats")?.to_vec();
        Constant {
            dims: vec![floats.len()],
            numbers: Numbers::Floats(floats),
        }
    };
    Ok(Value::Constant(Rc::new(constant)))
}

/// What is computed from constants and sizes alone; `None`: something.
fn without_data(
    op: &str,
    attributes: &Attributes<'_>,
    inputs: &Inputs<'_>,
) -> Result<Option<Value>> {
    const MOVES: [&str; 9] = [
        "Identity",
        "Cast",
        "Expand",
        "Slice",
        "Reshape",
        "Transpose",
        "Squeeze",
        "Unsqueeze",
        "Gather",
    ];
    let first = match inputs.get(0) {
        // Wherever the same number is moved to, it is the same number.
        Some(Value::Spread(constant)) if MOVES.contains(&op) => {
            let uniform = constant.uniform().map(Constant::scalar);
            return Ok(uniform.map(|constant| Value::Spread(Rc::new(constant))));
        }
        Some(Value::Constant(constant)) => constant,
        _ => return Ok(None),
    };
    let folded = match op {
        "Identity" => Some(Rc::clone(first)),
        "Expand" => return Ok(Some(Value::Spread(Rc::clone(first)))),
        // Zeros that layers start from, cut out of those of all layers.
        "Slice" => {
            let uniform = first.uniform().map(Constant::scalar);
            return Ok(uniform.map(|constant| Value::Spread(Rc::new(constant))));
        }
        "Transpose" => match attributes.ints("perm")? {
            Some([1, 0]) | None => first.transposed().map(Rc::new),
            Some(_) => None,
        },
        "Unsqueeze" | "Squeeze" => {
            let axes = inputs.ints(attributes, "axes", 1)?;
            let dims = axes.and_then(|axes| changed(&first.dims, &axes, op == "Unsqueeze"));
            dims.and_then(|dims| first.reshaped(dims)).map(Rc::new)
        }
        "Concat" => {
            let parts: Option<Vec<&Constant>> = (0..inputs.0.len())
                .map(|place| inputs.constant(place))
                .collect();
            let along = attributes.int("axis")?.unwrap_or(0);
            let place = axis(along, first.dims.len()).ok();
            let joined = parts
                .zip(place)
                .and_then(|(parts, place)| Constant::joined(&parts, place));
            joined.map(Rc::new)
        }
        _ => None,
    };
    Ok(folded.map(Value::Constant))
}

/// Dimensions with axes of size 1 put in or taken out.
fn changed(dims: &[usize], axes: &[i64], puts_in: bool) -> Option<Vec<usize>> {
    let rank = if puts_in {
        dims.len().checked_add(axes.len())?
    } else {
        dims.len()
    };
    if rank > MAX_RANK || axes.len() > MAX_RANK {
        return None;
    }
    let mut places: Vec<usize> = axes
        .iter()
        .map(|&a| axis(a, rank).ok())
        .collect::<Option<_>>()?;
    places.sort_unstable();
    places.dedup();
    let mut dims = dims.to_vec();
    if puts_in {
        for place in places {
            (place <= dims.len()).then(|| dims.insert(place, 1))?;
        }
    } else {
        for place in places.into_iter().rev() {
            (dims.get(place) == Some(&1)).then(|| dims.remove(place))?;
        }
    }
    Some(dims)
}

/// What becomes of numbers that flow.
fn with_data(
    reader: &mut Reader,
    op: &str,
    attributes: &Attributes<'_>,
    inputs: &Inputs<'_>,
) -> Result<Flow> {
    if let (Some(flow), Some(table), "Gather") = (inputs.flow(1), inputs.constant(0), op) {
        return embed(reader, attributes, flow, table);
    }
    if let Some(flow) = head::apply(reader, op, attributes, inputs)? {
        return Ok(flow);
    }
    let Some(flow) = inputs.flow(0).cloned() else {
        return refuse(UNKNOWN);
    };
    match op {
        "Identity" => Ok(flow),
        "Cast" => cast(attributes, flow),
        "Dropout" if inputs.0.len() > 2 => refuse("training_mode: export the net for inference"),
        "Dropout" => Ok(flow),
        "Gather" => pick(reader, attributes, inputs, flow),
        "Slice" => slice(reader, attributes, inputs, flow),
        "Concat" => {
            let all: Option<Vec<&Flow>> = (0..inputs.0.len())
                .map(|place| inputs.flow(place))
                .collect();
            match (all, attributes.int("axis")?) {
                (Some(flows), Some(along)) => Flow::join(&flows, along),
                _ => refuse("it joins more than hidden units"),
            }
        }
        _ => moved(op, attributes, inputs, flow),
    }
}

/// What is said of operators that are none of ours.
const UNKNOWN: &str = "elman has no such operation on what flows through a net";

/// The operators that move axes and leave the numbers as they are.
fn moved(op: &str, attributes: &Attributes<'_>, inputs: &Inputs<'_>, flow: Flow) -> Result<Flow> {
    match op {
        "Transpose" => match attributes.ints("perm")? {
            Some(perm) => flow.transpose(perm),
            None => {
                let perm: Vec<i64> = (0..flow.rank() as i64).rev().collect();
                flow.transpose(&perm)
            }
        },
        "Squeeze" => flow.squeeze(inputs.ints(attributes, "axes", 1)?.as_deref()),
        "Unsqueeze" => match inputs.ints(attributes, "axes", 1)? {
            Some(axes) => flow.unsqueeze(&axes),
            None => refuse("axes are missing"),
        },
        "Reshape" => {
            if attributes.int("allowzero")?.unwrap_or(0) != 0 {
                return refuse("the attribute allowzero is not supported");
            }
            match inputs.ints(attributes, "shape", 1)? {
                Some(shape) => flow.reshape(&shape),
                None => refuse("shape is missing"),
            }
        }
        _ => refuse(UNKNOWN),
    }
}

/// `Cast` to what the numbers are anyway.
fn cast(attributes: &Attributes<'_>, flow: Flow) -> Result<Flow> {
    let to = attributes.int("to")?.unwrap_or_default();
    let is_int = [data_type::INT32, data_type::INT64]
        .map(i64::from)
        .contains(&to);
    let is_float = to == i64::from(data_type::FLOAT);
    match flow.stage {
        Stage::Ids if is_int => Ok(flow),
        stage if stage != Stage::Ids && is_float => Ok(flow),
        _ => refuse(format!(
            "to {to}: what flows through a net is float32, and ids are whole numbers"
        )),
    }
}

/// `Gather` of rows of a table.
fn embed(
    reader: &mut Reader,
    attributes: &Attributes<'_>,
    ids: &Flow,
    table: &Constant,
) -> Result<Flow> {
    let (&[rows, columns], Some(floats)) = (&table.dims[..], table.floats()) else {
        return refuse("an embedding must be a float32 matrix");
    };
    if ids.stage != Stage::Ids || attributes.int("axis")?.unwrap_or(0) != 0 {
        return refuse(
            "only rows of an embedding are looked up, by ids that are an input of the graph",
        );
    }
    if reader.table.is_some() {
        return refuse(
            "a second embedding; elman export writes several, and reads only those of its own",
        );
    }
    reader.table = Some(Matrix {
        rows,
        columns,
        numbers: floats.to_vec(),
    });
    let mut flow = ids.clone();
    flow.axes.push((Axis::Features, Some(columns)));
    flow.stage = Stage::Inputs;
    Ok(flow)
}

/// `Gather` of one place.
fn pick(
    reader: &Reader,
    attributes: &Attributes<'_>,
    inputs: &Inputs<'_>,
    flow: Flow,
) -> Result<Flow> {
    let place = axis(attributes.int("axis")?.unwrap_or(0), flow.rank())?;
    let index = inputs.constant(1);
    match index.and_then(|index| Some((index.ints()?, index.dims.len()))) {
        Some((&[index], rank)) if rank < 2 => flow.pick(place, index, rank == 1, reader.time),
        _ => refuse("indices must be one constant"),
    }
}

/// `Slice`
fn slice(
    reader: &Reader,
    attributes: &Attributes<'_>,
    inputs: &Inputs<'_>,
    mut flow: Flow,
) -> Result<Flow> {
    let starts = inputs.ints(attributes, "starts", 1)?.unwrap_or_default();
    let ends = inputs.ints(attributes, "ends", 2)?.unwrap_or_default();
    let axes = inputs.ints(attributes, "axes", 3)?;
    let axes = axes.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = inputs.ints(attributes, "steps", 4)?.unwrap_or_default();
    if steps.iter().any(|step| *step != 1) {
        return refuse(format!("steps {steps:?}: only 1 is supported"));
    }
    if starts.len() != ends.len() || starts.len() != axes.len() {
        return refuse("starts, ends and axes must be as many");
    }
    for ((&start, &end), &along) in starts.iter().zip(&ends).zip(&axes) {
        let place = axis(along, flow.rank())?;
        flow = flow.cut(place, start, end, reader.time)?;
    }
    Ok(flow)
}
