//! CSV and TSV files: a header, then a row per line, or per record where cells in quotes hold line ends. With a column
//! `seq` rows of one number are one sequence; without, the file is one series.

use std::cmp::Ordering;
use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::io::BufRead;

use rayon::prelude::*;

use super::Lines;
use super::cells::Cells;
use super::head::{self, Head};
use super::header::{Header, NO_HEADER};
use super::numbers::Notation;
use super::opening::{Opening, SAMPLE, units_note};
use super::table::{Block, Blocks, Part, Wanted};
use crate::base::failure::Result;

/// So many sequences are looked out for again: a file whose rows are not sorted shows it long before.
const REMEMBERED: usize = 1 << 20;

/// One row of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// One per column; NaN is missing.
    pub values: Vec<f64>,
    /// The cell of `seq`, empty without that column.
    pub sequence: String,
    /// The cell of `t`, if there is one.
    pub step: Option<f64>,
    pub label: Option<String>,
    pub part: Option<Part>,
    pub stamp: Option<String>,
    /// The cell that says who or what the sequence comes from, empty without such a column.
    pub group: String,
    /// Counted from 1.
    pub line: usize,
}

/// A file being read, row by row or sequence by sequence.
pub struct Csv<R> {
    lines: Lines<R>,
    format: RowFormat,
    columns: Vec<String>,
    /// Lines that were read to look at them, with their numbers.
    sample: Vec<(usize, String)>,
    /// Rows that were made of lines together.
    rows: VecDeque<Result<Row>>,
    /// The first row of the next sequence.
    ahead: Option<Row>,
    /// Names of sequences that have begun, as hashes: files may be larger than memory.
    seen: HashSet<u64>,
    hasher: RandomState,
    /// Whether the first row of data may still be a line of units.
    may_be_units: bool,
    blank: Blank,
}

/// Rows of nothing but delimiters.
#[derive(Default)]
enum Blank {
    #[default]
    None,
    /// The first of them, and nothing comes after them so far.
    AtEnd(usize),
    /// Standard error was told.
    Told,
}

/// All that is needed to make a row of a line.
struct RowFormat {
    header: Header,
    head: Head,
    notation: Notation,
    needs_labels: bool,
}

impl<R: BufRead> Csv<R> {
    /// Finds the header and, unless the columns are given and somebody waits for answers, looks at the first lines.
    ///
    /// # Errors
    /// An empty file, or a header that does not fit what is wanted.
    pub fn open(mut lines: Lines<R>, wanted: &Wanted) -> Result<Self> {
        let opening = Opening::read(&mut lines, wanted)?;
        let header = match Header::read(opening.head.names.clone(), wanted, &opening.cells) {
            Ok(header) => header,
            Err(what) if what == NO_HEADER => return Err(opening.complain_of_header(&mut lines)?),
            Err(what) => return Err(lines.complain_at(opening.line, &what)),
        };
        let columns = header.inputs.iter();
        let columns = columns.map(|&column| header.names[column].clone());
        Ok(Self {
            columns: columns.collect(),
            lines,
            format: RowFormat {
                header,
                head: opening.head,
                notation: opening.notation,
                needs_labels: wanted.needs_labels,
            },
            may_be_units: !opening.has_units && opening.sample.len() < 2,
            sample: opening.sample,
            rows: VecDeque::new(),
            ahead: None,
            seen: HashSet::new(),
            hasher: RandomState::new(),
            blank: Blank::None,
        })
    }

    /// What the file calls its dates.
    pub fn stamp_name(&self) -> Option<String> {
        let header = &self.format.header;
        let name = header.names[header.stamp?].clone();
        Some(match header.clock {
            Some(clock) => format!("{name} {}", header.names[clock]),
            None => name,
        })
    }

    /// The next row, or `None` at the end.
    ///
    /// # Errors
    /// A sentence that names file, line and column.
    pub fn next_row(&mut self) -> Result<Option<Row>> {
        if self.rows.is_empty() {
            self.read_rows()?;
        }
        self.rows.pop_front().transpose()
    }

