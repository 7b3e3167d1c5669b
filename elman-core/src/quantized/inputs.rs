//! What the first layer of an int8 net reads: 16-bit integers, or token ids.

use crate::error::{Error, check_shape};
use crate::inputs::Inputs;
use crate::simd::int8::pair;
use crate::spec::{Channel, Input, Spec};

/// What the first layer reads, as integers.
///
/// ```
/// # use elman_core::{*, quantized::*};
/// # let spec = Spec::dense(2, 3, 1);
/// # let mut words = vec![0; spec.int8().model_len()];
/// QuantizedWriter::new(&spec, &mut words)?.input_scale(1000.0);
/// let model = QuantizedModel::new(spec, &words)?;
/// let row = [0.5, -1.25].map(|x| model.integer(x));
/// assert_eq!(row, [500, -1250]);
/// # let (mut state, mut room) = (vec![0; spec.int8().state_len()], vec![0; spec.int8().workspace_len(1)]);
/// # let mut logits = [0];
/// model.forward_integers(Integers::Dense(&row), 1, &mut state, &mut room, &mut logits)?;
/// let tokens = model.forward_integers(Integers::Tokens(&[7]), 1, &mut state, &mut room, &mut logits);
/// assert_eq!(tokens, Err(Error::InputKind)); // a net reads the one or the other
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Integers<'a> {
    /// (R, I) numbers, each worth `1 / `[`QuantizedModel::input_scale`](super::QuantizedModel::input_scale).
    Dense(&'a [i16]),
    /// (R, channels) token ids; the id `vocabulary` is the padding row.
    Tokens(&'a [u32]),
}

impl Integers<'_> {
    /// Checks kind, length and every token id.
    pub(super) fn check(&self, spec: &Spec, rows: usize) -> Result<(), Error> {
        match (self, &spec.input) {
            (Self::Dense(numbers), Input::Dense { width }) => {
                check_shape("inputs", [rows, *width], numbers.len())
            }
            (Self::Dense(_), Input::Tokens { .. }) => Err(Error::InputKind),
            (Self::Tokens(ids), _) => Inputs::Tokens(ids).check(spec, rows),
        }
    }
}

/// Token channels of the spec; none for dense rows.
pub(super) fn channels(spec: &Spec) -> &[Channel] {
    match &spec.input {
        Input::Dense { .. } => &[],
        Input::Tokens { channels, .. } => channels.as_slice(),
    }
}

/// A dense row as a vector, two numbers in a word.
#[inline(always)]
pub(super) fn write_row<T: Copy>(row: &[T], x: &mut [u32], number: impl Fn(T) -> i16) {
    let (even, last) = row.as_chunks::<2>();
    let pairs = even.iter().map(|&[low, high]| (number(low), number(high)));
    let last = last.first().map(|&low| (number(low), 0));
    for (x, (low, high)) in x.iter_mut().zip(pairs.chain(last)) {
        *x = pair(low.into(), high.into());
    }
}

/// Number of 16 bits nearest to `x·scale`; zero for a NaN.
#[inline(always)]
pub(super) fn round_to_16(x: f32, scale: f32) -> i16 {
    let scaled = x * scale;
    let half = if scaled < 0.0 { -0.5 } else { 0.5 };
    ((scaled + half) as i32).clamp(-0x7fff, 0x7fff) as i16
}
