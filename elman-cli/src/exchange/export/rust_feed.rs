//! Around the net in Rust: what [`elman_core::feed`] needs to take raw samples and tell events.

use std::fmt::Write as _;

use elman_core::Spec;
use elman_core::feed::{IntegerRule, IntegerScale, IntegerSoftmax, Samples};

use super::feed::{FeedProof, IntegerFeed};
use super::source::{list, number};
use super::table::table;
use crate::base::encoding::Scale;

/// Bytes of the buffers beside those of the net, which reads numbers of so many bytes.
pub fn ram_bytes(spec: &Spec, feed: &FeedProof, number: usize) -> usize {
    let rows = Samples::rows_len(feed.front.scale.len(), feed.front.window);
    number * rows + 4 * 2 * spec.output_width()
}

/// Bytes of scale and golden samples of an int8 net.
pub fn flash_bytes(feed: &IntegerFeed<'_>) -> usize {
    feed.proof.bytes(4, size_of::<IntegerScale>())
}

/// Scale, rule, golden samples and two functions.
pub fn write(feed: &FeedProof, text: &mut String) {
    let (front, rule) = (&feed.front, &feed.rule);
    let column = |Scale {
                      mean, rest, factor, ..
                  }: &Scale| {
        format!(
            "feed::ColumnScale {{ mean: {}, rest: {}, factor: {} }}",
            number(*mean),
            number(*rest),
            number(*factor)
        )
    };
    let columns = front.scale.len();
    table(
        text,
        SCALE_ABOUT,
        &format!("pub static SCALE: [feed::ColumnScale; {columns}]"),
        &list(front.scale.iter().map(column), 1),
    );
    let background = background(rule.background);
    let _ = write!(
        text,
        "
/// Raw numbers are cut to so many standard deviations.
pub const FARTHEST: f32 = {};
{WINDOW}{};
{RULE}feed::Rule = feed::Rule {{
    smoothing: {},
    threshold: {},
    refractory: {},
    background: {background},
}};
{ROWS}",
        number(front.farthest),
        front.window,
        number(rule.smoothing),
        number(rule.threshold),
        rule.refractory,
    );
    let probabilities = feed.probabilities.iter().map(|&x| number(x));
    golden(text, feed, &feed.fires, ("f32", probabilities.collect()));
    *text += &FUNCTIONS.replace("MISSING", &feed.missing.to_string());
}

/// A column of an int8 net.
fn integer_column(scale: &IntegerScale) -> String {
    let IntegerScale {
        multiplier,
        shift,
        offset,
    } = scale;
    format!("feed::IntegerScale {{ multiplier: {multiplier}, shift: {shift}, offset: {offset} }}")
}

/// The same of an int8 net.
pub fn write_int8(feed: &IntegerFeed<'_>, text: &mut String) {
    table(
        text,
        SCALE_ABOUT,
        &format!(
            "pub static SCALE: [feed::IntegerScale; {}]",
            feed.entrance.scale.len()
        ),
        &list(feed.entrance.scale.iter().map(integer_column), 1),
    );
    let IntegerRule {
        halvings,
        threshold,
        refractory,
        background: none,
        softmax,
    } = feed.rule;
    let IntegerSoftmax {
        farthest,
        shift,
        multiplier,
    } = softmax;
    let _ = write!(
        text,
        "
/// What the net reads is cut to this.
pub const FARTHEST: i16 = {};
{WINDOW}{};
{RULE}feed::IntegerRule = feed::IntegerRule {{
    halvings: {halvings},
    threshold: {threshold},
    refractory: {refractory},
    background: {},
    softmax: feed::IntegerSoftmax {{
        farthest: {farthest},
        shift: {shift},
        multiplier: {multiplier},
    }},
}};
{ROWS}",
        feed.entrance.farthest,
        feed.proof.front.window,
        background(none)
    );
    let probabilities = feed.probabilities.iter().map(u32::to_string);
    golden(
        text,
        feed.proof,
        &feed.fires,
        ("u32", probabilities.collect()),
    );
    *text += &INT8_FUNCTIONS.replace("MISSING", &feed.proof.missing.to_string());
}

const SCALE_ABOUT: &str = "How each column of a raw sample comes to the scale of training.";
const WINDOW: &str = "/// Rows that a step reads at once: events come half of that late.\npub const WINDOW: usize = ";
const RULE: &str =
    "/// When an answer is an event: `elman eval --events` tunes it.\npub const RULE: ";
const ROWS: &str = "/// Numbers of room for rows.
pub const ROWS: usize = feed::Samples::rows_len(SCALE.len(), WINDOW);
";