    /// Reads some lines, and lets all threads make rows of them: that takes far longer than reading does.
    fn read_rows(&mut self) -> Result<()> {
        while self.rows.is_empty() {
            let mut batch = std::mem::take(&mut self.sample);
            if batch.is_empty() {
                batch = self.lines.next_records(self.lines.batch())?;
            }
            if batch.is_empty() {
                return Ok(());
            }
            if std::mem::take(&mut self.may_be_units) {
                self.skip_units(&mut batch);
            }
            let format = &self.format;
            let rows: Vec<_> = batch
                .par_iter()
                .with_min_len(SAMPLE)
                .map_init(
                    || Cells::new(format.head.delimiter),
                    |cells, (line, text)| (*line, format.row(cells, *line, text)),
                )
                .collect();
            for (line, row) in rows {
                match row {
                    Ok(Some(row)) => {
                        self.note_blank();
                        self.rows.push_back(Ok(row));
                    }
                    Ok(None) => {
                        if matches!(self.blank, Blank::None) {
                            self.blank = Blank::AtEnd(line);
                        }
                    }
                    Err(what) => self
                        .rows
                        .push_back(Err(self.lines.complain_at(line, &what))),
                }
            }
        }
        Ok(())
    }

    /// Rows of nothing at the end of a file are nothing; within it they may have been meant as steps.
    fn note_blank(&mut self) {
        if let Blank::AtEnd(line) = self.blank {
            self.blank = Blank::Told;
            self.lines.note(&format!(
                "line {line} holds nothing but delimiters and is taken for a blank line, as are others like it"
            ));
        }
    }

    /// Of a pipe the first line of data could not be compared with the next.
    fn skip_units(&mut self, batch: &mut Vec<(usize, String)>) {
        let mut cells = Cells::new(self.format.head.delimiter);
        let Some((line, text)) = batch.first() else {
            return;
        };
        let inputs = self.format.header.inputs.iter().copied();
        if cells.split(text).is_ok() && head::is_units(&cells, &self.format.notation, inputs) {
            self.lines.note(&units_note(*line, text));
            batch.remove(0);
        }
    }

    /// Whether a sequence of this name began before.
    fn has_begun(&mut self, name: &str) -> bool {
        let hash = self.hasher.hash_one(name);
        if self.seen.len() < REMEMBERED {
            return !self.seen.insert(hash);
        }
        self.seen.contains(&hash)
    }

    /// Whether `row` goes on with the sequence after `previous`.
    fn belongs(&self, row: &Row, name: &str, previous: Option<f64>) -> Result<bool> {
        if row.sequence != name {
            return Ok(false);
        }
        match (previous, row.step) {
            (Some(before), Some(step)) if before.partial_cmp(&step) != Some(Ordering::Less) => {
                let mend = match self.format.header.sequence {
                    Some(_) => "sort the rows by seq, then by t",
                    None => "if the file holds several sequences, name each row's in a column seq",
                };
                let what = format!("t does not rise within the sequence; {mend}");
                Err(self.lines.complain_at(row.line, &what))
            }
            _ => Ok(true),
        }
    }
}

impl RowFormat {
    /// The cells of a line as numbers and names; `None` where there is nothing but delimiters.
    fn row(&self, cells: &mut Cells, line: usize, text: &str) -> Result<Option<Row>, String> {
        cells.split(text)?;
        let (header, cells) = (&self.header, &*cells);
        if cells.get(0).is_empty() && cells.len() > 1 && cells.iter().all(str::is_empty) {
            return Ok(None);
        }
        if cells.len() != header.names.len() && !self.head.fits(cells) {
            return Err(format!(
                "{} cells where the header has {}",
                cells.len(),
                header.names.len()
            ));
        }
        let blame = |column: usize, what: String| {
            format!("column {} ({}): {what}", column + 1, header.names[column])
        };
        let number = |column: usize| {
            (self.notation.number(cells.get(column))).map_err(|what| blame(column, what))
        };
        let step = |column: usize| {
            (self.notation.step(cells.get(column))).map_err(|what| blame(column, what))
        };
        let mut values = Vec::with_capacity(header.inputs.len());
        for &column in &header.inputs {
            values.push(number(column)?);
        }
        let text = |column: Option<usize>| column.map(|column| cells.get(column).to_owned());
        let label = text(header.label).filter(|label| !label.is_empty());
        if self.needs_labels && label.is_none() {
            return Err("the label is empty".to_owned());
        }
        let part = |column: usize| {
            let cell = cells.get(column);
            Part::parse(cell)
                .ok_or_else(|| blame(column, format!("\"{cell}\" is none of train, dev, test")))
        };
        let stamp = text(header.stamp).map(|date| match header.clock {
            Some(clock) => format!("{date} {}", cells.get(clock)),
            None => date,
        });
        Ok(Some(Row {
            values,
            sequence: text(header.sequence).unwrap_or_default(),
            step: header.step.map(step).transpose()?,
            label,
            part: header.split.map(part).transpose()?,
            stamp,
            group: text(header.group).unwrap_or_default(),
            line,
        }))
    }
}

