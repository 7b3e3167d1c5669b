//! The head in RAM, and what it learns by: the steps of `elman_core::head`, with Adam.

use elman_core::{HeadKind, Level, Optimizer, Spec, Strip, gradient, head, loss};

use crate::code::Code;

const OPTIMIZER: Optimizer = Optimizer::ADAM;

/// What the head should have said.
#[derive(Clone, Copy)]
pub enum Answer<'a> {
    Class(u32),
    Numbers(&'a [f32]),
}

/// A head that learns, in the caller's memory.
pub struct Learner {
    /// The weights as a step reads them.
    strips: &'static mut [Strip],
    weights: &'static mut [f32],
    gradients: &'static mut [f32],
    /// Adam's.
    moments: &'static mut [f32],
    outputs: &'static mut [f32],
    /// In 32 bits, as a net of C is aligned on a chip.
    updates: u32,
    /// Since the last update.
    answers: usize,
}

impl Learner {
    pub const fn can_learn(spec: &Spec) -> bool {
        !matches!(spec.head.kind, HeadKind::None) && !spec.is_bidirectional()
    }

    /// Numbers of memory: weights, gradients, moments, and a row of outputs.
    pub const fn memory_len(spec: &Spec) -> usize {
        let head = spec.head_len();
        2 * head + OPTIMIZER.state_len(head) + spec.output_width()
    }

    /// With the weights of a net, of which `packed` is all.
    pub fn new(
        spec: &Spec,
        packed: &[Strip],
        strips: &'static mut [Strip],
        memory: &'static mut [f32],
    ) -> Result<Self, Code> {
        if !Self::can_learn(spec) {
            return Err(Code::NoHead);
        }
        if memory.len() != Self::memory_len(spec) || strips.len() != spec.packed_head_len() {
            return Err(Code::Length);
        }
        let head = spec.head_len();
        let (weights, rest) = memory.split_at_mut_checked(head).ok_or(Code::Length)?;
        let (gradients, rest) = rest.split_at_mut_checked(head).ok_or(Code::Length)?;
        let moments = OPTIMIZER.state_len(head);
        let (moments, outputs) = rest.split_at_mut_checked(moments).ok_or(Code::Length)?;
        head::unpack(spec, packed, weights)?;
        let mut learner = Self {
            strips,
            weights,
            gradients,
            moments,
            outputs,
            updates: 0,
            answers: 0,
        };
        learner.begin(spec)?;
        Ok(learner)
    }

    pub const fn strips(&self) -> &[Strip] {
        self.strips
    }

    pub const fn weights(&self) -> &[f32] {
        self.weights
    }

    /// Other weights, of which all must be finite; what was learnt before is forgotten.
    pub fn set_weights(&mut self, spec: &Spec, weights: &[f32]) -> Result<(), Code> {
        if weights.len() != self.weights.len() {
            return Err(Code::Length);
        }
        if !are_finite(weights) {
            return Err(Code::NotFinite);
        }
        copy(weights, self.weights);
        self.begin(spec)
    }

    /// Puts the weights to work, before the first update.
    fn begin(&mut self, spec: &Spec) -> Result<(), Code> {
        self.gradients.fill(0.0);
        self.moments.fill(0.0);
        (self.updates, self.answers) = (0, 0);
        Ok(head::pack(spec, self.weights, self.strips)?)
    }

    /// Adds the gradient of an answer, one of `batch` that make an update; returns its part of their mean loss.
    pub fn learn(
        &mut self,
        spec: &Spec,
        hidden: &[f32],
        answer: Answer<'_>,
        batch: usize,
    ) -> Result<f64, Code> {
        let (level, columns) = (Level::detect(), spec.output_width());
        if batch == 0 {
            return Err(Code::Length);
        }
        head::logits(level, spec, self.strips, hidden, self.outputs)?;
        let (outputs, total) = (&mut *self.outputs, batch as f64);
        let loss = match (answer, spec.head.kind) {
            (Answer::Class(class), HeadKind::Softmax { .. }) => {
                loss::softmax_cross_entropy_row(level, outputs, class, total)?
            }
            (Answer::Numbers(numbers), HeadKind::Linear { .. }) => {
                let total = total * columns as f64;
                loss::mean_squared_error(outputs, columns, numbers, None, total)?
            }
            _ => return Err(Code::Kind),
        };
        if !loss.is_finite() {
            return Err(Code::NotFinite);
        }
        head::gradient(level, spec, hidden, self.outputs, self.gradients)?;
        self.answers += 1;
        Ok(loss)
    }

    /// A step of Adam down the gradient, cut to the norm `clip`. What is not finite leaves the weights as they were.
    pub fn update(&mut self, spec: &Spec, rate: f32, clip: f32) -> Result<(), Code> {
        let level = Level::detect();
        if self.answers == 0 {
            return Err(Code::Stage);
        }
        if !(rate >= 0.0 && rate.is_finite() && clip >= 0.0) {
            return Err(Code::NotFinite);
        }
        let norm = gradient::clip_norm(level, self.gradients, clip);
        self.answers = 0;
        if !norm.is_finite() {
            self.gradients.fill(0.0);
            return Err(Code::NotFinite);
        }
        self.updates = self.updates.saturating_add(1);
        OPTIMIZER.update(
            level,
            rate,
            u64::from(self.updates),
            0..self.weights.len(),
            self.weights,
            self.gradients,
            self.moments,
        )?;
        if !are_finite(self.weights) {
            // The strips still have those of before.
            head::unpack(spec, self.strips, self.weights)?;
            self.begin(spec)?;
            return Err(Code::NotFinite);
        }
        self.gradients.fill(0.0);
        Ok(head::pack(spec, self.weights, self.strips)?)
    }
}

fn are_finite(numbers: &[f32]) -> bool {
    numbers.iter().all(|x| x.is_finite())
}

/// `to = from`, without a panic where lengths differ.
pub fn copy(from: &[f32], to: &mut [f32]) {
    for (to, &x) in to.iter_mut().zip(from) {
        *to = x;
    }
}
