//! Int8 nets: as near to f64 as promised, the numbers that the documentation describes, and the same
//! step by step or all at once.

use elman_core::quantized::{
    Integers, QuantizedGolden, QuantizedModel, QuantizedSelfTest, QuantizedStream,
};
use elman_core::{
    Activation, Cell, Channel, Channels, Direction, Dropout, Error, Head, HeadKind, InitialState,
    Input, Inputs, Layer, Layers, Place, Read, Spec,
};
use elman_tests::oracle::{Net, softmax};
use elman_tests::{Case, Generator, Quantized, Rows};
use proptest::prelude::*;

#[path = "oracle/cases.rs"]
mod cases;
#[path = "oracle/int8.rs"]
mod int8;

fn fast(cell: Cell, hidden: usize) -> Layer {
    Layer {
        cell,
        ..Layer::tanh(hidden)
    }
}

/// Nearly normal, with variance 1.
fn normal(random: &mut Generator) -> f32 {
    (0..12).map(|_| random.signed() / 2.0).sum::<f32>()
}

/// The nets that chips are measured with: weights of variance 1/I, 0.81/H and 1/H, inputs of variance 1 within ±3.9.
fn measured(width: usize, layer: Layer, outputs: usize, steps: &[usize]) -> Case {
    let hidden = layer.hidden;
    let spec = Spec {
        layers: Layers::of([layer]),
        ..Spec::dense(width, hidden, outputs)
    };
    let mut case = Case::new(spec, steps, 1);
    let mut random = Generator::new(hidden as u64);
    for tensor in case.spec.tensors() {
        let deviation = match tensor.kind {
            elman_core::TensorKind::RecurrentWeights(_) => 0.9 / (hidden as f32).sqrt(),
            _ => 1.0 / (tensor.rows as f32).sqrt(),
        };
        for x in &mut case.params[tensor.range()] {
            *x = if tensor.is_vector() {
                0.1 * random.signed()
            } else {
                deviation * normal(&mut random)
            };
        }
    }
    let Rows::Dense(rows) = &mut case.rows else {
        panic!("dense rows");
    };
    rows.iter_mut()
        .for_each(|x| *x = normal(&mut random).clamp(-3.9, 3.9));
    case
}

/// The largest difference from f64 over the steps of a sequence; probabilities where the head is a softmax.
fn error(case: &Case, quantized: &Quantized, sequence: usize) -> f64 {
    let (spec, params) = (&case.spec, case.params_f64());
    let net = Net {
        spec,
        params: &params,
    };
    let steps = case.lengths[sequence];
    let run = net.run(&case.sequence(sequence), 0..steps, &net.initial_state());
    let one = case.select(&[sequence]);
    let model = quantized.model();
    let mut state = vec![0; spec.int8().state_len()];
    model.reset(&mut state);
    let mut workspace = vec![u32::MAX; spec.int8().workspace_len(steps)];
    let mut outputs = vec![f32::NAN; spec.output_rows(steps, 1) * spec.output_width()];
    let inputs = elman_tests::inputs(&one.rows);
    model
        .forward(inputs, steps, &mut state, &mut workspace, &mut outputs)
        .unwrap();
    let exact: Vec<f64> = match spec.head.kind {
        HeadKind::Softmax { .. } => run.outputs.iter().flat_map(|row| softmax(row)).collect(),
        _ => run.outputs.concat(),
    };
    let off = exact
        .iter()
        .zip(&outputs)
        .map(|(y, &found)| (y - f64::from(found)).abs());
    off.fold(0.0, f64::max)
}

#[test]
fn the_measured_nets_are_within_two_hundredths() {
    let nets = [
        (6, Layer::tanh(32), 5),
        (16, Layer::tanh(64), 10),
        (32, Layer::tanh(128), 10),
        (16, Layer::gru(64), 10),
        (16, Layer::lstm(64), 10),
        (16, fast(Cell::FastRnn, 64), 10),
        (16, fast(Cell::FastGrnn, 64), 10),
    ];
    for (width, layer, outputs) in nets {
        // Calibrated on other rows than those looked at.
        let case = measured(width, layer, outputs, &[512, 64]);
        let quantized = Quantized::new(&case.select(&[0]));
        let worst = error(&case, &quantized, 1);
        println!("{width} {layer:?} {outputs}: {worst:.4}");
        let most = match layer.cell {
            Cell::Elman { .. } | Cell::FastGrnn => 0.02,
            Cell::Gru { .. } | Cell::Lstm { .. } | Cell::FastRnn => 0.012,
        };
        assert!(worst <= most, "{layer:?}: {worst}");
    }
}

