//! How the steps of a sequence become what a net reads: ids of tokens, or numbers on one scale. Kept in the model file.

use elman_core::{Channels, Input};
use serde::{Deserialize, Serialize};

use crate::base::encoding::{Encoding, Front, Scale};
use crate::base::failure::{Failure, Result};
use crate::data::features::{self, Feature, Folded, NamedChannel, Vocabulary};
use crate::data::spread::Spread;
use crate::data::{Hiding, Rows, Sequences};

/// From steps to rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// Words or characters, one id per vocabulary.
    Tokens(Vec<Vocabulary>),
    /// Measurements.
    Numbers(Scaling),
}

/// The steps of one sequence, as a file has them.
#[derive(Clone, Debug, PartialEq)]
pub enum Steps {
    Tokens(Vec<String>),
    /// (T, columns); a missing value is NaN.
    Numbers(Vec<f64>),
}

/// The deviation of a column that never moved in training: whatever it does later, it is 0 on the scale.
const STILL: f64 = f64::MAX;

/// Every column less its mean, in units of its standard deviation; both of the training part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    pub columns: Vec<String>,
    mean: Vec<f64>,
    deviation: Vec<f64>,
    /// Steps seen at once, as of tokens: rows of neighbours lie side by side.
    window: usize,
    /// Whether values are read however far they lie from the mean: by nets that were trained elsewhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    uncut: bool,
}

/// Spelling channels: what is known about words that training has not met. Small, so that the word itself leads.
const SPELLING: [(Feature, usize); 4] = [
    (Feature::Shape, 16),
    (Feature::Suffix(3), 24),
    (Feature::Suffix(2), 16),
    (Feature::Prefix(3), 24),
];

/// See [`features::hiding`].
const HIDING: f32 = 0.5;

/// Share of the characters of a text that are hidden while training: a word must be known by more than one of its letters.
const BLANKED: f32 = 0.1;

/// Values are cut at so many deviations: a column that hardly ever moves in training would drown all others else.
const FARTHEST: f64 = 10.0;

