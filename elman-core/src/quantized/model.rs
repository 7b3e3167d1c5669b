//! A net in whole numbers, read where it lies.

use super::Spec;
use super::cell::{Cell, limit_of, most, number, pair, read_out};
use super::layout::{MATRIX_HEAD, Matrix, ROWS_HEAD, blocks, embedding_words, pairs};
use crate::error::{Error, check_len};
use crate::params::Place;
use crate::spec::{Channel, HeadKind, InitialState, Input, Layer};

/// A net in whole numbers: its spec and its words, checked once.
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
/// // On a chip an export; here a net that knows nothing.
/// static WORDS: [u32; SPEC.quantized_len()] = [0; SPEC.quantized_len()];
/// let (mut state, mut scratch) = ([0; SPEC.quantized_state_len()], [0; SPEC.quantized_stream_len()]);
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
    /// # let mut words = vec![0; spec.quantized_len()];
    /// assert!(QuantizedModel::new(spec, &words).is_ok());
    /// // Words of another net are refused.
    /// assert!(QuantizedModel::new(Spec::dense(20, 3, 1), &words).is_err());
    /// ```
    pub fn new(spec: Spec, words: &'a [u32]) -> Result<Self, Error> {
        spec.check()?;
        check_len("words", spec.quantized_len(), words.len())?;
        let model = Self { spec, words };
        for place in spec.places() {
            let has_clip = spec.layer(place.layer).cell.limit().is_some();
            model.check(spec.quantized_matrix(place), has_clip)?;
        }
        if spec.has_head() {
            model.check(spec.quantized_head(), false)?;
        }
        Ok(model)
    }

    /// Whether every sum of the matrix fits 32 bits, whatever its weights.
    fn check(&self, matrix: Matrix, has_clip: bool) -> Result<(), Error> {
        let words = self.matrix(matrix);
        if words.first().is_some_and(|&word| word & 0xffff > 31) {
            return Err(Error::Quantized("a shift of more than 31"));
        }
        let limit = limit_of(words);
        if has_clip != (limit > 0) || limit > 0x7fff {
            return Err(Error::Quantized("a limit that is not that of the clip"));
        }
        let groups = words.get(MATRIX_HEAD..).unwrap_or(&[]);
        for group in groups.chunks_exact(matrix.group_words().max(1)) {
            let Some([b0, b1, b2, b3, m0, m1, m2, m3]) = group.first_chunk::<ROWS_HEAD>() else {
                continue;
            };
            for (&bias, &m) in [b0, b1, b2, b3].into_iter().zip([m0, m1, m2, m3]) {
                let sums = most(matrix.below, m as i16) + most(matrix.state, (m >> 16) as i16);
                if sums + u64::from((bias as i32).unsigned_abs()) > i32::MAX as u64 {
                    return Err(Error::Quantized("a row whose sum can exceed 32 bits"));
                }
            }
        }
        Ok(())
    }

    /// The shape of the net.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.quantized_len()];
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
    /// # let mut words = vec![0; spec.quantized_len()];
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
    /// # let mut words = vec![0; spec.quantized_len()];
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
    /// # let mut words = vec![0; spec.quantized_len()];
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
    /// # let mut words = vec![0; spec.quantized_len()];
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
            self.spec.quantized_head()
        } else {
            self.spec.quantized_matrix(top)
        };
        f32::from_bits(self.words.get(matrix.start + 1).copied().unwrap_or(0))
    }

    /// What one unit of a layer's state is worth.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.quantized_len()];
    /// let layer = Place { layer: 0, reverse: false };
    /// QuantizedWriter::new(&spec, &mut words)?.matrix(layer, 4, 1.0 / 32768.0)?;
    /// assert_eq!(QuantizedModel::new(spec, &words)?.state_unit(0), 1.0 / 32768.0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn state_unit(&self, layer: usize) -> f32 {
        let reverse = false;
        let start = self.spec.quantized_matrix(Place { layer, reverse }).start;
        f32::from_bits(self.words.get(start + 1).copied().unwrap_or(0))
    }

    /// Sets the state of any number of sequences, (B, [`Spec::quantized_state_len`]), to the initial state.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.quantized_len()];
    /// let mut state = vec![9; 2 * spec.quantized_state_len()]; // of two sequences
    /// QuantizedModel::new(spec, &words)?.reset(&mut state);
    /// assert!(state.iter().all(|&word| word == 0));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn reset(&self, state: &mut [u32]) {
        state.fill(0);
        if self.spec.initial_state == InitialState::Trained {
            let len = self.spec.quantized_state_len();
            let start = self.spec.quantized_initial_offset();
            let initial = self.words.get(start..start + len).unwrap_or(&[]);
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
        self.words.get(matrix.start..end).unwrap_or(&[])
    }

    /// What a layer and direction does at a step.
    pub(super) fn cell(&self, place: Place) -> Cell<'a> {
        let matrix = self.spec.quantized_matrix(place);
        Cell {
            words: self.matrix(matrix),
            matrix,
            cell: self.spec.layer(place.layer).cell,
        }
    }

    /// From the first matrix to the last.
    #[inline(always)]
    pub(super) fn walk(&self) -> Walk<'a> {
        let start = self.spec.quantized_matrices_offset();
        Walk {
            words: self.words.get(start..).unwrap_or(&[]),
            below: self.spec.quantized_input_blocks(),
        }
    }

    /// What is left when all layers have been walked through.
    pub(super) fn walk_to_head(&self) -> Walk<'a> {
        Walk {
            words: self
                .words
                .get(self.spec.quantized_head().start..)
                .unwrap_or(&[]),
            below: self.spec.quantized_top_blocks(),
        }
    }

    /// The head's logits for the last layer's state; without a head that state itself.
    #[inline(always)]
    pub(super) fn head<T>(
        &self,
        walk: Walk<'a>,
        top: &[u32],
        outputs: &mut [T],
        convert: impl Fn(i32) -> T,
    ) {
        if let HeadKind::Linear { outputs: rows } | HeadKind::Softmax { outputs: rows } =
            self.spec.head.kind
        {
            let matrix = Matrix {
                start: 0,
                rows,
                below: walk.below,
                state: 0,
            };
            read_out(walk.words, matrix, top, outputs, convert);
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
            top = top.get(pairs(blocks(top_layer.hidden))..).unwrap_or(&[]);
        }
    }

    /// The embeddings of one token, one after the other; gives what is left of `x`.
    #[inline(always)]
    pub(super) fn embed_all<'x>(
        &self,
        channels: &[Channel],
        ids: impl Iterator<Item = u32>,
        x: &'x mut [u32],
    ) -> &'x mut [u32] {
        let mut to = x;
        for (channel, (c, id)) in channels.iter().zip(ids).enumerate() {
            let words = c.width.div_ceil(4) * 2;
            let (part, rest) = to.split_at_mut_checked(words).unwrap_or_default();
            self.embed(channel, c.width, id, part);
            to = rest;
        }
        to
    }

    /// The embedding of an id, as pairs.
    #[inline(always)]
    fn embed(&self, channel: usize, width: usize, id: u32, x: &mut [u32]) {
        let len = embedding_words(width);
        let start = self.spec.quantized_embedding_offset(channel) + id as usize * len;
        let words = self.words.get(start..start + len).unwrap_or(&[]);
        let Some((&multiplier, bytes)) = words.split_first() else {
            return;
        };
        let m = multiplier as i16 as i32;
        let (to, _) = x.as_chunks_mut::<2>();
        for (to, &word) in to.iter_mut().zip(bytes) {
            let at = |i: u32| ((word >> (8 * i)) as i8 as i32 * m + 64) >> 7;
            *to = [pair(at(0), at(1)), pair(at(2), at(3))];
        }
    }
}

