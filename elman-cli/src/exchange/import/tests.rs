//! ONNX graphs made by hand: what is read, what is refused by which words, and what becomes of damaged files.

use elman_core::{Activation, Cell, Direction, HeadKind, InitialState, Level, Read, Spec, math};
use proptest::prelude::*;

use super::graph;
use crate::base::failure::Result;
use crate::exchange::onnx::{
    self, Attribute, DimensionValue, Graph, Model, Node, OperatorSet, Tensor, ValueInfo, data_type,
};

/// Numbers per step, and hidden units.
const I: usize = 2;
const H: usize = 3;

fn value(name: &str, elem_type: i32, dims: &[i64]) -> ValueInfo {
    let axes = dims.iter().map(|&size| match size {
        0 => DimensionValue::Name("any".to_owned()),
        size => DimensionValue::Size(size),
    });
    ValueInfo::tensor(name, elem_type, axes, "")
}

fn node(op: &str, inputs: &[&str], outputs: &[&str], attribute: Vec<Attribute>) -> Node {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Node {
        input: names(inputs),
        output: names(outputs),
        op_type: op.to_owned(),
        attribute,
        ..Node::default()
    }
}

fn weights(name: &str, dims: &[usize]) -> Tensor {
    let len: usize = dims.iter().product();
    let seed = name.len() as f32;
    Tensor::floats(name, dims, (0..len).map(|i| 0.1 * (i as f32 - seed)))
}

/// `x` (T, B, I) through one operator to `Y`.
fn bare(attributes: Vec<Attribute>) -> Model {
    Model {
        ir_version: 8,
        opset_import: vec![OperatorSet {
            domain: String::new(),
            version: 17,
        }],
        graph: Some(Graph {
            node: vec![node(
                "RNN",
                &["x", "W", "R", "B"],
                &["Y", "Y_h"],
                attributes,
            )],
            name: "bare".to_owned(),
            initializer: vec![
                weights("W", &[1, H, I]),
                weights("R", &[1, H, H]),
                weights("B", &[1, 2 * H]),
            ],
            input: vec![value("x", data_type::FLOAT, &[0, 0, I as i64])],
            output: vec![value("Y", data_type::FLOAT, &[0, 1, 0, H as i64])],
        }),
        ..Model::default()
    }
}

/// What is read of a graph that somebody changed.
fn read(change: impl FnOnce(&mut Graph)) -> Result<(Spec, Vec<f32>)> {
    let mut model = bare(vec![Attribute::int("hidden_size", H as i64)]);
    change(model.graph.as_mut().expect("a graph"));
    // Through the file, as everybody's.
    let foreign = graph::read(&onnx::decode(onnx::encode(&model)?)?)?;
    let spec = foreign.spec(foreign.read.unwrap_or(Read::EveryStep), foreign.softmax)?;
    let params = foreign.params(&spec);
    Ok((spec, params))
}

fn complaint(change: impl FnOnce(&mut Graph)) -> String {
    read(change).expect_err("it must be refused").to_string()
}

fn attribute(attribute: Attribute) -> impl FnOnce(&mut Graph) {
    |graph| graph.node[0].attribute.push(attribute)
}

fn replace(name: &'static str, tensor: Tensor) -> impl FnOnce(&mut Graph) {
    move |graph| {
        graph.initializer.retain(|known| known.name != name);
        graph.initializer.push(tensor);
    }
}

#[test]
fn a_bare_operator_gives_its_hidden_units_and_one_bias() {
    let (spec, params) = read(|_| ()).unwrap();
    assert_eq!(
        (spec.head.kind, spec.head.read),
        (HeadKind::None, Read::EveryStep)
    );
    assert_eq!(
        spec.layers.as_slice()[0].cell,
        Cell::elman(Activation::Tanh)
    );
    let bias = &params[I * H + H * H..];
    let expected = [0, 1, 2].map(|i| 0.1 * (i as f32 - 1.0) + 0.1 * ((i + 3) as f32 - 1.0));
    assert_eq!(bias, expected);
    let last = |graph: &mut Graph| graph.output[0].name = "Y_h".to_owned();
    assert_eq!(read(last).unwrap().0.head.read, Read::LastStep);
}

#[test]
fn the_reverse_direction_alone_has_a_silent_half_that_the_head_leaves_out() {
    let (spec, params) = read(attribute(Attribute::string("direction", "reverse"))).unwrap();
    assert_eq!(spec.layers.as_slice()[0].direction, Direction::Both);
    assert_eq!(spec.head.kind, HeadKind::Linear { outputs: H });
    let half = I * H + H * H + H;
    assert!(params[..half].iter().all(|x| *x == 0.0) && params[half] != 0.0);
    let head = &params[spec.head_range()];
    assert!(head[..H * H].iter().all(|x| *x == 0.0));
    assert_eq!(head[H * H..2 * H * H], [1., 0., 0., 0., 1., 0., 0., 0., 1.]);
}

