//! Named views over one flat parameter slice.
//!
//! ```text
//! tables  = embedding.0 (V₀+1, E₀) │ embedding.1 … │ h0 of every layer and direction (H), if trained
//! weights = per layer and direction: W_in (I, G·H) │ W_rec (H, G·H) │ b (biases·H) │ scalars   then   W_out (H, O) │ c (O)
//! ```
//!
//! G gates lie side by side in PyTorch's order: GRU r, z, n; LSTM i, f, g, o. The initial cell state of an LSTM follows the
//! hidden state of its layer. Matrices are stored `[in][out]`, row by row; PyTorch stores `[out][in]`. Names are PyTorch's.

use core::fmt;
use core::ops::Range;

use crate::spec::{HeadKind, InitialState, Input, Layer, Spec};

/// What a tensor is for.
///
/// ```
/// # use elman_core::{Place, TensorKind};
/// let kind = TensorKind::RecurrentWeights(Place { layer: 1, reverse: true });
/// assert_eq!(kind.to_string(), "rnn.weight_hh_l1_reverse");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TensorKind {
    /// Embedding table of a channel, (vocabulary + 1, width); the last row is the padding row.
    Embedding {
        /// The channel, counted from 0.
        channel: usize,
    },
    /// Trained initial hidden state, (1, H).
    InitialState(Place),
    /// Trained initial cell state of an LSTM, (1, H).
    InitialCell(Place),
    /// `W_in`, (I, gates·H).
    InputWeights(Place),
    /// `W_rec`, (H, gates·H).
    RecurrentWeights(Place),
    /// `b`, (1, [biases](crate::CellFacts::biases)·H): PyTorch's two biases folded into one, gate by gate; of a GRU the
    /// hidden bias of n, which stays apart, comes last.
    Bias(Place),
    /// What all units of a layer and direction share, (1, [scalars](crate::CellFacts::scalars)), before their sigmoid:
    /// α and β of FastRNN, ζ and ν of FastGRNN.
    Scalars(Place),
    /// `W_out`, (H, O).
    HeadWeights,
    /// `c`, (1, O).
    HeadBias,
}

/// A layer and a direction.
///
/// ```
/// # use elman_core::*;
/// let both = Layer { direction: Direction::Both, ..Layer::tanh(3) };
/// let spec = Spec { layers: Layers::of([both]), ..Spec::dense(2, 3, 1) };
/// let backwards = TensorKind::Bias(Place { layer: 0, reverse: true });
/// assert!(spec.tensors().any(|tensor| tensor.kind == backwards));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The layer, counted from 0 at the input.
    pub layer: usize,
    /// The reverse direction of a two-directional layer.
    pub reverse: bool,
}

impl Place {
    /// Where the units of this direction begin among those of the layer, of which a direction has `hidden`.
    #[inline(always)]
    pub(crate) const fn column(self, hidden: usize) -> usize {
        if self.reverse { hidden } else { 0 }
    }
}

/// One named matrix within the flat slice.
///
/// ```
/// # use elman_core::*;
/// let w_rec = TensorKind::RecurrentWeights(Place { layer: 0, reverse: false });
/// let tensor = Spec::dense(2, 3, 1).tensors().find(|tensor| tensor.kind == w_rec);
/// assert_eq!(tensor.map(|w| (w.rows, w.columns, w.range())), Some((3, 3, 6..15)));
/// assert!(tensor.is_some_and(|w| w.is_transposed_in_pytorch()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// What it is for.
    pub kind: TensorKind,
    /// Where it starts.
    pub offset: usize,
    /// Rows: inputs for weights, ids for embeddings, 1 for vectors.
    pub rows: usize,
    /// Columns: outputs.
    pub columns: usize,
}

