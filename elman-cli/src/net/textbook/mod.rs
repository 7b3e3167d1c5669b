//! The net once more, written like a textbook in double precision: no batches, no packing, no kernels, nothing
//! shared with `elman-core` but the order of the parameters. Slow, and an honest second opinion.

mod bends;
pub mod cell;

use elman_core::{Direction, HeadKind, Input, Place, Read, Spec, TensorKind};

use crate::data::{Sequences, Targets};
pub use bends::Bends;
use cell::{Parts, Rows, Step};

/// A net.
pub struct Textbook<'a> {
    spec: &'a Spec,
    /// All parameters, flat, in the order of [`Spec::tensors`].
    pub params: Vec<f64>,
}

impl<'a> Textbook<'a> {
    /// The same parameters in double precision.
    pub fn new(spec: &'a Spec, params: &[f32]) -> Self {
        let params = params.iter().map(|&p| f64::from(p)).collect();
        Self { spec, params }
    }

    /// Mean loss per counted target: nats, or the squared error of a number. And the bends on the way to it.
    pub fn loss(&self, sequences: &Sequences) -> (f64, Bends) {
        let (mut sum, mut count, mut bends) = (0.0, 0, Bends::default());
        for sequence in 0..sequences.len() {
            let inputs = self.inputs(sequences, sequences.rows_of(sequence));
            let places = sequences.outputs_of(sequence, 0..usize::MAX);
            for (place, output) in places.zip(self.outputs(inputs, &mut bends)) {
                let (loss, counted) = loss(sequences.targets(), place, &output);
                sum += loss;
                count += counted;
            }
        }
        (sum / f64::from(count.max(1)), bends)
    }

    /// What every step reads: its numbers, or the embeddings of the step and its neighbours, side by side.
    pub fn inputs(&self, sequences: &Sequences, rows: std::ops::Range<usize>) -> Vec<Vec<f64>> {
        let Input::Tokens { channels, window } = &self.spec.input else {
            let numbers = rows.map(|row| sequences.numbers(row));
            return numbers
                .map(|row| row.iter().map(|&x| f64::from(x)).collect())
                .collect();
        };
        let reach = (window / 2) as isize;
        let step = |t: usize| {
            let mut input = Vec::new();
            for neighbour in -reach..=reach {
                let row = t
                    .checked_add_signed(neighbour)
                    .filter(|row| rows.contains(row));
                for (channel, table) in channels.as_slice().iter().enumerate() {
                    let id =
                        row.map_or(table.vocabulary, |row| sequences.ids(row)[channel] as usize);
                    let embedding = self.tensor(TensorKind::Embedding { channel });
                    input.extend_from_slice(&embedding[id * table.width..(id + 1) * table.width]);
                }
            }
            input
        };
        rows.clone().map(step).collect()
    }

    /// Before the softmax, where there is one.
    fn outputs(&self, inputs: Vec<Vec<f64>>, bends: &mut Bends) -> Vec<Vec<f64>> {
        let mut rows = inputs;
        for (layer, shape) in self.spec.layers.as_slice().iter().enumerate() {
            let mut run = |rows: &[Vec<f64>], reverse| {
                let steps = self.direction(rows, Place { layer, reverse });
                steps
                    .iter()
                    .for_each(|step| cell::note_bends(shape, step, bends));
                hidden(&steps)
            };
            let mut outputs = run(&rows, false);
            if shape.direction == Direction::Both {
                rows.reverse();
                let mut reverse = run(&rows, true);
                reverse.reverse();
                outputs
                    .iter_mut()
                    .zip(reverse)
                    .for_each(|(output, half)| output.extend(half));
            }
            rows = outputs;
        }
        if self.spec.head.read == Read::LastStep {
            rows = vec![self.ends(&rows)];
        }
        rows.into_iter().map(|row| self.head(row)).collect()
    }

    /// `W_out·h + c`, or `h` itself where the net has no head.
    pub fn head(&self, row: Vec<f64>) -> Vec<f64> {
        match self.spec.head.kind {
            HeadKind::None => row,
            HeadKind::Linear { .. } | HeadKind::Softmax { .. } => {
                let mut output = self.tensor(TensorKind::HeadBias).to_vec();
                let weights = self.tensor(TensorKind::HeadWeights);
                add_product(&mut output, &row, weights, 0);
                output
            }
        }
    }

