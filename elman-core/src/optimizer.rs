//! Update rules over the flat parameter slice, as PyTorch's `torch.optim` writes them.

use core::ops::Range;

use crate::error::{Error, check_len};
use crate::simd::{LANES, Level, Operation, Simd};

/// An update rule and its settings; the learning rate is handed in at every step, so that any schedule
/// can drive it. The constants hold PyTorch's defaults.
///
/// ```
/// # use elman_core::{Error, Level, Optimizer};
/// let momentum = Optimizer::Sgd { momentum: 0.9, nesterov: false, weight_decay: 0.0 };
/// let mut params = [1.0];
/// let mut state = vec![0.0; momentum.state_len(params.len())];
/// for step in 1..=2 {
///     momentum.update(Level::detect(), 0.1, step, 0..1, &mut params, &[2.0], &mut state)?;
/// }
/// // Steps of 0.1·2 and 0.1·(0.9·2 + 2).
/// assert!((params[0] - 0.42).abs() < 1e-6);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimizer {
    /// Stochastic gradient descent, with momentum (Polyak 1964; Nesterov 1983) unless that is 0.
    Sgd {
        /// Share of the last step that is kept, 0 for none. Dampening is always 0.
        momentum: f32,
        /// Look ahead along the momentum.
        nesterov: bool,
        /// L2 penalty, added to the gradient.
        weight_decay: f32,
    },
    /// AdaGrad (Duchi, Hazan, Singer 2011). The accumulator starts at 0 and the rate does not decay.
    Adagrad {
        /// Added to the root of the accumulator.
        epsilon: f32,
        /// L2 penalty, added to the gradient.
        weight_decay: f32,
    },
    /// RMSprop (Tieleman and Hinton 2012), not centred, without momentum.
    Rmsprop {
        /// Decay of the mean square.
        alpha: f32,
        /// Added to its root.
        epsilon: f32,
        /// L2 penalty, added to the gradient.
        weight_decay: f32,
    },
    /// Adam (Kingma and Ba 2015).
    Adam {
        /// Decay of the mean.
        beta1: f32,
        /// Decay of the mean square.
        beta2: f32,
        /// Added to the corrected root.
        epsilon: f32,
        /// L2 penalty, added to the gradient.
        weight_decay: f32,
    },
    /// AdamW (Loshchilov and Hutter 2019): weight decay apart from the gradient.
    AdamW {
        /// Decay of the mean.
        beta1: f32,
        /// Decay of the mean square.
        beta2: f32,
        /// Added to the corrected root.
        epsilon: f32,
        /// Parameters shrink by `learning rate · weight_decay`.
        weight_decay: f32,
    },
}

