//! A graph being written: its nodes and constants, and rows with their neighbours side by side.

use crate::exchange::onnx::{Attribute, DimensionValue, Node, Tensor, ValueInfo, data_type};

/// A size of an axis, by its number or its name.
pub enum Axis {
    Size(usize),
    Name(&'static str),
}
/// An input or an output.
pub fn info(name: &str, elem_type: i32, dims: &[Axis], about: &str) -> ValueInfo {
    let axes = dims.iter().map(|axis| match axis {
        Axis::Size(size) => DimensionValue::Size(*size as i64),
        Axis::Name(name) => DimensionValue::Name((*name).to_owned()),
    });
    ValueInfo::tensor(name, elem_type, axes, about)
}

/// A graph being written.
pub struct Builder {
    pub nodes: Vec<Node>,
    pub constants: Vec<Tensor>,
}

impl Builder {
    /// A node with one output, which names it.
    pub fn node(&mut self, op: &str, inputs: &[&str], output: &str, attributes: Vec<Attribute>) {
        self.nodes.push(Node {
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            output: vec![output.to_owned()],
            name: output.to_owned(),
            op_type: op.to_owned(),
            attribute: attributes,
            domain: String::new(),
        });
    }

    /// Whole numbers, as a vector.
    pub fn vector(&mut self, name: &str, numbers: &[i64]) {
        let tensor = Tensor::ints(name, &[numbers.len()], numbers);
        if self.constants.iter().all(|known| known.name != name) {
            self.constants.push(tensor);
        }
    }

    /// The rows of one neighbour of every step, counted from the first of the window, of rows with a border; how they are called.
    pub fn neighbour(&mut self, rows: &str, neighbour: i64, is_first: bool) -> String {
        let (start, end) = (format!("start.{neighbour}"), format!("end.{neighbour}"));
        self.vector(&start, &[neighbour]);
        if is_first {
            self.node("Add", &["time", &start], &end, vec![]);
        }
        let part = format!("{rows}.{neighbour}");
        self.node("Slice", &[rows, &start, &end, "one"], &part, vec![]);
        part
    }

    /// Rows side by side.
    pub fn join(&mut self, parts: &[String], output: &str) {
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let axis = vec![Attribute::int("axis", 2)];
        self.node("Concat", &parts, output, axis);
    }

    /// `output` (B, T + 2 reach, channels): the rows, and beyond the ends of every sequence what is `outside`, a constant of the
    /// name `padding` and (1, 1, channels) numbers.
    pub fn padded(&mut self, rows: &str, outside: Tensor, reach: i64, output: &str) {
        let channels = outside.dims.last().copied().unwrap_or_default();
        self.constants.push(outside);
        self.constants.push(Tensor::ints("start", &[], &[0]));
        self.constants.push(Tensor::ints("step", &[], &[1]));
        self.vector("last_axes", &[1, 2]);
        self.vector("front_axes", &[0, 2]);
        self.vector("reach", &[reach]);
        self.vector("channels", &[channels]);
        self.node("Squeeze", &["time", "zero"], "time_scalar", vec![]);
        self.node("Range", &["start", "time_scalar", "step"], "places", vec![]);
        self.node("Unsqueeze", &["places", "front_axes"], "places_all", vec![]);
        let to_int64 = vec![Attribute::int("to", i64::from(data_type::INT64))];
        self.node("Cast", &["lengths_all"], "lengths_int64", to_int64);
        self.node("Unsqueeze", &["lengths_int64", "last_axes"], "ends", vec![]);
        self.node("Less", &["places_all", "ends"], "is_inside", vec![]);
        self.node(
            "Where",
            &["is_inside", rows, "padding"],
            "rows_inside",
            vec![],
        );
        let axis = || vec![Attribute::int("axis", 0)];
        self.node(
            "Concat",
            &["batch", "reach", "channels"],
            "border_shape",
            axis(),
        );
        self.node("Expand", &["padding", "border_shape"], "border", vec![]);
        let axis = vec![Attribute::int("axis", 1)];
        self.node("Concat", &["border", "rows_inside", "border"], output, axis);
    }
}
