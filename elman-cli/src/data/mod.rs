//! From files to numbers. One file per format behind [`Loader`]; everything after it sees [`Sequences`].

pub mod conll;
pub mod demo;
mod lines;
mod sequences;

use std::io::BufRead;
use std::path::Path;

use crate::failure::{Failure, Result};

pub use lines::Lines;
#[cfg(test)]
pub use sequences::Rows;
pub use sequences::{Hiding, Sequences, Targets};

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
