//! Dropout: the masks themselves, and gradients through them.

use elman_core::{
    Activation, Cell, Channel, Channels, Direction, Dropout, Head, HeadKind, InitialState, Input,
    Layer, Layers, Read, Spec, TensorKind, Truncation,
};
use elman_tests::{Case, Pass, Rig, Rows, levels, passed_on};

const FULL: Truncation = Truncation::FULL;

/// A net that passes its input on unchanged, so that its outputs show the masks.
fn pass_on(width: usize, dropout: Dropout) -> Case {
    let layer = Layer {
        hidden: width,
        direction: Direction::Forward,
        cell: Cell::elman(Activation::Identity),
    };
    let spec = Spec {
        input: Input::Dense { width },
        layers: Layers::of([layer, layer]),
        initial_state: InitialState::Zero,
        head: Head {
            kind: HeadKind::Linear { outputs: width },
            read: Read::EveryStep,
        },
        dropout,
    };
    let mut case = Case::new(spec, &[40; 25], 1);
    for tensor in spec.tensors() {
        let numbers = &mut case.params[tensor.range()];
        numbers.fill(0.0);
        if matches!(
            tensor.kind,
            TensorKind::InputWeights(_) | TensorKind::HeadWeights
        ) {
            numbers
                .iter_mut()
                .step_by(width + 1)
                .for_each(|diagonal| *diagonal = 1.0);
        }
    }
    let Rows::Dense(rows) = &mut case.rows else {
        unreachable!()
    };
    rows.fill(1.0);
    case
}

fn recorded(case: &Case, seed: u64) -> Vec<f32> {
    let rig = Rig::new(levels()[0], &case.spec, &case.params);
    rig.pass(
        case,
        Pass {
            truncation: FULL,
            seed,
            total: 1.0,
        },
    )
    .outputs
}

/// Masks of all three places, each alone, at two rates and with two seeds.
fn masks(width: usize) -> Vec<(f32, Vec<bool>)> {
    let none = Dropout::NONE;
    let mut masks = Vec::new();
    for rate in [0.2, 0.5] {
        let places = [
            Dropout {
                input: rate,
                ..none
            },
            Dropout {
                hidden: rate,
                ..none
            },
            Dropout { head: rate, ..none },
        ];
        for dropout in places {
            for seed in [1, 2] {
                let outputs = recorded(&pass_on(width, dropout), seed);
                let kept = 1.0 / (1.0 - rate);
                assert!(
                    outputs.iter().all(|&y| y == 0.0 || (y - kept).abs() < 1e-4),
                    "{dropout:?}"
                );
                masks.push((rate, outputs.iter().map(|&y| y == 0.0).collect()));
            }
        }
    }
    masks
}

/// How far a share of coins is from what was expected, in standard deviations.
fn deviations(coins: impl Iterator<Item = bool>, expected: f32) -> f32 {
    let (mut count, mut heads) = (0.0f32, 0.0f32);
    for coin in coins {
        count += 1.0;
        heads += f32::from(u8::from(coin));
    }
    (heads - count * expected).abs() / (count * expected * (1.0 - expected)).sqrt()
}

#[test]
fn masks_have_their_rate() {
    const WIDTH: usize = 53;
    for (rate, mask) in masks(WIDTH) {
        assert!(deviations(mask.iter().copied(), rate) < 5.0);
        for column in 0..WIDTH {
            assert!(
                deviations(mask.iter().copied().skip(column).step_by(WIDTH), rate) < 5.0,
                "column {column}"
            );
        }
        for row in mask.chunks(WIDTH) {
            assert!(deviations(row.iter().copied(), rate) < 5.0, "a row");
        }
    }
}

/// Two independent coins agree with probability `r² + (1 - r)²`; neighbouring columns and rows, the
/// same place in the next strip or two strips on, and other places and seeds are such coins.
#[test]
fn masks_are_independent() {
    const WIDTH: usize = 53;
    let masks = masks(WIDTH);
    for (i, (rate, mask)) in masks.iter().enumerate() {
        let agreement = rate * rate + (1.0 - rate) * (1.0 - rate);
        let agrees =
            |other: &[bool]| deviations(mask.iter().zip(other).map(|(a, b)| a == b), agreement);
        for distance in [1, 2, 4, 8, 16, 32, WIDTH, 2 * WIDTH, 25 * WIDTH] {
            let found = agrees(&mask[distance..]);
            assert!(
                found < 5.0,
                "mask {i} and itself {distance} numbers on: {found} standard deviations"
            );
        }
        for (j, (_, other)) in masks
            .iter()
            .enumerate()
            .filter(|(j, (other, _))| *j != i && other == rate)
        {
            let found = agrees(other);
            assert!(
                found < 5.0,
                "masks {i} and {j}: {found} standard deviations"
            );
        }
    }
}

