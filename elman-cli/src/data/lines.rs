//! Lines of UTF-8 text that know their file and number.

use std::io::{BufRead, Cursor};
use std::path::{Path, PathBuf};

use super::cells::{Quotes, UNCLOSED, is_open, quotes};
use super::open::{Bytes, is_pipe, look, open};
use crate::base::failure::{Failure, Result};
use crate::base::tell::tell;

/// A text being read line by line; every complaint can name the place.
pub struct Lines<R> {
    name: PathBuf,
    reader: R,
    number: usize,
    buffer: Vec<u8>,
    has_warned: bool,
    batch: usize,
}

/// A cell in quotes has no more lines: a mark that was never closed must not swallow a file.
const LONGEST_CELL: usize = 1000;

/// What to do about bytes that are no UTF-8.
pub const NOT_UTF8: &str =
    "; if it is Latin-1, as old Windows programs write: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW";

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

    /// The same for who needs all of it: the beginning of a slow pipe is waited for, so that [`Self::peek`] sees it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_whole(path: &Path) -> Result<Self> {
        if is_pipe(path) {
            look(path)?;
        }
        Self::open(path)
    }

    /// The first lines of a file, at least, which stay there for who reads it.
    ///
    /// # Errors
    /// The file does not exist or cannot be read.
    pub fn look(path: &Path) -> Result<Self> {
        if !is_pipe(path) {
            return Self::open(path);
        }
        let mut first = look(path)?;
        if let Some(end) = first.iter().rposition(|&byte| byte == b'\n') {
            first.truncate(end + 1);
        }
        Ok(Self::of_file(path, Box::new(Cursor::new(first))))
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
                    "{name}:{}:{column}: the line is not UTF-8{NOT_UTF8}",
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
        self.batch_of(bytes, |_, _| Ok(()))
    }

    /// The same of records: a cell in quotes may go on over some of the next lines. Numbers are those of first lines.
    ///
    /// # Errors
    /// As [`Self::next_batch`].
    pub fn next_records(&mut self, bytes: usize) -> Result<Vec<(usize, String)>> {
        self.batch_of(bytes, Self::complete)
    }

    fn batch_of(
        &mut self,
        bytes: usize,
        complete: impl Fn(&mut Self, &mut String) -> Result<()>,
    ) -> Result<Vec<(usize, String)>> {
        let (mut batch, mut taken) = (Vec::new(), 0);
        while taken < bytes {
            let Some(line) = self.next_line()? else { break };
            if !line.trim().is_empty() {
                let mut line = line.to_owned();
                let number = self.number;
                complete(self, &mut line)?;
                taken += line.len() + 1;
                batch.push((number, line));
            }
        }
        Ok(batch)
    }

    /// Reads on to the end of a cell in quotes.
    fn complete(&mut self, record: &mut String) -> Result<()> {
        if !is_open(record) {
            return Ok(());
        }
        let number = self.number;
        for _ in 0..LONGEST_CELL {
            let Some(line) = self.next_line()? else { break };
            record.push('\n');
            record.push_str(line);
            match quotes(line, true) {
                Quotes {
                    has_stray: true, ..
                } => {
                    return Err(self.complain_at(number, UNCLOSED));
                }
                Quotes { is_open: true, .. } => {}
                Quotes { .. } => return Ok(()),
            }
        }
        let what = format!("a quotation mark (\") is not closed within {LONGEST_CELL} lines");
        Err(self.complain_at(number, &what))
    }

    /// A remark on standard error about the whole text.
    pub fn note(&self, what: &str) {
        if !self.has_warned {
            tell!("elman: {}: note: {what}", self.name.display());
        }
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
            tell!(
                "elman: {}:{}: warning: {what}",
                self.name.display(),
                self.number
            );
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
    fn records_go_on_to_the_end_of_a_cell_in_quotes() {
        let mut lines = Lines::new("f", "a,\"b\n\n\"\"c\"\"\"\n1,2\n\"x\n".as_bytes());
        let records = lines.next_records(8).unwrap();
        assert_eq!(records, [(1, "a,\"b\n\n\"\"c\"\"\"".to_owned())]);
        assert_eq!(lines.next_records(1).unwrap(), [(4, "1,2".to_owned())]);
        let complaint = lines.next_records(1).unwrap_err().to_string();
        assert!(
            complaint.starts_with("f:5: a quotation mark"),
            "{complaint}"
        );
    }

    #[test]
    fn marks_of_inches_swallow_no_lines() {
        let mut lines = Lines::new("f", "1,6\" disk\n2,\"6 disk\n3,b\n4,\"6 disk\n".as_bytes());
        assert_eq!(lines.next_records(1).unwrap()[0].1, "1,6\" disk");
        let complaint = lines.next_records(1).unwrap_err().to_string();
        assert!(
            complaint.starts_with("f:2: a quotation mark"),
            "{complaint}"
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_named_by_line() {
        let mut lines = Lines::new("f", &b"good\nb\xFFd\n"[..]);
        lines.next_line().unwrap();
        assert_eq!(
            lines.next_line().unwrap_err().to_string(),
            format!("f:2:2: the line is not UTF-8{NOT_UTF8}")
        );
    }
}
