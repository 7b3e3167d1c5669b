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

use crate::cell::Step;
use crate::kernel::operands::Pass;
use crate::simd::{Simd, View};

pub(crate) use dropout::Mask;
pub(crate) use walk::Recurrence;

/// The forward pass through some steps of a cell with one sum per unit: `h` holds Z and becomes h.
pub(crate) struct Forward<'a> {
    pub recurrence: Recurrence<'a>,
    pub steps: Range<usize>,
    /// Where sequences start, one row each: (B, H).
    pub start: View<'a>,
    /// (R, W)
    pub h: &'a mut [f32],
    /// What is dropped from the states that steps read, and room for what is left of them:
    /// (B + R, H), the start states and then the hidden states.
    pub dropout: Option<(Mask, &'a mut [f32])>,
}

impl Forward<'_> {
    #[inline(always)]
    pub fn run<S: Simd, C: Step<1, 1>>(self, s: S, cell: C) {
        let Self {
            recurrence,
            steps,
            start,
            h,
            dropout,
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

/// The backward pass through some steps of a cell with one sum per unit: `d_h` holds dh and becomes dZ.
pub(crate) struct Backward<'a> {
    pub recurrence: Recurrence<'a>,
    pub steps: Range<usize>,
    /// The pass went through the steps from `steps.end` to here before.
    pub end: usize,
    /// (R, W)
    pub h: &'a [f32],
    /// (R, W)
    pub d_h: &'a mut [f32],
    /// What the forward pass dropped, and room for the products of one step, (B, H).
    pub dropout: Option<(Mask, &'a mut [f32])>,
}

impl Backward<'_> {
    #[inline(always)]
    pub fn run<S: Simd, C: Step<1, 1>>(self, s: S, cell: C) {
        let Self {
            recurrence,
            steps,
            end,
            h,
            d_h,
            dropout,
        } = self;
        let (cell, pass) = (cell.before_back(s), (Pass::Backward(h), None));
        if let Some((mask, product)) = dropout {
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
