//! How records lie in a file, as TensorFlow's `RecordWriter` has it:
//!
//! ```text
//! length: u64 │ check of the length: u32 │ record │ check of the record: u32        all little-endian
//! ```

use crc::{CRC_32_ISCSI, Crc};

/// CRC-32C, which the CRC catalogue calls after the protocol that made it known.
const CASTAGNOLI: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// A record with its length and checks.
pub fn frame(record: &[u8]) -> Vec<u8> {
    let length = (record.len() as u64).to_le_bytes();
    [&length[..], &check(&length), record, &check(record)].concat()
}

/// A checksum, masked so that checking data that hold checksums works: rotated, and a constant added.
fn check(bytes: &[u8]) -> [u8; 4] {
    CASTAGNOLI
        .checksum(bytes)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
        .to_le_bytes()
}

/// The records of a file; `None` if a length or a checksum is wrong.
#[cfg(test)]
pub fn unframe(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_at_checked(8)?;
        let (length_check, rest) = rest.split_at_checked(4)?;
        let size = u64::from_le_bytes(length.try_into().ok()?) as usize;
        let (record, rest) = rest.split_at_checked(size)?;
        let (record_check, rest) = rest.split_at_checked(4)?;
        if length_check != check(length) || record_check != check(record) {
            return None;
        }
        records.push(record.to_vec());
        bytes = rest;
    }
    Some(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the worked example of RFC 3720, B.4; the tests that read whole files with TensorBoard check the mask.
    #[test]
    fn checks_are_those_of_crc32c_masked() {
        assert_eq!(CASTAGNOLI.checksum(&[0; 32]), 0x8a91_36aa);
        let masked = 0x8a91_36aa_u32.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(check(&[0; 32]), masked.to_le_bytes());
    }

    #[test]
    fn records_come_back_and_damage_is_seen() {
        let bytes = [frame(b"one"), frame(b""), frame(b"three")].concat();
        let records = unframe(&bytes).unwrap();
        assert_eq!(records, [&b"one"[..], b"", b"three"]);
        for i in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[i] ^= 1;
            assert_eq!(unframe(&damaged), None, "byte {i}");
        }
    }
}
