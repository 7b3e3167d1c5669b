//! The nodes of an ONNX graph in their order, and what comes out behind the last.

use std::collections::HashMap;
use std::rc::Rc;

use elman_core::Read;

use super::flow::{At, Axis, Flow, Stage, Value};
use super::net::{Foreign, ForeignHead, ForeignInput, Matrix};
use super::reader::{Attributes, LOOKS, Reader, constant, size};
use super::{ops, rnn};
use crate::base::failure::{Failure, Result};
use crate::exchange::onnx::{self, DimensionValue, Graph, Node, TypeValue, ValueInfo, data_type};
use crate::net::cell;

impl Reader {
    /// Before the first node: inputs and constants of the graph.
    pub fn new(graph: &Graph, opset: i64) -> Self {
        let mut values = HashMap::new();
        for input in &graph.input {
            values.insert(input.name.clone(), input_value(input));
        }
        let mut room = 1 << 16;
        // An initializer of an input is its default: the net is read as if no other value were fed.
        for tensor in &graph.initializer {
            let constant = constant(tensor);
            room += LOOKS * size(&constant);
            values.insert(tensor.name.clone(), constant);
        }
        Self {
            opset,
            layers: Vec::new(),
            time: None,
            head: None,
            table: None,
            notes: Vec::new(),
            values,
            room,
        }
    }

    /// One node. An operator that is not supported is an error only if the net needs its output; a layer always is one.
    ///
    /// # Errors
    /// A value that no node gives; a layer that elman cannot run.
    pub fn follow(&mut self, node: &Node) -> Result<()> {
        let mut inputs = Vec::with_capacity(node.input.len());
        for name in &node.input {
            inputs.push(match name.as_str() {
                "" => None,
                name => Some(self.value(name).map_err(|why| in_node(node, why))?),
            });
        }
        let attributes = Attributes(&node.attribute);
        if !is_standard(&node.domain) {
            let why = Failure::input(format!("operators of {} are not known", node.domain));
            self.refuse(node, in_node(node, why));
            return Ok(());
        }
        if let Some(name) = cell::of_operator(&node.op_type) {
            let outputs =
                rnn::apply(self, name, &attributes, &inputs).map_err(|why| in_node(node, why))?;
            for (name, value) in node.output.iter().zip(outputs) {
                self.values.insert(name.clone(), value);
            }
            return Ok(());
        }
        match ops::apply(self, &node.op_type, &attributes, &inputs) {
            Ok(value) => {
                if let Some(name) = node.output.first() {
                    self.values.insert(name.clone(), value);
                }
            }
            Err(why) => self.refuse(node, in_node(node, why)),
        }
        Ok(())
    }

    fn refuse(&mut self, node: &Node, why: Failure) {
        let why: Rc<str> = why.to_string().into();
        for name in &node.output {
            self.values
                .insert(name.clone(), Value::Refused(Rc::clone(&why)));
        }
    }

    /// What comes out, and the net as a whole.
    ///
    /// # Errors
    /// There is no layer, or no output that elman knows.
    pub fn finish(mut self, graph: &Graph) -> Result<Foreign> {
        let Some(top) = self.layers.len().checked_sub(1) else {
            return Err(Failure::input(
                "the graph has no operator RNN, GRU or LSTM; PyTorch writes it for torch.nn.RNN, GRU and LSTM by \
                 torch.onnx.export(…, dynamo=False)",
            ));
        };
        let mut found: Vec<(&str, Flow)> = Vec::new();
        for output in &graph.output {
            match self.value(&output.name)? {
                Value::Flow(flow) => found.push((&output.name, flow)),
                Value::Refused(why) => return Err(Failure::input(why.to_string())),
                // Sizes, say.
                _ => {}
            }
        }
        let (flow, head) = self.choose(found, top)?;
        let read = match flow.at {
            At::Every => Read::EveryStep,
            At::End => Read::LastStep,
            At::Last | At::First => {
                return Err(Failure::input(
                    "the head reads one place of the sequence in both directions, which the reverse direction has hardly begun \
                     there; elman reads the last step of each direction (h_n in PyTorch, Y_h in ONNX)",
                ));
            }
        };
        let first = self.layers[0]
            .forward
            .as_ref()
            .or(self.layers[0].reverse.as_ref());
        let width = first.map_or(0, |weights| weights.input.columns);
        Ok(Foreign {
            input: match self.table.take() {
                None => ForeignInput::Dense { width },
                Some(table) => ForeignInput::Tokens {
                    tables: vec![table],
                    window: 1,
                },
            },
            layers: self.layers,
            head,
            softmax: flow.stage == Stage::Probabilities,
            read: Some(read),
            notes: self.notes,
        })
    }

