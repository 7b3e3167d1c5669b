//! What the chip can do at most: a loop of multiply-adds that never leaves the registers.
//!
//! ```
//! # use elman_core::{peak, Level};
//! let (operations, _) = peak::multiply_adds(Level::detect(), 1000);
//! assert_eq!(operations % 2000, 0);
//! ```

use crate::simd::{LANES, Level, Operation, Simd};

/// Runs `rounds` rounds of multiply-adds in registers; time it to learn the peak of a level.
/// Returns how many floating-point operations that were (two for each multiply-add), and a number
/// that depends on all of them, so that none can be left out.
///
/// ```
/// let level = elman_core::Level::detect();
/// let start = std::time::Instant::now();
/// let (operations, _) = elman_core::peak::multiply_adds(level, 100_000);
/// let gflops = operations as f64 / start.elapsed().as_secs_f64() / 1e9;
/// assert!(gflops > 0.0);
/// ```
pub fn multiply_adds(level: Level, rounds: usize) -> (u64, f32) {
    // Opaque, or the compiler would work the constant out and leave the loop away.
    level.run(FmaChains {
        rounds,
        first: core::hint::black_box(0.5),
    })
}

struct FmaChains {
    rounds: usize,
    first: f32,
}

impl Operation for FmaChains {
    type Output = (u64, f32);

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> (u64, f32) {
        // Enough chains to hide the latency of two multiply-add units, few enough for the registers.
        if S::ACCUMULATORS >= 12 {
            self.chains::<S, 12>(s)
        } else {
            self.chains::<S, 6>(s)
        }
    }
}

impl FmaChains {
    #[inline(always)]
    fn chains<S: Simd, const CHAINS: usize>(self, s: S) -> (u64, f32) {
        // Near one, so that numbers stay normal however long the loop runs.
        let (factor, term) = (s.splat(0.999_999), s.splat(1e-6));
        let mut chains = [s.splat(self.first); CHAINS];
        for _ in 0..self.rounds {
            for chain in &mut chains {
                *chain = s.mul_add(*chain, factor, term);
            }
        }
        let mut sum = s.splat(0.0);
        for chain in chains {
            sum = s.add(sum, chain);
        }
        let mut lanes = [0.0; LANES];
        s.store(&mut lanes, sum);
        (
            2 * (CHAINS * LANES * self.rounds) as u64,
            lanes.iter().sum(),
        )
    }
}
