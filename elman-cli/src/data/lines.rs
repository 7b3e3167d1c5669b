//! Lines of UTF-8 text that know their file and number.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use super::open::{Bytes, open};
use crate::base::failure::{Failure, Result};

/// A text being read line by line; every complaint can name the place.
pub struct Lines<R> {
    name: PathBuf,
    reader: R,
    number: usize,
    buffer: Vec<u8>,
    has_warned: bool,
    batch: usize,
}

/// Bytes that are read before the threads share the work of making numbers of them.
const BATCH: usize = 1 << 20;

impl Lines<Bytes> {
    /// Opens a file, packed by gzip or not; `-` is standard input.
    ///
    /// # Errors
    /// The file does not exist or cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self::of_file(path, open(path)?))
    }

    /// A file that was opened.
    pub fn of_file(path: &Path, bytes: Bytes) -> Self {
        let name = if path == Path::new("-") {
            Path::new("standard input")
        } else {
            path
        };
        let is_file = std::fs::metadata(path).is_ok_and(|about| about.is_file());
        Self {
            batch: if is_file { BATCH } else { 1 },
            ..Self::new(name, bytes)
        }
    }
}

impl<R: BufRead> Lines<R> {
    /// Reads from anything; `name` stands for it in messages.
    pub fn new(name: impl Into<PathBuf>, reader: R) -> Self {
        Self {
            name: name.into(),
            reader,
            number: 0,
            buffer: Vec::new(),
            has_warned: false,
            batch: 1,
        }
    }

    /// The same text without warnings.
    pub fn quiet(self) -> Self {
        Self {
            has_warned: true,
            ..self
        }
    }

    /// The next line without its end (LF or CRLF), or `None`.
    ///
    /// # Errors
    /// The line is not UTF-8, or reading fails.
    pub fn next_line(&mut self) -> Result<Option<&str>> {
        self.buffer.clear();
        let read = self.reader.read_until(b'\n', &mut self.buffer);
        if read.map_err(|error| Failure::read(&self.name, &error))? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let line = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // A byte-order mark belongs to the encoding, not to the first token.
        let line = if self.number == 1 {
            line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line)
        } else {
            line
        };
        match std::str::from_utf8(line) {
            Ok(line) => Ok(Some(line)),
            Err(error) => {
                let name = self.name.display();
                let good = String::from_utf8_lossy(&line[..error.valid_up_to()]);
                let column = good.chars().count() + 1;
                Err(Failure::input(format!(
                    "{name}:{}:{column}: the line is not UTF-8",
                    self.number
                )))
            }
        }
    }

    /// What is seen of the text without reading on: the beginning of what comes next.
    ///
    /// # Errors
    /// Reading fails.
    pub fn peek(&mut self) -> Result<String> {
        let seen = self
            .reader
            .fill_buf()
            .map_err(|error| Failure::read(&self.name, &error))?;
        let text = String::from_utf8_lossy(seen);
        Ok(text.trim_start_matches('\u{feff}').to_owned())
    }

    /// The next lines that are not blank, with their numbers: as many as make `bytes`, at least one. Empty at the end.
    ///
    /// # Errors
    /// As [`Self::next_line`]; the lines before it are lost, but for a failure that ends everything.
    pub fn next_batch(&mut self, bytes: usize) -> Result<Vec<(usize, String)>> {
        let (mut batch, mut taken) = (Vec::new(), 0);
        while taken < bytes {
            let Some(line) = self.next_line()? else { break };
            if !line.trim().is_empty() {
                let line = line.to_owned();
                taken += line.len() + 1;
                batch.push((self.number, line));
            }
        }
        Ok(batch)
    }

    /// So many bytes may be read ahead: of a pipe none, as somebody may wait for an answer to every line.
    pub const fn batch(&self) -> usize {
        self.batch
    }

    /// Number of the line last read, counted from 1.
    pub const fn number(&self) -> usize {
        self.number
    }

    /// Warns on standard error about the line last read; once per text, as the next lines are mostly no better.
    pub fn warn_once(&mut self, what: &str) {
        if !std::mem::replace(&mut self.has_warned, true) {
            eprintln!(
                "elman: {}:{}: warning: {what}",
                self.name.display(),
                self.number
            );
        }
    }

    /// A remark on standard error about the whole text.
    pub fn note(&self, what: &str) {
        if !self.has_warned {
            eprintln!("elman: {}: note: {what}", self.name.display());
        }
    }

    /// A complaint about the line last read.
    pub fn complain(&self, what: &str) -> Failure {
        self.complain_at(self.number, what)
    }

    /// A complaint about an earlier line.
    pub fn complain_at(&self, line: usize, what: &str) -> Failure {
        Failure::input(format!("{}:{line}: {what}", self.name.display()))
    }

    /// A complaint about the file, not about one of its lines.
    pub fn complain_of_file(&self, what: &str) -> Failure {
        Failure::input(what).in_file(&self.name)
    }
}

