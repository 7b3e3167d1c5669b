//! The shape of a net, as one `Copy` value. Every buffer length is a `const fn` of it.

use crate::error::Error;

/// At most this many stacked layers.
pub const MAX_LAYERS: usize = 8;
/// At most this many token channels.
pub const MAX_CHANNELS: usize = 8;
/// No single dimension (width, hidden units, outputs, vocabulary) is larger than this.
pub const MAX_DIMENSION: usize = 1 << 24;

/// Short list with a fixed capacity, so that [`Spec`] can be a `const`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct List<T, const CAPACITY: usize> {
    items: [T; CAPACITY],
    len: usize,
}

impl<T: Copy, const CAPACITY: usize> List<T, CAPACITY> {
    /// The given items; between 1 and `CAPACITY` of them, checked when the program is compiled.
    ///
    /// ```
    /// use elman_core::{Layer, Layers};
    /// const LAYERS: Layers = Layers::of([Layer::tanh(32), Layer::tanh(16)]);
    /// assert_eq!(LAYERS.as_slice().len(), 2);
    /// ```
    pub const fn of<const N: usize>(given: [T; N]) -> Self {
        const {
            assert!(
                N >= 1 && N <= CAPACITY,
                "a list takes between 1 and CAPACITY items"
            )
        };
        let mut items = [given[0]; CAPACITY];
        let mut i = 0;
        while i < N && i < CAPACITY {
            items[i] = given[i];
            i += 1;
        }
        Self { items, len: N }
    }

    /// The items of a slice whose length is only known at run time.
    ///
    /// # Errors
    /// [`Error::Spec`] if the slice is empty or longer than `CAPACITY`.
    ///
    /// ```
    /// # use elman_core::{Layer, Layers};
    /// assert_eq!(Layers::from_slice(&[Layer::tanh(8); 3]).map(|layers| layers.len()), Ok(3));
    /// ```
    pub fn from_slice(given: &[T]) -> Result<Self, Error> {
        let Some(&first) = given.first() else {
            return Err(Error::Spec("a list of layers or channels is empty"));
        };
        if given.len() > CAPACITY {
            return Err(Error::Spec("more than 8 layers or channels"));
        }
        let mut items = [first; CAPACITY];
        for (item, &value) in items.iter_mut().zip(given) {
            *item = value;
        }
        Ok(Self {
            items,
            len: given.len(),
        })
    }

    /// The items.
    pub const fn as_slice(&self) -> &[T] {
        match self.items.split_at_checked(self.len) {
            Some((used, _)) => used,
            None => &[],
        }
    }

    /// Item `index`; past the end one of the others.
    #[inline(always)]
    pub(crate) const fn get(&self, index: usize) -> T {
        self.items[if index < CAPACITY { index } else { 0 }]
    }

    /// How many items there are.
    #[expect(clippy::len_without_is_empty, reason = "a list is never empty")]
    #[inline(always)]
    pub const fn len(&self) -> usize {
        self.len
    }
}

/// The stacked layers, the one nearest the input first.
pub type Layers = List<Layer, MAX_LAYERS>;
/// The token channels: one embedding table each, concatenated.
pub type Channels = List<Channel, MAX_CHANNELS>;

/// An Elman net: `h[t] = f(W_in·x[t] + W_rec·h[t-1] + b)`, `y[t] = g(W_out·h[t] + c)`
/// (J. L. Elman, "Finding Structure in Time", Cognitive Science 14, 1990).
///
/// ```
/// use elman_core::*;
/// const SPEC: Spec = Spec {
///     input: Input::Dense { width: 6 },
///     layers: Layers::of([Layer::tanh(32)]),
///     initial_state: InitialState::Zero,
///     head: Head { kind: HeadKind::Linear { outputs: 5 }, read: Read::EveryStep },
///     dropout: Dropout::NONE,
/// };
/// static STATE: [f32; SPEC.state_len()] = [0.0; SPEC.state_len()];
/// assert_eq!(STATE.len(), 32);
/// assert_eq!(SPEC.params_len(), 6 * 32 + 32 * 32 + 32 + 32 * 5 + 5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// What a time step reads.
    pub input: Input,
    /// One to eight recurrent layers.
    pub layers: Layers,
    /// Where the hidden state starts.
    pub initial_state: InitialState,
    /// What is read off the last layer.
    pub head: Head,
    /// Rates used while training only.
    pub dropout: Dropout,
}

