//! The nets whose bits are compared: no size is a multiple of a strip.

use elman_core::{
    Activation, Cell, Channel, Channels, Direction, Dropout, Head, HeadKind, Init, InitialState,
    Input, Layer, Layers, Read, Spec, Truncation, initialize,
};

use crate::support::rig::Pass;
use crate::{Case, Generator, Rig};

/// A net with data, a name, and how it is trained.
pub struct Subject {
    /// One word.
    pub name: &'static str,
    /// The net and its data.
    pub case: Case,
    /// Windows of losses.
    pub truncation: Truncation,
}

impl Subject {
    /// Its training pass, with dropout masks of a fixed seed.
    pub fn pass(&self) -> Pass {
        Pass {
            truncation: self.truncation,
            seed: 11,
            total: self.case.total_weight(),
        }
    }
}

/// Sequences of many lengths, some alike.
const LENGTHS: [usize; 12] = [13, 13, 11, 9, 9, 9, 7, 4, 3, 2, 1, 1];

const DROPOUT: Dropout = Dropout {
    input: 0.1,
    hidden: 0.25,
    head: 0.4,
    recurrent: 0.0,
};

const fn layer(hidden: usize, direction: Direction, activation: Activation) -> Layer {
    Layer {
        hidden,
        direction,
        cell: Cell::elman(activation),
    }
}

