//! Where sequences start and end: states to go on from, rows to read out.

use core::ops::Range;

use crate::batch::Batch;
use crate::params::Place;
use crate::simd::View;
use crate::slices::{at, copy_common};
use crate::spec::{Direction, Spec};

/// Where the hidden states of one direction start within the states of sequences (B, S), and its cell states.
pub(crate) fn starts_of<'a>(spec: &Spec, place: Place, state: &'a [f32]) -> (View<'a>, View<'a>) {
    let layer = spec.layer(place.layer);
    let first = spec.state_offset(place.layer) + place.column(layer.hidden);
    let states = View::rows(state, spec.state_len());
    (states.from(0, first), states.from(0, first + layer.width()))
}

/// Calls `f(sequence, row)` with the row of each sequence's last step.
pub(crate) fn for_each_end(batch: &Batch, steps: Range<usize>, mut f: impl FnMut(usize, usize)) {
    let end = steps.end;
    for step in batch.walk(steps) {
        let continuing = if step.t + 1 < end {
            batch.active(step.t + 1)
        } else {
            0
        };
        for sequence in continuing..step.active {
            f(sequence, step.first_row + sequence);
        }
    }
}

/// A sequence's final state: the row of its last step forward, of its first step in reverse.
pub(super) fn copy_ends(
    hidden: usize,
    direction: Direction,
    h: &[f32],
    sequence: usize,
    last_row: usize,
    to: &mut [f32],
) {
    match direction {
        Direction::Forward => copy_common(at(h, last_row * hidden..), to),
        Direction::Both => {
            let Some((forward, reverse)) = to.split_at_mut_checked(hidden) else {
                return;
            };
            copy_common(at(h, last_row * 2 * hidden..), forward);
            copy_common(at(h, (sequence * 2 + 1) * hidden..), reverse);
        }
    }
}
