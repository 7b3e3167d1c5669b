//! The head by itself, for firmware that adapts it where the net is used: the layers stay in flash as they were exported, and what
//! learns is a small linear map in RAM. Nothing of the layers is kept but one row of hidden units per answer: no tape, no transposes.
//!
//! From an export to an adapted head:
//!
//! ```
//! use elman_core::{Error, FixedStream, Inputs, Level, Optimizer, Shape, Spec, Strip, Target, gradient, head, loss};
//! # use elman_core::{Head, HeadKind, InitialState, Input, Layer, Layers, Read, Dropout, pack};
//! # const EXPORTED: Spec = Spec { input: Input::Dense { width: 2 }, layers: Layers::of([Layer::tanh(8)]),
//! #     initial_state: InitialState::Zero, dropout: Dropout::NONE,
//! #     head: Head { kind: HeadKind::Softmax { outputs: 3 }, read: Read::LastStep } };
//! # const PARAMS: usize = EXPORTED.params_len();
//! # let mut params = [0.0; PARAMS];
//! # for (i, p) in params.iter_mut().enumerate() { *p = ((i * 37 % 19) as f32 - 9.0) / 12.0; }
//! # let mut packed = [Strip::ZERO; EXPORTED.packed_len()];
//! # pack(&EXPORTED, &params, &mut packed)?;
//! # let samples = [[0.5f32, -1.0], [0.25, 0.75], [-0.5, 0.5]];
//! // What the export has: its shape, its packed weights (`packed` here). The layers alone are a shape of their own, whose packed
//! // weights are the first of those of the whole net.
//! const SPEC: Spec = EXPORTED;
//! struct Body;
//! impl Shape for Body {
//!     const SPEC: Spec = SPEC.without_head();
//! }
//! const HEAD: usize = SPEC.head_len();
//! let body = &packed[..Body::SPEC.packed_len()];
//! let (mut state, mut scratch) = ([0.0; Body::SPEC.state_len()], [Strip::ZERO; Body::SPEC.stream_len()]);
//! let mut net = FixedStream::<Body>::new(Level::detect(), &[], body, &mut state, &mut scratch)?;
//!
//! // The head as it was trained, in RAM, and room to learn.
//! let (mut weights, mut strips) = ([0.0; HEAD], [Strip::ZERO; SPEC.packed_head_len()]);
//! head::unpack(&SPEC, &packed, &mut weights)?;
//! let (mut gradients, mut memory) = ([0.0; HEAD], [0.0; Optimizer::ADAM.state_len(HEAD)]);
//!
//! // A recording whose class somebody told: the hidden units after its last sample, and what they should have said.
//! let mut hidden = [0.0; SPEC.top_width()];
//! let mut costs = [0.0; 20];
//! for (update, cost) in (1..).zip(&mut costs) {
//!     net.reset();
//!     for sample in &samples {
//!         net.step(Inputs::Dense(sample), &mut hidden)?;
//!     }
//!     let mut outputs = [0.0; SPEC.output_width()];
//!     head::pack(&SPEC, &weights, &mut strips)?;
//!     head::logits(Level::detect(), &SPEC, &strips, &hidden, &mut outputs)?;
//!     let target = [Target::class(2)];
//!     *cost = loss::softmax_cross_entropy(Level::detect(), &mut outputs, SPEC.output_width(), &target, None, 1.0)?;
//!     gradients.fill(0.0);
//!     head::gradient(Level::detect(), &SPEC, &hidden, &outputs, &mut gradients)?;
//!     gradient::clip_norm(Level::detect(), &mut gradients, 1.0);
//!     Optimizer::ADAM.update(Level::detect(), 0.02, update, 0..HEAD, &mut weights, &gradients, &mut memory)?;
//! }
//! assert!(costs[19] < 0.5 * costs[0]);
//! # Ok::<(), Error>(())
//! ```
//!
//! The losses and weights are the bits of [`Tape::backward_head`](crate::Tape::backward_head) and of a desktop that learns from the
//! same samples. The adapted weights, 4 bytes each, are all that has to be kept: `elman-core/examples/adapt.rs` writes them into two
//! pages of flash in turn, each with a number and a checksum, so that a loss of power leaves the page before.
//!
//! ```text
//! bytes of RAM = 4·(1 + 1 + slots)·P                      P = SPEC.head_len(); slots of the optimizer: 0, 1 or 2
//!              + 64·packed_head_len                       the weights as they are read
//!              + 4·(R·top_width + R·outputs)              rows of hidden units that are learnt from together, and of outputs
//! ```

