//! The recurrent cell, one room: what a cell is ([`Cell`]), how large it is ([`CellFacts`]), what it computes ([`Step`] where
//! the state takes the place of a single sum, [`Gated`] where there are several).
//!
//! ```text
//! sums[t]  = b + x[t]·W_in + h[t-1]·W_rec          the kernels': fused multiply-adds, k ascending
//! state[t] = step(sums[t], state[t-1])             the cell's: a fixed list of operations, a strip of units at a time
//! ```
//!
//! A cell is one file here: equation, `step`, its adjoint `back`, and both in integers. It stands on [`crate::simd`] alone;
//! everything else asks [`CellFacts`] for sizes and [`with_cell`] for arithmetic.

mod elman;
mod facts;
mod fastgrnn;
mod fastrnn;
mod gated;
mod gru;
mod int8;
mod lstm;
mod step;

pub use elman::Activation;
use elman::Elman;
pub use facts::CellFacts;
use fastgrnn::FastGrnn;
use fastrnn::FastRnn;
pub(crate) use gated::{Gated, GatedInt8};
use gru::Gru;
pub(crate) use int8::Fixed;
use lstm::Lstm;
pub(crate) use step::Step;

/// What a recurrent unit computes.
///
/// ```
/// use elman_core::{Activation, Cell, Layer};
///
/// let clipped = Cell::Elman { activation: Activation::Relu, clip: 6.0 };
/// let layer = Layer { cell: clipped, ..Layer::tanh(64) };
/// assert_eq!((layer.cell.limit(), Layer::tanh(64).cell.limit()), (Some(6.0), None));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    /// `h[t] = f(b + x[t]·W_in + h[t-1]·W_rec)` (J. L. Elman, "Finding Structure in Time", Cognitive Science 14, 1990,
    /// fig. 2).
    Elman {
        /// `f`.
        activation: Activation,
        /// Limits what `f` reads to ±clip, as ONNX's RNN does, and beyond it the gradient is zero; infinite where there
        /// is no limit.
        ///
        /// ```
        /// # use elman_core::*;
        /// let cell = Cell::Elman { activation: Activation::Relu, clip: 6.0 };
        /// let head = Head { kind: HeadKind::None, read: Read::EveryStep };
        /// let layers = Layers::of([Layer { cell, ..Layer::tanh(1) }]);
        /// let spec = Spec { layers, head, ..Spec::dense(1, 1, 1) };
        /// # let mut packed = vec![Strip::ZERO; spec.packed_len()];
        /// // The input's weight, the state's, the bias.
        /// pack(&spec, &[1.0, 0.0, 0.0], &mut packed)?;
        /// # let (mut state, mut scratch, mut y) = ([0.0], vec![Strip::ZERO; spec.stream_len()], [0.0]);
        /// # let model = Model::new(spec, &[], &packed)?;
        /// # let mut stream = Stream::new(Level::detect(), model, &mut state, &mut scratch)?;
        /// for (x, h) in [(-2.0, 0.0), (5.0, 5.0), (9.0, 6.0)] {
        ///     stream.step(Inputs::Dense(&[x]), &mut y)?;
        ///     assert_eq!(y[0], h);
        /// }
        /// # Ok::<(), Error>(())
        /// ```
        clip: f32,
    },
    /// The gated recurrent unit (K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", EMNLP 2014),
    /// as `torch.nn.GRU` has it: gates r, z, n, the reset gate after the product.
    Gru {
        /// Limits the sums of all gates to ±clip, as ONNX's GRU does; infinite where there is no limit.
        clip: f32,
    },
    /// Long short-term memory (S. Hochreiter and J. Schmidhuber, Neural Computation 9, 1997; forget gate: F. Gers et al.,
    /// 2000), as `torch.nn.LSTM` has it: gates i, f, g, o.
    Lstm {
        /// Limits the sums of all gates to ±clip, as ONNX's LSTM does; infinite where there is no limit.
        clip: f32,
    },
    /// Elman's cell with tanh and a weighted residual connection of two trained numbers (A. Kusupati et al., "FastGRNN: A
    /// Fast, Accurate, Stable and Tiny Kilobyte Sized Gated Recurrent Neural Network", NeurIPS 2018, section 3.1).
    FastRnn,
    /// A gate and an update that share one product of Elman's size, and two trained numbers (the same, section 3.2).
    FastGrnn,
}

