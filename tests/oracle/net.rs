//! Forward, and nothing else: gradients are differences of it.

use std::ops::Range;

use elman_core::{Activation, Cell, HeadKind, InitialState, Input, Place, Read, Spec, TensorKind};

/// A net: its shape and its numbers.
#[derive(Clone, Copy)]
pub struct Net<'a> {
    /// The shape.
    pub spec: &'a Spec,
    /// The flat parameter slice.
    pub params: &'a [f64],
}

/// One sequence, step by step.
#[derive(Clone, Debug)]
pub enum Sequence {
    /// A row of numbers per step.
    Dense(Vec<Vec<f64>>),
    /// A token id per channel and step.
    Tokens(Vec<Vec<u32>>),
}

/// What a net did on (a part of) one sequence.
pub struct Run {
    /// A row per step, or one row for a net that reads the last step. Logits where the head is a softmax.
    pub outputs: Vec<Vec<f64>>,
    /// Where every layer and direction ended.
    pub final_state: Vec<f64>,
    /// The smallest distance of a pre-activation from zero of a relu unit, or from a clip: how near this run came to
    /// a kink.
    pub nearest_kink: f64,
}

impl Sequence {
    /// Steps of the sequence.
    pub const fn len(&self) -> usize {
        match self {
            Self::Dense(rows) => rows.len(),
            Self::Tokens(rows) => rows.len(),
        }
    }

    /// Whether there is no step.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A matrix of the flat slice, `[in][out]`.
struct Matrix<'a> {
    numbers: &'a [f64],
    columns: usize,
}

impl Matrix<'_> {
    fn row(&self, row: usize) -> &[f64] {
        &self.numbers[row * self.columns..(row + 1) * self.columns]
    }

    /// `sums[j] += Σ_i x[i]·M[i][j]`
    fn add_product(&self, x: &[f64], sums: &mut [f64]) {
        assert_eq!(self.numbers.len(), x.len() * sums.len());
        for (i, x) in x.iter().enumerate() {
            for (j, sum) in sums.iter_mut().enumerate() {
                *sum += x * self.row(i)[j];
            }
        }
    }
}