use crate::error::{Error, check_len};
use crate::kernel::pack::{self, Panels};
use crate::simd::{LANES, Level, Operation, Simd, Strip};
use crate::slices::{at, copy_common};
use crate::spec::{Head, HeadKind, Read, Spec};
use crate::stream::head_row;
use crate::weights::{Form, unpack_head};

impl Spec {
    /// The same layers without a head: what comes out are the hidden units of the top layer, at every step. Its packed weights are the
    /// first [`Spec::packed_len`] strips of those of the whole net, its tables are the same.
    ///
    /// ```
    /// # use elman_core::Spec;
    /// const SPEC: Spec = Spec::dense(6, 32, 5);
    /// const BODY: Spec = SPEC.without_head();
    /// assert_eq!(BODY.output_width(), 32);
    /// assert_eq!(BODY.packed_len() + SPEC.packed_head_len(), SPEC.packed_len());
    /// ```
    #[must_use]
    pub const fn without_head(&self) -> Self {
        Self {
            head: Head {
                kind: HeadKind::None,
                read: Read::EveryStep,
            },
            ..*self
        }
    }

    /// Strips of the packed head; zero for a net without one.
    ///
    /// ```
    /// # use elman_core::Spec;
    /// assert_eq!(Spec::dense(6, 32, 5).packed_head_len(), 1 + 32); // a bias, then a strip for each hidden unit
    /// ```
    pub const fn packed_head_len(&self) -> usize {
        self.packed_len() - self.head_matrix(Form::Packed)
    }
}

/// Packs the parameters of the head, [`Spec::head_range`] of all: `W_out` (H, O), then `c` (O).
///
/// # Errors
/// [`Error::Spec`], or [`Error::Length`] naming the slice.
///
/// ```
/// # use elman_core::*;
/// const SPEC: Spec = Spec::dense(2, 3, 1);
/// let mut strips = [Strip::ZERO; SPEC.packed_head_len()];
/// head::pack(&SPEC, &[1.0, 2.0, 3.0, 0.5], &mut strips)?;
/// assert_eq!(strips.map(|strip| strip.0[0]), [0.5, 1.0, 2.0, 3.0]);
/// # Ok::<(), Error>(())
/// ```
pub fn pack(spec: &Spec, weights: &[f32], strips: &mut [Strip]) -> Result<(), Error> {
    spec.check()?;
    check_len("weights", spec.head_len(), weights.len())?;
    check_len("strips", spec.packed_head_len(), strips.len())?;
    let (weights, bias) = parts(spec, weights);
    pack::pack(weights, Some(bias), spec.output_width(), strips);
    Ok(())
}

/// The parameters of the head from the packed weights of a net, of which `packed` is all or the [`Spec::packed_head_len`] last strips:
/// the inverse of [`pack()`] and of [`crate::pack()`].
///
/// # Errors
/// [`Error::Spec`], or [`Error::Length`] naming the slice.
///
/// ```
/// # use elman_core::*;
/// const SPEC: Spec = Spec::dense(2, 3, 1);
/// let (mut strips, mut weights) = ([Strip::ZERO; SPEC.packed_head_len()], [0.0; 4]);
/// head::pack(&SPEC, &[1.0, 2.0, 3.0, 0.5], &mut strips)?;
/// head::unpack(&SPEC, &strips, &mut weights)?;
/// assert_eq!(weights, [1.0, 2.0, 3.0, 0.5]);
/// # Ok::<(), Error>(())
/// ```
pub fn unpack(spec: &Spec, packed: &[Strip], weights: &mut [f32]) -> Result<(), Error> {
    spec.check()?;
    check_len("weights", spec.head_len(), weights.len())?;
    let head = spec.packed_head_len();
    if packed.len() != head {
        check_len("packed", spec.packed_len(), packed.len())?;
    }
    unpack_head(spec, at(packed, packed.len() - head..), weights);
    Ok(())
}

