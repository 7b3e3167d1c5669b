//! Calibration: what flows through a net on the user's data, as ranges, and as second moments of what every matrix reads.
//!
//! ```text
//! numbers   1 + 2·MAX_LAYERS ranges: max |x|, max |h| of every layer, max |c| of every layer
//!           of each matrix moments (N, N), lower triangle: Σ v·vᵀ over all steps, v = (x, h, 1); so the last row holds Σ v
//!           v, while it is added
//! ```

use super::lengths::Int8Lengths;
use super::model::QuantizedModel;
use crate::error::{Error, check_len};
use crate::inputs::Inputs;
use crate::params::Place;
use crate::slices::{at, at_mut};
use crate::spec::{Dropout, MAX_LAYERS, Spec};
use crate::tape::Tape;

/// Where the largest magnitudes of every layer's h lie; in front of them that of the inputs.
const HIDDEN: usize = 1;
/// Where those of every layer's c lie.
const CELLS: usize = HIDDEN + MAX_LAYERS;
/// All of them.
const RANGES: usize = CELLS + MAX_LAYERS;

/// Statistics of a net on data, in the caller's numbers.
///
/// ```
/// # use elman_core::{*, quantized::*};
/// # let (level, spec) = (Level::detect(), Spec::dense(2, 3, 1));
/// # let params: Vec<f32> = (0..spec.params_len()).map(|i| (i as f32 * 1.7).sin()).collect();
/// # let mut packed = vec![Strip::ZERO; spec.packed_len()];
/// # pack(&spec, &params, &mut packed)?;
/// # let model = Model::new(spec, &params, &packed)?;
/// # let inputs: Vec<f32> = (0..64).map(|i| 0.5 * (i as f32 * 0.9).cos()).collect();
/// # let (batch, mut buffer) = (Batch::uniform(32, 1)?, vec![Strip::ZERO; spec.tape_len(32, 1)]);
/// let mut tape = Tape::new(&spec, batch, Inputs::Dense(&inputs), 0, &mut buffer)?;
/// tape.start(&model, None)?;
/// tape.record(level, &model, 0..32)?;
/// let mut numbers = vec![0.0; spec.int8().calibration_len()];
/// let mut calibration = Calibration::new(&spec, &mut numbers)?;
/// calibration.observe(&tape)?;
/// assert_eq!(calibration.input_range(), 0.5);
/// assert!(calibration.hidden_range(0) < 1.0); // out of tanh
/// # Ok::<(), Error>(())
/// ```
pub struct Calibration<'a> {
    spec: Spec,
    numbers: &'a mut [f64],
}

/// Values beyond what 16 bits hold.
///
/// ```
/// # use elman_core::{*, quantized::*};
/// # let (spec, params) = (Spec::dense(2, 3, 1), [0.0; 22]);
/// # let mut packed = vec![Strip::ZERO; spec.packed_len()];
/// # pack(&spec, &params, &mut packed)?;
/// # let (mut words, mut buffer) = (vec![0; spec.int8().model_len()], vec![Strip::ZERO; spec.tape_len(2, 1)]);
/// QuantizedWriter::new(&spec, &mut words)?.input_scale(32767.0); // room up to 1
/// # let model = Model::new(spec, &params, &packed)?;
/// let mut tape = Tape::new(&spec, Batch::uniform(2, 1)?, Inputs::Dense(&[0.5, -3.0, 1.5, 1.0]), 0, &mut buffer)?;
/// tape.start(&model, None)?;
/// tape.record(Level::detect(), &model, 0..2)?;
/// let found = Calibration::saturated(&tape, &QuantizedModel::new(spec, &words)?);
/// assert_eq!(found, Saturated { inputs: 2, hidden: 0 });
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Saturated {
    /// Inputs.
    pub inputs: usize,
    /// Numbers of a state: c of an LSTM, and h, but where it comes out of tanh.
    pub hidden: usize,
}

