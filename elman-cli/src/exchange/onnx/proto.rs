//! The messages, with the field numbers of `onnx.proto`. Fields that are not used are skipped when a file is read.

use prost::Message;
use prost::bytes::Bytes;

/// `TensorProto.DataType`, as far as it is needed.
pub mod data_type {
    /// `f32`
    pub const FLOAT: i32 = 1;
    /// `i32`
    pub const INT32: i32 = 6;
    /// `i64`
    pub const INT64: i32 = 7;
    /// UTF-8
    pub const STRING: i32 = 8;
    /// `f64`
    pub const DOUBLE: i32 = 11;
}

/// `ModelProto`
#[derive(Clone, PartialEq, Message)]
pub struct Model {
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    #[prost(string, tag = "2")]
    pub producer_name: String,
    #[prost(string, tag = "3")]
    pub producer_version: String,
    #[prost(string, tag = "6")]
    pub doc_string: String,
    #[prost(message, optional, tag = "7")]
    pub graph: Option<Graph>,
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSet>,
    #[prost(message, repeated, tag = "14")]
    pub metadata_props: Vec<Entry>,
}

/// `OperatorSetIdProto`
#[derive(Clone, PartialEq, Message)]
pub struct OperatorSet {
    #[prost(string, tag = "1")]
    pub domain: String,
    #[prost(int64, tag = "2")]
    pub version: i64,
}

/// `StringStringEntryProto`
#[derive(Clone, PartialEq, Message)]
pub struct Entry {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

/// `GraphProto`
#[derive(Clone, PartialEq, Message)]
pub struct Graph {
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<Node>,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<Tensor>,
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfo>,
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfo>,
}

/// `NodeProto`
#[derive(Clone, PartialEq, Message)]
pub struct Node {
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    #[prost(string, tag = "3")]
    pub name: String,
    #[prost(string, tag = "4")]
    pub op_type: String,
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<Attribute>,
    #[prost(string, tag = "7")]
    pub domain: String,
}

/// `AttributeProto`
#[derive(Clone, PartialEq, Message)]
pub struct Attribute {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(float, optional, tag = "2")]
    pub f: Option<f32>,
    #[prost(int64, optional, tag = "3")]
    pub i: Option<i64>,
    #[prost(bytes = "bytes", optional, tag = "4")]
    pub s: Option<Bytes>,
    #[prost(message, optional, tag = "5")]
    pub t: Option<Tensor>,
    #[prost(float, repeated, packed = "false", tag = "7")]
    pub floats: Vec<f32>,
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub ints: Vec<i64>,
    #[prost(bytes = "bytes", repeated, tag = "9")]
    pub strings: Vec<Bytes>,
    #[prost(int32, tag = "20")]
    pub kind: i32,
}

/// `TensorProto`
#[derive(Clone, PartialEq, Message)]
pub struct Tensor {
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    pub data_type: i32,
    #[prost(float, repeated, tag = "4")]
    pub float_data: Vec<f32>,
    #[prost(int32, repeated, tag = "5")]
    pub int32_data: Vec<i32>,
    #[prost(bytes = "bytes", repeated, tag = "6")]
    pub string_data: Vec<Bytes>,
    #[prost(int64, repeated, tag = "7")]
    pub int64_data: Vec<i64>,
    #[prost(string, tag = "8")]
    pub name: String,
    #[prost(bytes = "bytes", tag = "9")]
    pub raw_data: Bytes,
    #[prost(int32, tag = "14")]
    pub data_location: i32,
}

/// `ValueInfoProto`
#[derive(Clone, PartialEq, Message)]
pub struct ValueInfo {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, optional, tag = "2")]
    pub kind: Option<Type>,
    #[prost(string, tag = "3")]
    pub doc_string: String,
}

/// `TypeProto`
#[derive(Clone, PartialEq, Message)]
pub struct Type {
    #[prost(oneof = "TypeValue", tags = "1")]
    pub value: Option<TypeValue>,
}

/// The one kind of type that is needed.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum TypeValue {
    #[prost(message, tag = "1")]
    Tensor(TensorType),
}

/// `TypeProto.Tensor`
#[derive(Clone, PartialEq, Message)]
pub struct TensorType {
    #[prost(int32, tag = "1")]
    pub elem_type: i32,
    #[prost(message, optional, tag = "2")]
    pub shape: Option<Shape>,
}

/// `TensorShapeProto`
#[derive(Clone, PartialEq, Message)]
pub struct Shape {
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Dimension>,
}

