//! Promise P1: one answer, bit for bit, whatever computes it.

use elman_core::{
    Activation, Batch, Cell, Channel, Channels, Direction, Dropout, Head, HeadKind, InitialState,
    Input, Layer, Layers, Model, Read, Spec, Strip, Tape, Truncation, pack,
};
use elman_tests::bits::{self, Subject, subjects, train_in_shards};
use elman_tests::{Case, Forward, Rig, Rows, Training, fused_levels, inputs, levels};

/// An unfused level rounds every product: over a chain of K products of size one that adds K/2 units
/// in the last place at most. This holds for all subjects: K below 130 and 13 steps.
const UNFUSED: f32 = 1e-4;

fn bits_of(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

fn assert_same(what: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(
            found.to_bits(),
            expected.to_bits(),
            "{what}, number {i}: {found} and {expected}"
        );
    }
}

fn assert_same_forward(what: &str, found: &Forward, expected: &Forward) {
    assert_same(
        &format!("{what}: outputs"),
        &found.outputs,
        &expected.outputs,
    );
    assert_same(&format!("{what}: state"), &found.state, &expected.state);
}

/// The output rows of one sequence.
fn outputs_of<'a>(case: &Case, outputs: &'a [f32], b: usize) -> Vec<&'a [f32]> {
    let width = case.spec.output_width();
    case.output_rows(b)
        .into_iter()
        .map(|row| &outputs[row * width..(row + 1) * width])
        .collect()
}

fn state_of(case: &Case, states: &[f32], b: usize) -> Vec<f32> {
    let len = case.spec.state_len();
    states[b * len..(b + 1) * len].to_vec()
}

#[test]
fn fused_levels_give_the_same_bits() {
    let fused = fused_levels();
    let Some((&first, others)) = fused.split_first() else {
        return;
    };
    let expected: Vec<bits::Item> = bits::items(first, 1).collect();
    for &level in others {
        for (found, expected) in bits::items(level, 1).zip(&expected) {
            assert_eq!(&found, expected, "{level} and {first}");
        }
    }
}

#[test]
fn threads_give_the_same_bits() {
    for level in levels() {
        for subject in subjects() {
            let (params, losses) = train_in_shards(level, &subject, 1);
            for threads in [2, 3, 5] {
                let what = format!("{} on {level} with {threads} threads", subject.name);
                let (other_params, other_losses) = train_in_shards(level, &subject, threads);
                assert_same(&what, &other_params, &params);
                assert_eq!(other_losses, losses, "{what}");
            }
        }
    }
}

/// Tests that hash something must not hash nothing: training moves every tensor, and losses fall.
#[test]
fn training_trains() {
    for subject in subjects() {
        let (params, losses) = train_in_shards(levels()[0], &subject, 1);
        for tensor in subject.case.spec.tensors() {
            let moved = params[tensor.range()] != subject.case.params[tensor.range()];
            assert!(moved, "{}: {} has not moved", subject.name, tensor.kind);
        }
        assert!(
            losses.last() < losses.first(),
            "{}: losses {losses:?}",
            subject.name
        );
    }
}

#[test]
fn unfused_levels_stay_within_their_bound() {
    let Some(&fused) = fused_levels().last() else {
        return;
    };
    for level in levels().into_iter().filter(|level| !level.is_fused()) {
        for Subject {
            name,
            case,
            truncation,
        } in subjects()
        {
            let [found, expected] =
                [level, fused].map(|level| Rig::new(level, &case.spec, &case.params));
            let [a, b] = [&found, &expected].map(|rig| rig.forward(&case).outputs);
            for (a, b) in a.iter().zip(&b) {
                assert!(
                    (a - b).abs() <= UNFUSED * b.abs().max(1.0),
                    "{name} on {level}: {a} and {b}"
                );
            }
            let [a, b] = [&found, &expected].map(|rig| rig.train(&case, truncation).gradients);
            let largest = b.iter().fold(0.0f32, |largest, g| largest.max(g.abs()));
            for (a, b) in a.iter().zip(&b) {
                assert!(
                    (a - b).abs() <= UNFUSED * largest,
                    "{name} on {level}: gradient {a} and {b}"
                );
            }
        }
    }
}