/// The limit of the first layer, infinite where there is none.
fn clip_of(spec: &Spec) -> f32 {
    spec.layers.as_slice()[0]
        .cell
        .limit()
        .unwrap_or(f32::INFINITY)
}

fn clip(limit: f32) -> Attribute {
    Attribute {
        name: "clip".to_owned(),
        f: Some(limit),
        ..Attribute::default()
    }
}

#[test]
fn a_limit_that_tanh_does_not_feel_is_left_out() {
    let without = read(|_: &mut Graph| ()).unwrap();
    for limit in [9.02, 50.0, f32::INFINITY] {
        assert_eq!(read(attribute(clip(limit))).unwrap(), without);
    }
    for limit in [0.0, -50.0, f32::NAN] {
        assert!(complaint(attribute(clip(limit))).contains("clip"));
    }
    let relu = |limit| {
        let (spec, _) = read(|graph: &mut Graph| {
            attribute(Attribute::strings("activations", &["Relu"]))(graph);
            attribute(clip(limit))(graph);
        })
        .unwrap();
        clip_of(&spec)
    };
    assert_eq!([50.0, f32::INFINITY].map(relu), [50.0, f32::INFINITY]);
    let (spec, params) = read(attribute(clip(9.0))).unwrap();
    assert_eq!(clip_of(&spec), 9.0);
    assert_eq!(params, without.1);
    // The core's tanh is flat from there on, so no bit is lost.
    for level in Level::available() {
        let mut beyond = [9.02, 9.1, 12.0, 88.0, f32::MAX];
        math::tanh(level, &mut beyond);
        assert_eq!(beyond, [1.0; 5]);
    }
}

#[test]
fn what_elman_lacks_is_refused_by_its_name() {
    let cases: [(Attribute, &str); 8] = [
        (clip(-5.0), "clip -5"),
        (
            Attribute::strings("activations", &["Sigmoid"]),
            "activations Sigmoid",
        ),
        (
            Attribute::strings("activations", &["Tanh", "Tanh"]),
            "activations",
        ),
        (
            Attribute::string("direction", "sideways"),
            "direction sideways",
        ),
        (Attribute::int("layout", 2), "layout 2"),
        (Attribute::int("output_sequence", 1), "output_sequence"),
        (
            Attribute::floats("clip", &[5.0]),
            "the attribute clip has a wrong type",
        ),
        (
            Attribute::int("direction", 1),
            "the attribute direction has a wrong type",
        ),
    ];
    for (found, words) in cases {
        let said = complaint(attribute(found));
        assert!(
            said.starts_with("node Y (RNN): ") && said.contains(words),
            "{said}"
        );
    }
    let affine = |alpha| {
        move |graph: &mut Graph| {
            let more = [
                Attribute::strings("activations", &["Affine"]),
                Attribute::floats("activation_alpha", &[alpha]),
            ];
            graph.node[0].attribute.extend(more);
        }
    };
    assert!(complaint(affine(0.5)).contains("activation_alpha [0.5]"));
    let identity = read(affine(1.0)).unwrap().0;
    assert_eq!(
        identity.layers.as_slice()[0].cell,
        Cell::elman(Activation::Identity)
    );
}

#[test]
fn weights_must_be_constants_of_the_right_size() {
    let said = complaint(|graph| graph.node[0].input[2] = "x".to_owned());
    assert!(said.contains("R must be a constant"), "{said}");
    let said = complaint(|graph| graph.node[0].input[1] = "lost".to_owned());
    assert!(said.contains("the value lost comes from nowhere"), "{said}");
    let said = complaint(replace("R", weights("R", &[1, H, H + 1])));
    assert!(said.contains("R must have the shape [1, 3, 3]"), "{said}");
    let said = complaint(replace("B", weights("B", &[1, H])));
    assert!(said.contains("B must be float32 [1, 6]"), "{said}");
    let halves = Tensor {
        data_type: 10,
        ..weights("W", &[1, H, I])
    };
    let said = complaint(replace("W", halves));
    assert!(said.contains("tensor W: data_type 10"), "{said}");
    let infinite = Tensor::floats("W", &[1, H, I], [f32::INFINITY; H * I]);
    let said = complaint(replace("W", infinite));
    assert!(
        said.contains("rnn.weight_ih_l0 holds a number that is not finite"),
        "{said}"
    );
}

