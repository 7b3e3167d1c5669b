//! An ONNX graph, node by node: what flows from its inputs through `RNN` to its outputs.

use std::collections::HashMap;
use std::rc::Rc;

use elman_core::Read;

use super::flow::{At, Axis, Flow, Part, Stage, Value};
use super::net::{Foreign, ForeignHead, ForeignInput, ForeignLayer, Matrix};
use super::{ops, rnn};
use crate::base::failure::{Failure, Result};
use crate::exchange::onnx::{
    self, Attribute, Constant, DimensionValue, Graph, Model, Node, TypeValue, ValueInfo, data_type,
    weights,
};
use crate::net::cell;
use crate::net::model_file::About;

/// The operator sets that are read.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=22;

/// A net of ours: what is known about it, and its parameters.
///
/// # Errors
/// It is ours, and was changed.
pub fn ours(model: &Model) -> Result<Option<(About, Vec<f32>)>> {
    let mut entries = model.metadata_props.iter();
    let json = entries.find(|entry| entry.key == onnx::KEY);
    let (Some(json), Some(graph), true) =
        (json, &model.graph, model.producer_name == onnx::PRODUCER)
    else {
        return Ok(None);
    };
    let about = About::parse(&json.value)?;
    let spec = about.spec.restore().map_err(super::blame_file)?;
    let layers = graph
        .node
        .iter()
        .filter(|node| node.op_type == cell::ELMAN.onnx)
        .count();
    if layers != spec.layers.len() {
        return Err(Failure::input(format!(
            "the graph has {layers} layers, and the metadata say {}: the file was changed",
            spec.layers.len()
        )));
    }
    let params = weights::read(&spec, &graph.initializer)?;
    Ok(Some((about, params)))
}

/// A net of anybody.
///
/// # Errors
/// What elman cannot run, by the names of node and attribute.
pub fn read(model: &Model) -> Result<Foreign> {
    let graph = model
        .graph
        .as_ref()
        .ok_or_else(|| Failure::input("no ONNX file: it has no graph"))?;
    let standard = model
        .opset_import
        .iter()
        .find(|set| is_standard(&set.domain));
    let opset = standard.map_or(1, |set| set.version);
    if !OPSETS.contains(&opset) {
        return Err(Failure::input(format!(
            "opset_import: the operator set {opset} is not read; {} to {} are",
            OPSETS.start(),
            OPSETS.end()
        )));
    }
    let mut reader = Reader::new(graph, opset);
    for node in &graph.node {
        reader.follow(node)?;
    }
    reader.finish(graph)
}

fn is_standard(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx")
}

/// What has been read so far.
pub struct Reader {
    pub opset: i64,
    pub layers: Vec<ForeignLayer>,
    /// The axis that the first layer runs along.
    pub time: Option<Axis>,
    pub head: Option<Head>,
    /// The embedding table in front of the first layer.
    pub table: Option<Matrix>,
    notes: Vec<String>,
    values: HashMap<String, Value>,
    /// Numbers of constants that may still be looked at: a file could ask for the same work again and again.
    room: usize,
}

/// How often all constants may be looked at, on average. Exporters that compute nothing ahead turn, lengthen and join each of
/// them.
const LOOKS: usize = 16;

/// A linear map behind a layer.
pub struct Head {
    pub layer: usize,
    pub weights: Matrix,
    pub bias: Option<Vec<f32>>,
}