/// `TensorShapeProto.Dimension`
#[derive(Clone, PartialEq, Message)]
pub struct Dimension {
    #[prost(oneof = "DimensionValue", tags = "1, 2")]
    pub value: Option<DimensionValue>,
}

/// A size or its name.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum DimensionValue {
    #[prost(int64, tag = "1")]
    Size(i64),
    #[prost(string, tag = "2")]
    Name(String),
}

impl ValueInfo {
    /// A tensor with these axes.
    pub fn tensor(
        name: &str,
        elem_type: i32,
        axes: impl IntoIterator<Item = DimensionValue>,
        about: &str,
    ) -> Self {
        let dim = |axis| Dimension { value: Some(axis) };
        let shape = Shape {
            dim: axes.into_iter().map(dim).collect(),
        };
        Self {
            name: name.to_owned(),
            kind: Some(Type {
                value: Some(TypeValue::Tensor(TensorType {
                    elem_type,
                    shape: Some(shape),
                })),
            }),
            doc_string: about.to_owned(),
        }
    }
}

impl Tensor {
    /// A constant of numbers.
    pub fn floats(name: &str, dims: &[usize], numbers: impl IntoIterator<Item = f32>) -> Self {
        let raw: Vec<u8> = numbers.into_iter().flat_map(f32::to_le_bytes).collect();
        Self::raw(name, dims, data_type::FLOAT, raw)
    }

    /// A constant of whole numbers, a vector or a scalar.
    pub fn ints(name: &str, dims: &[usize], numbers: &[i64]) -> Self {
        let raw = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        Self::raw(name, dims, data_type::INT64, raw)
    }

    /// Numbers in double precision.
    pub fn doubles(name: &str, dims: &[usize], numbers: &[f64]) -> Self {
        let raw = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        Self::raw(name, dims, data_type::DOUBLE, raw)
    }

    /// A vector of names.
    pub fn strings(name: &str, strings: &[String]) -> Self {
        let bytes = strings.iter().map(|text| Bytes::from(text.clone()));
        Self {
            dims: vec![strings.len() as i64],
            data_type: data_type::STRING,
            name: name.to_owned(),
            string_data: bytes.collect(),
            ..Self::default()
        }
    }

    /// The same in 32 bits, which lengths of sequences have.
    pub fn small_ints(name: &str, dims: &[usize], numbers: &[i32]) -> Self {
        let raw = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        Self::raw(name, dims, data_type::INT32, raw)
    }

    fn raw(name: &str, dims: &[usize], data_type: i32, raw: Vec<u8>) -> Self {
        Self {
            dims: dims.iter().map(|&dim| dim as i64).collect(),
            data_type,
            name: name.to_owned(),
            raw_data: raw.into(),
            ..Self::default()
        }
    }
}

/// `AttributeProto.AttributeType`
const FLOAT: i32 = 1;
const FLOATS: i32 = 6;
const INT: i32 = 2;
const INTS: i32 = 7;
const STRING: i32 = 3;
const STRINGS: i32 = 8;

impl Attribute {
    /// A whole number.
    pub fn int(name: &str, i: i64) -> Self {
        Self {
            name: name.to_owned(),
            i: Some(i),
            kind: INT,
            ..Self::default()
        }
    }

    /// Whole numbers.
    pub fn ints(name: &str, ints: &[i64]) -> Self {
        Self {
            name: name.to_owned(),
            ints: ints.to_vec(),
            kind: INTS,
            ..Self::default()
        }
    }

    /// A number.
    pub fn float(name: &str, f: f32) -> Self {
        Self {
            name: name.to_owned(),
            f: Some(f),
            kind: FLOAT,
            ..Self::default()
        }
    }

    /// Numbers.
    pub fn floats(name: &str, floats: &[f32]) -> Self {
        Self {
            name: name.to_owned(),
            floats: floats.to_vec(),
            kind: FLOATS,
            ..Self::default()
        }
    }

    /// A word.
    pub fn string(name: &str, s: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            s: Some(Bytes::from_static(s.as_bytes())),
            kind: STRING,
            ..Self::default()
        }
    }

    /// Words.
    pub fn strings(name: &str, strings: &[&'static str]) -> Self {
        let strings = strings.iter().map(|s| Bytes::from_static(s.as_bytes()));
        Self {
            name: name.to_owned(),
            strings: strings.collect(),
            kind: STRINGS,
            ..Self::default()
        }
    }
}
