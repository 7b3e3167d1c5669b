//! Running a net over many sequences, without training it.

use elman_core::{Input, Level, Model, Read, Spec};
use rayon::prelude::*;

use crate::base::failure::Result;
use crate::base::memory;
use crate::base::team;
use crate::data::Sequences;
use crate::net::gather::longest_first;
use crate::net::judge::Judge;
use crate::net::together;
use crate::net::worker::Worker;

/// Sequences that run side by side: enough to fill the registers, few enough to stay in the cache.
const BATCH: usize = 32;

/// Steps that are run at once, where a net can be stopped and go on: long sequences take no more memory than short ones.
const STEPS: usize = 4096;

/// Outputs that a thread holds at once, where it can choose; and rows that there should be all the same, so that the
/// head's weights are not fetched anew for every few of them.
const HELD: usize = 1 << 23;
const FEWEST_ROWS: usize = 64;

/// Rows of so many outputs that a thread runs at once.
pub fn rows_at_once(width: usize) -> usize {
    (HELD / width.max(1)).max(FEWEST_ROWS)
}

/// Outputs (R, O) of every row, or (B, O) of every sequence where the head reads the last step, in the order of the
/// sequences. Runs on the threads of the rayon pool around it; the numbers depend neither on them nor on how sequences
/// are batched.
///
/// # Errors
/// Ids that the spec does not know.
pub fn outputs(level: Level, model: &Model<'_>, sequences: &Sequences) -> Result<Vec<f32>> {
    let order = longest_first(sequences);
    let width = model.spec().output_width();
    let numbers = sequences.outputs().saturating_mul(width);
    memory::check(
        // As they are found, and in order.
        numbers.saturating_mul(2 * size_of::<f32>()),
        "running the net on these data",
        "cut the file into parts",
    )?;
    let batches: Vec<(Vec<usize>, Vec<f32>)> = batches(model.spec(), sequences, &order)
        .into_par_iter()
        .map_init(Worker::default, |worker, chosen| {
            let (mut places, mut outputs) = (Vec::new(), Vec::new());
            let steps = steps_at_once(model.spec(), sequences, chosen);
            walk_with(
                worker,
                level,
                model,
                sequences,
                chosen,
                steps,
                |at, found| {
                    places.extend_from_slice(at);
                    outputs.extend_from_slice(found);
                    Ok(())
                },
            )?;
            Ok((places, outputs))
        })
        .collect::<Result<_>>()?;
    let mut outputs = vec![0.0; numbers];
    for (places, found) in &batches {
        for (place, found) in places.iter().zip(found.chunks_exact(width)) {
            outputs[place * width..][..width].copy_from_slice(found);
        }
    }
    Ok(outputs)
}

/// What a judge says of the outputs of every sequence, in the order of the sequences; none of them are kept. Runs on the
/// threads of the rayon pool around it; the verdicts depend neither on them nor on how sequences are batched.
///
/// # Errors
/// Ids that the spec does not know.
pub fn judge<J: Judge>(
    level: Level,
    model: &Model<'_>,
    sequences: &Sequences,
    judge: &J,
) -> Result<Vec<J::Verdict>> {
    let order = longest_first(sequences);
    let found: Vec<Vec<J::Verdict>> = batches(model.spec(), sequences, &order)
        .into_par_iter()
        .map_init(Worker::default, |worker, chosen| {
            judge_with(worker, level, model, sequences, chosen, judge)
        })
        .collect::<Result<_>>()?;
    let mut verdicts: Vec<Option<J::Verdict>> = Vec::new();
    verdicts.resize_with(sequences.len(), || None);
    for (sequence, verdict) in order.into_iter().zip(found.into_iter().flatten()) {
        verdicts[sequence] = Some(verdict);
    }
    Ok(verdicts.into_iter().flatten().collect())
}

/// Sequences of an order that run side by side: fewer where their outputs would be too many.
fn batches<'a>(spec: &Spec, sequences: &Sequences, order: &'a [usize]) -> Vec<&'a [usize]> {
    let most = match spec.head.read {
        Read::EveryStep if !can_stop(spec) => rows_at_once(spec.output_width()),
        _ => usize::MAX,
    };
    let (mut batches, mut rest) = (Vec::new(), order);
    while let Some(&longest) = rest.first() {
        let room = most / sequences.len_of(longest).max(1);
        let (batch, others) = rest.split_at(room.clamp(1, BATCH).min(rest.len()));
        batches.push(batch);
        rest = others;
    }
    batches
}