/// Two layers both ways, wide enough for statistics, and nothing but recurrent dropout.
fn through_time(hidden: usize, recurrent: f32) -> Spec {
    let layer = Layer {
        hidden,
        direction: Direction::Both,
        cell: Cell::elman(Activation::Tanh),
    };
    Spec {
        input: Input::Dense { width: 3 },
        layers: Layers::of([layer, layer]),
        initial_state: InitialState::Trained,
        head: Head {
            kind: HeadKind::Softmax { outputs: 4 },
            read: Read::EveryStep,
        },
        dropout: Dropout {
            recurrent,
            ..Dropout::NONE
        },
    }
}

/// After five steps through the same mask, what it keeps was scaled five times, and what it drops stays dropped.
#[test]
fn recurrent_masks_stay_the_same_over_time() {
    const SEQUENCES: usize = 30;
    for rate in [0.2, 0.5] {
        let spec = through_time(53, rate);
        let once = passed_on(&spec, SEQUENCES, 1, 7);
        let kept = 1.0 / (1.0 - rate);
        assert!(once.iter().all(|&m| m == 0.0 || (m - kept).abs() < 1e-4));
        assert!(deviations(once.iter().map(|&m| m == 0.0), rate) < 5.0);
        let often = passed_on(&spec, SEQUENCES, 5, 7);
        for (&once, &often) in once.iter().zip(&often) {
            let expected = once.powi(5);
            assert!(
                (often - expected).abs() <= 1e-5 * expected,
                "{once} once, {often} after five steps"
            );
        }
    }
}

/// Other sequences, layers, directions and seeds draw other coins.
#[test]
fn recurrent_masks_are_independent() {
    const SEQUENCES: usize = 30;
    const HIDDEN: usize = 53;
    for rate in [0.2, 0.5] {
        let agreement = rate * rate + (1.0 - rate) * (1.0 - rate);
        let spec = through_time(HIDDEN, rate);
        let masks: Vec<Vec<bool>> = [7, 8]
            .into_iter()
            .flat_map(|seed| {
                let state = passed_on(&spec, SEQUENCES, 1, seed);
                let place = move |place: usize| -> Vec<bool> {
                    let rows = state.chunks(4 * HIDDEN);
                    rows.flat_map(|row| &row[place * HIDDEN..][..HIDDEN])
                        .map(|&m| m == 0.0)
                        .collect()
                };
                (0..4).map(place).collect::<Vec<_>>()
            })
            .collect();
        for (i, mask) in masks.iter().enumerate() {
            let next_sequence = mask.iter().zip(&mask[HIDDEN..]).map(|(a, b)| a == b);
            assert!(deviations(next_sequence, agreement) < 5.0, "mask {i}");
            for (j, other) in masks.iter().enumerate().skip(i + 1) {
                let same = mask.iter().zip(other).map(|(a, b)| a == b);
                assert!(deviations(same, agreement) < 5.0, "masks {i} and {j}");
            }
        }
    }
}

/// A rate too small to drop anything takes the steps one by one and must still record the bits of the fast path.
#[test]
fn a_mask_of_ones_changes_no_bit() {
    let layers = |cell| {
        let layer = Layer {
            cell,
            direction: Direction::Both,
            ..Layer::tanh(19)
        };
        Layers::of([layer, layer])
    };
    let cells = [Cell::elman(Activation::Tanh), Cell::gru(), Cell::lstm()];
    let reads = [Read::EveryStep, Read::LastStep];
    for (cell, read) in cells
        .into_iter()
        .flat_map(|cell| reads.map(|read| (cell, read)))
    {
        let spec = |recurrent| {
            let mut spec = through_time(19, recurrent);
            spec.layers = layers(cell);
            spec.head.read = read;
            spec
        };
        let [none, ones] = [spec(0.0), spec(1e-9)];
        assert!(ones.tape_len(20, 5) > none.tape_len(20, 5));
        assert_eq!(ones.scratch_len(20, 5), none.scratch_len(20, 5));
        for level in levels() {
            let [none, ones] = [none, ones].map(|spec| {
                let case = Case::new(spec, &[7, 5, 5, 2, 1], 6);
                Rig::new(level, &spec, &case.params).train(&case, FULL)
            });
            assert_eq!(ones.outputs, none.outputs, "{level}");
            assert_eq!(ones.state, none.state, "{level}");
            for (a, b) in ones.gradients.iter().zip(&none.gradients) {
                assert!((a - b).abs() < 1e-5, "{level}: gradient {a} and {b}");
            }
        }
    }
}

