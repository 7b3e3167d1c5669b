//! Initial parameters: each scheme's own property, and the generator's say in it.

use elman_core::{
    Activation, Cell, Channel, Channels, Direction, Dropout, Head, HeadKind, Init, InitialState,
    Input, Layer, Layers, Read, Spec, TensorKind, initialize,
};
use elman_tests::Generator;

const SCHEMES: [Init; 4] = [
    Init::Orthogonal,
    Init::Glorot,
    Init::Pytorch,
    Init::Identity,
];

fn spec() -> Spec {
    let layer = |hidden, direction| Layer {
        hidden,
        direction,
        cell: Cell::elman(Activation::Tanh),
    };
    Spec {
        input: Input::Tokens {
            channels: Channels::of([Channel {
                vocabulary: 200,
                width: 12,
            }]),
            window: 3,
        },
        layers: Layers::of([
            layer(45, Direction::Both),
            layer(1, Direction::Forward),
            layer(130, Direction::Forward),
        ]),
        initial_state: InitialState::Trained,
        head: Head {
            kind: HeadKind::Linear { outputs: 9 },
            read: Read::EveryStep,
        },
        dropout: Dropout::NONE,
    }
}

fn params(init: Init, seed: u64) -> Vec<f32> {
    let mut params = vec![f32::NAN; spec().params_len()];
    initialize(&spec(), init, &mut Generator::new(seed), &mut params).unwrap();
    params
}

/// Largest deviation of `W·Wᵀ` from the identity matrix.
fn deviation_from_orthogonal(w: &[f32], size: usize) -> f64 {
    let mut worst = 0.0f64;
    for (i, a) in w.chunks(size).enumerate() {
        for (j, b) in w.chunks(size).enumerate() {
            let product: f64 = a
                .iter()
                .zip(b)
                .map(|(&a, &b)| f64::from(a) * f64::from(b))
                .sum();
            worst = worst.max((product - f64::from(u8::from(i == j))).abs());
        }
    }
    worst
}

#[test]
fn recurrent_weights_are_what_the_scheme_says() {
    for tensor in spec()
        .tensors()
        .filter(|tensor| matches!(tensor.kind, TensorKind::RecurrentWeights(_)))
    {
        let orthogonal = &params(Init::Orthogonal, 1)[tensor.range()];
        let deviation = deviation_from_orthogonal(orthogonal, tensor.columns);
        assert!(deviation < 1e-6, "{}: {deviation}", tensor.kind);
        let identity = &params(Init::Identity, 1)[tensor.range()];
        let is_one = |i: usize| i.is_multiple_of(tensor.columns + 1);
        assert!(
            identity
                .iter()
                .enumerate()
                .all(|(i, &w)| w == f32::from(u8::from(is_one(i)))),
            "{}",
            tensor.kind
        );
    }
}

/// A uniform distribution fills its range: the largest of hundreds of numbers comes near the limit.
#[test]
fn uniform_weights_fill_their_range() {
    for tensor in spec().tensors().filter(|tensor| tensor.range().len() > 500) {
        let limits = match tensor.kind {
            TensorKind::InputWeights(_) => [
                (
                    Init::Glorot,
                    (6.0 / (tensor.rows + tensor.columns) as f64).sqrt(),
                ),
                (Init::Pytorch, 1.0 / (tensor.columns as f64).sqrt()),
            ],
            TensorKind::HeadWeights => [
                (
                    Init::Glorot,
                    (6.0 / (tensor.rows + tensor.columns) as f64).sqrt(),
                ),
                (Init::Pytorch, 1.0 / (tensor.rows as f64).sqrt()),
            ],
            _ => continue,
        };
        for (init, limit) in limits {
            let params = params(init, 2);
            let largest = params[tensor.range()]
                .iter()
                .fold(0.0f64, |largest, w| largest.max(f64::from(w.abs())));
            assert!(
                largest <= limit * 1.000_001 && largest > 0.98 * limit,
                "{init:?} {}: {largest}",
                tensor.kind
            );
        }
    }
}

#[test]
fn embeddings_are_normal_and_initial_states_zero() {
    for init in SCHEMES {
        let params = params(init, 3);
        for tensor in spec().tensors() {
            let numbers = &params[tensor.range()];
            match tensor.kind {
                TensorKind::Embedding { .. } => {
                    let deviation = if init == Init::Pytorch { 1.0 } else { 0.5 };
                    let count = numbers.len() as f64;
                    let mean = numbers.iter().map(|&e| f64::from(e)).sum::<f64>() / count;
                    let square = numbers.iter().map(|&e| f64::from(e).powi(2)).sum::<f64>() / count;
                    // 2412 numbers: five standard errors are 0.1 of the mean and 0.07 of the deviation.
                    assert!(mean.abs() < 0.1 * deviation, "{init:?}: mean {mean}");
                    assert!(
                        (square.sqrt() / deviation - 1.0).abs() < 0.08,
                        "{init:?}: {}",
                        square.sqrt()
                    );
                }
                TensorKind::InitialState(_) => {
                    assert!(numbers.iter().all(|&h| h == 0.0), "{init:?}")
                }
                TensorKind::Bias(_) | TensorKind::HeadBias if init != Init::Pytorch => {
                    assert!(
                        numbers.iter().all(|&b| b == 0.0),
                        "{init:?} {}",
                        tensor.kind
                    );
                }
                _ => assert!(
                    numbers.iter().all(|w| w.is_finite()),
                    "{init:?} {}",
                    tensor.kind
                ),
            }
        }
    }
}

