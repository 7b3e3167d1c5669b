//! Elman's cell.
//!
//! ```text
//! z[t]  = b + x[t]·W_in + h[t-1]·W_rec        limited to ±clip where there is one
//! h[t]  = f(z[t])                             f = tanh, max(0, z) or z
//! dz[t] = dh[t]·f'(z[t])                      in terms of h: 1 - h², h > 0, 1; zero beyond the clip
//! ```

use super::facts::CellFacts;
use super::step::Step;
use crate::simd::activation::{relu, tanh};
use crate::simd::int8::{Groups, pair, tanh_four, tanh_rows};
use crate::simd::{LANES, Operation, Simd};

/// `f` of the Elman equation.
///
/// ```
/// # use elman_core::*;
/// # fn run(activation: Activation) -> Result<f32, Error> {
/// #     let layer = Layer { cell: Cell::elman(activation), ..Layer::tanh(1) };
/// #     let head = Head { kind: HeadKind::None, read: Read::EveryStep };
/// #     let spec = Spec { layers: Layers::of([layer]), head, ..Spec::dense(1, 1, 1) };
/// #     let mut packed = vec![Strip::ZERO; spec.packed_len()];
/// #     pack(&spec, &[1.0, 0.0, 0.0], &mut packed)?;
/// #     let (mut state, mut scratch, mut output) = ([0.0], vec![Strip::ZERO; spec.stream_len()], [0.0]);
/// #     let model = Model::new(spec, &[], &packed)?;
/// #     Stream::new(Level::detect(), model, &mut state, &mut scratch)?.step(Inputs::Dense(&[-2.0]), &mut output)?;
/// #     Ok(output[0])
/// # }
/// // What a unit makes of z = -2.
/// assert!((run(Activation::Tanh)? + 0.96403).abs() < 1e-5);
/// assert_eq!(run(Activation::Relu)?, 0.0);
/// assert_eq!(run(Activation::Identity)?, -2.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Hyperbolic tangent.
    Tanh,
    /// `max(0, z)`.
    Relu,
    /// `z` itself.
    Identity,
}

impl Activation {
    pub(super) const fn code(self) -> u32 {
        match self {
            Self::Tanh => 0,
            Self::Relu => 1,
            Self::Identity => 2,
        }
    }

    pub(super) const fn from_code(code: u32) -> Option<Self> {
        match code {
            0 => Some(Self::Tanh),
            1 => Some(Self::Relu),
            2 => Some(Self::Identity),
            _ => None,
        }
    }

    /// The largest |f(z)|, where there is one.
    pub(super) const fn bound(self) -> Option<f32> {
        match self {
            Self::Tanh => Some(1.0),
            Self::Relu | Self::Identity => None,
        }
    }

    /// `f(z)` for z ≥ 0, in double precision.
    pub(super) fn of(self, z: f64) -> f64 {
        match self {
            Self::Tanh => libm::tanh(z),
            Self::Relu | Self::Identity => z,
        }
    }
}

/// The cell's arithmetic.
#[derive(Clone, Copy)]
pub(super) struct Elman {
    activation: Activation,
    clip: Option<f32>,
    /// Going backward: f(clip), which h takes from the clip on, and nowhere before.
    edge: Option<f32>,
}

/// `f(z)`, a call of its own: an inlined tanh is 12 KB on a chip without an FPU.
struct Activate {
    cell: Elman,
    z: f32,
}

impl Operation for Activate {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f32 {
        let mut h = [0.0; LANES];
        s.store(&mut h, self.cell.activate(s, s.splat(self.z)));
        h[0]
    }
}

impl Elman {
    pub const FACTS: CellFacts = CellFacts {
        gates: 1,
        sums: 1,
        from_x: 0..1,
        from_h: 0..1,
        states: 1,
        kept: 0,
        from_bias: 0..1,
        scalars: 0,
    };

