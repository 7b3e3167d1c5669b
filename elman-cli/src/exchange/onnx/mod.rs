//! ONNX files: the messages of `onnx.proto` that a recurrent net needs, and constants out of them. `export` writes them and
//! `import` reads them.

mod constant;
mod limits;
mod proto;
pub mod weights;

use prost::Message;
use prost::bytes::Bytes;

use crate::base::failure::{Failure, Result};

pub use constant::{Constant, Numbers};
pub use proto::{
    Attribute, Dimension, DimensionValue, Entry, Graph, Model, Node, OperatorSet, Tensor,
    TypeValue, ValueInfo, data_type,
};

/// The key of `metadata_props` under which our files hold what `model.safetensors` holds under the same name.
pub const KEY: &str = "elman";
/// Who wrote our files.
pub const PRODUCER: &str = "elman";

/// Reads a file whose content may be anything.
///
/// # Errors
/// No ONNX file, or one with far more parts than a net has.
pub fn decode(content: Vec<u8>) -> Result<Model> {
    let content = Bytes::from(content);
    limits::check(&content)?;
    Model::decode(content).map_err(limits::damaged)
}

/// The largest file that protocol buffers allow.
const LARGEST: usize = i32::MAX as usize;

/// As a file.
///
/// # Errors
/// It would be larger than such files can be.
pub fn encode(model: &Model) -> Result<Vec<u8>> {
    if model.encoded_len() > LARGEST {
        return Err(Failure::input(
            "the net is larger than the 2 GB that an ONNX file can hold",
        ));
    }
    Ok(model.encode_to_vec())
}