#[test]
fn states_that_sequences_start_from_must_be_the_same_for_all() {
    let with = |tensor: Tensor| {
        move |graph: &mut Graph| {
            graph.initializer.push(tensor);
            graph.node[0].input.extend([String::new(), "h".to_owned()]);
        }
    };
    let same = Tensor::floats("h", &[1, 2, H], [1., 2., 3., 1., 2., 3.]);
    let (spec, params) = read(with(same)).unwrap();
    assert_eq!(spec.initial_state, InitialState::Trained);
    assert_eq!(params[..H], [1.0, 2.0, 3.0]);
    let zero = Tensor::floats("h", &[1, 2, H], [0.0; 2 * H]);
    assert_eq!(
        read(with(zero)).unwrap().0.initial_state,
        InitialState::Zero
    );
    let other = Tensor::floats("h", &[1, 2, H], [1., 2., 3., 1., 2., 4.]);
    assert!(complaint(with(other)).contains("initial_h must be float32 and the same"));
    let lengths = Tensor::small_ints("n", &[2], &[3, 4]);
    let said = complaint(|graph| {
        graph.initializer.push(lengths);
        graph.node[0].input.push("n".to_owned());
    });
    assert!(said.contains("sequence_lens is a constant"), "{said}");
}

#[test]
fn operators_around_are_followed_or_refused() {
    let head = |op: &'static str, inputs: &'static [&'static str], outputs: usize| {
        move |graph: &mut Graph| {
            graph.initializer.push(Tensor::ints("axes", &[1], &[1]));
            graph.initializer.push(weights("M", &[H, outputs]));
            graph
                .node
                .push(node("Squeeze", &["Y", "axes"], &["rows"], vec![]));
            graph.node.push(node(op, inputs, &["y"], vec![]));
            graph.output[0].name = "y".to_owned();
        }
    };
    let (spec, params) = read(head("MatMul", &["rows", "M"], 4)).unwrap();
    assert_eq!(spec.head.kind, HeadKind::Linear { outputs: 4 });
    let expected: Vec<f32> = (0..12).map(|i| 0.1 * (i as f32 - 1.0)).collect();
    assert_eq!(params[spec.head_range()][..12], expected);
    let said = complaint(head("Sigmoid", &["rows"], 4));
    assert!(
        said.contains("node y (Sigmoid): elman has no such operation"),
        "{said}"
    );
    let said = complaint(head("MatMul", &["x", "M"], 4));
    assert!(
        said.contains("only hidden units go through a linear map"),
        "{said}"
    );
    let said = complaint(|graph| graph.node.clear());
    assert!(
        said.contains("no operator RNN") || said.contains("comes from nowhere"),
        "{said}"
    );
    let mut old = bare(Vec::new());
    old.opset_import[0].version = 6;
    let said = graph::read(&old).unwrap_err().to_string();
    assert!(
        said.contains("operator set 6") && said.contains("7 to 22"),
        "{said}"
    );
}

#[test]
fn doubling_again_and_again_is_refused_in_time() {
    let said = complaint(|graph| {
        let mut name = "Y".to_owned();
        for i in 0..60 {
            let next = format!("Y{i}");
            let axis = vec![Attribute::int("axis", 3)];
            graph
                .node
                .push(node("Concat", &[&name, &name], &[&next], axis));
            name = next;
        }
        graph.output[0].name = name;
    });
    assert!(said.contains("(Concat)"), "{said}");
    let said = complaint(|graph| {
        let mut name = "W".to_owned();
        for i in 0..60 {
            let next = format!("W{i}");
            let axis = vec![Attribute::int("axis", 2)];
            graph
                .node
                .push(node("Concat", &[&name, &name], &[&next], axis));
            name = next;
        }
        graph
            .node
            .push(node("RNN", &["x", &name, "R"], &["Z"], vec![]));
        graph.output[0].name = "Z".to_owned();
    });
    assert!(said.contains("more with its constants"), "{said}");
}

proptest! {
    #[test]
    fn a_damaged_file_is_an_error_or_a_net(place in 0usize..4096, change in 1u8.., cut in 0usize..4096) {
        let file = onnx::encode(&bare(vec![Attribute::int("hidden_size", H as i64)])).unwrap();
        let look = |bytes: Vec<u8>| {
            let Ok(model) = onnx::decode(bytes) else { return };
            let _ = graph::ours(&model);
            if let Ok(foreign) = graph::read(&model) {
                let read = foreign.read.unwrap_or(Read::EveryStep);
                let _ = foreign.spec(read, foreign.softmax).map(|spec| foreign.params(&spec));
            }
        };
        look(file[..cut % file.len()].to_vec());
        let mut other = file.clone();
        other[place % file.len()] ^= change;
        look(other);
    }
}
