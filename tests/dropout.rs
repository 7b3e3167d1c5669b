//! Dropout: the masks themselves, and gradients through them.

use elman_core::{
    Activation, Channel, Channels, Direction, Dropout, Head, HeadKind, InitialState, Input, Layer,
    Layers, Read, Spec, TensorKind, Truncation,
};
use elman_tests::{Case, Pass, Rig, Rows, levels};

const FULL: Truncation = Truncation::FULL;

/// A net that passes its input on unchanged, so that its outputs show the masks.
fn pass_on(width: usize, dropout: Dropout) -> Case {
    let layer = Layer {
        hidden: width,
        direction: Direction::Forward,
        activation: Activation::Identity,
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

/// Each of the three places, alone: values are zero or scaled up, the share of zeros is the rate, and
/// neither rows, columns nor seeds repeat a mask.
#[test]
fn masks_have_their_rate_and_keep_the_mean() {
    const WIDTH: usize = 21;
    let none = Dropout::NONE;
    let places = [0.2, 0.5].map(|rate| {
        [
            Dropout {
                input: rate,
                ..none
            },
            Dropout {
                hidden: rate,
                ..none
            },
            Dropout { head: rate, ..none },
        ]
        .map(|dropout| (rate, dropout))
    });
    let mut masks = Vec::new();
    for (rate, dropout) in places.concat() {
        for seed in [1, 2] {
            let outputs = recorded(&pass_on(WIDTH, dropout), seed);
            let kept = 1.0 / (1.0 - rate);
            assert!(
                outputs.iter().all(|&y| y == 0.0 || (y - kept).abs() < 1e-5),
                "{dropout:?}"
            );
            let share = |outputs: &[f32]| {
                outputs.iter().filter(|&&y| y == 0.0).count() as f32 / outputs.len() as f32
            };
            // 21000 coins: five standard deviations are below 0.018.
            assert!(
                (share(&outputs) - rate).abs() < 0.018,
                "{dropout:?}: {}",
                share(&outputs)
            );
            for column in 0..WIDTH {
                let column: Vec<f32> = outputs
                    .iter()
                    .skip(column)
                    .step_by(WIDTH)
                    .copied()
                    .collect();
                // 1000 coins: five standard deviations are below 0.08.
                assert!(
                    (share(&column) - rate).abs() < 0.08,
                    "{dropout:?}: a column has {}",
                    share(&column)
                );
            }
            for pair in outputs.chunks(WIDTH).collect::<Vec<_>>().windows(2) {
                assert_ne!(pair[0], pair[1], "{dropout:?}: two rows have the same mask");
            }
            masks.push(outputs);
        }
    }
    for (i, mask) in masks.iter().enumerate() {
        assert!(
            !masks[..i].contains(mask),
            "two places or seeds have the same mask"
        );
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
    let layer = |hidden, direction| Layer {
        hidden,
        direction,
        activation: Activation::Tanh,
    };
    let spec = |input, direction, read| Spec {
        input,
        layers: Layers::of([layer(19, direction), layer(11, direction)]),
        initial_state: InitialState::Trained,
        head: Head {
            kind: HeadKind::Softmax { outputs: 4 },
            read,
        },
        dropout: Dropout {
            input: 0.3,
            hidden: 0.4,
            head: 0.2,
        },
    };
    let specs = [
        spec(
            Input::Dense { width: 7 },
            Direction::Forward,
            Read::EveryStep,
        ),
        spec(
            Input::Tokens {
                channels,
                window: 3,
            },
            Direction::Both,
            Read::EveryStep,
        ),
        spec(
            Input::Tokens {
                channels,
                window: 1,
            },
            Direction::Both,
            Read::LastStep,
        ),
    ];
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
