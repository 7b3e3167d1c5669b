//! An int8 net, read where it lies.

use super::gated::gated_code;
use super::inputs::round_to_16;
use super::layer::{GatedCode, LayerStep, limit_of, shifts_of, unit_of};
use super::step::apply_head;
use super::sums::{LIMIT, SHIFT, check_group};
use super::words::{MATRIX_HEADER, Matrix, blocks, embedding_words, number, vector_words};
use crate::error::{Error, check_len};
use crate::kernel::softmax::Softmax;
use crate::params::Place;
use crate::simd::Level;
use crate::simd::int8::pair;
use crate::slices::at;
use crate::spec::{Channel, HeadKind, InitialState, Layer, Spec};

/// An int8 net: its spec and its words, checked once.
///
/// ```
/// use elman_core::{*, quantized::*};
///
/// const SPEC: Spec = Spec {
///     input: Input::Dense { width: 2 },
///     layers: Layers::of([Layer::tanh(8)]),
///     initial_state: InitialState::Zero,
///     head: Head { kind: HeadKind::Linear { outputs: 3 }, read: Read::EveryStep },
///     dropout: Dropout::NONE,
/// };
/// // On a chip these come from an export; here all weights are zero.
/// static WORDS: [u32; SPEC.int8().model_len()] = [0; SPEC.int8().model_len()];
/// let (mut state, mut scratch) = ([0; SPEC.int8().state_len()], [0; SPEC.int8().stream_len()]);
/// let model = QuantizedModel::new(SPEC, &WORDS)?;
/// let mut net = QuantizedStream::new(model, &mut state, &mut scratch)?;
/// let mut logits = [1; 3];
/// net.step_integers(Integers::Dense(&[1200, -340]), &mut logits)?;
/// assert_eq!(logits, [0; 3]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct QuantizedModel<'a> {
    spec: Spec,
    words: &'a [u32],
    gated: Option<&'static GatedCode>,
}

impl<'a> QuantizedModel<'a> {
    /// Joins a spec with its words.
    ///
    /// # Errors
    /// [`Error::Spec`], [`Error::Length`], or [`Error::Quantized`] where a shift exceeds 31 or sums could overflow.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.int8().model_len()];
    /// assert!(QuantizedModel::new(spec, &words).is_ok());
    /// // Words of another net are refused.
    /// assert!(QuantizedModel::new(Spec::dense(20, 3, 1), &words).is_err());
    /// ```
    #[inline(always)]
    pub fn new(spec: Spec, words: &'a [u32]) -> Result<Self, Error> {
        // Here, where the caller's spec may be a constant.
        let gated = gated_code(&spec);
        Self::checked(spec, words, gated)
    }

    fn checked(
        spec: Spec,
        words: &'a [u32],
        gated: Option<&'static GatedCode>,
    ) -> Result<Self, Error> {
        spec.check()?;
        check_len("words", spec.int8().model_len(), words.len())?;
        let model = Self { spec, words, gated };
        for place in spec.places() {
            let (matrix, cell) = (
                spec.int8().layer_matrix(place),
                spec.layer(place.layer).cell,
            );
            match gated {
                Some(gated) if cell.is_gated() => {
                    (gated.check)(model.matrix(matrix), matrix, cell)?;
                }
                _ => model.check(matrix, cell.limit().is_some())?,
            }
        }
        if spec.has_head() {
            model.check(spec.int8().head_matrix(), false)?;
        }
        Ok(model)
    }

    /// Whether every sum of the matrix fits 32 bits, whatever its weights.
    fn check(&self, matrix: Matrix, has_clip: bool) -> Result<(), Error> {
        let words = self.matrix(matrix);
        if words.first().is_some_and(|&word| word & 0xffff > 31) {
            return Err(SHIFT);
        }
        let limit = limit_of(words);
        if has_clip != (limit > 0) || limit > 0x7fff {
            return Err(LIMIT);
        }
        let groups = at(words, MATRIX_HEADER..);
        for group in groups.chunks_exact(matrix.four_words.max(1)) {
            check_group(group, [matrix.x_blocks, matrix.h_blocks], i32::MAX)?;
        }
        Ok(())
    }

