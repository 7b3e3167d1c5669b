//! PyTorch's numbers. `golden/generate.py` wrote the files; PyTorch is not needed to read them.

use std::collections::BTreeMap;

use elman_core::{
    Activation, Cell, Channel, Channels, Direction, Dropout, Head, HeadKind, InitialState, Input,
    Layer, Layers, Level, Optimizer, Read, Spec, Tensor, Truncation, gradient,
};
use elman_tests::{Case, Rig, Rows, Targets, Training, levels};
use serde_json::Value;

/// Outputs and states, absolute: two f32 implementations of sums of up to 17 terms of size 1, 6 steps deep.
const FORWARD: f64 = 2e-6;
/// Gradients, relative to the largest of their tensor: twice the depth, and sums over rows.
const GRADIENT: f64 = 5e-6;
/// Parameters after up to ten updates, relative to size one at least.
const OPTIMIZER: f64 = 2e-6;
/// Parameters and losses after up to ten updates, each of which sees the errors of those before.
const TRAINED: f64 = 1e-5;

fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON of the generating script")
}

/// All numbers below a value, in order. A shortest decimal of an f32 comes back as that f32.
fn numbers(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        Value::Number(number) => vec![number.as_f64().expect("a number") as f32],
        _ => panic!("neither number nor list: {value}"),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn whole(value: &Value) -> usize {
    value.as_u64().expect("a whole number") as usize
}

fn flag(value: &Value) -> bool {
    value.as_bool().expect("true or false")
}

fn spec(config: &Value) -> Spec {
    let channels: Vec<Channel> = list(&config["channels"])
        .iter()
        .map(|channel| Channel {
            vocabulary: whole(&channel[0]),
            width: whole(&channel[1]),
        })
        .collect();
    let layer = Layer {
        hidden: whole(&config["hidden"]),
        direction: if flag(&config["both"]) {
            Direction::Both
        } else {
            Direction::Forward
        },
        cell: match (config["cell"].as_str(), config["activation"].as_str()) {
            (Some("gru"), _) => Cell::gru(),
            (Some("lstm"), _) => Cell::lstm(),
            (None, Some("relu")) => Cell::elman(Activation::Relu),
            (None, Some("tanh")) => Cell::elman(Activation::Tanh),
            other => panic!("a cell called {other:?}"),
        },
    };
    let outputs = whole(&config["outputs"]);
    Spec {
        input: match Channels::from_slice(&channels) {
            Ok(channels) => Input::Tokens {
                channels,
                window: whole(&config["window"]),
            },
            Err(_) => Input::Dense {
                width: whole(&config["width"]),
            },
        },
        layers: Layers::from_slice(&vec![layer; whole(&config["layers"])]).expect("layers"),
        initial_state: if flag(&config["trained"]) {
            InitialState::Trained
        } else {
            InitialState::Zero
        },
        head: Head {
            kind: HeadKind::Linear { outputs },
            read: if flag(&config["last"]) {
                Read::LastStep
            } else {
                Read::EveryStep
            },
        },
        dropout: Dropout::NONE,
    }
}

/// The tensors of a file, in the order and layout of the flat slice.
fn flat(spec: &Spec, named: &Value) -> Vec<f32> {
    let tensor = |tensor: Tensor| {
        let theirs = numbers(&named[tensor.kind.to_string()]);
        assert_eq!(theirs.len(), tensor.range().len(), "{}", tensor.kind);
        if !tensor.is_transposed_in_pytorch() {
            return theirs;
        }
        let (rows, columns) = (tensor.rows, tensor.columns);
        (0..rows * columns)
            .map(|i| theirs[i % columns * rows + i / columns])
            .collect()
    };
    spec.tensors().flat_map(tensor).collect()
}

/// Rows of single sequences in the row order of the batch.
fn by_step<T: Clone>(sequences: &[Vec<T>]) -> Vec<T> {
    let step = |t: usize| {
        sequences
            .iter()
            .filter_map(move |rows| rows.get(t).cloned())
    };
    (0..sequences[0].len()).flat_map(step).collect()
}

fn rows_by_step(file: &Value) -> Vec<f32> {
    by_step(
        &list(file)
            .iter()
            .map(|rows| list(rows).iter().map(numbers).collect())
            .collect::<Vec<Vec<_>>>(),
    )
    .concat()
}

/// The class targets of a file; `None` where it holds rows of numbers.
fn classes(file: &Value) -> Option<Vec<Option<u32>>> {
    let class = |value: &Value| value.as_i64().map(|class| u32::try_from(class).ok());
    let sequence = |rows: &Value| list(rows).iter().map(class).collect::<Option<Vec<_>>>();
    let sequences: Option<Vec<Vec<_>>> = list(&file["targets"]).iter().map(sequence).collect();
    sequences.map(|sequences| by_step(&sequences))
}

fn case(file: &Value) -> Case {
    let mut spec = spec(&file["config"]);
    let lengths = list(&file["sequences"])
        .iter()
        .map(|rows| list(rows).len())
        .collect();
    let inputs = rows_by_step(&file["sequences"]);
    let rows = match spec.input {
        Input::Dense { .. } => Rows::Dense(inputs),
        Input::Tokens { .. } => Rows::Tokens(inputs.iter().map(|&id| id as u32).collect()),
    };
    let weights = file["class_weights"]
        .as_array()
        .map(|_| numbers(&file["class_weights"]));
    let targets = match classes(file) {
        Some(classes) => {
            spec.head.kind = HeadKind::Softmax {
                outputs: spec.output_width(),
            };
            Targets::Classes { classes, weights }
        }
        None => Targets::Values {
            values: rows_by_step(&file["targets"]),
            counted: None,
        },
    };
    let carried = file["carried"]
        .as_array()
        .map(|_| states(&spec, &file["carried"]));
    Case {
        spec,
        lengths,
        params: flat(&spec, &file["params"]),
        rows,
        carried,
        targets,
    }
}

/// (places, B, H), where a place is a state of a layer and direction, as ours: (B, places, H).
fn states(spec: &Spec, file: &Value) -> Vec<f32> {
    let sequences = list(&file[0]).len();
    let places = list(file);
    let states: Vec<f32> = (0..sequences)
        .flat_map(|b| places.iter().flat_map(move |place| numbers(&place[b])))
        .collect();
    assert_eq!(states.len(), sequences * spec.state_len());
    states
}

fn assert_near(what: &str, found: &[f32], expected: &[f32], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let difference = (f64::from(found) - f64::from(expected)).abs();
        assert!(
            difference <= tolerance,
            "{what} {i}: {found}, PyTorch has {expected}"
        );
    }
}

