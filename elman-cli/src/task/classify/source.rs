//! Where sequences and their classes come from: tables of numbers, lines of `text TAB class`, or CoNLL sentences beside
//! a file with a class per line.

use std::path::Path;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::base::failure::{Failure, Result};
use crate::base::tell::tell;
use crate::data::conll::Conll;
use crate::data::pairs::{self, Pairs};
use crate::data::reading::Steps;
use crate::data::table::{Block, Blocks, Labels, Part, Wanted, cut_padding};

use crate::data::{
    Bytes, Columns, DataFile, Dialect, Format, Layout, Lines, Loader, Shape, Told, nfc, open_table,
};
use crate::task::label::Labels as Classes;

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
    /// As it is typed.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Chars => "chars",
            Self::Words => "words",
        }
    }

    fn cut(self, text: &str) -> Vec<String> {
        match self {
            Self::Chars => nfc(text).chars().map(String::from).collect(),
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
        (unit, columns): (Option<Unit>, Option<Columns>),
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
            Format::Csv | Format::Ucr if columns.is_some() && format.is_none() => {
                Self::of_text(path, columns)
            }
            format if columns.is_some() && format.is_table() => Err(Failure::input(format!(
                "--columns says where texts and classes are in lines of text, and --format {format} holds numbers"
            ))
            .in_file(path)),
            Format::Csv | Format::Ts | Format::Tsf | Format::Ucr | Format::Npy | Format::Npz => {
                Ok(Self::Numbers)
            }
            Format::Pairs => Self::of_text(path, columns),
            Format::Text if columns.is_some() => Self::of_text(path, columns),
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
                     --format csv or --format pairs says which line is wrong, and --columns 2,1 reads other tables of texts, where \
                     the text is column 2 and its class column 1"
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
    fn of_text(path: &Path, columns: Option<Columns>) -> Result<Self> {
        const LOOKED_AT: usize = 100;
        let mut lines = Lines::look(path)?.quiet();
        let told = Told {
            columns,
            ..Told::default()
        };
        let pairs = Pairs::texts(&mut lines, &told)?;
        let first = pairs.next_sequences(&mut lines, LOOKED_AT)?;
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
    /// Who or what it comes from; empty where the file does not say.
    pub group: String,
    /// What it is for; none where the file does not say.
    pub part: Option<Part>,
}

impl Example {
    /// The numbers of its steps, unless they are text.
    pub fn numbers(&self) -> Option<&[f64]> {
        match &self.steps {
            Steps::Numbers(values) => Some(values),
            Steps::Tokens(_) => None,
        }
    }
}

/// The examples of a file and, if they are numbers, what the columns are called.
pub struct Examples {
    pub all: Vec<Example>,
    pub columns: Vec<String>,
    /// The form of texts.
    pub shape: Shape,
    /// How the columns of sentences lie.
    pub layout: Layout,
    /// The column that says who or what a sequence comes from.
    pub group_column: Option<String>,
}

/// What is known of a file before it is read.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub kind: Kind,
    /// The columns of a table that a model reads.
    pub inputs: Option<&'a [String]>,
    /// Where texts and classes are in files of lines.
    pub columns: Option<Columns>,
    /// How they were in training.
    pub shape: Option<Shape>,
    pub layout: Option<Layout>,
    /// The column of a table that says train, dev or test.
    pub split_column: Option<&'a str>,
    /// The classes that a model tells apart.
    pub classes: Option<&'a Classes>,
    /// What was said about a table.
    pub dialect: &'a Dialect,
}

impl Known<'_> {
    /// What is known of texts.
    fn told<'b>(&self, is_class: Option<&'b dyn Fn(&str) -> bool>) -> Told<'b> {
        Told {
            columns: self.columns,
            shape: self.shape,
            is_class,
        }
    }

    fn is_class(&self, word: &str) -> bool {
        self.classes
            .is_some_and(|classes| classes.id(word).is_some())
    }
}

/// Examples being read, a few at a time.
pub enum Source {
    Table(Box<dyn Blocks>),
    Lines(Lines<Bytes>, Pairs, Unit),
    Sentences(Lines<Bytes>, Conll),
}

impl Source {
    /// Opens a file; of a table only the columns that a model knows.
    ///
    /// # Errors
    /// A missing file, or one without these columns.
    pub fn open(path: &Path, format: Option<Format>, known: &Known<'_>) -> Result<Self> {
        Ok(match known.kind {
            Kind::Numbers => {
                let wanted = Wanted {
                    format,
                    columns: known.inputs.map(<[String]>::to_vec),
                    dialect: known.dialect.clone(),
                    ..Wanted::default()
                };
                Self::Table(open_table(path, &wanted)?)
            }
            Kind::Text(unit) => {
                let mut lines = Lines::open(path)?;
                let is_class = |word: &str| known.is_class(word);
                let is_class = known.classes.map(|_| &is_class as &dyn Fn(&str) -> bool);
                let pairs = Pairs::texts(&mut lines, &known.told(is_class))?;
                Self::Lines(lines, pairs, unit)
            }
            Kind::Sentences => {
                let mut lines = Lines::open(path)?;
                let conll = Conll::tokens(&mut lines, known.columns, known.layout, &|_| false)?;
                Self::Sentences(lines, conll)
            }
        })
    }