/// Whether a net can be stopped and go on: none that reads steps to come, or answers at the last one only.
fn can_stop(spec: &Spec) -> bool {
    let sees_ahead = matches!(spec.input, Input::Tokens { window, .. } if window > 1);
    !sees_ahead && !spec.is_bidirectional() && spec.head.read != Read::LastStep
}

/// Steps of a batch that are run at once: all where a net cannot be stopped.
fn steps_at_once(spec: &Spec, sequences: &Sequences, chosen: &[usize]) -> usize {
    if can_stop(spec) {
        (rows_at_once(spec.output_width()) / chosen.len().max(1)).clamp(1, STEPS)
    } else {
        let longest = chosen.first().map(|&first| sequences.len_of(first));
        longest.unwrap_or(0).max(1)
    }
}

/// Runs through sequences that are too long to be held at once, those of `order` side by side, `steps` steps at a time;
/// the longest must come first. Hands out the outputs of every window, and the target of [`Sequences`] that belongs to
/// each row of them.
///
/// # Errors
/// Ids that the spec does not know; those of `visit`.
pub fn walk(
    level: Level,
    model: &Model<'_>,
    sequences: &Sequences,
    order: &[usize],
    steps: usize,
    visit: impl FnMut(&[usize], &[f32]) -> Result<()> + Send,
) -> Result<()> {
    walk_with(
        &mut Worker::default(),
        level,
        model,
        sequences,
        order,
        steps,
        visit,
    )
}

/// See [`walk`]. Where a single sequence is all there is, the threads of the pool share it.
fn walk_with(
    worker: &mut Worker,
    level: Level,
    model: &Model<'_>,
    sequences: &Sequences,
    order: &[usize],
    steps: usize,
    visit: impl FnMut(&[usize], &[f32]) -> Result<()> + Send,
) -> Result<()> {
    let spec = model.spec();
    let all = sequences.len() == 1 && can_stop(spec);
    let wanted = all && together::is_worth(spec, sequences.len_of(0));
    match wanted.then(team::claim).flatten() {
        Some(claim) => together::walk(&claim, level, model, sequences, steps, visit),
        None => worker.walk(level, model, sequences, order, steps, visit),
    }
}

