//! Nets whose shape is a constant answer as streams do, and the gradient of the head alone is that of the whole.

use elman_core::{
    Activation, Batch, Cell, Channel, Channels, Direction, Dropout, Error, FixedStream, Head,
    HeadKind, InitialState, Input, Inputs, Layer, Layers, Model, Read, Shape, Spec, Stream, Strip,
    Tape, Truncation, pack, pack_transposed,
};
use elman_tests::{Case, Generator, levels};

struct Dense;

impl Shape for Dense {
    const SPEC: Spec = Spec {
        input: Input::Dense { width: 5 },
        layers: Layers::of([
            Layer::tanh(37),
            Layer {
                hidden: 18,
                direction: Direction::Forward,
                cell: Cell::Elman {
                    activation: Activation::Relu,
                    clip: 0.4,
                },
            },
        ]),
        initial_state: InitialState::Trained,
        head: Head {
            kind: HeadKind::Softmax { outputs: 7 },
            read: Read::EveryStep,
        },
        dropout: Dropout::NONE,
    };
}

struct Tokens;

impl Shape for Tokens {
    const SPEC: Spec = Spec {
        input: Input::Tokens {
            channels: Channels::of([Channel {
                vocabulary: 11,
                width: 6,
            }]),
            window: 3,
        },
        layers: Layers::of([Layer::tanh(20)]),
        initial_state: InitialState::Zero,
        head: Head {
            kind: HeadKind::Linear { outputs: 3 },
            read: Read::LastStep,
        },
        dropout: Dropout::NONE,
    };
}

struct Gated;

impl Shape for Gated {
    const SPEC: Spec = Spec {
        layers: Layers::of([
            Layer {
                cell: Cell::Gru { clip: 0.6 },
                ..Layer::gru(37)
            },
            Layer::lstm(18),
        ]),
        ..Dense::SPEC
    };
}

struct Fast;

impl Shape for Fast {
    const SPEC: Spec = Spec {
        layers: Layers::of([
            Layer {
                cell: Cell::FastGrnn,
                ..Layer::tanh(37)
            },
            Layer {
                cell: Cell::FastRnn,
                ..Layer::tanh(18)
            },
        ]),
        ..Dense::SPEC
    };
}

struct GatedTokens;

impl Shape for GatedTokens {
    const SPEC: Spec = Spec {
        layers: Layers::of([Layer::lstm(20), Layer::gru(1)]),
        ..Tokens::SPEC
    };
}

fn weights(spec: &Spec) -> (Vec<f32>, Vec<Strip>) {
    let params = Generator::new(3).numbers(spec.params_len(), 0.4);
    let mut packed = vec![Strip::ZERO; spec.packed_len()];
    pack(spec, &params, &mut packed).expect("a net");
    (params, packed)
}

/// Both kinds of streams over the same steps, on every level.
fn compare<S: Shape>(steps: &[Inputs]) {
    let spec = S::SPEC;
    let (params, packed) = weights(&spec);
    for level in levels() {
        let model = Model::new(spec, &params, &packed).expect("a net");
        let buffers = || {
            let state = vec![f32::NAN; spec.state_len()];
            (state, vec![Strip([f32::NAN; 16]); spec.stream_len()])
        };
        let ((mut state, mut scratch), (mut other_state, mut other_scratch)) =
            (buffers(), buffers());
        let mut stream = Stream::new(level, model, &mut state, &mut scratch).expect("buffers");
        let mut fixed = FixedStream::<S>::new(
            level,
            &params,
            &packed,
            &mut other_state,
            &mut other_scratch,
        )
        .expect("buffers");
        let (mut y, mut z) = (
            vec![0.0; spec.output_width()],
            vec![0.0; spec.output_width()],
        );
        for _ in 0..2 {
            for &inputs in steps {
                stream.step(inputs, &mut y).expect("a step");
                fixed.step(inputs, &mut z).expect("a step");
                let bits = |row: &[f32]| row.iter().map(|y| y.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&y), bits(&z), "{level}");
            }
            stream.reset();
            fixed.reset();
        }
    }
}

#[test]
fn fixed_nets_answer_as_streams_do() {
    let rows = Generator::new(8).numbers(9 * 5, 1.5);
    let dense: Vec<Inputs> = rows.chunks(5).map(Inputs::Dense).collect();
    compare::<Dense>(&dense);
    compare::<Gated>(&dense);
    compare::<Fast>(&dense);
    let ids: Vec<u32> = (0..9 * 3).map(|i| i * 7 % 12).collect();
    let tokens: Vec<Inputs> = ids.chunks(3).map(Inputs::Tokens).collect();
    compare::<Tokens>(&tokens);
    compare::<GatedTokens>(&tokens);
}

