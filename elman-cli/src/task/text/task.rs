//! The text task: from files to streams of ids.

use std::path::PathBuf;

use super::args::{LINES, STREAMS, TextArgs, WORDS};
use super::lexicon::{LINE_END, Lexicon, Unit};
use super::meaning::TextMeaning;
use super::mistakes::{LineCost, Origin, mistakes};
use super::sample::sample;
use super::scores::measure;
use crate::base::failure::{Failure, Result};
use crate::base::seeds::{self, Purpose};
use crate::base::tell::tell;
use crate::data::features;
use crate::data::{Format, Sequences, text};
use crate::net::gather::longest_first;
use crate::net::network::Network;
use crate::task::groups::{self, HELD_OUT, Member};
use crate::train::Job;
use crate::train::defaults::Defaults;
use crate::train::measure::Measure;
use crate::train::pretrained::Pretrained;
use crate::train::repeats::Fold;
use crate::train::report::{Evidence, Sample};
use crate::train::settings::Settings;
use crate::train::task::{Task, TaskData, Walk};

/// Whether every line is an item of its own: many lines, none with more than one word.
fn are_items(text: &str) -> bool {
    const MANY: usize = 10;
    let mut lines = 0;
    for line in text.lines() {
        if line.split_whitespace().nth(1).is_some() {
            return false;
        }
        lines += 1;
    }
    lines >= MANY
}

/// Validation data are cut into so many streams that run side by side. A state starts anew at each, which costs hardly
/// anything; `elman eval` reads the text as one.
const VALID_STREAMS: usize = 16;

/// What the report page shows: how it is written, and how long it is.
const SAMPLED: [(&str, f64); 2] = [("temperature 1", 1.0), ("temperature 0.7", 0.7)];
const SAMPLE_LENGTH: usize = 400;

/// See [`features::hiding`].
const HIDING: f32 = 0.5;

/// A text job.
#[derive(Debug)]
pub struct TextTask {
    data: TaskData<TextMeaning>,
    /// Validation sequences, longest first.
    order: Vec<usize>,
    /// Where they stand, if they are lines of a file.
    origin: Option<Origin>,
}

impl TextTask {
    /// A job on given texts.
    ///
    /// # Errors
    /// None for settings that fit together.
    pub fn new(
        settings: &Settings,
        (unit, lines): (Unit, bool),
        train: &str,
        valid: &str,
    ) -> Result<Self> {
        let pretrained = Pretrained::<TextMeaning>::of(settings)?;
        let (lexicon, counts) = match &pretrained {
            Some(from) => from.meaning.continued((unit, lines), train)?,
            None => Lexicon::collect(unit, train),
        };
        let meaning = TextMeaning { lexicon, lines };
        let mut spec = settings.spec(meaning.input(settings.embedding), meaning.head())?;
        // The one token that is read must not be lost as often as other numbers.
        spec.dropout.input = 0.0;
        let text = train;
        let mut train = meaning.encode_streams(text, settings.batch);
        let mut valid = meaning.encode_streams(valid, VALID_STREAMS);
        if let Some(count) = settings.overfit_batch {
            train = train.select(0..count.min(train.len()));
            valid = train.clone();
        }
        let mut data = TaskData {
            spec,
            hiding: Some(features::hiding(0, &counts, HIDING)),
            train_lines: lines_of(&meaning, text, &train),
            train,
            valid,
            meaning,
            class_weights: None,
            transitions: None,
            vectors: None,
            pretrained: None,
        };
        if let Some(from) = pretrained {
            from.into_data(&mut data)?;
        }
        Ok(Self {
            order: longest_first(&data.valid),
            origin: None,
            data,
        })
    }
}

/// The line of a text where each sequence begins.
fn lines_of(meaning: &TextMeaning, text: &str, sequences: &Sequences) -> Vec<usize> {
    if meaning.lines {
        let lines = text.lines().enumerate();
        let lines = lines.filter(|(_, line)| !line.is_empty());
        return lines.map(|(number, _)| number + 1).collect();
    }
    let targets = sequences.classes();
    let mut line = 1;
    let begin = |sequence| {
        let here = line;
        let ends = targets[sequences.rows_of(sequence)].iter();
        line += ends.filter(|target| target.get() == Some(LINE_END)).count();
        here
    };
    (0..sequences.len()).map(begin).collect()
}

