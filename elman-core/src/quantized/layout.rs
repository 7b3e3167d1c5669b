//! Where everything lies within the words of an int8 net and its state.

use super::lengths::Int8Lengths;
use super::words::{BLOCK, Matrix, blocks, embedding_words, vector_words};
use crate::params::Place;
use crate::spec::{HeadKind, InitialState, Input};

impl Int8Lengths<'_> {
    /// Blocks of h of a layer, both directions.
    const fn layer_blocks(self, layer: usize) -> usize {
        let l = self.spec.layer(layer);
        blocks(l.hidden) * l.directions()
    }

    /// Words of a row of its h.
    pub(super) const fn layer_words(self, layer: usize) -> usize {
        vector_words(self.layer_blocks(layer))
    }

    /// Words of all its states: h, then c of an LSTM.
    pub(super) const fn states_words(self, layer: usize) -> usize {
        self.spec.layer(layer).cell.facts().states * self.layer_words(layer)
    }

    /// Words of h of the widest layer.
    pub(super) const fn widest_words(self) -> usize {
        let (mut widest, mut i) = (0, 0);
        while i < self.spec.layers.len() {
            if self.layer_words(i) > widest {
                widest = self.layer_words(i);
            }
            i += 1;
        }
        widest
    }

    /// Where the state of a layer starts within one sequence's.
    pub(super) const fn state_offset(self, layer: usize) -> usize {
        let (mut sum, mut i) = (0, 0);
        while i < layer {
            sum += self.states_words(i);
            i += 1;
        }
        sum
    }

    /// Where h of a layer and direction starts there; c of an LSTM lies [`Int8Lengths::layer_words`] behind it.
    pub(super) const fn place_offset(self, place: Place) -> usize {
        let forward = vector_words(blocks(self.spec.layer(place.layer).hidden));
        self.state_offset(place.layer) + if place.reverse { forward } else { 0 }
    }

    /// Blocks of a row of inputs.
    pub(super) const fn input_blocks(self) -> usize {
        match &self.spec.input {
            Input::Dense { width } => blocks(*width),
            Input::Tokens { channels, window } => {
                let (mut sum, mut i) = (0, 0);
                while i < channels.len() {
                    sum += channels.get(i).width.next_multiple_of(4);
                    i += 1;
                }
                blocks(sum * *window)
            }
        }
    }

    /// Blocks that the head reads.
    pub(super) const fn top_blocks(self) -> usize {
        self.layer_blocks(self.spec.layers.len() - 1)
    }

    /// Where the embeddings of a channel start.
    pub(super) const fn embedding_offset(self, channel: usize) -> usize {
        match &self.spec.input {
            Input::Dense { .. } => 1,
            Input::Tokens { channels, .. } => {
                let (mut sum, mut i) = (1, 0);
                while i < channel && i < channels.len() {
                    let c = channels.get(i);
                    sum += (c.vocabulary + 1) * embedding_words(c.width);
                    i += 1;
                }
                sum
            }
        }
    }

    /// Where the trained initial states start.
    pub(super) const fn initial_state_offset(self) -> usize {
        self.embedding_offset(self.spec.input.channel_count())
    }

    /// Where the first matrix starts.
    pub(super) const fn matrices_offset(self) -> usize {
        let initial = match self.spec.initial_state {
            InitialState::Zero => 0,
            InitialState::Trained => self.state_len(),
        };
        self.initial_state_offset() + initial
    }

    /// The matrix of a layer and direction.
    pub(super) const fn layer_matrix(self, place: Place) -> Matrix {
        let mut start = self.matrices_offset();
        let mut layer = 0;
        loop {
            let l = self.spec.layer(layer);
            let x_blocks = if layer == 0 {
                self.input_blocks()
            } else {
                self.layer_blocks(layer - 1)
            };
            let matrix = Matrix {
                start,
                ..Matrix::of(l.cell, l.hidden, x_blocks, blocks(l.hidden))
            };
            if layer == place.layer {
                let before = if place.reverse { matrix.words() } else { 0 };
                return Matrix {
                    start: start + before,
                    ..matrix
                };
            }
            start += matrix.words() * l.directions();
            layer += 1;
        }
    }

    /// The head's matrix; without a head, where it would start.
    pub(super) const fn head_matrix(self) -> Matrix {
        let top = self.spec.layers.len() - 1;
        let last = self.layer_matrix(Place {
            layer: top,
            reverse: false,
        });
        let outputs = match self.spec.head.kind {
            HeadKind::None => 0,
            HeadKind::Linear { outputs } | HeadKind::Softmax { outputs } => outputs,
        };
        Matrix {
            start: last.start + last.words() * self.spec.layer(top).directions(),
            ..Matrix::plain(outputs, self.top_blocks(), 0)
        }
    }

    /// Column `column` of what a layer reads (the head: layer `layers.len()`), among the padded columns.
    pub(super) fn padded_column(self, layer: usize, column: usize) -> usize {
        match (layer.checked_sub(1), &self.spec.input) {
            (Some(below), _) => {
                let hidden = self.spec.layer(below).hidden;
                column / hidden * hidden.next_multiple_of(BLOCK) + column % hidden
            }
            (None, Input::Dense { .. }) => column,
            (None, Input::Tokens { channels, window }) => {
                let step_width = self.spec.input.width() / window;
                let (mut within, mut start, mut padded_width) = (column % step_width, 0, 0);
                let mut found = false;
                for c in channels.as_slice() {
                    let padded = c.width.next_multiple_of(4);
                    found = found || within < c.width;
                    if !found {
                        within -= c.width;
                        start += padded;
                    }
                    padded_width += padded;
                }
                column / step_width * padded_width + start + within
            }
        }
    }
}