#[test]
fn fixed_nets_refuse_what_streams_refuse() {
    let spec = Dense::SPEC;
    let (params, packed) = weights(&spec);
    let level = elman_core::Level::detect();
    let refused = |tables: usize, weights: usize, state: usize, scratch: usize| {
        let (mut state, mut scratch) = (vec![0.0; state], vec![Strip::ZERO; scratch]);
        let found = FixedStream::<Dense>::new(
            level,
            &params[..tables],
            &packed[..weights],
            &mut state,
            &mut scratch,
        );
        match found {
            Err(Error::Length { what, .. }) => what,
            Err(_) => "another error",
            Ok(_) => "nothing",
        }
    };
    let (t, w, s, c) = (
        spec.tables_len(),
        spec.packed_len(),
        spec.state_len(),
        spec.stream_len(),
    );
    assert_eq!(refused(t, w, s, c), "nothing");
    assert_eq!(refused(t - 1, w, s, c), "tables");
    assert_eq!(refused(t, w - 1, s, c), "packed");
    assert_eq!(refused(t, w, s + 1, c), "state");
    assert_eq!(refused(t, w, s, c - 1), "scratch");

    let (mut state, mut scratch) = (vec![0.0; s], vec![Strip::ZERO; c]);
    let mut net = FixedStream::<Dense>::new(level, &params, &packed, &mut state, &mut scratch)
        .expect("buffers");
    let mut y = [0.0; 7];
    assert!(net.step(Inputs::Dense(&[0.0; 4]), &mut y).is_err());
    assert!(net.step(Inputs::Tokens(&[0; 5]), &mut y).is_err());
    assert!(net.step(Inputs::Dense(&[0.0; 5]), &mut y[..6]).is_err());
    assert!(net.step(Inputs::Dense(&[0.0; 5]), &mut y).is_ok());
}

/// The head's part of the gradient, from one backward pass or the other.
fn head_gradients(spec: Spec, truncation: Truncation) {
    let case = Case::new(spec, &[6, 6, 4, 1], 5);
    let active = case.active();
    let (mut packed, mut transposed) = (
        vec![Strip::ZERO; spec.packed_len()],
        vec![Strip::ZERO; spec.transposed_len()],
    );
    pack(&spec, &case.params, &mut packed).expect("a net");
    pack_transposed(&spec, &case.params, &mut transposed).expect("a net");
    let model = Model::new(spec, &case.params, &packed).expect("a net");
    for level in levels() {
        let mut whole = vec![0.25; spec.params_len()];
        let mut head = vec![0.25; spec.head_range().len()];
        for window in truncation.windows(active.len()) {
            let batch = Batch::ragged(&active).expect("a batch");
            let mut tape_buffer = vec![Strip::ZERO; spec.tape_len(batch.rows(), batch.sequences())];
            let mut scratch = vec![Strip::ZERO; spec.scratch_len(batch.rows(), batch.sequences())];
            let inputs = elman_tests::inputs(&case.rows);
            let mut tape = Tape::new(&spec, batch, inputs, 1, &mut tape_buffer).expect("a tape");
            tape.start(&model, None).expect("a start");
            tape.record(level, &model, 0..window.losses.end)
                .expect("steps");
            tape.backward_head(level, &model, window.losses.clone(), &mut head)
                .expect("a pass");
            tape.backward(
                level,
                &model,
                &transposed,
                &window,
                &mut scratch,
                &mut whole,
            )
            .expect("a pass");
            let refused = tape.backward_head(level, &model, window.losses, &mut whole);
            assert!(matches!(
                refused,
                Err(Error::Length {
                    what: "gradients",
                    ..
                })
            ));
        }
        let bits = |row: &[f32]| row.iter().map(|y| y.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&whole[spec.head_range()]), bits(&head), "{level}");
        assert!(head.iter().any(|&x| x != 0.25));
    }
}

#[test]
fn the_gradient_of_the_head_alone_is_that_of_the_whole() {
    head_gradients(Dense::SPEC, Truncation { k1: 2, k2: 3 });
    head_gradients(Tokens::SPEC, Truncation::FULL);
    head_gradients(Gated::SPEC, Truncation { k1: 2, k2: 3 });
    head_gradients(GatedTokens::SPEC, Truncation::FULL);
}
