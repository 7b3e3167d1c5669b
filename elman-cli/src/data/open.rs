//! Files as streams of bytes: standard input for `-`, and gzip taken off whatever the name says.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::base::failure::{Failure, Result};

/// What a file is read through.
pub type Bytes = Box<dyn BufRead + Send>;

/// So much is seen of a file when its format is looked for.
const SEEN: usize = 1 << 16;

/// How every gzip file begins.
const GZIP: [u8; 2] = [0x1F, 0x8B];

/// Opens a file, `-` for standard input.
///
/// # Errors
/// The file does not exist or cannot be read.
pub fn open(path: &Path) -> Result<Bytes> {
    if path == Path::new("-") {
        return unpacked(
            Box::new(BufReader::with_capacity(SEEN, std::io::stdin())),
            path,
        );
    }
    let file = File::open(path).map_err(|error| Failure::read(path, &error))?;
    unpacked(Box::new(BufReader::with_capacity(SEEN, file)), path)
}

/// Takes gzip off, if it is there.
///
/// # Errors
/// Reading fails; `path` is what the message blames.
pub fn unpacked(mut bytes: Bytes, path: &Path) -> Result<Bytes> {
    let first = bytes
        .fill_buf()
        .map_err(|error| Failure::read(path, &error))?;
    if first.starts_with(&GZIP) {
        return Ok(Box::new(BufReader::with_capacity(
            SEEN,
            MultiGzDecoder::new(bytes),
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn gzip_is_found_by_content() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("f.csv");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"some text").unwrap();
        let packed = gzip.finish().unwrap();
        for (content, whole) in [
            (&b"some text"[..], true),
            (&packed, true),
            (&packed[..15], false),
        ] {
            std::fs::write(&path, content).unwrap();
            let mut text = String::new();
            let read = open(&path).unwrap().read_to_string(&mut text);
            assert_eq!((read.is_ok(), text == "some text"), (whole, whole));
        }
    }
}