/// What the head answers to rows of hidden units: (R, [`Spec::top_width`]) → (R, [`Spec::output_width`]), probabilities where it is a
/// softmax. The bits are those that a stream of the whole net gives.
///
/// # Errors
/// [`Error::Spec`] for a net without a head as well, or [`Error::Length`] naming the slice.
///
/// ```
/// # use elman_core::*;
/// const SPEC: Spec = Spec::dense(2, 3, 1);
/// let mut strips = [Strip::ZERO; SPEC.packed_head_len()];
/// head::pack(&SPEC, &[1.0, 2.0, 3.0, 0.5], &mut strips)?;
/// let mut outputs = [0.0; 2];
/// head::run(Level::detect(), &SPEC, &strips, &[1.0, 0.0, 0.0, 0.0, 0.0, -1.0], &mut outputs)?;
/// assert_eq!(outputs, [1.5, -2.5]);
/// # Ok::<(), Error>(())
/// ```
pub fn run(
    level: Level,
    spec: &Spec,
    strips: &[Strip],
    hidden: &[f32],
    outputs: &mut [f32],
) -> Result<(), Error> {
    check(spec)?;
    let (width, columns) = (spec.top_width(), spec.output_width());
    check_len("strips", spec.packed_head_len(), strips.len())?;
    // No width of a spec that was checked is 0; the compiler wants to be told.
    let (rows, of_hidden) = (outputs.len() / columns.max(1), hidden.len() / width.max(1));
    check_len("hidden", rows * width, hidden.len())?;
    check_len("outputs", of_hidden * columns, outputs.len())?;
    level.run(Rows {
        spec,
        w_out: Panels::single(strips, width, 1),
        hidden,
        outputs,
    });
    Ok(())
}

/// The same without a softmax, which losses bring along: what [`Tape::outputs`](crate::Tape::outputs) has.
///
/// # Errors
/// As [`run`].
///
/// ```
/// # use elman_core::*;
/// # const SPEC: Spec = Spec { head: Head { kind: HeadKind::Softmax { outputs: 2 }, read: Read::LastStep }, ..Spec::dense(2, 1, 2) };
/// let mut strips = [Strip::ZERO; SPEC.packed_head_len()];
/// head::pack(&SPEC, &[1.0, -1.0, 0.5, 0.25], &mut strips)?;
/// let mut logits = [0.0; 2];
/// head::logits(Level::detect(), &SPEC, &strips, &[2.0], &mut logits)?;
/// assert_eq!(logits, [2.5, -1.75]);
/// # Ok::<(), Error>(())
/// ```
pub fn logits(
    level: Level,
    spec: &Spec,
    strips: &[Strip],
    hidden: &[f32],
    logits: &mut [f32],
) -> Result<(), Error> {
    check(spec)?;
    let outputs = spec.output_width();
    let linear = Spec {
        head: Head {
            kind: HeadKind::Linear { outputs },
            ..spec.head
        },
        ..*spec
    };
    run(level, &linear, strips, hidden, logits)
}