/// What a time step reads.
///
/// ```
/// # use elman_core::{Channel, Channels, Input};
/// let channels = Channels::of([Channel { vocabulary: 5000, width: 32 }, Channel { vocabulary: 40, width: 8 }]);
/// assert_eq!(Input::Tokens { channels, window: 5 }.width(), 5 * (32 + 8));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input {
    /// `width` numbers.
    Dense {
        /// Numbers per time step.
        width: usize,
    },
    /// One token id per channel, for the step itself and its neighbours.
    Tokens {
        /// One trained embedding table per channel.
        channels: Channels,
        /// Steps seen at once, odd: 5 is the step itself and two neighbours on either side.
        /// Neighbours outside the sequence read the trained padding row.
        window: usize,
    },
}

/// One token channel (word, word shape, suffix …) and its embedding table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Channel {
    /// Token ids run from 0 to `vocabulary - 1`; the id `vocabulary` is the padding row.
    pub vocabulary: usize,
    /// Numbers per embedding.
    pub width: usize,
}

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

/// What is read off the last layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The map from hidden state to output.
    pub kind: HeadKind,
    /// At which steps.
    pub read: Read,
}

/// The map from hidden state to output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadKind {
    /// The hidden state itself.
    None,
    /// `W_out·h + c`.
    Linear {
        /// Numbers per output row.
        outputs: usize,
    },
    /// `softmax(W_out·h + c)`.
    Softmax {
        /// Classes.
        outputs: usize,
    },
}

/// At which steps the head reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// At every step: one output row per input row.
    EveryStep,
    /// Once per sequence: the last step of the forward direction, the first of the reverse direction.
    LastStep,
}

/// Inverted dropout: while training a value is zeroed with this probability, the others are
/// divided by `1 - rate` (Srivastava et al. 2014). Rates lie in `[0, 1)`; 0 costs nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// On the inputs of the first layer (the concatenated embeddings, or the dense row).
    pub input: f32,
    /// Between stacked layers.
    pub hidden: f32,
    /// On the head's input.
    pub head: f32,
    /// On the state that a step hands to the next: one mask per sequence, layer and direction, the same at
    /// every step (Gal and Ghahramani 2016).
    pub recurrent: f32,
}

impl Dropout {
    /// No dropout anywhere.
    pub const NONE: Self = Self {
        input: 0.0,
        hidden: 0.0,
        head: 0.0,
        recurrent: 0.0,
    };
}

impl Dropout {
    /// The first thing that is wrong.
    const fn problem(&self) -> Option<&'static str> {
        let rates = [self.input, self.hidden, self.head, self.recurrent];
        let mut i = 0;
        while i < rates.len() {
            if !(rates[i] >= 0.0 && rates[i] < 1.0) {
                return Some("dropout rates must lie in [0, 1)");
            }
            i += 1;
        }
        None
    }
}

impl Input {
    /// Numbers per row that the first layer reads.
    #[inline(always)]
    pub const fn width(&self) -> usize {
        match self {
            Self::Dense { width } => *width,
            Self::Tokens { channels, window } => {
                let (mut sum, mut i) = (0, 0);
                while i < channels.len() {
                    sum += channels.get(i).width;
                    i += 1;
                }
                sum * *window
            }
        }
    }

    /// The first thing that is wrong.
    const fn problem(&self) -> Option<&'static str> {
        match self {
            Self::Dense { width } if !is_dimension(*width) => {
                Some("input width must lie in 1..=2^24")
            }
            Self::Dense { .. } => None,
            Self::Tokens { channels, window } => {
                if *window % 2 == 0 || *window > 1025 {
                    return Some("the context window must be odd and at most 1025");
                }
                let (mut width, mut i) = (0, 0);
                while i < channels.len() {
                    let channel = channels.get(i);
                    if !is_dimension(channel.vocabulary) {
                        return Some("vocabulary must lie in 1..=2^24");
                    }
                    if !is_dimension(channel.width) {
                        return Some("embedding width must lie in 1..=2^24");
                    }
                    width += channel.width as u64 * *window as u64;
                    i += 1;
                }
                if width > MAX_DIMENSION as u64 {
                    return Some("window times embedding widths exceeds 2^24");
                }
                None
            }
        }
    }

    /// Numbers in all embedding tables.
    const fn embeddings(&self) -> u64 {
        let (mut sum, mut i) = (0, 0);
        if let Self::Tokens { channels, .. } = self {
            while i < channels.len() {
                let channel = channels.get(i);
                sum += (channel.vocabulary as u64 + 1) * channel.width as u64;
                i += 1;
            }
        }
        sum
    }

    /// Token channels; 0 for dense rows.
    pub const fn channel_count(&self) -> usize {
        match self {
            Self::Dense { .. } => 0,
            Self::Tokens { channels, .. } => channels.len(),
        }
    }
}

