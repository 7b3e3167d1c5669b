//! Analytic gradients against central differences of the f64 oracle, on random nets and data.

use elman_core::{
    Activation, Cell, Channel, Channels, Direction, Dropout, Head, HeadKind, InitialState, Input,
    Layer, Layers, Read, Spec, Tensor, Truncation,
};
use elman_tests::oracle::{Net, Objective, softmax};
use elman_tests::{Case, Generator, Pass, Rig, levels, passed_on};
use proptest::prelude::*;

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

/// A relu this near to its kink may bend inside the difference; such cases are thrown away.
const KINK: f64 = 1e-4;

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

fn layers() -> impl Strategy<Value = Layers> {
    let direction = prop_oneof![2 => Just(Direction::Forward), 1 => Just(Direction::Both)];
    let activation = prop::sample::select(vec![
        Activation::Tanh,
        Activation::Relu,
        Activation::Identity,
    ]);
    let clip = prop_oneof![3 => Just(f32::INFINITY), 1 => 0.05f32..3.0];
    let layer =
        (size(), direction, activation, clip).prop_map(|(hidden, direction, activation, clip)| {
            Layer {
                hidden,
                direction,
                cell: Cell::Elman { activation, clip },
            }
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

/// The slope of the oracle's loss along one parameter; `None` near a kink.
fn difference_quotient(objective: &Objective, params: &mut [f64], entry: usize) -> Option<f64> {
    let middle = params[entry];
    let step = STEP * middle.abs().max(1.0);
    let mut value_at = |p| {
        params[entry] = p;
        objective.value(params)
    };
    let (above, kink_above) = value_at(middle + step);
    let (below, kink_below) = value_at(middle - step);
    params[entry] = middle;
    (kink_above.min(kink_below) > KINK).then(|| (above - below) / (2.0 * step))
}

fn largest(numbers: &[f32]) -> f64 {
    numbers
        .iter()
        .map(|g| f64::from(g.abs()))
        .fold(0.0, f64::max)
}

/// Entries of every tensor, and the oracle's slope at each.
type Slopes = Vec<(Tensor, Vec<(usize, f64)>)>;

/// The oracle's slopes at the tried entries of every tensor; `None` near a kink.
fn slopes(case: &Case, objective: &Objective) -> Option<Slopes> {
    let mut random = Generator::new(1);
    let mut params = case.params_f64();
    let mut slope = |entry| Some((entry, difference_quotient(objective, &mut params, entry)?));
    let tensors = case.spec.tensors();
    tensors
        .map(|tensor| {
            Some((
                tensor,
                entries(&tensor, &mut random)
                    .into_iter()
                    .map(&mut slope)
                    .collect::<Option<_>>()?,
            ))
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

proptest! {
    #![proptest_config(cases::config())]

    #[test]
    fn gradients_are_slopes_of_the_oracle(plan in plan()) {
        let (case, truncation) = (plan.case(), plan.truncation);
        let objective = Objective::new(&case, truncation.k1, truncation.k2);
        let (loss, kink) = objective.value(&case.params_f64());
        let slopes = slopes(&case, &objective).filter(|_| kink > KINK);
        prop_assume!(slopes.is_some(), "a relu is near its kink");
        let slopes = slopes.unwrap_or_default();
        for level in levels() {
            let training = Rig::new(level, &case.spec, &case.params).train(&case, truncation);
            prop_assert!((training.loss - loss).abs() <= FORWARD * loss.max(1.0), "{level}: loss {} against {loss}", training.loss);
            let (error, place) = worst_error(&slopes, &training.gradients);
            prop_assert!(error <= WORST, "{level}: {place}, relative error {error:.1e}");
        }
    }

    #[test]
    fn forward_is_the_oracle(plan in plan()) {
        let (case, truncation) = (plan.case(), plan.truncation);
        let params = case.params_f64();
        let net = Net { spec: &case.spec, params: &params };
        for level in levels() {
            let rig = Rig::new(level, &case.spec, &case.params);
            let (forward, training) = (rig.forward(&case), rig.train(&case, truncation));
            for b in 0..case.lengths.len() {
                let start = case.carried_state(b).unwrap_or_else(|| net.initial_state());
                let run = net.run(&case.sequence(b), 0..case.lengths[b], &start);
                let width = case.spec.output_width();
                for (logits, row) in run.outputs.iter().zip(case.output_rows(b)) {
                    let range = row * width..(row + 1) * width;
                    prop_assert!(near(&training.outputs[range.clone()], logits), "{level}: recorded row {row}");
                    let expected = if rig.is_softmax() { softmax(logits) } else { logits.clone() };
                    prop_assert!(near(&forward.outputs[range], &expected), "{level}: output row {row}");
                }
                let range = b * case.spec.state_len()..(b + 1) * case.spec.state_len();
                prop_assert!(near(&forward.state[range.clone()], &run.final_state), "{level}: state {b}");
                prop_assert!(near(&training.state[range], &run.final_state), "{level}: recorded state {b}");
            }
        }
    }
}

/// A fifth of the cases.
fn fewer() -> ProptestConfig {
    let config = cases::config();
    ProptestConfig {
        cases: config.cases.div_ceil(5),
        ..config
    }
}

proptest! {
    #![proptest_config(fewer())]

    #[test]
    fn gradients_go_through_recurrent_masks(mut plan in plan(), rate in prop::sample::select(vec![0.1f32, 0.5])) {
        plan.spec.dropout.recurrent = rate;
        let (case, truncation, seed) = (plan.case(), plan.truncation, plan.seed);
        let masks = passed_on(&case.spec, case.lengths.len(), 1, seed);
        let masks = masks.iter().map(|&m| f64::from(m)).collect::<Vec<_>>();
        let masks: Vec<Vec<f64>> = masks.chunks(case.spec.state_len()).map(<[f64]>::to_vec).collect();
        let params = case.params_f64();
        let net = Net { spec: &case.spec, params: &params };
        let objective = Objective::masked(&case, truncation.k1, truncation.k2, masks.clone());
        let (loss, kink) = objective.value(&params);
        let slopes = slopes(&case, &objective).filter(|_| kink > KINK);
        prop_assume!(slopes.is_some(), "a relu is near its kink");
        let slopes = slopes.unwrap_or_default();
        for level in levels() {
            let rig = Rig::new(level, &case.spec, &case.params);
            let (forward, training) = (rig.forward(&case), rig.pass(&case, Pass { truncation, seed, total: case.total_weight() }));
            for (b, mask) in masks.iter().enumerate() {
                let (sequence, steps) = (case.sequence(b), 0..case.lengths[b]);
                let start = case.carried_state(b).unwrap_or_else(|| net.initial_state());
                let range = b * mask.len()..(b + 1) * mask.len();
                let [masked, plain] = [net.run_masked(&sequence, steps.clone(), &start, mask), net.run(&sequence, steps, &start)];
                prop_assert!(near(&training.state[range.clone()], &masked.final_state), "{level}: recorded state {b}");
                prop_assert!(near(&forward.state[range], &plain.final_state), "{level}: inference drops nothing, state {b}");
            }
            prop_assert!((training.loss - loss).abs() <= FORWARD * loss.max(1.0), "{level}: loss {} against {loss}", training.loss);
            let (error, place) = worst_error(&slopes, &training.gradients);
            prop_assert!(error <= WORST, "{level}: {place}, relative error {error:.1e}");
        }
    }
}

fn near(found: &[f32], expected: &[f64]) -> bool {
    let close = |(&found, &expected): (&f32, &f64)| {
        (f64::from(found) - expected).abs() <= FORWARD * expected.abs().max(1.0)
    };
    found.len() == expected.len() && found.iter().zip(expected).all(close)
}
