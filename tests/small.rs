//! Nets just larger than a strip, of every cell and kind of input: small enough for Miri, which looks at every access to memory.

use elman_core::{
    Activation, Cell, Channel, Channels, Direction, Dropout, Head, HeadKind, InitialState, Input,
    Layer, Layers, Read, Spec, Truncation,
};
use elman_tests::oracle::Objective;
use elman_tests::{Case, Rig, levels};

/// See `gradients`.
const FORWARD: f64 = 2e-5;

fn spec(input: Input, direction: Direction, cell: Cell) -> Spec {
    Spec {
        input,
        layers: Layers::of([Layer {
            hidden: 17,
            direction,
            cell,
        }]),
        initial_state: InitialState::Trained,
        head: Head {
            kind: HeadKind::Softmax { outputs: 3 },
            read: Read::EveryStep,
        },
        dropout: Dropout::NONE,
    }
}

/// The loss is the textbook's, and a stream's answers are those of the whole sequence, bit for bit.
#[test]
fn small_nets_of_every_kind() {
    let numbers = Input::Dense { width: 2 };
    let channels = Channels::of([Channel {
        vocabulary: 5,
        width: 3,
    }]);
    let words = Input::Tokens {
        channels,
        window: 3,
    };
    let tanh = Cell::elman(Activation::Tanh);
    let nets = [
        (numbers, Direction::Forward, tanh),
        (numbers, Direction::Forward, Cell::elman(Activation::Relu)),
        (words, Direction::Both, tanh),
        (numbers, Direction::Forward, Cell::gru()),
        (numbers, Direction::Forward, Cell::lstm()),
        (numbers, Direction::Forward, Cell::FastRnn),
        (numbers, Direction::Forward, Cell::FastGrnn),
    ];
    for (seed, (input, direction, cell)) in (1..).zip(nets) {
        let spec = spec(input, direction, cell);
        let case = Case::new(spec, &[2, 1], seed);
        let truncation = Truncation::FULL;
        let (expected, _) =
            Objective::new(&case, truncation.k1, truncation.k2).value(&case.params_f64());
        for level in levels() {
            let rig = Rig::new(level, &spec, &case.params);
            let training = rig.train(&case, truncation);
            assert!(
                (training.loss - expected).abs() <= FORWARD * expected.max(1.0),
                "{level} {cell:?}: {} against {expected}",
                training.loss
            );
            let forward = rig.forward(&case);
            assert_eq!(training.outputs.len(), forward.outputs.len());
            if spec.is_bidirectional() {
                continue;
            }
            for b in 0..case.lengths.len() {
                let outputs = rig.stream(&case, b).outputs;
                let width = spec.output_width();
                for (t, row) in outputs.chunks(width).enumerate() {
                    let from = case.row(t, b) * width;
                    assert_eq!(
                        row,
                        &forward.outputs[from..from + width],
                        "{level} {cell:?}"
                    );
                }
            }
        }
    }
}