impl Optimizer {
    /// `torch.optim.SGD`.
    ///
    /// ```
    /// # use elman_core::{Level, Optimizer};
    /// let rule = Optimizer::SGD;
    /// let (mut params, mut state) = ([0.0], vec![0.0; rule.state_len(1)]);
    /// rule.update(Level::detect(), 0.1, 1, 0..1, &mut params, &[2.0], &mut state)?;
    /// assert!((params[0] - (-0.2)).abs() < 1e-6);
    /// # Ok::<(), elman_core::Error>(())
    /// ```
    pub const SGD: Self = Self::Sgd {
        momentum: 0.0,
        nesterov: false,
        weight_decay: 0.0,
    };
    /// `torch.optim.Adagrad`.
    ///
    /// ```
    /// # use elman_core::{Level, Optimizer};
    /// let rule = Optimizer::ADAGRAD;
    /// let (mut params, mut state) = ([0.0], vec![0.0; rule.state_len(1)]);
    /// rule.update(Level::detect(), 0.1, 1, 0..1, &mut params, &[2.0], &mut state)?;
    /// assert!((params[0] - (-0.1)).abs() < 1e-6);
    /// # Ok::<(), elman_core::Error>(())
    /// ```
    pub const ADAGRAD: Self = Self::Adagrad {
        epsilon: 1e-10,
        weight_decay: 0.0,
    };
    /// `torch.optim.RMSprop`.
    ///
    /// ```
    /// # use elman_core::{Level, Optimizer};
    /// let rule = Optimizer::RMSPROP;
    /// let (mut params, mut state) = ([0.0], vec![0.0; rule.state_len(1)]);
    /// rule.update(Level::detect(), 0.1, 1, 0..1, &mut params, &[2.0], &mut state)?;
    /// assert!((params[0] - (-1.0)).abs() < 1e-6);
    /// # Ok::<(), elman_core::Error>(())
    /// ```
    pub const RMSPROP: Self = Self::Rmsprop {
        alpha: 0.99,
        epsilon: 1e-8,
        weight_decay: 0.0,
    };
    /// `torch.optim.Adam`.
    ///
    /// ```
    /// # use elman_core::{Level, Optimizer};
    /// let rule = Optimizer::ADAM;
    /// let (mut params, mut state) = ([0.0], vec![0.0; rule.state_len(1)]);
    /// rule.update(Level::detect(), 0.1, 1, 0..1, &mut params, &[2.0], &mut state)?;
    /// assert!((params[0] - (-0.1)).abs() < 1e-6);
    /// # Ok::<(), elman_core::Error>(())
    /// ```
    pub const ADAM: Self = Self::Adam {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weight_decay: 0.0,
    };
    /// `torch.optim.AdamW`.
    ///
    /// ```
    /// # use elman_core::{Level, Optimizer};
    /// let rule = Optimizer::ADAMW;
    /// let (mut params, mut state) = ([0.0], vec![0.0; rule.state_len(1)]);
    /// rule.update(Level::detect(), 0.1, 1, 0..1, &mut params, &[2.0], &mut state)?;
    /// assert!((params[0] - (-0.1)).abs() < 1e-6);
    /// # Ok::<(), elman_core::Error>(())
    /// ```
    pub const ADAMW: Self = Self::AdamW {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weight_decay: 0.01,
    };

    /// Numbers of optimizer state for `params` parameters; they start at zero and lie slot after slot.
    ///
    /// ```
    /// # use elman_core::{Optimizer, Spec};
    /// const SPEC: Spec = Spec::dense(2, 3, 1);
    /// static STATE: [f32; Optimizer::ADAM.state_len(SPEC.params_len())] = [0.0; 2 * 22];
    /// assert_eq!(Optimizer::SGD.state_len(SPEC.params_len()), 0);
    /// ```
    pub const fn state_len(&self, params: usize) -> usize {
        match self {
            Self::Sgd { momentum: 0.0, .. } => 0,
            Self::Sgd { .. } | Self::Adagrad { .. } | Self::Rmsprop { .. } => params,
            Self::Adam { .. } | Self::AdamW { .. } => 2 * params,
        }
    }

