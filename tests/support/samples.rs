//! Two small nets that differ in everything, for tests in which the numbers do not matter.

use elman_core::{
    Activation, Cell, Channel, Channels, Direction, Dropout, Head, HeadKind, InitialState, Input,
    Layer, Layers, Read, Spec, Strip, pack,
};

/// Steps of a ragged batch: sequences of 3, 2 and 1 steps.
pub const ACTIVE: [usize; 3] = [3, 2, 1];

/// Two layers over dense rows, a class per step; dropout everywhere.
pub fn dense() -> Spec {
    Spec {
        input: Input::Dense { width: 3 },
        layers: Layers::of([Layer::tanh(17), Layer::tanh(5)]),
        initial_state: InitialState::Trained,
        head: Head {
            kind: HeadKind::Softmax { outputs: 4 },
            read: Read::EveryStep,
        },
        dropout: Dropout {
            input: 0.1,
            hidden: 0.1,
            head: 0.1,
            recurrent: 0.1,
        },
    }
}

/// One layer both ways over a window of two token channels, a class per sequence.
pub fn tokens() -> Spec {
    let channels = Channels::of([
        Channel {
            vocabulary: 6,
            width: 3,
        },
        Channel {
            vocabulary: 2,
            width: 1,
        },
    ]);
    let both = Layer {
        hidden: 9,
        direction: Direction::Both,
        cell: Cell::elman(Activation::Relu),
    };
    Spec {
        input: Input::Tokens {
            channels,
            window: 3,
        },
        layers: Layers::of([both]),
        head: Head {
            kind: HeadKind::Softmax { outputs: 4 },
            read: Read::LastStep,
        },
        ..dense()
    }
}

/// Three layers of several sums and states, one of them both ways: the state of a layer is not its output.
pub fn gated() -> Spec {
    let both = Layer {
        direction: Direction::Both,
        ..Layer::lstm(5)
    };
    Spec {
        layers: Layers::of([Layer::gru(17), both, Layer::gru(3)]),
        ..dense()
    }
}

/// GRU and LSTM forward in time, limited.
pub fn gated_stream() -> Spec {
    let cells = [
        Cell::Gru { clip: 0.7 },
        Cell::lstm(),
        Cell::Lstm { clip: 0.7 },
    ];
    let layer = |(cell, hidden)| Layer {
        cell,
        ..Layer::tanh(hidden)
    };
    let [a, b, c] = cells;
    Spec {
        layers: Layers::of([(a, 6), (b, 17), (c, 3)].map(layer)),
        ..dense()
    }
}

/// `FastRNN` and `FastGRNN`: trained numbers that all units share, and sums that nothing feeds.
pub fn fast() -> Spec {
    let layers = [(Cell::FastGrnn, 17), (Cell::FastRnn, 5)].map(|(cell, hidden)| Layer {
        cell,
        ..Layer::tanh(hidden)
    });
    Spec {
        layers: Layers::of(layers),
        ..dense()
    }
}

/// Some parameters, and their packed weights.
///
/// # Panics
/// If core refuses.
pub fn weights(spec: &Spec) -> (Vec<f32>, Vec<Strip>) {
    let params = vec![0.1; spec.params_len()];
    let mut packed = vec![Strip::ZERO; spec.packed_len()];
    pack(spec, &params, &mut packed).expect("packed");
    (params, packed)
}
