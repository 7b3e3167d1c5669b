//! Wrong shapes are refused by name, and nothing panics (promise P3).

use elman_core::{
    Activation, Batch, Channel, Channels, Direction, Dropout, Error, Head, HeadKind, Init, InitialState, Input, Inputs,
    LANES, Layer, Layers, Level, Model, NonFinite, Optimizer, Read, Spec, Stream, Strip, Tape, Target, forward,
    gradient, initialize, loss, math, pack, pack_transposed,
};
use elman_tests::{Case, Generator, Rows, inputs};

/// Gives buffers their lengths: the one called `changed` a wrong one, all others what they need.
struct Lengths {
    changed: &'static str,
    by: isize,
    /// Every buffer that was asked for.
    seen: Vec<(&'static str, usize)>,
}

impl Lengths {
    const fn right() -> Self {
        Self { changed: "", by: 0, seen: Vec::new() }
    }

    fn of(&mut self, name: &'static str, needed: usize) -> usize {
        self.seen.push((name, needed));
        if name == self.changed { needed.checked_add_signed(self.by).unwrap_or(0) } else { needed }
    }

    fn floats(&mut self, name: &'static str, needed: usize) -> Vec<f32> {
        vec![0.25; self.of(name, needed)]
    }

    fn strips(&mut self, name: &'static str, needed: usize) -> Vec<Strip> {
        vec![Strip([f32::NAN; LANES]); self.of(name, needed)]
    }
}

/// Working buffers may be longer than needed.
const ROOMY: [&str; 3] = ["workspace", "tape", "scratch"];

/// Tries a call with every one of its buffers too short, empty, and too long.
fn check(call: impl Fn(&mut Lengths) -> Result<(), Error>) {
    let mut right = Lengths::right();
    call(&mut right).expect("the right lengths are accepted");
    assert!(!right.seen.is_empty());
    for &(changed, expected) in &right.seen {
        for by in [-1, -(expected as isize), 1] {
            let found = expected.checked_add_signed(by).expect("no shorter than empty");
            let result = call(&mut Lengths { changed, by, seen: Vec::new() });
            if by > 0 && ROOMY.contains(&changed) {
                assert_eq!(result, Ok(()), "{changed} of {found} instead of {expected}");
            } else {
                assert_eq!(result, Err(Error::Length { what: changed, expected, found }));
            }
        }
    }
}

fn dense() -> Spec {
    Spec {
        input: Input::Dense { width: 3 },
        layers: Layers::of([Layer::tanh(17), Layer::tanh(5)]),
        initial_state: InitialState::Trained,
        head: Head { kind: HeadKind::Softmax { outputs: 4 }, read: Read::EveryStep },
        dropout: Dropout { input: 0.1, hidden: 0.1, head: 0.1 },
    }
}

fn tokens() -> Spec {
    let channels = Channels::of([Channel { vocabulary: 6, width: 3 }, Channel { vocabulary: 2, width: 1 }]);
    let both = Layer { hidden: 9, direction: Direction::Both, activation: Activation::Relu };
    Spec {
        input: Input::Tokens { channels, window: 3 },
        layers: Layers::of([both]),
        head: Head { kind: HeadKind::Softmax { outputs: 4 }, read: Read::LastStep },
        ..dense()
    }
}

/// Steps of the ragged batch of all tests here: sequences of 3, 2 and 1 steps.
const ACTIVE: [usize; 3] = [3, 2, 1];

/// Right parameters and packed weights.
fn weights(spec: &Spec) -> (Vec<f32>, Vec<Strip>) {
    let params = vec![0.1; spec.params_len()];
    let mut packed = vec![Strip::ZERO; spec.packed_len()];
    pack(spec, &params, &mut packed).expect("packed");
    (params, packed)
}

/// Rows that suit the net, of a length that may not.
fn rows(spec: &Spec, lengths: &mut Lengths, count: usize) -> Rows {
    match spec.input {
        Input::Dense { width } => Rows::Dense(lengths.floats("inputs", count * width)),
        Input::Tokens { channels, .. } => Rows::Tokens(vec![1; lengths.of("inputs", count * channels.len())]),
    }
}

#[test]
fn packing() {
    for spec in [dense(), tokens()] {
        check(|lengths| {
            let params = lengths.floats("params", spec.params_len());
            pack(&spec, &params, &mut lengths.strips("packed", spec.packed_len()))
        });
        check(|lengths| {
            let params = lengths.floats("params", spec.params_len());
            pack_transposed(&spec, &params, &mut lengths.strips("transposed", spec.transposed_len()))
        });
    }
}

#[test]
fn a_model_needs_its_packed_weights() {
    let (params, _) = weights(&dense());
    check(|lengths| Model::new(dense(), &params, &lengths.strips("packed", dense().packed_len())).map(|_| ()));
}

#[test]
fn inference() {
    for spec in [dense(), tokens()] {
        let (params, packed) = weights(&spec);
        let model = Model::new(spec, &params, &packed).unwrap();
        let batch = Batch::ragged(&ACTIVE).unwrap();
        check(|lengths| {
            let rows = rows(&spec, lengths, batch.rows());
            let mut state = lengths.floats("state", 3 * spec.state_len());
            let mut workspace = lengths.strips("workspace", spec.workspace_len(6, 3));
            let mut outputs = lengths.floats("outputs", spec.output_rows(6, 3) * spec.output_width());
            forward(Level::detect(), &model, &batch, inputs(&rows), &mut state, &mut workspace, &mut outputs)
        });
    }
}

#[test]
fn streaming() {
    let spec = dense();
    let (params, packed) = weights(&spec);
    let model = Model::new(spec, &params, &packed).unwrap();
    check(|lengths| {
        let mut state = lengths.floats("state", spec.state_len());
        let mut scratch = lengths.strips("scratch", spec.stream_len());
        let row = lengths.floats("inputs", 3);
        let mut outputs = lengths.floats("outputs", 4);
        Stream::new(Level::detect(), model, &mut state, &mut scratch)?.step(Inputs::Dense(&row), &mut outputs)
    });
}

#[test]
fn training() {
    for spec in [dense(), tokens()] {
        let (params, packed) = weights(&spec);
        let model = Model::new(spec, &params, &packed).unwrap();
        let batch = Batch::ragged(&ACTIVE).unwrap();
        check(|lengths| {
            let mut buffer = lengths.strips("tape", spec.tape_len(6, 3));
            let carried = lengths.floats("state", 3 * spec.state_len());
            let rows = rows(&spec, lengths, batch.rows());
            let mut transposed = vec![Strip::ZERO; spec.transposed_len()];
            pack_transposed(&spec, &params, &mut transposed)?;
            transposed.resize(lengths.of("transposed", spec.transposed_len()), Strip::ZERO);
            let mut gradients = lengths.floats("gradients", spec.params_len());
            let mut scratch = lengths.strips("scratch", spec.scratch_len(6, 3));
            let (level, inputs) = (Level::detect(), inputs(&rows));
            let mut tape = Tape::new(&spec, batch, &mut buffer)?;
            tape.start(&model, Some(&carried))?;
            tape.record(level, &model, inputs, 0..3, 0)?;
            tape.backward(level, &model, &transposed, inputs, 0..3, 0, 0, &mut scratch, &mut gradients)
        });
    }
}

#[test]
fn losses_and_optimizers_and_functions() {
    let level = Level::detect();
    let targets = [Target::class(0), Target::IGNORED, Target::class(2)];
    check(|lengths| {
        let mut rows = lengths.floats("rows", 9);
        let weights = lengths.floats("class weights", 3);
        loss::softmax_cross_entropy(level, &mut rows, 3, &targets, Some(&weights), 2.0).map(|_| ())
    });
    check(|lengths| {
        let values = lengths.floats("targets", 6);
        let counted = vec![true; lengths.of("counted", 3)];
        loss::mean_squared_error(level, &mut [0.5; 6], 2, &values, Some(&counted), 6.0).map(|_| ())
    });
    for optimizer in [Optimizer::ADAM, Optimizer::ADAMW, Optimizer::RMSPROP, Optimizer::ADAGRAD] {
        check(|lengths| {
            let gradients = lengths.floats("gradients", 19);
            let mut state = lengths.floats("optimizer state", optimizer.state_len(19));
            optimizer.update(level, 0.1, 1, 0..19, &mut [0.0; 19], &gradients, &mut state)
        });
    }
    check(|lengths| {
        let init = lengths.of("params", dense().params_len());
        initialize(&dense(), Init::Orthogonal, &mut Generator::new(1), &mut vec![0.0; init])
    });
    check(|lengths| gradient::add(level, &mut [0.0; 7], &lengths.floats("from", 7)));
    check(|lengths| {
        let a = lengths.floats("a", 10);
        let packed = lengths.strips("packed", math::packed_matrix_len(5, 17));
        math::matmul(level, 2, 5, 17, &a, &packed, &mut lengths.floats("c", 34))
    });
    assert!(matches!(math::softmax(level, &mut [0.0; 7], 3), Err(Error::Length { .. })));
    let outside = Optimizer::SGD.update(level, 0.1, 1, 3..8, &mut [0.0; 7], &[0.0; 7], &mut []);
    assert!(matches!(outside, Err(Error::Length { what: "params", .. })), "{outside:?}");
}

#[test]
fn inputs_of_the_wrong_kind_and_unknown_tokens() {
    let batch = Batch::ragged(&ACTIVE).unwrap();
    let run = |spec: Spec, inputs: Inputs| {
        let (params, packed) = weights(&spec);
        let model = Model::new(spec, &params, &packed).unwrap();
        let mut state = vec![0.0; 3 * spec.state_len()];
        let mut outputs = vec![0.0; spec.output_rows(6, 3) * spec.output_width()];
        let mut workspace = vec![Strip::ZERO; spec.workspace_len(6, 3)];
        forward(Level::detect(), &model, &batch, inputs, &mut state, &mut workspace, &mut outputs)
    };
    assert_eq!(run(tokens(), Inputs::Dense(&[0.0; 18])), Err(Error::InputKind));
    assert_eq!(run(dense(), Inputs::Tokens(&[0; 6])), Err(Error::InputKind));
    let mut ids = [0; 12];
    ids[7] = 2;
    assert_eq!(run(tokens(), Inputs::Tokens(&ids)), Ok(()), "the padding row is a legal id");
    for id in [3, u32::MAX] {
        ids[7] = id;
        let expected = Error::Token { row: 3, channel: 1, id, vocabulary: 2 };
        assert_eq!(run(tokens(), Inputs::Tokens(&ids)), Err(expected));
    }
}

#[test]
fn unknown_target_classes() {
    let targets = [Target::class(1), Target::class(3)];
    let found = loss::softmax_cross_entropy(Level::detect(), &mut [0.0; 6], 3, &targets, None, 2.0);
    assert_eq!(found, Err(Error::Target { row: 1, class: 3, classes: 3 }));
}

#[test]
fn steps_that_cannot_be() {
    let is_steps = |result: Result<(), Error>| assert!(matches!(result, Err(Error::Steps(_))), "{result:?}");
    let level = Level::detect();
    for spec in [dense(), tokens()] {
        let (params, packed) = weights(&spec);
        let model = Model::new(spec, &params, &packed).unwrap();
        let mut transposed = vec![Strip::ZERO; spec.transposed_len()];
        pack_transposed(&spec, &params, &mut transposed).unwrap();
        let mut buffer = vec![Strip::ZERO; spec.tape_len(6, 3)];
        let mut scratch = vec![Strip::ZERO; spec.scratch_len(6, 3)];
        let mut gradients = vec![0.0; spec.params_len()];
        let rows = rows(&spec, &mut Lengths::right(), 6);
        let mut tape = Tape::new(&spec, Batch::ragged(&ACTIVE).unwrap(), &mut buffer).unwrap();
        tape.start(&model, None).unwrap();
        for steps in [1..2, 0..4, 0..0, 2..1, usize::MAX - 1..usize::MAX] {
            is_steps(tape.record(level, &model, inputs(&rows), steps, 0));
        }
        is_steps(tape.final_state(&model, &mut vec![0.0; 3 * spec.state_len()]));
        let mut backward = |tape: &mut Tape, losses, back_to| {
            tape.backward(level, &model, &transposed, inputs(&rows), losses, back_to, 0, &mut scratch, &mut gradients)
        };
        is_steps(backward(&mut tape, 0..3, 0));
        tape.record(level, &model, inputs(&rows), 0..3, 0).unwrap();
        for (losses, back_to) in [(0..3, 1), (0..4, 0), (2..2, 0), (2..1, 0)] {
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
    let (mut state, mut scratch) = (vec![0.0; whole.state_len()], vec![Strip::ZERO; whole.stream_len()]);
    is_steps(Stream::new(level, model, &mut state, &mut scratch).map(|_| ()));
}

#[test]
fn specs_that_make_no_sense() {
    assert_eq!(dense().check(), Ok(()));
    let with_input = |input| Spec { input, ..dense() };
    let with_layer = |hidden| Spec { layers: Layers::of([Layer::tanh(hidden)]), ..dense() };
    let with_head =
        |outputs| Spec { head: Head { kind: HeadKind::Linear { outputs }, read: Read::EveryStep }, ..dense() };
    let with_window = |window| {
        let channels = Channels::of([Channel { vocabulary: 6, width: 3 }]);
        with_input(Input::Tokens { channels, window })
    };
    let with_rate = |input| Spec { dropout: Dropout { input, ..Dropout::NONE }, ..dense() };
    let bad = [
        with_input(Input::Dense { width: 0 }),
        with_input(Input::Dense { width: usize::MAX }),
        with_layer(0),
        with_layer(usize::MAX),
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
        assert!(matches!(pack(&spec, &[], &mut []), Err(Error::Spec(_))), "{spec:?}");
        assert!(matches!(Model::new(spec, &[], &[]), Err(Error::Spec(_))), "{spec:?}");
    }
    assert!(Layers::from_slice(&[]).is_err() && Layers::from_slice(&[Layer::tanh(1); 9]).is_err());
}

/// A NaN or infinity is traced to the layer, step and sequence where it first stood.
#[test]
fn what_is_not_finite_is_found() {
    let spec = Spec { dropout: Dropout::NONE, ..dense() };
    for level in Level::available() {
        for bad in [f32::NAN, f32::INFINITY] {
            for (step, sequence) in [(0, 0), (0, 2), (1, 1), (2, 0)] {
                let mut case = Case::new(Spec { layers: linear_layers(), ..spec }, &[3, 2, 1], 5);
                let row = case.row(step, sequence);
                let Rows::Dense(numbers) = &mut case.rows else { unreachable!() };
                numbers[row * 3 + 1] = bad;
                let found = find_non_finite(level, &case);
                assert_eq!(found, Some(NonFinite { layer: Some(0), step, sequence }), "{level}: {bad}");
            }
        }
        let mut case = Case::new(spec, &[3, 2, 1], 5);
        assert_eq!(find_non_finite(level, &case), None);
        *case.params.last_mut().expect("the head's last bias") = f32::NAN;
        let found = find_non_finite(level, &case).expect("a NaN in every output");
        assert_eq!((found.layer, found.step, found.sequence), (None, 0, 0), "{level}");
        assert_eq!(found.to_string(), "the output, step 0, sequence 0");
    }
}

/// tanh would make an infinity finite.
fn linear_layers() -> Layers {
    Layers::of([7, 5].map(|hidden| Layer { activation: Activation::Identity, ..Layer::tanh(hidden) }))
}

fn find_non_finite(level: Level, case: &Case) -> Option<NonFinite> {
    let spec = case.spec;
    let mut packed = vec![Strip::ZERO; spec.packed_len()];
    pack(&spec, &case.params, &mut packed).unwrap();
    let model = Model::new(spec, &case.params, &packed).unwrap();
    let mut buffer = vec![Strip::ZERO; spec.tape_len(6, 3)];
    let mut tape = Tape::new(&spec, Batch::ragged(&ACTIVE).unwrap(), &mut buffer).unwrap();
    tape.start(&model, None).unwrap();
    tape.record(level, &model, inputs(&case.rows), 0..3, 0).unwrap();
    tape.find_non_finite()
}
