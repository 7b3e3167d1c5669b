//! The operators that make up the head: a linear map of the top layer, its bias, a softmax.

use super::flow::{Axis, Flow, Stage, axis};
use super::net::Matrix;
use super::reader::{Attributes, Inputs, LinearMap, Reader, refuse};
use crate::base::failure::Result;
use crate::exchange::onnx::Constant;

/// What becomes of hidden units, or of what comes out of the head; `None`: the operator is no part of a head.
///
/// # Errors
/// It is, and of a kind that elman lacks.
pub fn apply(
    reader: &mut Reader,
    op: &str,
    attributes: &Attributes<'_>,
    inputs: &Inputs<'_>,
) -> Result<Option<Flow>> {
    if op == "Add" {
        return add(reader, inputs).map(Some);
    }
    let Some(flow) = inputs.flow(0).cloned() else {
        return Ok(None);
    };
    match op {
        "MatMul" | "Gemm" if reader.head.is_some() => {
            refuse("a second linear map behind the layers; elman's head is one")
        }
        "MatMul" => match inputs.constant(1) {
            Some(weights) => {
                reader.charge(weights.numbers.len())?;
                linear(reader, flow, weights.transposed().as_ref(), None).map(Some)
            }
            None => refuse("its second factor must be a constant"),
        },
        "Gemm" => gemm(reader, attributes, inputs, flow).map(Some),
        "Softmax" => softmax(reader, attributes, flow).map(Some),
        "LogSoftmax" => {
            reader.note("LogSoftmax: elman gives the probabilities, not their logarithms");
            softmax(reader, attributes, flow).map(Some)
        }
        _ => Ok(None),
    }
}

/// A head with these weights, (O, I).
fn linear(
    reader: &mut Reader,
    mut flow: Flow,
    weights: Option<&Constant>,
    bias: Option<Vec<f32>>,
) -> Result<Flow> {
    let weights = weights.and_then(|w| match (&w.dims[..], w.floats()) {
        (&[rows, columns], Some(floats)) => Some(Matrix {
            rows,
            columns,
            numbers: floats.to_vec(),
        }),
        _ => None,
    });
    let Some(weights) = weights else {
        return refuse("its weights must be a float32 matrix");
    };
    let (Stage::Hidden, Some(Some(width))) = (flow.stage, flow.features()) else {
        return refuse(
            "only hidden units go through a linear map, once, as the head; elman has none before the layers",
        );
    };
    let is_split = |axis: &(Axis, Option<usize>)| axis.0 == Axis::Directions && axis.1 != Some(1);
    if width != weights.columns || flow.axes.iter().any(is_split) {
        return refuse(format!(
            "its weights are made for {} numbers, and {width} come in",
            weights.columns
        ));
    }
    let layer = flow.parts.first().map_or(0, |part| part.layer);
    let outputs = weights.rows;
    reader.head = Some(LinearMap {
        layer,
        weights: reader.spread(&weights, &flow.parts, layer)?,
        bias,
    });
    flow.stage = Stage::Logits;
    if let Some(last) = flow.axes.last_mut() {
        last.1 = Some(outputs);
    }
    Ok(flow)
}

/// `Gemm`
fn gemm(
    reader: &mut Reader,
    attributes: &Attributes<'_>,
    inputs: &Inputs<'_>,
    flow: Flow,
) -> Result<Flow> {
    attributes.only(&["alpha", "beta", "transA", "transB"])?;
    for name in ["alpha", "beta"] {
        let factor = attributes.float(name)?.unwrap_or(1.0);
        if factor != 1.0 {
            return refuse(format!("{name} {factor}: only 1 is supported"));
        }
    }
    if attributes.int("transA")?.unwrap_or(0) != 0 {
        return refuse("the attribute transA is not supported");
    }
    let Some(weights) = inputs.constant(1) else {
        return refuse("B must be a constant");
    };
    reader.charge(weights.numbers.len())?;
    let turned = match attributes.int("transB")?.unwrap_or(0) {
        0 => weights.transposed(),
        _ => Some(weights.clone()),
    };
    let outputs = turned.as_ref().and_then(|w| w.dims.first().copied());
    let bias = match (inputs.get(2), inputs.constant(2)) {
        (None, _) => None,
        (_, Some(c)) => Some(bias(c, outputs.unwrap_or(0))?),
        (Some(_), None) => return refuse("C must be a constant"),
    };
    linear(reader, flow, turned.as_ref(), bias)
}

/// A constant that is added to every row.
fn bias(constant: &Constant, outputs: usize) -> Result<Vec<f32>> {
    let is_row = constant.dims.iter().rev().skip(1).all(|dim| *dim == 1);
    match constant.floats() {
        Some(&[x]) => Ok(vec![x; outputs]),
        Some(floats) if floats.len() == outputs && is_row => Ok(floats.to_vec()),
        _ => refuse(format!(
            "what is added must be {outputs} numbers, and has the shape {:?}",
            constant.dims
        )),
    }
}

/// `Add` of the head's bias.
fn add(reader: &mut Reader, inputs: &Inputs<'_>) -> Result<Flow> {
    let (flow, constant) = match (inputs.flow(0), inputs.flow(1)) {
        (Some(flow), None) => (flow, inputs.constant(1)),
        (None, Some(flow)) => (flow, inputs.constant(0)),
        _ => return refuse("elman adds no flows to each other"),
    };
    match (&mut reader.head, constant, flow.stage) {
        (Some(head), Some(constant), Stage::Logits)
            if head.bias.is_none() && flow.features().is_some() =>
        {
            head.bias = Some(bias(constant, head.weights.rows)?);
            Ok(flow.clone())
        }
        _ => refuse("only the head's bias is added"),
    }
}

/// `Softmax` along the rows of the head.
fn softmax(reader: &mut Reader, attributes: &Attributes<'_>, mut flow: Flow) -> Result<Flow> {
    let along = attributes.int("axis")?;
    let along = along.unwrap_or(if reader.opset < 13 { 1 } else { -1 });
    let is_last = axis(along, flow.rank())? + 1 == flow.rank();
    if flow.stage != Stage::Logits || flow.features().is_none() || !is_last {
        return refuse(format!(
            "axis {along}: a softmax must lie along the head's outputs"
        ));
    }
    flow.stage = Stage::Probabilities;
    Ok(flow)
}
