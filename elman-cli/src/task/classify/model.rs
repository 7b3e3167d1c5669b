//! A trained classifying net at work: scores, and classes for new sequences.

use std::io::Write;
use std::path::Path;

use serde::{Serialize, Serializer};

use super::meaning::ClassMeaning;
use super::scores::{Answer, ClassJudge, ClassScores};
use super::source::{self, Example, Kind, Source};
use crate::base::encoding::{Encoding, EventRule};
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::base::json;
use crate::base::threads::on_threads;
use crate::data::reading::Steps;
use crate::data::{DataFile, Format, Sequences, quoted};
use crate::net::ensemble;
use crate::task::args::{EvalArgs, PredictArgs, UNSURE, split_column};
use crate::task::label::best;
use crate::task::paired::{Outcomes, Paired};
use crate::task::pool::{Mean, Softened};
use crate::task::temperature::{Temperature, largest, soften};
use crate::task::trained::{Description, EvalReport, Raw, Trained, TrainedNet};

/// A trained classifying net.
pub type ClassModel = TrainedNet<ClassMeaning>;

/// What keeps two classifying nets from answering together.
///
/// # Errors
/// They do.
pub fn fit(one: &ClassMeaning, other: &ClassMeaning) -> Result<(), String> {
    if one.classes != other.classes {
        return Err("they know different classes".to_owned());
    }
    if one.kind != other.kind || one.reading.columns() != other.reading.columns() {
        return Err("they read different columns, or different kinds of data".to_owned());
    }
    Ok(())
}

/// One line of `predict --json`.
#[derive(Serialize)]
struct ClassAnswer<'a> {
    /// Of a table: what it calls the sequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<&'a [String]>,
    class: &'a str,
    probability: f32,
    probabilities: Probabilities<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top: Option<Vec<Likely<'a>>>,
}

/// A class that may be the right one.
#[derive(Serialize)]
struct Likely<'a> {
    class: &'a str,
    probability: f32,
}

/// That of every class, by its name, in the order of the classes that `elman inspect` shows.
struct Probabilities<'a> {
    names: &'a [String],
    row: &'a [f64],
}

impl Serialize for Probabilities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.names.iter().zip(self.row.iter().map(|&p| p as f32)))
    }
}

impl ClassModel {
    fn answer(&self, args: &PredictArgs, chunk: usize, out: &mut dyn Write) -> Result<()> {
        let ClassMeaning { kind, classes, .. } = &self.meaning;
        let mut source = Source::open(
            &args.data,
            args.format,
            &self.meaning.known(args.columns, None),
        )?;
        if *kind == Kind::Numbers && !args.json {
            writeln!(out, "seq,class,probability")?;
        }
        loop {
            let examples = source.next_steps(chunk)?;
            if examples.is_empty() {
                return Ok(());
            }
            let sequences = self.meaning.encode(&examples, &args.data)?;
            let outputs = self.probabilities(&examples, &sequences)?;
            let (temperature, mut row) = (self.temperature(), Vec::new());
            for (example, outputs) in examples.iter().zip(outputs.chunks_exact(classes.len())) {
                soften(outputs, temperature, &mut row);
                let found = Found {
                    class: best(outputs),
                    row: &row,
                };
                if args.json {
                    self.write_json(example, found, args, out)?;
                } else {
                    self.write(example, found, args, out)?;
                }
            }
            out.flush()?;
        }
    }

    /// Probabilities (sequences, classes) of examples, which are `sequences` to this net, at temperature 1; of several nets the
    /// mean of what they are when softened.
    fn probabilities(&self, examples: &[Example], sequences: &Sequences) -> Result<Vec<f32>> {
        if self.others.is_empty() {
            return self.network.outputs(sequences);
        }
        let others = self.others_read(examples)?;
        ensemble::outputs(&self.together(sequences, &others), &self.pool())
    }

