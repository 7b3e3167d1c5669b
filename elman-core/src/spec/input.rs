//! What a time step reads.

use super::List;
use super::dimension::{MAX_DIMENSION, is_dimension};

/// At most this many token channels.
///
/// ```
/// # use elman_core::{Channel, Channels, MAX_CHANNELS};
/// let letters = Channel { vocabulary: 26, width: 8 };
/// assert!(Channels::from_slice(&[letters; MAX_CHANNELS]).is_ok());
/// assert!(Channels::from_slice(&[letters; MAX_CHANNELS + 1]).is_err());
/// ```
pub const MAX_CHANNELS: usize = 8;

/// The token channels: one embedding table each, concatenated.
///
/// ```
/// # use elman_core::{Channel, Channels};
/// let (word, shape) = (Channel { vocabulary: 5000, width: 32 }, Channel { vocabulary: 40, width: 8 });
/// assert_eq!(Channels::of([word, shape]).len(), 2);
/// ```
pub type Channels = List<Channel, MAX_CHANNELS>;

/// What a time step reads.
///
/// ```
/// # use elman_core::{Channel, Channels, Input};
/// let channels = Channels::of([Channel { vocabulary: 5000, width: 32 }, Channel { vocabulary: 40, width: 8 }]);
/// assert_eq!(Input::Tokens { channels, window: 5 }.width(), 5 * (32 + 8));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input {
    /// `width` numbers.
    Dense {
        /// Numbers per time step.
        width: usize,
    },
    /// One token id per channel, for the step itself and its neighbours.
    Tokens {
        /// One trained embedding table per channel.
        channels: Channels,
        /// Steps seen at once, odd: 5 is the step itself and two neighbours on either side.
        /// Neighbours outside the sequence read the trained padding row.
        window: usize,
    },
}

/// One token channel (word, word shape, suffix …) and its embedding table.
///
/// ```
/// # use elman_core::*;
/// let words = Channels::of([Channel { vocabulary: 5000, width: 32 }]);
/// let spec = Spec { input: Input::Tokens { channels: words, window: 1 }, ..Spec::dense(1, 16, 5) };
/// // The table has a row for padding, too.
/// assert_eq!(spec.tables_len(), 5001 * 32);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Channel {
    /// Token ids run from 0 to `vocabulary - 1`; the id `vocabulary` is the padding row.
    pub vocabulary: usize,
    /// Numbers per embedding.
    pub width: usize,
}

impl Input {
    /// Numbers per row that the first layer reads.
    ///
    /// ```
    /// # use elman_core::Input;
    /// assert_eq!(Input::Dense { width: 6 }.width(), 6);
    /// ```
    #[inline(always)]
    pub const fn width(&self) -> usize {
        match self {
            Self::Dense { width } => *width,
            Self::Tokens { channels, window } => {
                let (mut sum, mut i) = (0, 0);
                while i < channels.len() {
                    sum += channels.get(i).width;
                    i += 1;
                }
                sum * *window
            }
        }
    }

    /// The first thing that is wrong.
    pub(super) const fn problem(&self) -> Option<&'static str> {
        match self {
            Self::Dense { width } if !is_dimension(*width) => {
                Some("input width must lie in 1..=2^24")
            }
            Self::Dense { .. } => None,
            Self::Tokens { channels, window } => {
                if *window % 2 == 0 || *window > 1025 {
                    return Some("the context window must be odd and at most 1025");
                }
                let (mut width, mut i) = (0, 0);
                while i < channels.len() {
                    let channel = channels.get(i);
                    if !is_dimension(channel.vocabulary) {
                        return Some("vocabulary must lie in 1..=2^24");
                    }
                    if !is_dimension(channel.width) {
                        return Some("embedding width must lie in 1..=2^24");
                    }
                    width += channel.width as u64 * *window as u64;
                    i += 1;
                }
                if width > MAX_DIMENSION as u64 {
                    return Some("window times embedding widths exceeds 2^24");
                }
                None
            }
        }
    }

    /// Numbers in all embedding tables.
    pub(super) const fn embeddings(&self) -> u64 {
        let (mut sum, mut i) = (0, 0);
        if let Self::Tokens { channels, .. } = self {
            while i < channels.len() {
                let channel = channels.get(i);
                sum += (channel.vocabulary as u64 + 1) * channel.width as u64;
                i += 1;
            }
        }
        sum
    }

    /// Rows that one time step of a stream reads: a window of tokens, or one dense row.
    ///
    /// ```
    /// # use elman_core::{Channel, Channels, Input};
    /// let channels = Channels::of([Channel { vocabulary: 5000, width: 32 }]);
    /// assert_eq!(Input::Tokens { channels, window: 5 }.rows_per_step(), 5);
    /// assert_eq!(Input::Dense { width: 6 }.rows_per_step(), 1);
    /// ```
    #[inline(always)]
    pub const fn rows_per_step(&self) -> usize {
        match self {
            Self::Dense { .. } => 1,
            Self::Tokens { window, .. } => *window,
        }
    }

    /// Token channels; 0 for dense rows.
    ///
    /// ```
    /// # use elman_core::{Channel, Channels, Input};
    /// let channels = Channels::of([Channel { vocabulary: 5000, width: 32 }, Channel { vocabulary: 40, width: 8 }]);
    /// assert_eq!(Input::Tokens { channels, window: 5 }.channel_count(), 2);
    /// assert_eq!(Input::Dense { width: 6 }.channel_count(), 0);
    /// ```
    pub const fn channel_count(&self) -> usize {
        match self {
            Self::Dense { .. } => 0,
            Self::Tokens { channels, .. } => channels.len(),
        }
    }
}
