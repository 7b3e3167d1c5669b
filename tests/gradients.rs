//! Analytic gradients against central differences of the f64 oracle, on random nets and data.
//!
//! A relu bends at zero, a limit at ±clip. Where the two sides of a difference are on different sides of a bend, the
//! quotient is no slope: such entries are left out. Where the net itself is so near to a bend that rounding decides on
//! which side core is, the whole case is. Both are counted and must be few.

use std::cell::RefCell;

use elman_core::{
    Activation, Cell, Channel, Channels, Direction, Dropout, Head, HeadKind, InitialState, Input,
    Layer, Layers, Read, Spec, Tensor, Truncation,
};
use elman_tests::oracle::{Net, Objective, softmax, units};
use elman_tests::{Case, Generator, Pass, Rig, levels, passed_on};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

#[path = "oracle/cases.rs"]
mod cases;

/// Worst relative error of a gradient. The error of an entry is divided by the largest of its own
/// size, [`OF_TENSOR`] times the largest gradient in its tensor, and [`OF_ALL`] times the largest of
/// all: an f32 sum whose terms cancel keeps the rounding errors of its terms, and a tensor may be a
/// single such sum. In 12 000 cases the worst error on this scale was 1.9e-4.
const WORST: f64 = 1e-3;
const OF_TENSOR: f64 = 1e-2;
const OF_ALL: f64 = 1e-3;

/// Largest difference between an output or state of core and of the oracle. Values are of size 1
/// and pass through at most 27 cells (9 steps, 3 layers) of f32 rounding.
const FORWARD: f64 = 2e-5;

/// Gradient entries tried per tensor: the first, the last, and others by chance.
const ENTRIES: usize = 5;

/// Central differences step this far for a parameter of size one or less: the error of the
/// quotient is then about 1e-10 from the third derivative and 1e-11 from rounding.
const STEP: f64 = 1e-5;

/// Core's sums are the oracle's within about this share: nearer to a bend, core may be on its other side.
const ROUNDING: f64 = 2e-6;

/// Shares of entries and of cases that may be left out.
const FEW_ENTRIES: f64 = 0.005;
const FEW_CASES: f64 = 0.1;

/// Small sizes, with those around a strip of sixteen often.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![3 => 1usize..=20, 2 => prop::sample::select(vec![1, 15, 16, 17, 31, 33])]
}

fn input() -> impl Strategy<Value = Input> {
    let channel =
        (1usize..=6, 1usize..=9).prop_map(|(vocabulary, width)| Channel { vocabulary, width });
    let tokens = (
        prop::collection::vec(channel, 1..=3),
        prop::sample::select(vec![1usize, 3, 5]),
    );
    prop_oneof![
        size().prop_map(|width| Input::Dense { width }),
        tokens.prop_map(|(channels, window)| Input::Tokens {
            channels: Channels::from_slice(&channels).unwrap(),
            window
        }),
    ]
}

fn cell() -> impl Strategy<Value = Cell> {
    let clip = prop_oneof![3 => Just(f32::INFINITY), 1 => 0.05f32..3.0];
    let cells = prop::sample::select(vec![
        Cell::elman(Activation::Tanh),
        Cell::elman(Activation::Relu),
        Cell::elman(Activation::Identity),
        Cell::gru(),
        Cell::lstm(),
    ]);
    (cells, clip).prop_map(|(cell, clip)| clipped(cell, clip))
}

/// The cell with a limit.
fn clipped(cell: Cell, clip: f32) -> Cell {
    match cell {
        Cell::Elman { activation, .. } => Cell::Elman { activation, clip },
        Cell::Gru { .. } => Cell::Gru { clip },
        Cell::Lstm { .. } => Cell::Lstm { clip },
    }
}

/// Up to three layers, each with a cell of its own.
fn layers() -> impl Strategy<Value = Layers> {
    let direction = prop_oneof![2 => Just(Direction::Forward), 1 => Just(Direction::Both)];
    let layer = (size(), direction, cell()).prop_map(|(hidden, direction, cell)| Layer {
        hidden,
        direction,
        cell,
    });
    prop::collection::vec(layer, 1..=3).prop_map(|layers| Layers::from_slice(&layers).unwrap())
}

