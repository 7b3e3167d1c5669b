//! What a text is made of: characters or words, each with an id.

use std::collections::HashMap;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::base::failure::Result;
use crate::data::frequency::most_frequent_first;

/// What a step of a text is.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Every character (Unicode scalar value), line ends included
    Chars,
    /// Every word and every line end; blanks part words
    Words,
}

/// The id of every token that training has not met.
pub const UNKNOWN: u32 = 0;

/// The id of the line end. Every text is read as if one came before it.
pub const LINE_END: u32 = 1;

/// A word that is met less often is as good as unknown: so the unknown word is trained as well.
const OFTEN_ENOUGH: usize = 2;

/// The tokens that training met; the id of entry `i` is `i + 1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Lexicon {
    unit: Unit,
    entries: Vec<String>,
    ids: HashMap<String, u32>,
}

/// A lexicon as the model file holds it.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    unit: Unit,
    entries: Vec<String>,
}

impl TryFrom<Stored> for Lexicon {
    type Error = String;

    fn try_from(Stored { unit, entries }: Stored) -> Result<Self, String> {
        if entries.first().map(String::as_str) != Some("\n") {
            return Err("the first token must be the line end".to_owned());
        }
        Ok(Self::of(unit, entries))
    }
}

impl From<Lexicon> for Stored {
    fn from(Lexicon { unit, entries, .. }: Lexicon) -> Self {
        Self { unit, entries }
    }
}

impl Unit {
    /// What one of it is called.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Chars => "character",
            Self::Words => "word",
        }
    }

    /// As it is typed.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Chars => "chars",
            Self::Words => "words",
        }
    }

    /// Calls `f` for every token of a text.
    pub fn cut<'a>(self, text: &'a str, mut f: impl FnMut(&'a str)) {
        match self {
            Self::Chars => {
                (text.char_indices()).for_each(|(at, c)| f(&text[at..at + c.len_utf8()]))
            }
            Self::Words => {
                for line in text.split_inclusive('\n') {
                    line.split_whitespace().for_each(&mut f);
                    if line.ends_with('\n') {
                        f("\n");
                    }
                }
            }
        }
    }
}

impl Lexicon {
    /// Of a text: all its characters, or all words that occur at least twice; those after the line end in an order
    /// that does not depend on the text's own. Also returns how often each id occurred.
    pub fn collect(unit: Unit, text: &str) -> (Self, Vec<usize>) {
        Self::of(unit, vec!["\n".to_owned()]).extended(text)
    }

    /// The same behind the tokens that have ids already, however rare these are in the text.
    pub fn extended(&self, text: &str) -> (Self, Vec<usize>) {
        let unit = self.unit;
        let mut counts: HashMap<&str, usize> = HashMap::new();
        unit.cut(text, |token| *counts.entry(token).or_default() += 1);
        let known = self.entries.iter();
        let of_known: Vec<usize> = known
            .map(|token| counts.remove(token.as_str()).unwrap_or(0))
            .collect();
        let enough = match unit {
            Unit::Chars => 1,
            Unit::Words => OFTEN_ENOUGH,
        };
        let rare = counts.values().filter(|&&count| count < enough).sum();
        let new = counts.into_iter();
        let new = most_frequent_first(new.filter(|&(_, count)| count >= enough));
        let tokens = new.iter().map(|&(token, _)| token.to_owned());
        let entries = self.entries.iter().cloned().chain(tokens).collect();
        let counts = std::iter::once(rare)
            .chain(of_known)
            .chain(new.iter().map(|&(_, count)| count));
        let counts = counts.collect();
        (Self::of(unit, entries), counts)
    }

    /// With these entries, of which the first is the line end.
    fn of(unit: Unit, entries: Vec<String>) -> Self {
        let ids = (LINE_END..).zip(&entries);
        let ids = ids.map(|(id, token)| (token.clone(), id)).collect();
        Self { unit, entries, ids }
    }

    /// What a token is.
    pub const fn unit(&self) -> Unit {
        self.unit
    }

    /// How many ids there are.
    pub const fn len(&self) -> usize {
        self.entries.len() + 1
    }

    /// The ids of a text.
    pub fn ids(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        self.unit.cut(text, |token| ids.push(self.id(token)));
        ids
    }

    /// The id of a token.
    pub fn id(&self, token: &str) -> u32 {
        self.ids.get(token).copied().unwrap_or(UNKNOWN)
    }

    /// The token with this id; U+FFFD or `<unk>` stands for those that are unknown.
    pub fn token(&self, id: u32) -> &str {
        let unknown = match self.unit {
            Unit::Chars => "\u{fffd}",
            Unit::Words => "<unk>",
        };
        let index = (id as usize).checked_sub(LINE_END as usize);
        let entry = index.and_then(|index| self.entries.get(index));
        entry.map_or(unknown, String::as_str)
    }

    /// The tokens in the order of their ids, on one line each.
    pub fn names(&self) -> Vec<String> {
        let names = (0..self.len() as u32).map(|id| match self.token(id) {
            "\n" => "\\n".to_owned(),
            "\t" => "\\t".to_owned(),
            " " => "blank".to_owned(),
            token => token.to_owned(),
        });
        names.collect()
    }

    /// What stands between a token and the one before it.
    pub fn gap(&self, before: u32, id: u32) -> &'static str {
        match self.unit {
            Unit::Words if before != LINE_END && id != LINE_END => " ",
            _ => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_unicode_scalar_values() {
        let (lexicon, counts) = Lexicon::collect(Unit::Chars, "naïve é\u{301}\nnaïve 🦀\n");
        let ids = lexicon.ids("ï🦀\nΩ");
        assert_eq!(ids[2..], [LINE_END, UNKNOWN]);
        let spelled: String = ids.iter().map(|&id| lexicon.token(id)).collect();
        assert_eq!(spelled, "ï🦀\n\u{fffd}");
        assert_eq!((counts[0], counts[1], counts.len()), (0, 2, lexicon.len()));
    }

    #[test]
    fn words_are_parted_by_blanks_and_rare_ones_are_unknown() {
        let text = "the dog  sees the cat\n\nthe\tcat sleeps";
        let (lexicon, counts) = Lexicon::collect(Unit::Words, text);
        assert_eq!(lexicon.names(), ["<unk>", "\\n", "the", "cat"]);
        assert_eq!(counts, [3, 2, 3, 2]);
        assert_eq!(lexicon.ids("the dog\ncat\n"), [2, 0, 1, 3, 1]);
        assert_eq!(
            [lexicon.gap(1, 2), lexicon.gap(2, 3), lexicon.gap(3, 1)],
            ["", " ", ""]
        );
    }

    #[test]
    fn a_lexicon_grows_behind_what_it_has() {
        let (known, _) = Lexicon::collect(Unit::Chars, "aab\n");
        let (grown, counts) = known.extended("bccd");
        assert_eq!(grown.names(), ["\u{fffd}", "\\n", "a", "b", "c", "d"]);
        assert_eq!(counts, [0, 0, 0, 1, 2, 1]);
    }

    #[test]
    fn a_lexicon_comes_back_from_its_file() {
        let (lexicon, _) = Lexicon::collect(Unit::Chars, "b\na\"");
        let json = serde_json::to_string(&lexicon).unwrap();
        assert_eq!(serde_json::from_str::<Lexicon>(&json).unwrap(), lexicon);
        let broken = r#"{"unit":"chars","entries":["a"]}"#;
        assert!(serde_json::from_str::<Lexicon>(broken).is_err());
    }
}