impl Reader {
    fn new(graph: &Graph, opset: i64) -> Self {
        let mut values = HashMap::new();
        for input in &graph.input {
            values.insert(input.name.clone(), input_value(input));
        }
        let mut room = 1 << 16;
        // A default of an input is what it is, if nobody says otherwise.
        for tensor in &graph.initializer {
            let constant = ops::constant(tensor);
            room += LOOKS * ops::size(&constant);
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

    /// A constant of so many numbers was found.
    pub const fn allow(&mut self, numbers: usize) {
        self.room = self.room.saturating_add(numbers.saturating_mul(LOOKS));
    }

    /// Makes sure that the work which a file asks for is in proportion to its size.
    ///
    /// # Errors
    /// It is not.
    pub fn charge(&mut self, numbers: usize) -> Result<()> {
        self.room = self.room.checked_sub(numbers).ok_or_else(|| {
            Failure::input(
                "the graph computes more with its constants than a net needs; simplify it",
            )
        })?;
        Ok(())
    }

    /// Something the user should know, once.
    pub fn note(&mut self, note: &str) {
        if !self.notes.iter().any(|known| known == note) {
            self.notes.push(note.to_owned());
        }
    }

    /// All directions of a layer.
    pub fn parts(&self, layer: usize) -> Vec<Part> {
        let Some(found) = self.layers.get(layer) else {
            return Vec::new();
        };
        let part = |reverse| Part { layer, reverse };
        let forward = found.forward.as_ref().map(|_| part(false));
        let reverse = found.reverse.as_ref().map(|_| part(true));
        forward.into_iter().chain(reverse).collect()
    }

    /// A matrix that reads some directions of a layer, as one that reads its whole rows.
    ///
    /// # Errors
    /// The directions are of another layer, or one stands there twice.
    pub fn spread(&self, matrix: &Matrix, parts: &[Part], layer: usize) -> Result<Matrix> {
        let misplaced = |part: &Part| {
            part.layer != layer || parts.iter().filter(|other| *other == part).count() > 1
        };
        let blocks = self.layers.get(layer).map_or(1, ForeignLayer::blocks);
        if parts.is_empty() || parts.iter().any(misplaced) {
            return Err(Failure::input(
                "it reads more than one layer, or a direction of one twice; elman's heads read the top layer",
            ));
        }
        let places: Vec<usize> = parts.iter().map(|part| usize::from(part.reverse)).collect();
        matrix.spread(&places, blocks)
    }

    /// One node. What nobody can follow is an error only if it is needed; layers are.
    fn follow(&mut self, node: &Node) -> Result<()> {
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
        if node.op_type == cell::ELMAN.onnx {
            let outputs =
                rnn::apply(self, &attributes, &inputs).map_err(|why| in_node(node, why))?;
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

    fn value(&self, name: &str) -> Result<Value> {
        let value = self.values.get(name).cloned();
        value.ok_or_else(|| Failure::input(format!("the value {name} comes from nowhere")))
    }

    /// What comes out, and the net as a whole.
    fn finish(mut self, graph: &Graph) -> Result<Foreign> {
        let Some(top) = self.layers.len().checked_sub(1) else {
            return Err(Failure::input(
                "the graph has no operator RNN; PyTorch writes it for torch.nn.RNN by torch.onnx.export(…, dynamo=False)",
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
        let width = first.map_or(0, |half| half.input.columns);
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

    /// The output that counts, and the head in front of it: the head's own, else the top layer's.
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

/// The attributes of a node.
pub struct Attributes<'a>(&'a [Attribute]);

impl<'a> Attributes<'a> {
    fn find(&self, name: &str) -> Option<&'a Attribute> {
        self.0.iter().find(|attribute| attribute.name == name)
    }

    /// Refuses all but these.
    pub fn only(&self, known: &[&str]) -> Result<()> {
        let mut all = self.0.iter();
        match all.find(|attribute| !known.contains(&attribute.name.as_str())) {
            None => Ok(()),
            Some(attribute) => Err(Failure::input(format!(
                "the attribute {} is not supported",
                attribute.name
            ))),
        }
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Result<Option<i64>> {
        self.of_kind(name, |attribute| attribute.i)
    }

    /// A number.
    pub fn float(&self, name: &str) -> Result<Option<f32>> {
        self.of_kind(name, |attribute| attribute.f)
    }

    /// A constant.
    pub fn tensor(&self, name: &str) -> Result<Option<Constant>> {
        let tensor = self.of_kind(name, |attribute| attribute.t.as_ref())?;
        tensor.map(Constant::read).transpose()
    }

    /// A word.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>> {
        self.of_kind(name, |attribute| utf8(attribute.s.as_deref()?))
    }

    /// Words; none where there is no such attribute.
    pub fn texts(&self, name: &str) -> Result<Vec<&'a str>> {
        let texts = self.of_kind(name, |attribute| {
            attribute.strings.iter().map(|text| utf8(text)).collect()
        })?;
        Ok(texts.unwrap_or_default())
    }

    /// Whole numbers.
    pub fn ints(&self, name: &str) -> Result<Option<&'a [i64]>> {
        self.of_kind(name, |attribute| Some(&attribute.ints[..]))
    }

    /// Numbers; none where there is no such attribute.
    pub fn floats(&self, name: &str) -> Result<&'a [f32]> {
        let floats = self.of_kind(name, |attribute| Some(&attribute.floats[..]))?;
        Ok(floats.unwrap_or_default())
    }

    fn of_kind<T>(
        &self,
        name: &str,
        get: impl Fn(&'a Attribute) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(attribute) = self.find(name) else {
            return Ok(None);
        };
        let found = get(attribute);
        found
            .map(Some)
            .ok_or_else(|| Failure::input(format!("the attribute {name} has a wrong type")))
    }
}

fn utf8(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