impl Tensor {
    /// The tensor's place in the flat slice.
    ///
    /// ```
    /// # use elman_core::{Place, Spec, TensorKind};
    /// let (spec, place) = (Spec::dense(2, 3, 1), Place { layer: 0, reverse: false });
    /// let find = |kind| spec.tensors().find(|tensor| tensor.kind == kind);
    /// let w_in = find(TensorKind::InputWeights(place)).map(|tensor| tensor.range());
    /// assert_eq!(w_in, Some(0..2 * 3));
    /// ```
    pub const fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.rows * self.columns
    }

    /// Whether PyTorch stores this tensor transposed, as `[out][in]`.
    ///
    /// ```
    /// # use elman_core::{Place, Spec, TensorKind};
    /// let (spec, place) = (Spec::dense(2, 3, 1), Place { layer: 0, reverse: false });
    /// let find = |kind| spec.tensors().find(|tensor| tensor.kind == kind);
    /// assert!(find(TensorKind::InputWeights(place)).is_some_and(|w| w.is_transposed_in_pytorch()));
    /// assert!(find(TensorKind::Bias(place)).is_some_and(|b| !b.is_transposed_in_pytorch()));
    /// ```
    pub const fn is_transposed_in_pytorch(&self) -> bool {
        matches!(
            self.kind,
            TensorKind::InputWeights(_) | TensorKind::RecurrentWeights(_) | TensorKind::HeadWeights
        )
    }

    /// Whether PyTorch stores this tensor with one dimension.
    ///
    /// ```
    /// # use elman_core::{Place, Spec, TensorKind};
    /// let (spec, place) = (Spec::dense(2, 3, 1), Place { layer: 0, reverse: false });
    /// let find = |kind| spec.tensors().find(|tensor| tensor.kind == kind);
    /// assert!(find(TensorKind::Bias(place)).is_some_and(|b| b.is_vector()));
    /// assert!(find(TensorKind::HeadWeights).is_some_and(|w| !w.is_vector()));
    /// ```
    pub const fn is_vector(&self) -> bool {
        matches!(
            self.kind,
            TensorKind::Bias(_)
                | TensorKind::HeadBias
                | TensorKind::InitialState(_)
                | TensorKind::InitialCell(_)
                | TensorKind::Scalars(_)
        )
    }
}

/// PyTorch's name of the tensor, such as `rnn.weight_ih_l0_reverse`.
impl fmt::Display for TensorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (stem, place) = match self {
            Self::Embedding { channel } => return write!(f, "embedding.{channel}.weight"),
            Self::HeadWeights => return f.write_str("head.weight"),
            Self::HeadBias => return f.write_str("head.bias"),
            Self::InitialState(place) => ("h0", place),
            Self::InitialCell(place) => ("c0", place),
            Self::InputWeights(place) => ("rnn.weight_ih", place),
            Self::RecurrentWeights(place) => ("rnn.weight_hh", place),
            Self::Bias(place) => ("rnn.bias_ih", place),
            Self::Scalars(place) => ("rnn.scalars", place),
        };
        let reverse = if place.reverse { "_reverse" } else { "" };
        write!(f, "{stem}_l{}{reverse}", place.layer)
    }
}

impl Spec {
    /// Length of the flat parameter slice.
    ///
    /// ```
    /// # use elman_core::Spec;
    /// const SPEC: Spec = Spec::dense(6, 32, 5);
    /// static PARAMS: [f32; SPEC.params_len()] = [0.0; 6 * 32 + 32 * 32 + 32 + 32 * 5 + 5];
    /// ```
    pub const fn params_len(&self) -> usize {
        self.head_offset() + self.head_len()
    }

    /// Length of the part that is looked up rather than multiplied: embeddings, initial states.
    /// It comes first in the flat slice.
    ///
    /// ```
    /// # use elman_core::*;
    /// let channels = Channels::of([Channel { vocabulary: 5000, width: 32 }, Channel { vocabulary: 40, width: 8 }]);
    /// let spec = Spec { input: Input::Tokens { channels, window: 3 }, initial_state: InitialState::Trained, ..Spec::dense(1, 16, 5) };
    /// assert_eq!(spec.tables_len(), 5001 * 32 + 41 * 8 + 16);
    /// ```
    pub const fn tables_len(&self) -> usize {
        let initial = match self.initial_state {
            InitialState::Zero => 0,
            InitialState::Trained => self.state_len(),
        };
        self.initial_state_offset() + initial
    }

