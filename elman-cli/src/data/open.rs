//! Files as streams of bytes: standard input for `-`, and gzip and UTF-16 taken off whatever the name says. What comes
//! through a pipe comes once: who has looked at its beginning leaves it here for who reads it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use flate2::bufread::MultiGzDecoder;

use super::archive;
use super::foreign;
use super::utf16::{self, Utf16};
use crate::base::failure::{Failure, Result};

/// What a file is read through.
pub type Bytes = Box<dyn BufRead + Send>;

/// So much is seen of a file when its format is looked for.
const SEEN: usize = 1 << 16;

/// How every gzip file begins.
const GZIP: [u8; 2] = [0x1F, 0x8B];

/// Pipes that somebody looked at, from their first byte on; none where it has been read.
static PIPES: Mutex<BTreeMap<PathBuf, Option<Bytes>>> = Mutex::new(BTreeMap::new());

fn pipes() -> MutexGuard<'static, BTreeMap<PathBuf, Option<Bytes>>> {
    PIPES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether what is there can be read only once: standard input, and whatever is no file.
pub fn is_pipe(path: &Path) -> bool {
    let is_file = |about: std::fs::Metadata| about.is_file() || about.is_dir();
    path == Path::new("-") || std::fs::metadata(path).is_ok_and(|about| !is_file(about))
}

/// The first bytes of a file, which stay there for [`open`].
///
/// # Errors
/// As [`open`].
pub fn look(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = open(path)?;
    let mut first = Vec::with_capacity(SEEN);
    let read = bytes.by_ref().take(SEEN as u64).read_to_end(&mut first);
    read.map_err(|error| Failure::read(path, &error))?;
    if is_pipe(path) {
        let all = Cursor::new(first.clone()).chain(bytes);
        keep(path, Box::new(all));
    }
    Ok(first)
}

/// Leaves all of a pipe, from its first byte on, for the next who opens it.
pub fn keep(path: &Path, bytes: Bytes) {
    pipes().insert(path.to_owned(), Some(bytes));
}

/// Opens a file, `-` for standard input.
///
/// # Errors
/// The file does not exist or cannot be read, is a pipe that was read before, or a file of another program.
pub fn open(path: &Path) -> Result<Bytes> {
    if !is_pipe(path) {
        let file = File::open(path).map_err(|error| Failure::read(path, &error))?;
        return unpacked(Box::new(BufReader::with_capacity(SEEN, file)), path);
    }
    match pipes().insert(path.to_owned(), None) {
        Some(Some(bytes)) => return Ok(bytes),
        Some(None) if path == Path::new("-") => {
            let sentence = "standard input has been read to its end and cannot be read twice; save it in a file";
            return Err(Failure::input(sentence));
        }
        // Behind the same name there may be another pipe by now.
        Some(None) | None => {}
    }
    if path == Path::new("-") {
        let input = BufReader::with_capacity(SEEN, std::io::stdin());
        return unpacked(Box::new(input), path);
    }
    let file = File::open(path).map_err(|error| Failure::read(path, &error))?;
    unpacked(Box::new(BufReader::with_capacity(SEEN, file)), path)
}

/// Takes gzip off, or zip around one file, if it is there, and UTF-16.
///
/// # Errors
/// Reading fails, or the bytes are a file of another program; `path` is what the message blames.
pub fn unpacked(mut bytes: Bytes, path: &Path) -> Result<Bytes> {
    let first = bytes.fill_buf();
    if foreign::is_archive(first.map_err(|error| Failure::read(path, &error))?) {
        let only = archive::only_file(bytes);
        let content = only.map_err(|what| Failure::input(what).in_file(path))?;
        bytes = Box::new(Cursor::new(content));
    }
    text_of(bytes, path)
}

/// The same where no archive is around it.
fn text_of(mut bytes: Bytes, path: &Path) -> Result<Bytes> {
    let failed = |error| Failure::read(path, &error);
    if bytes.fill_buf().map_err(failed)?.starts_with(&GZIP) {
        bytes = Box::new(BufReader::with_capacity(SEEN, MultiGzDecoder::new(bytes)));
    }
    let first = bytes.fill_buf().map_err(failed)?;
    if let Some(what) = foreign::of_bytes(first) {
        return Err(Failure::input(what).in_file(path));
    }
    Ok(match utf16::mark(first) {
        Some(mark) => Box::new(BufReader::with_capacity(SEEN, Utf16::new(bytes, mark))),
        None => bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn gzip_is_found_by_content() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("f.csv");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"some text").unwrap();
        let packed = gzip.finish().unwrap();
        for (content, whole) in [(&b"some text"[..], true), (&packed, true)] {
            std::fs::write(&path, content).unwrap();
            let mut text = String::new();
            let read = open(&path).unwrap().read_to_string(&mut text);
            assert_eq!((read.is_ok(), text == "some text"), (whole, whole));
        }
        std::fs::write(&path, &packed[..15]).unwrap();
        let read = open(&path).and_then(|mut bytes| Ok(bytes.read_to_string(&mut String::new())?));
        assert!(read.is_err());
    }

    #[test]
    fn words_in_utf_16_are_words() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("f.csv");
        let words = "t,°C\r\n0,😀\r\n";
        let units = || std::iter::once(0xFEFF).chain(words.encode_utf16());
        let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
        for content in [&little, &big] {
            std::fs::write(&path, content).unwrap();
            let mut text = String::new();
            open(&path).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, words);
        }
        std::fs::write(&path, &little[..little.len() - 1]).unwrap();
        let read = open(&path).unwrap().read_to_string(&mut String::new());
        assert!(read.unwrap_err().to_string().contains("UTF-16"));
    }

    #[cfg(unix)]
    #[test]
    fn what_was_looked_at_in_a_pipe_is_still_there() {
        use std::os::fd::AsRawFd;
        let (reader, mut writer) = std::io::pipe().unwrap();
        let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
        let text = "0123456789\n".repeat(20_000);
        let sent = text.clone();
        let sender = std::thread::spawn(move || writer.write_all(sent.as_bytes()).unwrap());
        let first = look(&path).unwrap();
        assert_eq!(first, &text.as_bytes()[..SEEN]);
        assert_eq!(look(&path).unwrap(), first);
        let mut read = String::new();
        open(&path).unwrap().read_to_string(&mut read).unwrap();
        sender.join().unwrap();
        assert!(read == text, "{} of {} bytes", read.len(), text.len());
    }
}
