//! Sequences of numeric rows: what CSV, `.ts` and NumPy files end up as.

use std::path::Path;

use super::{Dialect, Format};
use crate::base::failure::{Failure, Result};
use crate::base::tell::tell;

/// What a file says about its rows besides their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Labels {
    /// Nothing.
    #[default]
    None,
    /// All rows carry this label: a class of the sequence.
    Same(String),
    /// One label per row, and they differ.
    Each(Vec<String>),
}

impl Labels {
    /// Adds the label of the next row, where `rows` came before it.
    pub fn push(&mut self, rows: usize, label: &str) {
        match self {
            Self::None => *self = Self::Same(label.to_owned()),
            Self::Same(same) if same == label => {}
            Self::Same(same) => {
                let mut each = vec![std::mem::take(same); rows];
                each.push(label.to_owned());
                *self = Self::Each(each);
            }
            Self::Each(each) => each.push(label.to_owned()),
        }
    }

    /// The label of one row, if the file has labels.
    pub fn of_row(&self, row: usize) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Same(label) => Some(label),
            Self::Each(labels) => labels.get(row).map(String::as_str),
        }
    }
}

/// What a row of a file with a split column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Part {
    Train,
    Dev,
    Test,
}

impl Part {
    /// From the cell of a split column.
    pub fn parse(cell: &str) -> Option<Self> {
        match cell.to_ascii_lowercase().as_str() {
            "train" | "training" => Some(Self::Train),
            "dev" | "valid" | "val" | "validation" | "development" => Some(Self::Dev),
            "test" => Some(Self::Test),
            _ => None,
        }
    }

    /// As DESIGN and the command line call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Dev => "dev",
            Self::Test => "test",
        }
    }
}

/// One sequence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// (rows, columns), a missing value is NaN; nothing else in here is not finite.
    pub values: Vec<f64>,
    /// How many rows there are.
    pub rows: usize,
    pub labels: Labels,
    /// One per row, or none where the file has no split column.
    pub parts: Vec<Part>,
    /// One per row: what the file counts it as; or none where the file does not count.
    pub steps: Vec<f64>,
    /// One per row: the date as it stands in the file; or none where the file has no column of dates.
    pub stamps: Vec<String>,
    /// What the file calls the sequence; empty where it has no names.
    pub name: String,
    /// Who or what the sequence comes from; empty where the file does not say.
    pub group: String,
    /// Line of the first row, counted from 1; where a file has no lines, the number of the sequence.
    pub line: usize,
}

impl Block {
    /// The part that all rows are in; none where the file has no split column.
    ///
    /// # Errors
    /// The part changes within the sequence.
    pub fn part(&self) -> Result<Option<Part>, String> {
        let first = self.parts.first().copied();
        if self.parts.iter().all(|&part| Some(part) == first) {
            return Ok(first);
        }
        Err(format!(
            "the split column changes within sequence {}; a sequence is in one part",
            self.name
        ))
    }

    /// One row of `columns` values.
    #[cfg(test)]
    pub fn row(&self, row: usize, columns: usize) -> &[f64] {
        &self.values[row * columns..(row + 1) * columns]
    }
}

/// What the caller needs of a file.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// `None`: found by content.
    pub format: Option<Format>,
    /// The columns to read, in this order; `None`: every numeric column that is no metadata.
    pub columns: Option<Vec<String>>,
    /// Columns that come behind those, whatever else they could be: what a net learns to put out.
    pub targets: Vec<String>,
    /// Whether labels are numbers that are learnt, and not classes.
    pub has_numeric_labels: bool,
    /// Whether a file without labels, or a row without its label, is an error.
    pub needs_labels: bool,
    /// The column that says train, dev or test.
    pub split_column: Option<String>,
    pub dialect: Dialect,
    /// Whether all of the file is read before anything is answered.
    pub is_whole: bool,
}

