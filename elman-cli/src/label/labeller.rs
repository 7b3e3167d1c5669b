//! A trained labelling net at work: scores, and labels for new sentences.

use std::io::{BufRead, Write};
use std::path::Path;

use serde::Serialize;

use super::{Labelling, Scores};
use crate::args::{EvalArgs, PredictArgs};
use crate::data::conll::{Conll, Sentence};
use crate::data::{Lines, Loader, Sequences};
use crate::failure::Result;
use crate::model_file::Network;
use crate::predict::on_standard_output;
use crate::run::Run;
use crate::spans::{Tag, spans};
use crate::threads::on_threads;
use crate::trained::{Description, Report, Trained};

/// A trained labelling net.
pub struct Labeller {
    pub network: Network,
    pub labelling: Labelling,
}

/// One line of `predict --json`.
#[derive(Serialize)]
struct Answer<'a> {
    tokens: &'a [String],
    labels: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    spans: Option<Vec<FoundSpan<'a>>>,
}

#[derive(Serialize)]
struct FoundSpan<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    start: usize,
    end: usize,
    text: String,
}

impl Trained for Labeller {
    fn network(&self) -> &Network {
        &self.network
    }

    fn evaluate(&self, args: &EvalArgs) -> Result<Report> {
        let sequences = self.sequences(&args.data)?;
        let outputs = on_threads(args.threads.into(), || self.network.outputs(&sequences))?;
        let scores = Scores::measure(&self.labelling.labels, &sequences, &outputs);
        Ok(Report {
            json: scores.to_json(),
            table: scores.to_table(),
        })
    }

    fn predict(&self, args: &PredictArgs) -> Result<()> {
        on_standard_output(&args.data, |chunk, out| {
            self.answer(Lines::open(&args.data)?, chunk, args.json, out)
        })
    }

    fn sequences(&self, data: &Path) -> Result<Sequences> {
        let sentences = Conll::Labelled.load(data)?;
        self.labelling
            .encode(&sentences, &data.display().to_string())
    }

    fn description(&self) -> Description {
        Description {
            channels: self.labelling.vocabularies.iter().map(Into::into).collect(),
            labels: self.labelling.labels.names().to_vec(),
        }
    }
}

impl Labeller {
    /// A run's best model.
    ///
    /// # Errors
    /// As [`Labelling::open`].
    pub fn open(run: &Run) -> Result<Self> {
        let (network, labelling) = Labelling::open(run)?;
        Ok(Self { network, labelling })
    }

    fn answer(
        &self,
        mut lines: Lines<impl BufRead>,
        chunk: usize,
        as_json: bool,
        out: &mut dyn Write,
    ) -> Result<()> {
        loop {
            let sentences = Conll::TokensOnly.next_sequences(&mut lines, chunk)?;
            if sentences.is_empty() {
                return Ok(());
            }
            let labels = self.label(&sentences)?;
            for (sentence, labels) in sentences.iter().zip(&labels) {
                self.write(sentence, labels, as_json, out)?;
            }
            out.flush()?;
        }
    }

    /// The labels of some sentences.
    ///
    /// # Errors
    /// None for sentences without labels of their own.
    pub fn label(&self, sentences: &[Sentence]) -> Result<Vec<Vec<&str>>> {
        let sequences = self.labelling.encode(sentences, "the input")?;
        let outputs = self.network.outputs(&sequences)?;
        let width = self.labelling.labels.len();
        let rows = (0..sequences.len()).map(|sequence| sequences.rows_of(sequence));
        Ok(rows
            .map(|rows| {
                self.labelling
                    .decode(&outputs[rows.start * width..rows.end * width])
            })
            .collect())
    }

    fn write(
        &self,
        sentence: &Sentence,
        labels: &[&str],
        as_json: bool,
        out: &mut dyn Write,
    ) -> Result<()> {
        if as_json {
            let answer = Answer {
                tokens: &sentence.tokens,
                labels,
                spans: self.spans(sentence, labels),
            };
            serde_json::to_writer(&mut *out, &answer).map_err(std::io::Error::from)?;
        } else {
            for (token, label) in sentence.tokens.iter().zip(labels) {
                writeln!(out, "{token}\t{label}")?;
            }
        }
        Ok(writeln!(out)?)
    }

    fn spans<'a>(&self, sentence: &Sentence, labels: &[&'a str]) -> Option<Vec<FoundSpan<'a>>> {
        let tags: Option<Vec<Tag<'a>>> = labels.iter().map(|label| Tag::parse(label)).collect();
        let found = spans(tags.filter(|_| self.labelling.labels.are_spans())?);
        let name = |span: crate::spans::Span<'a>| FoundSpan {
            kind: span.kind,
            start: span.tokens.start,
            end: span.tokens.end,
            text: sentence.tokens[span.tokens].join(" "),
        };
        Some(found.into_iter().map(name).collect())
    }
}