/// A sequence alone, in small batches, and in a batch with many others.
#[test]
fn a_sequence_does_not_see_its_batch() {
    for level in levels() {
        for Subject { name, case, .. } in subjects() {
            let rig = Rig::new(level, &case.spec, &case.params);
            let whole = rig.forward(&case);
            let count = case.lengths.len();
            for b in 0..count {
                let mut batches = vec![vec![b]];
                batches.push(sorted(&case, [b, (b + 5) % count]));
                batches.push(sorted(&case, (0..7).map(|i| (b + i * 5) % count)));
                batches.push(sorted(
                    &case,
                    (0..32).map(|i| if i % 4 == 0 { b } else { (b + i) % count }),
                ));
                for batch in batches {
                    let found = rig.forward(&case.select(&batch));
                    let (part, place) = (
                        case.select(&batch),
                        batch.iter().position(|&other| other == b).unwrap(),
                    );
                    let what = format!(
                        "{name} on {level}: sequence {b} in a batch of {}",
                        batch.len()
                    );
                    let outputs = outputs_of(&part, &found.outputs, place).concat();
                    assert_same(
                        &what,
                        &outputs,
                        &outputs_of(&case, &whole.outputs, b).concat(),
                    );
                    assert_same(
                        &what,
                        &state_of(&part, &found.state, place),
                        &state_of(&case, &whole.state, b),
                    );
                }
            }
        }
    }
}

/// Sequences, longest first.
fn sorted(case: &Case, sequences: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let mut sequences: Vec<usize> = sequences.into_iter().collect();
    sequences.sort_by_key(|&b| std::cmp::Reverse(case.lengths[b]));
    sequences
}

#[test]
fn a_stream_is_the_sequence() {
    for level in levels() {
        for Subject { name, case, .. } in subjects()
            .into_iter()
            .filter(|s| !s.case.spec.is_bidirectional())
        {
            let rig = Rig::new(level, &case.spec, &case.params);
            let whole = rig.forward(&case);
            for b in 0..case.lengths.len() {
                let stream = rig.stream(&case, b);
                let what = format!("{name} on {level}: stream of sequence {b}");
                assert_same(
                    &what,
                    &stream.outputs,
                    &outputs_of(&case, &whole.outputs, b).concat(),
                );
                assert_same(&what, &stream.state, &state_of(&case, &whole.state, b));
            }
        }
    }
}

/// Stopping after some steps and going on from the state: only the state may matter.
#[test]
fn two_halves_are_the_whole() {
    let is_cut = |case: &Case| matches!(case.rows, Rows::Dense(_)) && !case.spec.is_bidirectional();
    for level in levels() {
        for Subject { name, case, .. } in subjects()
            .into_iter()
            .filter(|subject| is_cut(&subject.case))
        {
            let rig = Rig::new(level, &case.spec, &case.params);
            let whole = rig.forward(&case);
            for cut in [1, 4, 9] {
                let first = case.steps(0..cut);
                let mut second = case.steps(cut..case.lengths[0]);
                let half = rig.forward(&first);
                let carried = second.lengths.len() * case.spec.state_len();
                second.carried = Some(half.state[..carried].to_vec());
                let rest = rig.forward(&second);
                let what = format!("{name} on {level}, cut after step {cut}");
                assert_same(
                    &what,
                    &[half.outputs, rest.outputs].concat(),
                    &whole.outputs,
                );
                assert_same(
                    &what,
                    &[&rest.state[..], &half.state[carried..]].concat(),
                    &whole.state,
                );
            }
        }
    }
}

/// Recording step after step or all at once; and what is recorded without dropout is what inference gives.
#[test]
fn ranges_of_a_tape_are_the_whole() {
    for level in levels() {
        for Subject { name, case, .. } in subjects() {
            if case.spec.is_bidirectional() || case.spec.head.read == Read::LastStep {
                continue;
            }
            let rig = Rig::new(level, &case.spec, &case.params);
            let whole = rig.pass(
                &case,
                elman_tests::Pass {
                    truncation: Truncation::FULL,
                    seed: 3,
                    total: 1.0,
                },
            );
            for k1 in [1, 2, 5] {
                let truncation = Truncation { k1, k2: 13 };
                let parts = rig.pass(
                    &case,
                    elman_tests::Pass {
                        truncation,
                        seed: 3,
                        total: 1.0,
                    },
                );
                assert_same(
                    &format!("{name} on {level}, {k1} steps at a time"),
                    &parts.outputs,
                    &whole.outputs,
                );
                assert_same(
                    &format!("{name} on {level}, {k1} steps at a time"),
                    &parts.state,
                    &whole.state,
                );
            }
            let spec = Spec {
                dropout: Dropout::NONE,
                ..case.spec
            };
            let [forward, training] = {
                let rig = Rig::new(level, &spec, &case.params);
                [
                    rig.forward(&case).state,
                    rig.train(&case, Truncation::FULL).state,
                ]
            };
            assert_same(
                &format!("{name} on {level}: states of inference and training"),
                &training,
                &forward,
            );
        }
    }
}

