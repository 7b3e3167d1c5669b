use super::*;
use crate::data::{Rows, Targets};
use elman_core::*;

const TANH: Cell = Cell::elman(Activation::Tanh);

fn network(cells: [Cell; 2], direction: Direction) -> Network {
    let layer = |hidden, cell| Layer {
        hidden,
        direction,
        cell,
    };
    let spec = Spec {
        input: Input::Tokens {
            channels: Channels::of([
                Channel {
                    vocabulary: 5,
                    width: 3,
                },
                Channel {
                    vocabulary: 2,
                    width: 2,
                },
            ]),
            window: 3,
        },
        layers: Layers::of([layer(4, cells[0]), layer(3, cells[1])]),
        initial_state: InitialState::Trained,
        head: Head {
            kind: HeadKind::Softmax { outputs: 3 },
            read: Read::EveryStep,
        },
        dropout: Dropout {
            input: 0.5,
            hidden: 0.5,
            head: 0.5,
            recurrent: 0.5,
        },
    };
    let mut params = vec![0.0; spec.params_len()];
    initialize(
        &spec,
        Init::Pytorch,
        &mut seeds::generator(3, Purpose::Parameters, &[]),
        &mut params,
    )
    .unwrap();
    Network::new(spec, params).unwrap()
}

fn sequences() -> Sequences {
    let mut sequences = Sequences::of_tokens(2);
    for length in [4, 2, 5] {
        (0..length).for_each(|step| {
            let target = if step == 1 {
                Target::IGNORED
            } else {
                Target::class((step + length) % 3)
            };
            sequences.push_row([(step * length) % 5, step % 2], target);
        });
        sequences.end_sequence();
    }
    sequences
}

#[test]
fn core_and_textbook_agree() {
    let limited = |activation| Cell::Elman {
        activation,
        clip: 0.6,
    };
    let [relu, identity] = [Activation::Relu, Activation::Identity].map(limited);
    let (gru, lstm) = (Cell::Gru { clip: 0.6 }, Cell::Lstm { clip: 0.6 });
    for cells in [
        [TANH, TANH],
        [relu, relu],
        [identity, identity],
        [Cell::gru(), Cell::lstm()],
        [Cell::lstm(), relu],
        [gru, lstm],
        [Cell::FastGrnn, Cell::FastRnn],
    ] {
        for direction in [Direction::Forward, Direction::Both] {
            for verdict in check(&network(cells, direction), &sequences(), 1000).unwrap() {
                assert!(
                    verdict.worst_relative_error <= TOLERANCE,
                    "{cells:?} {direction:?} {verdict:?}"
                );
                assert!(verdict.checked > 0);
            }
        }
    }
}

/// Nets of relu as training starts them, over rows that begin with zeros: units lie on their bends, and differences
/// cross others.
#[test]
fn nets_that_bend_are_right_and_what_is_left_out_is_said() {
    let relu = |hidden| Layer {
        cell: Cell::elman(Activation::Relu),
        ..Layer::tanh(hidden)
    };
    let spec = Spec {
        input: Input::Dense { width: 2 },
        layers: Layers::of([relu(32), relu(32)]),
        initial_state: InitialState::Trained,
        head: Head {
            kind: HeadKind::Linear { outputs: 1 },
            read: Read::EveryStep,
        },
        dropout: Dropout::NONE,
    };
    let mut left_out = 0;
    for seed in 0..49 {
        let mut rng = seeds::generator(seed, Purpose::Parameters, &[]);
        let mut params = vec![0.0; spec.params_len()];
        initialize(&spec, Init::Orthogonal, &mut rng, &mut params).unwrap();
        let mut data = Sequences::new(Rows::numbers(2), Targets::numbers(1), Read::EveryStep);
        for _ in 0..6 {
            for step in 0..30 {
                let mut number = || {
                    if step == 0 {
                        0.0
                    } else {
                        seeds::unit(&mut rng) - 0.5
                    }
                };
                data.push_numbers([number(), number()]);
                data.push_goal([number()]);
            }
            data.end_sequence();
        }
        let network = Network::new(spec, params).unwrap();
        let (chosen, bent) = choose(&network, &data, 4);
        let report = GradcheckReport::of(check(&network, &chosen, 16).unwrap(), bent);
        assert!(report.passed, "seed {seed}: {report:?}");
        let entries: usize = report.tensors.iter().map(|tensor| tensor.bent).sum();
        if entries > 0 {
            left_out += 1;
            let mut text = Vec::new();
            print(&report, &mut text).unwrap();
            let sentence = format!("left out: {entries} of ");
            assert!(String::from_utf8(text).unwrap().contains(&sentence));
        }
    }
    assert!(left_out > 0, "no difference crosses a bend");
}