    /// Where the trained initial states start: laid out as one sequence's state.
    ///
    /// ```
    /// # use elman_core::*;
    /// let channels = Channels::of([Channel { vocabulary: 5000, width: 32 }, Channel { vocabulary: 40, width: 8 }]);
    /// let spec = Spec { input: Input::Tokens { channels, window: 3 }, initial_state: InitialState::Trained, ..Spec::dense(1, 16, 5) };
    /// assert_eq!(spec.initial_state_offset(), 5001 * 32 + 41 * 8);
    /// ```
    pub const fn initial_state_offset(&self) -> usize {
        self.embedding_offset(self.input.channel_count())
    }

    /// Where the embedding table of `channel` starts.
    ///
    /// ```
    /// # use elman_core::*;
    /// let channels = Channels::of([Channel { vocabulary: 5000, width: 32 }, Channel { vocabulary: 40, width: 8 }]);
    /// let spec = Spec { input: Input::Tokens { channels, window: 3 }, initial_state: InitialState::Trained, ..Spec::dense(1, 16, 5) };
    /// let word = 7;
    /// let row = spec.embedding_offset(0) + word * 32; // its embedding is params[row..row + 32]
    /// assert_eq!((row, spec.embedding_offset(1)), (7 * 32, 5001 * 32));
    /// ```
    pub const fn embedding_offset(&self, channel: usize) -> usize {
        match &self.input {
            Input::Dense { .. } => 0,
            Input::Tokens { channels, .. } => {
                let (mut sum, mut i) = (0, 0);
                while i < channel && i < channels.len() {
                    sum += (channels.get(i).vocabulary + 1) * channels.get(i).width;
                    i += 1;
                }
                sum
            }
        }
    }

    /// Where the weights of one layer and direction start.
    pub(crate) const fn weights_offset(&self, place: Place) -> usize {
        let (mut offset, mut i) = (self.tables_len(), 0);
        while i < place.layer {
            offset += self.direction_len(i) * self.layer(i).directions();
            i += 1;
        }
        if place.reverse {
            offset + self.direction_len(place.layer)
        } else {
            offset
        }
    }

    /// `W_in` (I, gates·H), `W_rec` (H, gates·H), `b` (biases·H) and scalars of one direction of a layer.
    const fn direction_len(&self, layer: usize) -> usize {
        let (hidden, facts) = (self.layer(layer).hidden, self.layer(layer).cell.facts());
        let rows = self.layer_input_width(layer) + hidden;
        (rows * facts.gates + facts.biases()) * hidden + facts.scalars
    }

    /// Columns of `W_in` and `W_rec` in a layer: gates·H.
    pub(crate) const fn gate_columns(&self, layer: usize) -> usize {
        self.layer(layer).cell.facts().gates * self.layer(layer).hidden
    }

    /// Biases of one direction of a layer.
    const fn bias_len(&self, layer: usize) -> usize {
        self.layer(layer).cell.facts().biases() * self.layer(layer).hidden
    }

    pub(crate) const fn head_offset(&self) -> usize {
        self.weights_offset(Place {
            layer: self.layers.len(),
            reverse: false,
        })
    }

