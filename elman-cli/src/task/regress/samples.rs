//! Sequences and their targets, as files have them.

use std::path::Path;

use elman_core::Read;

use crate::base::failure::{Failure, Result};
use crate::data::table::{Block, Labels, Part, Wanted, cut_padding};
use crate::data::{Dialect, Format, cells, load_table};
use crate::task::parts;

/// What the target is called where a file gives one with every sequence.
const NAMELESS: &str = "target";

/// A file with targets, and what is read of it.
#[derive(Clone, Copy)]
pub struct TargetFile<'a> {
    pub path: &'a Path,
    pub format: Option<Format>,
    /// `None`: every column that has no other purpose.
    pub inputs: Option<&'a [String]>,
    /// Empty: what stands where the class of a sequence would.
    pub targets: &'a [String],
    pub split_column: Option<&'a str>,
    pub dialect: &'a Dialect,
}

/// All of a file: every row holds its inputs, and its targets behind them.
pub struct Samples {
    pub blocks: Vec<Block>,
    pub inputs: Vec<String>,
    pub targets: Vec<String>,
    pub group_column: Option<String>,
}

impl TargetFile<'_> {
    /// Reads it.
    ///
    /// # Errors
    /// Missing, empty or malformed files; targets that are no numbers.
    pub fn load(&self) -> Result<Samples> {
        let is_labelled = self.targets.is_empty();
        let wanted = Wanted {
            format: self.format,
            columns: self.inputs.map(<[String]>::to_vec),
            targets: self.targets.to_vec(),
            needs_labels: is_labelled,
            has_numeric_labels: is_labelled,
            split_column: self.split_column.map(str::to_owned),
            dialect: self.dialect.clone(),
            ..Wanted::default()
        };
        let table = load_table(self.path, &wanted)?;
        let mut inputs = table.columns;
        let (mut blocks, mut targets) = (table.sequences, self.targets.to_vec());
        if is_labelled {
            for block in &mut blocks {
                label_as_column(block, inputs.len())
                    .map_err(|what| Failure::input(format!("{}:{what}", self.path.display())))?;
            }
            targets.push(NAMELESS.to_owned());
        } else {
            inputs.truncate(inputs.len() - targets.len());
        }
        if inputs.is_empty() {
            let sentence = "no column is left to learn from; --inputs names some";
            return Err(Failure::input(sentence).in_file(self.path));
        }
        Ok(Samples {
            blocks,
            inputs,
            targets,
            group_column: table.group_column,
        })
    }
}

/// Puts the labels of the rows behind their `width` inputs.
fn label_as_column(block: &mut Block, width: usize) -> Result<(), String> {
    let labels = std::mem::take(&mut block.labels);
    let number = |row: usize| match labels.of_row(row) {
        None => Ok(f64::NAN),
        Some(label) => cells::number(label).map_err(|_| {
            format!(
                "{}: the target {label:?} is not a number; elman train classify learns classes",
                block.line + row
            )
        }),
    };
    let same = match &labels {
        Labels::Each(_) => None,
        Labels::None | Labels::Same(_) => Some(number(0)?),
    };
    let mut values = Vec::with_capacity(block.rows * (width + 1));
    for (row, inputs) in block.values.chunks_exact(width).enumerate() {
        values.extend_from_slice(inputs);
        values.push(same.map_or_else(|| number(row), Ok)?);
    }
    block.values = values;
    Ok(())
}

impl Samples {
    /// Values of a row.
    pub fn width(&self) -> usize {
        self.inputs.len() + self.targets.len()
    }

    /// How the targets lie: one for a sequence, or one for every step.
    pub fn read(&self) -> Read {
        let is_one = |block: &Block| {
            (self.inputs.len()..self.width()).all(|column| {
                let rows = || block.values.iter().skip(column).step_by(self.width());
                let last = rows().next_back().copied().unwrap_or(f64::NAN);
                let (rest, end) = (block.rows.saturating_sub(1), last.is_nan());
                rows().take(rest).all(|value| value.is_nan())
                    || !end && rows().all(|&value| value == last)
            })
        };
        if self.blocks.len() > 1 && self.blocks.iter().all(is_one) {
            Read::LastStep
        } else {
            Read::EveryStep
        }
    }

    /// Only what is in a part; everything where nobody asks for one. Of sequences that are read at the last step, whole ones.
    ///
    /// # Errors
    /// Nothing is, or the part changes within a sequence that has one answer.
    pub fn keep(&mut self, part: Option<Part>, read: Read, path: &Path) -> Result<()> {
        self.check_parts(read, path)?;
        let blocks = std::mem::take(&mut self.blocks);
        self.blocks = parts::only(blocks, self.width(), part, path)?;
        Ok(())
    }

    /// Whether every sequence with one answer is in one part.
    ///
    /// # Errors
    /// One is not.
    pub fn check_parts(&self, read: Read, path: &Path) -> Result<()> {
        if read == Read::EveryStep {
            return Ok(());
        }
        let in_line = |block: &Block, what| {
            Failure::input(format!("{}:{}: {what}", path.display(), block.line))
        };
        self.blocks
            .iter()
            .try_for_each(|block| block.part().map(drop).map_err(|what| in_line(block, what)))
    }
}

/// One sequence, and what should come out of it.
pub struct Sample {
    /// (T, inputs)
    pub inputs: Vec<f64>,
    /// (T, targets), or one row where the last step is read; NaN where there is none.
    pub targets: Vec<f64>,
    /// Where it begins in its file.
    pub line: usize,
    /// What the file calls it.
    pub name: String,
}

impl Sample {
    /// Of a block whose rows hold `inputs` values, and `targets` behind them or none.
    pub fn new(block: Block, (inputs, targets): (usize, usize), read: Read) -> Self {
        let width = block.values.len() / block.rows.max(1);
        let rows = || block.values.chunks_exact(width.max(1));
        let mut known: Vec<f64> = match width > inputs {
            true => rows().flat_map(|row| &row[inputs..]).copied().collect(),
            false => vec![f64::NAN; block.rows * targets],
        };
        let mut kept = Block {
            values: rows().flat_map(|row| &row[..inputs]).copied().collect(),
            rows: block.rows,
            ..Block::default()
        };
        if read == Read::LastStep {
            // Archives fill short sequences up with rows of nothing.
            cut_padding(&mut kept, inputs);
            let last = |target| {
                let mut column = known.iter().skip(target).step_by(targets).rev();
                column.find(|value| !value.is_nan()).copied()
            };
            known = (0..targets)
                .map(|target| last(target).unwrap_or(f64::NAN))
                .collect();
        }
        Self {
            inputs: kept.values,
            targets: known,
            line: block.line,
            name: block.name,
        }
    }
}
