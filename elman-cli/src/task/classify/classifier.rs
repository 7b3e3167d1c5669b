//! A trained classifying net at work: scores, and classes for new sequences.

use std::io::Write;

use serde::Serialize;

use super::Classifying;
use super::scores::Scores;
use super::source::{self, Example, Kind, Source};
use crate::base::encoding::Encoding;
use crate::base::failure::Result;
use crate::base::folder::Run;
use crate::base::threads::on_threads;
use crate::data::reading::Steps;
use crate::data::{DataFile, Format, Sequences, quoted};
use crate::net::network::Network;
use crate::task::args::{EvalArgs, PredictArgs};
use crate::task::label::best;
use crate::task::trained::{Description, Report, Trained};

/// A trained classifying net.
pub struct Classifier {
    network: Network,
    classifying: Classifying,
}

/// One line of `predict --json`.
#[derive(Serialize)]
struct Answer<'a> {
    /// Of a table: what it calls the sequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<&'a [String]>,
    class: &'a str,
    probability: f32,
    /// In the order of the classes that `elman inspect` shows.
    probabilities: &'a [f32],
}

impl Classifier {
    /// A run's best model.
    ///
    /// # Errors
    /// As [`Classifying::open`].
    pub fn open(run: &Run) -> Result<Self> {
        let (network, classifying) = Classifying::open(run)?;
        Ok(Self {
            network,
            classifying,
        })
    }

    fn answer(&self, args: &PredictArgs, chunk: usize, out: &mut dyn Write) -> Result<()> {
        let Classifying {
            kind,
            reading,
            classes,
        } = &self.classifying;
        let mut source = Source::open(&args.data, args.format, *kind, reading.columns())?;
        if *kind == Kind::Numbers && !args.json {
            writeln!(out, "seq,class,probability")?;
        }
        loop {
            let examples = source.next_steps(chunk)?;
            if examples.is_empty() {
                return Ok(());
            }
            let sequences = self.classifying.encode(&examples, &args.data)?;
            let outputs = self.network.outputs(&sequences)?;
            for (example, row) in examples.iter().zip(outputs.chunks_exact(classes.len())) {
                if args.json {
                    self.write_json(example, row, out)?;
                } else {
                    self.write(example, row, out)?;
                }
            }
            out.flush()?;
        }
    }

    /// In the format of the input: a row of a table, text TAB class, or a line of the file of classes.
    fn write(&self, example: &Example, row: &[f32], out: &mut dyn Write) -> Result<()> {
        let class = best(row);
        let (name, probability) = (self.classifying.classes.name(class), row[class]);
        match self.classifying.kind {
            Kind::Numbers => {
                let (seq, name) = (quoted(&example.name), quoted(name));
                writeln!(out, "{seq},{name},{probability:.6}")?;
            }
            Kind::Text(_) => writeln!(out, "{}\t{name}", example.name)?,
            Kind::Sentences => writeln!(out, "{name}")?,
        }
        Ok(())
    }

    fn write_json(&self, example: &Example, row: &[f32], out: &mut dyn Write) -> Result<()> {
        let class = best(row);
        let kind = self.classifying.kind;
        let answer = Answer {
            seq: (kind == Kind::Numbers).then_some(&example.name),
            text: matches!(kind, Kind::Text(_)).then_some(&example.name),
            tokens: match &example.steps {
                Steps::Tokens(tokens) if kind == Kind::Sentences => Some(tokens),
                _ => None,
            },
            class: self.classifying.classes.name(class),
            probability: row[class],
            probabilities: row,
        };
        serde_json::to_writer(&mut *out, &answer).map_err(std::io::Error::from)?;
        Ok(writeln!(out)?)
    }
}

impl Trained for Classifier {
    fn network(&self) -> &Network {
        &self.network
    }

    fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }

    fn evaluate(&self, args: &EvalArgs) -> Result<Report> {
        let sequences = self.sequences(args.file())?;
        let outputs = on_threads(args.threads.into(), || self.network.outputs(&sequences))?;
        let classes = &self.classifying.classes;
        let scores = Scores::measure(classes.len(), sequences.classes(), &outputs);
        Ok(Report {
            json: scores.to_json(classes),
            table: scores.to_table(classes),
        })
    }

    fn predict(&self, args: &PredictArgs, chunk: usize, out: &mut dyn Write) -> Result<()> {
        self.answer(args, chunk, out)
    }

    fn formats(&self) -> &'static [Format] {
        self.classifying.kind.formats()
    }

    fn sequences(&self, file: DataFile<'_>) -> Result<Sequences> {
        let Classifying { kind, reading, .. } = &self.classifying;
        let examples = source::load(file, *kind, reading.columns())?;
        self.classifying.encode(&examples.all, file.path)
    }

    fn description(&self) -> Description {
        Description {
            channels: self.classifying.reading.channels(),
            labels: self.classifying.classes.names().to_vec(),
        }
    }

    fn encoding(&self) -> Encoding {
        let mut encoding = self.classifying.reading.encoding();
        encoding.remark("Outputs are the probabilities of the classes; those after the last step count. Start every sequence from a reset state.");
        let about = "What the outputs are called.";
        let names = self.classifying.classes.names().to_vec();
        encoding.add_names("labels", about, names);
        encoding
    }
}
