//! A trained regressing net at work: scores, and numbers for new sequences.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;

use super::meaning::{Encoded, RegressMeaning};
use super::samples::{Sample, Samples, TargetFile};
use super::scores::RegressScores;
use crate::base::encoding::Encoding;
use crate::base::failure::{Failure, Result};
use crate::base::json;
use crate::base::threads::on_threads;
use crate::data::table::{Block, Wanted};
use crate::data::{DataFile, Format, Sequences, open_table, quoted};
use crate::task::args::{EvalArgs, PredictArgs, split_column};
use crate::task::paired::{Errors, Outcomes, Paired};
use crate::task::trained::{Description, EvalReport, Trained, TrainedNet, no_classes};

/// A trained regressing net.
pub type RegressModel = TrainedNet<RegressMeaning>;

/// One line of `predict --json`.
#[derive(Serialize)]
struct RegressAnswer<'a> {
    seq: &'a str,
    /// By the names of the targets: a number, or one for every step.
    targets: BTreeMap<&'a str, Numbers>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Numbers {
    One(f32),
    Each(Vec<f32>),
}

/// What keeps two regressing nets from answering together.
///
/// # Errors
/// They do.
pub fn fit(one: &RegressMeaning, other: &RegressMeaning) -> Result<(), String> {
    if one.inputs() != other.inputs() {
        return Err("they read different columns".to_owned());
    }
    if one.names() != other.names() {
        return Err("they learnt different targets".to_owned());
    }
    if one.reads_last != other.reads_last {
        return Err("one answers at the last step, the other at every step".to_owned());
    }
    Ok(())
}

impl RegressModel {
    /// A file, as it would be learnt from.
    fn load(&self, file: DataFile<'_>) -> Result<Samples> {
        no_classes(file.classes)?;
        let meaning = &self.meaning;
        let names = meaning.names();
        let mut samples = TargetFile {
            path: file.path,
            format: file.format,
            inputs: Some(meaning.inputs()),
            targets: if meaning.is_labelled { &[] } else { &names },
            split_column: split_column(file.part, meaning.split_column.as_deref()),
            dialect: &meaning.dialect,
        }
        .load()?;
        samples.keep(file.part, meaning.read(), file.path)?;
        Ok(samples)
    }

    /// The mean of what all nets say, in the units of the data, and what the data are to this one.
    fn values(&self, samples: &[Sample]) -> Result<(Encoded, Vec<f64>)> {
        let of = |net: &Self| -> Result<(Encoded, Vec<f64>)> {
            let encoded = net.meaning.encode(samples)?;
            let outputs = net.network.outputs(&encoded.sequences)?;
            let values = net.meaning.values(&encoded.expected, &outputs);
            Ok((encoded, values))
        };
        let (encoded, mut values) = of(self)?;
        for other in &self.others {
            let more = of(other)?.1;
            values
                .iter_mut()
                .zip(more)
                .for_each(|(sum, value)| *sum += value);
        }
        let share = 1.0 / (1.0 + self.others.len() as f64);
        if share < 1.0 {
            values.iter_mut().for_each(|value| *value *= share);
        }
        Ok((encoded, values))
    }

    /// The targets of a file, and what the nets say of them.
    fn judged(&self, args: &EvalArgs) -> Result<(Encoded, Vec<f64>)> {
        args.note_parts(self.meaning.split_column.as_deref());
        let samples = self.samples(self.load(args.file())?.blocks);
        let judged = on_threads(args.threads.into(), || self.values(&samples))?;
        if judged.0.targets.iter().all(|target| target.is_nan()) {
            return Err(Failure::input("no target to compare with").in_file(&args.data));
        }
        Ok(judged)
    }

    /// How far off each sequence is, where there are many; else each step. Of several targets every one counts in units of
    /// what it ranged over in training.
    fn errors(&self, encoded: &Encoded, values: &[f64]) -> Errors {
        /// Of fewer sequences the steps are taken, as if they had nothing to do with one another.
        const MANY: usize = 20;
        let (goals, sequences) = (&self.meaning.goals, &encoded.sequences);
        let are_many = sequences.len() >= MANY;
        let mut squares: BTreeMap<(usize, usize), (f64, f64)> = BTreeMap::new();
        for sequence in 0..sequences.len() {
            for row in sequences.outputs_of(sequence, 0..usize::MAX) {
                let place = if are_many { (sequence, 0) } else { (0, row) };
                for (i, goal) in goals.iter().enumerate() {
                    let at = row * goals.len() + i;
                    let [low, high] = goal.range;
                    let unit = if goals.len() > 1 { high - low } else { 1.0 };
                    let error = (values[at] - encoded.targets[at]) / unit;
                    if !error.is_nan() {
                        let (sum, count) = squares.entry(place).or_default();
                        (*sum, *count) = (*sum + error * error, *count + 1.0);
                    }
                }
            }
        }
        let root = |(place, (sum, count)): (_, (f64, f64))| (place, (sum / count).sqrt());
        Errors {
            unit: if are_many { "sequences" } else { "steps" },
            horizon: 1,
            by_step: squares.into_iter().map(root).collect(),
        }
    }

