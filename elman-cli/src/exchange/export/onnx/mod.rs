//! A net as an ONNX file.
//!
//! ```text
//! x (B, T, I)  or  tokens (B, T, channels) → embeddings of the window          lengths (B), state (B, S): may be left out
//!      │ (T, B, I)
//!      ▼
//! RNN, GRU or LSTM for every layer, from its part of state     → (T, B, D·H) → next layer
//!      │
//!      ▼ every step, or the last one
//! y = g(h·W_out + c)                              state_out (B, S)
//! ```
//!
//! `lengths` and `state` are inputs with a default of one row, which is spread over the batch: whole sequences and the initial
//! state. Where `state_out` is fed back as `state`, the net goes on where the last call stopped.

mod graph;
mod layers;
mod raw;

use std::io::Write;

use elman_core::{HeadKind, Input, Read, Spec};
use serde::Serialize;

use crate::args::ExportArgs;
use crate::base::failure::{Failure, Result};
use crate::base::folder::{Run, write_atomic};
use crate::exchange::onnx::{
    self, Attribute, DimensionValue, Entry, Graph, Model, OperatorSet, Tensor, TypeValue,
    ValueInfo, data_type, weights,
};
use crate::net::cell;
use crate::net::describe;
use crate::net::model_file::About;
use crate::net::network::Network;
use crate::task::trained::{Raw, Trained};
use graph::Axis::{Name, Size};
use graph::{Builder, info};

/// Old enough for every runtime, new enough for all that is used.
const OPSET: i64 = 17;
const IR_VERSION: i64 = 8;

/// What `--json` prints.
#[derive(Serialize)]
struct OnnxReport {
    files: [String; 1],
    opset: i64,
    inputs: Vec<String>,
    outputs: Vec<String>,
}

/// The command.
///
/// # Errors
/// A flag that is for chips; a net that is too large; writing fails.
pub fn run(args: &ExportArgs, run: &Run, trained: &dyn Trained) -> Result<()> {
    let network = trained.network();
    if args.data.is_some() {
        return Err(Failure::input(
            "--data is for golden vectors, and an ONNX file holds none",
        ));
    }
    check_cells(network.spec())?;
    let about = About::read(&run.model())?;
    let about = match args.bare {
        true => About {
            task: None,
            meaning: None,
            ..about
        },
        false => about,
    };
    let about = serde_json::to_string(&about)
        .map_err(|error| Failure::run(format!("cannot write the metadata: {error}")))?;
    let raw = raw::of(args, trained)?;
    let model = model(network, about, raw.as_ref());
    write_atomic(&args.out, &onnx::encode(&model)?)?;
    report(args, network.spec(), &model)
}

/// Refuses cells that ONNX has no operator for.
fn check_cells(spec: &Spec) -> Result<()> {
    let mut rows = spec.layers.as_slice().iter().map(|l| cell::names(l.cell));
    match rows.find(|row| row.onnx.is_none()) {
        None => Ok(()),
        Some(row) => Err(Failure::input(format!(
            "ONNX has no operator for {}: --format c, rust or image exports this net",
            row.title
        ))),
    }
}

fn report(args: &ExportArgs, spec: &Spec, model: &Model) -> Result<()> {
    let file = args.out.display().to_string();
    let names = |infos: &[ValueInfo]| infos.iter().map(shown).collect();
    let graph = model.graph.clone().unwrap_or_default();
    let report = OnnxReport {
        files: [file],
        opset: OPSET,
        inputs: names(&graph.input),
        outputs: names(&graph.output),
    };
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut out, &report).map_err(std::io::Error::from)?;
        return Ok(writeln!(out)?);
    }
    writeln!(out, "{}: {}", report.files[0], describe::line(spec))?;
    writeln!(out, "inputs   {}", report.inputs.join(", "))?;
    writeln!(out, "outputs  {}", report.outputs.join(", "))?;
    Ok(writeln!(
        out,
        "lengths and state may be left out; state_out fed back as state goes on with the same sequences"
    )?)
}

/// `x (batch, time, 6)`
fn shown(info: &ValueInfo) -> String {
    let kind = info.kind.as_ref().and_then(|kind| kind.value.as_ref());
    let Some(TypeValue::Tensor(tensor)) = kind else {
        return info.name.clone();
    };
    let dims = tensor.shape.iter().flat_map(|shape| &shape.dim);
    let dims: Vec<String> = dims
        .map(|dim| match &dim.value {
            Some(DimensionValue::Size(size)) => size.to_string(),
            Some(DimensionValue::Name(name)) => name.clone(),
            None => "?".to_owned(),
        })
        .collect();
    format!("{} ({})", info.name, dims.join(", "))
}