/// The places of the wanted columns among those that a file without a header has.
///
/// # Errors
/// A column that is not there.
pub fn choose(names: &[String], wanted: &Wanted) -> Result<Vec<usize>, String> {
    if let Some(column) = &wanted.split_column {
        return Err(format!(
            "there is no column {column}; only CSV files have a column that names the parts"
        ));
    }
    let find = |column: &String| {
        names.iter().position(|name| name == column).ok_or_else(|| {
            let names = names.join(", ");
            format!("there is no column {column}; the columns of this format are called {names}")
        })
    };
    let mut targets: Vec<usize> = wanted.targets.iter().map(find).collect::<Result<_, _>>()?;
    let mut chosen: Vec<usize> = match &wanted.columns {
        Some(columns) => columns.iter().map(find).collect::<Result<_, _>>()?,
        None => (0..names.len())
            .filter(|column| !targets.contains(column))
            .collect(),
    };
    chosen.append(&mut targets);
    Ok(chosen)
}

/// Cuts off the rows of nothing but NaN at the end of a sequence of `columns` values a row: archives fill short sequences
/// up with them. A sequence that holds nothing else stays as it is.
pub fn cut_padding(block: &mut Block, columns: usize) {
    let mut rows = block.values.chunks_exact(columns);
    let last = rows.rposition(|row| row.iter().any(|value| !value.is_nan()));
    if let Some(last) = last {
        block.rows = last + 1;
        block.values.truncate(block.rows * columns);
    }
}

/// A file of numeric sequences being read, one sequence after the other, so that the file may be larger than memory
/// and a pipe can be answered while it is written. One implementation per format.
pub trait Blocks {
    /// Names of the values of a row.
    fn columns(&self) -> &[String];

    /// Columns of the file that are neither values nor label nor order, each with the reason.
    fn left_out(&self) -> &[String];

    /// What the file calls the column of its dates.
    fn stamp_name(&self) -> Option<String> {
        None
    }

    /// The column that says who or what a sequence comes from.
    fn group_column(&self) -> Option<&str> {
        None
    }

    /// Whether nothing but their order says which number of an array is a step and which a value.
    fn is_array(&self) -> bool {
        false
    }

    /// The next sequence, or `None` at the end. Every sequence has a row.
    ///
    /// # Errors
    /// A sentence that names file, line and column.
    fn next_block(&mut self) -> Result<Option<Block>>;

    /// So many of the next sequences, or what is left of them.
    ///
    /// # Errors
    /// As [`Blocks::next_block`].
    fn next_blocks(&mut self, count: usize) -> Result<Vec<Block>> {
        let mut blocks = Vec::new();
        while blocks.len() < count {
            match self.next_block()? {
                Some(block) => blocks.push(block),
                None => break,
            }
        }
        Ok(blocks)
    }
}

/// A whole file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Names of the values of a row.
    pub columns: Vec<String>,
    pub sequences: Vec<Block>,
    /// See [`Blocks::left_out`].
    pub left_out: Vec<String>,
    /// See [`Blocks::stamp_name`].
    pub stamp_name: Option<String>,
    /// See [`Blocks::group_column`].
    pub group_column: Option<String>,
    /// See [`Blocks::is_array`].
    pub is_array: bool,
}

impl Table {
    /// Reads everything; `path` is what messages blame.
    ///
    /// # Errors
    /// What the reader says, or there is not a single row.
    pub fn collect(blocks: &mut dyn Blocks, path: &Path) -> Result<Self> {
        let mut sequences = Vec::new();
        while let Some(block) = blocks.next_block()? {
            sequences.push(block);
        }
        if sequences.is_empty() {
            return Err(Failure::input("the file has no rows of data").in_file(path));
        }
        Ok(Self {
            columns: blocks.columns().to_vec(),
            left_out: blocks.left_out().to_vec(),
            stamp_name: blocks.stamp_name(),
            group_column: blocks.group_column().map(str::to_owned),
            is_array: blocks.is_array(),
            sequences,
        })
    }

