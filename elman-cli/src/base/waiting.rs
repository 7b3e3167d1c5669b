//! Work that is silent until it ends: who waits for it for long is told what it is.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::base::tell::tell;

/// Nobody misses a word before.
const PATIENCE: Duration = Duration::from_secs(1);

/// Does some work; if it lasts, a line on standard error says `what` it is. A line and not a spinner: the work may say
/// something itself.
pub fn during<R>(what: &str, work: impl FnOnce() -> R) -> R {
    during_for(PATIENCE, || tell!("{what} ..."), work)
}

fn during_for<R>(patience: Duration, say: impl FnOnce() + Send, work: impl FnOnce() -> R) -> R {
    let (done, is_done) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            if is_done.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                say();
            }
        });
        let result = work();
        drop(done);
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn only_who_waits_for_long_is_told() {
        let is_told = AtomicBool::new(false);
        let tell = || is_told.store(true, Ordering::SeqCst);
        assert_eq!(during_for(Duration::from_secs(3600), tell, || 7), 7);
        assert!(!is_told.load(Ordering::SeqCst));
        during_for(Duration::ZERO, tell, || {
            while !is_told.load(Ordering::SeqCst) {
                thread::yield_now();
            }
        });
    }
}
