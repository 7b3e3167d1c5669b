//! A few training sequences sent through the [textbook](crate::net::textbook) and one loss of each sent back.

use std::ops::Range;

use std::collections::BTreeMap;

use elman_core::{Direction, HeadKind, Place, Read, Spec, TensorKind};

use crate::data::{Sequences, Targets};
use crate::net::textbook::cell::{self, Parts, Rows, Step};
use crate::net::textbook::{Textbook, hidden};

/// Sequences that are looked at.
const SEQUENCES: usize = 8;
/// Steps of each: of longer ones a window is cut.
const STEPS: usize = 96;

/// Rows of a layer or gradients by them, step by step, in the order of time.
type Track = Vec<Vec<f64>>;

/// What the probed sequences show.
#[derive(Debug, Default)]
pub struct Probe {
    /// See [`Checkup::gradient_by_lag`](super::checkup::Checkup::gradient_by_lag).
    pub gradient_by_lag: Vec<f64>,
    /// The steps of every layer and direction, all sequences one after the other.
    pub steps: Vec<(Place, Vec<Step>)>,
}

/// Looks at sequences spread over the data.
pub fn probe(spec: &Spec, textbook: &Textbook<'_>, sequences: &Sequences) -> Probe {
    let mut probe = Probe::default();
    let mut norms: Vec<Vec<f64>> = Vec::new();
    for (sequence, rows) in choose(sequences) {
        let trace = Trace::forward(spec, textbook, textbook.inputs(sequences, rows.clone()));
        norms.extend(
            trace
                .late_gradient(sequences, sequence, &rows)
                .map(|(step, gradient)| trace.norms(step, &gradient)),
        );
        for (place, steps) in trace.steps {
            match probe.steps.iter_mut().find(|(known, _)| *known == place) {
                Some((_, all)) => all.extend(steps),
                None => probe.steps.push((place, steps)),
            }
        }
    }
    probe.gradient_by_lag = mean_by_lag(&norms);
    probe
}

/// Sequences and the rows of each that are looked at, spread evenly.
fn choose(sequences: &Sequences) -> Vec<(usize, Range<usize>)> {
    let count = sequences.len();
    let chosen = SEQUENCES.min(sequences.rows());
    let choice = |i: usize| {
        let sequence = i * count / chosen;
        let rows = sequences.rows_of(sequence);
        let spare = rows.len().saturating_sub(STEPS);
        // A head that reads the end needs the end; otherwise windows of one long stream should differ.
        let skipped = match sequences.read() {
            Read::LastStep => spare,
            Read::EveryStep => spare * (i + 1) / (chosen + 1),
        };
        let start = rows.start + skipped;
        (sequence, start..rows.end.min(start + STEPS))
    };
    let mut choices: Vec<_> = (0..chosen)
        .map(choice)
        .filter(|(_, rows)| !rows.is_empty())
        .collect();
    choices.dedup();
    choices
}

/// Lag by lag, as far back as half of the sequences go.
fn mean_by_lag(norms: &[Vec<f64>]) -> Vec<f64> {
    let reaching = |lag: usize| norms.iter().filter_map(move |norms| norms.get(lag));
    (0..STEPS)
        .take_while(|&lag| reaching(lag).count() * 2 >= norms.len().max(1))
        .map(|lag| reaching(lag).sum::<f64>() / reaching(lag).count() as f64)
        .collect()
}

/// A sequence that went through the net.
struct Trace<'a> {
    spec: &'a Spec,
    textbook: &'a Textbook<'a>,
    /// Every layer and direction, from the input up, in the order of time.
    steps: Vec<(Place, Vec<Step>)>,
    /// Rows of the last layer.
    top: Track,
}

impl<'a> Trace<'a> {
    fn forward(spec: &'a Spec, textbook: &'a Textbook<'a>, inputs: Track) -> Self {
        let (mut rows, mut steps) = (inputs, Vec::new());
        for (layer, shape) in spec.layers.as_slice().iter().enumerate() {
            let forward = Place {
                layer,
                reverse: false,
            };
            let taken = textbook.direction(&rows, forward);
            let mut outputs = hidden(&taken);
            steps.push((forward, taken));
            if shape.direction == Direction::Both {
                let place = Place {
                    layer,
                    reverse: true,
                };
                rows.reverse();
                let mut reverse = textbook.direction(&rows, place);
                reverse.reverse();
                outputs
                    .iter_mut()
                    .zip(hidden(&reverse))
                    .for_each(|(output, half)| output.extend(half));
                steps.push((place, reverse));
            }
            rows = outputs;
        }
        Self {
            spec,
            textbook,
            steps,
            top: rows,
        }
    }

