//! What makes no sense is refused with its reason, and nothing panics (promise P3). A NaN is traced.

use elman_core::{
    Activation, Batch, Cell, Channel, Channels, Dropout, Error, Head, HeadKind, Input, Inputs,
    Layer, Layers, Level, Model, NonFinite, Read, Spec, Stream, Strip, Tape, Target, Window,
    forward, loss, pack, pack_transposed,
};
use elman_tests::samples::{ACTIVE, dense, fast, gated, gated_stream, tokens, weights};
use elman_tests::{Case, Rows, inputs};

#[test]
fn inputs_of_the_wrong_kind_and_unknown_tokens() {
    let batch = Batch::ragged(&ACTIVE).unwrap();
    let run = |spec: Spec, inputs: Inputs| {
        let (params, packed) = weights(&spec);
        let model = Model::new(spec, &params, &packed).unwrap();
        let mut state = vec![0.0; 3 * spec.state_len()];
        let mut outputs = vec![0.0; spec.output_rows(6, 3) * spec.output_width()];
        let mut workspace = vec![Strip::ZERO; spec.workspace_len(6, 3)];
        forward(
            Level::detect(),
            &model,
            &batch,
            inputs,
            &mut state,
            &mut workspace,
            &mut outputs,
        )
    };
    assert_eq!(
        run(tokens(), Inputs::Dense(&[0.0; 18])),
        Err(Error::InputKind)
    );
    assert_eq!(run(dense(), Inputs::Tokens(&[0; 6])), Err(Error::InputKind));
    let mut ids = [0; 12];
    ids[7] = 2;
    assert_eq!(
        run(tokens(), Inputs::Tokens(&ids)),
        Ok(()),
        "the padding row is a legal id"
    );
    for id in [3, u32::MAX] {
        ids[7] = id;
        let expected = Error::Token {
            row: 3,
            channel: 1,
            id,
            vocabulary: 2,
        };
        assert_eq!(run(tokens(), Inputs::Tokens(&ids)), Err(expected));
    }
}

#[test]
fn unknown_target_classes() {
    let targets = [Target::class(1), Target::class(3)];
    let found = loss::softmax_cross_entropy(Level::detect(), &mut [0.0; 6], 3, &targets, None, 2.0);
    assert_eq!(
        found,
        Err(Error::Target {
            row: 1,
            class: 3,
            classes: 3
        })
    );
}

#[test]
fn steps_that_cannot_be() {
    let is_steps =
        |result: Result<(), Error>| assert!(matches!(result, Err(Error::Steps(_))), "{result:?}");
    let level = Level::detect();
    for spec in [dense(), tokens(), gated(), gated_stream(), fast()] {
        let (start, end) = (2, 1);
        let backwards = start..end;
        let (params, packed) = weights(&spec);
        let model = Model::new(spec, &params, &packed).unwrap();
        let mut transposed = vec![Strip::ZERO; spec.transposed_len()];
        pack_transposed(&spec, &params, &mut transposed).unwrap();
        let mut buffer = vec![Strip::ZERO; spec.tape_len(6, 3)];
        let mut scratch = vec![Strip::ZERO; spec.scratch_len(6, 3)];
        let mut gradients = vec![0.0; spec.params_len()];
        let rows = Case::new(spec, &[3, 2, 1], 1).rows;
        let mut tape = Tape::new(
            &spec,
            Batch::ragged(&ACTIVE).unwrap(),
            inputs(&rows),
            0,
            &mut buffer,
        )
        .unwrap();
        tape.start(&model, None).unwrap();
        for steps in [
            1..2,
            0..4,
            0..0,
            usize::MAX - 1..usize::MAX,
            backwards.clone(),
        ] {
            is_steps(tape.record(level, &model, steps));
        }
        is_steps(tape.final_state(&model, &mut vec![0.0; 3 * spec.state_len()]));
        let mut backward = |tape: &mut Tape, losses, back_to| {
            let window = Window { losses, back_to };
            tape.backward(
                level,
                &model,
                &transposed,
                &window,
                &mut scratch,
                &mut gradients,
            )
        };
        is_steps(backward(&mut tape, 0..3, 0));
        tape.record(level, &model, 0..3).unwrap();
        for (losses, back_to) in [(0..3, 1), (0..4, 0), (2..2, 0), (backwards, 0)] {
            is_steps(backward(&mut tape, losses, back_to));
        }
        assert_eq!(backward(&mut tape, 0..3, 0), Ok(()));
        if spec.head.read == Read::EveryStep {
            assert!(tape.outputs(7..9).is_empty());
        }
    }
    let whole = tokens();
    let (params, packed) = weights(&whole);
    let model = Model::new(whole, &params, &packed).unwrap();
    let (mut state, mut scratch) = (
        vec![0.0; whole.state_len()],
        vec![Strip::ZERO; whole.stream_len()],
    );
    is_steps(Stream::new(level, model, &mut state, &mut scratch).map(|_| ()));
}

