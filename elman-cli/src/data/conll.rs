//! CoNLL column files: a token and its label per line, a blank line after every sentence.
//!
//! Of several columns the first is the token and the last the label; `-DOCSTART-` lines separate
//! documents and are no tokens.

use std::io::BufRead;

use super::{Lines, Loader};
use crate::base::failure::Result;

/// A sentence; `labels` has one entry per token, or none at all where the file has no label column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    pub tokens: Vec<String>,
    pub labels: Vec<String>,
    /// Line of the first token; the others follow without a gap.
    pub first_line: usize,
}

/// What the last column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conll {
    /// Every line must have a label.
    Labelled,
    /// Only the first column matters.
    TokensOnly,
}

impl Loader for Conll {
    type Sequence = Sentence;

    fn next_sequence(&self, lines: &mut Lines<impl BufRead>) -> Result<Option<Sentence>> {
        let mut sentence = Sentence::default();
        loop {
            let number = lines.number() + 1;
            let Some(line) = lines.next_line()? else {
                return Ok(Some(sentence).filter(|sentence| !sentence.tokens.is_empty()));
            };
            if line.trim().is_empty() || line.starts_with("-DOCSTART-") {
                if sentence.tokens.is_empty() {
                    continue;
                }
                return Ok(Some(sentence));
            }
            if sentence.tokens.is_empty() {
                sentence.first_line = number;
            }
            let is_suspicious = *self == Self::TokensOnly && has_only_spaces(line);
            self.read_token(line, &mut sentence)
                .map_err(|what| lines.complain(what))?;
            if is_suspicious {
                lines.warn_once(
                    r"a line with spaces and no TAB is one token; is it a sentence? One token per line: tr ' ' '\n'",
                );
            }
        }
    }
}

impl Conll {
    fn read_token(self, line: &str, sentence: &mut Sentence) -> Result<(), &'static str> {
        let (token, label) = match (self, line.split_once('\t')) {
            (Self::TokensOnly, columns) => (columns.map_or(line, |(token, _)| token), None),
            (Self::Labelled, Some((token, rest))) => (token, rest.rsplit('\t').next()),
            (Self::Labelled, None) if has_only_spaces(line) => {
                return Err(
                    r"the line has no TAB between token and label; separated by spaces? tr ' ' '\t' < FILE",
                );
            }
            (Self::Labelled, None) => return Err("the line has no TAB between token and label"),
        };
        if token.trim().is_empty() {
            return Err("the token is empty");
        }
        sentence.tokens.push(token.to_owned());
        match label.map(str::trim) {
            Some("") => return Err("the label is empty"),
            Some(label) => sentence.labels.push(label.to_owned()),
            None => {}
        }
        Ok(())
    }
}

/// Whether spaces are all that parts the line.
fn has_only_spaces(line: &str) -> bool {
    !line.contains('\t') && line.trim().contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(loader: Conll, text: &str) -> Result<Vec<Sentence>> {
        let mut lines = Lines::new("f", text.as_bytes());
        std::iter::from_fn(|| loader.next_sequence(&mut lines).transpose()).collect()
    }

    fn sentence(tokens: &[&str], labels: &[&str], first_line: usize) -> Sentence {
        let own = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Sentence {
            tokens: own(tokens),
            labels: own(labels),
            first_line,
        }
    }

    #[test]
    fn sentences_end_at_blank_lines_document_marks_and_the_end() {
        let text =
            "-DOCSTART-\tO\n\n\nIda\tB\r\nB.\tI\r\n\r\n\nruns\tO\n-DOCSTART- -X- O\nfar\tx\ty\tO";
        let found = read(Conll::Labelled, text).unwrap();
        let expected = [
            sentence(&["Ida", "B."], &["B", "I"], 4),
            sentence(&["runs"], &["O"], 8),
            sentence(&["far"], &["O"], 10),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn labels_are_optional_when_only_tokens_matter() {
        let found = read(Conll::TokensOnly, "Ida\tB\nruns\n\n\n").unwrap();
        assert_eq!(found, [sentence(&["Ida", "runs"], &[], 1)]);
    }

    #[test]
    fn complaints_name_the_line() {
        let complaint = |text| read(Conll::Labelled, text).unwrap_err().to_string();
        assert_eq!(
            complaint("a\tO\n\nb\n"),
            "f:3: the line has no TAB between token and label"
        );
        assert!(complaint("a O\n").ends_with(r"separated by spaces? tr ' ' '\t' < FILE"));
        assert_eq!(complaint("\tO\n"), "f:1: the token is empty");
        assert_eq!(complaint("a\tO\nb\t\n"), "f:2: the label is empty");
    }

    #[test]
    fn an_empty_text_has_no_sentences() {
        assert!(read(Conll::Labelled, "\n\n").unwrap().is_empty());
    }
}