/// See [`judge`]; the verdicts are in the order of what is chosen.
fn judge_with<J: Judge>(
    worker: &mut Worker,
    level: Level,
    model: &Model<'_>,
    sequences: &Sequences,
    chosen: &[usize],
    judge: &J,
) -> Result<Vec<J::Verdict>> {
    let (width, read) = (model.spec().output_width(), model.spec().head.read);
    let steps = steps_at_once(model.spec(), sequences, chosen);
    let mut notes: Vec<J::Notes> = chosen.iter().map(|_| judge.start()).collect();
    let mut step = 0;
    walk_with(
        worker,
        level,
        model,
        sequences,
        chosen,
        steps,
        |targets, outputs| {
            let mut rows = targets.iter().zip(outputs.chunks_exact(width));
            while rows.len() > 0 {
                // Rows lie step by step, and in every step those of the sequences that have not ended.
                let going = match read {
                    Read::LastStep => chosen.len(),
                    Read::EveryStep => chosen.partition_point(|&s| sequences.len_of(s) > step),
                };
                for (notes, (&target, row)) in notes[..going.max(1)].iter_mut().zip(&mut rows) {
                    judge.see(notes, target, row);
                }
                step += 1;
            }
            Ok(())
        },
    )?;
    Ok(notes.into_iter().map(|notes| judge.end(notes)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::seeds::{self, Purpose};
    use crate::data::{Rows, Targets};
    use crate::net::judge::Keep;
    use crate::net::network::Network;
    use elman_core::*;

    fn spec(window: usize) -> Spec {
        Spec {
            input: Input::Tokens {
                channels: Channels::of([Channel {
                    vocabulary: 5,
                    width: 3,
                }]),
                window,
            },
            layers: Layers::of([Layer::tanh(6), Layer::tanh(4)]),
            initial_state: InitialState::Trained,
            head: Head {
                kind: HeadKind::Softmax { outputs: 3 },
                read: Read::EveryStep,
            },
            dropout: Dropout::NONE,
        }
    }

    fn network(spec: Spec) -> Network {
        let mut params = vec![0.0; spec.params_len()];
        let mut rng = seeds::generator(1, Purpose::Parameters, &[]);
        initialize(&spec, Init::Pytorch, &mut rng, &mut params).unwrap();
        Network::new(spec, params).unwrap()
    }

    #[test]
    fn nets_that_look_ahead_get_long_sequences_whole() {
        let both = Layer {
            direction: Direction::Both,
            ..Layer::tanh(4)
        };
        let both = Spec {
            layers: Layers::of([both]),
            ..spec(1)
        };
        let mut sequences = Sequences::of_tokens(1);
        let length = STEPS as u32 + 5;
        (0..length).for_each(|step| sequences.push_row([step * step % 5], Target::IGNORED));
        sequences.end_sequence();
        let ids: Vec<u32> = (0..length).map(|step| step * step % 5).collect();
        for spec in [spec(3), both] {
            let network = network(spec);
            let model = network.model().unwrap();
            let batch = Batch::uniform(ids.len(), 1).unwrap();
            let mut state = vec![0.0; spec.state_len()];
            model.reset(&mut state);
            let mut workspace = vec![Strip::ZERO; spec.workspace_len(ids.len(), 1)];
            let mut whole = vec![0.0; ids.len() * spec.output_width()];
            forward(
                Level::detect(),
                &model,
                &batch,
                Inputs::Tokens(&ids),
                &mut state,
                &mut workspace,
                &mut whole,
            )
            .unwrap();
            assert_eq!(network.outputs(&sequences).unwrap(), whole);
        }
    }

    #[test]
    fn judges_see_every_row_of_their_sequence_in_order() {
        let last = Spec {
            head: Head {
                read: Read::LastStep,
                ..spec(1).head
            },
            ..spec(1)
        };
        for spec in [spec(1), spec(3), last] {
            let network = network(spec);
            let mut sequences = Sequences::new(Rows::ids(1), Targets::classes(), spec.head.read);
            for length in (0..70).map(|i| 1 + i * 5 % 11).chain([STEPS as u32 + 5]) {
                (0..length).for_each(|step| sequences.push_ids([step % 5]));
                let targets = match spec.head.read {
                    Read::EveryStep => length,
                    Read::LastStep => 1,
                };
                (0..targets).for_each(|_| sequences.push_class(Target::IGNORED));
                sequences.end_sequence();
            }
            let outputs = network.outputs(&sequences).unwrap();
            let verdicts = network.judge(&sequences, &Keep).unwrap();
            assert_eq!(verdicts.len(), sequences.len());
            for (sequence, rows) in verdicts.into_iter().enumerate() {
                let (targets, rows): (Vec<usize>, Vec<Vec<f32>>) = rows.into_iter().unzip();
                let expected = sequences.outputs_of(sequence, 0..usize::MAX);
                assert_eq!(rows.concat(), outputs[expected.start * 3..expected.end * 3]);
                assert_eq!(targets, expected.collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn sequences_with_very_many_outputs_run_few_at_a_time() {
        let mut sequences = Sequences::of_tokens(1);
        for length in [100, 30, 30, 30, 20, 20] {
            (0..length).for_each(|_| sequences.push_row([0], Target::IGNORED));
            sequences.end_sequence();
        }
        let wide = |window| Spec {
            head: Head {
                kind: HeadKind::Softmax { outputs: HELD },
                ..spec(window).head
            },
            ..spec(window)
        };
        let order = longest_first(&sequences);
        let sizes = |spec: &Spec| -> Vec<usize> {
            let batches = batches(spec, &sequences, &order).into_iter();
            batches.map(<[usize]>::len).collect()
        };
        // At most 64 rows where a net takes sequences whole, and so many steps of all of them where it can stop.
        assert_eq!(sizes(&wide(3)), [1, 2, 2, 1]);
        assert_eq!((sizes(&wide(1)), sizes(&spec(3))), (vec![6], vec![6]));
        assert_eq!(steps_at_once(&wide(1), &sequences, &order), 64 / 6);
    }

    #[test]
    fn long_sequences_are_walked_to_the_same_outputs() {
        let network = network(spec(1));
        let mut sequences = Sequences::of_tokens(1);
        for length in [7, 12, 3, STEPS as u32 + 5] {
            (0..length).for_each(|step| sequences.push_row([step % 5], Target::IGNORED));
            sequences.end_sequence();
        }
        let whole = network.outputs(&sequences).unwrap();
        for steps in [5, STEPS, 2 * STEPS] {
            let mut found = vec![0.0; whole.len()];
            walk(
                Level::detect(),
                &network.model().unwrap(),
                &sequences,
                &longest_first(&sequences),
                steps,
                |places, outputs| {
                    for (place, output) in places.iter().zip(outputs.chunks(3)) {
                        found[place * 3..][..3].copy_from_slice(output);
                    }
                    Ok(())
                },
            )
            .unwrap();
            assert_eq!(found, whole, "{steps} steps at once");
        }
    }
}
