//! Writing the words of an int8 net, part by part.

use super::inputs::channels;
use super::layer::unit_of;
use super::words::{BLOCK, GROUP, GROUP_HEADER, HEAD, MATRIX_HEADER, Matrix, embedding_words};
use crate::cell::CellFacts;
use crate::error::{Error, check_len};
use crate::params::{Place, TensorKind};
use crate::simd::int8::pair;
use crate::spec::Spec;

/// One row of a matrix: an output and all that flows into it.
///
/// ```
/// # use elman_core::{*, quantized::*};
/// # let spec = Spec::dense(2, 3, 1);
/// # let mut words = vec![0; spec.int8().model_len()];
/// let huge = QuantizedRow { input_weights: &[0; 3], recurrent_weights: &[], bias: i32::MAX, input_multiplier: 1, recurrent_multiplier: 0 };
/// QuantizedWriter::new(&spec, &mut words)?.head_row(0, huge)?;
/// let refused = QuantizedModel::new(spec, &words).err(); // whatever the weights are
/// assert_eq!(refused, Some(Error::Quantized("a row whose sum can exceed 32 bits")));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct QuantizedRow<'a> {
    /// Weights of what the layer (or the head) reads, as PyTorch orders its columns.
    pub input_weights: &'a [i8],
    /// Weights of the layer's own state; none for the head.
    pub recurrent_weights: &'a [i8],
    /// In units of the sum.
    pub bias: i32,
    /// The sum over `input_weights` counts for so many 65536ths.
    pub input_multiplier: i16,
    /// The sum over `recurrent_weights` counts for so many 65536ths.
    pub recurrent_multiplier: i16,
}

