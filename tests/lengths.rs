//! Every buffer of the wrong length is refused by its name, and nothing panics (promise P3).

use elman_core::{
    Batch, Error, Init, Input, Inputs, LANES, Level, Model, Optimizer, Spec, Stream, Strip, Tape,
    Target, Window, crf, forward, gradient, initialize, loss, math, pack, pack_transposed,
};
use elman_tests::samples::{ACTIVE, dense, fast, gated, gated_stream, tokens, weights};
use elman_tests::{Generator, Rows, inputs};

/// Gives buffers their lengths: the one called `changed` a wrong one, all others what they need.
struct Lengths {
    changed: &'static str,
    by: isize,
    /// Every buffer that was asked for.
    seen: Vec<(&'static str, usize)>,
}

impl Lengths {
    const fn right() -> Self {
        Self {
            changed: "",
            by: 0,
            seen: Vec::new(),
        }
    }

    fn of(&mut self, name: &'static str, needed: usize) -> usize {
        self.seen.push((name, needed));
        if name == self.changed {
            needed.checked_add_signed(self.by).unwrap_or(0)
        } else {
            needed
        }
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
            let found = expected
                .checked_add_signed(by)
                .expect("no shorter than empty");
            let result = call(&mut Lengths {
                changed,
                by,
                seen: Vec::new(),
            });
            if by > 0 && ROOMY.contains(&changed) {
                assert_eq!(result, Ok(()), "{changed} of {found} instead of {expected}");
            } else {
                assert_eq!(
                    result,
                    Err(Error::Length {
                        what: changed,
                        expected,
                        found
                    })
                );
            }
        }
    }
}

/// Rows that suit the net, of a length that may not.
fn rows(spec: &Spec, lengths: &mut Lengths, count: usize) -> Rows {
    match spec.input {
        Input::Dense { width } => Rows::Dense(lengths.floats("inputs", count * width)),
        Input::Tokens { channels, .. } => {
            Rows::Tokens(vec![1; lengths.of("inputs", count * channels.len())])
        }
    }
}

#[test]
fn packing() {
    for spec in [dense(), tokens(), gated(), fast()] {
        check(|lengths| {
            let params = lengths.floats("params", spec.params_len());
            pack(
                &spec,
                &params,
                &mut lengths.strips("packed", spec.packed_len()),
            )
        });
        check(|lengths| {
            let params = lengths.floats("params", spec.params_len());
            pack_transposed(
                &spec,
                &params,
                &mut lengths.strips("transposed", spec.transposed_len()),
            )
        });
    }
}

#[test]
fn a_model_needs_its_packed_weights() {
    let (params, _) = weights(&dense());
    check(|lengths| {
        Model::new(
            dense(),
            &params,
            &lengths.strips("packed", dense().packed_len()),
        )
        .map(|_| ())
    });
}

#[test]
fn inference() {
    for spec in [dense(), tokens(), gated(), fast()] {
        let (params, packed) = weights(&spec);
        let model = Model::new(spec, &params, &packed).unwrap();
        let batch = Batch::ragged(&ACTIVE).unwrap();
        check(|lengths| {
            let rows = rows(&spec, lengths, batch.rows());
            let mut state = lengths.floats("state", 3 * spec.state_len());
            let mut workspace = lengths.strips("workspace", spec.workspace_len(6, 3));
            let mut outputs =
                lengths.floats("outputs", spec.output_rows(6, 3) * spec.output_width());
            forward(
                Level::detect(),
                &model,
                &batch,
                inputs(&rows),
                &mut state,
                &mut workspace,
                &mut outputs,
            )
        });
    }
}

#[test]
fn streaming() {
    for spec in [dense(), gated_stream(), fast()] {
        let (params, packed) = weights(&spec);
        let model = Model::new(spec, &params, &packed).unwrap();
        check(|lengths| {
            let mut state = lengths.floats("state", spec.state_len());
            let mut scratch = lengths.strips("scratch", spec.stream_len());
            let row = lengths.floats("inputs", 3);
            let mut outputs = lengths.floats("outputs", 4);
            Stream::new(Level::detect(), model, &mut state, &mut scratch)?
                .step(Inputs::Dense(&row), &mut outputs)
        });
    }
}

#[test]
fn training() {
    for spec in [dense(), tokens(), gated(), fast()] {
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
            let mut tape = Tape::new(&spec, batch, inputs, 0, &mut buffer)?;
            tape.start(&model, Some(&carried))?;
            tape.record(level, &model, 0..3)?;
            let window = Window {
                losses: 0..3,
                back_to: 0,
            };
            tape.backward(
                level,
                &model,
                &transposed,
                &window,
                &mut scratch,
                &mut gradients,
            )
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
        loss::mean_squared_error(&mut [0.5; 6], 2, &values, Some(&counted), 6.0).map(|_| ())
    });
    check(|lengths| {
        let mut rows = lengths.floats("rows", 9);
        let targets = vec![Target::class(0); lengths.of("targets", 3)];
        let scores = lengths.floats("transitions", crf::params_len(3));
        let legal = vec![true; lengths.of("legal", crf::params_len(3))];
        let mut scratch = vec![f64::NAN; lengths.of("scratch", crf::scratch_len(3, 2))];
        let mut gradients = lengths.floats("gradients", crf::params_len(3));
        let batch = Batch::ragged(&[2, 1])?;
        let transitions = crf::Transitions {
            scores: &scores,
            legal: &legal,
        };
        crf::negative_log_likelihood(
            level,
            &batch,
            &mut rows,
            3,
            &targets,
            transitions,
            2.0,
            &mut scratch,
            &mut gradients,
        )
        .map(|_| ())
    });
    for optimizer in [
        Optimizer::ADAM,
        Optimizer::ADAMW,
        Optimizer::RMSPROP,
        Optimizer::ADAGRAD,
    ] {
        check(|lengths| {
            let gradients = lengths.floats("gradients", 19);
            let mut state = lengths.floats("optimizer state", optimizer.state_len(19));
            optimizer.update(level, 0.1, 1, 0..19, &mut [0.0; 19], &gradients, &mut state)
        });
    }
    check(|lengths| {
        let init = lengths.of("params", dense().params_len());
        initialize(
            &dense(),
            Init::Orthogonal,
            &mut Generator::new(1),
            &mut vec![0.0; init],
        )
    });
    check(|lengths| gradient::add(level, &mut [0.0; 7], &lengths.floats("from", 7)));
    check(|lengths| {
        let a = lengths.floats("a", 10);
        let packed = lengths.strips("packed", math::packed_matrix_len(5, 17));
        math::matmul(level, 2, 5, 17, &a, &packed, &mut lengths.floats("c", 34))
    });
    assert!(matches!(
        math::softmax(level, &mut [0.0; 7], 3),
        Err(Error::Length { .. })
    ));
    let outside = Optimizer::SGD.update(level, 0.1, 1, 3..8, &mut [0.0; 7], &[0.0; 7], &mut []);
    assert!(
        matches!(outside, Err(Error::Length { what: "params", .. })),
        "{outside:?}"
    );
}