    /// Updates `params[range]` from `gradients[range]`; `step` counts from 1. One call with the whole
    /// range is PyTorch's dense update; calls for the embedding rows in use alone are its `SparseAdam`.
    ///
    /// # Errors
    /// [`Error::Length`] if the slices do not match or the range lies outside, [`Error::Spec`] for step 0.
    ///
    /// ```
    /// # use elman_core::{Level, Optimizer};
    /// let (mut params, mut state) = ([1.0, 2.0], [0.0; 4]);
    /// Optimizer::ADAM.update(Level::detect(), 0.1, 1, 0..2, &mut params, &[3.0, -3.0], &mut state)?;
    /// assert!((params[0] - 0.9).abs() < 1e-6 && (params[1] - 2.1).abs() < 1e-6);
    /// # Ok::<(), elman_core::Error>(())
    /// ```
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a slice or a setting of its own"
    )]
    pub fn update(
        &self,
        level: Level,
        learning_rate: f32,
        step: u64,
        range: Range<usize>,
        params: &mut [f32],
        gradients: &[f32],
        state: &mut [f32],
    ) -> Result<(), Error> {
        let len = params.len();
        check_len("gradients", len, gradients.len())?;
        check_len("optimizer state", self.state_len(len), state.len())?;
        if step == 0 {
            return Err(Error::Spec("steps of an optimizer count from 1"));
        }
        let outside = Error::Length {
            what: "params",
            expected: range.start.max(range.end),
            found: len,
        };
        let (first, second) = state.split_at_mut(len.min(state.len()));
        let (Some(params), Some(gradients)) =
            (params.get_mut(range.clone()), gradients.get(range.clone()))
        else {
            return Err(outside);
        };
        let first = first.get_mut(range.clone()).unwrap_or(&mut []);
        let second = second.get_mut(range).unwrap_or(&mut []);
        self.run(
            level,
            learning_rate,
            step,
            Slices {
                params,
                gradients,
                first,
                second,
            },
        );
        Ok(())
    }

    /// Runs the rule with this step's constants; bias corrections are computed once, in f64.
    fn run(&self, level: Level, rate: f32, step: u64, slices: Slices) {
        let adam = |beta1: f32, beta2: f32, epsilon, shrink| {
            let corrected = |beta: f32| 1.0 - libm::pow(f64::from(beta), step as f64);
            Adam {
                beta1,
                beta2,
                epsilon,
                shrink,
                rate: (f64::from(rate) / corrected(beta1)) as f32,
                root: (1.0 / libm::sqrt(corrected(beta2))) as f32,
            }
        };
        match *self {
            Self::Sgd {
                momentum: 0.0,
                weight_decay,
                ..
            } => {
                level.run(Update {
                    rule: Sgd { rate },
                    weight_decay,
                    slices,
                });
            }
            Self::Sgd {
                momentum,
                nesterov,
                weight_decay,
            } => {
                level.run(Update {
                    rule: Momentum {
                        rate,
                        momentum,
                        nesterov,
                    },
                    weight_decay,
                    slices,
                });
            }
            Self::Adagrad {
                epsilon,
                weight_decay,
            } => {
                level.run(Update {
                    rule: Adagrad { rate, epsilon },
                    weight_decay,
                    slices,
                });
            }
            Self::Rmsprop {
                alpha,
                epsilon,
                weight_decay,
            } => {
                level.run(Update {
                    rule: Rmsprop {
                        rate,
                        alpha,
                        epsilon,
                    },
                    weight_decay,
                    slices,
                });
            }
            Self::Adam {
                beta1,
                beta2,
                epsilon,
                weight_decay,
            } => {
                level.run(Update {
                    rule: adam(beta1, beta2, epsilon, 1.0),
                    weight_decay,
                    slices,
                });
            }
            Self::AdamW {
                beta1,
                beta2,
                epsilon,
                weight_decay,
            } => {
                let shrink = 1.0 - rate * weight_decay;
                level.run(Update {
                    rule: adam(beta1, beta2, epsilon, shrink),
                    weight_decay: 0.0,
                    slices,
                });
            }
        }
    }
}

/// What one update reads and writes: parameters, gradients and up to two slots of state.
struct Slices<'a> {
    params: &'a mut [f32],
    gradients: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
}

/// One step's rule for a strip: the new parameters from parameters, gradient and slots.
trait Rule {
    /// How many of the two slots it has: of the others nothing is read or written.
    const SLOTS: usize;

    fn apply<S: Simd>(&self, s: S, p: S::V, g: S::V, first: &mut S::V, second: &mut S::V) -> S::V;
}

struct Sgd {
    rate: f32,
}

impl Rule for Sgd {
    const SLOTS: usize = 0;

    #[inline(always)]
    fn apply<S: Simd>(&self, s: S, p: S::V, g: S::V, _: &mut S::V, _: &mut S::V) -> S::V {
        // 0 and -0 are one gradient, as with a momentum.
        let direction = s.add(g, s.splat(0.0));
        s.neg_mul_add(s.splat(self.rate), direction, p)
    }
}

struct Momentum {
    rate: f32,
    momentum: f32,
    nesterov: bool,
}

impl Rule for Momentum {
    const SLOTS: usize = 1;

