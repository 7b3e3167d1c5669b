//! Files of numeric sequences, whatever their format.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use super::Columns;
use super::csv::Csv;
use super::format::Format;
use super::lines::Lines;
use super::npy::Arrays;
use super::open::{self, Bytes};
use super::table::{Blocks, Table, Wanted};
use super::ts::Ts;
use super::ucr::Ucr;
use crate::base::failure::{Failure, Result};

/// Labelled data as the command line names them.
#[derive(Clone, Copy, Debug)]
pub struct DataFile<'a> {
    pub path: &'a Path,
    /// `None`: found by content.
    pub format: Option<Format>,
    /// Where classes have a file of their own.
    pub classes: Option<&'a Path>,
    /// Where texts or tokens and their labels are, in files of lines; `None`: found by content.
    pub columns: Option<Columns>,
}

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
        Format::Ucr => Box::new(Ucr::open(Lines::of_file(path, bytes), wanted)?),
        Format::Npy => Box::new(Arrays::from_npy(bytes, wanted).map_err(in_file)?),
        Format::Npz if open::is_pipe(path) || !path.is_file() => {
            // The list of the arrays stands at the end.
            let mut content = Vec::new();
            let read = bytes.read_to_end(&mut content);
            read.map_err(|error| Failure::read(path, &error))?;
            Box::new(Arrays::from_npz(Cursor::new(content), wanted).map_err(in_file)?)
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
    let wanted = Wanted {
        is_whole: true,
        ..wanted.clone()
    };
    let mut table = Table::collect(&mut *open_table(path, &wanted)?, path)?;
    if wanted.columns.is_none() {
        table.leave_out_counters();
    }
    table.note_left_out(path);
    table.note_steps(path);
    Ok(table)
}
