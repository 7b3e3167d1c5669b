//! What is read off the last layer.

/// What is read off the last layer.
///
/// ```
/// # use elman_core::{Head, HeadKind, Read, Spec};
/// // Which of ten classes a whole sequence belongs to.
/// let head = Head { kind: HeadKind::Softmax { outputs: 10 }, read: Read::LastStep };
/// let spec = Spec { head, ..Spec::dense(6, 32, 1) };
/// assert_eq!((spec.output_width(), spec.output_rows(20, 3)), (10, 3));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The map from hidden state to output.
    pub kind: HeadKind,
    /// At which steps.
    pub read: Read,
}

/// The map from hidden state to output.
///
/// ```
/// # use elman_core::*;
/// let head = Head { kind: HeadKind::Softmax { outputs: 4 }, read: Read::EveryStep };
/// let spec = Spec { head, ..Spec::dense(2, 3, 1) };
/// # let params = vec![0.1; spec.params_len()];
/// # let mut packed = vec![Strip::ZERO; spec.packed_len()];
/// # pack(&spec, &params, &mut packed)?;
/// # let model = Model::new(spec, &params, &packed)?;
/// # let (mut state, mut scratch) = (vec![0.0; spec.state_len()], vec![Strip::ZERO; spec.stream_len()]);
/// let mut output = [0.0; 4];
/// Stream::new(Level::detect(), model, &mut state, &mut scratch)?.step(Inputs::Dense(&[0.5, -1.0]), &mut output)?;
/// assert_eq!(output, [0.25; 4]); // probabilities, here of a net whose logits are all the same
/// # Ok::<(), Error>(())
/// ```
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
///
/// ```
/// # use elman_core::{Head, HeadKind, Read, Spec};
/// let kind = HeadKind::Softmax { outputs: 9 };
/// let rows = |read| Spec { head: Head { kind, read }, ..Spec::dense(6, 32, 1) }.output_rows(20, 3);
/// // Three sequences with 20 steps between them: labels for every step, or a class for each sequence.
/// assert_eq!([Read::EveryStep, Read::LastStep].map(rows), [20, 3]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// At every step: one output row per input row.
    EveryStep,
    /// Once per sequence: the last step of the forward direction, the first of the reverse direction.
    LastStep,
}
