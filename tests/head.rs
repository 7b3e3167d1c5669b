//! The head by itself: what it answers, its gradient and what is learnt by it are the bits of the whole net; and parameters come back
//! from packed weights.

use elman_core::{
    Batch, Cell, Channel, Channels, Direction, Dropout, Error, FixedStream, Head, HeadKind,
    InitialState, Input, Inputs, Layer, Layers, Level, Model, Optimizer, Read, Shape, Spec, Stream,
    Strip, Tape, Target, gradient, head, loss, pack, unpack,
};
use elman_tests::{Generator, levels};

const LAYERS: Layers = Layers::of([Layer::gru(19), Layer::tanh(23)]);

struct Whole;

impl Shape for Whole {
    const SPEC: Spec = Spec {
        input: Input::Dense { width: 3 },
        layers: LAYERS,
        initial_state: InitialState::Trained,
        head: Head {
            kind: HeadKind::Softmax { outputs: 18 },
            read: Read::EveryStep,
        },
        dropout: Dropout::NONE,
    };
}

struct Body;

impl Shape for Body {
    const SPEC: Spec = Whole::SPEC.without_head();
}

const SPEC: Spec = Whole::SPEC;
const HEAD: usize = SPEC.head_len();
const STEPS: usize = 21;

fn numbers(seed: u64, count: usize) -> Vec<f32> {
    Generator::new(seed).numbers(count, 1.0)
}

