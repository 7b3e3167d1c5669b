//! Ready vectors of words, in the text form of GloVe and fastText: a word and its numbers on a line, parted by spaces; before the
//! first one perhaps a line with how many words and numbers there are.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::base::failure::{Failure, Result};
use crate::base::tell::tell;
use crate::data::features::{Folded, UNKNOWN, Vocabulary};
use crate::data::open::{Bytes, open};

/// What may be typed about them.
#[derive(Args, Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct VectorArgs {
    /// Ready vectors of words to start from, in the text form of GloVe or fastText (.txt, .vec, .gz); words that are not in the
    /// file start at random. They set --embedding
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vectors: Option<PathBuf>,
    /// Leave ready vectors as they are, instead of training them on
    #[arg(long, value_name = "YES", num_args = 0..=1, default_missing_value = "true", requires = "vectors")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze_vectors: Option<bool>,
}

/// A file of vectors, before its first word.
pub struct VectorFile {
    path: PathBuf,
    bytes: Bytes,
    /// Numbers per word.
    pub width: usize,
    line: String,
    number: usize,
}

/// Ready vectors of the words that a net knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Vectors {
    /// Ids of the words, and the numbers of each.
    pub rows: Vec<(u32, Vec<f32>)>,
    /// Whether training leaves them as they are.
    pub are_frozen: bool,
}

impl VectorFile {
    /// Finds out how wide the vectors are.
    ///
    /// # Errors
    /// A missing file, or one of another kind.
    pub fn open(path: &Path) -> Result<Self> {
        let mut file = Self {
            path: path.to_owned(),
            bytes: open(path)?,
            width: 0,
            line: String::new(),
            number: 0,
        };
        if !file.next_line()? {
            return Err(Failure::input(
                "the file is empty, and should hold a word and its numbers on a line",
            )
            .in_file(path));
        }
        let counts: Vec<&str> = file.line.split_ascii_whitespace().collect();
        if let [words, width] = counts[..]
            && let (Ok(_), Ok(width)) = (words.parse::<usize>(), width.parse())
        {
            file.width = width;
            file.next_line()?;
        } else {
            file.width = counts.len() - 1;
        }
        match file.width {
            0 => Err(file.complain("a word without numbers; vectors are a word and its numbers on a line, parted by spaces")),
            _ => Ok(file),
        }
    }

    /// Whether the width suits what somebody asked for, if he did.
    ///
    /// # Errors
    /// It does not.
    pub fn check_width(&self, asked: Option<usize>) -> Result<()> {
        match asked {
            Some(asked) if asked != self.width => {
                let width = self.width;
                let sentence = format!(
                    "the vectors have {width} numbers each, and --embedding is {asked}: leave it out"
                );
                Err(Failure::input(sentence).in_file(&self.path))
            }
            _ => Ok(()),
        }
    }

    /// The vectors of the words of a vocabulary. A word that stands there as it is wins over others that are like it but for
    /// capitals and digits, of which the first counts.
    ///
    /// # Errors
    /// A line of another width, a vector that is not made of finite numbers, or no known word at all.
    pub fn find(mut self, vocabulary: &Vocabulary, are_frozen: bool) -> Result<Vectors> {
        let known = vocabulary.entries().len();
        // Of each known word its vector, and whether it was spelled like this.
        let mut found: Vec<Option<(Vec<f32>, bool)>> = vec![None; known];
        loop {
            if !self.line.trim().is_empty() {
                let (word, numbers) = self.fields()?;
                let id = vocabulary.id(&Folded::new(&word));
                if id != UNKNOWN {
                    let place = id as usize - 1;
                    let is_same = vocabulary.entries()[place] == word;
                    let is_better = |(_, was_same): &(Vec<f32>, bool)| is_same && !was_same;
                    if found[place].as_ref().is_none_or(is_better) {
                        found[place] = Some((self.numbers(numbers)?, is_same));
                    }
                }
            }
            if !self.next_line()? {
                break;
            }
        }
        let rows = found.into_iter().zip(1..);
        let rows: Vec<(u32, Vec<f32>)> = rows
            .filter_map(|(found, id)| Some((id, found?.0)))
            .collect();
        let path = self.path.display();
        if rows.is_empty() {
            let sentence = "none of the words that training knows has a vector here; is it a file of another language, or of something else?";
            return Err(Failure::input(sentence).in_file(&self.path));
        }
        tell!(
            "elman: {path}: note: vectors of {} of the {known} words that training knows; the others start at random",
            rows.len()
        );
        Ok(Vectors { rows, are_frozen })
    }

