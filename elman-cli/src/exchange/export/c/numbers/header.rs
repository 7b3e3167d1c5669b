//! What the header says of raw samples and numbers.

use elman_core::{Read, Spec};

use super::super::super::numbers::NumberProof;
use super::super::text::Source;
use super::Form;
use crate::base::encoding::{Reach, Reads};

/// A member of `net_stream`: what it is, and how many words it takes.
struct Member {
    text: String,
    words: usize,
}

/// What a `net_stream` has beside the net, the outputs and the count of what is missing.
fn members(proof: &NumberProof) -> Vec<Member> {
    let mut members = Vec::new();
    let mut add = |text: &str, words: usize| {
        let text = format!("    {text}\n");
        members.push(Member { text, words });
    };
    match &proof.numbers.reads {
        Reads::Rows(front, sums) => {
            let (columns, window) = (front.scale.len(), front.window);
            if window > 1 {
                add(
                    "float rows[2 * NET_WINDOW * NET_COLUMNS];",
                    2 * window * columns,
                );
                add("uint32_t next, ahead, waiting;", 3);
            }
            if sums.is_none() {
                return members;
            }
            if sums.rows > 0 {
                add(
                    &format!("float past[{} * NET_COLUMNS];", sums.rows),
                    sums.rows * columns,
                );
            }
            if sums.rows > 1 {
                add("uint32_t slot;", 1);
            }
            if sums.with_mean {
                add("float totals[2 * NET_COLUMNS];", 2 * columns);
            }
            add("uint32_t count;", 1);
            let targets = proof.numbers.readouts.len();
            add(
                "float expected[(NET_DELAY + 1) * NET_TARGETS];",
                (window / 2 + 1) * targets,
            );
            if window > 1 {
                add("uint32_t newest, oldest;", 2);
            }
        }
        Reads::Series(series) => {
            add("float past[NET_HISTORY];", series.lags().history());
            add("uint32_t newest, started;", 2);
            if series.others() > 0 {
                add("float others[2 * (NET_COLUMNS - 1)];", 2 * series.others());
            }
            add("float expected;", 1);
        }
    }
    members
}

/// Bytes that a net_stream has beside the net's own.
pub fn ram_bytes(spec: &Spec, proof: &NumberProof) -> usize {
    let members = members(proof);
    let words: usize = members.iter().map(|member| member.words).sum();
    4 * (words + spec.output_width() + 1)
}

/// What the header says of it.
pub fn write(to: &mut Source, spec: &Spec, proof: &NumberProof, form: &Form) {
    let numbers = &proof.numbers;
    lengths(to, proof);
    let delayed = if numbers.is_late() {
        "The end of a sequence: does the next of the steps that waited for later samples, and answers. Returns 0, or -1 if none waits."
    } else {
        "This net looks no samples ahead, so nothing waits for the end of a sequence: -1."
    };
    let late = if numbers.is_late() {
        ", or -1 while it waits for the first NET_DELAY samples"
    } else {
        ""
    };
    let members: String = members(proof)
        .into_iter()
        .map(|member| member.text)
        .collect();
    let bounds = match numbers.reaches.first() {
        None => String::new(),
        Some(reach) => HEADER_BOUNDS
            .replace("PERCENT", &reach.percent.to_string())
            .replace("WHOSE", numbers.errors_of.words()),
    };
    let text = HEADER
        .replace("MEMBERS", &(members + form.member))
        .replace("PRECISION", form.precision)
        .replace("ANSWER", &answer(spec, proof))
        .replace("LATE", late)
        .replace("DELAYED", delayed)
        .replace("BOUNDS", &bounds);
    to.piece(&text);
    for Reach { percent, .. } in &numbers.reaches {
        to.piece(&format!(
            "extern const float net_reach_{percent}[NET_TARGETS];\n"
        ));
    }
}