    fn pool(&self) -> Softened {
        let temperatures = self.members().map(|net| net.meaning.temperature);
        Softened {
            temperatures: temperatures.collect(),
            width: self.meaning.classes.len(),
            mean: Mean::Arithmetic,
        }
    }

    /// What is left to be done to probabilities: those of several nets are softened before they are averaged.
    fn temperature(&self) -> Temperature {
        match self.others.is_empty() {
            true => self.meaning.temperature,
            false => Temperature::default(),
        }
    }

    /// Examples as the other nets read them, without their classes: this one has warned of those that nobody knows.
    fn others_read(&self, examples: &[Example]) -> Result<Vec<Sequences>> {
        let bare = |example: &Example| Example {
            class: None,
            ..example.clone()
        };
        let bare: Vec<Example> = examples.iter().map(bare).collect();
        let read = |other: &Self| other.meaning.encode(&bare, Path::new(""));
        self.others.iter().map(read).collect()
    }

    /// The data that the command line names, and what was found in every sequence of them.
    fn judged(&self, args: &EvalArgs) -> Result<(Sequences, Vec<Option<Answer>>)> {
        args.note_parts(self.meaning.split_column.as_deref());
        let file = args.file();
        let examples = self.examples(file)?;
        let sequences = self.meaning.encode(&examples, file.path)?;
        let others = self.others_read(&examples)?;
        drop(examples);
        let judge = ClassJudge(sequences.classes(), self.temperature());
        let answers = on_threads(args.threads.into(), || match others.is_empty() {
            true => self.network.judge(&sequences, &judge),
            false => ensemble::judge(&self.together(&sequences, &others), &self.pool(), &judge),
        })?;
        Ok((sequences, answers))
    }

    /// The examples of a file, or of a part of it.
    fn examples(&self, file: DataFile<'_>) -> Result<Vec<Example>> {
        let split = split_column(file.part, self.meaning.split_column.as_deref());
        let mut examples = source::load(file, &self.meaning.known(file.columns, split))?.all;
        if let Some(part) = file.part {
            examples.retain(|example| example.part == Some(part));
            if examples.is_empty() {
                let sentence = format!("the part {} holds nothing", part.name());
                return Err(Failure::input(sentence).in_file(file.path));
            }
        }
        Ok(examples)
    }

    /// In the format of the input: a row of a table, text TAB class, or a line of the file of classes. Of several classes tables have a
    /// row each, and lines go on with class TAB probability.
    fn write(
        &self,
        example: &Example,
        found: Found<'_>,
        args: &PredictArgs,
        out: &mut dyn Write,
    ) -> Result<()> {
        let name = self.name(found, args);
        let top = args.top_k.map(|count| largest(found.row, count));
        match self.meaning.kind {
            Kind::Numbers => {
                let seq = quoted(&example.name);
                let one = [(found.class, found.row[found.class])];
                for &(class, probability) in top.as_deref().unwrap_or(&one) {
                    let name = match args.is_sure(probability) {
                        true => self.meaning.classes.name(class),
                        false => UNSURE,
                    };
                    writeln!(out, "{seq},{},{probability:.6}", quoted(name))?;
                }
                return Ok(());
            }
            // A cell of a table may hold several lines, and its answer is one.
            Kind::Text(_) => write!(out, "{}\t{name}", example.name.replace('\n', " "))?,
            Kind::Sentences => write!(out, "{name}")?,
        }
        for (class, probability) in top.into_iter().flatten() {
            let class = self.meaning.classes.name(class);
            write!(out, "\t{class}\t{probability:.6}")?;
        }
        Ok(writeln!(out)?)
    }

    /// What the answer is called.
    fn name(&self, found: Found<'_>, args: &PredictArgs) -> &str {
        match args.is_sure(found.row[found.class]) {
            true => self.meaning.classes.name(found.class),
            false => UNSURE,
        }
    }

