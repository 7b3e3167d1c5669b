//! From files to numbers. One file per format, behind [`Loader`] where the steps are words and behind
//! [`table::Blocks`] where they are rows of numbers; everything after it sees [`Sequences`].

mod cells;
pub mod conll;
#[allow(dead_code, reason = "the tasks that read tables come next")]
pub mod csv;
pub mod demo;
mod header;
mod lines;
mod open;
mod sequences;
#[allow(dead_code, reason = "the tasks that read tables come next")]
pub mod table;

use std::io::BufRead;
use std::path::Path;

use crate::failure::{Failure, Result};

use csv::Csv;
pub use lines::Lines;
pub use sequences::{Hiding, Rows, Sequences, Targets};
use table::{Blocks, Table, Wanted};

/// A file of numeric sequences, to be read one sequence after the other.
///
/// # Errors
/// Missing or unreadable files, or a header that does not fit what is wanted.
#[allow(dead_code, reason = "the tasks that read tables come next")]
pub fn open_table(path: &Path, wanted: &Wanted) -> Result<Box<dyn Blocks>> {
    Ok(Box::new(Csv::open(Lines::open(path)?, wanted)?))
}

/// A whole file of numeric sequences, of which there is at least one.
///
/// # Errors
/// Missing, unreadable, malformed or empty files.
#[allow(dead_code, reason = "the tasks that read tables come next")]
pub fn load_table(path: &Path, wanted: &Wanted) -> Result<Table> {
    Table::collect(&mut *open_table(path, wanted)?, path)
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

    /// A whole file, which must hold at least one sequence.
    ///
    /// # Errors
    /// Missing, unreadable, malformed or empty files.
    fn load(&self, path: &Path) -> Result<Vec<Self::Sequence>> {
        let mut lines = Lines::open(path)?;
        let sequences = self.next_sequences(&mut lines, usize::MAX)?;
        if sequences.is_empty() {
            let what = match lines.number() {
                0 => "the file is empty",
                _ => "the file has no sentences",
            };
            return Err(Failure::input(what).in_file(path));
        }
        Ok(sequences)
    }
}