    #[inline(always)]
    pub const fn new(activation: Activation, clip: Option<f32>) -> Self {
        Self {
            activation,
            clip,
            edge: None,
        }
    }

    /// `f(z)`, the clip aside.
    #[inline(always)]
    fn activate<S: Simd>(self, s: S, z: S::V) -> S::V {
        match self.activation {
            Activation::Tanh => tanh(s, z),
            Activation::Relu => relu(s, z),
            Activation::Identity => z,
        }
    }
}

impl Step<1, 1> for Elman {
    const READS_PREVIOUS: bool = false;

    #[inline(always)]
    fn has_zeros(self) -> bool {
        matches!(self.activation, Activation::Relu)
    }

    #[inline(always)]
    fn step<S: Simd>(self, s: S, [z]: [S::V; 1], _: [S::V; 1]) -> [S::V; 1] {
        let z = match self.clip {
            Some(clip) => s.min(s.splat(clip), s.max(s.splat(-clip), z)),
            None => z,
        };
        [self.activate(s, z)]
    }

    #[inline(always)]
    fn before_back<S: Simd>(self, s: S) -> Self {
        let edge = self.clip.map(|z| s.run(Activate { cell: self, z }));
        Self { edge, ..self }
    }

    #[inline(always)]
    fn back<S: Simd>(self, s: S, [h]: [S::V; 1], [d_h]: [S::V; 1]) -> [S::V; 1] {
        let d_h = match self.edge {
            Some(edge) => s.if_less(s.abs(h), s.splat(edge), d_h, s.splat(0.0)),
            None => d_h,
        };
        [match self.activation {
            Activation::Tanh => s.mul(d_h, s.neg_mul_add(h, h, s.splat(1.0))),
            Activation::Relu => s.if_less(s.splat(0.0), h, d_h, s.splat(0.0)),
            Activation::Identity => d_h,
        }]
    }

    #[inline(always)]
    fn step_row<S: Simd>(self, s: S, z: &mut [f32], h: &mut [f32]) {
        if let Some(clip) = self.clip {
            limit_row(z, clip);
        }
        match self.activation {
            Activation::Tanh => s.tanh_into(z, h),
            Activation::Relu => {
                for (h, &z) in h.iter_mut().zip(&*z) {
                    // As `relu` does it: a zero is positive, a NaN stays. In bits, because compilers make vectors of such a
                    // loop where there is Helium, and those flush subnormal numbers.
                    let is_below = (0x8000_0000..=0xFF80_0000).contains(&z.to_bits());
                    *h = if is_below { 0.0 } else { z };
                }
            }
            Activation::Identity => {
                for (h, &z) in h.iter_mut().zip(&*z) {
                    *h = z;
                }
            }
        }
    }

    #[inline(always)]
    fn step_int8(self, z: [i32; 4], shift: u32) -> [u32; 2] {
        match self.activation {
            Activation::Tanh => tanh_four(z, shift),
            Activation::Relu => clamped(z, shift, 0),
            Activation::Identity => clamped(z, shift, -0x7fff),
        }
    }

    #[inline(always)]
    fn has_int8_groups(self) -> bool {
        self.activation == Activation::Tanh
    }

    #[inline(always)]
    fn int8_groups(self, groups: Groups) {
        tanh_rows(groups);
    }
}

/// `f(z / 2^shift)` of four units in 16 bits, for an `f` without a bound.
#[inline(always)]
fn clamped(z: [i32; 4], shift: u32, least: i32) -> [u32; 2] {
    let [a, b, c, d] = z.map(|z| (z >> shift).clamp(least, 0x7fff));
    [pair(a, b), pair(c, d)]
}

/// `z` limited to ±clip.
#[inline(always)]
fn limit_row(z: &mut [f32], clip: f32) {
    for z in z {
        // Not `clamp`, which asserts; a NaN passes, as in `step`.
        *z = if *z > clip {
            clip
        } else if *z < -clip {
            -clip
        } else {
            *z
        };
    }
}