fn subject(name: &'static str, spec: Spec, init: Init, truncation: Truncation) -> Subject {
    let seed = name.bytes().fold(0u64, |seed, byte| {
        seed.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    let mut case = Case::new(spec, &LENGTHS, seed)
        .ignoring(seed)
        .weighing(seed);
    initialize(&spec, init, &mut Generator::new(seed), &mut case.params).expect("a net");
    Subject {
        name,
        case,
        truncation,
    }
}

/// All of them.
pub fn subjects() -> Vec<Subject> {
    let small = Truncation { k1: 3, k2: 5 };
    vec![
        subject("dense_tanh", dense_tanh(), Init::Orthogonal, small),
        subject("deep_relu", deep_relu(), Init::Identity, small),
        subject("tagger_both", tagger_both(), Init::Glorot, Truncation::FULL),
        subject("text_tanh", text_tanh(), Init::Orthogonal, small),
        subject("classifier", classifier(), Init::Pytorch, Truncation::FULL),
        subject("masked_deep", masked(deep_relu()), Init::Orthogonal, small),
        subject(
            "masked_both",
            masked(classifier()),
            Init::Pytorch,
            Truncation::FULL,
        ),
        subject(
            "clipped_deep",
            clipped(deep_relu()),
            Init::Orthogonal,
            small,
        ),
        subject(
            "clipped_both",
            clipped(classifier()),
            Init::Pytorch,
            Truncation::FULL,
        ),
        subject(
            "clipped_masked",
            clipped(masked(deep_relu())),
            Init::Orthogonal,
            small,
        ),
        subject(
            "gru",
            of_cell(dense_tanh(), Cell::gru()),
            Init::Orthogonal,
            small,
        ),
        subject(
            "lstm",
            of_cell(dense_tanh(), Cell::lstm()),
            Init::Orthogonal,
            small,
        ),
        subject("gated_deep", gated_deep(), Init::Orthogonal, small),
        subject(
            "gru_both",
            of_cell(tagger_both(), Cell::gru()),
            Init::Glorot,
            Truncation::FULL,
        ),
        subject(
            "lstm_both",
            of_cell(tagger_both(), Cell::lstm()),
            Init::Glorot,
            Truncation::FULL,
        ),
        subject(
            "gru_text",
            of_cell(text_tanh(), Cell::gru()),
            Init::Orthogonal,
            small,
        ),
        subject(
            "lstm_text",
            of_cell(text_tanh(), Cell::lstm()),
            Init::Pytorch,
            small,
        ),
        subject(
            "lstm_classifier",
            of_cell(classifier(), Cell::lstm()),
            Init::Pytorch,
            Truncation::FULL,
        ),
        subject(
            "gated_masked",
            masked(gated_deep()),
            Init::Orthogonal,
            small,
        ),
        subject(
            "gru_masked_both",
            masked(of_cell(classifier(), Cell::gru())),
            Init::Pytorch,
            Truncation::FULL,
        ),
        subject(
            "gated_clipped",
            clipped(masked(gated_deep())),
            Init::Orthogonal,
            small,
        ),
        subject(
            "fastrnn",
            of_cell(dense_tanh(), Cell::FastRnn),
            Init::Orthogonal,
            small,
        ),
        subject(
            "fastgrnn",
            of_cell(dense_tanh(), Cell::FastGrnn),
            Init::Orthogonal,
            small,
        ),
        subject(
            "fastrnn_masked_both",
            masked(of_cell(classifier(), Cell::FastRnn)),
            Init::Pytorch,
            Truncation::FULL,
        ),
        subject(
            "fastgrnn_both",
            of_cell(tagger_both(), Cell::FastGrnn),
            Init::Glorot,
            Truncation::FULL,
        ),
    ]
}

/// The same with another cell in every layer.
fn of_cell(spec: Spec, cell: Cell) -> Spec {
    let layers = spec.layers.as_slice().iter();
    let layers: Vec<Layer> = layers.map(|layer| Layer { cell, ..*layer }).collect();
    Spec {
        layers: Layers::from_slice(&layers).expect("as many layers"),
        ..spec
    }
}

/// Three cells in one net.
fn gated_deep() -> Spec {
    let layer = |hidden, cell| Layer {
        cell,
        ..Layer::tanh(hidden)
    };
    Spec {
        layers: Layers::of([
            layer(34, Cell::gru()),
            layer(17, Cell::elman(Activation::Tanh)),
            layer(33, Cell::lstm()),
        ]),
        ..deep_relu()
    }
}

/// Dense rows in, dense rows out.
fn dense_tanh() -> Spec {
    Spec {
        input: Input::Dense { width: 5 },
        layers: Layers::of([layer(37, Direction::Forward, Activation::Tanh)]),
        initial_state: InitialState::Trained,
        head: Head {
            kind: HeadKind::Linear { outputs: 3 },
            read: Read::EveryStep,
        },
        dropout: Dropout::NONE,
    }
}

/// Three stacked layers, dropout at every place.
fn deep_relu() -> Spec {
    Spec {
        input: Input::Dense { width: 21 },
        layers: Layers::of([
            layer(50, Direction::Forward, Activation::Relu),
            layer(17, Direction::Forward, Activation::Identity),
            layer(33, Direction::Forward, Activation::Tanh),
        ]),
        initial_state: InitialState::Zero,
        head: Head {
            kind: HeadKind::Softmax { outputs: 19 },
            read: Read::EveryStep,
        },
        dropout: DROPOUT,
    }
}

/// The same with dropout through time.
fn masked(spec: Spec) -> Spec {
    Spec {
        dropout: Dropout {
            recurrent: 0.3,
            ..spec.dropout
        },
        ..spec
    }
}

/// The same with limits that some sums exceed and others do not.
fn clipped(spec: Spec) -> Spec {
    let mut layers = spec.layers.as_slice().to_vec();
    for (layer, clip) in layers.iter_mut().zip([0.3, 0.7, 0.2]) {
        layer.cell = match layer.cell {
            Cell::Elman { activation, .. } => Cell::Elman { activation, clip },
            Cell::Gru { .. } => Cell::Gru { clip },
            Cell::Lstm { .. } => Cell::Lstm { clip },
            cell @ (Cell::FastRnn | Cell::FastGrnn) => cell,
        };
    }
    Spec {
        layers: Layers::from_slice(&layers).expect("as many layers"),
        ..spec
    }
}

/// A name finder: two token channels, a window, both directions.
fn tagger_both() -> Spec {
    let channels = Channels::of([
        Channel {
            vocabulary: 29,
            width: 11,
        },
        Channel {
            vocabulary: 5,
            width: 3,
        },
    ]);
    Spec {
        input: Input::Tokens {
            channels,
            window: 5,
        },
        layers: Layers::of([
            layer(23, Direction::Both, Activation::Tanh),
            layer(18, Direction::Both, Activation::Tanh),
        ]),
        initial_state: InitialState::Trained,
        head: Head {
            kind: HeadKind::Softmax { outputs: 9 },
            read: Read::EveryStep,
        },
        dropout: DROPOUT,
    }
}

/// Single tokens: the input projection is a table look-up.
fn text_tanh() -> Spec {
    Spec {
        input: Input::Tokens {
            channels: Channels::of([Channel {
                vocabulary: 31,
                width: 13,
            }]),
            window: 1,
        },
        layers: Layers::of([layer(70, Direction::Forward, Activation::Tanh)]),
        initial_state: InitialState::Zero,
        head: Head {
            kind: HeadKind::Softmax { outputs: 31 },
            read: Read::EveryStep,
        },
        dropout: Dropout::NONE,
    }
}

/// A class per sequence, off the last step of both directions.
fn classifier() -> Spec {
    Spec {
        input: Input::Dense { width: 7 },
        layers: Layers::of([
            layer(19, Direction::Forward, Activation::Tanh),
            layer(31, Direction::Both, Activation::Relu),
        ]),
        initial_state: InitialState::Trained,
        head: Head {
            kind: HeadKind::Softmax { outputs: 4 },
            read: Read::LastStep,
        },
        dropout: DROPOUT,
    }
}

/// The outputs of every sequence, streamed one after the other.
pub fn stream_of_all(rig: &Rig, case: &Case) -> Vec<f32> {
    (0..case.lengths.len())
        .flat_map(|b| rig.stream(case, b).outputs)
        .collect()
}
