//! A step of a layer whose cell has several sums per unit: four units at a time, a group for each of their sums.

use super::step::{LayerStep, Vectors, pieces, vector_blocks};
use super::words::{GROUP, GROUP_HEADER, MATRIX_HEADER};
use crate::cell::{Fixed, Four, Gated, Step, Visit, with_cell};
use crate::simd::int8::four_rows;
use crate::spec::Spec;

/// The step of such a layer: a pointer, so that a chip whose net has none links none of it.
pub(super) type GatedStep = fn(&LayerStep, Vectors);

/// The step of all layers of a net that have several sums per unit; none where no layer has.
///
/// Written out and not a loop: so it is a constant wherever the spec is one, however little a build unrolls.
#[inline(always)]
pub(super) fn gated_step(spec: &Spec) -> Option<GatedStep> {
    // A list is filled up with its first item.
    let cell = |layer: usize| spec.layer(layer).cell;
    let step = |layer: usize| with_cell(cell(layer), Pick);
    let kind = |layer: usize| u32::from(cell(layer).facts().sums > 1) << cell(layer).code();
    let lower = kind(0) | kind(1) | kind(2) | kind(3);
    let kinds = lower | kind(4) | kind(5) | kind(6) | kind(7);
    if kinds & kinds.wrapping_sub(1) != 0 {
        return Some(any_step);
    }
    let lower = step(0).or(step(1)).or(step(2)).or(step(3));
    lower.or(step(4)).or(step(5)).or(step(6)).or(step(7))
}

/// The step of a cell.
struct Pick;

impl Visit for Pick {
    type Output = Option<GatedStep>;

    #[inline(always)]
    fn visit<C: Step<1, 1>>(self, _: C) -> Self::Output {
        None
    }

    #[inline(always)]
    fn visit_gated<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize>(
        self,
        _: C,
    ) -> Self::Output {
        Some(cell_step::<C, SUMS, STATES>)
    }
}

/// For nets with layers of several such cells.
fn any_step(layer: &LayerStep, vectors: Vectors) {
    if let Some(step) = with_cell(layer.cell, Pick) {
        step(layer, vectors);
    }
}

/// `h[t]` and `c[t]` from `x[t]`, `h[t-1]` and `c[t-1]`.
fn cell_step<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize>(
    layer: &LayerStep,
    vectors: Vectors,
) {
    let Vectors { x, h_prev, h_t, c } = vectors;
    let matrix = layer.matrix;
    let (Some((&[word, _], groups)), is_one_piece) = (
        layer.words.split_first_chunk::<MATRIX_HEADER>(),
        matrix.is_one_piece(),
    ) else {
        debug_assert!(false, "a matrix has a header");
        return;
    };
    let fixed = Fixed::of_word(word);
    let x = vector_blocks(x, matrix.x_blocks);
    let h = vector_blocks(h_prev, matrix.h_blocks);
    let fours = h_prev.as_chunks().0.iter().zip(h_t.as_chunks_mut().0);
    let mut c = c.as_chunks_mut().0.iter_mut();
    let mut rest = groups;
    for (&h_prev, h_t) in fours.take(matrix.fours()) {
        let mut sums = [[0; GROUP]; SUMS];
        for (sum, z) in sums.iter_mut().enumerate() {
            let x = if C::FACTS.from_x.contains(&sum) {
                x
            } else {
                &[]
            };
            let h = if C::FACTS.from_h.contains(&sum) {
                h
            } else {
                &[]
            };
            let Some((group, behind)) = rest.split_at_checked(matrix.group_words(sum)) else {
                debug_assert!(false, "a group for every sum");
                return;
            };
            let Some((header, weights)) = group.split_first_chunk::<GROUP_HEADER>() else {
                return;
            };
            rest = behind;
            let weights = weights.as_chunks().0;
            *z = if is_one_piece {
                four_rows(header, weights, x, h)
            } else {
                pieces(header, weights, x, h)
            };
        }
        let c_t = if STATES > 1 { c.next() } else { None };
        let mut states: [Four; STATES] = [h_prev; STATES];
        if let (Some(state), Some(c)) = (states.get_mut(1), &c_t) {
            *state = **c;
        }
        let next = C::step_int8(sums, states, fixed);
        if let Some(&h) = next.first() {
            *h_t = h;
        }
        if let (Some(&state), Some(c)) = (next.get(1), c_t) {
            *c = state;
        }
    }
}
