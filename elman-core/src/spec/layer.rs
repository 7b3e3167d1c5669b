//! Recurrent layers.

use super::List;

/// At most this many stacked layers.
pub const MAX_LAYERS: usize = 8;

/// The stacked layers, the one nearest the input first.
pub type Layers = List<Layer, MAX_LAYERS>;

/// One recurrent layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// Hidden units, per direction.
    pub hidden: usize,
    /// Forward only, or both ways.
    pub direction: Direction,
    /// `f` of the Elman equation.
    pub activation: Activation,
}

impl Layer {
    /// A forward tanh layer.
    pub const fn tanh(hidden: usize) -> Self {
        Self {
            hidden,
            direction: Direction::Forward,
            activation: Activation::Tanh,
        }
    }

    /// Numbers a row of this layer's output holds: forward half, then reverse half.
    #[inline(always)]
    pub const fn width(&self) -> usize {
        self.hidden * self.directions()
    }

    /// 1 or 2.
    #[inline(always)]
    pub const fn directions(&self) -> usize {
        match self.direction {
            Direction::Forward => 1,
            Direction::Both => 2,
        }
    }
}

/// Which way a layer runs through time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the first step to the last.
    Forward,
    /// Two nets, one each way; their states are concatenated, forward first.
    Both,
}

/// `f` of the Elman equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Hyperbolic tangent.
    Tanh,
    /// `max(0, z)`.
    Relu,
    /// `z` itself.
    Identity,
}

/// Where the hidden state starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitialState {
    /// At zero.
    Zero,
    /// At a trained vector, one for every layer and direction.
    Trained,
}