/// The file.
fn model(network: &Network, about: String, raw: Option<&Raw<'_>>) -> Model {
    let spec = network.spec();
    let mut graph = Builder {
        nodes: Vec::new(),
        constants: weights::write(spec, network.params()),
    };
    graph.sizes(spec, steps_name(spec, raw));
    graph.input(spec, raw);
    graph.layers(spec);
    graph.head(spec, raw);
    Model {
        ir_version: IR_VERSION,
        producer_name: onnx::PRODUCER.to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        doc_string: format!("{}: {}.", kind(spec), describe::line(spec)),
        graph: Some(Graph {
            node: graph.nodes,
            name: "elman".to_owned(),
            initializer: graph.constants,
            input: inputs(spec, raw),
            output: outputs(spec, raw),
        }),
        opset_import: vec![OperatorSet {
            domain: String::new(),
            version: OPSET,
        }],
        metadata_props: vec![Entry {
            key: onnx::KEY.to_owned(),
            value: about,
        }],
    }
}

/// What the net is called.
fn kind(spec: &Spec) -> &'static str {
    let mut layers = spec.layers.as_slice().iter();
    if layers.all(|layer| cell::activation(layer).is_some()) {
        "An Elman net"
    } else {
        "A recurrent net"
    }
}

fn inputs(spec: &Spec, raw: Option<&Raw<'_>>) -> Vec<ValueInfo> {
    let steps = match &spec.input {
        Input::Dense { .. } if let Some(raw) = raw => raw::input(raw),
        Input::Dense { width } => info(
            "x",
            data_type::FLOAT,
            &[Name("batch"), Name("time"), Size(*width)],
            "What the net reads, scaled as it was in training.",
        ),
        Input::Tokens { channels, window } => {
            let about = match window {
                1 => "Ids.".to_owned(),
                _ => format!(
                    "Ids. A step sees {window} steps at once, so sequences must come whole: the neighbours of the first and \
                     of the last step of a call lie outside."
                ),
            };
            let axes = [Name("batch"), Name("time"), Size(channels.len())];
            info("tokens", data_type::INT64, &axes, &about)
        }
    };
    let lengths = info(
        "lengths",
        data_type::INT32,
        &[Name("lengths_rows")],
        "Steps of every sequence; what lies behind is padding. By default all steps count.",
    );
    let state = info(
        weights::STATE,
        data_type::FLOAT,
        &[Name("state_rows"), Size(spec.state_len())],
        "Where every sequence starts: state_out of the call before, or by default the initial state.",
    );
    vec![steps, lengths, state]
}

fn outputs(spec: &Spec, raw: Option<&Raw<'_>>) -> Vec<ValueInfo> {
    let width = Size(spec.output_width());
    let axes = match spec.head.read {
        Read::EveryStep => vec![Name("batch"), Name("time"), width],
        Read::LastStep => vec![Name("batch"), width],
    };
    let about = match spec.head.kind {
        HeadKind::None => "Hidden units.",
        HeadKind::Linear { .. } => "Values.",
        HeadKind::Softmax { .. } => "Probabilities.",
    };
    let state = info(
        "state_out",
        data_type::FLOAT,
        &[Name("batch"), Size(spec.state_len())],
        state_order(spec),
    );
    let names = raw.map(|_| raw::output(spec));
    let all = [info("y", data_type::FLOAT, &axes, about), state];
    all.into_iter().chain(names).collect()
}

/// What is carried from step to step, in its order.
fn state_order(spec: &Spec) -> &'static str {
    let mut layers = spec.layers.as_slice().iter();
    if layers.any(|layer| layer.cell.facts().states > 1) {
        "Every layer, one after the other: its hidden units, both directions, then the cells of an LSTM."
    } else {
        "Every layer and direction, one after the other."
    }
}

impl Builder {
    /// `batch` and `time` as vectors of one number, and the lengths and the state of every sequence.
    fn sizes(&mut self, spec: &Spec, steps: &str) {
        self.constants
            .push(Tensor::small_ints("lengths", &[1], &[i32::MAX]));
        for (name, index) in [("zero", 0), ("one", 1), ("width", spec.state_len() as i64)] {
            self.vector(name, &[index]);
        }
        self.node("Shape", &[steps], "shape", vec![]);
        self.node("Gather", &["shape", "zero"], "batch", vec![]);
        self.node("Gather", &["shape", "one"], "time", vec![]);
        let to_int32 = vec![Attribute::int("to", i64::from(data_type::INT32))];
        self.node("Cast", &["time"], "time_int32", to_int32);
        self.node("Min", &["lengths", "time_int32"], "lengths_cut", vec![]);
        self.node("Expand", &["lengths_cut", "batch"], "lengths_all", vec![]);
        let rows = vec![Attribute::int("axis", 0)];
        self.node("Concat", &["batch", "width"], "state_shape", rows);
        self.node(
            "Expand",
            &[weights::STATE, "state_shape"],
            "state_all",
            vec![],
        );
    }

