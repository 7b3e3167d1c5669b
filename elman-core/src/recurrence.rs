//! The only sequential part of the net, forward and backward in time: one product per time step.
//!
//! ```text
//! h: (R, W), rows in time order, this direction's H columns of them       start: (B, H)
//!
//! forward    h[t]  = step(Z[t] + h[t-1]·W_rec)              in place of Z;  from the start state at t = 0
//! backward   dZ[t] = back(h[t], dh[t] + dZ[t+1]·W_recᵀ)     in place of dh; nothing flows into a sequence's last step
//! ```
//!
//! The reverse direction of a layer does the same with time turned round: h[t+1] for h[t-1] and the other way about.

mod dropout;
pub(crate) mod gated;
mod walk;

use core::ops::Range;

use crate::cell::{Gated, Step, Visit};
use crate::kernel::gated::{self as kernel, Starts};
use crate::kernel::operands::Pass;
use crate::kernel::pack::Panels;
use crate::simd::{Simd, View};

pub(crate) use dropout::Mask;
pub(crate) use walk::Recurrence;

/// Arrays of the forward pass beside h; empty for cells whose state takes the place of a single sum.
pub(crate) struct Gates<'a> {
    /// (R, computed·Hs)
    pub sums: &'a mut [f32],
    /// (R, W)
    pub c: &'a mut [f32],
    /// Whether what the backward pass reads is to stay in the place of the sums.
    pub keep: bool,
}

/// The forward pass through some steps: `h` holds Z and becomes h.
pub(crate) struct Forward<'a, S> {
    pub s: S,
    pub recurrence: Recurrence<'a>,
    pub steps: Range<usize>,
    /// Where sequences start, one row each: (B, H).
    pub start: View<'a>,
    /// The same of cell states.
    pub start_c: View<'a>,
    /// (R, W)
    pub h: &'a mut [f32],
    /// What cells of several sums have beside h.
    pub gated: Gates<'a>,
    /// Biases of the sums that x does not feed.
    pub others: Panels<'a>,
    /// What is dropped from the states that steps read, and room for what is left of them:
    /// (B + R, H), the start states and then the hidden states.
    pub dropout: Option<(Mask, &'a mut [f32])>,
}

impl<S: Simd> Visit for Forward<'_, S> {
    type Output = ();

    #[inline(always)]
    fn visit_gated<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize>(self, cell: C) {
        let Self {
            s,
            recurrence,
            steps,
            start,
            start_c,
            h,
            gated: Gates { sums, c, keep },
            others,
            dropout,
        } = self;
        let (mask, masked) = dropout.unzip();
        let pass = kernel::Forward {
            cell,
            shape: recurrence.shape(),
            w_rec: recurrence.w_rec,
            others,
            starts: Starts {
                h: start,
                c: start_c,
            },
            sums,
            h,
            c,
            masked,
            sequences: recurrence.batch.sequences(),
            keep,
        };
        s.run(gated::Forward {
            recurrence,
            pass,
            mask,
            steps,
        });
    }

    #[inline(always)]
    fn visit<C: Step<1, 1>>(self, cell: C) {
        let Self {
            s,
            recurrence,
            steps,
            start,
            h,
            dropout,
            ..
        } = self;
        if let Some((mask, masked)) = dropout {
            s.run(dropout::Forward {
                recurrence,
                cell,
                mask,
                steps,
                start,
                h,
                masked,
            });
        } else if recurrence.place.reverse {
            let end = steps.end;
            recurrence.backward_in_time(s, cell, steps, end, (Pass::Forward, Some(start)), h);
        } else {
            recurrence.forward_in_time(s, cell, steps, (Pass::Forward, Some(start)), h);
        }
    }
}

/// The backward pass through some steps: `d_h` holds dh and becomes dZ.
pub(crate) struct Backward<'a, S> {
    pub s: S,
    pub recurrence: Recurrence<'a>,
    pub steps: Range<usize>,
    /// The pass went through the steps from `steps.end` to here before.
    pub end: usize,
    /// (R, W)
    pub h: &'a [f32],
    /// (R, W)
    pub d_h: &'a mut [f32],
    /// What cells of several sums have beside h.
    pub gated: GateGradients<'a>,
    /// What the forward pass dropped from the states that steps read.
    pub mask: Option<Mask>,
    /// Room for the products of one step, (B, H), where there is a mask.
    pub product: &'a mut [f32],
}

/// What the backward pass of cells of several sums reads and writes beside h and dh; empty for other cells.
pub(crate) struct GateGradients<'a> {
    /// Biases of the sums that x does not feed.
    pub others: Panels<'a>,
    pub starts: Starts<'a>,
    /// (R, computed·Hs): what the forward pass left.
    pub kept: &'a [f32],
    /// (R, W)
    pub c: &'a [f32],
    /// (R, sums·H)
    pub d_sums: &'a mut [f32],
    /// (B, H)
    pub carry_h: &'a mut [f32],
    /// (B, H)
    pub carry_c: &'a mut [f32],
}

impl<S: Simd> Visit for Backward<'_, S> {
    type Output = ();

    #[inline(always)]
    fn visit_gated<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize>(self, cell: C) {
        let Self {
            s,
            recurrence,
            steps,
            end,
            h,
            d_h,
            gated:
                GateGradients {
                    others: Panels::Single(others),
                    starts,
                    kept,
                    c,
                    d_sums,
                    carry_h,
                    carry_c,
                },
            mask,
            product,
        } = self
        else {
            return debug_assert!(false, "no gradient of rounded weights");
        };
        let pass = kernel::Backward {
            cell: cell.before_back(s),
            shape: recurrence.shape(),
            w_rec: recurrence.w_rec,
            others,
            starts,
            kept,
            h,
            c,
            d_h,
            d_sums,
            carry_h,
            carry_c,
        };
        s.run(gated::Backward {
            recurrence,
            pass,
            mask,
            steps,
            end,
            product,
        });
    }

    #[inline(always)]
    fn visit<C: Step<1, 1>>(self, cell: C) {
        let Self {
            s,
            recurrence,
            steps,
            end,
            h,
            d_h,
            mask,
            product,
            ..
        } = self;
        let (cell, pass) = (cell.before_back(s), (Pass::Backward(h), None));
        if let Some(mask) = mask {
            s.run(dropout::Backward {
                recurrence,
                cell,
                mask,
                steps,
                end,
                h,
                d_h,
                product,
            });
        } else if recurrence.place.reverse {
            recurrence.forward_in_time(s, cell, steps, pass, d_h);
        } else {
            recurrence.backward_in_time(s, cell, steps, end, pass, d_h);
        }
    }
}