    /// Leaves out columns that do nothing but count the rows of the file: where sequences are sorted by class, the place in
    /// the file gives the class away. The last column stays, and so do the `targets` at the end of a row.
    pub fn leave_out_counters(&mut self, targets: usize) {
        let width = self.columns.len();
        let inputs = width - targets;
        let counts = |column| column < inputs && self.counts_rows(column);
        let counting: Vec<bool> = (0..width).map(counts).collect();
        if !counting.contains(&true) || !counting[..inputs].contains(&false) {
            return;
        }
        for block in &mut self.sequences {
            let values = block.values.iter().enumerate();
            let kept = values.filter(|(i, _)| !counting[i % width]);
            block.values = kept.map(|(_, &value)| value).collect();
        }
        let names = std::mem::take(&mut self.columns).into_iter().zip(counting);
        for (name, counts) in names {
            if counts {
                self.left_out.push(format!("{name} (it counts the rows)"));
            } else {
                self.columns.push(name);
            }
        }
    }

    /// Whether a column rises or falls by the same amount from every row to the next, through the whole file.
    fn counts_rows(&self, column: usize) -> bool {
        /// Fewer rows may be even by chance.
        const FEWEST: usize = 20;
        let width = self.columns.len();
        let values = || {
            let rows = self
                .sequences
                .iter()
                .flat_map(|block| block.values.chunks_exact(width));
            rows.map(|row| row[column])
        };
        let mut first = values();
        let (Some(start), Some(second)) = (first.next(), first.next()) else {
            return false;
        };
        let pace = second - start;
        let mut rows = 0;
        let is_even = values().enumerate().all(|(row, value)| {
            rows = row + 1;
            (value - (start + pace * row as f64)).abs() <= 1e-6 * pace.abs()
        });
        pace != 0.0 && rows >= FEWEST && is_even
    }

    /// Rows of all sequences.
    #[cfg(test)]
    pub fn rows(&self) -> usize {
        self.sequences.iter().map(|block| block.rows).sum()
    }

    /// Values that are missing.
    #[cfg(test)]
    pub fn missing(&self) -> usize {
        let values = self.sequences.iter().flat_map(|block| &block.values);
        values.filter(|value| value.is_nan()).count()
    }

    /// The first sequence whose label changes on the way; `None` where every sequence has one class.
    #[cfg(test)]
    pub fn mixed(&self) -> Option<&Block> {
        self.sequences
            .iter()
            .find(|block| matches!(block.labels, Labels::Each(_)))
    }

    /// Warns where sequences are so short that steps and values may have been taken for each other.
    pub fn note_steps(&self, path: &Path) {
        if let Some(what) = self.doubt_steps() {
            tell!("elman: {}: warning: {what}", path.display());
        }
    }

    fn doubt_steps(&self) -> Option<String> {
        let is_array = self.is_array;
        let values = self.columns.len();
        let longest = self.sequences.iter().map(|block| block.rows).max()?;
        let order = if is_array {
            "; arrays come as (sequences, steps, values): if these are (sequences, values, steps), numpy.swapaxes(x, 1, 2) turns them round"
        } else {
            ""
        };
        match longest {
            1 if self.sequences.len() > 1 => Some(format!(
                "every sequence has one step of {values} values, and a net sees nothing of time{order}"
            )),
            steps if is_array && steps < values => Some(format!(
                "sequences of at most {steps} steps of {values} values{order}"
            )),
            _ => None,
        }
    }