    /// The last step of the forward half beside the first step of the reverse half, which is its last.
    fn ends(&self, rows: &[Vec<f64>]) -> Vec<f64> {
        let layers = self.spec.layers.as_slice();
        let forward = layers.last().map_or(0, |layer| layer.hidden);
        let mut ends = rows[rows.len() - 1][..forward].to_vec();
        ends.extend(&rows[0][forward..]);
        ends
    }

    /// Every step of a direction, in the order in which it takes them: `state[t] = step(b + W_in·x[t] + W_rec·h[t-1],
    /// state[t-1])`.
    pub fn direction(&self, inputs: &[Vec<f64>], place: Place) -> Vec<Step> {
        let layer = &self.spec.layers.as_slice()[place.layer];
        let (start, hidden) = (self.start(place), layer.hidden);
        let w_in = self.tensor(TensorKind::InputWeights(place));
        let w_rec = self.tensor(TensorKind::RecurrentWeights(place));
        let b = self.tensor(TensorKind::Bias(place));
        let sum = |parts: &Parts, x: &[f64], h: &[f64]| {
            let mut sum = b[parts.bias * hidden..(parts.bias + 1) * hidden].to_vec();
            for (vector, weights, block) in [(x, w_in, parts.x), (h, w_rec, parts.h)] {
                if let Some(block) = block {
                    add_product(&mut sum, vector, weights, block * hidden);
                }
            }
            sum
        };
        let mut steps: Vec<Step> = Vec::new();
        for x in inputs {
            let previous = steps.last().map_or(&start, |step| &step.state);
            let sums = cell::sums(layer.cell).iter();
            let sums = sums.map(|parts| sum(parts, x, &previous[0])).collect();
            let step = cell::step(layer, sums, previous);
            steps.push(step);
        }
        steps
    }

    /// The state before the first step.
    pub fn start(&self, place: Place) -> Rows {
        let layer = &self.spec.layers.as_slice()[place.layer];
        let kinds = [TensorKind::InitialState, TensorKind::InitialCell];
        let state = |kind: fn(Place) -> TensorKind| {
            let initial = self.tensor(kind(place));
            if initial.is_empty() {
                vec![0.0; layer.hidden]
            } else {
                initial.to_vec()
            }
        };
        kinds[..cell::states(layer.cell)]
            .iter()
            .map(|&kind| state(kind))
            .collect()
    }

    /// A tensor's numbers, `[in][out]`; empty if the net has no such tensor.
    pub fn tensor(&self, kind: TensorKind) -> &[f64] {
        self.spec
            .tensors()
            .find(|tensor| tensor.kind == kind)
            .map_or(&[], |tensor| &self.params[tensor.range()])
    }
}

/// The hidden states of steps.
pub fn hidden(steps: &[Step]) -> Vec<Vec<f64>> {
    steps.iter().map(|step| step.state[0].clone()).collect()
}

/// Adds vector times matrix, of which the columns from `column` on are read.
fn add_product(sums: &mut [f64], vector: &[f64], weights: &[f64], column: usize) {
    let width = weights.len() / vector.len().max(1);
    for (x, row) in vector.iter().zip(weights.chunks_exact(width.max(1))) {
        sums.iter_mut()
            .zip(&row[column..])
            .for_each(|(sum, weight)| *sum += x * weight);
    }
}

/// The loss of one output row, and how many targets it has.
fn loss(targets: &Targets, place: usize, output: &[f64]) -> (f64, u32) {
    match targets {
        Targets::Classes(classes) => classes[place].get().map_or((0.0, 0), |class| {
            (log_sum_exp(output) - output[class as usize], 1)
        }),
        Targets::Numbers { width, numbers } => {
            let goals = numbers[place * width..(place + 1) * width].iter();
            let errors = goals.zip(output).filter(|(goal, _)| !goal.is_nan());
            errors.fold((0.0, 0), |(sum, count), (&goal, y)| {
                (sum + (y - f64::from(goal)).powi(2), count + 1)
            })
        }
    }
}

fn log_sum_exp(logits: &[f64]) -> f64 {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest
        + logits
            .iter()
            .map(|logit| (logit - largest).exp())
            .sum::<f64>()
            .ln()
}
