//! The first lines of a CSV file: where its header is, how its numbers are written, and what the first rows hold.

use std::io::BufRead;

use super::Lines;
use super::cells::{self, Cells};
use super::foreign;
use super::head::{self, Head};
use super::header::NO_HEADER;
use super::numbers::{self, Notation};
use super::table::Wanted;
use crate::base::failure::{Failure, Result};

/// So many lines are looked at to tell numbers from text.
pub const SAMPLE: usize = 100;

/// Lines that are looked through for one that does not fit a file without a header.
const LOOKED_THROUGH: usize = 1_000_000;

/// What is known of a file before its first row is read.
pub struct Opening {
    pub head: Head,
    /// Line of the header.
    pub line: usize,
    pub notation: Notation,
    /// Lines of data that were read to look at them, with their numbers.
    pub sample: Vec<(usize, String)>,
    /// Their cells, numbers and gaps in the usual notation.
    pub cells: Vec<Vec<String>>,
    /// A line of units was among them, and is left out.
    pub has_units: bool,
}

impl Opening {
    /// Reads the header, and some lines of data where nobody waits for answers. Standard error is told what is not as usual.
    ///
    /// # Errors
    /// A file that is empty or no table.
    pub fn read(lines: &mut Lines<impl BufRead>, wanted: &Wanted) -> Result<Self> {
        let looks_ahead = wanted.columns.is_none() || wanted.is_whole || lines.batch() > 1;
        let mut first = first_lines(lines, looks_ahead, wanted.columns.as_deref())?;
        let texts: Vec<&str> = first.iter().map(|(_, text)| text.as_str()).collect();
        let Some(head) = Head::find(&texts, wanted.columns.as_deref()) else {
            return Err(lines.complain_of_file(match first.is_empty() {
                true => "the file is empty",
                false => "the file has no header",
            }));
        };
        let sample = first.split_off(head.line + 1);
        let (line, text) = first.swap_remove(head.line);
        if let Some(what) = foreign::json(&text) {
            return Err(lines.complain_of_file(&what));
        }
        let mut cells = Cells::new(head.delimiter);
        cells
            .split(&text)
            .map_err(|what| lines.complain_at(line, &what))?;
        if head.preamble > 0 {
            lines.note(&format!(
                "the header is taken to be line {line} ({}); what stands above it is left out",
                shown(&text)
            ));
        }
        let notation = Notation::new(head.delimiter == b';', &wanted.dialect.missing);
        let mut opening = Self {
            cells: split(&sample, &mut cells, &notation),
            head,
            line,
            notation,
            sample,
            has_units: false,
        };
        if opening.begins_with_units(&mut cells, wanted) {
            opening.has_units = true;
            opening.cells.remove(0);
            let (line, units) = opening.sample.remove(0);
            lines.note(&units_note(line, &units));
        }
        let mut rows = opening.sample.iter();
        if opening.notation.has_decimal_commas && rows.any(|(_, text)| has_comma(&mut cells, text))
        {
            lines
                .note("semicolons part the cells, so a comma within a number is its decimal point");
        }
        Ok(opening)
    }

    /// Whether the first row is a line of units: above numbers, in the wanted columns or wherever else all others are numbers.
    fn begins_with_units(&self, cells: &mut Cells, wanted: &Wanted) -> bool {
        let ([(_, first), _, ..], [_, rows @ ..]) = (&self.sample[..], &self.cells[..]) else {
            return false;
        };
        if cells.split(first).is_err() {
            return false;
        }
        let holds_numbers = |column: usize| {
            let filled = rows.iter().filter_map(|row| row.get(column));
            let mut filled = filled.filter(|cell| !cells::is_missing(cell)).peekable();
            filled.peek().is_some() && filled.all(|cell| cells::number(cell).is_ok())
        };
        let is_input = |column: &usize| match &wanted.columns {
            Some(columns) => columns.contains(&self.head.names[*column]),
            None => holds_numbers(*column),
        };
        let inputs = (0..self.head.names.len()).filter(is_input);
        head::is_units(cells, &self.notation, inputs)
    }

    /// The complaint about a first line of values, with the first line that does not fit them.
    ///
    /// # Errors
    /// Reading fails.
    pub fn complain_of_header(&self, lines: &mut Lines<impl BufRead>) -> Result<Failure> {
        let (mut cells, width) = (Cells::new(self.head.delimiter), self.head.names.len());
        let mut misfit = |line: &str| {
            (cells.split(line).is_err() || !self.head.fits(&cells)).then(|| cells.len())
        };
        let mut batch = self.sample.clone();
        for _ in 0..LOOKED_THROUGH {
            let found = batch
                .iter()
                .find_map(|(line, text)| Some((line, misfit(text)?)));
            if let Some((line, len)) = found {
                let what = format!(
                    "{NO_HEADER}; and line {line} is the first that does not fit, with {len} cells where the first has {width}"
                );
                return Ok(lines.complain_at(self.line, &what));
            }
            batch = lines.next_records(1)?;
            if batch.is_empty() {
                break;
            }
        }
        Ok(lines.complain_at(self.line, NO_HEADER))
    }
}

/// The first lines: so many that a header can be told from what stands above and below it, or no more than must be.
fn first_lines(
    lines: &mut Lines<impl BufRead>,
    looks_ahead: bool,
    wanted: Option<&[String]>,
) -> Result<Vec<(usize, String)>> {
    let mut first: Vec<(usize, String)> = Vec::new();
    // The first row must be there before anything can be answered.
    let rows = if looks_ahead { SAMPLE } else { 1 };
    let mut header = None;
    while header.is_none_or(|header| first.len() <= header + rows) {
        let batch = lines.next_records(1)?;
        let Some((_, text)) = batch.first() else {
            break;
        };
        if header.is_none() {
            let is_header = match wanted {
                // What stands above a header need not be a remark; where there are numbers already, it will not come any more.
                Some(wanted) => {
                    head::names_all(text, wanted)
                        || head::holds_number(text)
                        || first.len() > head::TALLEST
                }
                None => !head::is_remark(text) && head::said_delimiter(text).is_none(),
            };
            header = is_header.then_some(first.len());
        }
        first.extend(batch);
    }
    Ok(first)
}

/// The cells of some lines, numbers and gaps in the usual notation.
fn split(lines: &[(usize, String)], cells: &mut Cells, notation: &Notation) -> Vec<Vec<String>> {
    let usual = |cell: &str| match notation.number(cell) {
        Ok(value) if value.is_nan() && !numbers::may_be_text(cell) => String::new(),
        Ok(value) if value.is_nan() => cell.to_owned(),
        Ok(value) if cells::number(cell).is_err() => value.to_string(),
        _ => cell.to_owned(),
    };
    let mut split = Vec::new();
    for (_, line) in lines {
        // A line that cannot be split is complained about when its turn comes.
        if cells.split(line).is_ok() {
            split.push(cells.iter().map(usual).collect());
        }
    }
    split
}

pub fn units_note(line: usize, text: &str) -> String {
    let shown = shown(text);
    format!("line {line} holds no number and is taken for units or types, and left out: {shown}")
}

/// The beginning of a line.
fn shown(text: &str) -> String {
    const SHOWN: usize = 60;
    text.chars().take(SHOWN).collect()
}

/// Whether a cell holds a number with a decimal comma.
fn has_comma(cells: &mut Cells, text: &str) -> bool {
    let is_such =
        |cell: &str| cell.contains(',') && cells::number(&cell.replacen(',', ".", 1)).is_ok();
    cells.split(text).is_ok() && cells.iter().any(is_such)
}
