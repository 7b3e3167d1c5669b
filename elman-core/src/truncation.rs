//! Truncated backpropagation: which steps a backward pass starts from, and how far it reaches.

use core::ops::Range;

/// Truncated backpropagation through time: every `k1` steps, the losses of those steps are sent back
/// through at most `k2` steps (Williams and Peng 1990; Elman's own training is `k1 = k2 = 1`).
///
/// ```
/// # use elman_core::{Truncation, Window};
/// let windows: Vec<Window> = Truncation::FULL.windows(9).collect();
/// assert_eq!(windows, [Window { losses: 0..9, back_to: 0 }]);
/// let elman = Truncation { k1: 1, k2: 1 };
/// assert_eq!(elman.windows(9).last(), Some(Window { losses: 8..9, back_to: 8 }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncation {
    /// Steps between backward passes, at least 1.
    pub k1: usize,
    /// Steps that a backward pass reaches back, at least `k1`.
    pub k2: usize,
}

impl Truncation {
    /// All steps at once: full backpropagation.
    ///
    /// ```
    /// # use elman_core::Truncation;
    /// assert_eq!(Truncation::FULL.windows(1000).count(), 1);
    /// ```
    pub const FULL: Self = Self {
        k1: usize::MAX,
        k2: usize::MAX,
    };

    /// The windows that cover `steps` steps.
    ///
    /// ```
    /// # use elman_core::Truncation;
    /// let windows: Vec<_> = Truncation { k1: 2, k2: 3 }.windows(5).map(|w| (w.losses, w.back_to)).collect();
    /// assert_eq!(windows, [(0..2, 0), (2..4, 1), (4..5, 2)]);
    /// ```
    pub fn windows(self, steps: usize) -> impl Iterator<Item = Window> {
        let (k1, k2) = (self.k1.max(1), self.k2.max(self.k1).max(1));
        let mut start = 0usize;
        core::iter::from_fn(move || {
            let losses = start..start.saturating_add(k1).min(steps);
            start = losses.end;
            let back_to = losses.end.saturating_sub(k2);
            (!losses.is_empty()).then_some(Window { losses, back_to })
        })
    }
}

/// One backward pass of truncated backpropagation.
///
/// ```
/// # use elman_core::{Truncation, Window};
/// // The losses of steps 6 and 7 go back through steps 7, 6, 5 and 4.
/// let last = Truncation { k1: 2, k2: 4 }.windows(8).last();
/// assert_eq!(last, Some(Window { losses: 6..8, back_to: 4 }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The steps whose losses are sent back.
    pub losses: Range<usize>,
    /// The earliest step they reach; the state before it is a constant.
    pub back_to: usize,
}
