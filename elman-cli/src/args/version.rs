//! What `elman --version` says.

use std::fmt::Write as _;
use std::sync::OnceLock;

use elman_core::Level;

/// What `elman --version` says after the name: the version, the instruction sets that this processor has and this binary
/// knows, and how it was built.
pub fn version() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let levels: Vec<&str> = Level::available().map(Level::name).collect();
        let detected = Level::detect();
        let mut text = env!("CARGO_PKG_VERSION").to_owned();
        let fused = if detected.is_fused() {
            "fused multiply-add"
        } else {
            "no fused multiply-add: results differ from those of chips that have it, within the documented bound"
        };
        let _ = write!(
            text,
            "\nlevels    {} (in use: {}, {fused})",
            levels.join(", "),
            detected.name()
        );
        let features = [
            cfg!(feature = "exact").then_some("exact"),
            cfg!(feature = "mpi").then_some("mpi"),
        ];
        let features: Vec<&str> = features.into_iter().flatten().collect();
        let features = match features.as_slice() {
            [] => "none".to_owned(),
            features => features.join(", "),
        };
        let _ = write!(text, "\nfeatures  {features}");
        text
    })
}
