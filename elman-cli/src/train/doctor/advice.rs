//! What the numbers mean, and what to try: in plain words.

use elman_core::{Activation, Cell, Spec};

use super::case::{Case, Course, Recipe};
use super::checkup::{Checkup, Finding, LayerHealth, Severity};
use super::course::{self, LARGE_UPDATE};
use crate::net::cell::activation;

/// A gradient has faded where less than this share of what the latest step gets is left.
const FADED: f64 = 0.01;
/// A gradient that fades within so few steps, where there were many to learn from, lets a net remember nothing.
const SHORT: usize = 3;
/// A gradient that grows by more than this on its way back explodes.
const EXPLODED: f64 = 30.0;
/// Share of clipped updates beyond which it is the clipping that sets the pace.
const OFTEN: f64 = 0.5;
/// Share of saturated values that is worth a word, and that is trouble.
const SATURATED: [f64; 2] = [0.25, 0.5];
/// Share of dead units that is trouble.
const DEAD: f64 = 0.1;
/// A recurrence that stretches its state more than this at every step is no longer tame.
const STRETCHING: f64 = 2.0;

/// Share of a gate's saturated values that is worth a word, and that is trouble. Gates are there to shut and to open, so
/// that more of them may stand at their ends than of tanh.
const STUCK: [f64; 2] = [0.5, 0.9];
/// A forget gate that keeps less than this of the state at every step remembers next to nothing.
const FORGETTING: f64 = 0.1;

/// Everything worth saying, in the order in which it is best read.
///
/// What is out of the ordinary is trouble where it stops or spoils the run. A net that learns all the same needs no remedy.
pub fn findings(checkup: &Checkup, case: &Case<'_>) -> Vec<Finding> {
    let mut findings = course::findings(checkup, case);
    let of_net = of_net(checkup, case.spec, case.recipe);
    findings.extend(of_net.into_iter().map(|finding| case.course.weigh(finding)));
    if findings.is_empty() {
        let text =
            "nothing out of the ordinary: gradients neither fade nor explode, no unit is stuck"
                .to_owned();
        findings.push(Finding::new(Severity::Fine, "all well", text));
    }
    findings
}

impl Course {
    /// Trouble that troubles nobody is a note.
    fn weigh(&self, finding: Finding) -> Finding {
        let severity = match finding.severity {
            Severity::Trouble if !self.is_spoilt() => Severity::Note,
            severity => severity,
        };
        Finding {
            severity,
            ..finding
        }
    }
}

/// What net and gradient say.
fn of_net(checkup: &Checkup, spec: &Spec, recipe: Recipe) -> Vec<Finding> {
    let mut findings: Vec<Finding> = [
        gradient(checkup, spec, recipe.reach),
        clipping(checkup, recipe),
    ]
    .into_iter()
    .flatten()
    .collect();
    findings.extend(layers(checkup, spec));
    let gated = checkup
        .layers
        .iter()
        .filter(|layer| !layer.gates.is_empty());
    let steps = checkup.gradient_by_lag.len().min(recipe.reach);
    findings.extend(gated.flat_map(|layer| gates(layer, steps)));
    findings.extend(updates(checkup));
    findings
}

/// The first lag at which so little is left that the net cannot learn from it.
pub fn fades_at(gradient_by_lag: &[f64]) -> Option<usize> {
    let first = gradient_by_lag.first().filter(|&&first| first > 0.0)?;
    gradient_by_lag
        .iter()
        .position(|norm| *norm < FADED * first)
}

fn gradient(checkup: &Checkup, spec: &Spec, reach: usize) -> Option<Finding> {
    // What training sends back, of what was measured.
    let lags = &checkup.gradient_by_lag[..checkup.gradient_by_lag.len().min(reach)];
    let (first, steps) = (*lags.first()?, lags.len());
    let largest = lags.iter().copied().fold(0.0, f64::max);
    if first > 0.0 && largest > EXPLODED * first {
        let times = largest / first;
        let text = format!(
            "on its way back through {steps} steps the gradient grows {times:.0} times: a few early steps drown all others; \
             try a smaller --lr, a smaller --clip-norm, or a shorter --k2"
        );
        return Some(Finding::new(Severity::Trouble, "exploding gradient", text));
    }
    let faded = fades_at(lags)?;
    let seen = counted(faded, "step");
    if faded <= SHORT && steps > 4 * SHORT {
        let text = format!(
            "gradients fade within {seen}, of {steps} that are sent back: the net learns nothing from what lies further \
             back; if the task needs a memory, try {}",
            remedy(spec)
        );
        return Some(Finding::new(Severity::Trouble, "vanishing gradient", text));
    }
    let text = format!(
        "gradients fade within {seen} (to 1 % of what the latest step gets), of {steps} that are sent back; that is the \
         memory the net can learn; a --k2 beyond it costs time only"
    );
    Some(Finding::new(Severity::Note, "memory", text))
}

/// Against gradients that fade, in flags that the net's cells have.
fn remedy(spec: &Spec) -> &'static str {
    let layers = spec.layers.as_slice();
    let all = |is: fn(Cell) -> bool| layers.iter().all(|layer| is(layer.cell));
    if all(|cell| matches!(cell, Cell::Gru { .. })) {
        "a smaller --lr, or --cell lstm, whose forget gate starts open"
    } else if all(|cell| !matches!(cell, Cell::Elman { .. })) {
        "a smaller --lr, which keeps the forget gate as open as it started, or --train-initial-state"
    } else {
        "a smaller --lr, which keeps the orthogonal start of W_rec, --activation relu or identity, or \
         --train-initial-state"
    }
}

