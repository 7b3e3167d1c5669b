//! Where everything lies within the words of a quantised net.

use crate::params::Place;
use crate::spec::{HeadKind, InitialState, Input, Spec};

/// Inputs per block.
pub(super) const BLOCK: usize = 8;
/// Rows that share a block.
pub(super) const ROWS: usize = 4;
/// Words of biases and multipliers in front of four rows.
pub(super) const ROWS_HEAD: usize = 2 * ROWS;
/// Words in front of a matrix: shift and unit.
pub(super) const MATRIX_HEAD: usize = 2;

/// Words of so many blocks of pairs: what a matrix reads.
pub(super) const fn pairs(blocks: usize) -> usize {
    blocks * (BLOCK / 2)
}

/// Blocks that hold so many numbers.
pub(super) const fn blocks(numbers: usize) -> usize {
    numbers.div_ceil(BLOCK)
}

/// Words of an embedding: its multiplier, then four bytes each.
pub(super) const fn embedding_words(width: usize) -> usize {
    1 + width.div_ceil(4)
}

/// A matrix within the words: a layer and direction, or the head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matrix {
    /// Where its words start: shift, unit, rows.
    pub start: usize,
    pub rows: usize,
    /// Blocks of inputs.
    pub below: usize,
    /// Blocks of the state; none for the head.
    pub state: usize,
}

impl Matrix {
    /// Words per four rows.
    pub const fn group_words(&self) -> usize {
        ROWS_HEAD + 2 * ROWS * (self.below + self.state)
    }

    /// All its words.
    pub const fn words(&self) -> usize {
        MATRIX_HEAD + self.rows.div_ceil(ROWS) * self.group_words()
    }
}

impl Spec {
    /// Words (`u32`) of the net in whole numbers: a [`QuantizedModel`](crate::quantized::QuantizedModel).
    ///
    /// ```
    /// # use elman_core::*;
    /// const SPEC: Spec = Spec {
    ///     input: Input::Dense { width: 6 },
    ///     layers: Layers::of([Layer::tanh(32)]),
    ///     initial_state: InitialState::Zero,
    ///     head: Head { kind: HeadKind::Linear { outputs: 5 }, read: Read::EveryStep },
    ///     dropout: Dropout::NONE,
    /// };
    /// // A byte per weight, eight per row, rows in fours, inputs in eights.
    /// assert_eq!(4 * SPEC.quantized_len(), 4 + (8 + 32 * (8 + 8 + 32)) + (8 + 8 * (8 + 32)));
    /// ```
    pub const fn quantized_len(&self) -> usize {
        let head = self.quantized_head();
        if self.has_head() {
            head.start + head.words()
        } else {
            head.start
        }
    }

    /// Words of state for one sequence of a quantised net: two numbers each, every layer and direction padded to eight numbers.
    ///
    /// ```
    /// # use elman_core::Spec;
    /// const SPEC: Spec = Spec::dense(6, 30, 5);
    /// let state = [0u32; SPEC.quantized_state_len()];
    /// assert_eq!(state.len(), 16); // 30 units, padded to 32, two in a word
    /// ```
    pub const fn quantized_state_len(&self) -> usize {
        self.quantized_state_offset(self.layers.len())
    }

    /// Words of scratch for a [`QuantizedStream`](crate::quantized::QuantizedStream): one row of inputs and the widest
    /// layer's new state.
    ///
    /// ```
    /// # use elman_core::Spec;
    /// const SPEC: Spec = Spec::dense(6, 32, 5);
    /// let scratch = [0u32; SPEC.quantized_stream_len()];
    /// assert_eq!(scratch.len(), 8 / 2 + 32 / 2); // six inputs, padded to eight, and the new state
    /// ```
    pub const fn quantized_stream_len(&self) -> usize {
        pairs(self.quantized_input_blocks()) + self.quantized_widest()
    }