/// The lengths of samples and answers, and how they lie in time.
fn lengths(to: &mut Source, proof: &NumberProof) {
    let numbers = &proof.numbers;
    let mut define = |about: &str, name: &str, value: usize| {
        to.piece(&format!("\n/* {about} */\n#define NET_{name} {value}"));
    };
    define("Numbers of a raw sample.", "COLUMNS", numbers.columns());
    define("Numbers of an answer.", "TARGETS", numbers.readouts.len());
    let delay = match &numbers.reads {
        Reads::Rows(front, _) => {
            define(
                "Samples that a step reads: its own in the middle of its neighbours.",
                "WINDOW",
                front.window,
            );
            front.window / 2
        }
        Reads::Series(series) => {
            define(
                "So many samples later comes what is forecast from one.",
                "HORIZON",
                series.horizon,
            );
            define(
                "So many samples a forecast looks back: before that the first one stands for those before it, and forecasts are worse.",
                "HISTORY",
                series.lags().history(),
            );
            0
        }
    };
    define(
        "So many samples late a step is done, since it reads as many that come after it.",
        "DELAY",
        delay,
    );
}

/// What is special about these answers.
fn answer(spec: &Spec, proof: &NumberProof) -> String {
    let mut lines = String::new();
    let mut say = |line: &str| {
        lines += &format!("\n * {line}");
    };
    match &proof.numbers.reads {
        Reads::Rows(..) => {
            say("A number that is not finite is missing: the net reads the mean of its column.");
            if spec.head.read == Read::LastStep {
                say(
                    "This net was trained to answer at the end of a sequence: give out with its last sample alone, and reset before the next.",
                );
            }
        }
        Reads::Series(series) => {
            say(
                "The first number of a sample is the target; out is its value NET_HORIZON samples later. A number that is not finite is",
            );
            say("missing: the one before stands in its place.");
            if series.known > 0 {
                let known = match series.known {
                    1 => "column is".to_owned(),
                    known => format!("{known} columns are"),
                };
                say(&format!(
                    "The last {known} known ahead: a sample has the value of the step that is forecast. The first"
                ));
                say("sample's stands for that of the step before as well.");
            }
            if series.horizon == 1 {
                say(
                    "Further ahead: copy the stream, and feed the copy its own forecasts, with NAN for columns that nobody knows.",
                );
            } else {
                say(
                    "Further ahead: copy the stream, and feed the copy the forecasts of the last NET_HORIZON samples, the oldest first, with",
                );
                say("NAN for columns that nobody knows.");
            }
        }
    }
    lines
}

const HEADER: &str = "

/*
 * The whole way: raw samples in, answers in the units of the training data out. Use:
 *
 *     static net_stream stream;
 *     float out[NET_TARGETS];
 *     if (net_feed_self_test(&stream) != 0) { ... this chip or compiler computes something else ... }
 *     net_stream_reset(&stream);
 *     for (;;) {
 *         if (net_feed(&stream, raw, out) == 0) { ... out[0] ... }
 *     }
 *
 * A raw sample has a number for every column, in the units of the training data. PRECISIONANSWER
 */
typedef struct {
    net_state net;
MEMBERS    uint32_t missing; /* numbers so far that were not finite */
} net_stream;

/* Before the first sample of every sequence. A net_stream is zero before the first reset, as statics are. */
void net_stream_reset(net_stream *stream);

/*
 * A raw sample. Returns 0 with the answer in outLATE. out may be NULL where nobody asks: then the head is not computed.
 * It may be raw itself, if that has room.
 */
int net_feed(net_stream *stream, const float raw[NET_COLUMNS], float out[NET_TARGETS]);

/* The same for whole numbers, as sensors have them, if the net was trained on such. */
int net_feed_i16(net_stream *stream, const int16_t raw[NET_COLUMNS], float out[NET_TARGETS]);

/* DELAYED */
int net_feed_end(net_stream *stream, float out[NET_TARGETS]);

/* Runs golden samples the whole way and resets: 0 if all is well, else the number of the first wrong output, counted from 1. */
size_t net_feed_self_test(net_stream *stream);
BOUNDS";

const HEADER_BOUNDS: &str = "
/*
 * Where the last answer should lie: as far off to either side, on its curve, as reach says of every target. net_reach_PERCENT makes
 * intervals that hold PERCENT % of the values, by the errorsWHOSE on validation data.
 */
void net_bounds(const net_stream *stream, const float reach[NET_TARGETS], float low[NET_TARGETS], float high[NET_TARGETS]);
";
