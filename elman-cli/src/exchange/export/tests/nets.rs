//! Nets of every kind and cell.

use elman_core::*;

const BOTH: Layer = Layer {
    hidden: 9,
    direction: Direction::Both,
    cell: Cell::elman(Activation::Tanh),
};
const RELU: Layer = Layer {
    hidden: 17,
    direction: Direction::Forward,
    cell: Cell::elman(Activation::Relu),
};

const fn clipped(layer: Layer, clip: f32) -> Layer {
    let cell = match layer.cell {
        Cell::Elman { activation, .. } => Cell::Elman { activation, clip },
        Cell::Gru { .. } => Cell::Gru { clip },
        Cell::Lstm { .. } => Cell::Lstm { clip },
        cell @ (Cell::FastRnn | Cell::FastGrnn) => cell,
    };
    Layer { cell, ..layer }
}

/// All of them.
pub fn specs() -> Vec<(&'static str, Spec)> {
    [elman_specs(), gated_specs()].concat()
}

/// With GRU and LSTM layers, alone and mixed.
fn gated_specs() -> Vec<(&'static str, Spec)> {
    let both = |layer| Layer {
        direction: Direction::Both,
        ..layer
    };
    let (gru, lstm) = (Layer::gru, Layer::lstm);
    let fast = |cell, hidden| Layer {
        cell,
        ..Layer::tanh(hidden)
    };
    let softmax = |outputs, read| {
        let kind = HeadKind::Softmax { outputs };
        Head { kind, read }
    };
    let channels = Channels::of([Channel {
        vocabulary: 7,
        width: 3,
    }]);
    let tokens = |window| Input::Tokens { channels, window };
    let plain = Spec::dense(6, 1, 5);
    let trained = Spec {
        initial_state: InitialState::Trained,
        ..plain
    };
    vec![
        (
            "gru",
            Spec {
                layers: Layers::of([gru(32)]),
                ..plain
            },
        ),
        (
            "lstm",
            Spec {
                layers: Layers::of([lstm(32)]),
                ..plain
            },
        ),
        (
            "gated_deep",
            Spec {
                layers: Layers::of([lstm(9), clipped(gru(17), 0.6), Layer::tanh(3), lstm(5)]),
                head: softmax(4, Read::LastStep),
                ..trained
            },
        ),
        (
            "gated_clipped",
            Spec {
                input: tokens(3),
                layers: Layers::of([clipped(gru(7), 2.5), clipped(lstm(11), 1.5)]),
                ..trained
            },
        ),
        (
            "gated_wide_clip",
            Spec {
                layers: Layers::of([clipped(lstm(7), 200.0), clipped(gru(8), 20.0)]),
                head: softmax(3, Read::EveryStep),
                ..plain
            },
        ),
        (
            "gated_both",
            Spec {
                layers: Layers::of([both(lstm(9)), RELU, both(clipped(gru(10), 1.5))]),
                head: softmax(4, Read::EveryStep),
                ..trained
            },
        ),
        (
            "gated_tagger",
            Spec {
                input: tokens(5),
                layers: Layers::of([both(gru(9)), both(clipped(lstm(17), 0.7)), lstm(3)]),
                head: softmax(19, Read::EveryStep),
                ..plain
            },
        ),
        (
            "gated_headless",
            Spec {
                input: tokens(1),
                layers: Layers::of([BOTH, both(lstm(8))]),
                head: Head {
                    kind: HeadKind::None,
                    read: Read::LastStep,
                },
                ..trained
            },
        ),
        (
            "fastrnn",
            Spec {
                layers: Layers::of([fast(Cell::FastRnn, 19)]),
                ..plain
            },
        ),
        (
            "fastgrnn",
            Spec {
                layers: Layers::of([fast(Cell::FastGrnn, 19), fast(Cell::FastRnn, 8)]),
                ..trained
            },
        ),
        (
            "fast_both",
            Spec {
                input: tokens(3),
                layers: Layers::of([
                    both(fast(Cell::FastGrnn, 9)),
                    both(fast(Cell::FastRnn, 7)),
                    lstm(3),
                ]),
                head: softmax(4, Read::EveryStep),
                ..trained
            },
        ),
        (
            "lstm_headless",
            Spec {
                layers: Layers::of([gru(3), lstm(16)]),
                head: Head {
                    kind: HeadKind::None,
                    read: Read::EveryStep,
                },
                ..plain
            },
        ),
    ]
}

/// Of Elman's cell alone.
fn elman_specs() -> Vec<(&'static str, Spec)> {
    let head = |kind, read| Head { kind, read };
    let channel = |vocabulary, width| Channel { vocabulary, width };
    let tokens = |window| Input::Tokens {
        channels: Channels::of([channel(7, 3), channel(4, 2)]),
        window,
    };
    let plain = Spec {
        input: Input::Dense { width: 6 },
        layers: Layers::of([Layer::tanh(32)]),
        initial_state: InitialState::Zero,
        head: head(HeadKind::Linear { outputs: 5 }, Read::EveryStep),
        dropout: Dropout::NONE,
    };
    let softmax = |outputs| HeadKind::Softmax { outputs };
    let identity = Layer {
        cell: Cell::elman(Activation::Identity),
        ..Layer::tanh(3)
    };
    vec![
        ("plain", plain),
        (
            "deep",
            Spec {
                layers: Layers::of([RELU, Layer::tanh(5), identity]),
                initial_state: InitialState::Trained,
                head: head(softmax(19), Read::LastStep),
                ..plain
            },
        ),
        (
            "words",
            Spec {
                input: tokens(3),
                layers: Layers::of([Layer::tanh(8), RELU]),
                head: head(softmax(3), Read::EveryStep),
                ..plain
            },
        ),
        (
            "headless",
            Spec {
                head: head(HeadKind::None, Read::EveryStep),
                ..plain
            },
        ),
        (
            "both",
            Spec {
                layers: Layers::of([BOTH, BOTH]),
                head: head(softmax(40), Read::LastStep),
                ..plain
            },
        ),
        (
            "tagger",
            Spec {
                input: tokens(5),
                layers: Layers::of([BOTH, RELU]),
                initial_state: InitialState::Trained,
                head: head(softmax(4), Read::EveryStep),
                ..plain
            },
        ),
        (
            "clipped",
            Spec {
                layers: Layers::of([
                    clipped(Layer::tanh(7), 0.8),
                    clipped(RELU, 0.9),
                    clipped(identity, 0.7),
                ]),
                ..plain
            },
        ),
        (
            "clipped_both",
            Spec {
                layers: Layers::of([clipped(BOTH, 1.0), identity, BOTH]),
                head: head(softmax(4), Read::EveryStep),
                ..plain
            },
        ),
        (
            "mixed",
            Spec {
                input: tokens(1),
                layers: Layers::of([RELU, BOTH]),
                head: head(HeadKind::None, Read::LastStep),
                ..plain
            },
        ),
    ]
}
