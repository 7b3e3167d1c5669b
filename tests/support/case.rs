//! A net and data for it, made from a seed.

use elman_core::{HeadKind, Input, Read, Spec, Tensor, TensorKind};

use super::generator::Generator;
use crate::oracle::Sequence;

/// A net, its numbers, a ragged batch, and what it should have said.
#[derive(Clone, Debug)]
pub struct Case {
    /// The shape of the net.
    pub spec: Spec,
    /// Steps of each sequence, longest first.
    pub lengths: Vec<usize>,
    /// The flat parameter slice.
    pub params: Vec<f32>,
    /// What the net reads, in the batch's row order: step by step.
    pub rows: Rows,
    /// The states carried in, (B, state_len); `None` starts at the initial state.
    pub carried: Option<Vec<f32>>,
    /// What it should have said, in the order of the output rows.
    pub targets: Targets,
}

/// Input rows.
#[derive(Clone, Debug)]
pub enum Rows {
    /// `(R, I)`
    Dense(Vec<f32>),
    /// `(R, channels)`
    Tokens(Vec<u32>),
}

/// Target rows.
#[derive(Clone, Debug)]
pub enum Targets {
    /// For softmax heads.
    Classes {
        /// A class per output row; `None` does not count.
        classes: Vec<Option<u32>>,
        /// A weight per class.
        weights: Option<Vec<f32>>,
    },
    /// For all other heads.
    Values {
        /// `(output rows, output width)`
        values: Vec<f32>,
        /// Which rows count; `None`: all.
        counted: Option<Vec<bool>>,
    },
}

impl Case {
    /// Numbers of moderate size: parameters as PyTorch starts them, inputs and targets in `-1..1`.
    ///
    /// # Panics
    /// If the lengths are not sorted, longest first.
    pub fn new(spec: Spec, lengths: &[usize], seed: u64) -> Self {
        assert!(
            lengths.is_sorted_by(|a, b| a >= b),
            "sequences are sorted by length, longest first"
        );
        let mut random = Generator::new(seed);
        let params = spec
            .tensors()
            .flat_map(|tensor| tensor_numbers(&tensor, &mut random))
            .collect();
        let row_count = lengths.iter().sum();
        let rows = match &spec.input {
            Input::Dense { width } => Rows::Dense(random.numbers(row_count * width, 1.0)),
            Input::Tokens { channels, .. } => Rows::Tokens(
                (0..row_count)
                    // The padding row itself is a legal id.
                    .flat_map(|_| {
                        channels
                            .as_slice()
                            .iter()
                            .map(|c| c.vocabulary + 1)
                            .collect::<Vec<_>>()
                    })
                    .map(|ids| random.below(ids) as u32)
                    .collect(),
            ),
        };
        let output_rows = spec.output_rows(row_count, lengths.len());
        let targets = match spec.head.kind {
            HeadKind::Softmax { outputs } => Targets::Classes {
                classes: (0..output_rows)
                    .map(|_| Some(random.below(outputs) as u32))
                    .collect(),
                weights: None,
            },
            HeadKind::None | HeadKind::Linear { .. } => Targets::Values {
                values: random.numbers(output_rows * spec.output_width(), 1.0),
                counted: None,
            },
        };
        Self {
            spec,
            lengths: lengths.to_vec(),
            params,
            rows,
            carried: None,
            targets,
        }
    }

    /// The same, starting from states in `-0.5..0.5`.
    pub fn carrying(mut self, seed: u64) -> Self {
        let len = self.lengths.len() * self.spec.state_len();
        self.carried = Some(Generator::new(seed).numbers(len, 0.5));
        self
    }

    /// The same, with about a third of the targets ignored, but not the first.
    pub fn ignoring(mut self, seed: u64) -> Self {
        let mut random = Generator::new(seed);
        match &mut self.targets {
            Targets::Classes { classes, .. } => {
                for class in classes.iter_mut().skip(1) {
                    *class = class.filter(|_| random.below(3) > 0);
                }
            }
            Targets::Values { values, counted } => {
                let rows = values.len() / self.spec.output_width();
                *counted = Some(
                    (0..rows)
                        .map(|row| row == 0 || random.below(3) > 0)
                        .collect(),
                );
            }
        }
        self
    }

    /// The same, with class weights in `0.25..1.75`, where the net has classes.
    pub fn weighing(mut self, seed: u64) -> Self {
        let mut random = Generator::new(seed);
        let width = self.spec.output_width();
        if let Targets::Classes { weights, .. } = &mut self.targets {
            *weights = Some((0..width).map(|_| 1.0 + 0.75 * random.signed()).collect());
        }
        self
    }

    /// How many sequences still run at each step.
    pub fn active(&self) -> Vec<usize> {
        (0..self.lengths[0])
            .map(|t| self.lengths.iter().filter(|&&len| len > t).count())
            .collect()
    }

    /// The batch row of sequence `b` at step `t`.
    pub fn row(&self, t: usize, b: usize) -> usize {
        self.active()[..t].iter().sum::<usize>() + b
    }

    /// The output rows of sequence `b`, first to last.
    pub fn output_rows(&self, b: usize) -> Vec<usize> {
        match self.spec.head.read {
            Read::EveryStep => (0..self.lengths[b]).map(|t| self.row(t, b)).collect(),
            Read::LastStep => vec![b],
        }
    }

