//! From a net in training to what there is to say of it.

use elman_core::{Activation, Layer, Place, Spec, Tensor, TensorKind};

use super::advice;
use super::case::Case;
use super::checkup::{Checkup, GateHealth, LayerHealth, TensorHealth};
use super::probe::{Probe, probe};
use super::spectrum::spectral_radius;
use crate::net::cell::activation;
use crate::net::textbook::cell::{self, Gate, Step};
use crate::net::textbook::{Textbook, hidden};

/// A tanh this close to its ends hardly passes a gradient on: less than 4 % of it. A sigmoid this close, 2 %.
const SATURATED: f64 = 0.98;
/// A unit that varies by less than this over the whole probe is dead.
const STILL: f64 = 1e-3;

/// Looks at a net; `None` if its parameters are no longer finite, so that nothing can be told from them.
pub fn examine(case: &Case<'_>) -> Option<Checkup> {
    let Case {
        spec,
        before,
        after,
        train,
        ..
    } = *case;
    if !after.iter().all(|p| p.is_finite()) {
        return None;
    }
    let textbook = Textbook::new(spec, after);
    let found = probe(spec, &textbook, train);
    let mut checkup = Checkup {
        layers: layers(spec, &textbook, &found),
        gradient_by_lag: found.gradient_by_lag,
        clipped: case.clipped,
        tensors: tensors(spec, before, after),
        findings: Vec::new(),
    };
    checkup.findings = advice::findings(&checkup, case);
    Some(checkup)
}

fn layers(spec: &Spec, textbook: &Textbook<'_>, found: &Probe) -> Vec<LayerHealth> {
    let health = |(place, steps): &(Place, Vec<Step>)| {
        let layer = spec.layers.as_slice()[place.layer];
        let w_rec = textbook.tensor(TensorKind::RecurrentWeights(*place));
        let reverse = if place.reverse { " reverse" } else { "" };
        let states = hidden(steps);
        let gates: Vec<GateHealth> = cell::gates(layer.cell)
            .iter()
            .map(|gate| gate_health(gate, steps))
            .collect();
        LayerHealth {
            name: format!("layer {}{reverse}", place.layer),
            units: layer.hidden,
            spectral_radius: spectral_radius(&candidate(&layer, w_rec), layer.hidden),
            saturated: saturated(&layer, &states, &gates),
            dead: (0..layer.hidden)
                .filter(|&unit| is_dead(activation(&layer), &states, unit))
                .count(),
            gates,
        }
    };
    found.steps.iter().map(health).collect()
}

fn gate_health(gate: &Gate, steps: &[Step]) -> GateHealth {
    let values = steps.iter().flat_map(|step| &step.activated[gate.row]);
    let count = values.clone().count().max(1) as f64;
    let stuck = values
        .clone()
        .filter(|&g| !(1.0 - SATURATED..=SATURATED).contains(g));
    GateHealth {
        name: gate.name.to_owned(),
        mean: values.clone().sum::<f64>() / count,
        saturated: stuck.count() as f64 / count,
        forgets: gate.forgets,
    }
}

/// The share of saturated values: of the gates together, or of tanh.
fn saturated(layer: &Layer, states: &[Vec<f64>], gates: &[GateHealth]) -> f64 {
    if !gates.is_empty() {
        return gates.iter().map(|gate| gate.saturated).sum::<f64>() / gates.len() as f64;
    }
    let is_tanh = activation(layer) == Some(Activation::Tanh);
    let values = states.iter().flatten();
    let saturated = values.filter(|h| is_tanh && h.abs() > SATURATED).count();
    saturated as f64 / (states.len() * layer.hidden).max(1) as f64
}

/// The square part of `W_rec` through which the state leads to what is new in it.
fn candidate(layer: &Layer, w_rec: &[f64]) -> Vec<f64> {
    let (hidden, block) = (layer.hidden, cell::candidate(layer.cell));
    let rows = w_rec.chunks_exact((w_rec.len() / hidden.max(1)).max(1));
    rows.flat_map(|row| &row[block * hidden..(block + 1) * hidden])
        .copied()
        .collect()
}

/// Never active (relu), or never changing.
fn is_dead(activation: Option<Activation>, states: &[Vec<f64>], unit: usize) -> bool {
    let values = states.iter().map(|state| state[unit]);
    let most = values.clone().fold(f64::NEG_INFINITY, f64::max);
    let least = values.fold(f64::INFINITY, f64::min);
    match activation {
        Some(Activation::Relu) => most <= 0.0,
        Some(Activation::Tanh | Activation::Identity) | None => {
            states.len() > 1 && most - least < STILL
        }
    }
}

