//! What is known of an ONNX graph while it is read, and how the attributes and inputs of a node are asked for.

use std::collections::HashMap;
use std::rc::Rc;

use super::flow::{Axis, Flow, Part, Value};
use super::net::{ForeignLayer, Matrix};
use crate::base::failure::{Failure, Result};
use crate::exchange::onnx::{Attribute, Constant, Tensor};

/// What has been read so far.
pub struct Reader {
    pub opset: i64,
    pub layers: Vec<ForeignLayer>,
    /// The axis that the first layer runs along.
    pub time: Option<Axis>,
    pub head: Option<LinearMap>,
    /// The embedding table in front of the first layer.
    pub table: Option<Matrix>,
    pub notes: Vec<String>,
    pub values: HashMap<String, Value>,
    /// Numbers of constants that may still be looked at: a file could ask for the same work again and again.
    pub room: usize,
}

/// How often all constants may be looked at, on average. Exporters that compute nothing ahead turn, lengthen and join each of
/// them.
pub const LOOKS: usize = 16;

/// A linear map behind a layer.
pub struct LinearMap {
    pub layer: usize,
    pub weights: Matrix,
    pub bias: Option<Vec<f32>>,
}

impl Reader {
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

    /// What a name stands for.
    ///
    /// # Errors
    /// Nothing of that name came before.
    pub fn value(&self, name: &str) -> Result<Value> {
        let value = self.values.get(name).cloned();
        value.ok_or_else(|| Failure::input(format!("the value {name} comes from nowhere")))
    }
}

/// An error of the file.
pub fn refuse<T>(what: impl Into<String>) -> Result<T> {
    Err(Failure::input(what))
}

/// A constant of the file; one that cannot be read only matters if it is needed.
pub fn constant(tensor: &Tensor) -> Value {
    match Constant::read(tensor) {
        Ok(constant) => Value::Constant(Rc::new(constant)),
        Err(why) => Value::Refused(why.to_string().into()),
    }
}

/// How many numbers a constant has.
pub fn size(value: &Value) -> usize {
    match value {
        Value::Constant(constant) | Value::Spread(constant) => constant.numbers.len(),
        _ => 0,
    }
}

/// The inputs of a node.
pub struct Inputs<'a>(pub &'a [Option<Value>]);

impl<'a> Inputs<'a> {
    /// An input, if the node has it.
    pub fn get(&self, place: usize) -> Option<&'a Value> {
        self.0.get(place).and_then(Option::as_ref)
    }

    /// An input that flows.
    pub fn flow(&self, place: usize) -> Option<&'a Flow> {
        match self.get(place) {
            Some(Value::Flow(flow)) => Some(flow),
            _ => None,
        }
    }

    /// An input that is a constant.
    pub fn constant(&self, place: usize) -> Option<&'a Constant> {
        match self.get(place) {
            Some(Value::Constant(constant)) => Some(constant),
            _ => None,
        }
    }

    /// Whole numbers from an attribute, as in older operator sets, or from an input.
    pub fn ints(
        &self,
        attributes: &Attributes<'_>,
        name: &str,
        place: usize,
    ) -> Result<Option<Vec<i64>>> {
        if let Some(ints) = attributes.ints(name)? {
            return Ok(Some(ints.to_vec()));
        }
        match self.get(place) {
            None => Ok(None),
            Some(Value::Constant(constant)) => match constant.ints() {
                Some(ints) => Ok(Some(ints.to_vec())),
                None => refuse(format!("{name} must be whole numbers")),
            },
            Some(_) => refuse(format!("{name} must be a constant")),
        }
    }
}

/// The attributes of a node.
pub struct Attributes<'a>(pub &'a [Attribute]);

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