    fn write_json(
        &self,
        example: &Example,
        found: Found<'_>,
        args: &PredictArgs,
        out: &mut dyn Write,
    ) -> Result<()> {
        let kind = self.meaning.kind;
        let likely = |(class, probability)| Likely {
            class: self.meaning.classes.name(class),
            probability: probability as f32,
        };
        let top = args
            .top_k
            .map(|count| largest(found.row, count).into_iter());
        let answer = ClassAnswer {
            seq: (kind == Kind::Numbers).then_some(&example.name),
            text: matches!(kind, Kind::Text(_)).then_some(&example.name),
            tokens: match &example.steps {
                Steps::Tokens(tokens) if kind == Kind::Sentences => Some(tokens),
                _ => None,
            },
            class: self.name(found, args),
            probability: found.row[found.class] as f32,
            probabilities: Probabilities {
                names: self.meaning.classes.names(),
                row: found.row,
            },
            top: top.map(|top| top.map(likely).collect()),
        };
        json::write(&mut *out, &answer)?;
        Ok(writeln!(out)?)
    }
}

/// The answer to an example.
#[derive(Clone, Copy)]
struct Found<'a> {
    class: usize,
    /// The probability of every class.
    row: &'a [f64],
}

impl Trained for ClassModel {
    fn evaluate(&self, args: &EvalArgs) -> Result<EvalReport> {
        let (sequences, answers) = self.judged(args)?;
        let scores = ClassScores::measure(&self.meaning.classes, &sequences, &answers);
        Ok(EvalReport {
            json: scores.to_json(),
            table: scores.to_table(),
        })
    }

    fn knows_probabilities(&self) -> bool {
        true
    }

    fn paired(&self, args: &EvalArgs) -> Result<Paired> {
        let (sequences, answers) = self.judged(args)?;
        let scores = ClassScores::measure(&self.meaning.classes, &sequences, &answers);
        let right = super::scores::right(&sequences, &answers);
        Ok(Paired {
            about: "the class of every sequence".to_owned(),
            score_name: "accuracy",
            score: scores.accuracy,
            outcomes: Outcomes::Right {
                noun: "sequences",
                sequences: right.into_iter().map(|right| vec![right]).collect(),
            },
        })
    }

    fn keep_event_rule(&mut self, rule: EventRule, run: &Run) -> Result<()> {
        self.meaning.events = Some(rule);
        self.save(run)
    }

    fn predict(&self, args: &PredictArgs, chunk: usize, out: &mut dyn Write) -> Result<()> {
        self.answer(args, chunk, out)
    }

    fn explain(&self, args: &PredictArgs, chunk: usize, out: &mut dyn Write) -> Result<()> {
        self.explain_all(args, chunk, out)
    }

    fn reads_tables(&self) -> bool {
        self.meaning.kind == Kind::Numbers
    }

    fn formats(&self) -> &'static [Format] {
        self.meaning.kind.formats()
    }

    fn sequences(&self, file: DataFile<'_>) -> Result<Sequences> {
        self.meaning.encode(&self.examples(file)?, file.path)
    }

    fn description(&self) -> Description {
        Description {
            channels: self.meaning.reading.channels(),
            labels: self.meaning.classes.names().to_vec(),
        }
    }

    fn raw(&self) -> Option<Raw<'_>> {
        let scaling = self.meaning.reading.scaling()?;
        Some(Raw {
            scaling,
            names: self.meaning.classes.names(),
            temperature: self.meaning.temperature.get(),
        })
    }

    fn encoding(&self) -> Encoding {
        let mut encoding = self.meaning.reading.encoding();
        encoding.remark("Outputs are the probabilities of the classes; those after the last step count. Start every sequence from a reset state.");
        self.meaning.temperature.add_to(&mut encoding);
        if let Some(front) = &mut encoding.front {
            front.rule = Some(self.meaning.events.unwrap_or(EventRule::EVERY));
        }
        let about = "What the outputs are called.";
        let names = self.meaning.classes.names().to_vec();
        encoding.add_names("labels", about, names);
        encoding
    }
}
