//! Where sequences and their classes come from: tables of numbers, lines of `text TAB class`, or CoNLL sentences beside
//! a file with a class per line.

use std::io::BufRead;
use std::path::Path;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::base::failure::{Failure, Result};
use crate::data::conll::Conll;
use crate::data::pairs::{self, Pairs};
use crate::data::reading::Steps;
use crate::data::table::{Block, Blocks, Labels, Wanted};
use crate::data::{DataFile, Format, Lines, Loader, open_table};

/// What a step of a text is.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Every character
    Chars,
    /// Every word; a blank parts words
    Words,
}

impl Unit {
    fn cut(self, text: &str) -> Vec<String> {
        match self {
            Self::Chars => text.chars().map(String::from).collect(),
            Self::Words => text.split_whitespace().map(str::to_owned).collect(),
        }
    }
}

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A table of numbers.
    Numbers,
    /// A text and its class per line.
    Text(Unit),
    /// A token per line, and classes in a file of their own.
    Sentences,
}

impl Kind {
    /// What a file is, if the command line does not say.
    ///
    /// # Errors
    /// A file that cannot be read, or is no data for classes.
    pub fn of(
        path: &Path,
        format: Option<Format>,
        unit: Option<Unit>,
        has_classes: bool,
    ) -> Result<Self> {
        let read: &[Format] = match (has_classes, unit) {
            (true, _) => Self::Sentences.formats(),
            (false, Some(unit)) => Self::Text(unit).formats(),
            (false, None) => READ,
        };
        Format::check(format, read)?;
        if has_classes {
            return Ok(Self::Sentences);
        }
        if let Some(unit) = unit {
            return Ok(Self::Text(unit));
        }
        match Format::of(format, path)? {
            Format::Csv | Format::Ts | Format::Ucr | Format::Npy | Format::Npz => Ok(Self::Numbers),
            Format::Pairs => Self::of_text(path),
            Format::Conll => Err(Failure::input(
                "these are sentences, one token per line; name the file with their classes: --classes FILE",
            )
            .in_file(path)),
            Format::Text => {
                let is_empty = std::fs::metadata(path).is_ok_and(|file| file.len() == 0);
                Err(Failure::input(if is_empty {
                    "the file is empty"
                } else {
                    "neither a table with a header such as seq,t,x1,label nor lines of text, TAB, class; \
                     --format csv or --format pairs says which line is wrong"
                })
                .in_file(path))
            }
        }
    }

    /// The formats that hold it.
    pub const fn formats(self) -> &'static [Format] {
        match self {
            Self::Numbers => Format::TABLES,
            Self::Text(_) => &[Format::Pairs],
            Self::Sentences => &[Format::Conll],
        }
    }

    /// Texts of several words are read word by word.
    fn of_text(path: &Path) -> Result<Self> {
        const LOOKED_AT: usize = 100;
        let first = Pairs::TextsOnly.next_sequences(&mut Lines::open(path)?, LOOKED_AT)?;
        let words = first
            .iter()
            .map(|example| Unit::Words.cut(&example.text).len());
        let is_long = words.sum::<usize>() > 3 * first.len();
        Ok(Self::Text(if is_long { Unit::Words } else { Unit::Chars }))
    }
}

/// Every format that holds data for classes.
const READ: &[Format] = &[
    Format::Csv,
    Format::Ts,
    Format::Ucr,
    Format::Npy,
    Format::Npz,
    Format::Pairs,
    Format::Conll,
];

/// One sequence as a file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    pub steps: Steps,
    /// None where only the steps are read.
    pub class: Option<String>,
    /// What the file calls the sequence, or the text itself.
    pub name: String,
    /// Where it begins.
    pub line: usize,
}

/// The examples of a file and, if they are numbers, what the columns are called.
pub struct Examples {
    pub all: Vec<Example>,
    pub columns: Vec<String>,
}

/// Examples being read, a few at a time.
pub enum Source {
    Table(Box<dyn Blocks>),
    Lines(Lines<Box<dyn BufRead + Send>>, Unit),
    Sentences(Lines<Box<dyn BufRead + Send>>),
}

impl Source {
    /// Opens a file; of a table only the columns that a model knows.
    ///
    /// # Errors
    /// A missing file, or one without these columns.
    pub fn open(
        path: &Path,
        format: Option<Format>,
        kind: Kind,
        columns: Option<&[String]>,
    ) -> Result<Self> {
        Ok(match kind {
            Kind::Numbers => {
                let wanted = Wanted {
                    format,
                    columns: columns.map(<[String]>::to_vec),
                    ..Wanted::default()
                };
                Self::Table(open_table(path, &wanted)?)
            }
            Kind::Text(unit) => Self::Lines(Lines::open(path)?, unit),
            Kind::Sentences => Self::Sentences(Lines::open(path)?),
        })
    }

