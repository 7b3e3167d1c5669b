//! From a trained net and its calibration to int8 weights.

use core::ops::Range;

use super::calibrate::Calibration;
use super::floats::Net;
use super::layer::unit_of;
use super::round::{MAX_WEIGHT, best_step, factor, nearest, round_row};
use super::words::{BLOCK, PIECE};
use super::write::{QuantizedRow, QuantizedWriter};
use crate::cell::Cell;
use crate::error::{Error, check_len, check_room};
use crate::params::{Place, TensorKind};
use crate::slices::{at, at_mut};
use crate::spec::{InitialState, Spec};
use crate::weights::scalar_sigmoid;

/// Room above what calibration saw: numbers twice as large still fit.
const HEADROOM: f64 = 2.0;
/// Fractional bits of tanh's argument behind the shift.
const TANH_BITS: i32 = 14;
/// Sums must stay below, a little less than 2³¹.
const LARGEST_SUM: f64 = (1 << 30) as f64 * 1.99;
/// No shift makes the sums of a matrix fit.
const TOO_LARGE: Error = Error::Quantized(
    "weights times inputs are too large for tanh's argument or the state that calibration saw",
);

/// Rounds a net to int8 weights: per row the steps that fit best, then every weight so that the errors of the products
/// cancel on the calibration's data, then the bias takes over what is left on average.
///
/// `words` are [`Int8Lengths::model_len`](super::Int8Lengths::model_len), `bytes`
/// [`Int8Lengths::bytes_len`](super::Int8Lengths::bytes_len), `scratch`
/// [`Int8Lengths::scratch_len`](super::Int8Lengths::scratch_len); the last two may hold anything. Inputs, c of an LSTM and
/// states of relu, identity, FastRNN and FastGRNN get room for twice what calibration saw, or for more where it saw next to nothing of a layer.
///
/// # Errors
/// [`Error::Length`]; [`Error::Quantized`] if the calibration is another net's, or if numbers are not finite or out of all
/// proportion.
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
    calibration.check_net(spec)?;
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
            largest_sum: LARGEST_SUM,
        };
        quantizer.matrix(place, units, 0.0)?;
    }
    Ok(())
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
    largest_sum: f64,
}

impl Units {
    /// The largest shift for which multipliers fit 16 bits and sums 32. `steps` are two for each row, of `W_in` and `W_rec`.
    fn largest_shift(
        self,
        steps: &[f64],
        [x_columns, h_columns]: [usize; 2],
        bias: impl Fn(usize) -> f64,
    ) -> Result<i32, Error> {
        let padded = |columns: usize| (columns.next_multiple_of(BLOCK) + 2 * BLOCK) as f64;
        let (x_columns, h_columns) = (padded(x_columns), padded(h_columns));
        let fits = |shift: i32| {
            let z_unit = self.z / power(shift);
            steps.chunks_exact(2).enumerate().all(|(row, steps)| {
                let m_in = steps[0] * self.x * 65536.0 / z_unit;
                let m_rec = steps[1] * self.h * 65536.0 / z_unit;
                let sums = 64.0 * (m_in * x_columns + m_rec * h_columns);
                m_in.max(m_rec) < 32767.0
                    && sums + 2.0 * bias(row).abs() / z_unit < self.largest_sum
            })
        };
        let lowest = if self.shifts { 0 } else { -60 };
        let highest = match self.shifts {
            true if self.largest_sum < LARGEST_SUM => 30,
            true => 31,
            false => 60,
        };
        (lowest..=highest)
            .rev()
            .find(|&shift| fits(shift))
            .ok_or(TOO_LARGE)
    }
}