/// Whether the longest sequence ends far from where it started, as one random relu or identity net in some thousands does:
/// what a unit of such a state is worth grows with it, and tanh above it may be out of reach.
fn runs_away(case: &Case) -> bool {
    let (spec, params) = (&case.spec, case.params_f64());
    let net = Net {
        spec,
        params: &params,
    };
    let steps = 0..case.lengths[0];
    let run = net.run(&case.sequence(0), steps, &net.initial_state());
    run.final_state.iter().any(|h| h.abs() > 8.0)
}

/// Any net with a linear head.
fn specs() -> impl Strategy<Value = Spec> {
    let channel =
        (1usize..6, 1usize..7).prop_map(|(vocabulary, width)| Channel { vocabulary, width });
    let tokens = (prop::collection::vec(channel, 1..3), 0usize..3).prop_map(|(channels, reach)| {
        Input::Tokens {
            channels: Channels::from_slice(&channels).unwrap(),
            window: 2 * reach + 1,
        }
    });
    let dense = prop_oneof![1usize..20, 500usize..520].prop_map(|width| Input::Dense { width });
    let clip = prop_oneof![3 => Just(f32::INFINITY), 1 => 0.1f32..4.0];
    let activation = prop_oneof![
        Just(Activation::Tanh),
        Just(Activation::Relu),
        Just(Activation::Identity),
    ];
    let cell = (0usize..5, activation, clip).prop_map(|(kind, activation, clip)| match kind {
        0 => Cell::Elman { activation, clip },
        1 => Cell::Gru { clip },
        2 => Cell::Lstm { clip },
        3 => Cell::FastRnn,
        _ => Cell::FastGrnn,
    });
    let layer = (1usize..20, any::<bool>(), cell).prop_map(|(hidden, both, cell)| Layer {
        hidden,
        direction: if both {
            Direction::Both
        } else {
            Direction::Forward
        },
        cell,
    });
    let head = (1usize..10, any::<bool>()).prop_map(|(outputs, last)| Head {
        kind: HeadKind::Linear { outputs },
        read: if last {
            Read::LastStep
        } else {
            Read::EveryStep
        },
    });
    let layers = prop::collection::vec(layer, 1..4);
    (prop_oneof![dense, tokens], layers, any::<bool>(), head).prop_map(
        |(input, layers, trained, head)| Spec {
            input,
            layers: Layers::from_slice(&layers).unwrap(),
            initial_state: if trained {
                InitialState::Trained
            } else {
                InitialState::Zero
            },
            head,
            dropout: Dropout::NONE,
        },
    )
}

/// Integer inputs of `steps` steps, the extremes among them.
fn integers(spec: &Spec, steps: usize, random: &mut Generator) -> (Vec<Vec<i16>>, Vec<Vec<u32>>) {
    match &spec.input {
        Input::Dense { width } => {
            let mut number = || match random.below(5) {
                0 => i16::MIN,
                1 => i16::MAX,
                _ => (random.signed() * 32767.0) as i16,
            };
            (
                (0..steps)
                    .map(|_| (0..*width).map(|_| number()).collect())
                    .collect(),
                Vec::new(),
            )
        }
        Input::Tokens { channels, .. } => {
            let mut row = || {
                let ids = channels.as_slice().iter();
                ids.map(|c| random.below(c.vocabulary + 1) as u32).collect()
            };
            (Vec::new(), (0..steps).map(|_| row()).collect())
        }
    }
}

