//! Running text as sentences of tokens, cut the way CoNLL data are: marks stand alone, and so do the endings of English (`'s`, `n't`).
//!
//! A sentence ends at `.`, `!`, `?` or `…` before what can begin a new one, and at an empty line; `Mr.`, `Dr.`, `e.g.` and
//! initials keep their point and end none.

use std::io::BufRead;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::base::failure::{Failure, Result};
use crate::data::open::{Bytes, open};

/// A sentence, and where its tokens lie in the whole text, in characters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunningSentence {
    pub tokens: Vec<String>,
    pub places: Vec<Range<usize>>,
    /// From the first token to the last, as it was written.
    pub text: String,
}

/// Words that are written with a point, in small letters.
const POINTED: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "gen", "col", "sgt", "capt", "lt", "rev",
    "hon", "gov", "sen", "rep", "vs", "etc", "e.g", "i.e", "cf", "no", "vol", "fig", "al", "inc",
    "corp", "co", "ltd", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct",
    "nov", "dec", "bzw", "nr", "z.b", "d.h", "u.a",
];

/// Of these, those that hardly ever end a sentence, because a name or a number follows.
const LEADING: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "gen", "col", "sgt", "capt", "lt", "rev", "hon", "gov",
    "sen", "rep", "vs", "e.g", "i.e", "cf", "no", "vol", "fig", "nr", "z.b", "d.h",
];

/// Endings of English words that are tokens of their own, in small letters.
const ENDINGS: &[&str] = &[
    "n't", "'s", "'re", "'ve", "'ll", "'d", "'m", "n’t", "’s", "’re", "’ve", "’ll", "’d", "’m",
];

/// More bytes than this are no sentence.
const LONGEST: usize = 1 << 16;

/// A text that is cut as it comes.
pub struct RunningText {
    path: PathBuf,
    bytes: Bytes,
    /// What has not been cut yet, and where in the text it begins.
    rest: String,
    start: usize,
    has_ended: bool,
}

impl RunningText {
    /// Opens a file, `-` for standard input.
    ///
    /// # Errors
    /// The file does not exist or cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            bytes: open(path)?,
            rest: String::new(),
            start: 0,
            has_ended: false,
        })
    }

    /// At least one sentence, as soon as it is known where it ends, and at most about `count`; none at the end of the text.
    ///
    /// # Errors
    /// Reading fails, or the text is not UTF-8.
    pub fn next(&mut self, count: usize) -> Result<Vec<RunningSentence>> {
        let mut found = Vec::new();
        while found.is_empty() && !(self.has_ended && self.rest.is_empty()) {
            let mut lines = 0;
            while lines < count && self.read_line()? {
                lines += 1;
            }
            self.cut(&mut found);
        }
        Ok(found)
    }

    fn read_line(&mut self) -> Result<bool> {
        let mut line = Vec::new();
        let read = self.bytes.read_until(b'\n', &mut line);
        self.has_ended = read.map_err(|error| Failure::read(&self.path, &error))? == 0;
        let line = String::from_utf8(line)
            .map_err(|_| Failure::input("the text is not UTF-8").in_file(&self.path))?;
        self.rest += &line;
        Ok(!self.has_ended)
    }

    /// Where the first sentence ends, as far as that is known; what goes on for too long is cut at a gap.
    fn first_end(&self) -> Option<usize> {
        sentence_end(&self.rest, self.has_ended).or_else(|| {
            let is_long = self.rest.len() > LONGEST;
            let gap = self.rest.rfind(char::is_whitespace).filter(|_| is_long)?;
            Some(gap + self.rest[gap..].chars().next()?.len_utf8())
        })
    }

    /// Takes off the rest what are whole sentences.
    fn cut(&mut self, found: &mut Vec<RunningSentence>) {
        while let Some(end) = self.first_end() {
            let text: String = self.rest.drain(..end).collect();
            let sentence = tokenize(&text, self.start);
            self.start += text.chars().count();
            if !sentence.tokens.is_empty() {
                found.push(sentence);
            }
        }
    }
}

