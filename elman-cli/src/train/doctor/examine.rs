//! From a net in training to what there is to say of it.

use elman_core::{Activation, Place, Spec, Tensor, TensorKind};

use super::advice;
use super::case::Case;
use super::checkup::{Checkup, LayerHealth, TensorHealth};
use super::probe::{Probe, probe};
use super::spectrum::spectral_radius;
use crate::net::cell::activation;
use crate::net::textbook::Textbook;

/// A tanh this close to its ends hardly passes a gradient on: less than 4 % of it.
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
    checkup.findings = advice::findings(&checkup, spec, case.recipe);
    Some(checkup)
}

fn layers(spec: &Spec, textbook: &Textbook<'_>, found: &Probe) -> Vec<LayerHealth> {
    let health = |(place, states): &(Place, Vec<Vec<f64>>)| {
        let layer = spec.layers.as_slice()[place.layer];
        let w_rec = textbook.tensor(TensorKind::RecurrentWeights(*place));
        let reverse = if place.reverse { " reverse" } else { "" };
        let is_tanh = activation(&layer) == Some(Activation::Tanh);
        let values = states.iter().flatten();
        let saturated = values.filter(|h| is_tanh && h.abs() > SATURATED).count();
        LayerHealth {
            name: format!("layer {}{reverse}", place.layer),
            units: layer.hidden,
            spectral_radius: spectral_radius(w_rec, layer.hidden),
            saturated: saturated as f64 / (states.len() * layer.hidden).max(1) as f64,
            dead: (0..layer.hidden)
                .filter(|&unit| activation(&layer).is_some_and(|f| is_dead(f, states, unit)))
                .count(),
        }
    };
    found.states.iter().map(health).collect()
}

/// Never active (relu), or never changing.
fn is_dead(activation: Activation, states: &[Vec<f64>], unit: usize) -> bool {
    let values = states.iter().map(|state| state[unit]);
    let most = values.clone().fold(f64::NEG_INFINITY, f64::max);
    let least = values.fold(f64::INFINITY, f64::min);
    match activation {
        Activation::Relu => most <= 0.0,
        Activation::Tanh | Activation::Identity => states.len() > 1 && most - least < STILL,
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

    #[test]
    fn units_are_dead_by_the_rule_of_their_activation() {
        let states = [vec![0.5, -0.5, 0.0], vec![0.5, 0.5, 0.0]];
        let dead = |activation| [0, 1, 2].map(|unit| is_dead(activation, &states, unit));
        assert_eq!(dead(Activation::Tanh), [true, false, true]);
        assert_eq!(dead(Activation::Relu), [false, false, true]);
    }
}