/// What a net that foresees must not do.
fn check(settings: &Settings) -> Result<()> {
    if settings.bidirectional {
        return Err(Failure::input(
            "--bidirectional is not for text: a net that reads backwards has seen what it should foresee",
        ));
    }
    if settings.window > 1 {
        return Err(Failure::input(
            "--window must be 1 for text: a wider window shows what the net should foresee",
        ));
    }
    if settings.noise > 0.0 {
        return Err(Failure::input(
            "--noise is for measured numbers, and a text has none",
        ));
    }
    Ok(())
}

/// Splits off the last tenth, from the start of a line if there is one.
fn hold_out_end(text: &str) -> Option<(String, String)> {
    let mut middle = text.len() - text.len() / HELD_OUT;
    if let Some(line) = text[..text.floor_char_boundary(middle)].rfind('\n') {
        // A text of few long lines is cut within one.
        if middle - line < text.len() / HELD_OUT {
            middle = line + 1;
        }
    }
    let (train, valid) = text.split_at(text.floor_char_boundary(middle));
    (!train.is_empty() && !valid.is_empty()).then(|| (train.to_owned(), valid.to_owned()))
}

/// Splits off a tenth of the lines, the same one for the same seed. Each part has empty lines for those of the other, so
/// that lines keep their numbers.
fn hold_out_lines(text: &str, seed: u64) -> Option<(String, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.retain(|&line| !lines[line].is_empty());
    let mut rng = seeds::generator(seed, Purpose::HoldOut, &[]);
    seeds::shuffle(&mut rng, &mut order);
    let mut is_held_out = vec![false; lines.len()];
    for &line in order.iter().take(order.len().div_ceil(HELD_OUT)) {
        is_held_out[line] = true;
    }
    (order.len() > 1).then(|| part(&lines, &is_held_out))
}

/// One fold of the lines, and the rest.
///
/// # Errors
/// Running text, or fewer lines than folds.
fn fold_lines(text: &str, are_items: bool, fold: Fold, seed: u64) -> Result<(String, String)> {
    if !are_items {
        return Err(Failure::input(
            "--folds needs lines that are items of their own, and this is one running text, which is validated on its end; \
             --lines says otherwise, and --seeds N tells how much luck there is",
        ));
    }
    let lines: Vec<&str> = text.lines().collect();
    let filled: Vec<usize> = (0..lines.len())
        .filter(|&line| !lines[line].is_empty())
        .collect();
    let members: Vec<Member<'_>> = filled
        .iter()
        .map(|_| Member {
            group: "",
            class: None,
        })
        .collect();
    let mut is_held_out = vec![false; lines.len()];
    for (&line, is_held) in filled.iter().zip(groups::fold(&members, fold, seed)?) {
        is_held_out[line] = is_held;
    }
    Ok(part(&lines, &is_held_out))
}

/// What is learnt from, and what is held out: each has empty lines for those of the other.
fn part(lines: &[&str], is_held_out: &[bool]) -> (String, String) {
    let part = |wanted: bool| -> String {
        let lines = lines.iter().zip(is_held_out);
        let kept = lines.map(|(line, &is)| if is == wanted { *line } else { "" });
        kept.flat_map(|line| [line, "\n"]).collect()
    };
    (part(false), part(true))
}