    /// The shape of the net.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.int8().model_len()];
    /// assert_eq!(QuantizedModel::new(spec, &words)?.spec(), &spec);
    /// # Ok::<(), Error>(())
    /// ```
    pub const fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The words.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.int8().model_len()];
    /// QuantizedWriter::new(&spec, &mut words)?.input_scale(1000.0);
    /// assert_eq!(QuantizedModel::new(spec, &words)?.words()[0], 1000f32.to_bits()); // the first word is the input scale
    /// # Ok::<(), Error>(())
    /// ```
    pub const fn words(&self) -> &'a [u32] {
        self.words
    }

    /// How many units of an input make 1.0: integers are inputs times this, rounded.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.int8().model_len()];
    /// QuantizedWriter::new(&spec, &mut words)?.input_scale(1000.0);
    /// assert_eq!(QuantizedModel::new(spec, &words)?.input_scale(), 1000.0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn input_scale(&self) -> f32 {
        f32::from_bits(self.words.first().copied().unwrap_or(0))
    }

    /// The integer that stands for an input.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.int8().model_len()];
    /// QuantizedWriter::new(&spec, &mut words)?.input_scale(1000.0);
    /// let model = QuantizedModel::new(spec, &words)?;
    /// // What does not fit 16 bits is cut off.
    /// assert_eq!([0.25, -1.0, 99.0].map(|x| model.integer(x)), [250, -1000, 32767]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn integer(&self, x: f32) -> i16 {
        round_to_16(x, self.input_scale())
    }

    /// What one unit of a logit is worth (of the last layer's state, where there is no head).
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.int8().model_len()];
    /// QuantizedWriter::new(&spec, &mut words)?.head(0.5)?;
    /// assert_eq!(QuantizedModel::new(spec, &words)?.unit(), 0.5);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn unit(&self) -> f32 {
        let top = Place {
            layer: self.spec.layers.len() - 1,
            reverse: false,
        };
        let matrix = if self.spec.has_head() {
            self.spec.int8().head_matrix()
        } else {
            self.spec.int8().layer_matrix(top)
        };
        f32::from_bits(self.words.get(matrix.start + 1).copied().unwrap_or(0))
    }

    /// What one unit of a layer's state is worth.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.int8().model_len()];
    /// let layer = Place { layer: 0, reverse: false };
    /// QuantizedWriter::new(&spec, &mut words)?.matrix(layer, 4, 1.0 / 32768.0)?;
    /// assert_eq!(QuantizedModel::new(spec, &words)?.state_unit(0), 1.0 / 32768.0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn state_unit(&self, layer: usize) -> f32 {
        let reverse = false;
        let start = self
            .spec
            .int8()
            .layer_matrix(Place { layer, reverse })
            .start;
        f32::from_bits(self.words.get(start + 1).copied().unwrap_or(0))
    }

    /// What one unit of c is worth in a layer of an LSTM; 0 elsewhere.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec { layers: Layers::of([Layer::lstm(3)]), ..Spec::dense(2, 3, 1) };
    /// let words = vec![0; spec.int8().model_len()];
    /// assert_eq!(QuantizedModel::new(spec, &words)?.cell_unit(0), 1.0 / 32768.0); // exponent 0: c within ±1
    /// # Ok::<(), Error>(())
    /// ```
    pub fn cell_unit(&self, layer: usize) -> f32 {
        if self.spec.layer(layer).cell.facts().states < 2 {
            return 0.0;
        }
        let reverse = false;
        let matrix = self.spec.int8().layer_matrix(Place { layer, reverse });
        let [_, exponent] = shifts_of(self.matrix(matrix));
        unit_of(exponent.min(15))
    }

    /// Sets the state of any number of sequences, (B, [`Int8Lengths::state_len`](super::Int8Lengths::state_len)), to the initial state.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.int8().model_len()];
    /// let mut state = vec![9; 2 * spec.int8().state_len()]; // of two sequences
    /// QuantizedModel::new(spec, &words)?.reset(&mut state);
    /// assert!(state.iter().all(|&word| word == 0));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn reset(&self, state: &mut [u32]) {
        state.fill(0);
        if self.spec.initial_state == InitialState::Trained {
            let len = self.spec.int8().state_len();
            let start = self.spec.int8().initial_state_offset();
            let initial = at(self.words, start..start + len);
            for sequence in state.chunks_mut(len.max(1)) {
                for (h, &start) in sequence.iter_mut().zip(initial) {
                    *h = start;
                }
            }
        }
    }

    /// The words of a matrix.
    #[inline(always)]
    fn matrix(&self, matrix: Matrix) -> &'a [u32] {
        let end = matrix.start + matrix.words();
        at(self.words, matrix.start..end)
    }

    /// What a layer and direction does at a step.
    pub(super) fn layer_step(&self, place: Place) -> LayerStep<'a> {
        let matrix = self.spec.int8().layer_matrix(place);
        LayerStep {
            words: self.matrix(matrix),
            matrix,
            cell: self.spec.layer(place.layer).cell,
            gated: self.gated,
        }
    }

    /// All matrices.
    #[inline(always)]
    pub(super) fn matrices(&self) -> Matrices<'a> {
        let start = self.spec.int8().matrices_offset();
        Matrices {
            words: at(self.words, start..),
            x_blocks: self.spec.int8().input_blocks(),
            gated: self.gated,
        }
    }

    /// The head's matrix alone.
    pub(super) fn matrices_of_head(&self) -> Matrices<'a> {
        Matrices {
            words: at(self.words, self.spec.int8().head_matrix().start..),
            x_blocks: self.spec.int8().top_blocks(),
            gated: None,
        }
    }

    /// The head's logits for the last layer's state; without a head that state itself.
    #[inline(always)]
    pub(super) fn head<T>(
        &self,
        matrices: Matrices<'a>,
        top: &[u32],
        outputs: &mut [T],
        convert: impl Fn(i32) -> T,
    ) {
        if let HeadKind::Linear { outputs: rows } | HeadKind::Softmax { outputs: rows } =
            self.spec.head.kind
        {
            let matrix = Matrix::plain(rows, matrices.x_blocks, 0);
            apply_head(matrices.words, matrix, top, outputs, convert);
            return;
        }
        let top_layer = self.spec.layer(self.spec.layers.len() - 1);
        let (mut top, mut outputs) = (top, outputs);
        for _ in 0..top_layer.directions() {
            let (half, rest) = outputs
                .split_at_mut_checked(top_layer.hidden)
                .unwrap_or_default();
            for (column, y) in half.iter_mut().enumerate() {
                *y = convert(number(top, column).into());
            }
            outputs = rest;
            top = at(top, vector_words(blocks(top_layer.hidden))..);
        }
    }

    /// Probabilities (R, classes) in place of logits, where the head asks for them.
    pub(super) fn softmax(&self, level: Level, rows: &mut [f32]) {
        if let HeadKind::Softmax { outputs: classes } = self.spec.head.kind {
            level.run(Softmax { rows, classes });
        }
    }

    /// The embeddings of an id of each channel, one after the other, each padded to four numbers; gives what is left of `x`.
    #[inline(always)]
    pub(super) fn embed<'x>(
        &self,
        channels: &[Channel],
        ids: impl Iterator<Item = u32>,
        x: &'x mut [u32],
    ) -> &'x mut [u32] {
        let mut to = x;
        for (channel, (c, id)) in channels.iter().zip(ids).enumerate() {
            let words = c.width.div_ceil(4) * 2;
            debug_assert!(to.len() >= words, "a row has a part for every channel");
            let (part, rest) = to.split_at_mut_checked(words).unwrap_or_default();
            self.embed_id(channel, c.width, id, part);
            to = rest;
        }
        to
    }

    /// `x = ⌊(e·m + 64) / 2⁷⌋`, e the bytes of an id's embedding.
    #[inline(always)]
    fn embed_id(&self, channel: usize, width: usize, id: u32, x: &mut [u32]) {
        let len = embedding_words(width);
        let start = self.spec.int8().embedding_offset(channel) + id as usize * len;
        let Some((&multiplier, bytes)) = at(self.words, start..start + len).split_first() else {
            return;
        };
        let m = multiplier as i16 as i32;
        let (to, _) = x.as_chunks_mut::<2>();
        for (to, &word) in to.iter_mut().zip(bytes) {
            let number = |byte: u32| ((word >> (8 * byte)) as i8 as i32 * m + 64) >> 7;
            *to = [pair(number(0), number(1)), pair(number(2), number(3))];
        }
    }
}

/// The matrices of a net that reads one way, one after the other, and the head.
#[derive(Clone, Copy)]
pub(super) struct Matrices<'a> {
    words: &'a [u32],
    /// Blocks of the vector that the next matrix reads.
    x_blocks: usize,
    gated: Option<&'static GatedCode>,
}

impl<'a> Matrices<'a> {
    /// The next layer.
    #[inline(always)]
    pub fn next_layer(&mut self, layer: Layer) -> LayerStep<'a> {
        let h_blocks = blocks(layer.hidden);
        let matrix = Matrix::of(layer.cell, layer.hidden, self.x_blocks, h_blocks);
        let (words, rest) = self
            .words
            .split_at_checked(matrix.words())
            .unwrap_or_default();
        *self = Self {
            words: rest,
            x_blocks: matrix.h_blocks,
            ..*self
        };
        LayerStep {
            words,
            matrix,
            cell: layer.cell,
            gated: self.gated,
        }
    }
}