impl<'a> Net<'a> {
    fn matrix(&self, kind: TensorKind) -> Matrix<'a> {
        let tensor = self
            .spec
            .tensors()
            .find(|tensor| tensor.kind == kind)
            .expect("a tensor of the net");
        Matrix {
            numbers: &self.params[tensor.range()],
            columns: tensor.columns,
        }
    }

    /// Where a sequence starts when nothing is carried in.
    pub fn initial_state(&self) -> Vec<f64> {
        let mut state = Vec::new();
        for (layer, l) in self.spec.layers.as_slice().iter().enumerate() {
            for reverse in [false, true].into_iter().take(l.directions()) {
                match self.spec.initial_state {
                    InitialState::Zero => state.extend(vec![0.0; l.hidden]),
                    InitialState::Trained => {
                        state.extend(
                            self.matrix(TensorKind::InitialState(Place { layer, reverse }))
                                .numbers,
                        );
                    }
                }
            }
        }
        state
    }

    /// What the first layer reads at step `t`.
    fn input_row(&self, sequence: &Sequence, t: usize) -> Vec<f64> {
        match (&self.spec.input, sequence) {
            (Input::Dense { .. }, Sequence::Dense(rows)) => rows[t].clone(),
            (Input::Tokens { channels, window }, Sequence::Tokens(rows)) => {
                let mut row = Vec::new();
                for position in 0..*window {
                    // The middle of the window is the step itself.
                    let neighbour = (t + position)
                        .checked_sub(window / 2)
                        .and_then(|step| rows.get(step));
                    for (channel, shape) in channels.as_slice().iter().enumerate() {
                        let padding = shape.vocabulary;
                        let id = neighbour.map_or(padding, |ids| ids[channel] as usize);
                        row.extend(self.matrix(TensorKind::Embedding { channel }).row(id));
                    }
                }
                row
            }
            _ => panic!("the sequence does not suit the net"),
        }
    }

    /// `h' = f(W_in·x + W_rec·h + b)`
    fn cell(&self, place: Place, x: &[f64], h: &[f64], nearest_kink: &mut f64) -> Vec<f64> {
        let mut z = self.matrix(TensorKind::Bias(place)).numbers.to_vec();
        self.matrix(TensorKind::InputWeights(place))
            .add_product(x, &mut z);
        self.matrix(TensorKind::RecurrentWeights(place))
            .add_product(h, &mut z);
        let layer = self.spec.layers.as_slice()[place.layer];
        if let Some(clip) = layer.cell.limit().map(f64::from) {
            for z in &mut z {
                *nearest_kink = nearest_kink.min((z.abs() - clip).abs());
                *z = z.clamp(-clip, clip);
            }
        }
        let Cell::Elman { activation, .. } = layer.cell else {
            panic!("an Elman layer")
        };
        match activation {
            Activation::Tanh => z.iter().map(|z| z.tanh()).collect(),
            Activation::Relu => {
                *nearest_kink = z
                    .iter()
                    .fold(*nearest_kink, |nearest, z| nearest.min(z.abs()));
                z.iter().map(|&z| if z > 0.0 { z } else { 0.0 }).collect()
            }
            Activation::Identity => z,
        }
    }

    /// `W_out·h + c`, or `h` itself.
    fn head(&self, h: &[f64]) -> Vec<f64> {
        match self.spec.head.kind {
            HeadKind::None => h.to_vec(),
            HeadKind::Linear { .. } | HeadKind::Softmax { .. } => {
                let mut y = self.matrix(TensorKind::HeadBias).numbers.to_vec();
                self.matrix(TensorKind::HeadWeights).add_product(h, &mut y);
                y
            }
        }
    }

    /// Runs some steps of a sequence from a given state. Both directions stay within these steps.
    pub fn run(&self, sequence: &Sequence, steps: Range<usize>, start: &[f64]) -> Run {
        self.run_masked(sequence, steps, start, &vec![1.0; start.len()])
    }

    /// The same, where every step reads the state times these numbers, one per hidden unit.
    pub fn run_masked(
        &self,
        sequence: &Sequence,
        steps: Range<usize>,
        start: &[f64],
        mask: &[f64],
    ) -> Run {
        let (mut nearest_kink, mut final_state) = (f64::INFINITY, Vec::new());
        let mut rows: Vec<Vec<f64>> = steps.map(|t| self.input_row(sequence, t)).collect();
        let mut top = Vec::new();
        for (layer, l) in self.spec.layers.as_slice().iter().enumerate() {
            top.clear();
            let mut above = vec![Vec::new(); rows.len()];
            for reverse in [false, true].into_iter().take(l.directions()) {
                let from = final_state.len();
                let mut h = start[from..from + l.hidden].to_vec();
                for i in 0..rows.len() {
                    let t = if reverse { rows.len() - 1 - i } else { i };
                    let mask = &mask[from..from + l.hidden];
                    let read: Vec<f64> = h.iter().zip(mask).map(|(h, m)| h * m).collect();
                    h = self.cell(Place { layer, reverse }, &rows[t], &read, &mut nearest_kink);
                    above[t].extend(&h);
                }
                top.extend(&h);
                final_state.extend(h);
            }
            rows = above;
        }
        let outputs = match self.spec.head.read {
            Read::EveryStep => rows.iter().map(|h| self.head(h)).collect(),
            // The forward half ended at the last step, the reverse half at the first.
            Read::LastStep => vec![self.head(&top)],
        };
        Run {
            outputs,
            final_state,
            nearest_kink,
        }
    }
}

/// The probabilities of a row of logits.
pub fn softmax(logits: &[f64]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exponentials: Vec<f64> = logits.iter().map(|y| (y - largest).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.iter().map(|e| e / sum).collect()
}
