//! The length of every buffer of an int8 net.

use super::words::{number, vector_words};
use crate::params::Place;
use crate::spec::Spec;

/// The shape of an int8 net, which tells how long its buffers are: what [`Spec::int8`] gives.
///
/// ```
/// # use elman_core::Spec;
/// const SPEC: Spec = Spec::dense(6, 32, 5);
/// static STATE: [u32; SPEC.int8().state_len()] = [0; SPEC.int8().state_len()];
/// assert_eq!(4 * STATE.len(), 2 * 32); // two bytes per unit
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Int8Lengths<'a> {
    pub(super) spec: &'a Spec,
}

impl Spec {
    /// Lengths of the buffers of this net with int8 weights: a [`QuantizedModel`](crate::quantized::QuantizedModel).
    ///
    /// ```
    /// # use elman_core::Spec;
    /// const SPEC: Spec = Spec::dense(2, 3, 1);
    /// static WORDS: [u32; SPEC.int8().model_len()] = [0; SPEC.int8().model_len()];
    /// assert!(WORDS.len() < SPEC.params_len() * 3); // rows in fours and inputs in eights, but a byte per weight
    /// ```
    pub const fn int8(&self) -> Int8Lengths<'_> {
        Int8Lengths { spec: self }
    }
}

impl Int8Lengths<'_> {
    /// Words (`u32`) of the net: a [`QuantizedModel`](super::QuantizedModel).
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
    /// assert_eq!(4 * SPEC.int8().model_len(), 4 + (8 + 32 * (8 + 8 + 32)) + (8 + 8 * (8 + 32)));
    /// ```
    pub const fn model_len(self) -> usize {
        let head = self.head_matrix();
        if self.spec.has_head() {
            head.start + head.words()
        } else {
            head.start
        }
    }

    /// Words of state for one sequence: two numbers each, every layer and direction padded to eight numbers: h forward, h
    /// reverse, and of an LSTM c forward, c reverse.
    ///
    /// ```
    /// # use elman_core::Spec;
    /// const SPEC: Spec = Spec::dense(6, 30, 5);
    /// let state = [0u32; SPEC.int8().state_len()];
    /// assert_eq!(state.len(), 16); // 30 units, padded to 32, two in a word
    /// ```
    pub const fn state_len(self) -> usize {
        self.state_offset(self.spec.layers.len())
    }

    /// Words of scratch for a [`QuantizedStream`](super::QuantizedStream): one row of inputs and the widest layer's new
    /// state.
    ///
    /// ```
    /// # use elman_core::Spec;
    /// const SPEC: Spec = Spec::dense(6, 32, 5);
    /// let scratch = [0u32; SPEC.int8().stream_len()];
    /// assert_eq!(scratch.len(), 8 / 2 + 32 / 2); // six inputs, padded to eight, and the new state
    /// ```
    pub const fn stream_len(self) -> usize {
        vector_words(self.input_blocks()) + self.widest_words()
    }

    /// Words of workspace for [`QuantizedModel::forward`](super::QuantizedModel::forward) over `steps` steps.
    ///
    /// ```
    /// # use elman_core::Spec;
    /// let spec = Spec::dense(6, 32, 5);
    /// assert_eq!(spec.int8().workspace_len(100), 8 / 2 + 100 * 32 / 2);
    /// ```
    pub const fn workspace_len(self, steps: usize) -> usize {
        // A layer reads the rows of the one below from one buffer and writes its own to the other.
        let buffers = if self.spec.layers.len() > 1 { 2 } else { 1 };
        let rows = self.widest_words().saturating_mul(steps);
        vector_words(self.input_blocks()).saturating_add(rows.saturating_mul(buffers))
    }

    /// Words of scratch for [`QuantizedGolden::check`](super::QuantizedGolden::check), whose longest sequence has `longest`
    /// steps.
    ///
    /// ```
    /// # use elman_core::Spec;
    /// const SPEC: Spec = Spec::dense(2, 3, 1);
    /// let scratch = [0u32; SPEC.int8().self_test_len(100)];
    /// assert_eq!(scratch.len(), SPEC.int8().stream_len()); // step by step, however long sequences are
    /// ```
    pub const fn self_test_len(self, longest: usize) -> usize {
        if self.spec.is_bidirectional() {
            self.workspace_len(longest)
        } else {
            self.stream_len()
        }
    }

    /// Numbers (`f64`) of a [`Calibration`](super::Calibration): for each matrix the square of what it reads, one more for
    /// the bias.
    ///
    /// ```
    /// # use elman_core::Spec;
    /// // 17 magnitudes; of each matrix what it reads (and 1 for the bias) by what it reads; a row of room.
    /// assert_eq!(Spec::dense(2, 3, 1).int8().calibration_len(), 17 + (2 + 3 + 1) * (2 + 3 + 1) + (3 + 1) * (3 + 1) + 6);
    /// ```
    pub const fn calibration_len(self) -> usize {
        let head = Place {
            layer: self.spec.layers.len(),
            reverse: false,
        };
        let width = self.moments_width(head.layer);
        self.moments_offset(head) + width * width + self.widest_moments()
    }

    /// Bytes of room for [`quantize`](super::quantize()): a row of weights of the matrix that reads most.
    ///
    /// ```
    /// # use elman_core::Spec;
    /// assert_eq!(Spec::dense(6, 32, 5).int8().bytes_len(), 6 + 32 + 1);
    /// ```
    pub const fn bytes_len(self) -> usize {
        self.widest_moments()
    }

    /// Numbers (`f64`) of scratch for [`quantize`](super::quantize()).
    ///
    /// ```
    /// # use elman_core::Spec;
    /// let spec = Spec::dense(6, 32, 5);
    /// // Of the layer: moments of 6 + 32 + 1 numbers, a row of weights, two steps per row.
    /// assert_eq!(spec.int8().scratch_len(), 39 * 39 + 39 + 2 * 32);
    /// ```
    pub const fn scratch_len(self) -> usize {
        let (mut most, mut layer) = (0, 0);
        while layer <= self.spec.layers.len() {
            let width = self.moments_width(layer);
            let rows = if layer < self.spec.layers.len() {
                let l = self.spec.layer(layer);
                l.cell.facts().own() * l.hidden
            } else {
                self.spec.output_width()
            };
            // moments, a row of weights, two steps per row
            let needed = width * width + width + 2 * rows;
            if needed > most {
                most = needed;
            }
            layer += 1;
        }
        most
    }

    /// h of unit `unit` of a layer and direction in the state of one sequence; zero where there is none.
    ///
    /// ```
    /// # use elman_core::*;
    /// # let spec = Spec { input: Input::Dense { width: 3 }, layers: Layers::of([Layer::tanh(4), Layer::tanh(2)]),
    /// #     initial_state: InitialState::Zero, dropout: Dropout::NONE,
    /// #     head: Head { kind: HeadKind::None, read: Read::EveryStep } };
    /// let state = [1, 2, 3, 4, 5 << 16, 6, 7, 8];
    /// let top = Place { layer: 1, reverse: false };
    /// assert_eq!([0, 1].map(|unit| spec.int8().read_state(&state, top, unit)), [0, 5]);
    /// ```
    pub fn read_state(self, state: &[u32], place: Place, unit: usize) -> i16 {
        number(state, 2 * self.place_offset(place) + unit)
    }

    /// c of a unit of an LSTM there; zero where there is none.
    ///
    /// ```
    /// # use elman_core::*;
    /// let spec = Spec { layers: Layers::of([Layer::lstm(3)]), ..Spec::dense(2, 3, 1) };
    /// // Three h, padded to eight, then three c.
    /// let state = [1 | 2 << 16, 3, 0, 0, 4 | 5 << 16, 6, 0, 0];
    /// let layer = Place { layer: 0, reverse: false };
    /// assert_eq!(spec.int8().state_len(), 8);
    /// assert_eq!([0, 1, 2].map(|unit| spec.int8().read_cell(&state, layer, unit)), [4, 5, 6]);
    /// ```
    pub fn read_cell(self, state: &[u32], place: Place, unit: usize) -> i16 {
        if self.spec.layer(place.layer).cell.facts().states < 2 {
            return 0;
        }
        let start = self.place_offset(place) + self.layer_words(place.layer);
        number(state, 2 * start + unit)
    }
}
