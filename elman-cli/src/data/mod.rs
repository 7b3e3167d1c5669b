//! From files to numbers. One file per format, behind [`Loader`] where the steps are words and behind
//! [`table::Blocks`] where they are rows of numbers; everything after it sees [`Sequences`].

mod cells;
pub mod conll;
pub mod csv;
pub mod demo;
pub mod features;
mod format;
mod header;
mod lines;
mod npy;
mod npy_array;
mod open;
pub mod pairs;
pub mod reading;
mod sequences;
pub mod spans;
pub mod table;
pub mod text;
mod ts;

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::Path;

use crate::base::failure::{Failure, Result};

use csv::Csv;
pub use format::Format;
pub use lines::Lines;
use npy::Arrays;
pub use open::{Bytes, unpacked};
pub use sequences::{Hiding, Rows, Sequences, Targets};
use table::{Blocks, Table, Wanted};
use ts::Ts;

/// A file of numeric sequences, to be read one sequence after the other.
///
/// # Errors
/// Missing or unreadable files, or a header that does not fit what is wanted.
pub fn open_table(path: &Path, wanted: &Wanted) -> Result<Box<dyn Blocks>> {
    table_of(open::open(path)?, path, wanted)
}

/// The same for a file that was opened.
///
/// # Errors
/// As [`open_table`].
pub fn table_of(mut bytes: Bytes, path: &Path, wanted: &Wanted) -> Result<Box<dyn Blocks>> {
    let format = match wanted.format {
        Some(format) => format,
        None => {
            let first = bytes.fill_buf();
            Format::of_bytes(first.map_err(|error| Failure::read(path, &error))?)
        }
    };
    let in_file = |what: String| Failure::input(what).in_file(path);
    Ok(match format {
        Format::Ts => Box::new(Ts::open(Lines::of_file(path, bytes), wanted)?),
        Format::Npy => Box::new(Arrays::from_npy(bytes, wanted).map_err(in_file)?),
        Format::Npz if path == Path::new("-") || !path.is_file() => {
            // The list of the arrays stands at the end.
            let mut whole = Vec::new();
            let read = bytes.read_to_end(&mut whole);
            read.map_err(|error| Failure::read(path, &error))?;
            Box::new(Arrays::from_npz(Cursor::new(whole), wanted).map_err(in_file)?)
        }
        Format::Npz => {
            let file = File::open(path).map_err(|error| Failure::read(path, &error))?;
            Box::new(Arrays::from_npz(BufReader::new(file), wanted).map_err(in_file)?)
        }
        // What looks like text may be a table with a mistake, and the reader of tables can name the place.
        _ => Box::new(Csv::open(Lines::of_file(path, bytes), wanted)?),
    })
}

/// A whole file of numeric sequences, of which there is at least one.
///
/// # Errors
/// Missing, unreadable, malformed or empty files.
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

#[cfg(test)]
mod tests;