impl Int8Lengths<'_> {
    /// N of a layer (the head: `layers.len()`): what it reads, its state, and 1.
    pub(super) const fn moments_width(self, layer: usize) -> usize {
        let spec = self.spec;
        if layer < spec.layers.len() {
            spec.layer_input_width(layer) + spec.layer(layer).hidden + 1
        } else {
            spec.top_width() + 1
        }
    }

    /// N of the matrix that reads most.
    pub(super) const fn widest_moments(self) -> usize {
        let (mut widest, mut layer) = (0, 0);
        while layer <= self.spec.layers.len() {
            let width = self.moments_width(layer);
            if width > widest {
                widest = width;
            }
            layer += 1;
        }
        widest
    }

    /// Where the moments of a matrix start.
    pub(super) const fn moments_offset(self, place: Place) -> usize {
        let (mut sum, mut layer) = (RANGES, 0);
        while layer < place.layer {
            let width = self.moments_width(layer);
            sum += self.spec.layer(layer).directions() * width * width;
            layer += 1;
        }
        let width = self.moments_width(place.layer);
        sum + if place.reverse { width * width } else { 0 }
    }
}

impl<'a> Calibration<'a> {
    /// Clears the numbers, [`Int8Lengths::calibration_len`](super::Int8Lengths::calibration_len) of them.
    ///
    /// # Errors
    /// [`Error::Spec`] or [`Error::Length`].
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// let spec = Spec::dense(2, 3, 1);
    /// let mut numbers = vec![f64::NAN; spec.int8().calibration_len()];
    /// assert_eq!(Calibration::new(&spec, &mut numbers)?.input_range(), 0.0); // nothing seen yet
    /// # Ok::<(), Error>(())
    /// ```
    pub fn new(spec: &Spec, numbers: &'a mut [f64]) -> Result<Self, Error> {
        spec.check()?;
        check_len("calibration", spec.int8().calibration_len(), numbers.len())?;
        numbers.fill(0.0);
        let spec = *spec;
        Ok(Self { spec, numbers })
    }

    /// Largest magnitude among the inputs (embeddings, for tokens).
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let params = [0.1; SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let model = Model::new(SPEC, &params, &packed)?;
    /// # let mut buffer = [Strip::ZERO; SPEC.tape_len(3, 1)];
    /// # let mut tape = Tape::new(&SPEC, Batch::uniform(3, 1)?, Inputs::Dense(&[0.5, -4.0, 1.0, 0.0, 3.0, 0.0]), 0, &mut buffer)?;
    /// # tape.start(&model, None)?;
    /// # tape.record(Level::detect(), &model, 0..3)?;
    /// # let mut numbers = vec![0.0; SPEC.int8().calibration_len()];
    /// let mut calibration = Calibration::new(&SPEC, &mut numbers)?;
    /// calibration.observe(&tape)?; // of inputs 0.5, -4, 1, 0, 3, 0
    /// assert_eq!(calibration.input_range(), 4.0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn input_range(&self) -> f64 {
        self.numbers.first().copied().unwrap_or(0.0)
    }

    /// Largest magnitude in the state of a layer, both directions.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let params = [0.1; SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let model = Model::new(SPEC, &params, &packed)?;
    /// # let mut buffer = [Strip::ZERO; SPEC.tape_len(3, 1)];
    /// # let mut tape = Tape::new(&SPEC, Batch::uniform(3, 1)?, Inputs::Dense(&[0.5, -4.0, 1.0, 0.0, 3.0, 0.0]), 0, &mut buffer)?;
    /// # tape.start(&model, None)?;
    /// # tape.record(Level::detect(), &model, 0..3)?;
    /// # let mut numbers = vec![0.0; SPEC.int8().calibration_len()];
    /// let mut calibration = Calibration::new(&SPEC, &mut numbers)?;
    /// calibration.observe(&tape)?;
    /// assert!((0.2..1.0).contains(&calibration.hidden_range(0))); // of tanh
    /// # Ok::<(), Error>(())
    /// ```
    pub fn hidden_range(&self, layer: usize) -> f64 {
        self.numbers.get(HIDDEN + layer).copied().unwrap_or(0.0)
    }

