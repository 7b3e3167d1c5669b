//! Every random number belongs to a place – epoch, batch, shard – and is derived from it, so no generator's
//! state has to be carried or saved: a resumed run draws what the uninterrupted one would have drawn.

use rand_core::SeedableRng;
use rand_pcg::Pcg64Mcg;

/// What the numbers are for; keeps two uses at the same place apart.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// The first parameters.
    Parameters = 1,
    /// Which sequences are held out for validation.
    HoldOut,
    /// Order and make-up of the batches.
    Shuffle,
    /// Which ids are hidden.
    Hiding,
    /// Dropout masks.
    Dropout,
    /// Which entries of a tensor are checked.
    Sample,
    /// The sentences of the demo.
    Demo,
    /// Noise on numbers.
    Noise,
    /// Settings that a search tries.
    Search,
}

/// The seed of a place.
pub fn derive(seed: u64, purpose: Purpose, place: &[u64]) -> u64 {
    place
        .iter()
        .fold(fold(seed, purpose as u64), |hash, &part| fold(hash, part))
}

/// The generator of a place.
pub fn generator(seed: u64, purpose: Purpose, place: &[u64]) -> Pcg64Mcg {
    Pcg64Mcg::seed_from_u64(derive(seed, purpose, place))
}

/// Folds one more number into a hash: the finaliser of SplitMix64 (Steele, Lea, Flood 2014), in which
/// every input bit flips every output bit with a chance of about one half.
pub const fn fold(hash: u64, value: u64) -> u64 {
    let mut z =
        hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number below `bound`, drawn evenly (Lemire's multiplication; the bias is below 2^-32 for our bounds).
pub fn below(rng: &mut impl rand_core::Rng, bound: usize) -> usize {
    ((u128::from(rng.next_u64()) * bound as u128) >> 64) as usize
}

/// Shuffles in place (Fisher and Yates).
pub fn shuffle<T>(rng: &mut impl rand_core::Rng, items: &mut [T]) {
    for end in (1..items.len()).rev() {
        items.swap(end, below(rng, end + 1));
    }
}

/// A number in [0, 1).
pub fn unit(rng: &mut impl rand_core::Rng) -> f32 {
    (rng.next_u32() >> 8) as f32 / (1 << 24) as f32
}

/// A number whose distribution is nearly normal, with mean 0 and deviation 1: the sum of four halves of a random word,
/// which needs no logarithm and has the same bits everywhere.
pub fn normal(rng: &mut impl rand_core::Rng) -> f32 {
    let bits = rng.next_u64();
    let parts = [0, 16, 32, 48].map(|shift| (bits >> shift & 0xFFFF) as i32);
    let sum = parts.iter().sum::<i32>() - 2 * 0xFFFF;
    // Each part has the variance (2^32 - 1) / 12.
    sum as f32 * (3.0f32.sqrt() / 65_536.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_purposes_have_seeds_of_their_own() {
        let mut seen = std::collections::HashSet::new();
        for purpose in [Purpose::Shuffle, Purpose::Hiding, Purpose::Dropout] {
            for epoch in 0..8 {
                for batch in 0..8 {
                    assert!(seen.insert(derive(1, purpose, &[epoch, batch])));
                }
            }
        }
    }

    #[test]
    fn noise_has_mean_zero_and_deviation_one() {
        let mut rng = generator(1, Purpose::Noise, &[]);
        let numbers: Vec<f32> = (0..100_000).map(|_| normal(&mut rng)).collect();
        let mean = numbers.iter().sum::<f32>() / 1e5;
        let square = numbers.iter().map(|x| x * x).sum::<f32>() / 1e5;
        assert!(
            mean.abs() < 0.02 && (square - 1.0).abs() < 0.02,
            "{mean} {square}"
        );
    }

    #[test]
    fn a_shuffle_keeps_every_item() {
        let mut items: Vec<usize> = (0..100).collect();
        shuffle(&mut generator(1, Purpose::Shuffle, &[]), &mut items);
        assert!(!items.is_sorted());
        items.sort_unstable();
        assert!(items.iter().copied().eq(0..100));
    }
}
