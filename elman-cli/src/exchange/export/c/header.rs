//! The header: lengths as macros, what can be called.

use elman_core::{Input, Read};

use super::super::parts::Parts;
use super::steps::{work_buffers, work_cells};
use super::text::{Source, comment};
use super::{feed, numbers as number_feed, sequence_scale};

/// Everything below the first comment.
pub fn write(to: &mut Source, parts: &Parts<'_>) {
    let spec = &parts.spec;
    to.piece("#ifndef NET_H\n#define NET_H\n\n#include <stddef.h>\n#include <stdint.h>\n\n");
    to.verbatim("#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    let mut define = |about: &str, name: &str, value: String| {
        to.piece(&format!("/* {about} */\n#define NET_{name} {value}\n"));
    };
    if let Input::Tokens { channels, window } = &spec.input {
        define(
            "Steps seen at once: the step itself and its neighbours.",
            "WINDOW",
            window.to_string(),
        );
        define("Ids per step.", "CHANNELS", channels.len().to_string());
    }
    let inputs = match &spec.input {
        Input::Dense { .. } => "Numbers per row of input.",
        Input::Tokens { .. } => "Ids per row of input.",
    };
    define(inputs, "INPUTS", spec.golden_width().to_string());
    define(
        "Numbers per row of output.",
        "OUTPUTS",
        spec.output_width().to_string(),
    );
    define("Numbers of state.", "STATE", spec.state_len().to_string());
    define("The widest layer.", "WIDEST", spec.widest().to_string());
    if spec.is_bidirectional() {
        let rows = match spec.head.read {
            Read::EveryStep => "(steps)",
            Read::LastStep => "((steps) > 0 ? 1u : 0u)",
        };
        define(
            "Rows of output for a sequence.",
            "ROWS(steps)",
            rows.to_owned(),
        );
        let rows = format!("{} * (steps) * NET_WIDEST", work_buffers(spec));
        let work = match work_cells(spec) {
            0 => format!("({rows})"),
            cells => format!("({rows} + {cells})"),
        };
        define("Numbers of work space for a sequence.", "WORK(steps)", work);
        let longest = parts.proof.golden().longest().to_string();
        define(
            "Steps of the longest sequence of the self-test.",
            "SELF_TEST_STEPS",
            longest,
        );
    }
    let element = match &spec.input {
        Input::Dense { .. } => "float",
        Input::Tokens { .. } => "uint32_t",
    };
    let calls = if spec.is_bidirectional() {
        SEQUENCE
    } else {
        STREAM
    };
    to.piece(&calls.replace("INPUT_T", element));
    if let Some(feed) = &parts.proof.feed {
        feed::header(to, spec, feed);
    }
    if let Some(numbers) = &parts.proof.numbers {
        number_feed::header(to, spec, numbers, &number_feed::Form::FLOAT);
    }
    if let Some(front) = parts.sequence_front() {
        sequence_scale::header(to, parts, front);
    }
    names(to, parts);
    to.piece("\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* NET_H */\n");
}

/// The tables of what numbers mean.
pub fn names(to: &mut Source, parts: &Parts<'_>) {
    let encoding = &parts.encoding;
    let names = encoding
        .names
        .iter()
        .map(|list| (&list.name, &list.about, list.items.len(), "char *const"));
    let numbers = encoding
        .numbers
        .iter()
        .map(|list| (&list.name, &list.about, list.items.len(), "double"));
    for (name, about, len, element) in names.chain(numbers) {
        let large = name.to_uppercase();
        to.verbatim(&format!("\n/* {} */\n", comment(about)));
        to.piece(&format!(
            "#define NET_{large}_LEN {len}\nextern const {element} net_{name}[NET_{large}_LEN];\n"
        ));
    }
}

const STREAM: &str = "
/*
 * What the net remembers, and room to work in: all the RAM that it needs. Use:
 *
 *     static net_state net;
 *     float y[NET_OUTPUTS];
 *     if (net_self_test(&net, y) != 0) { ... this chip or compiler computes something else ... }
 *     net_reset(&net);
 *     for (;;) { net_step(&net, x, y); ... }
 */
typedef struct {
    float state[NET_STATE];
    float scratch[NET_WIDEST];
} net_state;

/* Back to the initial state: before the first step of every sequence. */
void net_reset(net_state *net);

/* One step. Returns 0; for an id that the net does not know -1, and the state stays as it was. */
int net_step(net_state *net, const INPUT_T x[NET_INPUTS], float y[NET_OUTPUTS]);

/* Runs the golden vectors and resets: 0 if all is well, else the number of the first wrong output, counted from 1. */
size_t net_self_test(net_state *net, float y[NET_OUTPUTS]);
";

const SEQUENCE: &str = "
/*
 * This net reads both ways, so it needs a whole sequence at once. Use:
 *
 *     static float work[NET_WORK(STEPS)], y[NET_ROWS(STEPS) * NET_OUTPUTS];
 *     if (net_self_test(work, y) != 0) { ... this chip or compiler computes something else ... }
 *     net_run(x, steps, work, y);
 */

/*
 * Runs over a sequence: x (steps, NET_INPUTS), work NET_WORK(steps), y (NET_ROWS(steps), NET_OUTPUTS). Returns 0; for no
 * steps or an id that the net does not know -1, and y stays as it was.
 */
int net_run(const INPUT_T *x, size_t steps, float *work, float *y);

/*
 * Runs the golden vectors, with work and y for NET_SELF_TEST_STEPS steps: 0 if all is well, else the number of the first
 * wrong output, counted from 1.
 */
size_t net_self_test(float *work, float *y);
";