    #[inline(always)]
    fn apply<S: Simd>(&self, s: S, p: S::V, g: S::V, velocity: &mut S::V, _: &mut S::V) -> S::V {
        let momentum = s.splat(self.momentum);
        *velocity = s.mul_add(momentum, *velocity, g);
        let direction = if self.nesterov {
            s.mul_add(momentum, *velocity, g)
        } else {
            *velocity
        };
        s.neg_mul_add(s.splat(self.rate), direction, p)
    }
}

struct Adagrad {
    rate: f32,
    epsilon: f32,
}

impl Rule for Adagrad {
    const SLOTS: usize = 1;

    #[inline(always)]
    fn apply<S: Simd>(&self, s: S, p: S::V, g: S::V, sum: &mut S::V, _: &mut S::V) -> S::V {
        *sum = s.mul_add(g, g, *sum);
        let root = s.add(s.sqrt(*sum), s.splat(self.epsilon));
        s.sub(p, s.div(s.mul(s.splat(self.rate), g), root))
    }
}

struct Rmsprop {
    rate: f32,
    alpha: f32,
    epsilon: f32,
}

impl Rule for Rmsprop {
    const SLOTS: usize = 1;

    #[inline(always)]
    fn apply<S: Simd>(&self, s: S, p: S::V, g: S::V, square: &mut S::V, _: &mut S::V) -> S::V {
        *square = s.mul_add(
            s.mul(s.splat(1.0 - self.alpha), g),
            g,
            s.mul(s.splat(self.alpha), *square),
        );
        let root = s.add(s.sqrt(*square), s.splat(self.epsilon));
        s.sub(p, s.div(s.mul(s.splat(self.rate), g), root))
    }
}

struct Adam {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    /// AdamW's weight decay as a factor; 1 for Adam.
    shrink: f32,
    /// Learning rate over the mean's bias correction.
    rate: f32,
    /// One over the root of the mean square's bias correction.
    root: f32,
}

impl Rule for Adam {
    const SLOTS: usize = 2;

    #[inline(always)]
    fn apply<S: Simd>(&self, s: S, p: S::V, g: S::V, mean: &mut S::V, square: &mut S::V) -> S::V {
        *mean = s.mul_add(s.splat(1.0 - self.beta1), s.sub(g, *mean), *mean);
        *square = s.mul_add(
            s.mul(s.splat(1.0 - self.beta2), g),
            g,
            s.mul(s.splat(self.beta2), *square),
        );
        let root = s.mul_add(s.sqrt(*square), s.splat(self.root), s.splat(self.epsilon));
        let p = s.mul(p, s.splat(self.shrink));
        s.sub(p, s.div(s.mul(s.splat(self.rate), *mean), root))
    }
}

/// A rule over whole slices; `weight_decay` times the parameter joins the gradient first.
struct Update<'a, R> {
    rule: R,
    weight_decay: f32,
    slices: Slices<'a>,
}

impl<R: Rule> Operation for Update<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Slices {
            params,
            gradients,
            first,
            second,
        } = self.slices;
        let mut firsts = first.chunks_mut(LANES);
        let mut seconds = second.chunks_mut(LANES);
        for (params, gradients) in params.chunks_mut(LANES).zip(gradients.chunks(LANES)) {
            let (mut a, mut b) = (s.splat(0.0), s.splat(0.0));
            let (first, second) = (
                firsts.next().unwrap_or(&mut []),
                seconds.next().unwrap_or(&mut []),
            );
            if R::SLOTS > 0 {
                a = s.load_part(first);
            }
            if R::SLOTS > 1 {
                b = s.load_part(second);
            }
            let p = s.load_part(params);
            let g = s.mul_add(s.splat(self.weight_decay), p, s.load_part(gradients));
            let next = self.rule.apply(s, p, g, &mut a, &mut b);
            s.store_part(params, next);
            if R::SLOTS > 0 {
                s.store_part(first, a);
            }
            if R::SLOTS > 1 {
                s.store_part(second, b);
            }
        }
    }
}
