//! The lines of a text that a net foresees worst.

use std::path::PathBuf;

use super::lexicon::{LINE_END, Lexicon};
use crate::data::Sequences;
use crate::net::judge::Judge;
use crate::task::label::nats;
use crate::train::report::{Mistake, Mistakes};

/// Where the validation data stand: their file, and the line of every sequence.
#[derive(Clone, Debug)]
pub struct Origin {
    pub path: PathBuf,
    pub lines: Vec<usize>,
}

/// Takes what the tokens of every line cost: the sum of their nats, and how many there are.
pub struct LineCost<'a>(pub &'a Sequences);

impl Judge for LineCost<'_> {
    type Notes = (f64, usize);
    type Verdict = (f64, usize);

    fn start(&self) -> Self::Notes {
        (0.0, 0)
    }

    fn see(&self, (sum, count): &mut Self::Notes, target: usize, row: &[f32]) {
        if let Some(id) = self.0.classes()[target].get() {
            *sum += nats(row[id as usize]);
            *count += 1;
        }
    }

    fn end(&self, cost: Self::Notes) -> Self::Verdict {
        cost
    }
}

/// The lines whose tokens cost most on average.
pub fn mistakes(
    lexicon: &Lexicon,
    sequences: &Sequences,
    costs: &[(f64, usize)],
    origin: &Origin,
) -> Mistakes {
    let lines = costs.iter().zip(&origin.lines).enumerate();
    let mistake = |(sequence, (&(sum, count), line)): (usize, (&(f64, usize), &usize))| Mistake {
        place: line.to_string(),
        what: text_of(lexicon, sequences, sequence),
        cost: sum / count.max(1) as f64,
        ..Mistake::default()
    };
    Mistakes::of(&origin.path, ("line", "nats per token"), lines.map(mistake))
}

/// A line as the net knows it, without its end.
fn text_of(lexicon: &Lexicon, sequences: &Sequences, sequence: usize) -> String {
    let targets = &sequences.classes()[sequences.rows_of(sequence)];
    let ids = targets.iter().filter_map(|target| target.get());
    let (mut text, mut before) = (String::new(), LINE_END);
    for id in ids.filter(|&id| id != LINE_END) {
        text += lexicon.gap(before, id);
        text += lexicon.token(id);
        before = id;
    }
    text
}
