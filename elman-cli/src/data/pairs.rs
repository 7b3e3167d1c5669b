//! Texts and their classes: `text TAB class` on every line, or one of the other forms that people have them in.

use std::io::BufRead;
use std::path::Path;

use super::cells::Cells;
use super::lines::complete_lines;
use super::text_shape::{FAST_TEXT, Shape, Told};
use super::{Columns, Lines, Loader};
use crate::base::failure::Result;

/// A text with its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    pub text: String,
    /// `None` where only texts are read.
    pub class: Option<String>,
    pub line: usize,
}

/// How texts are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pairs {
    /// Every line must have a class; else only the texts matter.
    is_labelled: bool,
    shape: Shape,
    /// The first line holds names of columns.
    has_header: bool,
}

impl Loader for Pairs {
    type Sequence = Example;

    fn next_sequence(&self, lines: &mut Lines<impl BufRead>) -> Result<Option<Example>> {
        let mut is_header = self.has_header && lines.number() == 0;
        loop {
            let next = match self.shape {
                // A cell in quotes may go on over the next lines.
                Shape::Csv { .. } => lines.next_records(1)?,
                _ => lines.next_batch(1)?,
            };
            let Some((number, line)) = next.first() else {
                return Ok(None);
            };
            if std::mem::take(&mut is_header) {
                continue;
            }
            let example = self.read_line(line, *number);
            return example.map(Some).map_err(|what| lines.complain(&what));
        }
    }
}

impl Pairs {
    /// A class behind the last TAB of every line.
    pub const LABELLED: Self = Self {
        is_labelled: true,
        shape: Shape::LastTab,
        has_header: false,
    };
    /// A text up to the last TAB of every line.
    pub const TEXTS: Self = Self {
        is_labelled: false,
        shape: Shape::LastTab,
        has_header: false,
    };

    /// All texts of a file, with their classes, and in which form they are.
    ///
    /// # Errors
    /// Missing, unreadable, malformed or empty files.
    pub fn load(path: &Path, told: &Told<'_>) -> Result<(Vec<Example>, Shape)> {
        let mut lines = Lines::open_whole(path)?;
        let pairs = Self::labelled(&mut lines, told)?;
        Ok((pairs.all(&mut lines)?, pairs.shape))
    }

    /// How a file with classes is read, as its first lines say; standard error is told if that is not the usual way.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn labelled(lines: &mut Lines<impl BufRead>, told: &Told<'_>) -> Result<Self> {
        Self::find(lines, told, true)
    }

    /// How the texts of a file are read, with or without classes.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn texts(lines: &mut Lines<impl BufRead>, told: &Told<'_>) -> Result<Self> {
        Self::find(lines, told, false)
    }

    fn find(lines: &mut Lines<impl BufRead>, told: &Told<'_>, is_labelled: bool) -> Result<Self> {
        let first = lines.peek()?;
        let (shape, has_header, note) = Shape::find(&complete_lines(&first), told, is_labelled);
        if let Some(note) = note {
            lines.note(&note);
        }
        Ok(Self {
            is_labelled,
            shape,
            has_header,
        })
    }

    fn read_line(self, line: &str, number: usize) -> Result<Example, String> {
        let (text, class) = match self.shape {
            Shape::LastTab => match line.rsplit_once('\t') {
                Some((text, class)) => (text.to_owned(), Some(class.to_owned())),
                None => (line.to_owned(), None),
            },
            Shape::FirstTab => match line.split_once('\t') {
                Some((class, text)) => (text.to_owned(), Some(class.to_owned())),
                None => (line.to_owned(), None),
            },
            Shape::FastText => fast_text(line)?,
            Shape::Columns(columns, width) => {
                let cells: Vec<&str> = line.split('\t').collect();
                self.choose(columns, width, &cells)?
            }
            Shape::Csv {
                delimiter,
                columns,
                width,
            } => {
                let mut parser = Cells::new(delimiter);
                parser.split(line)?;
                let cells: Vec<&str> = parser.iter().collect();
                self.choose(columns, width, &cells)?
            }
        };
        if self.is_labelled {
            match &class {
                None => return Err("the line has no TAB between text and class".to_owned()),
                Some(class) if class.trim().is_empty() => {
                    return Err(match self.shape {
                        Shape::LastTab => "the class after the TAB is empty".to_owned(),
                        _ => "the class is empty".to_owned(),
                    });
                }
                Some(_) => {}
            }
        }
        if text.trim().is_empty() {
            return Err(match self.shape {
                Shape::LastTab => "the text before the TAB is empty".to_owned(),
                _ => "the text is empty".to_owned(),
            });
        }
        Ok(Example {
            text: text.trim().to_owned(),
            class: class
                .filter(|_| self.is_labelled)
                .map(|class| class.trim().to_owned()),
            line: number,
        })
    }

    /// Text and class out of some cells; one cell alone is a text without a class.
    fn choose(
        self,
        columns: Columns,
        width: Option<usize>,
        cells: &[&str],
    ) -> Result<(String, Option<String>), String> {
        if let ([text], false) = (cells, self.is_labelled) {
            return Ok(((*text).to_owned(), None));
        }
        let is_more = |width: usize| cells.iter().skip(width).any(|cell| !cell.trim().is_empty());
        if let Some(width) = width.filter(|&width| cells.len() < width || is_more(width)) {
            return Err(format!(
                "{} cells where the header has {width}; a text with the delimiter in it stands in quotes",
                cells.len()
            ));
        }
        let cell = |what: &str, place: usize| {
            let cell = cells.get(place).map(|&cell| cell.to_owned());
            cell.ok_or_else(|| {
                let (place, count) = (place + 1, cells.len());
                format!("the line has no column {place} for the {what}, it has {count}; --columns names others")
            })
        };
        let text = cell("text", columns.text)?;
        if !self.is_labelled {
            return Ok((text, None));
        }
        let class = cell("class", columns.label.unwrap_or(cells.len() - 1))?;
        Ok((text, Some(class)))
    }
}

