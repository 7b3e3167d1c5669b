//! Around the net in Rust: what [`elman_core::feed`] needs to take raw samples and tell events.

use std::fmt::Write as _;

use elman_core::Spec;
use elman_core::feed::Samples;

use super::feed::FeedProof;
use super::source::{list, number};
use super::table::table;
use crate::base::encoding::Scale;

/// Bytes of the buffers beside those of the net.
pub fn ram_bytes(spec: &Spec, feed: &FeedProof) -> usize {
    let rows = Samples::rows_len(feed.front.scale.len(), feed.front.window);
    4 * (rows + 2 * spec.output_width())
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
        "How each column of a raw sample comes to the scale of training.",
        &format!("pub static SCALE: [feed::ColumnScale; {columns}]"),
        &list(front.scale.iter().map(column), 1),
    );
    let background = match rule.background {
        Some(class) => format!("Some({class})"),
        None => "None".to_owned(),
    };
    let _ = write!(
        text,
        "
/// Raw numbers are cut to so many standard deviations.
pub const FARTHEST: f32 = {};
/// Rows that a step reads at once: events come half of that late.
pub const WINDOW: usize = {};
/// When an answer is an event: `elman eval --events` tunes it.
pub const RULE: feed::Rule = feed::Rule {{
    smoothing: {},
    threshold: {},
    refractory: {},
    background: {background},
}};
/// Numbers of room for rows.
pub const ROWS: usize = feed::Samples::rows_len(SCALE.len(), WINDOW);
",
        number(front.farthest),
        front.window,
        number(rule.smoothing),
        number(rule.threshold),
        rule.refractory,
    );
    let mut golden = |about: &str, of: &str, name: &str, items: Vec<String>, width: usize| {
        let declaration = format!("static GOLDEN_{name}: [{of}; {}]", items.len());
        table(text, about, &declaration, &list(items, width));
    };
    let numbers = |row: &[f32]| row.iter().map(|&x| number(x)).collect();
    golden(
        "Raw samples.",
        "f32",
        "RAW",
        numbers(&feed.raw),
        columns.min(16),
    );
    golden(
        "Of every step the class of the event that must come, or -1.",
        "i32",
        "FIRES",
        feed.fires.iter().map(i32::to_string).collect(),
        16,
    );
    golden(
        "Of every step the smoothed probability of the likeliest class.",
        "f32",
        "PROBABILITIES",
        numbers(&feed.probabilities),
        16,
    );
    *text += &FUNCTIONS.replace("MISSING", &feed.missing.to_string());
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