    /// The next line; false at the end.
    fn next_line(&mut self) -> Result<bool> {
        let mut line = std::mem::take(&mut self.line).into_bytes();
        line.clear();
        let read = self.bytes.read_until(b'\n', &mut line);
        let read = read.map_err(|error| Failure::read(&self.path, &error))?;
        self.number += 1;
        // A word that is no UTF-8 is none of ours.
        self.line = String::from_utf8_lossy(&line).into_owned();
        Ok(read > 0)
    }

    /// The word of the line, which may hold spaces itself, and where its numbers begin.
    fn fields(&self) -> Result<(String, usize)> {
        let line = self.line.trim_end();
        let mut gaps = line.rmatch_indices([' ', '\t']);
        let Some((gap, _)) = gaps.nth(self.width - 1).filter(|&(gap, _)| gap > 0) else {
            let found = line.split_ascii_whitespace().count().saturating_sub(1);
            return Err(self.complain(&format!(
                "{found} numbers behind the word, and the first word has {}",
                self.width
            )));
        };
        Ok((line[..gap].to_owned(), gap))
    }

    fn numbers(&self, from: usize) -> Result<Vec<f32>> {
        let fields = self.line[from..].split_ascii_whitespace();
        let number = |field: &str| match field.parse::<f32>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(self.complain(&format!("{field:?} is no number of a vector"))),
        };
        fields.map(number).collect()
    }

    fn complain(&self, what: &str) -> Failure {
        Failure::input(format!("{}:{}: {what}", self.path.display(), self.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::features::{Feature, count};

    fn load(text: &str) -> Result<Vectors> {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("v.txt");
        std::fs::write(&path, text).unwrap();
        let words = [
            "the", "the", "Ada", "Ada", "1843", "1843", "New York", "New York", "rare",
        ];
        let vocabulary = Vocabulary::collect(Feature::Word, 2, &count(words)).0;
        let found = VectorFile::open(&path)?.find(&vocabulary, false)?;
        let named =
            |(id, row): (u32, Vec<f32>)| (vocabulary.entries()[id as usize - 1].clone(), row);
        let mut named: Vec<_> = found.rows.into_iter().map(named).collect();
        named.sort_by(|a, b| a.0.cmp(&b.0));
        let rows = named
            .iter()
            .zip(0..)
            .map(|((word, row), i)| (i + 1000 * word.len() as u32, row.clone()));
        Ok(Vectors {
            rows: rows.collect(),
            are_frozen: false,
        })
    }

    #[test]
    fn words_are_found_as_they_are_or_folded() {
        let expected = vec![
            (4000, vec![5.0, 6.0]),
            (3001, vec![3.0, 4.0]),
            (8002, vec![-1.0, 1e-3]),
            (3003, vec![9.0, 8.0]),
        ];
        let body = "The 7 7\nADA 3 4\nthe 9 8 \n1066 5 6\nnew york -1 1e-3\nunseen x y\n";
        for text in [body.to_owned(), format!("6 2\n{body}")] {
            assert_eq!(load(&text).unwrap().rows, expected);
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let complaint = |text: &str| load(text).unwrap_err().to_string();
        assert!(complaint("the 1 2\nada 1\n").contains("v.txt:2: 1 numbers behind the word"));
        assert!(complaint("2 2\nthe 1 nan\n").contains("v.txt:2: \"nan\" is no number"));
        assert!(complaint("the\n").contains("v.txt:1: a word without numbers"));
        assert!(complaint("").contains("the file is empty"));
        assert!(complaint("le 1 2\n").contains("none of the words"));
    }
}