fn spec() -> impl Strategy<Value = Spec> {
    let kind = prop_oneof![
        Just(HeadKind::None),
        size().prop_map(|outputs| HeadKind::Linear { outputs }),
        size().prop_map(|outputs| HeadKind::Softmax { outputs }),
    ];
    let head = (
        kind,
        prop::sample::select(vec![Read::EveryStep, Read::LastStep]),
    )
        .prop_map(|(kind, read)| Head { kind, read });
    let initial_state = prop::sample::select(vec![InitialState::Zero, InitialState::Trained]);
    (input(), layers(), initial_state, head).prop_map(|(input, layers, initial_state, head)| Spec {
        input,
        layers,
        initial_state,
        head,
        dropout: Dropout::NONE,
    })
}

/// What a case is made from; short enough to be printed when it fails.
#[derive(Clone, Debug)]
struct Plan {
    spec: Spec,
    lengths: Vec<usize>,
    truncation: Truncation,
    ignoring: bool,
    weighing: bool,
    carrying: bool,
    seed: u64,
}

impl Plan {
    fn case(&self) -> Case {
        let case = Case::new(self.spec, &self.lengths, self.seed);
        let case = if self.ignoring {
            case.ignoring(self.seed)
        } else {
            case
        };
        let case = if self.weighing {
            case.weighing(self.seed)
        } else {
            case
        };
        if self.carrying {
            case.carrying(self.seed)
        } else {
            case
        }
    }
}

fn plan() -> impl Strategy<Value = Plan> {
    let lengths = prop::collection::vec(1usize..=9, 1..=7).prop_map(|mut lengths| {
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        lengths
    });
    let truncation = prop::option::of((1usize..=4, 0usize..=5));
    let extras = (any::<bool>(), any::<bool>(), prop::bool::weighted(0.3));
    (spec(), lengths, truncation, extras, any::<u64>()).prop_map(
        |(spec, lengths, truncation, (ignoring, weighing, carrying), seed)| {
            let whole = spec.is_bidirectional() || spec.head.read == Read::LastStep;
            let truncation = match truncation {
                Some((k1, more)) if !whole => Truncation { k1, k2: k1 + more },
                _ => Truncation::FULL,
            };
            Plan {
                spec,
                lengths,
                truncation,
                ignoring,
                weighing,
                carrying,
                seed,
            }
        },
    )
}

/// Which entries of a tensor are tried.
fn entries(tensor: &Tensor, random: &mut Generator) -> Vec<usize> {
    let range = tensor.range();
    if range.len() <= ENTRIES {
        return range.collect();
    }
    let mut entries = vec![range.start, range.end - 1];
    entries.extend((2..ENTRIES).map(|_| range.start + random.below(range.len())));
    entries
}

/// What was tried, and what was left out because of a bend.
#[derive(Debug, Default)]
struct Tally {
    entries: usize,
    bent_entries: usize,
    cases: usize,
    bent_cases: usize,
}

impl Tally {
    /// Says what was left out and why, and that it was little.
    fn check(&self) {
        let Self {
            entries,
            bent_entries,
            cases,
            bent_cases,
        } = *self;
        println!(
            "left out: {bent_entries} of {entries} entries, whose differences cross a bend of a relu or a clip, and \
             {bent_cases} of {cases} cases, so near to one that rounding picks the side"
        );
        assert!(entries > 0 && cases > 0);
        assert!(
            bent_entries as f64 <= FEW_ENTRIES * entries as f64,
            "{self:?}"
        );
        assert!(bent_cases as f64 <= FEW_CASES * cases as f64, "{self:?}");
    }
}

/// The slope of the oracle's loss along one parameter; `None` where it bends in between.
fn difference_quotient(objective: &Objective, params: &mut [f64], entry: usize) -> Option<f64> {
    let middle = params[entry];
    let step = STEP * middle.abs().max(1.0);
    let mut value_at = |p| {
        params[entry] = p;
        objective.value(params)
    };
    let (above, kinks_above) = value_at(middle + step);
    let (below, kinks_below) = value_at(middle - step);
    params[entry] = middle;
    kinks_above
        .same_sides(&kinks_below)
        .then(|| (above - below) / (2.0 * step))
}

