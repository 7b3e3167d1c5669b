//! Recurrent layers.

use super::{List, is_dimension};

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
/// # use elman_core::{Activation, Direction, Layer};
/// let layer = Layer { hidden: 64, direction: Direction::Both, activation: Activation::Relu, clip: 6.0 };
/// assert_eq!((layer.width(), layer.directions()), (128, 2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// Hidden units, per direction.
    pub hidden: usize,
    /// Forward only, or both ways.
    pub direction: Direction,
    /// `f` of the Elman equation.
    pub activation: Activation,
    /// Limits what `f` reads to ±clip, as ONNX's RNN does, and beyond it the gradient is zero; infinite where there is no
    /// limit.
    ///
    /// ```
    /// # use elman_core::*;
    /// let layer = Layer { activation: Activation::Relu, clip: 6.0, ..Layer::tanh(1) };
    /// let head = Head { kind: HeadKind::None, read: Read::EveryStep };
    /// let spec = Spec { layers: Layers::of([layer]), head, ..Spec::dense(1, 1, 1) };
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
    pub clip: f32,
}

impl Layer {
    /// A forward tanh layer.
    ///
    /// ```
    /// # use elman_core::{Activation, Direction, Layer};
    /// let (direction, activation) = (Direction::Forward, Activation::Tanh);
    /// assert_eq!(Layer::tanh(64), Layer { hidden: 64, direction, activation, clip: f32::INFINITY });
    /// ```
    pub const fn tanh(hidden: usize) -> Self {
        Self {
            hidden,
            direction: Direction::Forward,
            activation: Activation::Tanh,
            clip: f32::INFINITY,
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

    /// The clip, where there is one.
    ///
    /// ```
    /// # use elman_core::Layer;
    /// let clipped = Layer { clip: 6.0, ..Layer::tanh(64) };
    /// assert_eq!((Layer::tanh(64).limit(), clipped.limit()), (None, Some(6.0)));
    /// ```
    #[inline(always)]
    pub const fn limit(&self) -> Option<f32> {
        // By its bits: without an FPU a comparison is a call, in every step.
        if self.clip.to_bits() == f32::INFINITY.to_bits() {
            None
        } else {
            Some(self.clip)
        }
    }

    pub(super) const fn problem(&self) -> Option<&'static str> {
        if !is_dimension(self.hidden) {
            return Some("hidden units must lie in 1..=2^24");
        }
        if self.clip > 0.0 {
            None
        } else {
            Some("the clip of a layer must be greater than 0")
        }
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

/// `f` of the Elman equation.
///
/// ```
/// # use elman_core::*;
/// # fn run(activation: Activation) -> Result<f32, Error> {
/// #     let layer = Layer { activation, ..Layer::tanh(1) };
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