fn check_net(name: &str, text: &str) {
    let file = read(text);
    let case = case(&file);
    let outputs = rows_by_step(&file["outputs"]);
    let gradients = flat(&case.spec, &file["gradients"]);
    for level in levels() {
        let rig = Rig::new(level, &case.spec, &case.params);
        let training = rig.train(&case, Truncation::FULL);
        let name = format!("{name} on {level}");
        assert_near(
            &format!("{name}: output"),
            &training.outputs,
            &outputs,
            FORWARD,
        );
        let states = states(&case.spec, &file["final_state"]);
        assert_near(&format!("{name}: state"), &training.state, &states, FORWARD);
        assert_near(
            &format!("{name}: state of inference"),
            &rig.forward(&case).state,
            &states,
            FORWARD,
        );
        assert_near(
            &format!("{name}: loss"),
            &[training.loss as f32],
            &numbers(&file["loss"]),
            FORWARD,
        );
        for tensor in case.spec.tensors() {
            let (found, expected) = (
                &training.gradients[tensor.range()],
                &gradients[tensor.range()],
            );
            let largest = expected
                .iter()
                .fold(0.0f32, |largest, g| largest.max(g.abs()));
            let what = format!("{name}: gradient of {}", tensor.kind);
            assert_near(&what, found, expected, GRADIENT * f64::from(largest));
        }
    }
}

