//! The functions below the net.

use elman_core::{Batch, Level, Target, crf, gradient, math};

use super::{Hash, Item};
use crate::Generator;

/// Numbers of every size: random bits, without NaN and infinity.
fn numbers_of_every_size(len: usize) -> Vec<f32> {
    use rand_core::Rng;
    let mut random = Generator::new(7);
    std::iter::from_fn(|| Some(f32::from_bits(random.next_u32())))
        .filter(|x| x.is_finite())
        .take(len)
        .collect()
}

/// Sequences of 9, 7, 7 and 2 steps and 19 labels: loss, slopes of the logits, gradients of the scores.
fn conditional_random_field(level: Level) -> Hash {
    const LABELS: usize = 19;
    let mut active = [0; 9];
    let lengths = Batch::fill_active(&[9, 7, 7, 2], &mut active);
    let Some(batch) = lengths.ok().and_then(|active| Batch::ragged(active).ok()) else {
        return Hash::new();
    };
    let mut random = Generator::new(11);
    let mut rows = random.numbers(batch.rows() * LABELS, 9.0);
    let scores = random.numbers(crf::params_len(LABELS), 3.0);
    let target = |row: usize| match row % 5 {
        4 => Target::IGNORED,
        _ => Target::class((row * 7 % LABELS) as u32),
    };
    let targets: Vec<Target> = (0..batch.rows()).map(target).collect();
    let mut scratch = vec![f64::NAN; crf::scratch_len(LABELS, batch.steps())];
    let mut gradients = vec![0.0; scores.len()];
    let transitions = crf::Transitions {
        scores: &scores,
        legal: &vec![true; scores.len()],
    };
    let nats = crf::negative_log_likelihood(
        level,
        &batch,
        &mut rows,
        LABELS,
        &targets,
        transitions,
        20.0,
        &mut scratch,
        &mut gradients,
    );
    let hash = Hash::new().numbers(&rows).numbers(&gradients);
    nats.map_or(hash, |nats| hash.number(nats))
}

/// Hashes of `exp`, `tanh`, `sigmoid`, softmax, a conditional random field and the reductions.
pub fn items(level: Level) -> Vec<Item> {
    const LEN: usize = 20_011;
    let mut near_one = Generator::new(5).numbers(LEN, 12.0);
    near_one.extend(numbers_of_every_size(LEN));
    let mapped = |f: fn(Level, &mut [f32])| {
        let mut numbers = near_one.clone();
        f(level, &mut numbers);
        Hash::new().numbers(&numbers)
    };
    let small = Generator::new(3).numbers(LEN, 1.0);
    let hashes = [
        ("exp", mapped(math::exp)),
        ("tanh", mapped(math::tanh)),
        ("sigmoid", mapped(math::sigmoid)),
        (
            "softmax",
            [1, 2, 15, 16, 17, 33, 100]
                .iter()
                .fold(Hash::new(), |hash, &classes| {
                    let mut rows = small[..LEN / classes * classes].to_vec();
                    let _ = math::softmax(level, &mut rows, classes);
                    hash.numbers(&rows)
                }),
        ),
        (
            "norm",
            Hash::new().number(gradient::sum_of_squares(level, &small)),
        ),
        ("crf", conditional_random_field(level)),
        ("clip", {
            let mut clipped = small.clone();
            let norm = gradient::clip_norm(level, &mut clipped, 1.0);
            Hash::new().numbers(&clipped).number(norm)
        }),
    ];
    hashes
        .into_iter()
        .map(|(name, Hash(hash))| (format!("functions/{name}"), hash))
        .collect()
}
