//! Series from the rows of a table.

use std::path::Path;
use std::sync::OnceLock;

use super::calendar::{self, Calendar};
use super::history::History;
use crate::base::failure::{Failure, Result};
use crate::base::tell::tell;
use crate::data::survey;
use crate::data::table::{Block, Part, Table, Wanted};
use crate::data::{Dialect, Format, load_table};
use crate::task::curve::Curve;
use crate::train::repeats::Fold;

/// A series: the target and other columns, step by step.
#[derive(Clone, Debug)]
pub struct Series {
    /// (steps, 1 + inputs): the target, then the other columns; NaN is missing.
    values: Vec<f64>,
    width: usize,
    parts: Vec<Part>,
    /// Steps at the end without a target, which are yet to come.
    future: usize,
    /// What the file calls it, and its steps.
    pub name: String,
    steps: Vec<f64>,
    pub stamps: Vec<String>,
    /// What the file calls them.
    pub stamp_name: Option<String>,
    /// Of the stamps, once it is asked for.
    calendar: OnceLock<Option<Calendar>>,
    /// Line of the first step.
    pub line: usize,
}

/// What is read of a file.
#[derive(Clone, Debug)]
pub struct SeriesFile<'a> {
    pub path: &'a Path,
    /// `None`: found by content.
    pub format: Option<Format>,
    /// The target, then the other columns.
    pub columns: &'a [String],
    pub split_column: Option<&'a str>,
    pub dialect: &'a Dialect,
}

/// The share of a series that is learnt from where the file does not say; the rest is for validation.
const TRAINED: f64 = 0.85;

impl Series {
    fn new(block: Block, width: usize, stamp_name: Option<String>) -> Self {
        let is_known = |row: &&[f64]| !row[0].is_nan();
        let known = block
            .values
            .chunks_exact(width)
            .rposition(|row| is_known(&row));
        let future = block.rows - known.map_or(0, |last| last + 1);
        let mut parts = block.parts;
        if parts.is_empty() {
            let learnt = (TRAINED * (block.rows - future) as f64).round() as usize;
            parts.resize(learnt, Part::Train);
            parts.resize(block.rows, Part::Dev);
        }
        Self {
            values: block.values,
            width,
            parts,
            future,
            name: block.name,
            steps: block.steps,
            stamps: block.stamps,
            stamp_name,
            calendar: OnceLock::new(),
            line: block.line,
        }
    }

    /// A target alone, of which a share is for training.
    #[cfg(test)]
    pub fn of(values: impl Iterator<Item = f64>, share: f64) -> Self {
        let values: Vec<f64> = values.collect();
        let learnt = (share * values.len() as f64).round() as usize;
        let mut parts = vec![Part::Train; learnt];
        parts.resize(values.len(), Part::Dev);
        let block = Block {
            rows: values.len(),
            values,
            parts,
            line: 2,
            ..Block::default()
        };
        Self::new(block, 1, None)
    }

    /// How many steps there are.
    pub const fn len(&self) -> usize {
        self.parts.len()
    }

    /// How many steps come before those that are yet to come: rows at the end that hold no target.
    pub const fn known_len(&self) -> usize {
        self.len() - self.future
    }

    /// What the file counts a step as, or will count it as once it is there; from 0 where the file does not count.
    pub fn count(&self, step: usize) -> f64 {
        let count = match (self.steps.get(step), &self.steps[..]) {
            (Some(&count), _) => count,
            (None, [.., before, last]) => {
                last + (last - before) * (step - (self.steps.len() - 1)) as f64
            }
            (None, &[only]) => only + step as f64,
            (None, []) => f64::NAN,
        };
        if count.is_finite() {
            count
        } else {
            step as f64
        }
    }

    /// The date of a step, or of one that is yet to come; empty where dates do not go on evenly.
    pub fn stamp(&self, step: usize) -> Option<String> {
        if let Some(stamp) = self.stamps.get(step) {
            return Some(stamp.clone());
        }
        let last = self.stamps.last()?;
        let steps = step + 1 - self.stamps.len();
        let next = self
            .calendar
            .get_or_init(|| Calendar::of(&self.stamps))
            .as_ref()
            .and_then(|calendar| calendar.after(last, steps));
        Some(next.unwrap_or_default())
    }

    /// The target at a step; NaN is missing.
    pub fn target(&self, step: usize) -> f64 {
        self.values[step * self.width]
    }

    /// Target and other columns at a step.
    pub fn row(&self, step: usize) -> &[f64] {
        &self.values[step * self.width..(step + 1) * self.width]
    }

