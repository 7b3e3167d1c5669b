//! What a text net's numbers mean, kept in the model file beside them.

use elman_core::{Channel, Channels, Head, HeadKind, Input, Read, Spec, Target};
use serde::{Deserialize, Serialize};

use crate::base::failure::{Failure, Result};
use crate::data::features::NamedChannel;
use crate::data::{Rows, Sequences, Targets};
use crate::train::task::Meaning;

use super::lexicon::{LINE_END, Lexicon, Unit};

/// The name of the task, in commands and files.
pub const TASK: &str = "text";

/// From text to ids and back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextMeaning {
    pub lexicon: Lexicon,
    /// Whether every line is an item of its own, such as a name, and starts from the initial state.
    pub lines: bool,
}

impl Meaning for TextMeaning {
    const TASK: &'static str = TASK;
    const MISFIT: &'static str = "the tokens do not fit the net";

    fn fits(&self, spec: &Spec) -> bool {
        let count = self.lexicon.len();
        let Input::Tokens {
            channels,
            window: 1,
        } = &spec.input
        else {
            return false;
        };
        matches!(channels.as_slice(), [channel] if channel.vocabulary == count)
            && !spec.is_bidirectional()
            && spec.head == self.head()
    }

    fn flags(&self) -> Vec<(&'static str, String)> {
        let unit = self.lexicon.unit().word();
        vec![
            ("tokens", unit.to_owned()),
            ("lines", self.lines.to_string()),
        ]
    }
}

impl TextMeaning {
    /// The tokens of a net that learns from another text, cut in the same way; and how often each id occurs in it.
    ///
    /// # Errors
    /// It is cut in another way.
    pub fn continued(
        &self,
        (unit, lines): (Unit, bool),
        text: &str,
    ) -> Result<(Lexicon, Vec<usize>)> {
        if (unit, lines) == (self.lexicon.unit(), self.lines) {
            return Ok(self.lexicon.extended(text));
        }
        Err(Failure::input(format!(
            "--init: that net reads {}s{}, and these settings ask for other steps: leave out --tokens and --lines",
            self.lexicon.unit().noun(),
            if self.lines {
                " line by line"
            } else {
                " of running text"
            }
        )))
    }

    /// One token per step.
    pub fn input(&self, embedding: usize) -> Input {
        Input::Tokens {
            channels: Channels::of([Channel {
                vocabulary: self.lexicon.len(),
                width: embedding,
            }]),
            window: 1,
        }
    }

    /// A probability for every token that may come next.
    pub fn head(&self) -> Head {
        Head {
            kind: HeadKind::Softmax {
                outputs: self.lexicon.len(),
            },
            read: Read::EveryStep,
        }
    }

    /// For `elman inspect`.
    pub fn channel(&self, spec: &Spec) -> Option<NamedChannel> {
        let Input::Tokens { channels, .. } = &spec.input else {
            return None;
        };
        let channel = channels.as_slice().first()?;
        Some(NamedChannel {
            name: self.lexicon.unit().noun().to_owned(),
            width: channel.width,
            ids: channel.vocabulary,
        })
    }

    /// A text as one sequence, or a sequence per line that is not empty.
    pub fn encode(&self, text: &str) -> Sequences {
        let mut sequences = none_yet();
        if self.lines {
            for line in text.lines().filter(|line| !line.is_empty()) {
                let mut ids = self.lexicon.ids(line);
                ids.push(LINE_END);
                push(&mut sequences, LINE_END, &ids);
            }
        } else {
            push(&mut sequences, LINE_END, &self.lexicon.ids(text));
        }
        sequences
    }

    /// The same, with running text cut into so many streams of nearly equal length, the longest first.
    pub fn encode_streams(&self, text: &str, streams: usize) -> Sequences {
        if self.lines {
            return self.encode(text);
        }
        let ids = self.lexicon.ids(text);
        let streams = streams.min(ids.len() / SHORTEST_STREAM).max(1);
        let (length, longer) = (ids.len() / streams, ids.len() % streams);
        let mut sequences = none_yet();
        let (mut rest, mut before) = (ids.as_slice(), LINE_END);
        for stream in 0..streams {
            let (part, others) = rest.split_at(length + usize::from(stream < longer));
            push(&mut sequences, before, part);
            before = part.last().copied().unwrap_or(before);
            rest = others;
        }
        sequences
    }
}

/// Tokens that a stream should have at least, for a state to be carried through.
pub const SHORTEST_STREAM: usize = 50;

/// No sequences yet, of one id per step and the id of the token to come.
pub const fn none_yet() -> Sequences {
    Sequences::new(Rows::ids(1), Targets::classes(), Read::EveryStep)
}

/// Adds tokens as a sequence: each is to be foreseen from the one before it.
fn push(sequences: &mut Sequences, before: u32, ids: &[u32]) {
    let inputs = std::iter::once(before).chain(ids.iter().copied());
    for (input, &id) in inputs.zip(ids) {
        sequences.push_ids([input]);
        sequences.push_class(Target::class(id));
    }
    sequences.end_sequence();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::text::lexicon::Unit;

    fn meaning(lines: bool) -> TextMeaning {
        let (lexicon, _) = Lexicon::collect(Unit::Chars, "ab\nab\nb\n");
        TextMeaning { lexicon, lines }
    }

    fn targets(sequences: &Sequences, sequence: usize) -> Vec<u32> {
        let rows = sequences.rows_of(sequence);
        let classes = sequences.classes()[rows].iter();
        classes.filter_map(|target| target.get()).collect()
    }

    #[test]
    fn every_line_is_an_item_and_its_end_is_foreseen() {
        let sequences = meaning(true).encode("ba\n\na");
        assert_eq!(sequences.len(), 2);
        assert_eq!([0, 1, 2].map(|row| sequences.ids(row)[0]), [1, 2, 3]);
        assert_eq!(targets(&sequences, 0), [2, 3, 1]);
        assert_eq!(targets(&sequences, 1), [3, 1]);
    }

    #[test]
    fn streams_together_are_the_text() {
        let meaning = meaning(false);
        let text = "ab\nb".repeat(77);
        let sequence = meaning.encode(&text);
        let streams = meaning.encode_streams(&text, 4);
        let lengths: Vec<usize> = (0..4).map(|stream| streams.len_of(stream)).collect();
        assert_eq!(lengths, [77; 4]);
        let ids = |sequences: &Sequences| -> Vec<u32> {
            (0..sequences.rows())
                .map(|row| sequences.ids(row)[0])
                .collect()
        };
        assert_eq!(ids(&sequence), ids(&streams));
        assert_eq!(sequence.classes(), streams.classes());
        assert_eq!(meaning.encode_streams("ab", 4).len(), 1);
    }
}
