//! What spoke for an answer: gradient times input (Shrikumar, Greenside, Shcherbina, Kundaje 2016, arXiv:1605.01713), number by
//! number of what a net reads.
//!
//! Core gives gradients of parameters, and an embedding is a parameter that is read as an input. So the sequence gets a
//! net of its own: every step has the only row of the embedding tables that it reads, with the very numbers that the net
//! reads there, and the gradient of that row is the gradient of the step – also where a window shows it to its neighbours.

use elman_core::{
    Batch, Channel, Channels, Dropout, Inputs, Level, Spec, Strip, Tape, TensorKind, Window,
    pack_transposed,
};

use crate::base::failure::Result;
use crate::base::memory;
use crate::data::Sequences;
use crate::net::network::Network;

/// What is asked about: a weighted sum of the outputs of one row, before a softmax.
pub struct Question {
    /// The step; 0 where the head reads the last one.
    pub row: usize,
    /// Outputs and their weights.
    pub outputs: Vec<(usize, f32)>,
}

/// A net whose tables hold one sequence.
struct Retold {
    network: Network,
    /// (T, channels)
    ids: Vec<u32>,
    steps: usize,
}

/// For every question the shares of the numbers (T, I) that each step brings in: of tokens those of their embeddings, channel
/// by channel. Sums over what a net reads are no exact parts of the answer, since a net bends.
///
/// # Errors
/// A sequence too long for the memory.
pub fn attribute(
    network: &Network,
    sequences: &Sequences,
    sequence: usize,
    questions: &[Question],
) -> Result<Vec<Vec<f64>>> {
    let told = Retold::new(network, sequences, sequence)?;
    let (spec, level) = (told.network.spec(), Level::detect());
    let batch = Batch::uniform(told.steps, 1)?;
    let lengths = [
        spec.tape_len(told.steps, 1),
        spec.scratch_len(told.steps, 1),
    ];
    memory::check(
        lengths
            .iter()
            .sum::<usize>()
            .saturating_mul(size_of::<Strip>()),
        "looking back through a sequence",
        "cut the longest sequences",
    )?;
    let [mut buffer, mut scratch] = lengths.map(|strips| vec![Strip::ZERO; strips]);
    let mut transposed = vec![Strip::ZERO; spec.transposed_len()];
    pack_transposed(spec, told.network.params(), &mut transposed)?;
    let model = told.network.model()?;
    let mut tape = Tape::new(spec, batch, Inputs::Tokens(&told.ids), 0, &mut buffer)?;
    tape.start(&model, None)?;
    tape.record(level, &model, 0..told.steps)?;
    let mut gradients = vec![0.0; spec.params_len()];
    let width = spec.output_width();
    let window = Window {
        losses: 0..told.steps,
        back_to: 0,
    };
    let mut shares = Vec::with_capacity(questions.len());
    for question in questions {
        let slopes = tape.outputs(0..told.steps);
        slopes.fill(0.0);
        for &(output, weight) in &question.outputs {
            slopes[question.row * width + output] += weight;
        }
        gradients.fill(0.0);
        tape.backward(
            level,
            &model,
            &transposed,
            &window,
            &mut scratch,
            &mut gradients,
        )?;
        shares.push(told.products(&gradients));
    }
    Ok(shares)
}

impl Retold {
    fn new(network: &Network, sequences: &Sequences, sequence: usize) -> Result<Self> {
        let (old, rows) = (network.spec(), sequences.rows_of(sequence));
        let steps = rows.len();
        let (channels, window) = match old.input {
            elman_core::Input::Tokens { channels, window } => {
                let widths = channels.as_slice().iter().map(|channel| channel.width);
                (widths.collect(), window)
            }
            elman_core::Input::Dense { width } => (vec![width], 1),
        };
        let channels: Vec<Channel> = (channels.into_iter())
            .map(|width: usize| Channel {
                vocabulary: steps,
                width,
            })
            .collect();
        let spec = Spec {
            input: elman_core::Input::Tokens {
                channels: Channels::from_slice(&channels)?,
                window,
            },
            dropout: Dropout::NONE,
            ..*old
        };
        spec.check()?;
        let mut params = vec![0.0; spec.params_len()];
        for tensor in spec.tensors() {
            let place = &mut params[tensor.range()];
            let source = old.tensors().find(|other| other.kind == tensor.kind);
            let source = source.map(|source| &network.params()[source.range()]);
            let TensorKind::Embedding { channel } = tensor.kind else {
                // All behind the tables is the same in both.
                place.copy_from_slice(source.unwrap_or_default());
                continue;
            };
            let width = channels[channel].width;
            let mut table = place.chunks_exact_mut(width);
            for (row, place) in rows.clone().zip(&mut table) {
                let read = match source {
                    None => sequences.numbers(row),
                    Some(table) => &table[sequences.ids(row)[channel] as usize * width..][..width],
                };
                place.copy_from_slice(read);
            }
            if let (Some(table), Some(padding)) = (source, table.next()) {
                padding.copy_from_slice(&table[table.len() - width..]);
            }
        }
        Ok(Self {
            ids: (0..steps as u32)
                .flat_map(|step| std::iter::repeat_n(step, channels.len()))
                .collect(),
            network: Network::new(spec, params)?,
            steps,
        })
    }