    /// Of the graph's outputs the one that is the net's, and the head in front of it: the output behind the head, else the
    /// hidden units of the top layer.
    fn choose(
        &mut self,
        found: Vec<(&str, Flow)>,
        top: usize,
    ) -> Result<(Flow, Option<ForeignHead>)> {
        let is_head = |flow: &Flow| matches!(flow.stage, Stage::Logits | Stage::Probabilities);
        let mut heads = found.iter().filter(|(_, flow)| is_head(flow));
        if let Some((name, flow)) = heads.next() {
            if let Some((other, _)) = heads.next() {
                return Err(Failure::input(format!(
                    "two outputs, {name} and {other}, lie behind the head; elman has one"
                )));
            }
            let head = self.head.take().filter(|head| head.layer == top);
            let head =
                head.ok_or_else(|| Failure::input("the head does not read the top layer"))?;
            let bias = head.bias.unwrap_or_else(|| vec![0.0; head.weights.rows]);
            let weights = head.weights;
            return Ok((flow.clone(), Some(ForeignHead { weights, bias })));
        }
        let whole = self.parts(top);
        let is_top = |flow: &&Flow| flow.stage == Stage::Hidden && flow.parts == whole;
        let hidden = || found.iter().map(|(_, flow)| flow).filter(is_top);
        let every = hidden().find(|flow| flow.at == At::Every);
        let flow = every.or_else(|| hidden().find(|flow| flow.at == At::End));
        let flow = flow.ok_or_else(|| {
            Failure::input(
                "no output of the graph is the head or all hidden units of the top layer",
            )
        })?;
        if self.layers[top].forward.is_some() {
            return Ok((flow.clone(), None));
        }
        self.note(
            "a layer that runs in reverse only has a silent forward half here; the head leaves it out",
        );
        let identity = Matrix::identity(self.layers[top].hidden());
        let weights = self.spread(&identity, &whole, top)?;
        let bias = vec![0.0; weights.rows];
        Ok((flow.clone(), Some(ForeignHead { weights, bias })))
    }
}

/// Whether operators of this domain are those of ONNX itself.
pub fn is_standard(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx")
}

/// Says where in the graph it went wrong.
fn in_node(node: &Node, why: Failure) -> Failure {
    let name = match node.name.as_str() {
        "" => node.output.iter().find(|name| !name.is_empty()),
        _ => Some(&node.name),
    };
    let name = name.map_or("", String::as_str);
    Failure::input(format!("node {name} ({}): {why}", node.op_type))
}

/// What an input of the graph is, by its type.
fn input_value(input: &ValueInfo) -> Value {
    let kind = input.kind.as_ref().and_then(|kind| kind.value.as_ref());
    let Some(TypeValue::Tensor(kind)) = kind else {
        return Value::Refused(format!("the input {} is no tensor", input.name).into());
    };
    let Some(shape) = &kind.shape else {
        return Value::Refused(
            format!(
                "the input {} has no shape; give it one, with names for sizes that vary",
                input.name
            )
            .into(),
        );
    };
    let is_float = kind.elem_type == data_type::FLOAT;
    let stage = match (is_float, shape.dim.len()) {
        (true, 2 | 3) => Stage::Inputs,
        (false, 2 | 3) if matches!(kind.elem_type, data_type::INT32 | data_type::INT64) => {
            Stage::Ids
        }
        // Lengths, say.
        (false, _) => return Value::Unknown,
        (true, rank) => {
            return Value::Refused(
                format!(
                    "the input {} has {rank} axes; steps, sequences and numbers are three",
                    input.name
                )
                .into(),
            );
        }
    };
    let size = |dim: &onnx::Dimension| match dim.value {
        Some(DimensionValue::Size(size)) => usize::try_from(size).ok().filter(|size| *size > 0),
        _ => None,
    };
    let axes = shape.dim.iter().enumerate();
    Value::Flow(Flow {
        axes: axes.map(|(i, dim)| (Axis::Input(i), size(dim))).collect(),
        stage,
        parts: Vec::new(),
        at: At::Every,
    })
}
