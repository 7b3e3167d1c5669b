//! The header: lengths as macros, what can be called.

use std::fmt::Display;

use elman_core::quantized::QuantizedModel;
use elman_core::{HeadKind, Input, Read, Spec};

use super::super::c::{header::names, numbers, text::Source, text::c_number};
use super::super::int8::IntegerProof;
use super::super::parts::Parts;
use super::feed;
use super::sequence::Work;
use super::words::{cell_numbers, input_numbers, layer_numbers, padded};

/// Everything below the first comment.
pub fn write(
    to: &mut Source,
    parts: &Parts<'_>,
    model: &QuantizedModel<'_>,
    proof: &IntegerProof<'_>,
) {
    let spec = &parts.spec;
    to.piece("#ifndef NET_H\n#define NET_H\n\n#include <stddef.h>\n#include <stdint.h>\n\n");
    to.verbatim("#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    row_lengths(to, spec, model);
    let calls = if spec.is_bidirectional() {
        sequence_lengths(to, spec, parts.proof.golden().longest());
        SEQUENCE.to_owned()
    } else {
        let has_cells = stream_lengths(to, spec);
        STREAM.replace("CELL_STATES", if has_cells { CELL_STATES } else { "" })
    };
    let (element, float) = match &spec.input {
        Input::Dense { .. } => ("int16_t", "float"),
        Input::Tokens { .. } => ("uint32_t", "uint32_t"),
    };
    let floats = if matches!(spec.head.kind, HeadKind::Softmax { .. }) {
        "probabilities"
    } else {
        "outputs"
    };
    if matches!(spec.input, Input::Dense { .. }) {
        to.piece(INTEGER);
    }
    let calls = calls.replace("INPUT_T", element).replace("FLOAT_T", float);
    to.piece(&calls.replace("PROBABILITIES", floats));
    if let Some(feed) = &proof.feed {
        feed::header(to, spec, feed);
    }
    if let Some(numbers) = &proof.numbers {
        numbers::header(to, spec, numbers, &numbers::Form::INT8);
    }
    names(to, parts);
    to.piece("\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* NET_H */\n");
}

/// A macro and what it is.
fn define(to: &mut Source, about: &str, name: &str, value: impl Display) {
    to.piece(&format!("/* {about} */\n#define NET_{name} {value}\n"));
}

/// What a row of inputs and one of outputs are.
fn row_lengths(to: &mut Source, spec: &Spec, model: &QuantizedModel<'_>) {
    let mut inputs = "Numbers per row of input.";
    if let Input::Tokens { channels, window } = &spec.input {
        let about = "Steps seen at once: the step itself and its neighbours.";
        define(to, about, "WINDOW", window);
        define(to, "Ids per step.", "CHANNELS", channels.len());
        inputs = "Ids per row of input.";
    }
    define(to, inputs, "INPUTS", spec.golden_width());
    let about = "Numbers per row of output.";
    define(to, about, "OUTPUTS", spec.output_width());
    if matches!(spec.input, Input::Dense { .. }) {
        let about = "Units of an input that make 1.0: x times this, rounded, within 16 bits.";
        define(to, about, "INPUT_SCALE", c_number(model.input_scale()));
    }
    let about = "What one unit of a logit is worth.";
    define(to, about, "UNIT", c_number(model.unit()));
    let about = "Numbers of a row of input, padded.";
    define(to, about, "X", padded(input_numbers(spec)));
}

/// The buffers of a net that reads both ways.
fn sequence_lengths(to: &mut Source, spec: &Spec, longest: usize) {
    let rows = match spec.head.read {
        Read::EveryStep => "(steps)",
        Read::LastStep => "((steps) > 0 ? 1u : 0u)",
    };
    define(to, "Rows of output for a sequence.", "ROWS(steps)", rows);
    let Work {
        buffers,
        widest,
        fixed,
    } = Work::of(spec);
    let about = "Numbers of work space for a sequence.";
    let work = format!("({} * (steps) + {fixed})", buffers * widest);
    define(to, about, "WORK(steps)", work);
    let about = "Steps of the longest sequence of the self-test.";
    define(to, about, "SELF_TEST_STEPS", longest);
}

/// The state of a stream; whether it has cell states.
fn stream_lengths(to: &mut Source, spec: &Spec) -> bool {
    let state = (0..spec.layers.len()).map(|layer| layer_numbers(spec, layer));
    let about = "Numbers of state, padded.";
    define(to, about, "STATE", state.sum::<usize>());
    let cells = cell_numbers(spec);
    if cells > 0 {
        let about = "Numbers of the cell states of LSTM layers, padded.";
        define(to, about, "CELLS", cells);
    }
    cells > 0
}

const INTEGER: &str = "
/* The whole number that stands for an input; 0 for a NaN. */
int16_t net_integer(float x);
";

const CELL_STATES: &str = "    int16_t c[NET_CELLS];\n";

const STREAM: &str = "
/*
 * What the net remembers, and room to work in: all the RAM that it needs. Use:
 *
 *     static net_state net;
 *     int32_t y[NET_OUTPUTS];
 *     if (net_self_test(&net, y) != 0) { ... this chip or compiler computes something else ... }
 *     net_reset(&net);
 *     for (;;) { net_step(&net, x, y); ... the largest y is the likeliest ... }
 */
typedef struct {
    /* Which h is that of now; the next step writes the other one. */
    uint32_t turn;
    int16_t h[2][NET_STATE];
CELL_STATES    int16_t x[NET_X];
} net_state;

/* Back to the initial state: before the first step of every sequence. */
void net_reset(net_state *net);

/*
 * One step in whole numbers: logits, worth NET_UNIT each. Returns 0; for an id that the net does not know -1, and the state
 * stays as it was.
 */
int net_step(net_state *net, const INPUT_T x[NET_INPUTS], int32_t y[NET_OUTPUTS]);

/* The same from and to floats: PROBABILITIES. It keeps the logits on the stack, and takes a chip without an FPU long. */
int net_step_float(net_state *net, const FLOAT_T x[NET_INPUTS], float y[NET_OUTPUTS]);

/*
 * Runs the golden vectors and resets: 0 if all is well, else the number of the first wrong logit, counted from 1. Every logit
 * must be the same on every machine.
 */
size_t net_self_test(net_state *net, int32_t y[NET_OUTPUTS]);
";

const SEQUENCE: &str = "
/*
 * This net reads both ways, so it needs a whole sequence at once. Use:
 *
 *     static int16_t work[NET_WORK(STEPS)];
 *     static int32_t y[NET_ROWS(STEPS) * NET_OUTPUTS];
 *     if (net_self_test(work, y) != 0) { ... this chip or compiler computes something else ... }
 *     net_run(x, steps, work, y);
 */

/*
 * Runs over a sequence in whole numbers: x (steps, NET_INPUTS), work NET_WORK(steps), y (NET_ROWS(steps), NET_OUTPUTS) logits,
 * worth NET_UNIT each. Returns 0; for no steps or an id that the net does not know -1, and y stays as it was.
 */
int net_run(const INPUT_T *x, size_t steps, int16_t *work, int32_t *y);

/* The same from and to floats: PROBABILITIES. Each row keeps its logits on the stack. */
int net_run_float(const FLOAT_T *x, size_t steps, int16_t *work, float *y);

/*
 * Runs the golden vectors, with work and y for NET_SELF_TEST_STEPS steps: 0 if all is well, else the number of the first
 * wrong logit, counted from 1. Every logit must be the same on every machine.
 */
size_t net_self_test(int16_t *work, int32_t *y);
";