    /// The latest step that has a target, and the gradient of its loss by every row of the last layer.
    fn late_gradient(
        &self,
        sequences: &Sequences,
        sequence: usize,
        rows: &Range<usize>,
    ) -> Option<(usize, Track)> {
        let mut gradient = vec![vec![0.0; self.spec.top_width()]; self.top.len()];
        let last = self.top.len().checked_sub(1)?;
        if sequences.read() == Read::LastStep {
            // The forward half at the end, the reverse half at the start.
            let split = self.spec.layers.as_slice().last()?.hidden;
            let read: Vec<f64> = self.top[last][..split]
                .iter()
                .chain(&self.top[0][split..])
                .copied()
                .collect();
            let by_read = self.by_top(sequences.targets(), sequence, &read)?;
            gradient[last][..split].copy_from_slice(&by_read[..split]);
            gradient[0][split..].copy_from_slice(&by_read[split..]);
            return Some((last, gradient));
        }
        let by_row = |step: usize| {
            let by_row = self.by_top(sequences.targets(), rows.start + step, &self.top[step])?;
            Some((step, by_row))
        };
        let (step, by_row) = (0..=last).rev().find_map(by_row)?;
        gradient[step] = by_row;
        Some((step, gradient))
    }

    /// `∂L/∂h` of the head's loss on one row; `None` if there is no target.
    fn by_top(&self, targets: &Targets, place: usize, row: &[f64]) -> Option<Vec<f64>> {
        let by_output = by_output(targets, place, self.textbook.head(row.to_vec()))?;
        if self.spec.head.kind == HeadKind::None {
            return Some(by_output);
        }
        let weights = self.textbook.tensor(TensorKind::HeadWeights);
        let rows = weights.chunks_exact(by_output.len().max(1));
        Some(rows.map(|row| dot(row, &by_output)).collect())
    }

    /// `|∂L/∂state|` of the forward direction, all layers together, at `step` and before, nearest first.
    fn norms(&self, step: usize, by_top: &Track) -> Vec<f64> {
        let (squares, _) = self.backward(by_top);
        squares[..=step]
            .iter()
            .rev()
            .map(|square| square.sqrt())
            .collect()
    }

    /// Sends a gradient by the last layer's rows back: `|∂L/∂state|²` of the forward direction at every step, and the
    /// gradient by the inputs.
    fn backward(&self, by_top: &Track) -> (Vec<f64>, Track) {
        let mut squares = vec![0.0; self.top.len()];
        let mut by_outputs = by_top.clone();
        for layer in (0..self.spec.layers.len()).rev() {
            let width = self.spec.layer_input_width(layer);
            let mut by_inputs = vec![vec![0.0; width]; self.top.len()];
            for (place, steps) in self.steps.iter().filter(|(place, _)| place.layer == layer) {
                let by_states = self.through_time(*place, steps, &by_outputs, &mut by_inputs);
                if !place.reverse {
                    for (sum, states) in squares.iter_mut().zip(&by_states) {
                        *sum += states.iter().map(|row| dot(row, row)).sum::<f64>();
                    }
                }
            }
            by_outputs = by_inputs;
        }
        (squares, by_outputs)
    }

