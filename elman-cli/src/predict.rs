//! `elman predict`: labels for new sentences, in the format of the training data. Sentences from standard input are
//! answered one by one, as soon as each ends.

use std::io::{BufRead, Write};
use std::path::Path;

use serde::Serialize;

use crate::args::PredictArgs;
use crate::data::conll::{Conll, Sentence};
use crate::data::{Lines, Loader};
use crate::failure::Result;
use crate::label::Labelling;
use crate::model_file::Network;
use crate::run::Run;
use crate::spans::{Tag, spans};
use crate::threads::on_threads;

/// Sentences of a file that are labelled together. It changes the speed, never a label.
const CHUNK: usize = 1024;

/// The command.
///
/// # Errors
/// A run or a file that is missing or does not fit.
pub fn run(args: &PredictArgs) -> Result<()> {
    let (network, labelling) = Labelling::open(&Run::open(&args.run)?)?;
    let labeller = Labeller {
        network,
        labelling,
        as_json: args.json,
    };
    on_threads(args.threads.into(), || {
        let out = std::io::stdout().lock();
        if args.data == Path::new("-") {
            let input = std::io::stdin().lock();
            labeller.answer(Lines::new("standard input", input), 1, out)
        } else {
            labeller.answer(
                Lines::open(&args.data)?,
                CHUNK,
                std::io::BufWriter::new(out),
            )
        }
    })
}

/// A model in use.
pub struct Labeller {
    pub network: Network,
    pub labelling: Labelling,
    pub as_json: bool,
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

impl Labeller {
    fn answer(
        &self,
        mut lines: Lines<impl BufRead>,
        chunk: usize,
        mut out: impl Write,
    ) -> Result<()> {
        loop {
            let mut sentences = Vec::new();
            while sentences.len() < chunk {
                match Conll::TokensOnly.next_sequence(&mut lines)? {
                    Some(sentence) => sentences.push(sentence),
                    None => break,
                }
            }
            if sentences.is_empty() {
                return Ok(());
            }
            let labels = self.label(&sentences)?;
            for (sentence, labels) in sentences.iter().zip(&labels) {
                self.write(sentence, labels, &mut out)?;
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

    fn write(&self, sentence: &Sentence, labels: &[&str], out: &mut impl Write) -> Result<()> {
        if self.as_json {
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
