//! From a trained net and its calibration to int8 weights.

use super::calibrate::Calibration;
use super::round::{MAX_WEIGHT, best_step, factor, nearest, round_row};
use super::words::{BLOCK, PIECE};
use super::write::{QuantizedRow, QuantizedWriter};
use crate::error::{Error, check_len, check_room};
use crate::params::{Place, TensorKind};
use crate::slices::{at, at_mut};
use crate::spec::{HeadKind, InitialState, Spec};

/// Room above what calibration saw: numbers twice as large still fit.
const HEADROOM: f64 = 2.0;
/// Fractional bits of tanh's argument behind the shift.
const TANH_BITS: i32 = 14;
/// No shift makes the sums of a matrix fit.
const TOO_LARGE: Error = Error::Quantized(
    "weights times inputs are too large for tanh's argument or the state that calibration saw",
);

/// Rounds a net to int8 weights: per row the steps that fit best, then every weight so that the errors of the products
/// cancel on the calibration's data, then the bias takes over what is left on average.
///
/// `words` are [`Int8Lengths::model_len`](super::Int8Lengths::model_len), `bytes`
/// [`Int8Lengths::bytes_len`](super::Int8Lengths::bytes_len), `scratch`
/// [`Int8Lengths::scratch_len`](super::Int8Lengths::scratch_len); the last two may hold anything. Inputs and states of relu and
/// identity get room for twice what calibration saw, or for more where it saw next to nothing of a layer.
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
/// # let mut numbers = vec![0.0; spec.int8().calibration_len()];
/// # let mut calibration = Calibration::new(&spec, &mut numbers)?;
/// # calibration.observe(&tape)?;
/// let mut words = vec![0; spec.int8().model_len()];
/// let (mut bytes, mut scratch) = (vec![0; spec.int8().bytes_len()], vec![0.0; spec.int8().scratch_len()]);
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
    check_room("scratch", spec.int8().scratch_len(), scratch.len())?;
    check_room("bytes", spec.int8().bytes_len(), bytes.len())?;
    if !params.iter().all(|x| x.is_finite()) {
        return Err(Error::Quantized("a parameter is not finite"));
    }
    let writer = QuantizedWriter::new(spec, words)?;
    let mut quantizer = Quantizer {
        net: Net { spec, params },
        calibration,
        writer,
        bytes,
        scratch,
    };
    let mut x_unit = quantizer.inputs()?;
    for layer in 0..spec.layers.len() {
        x_unit = quantizer.layer(layer, x_unit)?;
    }
    if spec.has_head() {
        let place = Place {
            layer: spec.layers.len(),
            reverse: false,
        };
        let units = Units {
            x: x_unit,
            h: 0.0,
            z: 1.0,
            shifts: false,
        };
        quantizer.matrix(place, units, 0.0)?;
    }
    Ok(())
}

/// The net that is rounded. Its head is layer `layers.len()`.
#[derive(Clone, Copy)]
struct Net<'a> {
    spec: &'a Spec,
    params: &'a [f32],
}

impl<'a> Net<'a> {
    fn parameters(self, kind: TensorKind) -> &'a [f32] {
        at(self.params, self.spec.range_of(kind))
    }

    fn is_head(self, place: Place) -> bool {
        place.layer == self.spec.layers.len()
    }

    fn rows(self, place: Place) -> usize {
        match self.spec.head.kind {
            HeadKind::Linear { outputs } | HeadKind::Softmax { outputs } if self.is_head(place) => {
                outputs
            }
            _ => self.spec.layer(place.layer).hidden,
        }
    }

    fn bias(self, place: Place, row: usize) -> f64 {
        let kind = if self.is_head(place) {
            TensorKind::HeadBias
        } else {
            TensorKind::Bias(place)
        };
        self.parameters(kind).get(row).map_or(0.0, |&b| b.into())
    }

    /// Row `row` of `W_in`, then of `W_rec`.
    fn weights(self, place: Place, row: usize, to: &mut [f64]) {
        let rows = self.rows(place);
        let (w_in, w_rec) = if self.is_head(place) {
            (self.parameters(TensorKind::HeadWeights), &[][..])
        } else {
            let w_in = self.parameters(TensorKind::InputWeights(place));
            (w_in, self.parameters(TensorKind::RecurrentWeights(place)))
        };
        let columns = w_in.chunks_exact(rows).chain(w_rec.chunks_exact(rows));
        for (to, column) in to.iter_mut().zip(columns) {
            *to = column.get(row).map_or(0.0, |&w| w.into());
        }
    }
}

/// What one unit of a matrix's numbers is worth.
#[derive(Clone, Copy)]
struct Units {
    x: f64,
    h: f64,
    /// Of the sum, without a shift.
    z: f64,
    /// Whether the net itself shifts; if not, only the unit of z shrinks.
    shifts: bool,
}