/// The matrices of a net that reads one way, one after the other.
#[derive(Clone, Copy)]
pub(super) struct Walk<'a> {
    words: &'a [u32],
    /// Blocks that the next matrix reads.
    below: usize,
}

impl<'a> Walk<'a> {
    /// The next layer.
    #[inline(always)]
    pub fn cell(&mut self, layer: Layer) -> Cell<'a> {
        let matrix = Matrix {
            start: 0,
            rows: layer.hidden,
            below: self.below,
            state: blocks(layer.hidden),
        };
        let (words, rest) = self
            .words
            .split_at_checked(matrix.words())
            .unwrap_or_default();
        *self = Self {
            words: rest,
            below: matrix.state,
        };
        Cell {
            words,
            matrix,
            cell: layer.cell,
        }
    }
}

/// Number of 16 bits nearest to `x·scale`; zero for a NaN.
#[inline(always)]
pub(super) fn round_to_16(x: f32, scale: f32) -> i16 {
    let scaled = x * scale;
    let half = if scaled < 0.0 { -0.5 } else { 0.5 };
    ((scaled + half) as i32).clamp(-0x7fff, 0x7fff) as i16
}

/// Token channels of the spec; none for dense rows.
pub(super) fn channels(spec: &Spec) -> &[Channel] {
    match &spec.input {
        Input::Dense { .. } => &[],
        Input::Tokens { channels, .. } => channels.as_slice(),
    }
}