impl Reading {
    /// Words, and their spelling beside them.
    pub fn words<'a>(embedding: usize, words: impl Iterator<Item = &'a str>) -> (Self, Hiding) {
        let words = features::count(words);
        let (word, counts) = Vocabulary::collect(Feature::Word, embedding, &words);
        let spelling = SPELLING
            .iter()
            .map(|&(feature, width)| Vocabulary::collect(feature, width, &words).0);
        let hiding = hiding(&word, &counts);
        let vocabularies = std::iter::once(word).chain(spelling).collect();
        (Self::Tokens(vocabularies), hiding)
    }

    /// Characters.
    pub fn characters<'a>(
        embedding: usize,
        characters: impl Iterator<Item = &'a str>,
    ) -> (Self, Hiding) {
        let characters = features::count(characters);
        let (vocabulary, counts) = Vocabulary::collect(Feature::Character, embedding, &characters);
        let hiding = hiding(&vocabulary, &counts);
        (Self::Tokens(vec![vocabulary]), hiding)
    }

    /// The same tokens, and behind them those that are frequent among `words`; what is hidden in training as for a reading of
    /// these words alone.
    ///
    /// # Errors
    /// The model reads numbers.
    pub fn extended<'a>(&self, words: impl Iterator<Item = &'a str>) -> Result<(Self, Hiding)> {
        let Self::Tokens(known) = self else {
            return Err(Failure::input("the model reads numbers, and this is text"));
        };
        let words = features::count(words);
        let (mut vocabularies, mut first) = (Vec::new(), None);
        for vocabulary in known {
            let (vocabulary, counts) = vocabulary.extended(&words);
            first.get_or_insert_with(|| hiding(&vocabulary, &counts));
            vocabularies.push(vocabulary);
        }
        let none = || features::hiding(0, &[], HIDING);
        Ok((Self::Tokens(vocabularies), first.unwrap_or_else(none)))
    }

    /// Numbers, on the scale of these sequences, a `window` of steps at once; and what people should know about that scale.
    pub fn numbers<'a>(
        columns: &[String],
        sequences: impl Iterator<Item = &'a [f64]> + Clone,
        window: usize,
    ) -> (Self, Vec<String>) {
        let (scaling, notes) = Scaling::of(columns, sequences, window);
        (Self::Numbers(scaling), notes)
    }

    /// What a net reads; tokens come with a window of so many steps.
    ///
    /// # Errors
    /// None or more than eight vocabularies.
    pub fn input(&self, window: usize) -> Result<Input> {
        Ok(match self {
            Self::Tokens(vocabularies) => {
                let channels: Vec<_> = vocabularies.iter().map(Vocabulary::channel).collect();
                Input::Tokens {
                    channels: Channels::from_slice(&channels)?,
                    window,
                }
            }
            Self::Numbers(scaling) => Input::Dense {
                width: scaling.width(),
            },
        })
    }

    /// Whether a net reads what this writes.
    pub fn fits(&self, input: &Input) -> bool {
        match (self, input) {
            (Self::Tokens(vocabularies), Input::Tokens { channels, .. }) => vocabularies
                .iter()
                .map(Vocabulary::channel)
                .eq(channels.as_slice().iter().copied()),
            (Self::Numbers(scaling), Input::Dense { width }) => {
                let columns = scaling.columns.len();
                scaling.window % 2 == 1
                    && columns.checked_mul(scaling.window) == Some(*width)
                    && [scaling.mean.len(), scaling.deviation.len()] == [columns, columns]
            }
            _ => false,
        }
    }

    /// No rows yet, of the right kind.
    pub const fn rows(&self) -> Rows {
        match self {
            Self::Tokens(vocabularies) => Rows::ids(vocabularies.len()),
            Self::Numbers(scaling) => Rows::numbers(scaling.width()),
        }
    }

    /// Adds the rows of one sequence; returns how many.
    ///
    /// # Errors
    /// Numbers where the model reads tokens, or the other way round.
    pub fn push(&self, steps: &Steps, sequences: &mut Sequences) -> Result<usize> {
        match (self, steps) {
            (Self::Tokens(vocabularies), Steps::Tokens(tokens)) => {
                for token in tokens {
                    let token = Folded::new(token);
                    sequences.push_ids(vocabularies.iter().map(|known| known.id(&token)));
                }
                Ok(tokens.len())
            }
            (Self::Numbers(scaling), Steps::Numbers(values)) => Ok(scaling.push(values, sequences)),
            (Self::Tokens(_), Steps::Numbers(_)) => Err(Failure::input(
                "the model reads text, and these are numbers",
            )),
            (Self::Numbers(_), Steps::Tokens(_)) => {
                Err(Failure::input("the model reads numbers, and this is text"))
            }
        }
    }

    /// The scale of the columns; none where the model reads text.
    pub const fn scaling(&self) -> Option<&Scaling> {
        match self {
            Self::Tokens(_) => None,
            Self::Numbers(scaling) => Some(scaling),
        }
    }

    /// The columns to read from a table; none where the model reads text.
    pub fn columns(&self) -> Option<&[String]> {
        match self {
            Self::Tokens(_) => None,
            Self::Numbers(scaling) => Some(&scaling.columns),
        }
    }

    /// How a firmware does what [`Reading::push`] does, for a net that sees a `window` of tokens.
    pub fn encoding(&self) -> Encoding {
        let mut encoding = Encoding::default();
        match self {
            Self::Tokens(vocabularies) => {
                encoding.remark("A step reads one id per vocabulary, for the token itself and its neighbours in the window.");
                for (i, known) in vocabularies.iter().enumerate() {
                    let (padding, recipe) = (known.channel().vocabulary, known.recipe());
                    encoding.remark(format!(
                        "Id of vocabulary {i}: 1 + the place in vocabulary_{i} of {recipe}; 0 if it is not there, {padding} \
                         outside the sequence."
                    ));
                    let about = format!("Vocabulary {i}: the value at place i has the id i + 1.");
                    let name = format!("vocabulary_{i}");
                    encoding.add_names(name, about, known.entries().to_vec());
                }
            }
            Self::Numbers(scaling) => scaling.describe(&mut encoding),
        }
        encoding
    }

    /// The same for data with these columns, which must be those that the net reads.
    ///
    /// # Errors
    /// They are others, or the model reads text.
    pub fn for_columns(&self, columns: &[String]) -> Result<Self> {
        match self.columns() {
            None => Err(Failure::input(
                "the model reads text, and these are numbers",
            )),
            Some(own) if own == columns => Ok(self.clone()),
            Some(own) => Err(Failure::input(format!(
                "the net reads {}, and the data have {}",
                own.join(", "),
                columns.join(", ")
            ))),
        }
    }

    /// The flags that a reading of numbers was made by: of tokens, the net's spec tells.
    pub fn flags(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Tokens(_) => Vec::new(),
            Self::Numbers(scaling) => vec![("window", scaling.window.to_string())],
        }
    }

    /// For `elman inspect`.
    pub fn channels(&self) -> Vec<NamedChannel> {
        match self {
            Self::Tokens(vocabularies) => vocabularies.iter().map(Into::into).collect(),
            Self::Numbers(_) => Vec::new(),
        }
    }
}

