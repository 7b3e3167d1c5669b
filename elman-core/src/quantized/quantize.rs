//! From a trained net and its calibration to whole numbers.

use super::layout::BLOCK;
use super::round::{MOST, best_step, factor, nearest, round_row};
use super::{Calibration, QuantizedRow, QuantizedWriter, Spec};
use crate::error::{Error, check_len, check_room};
use crate::params::{Place, TensorKind};
use crate::spec::{HeadKind, InitialState};

/// Room above what calibration saw: numbers twice as large still fit.
const HEADROOM: f64 = 2.0;
/// Fractional bits of tanh's argument behind the shift.
const TANH_BITS: i32 = 14;
/// No shift makes the sums of a matrix fit.
const TOO_LARGE: Error = Error::Quantized(
    "weights times inputs are too large for tanh's argument or the state that calibration saw",
);

impl Spec {
    /// Bytes of room for [`quantize`]: a row of weights of the matrix that reads most.
    ///
    /// ```
    /// # use elman_core::Spec;
    /// assert_eq!(Spec::dense(6, 32, 5).quantize_bytes_len(), 6 + 32 + 1);
    /// ```
    pub const fn quantize_bytes_len(&self) -> usize {
        self.calibrated_widest()
    }

    /// Numbers of scratch for [`quantize`].
    ///
    /// ```
    /// # use elman_core::Spec;
    /// let spec = Spec::dense(6, 32, 5);
    /// // Of the layer: moments of 6 + 32 + 1 numbers, a row of weights, two steps per row.
    /// assert_eq!(spec.quantize_scratch_len(), 39 * 39 + 39 + 2 * 32);
    /// ```
    pub const fn quantize_scratch_len(&self) -> usize {
        let (mut most, mut layer) = (0, 0);
        while layer <= self.layers.len() {
            let width = self.calibrated_width(layer);
            // moments, a row of weights, two steps per row
            let rows = if layer < self.layers.len() {
                self.layer(layer).hidden
            } else {
                self.output_width()
            };
            let needed = width * width + width + 2 * rows;
            if needed > most {
                most = needed;
            }
            layer += 1;
        }
        most
    }
}

/// Rounds a net to whole numbers: per row the steps that fit best, then every weight so that the errors of the products
/// cancel on the calibration's data, then the bias takes over what is left on average. `words` are
/// [`Spec::quantized_len`], `bytes` [`Spec::quantize_bytes_len`], `scratch` [`Spec::quantize_scratch_len`]; both may hold
/// anything. Inputs and states of relu and identity get room for twice what
/// calibration saw, or for more where it saw next to nothing of a layer.
///
/// # Errors
/// [`Error::Length`]; [`Error::Quantized`] if numbers are not finite or out of all proportion.
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
/// # let mut tape = Tape::new(&spec, batch, Inputs::Dense(&inputs), 0, &mut buffer)?;
/// # tape.start(&model, None)?;
/// # tape.record(level, &model, 0..32)?;
/// # let mut numbers = vec![0.0; spec.calibration_len()];
/// # let mut calibration = Calibration::new(&spec, &mut numbers)?;
/// # calibration.observe(&tape)?;
/// let mut words = vec![0; spec.quantized_len()];
/// let (mut bytes, mut scratch) = (vec![0; spec.quantize_bytes_len()], vec![0.0; spec.quantize_scratch_len()]);
/// quantize(&spec, &params, &calibration, &mut words, &mut bytes, &mut scratch)?;
/// let model = QuantizedModel::new(spec, &words)?;
/// // Calibration saw inputs up to 0.5, so there is room up to 1.
/// assert_eq!([0.0, 0.5, 1.0, 7.0].map(|x| model.integer(x)), [0, 16384, 32767, 32767]);
/// # Ok::<(), Error>(())
/// ```
pub fn quantize(
    spec: &Spec,
    params: &[f32],
    calibration: &Calibration,
    words: &mut [u32],
    bytes: &mut [i8],
    scratch: &mut [f64],
) -> Result<(), Error> {
    check_len("params", spec.params_len(), params.len())?;
    check_room("scratch", spec.quantize_scratch_len(), scratch.len())?;
    check_room("bytes", spec.quantize_bytes_len(), bytes.len())?;
    if !params.iter().all(|x| x.is_finite()) {
        return Err(Error::Quantized("a parameter is not finite"));
    }
    let mut writer = QuantizedWriter::new(spec, words)?;
    let mut below = inputs(spec, params, calibration, &mut writer, bytes)?;
    for layer in 0..spec.layers.len() {
        below = round_layer(
            spec,
            params,
            layer,
            below,
            calibration,
            &mut writer,
            bytes,
            scratch,
        )?;
    }
    if spec.has_head() {
        let place = Place {
            layer: spec.layers.len(),
            reverse: false,
        };
        let matrix = Source {
            spec,
            params,
            place,
            below,
            state: 0.0,
            base: 1.0,
            shifts: false,
        };
        matrix.round(calibration, &mut writer, bytes, scratch, 0.0)?;
    }
    Ok(())
}