#[test]
fn the_generator_decides_alone() {
    for init in SCHEMES {
        assert_eq!(params(init, 4), params(init, 4), "{init:?}");
        assert_ne!(params(init, 4), params(init, 5), "{init:?}");
    }
}

/// Every gate is a matrix of its own, and an LSTM begins by remembering.
#[test]
fn gates_start_one_by_one() {
    let spec = Spec {
        layers: Layers::of([Layer::gru(20), Layer::lstm(33)]),
        ..spec()
    };
    let params = |init| {
        let mut params = vec![f32::NAN; spec.params_len()];
        initialize(&spec, init, &mut Generator::new(7), &mut params).unwrap();
        params
    };
    let [orthogonal, identity, pytorch] =
        [Init::Orthogonal, Init::Identity, Init::Pytorch].map(params);
    for tensor in spec.tensors() {
        let numbers = |params: &[f32]| params[tensor.range()].to_vec();
        match tensor.kind {
            TensorKind::RecurrentWeights(place) => {
                let hidden = tensor.rows;
                assert_eq!(tensor.columns, [3, 4][place.layer] * hidden);
                for gate in 0..tensor.columns / hidden {
                    let block = |params: &[f32]| -> Vec<f32> {
                        let rows = params[tensor.range()].chunks(tensor.columns);
                        rows.flat_map(|row| &row[gate * hidden..][..hidden])
                            .copied()
                            .collect()
                    };
                    let what = format!("{} gate {gate}", tensor.kind);
                    let deviation = deviation_from_orthogonal(&block(&orthogonal), hidden);
                    assert!(deviation < 1e-6, "{what}: {deviation}");
                    let ones: Vec<f32> = (0..hidden * hidden)
                        .map(|i| f32::from(u8::from(i.is_multiple_of(hidden + 1))))
                        .collect();
                    assert_eq!(block(&identity), ones, "{what}");
                }
            }
            TensorKind::InputWeights(place) => {
                // As wide as one gate, not as all of them.
                let hidden = [20, 33][place.layer];
                let limit = (6.0 / (tensor.rows + hidden) as f32).sqrt();
                let most = |params: &[f32]| {
                    let numbers = numbers(params).into_iter();
                    numbers.fold(0.0f32, |most, w| most.max(w.abs()))
                };
                let largest = most(&orthogonal);
                assert!(largest <= limit * 1.000_001 && largest > 0.97 * limit);
                let (largest, limit) = (most(&pytorch), 1.0 / (hidden as f32).sqrt());
                assert!(largest <= limit * 1.000_001 && largest > 0.97 * limit);
            }
            TensorKind::Bias(place) => {
                let expected = match place.layer {
                    0 => vec![0.0; 80],
                    _ => [0.0, 1.0, 0.0, 0.0].map(|b| [b; 33]).concat(),
                };
                assert_eq!(numbers(&orthogonal), expected, "{}", tensor.kind);
                assert_eq!(numbers(&identity), expected, "{}", tensor.kind);
                let limit = 1.0 / [20.0f32, 33.0][place.layer].sqrt();
                let bounded = numbers(&pytorch).iter().all(|b| b.abs() <= limit);
                assert!(bounded, "PyTorch's own start opens no gate");
            }
            TensorKind::InitialState(_) | TensorKind::InitialCell(_) => {
                assert!(numbers(&orthogonal).iter().all(|&h| h == 0.0));
            }
            _ => {}
        }
    }
}

/// The numbers that all units share start as the authors have them, and the gate of `FastGRNN` by remembering.
#[test]
fn shared_numbers_start_as_published() {
    let fast = |cell| Layer {
        cell,
        ..Layer::tanh(20)
    };
    let spec = Spec {
        layers: Layers::of([fast(Cell::FastRnn), fast(Cell::FastGrnn)]),
        ..spec()
    };
    for init in SCHEMES {
        let mut params = vec![f32::NAN; spec.params_len()];
        initialize(&spec, init, &mut Generator::new(7), &mut params).unwrap();
        let scalars = spec.tensors().filter_map(|tensor| match tensor.kind {
            TensorKind::Scalars(_) => Some(params[tensor.range()].to_vec()),
            _ => None,
        });
        let scalars: Vec<_> = scalars.collect();
        assert_eq!(scalars, [[-3.0, 3.0], [1.0, -4.0]], "{init:?}");
        let is_gate = |kind| matches!(kind, TensorKind::Bias(place) if place.layer == 1);
        let bias = spec.tensors().find(|tensor| is_gate(tensor.kind)).unwrap();
        if init != Init::Pytorch {
            let expected = [[1.0; 20], [0.0; 20]].concat();
            assert_eq!(params[bias.range()], expected, "{init:?}");
        }
    }
}
