//! Texts and their classes: `text TAB class` on every line.

use std::io::BufRead;

use super::{Lines, Loader};
use crate::base::failure::Result;

/// A text with its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    pub text: String,
    /// `None` where only texts are read.
    pub class: Option<String>,
    pub line: usize,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairs {
    /// Every line must have a class, after its last TAB.
    Labelled,
    /// Only what is before the last TAB matters.
    TextsOnly,
}

impl Loader for Pairs {
    type Sequence = Example;

    fn next_sequence(&self, lines: &mut Lines<impl BufRead>) -> Result<Option<Example>> {
        loop {
            let number = lines.number() + 1;
            let Some(line) = lines.next_line()? else {
                return Ok(None);
            };
            if line.trim().is_empty() {
                continue;
            }
            let example = self.read_line(line, number);
            return example.map(Some).map_err(|what| lines.complain(what));
        }
    }
}

impl Pairs {
    fn read_line(self, line: &str, number: usize) -> Result<Example, &'static str> {
        let (text, class) = match (self, line.rsplit_once('\t')) {
            (Self::TextsOnly, columns) => (columns.map_or(line, |(text, _)| text), None),
            (Self::Labelled, Some((_, class))) if class.trim().is_empty() => {
                return Err("the class after the TAB is empty");
            }
            (Self::Labelled, Some((text, class))) => (text, Some(class.trim().to_owned())),
            (Self::Labelled, None) => return Err("the line has no TAB between text and class"),
        };
        if text.trim().is_empty() {
            return Err("the text before the TAB is empty");
        }
        Ok(Example {
            text: text.trim().to_owned(),
            class,
            line: number,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(loader: Pairs, text: &[u8]) -> Result<Vec<Example>> {
        let mut lines = Lines::new("f", text);
        std::iter::from_fn(|| loader.next_sequence(&mut lines).transpose()).collect()
    }

    #[test]
    fn the_last_tab_parts_text_and_class() {
        let found = read(Pairs::Labelled, "a b\tx\n\nc\td\ty \r\n".as_bytes()).unwrap();
        let texts: Vec<_> = found.iter().map(|example| example.text.as_str()).collect();
        assert_eq!((texts, found[1].line), (vec!["a b", "c\td"], 3));
        assert_eq!(found[1].class.as_deref(), Some("y"));
        let found = read(Pairs::TextsOnly, b"a\tx\nb").unwrap();
        assert_eq!((found[0].text.as_str(), found[1].text.as_str()), ("a", "b"));
    }

    #[test]
    fn complaints_name_the_line() {
        let complaint = |text: &str| {
            read(Pairs::Labelled, text.as_bytes())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            complaint("a\tb\nc\n"),
            "f:2: the line has no TAB between text and class"
        );
        assert_eq!(complaint("\tb"), "f:1: the text before the TAB is empty");
        assert_eq!(complaint("a\t "), "f:1: the class after the TAB is empty");
    }

    proptest! {
        #[test]
        fn any_bytes_are_pairs_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = read(Pairs::Labelled, &bytes);
            let _ = read(Pairs::TextsOnly, &bytes);
        }

        #[test]
        fn what_is_written_is_read_back(pairs in prop::collection::vec(("[^\\s\u{feff}]{1,9}", "[a-zé]{1,5}"), 1..9)) {
            let text: String = pairs.iter().map(|(text, class)| format!("{text}\t{class}\n")).collect();
            let found = read(Pairs::Labelled, text.as_bytes()).unwrap();
            let found: Vec<_> = found.into_iter().map(|one| (one.text, one.class.unwrap())).collect();
            prop_assert_eq!(found, pairs);
        }
    }
}