#[test]
fn stacked_tanh_with_squared_error() {
    check_net(
        "stacked_tanh_mse",
        include_str!("golden/stacked_tanh_mse.json"),
    );
}

#[test]
fn carried_states() {
    check_net(
        "carried_tanh_mse",
        include_str!("golden/carried_tanh_mse.json"),
    );
}

#[test]
fn both_directions_relu_with_ignored_targets_and_class_weights() {
    check_net(
        "both_relu_entropy",
        include_str!("golden/both_relu_entropy.json"),
    );
}

#[test]
fn last_step_of_both_directions_with_trained_initial_state() {
    check_net("both_tanh_last", include_str!("golden/both_tanh_last.json"));
}

#[test]
fn token_window_with_trained_initial_state() {
    check_net(
        "tokens_window_trained_h0",
        include_str!("golden/tokens_window_trained_h0.json"),
    );
}

#[test]
fn single_tokens_relu() {
    check_net(
        "single_tokens_relu",
        include_str!("golden/single_tokens_relu.json"),
    );
}

#[test]
fn stacked_gru_with_carried_states() {
    check_trained_net(
        "gru_stacked_mse",
        include_str!("golden/gru_stacked_mse.json"),
    );
}

#[test]
fn gru_of_both_directions_with_trained_start() {
    check_trained_net(
        "gru_both_trained_start",
        include_str!("golden/gru_both_trained_start.json"),
    );
}

#[test]
fn last_step_of_both_directions_of_gru() {
    check_net("gru_both_last", include_str!("golden/gru_both_last.json"));
}

#[test]
fn stacked_lstm_with_carried_states() {
    check_trained_net(
        "lstm_stacked_mse",
        include_str!("golden/lstm_stacked_mse.json"),
    );
}

#[test]
fn lstm_of_both_directions_with_trained_start() {
    check_trained_net(
        "lstm_both_trained_start",
        include_str!("golden/lstm_both_trained_start.json"),
    );
}

#[test]
fn last_step_of_both_directions_of_lstm() {
    check_net("lstm_both_last", include_str!("golden/lstm_both_last.json"));
}

/// The net, and what ten steps of an optimizer make of it.
fn check_trained_net(name: &str, text: &str) {
    check_net(name, text);
    let file = read(text);
    let (case, run) = (case(&file), &file["training"]);
    let expected = flat(&case.spec, &run["params"]);
    for level in levels() {
        let mut rig = Rig::new(level, &case.spec, &case.params);
        let (optimizer, mut params) = (optimizer(run), case.params.clone());
        let rate = run["settings"]["lr"].as_f64().expect("a rate") as f32;
        let (len, mut losses) = (params.len(), Vec::new());
        let mut state = vec![0.0; optimizer.state_len(len)];
        for step in 1..=10 {
            rig.set_params(&params);
            let Training {
                loss, gradients, ..
            } = rig.train(&case, Truncation::FULL);
            losses.push(loss as f32);
            optimizer
                .update(
                    level,
                    rate,
                    step,
                    0..len,
                    &mut params,
                    &gradients,
                    &mut state,
                )
                .expect("an update");
        }
        let what = format!("{name} on {level}");
        assert_near(
            &format!("{what}: loss of step"),
            &losses,
            &numbers(&run["losses"]),
            TRAINED,
        );
        for tensor in case.spec.tensors() {
            let what = format!("{what}: {} after ten steps", tensor.kind);
            assert_near(
                &what,
                &params[tensor.range()],
                &expected[tensor.range()],
                TRAINED,
            );
        }
        assert!(losses[9] < losses[0], "{what}: {losses:?}");
    }
}

