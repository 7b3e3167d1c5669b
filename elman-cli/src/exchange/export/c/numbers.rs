//! Around a net that answers with numbers, in C: raw samples in, answers in the units of the data out. Tables, functions, and their
//! part of the header.

use elman_core::feed::{ColumnScale, Curve, Readout, Split};
use elman_core::{Read, Spec};

use super::super::numbers::NumberProof;
use super::super::source::list;
use super::feed;
use super::text::{Source, c_number};
use crate::base::numbers::{Reach, Reads, SeriesTables, Sums};
use crate::net::cost::PANEL;

const TIMES: &str = include_str!("times.c");
const ROOT: &str = include_str!("root.c");
const SQUARE: &str = include_str!("square.c");
const LOGARITHM: &str = include_str!("logarithm.c");
const POWER: &str = include_str!("power.c");
const SUMS: &str = include_str!("number_sums.c");
const SERIES: &str = include_str!("number_series.c");
const TAKE: &str = include_str!("number_take.c");
const ROW: &str = include_str!("number_row.c");
const WINDOW: &str = include_str!("number_window.c");
const BOUNDS: &str = include_str!("number_bounds.c");
const I16: &str = include_str!("number_i16.c");
const TEST: &str = include_str!("number_test.c");

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
pub fn header(to: &mut Source, spec: &Spec, proof: &NumberProof) {
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
    let members: String = members(proof)
        .into_iter()
        .map(|member| member.text)
        .collect();
    let bounds = match numbers.reaches.first() {
        None => String::new(),
        Some(reach) => HEADER_BOUNDS.replace("PERCENT", &reach.percent.to_string()),
    };
    let text = HEADER
        .replace("MEMBERS", &members)
        .replace("ANSWER", &answer(spec, proof))
        .replace(
            "LATE",
            match delay {
                0 => "",
                _ => ", or -1 while it waits for the first NET_DELAY samples",
            },
        )
        .replace(
            "DELAYED",
            match delay {
                0 => "This net looks no samples ahead, so nothing waits for the end of a sequence: -1.",
                _ => "The end of a sequence: does the next of the steps that waited for later samples, and answers. Returns 0, or -1 if none waits.",
            },
        )
        .replace("BOUNDS", &bounds);
    to.piece(&text);
    for Reach { percent, .. } in &numbers.reaches {
        to.piece(&format!(
            "extern const float net_reach_{percent}[NET_TARGETS];\n"
        ));
    }
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

/// The functions, behind those of the net; tables and golden samples with them.
pub fn functions(to: &mut Source, proof: &NumberProof) {
    let numbers = &proof.numbers;
    to.piece(TIMES);
    curves(to, proof);
    readouts(to, &numbers.readouts);
    uncurve(to, &numbers.readouts);
    let expected = match &numbers.reads {
        Reads::Rows(_, sums) if sums.is_none() => "0.0f",
        Reads::Rows(front, _) if front.window > 1 => {
            "stream->expected[stream->oldest * NET_TARGETS + i]"
        }
        Reads::Rows(..) => "stream->expected[i]",
        Reads::Series(_) => "stream->expected",
    };
    let (pieces, reset, taken) = match &numbers.reads {
        Reads::Rows(front, sums) => {
            feed::scale(to, front);
            rows(to, sums, front.window > 1)
        }
        Reads::Series(series) => series_pieces(to, series),
    };
    to.piece(&pieces);
    to.piece(&TAKE.replace("EXPECTED", expected));
    let oldest = if expected == "0.0f" { "" } else { OLDEST };
    let flow = if numbers.is_late() { WINDOW } else { ROW };
    to.piece(
        &flow
            .replace("RESET", &reset)
            .replace("OLDEST", oldest)
            .replace("TAKEN", &taken),
    );
    to.piece(I16);
    if !numbers.reaches.is_empty() {
        to.piece(BOUNDS);
    }
    golden(to, proof);
}

const OLDEST: &str = "    stream->oldest = stream->oldest < NET_DELAY ? stream->oldest + 1 : 0;\n";

/// What the curves of this net need.
fn curves(to: &mut Source, proof: &NumberProof) {
    let readouts = &proof.numbers.readouts;
    let has = |wanted: fn(Curve) -> bool| readouts.iter().any(|readout| wanted(readout.curve));
    let (root, log) = (
        has(|curve| curve == Curve::Root),
        has(|curve| matches!(curve, Curve::Log { .. })),
    );
    let applies = matches!(proof.numbers.reads, Reads::Series(_));
    let pieces = [
        (root && applies, ROOT),
        (root, SQUARE),
        (log && applies, LOGARITHM),
        (log, POWER),
    ];
    for (_, piece) in pieces.into_iter().filter(|(is_needed, _)| *is_needed) {
        to.piece(piece);
    }
}

fn readouts(to: &mut Source, readouts: &[Readout]) {
    let numbers = readouts.iter().flat_map(|readout| {
        let Split { high, low } = readout.start;
        [readout.residual, high, low]
    });
    to.table(
        "Of every target the unit of the net's output, and from where sums count, in two parts.",
        "static const NET_FLASH float net_readouts[3 * NET_TARGETS]",
        &list(numbers.map(c_number), 3),
    );
}

/// Writes how answers come back to the units of the data.
fn uncurve(to: &mut Source, readouts: &[Readout]) {
    let inverse = |readout: &Readout, x: &str| match readout.curve {
        Curve::Identity => x.to_owned(),
        Curve::Root => format!("net_square({x})"),
        Curve::Log { unit, .. } => format!("net_power({x}, {})", c_number(unit)),
    };
    let first = readouts.first().map(|readout| inverse(readout, "(x)"));
    let first = first.unwrap_or_default();
    let about = "The answer for target i in the units of the data.";
    if (readouts.iter()).all(|readout| inverse(readout, "(x)") == first) {
        to.piece(&format!(
            "\n/* {about} */\n#define NET_UNCURVE(i, x) {first}\n"
        ));
        return;
    }
    let mut cases = String::new();
    for (target, readout) in readouts.iter().enumerate() {
        if readout.curve != Curve::Identity {
            cases += &format!(
                "    case {target}:\n        return {};\n",
                inverse(readout, "x")
            );
        }
    }
    to.piece(&format!(
        "
/* {about} */
static float net_uncurve(size_t i, float x)
{{
    switch (i) {{
{cases}    default:
        return x;
    }}
}}

#define NET_UNCURVE(i, x) net_uncurve((i), (x))
"
    ));
}

/// The sums beside a net that reads rows: pieces, statements of the reset, statements of a sample.
fn rows(to: &mut Source, sums: &Sums, is_late: bool) -> (String, String, String) {
    let scaled = "    net_scale_row(raw, x, &stream->missing);\n".to_owned();
    if sums.is_none() {
        return (String::new(), String::new(), scaled);
    }
    centers(
        to,
        "What each column is where it is missing from a sum, in two parts.",
        "sum_centers",
        &sums.centers,
    );
    weights(
        to,
        "Of the linear sums, target by target: rows, the present one first, then means.",
        &sums.weights,
    );
    let (rows, is_ring) = (sums.rows, sums.rows > 1);
    let slot = if is_ring { "stream->slot" } else { "0" };
    let mut advance = String::new();
    if is_ring {
        advance +=
            &format!("        stream->slot = stream->slot + 1 < {rows} ? stream->slot + 1 : 0;\n");
    }
    if is_late {
        advance +=
            "        stream->newest = stream->newest < NET_DELAY ? stream->newest + 1 : 0;\n";
    }
    let mut past = match rows {
        0 => String::new(),
        1 => "        stream->past[i] = x;\n".to_owned(),
        rows => format!(
            "        {{
            size_t row;
            for (row = 0; row < {rows}; row++) {{
                if (is_first || row == stream->slot) {{
                    stream->past[row * NET_COLUMNS + i] = x;
                }}
            }}
        }}
"
        ),
    };
    let mut sum = match rows {
        0 => String::new(),
        1 => "        for (i = 0; i < NET_COLUMNS; i++, w++) {\n            sum += net_times(*w, stream->past[i]);\n        }\n".to_owned(),
        rows => format!(
            "        size_t row = {slot}, lag;
        for (lag = 0; lag < {rows}; lag++) {{
            for (i = 0; i < NET_COLUMNS; i++, w++) {{
                sum += net_times(*w, stream->past[row * NET_COLUMNS + i]);
            }}
            row = row > 0 ? row - 1 : {rows} - 1;
        }}
"
        ),
    };
    let mut count = "";
    let mut reset = "    stream->count = 0;\n".to_owned();
    if sums.with_mean {
        past += MEANS;
        sum += "        for (i = 0; i < NET_COLUMNS; i++, w++) {\n            sum += net_times(*w, stream->totals[i] / count);\n        }\n";
        count = "    const float count = (float)stream->count;\n";
        reset += "    memset(stream->totals, 0, sizeof stream->totals);\n";
    }
    if is_ring {
        reset += "    stream->slot = 0;\n";
    }
    if is_late {
        reset += "    stream->newest = 0;\n    /* The first step makes it 0. */\n    stream->oldest = NET_DELAY;\n";
    }
    let newest = if is_late {
        "stream->newest * NET_TARGETS"
    } else {
        "0"
    };
    let uses_first = is_ring || !advance.is_empty();
    let mut pieces = SUMS
        .replace("ADVANCE", &advance)
        .replace("PAST", &past)
        .replace("SUM", &sum)
        .replace("NEWEST", newest)
        .replace(
            "    size_t target, i;\n",
            &format!("{count}    size_t target, i;\n"),
        );
    if !uses_first {
        pieces = pieces.replace(
            "    const int is_first = stream->count == 0;\n    if (!is_first) {\n    }\n",
            "",
        );
    }
    let taken = format!("    net_remember(stream, raw);\n    net_expect(stream);\n{scaled}");
    (pieces, reset, taken)
}

