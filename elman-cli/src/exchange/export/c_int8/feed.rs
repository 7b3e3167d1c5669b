//! Around an int8 net in C: raw samples to the whole numbers that it reads, logits to events, and no float.

use elman_core::Spec;
use elman_core::feed::{IntegerRule, IntegerScale, IntegerSoftmax};

use super::super::c::feed::{
    Reads, Says, Tells, define, golden, golden_fires, golden_table, ram_bytes, raw_number, sample,
    smoothed, stream, write_header, write_test,
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

/// Bytes of both scales of a column: 20 for whole numbers, 16 for floats.
const SCALE_BYTES: usize = 36;

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
        define(
            to,
            "From this probability on a class is an event, in units of 2^-15.",
            "THRESHOLD",
            &rule.threshold.to_string(),
        );
        members +=
            "    int32_t p[NET_OUTPUTS]; /* its probabilities, smoothed, in units of 2^-30 */\n";
        when = "a class reaches NET_THRESHOLD, ";
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
pub fn functions(to: &mut Source, feed: &IntegerFeed<'_>) {
    let (front, rule) = (&feed.proof.front, &feed.rule);
    scales(to, feed);
    to.piece(SCALE_FLOAT);
    to.piece(SCALE_WHOLE);
    softmax(to, &rule.softmax);
    let (each, before) = by_probability(rule);
    let tells = match rule.is_by_probability() {
        false => Tells {
            number: "int32_t",
            least: "INT32_MIN",
            before: "",
            each: "        const int32_t p = stream->y[i];\n",
            is_there: "1",
            told: "",
        },
        true => Tells {
            number: "int32_t",
            least: "-1",
            before: &before,
            each: &each,
            is_there: "most >= (int32_t)NET_THRESHOLD * 0x8000",
            told: "",
        },
    };
    stream(to, feed.proof, &WHOLE, &tells);
    let probability = match rule.is_by_probability() {
        true => "    return (uint32_t)stream->p[label] >> 15;\n",
        false => {
            "    {\n        const net_divisor divisor = net_divide(stream->y);\n        return net_share(&divisor, stream->y[label]);\n    }\n"
        }
    };
    to.piece(&PROBABILITY.replace("PROBABILITY", probability));
    sample(to, front, &WHOLE, ["net_feed", "float", "net_scale_row"]);
    sample(
        to,
        front,
        &WHOLE,
        ["net_feed_i16", "int16_t", "net_scale_whole"],
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
        "net_probability(stream, event.label) != net_golden_probabilities[row] || net_golden_fires[row] != fires",
    );
}

/// The statements that make the smoothed probability of class `i`, and those before the first class.
fn by_probability(rule: &IntegerRule) -> (String, String) {
    let now = "(int32_t)(net_share(&divisor, stream->y[i]) << 15)";
    let divisor = "    const net_divisor divisor = net_divide(stream->y);\n";
    match rule.halvings {
        0 => (
            format!("        const int32_t p = {now};\n        stream->p[i] = p;\n"),
            divisor.to_owned(),
        ),
        _ => (
            format!(
                "        const int32_t now = {now};\n        const int32_t before = was_started ? stream->p[i] : now;\n        \
                 const int32_t p = before + ((now - before) >> NET_HALVINGS);\n        stream->p[i] = p;\n"
            ),
            format!(
                "{divisor}    const uint32_t was_started = stream->started;\n    stream->started = 1;\n"
            ),
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

/* How a column comes to what the net reads: floor((floor(x * multiplier / 2^shift) + offset) / 2^16), cut. */
typedef struct {{
    int64_t offset;
    uint16_t multiplier;
    int16_t shift;
}} net_column;

/* The same for whole numbers, in 32 bits, as long as nothing is cut: from low on for count of them. */
typedef struct {{
    int32_t low;
    uint32_t count, multiplier, shift, offset;
}} net_whole;
",
        feed.farthest
    ));
    let column = |scale: &IntegerScale| {
        let IntegerScale {
            multiplier,
            shift,
            offset,
        } = scale;
        format!("{{{offset}, {multiplier}u, {shift}}}")
    };
    to.table(
        "Of floats.",
        "static const NET_FLASH net_column net_columns[NET_COLUMNS]",
        &list(feed.scale.iter().map(column), 1),
    );
    let whole = |scale: &IntegerScale| whole(*scale, feed.farthest);
    to.table(
        "Of whole numbers.",
        "static const NET_FLASH net_whole net_wholes[NET_COLUMNS]",
        &list(feed.scale.iter().map(whole), 1),
    );
}

/// A column of whole numbers.
fn whole(scale: IntegerScale, farthest: i16) -> String {
    let all = i32::from(i16::MIN)..i32::from(i16::MAX) + 1;
    let scaled = |x: i32| scale.whole(x as i16, farthest);
    // Scales never fall.
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
    let count = first(&|x| x >= farthest) - low;
    let left = (-i32::from(scale.shift)).max(0) as u32;
    let multiplier = u32::from(scale.multiplier)
        .checked_shl(left)
        .unwrap_or_default();
    format!(
        "{{{low}, {}u, {multiplier}u, {}u, {}u}}",
        count.max(0),
        scale.shift.clamp(0, 31),
        scale.offset as u32
    )
}

const SCALED: &str = "It comes to the whole numbers that the net
 * reads by whole numbers alone, from floats by their bits: the nearest to (value - mean) / deviation * NET_INPUT_SCALE, at most one away from
 * net_integer of that in single precision.";

const MORE: &str = "/*
 * The probability of a class at the last step that was read, in units of 2^-15: SMOOTHED. Whole numbers as well, within 2^-11 of the
 * softmax of the logits. 0 for a number that is no class.
 */
uint32_t net_probability(const net_stream *stream, size_t label);

";
