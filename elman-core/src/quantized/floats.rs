//! The net that is rounded, row by row as int8 nets have them.

use core::ops::Range;

use super::words::HEAD;
use crate::cell::Cell;
use crate::params::{Place, TensorKind};
use crate::slices::at;
use crate::spec::{HeadKind, Spec};

/// The net that is rounded. Its head is layer `layers.len()`.
#[derive(Clone, Copy)]
pub(super) struct Net<'a> {
    pub spec: &'a Spec,
    pub params: &'a [f32],
}

impl<'a> Net<'a> {
    pub fn parameters(self, kind: TensorKind) -> &'a [f32] {
        at(self.params, self.spec.range_of(kind))
    }

    pub fn is_head(self, place: Place) -> bool {
        place.layer == self.spec.layers.len()
    }

    /// Units of a layer and direction, or outputs.
    pub fn units(self, place: Place) -> usize {
        match self.spec.head.kind {
            HeadKind::Linear { outputs } | HeadKind::Softmax { outputs } if self.is_head(place) => {
                outputs
            }
            _ => self.spec.layer(place.layer).hidden,
        }
    }

    pub fn cell(self, place: Place) -> Cell {
        if self.is_head(place) {
            HEAD
        } else {
            self.spec.layer(place.layer).cell
        }
    }

    /// Columns that a sum reads, of those of `W_in` and `W_rec` side by side, and how many of them are `W_in`'s.
    pub fn span(self, place: Place, sum: usize) -> (Range<usize>, usize) {
        let facts = self.cell(place).facts();
        let all = self.spec.int8().moments_width(place.layer) - 1;
        let x = if self.is_head(place) {
            all
        } else {
            all - self.units(place)
        };
        let start = if facts.reads_x(sum) { 0 } else { x };
        let end = if facts.reads_h(sum) { all } else { x };
        (start..end, x - start)
    }

    pub fn bias(self, place: Place, sum: usize, unit: usize) -> f64 {
        let kind = if self.is_head(place) {
            TensorKind::HeadBias
        } else {
            TensorKind::Bias(place)
        };
        let bias = self.cell(place).facts().bias_of(sum);
        let index = bias.map(|bias| bias * self.units(place) + unit);
        let found = index.and_then(|index| self.parameters(kind).get(index));
        found.map_or(0.0, |&b| b.into())
    }

    /// What a unit's sum reads, of its [span](Net::span).
    pub fn weights(self, place: Place, sum: usize, unit: usize, to: &mut [f64]) {
        let (w_in, w_rec) = if self.is_head(place) {
            (self.parameters(TensorKind::HeadWeights), &[][..])
        } else {
            let w_in = self.parameters(TensorKind::InputWeights(place));
            (w_in, self.parameters(TensorKind::RecurrentWeights(place)))
        };
        let (units, facts) = (self.units(place), self.cell(place).facts());
        let (width, gate) = (facts.gates * units, facts.gate_of(sum));
        let (span, _) = self.span(place, sum);
        let columns = w_in.chunks_exact(width).chain(w_rec.chunks_exact(width));
        for (to, column) in to.iter_mut().zip(columns.skip(span.start)) {
            *to = column.get(gate * units + unit).map_or(0.0, |&w| w.into());
        }
    }
}