impl Spec {
    /// Elman's own net: so many numbers per step, one tanh layer, a linear head that reads every step.
    ///
    /// ```
    /// use elman_core::Spec;
    /// const SPEC: Spec = Spec::dense(6, 32, 5);
    /// assert_eq!(SPEC.params_len(), 6 * 32 + 32 * 32 + 32 + 32 * 5 + 5);
    /// ```
    pub const fn dense(inputs: usize, hidden: usize, outputs: usize) -> Self {
        Self {
            input: Input::Dense { width: inputs },
            layers: Layers::of([Layer::tanh(hidden)]),
            initial_state: InitialState::Zero,
            head: Head {
                kind: HeadKind::Linear { outputs },
                read: Read::EveryStep,
            },
            dropout: Dropout::NONE,
        }
    }

    /// The layer `index`, counted from the input.
    #[inline(always)]
    pub(crate) const fn layer(&self, index: usize) -> Layer {
        self.layers.get(index)
    }

    /// Numbers per row that layer `index` reads.
    #[inline(always)]
    pub const fn layer_input_width(&self, index: usize) -> usize {
        if index == 0 {
            self.input.width()
        } else {
            self.layer(index - 1).width()
        }
    }

    /// Numbers per row of the last layer: what the head reads.
    #[inline(always)]
    pub const fn top_width(&self) -> usize {
        self.layer(self.layers.len() - 1).width()
    }

    /// The widest layer output.
    #[inline(always)]
    pub const fn widest(&self) -> usize {
        let (mut widest, mut i) = (0, 0);
        while i < self.layers.len() {
            if self.layer(i).width() > widest {
                widest = self.layer(i).width();
            }
            i += 1;
        }
        widest
    }

    /// Numbers per row that the first layer reads.
    #[inline(always)]
    pub const fn input_width(&self) -> usize {
        self.input.width()
    }

    /// Numbers per output row.
    #[inline(always)]
    pub const fn output_width(&self) -> usize {
        match self.head.kind {
            HeadKind::None => self.top_width(),
            HeadKind::Linear { outputs } | HeadKind::Softmax { outputs } => outputs,
        }
    }

    /// Output rows of a batch with `rows` rows in `sequences` sequences.
    pub const fn output_rows(&self, rows: usize, sequences: usize) -> usize {
        match self.head.read {
            Read::EveryStep => rows,
            Read::LastStep => sequences,
        }
    }

    /// Whether any layer runs both ways.
    pub const fn is_bidirectional(&self) -> bool {
        let mut i = 0;
        while i < self.layers.len() {
            if self.layer(i).directions() == 2 {
                return true;
            }
            i += 1;
        }
        false
    }

    /// Hidden state of one sequence: every layer and direction, one after the other.
    pub const fn state_len(&self) -> usize {
        self.state_offset(self.layers.len())
    }

    /// Where layer `index` starts within one sequence's state.
    pub const fn state_offset(&self, index: usize) -> usize {
        let (mut sum, mut i) = (0, 0);
        while i < index {
            sum += self.layer(i).width();
            i += 1;
        }
        sum
    }

    /// Checks every dimension once, so that no length can overflow afterwards.
    ///
    /// # Errors
    /// [`Error::Spec`] with the first thing that is wrong.
    ///
    /// ```
    /// # use elman_core::{Error, Spec};
    /// assert_eq!(Spec::dense(2, 0, 1).check(), Err(Error::Spec("hidden units must lie in 1..=2^24")));
    /// ```
    pub const fn check(&self) -> Result<(), Error> {
        match self.problem() {
            None => Ok(()),
            Some(what) => Err(Error::Spec(what)),
        }
    }

    /// The first thing that is wrong.
    pub(crate) const fn problem(&self) -> Option<&'static str> {
        if let Some(what) = self.input.problem() {
            return Some(what);
        }
        // u64 cannot overflow here: at most 24 products of numbers up to 2^25 and 2^25.
        let (mut width, mut total) = (self.input.width() as u64, self.input.embeddings());
        let mut i = 0;
        while i < self.layers.len() {
            let layer = self.layer(i);
            if !is_dimension(layer.hidden) {
                return Some("hidden units must lie in 1..=2^24");
            }
            let (h, directions) = (layer.hidden as u64, layer.directions() as u64);
            total += directions * ((width + 16) * (h + 16) + (h + 16) * (h + 16) + 2 * h);
            width = directions * h;
            i += 1;
        }
        if let HeadKind::Linear { outputs } | HeadKind::Softmax { outputs } = self.head.kind {
            if !is_dimension(outputs) {
                return Some("outputs must lie in 1..=2^24");
            }
            total += (width + 16) * (outputs as u64 + 16);
        }
        if total > isize::MAX as u64 / 16 {
            return Some("the parameters do not fit the address space");
        }
        self.dropout.problem()
    }
}

const fn is_dimension(n: usize) -> bool {
    n >= 1 && n <= MAX_DIMENSION
}
