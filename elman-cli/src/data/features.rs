//! What the net is told about a word: one id per channel.
//!
//! The word itself carries most of what is known about a word that training has seen; spelling –
//! shape, first and last letters – carries what can be known about one that it has not.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use elman_core::Channel;
use serde::{Deserialize, Serialize};

use crate::data::frequency::most_frequent_first;
use crate::data::{Hiding, nfc};

/// One view of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "letters", rename_all = "kebab-case")]
pub enum Feature {
    /// The word: case folded, digits mapped to 0.
    Word,
    /// Its pattern of capitals, small letters, digits and signs.
    Shape,
    /// Its first letters, case folded.
    Prefix(usize),
    /// Its last letters, case folded.
    Suffix(usize),
    /// A character, as it is.
    Character,
    /// A token of any kind, as it is: of nets that were trained elsewhere.
    Token,
}

/// A feature with the values that training met; every other value has the id 0, *unknown*.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredVocabulary", into = "StoredVocabulary")]
pub struct Vocabulary {
    feature: Feature,
    width: usize,
    entries: Vec<String>,
    ids: HashMap<String, u32>,
}

/// A vocabulary as the model file holds it: entry `i` has the id `i + 1`.
#[derive(Clone, Serialize, Deserialize)]
struct StoredVocabulary {
    #[serde(flatten)]
    feature: Feature,
    width: usize,
    entries: Vec<String>,
}

/// What is known about a token, by name: one table of embeddings.
#[derive(Debug, Serialize)]
pub struct NamedChannel {
    pub name: String,
    /// Numbers per id.
    pub width: usize,
    pub ids: usize,
}

impl From<&Vocabulary> for NamedChannel {
    fn from(vocabulary: &Vocabulary) -> Self {
        let channel = vocabulary.channel();
        Self {
            name: vocabulary.feature().to_string(),
            width: channel.width,
            ids: channel.vocabulary,
        }
    }
}

/// The id of whatever training has not met.
pub const UNKNOWN: u32 = 0;

/// A value met less often than this is as good as unknown.
const OFTEN_ENOUGH: usize = 2;

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word => f.write_str("word"),
            Self::Shape => f.write_str("shape"),
            Self::Prefix(letters) => write!(f, "prefix {letters}"),
            Self::Suffix(letters) => write!(f, "suffix {letters}"),
            Self::Character => f.write_str("character"),
            Self::Token => f.write_str("token"),
        }
    }
}

impl Feature {
    /// The feature's value for a word.
    fn of<'a>(self, word: &'a Folded<'_>) -> Cow<'a, str> {
        let folded = &*word.folded;
        match self {
            Self::Token => word.raw.into(),
            Self::Character => (*word.word).into(),
            Self::Word => folded.into(),
            Self::Shape => shape(&word.word).into(),
            Self::Prefix(letters) => {
                let end = folded.char_indices().nth(letters);
                folded[..end.map_or(folded.len(), |(end, _)| end)].into()
            }
            Self::Suffix(0) => "".into(),
            Self::Suffix(letters) => {
                let start = folded.char_indices().rev().nth(letters - 1);
                folded[start.map_or(0, |(start, _)| start)..].into()
            }
        }
    }
}

/// A word as it is, in Normalization Form C, and case folded with digits mapped to 0: `Apollo-11` and `APOLLO-13` are one word.
/// Most features begin with that, so it is done once for all of them.
pub struct Folded<'a> {
    raw: &'a str,
    word: Cow<'a, str>,
    folded: Cow<'a, str>,
}

impl<'a> Folded<'a> {
    /// Of a word.
    pub fn new(raw: &'a str) -> Self {
        let word = nfc(raw);
        let stays = |byte: u8| byte.is_ascii() && !matches!(byte, b'A'..=b'Z' | b'1'..=b'9');
        let folded = if raw.bytes().all(stays) {
            raw.into()
        } else {
            let letters = word.chars().flat_map(char::to_lowercase);
            let letters = letters.map(|c| if c.is_numeric() { '0' } else { c });
            letters.collect::<String>().into()
        };
        Self { raw, word, folded }
    }
}

/// How often each word occurs: features are found once for every word that is not like another.
pub fn count<'a>(words: impl IntoIterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    let mut counts = HashMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