impl Cell {
    /// Elman's cell without a clip.
    ///
    /// ```
    /// use elman_core::{Activation, Cell, Layer};
    ///
    /// assert_eq!(Cell::elman(Activation::Tanh), Layer::tanh(64).cell);
    /// ```
    pub const fn elman(activation: Activation) -> Self {
        Self::Elman {
            activation,
            clip: f32::INFINITY,
        }
    }

    /// A GRU without a clip.
    ///
    /// ```
    /// use elman_core::{Cell, Layer};
    ///
    /// assert_eq!(Cell::gru(), Layer::gru(64).cell);
    /// ```
    pub const fn gru() -> Self {
        Self::Gru {
            clip: f32::INFINITY,
        }
    }

    /// An LSTM without a clip.
    ///
    /// ```
    /// use elman_core::{Cell, Layer};
    ///
    /// assert_eq!(Cell::lstm(), Layer::lstm(64).cell);
    /// ```
    pub const fn lstm() -> Self {
        Self::Lstm {
            clip: f32::INFINITY,
        }
    }

    /// The cell's row of the table of sizes.
    ///
    /// ```
    /// use elman_core::Layer;
    ///
    /// let layer = Layer::tanh(64);
    /// let facts = layer.cell.facts();
    /// assert_eq!(facts.states * layer.hidden, 64); // numbers of one sequence's state
    /// ```
    #[inline(always)]
    pub const fn facts(self) -> CellFacts {
        match self {
            Self::Elman { .. } => Elman::FACTS,
            Self::Gru { .. } => Gru::FACTS,
            Self::Lstm { .. } => Lstm::FACTS,
            Self::FastRnn => FastRnn::FACTS,
            Self::FastGrnn => FastGrnn::FACTS,
        }
    }

    /// Whether a unit has several sums.
    #[inline(always)]
    pub(crate) const fn is_gated(self) -> bool {
        !matches!(self, Self::Elman { .. })
    }

    /// The clip, where there is one.
    ///
    /// ```
    /// use elman_core::{Activation, Cell};
    ///
    /// let clipped = Cell::Elman { activation: Activation::Tanh, clip: 6.0 };
    /// assert_eq!((Cell::elman(Activation::Tanh).limit(), clipped.limit()), (None, Some(6.0)));
    /// ```
    #[inline(always)]
    pub const fn limit(self) -> Option<f32> {
        let clip = self.clip();
        // By its bits: without an FPU a comparison is a call, in every step.
        if clip.to_bits() == f32::INFINITY.to_bits() {
            None
        } else {
            Some(clip)
        }
    }

    #[inline(always)]
    const fn clip(self) -> f32 {
        match self {
            Self::Elman { clip, .. } | Self::Gru { clip } | Self::Lstm { clip } => clip,
            Self::FastRnn | Self::FastGrnn => f32::INFINITY,
        }
    }

    /// Which of a unit's biases starts at 1, so that the cell begins by remembering: that of the gate that says how much
    /// of the state is kept.
    pub(crate) const fn remembering_bias(self) -> Option<usize> {
        match self {
            Self::Lstm { .. } => Some(1),
            Self::FastGrnn => Some(0),
            Self::Elman { .. } | Self::Gru { .. } | Self::FastRnn => None,
        }
    }

