//! Values: numbers in, numbers out. What a net that was trained elsewhere says, as it is: the rows of its head, or its
//! hidden units where it has none.

use std::io::Write;

use elman_core::{Read, Spec};
use serde::{Deserialize, Serialize};

use crate::base::encoding::{Encoding, Numbers};
use crate::base::failure::Result;
use crate::base::json;
use crate::base::threads::on_threads;
use crate::data::reading::{Reading, Steps};
use crate::data::table::{Block, Wanted};
use crate::data::{DataFile, Format, Sequences, Targets, load_table, open_table, quoted};
use crate::task::args::{EvalArgs, PredictArgs};
use crate::task::trained::{Description, EvalReport, Trained, TrainedNet, no_classes};
use crate::train::task::Meaning;

/// The name of the task, in files.
pub const TASK: &str = "values";

/// From columns to what the net reads, and the names of what comes out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValueMeaning {
    pub reading: Reading,
    pub outputs: Vec<String>,
}

/// A net at work.
pub type ValueModel = TrainedNet<ValueMeaning>;

/// One line of `predict --json`.
#[derive(Serialize)]
struct ValueAnswer<'a> {
    seq: &'a str,
    /// A row per step, or one.
    outputs: Vec<&'a [f32]>,
}

/// The object that `eval --json` prints.
#[derive(Serialize)]
struct ValueScoresJson {
    loss: f64,
    rmse: f64,
    mae: f64,
    items: usize,
}

impl Meaning for ValueMeaning {
    const TASK: &'static str = TASK;
    const MISFIT: &'static str = "columns and outputs do not fit the net";

    fn fits(&self, spec: &Spec) -> bool {
        self.reading.columns().is_some()
            && self.reading.fits(&spec.input)
            && self.outputs.len() == spec.output_width()
    }
}

impl ValueModel {
    fn columns(&self) -> &[String] {
        self.meaning.reading.columns().unwrap_or_default()
    }

    fn reads_last(&self) -> bool {
        self.network.spec().head.read == Read::LastStep
    }

    /// Rows of the net's columns, and behind them `goals` more values per row, which are what should come out.
    fn encode(&self, blocks: &[Block], goals: usize) -> Result<Sequences> {
        let (read, inputs) = (self.network.spec().head.read, self.columns().len());
        let outputs = self.meaning.outputs.len();
        let mut sequences =
            Sequences::new(self.meaning.reading.rows(), Targets::numbers(outputs), read);
        for block in blocks {
            let rows = || block.values.chunks_exact((inputs + goals).max(1));
            let values = rows().flat_map(|row| &row[..inputs]).copied().collect();
            self.meaning
                .reading
                .push(&Steps::Numbers(values), &mut sequences)?;
            let goals = |row: &[f64]| -> Vec<f32> {
                let known = row[inputs..].iter().map(|&goal| goal as f32);
                known
                    .chain(std::iter::repeat(f32::NAN))
                    .take(outputs)
                    .collect()
            };
            let skipped = if self.reads_last() {
                block.rows.saturating_sub(1)
            } else {
                0
            };
            for row in rows().skip(skipped) {
                sequences.push_goal(goals(row));
            }
            sequences.end_sequence();
        }
        Ok(sequences)
    }

    fn answer(&self, args: &PredictArgs, chunk: usize, out: &mut dyn Write) -> Result<()> {
        let wanted = Wanted {
            format: args.format,
            columns: Some(self.columns().to_vec()),
            ..Wanted::default()
        };
        let mut table = open_table(&args.data, &wanted)?;
        if !args.json {
            let names: Vec<String> = self
                .meaning
                .outputs
                .iter()
                .map(|name| quoted(name))
                .collect();
            let time = if self.reads_last() { "" } else { "t," };
            writeln!(out, "seq,{time}{}", names.join(","))?;
        }
        loop {
            let blocks = table.next_blocks(chunk)?;
            if blocks.is_empty() {
                return Ok(());
            }
            let sequences = self.encode(&blocks, 0)?;
            let outputs = self.network.outputs(&sequences)?;
            let width = self.meaning.outputs.len();
            for (sequence, block) in blocks.iter().enumerate() {
                let rows = sequences.outputs_of(sequence, 0..usize::MAX);
                let rows = &outputs[rows.start * width..rows.end * width];
                self.write(&block.name, rows, args.json, out)?;
            }
            out.flush()?;
        }
    }

    /// Numbers are written so that they come back bit for bit.
    fn write(&self, seq: &str, rows: &[f32], as_json: bool, out: &mut dyn Write) -> Result<()> {
        let rows = rows.chunks_exact(self.meaning.outputs.len());
        if as_json {
            let outputs = rows.collect();
            json::write(&mut *out, &ValueAnswer { seq, outputs })?;
            return Ok(writeln!(out)?);
        }
        for (t, row) in rows.enumerate() {
            write!(out, "{}", quoted(seq))?;
            if !self.reads_last() {
                write!(out, ",{t}")?;
            }
            row.iter().try_for_each(|y| write!(out, ",{y}"))?;
            writeln!(out)?;
        }
        Ok(())
    }
}

impl Trained for ValueModel {
    fn evaluate(&self, args: &EvalArgs) -> Result<EvalReport> {
        let sequences = self.sequences(args.file())?;
        let outputs = on_threads(args.threads.into(), || self.network.outputs(&sequences))?;
        let pairs = outputs.iter().zip(sequences.goals());
        let errors = pairs
            .map(|(output, goal)| f64::from(*output) - f64::from(*goal))
            .filter(|error| !error.is_nan());
        let (mut items, mut squared, mut absolute) = (0, 0.0, 0.0);
        for error in errors {
            items += 1;
            squared += error * error;
            absolute += error.abs();
        }
        let count = f64::max(items as f64, 1.0);
        let scored = ValueScoresJson {
            loss: squared / count,
            rmse: (squared / count).sqrt(),
            mae: absolute / count,
            items,
        };
        Ok(EvalReport {
            table: format!(
                "{items} values, RMSE {:.6}, MAE {:.6}\n",
                scored.rmse, scored.mae
            ),
            json: json::text(&scored),
        })
    }

    fn predict(&self, args: &PredictArgs, chunk: usize, out: &mut dyn Write) -> Result<()> {
        self.answer(args, chunk, out)
    }

    fn formats(&self) -> &'static [Format] {
        Format::TABLES
    }

    /// What should come out stands in columns that are called like the outputs; of a net that reads the last step, in the
    /// last row of every sequence.
    fn sequences(&self, file: DataFile<'_>) -> Result<Sequences> {
        no_classes(file.classes)?;
        let outputs = &self.meaning.outputs;
        let wanted = Wanted {
            format: file.format,
            columns: Some([self.columns(), outputs].concat()),
            ..Wanted::default()
        };
        let table = load_table(file.path, &wanted)?;
        self.encode(&table.sequences, outputs.len())
    }

    fn description(&self) -> Description {
        Description {
            labels: self.meaning.outputs.clone(),
            ..Description::default()
        }
    }

    fn encoding(&self) -> Encoding {
        let mut encoding = self.meaning.reading.encoding();
        if self.reads_last() {
            encoding.remark(
                "Outputs count after the last step. Start every sequence from a reset state.",
            );
        }
        let about = "What the outputs are called.";
        encoding.add_names("outputs", about, self.meaning.outputs.clone());
        let outputs = self.meaning.outputs.len();
        let front = encoding.front.clone();
        encoding.answers = front.and_then(|front| Numbers::plain(front, outputs).sound());
        encoding
    }
}