    /// Largest magnitude in the cell state of a layer, both directions; 0 where it has none.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # const SPEC: Spec = Spec { layers: Layers::of([Layer::lstm(3)]), ..Spec::dense(2, 3, 1) };
    /// # let params = [0.5; SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let model = Model::new(SPEC, &params, &packed)?;
    /// # let mut buffer = [Strip::ZERO; SPEC.tape_len(3, 1)];
    /// # let mut tape = Tape::new(&SPEC, Batch::uniform(3, 1)?, Inputs::Dense(&[9.0; 6]), 0, &mut buffer)?;
    /// # tape.start(&model, None)?;
    /// # tape.record(Level::detect(), &model, 0..3)?;
    /// # let mut numbers = vec![0.0; SPEC.int8().calibration_len()];
    /// let mut calibration = Calibration::new(&SPEC, &mut numbers)?;
    /// calibration.observe(&tape)?; // three steps with gates wide open: c grows by 1 at each
    /// assert!(calibration.cell_range(0) > 2.9 && calibration.hidden_range(0) < 1.0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn cell_range(&self, layer: usize) -> f64 {
        self.numbers.get(CELLS + layer).copied().unwrap_or(0.0)
    }

    /// Whether this is the calibration of a net of that shape, dropout aside.
    pub(super) fn check_net(&self, spec: &Spec) -> Result<(), Error> {
        let plain = |spec: &Spec| Spec {
            dropout: Dropout::NONE,
            ..*spec
        };
        if plain(&self.spec) == plain(spec) {
            Ok(())
        } else {
            Err(Error::Quantized("the calibration is that of another net"))
        }
    }

    /// Moments (N, N) of a layer and direction (the head: layer `layers.len()`); the last number counts the steps.
    pub(super) fn moments(&self, place: Place) -> &[f64] {
        let start = self.spec.int8().moments_offset(place);
        let width = self.spec.int8().moments_width(place.layer);
        at(self.numbers, start..start + width * width)
    }

    /// Takes in a tape of one sequence, recorded from its start to its end without dropout.
    ///
    /// # Errors
    /// [`Error::Quantized`] for a tape of another net; [`Error::Steps`] for one of several sequences, or not recorded to its
    /// end.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let params = [0.1; SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let model = Model::new(SPEC, &params, &packed)?;
    /// # let mut buffer = [Strip::ZERO; SPEC.tape_len(3, 1)];
    /// # let mut tape = Tape::new(&SPEC, Batch::uniform(3, 1)?, Inputs::Dense(&[0.5, -4.0, 1.0, 0.0, 3.0, 0.0]), 0, &mut buffer)?;
    /// # tape.start(&model, None)?;
    /// # tape.record(Level::detect(), &model, 0..3)?;
    /// # let mut numbers = vec![0.0; SPEC.int8().calibration_len()];
    /// let mut calibration = Calibration::new(&SPEC, &mut numbers)?;
    /// calibration.observe(&tape)?; // recorded from its first step to its last
    /// calibration.observe(&tape)?; // any number of sequences, one after the other
    /// # Ok::<(), Error>(())
    /// ```
    pub fn observe(&mut self, tape: &Tape) -> Result<(), Error> {
        let (batch, spec) = (&tape.batch, self.spec);
        self.check_net(&tape.spec)?;
        if batch.sequences() != 1 || tape.recorded != batch.steps() {
            return Err(Error::Steps("calibration takes whole sequences one by one"));
        }
        let steps = batch.steps();
        self.observe_range(0, layer_inputs(tape, &spec, 0));
        for layer in 0..spec.layers.len() {
            self.observe_range(HIDDEN + layer, hidden(tape, &spec, layer));
            self.observe_range(CELLS + layer, cell_states(tape, &spec, layer));
            self.observe_layer(tape, layer);
        }
        let head = Place {
            layer: spec.layers.len(),
            reverse: false,
        };
        let top = if tape.layout.top.is_none() {
            tape.layout.hidden(spec.layers.len() - 1)
        } else {
            tape.layout.top
        };
        for t in 0..spec.output_rows(steps, 1) {
            self.add_moments(head, row(top.of(tape.rows), t, spec.top_width()), &[]);
        }
        Ok(())
    }

    /// Moments of `x[t]` and `h[t-1]` (reverse: `h[t+1]`).
    fn observe_layer(&mut self, tape: &Tape, layer: usize) {
        let (steps, spec) = (tape.batch.steps(), self.spec);
        let l = spec.layer(layer);
        let hidden = hidden(tape, &spec, layer);
        for place in spec.directions_of(layer) {
            let (reverse, column) = (place.reverse, place.column(l.hidden));
            for t in 0..steps {
                let inputs = layer_inputs(tape, &spec, layer);
                let x = row(inputs, t, spec.layer_input_width(layer));
                let prev = if reverse { t + 1 } else { t.wrapping_sub(1) };
                let h_prev = if prev < steps {
                    row(hidden, prev, l.width())
                } else {
                    at(tape.start, spec.state_offset(layer)..)
                };
                let h_prev = at(h_prev, column..column + l.hidden);
                self.add_moments(Place { layer, reverse }, x, h_prev);
            }
        }
    }

    /// Values on a tape that the int8 net would cut off. The tape is one that [`Calibration::observe`] takes.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let params = [0.1; SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let model = Model::new(SPEC, &params, &packed)?;
    /// # let mut buffer = [Strip::ZERO; SPEC.tape_len(3, 1)];
    /// # let mut tape = Tape::new(&SPEC, Batch::uniform(3, 1)?, Inputs::Dense(&[0.5, -4.0, 1.0, 0.0, 3.0, 0.0]), 0, &mut buffer)?;
    /// # tape.start(&model, None)?;
    /// # tape.record(Level::detect(), &model, 0..3)?;
    /// # let mut words = vec![0; SPEC.int8().model_len()];
    /// QuantizedWriter::new(&SPEC, &mut words)?.input_scale(32767.0 / 2.0); // room up to 2
    /// let model = QuantizedModel::new(SPEC, &words)?;
    /// // Inputs 0.5, -4, 1, 0, 3, 0.
    /// assert_eq!(Calibration::saturated(&tape, &model).inputs, 2);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn saturated(tape: &Tape, model: &QuantizedModel) -> Saturated {
        let spec = model.spec();
        let steps = tape.recorded;
        let beyond = |values: &[f32], limit: f32| values.iter().filter(|x| x.abs() > limit).count();
        let mut found = Saturated {
            inputs: beyond(layer_inputs(tape, spec, 0), 32767.5 / model.input_scale()),
            hidden: 0,
        };
        for (layer, l) in spec.layers.as_slice().iter().enumerate() {
            let hidden = at(tape.layout.hidden(layer).of(tape.rows), ..steps * l.width());
            if l.cell.bound().is_none() {
                found.hidden += beyond(hidden, 32767.5 * model.state_unit(layer));
            }
            let cells = cell_states(tape, spec, layer);
            found.hidden += beyond(cells, 32767.5 * model.cell_unit(layer));
        }
        found
    }

    fn observe_range(&mut self, range: usize, values: &[f32]) {
        if let Some(range) = self.numbers.get_mut(range) {
            for x in values {
                *range = range.max(f64::from(x.abs()));
            }
        }
    }

    /// `moments += v·vᵀ`, v = (x, h, 1)
    fn add_moments(&mut self, place: Place, x: &[f32], h: &[f32]) {
        let width = x.len() + h.len() + 1;
        let start = self.spec.int8().moments_offset(place);
        let room = self.numbers.len() - width;
        let Some((moments, v)) = self.numbers.split_at_mut_checked(room) else {
            debug_assert!(false, "there is room for v");
            return;
        };
        let values = x.iter().chain(h).map(|&x| f64::from(x));
        v.iter_mut()
            .zip(values.chain([1.0]))
            .for_each(|(to, x)| *to = x);
        let moments = at_mut(moments, start..start + width * width);
        for ((i, &x), sums) in v.iter().enumerate().zip(moments.chunks_exact_mut(width)) {
            if x != 0.0 {
                for (sum, &y) in sums.iter_mut().zip(at(v, ..=i)) {
                    *sum += x * y;
                }
            }
        }
    }
}