/// `X` capital, `x` small or caseless letter, `d` digit, anything else itself; runs longer than two
/// shrink to two: `Aragon` is `Xxx`, `USA` is `XX`, `McDonald's` is `XxXxx'x`, `6:30` is `d:dd`.
fn shape(word: &str) -> String {
    let mut shape = String::new();
    let (mut last, mut run) = (None, 0);
    for c in word.chars() {
        let class = match c {
            c if c.is_uppercase() => 'X',
            c if c.is_alphabetic() => 'x',
            c if c.is_numeric() => 'd',
            c => c,
        };
        run = if last == Some(class) { run + 1 } else { 1 };
        last = Some(class);
        if run <= 2 {
            shape.push(class);
        }
    }
    shape
}

impl Vocabulary {
    /// What the ids stand for.
    pub const fn feature(&self) -> Feature {
        self.feature
    }

    /// Collects the values of a feature that are frequent enough to be learnt, the most frequent first.
    /// Also returns how often each id occurred.
    pub fn collect(
        feature: Feature,
        width: usize,
        words: &HashMap<&str, usize>,
    ) -> (Self, Vec<usize>) {
        let none = StoredVocabulary {
            feature,
            width,
            entries: Vec::new(),
        };
        Self::from(none).extended(words)
    }

    /// The same behind the values that have ids already, however rare these are among the words.
    pub fn extended(&self, words: &HashMap<&str, usize>) -> (Self, Vec<usize>) {
        let mut counts: HashMap<String, usize> = HashMap::new();
        let feature = self.feature;
        for (word, &count) in words {
            let word = Folded::new(word);
            let value = feature.of(&word);
            match counts.get_mut(&*value) {
                Some(known) => *known += count,
                None => drop(counts.insert(value.into_owned(), count)),
            }
        }
        let known = self.entries.iter();
        let of_known: Vec<usize> = known
            .map(|value| counts.remove(value).unwrap_or(0))
            .collect();
        let rare = counts.values().filter(|&&count| count < OFTEN_ENOUGH).sum();
        let new = counts.into_iter();
        let new = most_frequent_first(new.filter(|&(_, count)| count >= OFTEN_ENOUGH));
        let counts = std::iter::once(rare)
            .chain(of_known)
            .chain(new.iter().map(|&(_, count)| count))
            .collect();
        let new = new.into_iter().map(|(value, _)| value);
        let vocabulary = StoredVocabulary {
            feature,
            width: self.width,
            entries: self.entries.iter().cloned().chain(new).collect(),
        };
        (vocabulary.into(), counts)
    }

    /// Tokens that a net was trained on elsewhere: entry `i` has the id `i + 1`.
    pub fn given(width: usize, entries: Vec<String>) -> Self {
        StoredVocabulary {
            feature: Feature::Token,
            width,
            entries,
        }
        .into()
    }

    /// The id of a word.
    pub fn id(&self, word: &Folded<'_>) -> u32 {
        let id = self.ids.get(&*self.feature.of(word));
        id.copied().unwrap_or(UNKNOWN)
    }

    /// The values that have ids, from id 1 on.
    pub fn entries(&self) -> &[String] {
        &self.entries
    }

    /// How a firmware finds the value of a token.
    pub fn recipe(&self) -> String {
        const FOLD: &str = "the word in Normalization Form C and small letters, every digit 0";
        match self.feature {
            Feature::Word => FOLD.to_owned(),
            Feature::Shape => "its shape: X for a capital, x for another letter, d for a digit, other signs as they are, \
                               runs cut to two"
                .to_owned(),
            Feature::Prefix(letters) => format!("the first {letters} characters of {FOLD}"),
            Feature::Suffix(letters) => format!("the last {letters} characters of {FOLD}"),
            Feature::Character => "the character itself, UTF-8 in Normalization Form C".to_owned(),
            Feature::Token => "the token itself, UTF-8".to_owned(),
        }
    }

    /// Its embedding table.
    pub const fn channel(&self) -> Channel {
        Channel {
            vocabulary: self.entries.len() + 1,
            width: self.width,
        }
    }
}

impl From<StoredVocabulary> for Vocabulary {
    fn from(
        StoredVocabulary {
            feature,
            width,
            entries,
        }: StoredVocabulary,
    ) -> Self {
        let ids = (UNKNOWN + 1..)
            .zip(&entries)
            .map(|(id, value)| (value.clone(), id))
            .collect();
        Self {
            feature,
            width,
            entries,
            ids,
        }
    }
}