    /// `in.0` (T, B, I)
    fn input(&mut self, spec: &Spec, raw: Option<&Raw<'_>>) {
        let rows = match &spec.input {
            Input::Dense { .. } => match raw {
                Some(raw) => self.scaled(raw),
                None => "x",
            },
            Input::Tokens { channels, window } => {
                let padding = channels.as_slice().iter().map(|c| c.vocabulary as i64);
                self.embeddings(&padding.collect::<Vec<_>>(), *window as i64);
                "embedded"
            }
        };
        let perm = vec![Attribute::ints("perm", &[1, 0, 2])];
        self.node("Transpose", &[rows], "in.0", perm);
    }

    /// `embedded` (B, T, I): for every step of the window the embeddings of all channels.
    fn embeddings(&mut self, padding: &[i64], window: i64) {
        let reach = window / 2;
        if reach == 0 {
            self.node("Identity", &["tokens"], "ids", vec![]);
        } else {
            let outside = Tensor::ints("padding", &[1, 1, padding.len()], padding);
            self.padded("tokens", outside, reach, "ids");
        }
        for channel in 0..padding.len() {
            let (index, ids) = (format!("channel.{channel}"), format!("ids.{channel}"));
            self.constants
                .push(Tensor::ints(&index, &[], &[channel as i64]));
            let axis = vec![Attribute::int("axis", 2)];
            self.node("Gather", &["ids", &index], &ids, axis);
            let table = weights::table(channel);
            self.node(
                "Gather",
                &[&table, &ids],
                &format!("rows.{channel}"),
                vec![],
            );
        }
        let mut parts = Vec::new();
        for neighbour in 0..window {
            for channel in 0..padding.len() {
                let rows = format!("rows.{channel}");
                if reach == 0 {
                    parts.push(rows);
                    continue;
                }
                parts.push(self.neighbour(&rows, neighbour, channel == 0));
            }
        }
        self.join(&parts, "embedded");
    }

    /// `y`
    fn head(&mut self, spec: &Spec, raw: Option<&Raw<'_>>) {
        let top = spec.layers.len();
        let rows = match spec.head.read {
            Read::LastStep => format!("final.{}", top - 1),
            Read::EveryStep => {
                let perm = vec![Attribute::ints("perm", &[1, 0, 2])];
                self.node("Transpose", &[&format!("in.{top}")], "top", perm);
                "top".to_owned()
            }
        };
        if spec.head.kind == HeadKind::None {
            return self.node("Identity", &[&rows], "y", vec![]);
        }
        self.node("MatMul", &[&rows, weights::HEAD], "products", vec![]);
        match spec.head.kind {
            HeadKind::Softmax { .. } => {
                self.node("Add", &["products", weights::HEAD_BIAS], "logits", vec![]);
                let logits = raw.map_or("logits", |raw| self.softened(raw));
                let axis = vec![Attribute::int("axis", -1)];
                self.node("Softmax", &[logits], "y", axis);
                if let Some(raw) = raw {
                    self.names(raw);
                }
            }
            HeadKind::Linear { .. } | HeadKind::None => {
                self.node("Add", &["products", weights::HEAD_BIAS], "y", vec![]);
            }
        }
    }
}

/// What a step reads, as the graph calls it.
const fn steps_name(spec: &Spec, raw: Option<&Raw<'_>>) -> &'static str {
    match spec.input {
        Input::Dense { .. } if raw.is_some() => raw::COLUMNS,
        Input::Dense { .. } => "x",
        Input::Tokens { .. } => "tokens",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use elman_core::{Cell, Layer, Layers};

    #[test]
    fn cells_without_an_operator_are_refused() {
        let spec = Spec::dense(2, 3, 1);
        assert!(check_cells(&spec).is_ok());
        for (cell, name) in [(Cell::FastRnn, "FastRNN"), (Cell::FastGrnn, "FastGRNN")] {
            let layer = Layer {
                cell,
                ..Layer::tanh(3)
            };
            let spec = Spec {
                layers: Layers::of([Layer::gru(3), layer]),
                ..spec
            };
            let complaint = check_cells(&spec).unwrap_err().to_string();
            assert!(
                complaint.contains(&format!("{name}: --format c")),
                "{complaint}"
            );
        }
    }
}
