//! Int8 nets: words of an image in flash, and whole numbers from raw samples to logits.

use elman_core::Strip;
use elman_core::feed::{IntegerEvent, IntegerScale, QuantizedFeed, QuantizedFeedBuffers, Samples};
use elman_core::quantized::{QuantizedImage, QuantizedSelfTest, QuantizedStream};

use crate::Sizes;
use crate::code::{Code, halves_mut, integers_mut, words_mut};
use crate::feed::{Event, Said};

/// What an image needs.
pub fn sizes(image: &QuantizedImage<'_>) -> Sizes {
    let spec = &image.spec;
    let front = image.front.as_ref();
    let streams = !spec.is_bidirectional();
    Sizes {
        state: spec.int8().state_len(),
        scratch: if streams {
            Strip::count(spec.int8().stream_len())
        } else {
            0
        },
        columns: front.map_or(0, |front| front.scales.len()),
        delay: front.map_or(0, |front| front.window(spec) / 2),
        room: front.map_or(0, |front| front.room_len(spec)),
        golden_samples: front.map_or(0, |front| front.fires.len()),
        is_int8: 1,
        ..Sizes::of(spec, image.golden.lengths)
    }
}

/// The first logit of the golden vectors that is wrong. Every buffer has numbers of 32 bits, whatever they are.
pub fn self_test(
    image: &QuantizedImage<'static>,
    state: &mut [f32],
    scratch: &mut [Strip],
    outputs: &mut [f32],
) -> Result<Option<usize>, Code> {
    let buffers = QuantizedSelfTest {
        state: words_mut(state),
        scratch: words_mut(Strip::floats_mut(scratch)),
        logits: integers_mut(outputs),
    };
    Ok(image.golden.check_stream(&image.model()?, buffers)?)
}

/// At the initial state, in the caller's buffers.
pub fn start(
    image: &QuantizedImage<'static>,
    state: &'static mut [f32],
    scratch: &'static mut [Strip],
) -> Result<QuantizedStream<'static>, Code> {
    let scratch = words_mut(Strip::floats_mut(scratch));
    Ok(QuantizedStream::new(
        image.model()?,
        words_mut(state),
        scratch,
    )?)
}

/// Before the first sample, in the caller's buffers.
pub fn start_feed(
    image: &QuantizedImage<'static>,
    state: &'static mut [f32],
    scratch: &'static mut [Strip],
    numbers: &'static mut [f32],
) -> Result<QuantizedFeed<'static>, Code> {
    let front = image.front.ok_or(Code::NoFeed)?;
    let spec = &image.spec;
    if numbers.len() != front.room_len(spec) {
        return Err(Code::Length);
    }
    let (columns, outputs) = (front.scales.len(), spec.output_width());
    let rows = Samples::rows_len(columns, front.window(spec));
    // The scales first, since these may begin behind where the memory does.
    let rest = rows.div_ceil(2) + 2 * outputs;
    let split = numbers.len().checked_sub(rest).ok_or(Code::Length)?;
    let (scales, rest) = numbers.split_at_mut_checked(split).ok_or(Code::Length)?;
    let (logits, rest) = rest.split_at_mut_checked(outputs).ok_or(Code::Length)?;
    let (smooth, halves) = rest.split_at_mut_checked(outputs).ok_or(Code::Length)?;
    let scales = scales_mut(scales).get_mut(..columns).ok_or(Code::Length)?;
    let buffers = QuantizedFeedBuffers {
        rows: halves_mut(halves).get_mut(..rows).ok_or(Code::Length)?,
        logits: integers_mut(logits),
        smooth: integers_mut(smooth),
    };
    Ok(front.feed(start(image, state, scratch)?, scales, buffers)?)
}

/// Numbers as scales, from the first that is aligned for one.
fn scales_mut(numbers: &mut [f32]) -> &mut [IntegerScale] {
    numbers.fill(0.0);
    // SAFETY: zeros are numbers of any width, so what lies there is a scale; `align_to_mut` only calls so what is aligned and whole. The
    // memory is not read as floats again.
    unsafe { numbers.align_to_mut::<IntegerScale>() }.1
}

/// The first golden sample of which something wrong comes.
pub fn check_feed(
    image: &QuantizedImage<'static>,
    feed: &mut QuantizedFeed<'static>,
) -> Result<Option<usize>, Code> {
    let samples = image.samples().ok_or(Code::NoSamples)?;
    Ok(feed.check(&samples)?)
}

/// An event as C reads it.
pub fn told(event: Option<IntegerEvent>, feed: &QuantizedFeed<'_>) -> Event {
    let said = event.map(|event| Said {
        step: event.step,
        class: event.class,
        // Exact: 15 bits.
        probability: feed.probability(event.class) as f32 / 32768.0,
        fires: event.fires,
    });
    Event::of(said, feed.missing())
}
