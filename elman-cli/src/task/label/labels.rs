//! The label set, and the best sequence of labels that obeys the scheme.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::counts::LabelCounts;
use crate::base::failure::{Failure, Result};
use crate::data::conll::Sentence;
use crate::data::spans::Tag;
use crate::data::spelling::Spelling;
use crate::data::whole_name;

/// Whoever has more has a column of numbers or names and not of labels, and a head that is all of the net.
const MOST: usize = 10_000;

/// The labels of a model, in the order of the head's outputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredLabels", into = "StoredLabels")]
pub struct Labels {
    names: Vec<String>,
    scheme: Scheme,
    /// Numbers of the names, in alphabetical order.
    sorted: Vec<u32>,
    /// Numbers of the names that are whole numbers, without a point.
    whole: BTreeMap<String, u32>,
    /// How the names mark spans.
    spelling: Spelling,
    /// For `I-x` under [`Scheme::Iob2`]: the numbers of `B-x` (if there is one) and of `I-x` itself; under
    /// [`Scheme::Iobes`] also for what ends a span.
    before: Vec<Option<[usize; 2]>>,
}

#[derive(Clone, Serialize, Deserialize)]
struct StoredLabels {
    names: Vec<String>,
    scheme: Scheme,
}

/// What the labels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// One label per token, without spans (parts of speech, say).
    Plain,
    /// Spans; an `I` may stand anywhere.
    Iob,
    /// Spans that all start with `B`: `I-x` only follows `B-x` or `I-x`.
    Iob2,
    /// Spans whose last token is marked: none is left open.
    Iobes,
}

impl Labels {
    /// The labels of the training data, in alphabetical order.
    pub fn collect(sentences: &[Sentence]) -> Self {
        let numbered = Numbered::of(sentences);
        StoredLabels {
            names: different(numbered.names.iter().copied()),
            scheme: Scheme::of(sentences, &numbered),
        }
        .into()
    }

