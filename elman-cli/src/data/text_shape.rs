//! In which form a file holds texts and their classes, found by its first lines.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Columns;
use super::cells::{self, Cells};
use super::column_names::{CLASSES, TEXTS, orders_rows};
use super::head;

/// What fastText puts before a class.
pub const FAST_TEXT: &str = "__label__";

/// Of fewer lines nobody can say which column holds the classes.
const FEWEST: usize = 8;

/// What is known of a file of texts before it is read.
#[derive(Clone, Copy, Default)]
pub struct Told<'a> {
    /// Which columns hold text and class, if somebody said so.
    pub columns: Option<Columns>,
    /// The form of the training data.
    pub shape: Option<Shape>,
    /// Knows the classes where a model has them.
    pub is_class: Option<&'a dyn Fn(&str) -> bool>,
}

/// A form of texts and classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A class behind the last TAB.
    #[default]
    LastTab,
    /// A class before the first TAB.
    FirstTab,
    /// `__label__CLASS text`.
    FastText,
    /// Columns that TABs part; every line has as many as the header, if there is one.
    Columns(Columns, Option<usize>),
    /// Columns of a CSV file.
    Csv {
        delimiter: u8,
        columns: Columns,
        width: Option<usize>,
    },
}

impl Shape {
    /// The form of a file that begins with these lines, whether the first holds names, and what it is taken for if that is
    /// not the usual form. A header need not name the classes where nobody `needs_class`.
    pub fn find(
        lines: &[&str],
        told: &Told<'_>,
        needs_class: bool,
    ) -> (Self, bool, Option<String>) {
        let is_class = told.is_class;
        let mut filled = lines.iter().copied().filter(|line| !line.trim().is_empty());
        let first = filled.clone().next().unwrap_or("");
        let named = header(first).or_else(|| texts_alone(first).filter(|_| !needs_class));
        if let Some(columns) = told.columns {
            let filled: Vec<&str> = filled.collect();
            return Self::of_asked(&filled, columns, is_class, named.is_some());
        }
        if let Some((delimiter, columns)) = named {
            let class = columns
                .label
                .map(|label| format!(", its class column {}", label + 1));
            let note = format!(
                "the first line names columns: the text is column {}{}",
                columns.text + 1,
                class.unwrap_or_default()
            );
            let width = Some(width(first, delimiter));
            return (
                Self::of_columns(delimiter, columns, width),
                true,
                Some(note),
            );
        }
        let rows: Vec<&str> = filled.clone().collect();
        if let Some(shape) = told.shape.filter(|shape| shape.is_that_of(&rows, is_class)) {
            return (shape, false, None);
        }
        if filled.clone().next().is_some() && filled.all(is_fast_text) {
            return (Self::FastText, false, None);
        }
        if stands_first(lines, is_class) {
            let note = "the class is taken to stand before the first TAB and the text behind it; --columns 1,2 reads text, TAB, class";
            return (Self::FirstTab, false, Some(note.to_owned()));
        }
        (Self::LastTab, false, None)
    }

    /// The same where somebody said which columns hold text and class; `is_named`: the first of the lines, none of which is
    /// blank, names them.
    fn of_asked(
        lines: &[&str],
        columns: Columns,
        is_class: Option<&dyn Fn(&str) -> bool>,
        is_named: bool,
    ) -> (Self, bool, Option<String>) {
        let (first, others) = match lines {
            [first, others @ ..] => (*first, others),
            [] => ("", lines),
        };
        let has_tabs = lines.iter().any(|line| line.contains('\t'));
        let (delimiter, _) = head::delimiter(first, others, None);
        let delimiter = if has_tabs { b'\t' } else { delimiter };
        let lacks_class = !is_named && is_no_example(lines, delimiter, columns, is_class);
        let has_header = is_named || lacks_class;
        let width = has_header.then(|| width(first, delimiter));
        let note = lacks_class.then(|| format!("the first line is taken to name columns: {first}"));
        (
            Self::of_columns(delimiter, columns, width),
            has_header,
            note,
        )
    }

    /// Whether there is nothing to say about it.
    pub fn is_usual(&self) -> bool {
        *self == Self::LastTab
    }

    /// Whether most of these lines are rows of a table without its header: as many cells, and a class where one belongs.
    fn is_that_of(self, lines: &[&str], is_class: Option<&dyn Fn(&str) -> bool>) -> bool {
        let (delimiter, columns, width) = match self {
            Self::Columns(columns, width) => (b'\t', columns, width),
            Self::Csv {
                delimiter,
                columns,
                width,
            } => (delimiter, columns, width),
            Self::LastTab | Self::FirstTab | Self::FastText => return false,
        };
        let mut cells = Cells::new(delimiter);
        let mut fits = |line: &&&str| {
            if cells.split(line).is_err() || width.is_some_and(|width| width != cells.len()) {
                return false;
            }
            let class = columns.label.unwrap_or(cells.len() - 1);
            let cell = cells.iter().nth(class).filter(|_| cells.len() > 1);
            // Rows to be answered may leave it empty.
            let is_left = |cell: &str| cells.len() > 2 && cell.trim().is_empty();
            let is_known = |cell: &str| is_class.is_some_and(|is_class| is_class(cell.trim()));
            cell.is_some_and(|cell| is_known(cell) || is_left(cell))
        };
        2 * lines.iter().filter(&mut fits).count() > lines.len()
    }

