//! Writing the words of a net in whole numbers, part by part, and reading parts back.

use super::Spec;
use super::cell::{number, pair};
use super::layout::{BLOCK, MATRIX_HEAD, Matrix, ROWS, ROWS_HEAD, embedding_words};
use super::model::channels;
use crate::error::{Error, check_len};
use crate::params::{Place, TensorKind};

/// One row of a matrix: an output and all that flows into it.
///
/// ```
/// # use elman_core::{*, quantized::*};
/// # let spec = Spec::dense(2, 3, 1);
/// # let mut words = vec![0; spec.quantized_len()];
/// let huge = QuantizedRow { below: &[0; 3], state: &[], bias: i32::MAX, below_multiplier: 1, state_multiplier: 0 };
/// QuantizedWriter::new(&spec, &mut words)?.head_row(0, huge)?;
/// let refused = QuantizedModel::new(spec, &words).err(); // whatever the weights are
/// assert_eq!(refused, Some(Error::Quantized("a row whose sum can exceed 32 bits")));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct QuantizedRow<'a> {
    /// Weights of what is read, as PyTorch orders its columns.
    pub below: &'a [i8],
    /// Weights of the state; none for the head.
    pub state: &'a [i8],
    /// In units of the sum.
    pub bias: i32,
    /// The sum over `below` counts for so many 65536ths.
    pub below_multiplier: i16,
    /// The sum over `state` counts for so many 65536ths.
    pub state_multiplier: i16,
}

/// Fills the words of a net in whole numbers. What is not written stays zero.
///
/// ```
/// use elman_core::{*, quantized::*};
///
/// # let spec = Spec { input: Input::Dense { width: 3 }, layers: Layers::of([Layer::tanh(2)]),
/// #     initial_state: InitialState::Zero, dropout: Dropout::NONE,
/// #     head: Head { kind: HeadKind::None, read: Read::EveryStep } };
/// let mut words = vec![0; spec.quantized_len()];
/// let mut writer = QuantizedWriter::new(&spec, &mut words)?;
/// writer.input_scale(8192.0);
/// let layer = Place { layer: 0, reverse: false };
/// // h' = tanh((x₀ + h₁)/2): a product of 64·x₀ is 2¹⁹ for 1.0, which 2¹⁴ make 2¹⁷, and the shift leaves 2¹³ of 2¹⁴.
/// let row = QuantizedRow { below: &[64, 0, 0], state: &[0, 16], bias: 0, below_multiplier: 16384, state_multiplier: 16384 };
/// writer.matrix(layer, 4, 1.0 / 32768.0)?;
/// writer.row(layer, 0, row)?;
/// let model = QuantizedModel::new(spec, &words)?;
/// let (mut state, mut workspace) = (vec![0; spec.quantized_state_len()], vec![0; spec.quantized_workspace_len(1)]);
/// let mut outputs = [0.0; 2];
/// model.forward(Inputs::Dense(&[1.0, 9.0, 9.0]), 1, &mut state, &mut workspace, &mut outputs)?;
/// assert!((outputs[0] - 0.5f32.tanh()).abs() < 1e-4 && outputs[1] == 0.0);
/// # Ok::<(), Error>(())
/// ```
pub struct QuantizedWriter<'a> {
    spec: Spec,
    words: &'a mut [u32],
}

