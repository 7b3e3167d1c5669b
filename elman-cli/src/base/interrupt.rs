//! Ctrl-C: while there is nothing to save it ends the process at once. Later the first asks for a tidy end, the second
//! gets an untidy one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::failure::{Failure, Result};
use crate::base::tell::tell;

/// Whether the process was asked to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    is_asked: AtomicBool,
    /// Whether somebody looks at the other flag.
    is_heeded: AtomicBool,
}

impl Interrupt {
    /// Starts listening for Ctrl-C and friendly kills. From now on the training outlives its terminal.
    ///
    /// # Errors
    /// The system does not let us.
    pub fn listen() -> Result<Self> {
        let interrupt = Self::default();
        let heard = interrupt.clone();
        on_signal(move || {
            let is_heeded = heard.0.is_heeded.load(Ordering::SeqCst);
            if !is_heeded {
                tell!("elman: stopped before the first update: there is nothing new to save");
            }
            if !is_heeded || heard.0.is_asked.swap(true, Ordering::SeqCst) {
                std::process::exit(i32::from(Failure::INTERRUPTED));
            }
        })
        .map_err(|error| Failure::run(format!("cannot listen for Ctrl-C: {error}")))?;
        Ok(interrupt)
    }

    /// From now on somebody asks [`Interrupt::is_asked`] again and again.
    pub fn heed(&self) {
        self.0.is_heeded.store(true, Ordering::SeqCst);
    }

    /// Asks for a tidy end, as Ctrl-C does.
    pub fn ask(&self) {
        self.0.is_asked.store(true, Ordering::SeqCst);
    }

    /// Whether the first one has come.
    pub fn is_asked(&self) -> bool {
        self.0.is_asked.load(Ordering::SeqCst)
    }
}

/// Calls `stop` at every Ctrl-C and every friendly kill. A terminal that is closed (SIGHUP) is nothing to stop for.
#[cfg(unix)]
fn on_signal(mut stop: impl FnMut() + Send + 'static) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    std::thread::Builder::new().spawn(move || {
        for signal in signals.forever() {
            if signal != SIGHUP {
                stop();
            }
        }
    })?;
    Ok(())
}

#[cfg(not(unix))]
fn on_signal(stop: impl FnMut() + Send + 'static) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(stop)
}