#[test]
fn dirt_is_never_read() {
    for level in levels() {
        for subject in subjects() {
            let case = &subject.case;
            let run = |dirt| {
                let rig = Rig::with_dirt(level, &case.spec, &case.params, dirt);
                (rig.forward(case), rig.pass(case, subject.pass()))
            };
            let (forward, training) = run(0.0);
            for dirt in [f32::NAN, f32::INFINITY, -3.0e38] {
                let what = format!("{} on {level} in buffers full of {dirt}", subject.name);
                let (other_forward, other_training): (Forward, Training) = run(dirt);
                assert_same_forward(&what, &other_forward, &forward);
                assert_same(&what, &other_training.gradients, &training.gradients);
                assert_same(&what, &other_training.outputs, &training.outputs);
                assert_same(&what, &other_training.state, &training.state);
            }
        }
    }
}

/// Gradients do not see what else is in the batch either, when nothing else has a loss: the others
/// only add zeros.
#[test]
fn a_uniform_batch_is_a_ragged_batch() {
    for subject in subjects() {
        let spec = subject.case.spec;
        if !spec.is_bidirectional() && matches!(spec.input, Input::Dense { .. }) {
            uniform_is_ragged(spec);
        }
    }
}

fn uniform_is_ragged(spec: Spec) {
    let case = Case::new(spec, &[6; 5], 4);
    for level in levels() {
        let mut packed = vec![Strip::ZERO; spec.packed_len()];
        pack(&spec, &case.params, &mut packed).unwrap();
        let model = Model::new(spec, &case.params, &packed).unwrap();
        let ragged = case.active();
        let [uniform, ragged] = [
            Batch::uniform(6, 5).unwrap(),
            Batch::ragged(&ragged).unwrap(),
        ]
        .map(|batch| {
            let mut buffer = vec![Strip::ZERO; spec.tape_len(30, 5)];
            let mut tape = Tape::new(&spec, batch, inputs(&case.rows), 0, &mut buffer).unwrap();
            tape.start(&model, None).unwrap();
            tape.record(level, &model, 0..6).unwrap();
            tape.outputs(0..6).to_vec()
        });
        assert_eq!(bits_of(&uniform), bits_of(&ragged));
    }
}

/// The same net whose look-up of a single token replaces a product.
#[test]
fn looked_up_rows_are_dense_rows() {
    let channel = Channel {
        vocabulary: 9,
        width: 19,
    };
    let layers = Layers::of([Layer {
        hidden: 35,
        direction: Direction::Forward,
        cell: Cell::elman(Activation::Tanh),
    }]);
    let head = Head {
        kind: HeadKind::Linear { outputs: 5 },
        read: Read::EveryStep,
    };
    let spec = |input| Spec {
        input,
        layers,
        initial_state: InitialState::Zero,
        head,
        dropout: Dropout::NONE,
    };
    let tokens = Case::new(
        spec(Input::Tokens {
            channels: Channels::of([channel]),
            window: 1,
        }),
        &[8, 5, 5, 1],
        3,
    );
    let Rows::Tokens(ids) = &tokens.rows else {
        unreachable!()
    };
    let row = |&id: &u32| tokens.params[id as usize * channel.width..][..channel.width].to_vec();
    let mut dense = tokens.clone();
    dense.spec = spec(Input::Dense {
        width: channel.width,
    });
    dense.params = tokens.params[tokens.spec.tables_len()..].to_vec();
    dense.rows = Rows::Dense(ids.iter().flat_map(row).collect());
    for level in levels() {
        let [tokens, dense] =
            [&tokens, &dense].map(|case| Rig::new(level, &case.spec, &case.params).forward(case));
        assert_same_forward(level.name(), &tokens, &dense);
    }
}