    fn samples(&self, blocks: Vec<Block>) -> Vec<Sample> {
        let shape = (self.meaning.inputs().len(), self.meaning.goals.len());
        let sample = |block| Sample::new(block, shape, self.meaning.read());
        blocks.into_iter().map(sample).collect()
    }

    fn answer(&self, args: &PredictArgs, chunk: usize, out: &mut dyn Write) -> Result<()> {
        let meaning = &self.meaning;
        let wanted = Wanted {
            format: args.format,
            columns: Some(meaning.inputs().to_vec()),
            dialect: meaning.dialect.clone(),
            ..Wanted::default()
        };
        let mut table = open_table(&args.data, &wanted)?;
        if !args.json {
            let names: Vec<String> = meaning.names().iter().map(|name| quoted(name)).collect();
            let time = if meaning.reads_last { "" } else { "t," };
            writeln!(out, "seq,{time}{}", names.join(","))?;
        }
        loop {
            let blocks = table.next_blocks(chunk)?;
            if blocks.is_empty() {
                return Ok(());
            }
            let samples = self.samples(blocks);
            let (encoded, values) = self.values(&samples)?;
            let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
            let width = meaning.goals.len();
            for (sequence, sample) in samples.iter().enumerate() {
                let rows = encoded.sequences.outputs_of(sequence, 0..usize::MAX);
                let rows = &values[rows.start * width..rows.end * width];
                self.write(&sample.name, rows, args.json, out)?;
            }
            out.flush()?;
        }
    }

    /// A row for every answer of a sequence, or one JSON object.
    fn write(&self, seq: &str, values: &[f32], as_json: bool, out: &mut dyn Write) -> Result<()> {
        let goals = &self.meaning.goals;
        if as_json {
            let column = |place: usize| values.iter().skip(place).step_by(goals.len()).copied();
            let numbers = |place| match self.meaning.reads_last {
                true => Numbers::One(values[place]),
                false => Numbers::Each(column(place).collect()),
            };
            let named = goals.iter().enumerate();
            let targets = named.map(|(place, goal)| (goal.name.as_str(), numbers(place)));
            let answer = RegressAnswer {
                seq,
                targets: targets.collect(),
            };
            json::write(&mut *out, &answer)?;
            return Ok(writeln!(out)?);
        }
        for (t, row) in values.chunks_exact(goals.len()).enumerate() {
            write!(out, "{}", quoted(seq))?;
            if !self.meaning.reads_last {
                write!(out, ",{t}")?;
            }
            row.iter().try_for_each(|y| write!(out, ",{y}"))?;
            writeln!(out)?;
        }
        Ok(())
    }
}

impl Trained for RegressModel {
    fn reads_tables(&self) -> bool {
        true
    }

    fn evaluate(&self, args: &EvalArgs) -> Result<EvalReport> {
        let (encoded, values) = self.judged(args)?;
        let scores = RegressScores::measure(&self.meaning, &encoded, &values);
        Ok(EvalReport {
            json: scores.to_json(&self.meaning),
            table: scores.to_table(&self.meaning),
        })
    }

    fn paired(&self, args: &EvalArgs) -> Result<Paired> {
        let (encoded, values) = self.judged(args)?;
        let scores = RegressScores::measure(&self.meaning, &encoded, &values);
        Ok(Paired {
            about: format!(
                "{} of every {}",
                self.meaning.names().join(", "),
                match self.meaning.reads_last {
                    true => "sequence",
                    false => "step",
                }
            ),
            score_name: "r2",
            score: scores.r2(),
            outcomes: Outcomes::Errors(self.errors(&encoded, &values)),
        })
    }

    fn predict(&self, args: &PredictArgs, chunk: usize, out: &mut dyn Write) -> Result<()> {
        self.answer(args, chunk, out)
    }

    fn formats(&self) -> &'static [Format] {
        Format::TABLES
    }

    fn sequences(&self, file: DataFile<'_>) -> Result<Sequences> {
        let samples = self.samples(self.load(file)?.blocks);
        Ok(self.meaning.encode(&samples)?.sequences)
    }

    fn description(&self) -> Description {
        Description {
            labels: self.meaning.names(),
            ..Description::default()
        }
    }

    fn encoding(&self) -> Encoding {
        self.meaning.encoding()
    }
}