/// An optimizer with PyTorch's settings.
fn optimizer(run: &Value) -> Optimizer {
    let settings = &run["settings"];
    let setting = |name: &str| settings[name].as_f64().expect("a setting") as f32;
    let weight_decay = setting("weight_decay");
    let betas = || numbers(&settings["betas"]);
    match run["name"].as_str().expect("a name") {
        "sgd" => Optimizer::Sgd {
            momentum: setting("momentum"),
            nesterov: flag(&settings["nesterov"]),
            weight_decay,
        },
        "adagrad" => Optimizer::Adagrad {
            epsilon: setting("eps"),
            weight_decay,
        },
        "rmsprop" => Optimizer::Rmsprop {
            alpha: setting("alpha"),
            epsilon: setting("eps"),
            weight_decay,
        },
        "adam" => Optimizer::Adam {
            beta1: betas()[0],
            beta2: betas()[1],
            epsilon: setting("eps"),
            weight_decay,
        },
        "adamw" => Optimizer::AdamW {
            beta1: betas()[0],
            beta2: betas()[1],
            epsilon: setting("eps"),
            weight_decay,
        },
        other => panic!("an optimizer called {other}"),
    }
}

/// Parameters after each update; `split`: in two ranges instead of one.
fn updates(
    level: Level,
    run: &Value,
    file: &Value,
    split: Option<usize>,
) -> BTreeMap<usize, Vec<f32>> {
    let optimizer = optimizer(run);
    let learning_rate = run["settings"]["lr"].as_f64().expect("a rate") as f32;
    let mut params = numbers(&file["start"]);
    let len = params.len();
    let mut state = vec![0.0; optimizer.state_len(len)];
    let mut after = BTreeMap::new();
    for (index, gradients) in list(&file["gradients"]).iter().enumerate() {
        let (step, gradients) = (index + 1, numbers(gradients));
        let middle = split.unwrap_or(len);
        for range in [0..middle, middle..len] {
            optimizer
                .update(
                    level,
                    learning_rate,
                    step as u64,
                    range,
                    &mut params,
                    &gradients,
                    &mut state,
                )
                .expect("an update");
        }
        after.insert(step, params.clone());
    }
    after
}

#[test]
fn optimizers() {
    let file = read(include_str!("golden/optimizers.json"));
    for level in levels() {
        for run in list(&file["runs"]) {
            let after = updates(level, run, &file, None);
            assert_eq!(
                after,
                updates(level, run, &file, Some(7)),
                "{level}: {run} in two ranges"
            );
            for (step, expected) in list(&file["steps"]).iter().zip(list(&run["after"])) {
                let what = format!("{level}: {} {} after {step}", run["name"], run["settings"]);
                for (found, expected) in after[&whole(step)].iter().zip(numbers(expected)) {
                    let tolerance = OPTIMIZER * f64::from(expected.abs().max(1.0));
                    assert_near(&what, &[*found], &[expected], tolerance);
                }
            }
        }
    }
}

#[test]
fn clipping() {
    let file = read(include_str!("golden/clipping.json"));
    for level in levels() {
        for run in list(&file["runs"]) {
            let limit = run["limit"].as_f64().expect("a limit") as f32;
            let (mut by_norm, mut by_value) =
                (numbers(&file["gradient"]), numbers(&file["gradient"]));
            let norm = gradient::clip_norm(level, &mut by_norm, limit);
            gradient::clip_values(level, &mut by_value, limit);
            let what = format!("{level}: clipped at {limit}");
            assert_near(&what, &[norm as f32], &numbers(&run["norm"]), 1e-6 * norm);
            // PyTorch divides by the norm plus 1e-6, so its result is smaller by a millionth of the norm.
            assert_near(
                &what,
                &by_norm,
                &numbers(&run["by_norm"]),
                1e-6 * f64::from(limit),
            );
            assert_eq!(by_value, numbers(&run["by_value"]), "{what} by value");
        }
    }
}
