//! `quantized.safetensors`: the words of an int8 net (`elman_core::quantized` says how they lie), which net they were rounded
//! from, and how far off its answers are.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use crate::base::checksum;
use crate::base::failure::{Failure, Result};
use crate::base::folder::write_atomic;
use crate::net::network::Network;
use crate::net::spec_file::StoredSpec;

/// The one key of the metadata, and the one tensor.
const KEY: &str = "elman";
const WORDS: &str = "words";
/// The layout that elman-core describes.
const LAYOUT: u32 = 1;

/// What the file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Int8Net {
    pub words: Vec<u32>,
    /// Sizes of its errors on the validation data of the run, target by target, the smallest first; none where answers are no numbers, or
    /// where nobody measured them.
    pub errors: Vec<Vec<f64>>,
}

/// The metadata.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Metadata {
    layout: u32,
    spec: StoredSpec,
    /// Checksum of the parameters that were rounded.
    parameters: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Vec<f64>>,
}

impl Metadata {
    fn of(network: &Network) -> Self {
        let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
        let mut digest = crc.digest();
        for x in network.params() {
            digest.update(&x.to_le_bytes());
        }
        Self {
            layout: LAYOUT,
            spec: StoredSpec::from(network.spec()),
            parameters: digest.finalize(),
            errors: Vec::new(),
        }
    }
}

/// Words as a tensor.
struct Words(Vec<u8>, usize);

impl View for Words {
    fn dtype(&self) -> Dtype {
        Dtype::U32
    }

    fn shape(&self) -> &[usize] {
        std::slice::from_ref(&self.1)
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.0)
    }

    fn data_len(&self) -> usize {
        self.0.len()
    }
}

/// Writes the int8 net of this net.
///
/// # Errors
/// Writing fails.
pub fn save(path: &Path, network: &Network, int8: &Int8Net) -> Result<()> {
    let complain = |error: &dyn std::fmt::Display| {
        Failure::run(format!("cannot write {}: {error}", path.display()))
    };
    let metadata = Metadata {
        errors: int8.errors.clone(),
        ..Metadata::of(network)
    };
    let json = serde_json::to_string(&metadata).map_err(|error| complain(&error))?;
    let bytes: Vec<u8> = int8
        .words
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    let json = checksum::seal(&json, [(WORDS, &*bytes)]);
    let tensors = [(WORDS, Words(bytes, int8.words.len()))];
    let metadata = HashMap::from([(KEY.to_owned(), json)]);
    let content =
        safetensors::serialize(tensors, Some(metadata)).map_err(|error| complain(&error))?;
    write_atomic(path, &content)
}

/// Reads the int8 net that was rounded from this net.
///
/// # Errors
/// A missing or foreign file, or one that was made for another net.
pub fn load(path: &Path, network: &Network) -> Result<Int8Net> {
    if !path.exists() {
        let sentence = "no such file; elman quantize RUN --data FILE makes it";
        return Err(Failure::input(sentence).in_file(path));
    }
    let content = std::fs::read(path).map_err(|error| Failure::read(path, &error))?;
    parse(&content, network).map_err(|failure| failure.in_file(path))
}

/// The same for a file that was read.
///
/// # Errors
/// As [`load`].
pub fn parse(content: &[u8], network: &Network) -> Result<Int8Net> {
    let foreign = || Failure::input("not a file written by elman quantize");
    let file = SafeTensors::deserialize(content).map_err(|_| foreign())?;
    let (_, header) = SafeTensors::read_metadata(content).map_err(|_| foreign())?;
    let json = header.metadata().as_ref().and_then(|all| all.get(KEY));
    let json = json.ok_or_else(foreign)?;
    checksum::check(json, &file)?;
    let mut metadata: Metadata = serde_json::from_str(json).map_err(|_| foreign())?;
    let errors = std::mem::take(&mut metadata.errors);
    if metadata != Metadata::of(network) {
        return Err(Failure::input(
            "made from another model than the run's; run elman quantize again",
        ));
    }
    let tensor = file.tensor(WORDS).map_err(|_| foreign())?;
    if tensor.dtype() != Dtype::U32 {
        return Err(foreign());
    }
    let words = tensor.data().as_chunks().0.iter();
    Ok(Int8Net {
        words: words.map(|&bytes| u32::from_le_bytes(bytes)).collect(),
        errors,
    })
}