/// Scales the inputs and writes the embeddings; gives what one unit of an input is worth.
fn inputs(
    spec: &Spec,
    params: &[f32],
    calibration: &Calibration,
    writer: &mut QuantizedWriter,
    bytes: &mut [i8],
) -> Result<f64, Error> {
    let tables = params.get(..spec.initial_state_offset()).unwrap_or(&[]);
    let largest = tables
        .iter()
        .fold(0.0f64, |most, x| most.max(f64::from(x.abs())));
    let range = if tables.is_empty() {
        calibration.input_range() * HEADROOM
    } else {
        largest * 1.03 // 127 steps of a row, rounded up, still fit
    };
    let scale = (32767.0 / if range > 0.0 { range } else { 1.0 }) as f32;
    writer.input_scale(scale);
    for tensor in spec.tensors() {
        let TensorKind::Embedding { channel } = tensor.kind else {
            break;
        };
        let rows = params.get(tensor.range()).unwrap_or(&[]);
        for (id, row) in rows.chunks_exact(tensor.columns.max(1)).enumerate() {
            let most = row
                .iter()
                .fold(0.0f64, |most, x| most.max(f64::from(x.abs())));
            let multiplier = nearest_16(most / MOST * 128.0 * f64::from(scale)).max(1);
            let step = f64::from(multiplier) / 128.0 / f64::from(scale);
            let bytes = bytes.get_mut(..row.len()).unwrap_or(&mut []);
            for (to, &x) in bytes.iter_mut().zip(row) {
                *to = nearest(f64::from(x) / step) as i8;
            }
            writer.embedding(channel, id, bytes, multiplier)?;
        }
    }
    Ok(1.0 / f64::from(scale))
}

/// Rounds a layer; gives what one unit of its state is worth.
#[expect(
    clippy::too_many_arguments,
    reason = "each is a slice or a setting of its own"
)]
fn round_layer(
    spec: &Spec,
    params: &[f32],
    layer: usize,
    below: f64,
    calibration: &Calibration,
    writer: &mut QuantizedWriter,
    bytes: &mut [i8],
    scratch: &mut [f64],
) -> Result<f64, Error> {
    let l = spec.layer(layer);
    let is_tanh = l.cell.bound().is_some();
    let range = match calibration.hidden_range(layer) {
        // Silent on all data: whatever wakes it up is new.
        0.0 => 1.0,
        range => range,
    };
    let mut unit = if is_tanh {
        1.0 / 32768.0
    } else {
        f32::MIN_POSITIVE.max((range * HEADROOM / 32767.0) as f32)
    };
    let mut round_with = |unit: f32| {
        for reverse in [false, true].into_iter().take(l.directions()) {
            let place = Place { layer, reverse };
            initial(spec, params, place, unit, writer)?;
            let base = if is_tanh {
                power(-TANH_BITS)
            } else {
                f64::from(unit)
            };
            let matrix = Source {
                spec,
                params,
                place,
                below,
                state: f64::from(unit),
                base,
                shifts: true,
            };
            matrix.round(calibration, writer, bytes, scratch, unit)?;
        }
        Ok(())
    };
    loop {
        match round_with(unit) {
            // Calibration met a layer nearly silent. A coarser unit is still far finer than its weights are.
            Err(error) if error == TOO_LARGE && !is_tanh && unit < f32::MAX / 2.0 => unit *= 2.0,
            done => return done.map(|()| f64::from(unit)),
        }
    }
}

