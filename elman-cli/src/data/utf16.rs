//! Text in UTF-16, as Windows programs save it, made into UTF-8.

use std::io::{Error, ErrorKind, Read, Result};

/// Which byte of a unit comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    LittleEndian,
    BigEndian,
}

/// Reads UTF-16 and gives UTF-8, without the mark of the order of bytes.
pub struct Utf16<R> {
    reader: R,
    mark: Mark,
    /// UTF-8 that is to be handed out.
    ready: Vec<u8>,
    taken: usize,
    /// The first half of a pair whose second is still to come.
    half: Option<u16>,
    is_first: bool,
}

/// Units that are made into text together.
const UNITS: usize = 1 << 12;

/// The mark at the beginning of a text in UTF-16.
pub fn mark(first: &[u8]) -> Option<Mark> {
    match first {
        // The same mark in UTF-32 goes on with zeros; no text begins with a NUL.
        [0xFF, 0xFE, 0, 0, ..] => None,
        [0xFF, 0xFE, _, _, ..] => Some(Mark::LittleEndian),
        [0xFE, 0xFF, _, _, ..] => Some(Mark::BigEndian),
        _ => None,
    }
}

impl<R: Read> Utf16<R> {
    /// From the mark on.
    pub const fn new(reader: R, mark: Mark) -> Self {
        Self {
            reader,
            mark,
            ready: Vec::new(),
            taken: 0,
            half: None,
            is_first: true,
        }
    }

    fn unit(&self, bytes: [u8; 2]) -> u16 {
        match self.mark {
            Mark::LittleEndian => u16::from_le_bytes(bytes),
            Mark::BigEndian => u16::from_be_bytes(bytes),
        }
    }

    /// Makes the next units into text: what one read brings, so that a pipe is answered while it is written.
    fn refill(&mut self) -> Result<()> {
        let mut bytes = vec![0; 2 * UNITS];
        let mut len = self.reader.read(&mut bytes)?;
        if len % 2 == 1 && self.reader.read(&mut bytes[len..=len])? == 0 {
            return Err(broken("the text ends within a character of UTF-16"));
        }
        len += len % 2;
        let is_end = len == 0;
        let mut units: Vec<u16> = self.half.take().into_iter().collect();
        units.extend(
            bytes[..len]
                .chunks_exact(2)
                .map(|pair| self.unit([pair[0], pair[1]])),
        );
        let is_half = units
            .last()
            .is_some_and(|unit| (0xD800..0xDC00).contains(unit));
        if is_half && !is_end {
            self.half = units.pop();
        }
        let text = String::from_utf16(&units).map_err(|_| broken("the text is broken UTF-16"))?;
        let mut text = text.as_str();
        if std::mem::take(&mut self.is_first) {
            text = text.strip_prefix('\u{feff}').unwrap_or(text);
        }
        self.ready = text.as_bytes().to_vec();
        self.taken = 0;
        // A read of nothing but a mark or half of a pair is not the end.
        if self.ready.is_empty() && !is_end {
            return self.refill();
        }
        Ok(())
    }
}

fn broken(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        if self.taken == self.ready.len() && !into.is_empty() {
            self.refill()?;
        }
        let rest = &self.ready[self.taken..];
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        Ok(count)
    }
}
