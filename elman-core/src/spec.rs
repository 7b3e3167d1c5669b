//! The shape of a net, as one `Copy` value. Every buffer length is a `const fn` of it.

mod dimension;
mod dropout;
mod head;
mod input;
mod layer;
mod list;

pub use dimension::MAX_DIMENSION;
use dimension::is_dimension;
pub use dropout::Dropout;
pub use head::{Head, HeadKind, Read};
pub use input::{Channel, Channels, Input, MAX_CHANNELS};
pub use layer::{Direction, InitialState, Layer, Layers, MAX_LAYERS};
pub use list::List;

use crate::error::Error;

/// An Elman net: `h[t] = f(W_in·x[t] + W_rec·h[t-1] + b)`, `y[t] = g(W_out·h[t] + c)`
/// (J. L. Elman, "Finding Structure in Time", Cognitive Science 14, 1990); any layer's units may be [other cells](crate::Cell).
///
/// ```
/// use elman_core::*;
/// const SPEC: Spec = Spec {
///     input: Input::Dense { width: 6 },
///     layers: Layers::of([Layer::tanh(32)]),
///     initial_state: InitialState::Zero,
///     head: Head { kind: HeadKind::Linear { outputs: 5 }, read: Read::EveryStep },
///     dropout: Dropout::NONE,
/// };
/// static STATE: [f32; SPEC.state_len()] = [0.0; SPEC.state_len()];
/// assert_eq!(STATE.len(), 32);
/// assert_eq!(SPEC.params_len(), 6 * 32 + 32 * 32 + 32 + 32 * 5 + 5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// What a time step reads.
    pub input: Input,
    /// One to eight recurrent layers.
    pub layers: Layers,
    /// Where the hidden state starts.
    pub initial_state: InitialState,
    /// What is read off the last layer.
    pub head: Head,
    /// Rates used while training only.
    pub dropout: Dropout,
}

impl Spec {
    /// Elman's own net: so many numbers per step, one tanh layer, a linear head that reads every step.
    ///
    /// ```
    /// use elman_core::Spec;
    /// const SPEC: Spec = Spec::dense(6, 32, 5);
    /// assert_eq!(SPEC.params_len(), 6 * 32 + 32 * 32 + 32 + 32 * 5 + 5);
    /// ```
    pub const fn dense(inputs: usize, hidden: usize, outputs: usize) -> Self {
        Self {
            input: Input::Dense { width: inputs },
            layers: Layers::of([Layer::tanh(hidden)]),
            initial_state: InitialState::Zero,
            head: Head {
                kind: HeadKind::Linear { outputs },
                read: Read::EveryStep,
            },
            dropout: Dropout::NONE,
        }
    }

    /// The layer `index`, counted from the input.
    #[inline(always)]
    pub(crate) const fn layer(&self, index: usize) -> Layer {
        self.layers.get(index)
    }

    /// Numbers per row that layer `index` reads.
    ///
    /// ```
    /// # use elman_core::*;
    /// let both = Layer { direction: Direction::Both, ..Layer::tanh(32) };
    /// let spec = Spec { layers: Layers::of([both, Layer::tanh(16)]), ..Spec::dense(6, 1, 5) };
    /// assert_eq!([0, 1].map(|layer| spec.layer_input_width(layer)), [6, 64]);
    /// ```
    #[inline(always)]
    pub const fn layer_input_width(&self, index: usize) -> usize {
        if index == 0 {
            self.input.width()
        } else {
            self.layer(index - 1).width()
        }
    }

    /// Numbers per row of the last layer: what the head reads.
    ///
    /// ```
    /// # use elman_core::*;
    /// let both = Layer { direction: Direction::Both, ..Layer::tanh(32) };
    /// let spec = Spec { layers: Layers::of([both, Layer::tanh(16)]), ..Spec::dense(6, 1, 5) };
    /// assert_eq!(spec.top_width(), 16);
    /// ```
    #[inline(always)]
    pub const fn top_width(&self) -> usize {
        self.layer(self.layers.len() - 1).width()
    }

    /// The widest layer output.
    ///
    /// ```
    /// # use elman_core::*;
    /// let both = Layer { direction: Direction::Both, ..Layer::tanh(32) };
    /// let spec = Spec { layers: Layers::of([both, Layer::tanh(16)]), ..Spec::dense(6, 1, 5) };
    /// assert_eq!(spec.widest(), 64);
    /// ```
    #[inline(always)]
    pub const fn widest(&self) -> usize {
        let (mut widest, mut i) = (0, 0);
        while i < self.layers.len() {
            if self.layer(i).width() > widest {
                widest = self.layer(i).width();
            }
            i += 1;
        }
        widest
    }

    /// Numbers per row that the first layer reads.
    ///
    /// ```
    /// # use elman_core::*;
    /// let words = Channels::of([Channel { vocabulary: 5000, width: 32 }]);
    /// let spec = Spec { input: Input::Tokens { channels: words, window: 3 }, ..Spec::dense(1, 16, 5) };
    /// assert_eq!((spec.input_width(), Spec::dense(6, 16, 5).input_width()), (96, 6));
    /// ```
    #[inline(always)]
    pub const fn input_width(&self) -> usize {
        self.input.width()
    }

