//! Weights in panels of eight outputs: biases, then for each input the eight weights that it meets. Input weights come
//! before those of the recurrence, and of gated cells sum after sum of the same eight units, so a step walks through memory
//! once. What all units share lies in front, after its sigmoid.

use elman_core::{Cell, Place, Spec, TensorKind, scalar_sigmoid};

use crate::net::figures::PANEL;

/// The panels of one matrix, or of one direction of a layer.
pub struct Matrix {
    /// `layer_0`, `layer_0_reverse`, `head`.
    pub name: String,
    pub about: String,
    pub numbers: Vec<f32>,
}

/// All of a net, in the order of its parameters.
pub fn panels_of(spec: &Spec, params: &[f32]) -> Vec<Matrix> {
    let matrices = spec.tensors().filter_map(|tensor| match tensor.kind {
        TensorKind::InputWeights(place) => Some(Matrix {
            name: name(place),
            about: about(spec, place),
            numbers: layer_panels(spec, params, place),
        }),
        TensorKind::HeadWeights => {
            let [bias, weights] = [TensorKind::HeadBias, tensor.kind];
            let rows = [rows(spec, params, bias), rows(spec, params, weights)].concat();
            Some(Matrix {
                name: "head".to_owned(),
                about: "The map to the outputs.".to_owned(),
                numbers: panels(&[rows], tensor.columns),
            })
        }
        _ => None,
    });
    matrices.collect()
}

/// What one sum of every output or unit starts from and adds up, row by row.
type Rows<'a> = Vec<&'a [f32]>;

/// The rows of a tensor of the net.
fn rows<'a>(spec: &Spec, params: &'a [f32], kind: TensorKind) -> Rows<'a> {
    let tensor = spec.tensors().find(|tensor| tensor.kind == kind);
    tensor.map_or_else(Vec::new, |tensor| {
        let numbers = &params[tensor.range()];
        numbers.chunks_exact(tensor.columns.max(1)).collect()
    })
}

/// One direction of a layer, the sums of a unit in the order of core's kernels.
fn layer_panels(spec: &Spec, params: &[f32], place: Place) -> Vec<f32> {
    let layer = spec.layers.as_slice()[place.layer];
    let (facts, hidden) = (layer.cell.facts(), layer.hidden);
    let of = |kind| rows(spec, params, kind);
    let biases = of(TensorKind::Bias(place));
    let inputs = of(TensorKind::InputWeights(place));
    let recurrent = of(TensorKind::RecurrentWeights(place));
    let scalars = of(TensorKind::Scalars(place)).concat();
    let sums = (0..facts.sums - facts.scalars).map(|sum| {
        let columns = |index: usize| index * hidden..(index + 1) * hidden;
        let gate = columns(facts.gate_of(sum));
        let bias = facts.bias_of(sum);
        // A row of zeros where a sum has no bias.
        let mut rows: Rows<'_> = vec![bias.map_or(&[], |bias| &biases[0][columns(bias)])];
        if facts.from_x.contains(&sum) {
            rows.extend(inputs.iter().map(|row| &row[gate.clone()]));
        }
        if facts.from_h.contains(&sum) {
            rows.extend(recurrent.iter().map(|row| &row[gate.clone()]));
        }
        rows
    });
    let mut numbers: Vec<f32> = scalars.iter().map(|&raw| scalar_sigmoid(raw)).collect();
    numbers.extend(panels(&sums.collect::<Vec<_>>(), hidden));
    numbers
}

/// What the panels of a direction are called.
pub fn name(place: Place) -> String {
    let reverse = if place.reverse { "_reverse" } else { "" };
    format!("layer_{}{reverse}", place.layer)
}

fn about(spec: &Spec, place: Place) -> String {
    let direction = if place.reverse {
        ", from the last step to the first"
    } else {
        ""
    };
    let sums = match spec.layers.as_slice()[place.layer].cell {
        Cell::Elman { .. } => "",
        Cell::Gru { .. } => " of n_in, r, z, n_rec",
        Cell::Lstm { .. } => " of i, f, g, o",
        Cell::FastRnn => ", behind alpha and beta",
        Cell::FastGrnn => ", biases of z and n, behind zeta and nu",
    };
    format!(
        "Layer {}{direction}: biases, input weights, recurrent weights{sums}.",
        place.layer
    )
}

/// The panels of a matrix: for eight units at a time all of their sums.
fn panels(sums: &[Rows<'_>], units: usize) -> Vec<f32> {
    let mut numbers = Vec::new();
    for unit in (0..units).step_by(PANEL) {
        for row in sums.iter().flatten() {
            let lanes = (unit..unit + PANEL).map(|unit| row.get(unit).copied());
            numbers.extend(lanes.map(Option::unwrap_or_default));
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_outputs_are_zero() {
        let (bias, row): (Vec<f32>, Vec<f32>) = (0..9).map(|i| (i as f32, -i as f32)).unzip();
        let found = panels(&[vec![&bias, &row]], 9);
        assert_eq!(
            (found.len(), found[8], found[15], found[16]),
            (32, 0.0, -7.0, 8.0)
        );
        assert_eq!((found[17], found[24]), (0.0, -8.0));
    }
}
