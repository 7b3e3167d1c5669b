//! How a batch went, as one rank tells it to the others.

use elman_core::NonFinite;

/// How a batch went, in all its shards.
pub struct BatchOutcome {
    /// Of every shard, in their order.
    pub losses: Vec<f64>,
    /// The first that was not finite, and its sequence of the training data.
    pub trouble: Option<(NonFinite, usize)>,
    /// Whether another rank was asked to stop.
    pub is_asked: bool,
}

/// Words of a rank's message, before the losses.
pub const HEAD: usize = 5;
pub const FAILED: u64 = 1;
pub const ASKED: u64 = 2;
const TROUBLED: u64 = 4;

/// The first words of a rank's message.
pub fn head(outcome: &BatchOutcome, is_failed: bool) -> [u64; HEAD] {
    let flag = |is_up: bool, flag: u64| if is_up { flag } else { 0 };
    let flags = flag(is_failed, FAILED) | flag(outcome.is_asked, ASKED);
    let Some((
        NonFinite {
            layer,
            step,
            sequence: _,
        },
        sequence,
    )) = outcome.trouble
    else {
        return [flags, 0, 0, 0, 0];
    };
    let (is_layer, layer) = (u64::from(layer.is_some()), layer.unwrap_or(0) as u64);
    [
        flags | TROUBLED,
        is_layer,
        layer,
        step as u64,
        sequence as u64,
    ]
}

/// What [`head`] says of trouble.
pub fn trouble(words: &[u64]) -> Option<(NonFinite, usize)> {
    let &[flags, is_layer, layer, step, sequence, ..] = words else {
        return None;
    };
    let trouble = NonFinite {
        layer: (is_layer != 0).then_some(layer as usize),
        step: step as usize,
        // Its place in a batch that the others do not know.
        sequence: 0,
    };
    (flags & TROUBLED != 0).then_some((trouble, sequence as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_travels() {
        for layer in [None, Some(0), Some(3)] {
            let found = NonFinite {
                layer,
                step: 5,
                sequence: 2,
            };
            let outcome = BatchOutcome {
                losses: Vec::new(),
                trouble: Some((found, 77)),
                is_asked: true,
            };
            let (there, sequence) = trouble(&head(&outcome, false)).expect("trouble");
            assert_eq!((there.layer, there.step, sequence), (layer, 5, 77));
        }
    }
}