    /// So many of the next examples, or what is left of them, without their classes.
    ///
    /// # Errors
    /// What the file's reader says.
    pub fn next_steps(&mut self, count: usize) -> Result<Vec<Example>> {
        match self {
            Self::Table(blocks) => {
                let blocks = blocks.next_blocks(count)?;
                Ok(blocks.into_iter().map(unlabelled).collect())
            }
            Self::Lines(lines, unit) => {
                let examples = Pairs::TextsOnly.next_sequences(lines, count)?;
                Ok(examples
                    .into_iter()
                    .map(|text| of_text(text, *unit))
                    .collect())
            }
            Self::Sentences(lines) => {
                let sentences = Conll::TokensOnly.next_sequences(lines, count)?;
                Ok(sentences.into_iter().map(of_sentence).collect())
            }
        }
    }
}

fn unlabelled(block: Block) -> Example {
    Example {
        steps: Steps::Numbers(block.values),
        class: None,
        name: block.name,
        line: block.line,
    }
}

fn of_text(pairs::Example { text, class, line }: pairs::Example, unit: Unit) -> Example {
    Example {
        steps: Steps::Tokens(unit.cut(&text)),
        class,
        name: text,
        line,
    }
}

fn of_sentence(sentence: crate::data::conll::Sentence) -> Example {
    Example {
        name: sentence.tokens.join(" "),
        line: sentence.first_line,
        class: None,
        steps: Steps::Tokens(sentence.tokens),
    }
}

/// A whole file with classes, which must hold at least one example; of a table only the columns that a model knows.
///
/// # Errors
/// Missing, empty or malformed files; a sequence without its class, or with more than one.
pub fn load(file: DataFile<'_>, kind: Kind, columns: Option<&[String]>) -> Result<Examples> {
    let DataFile { path, classes, .. } = file;
    let without_columns = |all| Examples {
        all,
        columns: Vec::new(),
    };
    match kind {
        Kind::Numbers => load_table(path, file.format, columns),
        Kind::Text(unit) => {
            let pairs = Pairs::Labelled.load(path)?;
            Ok(without_columns(
                pairs.into_iter().map(|pair| of_text(pair, unit)).collect(),
            ))
        }
        Kind::Sentences => {
            let Some(classes) = classes else {
                let sentence =
                    "these are sentences; name the file with their classes: --classes FILE";
                return Err(Failure::input(sentence).in_file(path));
            };
            load_sentences(path, classes).map(without_columns)
        }
    }
}

fn load_table(path: &Path, format: Option<Format>, columns: Option<&[String]>) -> Result<Examples> {
    let wanted = Wanted {
        format,
        columns: columns.map(<[String]>::to_vec),
        needs_labels: true,
        ..Wanted::default()
    };
    let table = crate::data::load_table(path, &wanted)?;
    let example = |block: Block| {
        let class = match &block.labels {
            Labels::Same(class) => class.clone(),
            Labels::Each(_) | Labels::None => {
                return Err(Failure::input(format!(
                    "{}:{}: the label changes within sequence {}; a label per row is for elman train label",
                    path.display(),
                    block.line,
                    block.name
                )));
            }
        };
        Ok(Example {
            class: Some(class),
            ..unlabelled(block)
        })
    };
    Ok(Examples {
        all: table
            .sequences
            .into_iter()
            .map(example)
            .collect::<Result<_>>()?,
        columns: table.columns,
    })
}

fn load_sentences(path: &Path, classes: &Path) -> Result<Vec<Example>> {
    let sentences = Conll::TokensOnly.load(path)?;
    let mut lines = Lines::open(classes)?;
    let mut examples = Vec::new();
    for sentence in sentences {
        let class = match lines.next_line()? {
            Some(class) if class.trim().is_empty() => {
                return Err(lines.complain("the class is empty"));
            }
            Some(class) => class.trim().to_owned(),
            None => {
                let (found, line) = (examples.len(), sentence.first_line);
                return Err(lines.complain_of_file(&format!(
                    "{found} classes are too few: the sentence in line {line} of {} has none",
                    path.display()
                )));
            }
        };
        examples.push(Example {
            class: Some(class),
            ..of_sentence(sentence)
        });
    }
    while let Some(line) = lines.next_line()? {
        if !line.trim().is_empty() {
            let sentence = format!("more classes than {} has sentences", path.display());
            return Err(lines.complain(&sentence));
        }
    }
    Ok(examples)
}
