//! What a cell of several sums per unit computes, whichever it is.

use super::facts::CellFacts;
use super::int8::Fixed;
use crate::simd::Simd;

/// The arithmetic of a cell with `SUMS` sums and `STATES` states per unit, on strips of sixteen units in registers.
pub(crate) trait Gated<const SUMS: usize, const STATES: usize>: Copy {
    /// The cell's row of the table of sizes.
    const FACTS: CellFacts;

    /// Whether `∂loss/∂h[t-1]` has a part that does not pass through the sums.
    const H_FLOWS: bool;

    /// `state[t]` from the finished sums and `state[t-1]`, `h` first. In the place of the sums that something feeds it
    /// leaves what [`Gated::back`] reads.
    fn step<S: Simd>(
        self,
        s: S,
        sums: &mut [S::V; SUMS],
        previous: [S::V; STATES],
    ) -> [S::V; STATES];

    /// The cell as [`Gated::back`] wants it, with what it would compute anew for every strip. Once for each backward pass.
    fn before_back<S: Simd>(self, s: S) -> Self;

    /// The adjoint of [`Gated::step`]: `∂loss/∂sums[t]`, and `∂loss/∂state[t-1]` as far as it does not pass through the
    /// sums, from what `step` left, `state[t-1]`, `state[t]` and `∂loss/∂state[t]`.
    fn back<S: Simd>(
        self,
        s: S,
        kept: [S::V; SUMS],
        previous: [S::V; STATES],
        state: [S::V; STATES],
        d_state: [S::V; STATES],
    ) -> ([S::V; SUMS], [S::V; STATES]);
}

/// The same in integers.
pub(crate) trait GatedInt8<const SUMS: usize, const STATES: usize>:
    Gated<SUMS, STATES>
{
    /// How many bits [`GatedInt8::step_int8`] cuts off each sum beyond the layer's shift before it looks up a function; none
    /// where it cuts nothing.
    const INT8_CUTS: [Option<u32>; SUMS];

    /// [`Gated::step`] of one unit. What all units share is in `fixed`; its sums are 0.
    fn step_int8(sums: [i32; SUMS], previous: [i32; STATES], fixed: Fixed) -> [i32; STATES];
}

/// What a clip does to the sums of gates and to their gradients.
#[derive(Clone, Copy)]
pub(super) struct Clip {
    limit: Option<f32>,
    /// Going backward: sigmoid(-clip), sigmoid(clip) and tanh(clip), which activated sums take from the clip on, and
    /// nowhere before.
    edges: Option<[f32; 3]>,
}

impl Clip {
    #[inline(always)]
    pub const fn new(limit: Option<f32>) -> Self {
        Self { limit, edges: None }
    }

    /// `z` limited to ±clip.
    #[inline(always)]
    pub fn apply<S: Simd>(self, s: S, z: S::V) -> S::V {
        match self.limit {
            Some(clip) => s.min(s.splat(clip), s.max(s.splat(-clip), z)),
            None => z,
        }
    }

    #[inline(always)]
    pub fn before_back<S: Simd>(self, s: S) -> Self {
        let edges = self.limit.map(|clip| s.run(Edges { clip }));
        Self { edges, ..self }
    }

    /// `∂loss/∂z` from `y = sigmoid(z)` and `∂loss/∂y`; zero from the clip on.
    #[inline(always)]
    pub fn sigmoid_back<S: Simd>(self, s: S, y: S::V, d_y: S::V) -> S::V {
        let d_z = s.mul(d_y, s.neg_mul_add(y, y, y));
        match self.edges {
            Some([low, high, _]) => {
                let zero = s.splat(0.0);
                let d_z = s.if_less(y, s.splat(high), d_z, zero);
                s.if_less(s.splat(low), y, d_z, zero)
            }
            None => d_z,
        }
    }

    /// `∂loss/∂z` from `y = tanh(z)` and `∂loss/∂y`; zero from the clip on.
    #[inline(always)]
    pub fn tanh_back<S: Simd>(self, s: S, y: S::V, d_y: S::V) -> S::V {
        let d_z = s.mul(d_y, s.neg_mul_add(y, y, s.splat(1.0)));
        match self.edges {
            Some([_, _, high]) => s.if_less(s.abs(y), s.splat(high), d_z, s.splat(0.0)),
            None => d_z,
        }
    }
}

/// What activated sums are from the clip on, a call of its own as its functions are long.
struct Edges {
    clip: f32,
}

impl crate::simd::Operation for Edges {
    type Output = [f32; 3];

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> [f32; 3] {
        use crate::simd::activation::{sigmoid, tanh};
        let values = [
            sigmoid(s, s.splat(-self.clip)),
            sigmoid(s, s.splat(self.clip)),
            tanh(s, s.splat(self.clip)),
        ];
        let mut edges = [0.0; 3];
        for (edge, value) in edges.iter_mut().zip(values) {
            let mut lanes = [0.0; crate::simd::LANES];
            s.store(&mut lanes, value);
            *edge = lanes[0];
        }
        edges
    }
}