/// Which tokens are hidden now and then, of a vocabulary whose ids occur so often.
fn hiding(vocabulary: &Vocabulary, counts: &[usize]) -> Hiding {
    let mut hiding = features::hiding(0, counts, HIDING);
    if vocabulary.feature() == Feature::Character {
        for rate in &mut hiding.rates {
            *rate = rate.max(BLANKED);
        }
    }
    hiding
}

/// That columns never move in training.
fn note_still(columns: &[&str]) -> Option<String> {
    const SHOWN: usize = 5;
    let shown = columns[..columns.len().min(SHOWN)].join(", ");
    match columns.len() {
        0 => None,
        1 => Some(format!(
            "{shown} never moves in training, so it has no say afterwards either"
        )),
        2..=SHOWN => Some(format!(
            "{shown} never move in training, so they have no say afterwards either"
        )),
        count => Some(format!(
            "{shown} and {} other columns never move in training, so they have no say afterwards either",
            count - SHOWN
        )),
    }
}

impl Scaling {
    fn of<'a>(
        columns: &[String],
        sequences: impl Iterator<Item = &'a [f64]> + Clone,
        window: usize,
    ) -> (Self, Vec<String>) {
        let width = columns.len();
        let (mut mean, mut deviation, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        let mut still = Vec::new();
        for (column, name) in columns.iter().enumerate() {
            let rows = sequences
                .clone()
                .flat_map(|values| values.chunks_exact(width));
            let spread = Spread::of(rows.map(|row| row[column]));
            mean.push(spread.mean);
            deviation.push(if spread.deviation.is_normal() {
                spread.deviation
            } else {
                STILL
            });
            if !spread.deviation.is_normal() {
                still.push(name.as_str());
            }
            if spread.glitches > 0 {
                let (glitches, farthest) = (spread.glitches, spread.farthest);
                let lie = if glitches == 1 {
                    "value lies"
                } else {
                    "values lie"
                };
                notes.push(format!(
                    "{glitches} {lie} far outside of all others of {name}, such as {farthest:e}; the scale is that of the others"
                ));
            }
        }
        notes.extend(note_still(&still));
        let scaling = Self {
            columns: columns.to_vec(),
            mean,
            deviation,
            window,
            uncut: false,
        };
        (scaling, notes)
    }

    /// The scale on which a net was trained elsewhere.
    pub const fn given(columns: Vec<String>, mean: Vec<f64>, deviation: Vec<f64>) -> Self {
        Self {
            columns,
            mean,
            deviation,
            window: 1,
            uncut: true,
        }
    }

    /// The farthest from the mean that is read, in deviations.
    pub const fn farthest(&self) -> f64 {
        if self.uncut {
            f32::MAX as f64
        } else {
            FARTHEST
        }
    }

    /// Steps seen at once.
    pub const fn window(&self) -> usize {
        self.window
    }

    /// Mean and deviation of every column.
    pub fn moments(&self) -> [&[f64]; 2] {
        [&self.mean, &self.deviation]
    }

    const fn width(&self) -> usize {
        self.columns.len() * self.window
    }

    /// The scale in words and numbers.
    fn describe(&self, encoding: &mut Encoding) {
        let cut = match self.uncut {
            true => String::new(),
            false => format!(", cut to -{FARTHEST}..{FARTHEST}"),
        };
        encoding.remark(format!(
            "Scale every column i: x[i] = (value - mean[i]) / deviation[i]{cut}; 0 where a value is missing. elman predict does so \
             in double precision, and then rounds to float; feed, where the export has one, does it in float, within 5 units in the \
             last place."
        ));
        if self.deviation.contains(&STILL) {
            encoding.remark("A column that never moved in training has the largest deviation there is, and reads 0 whatever it does.");
        }
        if self.window > 1 {
            encoding.remark(format!(
                "A step reads {} rows at once: its own, and {reach} before and {reach} after it. So an answer comes {reach} \
                 rows late; rows outside the sequence are 0.",
                self.window,
                reach = self.window / 2
            ));
        }
        encoding.add_names("columns", "What a step measures.", self.columns.clone());
        encoding.add_numbers("mean", "Mean of every column in training.", &self.mean);
        let about = "Standard deviation of every column in training.";
        encoding.add_numbers("deviation", about, &self.deviation);
        let moments = self.mean.iter().zip(&self.deviation);
        encoding.front = Some(Front {
            scale: moments
                .map(|(&mean, &deviation)| Scale::new(mean, deviation))
                .collect(),
            farthest: self.farthest() as f32,
            window: self.window,
            rule: None,
        });
    }

    /// Adds rows on the common scale; beyond the ends of the sequence, and where a value is missing, lies the mean.
    fn push(&self, values: &[f64], sequences: &mut Sequences) -> usize {
        let width = self.columns.len();
        let rows = values.len() / width;
        let scaled: Vec<f32> = values
            .iter()
            .enumerate()
            .map(|(i, &x)| {
                let column = i % width;
                let z = (x - self.mean[column]) / self.deviation[column];
                if z.is_nan() {
                    0.0
                } else {
                    z.clamp(-self.farthest(), self.farthest()) as f32
                }
            })
            .collect();
        let reach = (self.window / 2) as isize;
        for row in 0..rows {
            for neighbour in -reach..=reach {
                let row = row.checked_add_signed(neighbour);
                match row.filter(|&row| row < rows) {
                    Some(row) => {
                        let row = &scaled[row * width..(row + 1) * width];
                        sequences.push_numbers(row.iter().copied());
                    }
                    None => sequences.push_numbers(std::iter::repeat_n(0.0, width)),
                }
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_never_move_share_a_note() {
        assert_eq!(note_still(&[]), None);
        let note = note_still(&["a"; 991]).unwrap();
        assert!(note.starts_with("a, a, a, a, a and 986 other columns never move in training"));
    }
    use crate::data::Targets;
    use elman_core::Read;

    fn rows(reading: &Reading, steps: &Steps) -> Sequences {
        let mut sequences = Sequences::new(reading.rows(), Targets::classes(), Read::LastStep);
        reading.push(steps, &mut sequences).unwrap();
        sequences.push_class(elman_core::Target::IGNORED);
        sequences.end_sequence();
        sequences
    }

    #[test]
    fn numbers_are_put_on_one_scale_and_see_their_neighbours() {
        let columns = ["a", "flat"].map(str::to_owned);
        let train: [&[f64]; 2] = [&[1e6, 7.0, 1e6 + 4.0, 7.0], &[f64::NAN, 7.0]];
        let (reading, notes) = Reading::numbers(&columns, train.into_iter(), 3);
        assert_eq!(
            notes,
            ["flat never moves in training, so it has no say afterwards either"]
        );
        let steps = Steps::Numbers(vec![1e6 + 4.0, 7.0, f64::NAN, 8.0, 1e9, 7.0]);
        let found = rows(&reading, &steps);
        assert_eq!(found.numbers(0), [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(found.numbers(1), [1.0, 0.0, 0.0, 0.0, 10.0, 0.0]);
        assert_eq!(found.numbers(2), [0.0, 0.0, 10.0, 0.0, 0.0, 0.0]);
        assert!(reading.fits(&reading.input(1).unwrap()));
        let stored = serde_json::to_string(&reading).unwrap();
        assert_eq!(serde_json::from_str::<Reading>(&stored).unwrap(), reading);
    }

    #[test]
    fn text_is_no_number() {
        let (reading, _) = Reading::characters(4, ["a", "b", "a", "b"].into_iter());
        let steps = Steps::Tokens(["b", "x"].map(str::to_owned).to_vec());
        let found = rows(&reading, &steps);
        assert_eq!((found.ids(0), found.ids(1)), (&[2][..], &[0][..]));
        let mut sequences = Sequences::new(reading.rows(), Targets::classes(), Read::LastStep);
        assert!(
            reading
                .push(&Steps::Numbers(vec![1.0]), &mut sequences)
                .is_err()
        );
    }
}
