//! How many random cases a property is tried on, and which.

use proptest::test_runner::{Config, RngSeed};

/// The same cases at every run, so that a rare one cannot fail on somebody else's machine; the
/// environment variables `PROPTEST_CASES` and `PROPTEST_RNG_SEED` try more, or others.
pub fn config() -> Config {
    let given = |name| std::env::var_os(name).is_some();
    let mut config = Config {
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    };
    if !given("PROPTEST_CASES") {
        config.cases = 1000;
    }
    if !given("PROPTEST_RNG_SEED") {
        config.rng_seed = RngSeed::Fixed(1990);
    }
    config.max_global_rejects = config.cases;
    config
}
