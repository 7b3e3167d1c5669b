//! Statics that are handed out once.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

/// A static that `main` takes once. (Crates that do this panic on the second time.)
pub struct Slot<T> {
    value: UnsafeCell<T>,
    taken: AtomicBool,
}

// SAFETY: `take` hands the value out at most once.
unsafe impl<T> Sync for Slot<T> {}

impl<T> Slot<T> {
    /// A static's value.
    pub const fn new(value: T) -> Self {
        Self {
            value: UnsafeCell::new(value),
            taken: AtomicBool::new(false),
        }
    }

    /// The value, the first time. These machines have one core, and no interrupts are on.
    pub fn take(&'static self) -> Option<&'static mut T> {
        if self.taken.load(Ordering::Relaxed) {
            return None;
        }
        self.taken.store(true, Ordering::Relaxed);
        // SAFETY: the flag lets nobody come here twice.
        Some(unsafe { &mut *self.value.get() })
    }
}
