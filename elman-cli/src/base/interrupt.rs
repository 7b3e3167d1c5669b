//! Ctrl-C: while there is nothing to save it ends the process at once. Later the first asks for a tidy end, the second
//! gets an untidy one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use crate::base::failure::{Failure, Result};
use crate::base::tell::tell;

/// So long after it asked its processes to stop mpirun kills those that are left, which cannot say a word then: one second.
const BEFORE_THE_KILL: Duration = Duration::from_millis(600);

/// Whether the process was asked to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    is_signalled: AtomicBool,
    /// Whether another process was signalled.
    is_asked: AtomicBool,
    last_words: OnceLock<String>,
    /// Whether the tidy end has come.
    is_saved: AtomicBool,
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
            if !is_heeded || heard.0.is_signalled.swap(true, Ordering::SeqCst) {
                std::process::exit(i32::from(Failure::INTERRUPTED));
            }
            heard.prepare_for_a_kill();
        })
        .map_err(|error| Failure::run(format!("cannot listen for Ctrl-C: {error}")))?;
        Ok(interrupt)
    }

    /// From now on somebody asks [`Interrupt::is_asked`] again and again.
    pub fn heed(&self) {
        self.0.is_heeded.store(true, Ordering::SeqCst);
    }

    /// What to say if the tidy end takes so long that a launcher may put an untidy one before it.
    pub fn last_words(&self, words: String) {
        let _ = self.0.last_words.set(words);
    }

    /// All is saved: there is nothing more to say.
    pub fn saved(&self) {
        self.0.is_saved.store(true, Ordering::SeqCst);
    }

    fn prepare_for_a_kill(&self) {
        let asked = self.clone();
        if self.0.last_words.get().is_some() {
            thread::spawn(move || {
                thread::sleep(BEFORE_THE_KILL);
                let words = asked.0.last_words.get();
                if let Some(words) = words.filter(|_| !asked.0.is_saved.load(Ordering::SeqCst)) {
                    tell!("{words}");
                }
            });
        }
    }

    /// Another process was asked to stop, and so are we.
    pub fn ask(&self) {
        self.0.is_asked.store(true, Ordering::SeqCst);
    }

    /// Whether somebody was asked.
    pub fn is_asked(&self) -> bool {
        let is = |flag: &AtomicBool| flag.load(Ordering::SeqCst);
        is(&self.0.is_signalled) || is(&self.0.is_asked)
    }
}

/// Calls `stop` at every Ctrl-C and every friendly kill. A terminal that is closed (SIGHUP) is nothing to stop for.
#[cfg(unix)]
fn on_signal(mut stop: impl FnMut() + Send + 'static) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    thread::Builder::new().spawn(move || {
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
