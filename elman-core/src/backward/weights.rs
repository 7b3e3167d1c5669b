//! The gradients of a layer's parameters, and of the initial states.

use super::{Backward, mask_of};
use crate::inputs::Inputs;
use crate::kernel::operands::Gemm;
use crate::kernel::outer::{outer_product, sum_rows};
use crate::layout::read_write;
use crate::params::{Place, TensorKind};
use crate::simd::{Simd, View};
use crate::slices::{at, at_mut};
use crate::spec::{InitialState, Spec};
use crate::tape::Tape;

impl Backward<'_, '_> {
    /// Forward: `Z = X·W_in + b + h[t-1]·W_rec`, every step at once.
    #[inline(always)]
    pub(super) fn weights<S: Simd>(&mut self, s: S, place: Place) {
        let layer = self.spec.layer(place.layer);
        let (hidden, facts) = (layer.hidden, layer.cell.facts());
        let rows = self.rows();
        let (region, row, column) = self.sum_gradients(place);
        let d_sums = View::rows(region.of(self.scratch), row).from(0, column);

        // dW_in += Xᵀ·dZ, db += Σ dZ
        let x_width = self.spec.layer_input_width(place.layer);
        let region = self.tape.layout.input(place.layer);
        let x = match (place.layer, self.tape.inputs) {
            _ if !region.is_none() => region.of(self.tape.rows),
            (0, Inputs::Dense(given)) => given,
            (0, Inputs::Tokens(_)) => &[],
            (layer, _) => self.tape.layout.hidden(layer - 1).of(self.tape.rows),
        };
        let x = (View::rows(x, x_width).from(rows.start, 0), x_width);
        let (kinds, all) = (
            [TensorKind::InputWeights(place), TensorKind::Bias(place)],
            d_sums.from(rows.start, 0),
        );
        let [d_weights, d_bias] = gradients_of(self.spec, self.gradients, kinds);
        // The first sum may belong to a later gate; the sums that follow the last gate begin with the first one.
        let first = facts.gate_of(0);
        let (sums, gates) = (facts.gates - first, facts.gates * hidden);
        for (sum, gate, count) in [(0, first, sums), (sums, 0, first)] {
            if count == 0 {
                continue;
            }
            let d_sums = (all.from(0, sum * hidden), count * hidden);
            let c = (at_mut(d_weights, gate * hidden..), gates);
            let bias = match facts.bias_of(sum) {
                Some(bias) => at_mut(d_bias, bias * hidden..(bias + count) * hidden),
                None => &mut [],
            };
            outer_product(s, x, d_sums, rows.len(), c, bias);
        }
        for sum in facts.from_x.end..facts.sums {
            if let Some(bias) = facts.bias_of(sum) {
                let bias = at_mut(d_bias, bias * hidden..(bias + 1) * hidden);
                sum_rows(s, all.from(0, sum * hidden), hidden, rows.len(), bias);
            }
        }
        self.scalars(s, place);
        self.recurrent_weights(s, place);
    }

    /// Forward: sums that all units share are sigmoids of trained numbers. `da += σ'(a)·Σ d_sum` over all rows and units.
    #[inline(always)]
    fn scalars<S: Simd>(&mut self, s: S, place: Place) {
        let layer = self.spec.layer(place.layer);
        let (hidden, facts) = (layer.hidden, layer.cell.facts());
        let rows = self.rows();
        for scalar in 0..facts.scalars {
            let sum = facts.sums - facts.scalars + scalar;
            let (region, row, _) = self.sum_gradients(place);
            let (d_sums, by_unit) = read_write(self.scratch, region, self.regions.start);
            let d_sums = View::rows(d_sums, row).from(rows.start, sum * hidden);
            let by_unit = at_mut(by_unit, ..hidden);
            by_unit.fill(0.0);
            sum_rows(s, d_sums, hidden, rows.len(), by_unit);
            let index = (sum - facts.from_x.end) * layer.unit_strips();
            let value = self.model.view().other_biases(place).bias(index);
            let d_value = by_unit.iter().fold(0.0, |sum, &x| sum + x);
            let d_scalars = gradient_of(self.spec, self.gradients, TensorKind::Scalars(place));
            for d_scalar in d_scalars.iter_mut().skip(scalar).take(1) {
                *d_scalar += d_value * (value * (1.0 - value));
            }
        }
    }