    /// So many of the next examples, or what is left of them, without their classes.
    ///
    /// # Errors
    /// What the file's reader says.
    pub fn next_steps(&mut self, count: usize) -> Result<Vec<Example>> {
        match self {
            Self::Table(table) => {
                let blocks = table.next_blocks(count)?;
                let columns = table.columns().len();
                Ok(blocks
                    .into_iter()
                    .map(|block| unlabelled(block, columns))
                    .collect())
            }
            Self::Lines(lines, pairs, unit) => {
                let examples = pairs.next_sequences(lines, count)?;
                Ok(examples
                    .into_iter()
                    .map(|text| of_text(text, *unit))
                    .collect())
            }
            Self::Sentences(lines, conll) => {
                let sentences = conll.next_sequences(lines, count)?;
                Ok(sentences.into_iter().map(of_sentence).collect())
            }
        }
    }
}

/// The steps of a sequence of `columns` values a row, without those at its end that hold no value.
fn unlabelled(mut block: Block, columns: usize) -> Example {
    cut_padding(&mut block, columns);
    Example {
        steps: Steps::Numbers(block.values),
        class: None,
        name: block.name,
        line: block.line,
        group: block.group,
        part: None,
    }
}

fn of_text(pairs::Example { text, class, line }: pairs::Example, unit: Unit) -> Example {
    Example {
        steps: Steps::Tokens(unit.cut(&text)),
        class,
        name: text,
        line,
        group: String::new(),
        part: None,
    }
}

fn of_sentence(sentence: crate::data::conll::Sentence) -> Example {
    Example {
        name: sentence.tokens.join(" "),
        line: sentence.first_line,
        class: None,
        steps: Steps::Tokens(sentence.tokens),
        group: String::new(),
        part: None,
    }
}

/// A whole file with classes, which must hold at least one example; of a table only the columns that a model knows.
///
/// # Errors
/// Missing, empty or malformed files; a sequence without its class, or with more than one.
pub fn load(file: DataFile<'_>, known: &Known<'_>) -> Result<Examples> {
    let DataFile { path, classes, .. } = file;
    let without_columns = |all, shape, layout| Examples {
        all,
        columns: Vec::new(),
        shape,
        layout,
        group_column: None,
    };
    match known.kind {
        Kind::Numbers => load_table(path, file.format, known),
        _ if known.split_column.is_some() => Err(Failure::input(
            "--split-column is for tables of numbers; texts come in a file per part: --valid FILE",
        )),
        Kind::Text(unit) => {
            let is_class = |word: &str| known.is_class(word);
            let is_class = known.classes.map(|_| &is_class as &dyn Fn(&str) -> bool);
            let (pairs, shape) = Pairs::load(path, &known.told(is_class))?;
            let texts = pairs.into_iter().map(|pair| of_text(pair, unit));
            Ok(without_columns(texts.collect(), shape, Layout::PLAIN))
        }
        Kind::Sentences => {
            let Some(classes) = classes else {
                let sentence =
                    "these are sentences; name the file with their classes: --classes FILE";
                return Err(Failure::input(sentence).in_file(path));
            };
            let (sentences, layout) = load_sentences(path, classes, known)?;
            Ok(without_columns(sentences, Shape::default(), layout))
        }
    }
}

fn load_table(path: &Path, format: Option<Format>, known: &Known<'_>) -> Result<Examples> {
    let wanted = Wanted {
        format,
        columns: known.inputs.map(<[String]>::to_vec),
        needs_labels: true,
        dialect: known.dialect.clone(),
        split_column: known.split_column.map(str::to_owned),
        ..Wanted::default()
    };
    let table = crate::data::load_table(path, &wanted)?;
    let columns = table.columns.len();
    let numbers: usize = table.sequences.iter().map(|block| block.values.len()).sum();
    let example = |block: Block| {
        let class = match &block.labels {
            Labels::Same(class) => class.clone(),
            Labels::Each(_) | Labels::None => {
                let sequence = match block.name.as_str() {
                    "" => "the one sequence of the file (no column is called seq)".to_owned(),
                    name => format!("sequence {name}"),
                };
                return Err(Failure::input(format!(
                    "{}:{}: the label changes within {sequence}; a label per row is for elman train label",
                    path.display(),
                    block.line,
                )));
            }
        };
        let part = block
            .part()
            .map_err(|what| Failure::input(format!("{}:{}: {what}", path.display(), block.line)))?;
        Ok(Example {
            class: Some(class),
            part,
            ..unlabelled(block, columns)
        })
    };
    let all: Vec<Example> = table
        .sequences
        .into_iter()
        .map(example)
        .collect::<Result<_>>()?;
    note_cut(&all, numbers / columns, columns, path);
    Ok(Examples {
        all,
        columns: table.columns,
        shape: Shape::default(),
        layout: Layout::PLAIN,
        group_column: table.group_column,
    })
}

/// Says how many of the rows of a table were padding.
fn note_cut(examples: &[Example], rows: usize, columns: usize, path: &Path) {
    let left = examples.iter().map(|example| match &example.steps {
        Steps::Numbers(values) => values.len() / columns,
        Steps::Tokens(_) => 0,
    });
    let cut = rows - left.sum::<usize>();
    if cut > 0 {
        tell!(
            "elman: {}: note: {cut} rows without any value at the ends of sequences are taken for padding and left out",
            path.display()
        );
    }
}

fn load_sentences(
    path: &Path,
    classes: &Path,
    known: &Known<'_>,
) -> Result<(Vec<Example>, Layout)> {
    let mut lines = Lines::open_whole(path)?;
    let conll = Conll::tokens(&mut lines, known.columns, known.layout, &|_| false)?;
    let sentences = conll.all(&mut lines)?;
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
    Ok((examples, conll.layout()))
}