    /// Gradient times number, (T, I): the tables' rows side by side.
    fn products(&self, gradients: &[f32]) -> Vec<f64> {
        let spec = self.network.spec();
        let tables = || {
            let tensors = spec.tensors();
            tensors.filter(|tensor| matches!(tensor.kind, TensorKind::Embedding { .. }))
        };
        let mut products = Vec::new();
        for step in 0..self.steps {
            for table in tables() {
                let first = table.offset + step * table.columns;
                let row = first..first + table.columns;
                let pairs = gradients[row.clone()]
                    .iter()
                    .zip(&self.network.params()[row]);
                products.extend(pairs.map(|(&slope, &x)| f64::from(slope) * f64::from(x)));
            }
        }
        products
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::seeds::{self, Purpose};
    use crate::data::{Rows, Targets};
    use elman_core::{
        Direction, Head, HeadKind, Init, InitialState, Input, Layer, Layers, Read, Target,
        initialize,
    };

    const STEP: f32 = 1e-2;

    fn network(spec: Spec) -> Network {
        let mut params = vec![0.0; spec.params_len()];
        let mut rng = seeds::generator(3, Purpose::Parameters, &[]);
        initialize(&spec, Init::Orthogonal, &mut rng, &mut params).unwrap();
        Network::new(spec, params).unwrap()
    }

    /// The logarithm of the chance of class 1 against that of class 0, or the difference of these outputs.
    fn margin(network: &Network, sequences: &Sequences, row: usize) -> f64 {
        let outputs = network.outputs(sequences).unwrap();
        let row = &outputs[row * network.spec().output_width()..];
        let [a, b] = [row[1], row[0]].map(f64::from);
        match network.spec().head.kind {
            HeadKind::Softmax { .. } => a.ln() - b.ln(),
            _ => a - b,
        }
    }

    /// Against finite differences of the net that reads the sequence from tables of its own.
    fn check(spec: Spec, sequences: &Sequences, row: usize) {
        let network = network(spec);
        let question = Question {
            row,
            outputs: vec![(1, 1.0), (0, -1.0)],
        };
        let shares = attribute(&network, sequences, 0, &[question])
            .unwrap()
            .remove(0);
        let told = Retold::new(&network, sequences, 0).unwrap();
        let mut ids = Sequences::new(
            Rows::ids(told.ids.len() / told.steps),
            Targets::classes(),
            spec.head.read,
        );
        for step in told.ids.chunks(told.ids.len() / told.steps) {
            ids.push_ids(step.iter().copied());
        }
        (0..sequences.outputs()).for_each(|_| ids.push_class(Target::IGNORED));
        ids.end_sequence();
        let (whole, retold) = (
            margin(&network, sequences, row),
            margin(&told.network, &ids, row),
        );
        assert!((whole - retold).abs() < 1e-5, "{whole} {retold}");
        let moved = |entry: usize, by: f32| {
            let mut params = told.network.params().to_vec();
            params[entry] += by;
            let network = Network::new(*told.network.spec(), params).unwrap();
            margin(&network, &ids, row)
        };
        let mut found = shares.iter();
        for step in 0..told.steps {
            for table in told.network.spec().tensors() {
                if !matches!(table.kind, TensorKind::Embedding { .. }) {
                    continue;
                }
                for column in 0..table.columns {
                    let entry = table.offset + step * table.columns + column;
                    let slope = (moved(entry, STEP) - moved(entry, -STEP)) / f64::from(2.0 * STEP);
                    let expected = slope * f64::from(told.network.params()[entry]);
                    let share = found.next().unwrap();
                    assert!(
                        (share - expected).abs() < 1e-3,
                        "{step} {entry}: {share} {expected}"
                    );
                }
            }
        }
        assert!(found.next().is_none());
        assert!(shares.iter().any(|share| share.abs() > 1e-2));
    }

    #[test]
    fn tokens_in_windows_and_both_ways() {
        let gated = Layer {
            direction: Direction::Both,
            ..Layer::gru(5)
        };
        let spec = Spec {
            input: Input::Tokens {
                channels: Channels::of([3, 2].map(|width| Channel {
                    vocabulary: 4,
                    width,
                })),
                window: 3,
            },
            layers: Layers::of([
                gated,
                Layer {
                    direction: Direction::Both,
                    ..Layer::tanh(4)
                },
            ]),
            initial_state: InitialState::Trained,
            head: Head {
                kind: HeadKind::Softmax { outputs: 3 },
                read: Read::EveryStep,
            },
            // A net that was trained with dropout answers without.
            dropout: Dropout {
                hidden: 0.5,
                ..Dropout::NONE
            },
        };
        let mut sequences = Sequences::of_tokens(2);
        // A token that comes twice has two shares.
        for ids in [[1, 0], [2, 3], [1, 0], [3, 3]] {
            sequences.push_row(ids, Target::IGNORED);
        }
        sequences.end_sequence();
        for row in [0, 2] {
            check(spec, &sequences, row);
        }
        let last = Spec {
            head: Head {
                read: Read::LastStep,
                ..spec.head
            },
            ..spec
        };
        let mut one = Sequences::new(Rows::ids(2), Targets::classes(), Read::LastStep);
        [[1, 0], [2, 3], [0, 1]]
            .into_iter()
            .for_each(|ids| one.push_ids(ids));
        one.push_class(Target::IGNORED);
        one.end_sequence();
        check(last, &one, 0);
    }

    #[test]
    fn numbers_step_by_step() {
        let mut sequences = Sequences::new(Rows::numbers(2), Targets::classes(), Read::EveryStep);
        for step in 0..5 {
            sequences.push_numbers([0.5 - step as f32 / 4.0, (step * step % 3) as f32]);
            sequences.push_class(Target::IGNORED);
        }
        sequences.end_sequence();
        check(Spec::dense(2, 6, 2), &sequences, 4);
        // What comes later says nothing about a step of a net that reads forward.
        let network = network(Spec::dense(2, 6, 2));
        let question = Question {
            row: 1,
            outputs: vec![(0, 1.0)],
        };
        let shares = attribute(&network, &sequences, 0, &[question])
            .unwrap()
            .remove(0);
        assert_eq!(shares[4..], [0.0; 6]);
    }
}