    /// Where the trained numbers start that all units share, before their sigmoid: those of the authors' code, EdgeML.
    pub(crate) const fn initial_scalars(self) -> &'static [f32] {
        match self {
            Self::FastRnn => &[-3.0, 3.0],
            Self::FastGrnn => &[1.0, -4.0],
            Self::Elman { .. } | Self::Gru { .. } | Self::Lstm { .. } => &[],
        }
    }

    /// The first thing that is wrong.
    pub(crate) const fn problem(self) -> Option<&'static str> {
        if let Some(what) = self.left_out() {
            Some(what)
        } else if self.clip() > 0.0 {
            None
        } else {
            Some("the clip of a layer must be greater than 0")
        }
    }

    /// What to say where this build has no code for the cell.
    #[inline(always)]
    const fn left_out(self) -> Option<&'static str> {
        match self {
            Self::Gru { .. } if !cfg!(feature = "gru") => {
                Some("this build of elman-core leaves out GRU: its feature \"gru\" is off")
            }
            Self::Lstm { .. } if !cfg!(feature = "lstm") => {
                Some("this build of elman-core leaves out LSTM: its feature \"lstm\" is off")
            }
            Self::FastRnn if !cfg!(feature = "fastrnn") => {
                Some("this build of elman-core leaves out FastRNN: its feature \"fastrnn\" is off")
            }
            Self::FastGrnn if !cfg!(feature = "fastgrnn") => Some(
                "this build of elman-core leaves out FastGRNN: its feature \"fastgrnn\" is off",
            ),
            _ => None,
        }
    }

    /// What a layer of Elman's cell applies; tanh in the place of a cell that this build leaves out, which no checked spec has.
    #[inline(always)]
    const fn activation_or_tanh(self) -> Activation {
        match self {
            Self::Elman { activation, .. } => activation,
            _ => Activation::Tanh,
        }
    }

    /// The cell in one word of an image, the clip aside.
    pub(crate) const fn code(self) -> u32 {
        match self {
            Self::Elman { activation, .. } => activation.code(),
            Self::Gru { .. } => 3,
            Self::Lstm { .. } => 4,
            Self::FastRnn => 5,
            Self::FastGrnn => 6,
        }
    }

    /// The cell of [`Cell::code`].
    pub(crate) const fn from_code(code: u32, clip: f32) -> Option<Self> {
        match code {
            3 => Some(Self::Gru { clip }),
            4 => Some(Self::Lstm { clip }),
            5 => Some(Self::FastRnn),
            6 => Some(Self::FastGrnn),
            _ => match Activation::from_code(code) {
                Some(activation) => Some(Self::Elman { activation, clip }),
                None => None,
            },
        }
    }

    /// The largest |h| that any sums can lead to from a state within it, where there is one beside the clip's.
    ///
    /// ```
    /// use elman_core::Layer;
    ///
    /// assert_eq!((Layer::tanh(3).cell.bound(), Layer::relu(3).cell.bound()), (Some(1.0), None));
    /// assert_eq!((Layer::gru(3).cell.bound(), Layer::lstm(3).cell.bound()), (Some(1.0), Some(1.0)));
    /// ```
    pub const fn bound(self) -> Option<f32> {
        match self {
            Self::Elman { activation, .. } => activation.bound(),
            Self::Gru { .. } | Self::Lstm { .. } => Some(1.0),
            // Their two trained numbers may add up to more than 1.
            Self::FastRnn | Self::FastGrnn => None,
        }
    }

    /// Which state of a unit has a unit of `2^(exponent - 15)` in an int8 layer, the exponent from calibration: the first is h,
    /// the second c.
    #[inline(always)]
    pub(crate) const fn int8_ranged(self) -> Option<usize> {
        match self {
            Self::Elman { .. } | Self::Gru { .. } => None,
            Self::FastRnn | Self::FastGrnn => Some(0),
            Self::Lstm { .. } => Some(1),
        }
    }

    /// How many bits an int8 layer cuts off a sum beyond its shift before a function reads it; none where something else does.
    pub(crate) fn int8_cut(self, sum: usize) -> Option<u32> {
        with_int8_cell(self, Int8Cut { sum }).unwrap_or(Some(0))
    }

    /// What a clip of the sums limits |h| to.
    pub(crate) fn limit_of_state(self, clip: f64) -> f64 {
        match self {
            Self::Elman { activation, .. } => activation.of(clip),
            Self::Gru { .. } | Self::Lstm { .. } => libm::tanh(clip),
            Self::FastRnn | Self::FastGrnn => clip,
        }
    }
}