    /// `∂L/∂h[t] = ∂L/∂output[t] + W_rec·∂L/∂sums[t+1]`, and of all states what the cell hands on directly, where the
    /// reverse direction has its next step before; adds `W_in·∂L/∂sums` to the gradient by the inputs.
    fn through_time(
        &self,
        place: Place,
        steps: &[Step],
        by_outputs: &Track,
        by_inputs: &mut Track,
    ) -> Vec<Rows> {
        let shape = self.spec.layers.as_slice()[place.layer];
        let (hidden, count) = (shape.hidden, steps.len());
        let offset = if place.reverse { hidden } else { 0 };
        let sums = cell::sums(shape.cell);
        let w_in = self.textbook.tensor(TensorKind::InputWeights(place));
        let w_rec = self.textbook.tensor(TensorKind::RecurrentWeights(place));
        let start = self.textbook.start(place);
        let mut by_states = vec![Rows::new(); count];
        let mut by_sums = vec![vec![0.0; hidden]; sums.len()];
        let mut direct = vec![vec![0.0; hidden]; start.len()];
        for i in 0..count {
            let (t, before) = if place.reverse {
                (i, i + 1)
            } else {
                (count - 1 - i, (count - 1 - i).wrapping_sub(1))
            };
            let previous = steps.get(before).map_or(&start, |step| &step.state);
            let by_columns = columns(sums, &by_sums, |parts| parts.h);
            let mut by_state = direct;
            let by_output = &by_outputs[t][offset..offset + hidden];
            let rows = w_rec.chunks_exact(by_columns.len()).zip(by_output);
            for (h, (row, by_output)) in by_state[0].iter_mut().zip(rows) {
                *h += by_output + dot(row, &by_columns);
            }
            (by_sums, direct) = cell::back(&shape, &steps[t], previous, &by_state);
            let by_columns = columns(sums, &by_sums, |parts| parts.x);
            let rows = w_in.chunks_exact(by_columns.len());
            let inputs = by_inputs[t].iter_mut().zip(rows);
            inputs.for_each(|(sum, row)| *sum += dot(row, &by_columns));
            by_states[t] = by_state;
        }
        by_states
    }
}

/// Gradients by sums as gradients by the columns of a weight matrix, (gates·H).
fn columns(sums: &[Parts], by_sums: &Rows, block: impl Fn(&Parts) -> Option<usize>) -> Vec<f64> {
    // Sums of one block add up: those of FastGRNN share its product.
    let mut blocks: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for (parts, by_sum) in sums.iter().zip(by_sums) {
        if let Some(block) = block(parts) {
            let column = blocks
                .entry(block)
                .or_insert_with(|| vec![0.0; by_sum.len()]);
            for (sum, by) in column.iter_mut().zip(by_sum) {
                *sum += by;
            }
        }
    }
    blocks.into_values().flatten().collect()
}