/// The lines of a text that may have been cut: the last one counts if it ends, or is the only one.
pub fn complete_lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    if lines.len() > 1 && !text.ends_with('\n') {
        lines.pop();
    }
    lines
}

/// A file format: lines in, one sequence after another out, so that a pipe can be read while it is written.
pub trait Loader {
    /// What one sequence of the format is.
    type Sequence;

    /// The next sequence, or `None` at the end.
    ///
    /// # Errors
    /// A sentence that names file and line.
    fn next_sequence(&self, lines: &mut Lines<impl BufRead>) -> Result<Option<Self::Sequence>>;

    /// So many of the next sequences, or what is left of them.
    ///
    /// # Errors
    /// As [`Loader::next_sequence`].
    fn next_sequences(
        &self,
        lines: &mut Lines<impl BufRead>,
        count: usize,
    ) -> Result<Vec<Self::Sequence>> {
        let mut sequences = Vec::new();
        while sequences.len() < count {
            match self.next_sequence(lines)? {
                Some(sequence) => sequences.push(sequence),
                None => break,
            }
        }
        Ok(sequences)
    }

    /// All that is left, which must be at least one sequence.
    ///
    /// # Errors
    /// Unreadable, malformed or empty files.
    fn all(&self, lines: &mut Lines<impl BufRead>) -> Result<Vec<Self::Sequence>> {
        let sequences = self.next_sequences(lines, usize::MAX)?;
        if sequences.is_empty() {
            let what = match lines.number() {
                0 => "the file is empty",
                _ => "the file has no sentences",
            };
            return Err(lines.complain_of_file(what));
        }
        Ok(sequences)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_end_and_a_byte_order_mark_are_taken_off() {
        let mut lines = Lines::new("f", "\u{feff}a\r\nb\n\nc".as_bytes());
        let mut found = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            found.push(line.to_owned());
        }
        assert_eq!(found, ["a", "b", "", "c"]);
        assert_eq!(lines.number(), 4);
    }

    #[test]
    fn batches_leave_blank_lines_out_and_keep_numbers() {
        let mut lines = Lines::new("f", "ab\n\ncd\nef\n".as_bytes());
        let numbered = |batch: Vec<(usize, String)>| batch.into_iter().map(|(number, _)| number);
        assert!(numbered(lines.next_batch(4).unwrap()).eq([1, 3]));
        assert!(numbered(lines.next_batch(1).unwrap()).eq([4]));
        assert!(lines.next_batch(4).unwrap().is_empty());
    }

    #[test]
    fn bytes_that_are_no_text_are_named_by_line() {
        let mut lines = Lines::new("f", &b"good\nb\xFFd\n"[..]);
        lines.next_line().unwrap();
        assert_eq!(
            lines.next_line().unwrap_err().to_string(),
            "f:2:2: the line is not UTF-8"
        );
    }
}