/// The rows of a sum, of a matrix whose shift is known.
#[derive(Clone, Copy)]
struct Shifted {
    units: Units,
    /// What one unit of the sum is worth.
    z_unit: f64,
    /// Columns of `W_in` that it reads; those of `W_rec` follow.
    x_columns: usize,
    /// Bits that are cut off the sum before a function reads it.
    cut: i32,
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
        // Sums are rounded down, per piece by half a unit on average; cutting bits off rounds down as well.
        let pieces = pieces(self.x_columns) + pieces(h_columns);
        let half = if self.cut > 0 {
            power(self.cut - 1)
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
        let cell = self.net.spec.layer(layer).cell;
        let range = match self.calibration.hidden_range(layer) {
            // h was 0 at every step, which says nothing of its range.
            0.0 => 1.0,
            range => range,
        };
        let mut unit = if cell.int8_ranged() == Some(0) {
            unit_of(self.exponent(layer, range, TensorKind::InitialState))
        } else if h_is_a_sum(cell) {
            f32::MIN_POSITIVE.max((range * HEADROOM / 32767.0) as f32)
        } else {
            1.0 / 32768.0
        };
        loop {
            match self.layer_in(layer, x_unit, unit) {
                // Where calibration met a layer nearly silent. A coarser unit is still far finer than its weights are.
                Err(error) if error == TOO_LARGE && h_is_a_sum(cell) && unit < f32::MAX / 2.0 => {
                    unit *= 2.0;
                }
                done => return done.map(|()| f64::from(unit)),
            }
        }
    }

    /// Rounds a layer whose h is counted in `unit`.
    fn layer_in(&mut self, layer: usize, x_unit: f64, unit: f32) -> Result<(), Error> {
        let cell = self.net.spec.layer(layer).cell;
        let units = Units {
            x: x_unit,
            h: f64::from(unit),
            z: if h_is_a_sum(cell) {
                f64::from(unit)
            } else {
                power(-TANH_BITS)
            },
            shifts: true,
            largest_sum: if cell.is_gated() {
                LARGEST_SUM / 2.0
            } else {
                LARGEST_SUM
            },
        };
        for place in self.net.spec.directions_of(layer) {
            self.initial(TensorKind::InitialState(place), place, 0, f64::from(unit));
            if cell.facts().states > 1 {
                let range = self.calibration.cell_range(layer);
                let exponent = self.exponent(layer, range, TensorKind::InitialCell);
                self.writer.cell_exponent(place, exponent)?;
                let unit = f64::from(unit_of(exponent));
                self.initial(TensorKind::InitialCell(place), place, 1, unit);
            }
            self.matrix(place, units, unit)?;
            self.scalars(place)?;
        }
        Ok(())
    }

    /// The least power of two that a state stays below, from what calibration saw of it and where it starts.
    fn exponent(&self, layer: usize, seen: f64, kind: fn(Place) -> TensorKind) -> u32 {
        let spec = self.net.spec;
        let initial = spec
            .directions_of(layer)
            .map(|place| match spec.initial_state {
                InitialState::Zero => 0.0,
                InitialState::Trained => largest(self.net.parameters(kind(place))),
            });
        let range = initial.fold(seen, f64::max);
        // It was 0 at every step, which says nothing of its range.
        let range = if range > 0.0 { range } else { 1.0 };
        let fits = |&exponent: &u32| power(exponent as i32) >= range * HEADROOM;
        (0..15).find(fits).unwrap_or(15)
    }

    /// The trained initial numbers of a layer and direction: state 0 is h, 1 is c.
    fn initial(&mut self, kind: TensorKind, place: Place, state: usize, unit: f64) {
        if self.net.spec.initial_state == InitialState::Zero {
            return;
        }
        for (i, &value) in self.net.parameters(kind).iter().enumerate() {
            let value = nearest_16(f64::from(value) / unit);
            self.writer.initial_number(place, state, i, value);
        }
    }

    /// The trained numbers that all units share.
    fn scalars(&mut self, place: Place) -> Result<(), Error> {
        let mut rounded = [0; 2];
        let scalars = self.net.parameters(TensorKind::Scalars(place));
        for (to, &raw) in rounded.iter_mut().zip(scalars) {
            *to = (f64::from(scalar_sigmoid(raw)) * 65536.0 + 0.5).min(65535.0) as u16;
        }
        self.writer.scalars(place, at(&rounded, ..scalars.len()))
    }