    /// Sequence `b` as the oracle reads it.
    pub fn sequence(&self, b: usize) -> Sequence {
        let rows = (0..self.lengths[b]).map(|t| self.row(t, b));
        match &self.rows {
            Rows::Dense(numbers) => {
                let width = self.spec.input.width();
                let row = |r| {
                    numbers[r * width..(r + 1) * width]
                        .iter()
                        .copied()
                        .map(f64::from)
                        .collect()
                };
                Sequence::Dense(rows.map(row).collect())
            }
            Rows::Tokens(ids) => {
                let width = self.spec.input.channel_count();
                Sequence::Tokens(
                    rows.map(|r| ids[r * width..(r + 1) * width].to_vec())
                        .collect(),
                )
            }
        }
    }

    /// The state carried into sequence `b`.
    pub fn carried_state(&self, b: usize) -> Option<Vec<f64>> {
        let len = self.spec.state_len();
        let state = |carried: &Vec<f32>| {
            carried[b * len..(b + 1) * len]
                .iter()
                .copied()
                .map(f64::from)
                .collect()
        };
        self.carried.as_ref().map(state)
    }

    /// The parameters as the oracle reads them.
    pub fn params_f64(&self) -> Vec<f64> {
        self.params.iter().copied().map(f64::from).collect()
    }

    /// What the sum of all losses is divided by.
    pub fn total_weight(&self) -> f64 {
        match &self.targets {
            Targets::Classes { classes, weights } => {
                let weight = |class: &u32| {
                    weights
                        .as_ref()
                        .map_or(1.0, |w| f64::from(w[*class as usize]))
                };
                classes.iter().flatten().map(weight).sum()
            }
            Targets::Values {
                values,
                counted: None,
            } => values.len() as f64,
            Targets::Values {
                counted: Some(counted),
                ..
            } => {
                (counted.iter().filter(|&&counts| counts).count() * self.spec.output_width()) as f64
            }
        }
    }

    /// The batch made of some of the sequences, in this order, which must keep the longest first.
    pub fn select(&self, sequences: &[usize]) -> Self {
        let lengths: Vec<usize> = sequences.iter().map(|&b| self.lengths[b]).collect();
        self.gather(&lengths, |t, i| self.row(t, sequences[i]), sequences)
    }

    /// Only the given steps of every sequence that reaches them; the carried state is dropped.
    pub fn steps(&self, steps: std::ops::Range<usize>) -> Self {
        let left = |len: &usize| len.min(&steps.end).saturating_sub(steps.start);
        let lengths: Vec<usize> = self
            .lengths
            .iter()
            .map(left)
            .filter(|&len| len > 0)
            .collect();
        let sequences: Vec<usize> = (0..lengths.len()).collect();
        let part = self.gather(&lengths, |t, b| self.row(steps.start + t, b), &sequences);
        Self {
            carried: None,
            ..part
        }
    }

    /// A batch of these lengths; row (t, i) of it is row `source(t, i)` of this one.
    fn gather(
        &self,
        lengths: &[usize],
        source: impl Fn(usize, usize) -> usize,
        sequences: &[usize],
    ) -> Self {
        let mut part = Self {
            lengths: lengths.to_vec(),
            ..self.clone()
        };
        assert!(
            lengths.is_sorted_by(|a, b| a >= b),
            "sequences are sorted by length, longest first"
        );
        let source: &dyn Fn(usize, usize) -> usize = &source;
        let order: Vec<usize> = (part.active().iter().enumerate())
            .flat_map(|(t, &active)| (0..active).map(move |i| source(t, i)))
            .collect();
        part.rows = match &self.rows {
            Rows::Dense(numbers) => Rows::Dense(take(numbers, self.spec.input.width(), &order)),
            Rows::Tokens(ids) => Rows::Tokens(take(ids, self.spec.input.channel_count(), &order)),
        };
        let outputs = match self.spec.head.read {
            Read::EveryStep => &order[..],
            Read::LastStep => sequences,
        };
        part.targets = match &self.targets {
            Targets::Classes { classes, weights } => Targets::Classes {
                classes: take(classes, 1, outputs),
                weights: weights.clone(),
            },
            Targets::Values { values, counted } => Targets::Values {
                values: take(values, self.spec.output_width(), outputs),
                counted: counted.as_ref().map(|counted| take(counted, 1, outputs)),
            },
        };
        part.carried = self
            .carried
            .as_ref()
            .map(|carried| take(carried, self.spec.state_len(), sequences));
        part
    }
}

/// The given rows of a matrix.
fn take<T: Copy>(matrix: &[T], width: usize, rows: &[usize]) -> Vec<T> {
    rows.iter()
        .flat_map(|&row| matrix[row * width..(row + 1) * width].iter().copied())
        .collect()
}

/// Numbers of the size a fresh net has.
fn tensor_numbers(tensor: &Tensor, random: &mut Generator) -> Vec<f32> {
    let scale = match tensor.kind {
        TensorKind::Embedding { .. } => 1.0,
        TensorKind::InitialState(_) | TensorKind::InitialCell(_) => 0.5,
        TensorKind::Bias(_) | TensorKind::HeadBias => 0.3,
        TensorKind::Scalars(_) => 2.0,
        TensorKind::InputWeights(_) | TensorKind::RecurrentWeights(_) | TensorKind::HeadWeights => {
            1.0 / (tensor.rows as f32).sqrt()
        }
    };
    random.numbers(tensor.rows * tensor.columns, scale)
}
