//! What a reviewer once got past the borders.

use elman_core::{
    Batch, Channel, Channels, Direction, Error, Golden, Head, Init, Input, Inputs, LANES, Layer,
    Layers, Level, Model, Optimizer, Read, Spec, Strip, Tape, Target, forward, gradient,
    initialize, loss, math, pack,
};
use elman_tests::samples::{ACTIVE, dense, weights};
use elman_tests::{Case, Generator, inputs};

fn is_length<T: std::fmt::Debug>(what: &str, result: Result<T, Error>) {
    match result {
        Err(Error::Length { what: found, .. }) => assert_eq!(found, what),
        other => panic!("expected a wrong length of {what}, got {other:?}"),
    }
}

/// A product of dimensions that wraps around must not make an empty slice the right one.
#[test]
fn products_of_dimensions_do_not_wrap() {
    let (spec, level) = (dense(), Level::detect());
    let (params, packed) = weights(&spec);
    let model = Model::new(spec, &params, &packed).unwrap();
    let half = 1 << (usize::BITS / 2);
    let batch = Batch::uniform(1, usize::MAX / 2 + 1).unwrap();
    is_length(
        "inputs",
        forward(
            level,
            &model,
            &batch,
            Inputs::Dense(&[]),
            &mut [],
            &mut [],
            &mut [],
        ),
    );
    let ignored = [Target::IGNORED; 2];
    let rows = loss::softmax_cross_entropy(level, &mut [], usize::MAX / 2 + 1, &ignored, None, 1.0);
    is_length("rows", rows);
    is_length("b", math::pack_matrix(&[], half, half, &mut []));
    is_length("a", math::matmul(level, half, half, 1, &[], &[], &mut []));
    assert_eq!(
        Batch::uniform(usize::MAX, 2).unwrap_err(),
        Error::Batch("a batch has too many rows")
    );
}

/// Where there are no numbers there is no work, whatever one of the dimensions says.
#[test]
fn absurd_dimensions_of_nothing_end_at_once() {
    let (level, most) = (Level::detect(), usize::MAX);
    math::softmax(level, &mut [], most).unwrap();
    is_length("rows", math::softmax(level, &mut [0.5; 3], most));
    is_length("rows", math::softmax(level, &mut [0.5; 3], 0));
    math::softmax(level, &mut [], 0).unwrap();
    math::pack_matrix(&[], 0, most, &mut []).unwrap();
    math::pack_matrix(&[], most, 0, &mut []).unwrap();
    math::matmul(level, most, 0, 0, &[], &[], &mut []).unwrap();
    math::matmul(level, 0, 0, most, &[], &[], &mut []).unwrap();
    math::matmul(level, 0, most, 0, &[], &[], &mut []).unwrap();
    is_length(
        "packed",
        math::matmul(level, 0, most, most, &[], &[], &mut []),
    );
    // Without depth every product is an empty sum.
    let mut c = [7.0; 6];
    math::matmul(level, 2, 0, 3, &[], &[], &mut c).unwrap();
    assert_eq!(c, [0.0; 6]);
    assert_eq!(math::packed_matrix_len(most, most), most);
    let nothing = loss::softmax_cross_entropy(level, &mut [], most, &[], None, 1.0);
    assert_eq!(nothing, Ok(0.0));
    assert_eq!(
        loss::mean_squared_error(&mut [], most, &[], None, 1.0),
        Ok(0.0)
    );
    is_length(
        "outputs",
        loss::mean_squared_error(&mut [1.0], 0, &[1.0], None, 1.0),
    );
}

/// Lengths of buffers say how much is wanted; what nobody can have is as many as there can be.
#[test]
fn lengths_of_absurd_sequences_do_not_wrap() {
    let most = usize::MAX;
    let both = Layer {
        direction: Direction::Both,
        ..Layer::tanh(9)
    };
    for layer in [Layer::tanh(9), both] {
        for read in [Read::EveryStep, Read::LastStep] {
            let spec = dense();
            let spec = Spec {
                layers: Layers::of([layer, layer]),
                head: Head { read, ..spec.head },
                ..spec
            };
            for rows in [most, most / 2, most / 16] {
                for sequences in [1, 5, most / 3, most] {
                    // That they end is what is tested; a net can have no more than it is asked for.
                    let tape = spec.tape_len(rows, sequences);
                    assert!(tape >= rows / LANES / 2, "{tape}");
                    let _ = spec.scratch_len(rows, sequences);
                    let _ = spec.workspace_len(rows, sequences);
                    let _ = spec.golden_output_rows(rows, sequences);
                }
                let _ = spec.self_test_scratch(rows);
                assert!(spec.self_test_outputs(rows) > 0);
                let int8 = spec.int8();
                let _ = int8.self_test_len(rows);
                let _ = int8.workspace_len(rows);
            }
            let lengths = [u32::MAX; 3];
            let golden = Golden {
                lengths: &lengths,
                inputs: Inputs::Dense(&[]),
                outputs: &[],
                tolerance: 0.0,
            };
            is_length("inputs", golden.check_shape(&spec));
            let window = Spec {
                input: Input::Tokens {
                    channels: Channels::of(
                        [Channel {
                            vocabulary: 3,
                            width: 2,
                        }; 2],
                    ),
                    window: most,
                },
                ..spec
            };
            let tokens = Golden {
                inputs: Inputs::Tokens(&[]),
                ..golden
            };
            is_length("inputs", tokens.check_shape(&window));
            assert!(window.golden_width() > 0);
        }
    }
}

