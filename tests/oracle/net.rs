//! Forward, and nothing else: gradients are differences of it.

use std::ops::Range;

use elman_core::{HeadKind, InitialState, Input, Place, Read, Spec, TensorKind};

use super::cell::{self, Kinks, State, Sums};

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
    /// The bends it came by.
    pub kinks: Kinks,
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

    /// `Σ_i x[i]·M[i][j]` for every `j`.
    fn product(&self, x: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.columns];
        self.add_product(x, &mut sums);
        sums
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

    /// Where a sequence starts when nothing is carried in: layer by layer `h`, then `c` where there is one, the forward
    /// direction first.
    pub fn initial_state(&self) -> Vec<f64> {
        let mut state = Vec::new();
        for (layer, l) in self.spec.layers.as_slice().iter().enumerate() {
            let kinds = [TensorKind::InitialState, TensorKind::InitialCell];
            for kind in kinds.into_iter().take(l.cell.facts().states) {
                for reverse in [false, true].into_iter().take(l.directions()) {
                    match self.spec.initial_state {
                        InitialState::Zero => state.extend(vec![0.0; l.hidden]),
                        InitialState::Trained => {
                            state.extend(self.matrix(kind(Place { layer, reverse })).numbers);
                        }
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

    /// The state after a step that reads `x` and, in its product, `read` in the place of `h`.
    fn cell(
        &self,
        place: Place,
        x: &[f64],
        read: &[f64],
        state: &State,
        kinks: &mut Kinks,
    ) -> State {
        let sums = Sums {
            from_x: self.matrix(TensorKind::InputWeights(place)).product(x),
            from_h: self
                .matrix(TensorKind::RecurrentWeights(place))
                .product(read),
            bias: self.matrix(TensorKind::Bias(place)).numbers,
            scalars: match self.spec.layers.as_slice()[place.layer]
                .cell
                .facts()
                .scalars
            {
                0 => &[],
                _ => self.matrix(TensorKind::Scalars(place)).numbers,
            },
        };
        let layer = self.spec.layers.as_slice()[place.layer];
        cell::step(layer.cell, &sums, state, kinks)
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
        self.run_masked(sequence, steps, start, &vec![1.0; units(self.spec)])
    }

    /// The same, where the recurrent products of every step read `h` times these numbers, one per hidden unit.
    pub fn run_masked(
        &self,
        sequence: &Sequence,
        steps: Range<usize>,
        start: &[f64],
        mask: &[f64],
    ) -> Run {
        let (mut kinks, mut final_state) = (Kinks::default(), Vec::new());
        let mut rows: Vec<Vec<f64>> = steps.map(|t| self.input_row(sequence, t)).collect();
        let (mut top, mut first_unit) = (Vec::new(), 0);
        for (layer, l) in self.spec.layers.as_slice().iter().enumerate() {
            let mut above = vec![Vec::new(); rows.len()];
            let (mut ends_h, mut ends_c) = (Vec::new(), Vec::new());
            let width = l.hidden * l.directions();
            // All of h lies before all of c.
            let from = final_state.len();
            for reverse in [false, true].into_iter().take(l.directions()) {
                let part = |from: usize| start[from..from + l.hidden].to_vec();
                let first = from + ends_h.len();
                let mut state = State {
                    h: part(first),
                    c: if l.cell.facts().states > 1 {
                        part(first + width)
                    } else {
                        Vec::new()
                    },
                };
                let mask = &mask[first_unit..first_unit + l.hidden];
                first_unit += l.hidden;
                for i in 0..rows.len() {
                    let t = if reverse { rows.len() - 1 - i } else { i };
                    let read: Vec<f64> = state.h.iter().zip(mask).map(|(h, m)| h * m).collect();
                    state = self.cell(
                        Place { layer, reverse },
                        &rows[t],
                        &read,
                        &state,
                        &mut kinks,
                    );
                    above[t].extend(&state.h);
                }
                ends_h.extend(state.h);
                ends_c.extend(state.c);
            }
            final_state.extend(&ends_h);
            final_state.extend(ends_c);
            top = ends_h;
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
            kinks,
        }
    }
}

/// Hidden units of all layers and directions.
pub fn units(spec: &Spec) -> usize {
    let layers = spec.layers.as_slice().iter();
    layers.map(|layer| layer.hidden * layer.directions()).sum()
}

/// The probabilities of a row of logits.
pub fn softmax(logits: &[f64]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exponentials: Vec<f64> = logits.iter().map(|y| (y - largest).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.iter().map(|e| e / sum).collect()
}