    /// Where the head's parameters lie: at the end, `W_out` and then `c`. Empty for a net without a head.
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec { input: Input::Dense { width: 2 }, layers: Layers::of([Layer::tanh(8)]),
    /// #     initial_state: InitialState::Zero, dropout: Dropout::NONE,
    /// #     head: Head { kind: HeadKind::Linear { outputs: 3 }, read: Read::EveryStep } };
    /// assert_eq!(SPEC.head_range().len(), (8 + 1) * 3);
    /// assert_eq!(SPEC.head_range().end, SPEC.params_len());
    /// ```
    pub const fn head_range(&self) -> Range<usize> {
        self.head_offset()..self.params_len()
    }

    /// How many parameters the head has.
    ///
    /// ```
    /// # use elman_core::Spec;
    /// const HEAD: usize = Spec::dense(2, 8, 3).head_len();
    /// assert_eq!(HEAD, (8 + 1) * 3);
    /// ```
    pub const fn head_len(&self) -> usize {
        match self.head.kind {
            HeadKind::None => 0,
            HeadKind::Linear { outputs } | HeadKind::Softmax { outputs } => {
                (self.top_width() + 1) * outputs
            }
        }
    }

    /// Every tensor, in the order of the flat slice.
    ///
    /// ```
    /// # use elman_core::*;
    /// # let spec = Spec { input: Input::Dense { width: 3 }, layers: Layers::of([Layer::tanh(4)]),
    /// #     initial_state: InitialState::Zero, dropout: Dropout::NONE,
    /// #     head: Head { kind: HeadKind::Linear { outputs: 2 }, read: Read::EveryStep } };
    /// let names: Vec<String> = spec.tensors().map(|tensor| tensor.kind.to_string()).collect();
    /// assert_eq!(names, ["rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_ih_l0", "head.weight", "head.bias"]);
    /// ```
    pub fn tensors(&self) -> impl Iterator<Item = Tensor> + '_ {
        let channels = match &self.input {
            Input::Dense { .. } => &[],
            Input::Tokens { channels, .. } => channels.as_slice(),
        };
        let embeddings = channels
            .iter()
            .enumerate()
            .map(|(channel, c)| (TensorKind::Embedding { channel }, c.vocabulary + 1, c.width));
        let trained = self.initial_state == InitialState::Trained;
        let initial = (0..self.layers.len())
            .filter(move |_| trained)
            .flat_map(|layer| self.initial_states(layer));
        let weights = self.places().flat_map(|place| {
            let (hidden, columns) = (
                self.layer(place.layer).hidden,
                self.gate_columns(place.layer),
            );
            let scalars = self.layer(place.layer).cell.facts().scalars;
            let all = [
                (
                    TensorKind::InputWeights(place),
                    self.layer_input_width(place.layer),
                    columns,
                ),
                (TensorKind::RecurrentWeights(place), hidden, columns),
                (TensorKind::Bias(place), 1, self.bias_len(place.layer)),
                (TensorKind::Scalars(place), 1, scalars),
            ];
            all.into_iter().take(if scalars > 0 { 4 } else { 3 })
        });
        let head = [
            (
                TensorKind::HeadWeights,
                self.top_width(),
                self.output_width(),
            ),
            (TensorKind::HeadBias, 1, self.output_width()),
        ];
        let has_head = self.head.kind != HeadKind::None;
        embeddings
            .chain(initial)
            .chain(weights)
            .chain(head.into_iter().filter(move |_| has_head))
            .scan(0, |offset, (kind, rows, columns)| {
                let tensor = Tensor {
                    kind,
                    offset: *offset,
                    rows,
                    columns,
                };
                *offset += rows * columns;
                Some(tensor)
            })
    }

