//! The RNN doctor: how well a net in training is, in numbers and in plain words.
//!
//! `probe` runs the net over a few training sequences and back, `spectrum` finds how much `W_rec` stretches,
//! `advice` reads the numbers and says what they mean and what to try.

mod advice;
mod probe;
mod spectrum;
mod words;

use elman_core::{Activation, Place, Spec, Tensor, TensorKind};
use serde::{Deserialize, Serialize};

use crate::data::Sequences;
use crate::net::cell::activation;
use crate::net::textbook::Textbook;
use crate::train::settings::OptimizerName;
use probe::{Probe, probe};
use spectrum::spectral_radius;

/// A tanh this close to its ends hardly passes a gradient on: less than 4 % of it.
const SATURATED: f64 = 0.98;
/// A unit that varies by less than this over the whole probe is dead.
const STILL: f64 = 1e-3;

/// What was found after an epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkup {
    /// Mean over the probed sequences of `|∂L_T/∂h_{T-lag}|`, from lag 0 on: how much the loss of one late step `T`
    /// depends on the hidden states of the forward direction, all layers together, so many steps earlier.
    pub gradient_by_lag: Vec<f64>,
    /// Share of the epoch's updates whose gradient was clipped.
    pub clipped: f64,
    /// Every layer and direction.
    pub layers: Vec<LayerHealth>,
    /// Every tensor.
    pub tensors: Vec<TensorHealth>,
    /// What the numbers mean.
    pub findings: Vec<Finding>,
}

/// One direction of a layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerHealth {
    /// `layer 0`, or `layer 0 reverse`.
    pub name: String,
    pub units: usize,
    /// Largest absolute eigenvalue of `W_rec`.
    pub spectral_radius: f64,
    /// Share of the tanh values beyond 0.98 either way; 0 for other activations.
    pub saturated: f64,
    /// Units that are never active (relu) or never change over the probe.
    pub dead: usize,
}

/// One tensor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TensorHealth {
    /// PyTorch's name of it.
    pub name: String,
    /// Length of the epoch's last update over the length of the tensor before it.
    pub update_ratio: f64,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// As it should be.
    Fine,
    /// Worth knowing.
    Note,
    /// Something is likely wrong.
    Trouble,
}

/// One thing that the doctor has to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub severity: Severity,
    /// What it is called, such as `vanishing gradient`.
    pub about: String,
    /// What was seen, what it means, what to try.
    pub text: String,
}

/// What the doctor looks at.
#[derive(Clone, Copy, Debug)]
pub struct Patient<'a> {
    pub spec: &'a Spec,
    /// Parameters before the last update; empty if there was none.
    pub before: &'a [f32],
    /// Parameters now.
    pub after: &'a [f32],
    pub train: &'a Sequences,
    /// Share of the epoch's updates that were clipped.
    pub clipped: f64,
    pub treatment: Treatment,
}

/// What the net is put through.
#[derive(Clone, Copy, Debug)]
pub struct Treatment {
    /// Steps that a loss is sent back through, at most.
    pub reach: usize,
    pub optimizer: OptimizerName,
}

impl Treatment {
    /// Whether a clipped gradient makes for a smaller update. Rules that divide every gradient by the size of those
    /// before it hardly notice.
    pub const fn minds_clipping(&self) -> bool {
        matches!(self.optimizer, OptimizerName::Sgd | OptimizerName::Momentum)
    }
}

/// Looks at a net; `None` if its parameters are no longer finite, so that nothing can be told from them.
pub fn examine(patient: &Patient<'_>) -> Option<Checkup> {
    let Patient {
        spec,
        before,
        after,
        train,
        ..
    } = *patient;
    if !after.iter().all(|p| p.is_finite()) {
        return None;
    }
    let textbook = Textbook::new(spec, after);
    let found = probe(spec, &textbook, train);
    let mut checkup = Checkup {
        layers: layers(spec, &textbook, &found),
        gradient_by_lag: found.gradient_by_lag,
        clipped: patient.clipped,
        tensors: tensors(spec, before, after),
        findings: Vec::new(),
    };
    checkup.findings = advice::findings(&checkup, spec, patient.treatment);
    Some(checkup)
}

fn layers(spec: &Spec, textbook: &Textbook<'_>, found: &Probe) -> Vec<LayerHealth> {
    let health = |(place, states): &(Place, Vec<Vec<f64>>)| {
        let layer = spec.layers.as_slice()[place.layer];
        let w_rec = textbook.tensor(TensorKind::RecurrentWeights(*place));
        let reverse = if place.reverse { " reverse" } else { "" };
        let is_tanh = activation(&layer) == Activation::Tanh;
        let values = states.iter().flatten();
        let saturated = values.filter(|h| is_tanh && h.abs() > SATURATED).count();
        LayerHealth {
            name: format!("layer {}{reverse}", place.layer),
            units: layer.hidden,
            spectral_radius: spectral_radius(w_rec, layer.hidden),
            saturated: saturated as f64 / (states.len() * layer.hidden).max(1) as f64,
            dead: (0..layer.hidden)
                .filter(|&unit| is_dead(activation(&layer), states, unit))
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