/// What a net computes that was imported without a head.
#[test]
fn a_net_without_a_head_is_checked() {
    for layer in [Layer::tanh(3), Layer::lstm(3)] {
        let spec = Spec {
            input: Input::Dense { width: 2 },
            layers: Layers::of([layer]),
            initial_state: InitialState::Zero,
            head: Head {
                kind: HeadKind::None,
                read: Read::EveryStep,
            },
            dropout: Dropout::NONE,
        };
        let mut rng = seeds::generator(3, Purpose::Parameters, &[]);
        let mut params = vec![0.0; spec.params_len()];
        initialize(&spec, Init::Pytorch, &mut rng, &mut params).unwrap();
        let mut data = Sequences::new(Rows::numbers(2), Targets::numbers(3), Read::EveryStep);
        for step in 0..4 {
            data.push_numbers([0.3 * step as f32, 0.5]);
            data.push_goal([0.1, -0.2, 0.2 * step as f32]);
        }
        data.end_sequence();
        let network = Network::new(spec, params).unwrap();
        let verdicts = check(&network, &data, 1000).unwrap();
        assert_eq!(verdicts.len(), 3);
        let report = GradcheckReport::of(verdicts, 0);
        assert!(report.passed, "{report:?}");
        assert_eq!(report.left_out(), None);
    }
}

#[test]
fn numbers_at_the_last_step_are_checked_too() {
    let layer = Layer {
        direction: Direction::Both,
        ..Layer::tanh(4)
    };
    let spec = Spec {
        input: Input::Dense { width: 2 },
        layers: Layers::of([layer]),
        initial_state: InitialState::Zero,
        head: Head {
            kind: HeadKind::Linear { outputs: 2 },
            read: Read::LastStep,
        },
        dropout: Dropout::NONE,
    };
    let mut sequences = Sequences::new(Rows::numbers(2), Targets::numbers(2), Read::LastStep);
    for (length, missing) in [(3, 0.5), (5, f32::NAN), (4, -1.0)] {
        (0..length)
            .for_each(|step| sequences.push_numbers([step as f32 * 0.3, 1.0 - missing.max(0.0)]));
        sequences.push_goal([missing, 0.25]);
        sequences.end_sequence();
    }
    let mut params = vec![0.0; spec.params_len()];
    let mut rng = seeds::generator(3, Purpose::Parameters, &[]);
    initialize(&spec, Init::Pytorch, &mut rng, &mut params).unwrap();
    let network = Network::new(spec, params).unwrap();
    for verdict in check(&network, &sequences, 1000).unwrap() {
        assert!(verdict.worst_relative_error <= TOLERANCE, "{verdict:?}");
        assert!(verdict.checked > 0);
    }
}

#[test]
fn a_wrong_gradient_is_found() {
    let network = network([TANH; 2], Direction::Both);
    let spec = Spec {
        dropout: Dropout::NONE,
        ..*network.spec()
    };
    let mut analytic = gradients(&spec, &network, &sequences()).unwrap();
    let tensor = spec
        .tensors()
        .find(|tensor| tensor.kind == TensorKind::HeadBias)
        .unwrap();
    analytic[tensor.offset] *= 1.1;
    let mut textbook = Textbook::new(&spec, network.params());
    let verdict = check_tensor(&tensor, &analytic, &mut textbook, &sequences(), 10);
    assert!(verdict.worst_relative_error > TOLERANCE);
}

#[test]
fn short_sequences_come_first_but_see_time() {
    let network = network([TANH; 2], Direction::Both);
    let (chosen, bent) = choose(&network, &sequences(), 2);
    assert_eq!([chosen.len_of(0), chosen.len_of(1), bent], [4, 5, 0]);
}
