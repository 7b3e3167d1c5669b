//! Spans of labels, and precision, recall and F1 as the CoNLL script `conlleval` counts them.
//!
//! A label is `O`, or `B` or `I` with an optional `-type`. The script reads IOB1, IOB2 and broken sequences alike; over
//! each boundary between two labels of a sentence (with `O` before the first and after the last):
//!
//! * a span **starts** at a `B`, at an `I` after `O`, and at an `I` whose type differs from the label before;
//! * a span **ends** before an `O`, before a `B`, and before a label of another type.
//!
//! Schemes that mark the last token of a span, or the only one, end it there as well: after an `E` or `S` an `I` starts anew.
//!
//! So `O I-PER I-PER` is one span, `B-PER I-LOC` are two, and `I-PER B-PER` are two. A found span counts as
//! correct if first token, last token and type agree.

use std::collections::BTreeMap;
use std::ops::Range;

/// One label, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tag<'a> {
    Outside,
    Begin(&'a str),
    Inside(&'a str),
    /// The last token of a span, where a scheme marks it.
    End(&'a str),
    /// A span of one token, where a scheme marks it.
    Single(&'a str),
}

impl<'a> Tag<'a> {
    /// The type of the span that the token belongs to.
    pub const fn kind(self) -> Option<&'a str> {
        match self {
            Self::Outside => None,
            Self::Begin(kind) | Self::Inside(kind) | Self::End(kind) | Self::Single(kind) => {
                Some(kind)
            }
        }
    }

    /// Whether a span goes on after this label until one of the same type ends it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Begin(_) | Self::Inside(_))
    }

    /// Whether this label carries on a span of the label before.
    pub fn continues(self, previous: Self) -> bool {
        let carries_on = matches!(self, Self::Inside(_) | Self::End(_));
        carries_on && previous.is_open() && self.kind() == previous.kind()
    }
}

/// A run of tokens and what it was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span<'a> {
    pub kind: &'a str,
    pub tokens: Range<usize>,
}

/// The spans of one sentence, first to last.
pub fn spans<'a>(tags: impl IntoIterator<Item = Tag<'a>>) -> Vec<Span<'a>> {
    let mut spans: Vec<Span<'a>> = Vec::new();
    let mut previous = Tag::Outside;
    for (i, tag) in tags.into_iter().enumerate() {
        match (tag.kind(), spans.last_mut()) {
            (None, _) => {}
            (_, Some(open)) if tag.continues(previous) => open.tokens.end = i + 1,
            (Some(kind), _) => spans.push(Span {
                kind,
                tokens: i..i + 1,
            }),
        }
        previous = tag;
    }
    spans
}

/// Spans counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Spans in the data.
    pub real: usize,
    /// Spans in the prediction.
    pub found: usize,
    /// Spans in both.
    pub correct: usize,
}

impl Counts {
    /// Share of the found spans that are right; 0 where none were found.
    pub fn precision(&self) -> f64 {
        ratio(self.correct, self.found)
    }

    /// Share of the real spans that were found; 0 where there are none.
    pub fn recall(&self) -> f64 {
        ratio(self.correct, self.real)
    }

    /// Harmonic mean of the two.
    pub fn f1(&self) -> f64 {
        ratio(2 * self.correct, self.real + self.found)
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// Counts per type and in total.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpanScore {
    pub total: Counts,
    pub types: BTreeMap<String, Counts>,
}

impl SpanScore {
    /// Counts one sentence.
    pub fn add<'a>(
        &mut self,
        real: impl IntoIterator<Item = Tag<'a>>,
        found: impl IntoIterator<Item = Tag<'a>>,
    ) {
        let (real, found) = (spans(real), spans(found));
        for span in &real {
            self.count(span.kind, |counts| counts.real += 1);
        }
        for span in &found {
            self.count(span.kind, |counts| counts.found += 1);
            let twin = real.binary_search_by_key(&span.tokens.start, |span| span.tokens.start);
            if twin.is_ok_and(|twin| real[twin] == *span) {
                self.count(span.kind, |counts| counts.correct += 1);
            }
        }
    }

