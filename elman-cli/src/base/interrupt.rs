//! Ctrl-C: the first asks for a tidy end, the second gets an untidy one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::failure::{Failure, Result};

/// Whether the process was asked to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Starts listening for Ctrl-C and friendly kills.
    ///
    /// # Errors
    /// The system does not let us.
    pub fn listen() -> Result<Self> {
        let interrupt = Self::default();
        let asked = Arc::clone(&interrupt.0);
        let handler = move || {
            if asked.swap(true, Ordering::SeqCst) {
                std::process::exit(i32::from(Failure::INTERRUPTED));
            }
        };
        ctrlc::set_handler(handler)
            .map_err(|error| Failure::run(format!("cannot listen for Ctrl-C: {error}")))?;
        Ok(interrupt)
    }

    /// Whether the first one has come.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
