//! What the numbers mean, and what to try: in plain words.

use elman_core::{Activation, Cell, Spec};

use super::case::{Case, Course, Recipe};
use super::checkup::{Checkup, Finding, LayerHealth, Severity};
use super::course;
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
/// An update this large, measured by its tensor, throws away what was learnt.
pub(super) const LARGE_UPDATE: f64 = 0.1;
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
        findings.push(finding(Severity::Fine, "all well", text));
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

pub(super) fn finding(severity: Severity, about: &str, text: String) -> Finding {
    Finding {
        severity,
        about: about.to_owned(),
        text,
    }
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
        return Some(finding(Severity::Trouble, "exploding gradient", text));
    }
    let faded = fades_at(lags)?;
    let seen = counted(faded, "step");
    if faded <= SHORT && steps > 4 * SHORT {
        let text = format!(
            "gradients fade within {seen}, of {steps} that are sent back: the net learns nothing from what lies further \
             back; if the task needs a memory, try {}",
            remedy(spec)
        );
        return Some(finding(Severity::Trouble, "vanishing gradient", text));
    }
    let text = format!(
        "gradients fade within {seen} (to 1 % of what the latest step gets), of {steps} that are sent back; that is the \
         memory the net can learn; a --k2 beyond it costs time only"
    );
    Some(finding(Severity::Note, "memory", text))
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
        return Some(finding(Severity::Trouble, "clipping", text));
    }
    let text = format!(
        "{percent:.0} % of the updates were clipped; {} divides by the size of the gradients before, so this makes all \
         batches count alike rather than steps shorter",
        recipe.optimizer.name()
    );
    Some(finding(Severity::Note, "clipping", text))
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
            findings.push(finding(severity, "saturated units", text));
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
            findings.push(finding(severity, "dead units", text));
        }
        // Of what the gates let in, no matrix tells.
        if layer.spectral_radius > STRETCHING && !gated {
            let radius = layer.spectral_radius;
            let text = format!(
                "W_rec of {name} has the spectral radius {radius:.2}: it stretches the state at every step, and only the \
                 activation holds it; try a smaller --lr or a smaller --clip-norm if the loss jumps"
            );
            findings.push(finding(Severity::Note, "spectral radius", text));
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
        findings.push(finding(severity, "saturated gates", text));
    }
    let forgetting = layer.forget_gate().filter(|gate| gate.mean < FORGETTING);
    if let Some(gate) = forgetting.filter(|_| steps > 4 * SHORT) {
        let (name, of, percent) = (&gate.name, &layer.name, gate.mean * 100.0);
        let text = format!(
            "gate {name} of {of} keeps {percent:.0} % of the state at every step on average: of what lies a few steps back \
             nothing is left, though losses are sent back {steps} steps; if the task needs a memory, try a smaller --lr, \
             otherwise a shorter --k2 or --cell elman costs less"
        );
        findings.push(finding(Severity::Note, "forget gate", text));
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
        finding(Severity::Note, "large updates", text)
    })
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Rows, Sequences, Targets};
    use crate::train::doctor::checkup::{GateHealth, TensorHealth};
    use crate::train::settings::OptimizerName;
    use elman_core::*;

    const SPEC: Spec = Spec {
        input: Input::Dense { width: 1 },
        layers: Layers::of([Layer::tanh(4)]),
        initial_state: InitialState::Zero,
        head: Head {
            kind: HeadKind::Linear { outputs: 1 },
            read: Read::EveryStep,
        },
        dropout: Dropout::NONE,
    };

    const SGD: Recipe = Recipe {
        reach: 96,
        optimizer: OptimizerName::Sgd,
    };

    /// Half of the loss of answers that know nothing, in the fourth epoch of a hundred.
    const LEARNING: Course = Course {
        epoch: 4,
        epochs: 100,
        is_last: false,
        has_failed: false,
        loss: 0.5,
        least_train: 0.5,
        least_valid: 0.5,
        baseline: 1.0,
    };
    const STUCK: Course = Course {
        loss: 1.0,
        least_train: 1.0,
        least_valid: 1.0,
        ..LEARNING
    };

    /// Three sequences of two steps, which read these numbers.
    fn data(inputs: [f32; 2]) -> Sequences {
        let mut data = Sequences::new(Rows::numbers(1), Targets::numbers(1), Read::EveryStep);
        for _ in 0..3 {
            for x in inputs {
                data.push_numbers([x]);
                data.push_goal([x]);
            }
            data.end_sequence();
        }
        data
    }

    fn findings_of(checkup: &Checkup, recipe: Recipe, course: Course) -> Vec<Finding> {
        findings_on(checkup, recipe, course, &data([0.0, 1.0]))
    }

    fn findings_on(
        checkup: &Checkup,
        recipe: Recipe,
        course: Course,
        train: &Sequences,
    ) -> Vec<Finding> {
        let case = Case {
            spec: &SPEC,
            before: &[],
            after: &[],
            train,
            clipped: 0.0,
            recipe,
            course,
        };
        findings(checkup, &case)
    }

    fn about(checkup: &Checkup) -> Vec<(Severity, String)> {
        findings_of(checkup, SGD, STUCK)
            .into_iter()
            .map(|finding| (finding.severity, finding.about))
            .collect()
    }

    fn by_lag(factor: f64) -> Checkup {
        let gradient_by_lag = (0..40).map(|lag| factor.powi(lag)).collect();
        Checkup {
            gradient_by_lag,
            ..Checkup::default()
        }
    }

    #[test]
    fn gradients_are_read_by_how_far_they_reach() {
        let read = |factor| about(&by_lag(factor)).remove(0);
        assert_eq!(
            read(0.1),
            (Severity::Trouble, "vanishing gradient".to_owned())
        );
        assert_eq!(read(0.6), (Severity::Note, "memory".to_owned()));
        assert_eq!(read(0.99), (Severity::Fine, "all well".to_owned()));
        assert_eq!(
            read(1.2),
            (Severity::Trouble, "exploding gradient".to_owned())
        );
        // What lies beyond --k2 is no business of the gradient.
        let short = findings_of(&by_lag(1.2), Recipe { reach: 4, ..SGD }, STUCK);
        assert_eq!(short[0].severity, Severity::Fine);
        assert_eq!(fades_at(&by_lag(0.1).gradient_by_lag), Some(3));
        assert_eq!(fades_at(&[0.0, 0.0]), None);
    }

    #[test]
    fn every_ailment_has_its_name() {
        let layer = LayerHealth {
            name: "layer 0".to_owned(),
            units: 4,
            spectral_radius: 3.0,
            saturated: 0.6,
            dead: 1,
            gates: Vec::new(),
        };
        let tensor = TensorHealth {
            name: "head.weight".to_owned(),
            update_ratio: 0.2,
        };
        let checkup = Checkup {
            clipped: 0.51,
            layers: vec![layer],
            tensors: vec![tensor],
            ..Checkup::default()
        };
        let names: Vec<String> = about(&checkup)
            .into_iter()
            .map(|(_, about)| about)
            .collect();
        assert_eq!(
            names,
            [
                "learning rate",
                "clipping",
                "saturated units",
                "dead units",
                "spectral radius",
                "large updates"
            ]
        );
    }

    #[test]
    fn a_net_that_learns_is_well() {
        let checkup = by_lag(1.2);
        let first = |course| {
            let finding = findings_of(&checkup, SGD, course).remove(0);
            (finding.severity, finding.about)
        };
        let of = |severity, about: &str| (severity, about.to_owned());
        assert_eq!(
            first(LEARNING),
            of(Severity::Note, "exploding gradient"),
            "it learns"
        );
        let valid_alone = Course {
            least_valid: 0.5,
            ..STUCK
        };
        assert_eq!(first(valid_alone), of(Severity::Note, "exploding gradient"));
        assert_eq!(first(STUCK), of(Severity::Trouble, "exploding gradient"));
        let early = Course { epoch: 2, ..STUCK };
        assert_eq!(first(early), of(Severity::Note, "exploding gradient"));
        let failed = Course {
            has_failed: true,
            ..LEARNING
        };
        assert_eq!(first(failed), of(Severity::Trouble, "exploding gradient"));
        let bad_epoch = Course {
            loss: 0.8,
            ..LEARNING
        };
        assert_eq!(first(bad_epoch), of(Severity::Note, "exploding gradient"));
        let fallen = Course {
            is_last: true,
            ..bad_epoch
        };
        assert_eq!(first(fallen), of(Severity::Trouble, "learning rate"));
        assert_eq!(
            findings_of(&checkup, SGD, fallen)[1].severity,
            Severity::Trouble
        );
    }

    #[test]
    fn why_nothing_is_learnt_is_named() {
        let well = Checkup::default();
        let thrown = Checkup {
            tensors: vec![TensorHealth {
                name: "head.weight".to_owned(),
                update_ratio: 0.2,
            }],
            ..Checkup::default()
        };
        let late = Course { epoch: 50, ..STUCK };
        let (moving, still) = (data([0.0, 1.0]), data([0.5, 0.5]));
        let first = |checkup: &Checkup, course, reach, train: &Sequences| {
            let recipe = Recipe { reach, ..SGD };
            let finding = findings_on(checkup, recipe, course, train).remove(0);
            (finding.severity, finding.about, finding.text)
        };
        let trouble = |found: (Severity, String, String), about: &str, words: &str| {
            assert_eq!((found.0, found.1.as_str()), (Severity::Trouble, about));
            assert!(found.2.contains(words), "{}", found.2);
        };
        trouble(
            first(&thrown, STUCK, 9, &moving),
            "learning rate",
            "a tenth of --lr",
        );
        trouble(
            first(&thrown, STUCK, 9, &still),
            "constant inputs",
            "the same numbers",
        );
        trouble(
            first(&well, late, 9, &moving),
            "nothing is learnt",
            "has 1.0000; try another --lr",
        );
        trouble(
            first(&well, late, 1, &moving),
            "nothing is learnt",
            "(--k2)",
        );
        // It may still come.
        assert_eq!(first(&well, STUCK, 9, &moving).0, Severity::Fine);
        assert_eq!(first(&thrown, LEARNING, 9, &still).0, Severity::Note);
    }

    #[test]
    fn clipping_is_trouble_only_where_it_shortens_updates() {
        let checkup = Checkup {
            clipped: 0.9,
            ..Checkup::default()
        };
        assert_eq!(about(&checkup)[0].0, Severity::Trouble);
        let adam = Recipe {
            optimizer: OptimizerName::Adam,
            ..SGD
        };
        let found = findings_of(&checkup, adam, STUCK).remove(0);
        assert_eq!(found.severity, Severity::Note);
        assert!(found.text.contains("; adam divides"), "{}", found.text);
    }

    #[test]
    fn gates_that_stand_still_and_forget_gates_that_keep_nothing_are_named() {
        let gate = |name: &str, mean, saturated, forgets| GateHealth {
            name: name.to_owned(),
            mean,
            saturated,
            forgets,
        };
        let read = |gates: Vec<GateHealth>, lags| {
            // Saturated and stretching beyond what is right without gates.
            let layer = LayerHealth {
                name: "layer 0".to_owned(),
                units: 4,
                saturated: 0.9,
                spectral_radius: 9.0,
                gates,
                ..LayerHealth::default()
            };
            let checkup = Checkup {
                gradient_by_lag: vec![1.0; lags],
                layers: vec![layer],
                ..Checkup::default()
            };
            about(&checkup)
        };
        let saturated = |severity| vec![(severity, "saturated gates".to_owned())];
        let fine = vec![(Severity::Fine, "all well".to_owned())];
        assert_eq!(read(vec![gate("i", 0.5, 0.4, false)], 40), fine);
        let stuck = |mean, share, forgets| read(vec![gate("f", mean, share, forgets)], 40);
        assert_eq!(stuck(0.7, 0.6, false), saturated(Severity::Note));
        assert_eq!(stuck(0.97, 0.95, false), saturated(Severity::Trouble));
        assert_eq!(stuck(0.97, 0.95, true), saturated(Severity::Note));
        let forgetting = || vec![gate("f", 0.05, 0.4, true)];
        let forgets = vec![(Severity::Note, "forget gate".to_owned())];
        assert_eq!(read(forgetting(), 40), forgets);
        // Where nothing is to be remembered, nothing is missing.
        assert_eq!(read(forgetting(), 5), fine);
    }

    #[test]
    fn advice_names_flags_that_the_cell_has() {
        let of = |layers| remedy(&Spec { layers, ..SPEC });
        assert!(of(Layers::of([Layer::tanh(2), Layer::gru(2)])).contains("--activation"));
        for layers in [
            Layers::of([Layer::gru(2)]),
            Layers::of([Layer::gru(2), Layer::lstm(2)]),
        ] {
            assert!(!of(layers).contains("--activation"));
        }
        assert!(of(Layers::of([Layer::gru(2)])).contains("--cell lstm"));
        assert!(!of(Layers::of([Layer::lstm(2)])).contains("--cell"));
    }
}