    /// Labels that are no spans, in alphabetical order.
    pub fn plain<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        StoredLabels {
            names: different(names.into_iter()),
            scheme: Scheme::Plain,
        }
        .into()
    }

    /// The labels of a net that was trained elsewhere, in the order of its outputs; spans if all of them can be marks of
    /// spans.
    pub fn given(names: Vec<String>) -> Self {
        let scheme = match Spelling::of(names.iter().map(String::as_str)) {
            Some(spelling) if spelling.has_ends() => Scheme::Iobes,
            Some(_) => Scheme::Iob2,
            None => Scheme::Plain,
        };
        StoredLabels { names, scheme }.into()
    }

    /// The labels of a net, and behind them those of other data that it does not know.
    ///
    /// # Errors
    /// The two mark spans in different ways.
    pub fn extended(&self, others: &Self) -> Result<Self> {
        let is_known = |name: &String| self.id(name).is_some();
        let scheme = match (self.scheme, others.scheme) {
            (one, other) if one == other => one,
            (one, Scheme::Plain) if others.names.iter().all(is_known) => one,
            (Scheme::Iob | Scheme::Iob2, Scheme::Iob | Scheme::Iob2) => Scheme::Iob,
            (one, other) => {
                return Err(Failure::input(format!(
                    "its labels {}, and those of the data {}: write them alike first",
                    one.about(),
                    other.about()
                )));
            }
        };
        let new = others.names.iter().filter(|&name| !is_known(name));
        let names = self.names.iter().chain(new).cloned().collect();
        Ok(StoredLabels { names, scheme }.into())
    }

    /// The first label that keeps labels which look like spans from being scored as spans, with its line; `counts` are those
    /// of these sentences.
    pub fn odd_one_out<'a>(
        sentences: &'a [Sentence],
        counts: &LabelCounts<'_>,
    ) -> Option<(&'a str, usize)> {
        let spelling = Spelling::closest(counts.iter());
        let is_odd = |label: &str| spelling.parse(label).is_none();
        let is_mark = |label: &str| label.starts_with("B-") || label.starts_with("I-");
        let mut names = counts.iter().map(|(label, _)| label);
        if !names.clone().any(is_mark) || !names.any(is_odd) {
            return None;
        }
        sentences.iter().find_map(|sentence| {
            let token = sentence.labels.iter().position(|label| is_odd(label))?;
            Some((sentence.labels[token].as_str(), sentence.line_of(token)))
        })
    }

    /// Whether there are few enough to be told apart.
    ///
    /// # Errors
    /// There are more.
    pub fn check_count(&self) -> Result<()> {
        if self.len() <= MOST {
            return Ok(());
        }
        Err(Failure::input(format!(
            "{} different labels, and at most {MOST} can be told apart; is the column a number to forecast, or a name?",
            self.len()
        )))
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.names.len()
    }

    /// The number of a label; `1.0` is the label 1, as programs write whole numbers either way.
    pub fn id(&self, name: &str) -> Option<u32> {
        let known = |&id: &u32| self.names[id as usize].as_str();
        let place = self.sorted.binary_search_by(|id| known(id).cmp(name));
        if let Ok(place) = place {
            return Some(self.sorted[place]);
        }
        self.whole.get(&whole_name(name)?).copied()
    }

    /// The label of a number.
    pub fn name(&self, id: usize) -> &str {
        &self.names[id]
    }

    /// All of them, in the order of their numbers.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether the labels mark spans.
    pub fn are_spans(&self) -> bool {
        self.scheme != Scheme::Plain
    }

    /// The label of a number as span mark; outside where labels are no spans.
    pub fn tag(&self, id: usize) -> Tag<'_> {
        self.tag_of(&self.names[id])
    }

    /// A label as span mark, whether the net knows it or not; outside where it is none.
    pub fn tag_of<'a>(&self, name: &'a str) -> Tag<'a> {
        let tag = self.spelling.parse(name).filter(|_| self.are_spans());
        tag.unwrap_or(Tag::Outside)
    }

    /// For messages: the first few labels.
    pub fn summary(&self) -> String {
        const SHOWN: usize = 12;
        let shown = self
            .names
            .iter()
            .take(SHOWN)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        match self.names.len().saturating_sub(SHOWN) {
            0 => format!("it knows {shown}"),
            more => format!("it knows {shown} and {more} more"),
        }
    }

    /// Whether a letter stands behind the type of a span.
    pub fn are_suffixed(&self) -> bool {
        self.are_spans() && self.spelling.is_suffix()
    }

    /// Which labels may follow which, for people; none if any may follow any other.
    pub fn rule(&self) -> Option<&'static str> {
        match self.scheme {
            Scheme::Plain | Scheme::Iob => None,
            Scheme::Iob2 => Some("no I-x follows anything but B-x or I-x"),
            Scheme::Iobes => Some("every span is begun and ended as its letters say"),
        }
    }

    /// Whether an `I-x` needs `B-x` or `I-x` before it.
    pub(super) fn are_bound(&self) -> bool {
        matches!(self.scheme, Scheme::Iob2 | Scheme::Iobes)
    }

    /// Whether a sentence may end with a label, and a new span or none may follow it.
    pub(super) fn may_end(&self, label: usize) -> bool {
        self.scheme != Scheme::Iobes || !self.tag(label).is_open()
    }

    /// The labels that one of these may follow, `B-x` and `I-x` itself; `None` if any.
    pub(super) fn before(&self, label: usize) -> Option<[usize; 2]> {
        self.before[label]
    }
}

/// The labels of some sentences by numbers, so that each is looked at once and not token by token.
struct Numbered<'a> {
    /// The different ones.
    names: Vec<&'a str>,
    /// One per token.
    numbers: Vec<u32>,
}

impl<'a> Numbered<'a> {
    fn of(sentences: &'a [Sentence]) -> Self {
        let (mut names, mut known) = (Vec::new(), HashMap::new());
        let labels = sentences.iter().flat_map(|sentence| &sentence.labels);
        let number = |label: &'a String| {
            *known.entry(label.as_str()).or_insert_with(|| {
                names.push(label.as_str());
                names.len() as u32 - 1
            })
        };
        let numbers = labels.map(number).collect();
        Self { names, numbers }
    }
}

impl Scheme {
    /// For messages.
    const fn about(self) -> &'static str {
        match self {
            Self::Plain => "mark no spans",
            Self::Iob | Self::Iob2 => "mark how spans begin",
            Self::Iobes => "mark how spans begin and end",
        }
    }

    fn of(sentences: &[Sentence], labels: &Numbered<'_>) -> Self {
        let Some(spelling) = Spelling::of(labels.names.iter().copied()) else {
            return Self::Plain;
        };
        let tags = labels.names.iter().map(|name| spelling.parse(name));
        let tags: Vec<Option<Tag<'_>>> = tags.collect();
        let mut left = &labels.numbers[..];
        let is_legal = |sentence: &Sentence| {
            let (numbers, rest) = left.split_at(sentence.labels.len());
            left = rest;
            let tags = numbers.iter().filter_map(|&number| tags[number as usize]);
            is_legal(tags, spelling.has_ends())
        };
        match (sentences.iter().all(is_legal), spelling.has_ends()) {
            (true, true) => Self::Iobes,
            (true, false) => Self::Iob2,
            (false, _) => Self::Iob,
        }
    }
}

