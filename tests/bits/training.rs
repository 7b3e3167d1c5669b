//! A small whole training run: four fixed shards, added in shard order, whatever runs them.

use elman_core::{Level, Optimizer, gradient};

use super::Subject;
use crate::support::rig::Pass;
use crate::{Case, Rig, Training};

const UPDATES: u64 = 20;
const SHARDS: usize = 4;

/// Trains and returns the parameters and the loss of every update.
///
/// # Panics
/// If core refuses.
pub fn train_in_shards(level: Level, subject: &Subject, threads: usize) -> (Vec<f32>, Vec<f64>) {
    let case = &subject.case;
    let sequences: Vec<usize> = (0..case.lengths.len()).collect();
    let shards: Vec<Case> = sequences
        .chunks(sequences.len() / SHARDS)
        .map(|shard| case.select(shard))
        .collect();
    let optimizer = Optimizer::ADAM;
    let mut params = case.params.clone();
    let mut state = vec![0.0; optimizer.state_len(params.len())];
    let mut rig = Rig::new(level, &case.spec, &params);
    let mut losses = Vec::new();
    for step in 1..=UPDATES {
        let passes = pass_of_each(
            &rig,
            &shards,
            Pass {
                seed: step,
                ..subject.pass()
            },
            threads,
        );
        let mut gradients = vec![0.0; params.len()];
        for training in &passes {
            gradient::add(level, &mut gradients, &training.gradients).expect("a sum");
        }
        losses.push(passes.iter().map(|training| training.loss).sum());
        gradient::clip_norm(level, &mut gradients, 0.5);
        optimizer
            .update(
                level,
                0.01,
                step,
                0..params.len(),
                &mut params,
                &gradients,
                &mut state,
            )
            .expect("an update");
        rig.set_params(&params);
    }
    (params, losses)
}

/// The shards' passes in shard order; thread `n` takes the shards `n`, `n + threads`, … Thread 0 is
/// the caller, so that one thread needs no other: emulators of other processors are bad at threads.
fn pass_of_each(rig: &Rig, shards: &[Case], pass: Pass, threads: usize) -> Vec<Training> {
    let passes_of = |thread: usize| {
        let mine = (thread..shards.len()).step_by(threads);
        mine.map(|shard| (shard, rig.pass(&shards[shard], pass)))
            .collect::<Vec<_>>()
    };
    let mut passes = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .map(|thread| scope.spawn(move || passes_of(thread)))
            .collect();
        let mut passes = passes_of(0);
        passes.extend(
            others
                .into_iter()
                .flat_map(|thread| thread.join().expect("a thread")),
        );
        passes
    });
    passes.sort_by_key(|&(shard, _)| shard);
    passes.into_iter().map(|(_, training)| training).collect()
}