/// Where the first sentence of a text ends, in bytes; `None` while that is not known or nothing is left.
fn sentence_end(text: &str, is_all: bool) -> Option<usize> {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\n' && is_blank_line(&text[at + 1..]) {
            return Some(at + 1);
        }
        if !matches!(c, '.' | '!' | '?' | '…') {
            continue;
        }
        while chars
            .next_if(|&(_, c)| is_closing(c) || matches!(c, '.' | '!' | '?' | '…'))
            .is_some()
        {}
        let end = chars.peek().map_or(text.len(), |&(end, _)| end);
        let behind = &text[end..];
        let Some(next) = behind.trim_start().chars().next() else {
            continue;
        };
        let is_gap = behind.starts_with(char::is_whitespace);
        let begins = next.is_uppercase()
            || next.is_numeric()
            || !next.is_alphanumeric() && !matches!(next, ',' | ';' | ':' | '-' | '–');
        let is_point = c == '.' && text[at..end] == *".";
        if is_gap && begins && !(is_point && leads_on(&text[..at])) {
            return Some(end);
        }
    }
    (is_all && !text.is_empty()).then_some(text.len())
}

/// Whether the next line is there and holds nothing.
fn is_blank_line(text: &str) -> bool {
    text.find('\n')
        .is_some_and(|end| text[..end].trim().is_empty())
}

/// Whether the word before a point is one behind which a sentence goes on.
fn leads_on(before: &str) -> bool {
    let word = last_word(before);
    let mut letters = word.chars();
    let is_initial = letters.next().is_some_and(char::is_uppercase) && letters.next().is_none();
    is_initial || LEADING.contains(&word.to_lowercase().as_str())
}

/// The letters and points at the end.
fn last_word(text: &str) -> &str {
    let start = text.rfind(|c: char| !c.is_alphanumeric() && c != '.');
    let start = start.map_or(0, |at| {
        at + text[at..].chars().next().map_or(1, char::len_utf8)
    });
    &text[start..]
}

const fn is_closing(c: char) -> bool {
    matches!(c, '"' | '\'' | ')' | ']' | '}' | '”' | '’' | '»')
}

/// The tokens of one sentence that begins at a character of the whole text.
fn tokenize(text: &str, start: usize) -> RunningSentence {
    let mut bounds: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let chunk = word.trim_end_matches(char::is_whitespace);
        let is_last = text[at + chunk.len()..].trim().is_empty();
        cut_word(chunk, at, is_last, &mut bounds);
        at += word.len();
    }
    let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else {
        return RunningSentence::default();
    };
    let whole = text[first.start..last.end].to_owned();
    let (mut bytes, mut chars) = (0, start);
    let mut place = |to: usize| {
        chars += text[bytes..to].chars().count();
        bytes = to;
        chars
    };
    let places = bounds
        .iter()
        .map(|token| place(token.start)..place(token.end))
        .collect();
    RunningSentence {
        tokens: bounds
            .iter()
            .map(|token| text[token.clone()].to_owned())
            .collect(),
        places,
        text: whole,
    }
}

/// Cuts what stands between two gaps: marks at both ends, then an ending. Inner marks stay: `3.14`, `e-mail`, `U.S.`.
fn cut_word(chunk: &str, at: usize, is_last: bool, bounds: &mut Vec<Range<usize>>) {
    let (mut start, mut end) = (0, chunk.len());
    while let Some(c) = chunk[start..end].chars().next() {
        let is_sign = matches!(c, '-' | '+' | '#' | '@' | '.') && end - start > 1;
        let goes_on = chunk[start + c.len_utf8()..end].starts_with(char::is_alphanumeric);
        if c.is_alphanumeric() || is_sign && goes_on {
            break;
        }
        let len = run(&chunk[start..end], c);
        bounds.push(at + start..at + start + len);
        start += len;
    }
    let mut behind = Vec::new();
    while let Some(c) = chunk[start..end].chars().next_back() {
        let word = &chunk[start..end - c.len_utf8()];
        if c.is_alphanumeric()
            || c == '%' && word.is_empty()
            || c == '.' && keeps_point(word, is_last)
        {
            break;
        }
        let len = run_back(&chunk[start..end], c);
        behind.push(at + end - len..at + end);
        end -= len;
    }
    if start < end {
        let word = &chunk[start..end];
        let small = word.to_lowercase();
        let is_one = |ending: &&&str| {
            small.len() == word.len() && small.ends_with(**ending) && small.len() > ending.len()
        };
        match ENDINGS.iter().find(is_one) {
            Some(ending) => {
                let cut = end - ending.len();
                bounds.extend([at + start..at + cut, at + cut..at + end]);
            }
            None => bounds.push(at + start..at + end),
        }
    }
    behind.reverse();
    bounds.extend(behind);
}

