//! The checksum of a safetensors file that elman writes: a flipped bit is told before it becomes a wrong number.
//!
//! It is the last field of the JSON in the metadata, and covers all JSON before it and every tensor with its name, in the
//! order of names. Files of other writers have none and are taken as they are.

use crc::{CRC_32_ISO_HDLC, Crc, Table};
use safetensors::SafeTensors;

use crate::base::failure::{Failure, Result};

/// Of the large kind: checkpoints are written while nets wait.
const CRC: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC);

/// Where the checksum begins.
const FIELD: &str = r#","checksum":""#;

/// Adds its checksum to a JSON object; to what is none, or empty, nothing can be added.
pub fn seal<'a>(json: &str, tensors: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let Some(body) = json.strip_suffix('}').filter(|body| body.len() > 1) else {
        return json.to_owned();
    };
    format!("{body}{FIELD}{:08x}\"}}", checksum(body, tensors))
}

/// Compares a file with its checksum, if it has one.
///
/// # Errors
/// They differ.
pub fn check(json: &str, file: &SafeTensors<'_>) -> Result<()> {
    let Some((body, rest)) = json.rsplit_once(FIELD) else {
        return Ok(());
    };
    let told = rest
        .strip_suffix("\"}")
        .and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let found = file.iter().map(|(name, tensor)| (name, tensor.data()));
    if told == Some(checksum(body, found)) {
        return Ok(());
    }
    Err(Failure::input(
        "the file is damaged: its checksum is another; take a copy of it, or train again (a program that changes such a \
         file on purpose must leave the checksum out of its metadata)",
    ))
}

fn checksum<'a>(body: &str, tensors: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> u32 {
    let mut tensors: Vec<_> = tensors.into_iter().collect();
    tensors.sort_unstable_by_key(|&(name, _)| name);
    let mut digest = CRC.digest();
    digest.update(body.as_bytes());
    for (name, data) in tensors {
        digest.update(name.as_bytes());
        digest.update(data);
    }
    digest.finalize()
}
