//! How labels spell the marks of spans: the letters of IOB, of BIOES, BILOU, BMES or BMEWO, before a type (`B-PER`), behind
//! it (`PER-B`) or alone (`B`).

use super::spans::Tag;

/// How the labels of some data mark spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spelling {
    letters: Letters,
    /// Whether the letter stands behind the type.
    is_suffix: bool,
}

/// The letters of a scheme: the first token of a span, one between, the last, the only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Letters {
    begin: &'static str,
    inside: &'static str,
    end: Option<&'static str>,
    single: Option<&'static str>,
}

impl Letters {
    const IOB: Self = Self {
        begin: "B",
        inside: "I",
        end: None,
        single: None,
    };
    /// IOB, BIOES, BILOU, BMES and BMEWO.
    const ALL: [Self; 5] = [
        Self::IOB,
        Self::closed("I", "E", "S"),
        Self::closed("I", "L", "U"),
        Self::closed("M", "E", "S"),
        Self::closed("M", "E", "W"),
    ];

    const fn closed(inside: &'static str, end: &'static str, single: &'static str) -> Self {
        Self {
            begin: "B",
            inside,
            end: Some(end),
            single: Some(single),
        }
    }
}

impl Spelling {
    /// `B-x`, `I-x` and `O`.
    pub const IOB: Self = Self {
        letters: Letters::IOB,
        is_suffix: false,
    };

    fn all() -> impl Iterator<Item = Self> {
        [false, true].into_iter().flat_map(|is_suffix| {
            Letters::ALL
                .into_iter()
                .map(move |letters| Self { letters, is_suffix })
        })
    }

    /// How these labels are spelled; none where they are no marks of spans.
    pub fn of<'a>(labels: impl Iterator<Item = &'a str> + Clone) -> Option<Self> {
        Self::all().find(|spelling| spelling.fits(labels.clone()))
    }

    /// The spelling with a letter in front that the fewest of these labels offend, each as often as it comes.
    pub fn closest<'a>(labels: impl Iterator<Item = (&'a str, usize)> + Clone) -> Self {
        let misfits = |spelling: &Self| -> usize {
            let offends = |(label, _): &(&str, usize)| spelling.parse(label).is_none();
            labels.clone().filter(offends).map(|(_, count)| count).sum()
        };
        let prefixes = Self::all().filter(|spelling| !spelling.is_suffix);
        prefixes.min_by_key(misfits).unwrap_or(Self::IOB)
    }

    /// Whether a letter stands behind the type.
    pub const fn is_suffix(self) -> bool {
        self.is_suffix
    }

    /// Whether the last token of a span has a letter of its own.
    pub const fn has_ends(self) -> bool {
        self.letters.end.is_some()
    }

    /// What a label marks; none where it is spelled otherwise.
    pub fn parse(self, label: &str) -> Option<Tag<'_>> {
        if label == "O" {
            return Some(Tag::Outside);
        }
        let (letter, kind) = match (label.split_once('-'), label.rsplit_once('-')) {
            (Some((letter, kind)), _) if !self.is_suffix => (letter, kind),
            (_, Some((kind, letter))) if self.is_suffix => (letter, kind),
            _ => (label, ""),
        };
        let Letters {
            begin,
            inside,
            end,
            single,
        } = self.letters;
        match letter {
            _ if letter == begin => Some(Tag::Begin(kind)),
            _ if letter == inside => Some(Tag::Inside(kind)),
            _ if end == Some(letter) => Some(Tag::End(kind)),
            _ if single == Some(letter) => Some(Tag::Single(kind)),
            _ => None,
        }
    }

    /// Whether all labels are spelled like this, and mark spans. Single letters and words with a letter behind them mean
    /// other things as well, so these must look like whole spans.
    fn fits<'a>(self, labels: impl Iterator<Item = &'a str>) -> bool {
        let (mut begins, mut ends, mut marks, mut types, mut outside) =
            (false, false, false, false, false);
        for label in labels {
            let Some(tag) = self.parse(label) else {
                return false;
            };
            begins |= matches!(tag, Tag::Begin(_));
            ends |= matches!(tag, Tag::End(_));
            outside |= tag == Tag::Outside;
            marks |= tag != Tag::Outside;
            types |= tag.kind().is_some_and(|kind| !kind.is_empty());
        }
        match (self.has_ends(), self.is_suffix) {
            (false, false) => marks,
            (true, false) if types => marks && (begins || outside),
            (true, false) => begins && ends,
            (_, true) => types && begins,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelling(labels: &str) -> Option<Spelling> {
        Spelling::of(labels.split(' '))
    }

    #[test]
    fn schemes_are_known_by_their_labels() {
        let letters = |labels| {
            spelling(labels).map(|spelling| {
                (
                    spelling.letters.inside,
                    spelling.letters.end,
                    spelling.is_suffix,
                )
            })
        };
        assert_eq!(letters("O B-x I-x"), Some(("I", None, false)));
        assert_eq!(letters("O I-x"), Some(("I", None, false)));
        assert_eq!(letters("O B-x I-x E-x S-y"), Some(("I", Some("E"), false)));
        assert_eq!(letters("O B-x L-x U-y"), Some(("I", Some("L"), false)));
        assert_eq!(letters("B M E S"), Some(("M", Some("E"), false)));
        assert_eq!(letters("O B-x M-x E-x W-x"), Some(("M", Some("E"), false)));
        assert_eq!(letters("O PER-B PER-I"), Some(("I", None, true)));
        assert_eq!(letters("O a-b-B a-b-E c-S"), Some(("I", Some("E"), true)));
        for none in [
            "O",
            "DET NOUN",
            "S W",
            "S M E",
            "S-1 E-1",
            "walk-I walk-E",
            "O B-x Q-x",
            "b-x O",
        ] {
            assert_eq!(spelling(none), None, "{none}");
        }
    }

    #[test]
    fn marks_are_taken_apart() {
        let bioes = spelling("O B-x E-x S-x").unwrap();
        assert_eq!(bioes.parse("E-a-b"), Some(Tag::End("a-b")));
        assert_eq!(
            (bioes.parse("S"), bioes.parse("I-")),
            (Some(Tag::Single("")), Some(Tag::Inside("")))
        );
        let suffix = spelling("PER-B O").unwrap();
        assert_eq!(
            (suffix.parse("a-b-I"), suffix.parse("I-PER")),
            (Some(Tag::Inside("a-b")), None)
        );
        let once = |labels: &'static str| labels.split(' ').map(|label| (label, 1));
        let near = Spelling::closest(once("O B-x E-x S-x X-x"));
        assert!(near.has_ends() && near.parse("X-x").is_none());
        assert_eq!(Spelling::closest(once("O B-x b-x")), Spelling::IOB);
    }
}
