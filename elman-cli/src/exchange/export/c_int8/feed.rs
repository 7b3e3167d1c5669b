//! Around an int8 net in C: raw samples to the whole numbers that it reads, logits to events, and no float.

use std::ops::Range;

use elman_core::Spec;
use elman_core::feed::{Column, IntegerRule, IntegerScale, IntegerSoftmax};

use super::super::c::feed::{
    REACHES, Reads, Says, Tells, define, golden, golden_fires, golden_table, ram_bytes, raw_number,
    sample, smoothed, stream, write_header, write_test,
};
use super::super::c::text::Source;
use super::super::feed::IntegerFeed;
use super::super::source::list;
use super::words::PER_LINE;

const CHANCES: &str = include_str!("chances.c");
const PROBABILITY: &str = include_str!("probability.c");
const SCALE_FLOAT: &str = include_str!("scale_float.c");
const SCALE_WHOLE: &str = include_str!("scale_whole.c");

/// Rows lie where the net reads them.
const WHOLE: Reads = Reads {
    number: "int16_t",
    parameter: "",
    argument: "",
    room: "",
    row: "stream->net.x",
    window: "    memcpy(stream->net.x, stream->rows + stream->next * NET_COLUMNS, NET_WINDOW * NET_COLUMNS * sizeof *row);\n    return net_take(stream, event);\n",
};

/// Bytes of both scales of a column.
const SCALE_BYTES: usize = 2 * 20;

/// Bytes of scale and golden samples, and what a net_stream has beside the net's own.
pub fn bytes(spec: &Spec, feed: &IntegerFeed<'_>) -> (usize, usize) {
    let outputs = spec.output_width();
    let probabilities = match (feed.rule.is_by_probability(), feed.rule.halvings) {
        (false, _) => 0,
        (true, 0) => outputs,
        (true, _) => outputs + 1,
    };
    let ram = ram_bytes(&feed.proof.front, 2, 4 * (outputs + probabilities));
    (feed.proof.bytes(raw_number(feed.proof).1, SCALE_BYTES), ram)
}

/// What the header says of it.
pub fn header(to: &mut Source, spec: &Spec, feed: &IntegerFeed<'_>) {
    let rule = &feed.rule;
    let mut members =
        "    int32_t y[NET_OUTPUTS]; /* logits after the last step that was read */\n".to_owned();
    let mut when = "";
    if rule.is_by_probability() {
        members +=
            "    int32_t p[NET_OUTPUTS]; /* its probabilities, smoothed, in units of 2^-30 */\n";
    }
    if rule.threshold > 0 {
        define(
            to,
            "From this probability on a class is an event, in units of 2^-15.",
            "THRESHOLD",
            &rule.threshold.to_string(),
        );
        when = REACHES;
    }
    if rule.halvings > 0 {
        define(
            to,
            "The newest probabilities weigh 2 to the minus this.",
            "HALVINGS",
            &rule.halvings.to_string(),
        );
        members += "    uint32_t started;\n";
    }
    let says = Says {
        scaled: SCALED,
        event: "",
        members: &members,
        whole: "The same for whole numbers, as sensors have them: what net_feed does with the same numbers as floats, in 32 bits.",
        when,
        more: &MORE.replace("SMOOTHED", &smoothed(&feed.proof.rule)),
    };
    write_header(to, spec, feed.proof, &WHOLE, &says);
}

/// The functions, behind those of the net; tables of golden samples with them.
pub fn functions(to: &mut Source, feed: &IntegerFeed<'_>, labels: &[String]) {
    let (front, rule) = (&feed.proof.front, &feed.rule);
    scales(to, feed);
    to.piece(SCALE_FLOAT);
    to.piece(SCALE_WHOLE);
    softmax(to, &rule.softmax);
    let (each, before) = by_probability(rule);
    let tells = match rule.is_by_probability() {
        false => Tells {
            least: "INT32_MIN",
            before: "",
            each: "        const int32_t p = stream->y[i];\n",
            threshold: None,
            told: "",
        },
        true => Tells {
            least: "-1",
            before,
            each,
            threshold: (rule.threshold > 0).then_some("(int32_t)NET_THRESHOLD * 0x8000"),
            told: "",
        },
    };
    stream(to, (feed.proof, labels), &WHOLE, &tells);
    let (parts, share) = match rule.is_by_probability() {
        true => ("", "    return (uint32_t)stream->p[label] >> 15;\n"),
        false => (
            "    net_parts all;\n",
            "    net_divide(&all, stream->y);\n    return net_share(&all, label);\n",
        ),
    };
    let probability = PROBABILITY.replace("PARTS", parts);
    to.piece(&probability.replace("SHARE", share));
    sample(to, front, &WHOLE, ["net_feed", "float", "net_scale_row"]);
    sample(
        to,
        front,
        &WHOLE,
        ["net_feed_i16", "int16_t", "net_scale_row_i16"],
    );
    golden(to, feed.proof);
    golden_fires(to, &feed.fires);
    golden_table(
        to,
        "Of every step the smoothed probability of the likeliest class, in units of 2^-15.",
        ["uint32_t", "probabilities"],
        feed.probabilities.iter().map(|p| format!("{p}u")).collect(),
        PER_LINE,
    );
    write_test(
        to,
        feed.proof,
        "net_compare(stream->y, net_golden_logits + row * NET_OUTPUTS, NET_OUTPUTS)",
        "net_probability(stream, event.label) != net_golden_probabilities[row] || net_golden_fires[row] != (told == 1 ? (int32_t)event.label : -1)",
    );
}