    /// What a step is for.
    pub fn part(&self, step: usize) -> Part {
        self.parts[step]
    }

    /// The targets of a part, gaps and all.
    pub fn values_of(&self, part: Part) -> impl Iterator<Item = f64> + Clone {
        let steps = (0..self.len()).filter(move |&step| self.parts[step] == part);
        steps.map(|step| self.target(step))
    }

    /// Steps up to the last of the training part.
    pub fn train_len(&self) -> usize {
        let last = self.parts.iter().rposition(|&part| part == Part::Train);
        last.map_or(0, |last| last + 1)
    }

    /// All of it as if it were known.
    pub fn history(&self, curve: Curve, fallback: &[f64]) -> History {
        let mut history = History::new(curve, fallback);
        (0..self.len()).for_each(|step| history.push(self.row(step)));
        history
    }

    /// Rolling origin: of so many folds and one more, equal stretches of what is known and not for testing, the first ones are
    /// learnt from and the next one is validated on.
    pub fn roll(&mut self, fold: Fold) {
        let tested = self.parts.iter().position(|&part| part == Part::Test);
        let known = self.known_len().min(tested.unwrap_or(usize::MAX));
        let end = |stretches: usize| stretches * known / (fold.of + 1);
        let (learnt, validated) = (end(fold.number), end(fold.number + 1));
        self.parts.fill(Part::Test);
        self.parts[..learnt].fill(Part::Train);
        self.parts[learnt..validated].fill(Part::Dev);
    }

    /// Every step is for one part.
    pub fn devote(&mut self, part: Part) {
        self.parts.fill(part);
    }
}

/// Reads the series of a file: one, or several in a file with a column `seq`. Rows whose dates fall are put in order, with a
/// word about it, and whatever is odd about the dates is said.
///
/// # Errors
/// A file that is missing or does not fit, or without a single value of the target.
pub fn load(file: &SeriesFile<'_>) -> Result<Vec<Series>> {
    let (path, width) = (file.path, file.columns.len());
    let wanted = Wanted {
        format: file.format,
        columns: Some(file.columns.to_vec()),
        split_column: file.split_column.map(str::to_owned),
        dialect: file.dialect.clone(),
        ..Wanted::default()
    };
    let Table {
        mut sequences,
        columns,
        stamp_name,
        ..
    } = load_table(path, &wanted)?;
    for what in calendar::put_in_order(&mut sequences, width, stamp_name.as_deref()) {
        tell!("elman: {}: note: {what}", path.display());
    }
    let series: Vec<Series> = sequences
        .into_iter()
        .map(|block| Series::new(block, width, stamp_name.clone()))
        .collect();
    let mut targets = series
        .iter()
        .flat_map(|one| (0..one.len()).map(|step| one.target(step)));
    if targets.all(f64::is_nan) {
        let target = columns.first().map_or("", String::as_str);
        return Err(Failure::input(format!("the column {target} holds no value")).in_file(path));
    }
    Ok(series)
}

/// Says on standard error which rows are taken for the future.
pub fn note_future(series: &[Series], columns: &[String], path: &Path) {
    let rows: usize = series.iter().map(|one| one.future).sum();
    let Some(longest) = series
        .iter()
        .map(|one| one.future)
        .max()
        .filter(|_| rows > 0)
    else {
        return;
    };
    let (rows, of) = match (rows, series.len()) {
        (1, 1) => ("the last row holds".to_owned(), ""),
        (rows, 1) => (format!("the last {rows} rows hold"), ""),
        (rows, _) => (format!("{rows} rows hold"), " at the end of their series"),
    };
    tell!(
        "elman: {}: note: {rows} no {}{of}, which is taken to be yet to come; elman predict --steps {longest} says what",
        path.display(),
        columns[0]
    );
}

/// Says on standard error how many values are missing, and what is done about them.
pub fn note_missing(series: &[Series], columns: &[String], path: &Path) {
    note_future(series, columns, path);
    for (column, name) in columns.iter().enumerate() {
        let rows = series
            .iter()
            .flat_map(|one| (0..one.known_len()).map(|step| one.row(step)));
        let missing = rows.filter(|row| row[column].is_nan()).count();
        if missing > 0 {
            let learnt = if column == 0 {
                ", and nothing is learnt or counted where it should be forecast"
            } else {
                ""
            };
            tell!(
                "elman: {}: note: {missing} values of {name} are missing; the value before takes their place as input{learnt}",
                path.display()
            );
        }
    }
    let rows = || series.iter().map(|one| one.values.as_slice());
    survey::note_far_values(columns, rows, path);
}
