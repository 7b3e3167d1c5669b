//! What is read off the last layer.

/// What is read off the last layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The map from hidden state to output.
    pub kind: HeadKind,
    /// At which steps.
    pub read: Read,
}

/// The map from hidden state to output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadKind {
    /// The hidden state itself.
    None,
    /// `W_out·h + c`.
    Linear {
        /// Numbers per output row.
        outputs: usize,
    },
    /// `softmax(W_out·h + c)`.
    Softmax {
        /// Classes.
        outputs: usize,
    },
}

/// At which steps the head reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// At every step: one output row per input row.
    EveryStep,
    /// Once per sequence: the last step of the forward direction, the first of the reverse direction.
    LastStep,
}
