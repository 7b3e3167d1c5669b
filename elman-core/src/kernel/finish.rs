//! The cell on sums that are finished: in the registers of a tile, on a strip, on rows of C.

use super::operands::Pass;
use crate::cell::Step;
use crate::simd::{LANES, Operation, Simd, Sums, View, load_rows};
use crate::slices::{at, at_mut};

/// The cell on sums in registers, which lie in C as `place` (c_row, columns) says.
#[inline(always)]
pub(super) fn finish_tile<
    S: Simd,
    C: Step<1, 1>,
    const ROWS: usize,
    const STRIPS: usize,
    const FULL: bool,
>(
    s: S,
    cell: C,
    pass: Pass,
    previous: View,
    sums: &mut Sums<S, ROWS, STRIPS>,
    (c_row, columns): (usize, usize),
) {
    let before = if C::READS_PREVIOUS {
        let (data, outer) = (previous.data, previous.outer);
        load_rows::<S, ROWS, STRIPS, FULL>(s, data, outer, columns)
    } else {
        [[s.splat(0.0); STRIPS]; ROWS]
    };
    let h = match pass {
        Pass::Forward => None,
        Pass::Backward(h) => Some(load_rows::<S, ROWS, STRIPS, FULL>(s, h, c_row, columns)),
    };
    for r in 0..ROWS {
        for j in 0..STRIPS {
            let h = h.map(|h| h[r][j]);
            sums[r][j] = finish(s, cell, sums[r][j], before[r][j], h);
        }
    }
}

/// The cell on one strip: `step`, or `back` where there is an `h`.
#[inline(always)]
pub(super) fn finish<S: Simd, C: Step<1, 1>>(
    s: S,
    cell: C,
    sum: S::V,
    previous: S::V,
    h: Option<S::V>,
) -> S::V {
    match h {
        None => cell.step(s, [sum], [previous])[0],
        Some(h) => cell.back(s, [h], [sum])[0],
    }
}

/// The cell on the finished sums of some numbers of C that lie one behind the other.
#[inline(always)]
pub(super) fn finish_row<S: Simd, C: Step<1, 1>>(
    s: S,
    cell: C,
    pass: Pass,
    previous: View,
    c: &mut [f32],
) {
    let mut start = 0;
    while start < c.len() {
        let end = c.len().min(start + LANES);
        let before = if C::READS_PREVIOUS {
            s.load_part(at(previous.data, start..end))
        } else {
            s.splat(0.0)
        };
        let h = match pass {
            Pass::Forward => None,
            Pass::Backward(h) => Some(s.load_part(at(h, start..end))),
        };
        let part = at_mut(c, start..end);
        let v = finish(s, cell, s.load_part(part), before, h);
        s.store_part(part, v);
        start = end;
    }
}

/// The cell on the finished sums of a time step, (rows, columns) in place.
pub(crate) struct Finish<'a, C> {
    pub cell: C,
    pub pass: Pass<'a>,
    pub rows: usize,
    pub columns: usize,
    /// (rows, columns)
    pub previous: View<'a>,
    pub c: &'a mut [f32],
    /// From one row of C, and of h, to the next.
    pub c_row: usize,
}

impl<C: Step<1, 1>> Operation for Finish<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for row in 0..self.rows {
            let start = row * self.c_row;
            let c = at_mut(self.c, start..start + self.columns);
            let (pass, previous) = (self.pass.from(start), self.previous.from(row, 0));
            finish_row(s, self.cell, pass, previous, c);
        }
    }
}