/// Fills the words of an int8 net. What is not written stays zero.
///
/// ```
/// use elman_core::{*, quantized::*};
///
/// # let spec = Spec { input: Input::Dense { width: 3 }, layers: Layers::of([Layer::tanh(2)]),
/// #     initial_state: InitialState::Zero, dropout: Dropout::NONE,
/// #     head: Head { kind: HeadKind::None, read: Read::EveryStep } };
/// let mut words = vec![0; spec.int8().model_len()];
/// let mut writer = QuantizedWriter::new(&spec, &mut words)?;
/// writer.input_scale(8192.0);
/// let layer = Place { layer: 0, reverse: false };
/// // h' = tanh((x₀ + h₁)/2): a product of 64·x₀ is 2¹⁹ for 1.0, which 2¹⁴ make 2¹⁷, and the shift leaves 2¹³ of 2¹⁴.
/// let row = QuantizedRow { input_weights: &[64, 0, 0], recurrent_weights: &[0, 16], bias: 0, input_multiplier: 16384, recurrent_multiplier: 16384 };
/// writer.matrix(layer, 4, 1.0 / 32768.0)?;
/// writer.row(layer, 0, row)?;
/// let model = QuantizedModel::new(spec, &words)?;
/// let (mut state, mut workspace) = (vec![0; spec.int8().state_len()], vec![0; spec.int8().workspace_len(1)]);
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
    /// Clears the words, [`Int8Lengths::model_len`](super::Int8Lengths::model_len) of them.
    ///
    /// # Errors
    /// [`Error::Spec`] or [`Error::Length`].
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// let spec = Spec::dense(2, 3, 1);
    /// let mut words = vec![9; spec.int8().model_len()];
    /// QuantizedWriter::new(&spec, &mut words)?;
    /// assert!(words.iter().all(|&word| word == 0));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn new(spec: &Spec, words: &'a mut [u32]) -> Result<Self, Error> {
        spec.check()?;
        check_len("words", spec.int8().model_len(), words.len())?;
        words.fill(0);
        Ok(Self { spec: *spec, words })
    }

    /// How many units of an input make 1.0.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.int8().model_len()];
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
    /// let mut words = vec![0; spec.int8().model_len()];
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
        let start = self.spec.int8().embedding_offset(channel) + id * len;
        self.set(start, multiplier as u16 as u32);
        for (i, &value) in values.iter().enumerate() {
            self.put_byte(start + 1 + i / 4, i % 4, value);
        }
        Ok(())
    }

    /// The trained initial hidden state of a layer and direction.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::Quantized`] where the spec has none.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// let (spec, layer) = (Spec { initial_state: InitialState::Trained, ..Spec::dense(2, 3, 1) }, Place { layer: 0, reverse: false });
    /// let mut words = vec![0; spec.int8().model_len()];
    /// QuantizedWriter::new(&spec, &mut words)?.initial_state(layer, &[5, -6, 7])?;
    /// let mut state = vec![0; spec.int8().state_len()];
    /// QuantizedModel::new(spec, &words)?.reset(&mut state);
    /// assert_eq!([0, 1, 2].map(|unit| spec.int8().read_state(&state, layer, unit)), [5, -6, 7]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn initial_state(&mut self, place: Place, values: &[i16]) -> Result<(), Error> {
        self.initial(TensorKind::InitialState(self.known(place)?), place, values)
    }

    /// The trained initial cell state of a layer and direction of an LSTM.
    ///
    /// # Errors
    /// As [`QuantizedWriter::initial_state`].
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// let (spec, layer) = (Spec { initial_state: InitialState::Trained, ..Spec::dense(2, 3, 1) }, Place { layer: 0, reverse: false });
    /// let lstm = Spec { layers: Layers::of([Layer::lstm(3)]), ..spec };
    /// let mut words = vec![0; lstm.int8().model_len()];
    /// QuantizedWriter::new(&lstm, &mut words)?.initial_cell(layer, &[5, -6, 7])?;
    /// let mut state = vec![0; lstm.int8().state_len()];
    /// QuantizedModel::new(lstm, &words)?.reset(&mut state);
    /// assert_eq!([0, 1, 2].map(|unit| lstm.int8().read_cell(&state, layer, unit)), [5, -6, 7]);
    /// let mut words = vec![0; spec.int8().model_len()];
    /// assert!(QuantizedWriter::new(&spec, &mut words)?.initial_cell(layer, &[5, -6, 7]).is_err()); // a tanh layer has no c
    /// # Ok::<(), Error>(())
    /// ```
    pub fn initial_cell(&mut self, place: Place, values: &[i16]) -> Result<(), Error> {
        self.initial(TensorKind::InitialCell(self.known(place)?), place, values)
    }

    fn initial(&mut self, kind: TensorKind, place: Place, values: &[i16]) -> Result<(), Error> {
        let range = self.spec.range_of(kind);
        if range.is_empty() || self.spec.tables_len() < range.end {
            return Err(Error::Quantized("the initial state is zero"));
        }
        check_len("initial state", range.len(), values.len())?;
        let state = usize::from(matches!(kind, TensorKind::InitialCell(_)));
        for (i, &value) in values.iter().enumerate() {
            self.initial_number(place, state, i, value);
        }
        Ok(())
    }

    /// Unit `i` of h (state 0) or c (state 1) where a known place starts.
    pub(super) fn initial_number(&mut self, place: Place, state: usize, i: usize, value: i16) {
        let lengths = self.spec.int8();
        let start = lengths.initial_state_offset()
            + lengths.place_offset(place)
            + state * lengths.layer_words(place.layer);
        self.put_half(start + i / 2, i % 2, value as u16);
    }

    /// Shift of a layer and direction, and what one unit of its h is worth: 2⁻¹⁵ for tanh, GRU and LSTM, `2^(exponent - 15)`,
    /// exponent 0 to 15, for FastRNN and FastGRNN. The limit of a clip is counted in that unit; that of a GRU or LSTM, whose
    /// sums it limits, in 2⁻¹².
    ///
    /// # Errors
    /// [`Error::Quantized`] for a layer or direction that is not there, or a unit that is none of those of its cell.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.int8().model_len()];
    /// let mut writer = QuantizedWriter::new(&spec, &mut words)?;
    /// writer.matrix(Place { layer: 0, reverse: false }, 4, 1.0 / 32768.0)?;
    /// assert!(writer.matrix(Place { layer: 1, reverse: false }, 4, 1.0 / 32768.0).is_err()); // there is one layer
    /// # Ok::<(), Error>(())
    /// ```
    pub fn matrix(&mut self, place: Place, shift: u32, unit: f32) -> Result<(), Error> {
        let start = self.spec.int8().layer_matrix(self.known(place)?).start;
        let cell = self.spec.layer(place.layer).cell;
        if cell.int8_ranged() == Some(0) {
            let exponent = (0..16).find(|&exponent| unit_of(exponent) == unit);
            let Some(exponent) = exponent else {
                return Err(Error::Quantized("a unit of h that no exponent has"));
            };
            self.exponent(start, exponent);
        }
        let limit = cell.limit();
        let limit = limit.map_or(0, |clip| self.limit(place.layer, clip, unit));
        if let Some(word) = self.word(start) {
            // A shift of more than 31 is refused with the words; cut to its 8 bits it still is one.
            *word = *word & 0xff00 | shift.min(0xff) | limit << 16;
        }
        self.set(start + 1, unit.to_bits());
        Ok(())
    }

    /// f(clip), in units of the state; or the clip itself.
    fn limit(&self, layer: usize, clip: f32, unit: f32) -> u32 {
        let (clip, unit) = (f64::from(clip), f64::from(unit));
        let cell = self.spec.layer(layer).cell;
        if cell.is_gated() {
            return ((clip * 4096.0 + 0.5) as u32).clamp(1, 0xffff);
        }
        ((cell.limit_of_state(clip) / unit + 0.5) as u32).clamp(1, 0x7fff)
    }

    /// What one unit of c is worth in a layer and direction of an LSTM: `2^(exponent - 15)`, exponent 0 to 15. So c may
    /// reach `±2^exponent`.
    ///
    /// # Errors
    /// [`Error::Quantized`] for a layer or direction that is not there or has no c.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec { layers: Layers::of([Layer::lstm(3)]), ..Spec::dense(2, 3, 1) };
    /// # let mut words = vec![0; spec.int8().model_len()];
    /// let layer = Place { layer: 0, reverse: false };
    /// QuantizedWriter::new(&spec, &mut words)?.cell_exponent(layer, 3)?;
    /// assert_eq!(QuantizedModel::new(spec, &words)?.cell_unit(0), 8.0 / 32768.0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn cell_exponent(&mut self, place: Place, exponent: u32) -> Result<(), Error> {
        let start = self.spec.int8().layer_matrix(self.known(place)?).start;
        if self.spec.layer(place.layer).cell.facts().states < 2 {
            return Err(Error::Quantized("the layer has no cell state"));
        }
        self.exponent(start, exponent);
        Ok(())
    }

    /// Of the matrix that starts there.
    fn exponent(&mut self, start: usize, exponent: u32) {
        if let Some(word) = self.word(start) {
            *word = *word & !0xff00 | exponent.min(0xff) << 8;
        }
    }

    /// The trained numbers that all units of a layer and direction share, in units of 2⁻¹⁶: α and β of FastRNN, ζ and ν of
    /// FastGRNN.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::Quantized`] for a layer or direction that is not there.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let fast = Layer { cell: Cell::FastRnn, ..Layer::tanh(1) };
    /// # let head = Head { kind: HeadKind::None, read: Read::EveryStep };
    /// # let spec = Spec { layers: Layers::of([fast]), head, ..Spec::dense(1, 1, 1) };
    /// # let mut words = vec![0; spec.int8().model_len()];
    /// # let layer = Place { layer: 0, reverse: false };
    /// let mut writer = QuantizedWriter::new(&spec, &mut words)?;
    /// writer.matrix(layer, 0, 1.0 / 32768.0)?;
    /// writer.scalars(layer, &[0x4000, 0x8000])?; // h' = n/4 + h/2
    /// # let row = QuantizedRow { input_weights: &[0], recurrent_weights: &[0], bias: 1 << 18, input_multiplier: 0, recurrent_multiplier: 0 };
    /// writer.row(layer, 0, row)?; // n is nearly 1 at every step
    /// let model = QuantizedModel::new(spec, &words)?;
    /// # let (mut state, mut scratch, mut y) = (vec![0; spec.int8().state_len()], vec![0; spec.int8().stream_len()], [0]);
    /// let mut net = QuantizedStream::new(model, &mut state, &mut scratch)?;
    /// for h in [8192, 12288, 14336] {
    ///     net.step_integers(Integers::Dense(&[0]), &mut y)?;
    ///     assert_eq!(y, [h]);
    /// }
    /// # Ok::<(), Error>(())
    /// ```
    pub fn scalars(&mut self, place: Place, values: &[u16]) -> Result<(), Error> {
        let start = self.spec.int8().layer_matrix(self.known(place)?).start;
        let scalars = self.spec.layer(place.layer).cell.facts().scalars;
        check_len("scalars", scalars, values.len())?;
        for (i, &value) in values.iter().enumerate() {
            self.put_half(start + MATRIX_HEADER + i / 2, i % 2, value);
        }
        Ok(())
    }

    /// A row of a layer and direction: unit `row`, or, where a unit has several sums, unit `row % H` of sum `row / H`, sums
    /// as [`CellFacts`] has them, without those that units [share](QuantizedWriter::scalars). What a sum does not read has no
    /// weights.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::Quantized`] for a row that is not there.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.int8().model_len()];
    /// let mut writer = QuantizedWriter::new(&spec, &mut words)?;
    /// let layer = Place { layer: 0, reverse: false };
    /// let row = QuantizedRow { input_weights: &[64, 0], recurrent_weights: &[0, 16, 0], bias: 0, input_multiplier: 16384, recurrent_multiplier: 16384 };
    /// writer.row(layer, 2, row)?;
    /// assert!(writer.row(layer, 3, row).is_err()); // three units, counted from 0
    /// # Ok::<(), Error>(())
    /// ```
    pub fn row(&mut self, place: Place, row: usize, values: QuantizedRow) -> Result<(), Error> {
        let matrix = self.spec.int8().layer_matrix(self.known(place)?);
        let facts = self.spec.layer(place.layer).cell.facts();
        let sum = row / matrix.units.max(1);
        if sum >= facts.own() {
            return Err(Error::Quantized("no such row"));
        }
        let width = self.spec.layer_input_width(place.layer);
        let inputs = if facts.reads_x(sum) { width } else { 0 };
        let recurrent = if facts.reads_h(sum) { matrix.units } else { 0 };
        check_len("input weights", inputs, values.input_weights.len())?;
        check_len(
            "recurrent weights",
            recurrent,
            values.recurrent_weights.len(),
        )?;
        self.put_row(matrix, &facts, place.layer, row, values);
        Ok(())
    }

    /// What one unit of a logit is worth.
    ///
    /// # Errors
    /// [`Error::Quantized`] where the spec has no head.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.int8().model_len()];
    /// let mut writer = QuantizedWriter::new(&spec, &mut words)?;
    /// writer.head(0.5)?;
    /// assert_eq!(QuantizedModel::new(spec, &words)?.unit(), 0.5);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn head(&mut self, unit: f32) -> Result<(), Error> {
        let start = self.spec.int8().head_matrix().start;
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
    /// # let mut words = vec![0; spec.int8().model_len()];
    /// let mut writer = QuantizedWriter::new(&spec, &mut words)?;
    /// let row = QuantizedRow { input_weights: &[0, 0, 0], recurrent_weights: &[], bias: 3, input_multiplier: 0, recurrent_multiplier: 0 };
    /// writer.head_row(0, row)?;
    /// assert!(writer.head_row(1, row).is_err()); // one output
    /// # Ok::<(), Error>(())
    /// ```
    pub fn head_row(&mut self, row: usize, values: QuantizedRow) -> Result<(), Error> {
        check_len(
            "input weights",
            self.spec.top_width(),
            values.input_weights.len(),
        )?;
        check_len("recurrent weights", 0, values.recurrent_weights.len())?;
        let (layer, matrix) = (self.spec.layers.len(), self.spec.int8().head_matrix());
        if row >= matrix.units {
            return Err(Error::Quantized("no such row"));
        }
        self.put_row(matrix, &HEAD.facts(), layer, row, values);
        Ok(())
    }

    fn put_row(
        &mut self,
        matrix: Matrix,
        facts: &CellFacts,
        layer: usize,
        row: usize,
        values: QuantizedRow,
    ) {
        let (sum, row) = (row / matrix.units.max(1), row % matrix.units.max(1));
        let four = matrix.start + matrix.header + row / GROUP * matrix.four_words;
        let group = four + matrix.group_offset(facts, sum);
        self.set(group + row % GROUP, values.bias as u32);
        let multipliers = pair(
            values.input_multiplier.into(),
            values.recurrent_multiplier.into(),
        );
        self.set(group + GROUP + row % GROUP, multipliers);
        for (column, &weight) in values.input_weights.iter().enumerate() {
            let padded = self.spec.int8().padded_column(layer, column);
            self.put_weight(group, row, padded, weight);
        }
        for (column, &weight) in values.recurrent_weights.iter().enumerate() {
            let [x_blocks, _] = matrix.blocks_of(facts, sum);
            self.put_weight(group, row, x_blocks * BLOCK + column, weight);
        }
    }

    /// A weight of a row of the group that starts at word `group`; columns are those of `W_in`, then of `W_rec`.
    fn put_weight(&mut self, group: usize, row: usize, column: usize, weight: i8) {
        let block = group + GROUP_HEADER + column / BLOCK * 2 * GROUP;
        let word = block + column % BLOCK / 4 * GROUP + row % GROUP;
        // Columns 0, 2, 1, 3 from the low end.
        let byte = match column % 4 {
            1 => 2,
            2 => 1,
            same => same,
        };
        self.put_byte(word, byte, weight);
    }

    fn put_half(&mut self, word: usize, half: usize, value: u16) {
        if let Some(word) = self.word(word) {
            *word = *word & !(0xffff << (16 * half)) | u32::from(value) << (16 * half);
        }
    }

    fn put_byte(&mut self, word: usize, byte: usize, value: i8) {
        if let Some(word) = self.word(word) {
            *word = *word & !(0xff << (8 * byte)) | u32::from(value as u8) << (8 * byte);
        }
    }

    fn set(&mut self, index: usize, word: u32) {
        if let Some(to) = self.word(index) {
            *to = word;
        }
    }

    fn word(&mut self, index: usize) -> Option<&mut u32> {
        let word = self.words.get_mut(index);
        debug_assert!(word.is_some(), "the words have no word {index}");
        word
    }

    fn known(&self, place: Place) -> Result<Place, Error> {
        let layer = self.spec.layers.as_slice().get(place.layer);
        match layer.map(crate::spec::Layer::directions) {
            Some(directions) if directions > usize::from(place.reverse) => Ok(place),
            _ => Err(Error::Quantized("no such layer or direction")),
        }
    }
}
