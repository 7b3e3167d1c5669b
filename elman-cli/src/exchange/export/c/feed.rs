//! Around the net in C: raw samples in, events out. Tables, the functions of a net that streams, and their part of the header.

use elman_core::Spec;

use super::super::feed::FeedProof;
use super::super::source::list;
use super::text::{Source, c_number, string};
use crate::base::encoding::{EventRule, Front};
use crate::net::figures::PANEL;

const SCALE: &str = include_str!("scale.c");
const EVENT: &str = include_str!("event.c");
const TAKE: &str = include_str!("feed_take.c");
const ROW: &str = include_str!("feed_row.c");
const WINDOW: &str = include_str!("feed_window.c");
const FEED: &str = include_str!("feed.c");
const CLASS_NAME: &str = include_str!("class_name.c");
const TEST: &str = include_str!("feed_test.c");

/// Bytes that a net_stream has beside the net's own.
pub fn ram_bytes(spec: &Spec, feed: &FeedProof) -> usize {
    let outputs = spec.output_width();
    let rows = match feed.front.window {
        1 => 0,
        window => 2 * window * feed.front.scale.len() + 2,
    };
    let smooth = if feed.rule.is_smooth() {
        outputs + 1
    } else {
        0
    };
    4 * (rows + outputs + smooth + 4)
}

/// What the header says of it.
pub fn header(to: &mut Source, spec: &Spec, feed: &FeedProof) {
    let (front, rule) = (&feed.front, &feed.rule);
    let mut define = |about: &str, name: &str, value: String| {
        to.piece(&format!("\n/* {about} */\n#define NET_{name} {value}"));
    };
    let (columns, delay) = (front.scale.len(), front.window / 2);
    define("Numbers of a raw sample.", "COLUMNS", columns.to_string());
    define(
        "Samples that a step reads: its own in the middle of its neighbours.",
        "WINDOW",
        front.window.to_string(),
    );
    define(
        "So many samples late a step is done, since it reads as many that come after it.",
        "DELAY",
        delay.to_string(),
    );
    define(
        "From this probability on a class is an event.",
        "THRESHOLD",
        c_number(rule.threshold),
    );
    define(
        "For so many steps after an event there is no other.",
        "REFRACTORY",
        format!("{}u", rule.refractory),
    );
    if let Some(class) = rule.background {
        define(
            "The class that is no event.",
            "BACKGROUND",
            class.to_string(),
        );
    }
    let mut members = String::new();
    if front.window > 1 {
        members += "    float rows[2 * NET_WINDOW * NET_COLUMNS];\n    uint32_t next, ahead;\n";
    }
    members += "    float y[NET_OUTPUTS]; /* probabilities after the last step that was read */\n";
    if rule.is_smooth() {
        members += "    float smooth[NET_OUTPUTS];\n    uint32_t started;\n";
    }
    let smoothed = match rule.smoothed_over() {
        None => "of a class".to_owned(),
        Some(weight) => {
            format!("of a class, in an exponential mean in which the newest step weighs 1/{weight}")
        }
    };
    let late = match delay {
        0 => String::new(),
        delay => format!(" -1 for the first {delay}, which only later samples complete."),
    };
    let delayed = match delay {
        0 => "This net looks no samples ahead, so there is nothing left to do: -1.",
        _ => {
            "The end of a sequence: does the steps that waited for later samples, as if rows of zeros came. Returns 1 if an event came\n \
             * in them, 0 if not, -1 if none waited."
        }
    };
    let text = HEADER
        .replace("MEMBERS", &members)
        .replace("SMOOTHED", &smoothed)
        .replace("LATE", &late)
        .replace("DELAYED", delayed)
        .replace(
            "READ",
            match spec.head.read {
                elman_core::Read::LastStep => {
                    "\n * This net was trained to answer at the end of a sequence: give event with its last sample alone, and reset before the next."
                }
                elman_core::Read::EveryStep => "",
            },
        );
    to.piece(&text);
}

/// The scale of raw samples, and the function that puts a row on it.
pub fn scale(to: &mut Source, front: &Front) {
    let scale = front.scale.iter();
    let scale = scale.flat_map(|column| [column.mean, column.rest, column.factor]);
    to.table(
        "Of every column the mean of training, what float leaves of it, and one over the standard deviation.",
        "static const NET_FLASH float net_scale[3 * NET_COLUMNS]",
        &list(scale.map(c_number), 3),
    );
    farthest(to, "Numbers", front.farthest);
    to.piece(SCALE);
}

/// Where numbers are cut.
pub fn farthest(to: &mut Source, what: &str, farthest: f32) {
    to.piece(&format!(
        "\n/* {what} are cut here, in standard deviations; and the bits of that. */\n#define NET_FARTHEST {}\n#define NET_FARTHEST_BITS {:#010X}u\n",
        c_number(farthest),
        farthest.to_bits()
    ));
}

/// The functions, behind those of the net; tables of golden samples with them.
pub fn functions(to: &mut Source, feed: &FeedProof, labels: &[String]) {
    let (front, rule) = (&feed.front, &feed.rule);
    scale(to, front);
    to.piece(&event(rule));
    to.piece(TAKE);
    let started = if rule.is_smooth() {
        "    stream->started = 0;\n"
    } else {
        ""
    };
    let taken = if front.window > 1 { WINDOW } else { ROW };
    to.piece(&taken.replace("STARTED", started));
    to.piece(FEED);
    class_name(to, labels);
    golden(to, feed);
}