    /// Rounds a matrix, sum by sum. `h_unit` is what the words say of the state's unit.
    fn matrix(&mut self, place: Place, units: Units, h_unit: f32) -> Result<(), Error> {
        let net = self.net;
        let (rows, cell) = (net.units(place), net.cell(place));
        let shift = self.shift(place, units)?;
        let z_unit = units.z / power(shift);
        if net.is_head(place) {
            self.writer.head(z_unit as f32)?;
        } else {
            self.writer.matrix(place, shift as u32, h_unit)?;
        }
        let mut factored = 0..0;
        for sum in 0..cell.facts().own() {
            let (span, x_columns) = net.span(place, sum);
            let cut = cell.int8_cut(sum).filter(|_| units.shifts);
            let shifted = Shifted {
                units,
                z_unit,
                x_columns,
                cut: cut.map_or(0, |cut| shift + cut as i32),
            };
            let moments = self.calibration.moments(place);
            let width = net.spec.int8().moments_width(place.layer);
            let (factors, rest) = self.scratch.split_at_mut(width * width);
            let (weights, steps) = rest.split_at_mut(width - 1);
            let factors = at_mut(factors, ..(span.len() + 1) * (span.len() + 1));
            if span != factored {
                part_of_moments(moments, width, &span, factors);
                factor(factors, span.len() + 1);
                factored = span.clone();
            }
            let weights = at_mut(weights, ..span.len());
            let bytes = at_mut(self.bytes, ..span.len());
            let steps = at(steps, 2 * rows * sum..).chunks_exact(2);
            for (unit, steps) in steps.take(rows).enumerate() {
                net.weights(place, sum, unit, weights);
                let bias = net.bias(place, sum, unit);
                let values = shifted.row([steps[0], steps[1]], bias, weights, factors, bytes)?;
                if net.is_head(place) {
                    self.writer.head_row(unit, values)?;
                } else {
                    self.writer.row(place, sum * rows + unit, values)?;
                }
            }
        }
        Ok(())
    }

    /// The shift of a matrix. Leaves the steps of all its rows in the scratch, two each, behind moments and weights.
    fn shift(&mut self, place: Place, units: Units) -> Result<i32, Error> {
        let net = self.net;
        let (rows, sums) = (net.units(place), net.cell(place).facts().own());
        let width = net.spec.int8().moments_width(place.layer);
        let (_, rest) = self.scratch.split_at_mut(width * width);
        let (weights, steps) = rest.split_at_mut(width - 1);
        let steps = at_mut(steps, ..2 * rows * sums);
        let moments = self.calibration.moments(place);
        let count = moments.last().copied().unwrap_or(0.0).max(1.0);
        // The mean square of an input is on the diagonal.
        let variance = |i: usize| moments.get(i * width + i).map_or(0.0, |m| m / count);
        let mut columns = [0, 0];
        for (row, steps) in steps.chunks_exact_mut(2).enumerate() {
            let (sum, unit) = (row / rows, row % rows);
            let (span, x_columns) = net.span(place, sum);
            let weights = at_mut(weights, ..span.len());
            net.weights(place, sum, unit, weights);
            let (w_in, w_rec) = weights.split_at(x_columns);
            steps[0] = best_step(w_in, variance);
            steps[1] = best_step(w_rec, |i| variance(span.start + x_columns + i));
            columns = [columns[0].max(w_in.len()), columns[1].max(w_rec.len())];
        }
        units.largest_shift(steps, columns, |row| {
            net.bias(place, row / rows, row % rows)
        })
    }
}

/// Moments (n+1, n+1) of n neighbours among the numbers of `moments` (N, N), and of the constant behind them.
fn part_of_moments(moments: &[f64], width: usize, span: &Range<usize>, to: &mut [f64]) {
    let rows = moments.chunks_exact(width).enumerate();
    let rows = rows.filter(|(i, _)| span.contains(i) || i + 1 == width);
    for (to, (_, from)) in to.chunks_exact_mut(span.len() + 1).zip(rows) {
        let numbers = at(from, span.clone()).iter().chain(from.last());
        to.iter_mut().zip(numbers).for_each(|(to, &x)| *to = x);
    }
}

/// Whether h is a sum, cut to 16 bits, and so both have one unit; elsewhere sums are arguments of tanh.
fn h_is_a_sum(cell: Cell) -> bool {
    !cell.is_gated() && cell.bound().is_none()
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
