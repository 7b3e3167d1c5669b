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

/// The shards' passes in shard order; thread `n` takes the shards `n`, `n + threads`, …
fn pass_of_each(rig: &Rig, shards: &[Case], pass: Pass, threads: usize) -> Vec<Training> {
    let mut done: Vec<Option<Training>> = vec![None; shards.len()];
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|first| {
                let mine = (first..shards.len()).step_by(threads);
                scope.spawn(move || {
                    mine.map(|i| (i, rig.pass(&shards[i], pass)))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        for handle in handles {
            for (i, training) in handle.join().expect("a thread") {
                done[i] = Some(training);
            }
        }
    });
    done.into_iter().flatten().collect()
}