#[test]
fn specs_that_make_no_sense() {
    assert_eq!(dense().check(), Ok(()));
    let with_input = |input| Spec { input, ..dense() };
    let with_layer = |hidden| Spec {
        layers: Layers::of([Layer::tanh(hidden)]),
        ..dense()
    };
    let with_clip = |clip| Spec {
        layers: Layers::of([Layer {
            cell: Cell::Elman {
                activation: Activation::Tanh,
                clip,
            },
            ..Layer::tanh(3)
        }]),
        ..dense()
    };
    let with_head = |outputs| Spec {
        head: Head {
            kind: HeadKind::Linear { outputs },
            read: Read::EveryStep,
        },
        ..dense()
    };
    let with_window = |window| {
        let channels = Channels::of([Channel {
            vocabulary: 6,
            width: 3,
        }]);
        with_input(Input::Tokens { channels, window })
    };
    let with_rate = |input| Spec {
        dropout: Dropout {
            input,
            ..Dropout::NONE
        },
        ..dense()
    };
    let with_recurrent_rate = |recurrent| Spec {
        dropout: Dropout {
            recurrent,
            ..Dropout::NONE
        },
        ..dense()
    };
    let bad = [
        with_recurrent_rate(1.0),
        with_recurrent_rate(f32::NAN),
        with_input(Input::Dense { width: 0 }),
        with_input(Input::Dense { width: usize::MAX }),
        with_layer(0),
        with_layer(usize::MAX),
        with_clip(0.0),
        with_clip(-1.0),
        with_clip(f32::NEG_INFINITY),
        with_clip(f32::NAN),
        with_head(0),
        with_head(usize::MAX),
        with_window(0),
        with_window(4),
        with_rate(1.0),
        with_rate(-0.1),
        with_rate(f32::NAN),
    ];
    for spec in bad {
        assert!(matches!(spec.check(), Err(Error::Spec(_))), "{spec:?}");
        assert!(
            matches!(pack(&spec, &[], &mut []), Err(Error::Spec(_))),
            "{spec:?}"
        );
        assert!(
            matches!(Model::new(spec, &[], &[]), Err(Error::Spec(_))),
            "{spec:?}"
        );
    }
    assert!(Layers::from_slice(&[]).is_err() && Layers::from_slice(&[Layer::tanh(1); 9]).is_err());
}

/// A NaN or infinity is traced to the layer, step and sequence where it first stood.
#[test]
fn what_is_not_finite_is_found() {
    let spec = Spec {
        dropout: Dropout::NONE,
        ..dense()
    };
    for level in Level::available() {
        for bad in [f32::NAN, f32::INFINITY] {
            for (step, sequence) in [(0, 0), (0, 2), (1, 1), (2, 0)] {
                let mut case = Case::new(
                    Spec {
                        layers: linear_layers(),
                        ..spec
                    },
                    &[3, 2, 1],
                    5,
                );
                let row = case.row(step, sequence);
                let Rows::Dense(numbers) = &mut case.rows else {
                    unreachable!()
                };
                numbers[row * 3 + 1] = bad;
                let found = find_non_finite(level, &case);
                assert_eq!(
                    found,
                    Some(NonFinite {
                        layer: Some(0),
                        step,
                        sequence
                    }),
                    "{level}: {bad}"
                );
            }
        }
        let mut case = Case::new(spec, &[3, 2, 1], 5);
        assert_eq!(find_non_finite(level, &case), None);
        *case.params.last_mut().expect("the head's last bias") = f32::NAN;
        let found = find_non_finite(level, &case).expect("a NaN in every output");
        assert_eq!(
            (found.layer, found.step, found.sequence),
            (None, 0, 0),
            "{level}"
        );
        assert_eq!(found.to_string(), "the output, step 0, sequence 0");
    }
}

/// tanh would make an infinity finite.
fn linear_layers() -> Layers {
    Layers::of([7, 5].map(|hidden| Layer {
        cell: Cell::elman(Activation::Identity),
        ..Layer::tanh(hidden)
    }))
}

fn find_non_finite(level: Level, case: &Case) -> Option<NonFinite> {
    let spec = case.spec;
    let mut packed = vec![Strip::ZERO; spec.packed_len()];
    pack(&spec, &case.params, &mut packed).unwrap();
    let model = Model::new(spec, &case.params, &packed).unwrap();
    let mut buffer = vec![Strip::ZERO; spec.tape_len(6, 3)];
    let mut tape = Tape::new(
        &spec,
        Batch::ragged(&ACTIVE).unwrap(),
        inputs(&case.rows),
        0,
        &mut buffer,
    )
    .unwrap();
    tape.start(&model, None).unwrap();
    tape.record(level, &model, 0..3).unwrap();
    tape.find_non_finite()
}
