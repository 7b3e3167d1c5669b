//! Rates of dropout.

/// Inverted dropout: while training a value is zeroed with this probability, the others are
/// divided by `1 - rate` (Srivastava et al. 2014). Rates lie in `[0, 1)`; 0 costs nothing.
///
/// ```
/// # use elman_core::{Dropout, Spec};
/// let spec = Spec { dropout: Dropout { hidden: 0.3, head: 0.5, ..Dropout::NONE }, ..Spec::dense(6, 32, 5) };
/// assert!(spec.check().is_ok());
/// let all = Spec { dropout: Dropout { head: 1.0, ..Dropout::NONE }, ..spec };
/// assert!(all.check().is_err()); // nothing would be left
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// On the inputs of the first layer (the concatenated embeddings, or the dense row).
    pub input: f32,
    /// Between stacked layers.
    pub hidden: f32,
    /// On the head's input.
    pub head: f32,
    /// On the state that a step hands to the next: one mask per sequence, layer and direction, the same at
    /// every step (Gal and Ghahramani 2016).
    pub recurrent: f32,
}

impl Dropout {
    /// No dropout anywhere.
    ///
    /// ```
    /// # use elman_core::{Dropout, Spec};
    /// assert_eq!(Spec::dense(6, 32, 5).dropout, Dropout::NONE);
    /// ```
    pub const NONE: Self = Self {
        input: 0.0,
        hidden: 0.0,
        head: 0.0,
        recurrent: 0.0,
    };

    /// The first thing that is wrong.
    pub(super) const fn problem(&self) -> Option<&'static str> {
        let rates = [self.input, self.hidden, self.head, self.recurrent];
        let mut i = 0;
        while i < rates.len() {
            if !(rates[i] >= 0.0 && rates[i] < 1.0) {
                return Some("dropout rates must lie in [0, 1)");
            }
            i += 1;
        }
        None
    }
}