/// Kahan's sum: however long the sequence, it is as near as one rounding or two.
const MEANS: &str = "        {
            /* Kahan's sum: however long the sequence, it is as near as one rounding or two. */
            const float more = x - stream->totals[NET_COLUMNS + i];
            const float total = stream->totals[i] + more;
            stream->totals[NET_COLUMNS + i] = (total - stream->totals[i]) - more;
            stream->totals[i] = total;
        }
";

/// What a forecast reads, likewise.
fn series_pieces(to: &mut Source, series: &SeriesTables) -> (String, String, String) {
    let read = 2 * series.others();
    let lags = series.weights.len() - read;
    let changes = series.inputs.len() - read - 2;
    centers(
        to,
        "What each column is where a series begins with a gap, in two parts; the target on its curve.",
        "centers",
        &series.centers,
    );
    if !series.weights.is_empty() {
        weights(
            to,
            "Of the linear sum: other columns, then lags of the target.",
            &series.weights,
        );
    }
    let scale = series.inputs.iter();
    let scale = scale.flat_map(|&ColumnScale { mean, rest, factor }| [mean, rest, factor]);
    to.table(
        "Of every input of the net the mean, what float leaves of it, and one over the spread.",
        "static const NET_FLASH float net_input_scale[3 * NET_INPUTS]",
        &list(scale.map(c_number), 3),
    );
    feed::farthest(to, "Inputs", series.farthest);
    let (curved, curve) = match series.curve {
        Curve::Identity => ("raw[0]".to_owned(), ""),
        Curve::Root => ("net_root(raw[0])".to_owned(), "finite"),
        Curve::Log { floor, unit } => {
            let [floor, unit] = [floor, unit].map(c_number);
            (
                format!("net_logarithm((raw[0] < {floor} ? {floor} : raw[0]) / {unit})"),
                "finite",
            )
        }
    };
    let curved = match curve {
        "" => curved,
        _ => format!("raw[0] - raw[0] >= 0.0f ? {curved} : raw[0]"),
    };
    let others = if read == 0 { "" } else { OTHERS };
    let mut sum = String::new();
    if read > 0 {
        sum += &format!(
            "    for (i = 0; i < {read}; i++) {{\n        sum += net_times(net_sum_weights[i], stream->others[i]);\n    }}\n"
        );
    }
    if lags > 0 {
        let x = match series.span {
            0 => "net_target(stream, i)".to_owned(),
            span => format!("net_target(stream, i) - net_target(stream, i + {span})"),
        };
        let place = if read == 0 {
            "i".to_owned()
        } else {
            format!("{read} + i")
        };
        sum += &format!(
            "    for (i = 0; i < {lags}; i++) {{\n        const float x = {x};\n        sum += net_times(net_sum_weights[{place}], x);\n    }}\n"
        );
    }
    if !sum.is_empty() {
        sum = format!("    uint32_t i;\n{sum}");
    }
    let offset = c_number(series.offset);
    let expected = match series.base {
        None => format!("sum + {offset}"),
        Some(base) => format!("(sum + {offset}) + net_target(stream, {base})"),
    };
    let mut inputs = String::new();
    if read > 0 {
        inputs += &format!("    memcpy(x, stream->others, {read} * sizeof *x);\n");
    }
    inputs += &format!(
        "    x[{read}] = net_target(stream, 0);\n    x[{}] = stream->expected - x[{read}];\n",
        read + 1
    );
    if changes > 0 {
        inputs += &format!(
            "    for (i = 0; i < {changes}; i++) {{\n        x[{} + i] = net_target(stream, (uint32_t)i) - net_target(stream, (uint32_t)i + 1);\n    }}\n",
            read + 2
        );
    }
    let pieces = SERIES
        .replace("OTHERS", others)
        .replace("SUM", &sum)
        .replace("EXPECTED", &expected)
        .replace("CURVED", &curved)
        // Behind the others, since macros have these letters too.
        .replace("\nINPUTS", &format!("\n{inputs}"));
    (
        pieces,
        "    stream->started = 0;\n".to_owned(),
        "    net_remember(stream, raw);\n    stream->expected = net_expect(stream);\n    net_inputs(stream, x);\n".to_owned(),
    )
}