    /// Says on standard error which columns are not looked at.
    pub fn note_left_out(&self, path: &Path) {
        if !self.left_out.is_empty() {
            tell!(
                "elman: {}: note: left out {}",
                path.display(),
                self.left_out.join(", ")
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stay_one_until_they_differ() {
        let mut labels = Labels::None;
        labels.push(0, "a");
        labels.push(1, "a");
        assert_eq!(labels, Labels::Same("a".into()));
        assert_eq!(labels.of_row(1), Some("a"));
        labels.push(2, "b");
        labels.push(3, "a");
        assert_eq!(
            labels,
            Labels::Each(["a", "a", "b", "a"].map(String::from).into())
        );
        assert_eq!((labels.of_row(2), labels.of_row(4)), (Some("b"), None));
    }

    #[test]
    fn columns_that_count_rows_through_the_file_are_left_out() {
        let block = |first: usize| Block {
            values: (first..first + 10)
                .flat_map(|row| [row as f64, (row % 10) as f64, 100.0 - row as f64 / 4.0])
                .collect(),
            rows: 10,
            ..Block::default()
        };
        let mut table = Table {
            columns: ["nr", "x", "left"].map(String::from).into(),
            sequences: vec![block(0), block(10)],
            ..Table::default()
        };
        let mut short = table.clone();
        table.leave_out_counters(0);
        assert_eq!(table.columns, ["x"]);
        assert_eq!(
            table.left_out,
            ["nr (it counts the rows)", "left (it counts the rows)"]
        );
        assert_eq!(
            table.sequences[1].values,
            (0..10).map(f64::from).collect::<Vec<_>>()
        );
        short.sequences.pop();
        short.leave_out_counters(0);
        assert_eq!(short.columns.len(), 3, "ten rows may be even by chance");
        let mut alone = Table {
            columns: vec!["x".into()],
            sequences: vec![Block {
                values: (0..30).map(f64::from).collect(),
                rows: 30,
                ..Block::default()
            }],
            ..Table::default()
        };
        alone.leave_out_counters(0);
        assert_eq!(alone.columns, ["x"]);
        let mut goal = Table {
            columns: ["x", "y", "goal"].map(String::from).into(),
            sequences: vec![Block {
                values: (0..30)
                    .flat_map(|row| [f64::from(row), f64::from(row * row), f64::from(row + 1)])
                    .collect(),
                rows: 30,
                ..Block::default()
            }],
            ..Table::default()
        };
        goal.leave_out_counters(1);
        assert_eq!(goal.columns, ["y", "goal"]);
    }

    #[test]
    fn rows_of_nothing_at_the_end_are_cut() {
        let nan = f64::NAN;
        let cut = |values: &[f64]| {
            let mut block = Block {
                values: values.to_vec(),
                rows: values.len() / 2,
                ..Block::default()
            };
            cut_padding(&mut block, 2);
            (block.rows, block.values.len())
        };
        assert_eq!(cut(&[nan, nan, 1.0, nan, nan, nan]), (2, 4));
        assert_eq!(cut(&[1.0, 2.0]), (1, 2));
        assert_eq!(
            cut(&[nan, nan]),
            (1, 2),
            "nothing at all is left for others to judge"
        );
    }

    #[test]
    fn steps_and_values_that_may_be_exchanged_are_doubted() {
        let doubt = |columns: usize, rows: &[usize], is_array| {
            let sequences = rows.iter().map(|&rows| Block {
                rows,
                ..Block::default()
            });
            let table = Table {
                columns: vec![String::new(); columns],
                sequences: sequences.collect(),
                is_array,
                ..Table::default()
            };
            table.doubt_steps().unwrap_or_default()
        };
        assert!(
            doubt(50, &[1, 1], true).contains("one step of 50 values")
                && doubt(50, &[1, 1], true).contains("swapaxes")
        );
        assert!(
            doubt(2, &[1, 1], false).contains("nothing of time")
                && !doubt(2, &[1, 1], false).contains("swapaxes")
        );
        assert!(doubt(9, &[3, 2], true).contains("at most 3 steps of 9 values"));
        assert_eq!(
            doubt(9, &[3, 2], false) + &doubt(3, &[3, 1], true) + &doubt(1, &[1], true),
            ""
        );
    }

    #[test]
    fn parts_have_many_names() {
        let parse = |names: &[&str]| {
            names
                .iter()
                .map(|name| Part::parse(name))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            parse(&["Train", "val", "test", "rest", ""]),
            [
                Some(Part::Train),
                Some(Part::Dev),
                Some(Part::Test),
                None,
                None
            ]
        );
    }
}
