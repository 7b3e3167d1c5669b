//! Weights in panels of eight outputs: biases, then for each input the eight weights that it meets. Input weights come
//! before those of the recurrence, so a step walks through memory once.

use elman_core::{Place, Spec, Tensor, TensorKind};

use crate::net::cost::PANEL;

/// The panels of one matrix, or of one direction of a layer.
pub struct Matrix {
    /// `layer_0`, `layer_0_reverse`, `head`.
    pub name: String,
    pub about: String,
    pub numbers: Vec<f32>,
}

/// All of a net, in the order of its parameters.
pub fn panels_of(spec: &Spec, params: &[f32]) -> Vec<Matrix> {
    let of = |kind: TensorKind| spec.tensors().find(|tensor| tensor.kind == kind);
    let rows = |tensor: Tensor| {
        let numbers = &params[tensor.range()];
        numbers.chunks_exact(tensor.columns.max(1))
    };
    let matrices = spec.tensors().filter_map(|tensor| {
        let (name, about, rest) = match tensor.kind {
            TensorKind::InputWeights(place) => (
                name(place),
                about(place),
                [TensorKind::Bias(place), TensorKind::RecurrentWeights(place)],
            ),
            TensorKind::HeadWeights => (
                "head".to_owned(),
                "The map to the outputs.".to_owned(),
                [TensorKind::HeadBias; 2],
            ),
            _ => return None,
        };
        let [bias, recurrent] = rest;
        let recurrent = of(recurrent).filter(|_| tensor.kind != TensorKind::HeadWeights);
        let all = rows(of(bias)?)
            .chain(rows(tensor))
            .chain(recurrent.into_iter().flat_map(rows));
        let numbers = panels(&all.collect::<Vec<_>>(), tensor.columns);
        Some(Matrix {
            name,
            about,
            numbers,
        })
    });
    matrices.collect()
}

/// What the panels of a direction are called.
pub fn name(place: Place) -> String {
    let reverse = if place.reverse { "_reverse" } else { "" };
    format!("layer_{}{reverse}", place.layer)
}

fn about(place: Place) -> String {
    let direction = if place.reverse {
        ", from the last step to the first"
    } else {
        ""
    };
    format!(
        "Layer {}{direction}: biases, input weights, recurrent weights.",
        place.layer
    )
}

fn panels(rows: &[&[f32]], columns: usize) -> Vec<f32> {
    let mut numbers = Vec::new();
    for column in (0..columns).step_by(PANEL) {
        for row in rows {
            let lanes = (column..column + PANEL).map(|column| row.get(column).copied());
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
        let found = panels(&[&bias, &row], 9);
        assert_eq!(
            (found.len(), found[8], found[15], found[16]),
            (32, 0.0, -7.0, 8.0)
        );
        assert_eq!((found[17], found[24]), (0.0, -8.0));
    }
}
