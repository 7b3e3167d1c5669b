//! Memory that may not be there. It is asked for before it is taken: running out of it ends a process without a word.

use crate::base::failure::{Failure, Result};

/// So many bytes are checked against what the system says it has left; fewer are only reserved.
const SMALL: usize = 1 << 28;

/// Whether so many bytes can be had.
///
/// # Errors
/// They cannot; `what` needs them, and `advice` says how to need less.
pub fn check(bytes: usize, what: &str, advice: &str) -> Result<()> {
    let is_there = Vec::<u8>::new().try_reserve_exact(bytes).is_ok();
    if is_there && (bytes < SMALL || available().is_none_or(|available| bytes <= available)) {
        return Ok(());
    }
    Err(Failure::input(format!(
        "{what} needs about {:.1} GB of memory, more than there is; {advice}",
        bytes as f64 / 1e9
    )))
}

/// Bytes that the system could give away; `None` where it does not tell.
fn available() -> Option<usize> {
    let about = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = about
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_is_refused() {
        assert!(check(1 << 20, "this", "no").is_ok());
        let complaint = check(1 << 50, "this net", "take a smaller one").unwrap_err();
        assert_eq!(
            complaint.to_string(),
            "this net needs about 1125899.9 GB of memory, more than there is; take a smaller one"
        );
        assert!(available().is_none_or(|bytes| bytes < 1 << 50));
    }
}
