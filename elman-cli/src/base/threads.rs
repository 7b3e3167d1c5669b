//! A pool of threads for as long as some work takes.

use crate::base::failure::{Failure, Result};

/// Runs work whose parallel parts use so many threads.
///
/// # Errors
/// Those of the work; or the threads cannot be started.
pub fn on_threads<R: Send>(threads: usize, work: impl FnOnce() -> Result<R> + Send) -> Result<R> {
    let complain = |error| Failure::run(format!("cannot start {threads} threads: {error}"));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(complain)?;
    pool.install(work)
}