proptest! {
    #![proptest_config(cases::config())]

    #[test]
    fn integers_are_those_of_the_documentation(spec in specs(), steps in 1usize..6, seed in any::<u64>()) {
        let quantized = Quantized::new(&Case::new(spec, &[9, 4], seed));
        let model = quantized.model();
        let (rows, ids) = integers(&spec, steps, &mut Generator::new(seed));
        let expected = int8::run(&spec, &quantized.words, &rows, &ids);
        let (flat_rows, flat_ids) = (rows.concat(), ids.concat());
        let view = if ids.is_empty() { Integers::Dense(&flat_rows) } else { Integers::Tokens(&flat_ids) };
        let mut state = vec![u32::MAX; spec.int8().state_len()];
        model.reset(&mut state);
        let mut workspace = vec![0xa5a5_5a5a; spec.int8().workspace_len(steps)];
        let mut found = vec![i32::MIN; expected.len()];
        model.forward_integers(view, steps, &mut state, &mut workspace, &mut found).unwrap();
        prop_assert_eq!(&found, &expected);
        if !spec.is_bidirectional() && spec.input.channel_count() == 0 && steps > 1 {
            // In two parts, the second from where the first ended.
            let mut split_state = vec![5; spec.int8().state_len()];
            model.reset(&mut split_state);
            let cut = steps / 2;
            let mut found = Vec::new();
            for (part, rows) in [(cut, &rows[..cut]), (steps - cut, &rows[cut..])] {
                let mut y = vec![9; spec.output_rows(part, 1) * spec.output_width()];
                let rows = rows.concat();
                model.forward_integers(Integers::Dense(&rows), part, &mut split_state, &mut workspace, &mut y).unwrap();
                found.extend(y);
            }
            prop_assert_eq!(&split_state, &state);
            prop_assert!(found.ends_with(&expected));
        }
        if !spec.is_bidirectional() && spec.head.read == Read::EveryStep {
            let mut streamed_state = vec![7; spec.int8().state_len()];
            let mut scratch = vec![0x5a5a_a5a5; spec.int8().stream_len()];
            let mut net = QuantizedStream::new(model, &mut streamed_state, &mut scratch).unwrap();
            for (t, expected) in expected.chunks(spec.output_width()).enumerate() {
                let mut y = vec![9; spec.output_width()];
                let window = windows(&spec, &ids, t);
                let view = if ids.is_empty() { Integers::Dense(&rows[t]) } else { Integers::Tokens(&window) };
                net.step_integers(view, &mut y).unwrap();
                prop_assert_eq!(y, expected);
            }
            prop_assert_eq!(streamed_state, state);
        }
    }

    #[test]
    fn outputs_are_near_those_of_f64(spec in specs(), softmax in any::<bool>(), seed in any::<u64>()) {
        let width = spec.output_width();
        let kind = if softmax { HeadKind::Softmax { outputs: width } } else { HeadKind::Linear { outputs: width } };
        let spec = Spec { head: Head { kind, ..spec.head }, ..spec };
        let case = Case::new(spec, &[40, 6], seed);
        prop_assume!(!runs_away(&case));
        let worst = error(&case, &Quantized::new(&case), 1);
        prop_assert!(worst < 0.05, "{}", worst);
    }
}

/// The ids of the window around a step, the padding row outside the sequence.
fn windows(spec: &Spec, ids: &[Vec<u32>], t: usize) -> Vec<u32> {
    let Input::Tokens { channels, window } = &spec.input else {
        return Vec::new();
    };
    let padding: Vec<u32> = channels
        .as_slice()
        .iter()
        .map(|c| c.vocabulary as u32)
        .collect();
    let steps = (0..*window).map(|position| (t + position).checked_sub(window / 2));
    steps
        .flat_map(|step| {
            step.and_then(|step| ids.get(step))
                .unwrap_or(&padding)
                .clone()
        })
        .collect()
}

#[test]
fn a_relu_net_saturates_and_does_not_wrap() {
    let spec = Spec {
        layers: Layers::of([Layer {
            cell: Cell::elman(Activation::Relu),
            ..Layer::tanh(5)
        }]),
        head: Head {
            kind: HeadKind::None,
            read: Read::EveryStep,
        },
        ..Spec::dense(2, 5, 1)
    };
    let mut case = Case::new(spec, &[8], 3);
    case.params.iter_mut().for_each(|w| *w = w.abs());
    let Rows::Dense(rows) = &mut case.rows else {
        panic!("dense rows")
    };
    rows.iter_mut().for_each(|x| *x = x.abs());
    let quantized = Quantized::new(&case);
    let model = quantized.model();
    let mut state = vec![0; spec.int8().state_len()];
    let mut scratch = vec![0; spec.int8().stream_len()];
    let mut net = QuantizedStream::new(model, &mut state, &mut scratch).unwrap();
    let mut y = [0.0; 5];
    for _ in 0..50 {
        net.step(Inputs::Dense(&[1e30, f32::INFINITY]), &mut y)
            .unwrap();
    }
    let limit = 32767.0 * model.unit();
    assert!(
        y.contains(&limit) && y.iter().all(|&y| (0.0..=limit).contains(&y)),
        "{y:?}"
    );
    net.step(Inputs::Dense(&[f32::NAN, -1e30]), &mut y).unwrap();
    assert!(y.iter().all(|y| (0.0..=limit).contains(y)), "{y:?}");
}