/// Bytes of points in a row, or of one mark.
fn run(text: &str, c: char) -> usize {
    match c {
        '.' | '-' => text.len() - text.trim_start_matches(c).len(),
        _ => c.len_utf8(),
    }
}

fn run_back(text: &str, c: char) -> usize {
    match c {
        '.' | '-' => text.len() - text.trim_end_matches(c).len(),
        _ => c.len_utf8(),
    }
}

/// Whether the point behind a word is part of it: of abbreviations, unless they end the sentence and hold no other point.
fn keeps_point(word: &str, is_last: bool) -> bool {
    let small = word.to_lowercase();
    let mut letters = word.chars();
    let is_initial = letters.next().is_some_and(char::is_uppercase) && letters.next().is_none();
    let is_pointed = word.contains('.') && word.split('.').all(|part| part.chars().count() == 1);
    is_pointed
        || is_initial && !is_last
        || POINTED.contains(&small.as_str()) && (!is_last || LEADING.contains(&small.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn sentences(text: &str, count: usize) -> Vec<RunningSentence> {
        let mut running = RunningText {
            path: PathBuf::from("t"),
            bytes: Box::new(Cursor::new(text.to_owned().into_bytes())),
            rest: String::new(),
            start: 0,
            has_ended: false,
        };
        let mut all = Vec::new();
        loop {
            let found = running.next(count).unwrap();
            if found.is_empty() {
                return all;
            }
            all.extend(found);
        }
    }

    fn tokens(text: &str) -> Vec<String> {
        sentences(text, 10)
            .iter()
            .map(|sentence| sentence.tokens.join(" "))
            .collect()
    }

    #[test]
    fn marks_stand_alone() {
        let cases = [
            (
                "Yesterday Ada Lovelace wrote to Mr. Babbage.",
                "Yesterday Ada Lovelace wrote to Mr. Babbage .",
            ),
            (
                "He said: \"I don't know, it's 3.14 (or so)...\"",
                "He said : \" I do n't know , it 's 3.14 ( or so ) ... \"",
            ),
            (
                "The U.S. e-mail of J. Smith-Jones costs $5, 20% off!",
                "The U.S. e-mail of J. Smith-Jones costs $ 5 , 20 % off !",
            ),
            (
                "We’ll go -- perhaps - at 6:30?!",
                "We ’ll go -- perhaps - at 6:30 ? !",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(tokens(text), [expected]);
        }
    }

    #[test]
    fn sentences_end_where_one_can_begin() {
        let text = "Dr. Bell left. He met J. Cray at 5 p.m. on May 3. \"Really?\" she asked. No way!\n\nA heading\n\nIt goes\non here. end";
        assert_eq!(
            tokens(text),
            [
                "Dr. Bell left .",
                "He met J. Cray at 5 p.m. on May 3 .",
                "\" Really ? \" she asked .",
                "No way !",
                "A heading",
                "It goes on here . end",
            ]
        );
    }

    #[test]
    fn places_are_those_of_the_text() {
        let text = "Ünï went  home.\nDéjà vu, again. ";
        let all: Vec<char> = text.chars().collect();
        for count in [1, 10] {
            let found = sentences(text, count);
            assert_eq!(found.len(), 2);
            for sentence in found {
                for (token, place) in sentence.tokens.iter().zip(&sentence.places) {
                    assert_eq!(*token, all[place.clone()].iter().collect::<String>());
                }
            }
        }
        assert!(sentences(" \n\n  \n", 1).is_empty());
        let endless = "word ".repeat(LONGEST / 2);
        let found = sentences(&endless, 10);
        let counts: Vec<usize> = found.iter().map(|sentence| sentence.tokens.len()).collect();
        assert_eq!(counts.iter().sum::<usize>(), LONGEST / 2);
    }
}