impl Units {
    /// The largest shift for which multipliers fit 16 bits and sums 32. `steps` are two for each row, of `W_in` and `W_rec`.
    fn largest_shift(
        self,
        steps: &[f64],
        x_columns: usize,
        bias: impl Fn(usize) -> f64,
    ) -> Result<i32, Error> {
        let padded = |columns: usize| (columns.next_multiple_of(BLOCK) + 2 * BLOCK) as f64;
        let (x_columns, h_columns) = (padded(x_columns), padded(steps.len() / 2));
        let fits = |shift: i32| {
            let z_unit = self.z / power(shift);
            steps.chunks_exact(2).enumerate().all(|(row, steps)| {
                let m_in = steps[0] * self.x * 65536.0 / z_unit;
                let m_rec = steps[1] * self.h * 65536.0 / z_unit;
                let sums = 64.0 * (m_in * x_columns + m_rec * h_columns);
                m_in.max(m_rec) < 32767.0
                    && sums + 2.0 * bias(row).abs() / z_unit < f64::from(1 << 30) * 1.99
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

/// A matrix whose shift is known.
#[derive(Clone, Copy)]
struct Shifted {
    units: Units,
    shift: i32,
    /// What one unit of the sum is worth.
    z_unit: f64,
    /// Columns of `W_in`; those of `W_rec` follow.
    x_columns: usize,
}

impl Shifted {
    /// Rounds a row with the steps of its two parts. `weights` become errors, `bytes` the rounded weights; `factor` is what
    /// [`factor()`] makes.
    fn row<'b>(
        &self,
        steps: [f64; 2],
        bias: f64,
        weights: &mut [f64],
        factor: &[f64],
        bytes: &'b mut [i8],
    ) -> Result<QuantizedRow<'b>, Error> {
        let h_columns = weights.len() - self.x_columns;
        let m_in = self.multiplier(steps[0], self.units.x);
        let m_rec = self.multiplier(steps[1], self.units.h);
        let step = |column: usize| {
            let (multiplier, unit) = if column < self.x_columns {
                (m_in, self.units.x)
            } else {
                (m_rec, self.units.h)
            };
            f64::from(multiplier) * self.z_unit / 65536.0 / unit
        };
        let mean = round_row(weights, factor, step, |column, byte| {
            if let Some(to) = bytes.get_mut(column) {
                *to = byte;
            }
        });
        // Sums are rounded down, per piece by half a unit on average; the shift rounds down as well.
        let pieces = pieces(self.x_columns) + pieces(h_columns);
        let half = if self.units.shifts && self.shift > 0 {
            power(self.shift - 1)
        } else {
            0.0
        };
        let bias = (bias + mean) / self.z_unit + 0.5 * pieces + half;
        if bias.abs() > f64::from(1 << 30) {
            return Err(Error::Quantized(
                "a bias out of all proportion to its weights",
            ));
        }
        let (input_weights, recurrent_weights) = bytes.split_at(self.x_columns);
        Ok(QuantizedRow {
            input_weights,
            recurrent_weights,
            bias: (bias + if bias < 0.0 { -0.5 } else { 0.5 }) as i32,
            input_multiplier: m_in,
            recurrent_multiplier: m_rec,
        })
    }

    /// The multiplier of weights in steps of `step`, which meet numbers in units of `unit`; 0 where all weights are 0.
    fn multiplier(&self, step: f64, unit: f64) -> i16 {
        let exact = step * unit * 65536.0 / self.z_unit;
        if step > 0.0 {
            nearest_16(exact).max(1)
        } else {
            0
        }
    }
}

/// The net, and buffers.
struct Quantizer<'a> {
    net: Net<'a>,
    calibration: &'a Calibration<'a>,
    writer: QuantizedWriter<'a>,
    bytes: &'a mut [i8],
    scratch: &'a mut [f64],
}

impl Quantizer<'_> {
    /// Scales the inputs and writes the embeddings; gives what one unit of an input is worth.
    fn inputs(&mut self) -> Result<f64, Error> {
        let Net { spec, params } = self.net;
        let tables = at(params, ..spec.initial_state_offset());
        let range = if tables.is_empty() {
            self.calibration.input_range() * HEADROOM
        } else {
            largest(tables) * 1.03 // 127 steps of a row, rounded up, still fit
        };
        let scale = (32767.0 / if range > 0.0 { range } else { 1.0 }) as f32;
        self.writer.input_scale(scale);
        for tensor in spec.tensors() {
            let TensorKind::Embedding { channel } = tensor.kind else {
                break;
            };
            let rows = at(params, tensor.range());
            for (id, row) in rows.chunks_exact(tensor.columns.max(1)).enumerate() {
                let step = largest(row) / MAX_WEIGHT;
                let multiplier = nearest_16(step * 128.0 * f64::from(scale)).max(1);
                let step = f64::from(multiplier) / 128.0 / f64::from(scale);
                let bytes = at_mut(self.bytes, ..row.len());
                for (to, &x) in bytes.iter_mut().zip(row) {
                    *to = nearest(f64::from(x) / step) as i8;
                }
                self.writer.embedding(channel, id, bytes, multiplier)?;
            }
        }
        Ok(1.0 / f64::from(scale))
    }

    /// Rounds a layer; gives what one unit of its state is worth.
    fn layer(&mut self, layer: usize, x_unit: f64) -> Result<f64, Error> {
        let is_tanh = self.net.spec.layer(layer).cell.bound().is_some();
        let range = match self.calibration.hidden_range(layer) {
            // h was 0 at every step, which says nothing of its range.
            0.0 => 1.0,
            range => range,
        };
        let mut unit = if is_tanh {
            1.0 / 32768.0
        } else {
            f32::MIN_POSITIVE.max((range * HEADROOM / 32767.0) as f32)
        };
        loop {
            match self.layer_in(layer, x_unit, unit) {
                // Where calibration met a layer nearly silent. A coarser unit is still far finer than its weights are.
                Err(error) if error == TOO_LARGE && !is_tanh && unit < f32::MAX / 2.0 => {
                    unit *= 2.0;
                }
                done => return done.map(|()| f64::from(unit)),
            }
        }
    }

    /// Rounds a layer whose state is counted in `unit`.
    fn layer_in(&mut self, layer: usize, x_unit: f64, unit: f32) -> Result<(), Error> {
        let l = self.net.spec.layer(layer);
        let units = Units {
            x: x_unit,
            h: f64::from(unit),
            z: if l.cell.bound().is_some() {
                power(-TANH_BITS)
            } else {
                f64::from(unit)
            },
            shifts: true,
        };
        for place in self.net.spec.directions_of(layer) {
            self.initial_state(place, unit)?;
            self.matrix(place, units, unit)?;
        }
        Ok(())
    }

    fn initial_state(&mut self, place: Place, unit: f32) -> Result<(), Error> {
        if self.net.spec.initial_state == InitialState::Zero {
            return Ok(());
        }
        let initial = self.net.parameters(TensorKind::InitialState(place));
        for (i, &h) in initial.iter().enumerate() {
            let value = nearest_16(f64::from(h) / f64::from(unit));
            self.writer.initial_number(place, i, value)?;
        }
        Ok(())
    }

    /// Rounds a matrix, (rows, columns) of `W_in` and `W_rec` side by side. `h_unit` is what the words say of the state's unit.
    fn matrix(&mut self, place: Place, units: Units, h_unit: f32) -> Result<(), Error> {
        let Self {
            net,
            calibration,
            writer,
            bytes,
            scratch,
        } = self;
        let rows = net.rows(place);
        let width = net.spec.int8().moments_width(place.layer);
        let columns = width - 1;
        let x_columns = columns - if net.is_head(place) { 0 } else { rows };
        let (moments, rest) = scratch.split_at_mut(width * width);
        moments.copy_from_slice(calibration.moments(place));
        let (weights, rest) = rest.split_at_mut(columns);
        let steps = &mut rest[..2 * rows];
        let count = moments.last().copied().unwrap_or(0.0).max(1.0);
        for (row, steps) in steps.chunks_exact_mut(2).enumerate() {
            net.weights(place, row, weights);
            let (w_in, w_rec) = weights.split_at(x_columns);
            // The mean square of an input is on the diagonal.
            let variance = |i: usize| moments.get(i * width + i).map_or(0.0, |m| m / count);
            steps[0] = best_step(w_in, variance);
            steps[1] = best_step(w_rec, |i| variance(x_columns + i));
        }
        let shift = units.largest_shift(steps, x_columns, |row| net.bias(place, row))?;
        let z_unit = units.z / power(shift);
        let shifted = Shifted {
            units,
            shift,
            z_unit,
            x_columns,
        };
        factor(moments, width);
        if net.is_head(place) {
            writer.head(z_unit as f32)?;
        } else {
            writer.matrix(place, shift as u32, h_unit)?;
        }
        let bytes = at_mut(bytes, ..columns);
        for (row, steps) in steps.chunks_exact(2).enumerate() {
            net.weights(place, row, weights);
            let bias = net.bias(place, row);
            let values = shifted.row([steps[0], steps[1]], bias, weights, moments, bytes)?;
            if net.is_head(place) {
                writer.head_row(row, values)?;
            } else {
                writer.row(place, row, values)?;
            }
        }
        Ok(())
    }
}

/// The largest magnitude.
fn largest(numbers: &[f32]) -> f64 {
    numbers
        .iter()
        .fold(0.0f64, |most, x| most.max(f64::from(x.abs())))
}

/// How many pieces a sum is cut into.
fn pieces(columns: usize) -> f64 {
    columns.div_ceil(PIECE * BLOCK) as f64
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