fn packed(spec: &Spec, params: &[f32]) -> Vec<Strip> {
    let mut packed = vec![Strip::ZERO; spec.packed_len()];
    pack(spec, params, &mut packed).unwrap();
    packed
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn layers_from_flash_and_a_head_in_ram_answer_as_the_whole_net() {
    let params = numbers(1, SPEC.params_len());
    let tables = &params[..SPEC.tables_len()];
    let (packed, x) = (packed(&SPEC, &params), numbers(2, STEPS * 3));
    let mut weights = [0.0; HEAD];
    head::unpack(&SPEC, &packed, &mut weights).unwrap();
    assert_eq!(weights[..], params[SPEC.head_range()]);
    let mut strips = [Strip::ZERO; SPEC.packed_head_len()];
    head::pack(&SPEC, &weights, &mut strips).unwrap();
    for level in levels() {
        let (mut state, mut scratch) = ([0.0; SPEC.state_len()], [Strip::ZERO; SPEC.stream_len()]);
        let (mut of_body, mut scratch_of_body) = (state, scratch);
        let mut whole =
            FixedStream::<Whole>::new(level, tables, &packed, &mut state, &mut scratch).unwrap();
        let layers = &packed[..Body::SPEC.packed_len()];
        let mut body =
            FixedStream::<Body>::new(level, tables, layers, &mut of_body, &mut scratch_of_body)
                .unwrap();
        let (mut hidden, mut expected) = (Vec::new(), Vec::new());
        for x in x.chunks_exact(3) {
            let (mut h, mut y) = ([0.0; SPEC.top_width()], [0.0; SPEC.output_width()]);
            whole.step(Inputs::Dense(x), &mut y).unwrap();
            body.step(Inputs::Dense(x), &mut h).unwrap();
            hidden.extend(h);
            expected.extend(y);
        }
        let mut found = vec![f32::NAN; expected.len()];
        head::run(level, &SPEC, &strips, &hidden, &mut found).unwrap();
        assert_eq!(bits(&found), bits(&expected), "{level}");
    }
}

/// A course by the head alone: losses, and the weights that it ends with.
fn by_head(level: Level, params: &[f32], x: &[f32], targets: &[Target]) -> (Vec<u64>, Vec<f32>) {
    let packed = packed(&SPEC, params);
    let mut weights = params[SPEC.head_range()].to_vec();
    let mut memory = vec![0.0; Optimizer::ADAM.state_len(HEAD)];
    let mut losses = Vec::new();
    for update in 1..=12 {
        let (mut state, mut scratch) = ([0.0; SPEC.state_len()], [Strip::ZERO; SPEC.stream_len()]);
        let model = Model::new(Body::SPEC, params, &packed[..Body::SPEC.packed_len()]).unwrap();
        let mut body = Stream::new(level, model, &mut state, &mut scratch).unwrap();
        let mut hidden = vec![0.0; STEPS * SPEC.top_width()];
        let rows = hidden.chunks_exact_mut(SPEC.top_width());
        for (x, h) in x.chunks_exact(3).zip(rows) {
            body.step(Inputs::Dense(x), h).unwrap();
        }
        let mut strips = [Strip::ZERO; SPEC.packed_head_len()];
        head::pack(&SPEC, &weights, &mut strips).unwrap();
        let mut outputs = vec![0.0; STEPS * SPEC.output_width()];
        head::logits(level, &SPEC, &strips, &hidden, &mut outputs).unwrap();
        let total = STEPS as f64;
        let columns = SPEC.output_width();
        let loss = loss::softmax_cross_entropy(level, &mut outputs, columns, targets, None, total);
        losses.push(loss.unwrap().to_bits());
        let mut gradients = vec![0.0; HEAD];
        head::gradient(level, &SPEC, &hidden, &outputs, &mut gradients).unwrap();
        gradient::clip_norm(level, &mut gradients, 0.5);
        Optimizer::ADAM
            .update(
                level,
                0.05,
                update,
                0..HEAD,
                &mut weights,
                &gradients,
                &mut memory,
            )
            .unwrap();
    }
    (losses, weights)
}

/// The same by a tape of the whole net.
fn by_tape(level: Level, params: &[f32], x: &[f32], targets: &[Target]) -> (Vec<u64>, Vec<f32>) {
    let mut params = params.to_vec();
    let mut memory = vec![0.0; Optimizer::ADAM.state_len(SPEC.params_len())];
    let mut losses = Vec::new();
    for update in 1..=12 {
        let packed = packed(&SPEC, &params);
        let model = Model::new(SPEC, &params, &packed).unwrap();
        let mut buffer = vec![Strip::ZERO; SPEC.tape_len(STEPS, 1)];
        let batch = Batch::uniform(STEPS, 1).unwrap();
        let mut tape = Tape::new(&SPEC, batch, Inputs::Dense(x), 0, &mut buffer).unwrap();
        tape.start(&model, None).unwrap();
        tape.record(level, &model, 0..STEPS).unwrap();
        let (outputs, total) = (tape.outputs(0..STEPS), STEPS as f64);
        let columns = SPEC.output_width();
        let loss = loss::softmax_cross_entropy(level, outputs, columns, targets, None, total);
        losses.push(loss.unwrap().to_bits());
        let mut gradients = vec![0.0; SPEC.params_len()];
        let of_head = &mut gradients[SPEC.head_range()];
        tape.backward_head(level, &model, 0..STEPS, of_head)
            .unwrap();
        gradient::clip_norm(level, of_head, 0.5);
        let range = SPEC.head_range();
        Optimizer::ADAM
            .update(
                level,
                0.05,
                update,
                range,
                &mut params,
                &gradients,
                &mut memory,
            )
            .unwrap();
    }
    (losses, params[SPEC.head_range()].to_vec())
}

#[test]
fn a_course_without_a_tape_is_that_with_one() {
    let (params, x) = (numbers(3, SPEC.params_len()), numbers(4, STEPS * 3));
    let target = |step: usize| Target::class((step * 5 % SPEC.output_width()) as u32);
    let targets: Vec<Target> = (0..STEPS).map(target).collect();
    for level in levels() {
        let (losses, weights) = by_head(level, &params, &x, &targets);
        let (expected, trained) = by_tape(level, &params, &x, &targets);
        assert_eq!(losses, expected, "{level}");
        assert_eq!(bits(&weights), bits(&trained), "{level}");
        let [first, .., last] = losses[..] else {
            panic!("no losses")
        };
        assert!(f64::from_bits(last) < 0.7 * f64::from_bits(first));
    }
}

/// Every cell, in nets of one layer or two, one way or both, with full strips and with some to spare.
fn specs() -> Vec<Spec> {
    let cells = [
        Layer::tanh(1).cell,
        Layer::gru(1).cell,
        Layer::lstm(1).cell,
        Cell::FastRnn,
        Cell::FastGrnn,
    ];
    let tokens = Input::Tokens {
        channels: Channels::of([Channel {
            vocabulary: 5,
            width: 3,
        }]),
        window: 3,
    };
    let mut specs = Vec::new();
    for (number, cell) in cells.into_iter().enumerate() {
        for (hidden, direction) in [
            (1, Direction::Both),
            (16, Direction::Forward),
            (37, Direction::Both),
        ] {
            let layer = |cell| Layer {
                hidden,
                direction,
                cell,
            };
            let other = cells[(number + 1) % cells.len()];
            for head in [
                HeadKind::None,
                HeadKind::Linear { outputs: 1 },
                HeadKind::Softmax { outputs: 33 },
            ] {
                specs.push(Spec {
                    input: tokens,
                    layers: Layers::of([layer(cell), layer(other)]),
                    initial_state: InitialState::Trained,
                    head: Head {
                        kind: head,
                        read: Read::EveryStep,
                    },
                    dropout: Dropout::NONE,
                });
                specs.push(Spec {
                    layers: Layers::of([layer(cell)]),
                    ..Spec::dense(2, 1, 4)
                });
            }
        }
    }
    specs
}

#[test]
fn parameters_come_back_from_packed_weights() {
    for (seed, spec) in (0..).zip(specs()) {
        let (spec, params) = (&spec, &numbers(seed, spec.params_len()));
        let packed = packed(spec, params);
        let mut again = vec![f32::NAN; spec.params_len()];
        again[..spec.tables_len()].copy_from_slice(&params[..spec.tables_len()]);
        unpack(spec, &packed, &mut again).unwrap();
        let mut repacked = vec![Strip::ZERO; spec.packed_len()];
        pack(spec, &again, &mut repacked).unwrap();
        assert!(packed == repacked, "{spec:?}");
        let layers = spec.layers.as_slice();
        let shares = |cell: Cell| cell.facts().scalars > 0;
        if !layers.iter().any(|layer| shares(layer.cell)) {
            assert_eq!(bits(&again), bits(params), "{spec:?}");
        }
        for (old, new) in params.iter().zip(&again) {
            assert!(
                (old - new).abs() <= 1e-5 * old.abs().max(1.0),
                "{old} {new}"
            );
        }
    }
}

#[test]
fn numbers_that_all_units_share_pack_to_the_bits_that_they_were() {
    let spec = Spec {
        layers: Layers::of([Layer {
            cell: Cell::FastRnn,
            ..Layer::tanh(1)
        }]),
        ..Spec::dense(1, 1, 1)
    };
    let place = spec
        .tensors()
        .find(|tensor| tensor.kind.to_string().contains("scalars"));
    let place = place.unwrap().offset;
    let mut generator = Generator::new(5);
    for _ in 0..20_000 {
        let mut params = vec![0.25; spec.params_len()];
        params[place] = 30.0 * generator.signed();
        params[place + 1] = generator.signed();
        let packed = packed(&spec, &params);
        let mut again = params.clone();
        unpack(&spec, &packed, &mut again).unwrap();
        let mut repacked = packed.clone();
        pack(&spec, &again, &mut repacked).unwrap();
        assert!(
            packed == repacked,
            "{} {}",
            params[place],
            params[place + 1]
        );
    }
}

#[test]
fn lengths_and_nets_that_do_not_fit_are_refused() {
    let mut strips = [Strip::ZERO; SPEC.packed_head_len()];
    let length = |result: Result<(), Error>| match result.unwrap_err() {
        Error::Length { what, .. } => what,
        other => panic!("{other}"),
    };
    assert_eq!(
        length(head::pack(&SPEC, &[0.0; HEAD - 1], &mut strips)),
        "weights"
    );
    assert_eq!(
        length(head::pack(&SPEC, &[0.0; HEAD], &mut strips[1..])),
        "strips"
    );
    assert_eq!(
        length(head::unpack(&SPEC, &strips[1..], &mut [0.0; HEAD])),
        "packed"
    );
    let (rows, level) = ([0.0; 2 * SPEC.top_width()], Level::detect());
    let (mut short, width) = ([0.0; SPEC.output_width()], SPEC.top_width());
    assert_eq!(
        length(head::run(level, &SPEC, &strips, &rows, &mut short)),
        "hidden"
    );
    assert_eq!(
        length(head::run(
            level,
            &SPEC,
            &strips,
            &rows[..width + 1],
            &mut short
        )),
        "hidden"
    );
    assert_eq!(
        length(head::gradient(
            level,
            &SPEC,
            &rows,
            &short,
            &mut [0.0; HEAD]
        )),
        "d_outputs"
    );
    let none = head::run(level, &Body::SPEC, &[], &rows, &mut short);
    assert!(matches!(none, Err(Error::Spec(_))));
    assert_eq!(
        length(unpack(&SPEC, &strips, &mut [0.0; SPEC.params_len()])),
        "packed"
    );
}