fn narrow(width: usize, layers: Layers, outputs: usize) -> Spec {
    Spec {
        input: Input::Dense { width },
        layers,
        initial_state: InitialState::Trained,
        head: Head {
            kind: HeadKind::Softmax { outputs },
            read: Read::EveryStep,
        },
        dropout: Dropout::NONE,
    }
}

/// So many steps of so many units that inference runs them stretch by stretch.
#[test]
fn long_sequences_are_their_streams() {
    long_sequences(narrow(
        3,
        Layers::of([Layer::tanh(300), Layer::tanh(17)]),
        3,
    ));
    long_sequences(narrow(3, Layers::of([Layer::gru(130), Layer::lstm(17)]), 3));
    long_sequences(narrow(3, Layers::of([Layer::lstm(130), Layer::gru(17)]), 3));
}

fn long_sequences(spec: Spec) {
    for level in levels() {
        let case = Case::new(spec, &[500, 260, 3], 7);
        let rig = Rig::new(level, &spec, &case.params);
        let whole = rig.forward(&case);
        for b in 0..case.lengths.len() {
            let stream = rig.stream(&case, b);
            let what = format!("{level}: stream of sequence {b}");
            let outputs = outputs_of(&case, &whole.outputs, b).concat();
            assert_same(&what, &stream.outputs, &outputs);
            assert_same(&what, &stream.state, &state_of(&case, &whole.state, b));
        }
    }
}

/// Rows of few numbers share strips where a level can look them up: every number of rows and columns.
#[test]
fn nets_of_few_units_are_their_streams() {
    for hidden in 1..=9 {
        for rows in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 32, 33] {
            let clip = [f32::INFINITY, f32::INFINITY, f32::INFINITY, 0.25][(rows + hidden) % 4];
            let activation = [Activation::Tanh, Activation::Relu, Activation::Identity][rows % 3];
            for cell in [
                Cell::Elman { activation, clip },
                Cell::Gru { clip },
                Cell::Lstm { clip },
                Cell::FastRnn,
                Cell::FastGrnn,
            ] {
                net_of_few_units(cell, hidden, rows);
            }
        }
    }
}

fn net_of_few_units(cell: Cell, hidden: usize, rows: usize) {
    let layer = Layer {
        cell,
        ..Layer::tanh(hidden)
    };
    let spec = narrow(1 + hidden % 4, Layers::of([layer]), 1 + (rows + hidden) % 9);
    let mut lengths = vec![4; rows];
    lengths[rows / 2..].fill(3);
    let case = Case::new(spec, &lengths, (hidden * 100 + rows) as u64);
    let gradients: Vec<Vec<u32>> = fused_levels()
        .into_iter()
        .map(|level| {
            let rig = Rig::new(level, &spec, &case.params);
            bits_of(&rig.train(&case, Truncation::FULL).gradients)
        })
        .collect();
    let what = format!("{rows} rows of {hidden} units of {cell:?}");
    assert!(
        gradients.windows(2).all(|pair| pair[0] == pair[1]),
        "{what}"
    );
    for level in levels() {
        let rig = Rig::new(level, &spec, &case.params);
        let whole = rig.forward(&case);
        for b in [0, rows / 2, rows - 1] {
            let stream = rig.stream(&case, b);
            let what = format!("{what} on {level}: stream of sequence {b}");
            let outputs = outputs_of(&case, &whole.outputs, b).concat();
            assert_same(&what, &stream.outputs, &outputs);
            assert_same(&what, &stream.state, &state_of(&case, &whole.state, b));
        }
    }
}

/// Nets of the subjects and one whose sequence takes several stretches, each over a single sequence.
#[test]
fn workers_that_share_a_sequence_give_the_same_bits() {
    for level in levels() {
        let long = (Spec::dense(5, 70, 3), 1100);
        let nets = subjects()
            .into_iter()
            .map(|subject| (subject.case.spec, 13));
        for (spec, steps) in nets.chain([long]) {
            let case = Case::new(spec, &[steps], 5);
            let rig = Rig::new(level, &spec, &case.params);
            let alone = rig.forward(&case);
            for workers in [1, 2, 3, 7] {
                let what = format!("{spec:?} on {level} with {workers} workers");
                assert_same_forward(&what, &rig.forward_together(&case, workers), &alone);
            }
        }
    }
}