#[test]
fn a_tape_that_was_not_started_records_nothing() {
    let spec = dense();
    let case = Case::new(spec, &[3, 2, 1], 1);
    let mut packed = vec![Strip::ZERO; spec.packed_len()];
    pack(&spec, &case.params, &mut packed).unwrap();
    let model = Model::new(spec, &case.params, &packed).unwrap();
    let mut buffer = vec![Strip::ZERO; spec.tape_len(6, 3)];
    let batch = Batch::ragged(&ACTIVE).unwrap();
    let mut tape = Tape::new(&spec, batch, inputs(&case.rows), 0, &mut buffer).unwrap();
    assert!(matches!(
        tape.record(Level::detect(), &model, 0..3),
        Err(Error::Steps(_))
    ));
    tape.start(&model, None).unwrap();
    tape.record(Level::detect(), &model, 0..3).unwrap();
    assert!(
        tape.outputs(0..4).is_empty(),
        "a step past the end has no outputs"
    );
}

#[test]
fn rows_past_the_end_are_none_for_both_kinds_of_batches() {
    let active = [4, 4];
    for batch in [
        Batch::uniform(2, 4).unwrap(),
        Batch::ragged(&active).unwrap(),
    ] {
        assert_eq!(batch.rows_of(1..9), 4..8);
        assert_eq!(batch.rows_of(7..9), 8..8);
        assert_eq!((batch.len_of(3), batch.len_of(4)), (2, 0));
    }
}

#[test]
fn nothing_is_divided_by_nonsense() {
    let level = Level::detect();
    for total in [f64::INFINITY, f64::NAN, -1.0] {
        let classes =
            loss::softmax_cross_entropy(level, &mut [0.0; 2], 2, &[Target::class(0)], None, total);
        assert!(matches!(classes, Err(Error::Total(_))), "{total}");
        let squares = loss::mean_squared_error(&mut [0.0; 2], 1, &[0.0; 2], None, total);
        assert!(matches!(squares, Err(Error::Total(_))), "{total}");
    }
    is_length(
        "outputs",
        loss::mean_squared_error(&mut [0.0; 5], 2, &[0.0; 5], Some(&[true; 2]), 1.0),
    );
    let (mut params, mut state) = ([1.0; 2], [0.0; 4]);
    let update = Optimizer::ADAM.update(level, 0.1, 0, 0..2, &mut params, &[1.0; 2], &mut state);
    assert!(matches!(update, Err(Error::Spec(_))));
    assert_eq!(params, [1.0; 2]);
}

#[test]
fn a_norm_beyond_the_squares_of_f32_is_clipped_all_the_same() {
    let mut gradients = [1e20, 0.0];
    let norm = gradient::clip_norm(Level::detect(), &mut gradients, 2.0);
    assert!((norm / 1e20 - 1.0).abs() < 1e-6, "{norm}");
    assert!((gradients[0] - 2.0).abs() < 1e-5, "{gradients:?}");
    for max_norm in [-1.0, f32::NAN] {
        assert_eq!(gradient::clip_factor(5.0, max_norm), None);
    }
}

/// Hands out the same bits for ever.
#[test]
fn a_broken_generator_gives_no_nan() {
    struct Stuck;
    impl rand_core::TryRng for Stuck {
        type Error = std::convert::Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(0)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(0)
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            bytes.fill(0);
            Ok(())
        }
    }
    let spec = dense();
    let mut params = Generator::new(1).numbers(spec.params_len(), f32::NAN);
    initialize(&spec, Init::Orthogonal, &mut Stuck, &mut params).unwrap();
    assert!(params.iter().all(|p| p.is_finite()));
}
