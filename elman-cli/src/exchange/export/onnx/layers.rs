//! The layers of the graph: the operator of each, and what it takes from the state and leaves there.

use elman_core::{Activation, Cell, Direction, Layer, Spec};

use super::graph::Builder;
use crate::exchange::onnx::{Attribute, weights};
use crate::net::cell;

/// How the values around a state of a layer are called, the layer's number behind.
struct StateNames {
    from: &'static str,
    to: &'static str,
    part: &'static str,
    parts: &'static str,
    initial: &'static str,
    last: &'static str,
    ends: &'static str,
    end: &'static str,
}

/// The hidden units, and the cells of an LSTM.
const STATES: [StateNames; 2] = [
    StateNames {
        from: "from",
        to: "to",
        part: "state.part",
        parts: "state.parts",
        initial: "state.initial",
        last: "layer.last",
        ends: "layer.ends",
        end: "final",
    },
    StateNames {
        from: "from_cell",
        to: "to_cell",
        part: "state.part_cell",
        parts: "state.parts_cell",
        initial: "state.initial_cell",
        last: "layer.last_cell",
        ends: "layer.ends_cell",
        end: "final_cell",
    },
];

impl Builder {
    /// From `in.0` to `in.L`, the rows of the top layer (T, B, D·H); `final.l` is where layer `l` ends, (B, D·H), and
    /// `final_cell.l` the same of its cells.
    pub fn layers(&mut self, spec: &Spec) {
        let mut finals = Vec::new();
        for (i, layer) in spec.layers.as_slice().iter().enumerate() {
            let (d, h) = (layer.directions() as i64, layer.hidden as i64);
            let states = &STATES[..layer.cell.facts().states];
            for (number, names) in states.iter().enumerate() {
                let offset = spec.state_offset(i) + number * layer.width();
                self.initial(i, layer, names, offset as i64);
            }
            let joined = format!("joined.{i}");
            self.vector(&joined, &[0, 0, d * h]);
            self.vector(&format!("joined_last.{i}"), &[0, d * h]);
            self.recurrence(i, layer, states);
            let [hidden, rows] = ["hidden", "rows"].map(|name| format!("layer.{name}.{i}"));
            let perm = vec![Attribute::ints("perm", &[0, 2, 1, 3])];
            self.node("Transpose", &[&hidden], &rows, perm);
            self.node(
                "Reshape",
                &[&rows, &joined],
                &format!("in.{}", i + 1),
                vec![],
            );
            for names in states {
                finals.push(self.end(i, names));
            }
        }
        let finals: Vec<&str> = finals.iter().map(String::as_str).collect();
        let axis = vec![Attribute::int("axis", 1)];
        self.node("Concat", &finals, "state_out", axis);
    }

    /// `state.initial.l` (D, B, H), from the numbers of the state that begin at `offset`.
    fn initial(&mut self, i: usize, layer: &Layer, names: &StateNames, offset: i64) {
        let (d, h) = (layer.directions() as i64, layer.hidden as i64);
        let [from, to] = [names.from, names.to].map(|name| format!("{name}.{i}"));
        let [part, parts, initial] =
            [names.part, names.parts, names.initial].map(|name| format!("{name}.{i}"));
        let split = format!("split.{i}");
        self.vector(&from, &[offset]);
        self.vector(&to, &[offset + d * h]);
        self.vector(&split, &[0, d, h]);
        self.node("Slice", &["state_all", &from, &to, "one"], &part, vec![]);
        self.node("Reshape", &[&part, &split], &parts, vec![]);
        let swap = vec![Attribute::ints("perm", &[1, 0, 2])];
        self.node("Transpose", &[&parts], &initial, swap);
    }

    /// `final.l` (B, D·H), from where the operator ends.
    fn end(&mut self, i: usize, names: &StateNames) -> String {
        let [last, ends, end] =
            [names.last, names.ends, names.end].map(|name| format!("{name}.{i}"));
        let swap = vec![Attribute::ints("perm", &[1, 0, 2])];
        self.node("Transpose", &[&last], &ends, swap);
        let joined = format!("joined_last.{i}");
        self.node("Reshape", &[&ends, &joined], &end, vec![]);
        end
    }

    /// `layer.hidden.l` (T, D, B, H) and `layer.last.l` (D, B, H); of an LSTM `layer.last_cell.l` as well.
    fn recurrence(&mut self, i: usize, layer: &Layer, states: &[StateNames]) {
        let attributes = attributes(layer);
        let [w, r, b] = ['W', 'R', 'B'].map(|letter| weights::name(letter, i));
        let rows = format!("in.{i}");
        let initial = states.iter().map(|names| format!("{}.{i}", names.initial));
        let initial: Vec<String> = initial.collect();
        let mut inputs = vec![&rows[..], &w, &r, &b, "lengths_all"];
        inputs.extend(initial.iter().map(String::as_str));
        // Cells without an operator are refused before.
        let operator = cell::names(layer.cell).onnx.unwrap_or_default();
        self.node(operator, &inputs, &format!("layer.hidden.{i}"), attributes);
        if let Some(node) = self.nodes.last_mut() {
            let ends = states.iter().map(|names| format!("{}.{i}", names.last));
            node.output.extend(ends);
        }
    }
}

/// What the operator of a layer is told.
fn attributes(layer: &Layer) -> Vec<Attribute> {
    let directions = layer.directions();
    let direction = match layer.direction {
        Direction::Forward => "forward",
        Direction::Both => "bidirectional",
    };
    let activations = cell::onnx_activations(layer).repeat(directions);
    let mut attributes = vec![
        Attribute::int("hidden_size", layer.hidden as i64),
        Attribute::string("direction", direction),
        Attribute::strings("activations", &activations),
    ];
    if cell::activation(layer) == Some(Activation::Identity) {
        attributes.push(Attribute::floats(
            "activation_alpha",
            &vec![1.0; directions],
        ));
        attributes.push(Attribute::floats("activation_beta", &vec![0.0; directions]));
    }
    if let Cell::Gru { .. } = layer.cell {
        attributes.push(Attribute::int("linear_before_reset", 1));
    }
    let limit = layer.cell.limit();
    attributes.extend(limit.map(|clip| Attribute::float("clip", clip)));
    attributes
}