    /// Numbers per output row.
    ///
    /// ```
    /// # use elman_core::*;
    /// let spec = Spec::dense(6, 32, 5);
    /// let bare = Spec { head: Head { kind: HeadKind::None, read: Read::EveryStep }, ..spec };
    /// assert_eq!((spec.output_width(), bare.output_width()), (5, 32));
    /// ```
    #[inline(always)]
    pub const fn output_width(&self) -> usize {
        match self.head.kind {
            HeadKind::None => self.top_width(),
            HeadKind::Linear { outputs } | HeadKind::Softmax { outputs } => outputs,
        }
    }

    /// Output rows of a batch with `rows` rows in `sequences` sequences.
    ///
    /// ```
    /// # use elman_core::*;
    /// let label = Spec::dense(6, 32, 5);
    /// let classify = Spec { head: Head { read: Read::LastStep, ..label.head }, ..label };
    /// // Three sequences with 20 steps between them.
    /// assert_eq!((label.output_rows(20, 3), classify.output_rows(20, 3)), (20, 3));
    /// ```
    pub const fn output_rows(&self, rows: usize, sequences: usize) -> usize {
        match self.head.read {
            Read::EveryStep => rows,
            Read::LastStep => sequences,
        }
    }

    /// Whether any layer runs both ways.
    ///
    /// ```
    /// # use elman_core::*;
    /// let both = Layer { direction: Direction::Both, ..Layer::tanh(32) };
    /// let spec = Spec { layers: Layers::of([both, Layer::tanh(16)]), ..Spec::dense(6, 1, 5) };
    /// assert!(spec.is_bidirectional() && !Spec::dense(6, 32, 5).is_bidirectional());
    /// ```
    pub const fn is_bidirectional(&self) -> bool {
        let mut i = 0;
        while i < self.layers.len() {
            if self.layer(i).directions() == 2 {
                return true;
            }
            i += 1;
        }
        false
    }

    /// State of one sequence: every layer, one after the other; of a layer every state of its cell, `h` first (of an LSTM
    /// `h`, then `c`); of each the forward direction, then the reverse one.
    ///
    /// ```
    /// # use elman_core::{Layer, Layers, Spec};
    /// const SPEC: Spec = Spec::dense(6, 32, 5);
    /// let state = [0.0f32; SPEC.state_len()];
    /// assert_eq!(state.len(), 32);
    /// let lstm = Spec { layers: Layers::of([Layer::lstm(32), Layer::gru(8)]), ..SPEC };
    /// assert_eq!(lstm.state_len(), 32 + 32 + 8); // h and c of layer 0, h of layer 1
    /// ```
    pub const fn state_len(&self) -> usize {
        self.state_offset(self.layers.len())
    }

    /// Where layer `index` starts within one sequence's state.
    ///
    /// ```
    /// # use elman_core::*;
    /// let both = Layer { direction: Direction::Both, ..Layer::tanh(32) };
    /// let spec = Spec { layers: Layers::of([both, Layer::tanh(16)]), ..Spec::dense(6, 1, 5) };
    /// // Forward and reverse half of layer 0, then layer 1.
    /// assert_eq!([0, 1].map(|layer| spec.state_offset(layer)), [0, 64]);
    /// ```
    pub const fn state_offset(&self, index: usize) -> usize {
        let (mut sum, mut i) = (0, 0);
        while i < index {
            sum += self.layer(i).state_len();
            i += 1;
        }
        sum
    }

    /// Checks every dimension once, so that no length can overflow afterwards.
    ///
    /// # Errors
    /// [`Error::Spec`] with the first thing that is wrong.
    ///
    /// ```
    /// # use elman_core::{Error, Spec};
    /// assert_eq!(Spec::dense(2, 0, 1).check(), Err(Error::Spec("hidden units must lie in 1..=2^24")));
    /// ```
    pub const fn check(&self) -> Result<(), Error> {
        match self.problem() {
            None => Ok(()),
            Some(what) => Err(Error::Spec(what)),
        }
    }

    /// The first thing that is wrong.
    pub(crate) const fn problem(&self) -> Option<&'static str> {
        if let Some(what) = self.input.problem() {
            return Some(what);
        }
        // u64 cannot overflow here: at most 24 products of numbers up to 2^25 and 2^25.
        let (mut width, mut total) = (self.input.width() as u64, self.input.embeddings());
        let mut i = 0;
        while i < self.layers.len() {
            let layer = self.layer(i);
            if let Some(what) = layer.problem() {
                return Some(what);
            }
            let (h, directions) = (layer.hidden as u64, layer.directions() as u64);
            let facts = layer.cell.facts();
            let columns = facts.sums as u64 * (h + 16);
            let numbers = (facts.biases() + facts.states) as u64 * h + facts.scalars as u64;
            total += directions * ((width + 16) * columns + (h + 16) * columns + numbers);
            width = directions * h;
            i += 1;
        }
        if let HeadKind::Linear { outputs } | HeadKind::Softmax { outputs } = self.head.kind {
            if !is_dimension(outputs) {
                return Some("outputs must lie in 1..=2^24");
            }
            total += (width + 16) * (outputs as u64 + 16);
        }
        if total > isize::MAX as u64 / 16 {
            return Some("the parameters do not fit the address space");
        }
        self.dropout.problem()
    }
}