impl<R: BufRead> Blocks for Csv<R> {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn left_out(&self) -> &[String] {
        &self.format.header.left_out
    }

    fn stamp_name(&self) -> Option<String> {
        Self::stamp_name(self)
    }

    fn group_column(&self) -> Option<&str> {
        let header = &self.format.header;
        header.group.map(|column| header.names[column].as_str())
    }

    fn next_block(&mut self) -> Result<Option<Block>> {
        let first = match self.ahead.take() {
            Some(row) => row,
            None => match self.next_row()? {
                Some(row) => row,
                None => return Ok(None),
            },
        };
        let mut block = Block {
            name: first.sequence.clone(),
            group: first.group.clone(),
            line: first.line,
            ..Block::default()
        };
        if self.format.header.sequence.is_some() && self.has_begun(&block.name) {
            let what = format!(
                "sequence {} goes on here after others; sort the rows by seq",
                block.name
            );
            return Err(self.lines.complain_at(first.line, &what));
        }
        let mut step = first.step;
        block.push(first);
        while let Some(row) = self.next_row()? {
            if !self.belongs(&row, &block.name, step)? {
                self.ahead = Some(row);
                break;
            }
            step = row.step;
            block.push(row);
        }
        Ok(Some(block))
    }
}

impl Block {
    /// Adds a row of a file.
    fn push(&mut self, row: Row) {
        self.values.extend(row.values);
        if let Some(label) = &row.label {
            self.labels.push(self.rows, label);
        }
        self.parts.extend(row.part);
        self.steps.extend(row.step);
        self.stamps.extend(row.stamp);
        self.rows += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{Labels, Table};
    use super::*;
    use proptest::prelude::*;
    use std::path::Path;

    fn read(text: &str, wanted: &Wanted) -> Result<Table> {
        let mut csv = Csv::open(Lines::new("f", text.as_bytes()), wanted)?;
        Table::collect(&mut csv, Path::new("f"))
    }

    fn complaint(text: &str, wanted: &Wanted) -> String {
        read(text, wanted).unwrap_err().to_string()
    }

    #[test]
    fn rows_of_one_number_are_one_sequence() {
        let text = "seq,t,a,b,label\r\n7,0,1,2,x\r\n7,1,,4,x\r\n\r\n8,0,5,6,x\r\n8,1,7,8,y\r\n";
        let table = read(text, &Wanted::default()).unwrap();
        assert_eq!(
            (table.columns.len(), table.rows(), table.missing()),
            (2, 4, 1)
        );
        let [first, second] = &table.sequences[..] else {
            panic!("{table:?}")
        };
        assert_eq!((first.line, second.line), (2, 5));
        assert_eq!(first.labels, Labels::Same("x".into()));
        assert_eq!(second.labels.of_row(1), Some("y"));
        assert_eq!(second.row(1, 2), [7.0, 8.0]);
        assert!(first.row(1, 2)[0].is_nan());
        assert_eq!(table.mixed().unwrap().name, "8");
    }

    #[test]
    fn a_file_without_seq_is_one_series() {
        let wanted = Wanted {
            split_column: Some("split".into()),
            ..Wanted::default()
        };
        let text = "t\tdate\ty\tsplit\n0\t1949-01\t112\ttrain\n1\t1949-02\t\ttest\n";
        let table = read(text, &wanted).unwrap();
        let [block] = &table.sequences[..] else {
            panic!("{table:?}")
        };
        assert_eq!(table.columns, ["y"]);
        assert_eq!(block.parts, [Part::Train, Part::Test]);
        assert_eq!(block.stamps, ["1949-01", "1949-02"]);
        assert_eq!((block.rows, block.values[0]), (2, 112.0));
        assert_eq!(table.left_out, ["date (metadata)"]);
    }

    #[test]
    fn complaints_name_line_and_column() {
        let none = Wanted::default();
        let split = Wanted {
            split_column: Some("p".into()),
            ..Wanted::default()
        };
        assert_eq!(
            complaint("seq,t,x\n0,0,1\n0,1,one\n", &none),
            "f:3: column 3 (x): \"one\" is not a number"
        );
        assert_eq!(
            complaint("x,y\n1,2\n1\n", &none),
            "f:3: 1 cells where the header has 2"
        );
        assert_eq!(complaint("", &none), "f: the file is empty");
        assert_eq!(complaint("x\n", &none), "f: the file has no rows of data");
        assert_eq!(
            complaint("x,p\n1,train\n2,rest\n", &split),
            "f:3: column 2 (p): \"rest\" is none of train, dev, test"
        );
        assert!(complaint("x,y\n1,2\n", &split).starts_with("f:1: there is no column p"));
    }

    #[test]
    fn order_is_checked() {
        let none = Wanted::default();
        assert!(complaint("seq,x\n0,1\n1,1\n0,1\n", &none).starts_with("f:4: sequence 0 goes on"));
        assert!(complaint("seq,t,x\n0,0,1\n0,0,1\n", &none).ends_with("by seq, then by t"));
        assert!(complaint("t,x\n0,1\n0,1\n", &none).ends_with("in a column seq"));
    }

    #[test]
    fn labels_are_optional_unless_needed() {
        let needed = Wanted {
            needs_labels: true,
            ..Wanted::default()
        };
        assert!(complaint("x\n1\n", &needed).starts_with("f:1: no column is called label"));
        assert_eq!(
            complaint("x,label\n1,\n", &needed),
            "f:2: the label is empty"
        );
        let table = read("x,label\n1,\n", &Wanted::default()).unwrap();
        assert_eq!(table.sequences[0].labels, Labels::None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            data in prop::collection::vec(
                (prop::collection::vec((prop::option::of(-1e9f64..1e9), -1.0f64..1.0), 1..6), "[a-z ,\"é]{1,4}[a-z]"),
                1..6,
            ),
            delimiter in prop::sample::select(vec![",", ";", "\t"]),
            end in prop::sample::select(vec!["\n", "\r\n"]),
        ) {
            let mut text = ["seq", "t", "a", "b", "label"].join(delimiter) + end;
            for (sequence, (rows, label)) in data.iter().enumerate() {
                for (step, (a, b)) in rows.iter().enumerate() {
                    let a = a.map_or(String::new(), |a| a.to_string());
                    let label = format!("\"{}\"", label.replace('"', "\"\""));
                    let cells = [sequence.to_string(), step.to_string(), a, b.to_string(), label];
                    text += &(cells.join(delimiter) + end);
                }
            }
            let table = read(&text, &Wanted::default()).unwrap();
            prop_assert_eq!(table.sequences.len(), data.len());
            for (block, (rows, label)) in table.sequences.iter().zip(&data) {
                let values = rows.iter().flat_map(|&(a, b)| [a, Some(b)]);
                let found = block.values.iter().map(|&value| Some(value).filter(|value| !value.is_nan()));
                prop_assert_eq!(found.collect::<Vec<_>>(), values.collect::<Vec<_>>());
                prop_assert_eq!(block.labels.of_row(0), Some(label.trim()));
            }
        }

        #[test]
        fn damage_is_an_error_or_a_value(place in 0usize..90, byte: u8, cut in 0usize..90) {
            let mut text = b"seq,t,date,x,y,label,split\n0,0,1900,1.5,,a,train\n0,1,1901,2,3,b,test\n".to_vec();
            let wanted = Wanted { split_column: Some("split".into()), ..Wanted::default() };
            let read = |text: &[u8]| {
                Csv::open(Lines::new("f", text), &wanted)
                    .and_then(|mut csv| Table::collect(&mut csv, Path::new("f")))
            };
            let _ = read(&text[..cut.min(text.len())]);
            let place = place % text.len();
            text[place] = byte;
            let _ = read(&text);
        }
    }
}