/// Whether every span of a sentence begins with its own letter and, if there `are_ends`, ends with one.
fn is_legal<'a>(tags: impl Iterator<Item = Tag<'a>>, are_ends: bool) -> bool {
    let mut previous = Tag::Outside;
    for tag in tags {
        let goes_on = tag.continues(previous);
        let must_go_on = are_ends && previous.is_open();
        if !goes_on && (must_go_on || matches!(tag, Tag::Inside(_) | Tag::End(_))) {
            return false;
        }
        previous = tag;
    }
    !are_ends || !previous.is_open()
}

impl From<StoredLabels> for Labels {
    fn from(StoredLabels { names, scheme }: StoredLabels) -> Self {
        let spelling = Spelling::of(names.iter().map(String::as_str)).unwrap_or(Spelling::IOB);
        let before = befores(&names, scheme, spelling);
        let mut sorted: Vec<u32> = (0..names.len() as u32).collect();
        sorted.sort_by_key(|&id| &names[id as usize]);
        let mut whole = BTreeMap::new();
        for (id, name) in (0..).zip(&names) {
            if let Some(name) = whole_name(name) {
                whole.entry(name).or_insert(id);
            }
        }
        Self {
            names,
            scheme,
            sorted,
            whole,
            spelling,
            before,
        }
    }
}

/// For every label that carries a span on the two that it may follow.
fn befores(names: &[String], scheme: Scheme, spelling: Spelling) -> Vec<Option<[usize; 2]>> {
    if !matches!(scheme, Scheme::Iob2 | Scheme::Iobes) {
        return vec![None; names.len()];
    }
    let tags: Vec<_> = names.iter().map(|name| spelling.parse(name)).collect();
    let mut numbers: HashMap<Tag<'_>, usize> = HashMap::new();
    for (number, tag) in tags.iter().enumerate() {
        if let Some(tag) = tag {
            numbers.entry(*tag).or_insert(number);
        }
    }
    let before = |(label, tag): (usize, &Option<Tag<'_>>)| match tag {
        Some(Tag::Inside(kind)) => numbers.get(&Tag::Begin(kind)).map(|&begin| [begin, label]),
        Some(Tag::End(kind)) => {
            let begin = numbers.get(&Tag::Begin(kind)).copied();
            let inside = numbers.get(&Tag::Inside(kind)).copied();
            begin
                .or(inside)
                .map(|one| [begin.unwrap_or(one), inside.unwrap_or(one)])
        }
        _ => None,
    };
    tags.iter().enumerate().map(before).collect()
}

/// In alphabetical order, without those that are the same whole number as the one before.
fn different<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let names: BTreeSet<&str> = names.collect();
    let mut whole = BTreeSet::new();
    let is_new = |name: &&str| whole_name(name).is_none_or(|name| whole.insert(name));
    names
        .into_iter()
        .filter(is_new)
        .map(str::to_owned)
        .collect()
}

