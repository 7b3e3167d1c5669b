//! Files of numeric sequences, whatever their format.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use super::Columns;
use super::blanked::blank;
use super::csv::Csv;
use super::format::Format;
use super::lines::Lines;
use super::npy::Arrays;
use super::open::{self, Bytes};
use super::table::{Blocks, Part, Table, Wanted};
use super::ts::Ts;
use super::tsf::Tsf;
use super::ucr::{UCR_COLUMN, Ucr};
use crate::base::failure::{Failure, Result};
use crate::base::tell::tell;

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
    /// Only what the split column puts into this part.
    pub part: Option<Part>,
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
            match Format::of_bytes(first.map_err(|error| Failure::read(path, &error))?) {
                // Whoever wants columns by their names is in want of a header.
                Format::Ucr
                    if wanted
                        .columns
                        .as_ref()
                        .is_some_and(|names| *names != [UCR_COLUMN]) =>
                {
                    Format::Csv
                }
                format => format,
            }
        }
    };
    let in_file = |what: String| Failure::input(what).in_file(path);
    let blocks: Box<dyn Blocks> = match format {
        Format::Ts => Box::new(Ts::open(Lines::of_file(path, bytes), wanted)?),
        Format::Tsf => Box::new(Tsf::open(Lines::of_file(path, bytes), wanted)?),
        Format::Ucr => Box::new(Ucr::open(Lines::of_file(path, bytes), wanted)?),
        Format::Npy => Box::new(Arrays::from_npy(bytes, wanted).map_err(in_file)?),
        Format::Npz if open::is_pipe(path) || !path.is_file() => {
            // The list of the arrays stands at the end.
            let mut content = Vec::new();
            let read = bytes.read_to_end(&mut content);
            read.map_err(|error| Failure::read(path, &error))?;
            Box::new(Arrays::from_npz(Cursor::new(content), path, wanted).map_err(in_file)?)
        }
        Format::Npz => {
            let file = File::open(path).map_err(|error| Failure::read(path, &error))?;
            Box::new(Arrays::from_npz(BufReader::new(file), path, wanted).map_err(in_file)?)
        }
        // What looks like text may be a table with a mistake, and the reader of tables can name the place.
        _ => return Ok(Box::new(Csv::open(Lines::of_file(path, bytes), wanted)?)),
    };
    if wanted.dialect.names_columns() {
        tell!(
            "elman: {}: note: --seq-column, --step-column and --label-column are for CSV, which this file is not",
            path.display()
        );
    }
    Ok(blank(blocks, &wanted.dialect.missing))
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
        table.leave_out_counters(wanted.targets.len());
    }
    table.note_left_out(path);
    table.note_steps(path);
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_missing_does_so_in_every_format() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("f.ts");
        std::fs::write(
            &path,
            "@univariate true\n@classLabel true a b\n@data\n1.5,-999,2:a\n-999.0,4,5:b\n",
        )
        .unwrap();
        let mut wanted = Wanted::default();
        wanted.dialect.missing = vec!["-999".to_owned(), "off".to_owned()];
        let table = load_table(&path, &wanted).unwrap();
        let missing = |block: usize| table.sequences[block].values.iter().map(|x| x.is_nan());
        assert!(missing(0).eq([false, true, false]));
        assert!(missing(1).eq([true, false, false]));
    }
}
