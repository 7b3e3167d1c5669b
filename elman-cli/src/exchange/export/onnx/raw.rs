//! `--raw`: the scaling of the columns and the names of the outputs as parts of the graph.
//!
//! ```text
//! columns (B, T, C), double → (x - mean) / deviation → missing values 0 → cut → float → neighbours side by side → (B, T, I)
//! logits / temperature → softmax → y → the likeliest → its name
//! ```

use elman_core::{Read, Spec};

use super::graph::{Axis, Builder, info};
use crate::args::ExportArgs;
use crate::base::failure::{Failure, Result};
use crate::exchange::onnx::{Attribute, Tensor, ValueInfo, data_type};
use crate::task::trained::{Raw, Trained};

/// What the columns are called, and the names that come out.
pub const COLUMNS: &str = "columns";
const NAME: &str = "name";

/// What is written around the net, if it is asked for.
///
/// # Errors
/// A net that reads text, or answers with numbers.
pub fn of<'a>(args: &ExportArgs, trained: &'a dyn Trained) -> Result<Option<Raw<'a>>> {
    if !args.raw {
        return Ok(None);
    }
    let none = "--raw is for nets that read tables and answer with classes or labels; this one reads text or answers with numbers: \
                without --raw the file says in its metadata what they mean";
    trained.raw().map(Some).ok_or_else(|| Failure::input(none))
}

/// The columns.
pub fn input(raw: &Raw<'_>) -> ValueInfo {
    let axes = [
        Axis::Name("batch"),
        Axis::Name("time"),
        Axis::Size(raw.scaling.columns.len()),
    ];
    let late = match raw.scaling.window() {
        1 => "",
        _ => " A step sees its neighbours as well, so sequences must come whole.",
    };
    let about = format!(
        "The columns {}, as they are measured; NaN where a value is missing.{late}",
        raw.scaling.columns.join(", ")
    );
    info(COLUMNS, data_type::DOUBLE, &axes, &about)
}

/// The names.
pub fn output(spec: &Spec) -> ValueInfo {
    let (axes, about) = match spec.head.read {
        Read::LastStep => (vec![Axis::Name("batch")], "The likeliest class."),
        Read::EveryStep => (
            vec![Axis::Name("batch"), Axis::Name("time")],
            "The likeliest label of every step by itself.",
        ),
    };
    info(NAME, data_type::STRING, &axes, about)
}

impl Builder {
    /// From columns to what the net reads (B, T, I); how that is called.
    pub fn scaled(&mut self, raw: &Raw<'_>) -> &'static str {
        let (scaling, columns) = (raw.scaling, raw.scaling.columns.len());
        let [mean, deviation] = scaling.moments();
        let farthest = scaling.farthest();
        for (name, numbers) in [("mean", mean), ("deviation", deviation)] {
            let constant = Tensor::doubles(name, &[columns], numbers);
            self.constants.push(constant);
        }
        for (name, number) in [
            ("middle", 0.0),
            ("lowest", -farthest),
            ("highest", farthest),
        ] {
            self.constants.push(Tensor::doubles(name, &[], &[number]));
        }
        self.node("Sub", &[COLUMNS, "mean"], "centred", vec![]);
        self.node("Div", &["centred", "deviation"], "ratio", vec![]);
        self.node("IsNaN", &["ratio"], "is_missing", vec![]);
        let filled = ["is_missing", "middle", "ratio"];
        self.node("Where", &filled, "filled", vec![]);
        self.node("Clip", &["filled", "lowest", "highest"], "cut", vec![]);
        let to_float = vec![Attribute::int("to", i64::from(data_type::FLOAT))];
        self.node("Cast", &["cut"], "scaled", to_float);
        let window = scaling.window() as i64;
        if window == 1 {
            return "scaled";
        }
        let outside = Tensor::floats("padding", &[1, 1, columns], vec![0.0; columns]);
        self.padded("scaled", outside, window / 2, "bordered");
        let parts: Vec<String> = (0..window)
            .map(|neighbour| self.neighbour("bordered", neighbour, true))
            .collect();
        self.join(&parts, "window");
        "window"
    }

    /// Logits as sure of themselves as the net may be; how they are called.
    pub fn softened(&mut self, raw: &Raw<'_>) -> &'static str {
        let constant = Tensor::floats("temperature", &[], [raw.temperature as f32]);
        self.constants.push(constant);
        self.node("Div", &["logits", "temperature"], "softened", vec![]);
        "softened"
    }

    /// `name`: of the largest probability.
    pub fn names(&mut self, raw: &Raw<'_>) {
        self.constants.push(Tensor::strings("names", raw.names));
        let attributes = vec![Attribute::int("axis", -1), Attribute::int("keepdims", 0)];
        self.node("ArgMax", &["y"], "likeliest", attributes);
        self.node("Gather", &["names", "likeliest"], NAME, vec![]);
    }
}