/// The statements that make the smoothed probability of class `i`, and those before the first class.
fn by_probability(rule: &IntegerRule) -> (&'static str, &'static str) {
    match rule.halvings {
        0 => (
            "        const int32_t p = (int32_t)(net_share(&all, i) << 15);
        stream->p[i] = p;
",
            "    net_parts all;
    net_divide(&all, stream->y);
",
        ),
        _ => (
            "        const int32_t now = (int32_t)(net_share(&all, i) << 15);
        const int32_t before = was_started ? stream->p[i] : now;
        const int32_t p = before + ((now - before) >> NET_HALVINGS);
        stream->p[i] = p;
",
            "    const uint32_t was_started = stream->started;
    net_parts all;
    net_divide(&all, stream->y);
    stream->started = 1;
",
        ),
    }
}

/// How a softmax reads logits.
fn softmax(to: &mut Source, softmax: &IntegerSoftmax) {
    let IntegerSoftmax {
        farthest,
        shift,
        multiplier,
    } = softmax;
    to.piece(&format!(
        "
/* Logits so far below the largest are nothing; their low bits that do not count; what a unit of the rest is in octaves, in units of 2^-27. */
#define NET_FARTHEST_LOGIT {farthest}u
#define NET_LOGIT_SHIFT {shift}
#define NET_LOGIT_OCTAVES {multiplier}u
"
    ));
    to.piece(CHANCES);
}

/// Both scales.
fn scales(to: &mut Source, feed: &IntegerFeed<'_>) {
    to.piece(&format!(
        "
/* What the net reads is cut to this. */
#define NET_FARTHEST {}

/*
 * How a raw number of a column comes to what the net reads: floor((floor(x * multiplier / 2^shift) + offset) / 2^16). From low on count numbers
 * are not cut, so for them offsets and products may lack a multiple of 2^32.
 */
typedef struct {{
    int32_t low;
    uint32_t count, multiplier, offset;
    int32_t shift;
}} net_column;
",
        feed.entrance.farthest
    ));
    let mut table = |about: &str, name: &str, column: &dyn Fn(&IntegerScale) -> String| {
        to.table(
            about,
            &format!("static const NET_FLASH net_column net_{name}[NET_COLUMNS]"),
            &list(feed.entrance.scale.iter().map(column), 1),
        );
    };
    table(
        "Of floats: low and count of their bits in the order of the numbers, the shift of a mantissa of 1.",
        "scale",
        &|&scale| {
            let all = order(f32::MIN)..order(f32::INFINITY);
            let scaled = |x: i64| {
                scale
                    .apply(in_order(x as i32), feed.entrance.farthest)
                    .unwrap_or(0)
            };
            let shift = i32::from(scale.shift) + 150;
            column(
                scale,
                uncut(all, feed.entrance.farthest, scaled),
                (scale.multiplier.into(), shift),
            )
        },
    );
    table("Of whole numbers.", "scale_i16", &|&scale| {
        let all = i64::from(i16::MIN)..i64::from(i16::MAX) + 1;
        let scaled = |x: i64| scale.whole(x as i16, feed.entrance.farthest);
        let left = (-i32::from(scale.shift)).max(0) as u32;
        let multiplier = u32::from(scale.multiplier).checked_shl(left);
        let shift = i32::from(scale.shift).clamp(0, 31);
        let factor = (multiplier.unwrap_or_default(), shift);
        column(scale, uncut(all, feed.entrance.farthest, scaled), factor)
    });
}

/// A column as C has it.
fn column(
    scale: IntegerScale,
    (low, count): (i64, i64),
    (multiplier, shift): (u32, i32),
) -> String {
    let offset = scale.offset as u32;
    format!("{{{low}, {count}u, {multiplier}u, {offset}u, {shift}}}")
}

/// The first of some numbers in order that is not cut, and how many are not. Scales never fall.
fn uncut(all: Range<i64>, farthest: i16, scaled: impl Fn(i64) -> i16) -> (i64, i64) {
    let first = |reached: &dyn Fn(i16) -> bool| {
        let (mut low, mut high) = (all.start, all.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if reached(scaled(middle)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    };
    let low = first(&|x| x > -farthest);
    (low, (first(&|x| x >= farthest) - low).max(0))
}

/// Bits of a float as a number that grows with it.
fn order(x: f32) -> i64 {
    let bits = x.to_bits() as i32;
    (if bits < 0 { bits ^ i32::MAX } else { bits }).into()
}

/// The float there.
fn in_order(order: i32) -> f32 {
    f32::from_bits((if order < 0 { order ^ i32::MAX } else { order }) as u32)
}

const SCALED: &str = "It comes to the whole numbers that the net
 * reads by whole numbers alone, from floats by their bits: the nearest to (value - mean) / deviation * NET_INPUT_SCALE, at most one away from
 * net_integer of that in single precision.";

const MORE: &str = "/*
 * The probability of a class at the last step that was read, in units of 2^-15SMOOTHED. It is whole numbers as well, within 2^-11 of the
 * softmax of the logits. 0 for a number that is no class.
 */
uint32_t net_probability(const net_stream *stream, size_t label);

";