    /// Words of workspace for [`QuantizedModel::forward`](crate::quantized::QuantizedModel::forward) over `steps` steps.
    ///
    /// ```
    /// # use elman_core::Spec;
    /// let spec = Spec::dense(6, 32, 5);
    /// assert_eq!(spec.quantized_workspace_len(100), 8 / 2 + 100 * 32 / 2);
    /// ```
    pub const fn quantized_workspace_len(&self, steps: usize) -> usize {
        let turns = if self.layers.len() > 1 { 2 } else { 1 };
        let rows = self.quantized_widest().saturating_mul(steps);
        pairs(self.quantized_input_blocks()).saturating_add(rows.saturating_mul(turns))
    }

    /// Words of the state of a layer, both directions.
    pub(super) const fn quantized_width(&self, layer: usize) -> usize {
        let l = self.layer(layer);
        pairs(blocks(l.hidden) * l.directions())
    }

    pub(super) const fn quantized_widest(&self) -> usize {
        let (mut widest, mut i) = (0, 0);
        while i < self.layers.len() {
            if self.quantized_width(i) > widest {
                widest = self.quantized_width(i);
            }
            i += 1;
        }
        widest
    }

    /// Where the state of a layer starts within one sequence's.
    pub(super) const fn quantized_state_offset(&self, layer: usize) -> usize {
        let (mut sum, mut i) = (0, 0);
        while i < layer {
            sum += self.quantized_width(i);
            i += 1;
        }
        sum
    }

    /// Blocks of a row of inputs.
    pub(super) const fn quantized_input_blocks(&self) -> usize {
        match &self.input {
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
    pub(super) const fn quantized_top_blocks(&self) -> usize {
        self.quantized_width(self.layers.len() - 1) / pairs(1)
    }

    /// Where the embeddings of a channel start.
    pub(super) const fn quantized_embedding_offset(&self, channel: usize) -> usize {
        match &self.input {
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
    pub(super) const fn quantized_initial_offset(&self) -> usize {
        self.quantized_embedding_offset(self.input.channel_count())
    }

    /// Where the first matrix starts.
    pub(super) const fn quantized_matrices_offset(&self) -> usize {
        let initial = match self.initial_state {
            InitialState::Zero => 0,
            InitialState::Trained => self.quantized_state_len(),
        };
        self.quantized_initial_offset() + initial
    }

    /// The matrix of a layer and direction.
    pub(super) const fn quantized_matrix(&self, place: Place) -> Matrix {
        let mut start = self.quantized_matrices_offset();
        let mut layer = 0;
        loop {
            let l = self.layer(layer);
            let below = if layer == 0 {
                self.quantized_input_blocks()
            } else {
                self.quantized_width(layer - 1) / pairs(1)
            };
            let matrix = Matrix {
                start,
                rows: l.hidden,
                below,
                state: blocks(l.hidden),
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
    pub(super) const fn quantized_head(&self) -> Matrix {
        let top = self.layers.len() - 1;
        let last = self.quantized_matrix(Place {
            layer: top,
            reverse: false,
        });
        Matrix {
            start: last.start + last.words() * self.layer(top).directions(),
            rows: match self.head.kind {
                HeadKind::None => 0,
                HeadKind::Linear { outputs } | HeadKind::Softmax { outputs } => outputs,
            },
            below: self.quantized_top_blocks(),
            state: 0,
        }
    }

    /// Where number `column` of what a layer reads (the head: `layers.len()`) lies among its padded numbers.
    pub(super) fn quantized_column(&self, layer: usize, column: usize) -> usize {
        match (layer.checked_sub(1), &self.input) {
            (Some(below), _) => {
                let hidden = self.layer(below).hidden;
                column / hidden * hidden.next_multiple_of(BLOCK) + column % hidden
            }
            (None, Input::Dense { .. }) => column,
            (None, Input::Tokens { channels, window }) => {
                let step = self.input.width() / window;
                let (mut within, mut padded) = (column % step, 0);
                let mut all = 0;
                let mut found = false;
                for c in channels.as_slice() {
                    found = found || within < c.width;
                    if !found {
                        within -= c.width;
                        padded += c.width.next_multiple_of(4);
                    }
                    all += c.width.next_multiple_of(4);
                }
                column / step * all + padded + within
            }
        }
    }
}