fn initial(
    spec: &Spec,
    params: &[f32],
    place: Place,
    unit: f32,
    writer: &mut QuantizedWriter,
) -> Result<(), Error> {
    if spec.initial_state == InitialState::Zero {
        return Ok(());
    }
    let range = spec.range_of(TensorKind::InitialState(place));
    for (i, &h) in params.get(range).unwrap_or(&[]).iter().enumerate() {
        let value = nearest_16(f64::from(h) / f64::from(unit));
        writer.initial_number(place, i, value)?;
    }
    Ok(())
}

/// A matrix to be rounded.
struct Source<'a> {
    spec: &'a Spec,
    params: &'a [f32],
    /// The head is layer `layers.len()`.
    place: Place,
    /// What one unit of what is read is worth, and of the state.
    below: f64,
    state: f64,
    /// What one unit of the sum is worth without a shift.
    base: f64,
    /// Whether the shift is done by the net; if not, only its unit shrinks.
    shifts: bool,
}

impl Source<'_> {
    fn is_head(&self) -> bool {
        self.place.layer == self.spec.layers.len()
    }

    fn rows(&self) -> usize {
        match self.spec.head.kind {
            HeadKind::Linear { outputs } | HeadKind::Softmax { outputs } if self.is_head() => {
                outputs
            }
            _ => self.spec.layer(self.place.layer).hidden,
        }
    }

    fn parameters(&self, kind: TensorKind) -> &[f32] {
        self.params.get(self.spec.range_of(kind)).unwrap_or(&[])
    }

    fn bias(&self, row: usize) -> f64 {
        let kind = if self.is_head() {
            TensorKind::HeadBias
        } else {
            TensorKind::Bias(self.place)
        };
        self.parameters(kind).get(row).map_or(0.0, |&b| b.into())
    }

    /// Weights of a row: of what is read, then of the state.
    fn weights(&self, row: usize, to: &mut [f64]) {
        let rows = self.rows();
        let (below, state) = if self.is_head() {
            (self.parameters(TensorKind::HeadWeights), &[][..])
        } else {
            let below = self.parameters(TensorKind::InputWeights(self.place));
            (
                below,
                self.parameters(TensorKind::RecurrentWeights(self.place)),
            )
        };
        let columns = below.chunks_exact(rows).chain(state.chunks_exact(rows));
        for (to, column) in to.iter_mut().zip(columns) {
            *to = column.get(row).map_or(0.0, |&w| w.into());
        }
    }

    fn round(
        &self,
        calibration: &Calibration,
        writer: &mut QuantizedWriter,
        bytes: &mut [i8],
        scratch: &mut [f64],
        unit: f32,
    ) -> Result<(), Error> {
        let width = self.spec.calibrated_width(self.place.layer);
        let (reads, inputs) = (
            width - 1,
            width - 1 - if self.is_head() { 0 } else { self.rows() },
        );
        let (moments, rest) = scratch.split_at_mut(width * width);
        moments.copy_from_slice(calibration.moments(self.place));
        let (weights, rest) = rest.split_at_mut(reads);
        let steps = &mut rest[..2 * self.rows()];
        let count = moments.last().copied().unwrap_or(0.0).max(1.0);
        for (row, steps) in steps.chunks_exact_mut(2).enumerate() {
            self.weights(row, weights);
            let (below, state) = weights.split_at(inputs);
            // The mean square of an input is on the diagonal.
            let variance = |i: usize| moments.get(i * width + i).map_or(0.0, |m| m / count);
            steps[0] = best_step(below, variance);
            steps[1] = best_step(state, |i| variance(inputs + i));
        }
        let shift = self.shift(steps, inputs)?;
        let sum_unit = self.base / power(shift);
        factor(moments, width);
        if self.is_head() {
            writer.head(sum_unit as f32)?;
        } else {
            writer.matrix(self.place, shift as u32, unit)?;
        }
        for row in 0..self.rows() {
            self.weights(row, weights);
            let multiplier = |step: f64, worth: f64| {
                let exact = step * worth * 65536.0 / sum_unit;
                if step > 0.0 {
                    nearest_16(exact).max(1)
                } else {
                    0
                }
            };
            let below = multiplier(steps[2 * row], self.below);
            let state = multiplier(steps[2 * row + 1], self.state);
            let step = |i: usize| {
                let (multiplier, worth) = if i < inputs {
                    (below, self.below)
                } else {
                    (state, self.state)
                };
                f64::from(multiplier) * sum_unit / 65536.0 / worth
            };
            let mean = round_row(weights, moments, step, |i, byte| {
                if let Some(to) = bytes.get_mut(i) {
                    *to = byte;
                }
            });
            // Sums are rounded down, per piece by half a unit on average; the shift rounds down as well.
            let pieces = pieces(inputs) + pieces(reads - inputs);
            let half = if self.shifts && shift > 0 {
                power(shift - 1)
            } else {
                0.0
            };
            let bias = (self.bias(row) + mean) / sum_unit + 0.5 * pieces + half;
            if bias.abs() > f64::from(1 << 30) {
                return Err(Error::Quantized(
                    "a bias out of all proportion to its weights",
                ));
            }
            let (below_bytes, state_bytes) = bytes.get(..reads).unwrap_or(&[]).split_at(inputs);
            let values = QuantizedRow {
                below: below_bytes,
                state: state_bytes,
                bias: (bias + if bias < 0.0 { -0.5 } else { 0.5 }) as i32,
                below_multiplier: below,
                state_multiplier: state,
            };
            if self.is_head() {
                writer.head_row(row, values)?;
            } else {
                writer.row(self.place, row, values)?;
            }
        }
        Ok(())
    }

    /// The largest shift for which multipliers fit 16 bits and sums 32.
    fn shift(&self, steps: &[f64], inputs: usize) -> Result<i32, Error> {
        let padded = |numbers: usize| (numbers.next_multiple_of(BLOCK) + 2 * BLOCK) as f64;
        let (reads, state) = (padded(inputs), padded(self.rows()));
        let fits = |shift: i32| {
            let unit = self.base / power(shift);
            steps.chunks_exact(2).enumerate().all(|(row, steps)| {
                let below = steps[0] * self.below * 65536.0 / unit;
                let rec = steps[1] * self.state * 65536.0 / unit;
                let sums = 64.0 * (below * reads + rec * state);
                below.max(rec) < 32767.0
                    && sums + 2.0 * self.bias(row).abs() / unit < f64::from(1 << 30) * 1.99
            })
        };
        let lowest = if self.shifts { 0 } else { -60 };
        let highest = if self.shifts { 31 } else { 60 };
        (lowest..=highest)
            .rev()
            .find(|&shift| fits(shift))
            .ok_or(TOO_LARGE)
    }
}

/// How many pieces a sum is cut into.
fn pieces(inputs: usize) -> f64 {
    inputs.div_ceil(504) as f64
}

/// `2^n`
fn power(n: i32) -> f64 {
    libm::ldexp(1.0, n)
}

/// The nearest number of 16 bits.
fn nearest_16(x: f64) -> i16 {
    let half = if x < 0.0 { -0.5 } else { 0.5 };
    ((x + half) as i32).clamp(-32767, 32767) as i16
}