fn clipping(checkup: &Checkup, recipe: Recipe) -> Option<Finding> {
    if checkup.clipped <= OFTEN {
        return None;
    }
    let percent = checkup.clipped * 100.0;
    if recipe.minds_clipping() {
        let text = format!(
            "{percent:.0} % of the updates were clipped: --clip-norm sets how far each goes, not the gradient; \
             try a larger --clip-norm, a smaller --lr, or --warm-up"
        );
        return Some(Finding::new(Severity::Trouble, "clipping", text));
    }
    let text = format!(
        "{percent:.0} % of the updates were clipped; {} divides by the size of the gradients before, so this makes all \
         batches count alike rather than steps shorter",
        recipe.optimizer.name()
    );
    Some(Finding::new(Severity::Note, "clipping", text))
}

fn layers(checkup: &Checkup, spec: &Spec) -> Vec<Finding> {
    let is_relu = spec
        .layers
        .as_slice()
        .iter()
        .any(|layer| activation(layer) == Some(Activation::Relu));
    let mut findings = Vec::new();
    for layer in &checkup.layers {
        let (name, percent) = (&layer.name, layer.saturated * 100.0);
        // Gates are looked at one by one.
        let gated = !layer.gates.is_empty();
        if layer.saturated > SATURATED[0] && !gated {
            let severity = if layer.saturated > SATURATED[1] {
                Severity::Trouble
            } else {
                Severity::Note
            };
            let text = format!(
                "{percent:.0} % of the values of {name} lie beyond ±0.98, where tanh passes hardly any gradient; \
                 try a smaller --lr, a smaller --clip-norm, or inputs of smaller size"
            );
            findings.push(Finding::new(severity, "saturated units", text));
        }
        if layer.dead > 0 {
            let (dead, units) = (layer.dead, layer.units);
            let severity = if dead as f64 > DEAD * units as f64 {
                Severity::Trouble
            } else {
                Severity::Note
            };
            let (what, advice) = if is_relu {
                (
                    "are never active",
                    "try a smaller --lr, or --activation tanh",
                )
            } else {
                (
                    "never change",
                    "a smaller --hidden would do, or a smaller --lr keeps more of them alive",
                )
            };
            let text = format!(
                "{dead} of {units} units of {name} {what} over the sequences looked at; {advice}"
            );
            findings.push(Finding::new(severity, "dead units", text));
        }
        // Of what the gates let in, no matrix tells.
        if layer.spectral_radius > STRETCHING && !gated {
            let radius = layer.spectral_radius;
            let text = format!(
                "W_rec of {name} has the spectral radius {radius:.2}: it stretches the state at every step, and only the \
                 activation holds it; try a smaller --lr or a smaller --clip-norm if the loss jumps"
            );
            findings.push(Finding::new(Severity::Note, "spectral radius", text));
        }
    }
    findings
}

/// Gates that hardly move, and a forget gate that keeps nothing; `steps`: how far a loss is sent back.
fn gates(layer: &LayerHealth, steps: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    for gate in &layer.gates {
        let (name, of, percent) = (&gate.name, &layer.name, gate.saturated * 100.0);
        if gate.saturated <= STUCK[0] {
            continue;
        }
        // A forget gate that stands open is a memory.
        let severity = if gate.saturated > STUCK[1] && !(gate.forgets && gate.mean > 0.5) {
            Severity::Trouble
        } else {
            Severity::Note
        };
        let text = format!(
            "{percent:.0} % of the values of gate {name} of {of} lie below 0.02 or above 0.98, where a sigmoid passes hardly \
             any gradient; try a smaller --lr, a smaller --clip-norm, or inputs of smaller size"
        );
        findings.push(Finding::new(severity, "saturated gates", text));
    }
    let forgetting = layer.forget_gate().filter(|gate| gate.mean < FORGETTING);
    if let Some(gate) = forgetting.filter(|_| steps > 4 * SHORT) {
        let (name, of, percent) = (&gate.name, &layer.name, gate.mean * 100.0);
        let text = format!(
            "gate {name} of {of} keeps {percent:.0} % of the state at every step on average: of what lies a few steps back \
             nothing is left, though losses are sent back {steps} steps; if the task needs a memory, try a smaller --lr, \
             otherwise a shorter --k2 or --cell elman costs less"
        );
        findings.push(Finding::new(Severity::Note, "forget gate", text));
    }
    findings
}

fn updates(checkup: &Checkup) -> Option<Finding> {
    let largest = checkup
        .tensors
        .iter()
        .max_by(|a, b| a.update_ratio.total_cmp(&b.update_ratio))?;
    (largest.update_ratio > LARGE_UPDATE).then(|| {
        let (name, percent) = (&largest.name, largest.update_ratio * 100.0);
        let text = format!(
            "the last update changed {name} by {percent:.0} % of its size, where 0.1 % is usual; try a smaller --lr"
        );
        Finding::new(Severity::Note, "large updates", text)
    })
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;