    /// Where one tensor of the net's weights lies in the flat slice: what [`Spec::tensors`] says, without a walk.
    pub(crate) const fn range_of(&self, kind: TensorKind) -> Range<usize> {
        let (start, len) = match kind {
            TensorKind::Embedding { channel } => {
                let start = self.embedding_offset(channel);
                (start, self.embedding_offset(channel + 1) - start)
            }
            TensorKind::InitialState(place) => {
                let hidden = self.layer(place.layer).hidden;
                let start = self.initial_state_offset() + self.state_offset(place.layer);
                (start + place.column(hidden), hidden)
            }
            TensorKind::InitialCell(place) => {
                let layer = self.layer(place.layer);
                let start = self.initial_state_offset() + self.state_offset(place.layer);
                let column = layer.width() + place.column(layer.hidden);
                (
                    start + column,
                    (layer.cell.facts().states - 1) * layer.hidden,
                )
            }
            TensorKind::InputWeights(place) => {
                let len = self.layer_input_width(place.layer) * self.gate_columns(place.layer);
                (self.weights_offset(place), len)
            }
            TensorKind::RecurrentWeights(place) => {
                let columns = self.gate_columns(place.layer);
                let inputs = self.layer_input_width(place.layer) * columns;
                let len = self.layer(place.layer).hidden * columns;
                (self.weights_offset(place) + inputs, len)
            }
            TensorKind::Bias(place) => {
                let scalars = self.layer(place.layer).cell.facts().scalars;
                let len = self.bias_len(place.layer);
                let before = self.direction_len(place.layer) - scalars - len;
                (self.weights_offset(place) + before, len)
            }
            TensorKind::Scalars(place) => {
                let scalars = self.layer(place.layer).cell.facts().scalars;
                let before = self.direction_len(place.layer) - scalars;
                (self.weights_offset(place) + before, scalars)
            }
            TensorKind::HeadWeights => (
                self.head_offset(),
                self.head_len().saturating_sub(self.output_width()),
            ),
            TensorKind::HeadBias => {
                let len = self.head_len();
                let weights = len.saturating_sub(self.output_width());
                (self.head_offset() + weights, len - weights)
            }
        };
        start..start + len
    }

    /// Kind, rows and columns of a layer's initial states.
    fn initial_states(&self, layer: usize) -> impl Iterator<Item = (TensorKind, usize, usize)> {
        let Layer { hidden, cell, .. } = self.layer(layer);
        let kinds = [TensorKind::InitialState, TensorKind::InitialCell];
        let directions = self.directions_of(layer);
        kinds
            .into_iter()
            .take(cell.facts().states)
            .flat_map(move |kind| directions.clone().map(kind))
            .map(move |kind| (kind, 1, hidden))
    }

    /// The directions of a layer, forward before reverse.
    #[inline(always)]
    pub(crate) fn directions_of(
        &self,
        layer: usize,
    ) -> impl Iterator<Item = Place> + Clone + use<> {
        [false, true]
            .into_iter()
            .take(self.layer(layer).directions())
            .map(move |reverse| Place { layer, reverse })
    }

    /// Every layer and direction, from the input up, forward before reverse.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> + '_ {
        (0..self.layers.len()).flat_map(|layer| self.directions_of(layer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Channel, Channels, Direction, Dropout, Head, Layer, Layers, Read};

    #[test]
    fn ranges_are_where_tensors_says() {
        let both = |hidden| Layer {
            direction: Direction::Both,
            ..Layer::tanh(hidden)
        };
        let lstm = Layer {
            direction: Direction::Both,
            ..Layer::lstm(5)
        };
        let fast = Layer {
            cell: crate::Cell::FastGrnn,
            ..both(4)
        };
        let channel = |vocabulary, width| Channel { vocabulary, width };
        let tokens = Input::Tokens {
            channels: Channels::of([channel(9, 4), channel(3, 2)]),
            window: 3,
        };
        for input in [tokens, Input::Dense { width: 5 }] {
            for initial_state in [InitialState::Trained, InitialState::Zero] {
                for kind in [HeadKind::None, HeadKind::Linear { outputs: 3 }] {
                    let spec = Spec {
                        input,
                        layers: Layers::of([
                            both(6),
                            Layer::tanh(7),
                            both(2),
                            lstm,
                            Layer::gru(3),
                            fast,
                        ]),
                        initial_state,
                        head: Head {
                            kind,
                            read: Read::EveryStep,
                        },
                        dropout: Dropout::NONE,
                    };
                    for tensor in spec.tensors() {
                        assert_eq!(spec.range_of(tensor.kind), tensor.range(), "{tensor:?}");
                    }
                }
            }
        }
    }
}