const OTHERS: &str = "    for (i = 0; i + 1 < NET_COLUMNS; i++) {
        float *const place = stream->others + 2 * i;
        const float from = (raw[i + 1] - net_centers[2 * i + 2]) - net_centers[2 * i + 3];
        const int is_there = from - from >= 0.0f;
        const float old = is_first ? 0.0f : place[0];
        stream->missing += !is_there;
        place[0] = is_there ? from : old;
        /* The first value stands for the one before it. */
        place[1] = is_first ? place[0] : old;
    }
";

fn centers(to: &mut Source, about: &str, name: &str, centers: &[Split]) {
    let numbers = centers.iter().flat_map(|&Split { high, low }| [high, low]);
    to.table(
        about,
        &format!("static const NET_FLASH float net_{name}[2 * NET_COLUMNS]"),
        &list(numbers.map(c_number), 2),
    );
}

fn weights(to: &mut Source, about: &str, weights: &[f32]) {
    to.table(
        about,
        &format!(
            "static const NET_FLASH float net_sum_weights[{}]",
            weights.len()
        ),
        &list(weights.iter().map(|&x| c_number(x)), PANEL),
    );
}

fn golden(to: &mut Source, proof: &NumberProof) {
    for Reach {
        percent,
        of_targets,
    } in &proof.numbers.reaches
    {
        let about = format!(
            "How far answers may be off, if intervals are to hold {percent} % of the values."
        );
        let declaration = format!("const float net_reach_{percent}[NET_TARGETS]");
        to.table(
            &about,
            &declaration,
            &list(of_targets.iter().map(|&x| c_number(x)), PANEL),
        );
    }
    to.piece(&format!(
        "\n/* Of the golden samples this number is fed as one that is missing. */\n#define NET_GOLDEN_MISSING {}\n",
        proof.missing
    ));
    let mut table = |about: &str, name: &str, numbers: &[f32], width: usize| {
        let declaration = format!(
            "static const NET_FLASH float net_golden_{name}[{}]",
            numbers.len()
        );
        to.table(
            about,
            &declaration,
            &list(numbers.iter().map(|&x| c_number(x)), width),
        );
    };
    let columns = proof.numbers.columns().min(2 * PANEL);
    table("Raw samples.", "raw", &proof.raw, columns);
    let targets = proof.numbers.readouts.len().min(PANEL);
    let width = if targets == 1 { PANEL } else { targets };
    table(
        "The answers that must come, step by step.",
        "values",
        &proof.values,
        width,
    );
    table(
        "How far the answer for each target may be off where multiply-adds are not fused.",
        "reach",
        &proof.tolerances,
        PANEL,
    );
}

/// `net_feed_self_test`, behind `net_compare`.
pub fn test(to: &mut Source) {
    to.piece(TEST);
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
 * A raw sample has a number for every column, in the units of the training data. All that stands around the net is done in single
 * precision, every operation rounded on its own: for every net's output the same bits on every chip. What elman predict says, in
 * double precision, differs by a few units in the last place of the numbers that are added up.ANSWER
 */
typedef struct {
    net_state net;
MEMBERS    float y[NET_OUTPUTS]; /* of the net, after the last step that was read */
    uint32_t missing; /* numbers so far that were not finite */
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
 * intervals that hold PERCENT % of the values, by the errors on validation data.
 */
void net_bounds(const net_stream *stream, const float reach[NET_TARGETS], float low[NET_TARGETS], float high[NET_TARGETS]);
";