impl Job for TextArgs {
    type Task = TextTask;

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    fn defaults(&self) -> Result<&'static Defaults> {
        let lines = match (self.lines, &self.train) {
            (Some(lines), _) => lines,
            (None, Some(path)) => self.tokens == Unit::Chars && are_items(&text::look(path)?),
            (None, None) => false,
        };
        Ok(match (lines, self.tokens) {
            (true, _) => LINES,
            (false, Unit::Chars) => STREAMS,
            (false, Unit::Words) => WORDS,
        })
    }

    fn files(&mut self) -> Vec<&mut PathBuf> {
        let data = self.train.iter_mut().chain(&mut self.valid);
        data.chain(&mut self.settings.init).collect()
    }

    fn has_folds(&self) -> bool {
        true
    }

    fn load(&self) -> Result<TextTask> {
        let Some(path) = &self.train else {
            return Err(Failure::input("train text needs data: --train FILE"));
        };
        Format::check(self.format, &[Format::Text])?;
        check(&self.settings)?;
        let train = text::load(path)?;
        let lines = match self.lines {
            Some(lines) => lines,
            None => self.tokens == Unit::Chars && are_items(&train),
        };
        if lines && self.lines.is_none() {
            tell!("every line is an item of its own; for running text: --lines false");
        }
        let fold = self.settings.repeats.held_out(self.valid.as_deref())?;
        let (train, valid) = match (&self.valid, fold) {
            (Some(valid), _) => (train, text::load(valid)?),
            (None, Some(fold)) => fold_lines(&train, lines, fold, self.settings.seed)
                .map_err(|failure| failure.in_file(path))?,
            (None, None) => {
                let parts = if lines {
                    hold_out_lines(&train, self.settings.seed)
                } else {
                    hold_out_end(&train)
                };
                parts.ok_or_else(|| {
                    let sentence = "the text is too short to learn from and validate on; give the latter by --valid";
                    Failure::input(sentence).in_file(path)
                })?
            }
        };
        let mut task = TextTask::new(&self.settings, (self.tokens, lines), &train, &valid)?;
        if lines && self.settings.overfit_batch.is_none() {
            task.origin = Some(Origin {
                path: self.valid.as_ref().unwrap_or(path).clone(),
                lines: lines_of(&task.data.meaning, &valid, &task.data.valid),
            });
        }
        Ok(task)
    }
}

impl Task for TextTask {
    type Meaning = TextMeaning;

    fn data(&self) -> &TaskData<TextMeaning> {
        &self.data
    }

    fn next(folder: &str) -> String {
        format!("elman generate {folder} --length 200, elman eval {folder} --data FILE")
    }

    fn walk(&self) -> Walk {
        if self.data.meaning.lines {
            Walk::Shuffled
        } else {
            Walk::Streams
        }
    }

    fn score_name(&self) -> &'static str {
        "-nats_per_token"
    }

    fn evidence(&self, network: &Network, _: &TextMeaning) -> Result<Vec<Evidence>> {
        let model = &network.model()?;
        let samples = SAMPLED.map(|(how, temperature)| -> Result<Sample> {
            let text = sample(&self.data.meaning, model, temperature, SAMPLE_LENGTH)?;
            Ok(Sample {
                how: how.to_owned(),
                text,
                ..Sample::default()
            })
        });
        let samples = samples.into_iter().collect::<Result<_>>()?;
        let mut shown = vec![Evidence::Samples(samples)];
        if let Some(origin) = &self.origin {
            let (lexicon, valid) = (&self.data.meaning.lexicon, &self.data.valid);
            let costs = network.judge(valid, &LineCost(valid))?;
            shown.push(Evidence::Mistakes(mistakes(lexicon, valid, &costs, origin)));
        }
        Ok(shown)
    }

    fn measure(&self, network: &Network) -> Result<Measure> {
        let scores = measure(&network.model()?, &self.data.valid, &self.order)?;
        Ok(Measure {
            loss: scores.per_token(),
            score: -scores.per_token(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_text_is_held_out_from_a_line_start() {
        let text = "0123456\n".repeat(20);
        let (train, valid) = hold_out_end(&text).unwrap();
        assert_eq!((train.len(), valid.len()), (144, 16));
        let (train, valid) = hold_out_end(&"é".repeat(50)).unwrap();
        assert_eq!((train.chars().count(), valid.chars().count()), (45, 5));
        assert_eq!(hold_out_end("abc"), None);
    }

    #[test]
    fn a_tenth_of_the_lines_is_held_out() {
        let text: String = (0..30).map(|i| format!("{i}\n")).collect();
        let (train, valid) = hold_out_lines(&text, 1).unwrap();
        let filled = |text: &str| text.lines().filter(|line| !line.is_empty()).count();
        assert_eq!((filled(&train), filled(&valid)), (27, 3));
        let numbered = |text: &str| {
            text.lines()
                .enumerate()
                .all(|(i, line)| line.is_empty() || line == i.to_string())
        };
        assert!(numbered(&train) && numbered(&valid));
        assert_ne!(hold_out_lines(&text, 2).unwrap().1, valid);
        assert_eq!(hold_out_lines("one\n", 1), None);
    }

    #[test]
    fn one_word_per_line_makes_items() {
        assert!(are_items(&"Ada\n".repeat(10)));
        assert!(!are_items(&"Ada\n".repeat(9)));
        assert!(!are_items(&("Ada\n".repeat(10) + "Ada King\n")));
    }
}
