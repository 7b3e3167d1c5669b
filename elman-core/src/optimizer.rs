//! Update rules over the flat parameter slice, as PyTorch's `torch.optim` writes them.

use core::ops::Range;

use crate::error::{Error, check_len};
use crate::simd::{LANES, Level, Operation, Simd};

/// An update rule and its settings; the learning rate is handed in at every step, so that any schedule
/// can drive it. The constants hold PyTorch's defaults.
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
    pub const SGD: Self = Self::Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0 };
    /// `torch.optim.Adagrad`.
    pub const ADAGRAD: Self = Self::Adagrad { epsilon: 1e-10, weight_decay: 0.0 };
    /// `torch.optim.RMSprop`.
    pub const RMSPROP: Self = Self::Rmsprop { alpha: 0.99, epsilon: 1e-8, weight_decay: 0.0 };
    /// `torch.optim.Adam`.
    pub const ADAM: Self = Self::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 };
    /// `torch.optim.AdamW`.
    pub const ADAMW: Self = Self::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 };

    /// Numbers of optimizer state for `params` parameters; they start at zero and lie slot after slot.
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
    /// [`Error::Length`] if the slices do not match or the range lies outside.
    ///
    /// ```
    /// # use elman_core::{Level, Optimizer};
    /// let (mut params, mut state) = ([1.0, 2.0], [0.0; 4]);
    /// Optimizer::ADAM.update(Level::detect(), 0.1, 1, 0..2, &mut params, &[3.0, -3.0], &mut state)?;
    /// assert!((params[0] - 0.9).abs() < 1e-6 && (params[1] - 2.1).abs() < 1e-6);
    /// # Ok::<(), elman_core::Error>(())
    /// ```
    #[expect(clippy::too_many_arguments, reason = "each is a slice or a setting of its own")]
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
        let outside = Error::Length { what: "params", expected: range.end, found: len };
        let (first, second) = state.split_at_mut(len.min(state.len()));
        let (Some(params), Some(gradients)) = (params.get_mut(range.clone()), gradients.get(range.clone())) else {
            return Err(outside);
        };
        let first = first.get_mut(range.clone()).unwrap_or(&mut []);
        let second = second.get_mut(range).unwrap_or(&mut []);
        let rule = self.rule(learning_rate, step);
        level.run(Update { rule, params, gradients, first, second });
        Ok(())
    }

    /// This step's constants, with the bias corrections computed once, in f64.
    fn rule(&self, learning_rate: f32, step: u64) -> Rule {
        let corrected = |beta: f32| 1.0 - libm::pow(f64::from(beta), step as f64);
        let adam = |beta1, beta2, epsilon, l2, shrink| Rule::Adam {
            beta1,
            beta2,
            epsilon,
            l2,
            shrink,
            rate: (f64::from(learning_rate) / corrected(beta1)) as f32,
            root: (1.0 / libm::sqrt(corrected(beta2))) as f32,
        };
        match *self {
            Self::Sgd { momentum, nesterov, weight_decay } => {
                Rule::Sgd { rate: learning_rate, momentum, nesterov, l2: weight_decay }
            }
            Self::Adagrad { epsilon, weight_decay } => {
                Rule::Adagrad { rate: learning_rate, epsilon, l2: weight_decay }
            }
            Self::Rmsprop { alpha, epsilon, weight_decay } => {
                Rule::Rmsprop { rate: learning_rate, alpha, epsilon, l2: weight_decay }
            }
            Self::Adam { beta1, beta2, epsilon, weight_decay } => adam(beta1, beta2, epsilon, weight_decay, 1.0),
            Self::AdamW { beta1, beta2, epsilon, weight_decay } => {
                adam(beta1, beta2, epsilon, 0.0, 1.0 - learning_rate * weight_decay)
            }
        }
    }
}

/// One step's constants.
#[derive(Clone, Copy)]
enum Rule {
    Sgd { rate: f32, momentum: f32, nesterov: bool, l2: f32 },
    Adagrad { rate: f32, epsilon: f32, l2: f32 },
    Rmsprop { rate: f32, alpha: f32, epsilon: f32, l2: f32 },
    Adam { beta1: f32, beta2: f32, epsilon: f32, l2: f32, shrink: f32, rate: f32, root: f32 },
}

struct Update<'a> {
    rule: Rule,
    params: &'a mut [f32],
    gradients: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
}

impl Operation for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        match self.rule {
            Rule::Sgd { rate, momentum, nesterov, l2 } => self.each(s, l2, |p, g, velocity, _| {
                let next = s.mul_add(s.splat(momentum), *velocity, g);
                *velocity = next;
                let direction = if nesterov { s.mul_add(s.splat(momentum), next, g) } else { next };
                s.neg_mul_add(s.splat(rate), direction, p)
            }),
            Rule::Adagrad { rate, epsilon, l2 } => self.each(s, l2, |p, g, sum, _| {
                *sum = s.mul_add(g, g, *sum);
                s.sub(p, s.div(s.mul(s.splat(rate), g), s.add(s.sqrt(*sum), s.splat(epsilon))))
            }),
            Rule::Rmsprop { rate, alpha, epsilon, l2 } => self.each(s, l2, |p, g, square, _| {
                *square = s.mul_add(s.mul(s.splat(1.0 - alpha), g), g, s.mul(s.splat(alpha), *square));
                s.sub(p, s.div(s.mul(s.splat(rate), g), s.add(s.sqrt(*square), s.splat(epsilon))))
            }),
            Rule::Adam { beta1, beta2, epsilon, l2, shrink, rate, root } => self.each(s, l2, |p, g, mean, square| {
                *mean = s.mul_add(s.splat(1.0 - beta1), s.sub(g, *mean), *mean);
                *square = s.mul_add(s.mul(s.splat(1.0 - beta2), g), g, s.mul(s.splat(beta2), *square));
                let denominator = s.mul_add(s.sqrt(*square), s.splat(root), s.splat(epsilon));
                let p = s.mul(p, s.splat(shrink));
                s.sub(p, s.div(s.mul(s.splat(rate), *mean), denominator))
            }),
        }
    }
}

impl Update<'_> {
    /// Runs the rule over strips; `l2` times the parameter joins the gradient first. Rules without a
    /// slot see zeros that nobody keeps.
    #[inline(always)]
    fn each<S: Simd>(self, s: S, l2: f32, rule: impl Fn(S::V, S::V, &mut S::V, &mut S::V) -> S::V) {
        let mut firsts = self.first.chunks_mut(LANES);
        let mut seconds = self.second.chunks_mut(LANES);
        for (params, gradients) in self.params.chunks_mut(LANES).zip(self.gradients.chunks(LANES)) {
            let (first, second) = (firsts.next().unwrap_or(&mut []), seconds.next().unwrap_or(&mut []));
            let (mut a, mut b) = (s.load_part(first), s.load_part(second));
            let p = s.load_part(params);
            let g = s.mul_add(s.splat(l2), p, s.load_part(gradients));
            let next = rule(p, g, &mut a, &mut b);
            s.store_part(params, next);
            s.store_part(first, a);
            s.store_part(second, b);
        }
    }
}
