//! Which format a file is in: as `--format` says, else by its first bytes; names of files say nothing.

use std::fmt;
use std::path::Path;

use clap::ValueEnum;
use serde::Serialize;

use super::bare_rows::is_ucr;
use super::cells::{self, Cells};
use super::foreign;
use super::head::{Head, is_units};
use super::lines::complete_lines;
use super::numbers::Notation;
use super::open;
use super::text_shape::{is_fast_text, is_text_table};
use crate::base::failure::{Failure, Result};

/// So many bytes tell JSON.
const JSON_SEEN: usize = 64;

/// How an array file begins.
pub const NPY: &[u8] = b"\x93NUMPY";
/// How an archive of them begins.
pub const NPZ: &[u8] = b"PK\x03\x04";

/// The words a header of a .ts file may begin with, in small letters; what else begins with `@` is no such file.
pub const TS_KEYWORDS: [&str; 11] = [
    "@problemname",
    "@timestamps",
    "@missing",
    "@univariate",
    "@dimension",
    "@equallength",
    "@serieslength",
    "@classlabel",
    "@targetlabel",
    "@relation",
    "@data",
];

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A header and rows of numbers, parted by comma, TAB, semicolon or bar; tsv is another word for it
    #[value(alias = "tsv")]
    Csv,
    /// The UCR and UEA archives
    Ts,
    /// The Monash forecasting archive
    Tsf,
    /// A class and the values of a sequence per line, without a header
    Ucr,
    /// A NumPy array
    Npy,
    /// NumPy arrays x and y
    Npz,
    /// A token and its label per line, a blank line after every sentence
    Conll,
    /// A text, TAB and its class per line
    Pairs,
    /// Plain text
    Text,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}

impl Format {
    /// Those that hold rows of numbers.
    pub const TABLES: &[Self] = &[
        Self::Csv,
        Self::Ts,
        Self::Tsf,
        Self::Ucr,
        Self::Npy,
        Self::Npz,
    ];

    /// Refuses a format that was asked for where only some are read.
    ///
    /// # Errors
    /// It is not among them.
    pub fn check(asked: Option<Self>, read: &[Self]) -> Result<()> {
        let Some(format) = asked.filter(|format| !read.contains(format)) else {
            return Ok(());
        };
        let read: Vec<String> = read.iter().map(ToString::to_string).collect();
        Err(Failure::input(format!(
            "--format {format} holds no data for this task; it reads {}",
            read.join(", ")
        )))
    }

    /// The format that was asked for, or that of the file.
    ///
    /// # Errors
    /// Missing or unreadable files.
    pub fn of(asked: Option<Self>, path: &Path) -> Result<Self> {
        asked.map_or_else(|| Self::of_file(path), Ok)
    }

    /// What went wrong, and whether it may be because another format was asked for than the file has.
    pub fn doubt(asked: Option<Self>, path: &Path, failure: Failure) -> Failure {
        let looks = || Self::of_file(path).ok();
        match (asked, failure) {
            (Some(asked), Failure::Input(sentence)) if !open::is_pipe(path) => match looks() {
                Some(found) if found != asked => Failure::input(format!(
                    "{sentence}; it is read as --format {asked}, and looks like {found}"
                )),
                _ => Failure::Input(sentence),
            },
            (_, failure) => failure,
        }
    }

    /// Whether it holds rows of numbers.
    pub const fn is_table(self) -> bool {
        matches!(
            self,
            Self::Csv | Self::Ts | Self::Tsf | Self::Ucr | Self::Npy | Self::Npz
        )
    }

    /// The format of a file.
    ///
    /// # Errors
    /// Missing or unreadable files.
    fn of_file(path: &Path) -> Result<Self> {
        let first = open::look(path)?;
        let start = &first[..first.len().min(JSON_SEEN)];
        if let Some(what) = foreign::json(&String::from_utf8_lossy(start)) {
            return Err(Failure::input(what).in_file(path));
        }
        Ok(Self::of_bytes(&first))
    }

    /// The format of a file that begins with these bytes.
    pub fn of_bytes(first: &[u8]) -> Self {
        if first.starts_with(NPY) {
            return Self::Npy;
        }
        if first.starts_with(NPZ) {
            return Self::Npz;
        }
        let text = String::from_utf8_lossy(first);
        let text = text.trim_start_matches('\u{feff}');
        let lines: Vec<&str> = complete_lines(text);
        if lines
            .iter()
            .find(|line| !is_comment(line))
            .is_some_and(|line| is_ts(line))
        {
            if is_tsf(&lines) { Self::Tsf } else { Self::Ts }
        } else if is_text_table(&lines) {
            Self::Pairs
        } else if is_ucr(&lines) {
            // Before tables, one of which may lack its header.
            Self::Ucr
        } else if is_table(&lines) {
            Self::Csv
        } else if is_conll(&lines) {
            Self::Conll
        } else if is_pairs(&lines) {
            Self::Pairs
        } else {
            Self::Text
        }
    }
}

