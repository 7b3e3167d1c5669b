//! The linear sums beside a net that reads rows.

use super::tables::{Pieces, centers, weights};
use crate::base::encoding::Sums;
use crate::exchange::export::c::text::Source;

const SUMS: &str = include_str!("sums.c");
const PAST: &str = include_str!("sums_past.c");
const MEANS: &str = include_str!("sums_means.c");

const SCALED: &str = "    net_scale_row(raw, x, &stream->missing);\n";

/// Tables, and what is made of them; `is_late` if a step waits for later samples.
pub fn pieces(to: &mut Source, sums: &Sums, is_late: bool) -> Pieces {
    if sums.is_none() {
        return Pieces {
            functions: String::new(),
            reset: String::new(),
            taken: SCALED.to_owned(),
        };
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
    let newest = if is_late {
        "stream->newest * NET_TARGETS"
    } else {
        "0"
    };
    let count = if sums.with_mean {
        "    const float count = (float)stream->count;\n"
    } else {
        ""
    };
    Pieces {
        functions: SUMS
            .replace("ADVANCE", &advance(sums, is_late))
            .replace("PAST", &past(sums))
            .replace("COUNT", count)
            .replace("SUM", &sum(sums))
            .replace("NEWEST", newest),
        reset: reset(sums, is_late),
        taken: format!("    net_remember(stream, raw);\n    net_expect(stream);\n{SCALED}"),
    }
}

/// To the places of a row that is not the first.
fn advance(sums: &Sums, is_late: bool) -> String {
    let mut advance = String::new();
    if sums.rows > 1 {
        let rows = sums.rows;
        advance +=
            &format!("        stream->slot = stream->slot + 1 < {rows} ? stream->slot + 1 : 0;\n");
    }
    if is_late {
        advance +=
            "        stream->newest = stream->newest < NET_DELAY ? stream->newest + 1 : 0;\n";
    }
    if advance.is_empty() {
        return advance;
    }
    format!("    if (stream->count > 0) {{\n{advance}    }}\n")
}

/// Where a number of a row goes.
fn past(sums: &Sums) -> String {
    let mut past = match sums.rows {
        0 => String::new(),
        1 => "        stream->past[i] = x;\n".to_owned(),
        rows => PAST.replace("ROWS", &rows.to_string()),
    };
    if sums.with_mean {
        past += MEANS;
    }
    past
}

/// What is added up for a target.
fn sum(sums: &Sums) -> String {
    let of_columns = |x: &str| {
        format!(
            "        for (i = 0; i < NET_COLUMNS; i++, w++) {{\n            sum += net_times(*w, {x});\n        }}\n"
        )
    };
    let mut sum = match sums.rows {
        0 => String::new(),
        1 => of_columns("stream->past[i]"),
        rows => format!(
            "        size_t row = stream->slot, lag;
        for (lag = 0; lag < {rows}; lag++) {{
            for (i = 0; i < NET_COLUMNS; i++, w++) {{
                sum += net_times(*w, stream->past[row * NET_COLUMNS + i]);
            }}
            row = row > 0 ? row - 1 : {rows} - 1;
        }}
"
        ),
    };
    if sums.with_mean {
        sum += &of_columns("stream->totals[i] / count");
    }
    sum
}

/// Before the first row.
fn reset(sums: &Sums, is_late: bool) -> String {
    let mut reset = "    stream->count = 0;\n".to_owned();
    if sums.with_mean {
        reset += "    memset(stream->totals, 0, sizeof stream->totals);\n";
    }
    if sums.rows > 1 {
        reset += "    stream->slot = 0;\n";
    }
    if is_late {
        reset += "    stream->newest = 0;\n    /* The first step makes it 0. */\n    stream->oldest = NET_DELAY;\n";
    }
    reset
}
