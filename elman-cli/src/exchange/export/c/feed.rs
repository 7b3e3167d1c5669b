//! Around the net in C: raw samples in, events out. What float nets and int8 nets share, and the tables and functions of float nets.

use elman_core::{Read, Spec};

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
const SAMPLE: &str = include_str!("feed_sample.c");
const FROM_I16: &str = include_str!("feed_i16.c");
const CLASS_NAME: &str = include_str!("class_name.c");
const TEST: &str = include_str!("feed_test.c");

/// How a net is given its inputs, as parts of C.
pub struct Reads {
    pub number: &'static str,
    /// What `net_take` is given beside the stream.
    pub parameter: &'static str,
    pub argument: &'static str,
    /// Where a row of one sample lies: its declaration, and what it is called.
    pub room: &'static str,
    pub row: &'static str,
    /// How a window of rows comes to the net.
    pub window: &'static str,
}

/// When an event comes, of a net with a threshold.
pub const REACHES: &str = "a class reaches NET_THRESHOLD, ";

const FLOATS: Reads = Reads {
    number: "float",
    parameter: "const float *x, ",
    argument: ", x",
    room: "    float x[NET_COLUMNS];\n",
    row: "x",
    window: "    return net_take(stream, stream->rows + stream->next * NET_COLUMNS, event);\n",
};

/// How answers become events, as parts of C.
pub struct Tells<'a> {
    /// A number below all that classes are compared by, whole ones.
    pub least: &'a str,
    /// Statements before the loop over the classes; those that make `p` of class `i`.
    pub before: &'a str,
    pub each: &'a str,
    /// A likeliest class that is below this is not there; nothing where any is.
    pub threshold: Option<&'a str>,
    /// The statement that tells how likely it is.
    pub told: &'a str,
}

/// What the header of one kind of net says in its own words.
pub struct Says<'a> {
    /// How raw numbers come to the net.
    pub scaled: &'a str,
    /// What stands in an event beside step and label.
    pub event: &'a str,
    /// What a net_stream holds of the last answer.
    pub members: &'a str,
    /// About `net_feed_i16`.
    pub whole: &'a str,
    /// When a class is there.
    pub when: &'a str,
    /// Further functions.
    pub more: &'a str,
}

/// Bytes that a net_stream has beside the net's own, of rows of so many bytes a number; `answers` is what it keeps of every class.
pub fn ram_bytes(front: &Front, number: usize, answers: usize) -> usize {
    let rows = match front.window {
        1 => 0,
        window => 2 * number * window * front.scale.len() + 8,
    };
    rows + answers + 16
}

/// Those of a float net.
pub fn ram_of_floats(spec: &Spec, feed: &FeedProof) -> usize {
    let outputs = spec.output_width();
    let smooth = if feed.rule.is_smooth() {
        outputs + 1
    } else {
        0
    };
    ram_bytes(&feed.front, 4, 4 * (outputs + smooth))
}

/// How the probability of a class is smoothed, in words.
pub fn smoothed(rule: &EventRule) -> String {
    rule.smoothed_over().map_or_else(String::new, |weight| {
        format!(", in an exponential mean in which the newest step weighs 1/{weight}")
    })
}

/// A macro of ours and what it is, with a line in front.
pub fn define(to: &mut Source, about: &str, name: &str, value: &str) {
    to.piece(&format!("\n/* {about} */\n#define NET_{name} {value}\n"));
}

/// The macros of any kind of net.
fn write_lengths(to: &mut Source, front: &Front, rule: &EventRule) {
    let (columns, delay) = (front.scale.len(), front.window / 2);
    let mut define = |about: &str, name: &str, value: String| define(to, about, name, &value);
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
}

/// What the header says of it, behind what it says of thresholds.
pub fn write_header(
    to: &mut Source,
    spec: &Spec,
    feed: &FeedProof,
    reads: &Reads,
    says: &Says<'_>,
) {
    write_lengths(to, &feed.front, &feed.rule);
    let front = &feed.front;
    let delay = front.window / 2;
    let mut members = String::new();
    if front.window > 1 {
        let number = reads.number;
        members += &format!(
            "    {number} rows[2 * NET_WINDOW * NET_COLUMNS];\n    uint32_t next, ahead;\n"
        );
    }
    members += says.members;
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
    let read = match spec.head.read {
        Read::LastStep => {
            "\n * This net was trained to answer at the end of a sequence: give event with its last sample alone, and reset before the next."
        }
        Read::EveryStep => "",
    };
    let text = HEADER
        .replace("SCALED", says.scaled)
        .replace("EVENT_MEMBERS", says.event)
        .replace("MEMBERS", &members)
        .replace("WHOLE", says.whole)
        .replace("IS_THERE", says.when)
        .replace("MORE", says.more)
        .replace("LATE", &late)
        .replace("DELAYED", delayed)
        .replace("READ", read);
    to.piece(&text);
}

