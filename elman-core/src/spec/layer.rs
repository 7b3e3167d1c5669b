//! Recurrent layers.

use super::List;
use super::dimension::is_dimension;
use crate::cell::{Activation, Cell};
use crate::simd::LANES;

/// At most this many stacked layers.
///
/// ```
/// # use elman_core::{Layer, Layers, MAX_LAYERS};
/// assert!(Layers::from_slice(&[Layer::tanh(8); MAX_LAYERS]).is_ok());
/// assert!(Layers::from_slice(&[Layer::tanh(8); MAX_LAYERS + 1]).is_err());
/// ```
pub const MAX_LAYERS: usize = 8;

/// The stacked layers, the one nearest the input first.
///
/// ```
/// # use elman_core::{Layer, Layers, Spec};
/// const SPEC: Spec = Spec { layers: Layers::of([Layer::tanh(32), Layer::tanh(16)]), ..Spec::dense(6, 1, 5) };
/// assert_eq!(SPEC.state_len(), 32 + 16);
/// ```
pub type Layers = List<Layer, MAX_LAYERS>;

/// One recurrent layer.
///
/// ```
/// # use elman_core::{Activation, Cell, Direction, Layer};
/// let layer = Layer { hidden: 64, direction: Direction::Both, cell: Cell::elman(Activation::Relu) };
/// assert_eq!((layer.width(), layer.directions()), (128, 2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// Hidden units, per direction.
    pub hidden: usize,
    /// Forward only, or both ways.
    pub direction: Direction,
    /// What each unit computes.
    pub cell: Cell,
}

impl Layer {
    /// A forward layer of Elman's cell with tanh.
    ///
    /// ```
    /// # use elman_core::{Activation, Cell, Direction, Layer};
    /// let (direction, cell) = (Direction::Forward, Cell::elman(Activation::Tanh));
    /// assert_eq!(Layer::tanh(64), Layer { hidden: 64, direction, cell });
    /// ```
    pub const fn tanh(hidden: usize) -> Self {
        Self {
            hidden,
            direction: Direction::Forward,
            cell: Cell::elman(Activation::Tanh),
        }
    }

    /// A forward layer of Elman's cell with relu.
    ///
    /// ```
    /// # use elman_core::{Activation, Cell, Layer};
    /// assert_eq!(Layer::relu(64), Layer { cell: Cell::elman(Activation::Relu), ..Layer::tanh(64) });
    /// ```
    pub const fn relu(hidden: usize) -> Self {
        Self {
            cell: Cell::elman(Activation::Relu),
            ..Self::tanh(hidden)
        }
    }

    /// A forward layer of gated recurrent units.
    ///
    /// ```
    /// # use elman_core::{Cell, Layer};
    /// assert_eq!(Layer::gru(64), Layer { cell: Cell::gru(), ..Layer::tanh(64) });
    /// ```
    pub const fn gru(hidden: usize) -> Self {
        Self {
            cell: Cell::gru(),
            ..Self::tanh(hidden)
        }
    }

    /// A forward layer of long short-term memory.
    ///
    /// ```
    /// # use elman_core::{Cell, Layer};
    /// assert_eq!(Layer::lstm(64), Layer { cell: Cell::lstm(), ..Layer::tanh(64) });
    /// ```
    pub const fn lstm(hidden: usize) -> Self {
        Self {
            cell: Cell::lstm(),
            ..Self::tanh(hidden)
        }
    }

    /// Numbers a row of this layer's output holds: forward half, then reverse half.
    ///
    /// ```
    /// # use elman_core::{Direction, Layer};
    /// let both = Layer { direction: Direction::Both, ..Layer::tanh(64) };
    /// assert_eq!((Layer::tanh(64).width(), both.width()), (64, 128));
    /// ```
    #[inline(always)]
    pub const fn width(&self) -> usize {
        self.hidden * self.directions()
    }

    /// 1 or 2.
    ///
    /// ```
    /// # use elman_core::{Direction, Layer};
    /// let both = Layer { direction: Direction::Both, ..Layer::tanh(64) };
    /// assert_eq!((Layer::tanh(64).directions(), both.directions()), (1, 2));
    /// ```
    #[inline(always)]
    pub const fn directions(&self) -> usize {
        match self.direction {
            Direction::Forward => 1,
            Direction::Both => 2,
        }
    }

    /// Strips that hold a number of each unit of one direction.
    #[inline(always)]
    pub(crate) const fn unit_strips(&self) -> usize {
        self.hidden.div_ceil(LANES)
    }

    /// Numbers of a row of sums that have a place of their own, for one direction: those that something feeds, in full
    /// strips. None where the state takes the place of a single sum.
    #[inline(always)]
    pub(crate) const fn sums_row(&self) -> usize {
        if self.cell.is_gated() {
            self.cell.facts().computed() * self.unit_strips() * LANES
        } else {
            0
        }
    }

    /// Columns of these that x feeds.
    #[inline(always)]
    pub(crate) const fn input_sums(&self) -> usize {
        let fed = self.cell.facts().from_x;
        (fed.end - fed.start) * self.unit_strips() * LANES
    }

    /// Whether units have a state beside h.
    #[inline(always)]
    pub(crate) const fn has_cell_state(&self) -> bool {
        self.cell.is_gated() && self.cell.facts().states > 1
    }

    /// Strips of packed biases of the sums that x does not feed.
    #[inline(always)]
    pub(crate) const fn other_sum_strips(&self) -> usize {
        let facts = self.cell.facts();
        (facts.sums - facts.from_x.end) * self.unit_strips()
    }

    /// Numbers of one sequence's state in this layer.
    #[inline(always)]
    pub(crate) const fn state_len(&self) -> usize {
        self.cell.facts().states * self.width()
    }

    pub(super) const fn problem(&self) -> Option<&'static str> {
        if !is_dimension(self.hidden) {
            return Some("hidden units must lie in 1..=2^24");
        }
        self.cell.problem()
    }
}

/// Which way a layer runs through time.
///
/// ```
/// # use elman_core::*;
/// // A net that reads both ways answers only when it has seen the end.
/// let both = Layer { direction: Direction::Both, ..Layer::tanh(3) };
/// let spec = Spec { layers: Layers::of([both]), ..Spec::dense(2, 1, 1) };
/// # let params = vec![0.1; spec.params_len()];
/// # let mut packed = vec![Strip::ZERO; spec.packed_len()];
/// # pack(&spec, &params, &mut packed)?;
/// # let model = Model::new(spec, &params, &packed)?;
/// # let (mut state, mut scratch) = (vec![0.0; spec.state_len()], vec![Strip::ZERO; spec.stream_len()]);
/// assert!(Stream::new(Level::detect(), model, &mut state, &mut scratch).is_err());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the first step to the last.
    Forward,
    /// Two nets, one each way; their states are concatenated, forward first.
    Both,
}

/// Where the hidden state starts.
///
/// ```
/// # use elman_core::{InitialState, Spec};
/// let spec = Spec { initial_state: InitialState::Trained, ..Spec::dense(6, 32, 5) };
/// // One parameter more for every hidden unit.
/// assert_eq!(spec.params_len(), Spec::dense(6, 32, 5).params_len() + 32);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitialState {
    /// At zero.
    Zero,
    /// At a trained vector, one for every layer and direction.
    Trained,
}