fn tensors(spec: &Spec, before: &[f32], after: &[f32]) -> Vec<TensorHealth> {
    if before.len() != after.len() {
        return Vec::new();
    }
    let health = |tensor: Tensor| {
        let (before, after) = (&before[tensor.range()], &after[tensor.range()]);
        let square = |x: f64| x * x;
        let update: f64 = before
            .iter()
            .zip(after)
            .map(|(&b, &a)| square(f64::from(a) - f64::from(b)))
            .sum();
        let weights: f64 = before.iter().map(|&b| square(f64::from(b))).sum();
        TensorHealth {
            name: tensor.kind.to_string(),
            // A tensor of zeros, such as a fresh bias, has no size to compare with.
            update_ratio: if weights > 0.0 {
                (update / weights).sqrt()
            } else {
                0.0
            },
        }
    };
    spec.tensors().map(health).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Rows, Sequences, Targets};
    use crate::train::doctor::case::{Course, Recipe};
    use crate::train::settings::OptimizerName;
    use elman_core::{Cell, Layers, Read};

    /// A net whose gates stand where the biases put them, after it was looked at.
    fn of_biases(cell: Cell, biases: &[f32]) -> LayerHealth {
        let layer = Layer {
            cell,
            ..Layer::tanh(2)
        };
        let spec = Spec {
            layers: Layers::of([layer]),
            ..Spec::dense(1, 2, 1)
        };
        let mut params = vec![0.0; spec.params_len()];
        for tensor in spec.tensors() {
            let numbers = params[tensor.range()].iter_mut().enumerate();
            match tensor.kind {
                TensorKind::Bias(_) => numbers.for_each(|(i, p)| *p = biases[i / 2]),
                // Block by block 1, 2, 3 … times the identity.
                TensorKind::RecurrentWeights(_) => numbers.for_each(|(i, p)| {
                    let (row, column) = (i / tensor.columns, i % tensor.columns);
                    *p = if column % 2 == row {
                        (1 + column / 2) as f32
                    } else {
                        0.0
                    };
                }),
                _ => {}
            }
        }
        let mut train = Sequences::new(Rows::numbers(1), Targets::numbers(1), Read::EveryStep);
        train.push_numbers([0.0]);
        train.push_goal([0.0]);
        train.end_sequence();
        let case = Case {
            spec: &spec,
            before: &[],
            after: &params,
            train: &train,
            clipped: 0.0,
            recipe: Recipe {
                reach: 1,
                optimizer: OptimizerName::Adam,
            },
            course: Course {
                epoch: 1,
                epochs: 1,
                is_last: true,
                has_failed: false,
                improves: true,
                may_stay: false,
                loss: 0.0,
                least_train: 0.0,
                least_valid: 0.0,
                baseline: 1.0,
            },
        };
        examine(&case).unwrap().layers.remove(0)
    }

    #[test]
    fn gates_are_read_one_by_one() {
        let summary = |layer: &LayerHealth| -> Vec<(String, f64, f64)> {
            let gates = layer.gates.iter();
            gates
                .map(|gate| {
                    (
                        gate.name.clone(),
                        (gate.mean * 100.0).round(),
                        gate.saturated,
                    )
                })
                .collect()
        };
        let gate = |name: &str, mean, saturated| (name.to_owned(), mean, saturated);
        // i shut, f open, g, o in the middle.
        let lstm = of_biases(Cell::lstm(), &[-9.0, 9.0, 0.0, 0.0]);
        let expected = [
            gate("i", 0.0, 1.0),
            gate("f", 100.0, 1.0),
            gate("o", 50.0, 0.0),
        ];
        assert_eq!(summary(&lstm), expected);
        assert_eq!(lstm.forget_gate().unwrap().name, "f");
        assert!((lstm.saturated - 2.0 / 3.0).abs() < 1e-12);
        // r, z, and the two halves of n.
        let gru = of_biases(Cell::gru(), &[1.0, -9.0, 0.0, 0.0]);
        assert_eq!(summary(&gru), [gate("r", 73.0, 0.0), gate("z", 0.0, 1.0)]);
        assert_eq!(gru.forget_gate().unwrap().name, "z");
        // The third block of columns is the candidate's, of both.
        for layer in [lstm, gru] {
            assert!((layer.spectral_radius - 3.0).abs() < 0.03, "{layer:?}");
        }
        let elman = of_biases(Cell::elman(Activation::Tanh), &[9.0]);
        assert_eq!((elman.gates, elman.saturated), (Vec::new(), 1.0));
    }

    #[test]
    fn units_are_dead_by_the_rule_of_their_activation() {
        let states = [vec![0.5, -0.5, 0.0], vec![0.5, 0.5, 0.0]];
        let dead = |activation| [0, 1, 2].map(|unit| is_dead(Some(activation), &states, unit));
        assert_eq!(dead(Activation::Tanh), [true, false, true]);
        assert_eq!(dead(Activation::Relu), [false, false, true]);
    }
}