/// What the header of a float net says.
pub fn header(to: &mut Source, spec: &Spec, feed: &FeedProof) {
    let rule = &feed.rule;
    let mut when = "";
    if rule.threshold > 0.0 {
        define(
            to,
            "From this probability on a class is an event.",
            "THRESHOLD",
            &c_number(rule.threshold),
        );
        when = REACHES;
    }
    let mut members =
        "    float y[NET_OUTPUTS]; /* probabilities after the last step that was read */\n"
            .to_owned();
    if rule.is_smooth() {
        members += "    float smooth[NET_OUTPUTS];\n    uint32_t started;\n";
    }
    let says = Says {
        scaled: "It is put on the scale of training in single
 * precision: ((value - mean) - rest) / deviation, within 5 units in the last place of what elman predict computes in double.",
        event: &format!(
            "    float probability; /* its own{} */\n",
            smoothed(rule)
        ),
        members: &members,
        whole: "The same for whole numbers, as sensors have them, if the net was trained on such.",
        when,
        more: "",
    };
    write_header(to, spec, feed, &FLOATS, &says);
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

/// The functions of a float net, behind those of the net; tables of golden samples with them.
pub fn functions(to: &mut Source, feed: &FeedProof, labels: &[String]) {
    let (front, rule) = (&feed.front, &feed.rule);
    scale(to, front);
    let (each, before) = match rule.is_smooth() {
        true => (
            format!(
                "        const float before = stream->smooth[i];\n        \
                 const float now = before + {} * (stream->y[i] - before);\n        \
                 const int32_t p = (int32_t)net_bits(now);\n        \
                 stream->smooth[i] = now;\n",
                c_number(rule.smoothing)
            ),
            "    if (!stream->started) {\n        \
             /* Nothing is smoothed yet: what is added below is zero. */\n        \
             memcpy(stream->smooth, stream->y, sizeof stream->smooth);\n        \
             stream->started = 1;\n    }\n",
        ),
        false => (
            "        const int32_t p = (int32_t)net_bits(stream->y[i]);\n".to_owned(),
            "",
        ),
    };
    let tells = Tells {
        // The bits of numbers that are not negative are in the order of the numbers.
        least: "-1",
        before,
        each: &each,
        threshold: (rule.threshold > 0.0).then_some("(int32_t)net_bits(NET_THRESHOLD)"),
        told: "    event->probability = net_float((uint32_t)most);\n",
    };
    stream(to, (feed, labels), &FLOATS, &tells);
    sample(to, front, &FLOATS, ["net_feed", "float", "net_scale_row"]);
    to.piece(FROM_I16);
    golden(to, feed);
    golden_fires(to, &feed.fires);
    let numbers = feed.probabilities.iter().map(|&x| c_number(x));
    golden_table(
        to,
        "Of every step the smoothed probability of the likeliest class.",
        ["float", "probabilities"],
        numbers.collect(),
        PANEL,
    );
}

/// Events, and the stream that tells them; names of classes.
pub fn stream(
    to: &mut Source,
    (feed, labels): (&FeedProof, &[String]),
    reads: &Reads,
    tells: &Tells<'_>,
) {
    let background = match feed.rule.background {
        Some(_) => " && i != NET_BACKGROUND",
        None => "",
    };
    let too_unlikely = tells.threshold.map_or_else(
        || "    ".to_owned(),
        |threshold| {
            format!(
                "    if (most < {threshold}) {{\n        stream->held = NET_OUTPUTS;\n    }} else "
            )
        },
    );
    let event = EVENT
        .replace("LEAST", tells.least)
        .replace("EACH", tells.each)
        .replace("BEFORE", tells.before)
        .replace("TOO_UNLIKELY", &too_unlikely)
        .replace("TOLD", tells.told)
        .replace("BUT_BACKGROUND", background);
    to.piece(&event);
    let take = TAKE.replace("X_PARAM", reads.parameter);
    to.piece(&take.replace("X_GIVEN", reads.argument));
    let started = if feed.rule.is_smooth() {
        "    stream->started = 0;\n"
    } else {
        ""
    };
    let rows = if feed.front.window > 1 { WINDOW } else { ROW };
    let rows = rows
        .replace("NUMBER_T", reads.number)
        .replace("TAKE", reads.window);
    to.piece(&rows.replace("STARTED", started));
    class_name(to, labels);
}

/// The function that takes a raw sample: its name, the type of raw numbers, and what puts them on the scale.
pub fn sample(to: &mut Source, front: &Front, reads: &Reads, [name, raw, scale]: [&str; 3]) {
    let next = format!("net_take(stream{}, event)", reads.argument);
    let (room, row, next) = match front.window {
        1 => (reads.room, reads.row, &*next),
        _ => (
            "",
            "stream->rows + stream->next * NET_COLUMNS",
            "net_next(stream, event)",
        ),
    };
    let text = SAMPLE
        .replace("FEED", name)
        .replace("RAW_T", raw)
        .replace("ROOM", room)
        .replace("SCALE", scale)
        .replace("ROW", row);
    to.piece(&text.replace("NEXT", next));
}

/// The golden samples, and the events that must come.
pub fn golden(to: &mut Source, feed: &FeedProof) {
    let columns = feed.front.scale.len();
    to.piece(&format!(
        "\n/* Of the golden samples this number is fed as one that is missing. */\n#define NET_GOLDEN_MISSING {}\n",
        feed.missing
    ));
    let (of, bytes) = raw_number(feed);
    let raw = feed.raw.iter().map(|&x| match bytes {
        2 => x.to_string(),
        _ => c_number(x),
    });
    golden_table(
        to,
        "Raw samples.",
        [of, "raw"],
        raw.collect(),
        columns.min(2 * PANEL),
    );
}

/// The type of golden raw numbers, and its bytes.
pub fn raw_number(feed: &FeedProof) -> (&'static str, usize) {
    if feed.is_whole() {
        ("int16_t", 2)
    } else {
        ("float", 4)
    }
}

/// The events that must come.
pub fn golden_fires(to: &mut Source, fires: &[i32]) {
    golden_table(
        to,
        "Of every step the class of the event that must come, or -1.",
        ["int32_t", "fires"],
        fires.iter().map(i32::to_string).collect(),
        2 * PANEL,
    );
}

/// A table for the self-test: what it is, its type and its name.
pub fn golden_table(
    to: &mut Source,
    about: &str,
    [of, name]: [&str; 2],
    items: Vec<String>,
    width: usize,
) {
    let declaration = format!(
        "static const NET_FLASH {of} net_golden_{name}[{}]",
        items.len()
    );
    to.table(about, &declaration, &list(items, width));
}

/// `net_feed_self_test` of a float net, behind `net_compare`.
pub fn test(to: &mut Source, feed: &FeedProof) {
    write_test(
        to,
        feed,
        "net_compare(stream->y, net_golden_outputs + row * NET_OUTPUTS, NET_OUTPUTS)",
        "net_compare(&event.probability, net_golden_probabilities + row, 1) != 0 ||
                               (NET_FUSED && net_golden_fires[row] != (told == 1 ? (int32_t)event.label : -1))",
    );
}

/// `net_feed_self_test`: where a row of outputs is wrong, and whether the event is not the one that must come.
pub fn write_test(to: &mut Source, feed: &FeedProof, compared: &str, unequal: &str) {
    let outside = if feed.front.window > 1 {
        "net_feed_outside(stream, &event)"
    } else {
        "-1"
    };
    // Whole numbers go both ways in turn.
    let [room, copy, fed] = if feed.is_whole() {
        [
            "                int16_t whole[NET_COLUMNS];\n",
            "                    whole[i] = net_golden_raw[sample * NET_COLUMNS + i];\n                    raw[i] = (float)whole[i];\n",
            "sample % 2 == 0 && !is_missing ? net_feed_i16(stream, whole, &event) : net_feed(stream, raw, &event)",
        ]
    } else {
        [
            "",
            "                    raw[i] = net_golden_raw[sample * NET_COLUMNS + i];\n",
            "net_feed(stream, raw, &event)",
        ]
    };
    let text = TEST
        .replace("OUTSIDE", outside)
        .replace("ROOM", room)
        .replace("COPY", copy)
        .replace("FED", fed)
        .replace("COMPARED", compared);
    to.piece(&text.replace("UNEQUAL", unequal));
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
 * A raw sample has a number for every column, in the units of the training data. SCALED A number
 * that is not finite is missing: the net reads the mean of its column.READ
 */
typedef struct {
    uint32_t step;     /* of the answer, counted from 0: the sample of NET_DELAY samples ago */
    uint32_t label;    /* the likeliest class that is not the background */
EVENT_MEMBERS} net_event;

/* A net and what stands around it: zero before the first reset, as statics are. */
typedef struct {
    net_state net;
MEMBERS    uint32_t step, quiet, held;
    uint32_t missing; /* numbers so far that were not finite */
} net_stream;

/* Before the first sample of every sequence. */
void net_stream_reset(net_stream *stream);

/*
 * A raw sample. Returns 1 if an event comes with it: IS_THEREthe last event is NET_REFRACTORY steps ago,
 * and it was not of the same class if that has been the likeliest ever since. 0 if not: then event says what is likeliest so far.LATE
 * event may be NULL where nobody asks: then the head is not computed, and nothing is smoothed.
 */
int net_feed(net_stream *stream, const float raw[NET_COLUMNS], net_event *event);

/* WHOLE */
int net_feed_i16(net_stream *stream, const int16_t raw[NET_COLUMNS], net_event *event);

/*
 * DELAYED
 */
int net_feed_end(net_stream *stream, net_event *event);

/* What a class is called; an empty text for a number that is none. On an AVR, whose names lie in flash, until the next call. */
const char *net_class_name(size_t label);

MORE/* Runs golden samples the whole way and resets: 0 if all is well, else the number of the first wrong output, counted from 1. */
size_t net_feed_self_test(net_stream *stream);
";