fn largest(numbers: &[f32]) -> f64 {
    numbers
        .iter()
        .map(|g| f64::from(g.abs()))
        .fold(0.0, f64::max)
}

/// Entries of every tensor, and the oracle's slope at each.
type Slopes = Vec<(Tensor, Vec<(usize, f64)>)>;

/// The oracle's slopes at the tried entries of every tensor.
fn slopes(case: &Case, objective: &Objective, tally: &mut Tally) -> Slopes {
    let mut random = Generator::new(1);
    let mut params = case.params_f64();
    let mut slope = |entry| {
        let slope = difference_quotient(objective, &mut params, entry);
        tally.entries += 1;
        tally.bent_entries += usize::from(slope.is_none());
        Some((entry, slope?))
    };
    let tensors = case.spec.tensors();
    tensors
        .map(|tensor| {
            let entries = entries(&tensor, &mut random).into_iter();
            (tensor, entries.filter_map(&mut slope).collect())
        })
        .collect()
}

/// The worst relative error, and where it is.
fn worst_error(slopes: &Slopes, gradients: &[f32]) -> (f64, String) {
    let mut worst = (0.0, String::new());
    for (tensor, slopes) in slopes {
        let floor =
            (OF_TENSOR * largest(&gradients[tensor.range()])).max(OF_ALL * largest(gradients));
        for &(entry, numeric) in slopes {
            let analytic = f64::from(gradients[entry]);
            let scale = analytic
                .abs()
                .max(numeric.abs())
                .max(floor)
                .max(f64::MIN_POSITIVE);
            let error = (analytic - numeric).abs() / scale;
            if error.is_nan() || error > worst.0 {
                worst = (
                    error,
                    format!(
                        "{} entry {}: {analytic} against {numeric}",
                        tensor.kind,
                        entry - tensor.offset
                    ),
                );
            }
        }
    }
    worst
}

/// Tries a property on random plans.
fn try_plans(config: ProptestConfig, property: impl Fn(Plan) -> Result<(), TestCaseError>) {
    if let Err(error) = TestRunner::new(config).run(&plan(), property) {
        panic!("{error}");
    }
}

/// Loss and gradients of core on every level against the oracle's. `masks`: of recurrent dropout, one per sequence.
fn gradients_are_slopes(
    plan: &Plan,
    masks: Vec<Vec<f64>>,
    tally: &RefCell<Tally>,
) -> Result<(), TestCaseError> {
    let (case, truncation) = (plan.case(), plan.truncation);
    let objective = Objective::masked(&case, truncation.k1, truncation.k2, masks);
    let (loss, kinks) = objective.value(&case.params_f64());
    let mut tally = tally.borrow_mut();
    tally.cases += 1;
    if kinks.within(ROUNDING) {
        tally.bent_cases += 1;
        return Ok(());
    }
    let slopes = slopes(&case, &objective, &mut tally);
    for level in levels() {
        let pass = Pass {
            truncation,
            seed: plan.seed,
            total: case.total_weight(),
        };
        let training = Rig::new(level, &case.spec, &case.params).pass(&case, pass);
        let near = (training.loss - loss).abs() <= FORWARD * loss.max(1.0);
        prop_assert!(near, "{level}: loss {} against {loss}", training.loss);
        let (error, place) = worst_error(&slopes, &training.gradients);
        prop_assert!(
            error <= WORST,
            "{level}: {place}, relative error {error:.1e}"
        );
    }
    Ok(())
}

#[test]
fn gradients_are_slopes_of_the_oracle() {
    let tally = RefCell::default();
    try_plans(cases::config(), |plan| {
        let masks = vec![vec![1.0; units(&plan.spec)]; plan.lengths.len()];
        gradients_are_slopes(&plan, masks, &tally)
    });
    tally.into_inner().check();
}

