//! In which form a file holds texts and their classes, found by its first lines.

use std::collections::BTreeSet;

use super::Columns;
use super::cells::{self, Cells};
use super::head;

/// What fastText puts before a class.
pub const FAST_TEXT: &str = "__label__";

/// What the columns of texts and of classes are called, in small letters.
const TEXTS: [&str; 10] = [
    "text",
    "texts",
    "sentence",
    "message",
    "utterance",
    "review",
    "content",
    "tweet",
    "question",
    "comment",
];
const CLASSES: [&str; 7] = [
    "label",
    "labels",
    "class",
    "category",
    "target",
    "sentiment",
    "intent",
];

/// Of fewer lines nobody can say which column holds the classes.
const FEWEST: usize = 8;

/// A form of texts and classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A class behind the last TAB.
    LastTab,
    /// A class before the first TAB.
    FirstTab,
    /// `__label__CLASS text`.
    FastText,
    /// Columns that TABs part.
    Columns(Columns),
    /// Columns of a CSV file.
    Csv { delimiter: u8, columns: Columns },
}

impl Shape {
    /// The form of a file that begins with these lines, whether the first holds names, and what it is taken for if that is
    /// not the usual form. `is_class` knows the classes where a model has them.
    pub fn find(
        lines: &[&str],
        asked: Option<Columns>,
        is_class: Option<&dyn Fn(&str) -> bool>,
    ) -> (Self, bool, Option<String>) {
        let mut filled = lines.iter().copied().filter(|line| !line.trim().is_empty());
        let named = header(filled.clone().next().unwrap_or(""));
        if let Some(columns) = asked {
            let has_tabs = lines.iter().any(|line| line.contains('\t'));
            let first = filled.clone().next().unwrap_or("");
            let (delimiter, _) = head::delimiter(first, lines.get(1..).unwrap_or(&[]), None);
            let shape = if has_tabs || delimiter == b'\t' {
                Self::Columns(columns)
            } else {
                Self::Csv { delimiter, columns }
            };
            return (shape, named.is_some(), None);
        }
        if let Some((delimiter, columns)) = named {
            let (text, class) = (columns.text + 1, columns.label.map_or(0, |label| label + 1));
            let note = format!(
                "the first line names columns: the text is column {text}, its class column {class}"
            );
            let shape = match delimiter {
                b'\t' => Self::Columns(columns),
                _ => Self::Csv { delimiter, columns },
            };
            return (shape, true, Some(note));
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
}

/// Whether a line is in the form of fastText.
pub fn is_fast_text(line: &str) -> bool {
    line.trim_start().starts_with(FAST_TEXT)
}

/// Whether these lines are a table of texts and classes, whose header says so.
pub fn is_text_table(lines: &[&str]) -> bool {
    let mut filled = lines.iter().copied().filter(|line| !line.trim().is_empty());
    let Some((delimiter, columns)) = filled.next().and_then(header) else {
        return false;
    };
    let mut parser = Cells::new(delimiter);
    let text = |line: &str| match parser.split(line) {
        Ok(()) => cells::number(parser.get(columns.text)).is_err(),
        // A quoted cell goes on in the next line, and no number does.
        Err(_) => true,
    };
    filled.any(text)
}

/// The columns of text and class, where a line names both.
fn header(line: &str) -> Option<(u8, Columns)> {
    let is_there = |&delimiter: &u8| line.as_bytes().contains(&delimiter);
    let mut delimiters = cells::DELIMITERS.into_iter().filter(is_there);
    delimiters.find_map(|delimiter| {
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
        assert!(!is_text_table(&["t,x,label", "0,1.5,a"]) && !is_text_table(&[]));
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
        assert_eq!(
            Shape::find(&["no TAB"], None, Some(&is_class)).0,
            Shape::LastTab
        );
    }
}