    const fn of_columns(delimiter: u8, columns: Columns, width: Option<usize>) -> Self {
        match delimiter {
            b'\t' => Self::Columns(columns, width),
            _ => Self::Csv {
                delimiter,
                columns,
                width,
            },
        }
    }
}

/// How many cells a line has.
fn width(line: &str, delimiter: u8) -> usize {
    let mut cells = Cells::new(delimiter);
    // A line that cannot be split has none, and is complained about by who reads it.
    let _ = cells.split(line);
    cells.len()
}

/// Whether the first of these lines is none of the examples: its class comes nowhere else, where all others are of few, or
/// of those that a model knows.
fn is_no_example(
    lines: &[&str],
    delimiter: u8,
    columns: Columns,
    is_class: Option<&dyn Fn(&str) -> bool>,
) -> bool {
    let mut cells = Cells::new(delimiter);
    let mut classes = Vec::new();
    for line in lines {
        // A quoted cell goes on in the next line.
        if cells.split(line).is_ok() {
            let place = columns.label.unwrap_or(cells.len().saturating_sub(1));
            classes.push(cells.get(place).to_owned());
        }
    }
    let Some((first, others)) = classes.split_first() else {
        return false;
    };
    let different: BTreeSet<&String> = others.iter().collect();
    if let Some(is_class) = is_class {
        return !is_class(first)
            && !others.is_empty()
            && others.iter().all(|class| is_class(class));
    }
    others.len() >= FEWEST && 2 * different.len() <= others.len() && !different.contains(first)
}

/// Whether a line is in the form of fastText.
pub fn is_fast_text(line: &str) -> bool {
    line.trim_start().starts_with(FAST_TEXT)
}

/// Whether these lines are a table of texts and classes, whose header says so.
pub fn is_text_table(lines: &[&str]) -> bool {
    let mut filled = lines.iter().copied().filter(|line| !line.trim().is_empty());
    let Some(first) = filled.next() else {
        return false;
    };
    let Some((delimiter, columns)) = header(first) else {
        return false;
    };
    let mut parser = Cells::new(delimiter);
    let is_measured = |parser: &Cells| {
        let others = (0..parser.len())
            .filter(|place| *place != columns.text && Some(*place) != columns.label);
        let mut cells = others.map(|place| parser.get(place));
        cells.any(|cell| cell.contains('.') && cells::number(cell).is_ok_and(f64::is_finite))
    };
    if parser.split(first).is_err() || parser.iter().any(orders_rows) {
        return false;
    }
    if filled
        .clone()
        .any(|line| parser.split(line).is_ok() && is_measured(&parser))
    {
        return false;
    }
    let text = |line: &str| match parser.split(line) {
        Ok(()) => cells::number(parser.get(columns.text)).is_err(),
        // A quoted cell goes on in the next line, and no number does.
        Err(_) => true,
    };
    filled.any(text)
}

/// The delimiters that a line holds.
fn delimiters(line: &str) -> impl Iterator<Item = u8> {
    let is_there = |delimiter: &u8| line.as_bytes().contains(delimiter);
    cells::DELIMITERS.into_iter().filter(is_there)
}

/// The columns of text and class, where a line names both.
fn header(line: &str) -> Option<(u8, Columns)> {
    delimiters(line).find_map(|delimiter| {
        let mut parser = Cells::new(delimiter);
        parser.split(line).ok()?;
        let place = |names: &[&str]| {
            let is_named = |cell: &str| names.contains(&cell.to_lowercase().as_str());
            parser.iter().position(is_named)
        };
        let (text, label) = (place(&TEXTS)?, place(&CLASSES)?);
        let label = Some(label);
        Some((delimiter, Columns { text, label }))
    })
}

/// The column of texts, where a line names one of several columns so.
fn texts_alone(line: &str) -> Option<(u8, Columns)> {
    delimiters(line).find_map(|delimiter| {
        let mut parser = Cells::new(delimiter);
        parser.split(line).ok()?;
        let is_named = |cell: &str| TEXTS.contains(&cell.to_lowercase().as_str());
        let text = parser.iter().position(is_named)?;
        (parser.len() > 1).then_some((delimiter, Columns { text, label: None }))
    })
}

/// The first and the last column of a line with a TAB.
fn ends(line: &str) -> Option<(&str, &str)> {
    let (first, rest) = line.split_once('\t')?;
    let last = rest.rsplit('\t').next().unwrap_or(rest);
    Some((first.trim(), last.trim()))
}