/// `__label__CLASS text`.
fn fast_text(line: &str) -> Result<(String, Option<String>), String> {
    let Some(rest) = line.trim_start().strip_prefix(FAST_TEXT) else {
        return Ok((line.to_owned(), None));
    };
    let (class, text) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    if text.trim_start().starts_with(FAST_TEXT) {
        return Err("the line has several labels, and a text has one class here".to_owned());
    }
    Ok((text.to_owned(), Some(class.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(loader: Pairs, text: &[u8]) -> Result<Vec<Example>> {
        let mut lines = Lines::new("f", text);
        std::iter::from_fn(|| loader.next_sequence(&mut lines).transpose()).collect()
    }

    /// Texts and classes of a file whose form is found.
    fn read_any(text: &str, columns: &str) -> Result<Vec<(String, String)>> {
        let mut lines = Lines::new("f", text.as_bytes());
        let told = Told {
            columns: columns.parse().ok(),
            ..Told::default()
        };
        let loader = Pairs::labelled(&mut lines, &told)?;
        let found = loader.all(&mut lines)?;
        Ok(found
            .into_iter()
            .map(|one| (one.text, one.class.unwrap()))
            .collect())
    }

    fn pair(text: &str, class: &str) -> (String, String) {
        (text.to_owned(), class.to_owned())
    }

    #[test]
    fn the_last_tab_parts_text_and_class() {
        let found = read(Pairs::LABELLED, "a b\tx\n\nc\td\ty \r\n".as_bytes()).unwrap();
        let texts: Vec<_> = found.iter().map(|example| example.text.as_str()).collect();
        assert_eq!((texts, found[1].line), (vec!["a b", "c\td"], 3));
        assert_eq!(found[1].class.as_deref(), Some("y"));
        let found = read(Pairs::TEXTS, b"a\tx\nb").unwrap();
        assert_eq!((found[0].text.as_str(), found[1].text.as_str()), ("a", "b"));
    }

    #[test]
    fn rows_of_texts_are_as_wide_as_their_header() {
        assert_eq!(
            read_any("text,label\n\"a, b\",x\nc,y,\n", "").unwrap(),
            [pair("a, b", "x"), pair("c", "y")]
        );
        let complaint = read_any("text,label\nhello, plus is my world,plus\n", "")
            .unwrap_err()
            .to_string();
        assert!(
            complaint.starts_with("f:2: 3 cells where the header has 2"),
            "{complaint}"
        );
    }

    #[test]
    fn texts_without_classes_are_found_by_their_header() {
        let mut lines = Lines::new("f", "id,text\n7,\"so good, 1\"\n".as_bytes());
        let loader = Pairs::texts(&mut lines, &Told::default()).unwrap();
        let texts = loader.all(&mut lines).unwrap();
        assert_eq!((texts.len(), texts[0].text.as_str()), (1, "so good, 1"));
    }

    #[test]
    fn a_class_may_stand_first() {
        let text: String = (0..20)
            .map(|i| format!("{}\tgo to number {i}\n", ["ham", "spam"][i % 2]))
            .collect();
        assert_eq!(
            read_any(&text, "").unwrap()[1],
            pair("go to number 1", "spam")
        );
        assert_eq!(
            read_any(&text, "1,2").unwrap()[1],
            pair("spam", "go to number 1")
        );
        let mut lines = Lines::new("f", "ham\tgo on\nstay\n".as_bytes());
        let is_class = |word: &str| word == "ham";
        let loader = Pairs::texts(
            &mut lines,
            &Told {
                is_class: Some(&is_class),
                ..Told::default()
            },
        )
        .unwrap();
        let texts = loader.all(&mut lines).unwrap();
        assert_eq!(
            (texts[0].text.as_str(), texts[1].text.as_str()),
            ("go on", "stay")
        );
    }

    #[test]
    fn a_header_says_where_texts_and_classes_are() {
        let found = read_any("Sentence\tlabel\ngood one\t1\nbad\t0\n", "").unwrap();
        assert_eq!(found, [pair("good one", "1"), pair("bad", "0")]);
        let found = read_any("id\tlabel\ttext\n7\tx\tgood\n", "").unwrap();
        assert_eq!(found, [pair("good", "x")]);
    }

    #[test]
    fn the_form_of_fast_text_is_read() {
        let found = read_any("__label__ham ok lah\n\n__label__spam win now\n", "").unwrap();
        assert_eq!(found, [pair("ok lah", "ham"), pair("win now", "spam")]);
        let complaint = read_any("__label__a __label__b text\n", "").unwrap_err();
        assert!(
            complaint
                .to_string()
                .starts_with("f:1: the line has several labels")
        );
    }

    #[test]
    fn tables_of_texts_are_read() {
        let text = "label,text\r\nham,\"ok, \"\"lah\"\"\"\r\nspam,\"two\nlines\"\r\n1,plain\r\n";
        let found = read_any(text, "").unwrap();
        assert_eq!(
            found,
            [
                pair("ok, \"lah\"", "ham"),
                pair("two\nlines", "spam"),
                pair("plain", "1")
            ]
        );
        let found = read_any("\"3\",\"one, two\"\n4,five\n", "2,1").unwrap();
        assert_eq!(found, [pair("one, two", "3"), pair("five", "4")]);
        let complaint = read_any("text,label\n\"a,b\n", "").unwrap_err().to_string();
        assert!(
            complaint.starts_with("f:2: a quotation mark (\") is not closed within"),
            "{complaint}"
        );
    }

    #[test]
    fn complaints_name_the_line() {
        let complaint = |text: &str| {
            read(Pairs::LABELLED, text.as_bytes())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            complaint("a\tb\nc\n"),
            "f:2: the line has no TAB between text and class"
        );
        assert_eq!(complaint("\tb"), "f:1: the text before the TAB is empty");
        assert_eq!(complaint("a\t "), "f:1: the class after the TAB is empty");
        let complaint = read_any("a\tb\n", "1,3").unwrap_err().to_string();
        assert!(complaint.starts_with("f:1: the line has no column 3 for the class, it has 2"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_pairs_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = read(Pairs::LABELLED, &bytes);
            let _ = read(Pairs::TEXTS, &bytes);
        }

        #[test]
        fn any_text_is_read_in_the_form_it_seems_to_have(text in "(text|label|__label__a|b|\"|,|\t|\n| ){0,30}") {
            let _ = read_any(&text, "");
            let _ = read_any(&text, "2,1");
        }

        #[test]
        fn what_is_written_is_read_back(pairs in prop::collection::vec(("[^\\s\u{feff}]{1,9}", "[a-zé]{1,5}"), 1..9)) {
            let text: String = pairs.iter().map(|(text, class)| format!("{text}\t{class}\n")).collect();
            let found = read(Pairs::LABELLED, text.as_bytes()).unwrap();
            let found: Vec<_> = found.into_iter().map(|one| (one.text, one.class.unwrap())).collect();
            prop_assert_eq!(found, pairs);
        }
    }
}
