//! What a forecast reads of a series.

use elman_core::feed::{ColumnScale, Curve};

use super::tables::{Pieces, centers, weights};
use crate::base::encoding::SeriesTables;
use crate::exchange::export::c::feed;
use crate::exchange::export::c::text::{Source, c_number};
use crate::exchange::export::source::list;

const SERIES: &str = include_str!("series.c");
const OTHERS: &str = include_str!("series_others.c");

/// Tables, and what is made of them.
pub fn pieces(to: &mut Source, series: &SeriesTables) -> Pieces {
    tables(to, series);
    let offset = c_number(series.offset);
    let expected = match series.base {
        None => format!("sum + {offset}"),
        Some(base) => format!("(sum + {offset}) + net_target(stream, {base})"),
    };
    let others = if series.others() == 0 { "" } else { OTHERS };
    Pieces {
        functions: SERIES
            .replace("OTHERS", others)
            .replace("SUM", &sum(series))
            .replace("EXPECTED", &expected)
            .replace("CURVED", &curved(series.curve))
            // Macros have these letters too.
            .replace("\nINPUTS", &format!("\n{}", inputs(series))),
        reset: "    stream->started = 0;\n".to_owned(),
        taken: "    net_remember(stream, raw);\n    stream->expected = net_expect(stream);\n    net_inputs(stream, x);\n".to_owned(),
    }
}

fn tables(to: &mut Source, series: &SeriesTables) {
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
}

/// The target on its curve, where it is finite.
fn curved(curve: Curve) -> String {
    let curved = match curve {
        Curve::Identity => return "raw[0]".to_owned(),
        Curve::Root => "net_root(raw[0])".to_owned(),
        Curve::Log { floor, unit } => {
            let [floor, unit] = [floor, unit].map(c_number);
            format!("net_logarithm((raw[0] < {floor} ? {floor} : raw[0]) / {unit})")
        }
    };
    format!("raw[0] - raw[0] >= 0.0f ? {curved} : raw[0]")
}

/// What the linear sum adds up.
fn sum(series: &SeriesTables) -> String {
    let read = 2 * series.others();
    let lags = series.weights.len() - read;
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
        let place = match read {
            0 => "i".to_owned(),
            read => format!("{read} + i"),
        };
        sum += &format!(
            "    for (i = 0; i < {lags}; i++) {{\n        const float x = {x};\n        sum += net_times(net_sum_weights[{place}], x);\n    }}\n"
        );
    }
    match sum.is_empty() {
        true => sum,
        false => format!("    uint32_t i;\n{sum}"),
    }
}

/// The inputs of the net, before they are scaled.
fn inputs(series: &SeriesTables) -> String {
    let read = 2 * series.others();
    let changes = series.inputs.len() - read - 2;
    let mut inputs = match read {
        0 => String::new(),
        read => format!("    memcpy(x, stream->others, {read} * sizeof *x);\n"),
    };
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
    inputs
}