/// Whether the first column holds the classes: names that a model knows, or few different values beside many texts.
fn stands_first(lines: &[&str], is_class: Option<&dyn Fn(&str) -> bool>) -> bool {
    let pairs: Vec<(&str, &str)> = lines.iter().filter_map(|line| ends(line)).collect();
    if let Some(is_class) = is_class {
        let first = pairs.iter().filter(|(first, _)| is_class(first)).count();
        let last = pairs.iter().filter(|(_, last)| is_class(last)).count();
        return 2 * first > pairs.len() && 2 * last < pairs.len();
    }
    let first: BTreeSet<&str> = pairs.iter().map(|&(first, _)| first).collect();
    // Mostly it is the other way round, and there is no more to look at.
    if pairs.len() < FEWEST || 2 * first.len() > pairs.len() {
        return false;
    }
    let last: BTreeSet<&str> = pairs.iter().map(|&(_, last)| last).collect();
    let words = |of: fn(&(&str, &str)) -> usize| pairs.iter().map(of).sum::<usize>();
    4 * first.len() <= last.len()
        && words(|(_, last)| last.split_whitespace().count())
            > words(|(first, _)| first.split_whitespace().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_name_text_and_class() {
        let columns =
            |line| header(line).map(|(delimiter, columns)| (delimiter, columns.to_string()));
        assert_eq!(columns("Text\tLabel"), Some((b'\t', "1,2".into())));
        assert_eq!(columns("id;class;review"), Some((b';', "3,2".into())));
        assert_eq!(columns("seq,t,x1,label"), None);
        assert_eq!(columns("label of text"), None);
    }

    #[test]
    fn a_table_of_numbers_is_no_table_of_texts() {
        assert!(
            is_text_table(&["text,label", "a b,0"]) && is_text_table(&["label,text", "0,\"two"])
        );
        assert!(!is_text_table(&["target,content", "0,1.5", "1,2.5"]));
        assert!(!is_text_table(&["seq,t,x,comment,label", "0,0,1,fine,a"]));
        assert!(!is_text_table(&["x,comment,label", "0.5,fine,a"]));
        assert!(is_text_table(&["id,length,text,label", "7,4,fine,a"]));
        assert!(!is_text_table(&["t,x,label", "0,1.5,a"]) && !is_text_table(&[]));
    }

    #[test]
    fn a_first_line_whose_class_comes_nowhere_else_names_columns() {
        let asked = "2,3".parse().ok();
        let table = |header: &str| {
            let rows = (0..9).map(|i| format!("{i},\"mail, {i}\",{}", ["in", "out"][i % 2]));
            std::iter::once(header.to_owned())
                .chain(rows)
                .collect::<Vec<_>>()
        };
        let find = |lines: &[String]| {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let (shape, has_header, note) = Shape::find(
                &lines,
                &Told {
                    columns: asked,
                    ..Told::default()
                },
                true,
            );
            let Shape::Csv { width, .. } = shape else {
                panic!("{shape:?}");
            };
            (has_header, width, note.is_some())
        };
        assert_eq!(find(&table("nr,mail,folder")), (true, Some(3), true));
        assert_eq!(find(&table("9,mail,in")), (false, None, false));
    }

    #[test]
    fn rows_of_a_known_table_need_no_header() {
        let trained = Shape::find(
            &["id,text,label", "7,\"so, good\",1"],
            &Told::default(),
            true,
        );
        let told = Told {
            shape: Some(trained.0),
            is_class: Some(&|word| word == "1"),
            ..Told::default()
        };
        let again = |lines: &[&str]| {
            let (shape, has_header, note) = Shape::find(lines, &told, false);
            (shape == trained.0, has_header, note.is_some())
        };
        assert_eq!(again(&["8,\"no, bad\",1"]), (true, false, false));
        assert_eq!(again(&["8,\"no, bad\",", "9,good,"]), (true, false, false));
        assert_eq!(again(&["id,text,label", "8,bad,2"]), (true, true, true));
        for lines in [["so, no, bad"], ["8,bad,2"], ["8,bad"], ["1"]] {
            assert_eq!(again(&lines), (false, false, false), "{lines:?}");
        }
    }

    #[test]
    fn the_column_of_few_values_holds_the_classes() {
        let lines: Vec<String> = (0..9)
            .map(|i| format!("{}\tthis is text {i}", i % 2))
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert!(stands_first(&lines, None) && !stands_first(&lines[..7], None));
        let turned: Vec<String> = lines
            .iter()
            .map(|line| {
                let (class, text) = line.split_once('\t').unwrap();
                format!("{text}\t{class}")
            })
            .collect();
        let turned: Vec<&str> = turned.iter().map(String::as_str).collect();
        assert!(!stands_first(&turned, None));
        let is_class = |word: &str| ["0", "1"].contains(&word);
        assert!(
            stands_first(&lines[..1], Some(&is_class)) && !stands_first(&turned, Some(&is_class))
        );
        let told = Told {
            is_class: Some(&is_class),
            ..Told::default()
        };
        assert_eq!(Shape::find(&["no TAB"], &told, true).0, Shape::LastTab);
    }
}