/// So many rows of so many units are computed stretch by stretch, in windows and without them.
#[test]
fn long_sequences_with_a_mask_of_ones_are_the_same() {
    for layer in [Layer::tanh(512), Layer::gru(150), Layer::lstm(130)] {
        long_sequences_of(layer);
    }
}

fn long_sequences_of(layer: Layer) {
    let spec = |recurrent| Spec {
        layers: Layers::of([layer]),
        ..through_time(1, recurrent)
    };
    let windows = Truncation { k1: 150, k2: 250 };
    for level in levels() {
        for truncation in [FULL, windows] {
            let [none, ones] = [0.0, 1e-9].map(|recurrent| {
                let spec = spec(recurrent);
                let case = Case::new(spec, &[300, 170, 90], 6);
                Rig::new(level, &spec, &case.params).train(&case, truncation)
            });
            assert_eq!(ones.outputs, none.outputs, "{level}");
            assert_eq!(ones.state, none.state, "{level}");
            let largest = none
                .gradients
                .iter()
                .fold(0.0f32, |most, g| most.max(g.abs()));
            for (a, b) in ones.gradients.iter().zip(&none.gradients) {
                assert!((a - b).abs() < 1e-4 * largest, "{level}: {a} and {b}");
            }
        }
    }
}

#[test]
fn inference_drops_nothing() {
    let case = pass_on(
        5,
        Dropout {
            input: 0.5,
            hidden: 0.5,
            head: 0.5,
            recurrent: 0.5,
        },
    );
    let outputs = Rig::new(levels()[0], &case.spec, &case.params)
        .forward(&case)
        .outputs;
    assert!(outputs.iter().all(|&y| y == 1.0));
}

/// The gradient, seen along itself within each tensor, is the slope of core's own loss with the same
/// masks. A step of h in f32 leaves an error near 1e-7/h from rounding and h² from curvature.
#[test]
fn gradients_go_through_the_masks() {
    const STEP: f32 = 3e-3;
    const RELATIVE: f64 = 2e-2;
    let channels = Channels::of([
        Channel {
            vocabulary: 5,
            width: 6,
        },
        Channel {
            vocabulary: 3,
            width: 2,
        },
    ]);
    let layer = |hidden, direction, cell| Layer {
        hidden,
        direction,
        cell,
    };
    const TANH: Cell = Cell::elman(Activation::Tanh);
    let spec = |input, direction, read, cells: [Cell; 2]| Spec {
        input,
        layers: Layers::of([
            layer(19, direction, cells[0]),
            layer(11, direction, cells[1]),
        ]),
        initial_state: InitialState::Trained,
        head: Head {
            kind: HeadKind::Softmax { outputs: 4 },
            read,
        },
        dropout: Dropout {
            input: 0.3,
            hidden: 0.4,
            head: 0.2,
            recurrent: 0.3,
        },
    };
    let shapes = [
        (
            Input::Dense { width: 7 },
            Direction::Forward,
            Read::EveryStep,
        ),
        (
            Input::Tokens {
                channels,
                window: 3,
            },
            Direction::Both,
            Read::EveryStep,
        ),
        (
            Input::Tokens {
                channels,
                window: 1,
            },
            Direction::Both,
            Read::LastStep,
        ),
    ];
    let cells = [
        [TANH; 2],
        [Cell::gru(), Cell::lstm()],
        [Cell::lstm(), Cell::gru()],
    ];
    let specs = shapes.into_iter().flat_map(|(input, direction, read)| {
        cells.map(|cells| spec(input, direction, read, cells))
    });
    for spec in specs {
        let case = Case::new(spec, &[7, 5, 5, 2, 1], 6);
        for level in levels() {
            let pass = Pass {
                truncation: FULL,
                seed: 9,
                total: case.total_weight(),
            };
            let loss = |params: &[f32]| Rig::new(level, &spec, params).pass(&case, pass).loss;
            let gradients = Rig::new(level, &spec, &case.params)
                .pass(&case, pass)
                .gradients;
            for tensor in spec.tensors() {
                let gradient = &gradients[tensor.range()];
                let norm = gradient
                    .iter()
                    .map(|g| f64::from(*g).powi(2))
                    .sum::<f64>()
                    .sqrt();
                let moved = |by: f32| {
                    let mut params = case.params.clone();
                    for (p, g) in params[tensor.range()].iter_mut().zip(gradient) {
                        *p += by * g / norm as f32;
                    }
                    loss(&params)
                };
                let slope = (moved(STEP) - moved(-STEP)) / f64::from(2.0 * STEP);
                let error = (slope - norm).abs() / norm;
                assert!(
                    error < RELATIVE,
                    "{level}: {} has norm {norm} and slope {slope}",
                    tensor.kind
                );
            }
        }
    }
}
