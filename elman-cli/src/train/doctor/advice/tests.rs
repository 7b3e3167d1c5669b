//! Every finding, and when it is trouble.

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
    improves: false,
    may_stay: false,
    loss: 0.5,
    least_train: 0.5,
    least_valid: 0.5,
    baseline: 1.0,
};
const FAILED: Course = Course {
    has_failed: true,
    ..LEARNING
};
const STUCK: Course = Course {
    epoch: 50,
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
    findings_of(checkup, SGD, FAILED)
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
    let short = findings_of(&by_lag(1.2), Recipe { reach: 4, ..SGD }, FAILED);
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
    assert_eq!(first(STUCK), of(Severity::Trouble, "nothing is learnt"));
    let net = findings_of(&checkup, SGD, STUCK).remove(1);
    assert_eq!(net.severity, Severity::Trouble);
    let early = Course { epoch: 9, ..STUCK };
    assert_eq!(first(early), of(Severity::Note, "exploding gradient"));
    let better = Course {
        improves: true,
        ..STUCK
    };
    assert_eq!(first(better), of(Severity::Note, "exploding gradient"));
    let good_start = Course {
        may_stay: true,
        ..STUCK
    };
    assert_eq!(first(good_start), of(Severity::Note, "exploding gradient"));
    assert_eq!(first(FAILED), of(Severity::Trouble, "exploding gradient"));
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
        first(&well, STUCK, 9, &moving),
        "nothing is learnt",
        "has 1.0000; try another --lr",
    );
    trouble(
        first(&well, STUCK, 1, &moving),
        "nothing is learnt",
        "(--k2)",
    );
    let far_above = Course { loss: 7.0, ..STUCK };
    trouble(
        first(&well, far_above, 9, &moving),
        "learning rate",
        "7.0000",
    );
    // It may still come.
    let early = Course { epoch: 9, ..STUCK };
    assert_eq!(first(&well, early, 9, &moving).0, Severity::Fine);
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
    let found = findings_of(&checkup, adam, FAILED).remove(0);
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