fn is_comment(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

fn is_ts(line: &str) -> bool {
    let word = line
        .split_whitespace()
        .next()
        .unwrap_or("")
        .to_ascii_lowercase();
    TS_KEYWORDS
        .iter()
        .any(|keyword| word == *keyword || word == format!("{keyword}s"))
}

/// Whether the lines of a file that begins with `@` are of this kind, and not of Weka's `.arff` or a `.ts`.
fn is_tsf(lines: &[&str]) -> bool {
    let says = |words: &[&str]| {
        lines.iter().any(|line| {
            let word = line.split_whitespace().next().unwrap_or("");
            words.iter().any(|known| word.eq_ignore_ascii_case(known))
        })
    };
    says(&["@attribute"]) && says(&["@frequency", "@horizon", "@missing", "@equallength"])
}

/// A header without a number; as many cells in every line; and a column of numbers. Or values of which a header is missing:
/// who reads tables can say so.
fn is_table(lines: &[&str]) -> bool {
    let Some(records) = records(lines) else {
        return false;
    };
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let Some(head) = Head::find(&records, None) else {
        return false;
    };
    let mut cells = Cells::new(head.delimiter);
    if head
        .names
        .iter()
        .any(|name| !name.is_empty() && cells::number(name).is_ok())
    {
        return is_headerless(&head, &records[head.line..]);
    }
    let notation = Notation::new(head.delimiter == b';', &[]);
    let mut is_numeric = vec![None; head.names.len()];
    let mut may_be_units = true;
    for line in &records[head.line + 1..] {
        if cells.split(line).is_err() || !head.fits(&cells) {
            return false;
        }
        if std::mem::take(&mut may_be_units)
            && records.len() > head.line + 2
            && is_units(&cells, &notation, 0..head.names.len())
        {
            continue;
        }
        for (is_numeric, cell) in is_numeric.iter_mut().zip(cells.iter()) {
            if !cells::is_missing(cell) {
                let is_number = notation.number(cell).is_ok();
                *is_numeric = Some(is_numeric.unwrap_or(true) && is_number);
            }
        }
    }
    is_numeric.contains(&Some(true))
}

/// Whether lines are rows of several cells under which a header is missing, most of them alike and with fractions.
fn is_headerless(head: &Head, lines: &[&str]) -> bool {
    let mut cells = Cells::new(head.delimiter);
    let mut fits = |line: &&&str| cells.split(line).is_ok() && head.fits(&cells);
    let fitting = lines.iter().filter(|line| fits(line)).count();
    let has_fraction = head
        .names
        .iter()
        .any(|name| name.contains('.') && cells::number(name).is_ok());
    head.delimiter != b'\t' && head.names.len() > 2 && has_fraction && 5 * fitting > 4 * lines.len()
}

/// Lines that are not blank, those of one cell in quotes together; `None` where a quotation mark is never closed.
fn records(lines: &[&str]) -> Option<Vec<String>> {
    let mut records = Vec::new();
    let mut open: Option<String> = None;
    for line in lines {
        let is_open = cells::quotes(line, open.is_some()).is_open;
        let record = match open.take() {
            Some(mut begun) => {
                begun.push('\n');
                begun.push_str(line);
                begun
            }
            None if line.trim().is_empty() => continue,
            None => (*line).to_owned(),
        };
        if is_open {
            open = Some(record);
        } else {
            records.push(record);
        }
    }
    // The first bytes of a file may end within a cell.
    (open.is_none() || records.len() > 1).then_some(records)
}

/// TABs in the lines, and blank lines between sentences.
fn is_conll(lines: &[&str]) -> bool {
    let mut filled = lines.iter().filter(|line| !line.trim().is_empty());
    let has_blank = lines.iter().any(|line| line.trim().is_empty());
    has_blank
        && !lines.is_empty()
        && filled.all(|line| line.contains('\t') || line.starts_with("-DOCSTART-"))
}

fn is_pairs(lines: &[&str]) -> bool {
    let mut filled = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .peekable();
    let are_fast_text = filled.peek().is_some() && filled.all(|line| is_fast_text(line));
    !lines.is_empty() && (are_fast_text || lines.iter().all(|line| line.contains('\t')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_known_by_its_content() {
        let cases: [(&[u8], Format); 18] = [
            (b"\x93NUMPY\x01\x00", Format::Npy),
            (b"PK\x03\x04...", Format::Npz),
            (
                b"# x\n@relation r\n@attribute series_name string\n@horizon 3\n@data\nT:1,2\n",
                Format::Tsf,
            ),
            (b"#by me\n\n@problemName x\n@data\n1,2:a\n", Format::Ts),
            (b"\xEF\xBB\xBFseq,t,x,label\n0,0,1,a\n0,1,2", Format::Csv),
            (b"y\n1\n2\n", Format::Csv),
            (b"1\t1\t2\t3\t4\t5\t6\t7\t8\n", Format::Ucr),
            (b"t\ty\n0\t1\n1\t\n", Format::Csv),
            (b"@paul\tO\nruns\tO\n\n", Format::Conll),
            (b"-DOCSTART- O\n\nIda\tB\n", Format::Conll),
            (b"Daher\tArabic\nKim\tKorean\n", Format::Pairs),
            (b"good\t1\nbad\t0\n", Format::Pairs),
            (b"__label__a good one\n__label__b bad\n", Format::Pairs),
            (b"text,label\n\"good, one\",1\nbad,0\n", Format::Pairs),
            (b"To be, or not to be,\nthat is\n", Format::Text),
            (b"emma\nolivia\n", Format::Text),
            (b"", Format::Text),
            (b"\xFF\xFE\x00", Format::Text),
        ];
        for (bytes, format) in cases {
            let shown = String::from_utf8_lossy(bytes);
            assert_eq!(Format::of_bytes(bytes), format, "{shown:?}");
        }
    }
}