impl From<Labels> for StoredLabels {
    fn from(Labels { names, scheme, .. }: Labels) -> Self {
        Self { names, scheme }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(sentences: &[&str]) -> Labels {
        let sentences: Vec<Sentence> = sentences
            .iter()
            .map(|labels| Sentence {
                labels: labels.split(' ').map(str::to_owned).collect(),
                ..Sentence::default()
            })
            .collect();
        Labels::collect(&sentences)
    }

    #[test]
    fn labels_beyond_counting_are_refused() {
        let names: Vec<String> = (0..=MOST).map(|number| number.to_string()).collect();
        let labels = |count: usize| Labels::plain(names[..count].iter().map(String::as_str));
        assert!(labels(MOST).check_count().is_ok());
        let complaint = labels(MOST + 1).check_count().unwrap_err().to_string();
        assert!(complaint.starts_with("10001 different labels, and at most 10000"));
    }

    #[test]
    fn the_scheme_is_read_off_the_data() {
        assert_eq!(labels(&["O B-x I-x", "B-y B-x"]).scheme, Scheme::Iob2);
        assert_eq!(labels(&["O I-x I-x"]).scheme, Scheme::Iob);
        assert_eq!(labels(&["B-x I-y"]).scheme, Scheme::Iob);
        assert_eq!(
            labels(&["B-x I-x", "I-x"]).scheme,
            Scheme::Iob,
            "a span does not cross a sentence end"
        );
        assert_eq!(labels(&["B-x I-x E-x O", "S-y"]).scheme, Scheme::Iobes);
        assert_eq!(labels(&["B M E S"]).scheme, Scheme::Iobes);
        for broken in ["B-x I-x O E-x S-x", "O E-x", "E-x B-x", "B-x E-y S-x"] {
            assert_eq!(labels(&[broken]).scheme, Scheme::Iob, "{broken}");
        }
        assert_eq!(labels(&["x-B x-I O"]).scheme, Scheme::Iob2);
        assert_eq!(labels(&["DET NOUN"]).scheme, Scheme::Plain);
        assert_eq!(
            labels(&["O I-x I-x"]).rule(),
            None,
            "an I-x may begin a span"
        );
        assert!(
            labels(&["O B-x I-x"])
                .rule()
                .is_some_and(|rule| rule.contains("I-x"))
        );
        assert_eq!(labels(&["O O"]).scheme, Scheme::Plain);
    }

    #[test]
    fn labels_grow_behind_those_that_are_known() {
        let known = labels(&["O B-y I-y"]);
        let grown = known.extended(&labels(&["B-x O B-y"])).unwrap();
        assert_eq!(grown.names(), ["B-y", "I-y", "O", "B-x"]);
        assert_eq!(grown.scheme, Scheme::Iob2);
        assert_eq!(
            known.extended(&labels(&["O I-y"])).unwrap().scheme,
            Scheme::Iob
        );
        assert_eq!(known.extended(&labels(&["O"])).unwrap(), known);
        for other in ["DET O", "B-x E-x O"] {
            assert!(known.extended(&labels(&[other])).is_err(), "{other}");
        }
    }

    #[test]
    fn labels_come_back_from_their_file() {
        let labels = labels(&["O B-x I-x B-y I-y"]);
        assert_eq!((labels.id("I-x"), labels.id("z")), (Some(2), None));
        assert_eq!(
            [1, 2].map(|label| labels.before(label)),
            [None, Some([0, 2])]
        );
        let stored = serde_json::to_string(&labels).unwrap();
        assert_eq!(serde_json::from_str::<Labels>(&stored).unwrap(), labels);
    }

    #[test]
    fn equal_numbers_are_one_label() {
        let labels = Labels::plain(["2.0", "1", "1.0", "10", "01", "x"]);
        assert_eq!(labels.names(), ["01", "1", "10", "2.0", "x"]);
        let ids = ["1.0", "1", "2", "1e1", "01", "3", "x.0"].map(|name| labels.id(name));
        assert_eq!(
            ids,
            [Some(1), Some(1), Some(3), Some(2), Some(0), None, None]
        );
    }

    #[test]
    fn given_labels_keep_their_order() {
        let given = |names: &[&str]| Labels::given(names.iter().map(|&name| name.into()).collect());
        let labels = given(&["up", "down", "left"]);
        assert_eq!((labels.id("down"), labels.name(2)), (Some(1), "left"));
        assert_eq!(labels.id("right"), None);
        assert!(!labels.are_spans() && given(&["O", "I-x", "B-x"]).are_spans());
        assert!(!given(&["O"]).are_spans());
        let bmes = given(&["S", "B", "M", "E"]);
        assert_eq!(
            [0, 1, 2, 3].map(|label| bmes.before(label)),
            [None, None, Some([1, 2]), Some([1, 2])]
        );
        assert_eq!(
            [0, 1, 2, 3].map(|label| bmes.may_end(label)),
            [true, false, false, true]
        );
    }

    #[test]
    fn a_label_that_spoils_the_spans_is_found() {
        let sentence = |labels: &[&str], first_line| Sentence {
            labels: labels.iter().map(|&label| label.to_owned()).collect(),
            first_line,
            ..Sentence::default()
        };
        let mixed = [sentence(&["O", "B-x"], 1), sentence(&["O", "b-x", "?"], 4)];
        fn odd(sentences: &[Sentence]) -> Option<(&str, usize)> {
            let labels = sentences.iter().flat_map(|sentence| &sentence.labels);
            let counts = LabelCounts::new("label", labels.map(String::as_str));
            Labels::odd_one_out(sentences, &counts)
        }
        assert_eq!(odd(&mixed), Some(("b-x", 5)));
        assert_eq!(odd(&mixed[..1]), None);
        assert_eq!(odd(&mixed[1..]), None, "nothing looks like a span");
    }
}
