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

impl RegressModel {
    /// A file, as it would be learnt from.
    fn load(&self, file: DataFile<'_>) -> Result<Encoded> {
        no_classes(file.classes)?;
        let meaning = &self.meaning;
        let names = meaning.names();
        let mut samples: Samples = TargetFile {
            path: file.path,
            format: file.format,
            inputs: Some(meaning.inputs()),
            targets: if meaning.is_labelled { &[] } else { &names },
            split_column: split_column(file.part, meaning.split_column.as_deref()),
            dialect: &meaning.dialect,
        }
        .load()?;
        samples.keep(file.part, meaning.read(), file.path)?;
        meaning.encode(&self.samples(samples.blocks))
    }

    /// The data that the command line names, and what the net puts out for them.
    fn run(&self, args: &EvalArgs) -> Result<(Encoded, Vec<f32>)> {
        args.note_parts(self.meaning.split_column.as_deref());
        let encoded = self.load(args.file())?;
        let outputs = on_threads(args.threads.into(), || {
            self.network.outputs(&encoded.sequences)
        })?;
        Ok((encoded, outputs))
    }

    /// The root of the mean squared error of every sequence, all targets in units of what they range over in training.
    fn sequence_errors(&self, encoded: &Encoded, outputs: &[f32]) -> BTreeMap<(usize, usize), f64> {
        let goals = &self.meaning.goals;
        let mut errors = BTreeMap::new();
        for sequence in 0..encoded.sequences.len() {
            let rows = encoded.sequences.outputs_of(sequence, 0..usize::MAX);
            let numbers = rows.start * goals.len()..rows.end * goals.len();
            let (mut squares, mut count) = (0.0, 0);
            for (place, goal) in numbers.zip(goals.iter().cycle()) {
                let target = encoded.targets[place];
                if !target.is_nan() {
                    let unit = if goals.len() > 1 {
                        goal.range[1] - goal.range[0]
                    } else {
                        1.0
                    };
                    let error = goal.value(encoded.expected[place], outputs[place]) - target;
                    squares += (error / unit).powi(2);
                    count += 1;
                }
            }
            if count > 0 {
                errors.insert((sequence, 0), (squares / f64::from(count)).sqrt());
            }
        }
        errors
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
            let encoded = meaning.encode(&samples)?;
            let outputs = self.network.outputs(&encoded.sequences)?;
            let goals = meaning.goals.iter().cycle();
            let values = encoded.expected.iter().zip(&outputs).zip(goals);
            let values =
                values.map(|((&expected, &output), goal)| goal.value(expected, output) as f32);
            let values: Vec<f32> = values.collect();
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
        let (encoded, outputs) = self.run(args)?;
        let scores = RegressScores::measure(&self.meaning, &encoded, &outputs);
        if scores.items() == 0 {
            return Err(Failure::input("no target to compare with").in_file(&args.data));
        }
        Ok(EvalReport {
            json: scores.to_json(&self.meaning),
            table: scores.to_table(&self.meaning),
        })
    }

    fn paired(&self, args: &EvalArgs) -> Result<Paired> {
        let (encoded, outputs) = self.run(args)?;
        let scores = RegressScores::measure(&self.meaning, &encoded, &outputs);
        let names = self.meaning.names().join(", ");
        Ok(Paired {
            about: format!("{names} of every sequence"),
            score_name: "r2",
            score: scores.r2(),
            outcomes: Outcomes::Errors(Errors {
                unit: "sequences",
                horizon: 1,
                by_step: self.sequence_errors(&encoded, &outputs),
            }),
        })
    }

    fn predict(&self, args: &PredictArgs, chunk: usize, out: &mut dyn Write) -> Result<()> {
        self.answer(args, chunk, out)
    }

    fn formats(&self) -> &'static [Format] {
        Format::TABLES
    }

    fn sequences(&self, file: DataFile<'_>) -> Result<Sequences> {
        Ok(self.load(file)?.sequences)
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