impl From<Vocabulary> for StoredVocabulary {
    fn from(
        Vocabulary {
            feature,
            width,
            entries,
            ..
        }: Vocabulary,
    ) -> Self {
        Self {
            feature,
            width,
            entries,
        }
    }
}

/// Hides an id that occurs `count` times with probability `strength / (strength + count)`: the rarer a
/// word, the more it resembles the unknown words to come (Kiperwasser and Goldberg 2016).
pub fn hiding(channel: usize, counts: &[usize], strength: f32) -> Hiding {
    let rates = counts
        .iter()
        .map(|&count| strength / (strength + count as f32))
        .collect();
    Hiding {
        channel,
        replacement: UNKNOWN,
        rates,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_of_words() {
        let of = |feature: Feature, word| feature.of(&Folded::new(word)).into_owned();
        assert_eq!(of(Feature::Word, "Apollo-11"), "apollo-00");
        assert_eq!(of(Feature::Word, "x-0"), "x-0");
        assert_eq!(of(Feature::Prefix(3), "Übergang"), "übe");
        assert_eq!(of(Feature::Prefix(3), "Of"), "of");
        assert_eq!(of(Feature::Word, "E\u{301}te\u{301}"), "été");
        assert_eq!(of(Feature::Shape, "E\u{301}te\u{301}"), "Xxx");
        assert_eq!(of(Feature::Token, "e\u{301}"), "e\u{301}");
        assert_eq!(of(Feature::Suffix(3), "naïve"), "ïve");
        assert_eq!(of(Feature::Suffix(3), "is"), "is");
        let shapes = [
            ("Aragon", "Xxx"),
            ("A", "X"),
            ("USA", "XX"),
            ("McDonald's", "XxXxx'x"),
            ("6:30", "d:dd"),
            ("...", ".."),
        ];
        for (word, expected) in shapes {
            assert_eq!(of(Feature::Shape, word), expected, "{word}");
        }
    }

    #[test]
    fn rare_values_are_unknown_and_the_order_is_fixed() {
        let words = ["b", "a", "rare", "c", "B", "a", "c", "c"];
        let (vocabulary, counts) = Vocabulary::collect(Feature::Word, 4, &count(words));
        assert_eq!(vocabulary.entries, ["c", "a", "b"]);
        assert_eq!(counts, [1, 3, 2, 2]);
        assert_eq!(
            ["C", "b", "rare", "new"].map(|word| vocabulary.id(&Folded::new(word))),
            [1, 3, 0, 0]
        );
        assert_eq!(
            vocabulary.channel(),
            Channel {
                vocabulary: 4,
                width: 4
            }
        );
    }

    #[test]
    fn a_vocabulary_grows_behind_what_it_has() {
        let (known, _) = Vocabulary::collect(Feature::Word, 4, &count(["b", "b", "a", "a", "a"]));
        let (grown, counts) = known.extended(&count(["c", "c", "b", "rare", "0", "0", "0"]));
        assert_eq!(grown.entries, ["a", "b", "0", "c"]);
        assert_eq!(counts, [1, 0, 1, 3, 2]);
        assert_eq!(grown.id(&Folded::new("a")), known.id(&Folded::new("a")));
    }

    #[test]
    fn a_stored_vocabulary_comes_back() {
        let (vocabulary, _) = Vocabulary::collect(Feature::Suffix(2), 8, &count(["in", "in"]));
        let json = serde_json::to_string(&vocabulary).unwrap();
        assert_eq!(
            json,
            r#"{"kind":"suffix","letters":2,"width":8,"entries":["in"]}"#
        );
        assert_eq!(
            serde_json::from_str::<Vocabulary>(&json).unwrap(),
            vocabulary
        );
        let (words, _) = Vocabulary::collect(Feature::Word, 8, &count(["in", "in"]));
        let json = serde_json::to_string(&words).unwrap();
        assert_eq!(serde_json::from_str::<Vocabulary>(&json).unwrap(), words);
    }

    #[test]
    fn rare_words_are_hidden_more_often() {
        let hiding = hiding(0, &[5, 1, 9], 1.0);
        assert_eq!(hiding.rates, [1.0 / 6.0, 0.5, 0.1]);
    }
}