/// `∂L/∂output`; `None` where there is no target.
fn by_output(targets: &Targets, place: usize, output: Vec<f64>) -> Option<Vec<f64>> {
    match targets {
        Targets::Classes(classes) => {
            let class = classes[place].get()? as usize;
            let largest = output.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let powers: Vec<f64> = output.iter().map(|logit| (logit - largest).exp()).collect();
            let sum: f64 = powers.iter().sum();
            let shares = powers.iter().enumerate();
            Some(
                shares
                    .map(|(i, power)| power / sum - f64::from(u8::from(i == class)))
                    .collect(),
            )
        }
        Targets::Numbers { width, numbers } => {
            let goals = &numbers[place * width..(place + 1) * width];
            let error = |(y, goal): (f64, &f32)| {
                if goal.is_nan() {
                    0.0
                } else {
                    2.0 * (y - f64::from(*goal))
                }
            };
            let is_known = goals.iter().any(|goal| !goal.is_nan());
            is_known.then(|| output.into_iter().zip(goals).map(error).collect())
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Rows;
    use elman_core::*;

    fn spec(layers: Layers, read: Read) -> Spec {
        Spec {
            input: Input::Dense { width: 2 },
            layers,
            initial_state: InitialState::Trained,
            head: Head {
                kind: HeadKind::Softmax { outputs: 3 },
                read,
            },
            dropout: Dropout::NONE,
        }
    }

    fn two_ways(layer: Layer) -> Layer {
        Layer {
            direction: Direction::Both,
            ..layer
        }
    }

    /// Parameters without a pattern, of about the given size.
    fn params(spec: &Spec, size: f32) -> Vec<f32> {
        (0..spec.params_len())
            .map(|i| size * ((i * 37 % 101) as f32 / 50.0 - 1.0))
            .collect()
    }

    fn data(read: Read, steps: usize) -> Sequences {
        let mut sequences = Sequences::new(Rows::numbers(2), crate::data::Targets::classes(), read);
        for t in 0..steps {
            sequences.push_numbers([(t as f32).sin(), (t as f32 * 0.7).cos()]);
            if read == Read::EveryStep {
                sequences.push_class(Target::class(t as u32 % 3));
            }
        }
        if read == Read::LastStep {
            sequences.push_class(Target::class(1));
        }
        sequences.end_sequence();
        sequences
    }

    /// The loss that [`Trace::late_gradient`] is the gradient of.
    fn late_loss(trace: &Trace<'_>, class: usize) -> f64 {
        let last = trace.top.len() - 1;
        let split = match trace.spec.head.read {
            Read::EveryStep => trace.top[0].len(),
            Read::LastStep => trace.spec.layers.as_slice().last().unwrap().hidden,
        };
        let row = [&trace.top[last][..split], &trace.top[0][split..]].concat();
        let output = trace.textbook.head(row);
        output.iter().map(|logit| logit.exp()).sum::<f64>().ln() - output[class]
    }

    #[test]
    fn what_reaches_the_inputs_is_what_finite_differences_say() {
        for read in [Read::EveryStep, Read::LastStep] {
            let clipped = [Activation::Tanh, Activation::Relu, Activation::Identity];
            let clipped = clipped.map(|activation| Layer {
                cell: Cell::Elman {
                    activation,
                    clip: 0.7,
                },
                ..Layer::tanh(4)
            });
            for layers in [
                Layers::of([Layer::tanh(3)]),
                Layers::of([two_ways(Layer::tanh(3)), two_ways(Layer::tanh(2))]),
                Layers::of(clipped),
                Layers::of([Layer::gru(3), Layer::lstm(4)]),
                Layers::of([two_ways(Layer::lstm(3)), two_ways(Layer::gru(2))]),
                Layers::of([Cell::FastRnn, Cell::FastGrnn].map(|cell| Layer {
                    cell,
                    ..two_ways(Layer::tanh(3))
                })),
                Layers::of(
                    [Cell::Gru { clip: 0.4 }, Cell::Lstm { clip: 0.4 }].map(|cell| Layer {
                        cell,
                        ..Layer::tanh(4)
                    }),
                ),
            ] {
                let (spec, sequences) = (spec(layers, read), data(read, 5));
                let textbook = Textbook::new(&spec, &params(&spec, 0.8));
                let inputs = textbook.inputs(&sequences, sequences.rows_of(0));
                let trace = Trace::forward(&spec, &textbook, inputs.clone());
                let (step, by_top) = trace.late_gradient(&sequences, 0, &(0..5)).unwrap();
                assert_eq!(step, 4);
                let (_, by_inputs) = trace.backward(&by_top);
                for t in 0..5 {
                    let loss = |by: f64| {
                        let mut moved = inputs.clone();
                        moved[t][1] += by;
                        late_loss(&Trace::forward(&spec, &textbook, moved), 1)
                    };
                    let numeric = (loss(1e-5) - loss(-1e-5)) / 2e-5;
                    let analytic = by_inputs[t][1];
                    assert!(
                        (analytic - numeric).abs() < 1e-8,
                        "{read:?} {t} {analytic} {numeric}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_linear_unit_fades_by_its_weight_at_every_step() {
        let layer = Layer {
            cell: Cell::elman(Activation::Identity),
            ..Layer::tanh(1)
        };
        let spec = Spec {
            initial_state: InitialState::Zero,
            ..spec(Layers::of([layer]), Read::EveryStep)
        };
        let mut params = params(&spec, 0.5);
        let recurrent = TensorKind::RecurrentWeights(Place {
            layer: 0,
            reverse: false,
        });
        let tensor = spec
            .tensors()
            .find(|tensor| tensor.kind == recurrent)
            .unwrap();
        params[tensor.offset] = 0.5;
        let found = probe(
            &spec,
            &Textbook::new(&spec, &params),
            &data(Read::EveryStep, 200),
        );
        assert_eq!(found.gradient_by_lag.len(), STEPS);
        for pair in found.gradient_by_lag.windows(2) {
            assert!((pair[1] - 0.5 * pair[0]).abs() < 1e-12);
        }
        // Eight windows of one stream.
        assert_eq!(found.steps[0].1.len(), SEQUENCES * STEPS);
    }

    #[test]
    fn sequences_without_a_target_say_nothing_of_gradients() {
        let spec = spec(Layers::of([Layer::tanh(2)]), Read::EveryStep);
        let mut sequences = Sequences::new(
            Rows::numbers(2),
            crate::data::Targets::classes(),
            Read::EveryStep,
        );
        sequences.push_numbers([0.0, 1.0]);
        sequences.push_class(Target::IGNORED);
        sequences.end_sequence();
        let found = probe(
            &spec,
            &Textbook::new(&spec, &params(&spec, 0.5)),
            &sequences,
        );
        assert_eq!((found.gradient_by_lag.len(), found.steps.len()), (0, 1));
    }
}
