//! Relu leaves many states zero, and a single row reads no weights of theirs.

use elman_core::{Layer, Layers, Spec, TensorKind};
use elman_tests::{Case, Rig, Rows, levels};

/// A single row leaves out the products with zero states that two rows add: zeros of either sign in states, weights and biases
/// make no difference, and a weight that is no number is not lost.
#[test]
fn zero_states_of_relu_are_left_out_without_a_trace() {
    let relu = [Layer::relu(70), Layer::relu(65)];
    let spec = Spec {
        layers: Layers::of(relu),
        ..Spec::dense(3, 70, 2)
    };
    for level in levels() {
        for strange in [
            None,
            Some(f32::NAN),
            Some(f32::INFINITY),
            Some(f32::MIN_POSITIVE),
        ] {
            let mut case = Case::new(spec, &[40], 9);
            let rate = case.params.len() / 97;
            for param in case.params.iter_mut().step_by(rate) {
                *param = -0.0;
            }
            for tensor in spec.tensors() {
                match tensor.kind {
                    TensorKind::Bias(_) => case.params[tensor.range()].fill(-0.0),
                    TensorKind::RecurrentWeights(_) => {
                        let middle = (tensor.range().start + tensor.range().end) / 2;
                        case.params[middle] = strange.unwrap_or(case.params[middle]);
                    }
                    _ => {}
                }
            }
            let mut twice = case.clone();
            twice.lengths = vec![40; 2];
            let (Rows::Dense(rows), Rows::Dense(both)) = (&case.rows, &mut twice.rows) else {
                unreachable!()
            };
            *both = rows.chunks(3).flat_map(|row| [row, row].concat()).collect();
            let rig = Rig::new(level, &spec, &case.params);
            let (one, two) = (rig.forward(&case), rig.forward(&twice));
            let streamed = rig.stream(&case, 0);
            // Numbers that are none may differ in what else they carry.
            let bits = |x: f32| if x.is_nan() { None } else { Some(x.to_bits()) };
            for (t, expected) in two.outputs.chunks(4).map(|rows| &rows[..2]).enumerate() {
                for found in [&one.outputs, &streamed.outputs] {
                    let same = found[2 * t..2 * t + 2].iter().zip(expected);
                    assert!(
                        same.clone().all(|(&a, &b)| bits(a) == bits(b)),
                        "{level} {strange:?} {t}"
                    );
                }
            }
            assert!(
                one.state
                    .iter()
                    .zip(&two.state)
                    .all(|(&a, &b)| bits(a) == bits(b))
            );
            let zeros = one.state.iter().filter(|&&h| h == 0.0).count();
            assert!(
                strange.is_some() || (30..110).contains(&zeros),
                "{zeros} zero states"
            );
        }
    }
}