/// One relu unit, above it a tanh layer.
fn quiet(loudest: f32) -> Case {
    let relu = Layer {
        cell: Cell::elman(Activation::Relu),
        ..Layer::tanh(1)
    };
    let spec = Spec {
        layers: Layers::of([relu, Layer::tanh(2)]),
        ..Spec::dense(2, 1, 1)
    };
    let mut case = Case::new(spec, &[9, 4], 3);
    let Rows::Dense(rows) = &case.rows else {
        panic!("dense rows");
    };
    let most = rows.chunks(2).map(|x| x[0] + x[1]).fold(f32::MIN, f32::max);
    // Input weights 1 and 1, no recurrent weight, and a bias that leaves that much of the largest sum.
    case.params[..4].copy_from_slice(&[1.0, 1.0, 0.0, loudest - most]);
    case
}

#[test]
fn a_relu_layer_that_is_silent_or_nearly_so_is_rounded_all_the_same() {
    for loudest in [-0.5, 0.0, 1e-6, 1e-4, 1e-2] {
        let case = quiet(loudest);
        let quantized = Quantized::new(&case);
        for sequence in 0..2 {
            let worst = error(&case, &quantized, sequence);
            assert!(worst < 0.01, "{loudest}: {worst}");
        }
        // Not so coarse that an input which wakes the unit up is lost.
        let unit = quantized.model().state_unit(0);
        assert!((0.0..1e-3).contains(&unit), "{loudest}: {unit}");
    }
    // So quiet that a 32767th of it is no number.
    let mut case = quiet(0.0);
    case.params[..4].copy_from_slice(&[1e-44, 1e-44, 0.0, 0.0]);
    assert!(matches!(
        Quantized::try_new(&case),
        Err(Error::Quantized(_))
    ));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let spec = Spec::dense(3, 5, 2);
    let good = Quantized::new(&Case::new(spec, &[4], 1)).words;
    let refused = |words: &[u32]| QuantizedModel::new(spec, words).unwrap_err();
    assert!(matches!(
        refused(&good[1..]),
        Error::Length { what: "words", .. }
    ));
    let clipped = Spec {
        layers: Layers::of([Layer {
            cell: Cell::Elman {
                activation: Activation::Tanh,
                clip: 3.0,
            },
            ..Layer::tanh(5)
        }]),
        ..spec
    };
    assert!(QuantizedModel::new(clipped, &good).is_err());
    let with_limit = Quantized::new(&Case::new(clipped, &[4], 1)).words;
    assert!(matches!(refused(&with_limit), Error::Quantized(_)));
    // tanh(3) = 0.99505
    assert_eq!(with_limit[1] >> 16, 32606);
    for (word, value) in [(1, 32), (3, 0x7fff_ffff), (3, i32::MIN as u32)] {
        let mut words = good.clone();
        words[word] = value;
        assert!(matches!(refused(&words), Error::Quantized(_)), "{word}");
    }
    let model = QuantizedModel::new(spec, &good).unwrap();
    let (mut state, mut scratch) = (
        vec![0; spec.int8().state_len()],
        vec![0; spec.int8().stream_len()],
    );
    let short = scratch.len() - 1;
    assert!(QuantizedStream::new(model, &mut state[1..], &mut scratch).is_err());
    assert!(QuantizedStream::new(model, &mut state, &mut scratch[..short]).is_err());
    let mut net = QuantizedStream::new(model, &mut state, &mut scratch).unwrap();
    let mut y = [0; 2];
    assert_eq!(
        net.step_integers(Integers::Tokens(&[1]), &mut y),
        Err(Error::InputKind)
    );
    assert!(net.step_integers(Integers::Dense(&[1, 2]), &mut y).is_err());
    assert!(
        net.step_integers(Integers::Dense(&[1, 2, 3]), &mut y[..1])
            .is_err()
    );
    let place = Place {
        layer: 0,
        reverse: false,
    };
    assert_eq!(spec.int8().read_state(&[0; 4], place, 99), 0);
    let both = Spec {
        layers: Layers::of([Layer {
            direction: Direction::Both,
            ..Layer::tanh(5)
        }]),
        ..spec
    };
    let words = vec![0; both.int8().model_len()];
    let model = QuantizedModel::new(both, &words).unwrap();
    let (mut state, mut scratch) = (
        vec![0; both.int8().state_len()],
        vec![0; both.int8().stream_len()],
    );
    assert!(matches!(
        QuantizedStream::new(model, &mut state, &mut scratch),
        Err(Error::Steps(_))
    ));
    let mut workspace = vec![0; both.int8().workspace_len(2)];
    let mut forward = |steps, inputs: &[f32], y: &mut [f32]| {
        model.forward(Inputs::Dense(inputs), steps, &mut state, &mut workspace, y)
    };
    assert!(matches!(forward(0, &[], &mut []), Err(Error::Steps(_))));
    assert!(
        forward(3, &[0.0; 9], &mut [0.0; 6]).is_err(),
        "the workspace is for two steps"
    );
    assert_eq!(forward(2, &[0.0; 6], &mut [0.0; 4]), Ok(()));
}