    /// Forward: the same. `dW_rec += Σ h[t-1]ᵀ·dZ[t]`, one product per run of rows whose previous states are neighbours too.
    #[inline(always)]
    fn recurrent_weights<S: Simd>(&mut self, s: S, place: Place) {
        let layer = self.spec.layer(place.layer);
        let (hidden, facts) = (layer.hidden, layer.cell.facts());
        let columns = facts.gates * hidden;
        let (region, row, column) = self.sum_gradients(place);
        let d_sums = View::rows(region.of(self.scratch), row);
        let d_sums = d_sums.from(0, column + facts.from_h.start * hidden);
        let (h, start) = read_by_steps(self.spec, self.tape, place);
        let d_weights = gradient_of(
            self.spec,
            self.gradients,
            TensorKind::RecurrentWeights(place),
        );
        let first = self.steps.start.saturating_sub(usize::from(!place.reverse));
        for run in self.tape.batch.transitions(first..self.steps.end) {
            let (previous, row) = if place.reverse {
                (run.later, run.earlier)
            } else {
                (run.earlier, run.later)
            };
            let (h, d_sums) = (h.from(previous, 0), d_sums.from(row, 0));
            let c = (&mut *d_weights, columns);
            outer_product(s, (h, hidden), (d_sums, columns), run.rows, c, &mut []);
        }
        for at in self.tape.batch.starts(self.steps.clone(), place.reverse) {
            let (h, d_sums) = (start.from(at.sequence, 0), d_sums.from(at.row, 0));
            let c = (&mut *d_weights, columns);
            outer_product(s, (h, hidden), (d_sums, columns), at.count, c, &mut []);
        }
    }

    /// Forward: fresh sequences start from the trained initial state: `dh0 += Σ dZ_start·W_recᵀ`, and what flows past the
    /// sums.
    #[inline(always)]
    pub(super) fn initial_state<S: Simd>(&mut self, s: S, place: Place) {
        let reaches_start = place.reverse || self.steps.start == 0;
        if self.spec.initial_state != InitialState::Trained || !self.tape.is_fresh || !reaches_start
        {
            return;
        }
        let layer = self.spec.layer(place.layer);
        let (hidden, facts) = (layer.hidden, layer.cell.facts());
        let (region, row, column) = self.sum_gradients(place);
        let (d_sums, d_start) = read_write(self.scratch, region, self.regions.start);
        let d_sums = View::rows(d_sums, row).from(0, column + facts.from_h.start * hidden);
        for at in self.tape.batch.starts(self.steps.clone(), place.reverse) {
            s.run(Gemm::new(
                at.count,
                hidden,
                facts.gates * hidden,
                d_sums.from(at.row, 0),
                self.transposed.recurrent_weights(place),
                at_mut(d_start, at.sequence * hidden..),
                hidden,
            ));
        }
        let sequences = self.tape.batch.sequences();
        let all = at_mut(d_start, ..sequences * hidden);
        mask_of(self.spec, self.tape.seed, place).apply(s, all, hidden, 0);
        let kinds = [TensorKind::InitialState, TensorKind::InitialCell].map(|kind| kind(place));
        let d_initial = gradient_of(self.spec, self.gradients, kinds[0]);
        let d_start = self.regions.start.of(self.scratch);
        let rows = View::rows(d_start, hidden);
        sum_rows(s, rows, hidden, sequences, d_initial);
        if layer.sums_row() == 0 {
            return;
        }
        for (state, kind) in kinds.into_iter().enumerate().take(facts.states) {
            let flows = self.regions.carry(self.spec, place, state);
            let d_initial = gradient_of(self.spec, self.gradients, kind);
            // To the end of all, since rows are read in full strips.
            let rows = View::rows(at(self.scratch, flows.start..), hidden);
            sum_rows(s, rows, hidden, sequences, d_initial);
        }
    }
}

/// The hidden rows and start states that the steps of one direction read: with masks where there are any.
fn read_by_steps<'t>(spec: &Spec, tape: &'t Tape, place: Place) -> (View<'t>, View<'t>) {
    let layer = spec.layer(place.layer);
    let column = place.column(layer.hidden);
    let masked = tape.layout.masked(spec, place);
    if masked.is_none() {
        let h = tape.layout.hidden(place.layer).of(tape.rows);
        let first = spec.state_offset(place.layer) + column;
        let start = View::rows(&*tape.start, spec.state_len());
        (
            View::rows(h, layer.width()).from(0, column),
            start.from(0, first),
        )
    } else {
        let start = View::rows(masked.of(tape.rows), layer.hidden);
        (start.from(tape.batch.sequences(), 0), start)
    }
}

/// The gradient of one tensor within the flat slice.
fn gradient_of<'g>(spec: &Spec, gradients: &'g mut [f32], kind: TensorKind) -> &'g mut [f32] {
    at_mut(gradients, spec.range_of(kind))
}

/// The gradients of two tensors.
fn gradients_of<'g>(
    spec: &Spec,
    gradients: &'g mut [f32],
    kinds: [TensorKind; 2],
) -> [&'g mut [f32]; 2] {
    let ranges = kinds.map(|kind| spec.range_of(kind));
    gradients
        .get_disjoint_mut(ranges)
        .unwrap_or([&mut [], &mut []])
}
