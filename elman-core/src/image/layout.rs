//! Where everything lies behind the header of an image.

use super::header::{Body, WORDS};
use crate::error::Error;
use crate::simd::{LANES, Strip};
use crate::slices::at;
use crate::spec::{Input, Spec};

/// Words from raw samples to events around an int8 net: the farthest number and the rule, then so many for each column.
pub(super) const FRONT: usize = 8;
pub(super) const SCALE: usize = 3;

/// Some strips of an image.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub start: usize,
    len: usize,
}

impl Part {
    pub fn of(self, strips: &[Strip]) -> &[Strip] {
        at(strips, self.start..self.start + self.len)
    }
}

/// Where the parts lie, in strips.
pub(super) struct Layout {
    /// Embeddings and initial states of a float net; an int8 net has them among its words.
    pub tables: Part,
    /// Packed strips, or the words of an int8 net.
    pub net: Part,
    pub lengths: Part,
    pub inputs: Part,
    pub outputs: Part,
    /// From raw samples to numbers, or to events around an int8 net; a float net has the latter in its notes.
    pub front: Part,
    /// Of golden samples: raw numbers, then events and probabilities, or answers.
    pub raw: Part,
    pub fires: Part,
    pub told: Part,
    pub notes: Part,
}

/// Lengths that follow from no spec.
pub(super) struct Counts {
    /// Golden sequences, and rows of all of them.
    pub sequences: usize,
    pub rows: usize,
    /// Columns of raw samples, and words of what leads from them to numbers.
    pub columns: usize,
    pub front: usize,
    /// Bytes of the notes.
    pub notes: usize,
}

impl Layout {
    /// Of a spec that was checked. Sums and products in `u64` that saturate: what the header says may be anything.
    pub fn of(body: Body, spec: &Spec, counts: &Counts) -> Result<Self, Error> {
        let &Counts {
            sequences,
            rows,
            columns,
            front,
            notes,
        } = counts;
        let large = Error::Image("an image is at most 4 GiB long, and fits the address space");
        let strips = |words: u64| words.div_ceil(LANES as u64);
        let product = |rows: usize, width: usize| (rows as u64).saturating_mul(width as u64);
        // A two-directional head that reads the last step has one row per sequence, of which there are no more
        // than rows.
        let rows_out = spec.golden_output_rows(rows, sequences);
        let (fires, told) = match (columns, front) {
            (0, _) => (0, 0),
            (_, 0) => (rows, rows as u64),
            _ => (0, product(rows, spec.output_width())),
        };
        let read = product(rows, spec.golden_width());
        let is_dense = matches!(spec.input, Input::Dense { .. });
        let (tables, net, inputs) = match body {
            Body::F32 => (spec.tables_len(), spec.packed_len() as u64, read),
            Body::Int8 => (
                0,
                strips(spec.int8().model_len() as u64),
                if is_dense { read.div_ceil(2) } else { read },
            ),
        };
        let front = match body {
            Body::Int8 if front == 0 && columns > 0 => {
                product(columns, SCALE).saturating_add(FRONT as u64)
            }
            _ => front as u64,
        };
        let mut at = strips(WORDS as u64);
        let mut part = |len: u64| {
            let start = at;
            at = at.saturating_add(len);
            if at.saturating_mul(size_of::<Strip>() as u64)
                > u64::from(u32::MAX).min(isize::MAX as u64)
            {
                return Err(large);
            }
            Ok(Part {
                start: start as usize,
                len: len as usize,
            })
        };
        Ok(Self {
            tables: part(strips(tables as u64))?,
            net: part(net)?,
            lengths: part(strips(sequences as u64))?,
            inputs: part(strips(inputs))?,
            outputs: part(strips(product(rows_out, spec.output_width())))?,
            front: part(strips(front))?,
            raw: part(strips(product(rows, columns)))?,
            fires: part(strips(fires as u64))?,
            told: part(strips(told))?,
            notes: part((notes as u64).div_ceil(size_of::<Strip>() as u64))?,
        })
    }

    /// Strips of the whole image.
    pub const fn strips(&self) -> u64 {
        (self.notes.start + self.notes.len) as u64
    }

    /// Bytes of the whole image: no more than 4 GiB.
    pub const fn bytes(&self) -> usize {
        self.strips() as usize * size_of::<Strip>()
    }
}