/// Work that is generic over the cell, compiled once for each.
pub(crate) trait Visit {
    type Output;

    /// Of a cell whose state takes the place of its one sum. Must be `#[inline(always)]` where it holds a token.
    fn visit<C: Step<1, 1>>(self, cell: C) -> Self::Output;

    /// Of a cell of several sums. Must be `#[inline(always)]` where it holds a token.
    fn visit_gated<C: Gated<SUMS, STATES>, const SUMS: usize, const STATES: usize>(
        self,
        cell: C,
    ) -> Self::Output;
}

/// Hands the cell's arithmetic to `work`: the one place that asks which cell it is. The code of cells that this build leaves out is
/// not linked: conditions that are constant are gone before anything is optimised.
#[inline(always)]
pub(crate) fn with_cell<W: Visit>(cell: Cell, work: W) -> W::Output {
    match cell {
        Cell::Gru { .. } if cfg!(feature = "gru") => work.visit_gated(Gru::new(cell.limit())),
        Cell::Lstm { .. } if cfg!(feature = "lstm") => work.visit_gated(Lstm::new(cell.limit())),
        Cell::FastRnn if cfg!(feature = "fastrnn") => work.visit_gated(FastRnn),
        Cell::FastGrnn if cfg!(feature = "fastgrnn") => work.visit_gated(FastGrnn),
        _ => work.visit(Elman::new(cell.activation_or_tanh(), cell.limit())),
    }
}

/// Work that is generic over the integer arithmetic of the cells of several sums.
pub(crate) trait VisitInt8 {
    type Output;

    fn visit<C: GatedInt8<SUMS, STATES>, const SUMS: usize, const STATES: usize>(
        self,
    ) -> Self::Output;
}

/// Hands the cell's integer arithmetic to `work`; none for Elman's cell, which has one sum.
#[inline(always)]
pub(crate) fn with_int8_cell<W: VisitInt8>(cell: Cell, work: W) -> Option<W::Output> {
    match cell {
        Cell::Gru { .. } if cfg!(feature = "gru") => Some(work.visit::<Gru, 4, 1>()),
        Cell::Lstm { .. } if cfg!(feature = "lstm") => Some(work.visit::<Lstm, 4, 2>()),
        Cell::FastRnn if cfg!(feature = "fastrnn") => Some(work.visit::<FastRnn, 3, 1>()),
        Cell::FastGrnn if cfg!(feature = "fastgrnn") => Some(work.visit::<FastGrnn, 5, 1>()),
        _ => None,
    }
}

/// See [`Cell::int8_cut`].
struct Int8Cut {
    sum: usize,
}

impl VisitInt8 for Int8Cut {
    type Output = Option<u32>;

    fn visit<C: GatedInt8<SUMS, STATES>, const SUMS: usize, const STATES: usize>(
        self,
    ) -> Option<u32> {
        C::INT8_CUTS.get(self.sum).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::Cell;

    #[test]
    fn a_cell_is_refused_if_its_feature_is_off_and_only_then() {
        let cells = [
            (Cell::elman(super::Activation::Relu), true),
            (Cell::gru(), cfg!(feature = "gru")),
            (Cell::lstm(), cfg!(feature = "lstm")),
            (Cell::FastRnn, cfg!(feature = "fastrnn")),
            (Cell::FastGrnn, cfg!(feature = "fastgrnn")),
        ];
        for (cell, present) in cells {
            assert_eq!(cell.problem().is_none(), present, "{cell:?}");
        }
    }
}
