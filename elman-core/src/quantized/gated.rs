//! A step of a layer whose cell has several sums per unit: four units at a time, a group for each of their sums.

use super::layer::{GatedCode, LayerStep, Vectors, limit_of, shifts_of, unit_of};
use super::sums::{LIMIT, SHIFT, check_group, pieces, vector_blocks};
use super::words::{GROUP, GROUP_HEADER, Matrix};
use crate::cell::{Cell, Fixed, GatedInt8, VisitInt8, with_int8_cell};
use crate::error::Error;
use crate::simd::int8::four_rows;
use crate::slices::at;
use crate::spec::Spec;

/// The code of the layers of a net that have several sums per unit; none where no layer has.
///
/// Written out and not a loop: so it is a constant wherever the spec is one, however little a build unrolls.
#[inline(always)]
pub(super) fn gated_code(spec: &Spec) -> Option<&'static GatedCode> {
    // A list is filled up with its first item.
    let cell = |layer: usize| spec.layer(layer).cell;
    let code = |layer: usize| with_int8_cell(cell(layer), Pick);
    let kind = |layer: usize| u32::from(cell(layer).is_gated()) << cell(layer).code();
    let lower = kind(0) | kind(1) | kind(2) | kind(3);
    let kinds = lower | kind(4) | kind(5) | kind(6) | kind(7);
    if kinds & kinds.wrapping_sub(1) != 0 {
        return Some(&GatedCode {
            step: any_step,
            check,
        });
    }
    let lower = code(0).or(code(1)).or(code(2)).or(code(3));
    lower.or(code(4)).or(code(5)).or(code(6)).or(code(7))
}

/// The code of a cell.
struct Pick;

impl VisitInt8 for Pick {
    type Output = &'static GatedCode;

    #[inline(always)]
    fn visit<C: GatedInt8<SUMS, STATES>, const SUMS: usize, const STATES: usize>(
        self,
    ) -> &'static GatedCode {
        const {
            &GatedCode {
                step: cell_step::<C, SUMS, STATES>,
                check,
            }
        }
    }
}

/// For nets with layers of several such cells.
fn any_step(layer: LayerStep, vectors: Vectors) {
    if let Some(code) = with_int8_cell(layer.cell, Pick) {
        (code.step)(layer, vectors);
    }
}

/// Half of what 32 bits hold is enough, since such sums are added up.
fn check(words: &[u32], matrix: Matrix, cell: Cell) -> Result<(), Error> {
    let facts = cell.facts();
    let ([shift, exponent], limit) = (shifts_of(words), limit_of(words));
    let ranged = cell.int8_ranged();
    if shift > 30 || exponent > if ranged.is_some() { 15 } else { 0 } {
        return Err(SHIFT);
    }
    if ranged == Some(0) && words.get(1) != Some(&unit_of(exponent).to_bits()) {
        return Err(Error::Quantized("a unit of h that is not its exponent's"));
    }
    if cell.limit().is_some() != (limit > 0) {
        return Err(LIMIT);
    }
    let mut groups = at(words, matrix.header..);
    for _ in 0..matrix.fours() {
        for sum in 0..facts.own() {
            let (group, rest) = groups
                .split_at_checked(matrix.group_words(&facts, sum))
                .unwrap_or_default();
            check_group(group, matrix.blocks_of(&facts, sum), i32::MAX / 2)?;
            groups = rest;
        }
    }
    Ok(())
}

/// `h[t]` and `c[t]` from `x[t]`, `h[t-1]` and `c[t-1]`.
fn cell_step<C: GatedInt8<SUMS, STATES>, const SUMS: usize, const STATES: usize>(
    layer: LayerStep,
    vectors: Vectors,
) {
    let Vectors { x, h_prev, h_t, c } = vectors;
    let matrix = layer.matrix;
    let (header, mut groups) = layer
        .words
        .split_at_checked(matrix.header)
        .unwrap_or_default();
    let fixed = Fixed::of_header(header);
    let x = vector_blocks(x, matrix.x_blocks);
    let h = vector_blocks(h_prev, matrix.h_blocks);
    let mut c = c.as_chunks_mut().0.iter_mut();
    let fours = h_prev.as_chunks().0.iter().zip(h_t.as_chunks_mut().0);
    for (&h_prev, h_t) in fours.take(matrix.fours()) {
        let mut sums = [[0; GROUP]; SUMS];
        for (sum, z) in sums.iter_mut().enumerate().take(C::FACTS.own()) {
            let x = if C::FACTS.reads_x(sum) { x } else { &[] };
            let h = if C::FACTS.reads_h(sum) { h } else { &[] };
            let words = matrix.group_words(&C::FACTS, sum);
            let (group, rest) = groups.split_at_checked(words).unwrap_or_default();
            let Some((header, weights)) = group.split_first_chunk::<GROUP_HEADER>() else {
                debug_assert!(false, "a group for every sum");
                return;
            };
            *z = if sum >= C::FACTS.computed() {
                let [a, b, c, d, ..] = *header;
                [a, b, c, d].map(|bias| bias as i32)
            } else if matrix.is_one_piece() {
                four_rows(header, weights.as_chunks().0, x, h)
            } else {
                pieces(header, weights.as_chunks().0, x, h)
            };
            groups = rest;
        }
        let mut states = [h_prev; STATES];
        let c = c.next();
        if let (Some(state), Some(c)) = (states.get_mut(1), &c) {
            *state = **c;
        }
        four_units::<C, SUMS, STATES>(&sums, &mut states, fixed);
        if let Some(&next) = states.first() {
            *h_t = next;
        }
        if let (Some(&next), Some(c)) = (states.get(1), c) {
            *c = next;
        }
    }
}

/// The states of four units, two of each in a word.
#[inline(always)]
fn four_units<C: GatedInt8<SUMS, STATES>, const SUMS: usize, const STATES: usize>(
    sums: &[[i32; GROUP]; SUMS],
    states: &mut [[u32; GROUP / 2]; STATES],
    fixed: Fixed,
) {
    for unit in 0..GROUP {
        let sums = core::array::from_fn(|sum| sums[sum][unit]);
        let previous = core::array::from_fn(|state| states[state][unit / 2] as i16 as i32);
        let next = C::step_int8(sums, previous, fixed);
        for (words, next) in states.iter_mut().zip(next) {
            // After two turns the next states are where the previous ones were.
            words[unit / 2] = words[unit / 2] >> 16 | (next as u32) << 16;
        }
    }
}
