//! Which instruction sets a test runs on.

use elman_core::Level;

/// Names, separated by commas, of levels that this machine must have.
const REQUIRED: &str = "ELMAN_REQUIRE_LEVELS";

/// Every level of this machine.
///
/// # Panics
/// If `ELMAN_REQUIRE_LEVELS` names one that the machine lacks: on a machine known to have it, a
/// level that is quietly skipped is a failed test.
pub fn levels() -> Vec<Level> {
    let levels: Vec<Level> = Level::available().collect();
    let required = std::env::var(REQUIRED).unwrap_or_default();
    for name in required.split(',').filter(|name| !name.is_empty()) {
        let has = levels.iter().any(|level| level.name() == name);
        assert!(
            has,
            "{REQUIRED} asks for level {name}, this machine has {levels:?}"
        );
    }
    levels
}

/// The levels that must agree bit for bit.
pub fn fused_levels() -> Vec<Level> {
    levels()
        .into_iter()
        .filter(|level| level.is_fused())
        .collect()
}