#[test]
fn forward_is_the_oracle() {
    try_plans(cases::config(), |plan| {
        let (case, truncation) = (plan.case(), plan.truncation);
        let params = case.params_f64();
        let net = Net {
            spec: &case.spec,
            params: &params,
        };
        for level in levels() {
            let rig = Rig::new(level, &case.spec, &case.params);
            let (forward, training) = (rig.forward(&case), rig.train(&case, truncation));
            for b in 0..case.lengths.len() {
                let start = case.carried_state(b).unwrap_or_else(|| net.initial_state());
                let run = net.run(&case.sequence(b), 0..case.lengths[b], &start);
                let width = case.spec.output_width();
                for (logits, row) in run.outputs.iter().zip(case.output_rows(b)) {
                    let range = row * width..(row + 1) * width;
                    let recorded = &training.outputs[range.clone()];
                    prop_assert!(near(recorded, logits), "{level}: recorded row {row}");
                    let expected = if rig.is_softmax() {
                        softmax(logits)
                    } else {
                        logits.clone()
                    };
                    prop_assert!(
                        near(&forward.outputs[range], &expected),
                        "{level}: output row {row}"
                    );
                }
                let range = b * case.spec.state_len()..(b + 1) * case.spec.state_len();
                let found = &forward.state[range.clone()];
                prop_assert!(near(found, &run.final_state), "{level}: state {b}");
                let recorded = &training.state[range];
                prop_assert!(
                    near(recorded, &run.final_state),
                    "{level}: recorded state {b}"
                );
            }
        }
        Ok(())
    });
}

/// A fifth of the cases.
fn fewer() -> ProptestConfig {
    let config = cases::config();
    ProptestConfig {
        cases: config.cases.div_ceil(5),
        ..config
    }
}

#[test]
fn gradients_go_through_recurrent_masks() {
    let tally = RefCell::default();
    try_plans(fewer(), |mut plan| {
        plan.spec.dropout.recurrent = if plan.seed.is_multiple_of(2) {
            0.1
        } else {
            0.5
        };
        let case = plan.case();
        let masks = passed_on(&case.spec, case.lengths.len(), 1, plan.seed);
        let masks: Vec<f64> = masks.into_iter().map(f64::from).collect();
        let masks: Vec<Vec<f64>> = masks
            .chunks(units(&case.spec))
            .map(<[f64]>::to_vec)
            .collect();
        states_are_masked_in_training(&plan, &masks)?;
        gradients_are_slopes(&plan, masks, &tally)
    });
    tally.into_inner().check();
}

/// Training's states are those of the masked oracle, inference's those of the plain one.
fn states_are_masked_in_training(plan: &Plan, masks: &[Vec<f64>]) -> Result<(), TestCaseError> {
    let case = plan.case();
    let params = case.params_f64();
    let net = Net {
        spec: &case.spec,
        params: &params,
    };
    let pass = Pass {
        truncation: plan.truncation,
        seed: plan.seed,
        total: case.total_weight(),
    };
    for level in levels() {
        let rig = Rig::new(level, &case.spec, &case.params);
        let (forward, training) = (rig.forward(&case), rig.pass(&case, pass));
        for (b, mask) in masks.iter().enumerate() {
            let (sequence, steps) = (case.sequence(b), 0..case.lengths[b]);
            let start = case.carried_state(b).unwrap_or_else(|| net.initial_state());
            let len = case.spec.state_len();
            let range = b * len..(b + 1) * len;
            let masked = net.run_masked(&sequence, steps.clone(), &start, mask);
            let recorded = &training.state[range.clone()];
            prop_assert!(
                near(recorded, &masked.final_state),
                "{level}: recorded state {b}"
            );
            let plain = net.run(&sequence, steps, &start);
            let found = &forward.state[range];
            prop_assert!(
                near(found, &plain.final_state),
                "{level}: inference drops nothing, state {b}"
            );
        }
    }
    Ok(())
}

fn near(found: &[f32], expected: &[f64]) -> bool {
    let close = |(&found, &expected): (&f32, &f64)| {
        (f64::from(found) - expected).abs() <= FORWARD * expected.abs().max(1.0)
    };
    found.len() == expected.len() && found.iter().zip(expected).all(close)
}
