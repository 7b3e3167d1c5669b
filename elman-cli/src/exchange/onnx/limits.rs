//! Hostile files: two bytes may be a whole record, which takes a hundred times as much memory once it is read. So records are
//! counted before anything is read.

use std::fmt;

use prost::bytes::{Buf, Bytes};
use prost::encoding::{WireType, decode_key, decode_varint};

use crate::base::failure::{Failure, Result};

/// Records of a file, at most: exported nets have some hundreds.
const RECORDS: usize = 1 << 17;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Shape,
}

/// What a field holds.
enum Field {
    /// Records of its own.
    Message(Kind),
    /// Whole numbers that take a byte each, and eight in memory.
    Varints,
    /// Bytes that take as much in memory.
    Bytes,
}

impl Kind {
    /// By the field numbers of `onnx.proto`.
    const fn field(self, number: u32) -> Field {
        match (self, number) {
            (Self::Model, 7) => Field::Message(Self::Graph),
            (Self::Graph, 1) => Field::Message(Self::Node),
            (Self::Graph, 5) | (Self::Attribute, 5) => Field::Message(Self::Tensor),
            (Self::Graph, 11 | 12) => Field::Message(Self::ValueInfo),
            (Self::Node, 5) => Field::Message(Self::Attribute),
            (Self::ValueInfo, 2) => Field::Message(Self::Type),
            (Self::Type, 1) => Field::Message(Self::TensorType),
            (Self::TensorType, 2) => Field::Message(Self::Shape),
            (Self::Attribute, 8) | (Self::Tensor, 1 | 5 | 7) => Field::Varints,
            _ => Field::Bytes,
        }
    }
}

/// Refuses files with too many records, or none at all that could be ONNX.
///
/// # Errors
/// It is such a file.
pub fn check(content: &Bytes) -> Result<()> {
    count(content.clone(), Kind::Model, &mut { RECORDS })
}

/// What is wrong with a file that is not what it should be.
pub fn damaged(what: impl fmt::Display) -> Failure {
    Failure::input(format!("no ONNX file, or a damaged one: {what}"))
}

/// Takes the records of a message off what is left. Kinds are nested nine deep at most, so this ends.
fn count(mut message: Bytes, kind: Kind, left: &mut usize) -> Result<()> {
    while message.has_remaining() {
        let (number, wire) = decode_key(&mut message).map_err(damaged)?;
        let mut cost = 1;
        match wire {
            WireType::Varint => drop(decode_varint(&mut message).map_err(damaged)?),
            WireType::ThirtyTwoBit => drop(take(&mut message, 4)?),
            WireType::SixtyFourBit => drop(take(&mut message, 8)?),
            WireType::LengthDelimited => {
                let len = decode_varint(&mut message).map_err(damaged)?;
                let part = take(&mut message, len)?;
                match kind.field(number) {
                    Field::Message(kind) => count(part, kind, left)?,
                    Field::Varints => cost += part.len(),
                    Field::Bytes => {}
                }
            }
            WireType::StartGroup | WireType::EndGroup => return Err(damaged("it has groups")),
        }
        let rest = left.checked_sub(cost);
        *left = rest.ok_or_else(|| {
            Failure::input(format!(
                "the file has more than {RECORDS} parts, far more than a recurrent net"
            ))
        })?;
    }
    Ok(())
}

fn take(message: &mut Bytes, len: u64) -> Result<Bytes> {
    match usize::try_from(len) {
        Ok(len) if len <= message.len() => Ok(message.split_to(len)),
        _ => Err(damaged("it ends too early")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Model, Tensor, decode, encode};
    use super::*;

    #[test]
    fn a_flood_of_empty_records_is_refused_before_it_takes_memory() {
        let nodes = [0x0A, 0x00].repeat(RECORDS);
        let mut file = vec![0x3A];
        prost::encoding::encode_varint(nodes.len() as u64, &mut file);
        file.extend(nodes);
        let complaint = decode(file).unwrap_err().to_string();
        assert!(complaint.contains("more than 131072 parts"), "{complaint}");
    }

    #[test]
    fn numbers_are_no_records() {
        let tensor = Tensor::floats("w", &[RECORDS * 2], vec![0.5; RECORDS * 2]);
        let graph = super::super::Graph {
            initializer: vec![tensor],
            ..Default::default()
        };
        let model = Model {
            graph: Some(graph),
            ..Model::default()
        };
        assert_eq!(decode(encode(&model).unwrap()).unwrap(), model);
    }

    #[test]
    fn what_is_cut_is_damaged() {
        for file in [&b"\x3A\x05\x0A"[..], b"hello world", b"\x3B"] {
            let complaint = decode(file.to_vec()).unwrap_err().to_string();
            assert!(complaint.starts_with("no ONNX file"), "{complaint}");
        }
    }
}