/// Adds the gradient of the head's parameters: `dW_out += hiddenᵀ·d_outputs`, `dc += Σ d_outputs`, from rows of hidden units
/// (R, [`Spec::top_width`]) and `∂loss/∂output` (R, [`Spec::output_width`]).
///
/// # Errors
/// [`Error::Spec`] for a net without a head as well, or [`Error::Length`] naming the slice.
///
/// ```
/// # use elman_core::*;
/// const SPEC: Spec = Spec::dense(2, 3, 1);
/// let mut gradients = [0.0; 4];
/// head::gradient(Level::detect(), &SPEC, &[1.0, 0.0, 2.0], &[0.5], &mut gradients)?;
/// assert_eq!(gradients, [0.5, 0.0, 1.0, 0.5]);
/// # Ok::<(), Error>(())
/// ```
pub fn gradient(
    level: Level,
    spec: &Spec,
    hidden: &[f32],
    d_outputs: &[f32],
    gradients: &mut [f32],
) -> Result<(), Error> {
    check(spec)?;
    let rows = hidden.len() / spec.top_width().max(1);
    check_len("hidden", rows * spec.top_width(), hidden.len())?;
    check_len("d_outputs", rows * spec.output_width(), d_outputs.len())?;
    check_len("gradients", spec.head_len(), gradients.len())?;
    level.run(Gradient {
        spec,
        hidden,
        d_outputs,
        gradients,
    });
    Ok(())
}

fn check(spec: &Spec) -> Result<(), Error> {
    spec.check()?;
    if spec.has_head() {
        return Ok(());
    }
    Err(Error::Spec("the net has no head"))
}

/// `W_out` and `c`.
fn parts<'a>(spec: &Spec, weights: &'a [f32]) -> (&'a [f32], &'a [f32]) {
    let matrix = spec.top_width() * spec.output_width();
    weights.split_at_checked(matrix).unwrap_or_default()
}

/// Row by row, as a stream does it.
struct Rows<'a> {
    spec: &'a Spec,
    w_out: Panels<'a>,
    hidden: &'a [f32],
    outputs: &'a mut [f32],
}

impl Operation for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (width, columns) = (self.spec.top_width(), self.spec.output_width());
        let rows = self.hidden.chunks_exact(width.max(1));
        let outputs = self.outputs.chunks_exact_mut(columns.max(1));
        for (hidden, outputs) in rows.zip(outputs) {
            head_row(s, (self.spec, self.w_out), hidden, outputs);
        }
    }
}

struct Gradient<'a> {
    spec: &'a Spec,
    hidden: &'a [f32],
    d_outputs: &'a [f32],
    gradients: &'a mut [f32],
}

impl Operation for Gradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (width, columns) = (self.spec.top_width(), self.spec.output_width());
        let Some((d_weights, d_bias)) = self.gradients.split_at_mut_checked(width * columns) else {
            return;
        };
        // Row by row, in the order of the sums of a tape; its kernels read full strips, which lie behind rows of a tape and not here.
        let rows = self.hidden.chunks_exact(width.max(1));
        for (hidden, d_outputs) in rows.zip(self.d_outputs.chunks_exact(columns.max(1))) {
            for (&h, d_row) in hidden
                .iter()
                .zip(d_weights.chunks_exact_mut(columns.max(1)))
            {
                add_scaled(s, h, d_outputs, d_row);
            }
            add_scaled(s, 1.0, d_outputs, d_bias);
        }
    }
}

/// `to += factor·row`
#[inline(always)]
fn add_scaled<S: Simd>(s: S, factor: f32, row: &[f32], to: &mut [f32]) {
    let factor = s.splat(factor);
    let ((rows, last), (strips, last_to)) = (row.as_chunks(), to.as_chunks_mut());
    for (row, to) in rows.iter().zip(strips) {
        add_strip(s, factor, row, to);
    }
    if !last.is_empty() {
        let (mut row, mut padded) = ([0.0; LANES], [0.0; LANES]);
        copy_common(last, &mut row);
        copy_common(last_to, &mut padded);
        add_strip(s, factor, &row, &mut padded);
        copy_common(&padded, last_to);
    }
}

#[inline(always)]
fn add_strip<S: Simd>(s: S, factor: S::V, row: &[f32; LANES], to: &mut [f32; LANES]) {
    let sum = s.mul_add(factor, s.load(row), s.load(to));
    s.store(to, sum);
}