impl<'a> QuantizedWriter<'a> {
    /// Clears the words, [`Spec::quantized_len`] of them.
    ///
    /// # Errors
    /// [`Error::Spec`] or [`Error::Length`].
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// let spec = Spec::dense(2, 3, 1);
    /// let mut words = vec![9; spec.quantized_len()];
    /// QuantizedWriter::new(&spec, &mut words)?;
    /// assert!(words.iter().all(|&word| word == 0));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn new(spec: &Spec, words: &'a mut [u32]) -> Result<Self, Error> {
        spec.check()?;
        check_len("words", spec.quantized_len(), words.len())?;
        words.fill(0);
        Ok(Self { spec: *spec, words })
    }

    /// How many units of an input make 1.0.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.quantized_len()];
    /// let mut writer = QuantizedWriter::new(&spec, &mut words)?;
    /// writer.input_scale(1000.0);
    /// assert_eq!(QuantizedModel::new(spec, &words)?.integer(0.25), 250);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn input_scale(&mut self, scale: f32) {
        self.set(0, scale.to_bits());
    }

    /// A row of an embedding table: `x = (value·multiplier + 64) / 2⁷`.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::Quantized`] for a channel or id that is not there.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// let letters = Channels::of([Channel { vocabulary: 26, width: 2 }]);
    /// let spec = Spec { input: Input::Tokens { channels: letters, window: 1 }, ..Spec::dense(1, 3, 1) };
    /// let mut words = vec![0; spec.quantized_len()];
    /// let mut writer = QuantizedWriter::new(&spec, &mut words)?;
    /// writer.embedding(0, 25, &[100, -50], 64)?; // of z: (100·64 + 64) / 128 and (-50·64 + 64) / 128
    /// writer.embedding(0, 26, &[1, 1], 64)?; // of padding
    /// assert!(writer.embedding(0, 27, &[1, 1], 64).is_err());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn embedding(
        &mut self,
        channel: usize,
        id: usize,
        values: &[i8],
        multiplier: i16,
    ) -> Result<(), Error> {
        let c = channels(&self.spec).get(channel);
        let Some(c) = c.filter(|c| id <= c.vocabulary) else {
            return Err(Error::Quantized("no such embedding"));
        };
        check_len("embedding", c.width, values.len())?;
        let len = embedding_words(c.width);
        let start = self.spec.quantized_embedding_offset(channel) + id * len;
        self.set(start, multiplier as u16 as u32);
        for (i, &value) in values.iter().enumerate() {
            self.put_byte(start + 1 + i / 4, i % 4, value);
        }
        Ok(())
    }

    /// The trained initial state of a layer and direction.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::Quantized`] where the spec has none.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// let (spec, layer) = (Spec { initial_state: InitialState::Trained, ..Spec::dense(2, 3, 1) }, Place { layer: 0, reverse: false });
    /// let mut words = vec![0; spec.quantized_len()];
    /// QuantizedWriter::new(&spec, &mut words)?.initial_state(layer, &[5, -6, 7])?;
    /// let mut state = vec![0; spec.quantized_state_len()];
    /// QuantizedModel::new(spec, &words)?.reset(&mut state);
    /// assert_eq!([0, 1, 2].map(|unit| spec.quantized_state(&state, layer, unit)), [5, -6, 7]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn initial_state(&mut self, place: Place, values: &[i16]) -> Result<(), Error> {
        let matrix = self.spec.quantized_matrix(self.known(place)?);
        let range = self.spec.range_of(TensorKind::InitialState(place));
        if self.spec.tables_len() < range.end {
            return Err(Error::Quantized("the initial state is zero"));
        }
        check_len("initial state", matrix.rows, values.len())?;
        for (i, &value) in values.iter().enumerate() {
            self.initial_number(place, i, value)?;
        }
        Ok(())
    }

    /// One number of it.
    pub(super) fn initial_number(
        &mut self,
        place: Place,
        i: usize,
        value: i16,
    ) -> Result<(), Error> {
        let own = self.spec.quantized_matrix(self.known(place)?).state * BLOCK / 2;
        let start = self.spec.quantized_initial_offset()
            + self.spec.quantized_state_offset(place.layer)
            + if place.reverse { own } else { 0 };
        if let Some(word) = self.words.get_mut(start + i / 2) {
            let shift = 16 * (i % 2);
            *word = *word & !(0xffff << shift) | u32::from(value as u16) << shift;
        }
        Ok(())
    }

    /// Shift of a layer and direction, and what one unit of its state is worth: 2⁻¹⁵ for tanh. The limit of a clip
    /// is counted in that unit.
    ///
    /// # Errors
    /// [`Error::Quantized`] for a layer or direction that is not there.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.quantized_len()];
    /// let mut writer = QuantizedWriter::new(&spec, &mut words)?;
    /// writer.matrix(Place { layer: 0, reverse: false }, 4, 1.0 / 32768.0)?;
    /// assert!(writer.matrix(Place { layer: 1, reverse: false }, 4, 1.0 / 32768.0).is_err()); // there is one layer
    /// # Ok::<(), Error>(())
    /// ```
    pub fn matrix(&mut self, place: Place, shift: u32, unit: f32) -> Result<(), Error> {
        let start = self.spec.quantized_matrix(self.known(place)?).start;
        let limit = self.spec.layer(place.layer).cell.limit();
        let limit = limit.map_or(0, |clip| self.limit(place.layer, clip, unit));
        // No shift is so large; what is, stays too large.
        self.set(start, shift.min(0xffff) | limit << 16);
        self.set(start + 1, unit.to_bits());
        Ok(())
    }

    /// What the activation makes of the clip, in units of the state.
    fn limit(&self, layer: usize, clip: f32, unit: f32) -> u32 {
        let (clip, unit) = (f64::from(clip), f64::from(unit));
        let most = self.spec.layer(layer).cell.limit_of_state(clip);
        ((most / unit + 0.5) as u32).clamp(1, 0x7fff)
    }

    /// A row of a layer and direction.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::Quantized`] for a row that is not there.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.quantized_len()];
    /// let mut writer = QuantizedWriter::new(&spec, &mut words)?;
    /// let layer = Place { layer: 0, reverse: false };
    /// let row = QuantizedRow { below: &[64, 0], state: &[0, 16, 0], bias: 0, below_multiplier: 16384, state_multiplier: 16384 };
    /// writer.row(layer, 2, row)?;
    /// assert!(writer.row(layer, 3, row).is_err()); // three units, counted from 0
    /// # Ok::<(), Error>(())
    /// ```
    pub fn row(&mut self, place: Place, row: usize, values: QuantizedRow) -> Result<(), Error> {
        let matrix = self.spec.quantized_matrix(self.known(place)?);
        let inputs = self.spec.layer_input_width(place.layer);
        check_len("below", inputs, values.below.len())?;
        check_len("state", matrix.rows, values.state.len())?;
        self.put_row(matrix, place.layer, row, values)
    }

    /// What one unit of a logit is worth.
    ///
    /// # Errors
    /// [`Error::Quantized`] where the spec has no head.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.quantized_len()];
    /// let mut writer = QuantizedWriter::new(&spec, &mut words)?;
    /// writer.head(0.5)?;
    /// assert_eq!(QuantizedModel::new(spec, &words)?.unit(), 0.5);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn head(&mut self, unit: f32) -> Result<(), Error> {
        let start = self.spec.quantized_head().start;
        if !self.spec.has_head() {
            return Err(Error::Quantized("the net has no head"));
        }
        self.set(start + 1, unit.to_bits());
        Ok(())
    }

    /// A row of the head.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::Quantized`] for a row that is not there.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.quantized_len()];
    /// let mut writer = QuantizedWriter::new(&spec, &mut words)?;
    /// let row = QuantizedRow { below: &[0, 0, 0], state: &[], bias: 3, below_multiplier: 0, state_multiplier: 0 };
    /// writer.head_row(0, row)?;
    /// assert!(writer.head_row(1, row).is_err()); // one output
    /// # Ok::<(), Error>(())
    /// ```
    pub fn head_row(&mut self, row: usize, values: QuantizedRow) -> Result<(), Error> {
        check_len("below", self.spec.top_width(), values.below.len())?;
        check_len("state", 0, values.state.len())?;
        let layer = self.spec.layers.len();
        self.put_row(self.spec.quantized_head(), layer, row, values)
    }

    fn put_row(
        &mut self,
        matrix: Matrix,
        layer: usize,
        row: usize,
        values: QuantizedRow,
    ) -> Result<(), Error> {
        if row >= matrix.rows {
            return Err(Error::Quantized("no such row"));
        }
        let group = matrix.start + MATRIX_HEAD + row / ROWS * matrix.group_words();
        self.set(group + row % ROWS, values.bias as u32);
        let multipliers = pair(
            values.below_multiplier.into(),
            values.state_multiplier.into(),
        );
        self.set(group + ROWS + row % ROWS, multipliers);
        for (column, &weight) in values.below.iter().enumerate() {
            let padded = self.spec.quantized_column(layer, column);
            self.put_weight(group, row, padded, weight);
        }
        for (column, &weight) in values.state.iter().enumerate() {
            self.put_weight(group, row, matrix.below * BLOCK + column, weight);
        }
        Ok(())
    }

    /// A weight among the blocks of four rows.
    fn put_weight(&mut self, group: usize, row: usize, input: usize, weight: i8) {
        let block = group + ROWS_HEAD + input / BLOCK * 2 * ROWS;
        let word = block + input % BLOCK / 4 * ROWS + row % ROWS;
        // Inputs 0, 2, 1, 3 from the low end.
        let byte = match input % 4 {
            1 => 2,
            2 => 1,
            same => same,
        };
        self.put_byte(word, byte, weight);
    }

    fn put_byte(&mut self, word: usize, byte: usize, value: i8) {
        if let Some(word) = self.words.get_mut(word) {
            *word = *word & !(0xff << (8 * byte)) | u32::from(value as u8) << (8 * byte);
        }
    }

    fn set(&mut self, index: usize, word: u32) {
        if let Some(to) = self.words.get_mut(index) {
            *to = word;
        }
    }

    fn known(&self, place: Place) -> Result<Place, Error> {
        let layer = self.spec.layers.as_slice().get(place.layer);
        match layer.map(crate::spec::Layer::directions) {
            Some(directions) if directions > usize::from(place.reverse) => Ok(place),
            _ => Err(Error::Quantized("no such layer or direction")),
        }
    }
}

impl Spec {
    /// The numbers of 16 bits of one layer and direction within a quantised net's state: number `unit` of it; zero where there
    /// is none.
    ///
    /// ```
    /// # use elman_core::*;
    /// # let spec = Spec { input: Input::Dense { width: 3 }, layers: Layers::of([Layer::tanh(4), Layer::tanh(2)]),
    /// #     initial_state: InitialState::Zero, dropout: Dropout::NONE,
    /// #     head: Head { kind: HeadKind::None, read: Read::EveryStep } };
    /// let state = [1, 2, 3, 4, 5 << 16, 6, 7, 8];
    /// let top = Place { layer: 1, reverse: false };
    /// assert_eq!([0, 1].map(|unit| spec.quantized_state(&state, top, unit)), [0, 5]);
    /// ```
    pub fn quantized_state(&self, state: &[u32], place: Place, unit: usize) -> i16 {
        let own = self.layer(place.layer).hidden.next_multiple_of(BLOCK);
        let before = 2 * self.quantized_state_offset(place.layer);
        number(state, before + unit + if place.reverse { own } else { 0 })
    }
}
