//! The one error type: shapes are checked at the border, once.

use core::fmt;

/// What was wrong with what was handed in.
///
/// ```
/// # use elman_core::*;
/// let spec = Spec::dense(2, 3, 1);
/// let (short, mut packed) = ([0.1; 20], vec![Strip::ZERO; spec.packed_len()]);
/// let result = pack(&spec, &short, &mut packed);
/// assert_eq!(result, Err(Error::Length { what: "params", expected: 22, found: 20 }));
/// let message = result.map_err(|error| error.to_string());
/// assert_eq!(message, Err("params must have length 22, found 20".into()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The spec itself makes no sense.
    Spec(&'static str),
    /// A slice has the wrong length.
    Length {
        /// Which slice.
        what: &'static str,
        /// The length it must have (for scratch: at least).
        expected: usize,
        /// The length it has.
        found: usize,
    },
    /// The batch is empty, has an empty sequence, or grows over time.
    Batch(&'static str),
    /// Dense rows for a token net, or tokens for a dense one.
    InputKind,
    /// A token id beyond its channel's vocabulary.
    Token {
        /// Row of the batch.
        row: usize,
        /// Channel.
        channel: usize,
        /// The id found.
        id: u32,
        /// Ids run up to and including this one, the padding row.
        vocabulary: usize,
    },
    /// A target class that the head has no output for.
    Target {
        /// Row of the batch.
        row: usize,
        /// The class found.
        class: u32,
        /// How many classes there are.
        classes: usize,
    },
    /// A weight that bfloat16 cannot hold: infinite, NaN, or within half a step of the largest `f32`.
    Bfloat16Range(f32),
    /// Words that are no net in whole numbers.
    Quantized(&'static str),
    /// A loss divided by something that is not finite, or negative.
    Total(f64),
    /// Bytes that are no image of a net, or a damaged one.
    Image(&'static str),
    /// Steps outside the batch, or a truncation that this net cannot do.
    Steps(&'static str),
}

impl core::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Spec(why)
            | Self::Batch(why)
            | Self::Steps(why)
            | Self::Image(why)
            | Self::Quantized(why) => f.write_str(why),
            Self::Length {
                what,
                expected,
                found,
            } => write!(f, "{what} must have length {expected}, found {found}"),
            Self::Bfloat16Range(weight) => write!(f, "bfloat16 cannot hold the weight {weight}"),
            Self::Total(total) => write!(f, "the loss is divided by {total}, which makes no sense"),
            Self::InputKind => {
                f.write_str("the net reads tokens and got dense rows, or the other way round")
            }
            Self::Token {
                row,
                channel,
                id,
                vocabulary,
            } => {
                write!(
                    f,
                    "row {row}: token id {id} of channel {channel} exceeds the vocabulary of {vocabulary}"
                )
            }
            Self::Target {
                row,
                class,
                classes,
            } => {
                write!(
                    f,
                    "row {row}: class {class}, but the head has {classes} classes"
                )
            }
        }
    }
}

/// `Ok` if `found` is the product of the dimensions, which may be too large for any slice.
pub(crate) fn check_shape(
    what: &'static str,
    dimensions: [usize; 2],
    found: usize,
) -> Result<(), Error> {
    let expected = dimensions[0].saturating_mul(dimensions[1]);
    // A product that saturated is longer than any slice of f32.
    check_len(what, expected, found)
}

/// `Ok` if `found` is `expected`.
pub(crate) fn check_len(what: &'static str, expected: usize, found: usize) -> Result<(), Error> {
    if found == expected {
        Ok(())
    } else {
        Err(Error::Length {
            what,
            expected,
            found,
        })
    }
}

/// `Ok` if `found` is at least `expected`.
pub(crate) fn check_room(what: &'static str, expected: usize, found: usize) -> Result<(), Error> {
    if found >= expected {
        Ok(())
    } else {
        Err(Error::Length {
            what,
            expected,
            found,
        })
    }
}