#[test]
fn golden_vectors_find_every_change() {
    let ways = [Direction::Forward, Direction::Both];
    let [fast_rnn, fast_grnn] = [Cell::FastRnn, Cell::FastGrnn].map(|cell| fast(cell, 5));
    let layers = [
        Layer::tanh(5),
        Layer::gru(5),
        Layer::lstm(5),
        fast_rnn,
        fast_grnn,
    ];
    for (direction, layer) in ways.into_iter().flat_map(|way| layers.map(|l| (way, l))) {
        let spec = Spec {
            layers: Layers::of([Layer { direction, ..layer }]),
            ..Spec::dense(3, 5, 2)
        };
        let case = Case::new(spec, &[6, 4], 8);
        let quantized = Quantized::new(&case);
        let model = quantized.model();
        let lengths = [2, 3];
        let rows: Vec<i16> = (0..15).map(|i| 900 * i - 7000).collect();
        let mut logits = vec![0; spec.golden_output_rows(5, 2) * 2];
        let check = |lengths: &[u32], logits: &[i32]| {
            QuantizedGolden {
                lengths,
                inputs: Integers::Dense(&rows),
                logits,
            }
            .check(
                &model,
                QuantizedSelfTest {
                    state: &mut vec![3; spec.int8().state_len()],
                    scratch: &mut vec![7; spec.int8().self_test_len(3)],
                    logits: &mut vec![1; spec.self_test_outputs(3)],
                },
            )
        };
        // The numbers of `forward_integers`, which is checked against the documentation above.
        let mut start = 0;
        for length in [2, 3] {
            let mut state = vec![0; spec.int8().state_len()];
            model.reset(&mut state);
            let mut workspace = vec![9; spec.int8().workspace_len(length)];
            let found = &mut logits[2 * start..2 * (start + length)];
            let inputs = Integers::Dense(&rows[3 * start..3 * (start + length)]);
            model
                .forward_integers(inputs, length, &mut state, &mut workspace, found)
                .unwrap();
            start += length;
        }
        assert_eq!(check(&lengths, &logits), Ok(None));
        for wrong in 0..logits.len() {
            logits[wrong] += 1;
            assert_eq!(check(&lengths, &logits), Ok(Some(wrong)));
            logits[wrong] -= 1;
        }
        assert!(matches!(
            check(&lengths, &logits[1..]),
            Err(Error::Length { .. })
        ));
        assert!(matches!(check(&[2, 2], &logits), Err(Error::Length { .. })));
        assert!(matches!(check(&[5, 0], &logits), Err(Error::Batch(_))));
        // A longer sequence than there is room for; a stream needs none.
        let longer = check(&[1, 4], &logits);
        assert_eq!(
            matches!(longer, Err(Error::Length { .. })),
            direction == Direction::Both
        );
    }
}