fn background(class: Option<usize>) -> String {
    match class {
        Some(class) => format!("Some({class})"),
        None => "None".to_owned(),
    }
}

/// Golden samples and events; probabilities, and of what type they are.
fn golden(text: &mut String, feed: &FeedProof, fires: &[i32], (of, items): (&str, Vec<String>)) {
    let mut golden = |about: &str, of: &str, name: &str, items: Vec<String>, width: usize| {
        let declaration = format!("static GOLDEN_{name}: [{of}; {}]", items.len());
        table(text, about, &declaration, &list(items, width));
    };
    golden(
        "Raw samples.",
        "f32",
        "RAW",
        feed.raw.iter().map(|&x| number(x)).collect(),
        feed.front.scale.len().min(16),
    );
    golden(
        "Of every step the class of the event that must come, or -1.",
        "i32",
        "FIRES",
        fires.iter().map(i32::to_string).collect(),
        16,
    );
    golden(
        "Of every step the smoothed probability of the likeliest class.",
        of,
        "PROBABILITIES",
        items,
        16,
    );
}

const FUNCTIONS: &str = r"
/// The whole way from raw samples to events: `feeder(…)?.feed(&raw)?` for every sample.
pub fn feeder<'a>(
    state: &'a mut [f32],
    scratch: &'a mut [Strip],
    buffers: feed::FeedBuffers<'a>,
) -> Result<feed::Feed<'a, FixedStream<'a, Net>>, Error> {
    let scale = (&SCALE[..], FARTHEST, WINDOW);
    feed::Feed::new(stream(state, scratch)?, scale, RULE, buffers)
}

/// Runs golden samples the whole way, in buffers on the stack: 0 if all is well, else the number of the first output that
/// is wrong, counted from 1; `usize::MAX` if this file is damaged.
pub fn feed_self_test() -> usize {
    let mut state = [0.0; SPEC.state_len()];
    let mut scratch = [Strip::ZERO; SPEC.stream_len()];
    let buffers = feed::FeedBuffers {
        rows: &mut [0.0; ROWS],
        outputs: &mut [0.0; SPEC.output_width()],
        smooth: &mut [0.0; SPEC.output_width()],
    };
    let samples = feed::FeedGolden {
        raw: &GOLDEN_RAW,
        missing: MISSING,
        fires: &GOLDEN_FIRES,
        probabilities: &GOLDEN_PROBABILITIES,
    };
    let checked = feeder(&mut state, &mut scratch, buffers)
        .and_then(|mut feeder| feeder.check(Level::detect(), &GOLDEN, &samples));
    match checked {
        Ok(None) => 0,
        Ok(Some(index)) => index + 1,
        Err(_) => usize::MAX,
    }
}
";

const INT8_FUNCTIONS: &str = r"
/// The whole way from raw samples to events, without a float: `feeder(…)?.feed(&raw)?` for every sample, `feed_whole` for
/// whole numbers.
pub fn feeder<'a>(
    state: &'a mut [u32],
    scratch: &'a mut [u32],
    buffers: feed::QuantizedFeedBuffers<'a>,
) -> Result<feed::QuantizedFeed<'a>, Error> {
    let scale = (&SCALE[..], FARTHEST, WINDOW);
    feed::QuantizedFeed::new(stream(state, scratch)?, scale, RULE, buffers)
}

/// Runs golden samples the whole way, in buffers on the stack: 0 if all is well, else the number of the first logit that
/// is wrong, counted from 1; `usize::MAX` if this file is damaged.
pub fn feed_self_test() -> usize {
    let mut state = [0; SPEC.int8().state_len()];
    let mut scratch = [0; SPEC.int8().stream_len()];
    let buffers = feed::QuantizedFeedBuffers {
        rows: &mut [0; ROWS],
        logits: &mut [0; SPEC.output_width()],
        smooth: &mut [0; SPEC.output_width()],
    };
    let golden = feed::QuantizedFeedGolden {
        lengths: &GOLDEN_LENGTHS,
        raw: &GOLDEN_RAW,
        missing: MISSING,
        logits: &GOLDEN_LOGITS,
        fires: &GOLDEN_FIRES,
        probabilities: &GOLDEN_PROBABILITIES,
    };
    let checked =
        feeder(&mut state, &mut scratch, buffers).and_then(|mut feeder| feeder.check(&golden));
    match checked {
        Ok(None) => 0,
        Ok(Some(index)) => index + 1,
        Err(_) => usize::MAX,
    }
}
";
