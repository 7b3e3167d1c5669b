//! Golden samples in their order, and the rows behind the end of a sequence.

use crate::error::Error;

/// A row of golden samples; nothing where they end too soon.
pub(super) fn golden_row(raw: &[f32], start: usize, columns: usize) -> &[f32] {
    raw.get(start..start + columns).unwrap_or(&[])
}

/// What the steps that waited for later rows say in the end: the last event that fires, else what the last says.
#[inline(always)]
pub(super) fn last_of<E>(
    delay: usize,
    fires: impl Fn(&E) -> bool,
    mut next: impl FnMut() -> Result<Option<E>, Error>,
) -> Result<Option<E>, Error> {
    let mut last = None;
    for _ in 0..delay {
        last = match (last, next()?) {
            (Some(fired), Some(event)) if fires(&fired) && !fires(&event) => Some(fired),
            (last, event) => event.or(last),
        };
    }
    Ok(last)
}

/// A sample of a golden sequence, or a row behind its end.
pub(super) struct Turn {
    pub is_first: bool,
    pub is_sample: bool,
}

/// All samples of all sequences, and the rows that come behind each.
pub(super) fn turns(lengths: &[u32], delay: usize) -> impl Iterator<Item = Turn> {
    lengths.iter().flat_map(move |&length| {
        let length = length as usize;
        (0..length + delay).map(move |t| Turn {
            is_first: t == 0,
            is_sample: t < length,
        })
    })
}