/// Row `t` of (T, width).
fn row(rows: &[f32], t: usize, width: usize) -> &[f32] {
    at(rows, t * width..(t + 1) * width)
}

/// (T, width) states of a layer.
fn hidden<'t>(tape: &'t Tape, spec: &Spec, layer: usize) -> &'t [f32] {
    let rows = tape.layout.hidden(layer).of(tape.rows);
    at(rows, ..tape.batch.steps() * spec.layer(layer).width())
}

/// (T, width) cell states of a layer; none where it has none.
fn cell_states<'t>(tape: &'t Tape, spec: &Spec, layer: usize) -> &'t [f32] {
    let region = tape.layout.cell(spec, layer);
    if region.is_none() {
        return &[];
    }
    at(
        region.of(tape.rows),
        ..tape.batch.steps() * spec.layer(layer).width(),
    )
}

/// (T, I) numbers that a layer read.
fn layer_inputs<'t>(tape: &'t Tape, spec: &Spec, layer: usize) -> &'t [f32] {
    let region = tape.layout.input(layer);
    let rows = match (layer.checked_sub(1), tape.inputs) {
        _ if !region.is_none() => region.of(tape.rows),
        (Some(below), _) => tape.layout.hidden(below).of(tape.rows),
        (None, Inputs::Dense(rows)) => rows,
        (None, Inputs::Tokens(_)) => &[],
    };
    at(rows, ..tape.batch.steps() * spec.layer_input_width(layer))
}