    fn count(&mut self, kind: &str, add: impl Fn(&mut Counts)) {
        add(&mut self.total);
        match self.types.get_mut(kind) {
            Some(counts) => add(counts),
            None => add(self.types.entry(kind.to_owned()).or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::spelling::Spelling;

    fn tags(labels: &str) -> Vec<Tag<'_>> {
        labels
            .split_whitespace()
            .map(|label| Spelling::IOB.parse(label).unwrap())
            .collect()
    }

    fn found(labels: &str) -> Vec<(&str, Range<usize>)> {
        spans(tags(labels))
            .into_iter()
            .map(|span| (span.kind, span.tokens))
            .collect()
    }

    #[test]
    fn iob2_spans() {
        assert_eq!(
            found("O B-PER I-PER O B-LOC"),
            [("PER", 1..3), ("LOC", 4..5)]
        );
        assert_eq!(found("B-PER B-PER I-PER"), [("PER", 0..1), ("PER", 1..3)]);
        assert_eq!(found("O O"), []);
    }

    #[test]
    fn iob1_spans_start_with_inside() {
        assert_eq!(found("I-PER I-PER O I-LOC"), [("PER", 0..2), ("LOC", 3..4)]);
        assert_eq!(found("I-PER B-PER I-PER"), [("PER", 0..1), ("PER", 1..3)]);
        assert_eq!(found("I-PER I-LOC"), [("PER", 0..1), ("LOC", 1..2)]);
    }

    #[test]
    fn broken_sequences_are_read_as_the_script_reads_them() {
        assert_eq!(found("B-PER I-LOC I-LOC"), [("PER", 0..1), ("LOC", 1..3)]);
        assert_eq!(
            found("O I-PER I-LOC B-LOC I-PER"),
            [("PER", 1..2), ("LOC", 2..3), ("LOC", 3..4), ("PER", 4..5)]
        );
        assert_eq!(found("B I I O I B"), [("", 0..3), ("", 4..5), ("", 5..6)]);
        assert_eq!(found("B-PER O I-PER"), [("PER", 0..1), ("PER", 2..3)]);
    }

    #[test]
    fn types_may_hold_dashes_and_other_schemes_are_no_iob() {
        assert_eq!(Spelling::IOB.parse("B-a-b"), Some(Tag::Begin("a-b")));
        assert_eq!(Spelling::IOB.parse("I-"), Some(Tag::Inside("")));
        assert!(
            ["NOUN", "S-PER", "o", "BI", ""]
                .iter()
                .all(|label| Spelling::IOB.parse(label).is_none())
        );
    }

    fn score(pairs: &[(&str, &str)]) -> SpanScore {
        let mut score = SpanScore::default();
        for (real, found) in pairs {
            score.add(tags(real), tags(found));
        }
        score
    }

    fn counts(real: usize, found: usize, correct: usize) -> Counts {
        Counts {
            real,
            found,
            correct,
        }
    }

    /// Worked by hand from the rules above.
    #[test]
    fn counts_agree_with_hand_made_cases() {
        let cases = [
            ("B-PER I-PER O", "B-PER I-PER O", counts(1, 1, 1)),
            ("B-PER I-PER O", "I-PER I-PER O", counts(1, 1, 1)),
            ("B-PER I-PER O", "B-PER O O", counts(1, 1, 0)),
            ("B-PER I-PER O", "B-PER I-PER I-PER", counts(1, 1, 0)),
            ("B-PER I-PER O", "B-PER B-PER O", counts(1, 2, 0)),
            ("B-PER I-PER O", "B-LOC I-LOC O", counts(1, 1, 0)),
            ("B-PER I-PER O", "B-PER I-LOC O", counts(1, 2, 0)),
            ("B-PER B-PER", "I-PER I-PER", counts(2, 1, 0)),
            ("I-PER B-PER", "B-PER B-PER", counts(2, 2, 2)),
            ("O O", "O I-LOC", counts(0, 1, 0)),
            ("O B-LOC", "O O", counts(1, 0, 0)),
        ];
        for (real, found, expected) in cases {
            assert_eq!(score(&[(real, found)]).total, expected, "{real} / {found}");
        }
    }

    fn kind(tag: Tag<'_>) -> Option<&str> {
        tag.kind()
    }

    /// The same spans in other letters: the last token and the only one are marked.
    fn closed<'a>(tags: &[Tag<'a>]) -> Vec<Tag<'a>> {
        let mut closed = vec![Tag::Outside; tags.len()];
        for Span { kind, tokens } in spans(tags.iter().copied()) {
            let last = tokens.end - 1;
            for token in tokens.clone() {
                closed[token] = match (token == tokens.start, token == last) {
                    (true, true) => Tag::Single(kind),
                    (true, false) => Tag::Begin(kind),
                    (false, true) => Tag::End(kind),
                    (false, false) => Tag::Inside(kind),
                };
            }
        }
        closed
    }

    #[test]
    fn marked_ends_close_a_span() {
        let bioes = Spelling::of("B-x I-x E-x S-x O".split(' ')).unwrap();
        let found = |labels: &str| {
            let tags = labels.split(' ').map(|label| bioes.parse(label).unwrap());
            spans(tags)
                .into_iter()
                .map(|span| span.tokens)
                .collect::<Vec<_>>()
        };
        assert_eq!(found("B-x I-x E-x S-x O"), [0..3, 3..4]);
        assert_eq!(
            found("E-x E-x I-x I-x B-x"),
            [0..1, 1..2, 2..4, 4..5],
            "broken ones are read as they come"
        );
        assert_eq!(found("S-x I-x E-y"), [0..1, 1..2, 2..3]);
    }

    /// The counting of the script, which walks over both columns at once and never builds a span.
    fn count_like_the_script(pairs: &[(Tag<'_>, Tag<'_>)]) -> Counts {
        let starts = |before: Tag<'_>, tag: Tag<'_>| match tag {
            Tag::Inside(_) => kind(before) != kind(tag),
            Tag::Outside => false,
            _ => true,
        };
        let ends = |before: Tag<'_>, tag: Tag<'_>| {
            before != Tag::Outside && (kind(tag).is_none() || starts(before, tag))
        };
        let (mut counts, mut both_open) = (Counts::default(), false);
        let mut before = (Tag::Outside, Tag::Outside);
        for &(real, found) in pairs.iter().chain([&(Tag::Outside, Tag::Outside)]) {
            if both_open {
                let ended = (ends(before.0, real), ends(before.1, found));
                counts.correct += usize::from(ended == (true, true));
                both_open = ended == (false, false);
            }
            let started = (starts(before.0, real), starts(before.1, found));
            counts.real += usize::from(started.0);
            counts.found += usize::from(started.1);
            both_open |= started == (true, true) && kind(real) == kind(found);
            before = (real, found);
        }
        counts
    }

    #[test]
    fn any_sequence_is_counted_as_the_script_counts_it() {
        let labels =
            ["O", "B-x", "I-x", "B-y", "I-y"].map(|label| Spelling::IOB.parse(label).unwrap());
        let mut rng = crate::base::seeds::generator(1, crate::base::seeds::Purpose::Sample, &[]);
        let mut draw = |sides| crate::base::seeds::below(&mut rng, sides);
        for _ in 0..2000 {
            let length = draw(9);
            let real: Vec<Tag<'_>> = (0..length).map(|_| labels[draw(5)]).collect();
            // Mostly right, or hardly any span would be.
            let found: Vec<Tag<'_>> = real
                .iter()
                .map(|&tag| if draw(4) == 0 { labels[draw(5)] } else { tag })
                .collect();
            let mut score = SpanScore::default();
            score.add(real.iter().copied(), found.iter().copied());
            let mut same = SpanScore::default();
            same.add(closed(&real), closed(&found));
            assert_eq!(same, score, "in other letters the figure is the same");
            let pairs: Vec<_> = real.into_iter().zip(found).collect();
            assert_eq!(score.total, count_like_the_script(&pairs), "{pairs:?}");
        }
    }

    #[test]
    fn a_span_never_crosses_a_sentence_end() {
        let score = score(&[("O B-PER", "O B-PER"), ("I-PER O", "O O")]);
        assert_eq!(score.total, counts(2, 1, 1));
        assert_eq!((score.total.precision(), score.total.recall()), (1.0, 0.5));
        assert!((score.total.f1() - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn types_are_counted_apart_and_nothing_found_scores_zero() {
        let score = score(&[("B-PER B-LOC", "B-PER B-ORG")]);
        assert_eq!(score.types["PER"], counts(1, 1, 1));
        assert_eq!(score.types["LOC"], counts(1, 0, 0));
        assert_eq!(score.types["ORG"], counts(0, 1, 0));
        assert_eq!(
            (score.types["LOC"].precision(), score.types["LOC"].f1()),
            (0.0, 0.0)
        );
    }
}
