//! The functions below the net.

use elman_core::{Level, gradient, math};

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

/// Hashes of `exp`, `tanh`, `sigmoid`, softmax and the reductions.
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