/// `net_class_name`, which on an AVR takes names from flash.
pub fn class_name(to: &mut Source, labels: &[String]) {
    let (before, after) = CLASS_NAME.split_once("NAMES").unwrap_or_default();
    to.piece(before);
    let names = labels.iter();
    let names: Vec<String> = names.map(|label| string(&format!("{label}\0"))).collect();
    to.verbatim(&names.join("\n    "));
    let longest = labels.iter().map(String::len).max().unwrap_or_default() + 1;
    to.piece(&after.replace("LONGEST", &longest.to_string()));
}

/// `net_pass` and `net_tell`.
fn event(rule: &EventRule) -> String {
    let (smoothed, started) = match rule.is_smooth() {
        true => (
            format!(
                "        const float before = stream->smooth[i];\n        \
                 const float p = before + {} * (stream->y[i] - before);\n        \
                 stream->smooth[i] = p;\n",
                c_number(rule.smoothing)
            ),
            "    if (!stream->started) {\n        \
             /* Nothing is smoothed yet: what is added below is zero. */\n        \
             memcpy(stream->smooth, stream->y, sizeof stream->smooth);\n        \
             stream->started = 1;\n    }\n",
        ),
        false => ("        const float p = stream->y[i];\n".to_owned(), ""),
    };
    let background = match rule.background {
        Some(_) => " && i != NET_BACKGROUND",
        None => "",
    };
    EVENT
        .replace("SMOOTHED", &smoothed)
        .replace("STARTED", started)
        .replace("BUT_BACKGROUND", background)
}

fn golden(to: &mut Source, feed: &FeedProof) {
    let columns = feed.front.scale.len();
    to.piece(&format!(
        "\n/* Of the golden samples this number is fed as one that is missing. */\n#define NET_GOLDEN_MISSING {}\n",
        feed.missing
    ));
    let mut table = |about: &str, of: &str, name: &str, items: Vec<String>, width: usize| {
        let declaration = format!(
            "static const NET_FLASH {of} net_golden_{name}[{}]",
            items.len()
        );
        to.table(about, &declaration, &list(items, width));
    };
    let numbers = |row: &[f32]| row.iter().map(|&x| c_number(x)).collect();
    table(
        "Raw samples.",
        "float",
        "raw",
        numbers(&feed.raw),
        columns.min(2 * PANEL),
    );
    table(
        "Of every step the class of the event that must come, or -1.",
        "int32_t",
        "fires",
        feed.fires.iter().map(i32::to_string).collect(),
        2 * PANEL,
    );
    table(
        "Of every step the smoothed probability of the likeliest class.",
        "float",
        "probabilities",
        numbers(&feed.probabilities),
        PANEL,
    );
}

/// `net_feed_self_test`, behind `net_compare`.
pub fn test(to: &mut Source, feed: &FeedProof) {
    let outside = if feed.front.window > 1 {
        "net_feed_outside(stream, &event)"
    } else {
        "-1"
    };
    to.piece(&TEST.replace("OUTSIDE", outside));
}

const HEADER: &str = "

/*
 * The whole way: raw samples in, events out. Use:
 *
 *     static net_stream stream;
 *     net_event event;
 *     if (net_feed_self_test(&stream) != 0) { ... this chip or compiler computes something else ... }
 *     net_stream_reset(&stream);
 *     for (;;) {
 *         if (net_feed(&stream, raw, &event) == 1) { ... net_class_name(event.label) ... }
 *     }
 *
 * A raw sample has a number for every column, in the units of the training data. It is put on the scale of training in single
 * precision: ((value - mean) - rest) / deviation, within 5 units in the last place of what elman predict computes in double. A number
 * that is not finite is missing: the net reads the mean of its column.READ
 */
typedef struct {
    uint32_t step;     /* of the answer, counted from 0: the sample of NET_DELAY samples ago */
    uint32_t label;    /* the likeliest class that is not the background */
    float probability; /* its own: SMOOTHED */
} net_event;

/* A net and what stands around it: zero before the first reset, as statics are. */
typedef struct {
    net_state net;
MEMBERS    uint32_t step, quiet, held;
    uint32_t missing; /* numbers so far that were not finite */
} net_stream;

/* Before the first sample of every sequence. */
void net_stream_reset(net_stream *stream);

/*
 * A raw sample. Returns 1 if an event comes with it: a class reaches NET_THRESHOLD, the last event is NET_REFRACTORY steps ago, and it
 * was not of the same class if that has been the likeliest ever since. 0 if not: then event says what is likeliest so far.LATE event may be NULL where nobody asks: then the head is not
 * computed, and nothing is smoothed.
 */
int net_feed(net_stream *stream, const float raw[NET_COLUMNS], net_event *event);

/* The same for whole numbers, as sensors have them, if the net was trained on such. */
int net_feed_i16(net_stream *stream, const int16_t raw[NET_COLUMNS], net_event *event);

/*
 * DELAYED
 */
int net_feed_end(net_stream *stream, net_event *event);

/* What a class is called; an empty text for a number that is none. On an AVR, whose names lie in flash, until the next call. */
const char *net_class_name(size_t label);

/* Runs golden samples the whole way and resets: 0 if all is well, else the number of the first wrong output, counted from 1. */
size_t net_feed_self_test(net_stream *stream);
";
