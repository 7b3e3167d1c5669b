//! `elman predict` of a labelling net: labels, spans, and how probable they are.

use std::io::{BufRead, Write};

use serde::Serialize;

use super::confidence::{Confidence, ConfidenceJudge};
use super::judge::LabelJudge;
use super::model::LabelModel;
use super::raw::Raw;
use crate::base::failure::Result;
use crate::base::json;
use crate::data::conll::{Conll, Sentence};
use crate::data::running::{RunningSentence, RunningText};
use crate::data::table::{Blocks, Wanted};
use crate::data::{self, Lines, Loader, open_table, quoted};
use crate::task::args::{PredictArgs, UNSURE};

/// One line of `predict --json`.
#[derive(Serialize)]
struct LabelAnswer<'a> {
    tokens: &'a [String],
    labels: Vec<&'a str>,
    /// Of each label.
    probabilities: Vec<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top: Option<Vec<Vec<Likely<'a>>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spans: Option<Vec<FoundSpan<'a>>>,
}

/// One line of `predict --json` for rows of numbers.
#[derive(Serialize)]
struct LabelRowsAnswer<'a> {
    seq: &'a str,
    labels: Vec<&'a str>,
    probabilities: Vec<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top: Option<Vec<Vec<Likely<'a>>>>,
}

/// One line of `predict --text --json`; places count the characters of the whole text.
#[derive(Serialize)]
struct RunningAnswer<'a> {
    text: &'a str,
    tokens: Vec<RunningToken<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spans: Option<Vec<FoundSpan<'a>>>,
}

#[derive(Serialize)]
struct RunningToken<'a> {
    text: &'a str,
    start: usize,
    end: usize,
    label: &'a str,
    probability: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    top: Option<Vec<Likely<'a>>>,
}

/// A label that may be the right one.
#[derive(Serialize)]
struct Likely<'a> {
    label: &'a str,
    probability: f32,
}

#[derive(Serialize)]
struct FoundSpan<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    start: usize,
    end: usize,
    text: String,
    /// The probability that exactly this is a span, and of this type.
    confidence: f32,
    /// The type where it is not sure enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    likeliest: Option<&'a str>,
}

impl LabelModel {
    /// Labels sentences as they come.
    ///
    /// # Errors
    /// Reading or writing fails.
    pub(super) fn answer(
        &self,
        (conll, mut lines): (Conll, Lines<impl BufRead>),
        args: &PredictArgs,
        chunk: usize,
        out: &mut dyn Write,
    ) -> Result<()> {
        loop {
            let sentences = conll.next_sequences(&mut lines, chunk)?;
            if sentences.is_empty() {
                return Ok(());
            }
            if args.json || args.asks_for_more() {
                for (sentence, found) in sentences.iter().zip(self.look_at(&sentences, args)?) {
                    self.write(sentence, &found, args, out)?;
                }
            } else {
                for (sentence, labels) in sentences.iter().zip(self.label(&sentences)?) {
                    for (token, label) in sentence.tokens.iter().zip(labels) {
                        writeln!(out, "{token}\t{label}")?;
                    }
                    writeln!(out)?;
                }
            }
            out.flush()?;
        }
    }

    /// Labels running text: token, start, end and label, or a JSON object per sentence.
    ///
    /// # Errors
    /// Reading or writing fails.
    pub(super) fn answer_text(
        &self,
        args: &PredictArgs,
        chunk: usize,
        out: &mut dyn Write,
    ) -> Result<()> {
        let mut text = RunningText::open(&args.data)?;
        loop {
            let running = text.next(chunk)?;
            if running.is_empty() {
                return Ok(());
            }
            let sentence = |running: &RunningSentence| Sentence {
                tokens: running.tokens.clone(),
                ..Sentence::default()
            };
            let sentences: Vec<Sentence> = running.iter().map(sentence).collect();
            for (running, found) in running.iter().zip(self.look_at(&sentences, args)?) {
                self.write_running(running, &found, args, out)?;
            }
            out.flush()?;
        }
    }

    fn write_running(
        &self,
        sentence: &RunningSentence,
        found: &Confidence,
        args: &PredictArgs,
        out: &mut dyn Write,
    ) -> Result<()> {
        let labels = self.sure_labels(found, args);
        let RunningSentence {
            tokens,
            places,
            text,
        } = sentence;
        if !args.json {
            for (t, ((token, place), label)) in tokens.iter().zip(places).zip(labels).enumerate() {
                write!(out, "{token}\t{}\t{}\t{label}", place.start, place.end)?;
                self.write_top(found, t, out)?;
            }
            return Ok(writeln!(out)?);
        }
        let top = args.top_k.map(|_| self.top(found));
        let mut top = top.map(Vec::into_iter);
        let described = tokens
            .iter()
            .zip(places)
            .zip(labels.iter().zip(&found.sure));
        let described = described.map(|((text, place), (label, sure))| RunningToken {
            text,
            start: place.start,
            end: place.end,
            label,
            probability: *sure as f32,
            top: top.as_mut().and_then(Iterator::next),
        });
        let first = places.first().map_or(0, |place| place.start);
        let spans = self.spans(tokens, found, args).into_iter().map(|span| {
            let (start, end) = (places[span.start].start, places[span.end - 1].end);
            let letters = text.chars().skip(start - first).take(end - start);
            FoundSpan {
                start,
                end,
                text: letters.collect(),
                ..span
            }
        });
        let answer = RunningAnswer {
            text,
            tokens: described.collect(),
            spans: (self.meaning.labels.are_spans()).then(|| spans.collect()),
        };
        json::write(&mut *out, &answer)?;
        Ok(writeln!(out)?)
    }

    /// What is likeliest for a token, and the end of its line.
    fn write_top(&self, found: &Confidence, t: usize, out: &mut dyn Write) -> Result<()> {
        for &(label, probability) in found.top.get(t).into_iter().flatten() {
            let label = self.meaning.labels.name(label);
            write!(out, "\t{label}\t{probability:.6}")?;
        }
        Ok(writeln!(out)?)
    }

    /// The rows that the command line names, with these columns.
    ///
    /// # Errors
    /// A file that is missing or does not fit.
    pub(super) fn open_rows(
        &self,
        args: &PredictArgs,
        columns: &[String],
    ) -> Result<Box<dyn Blocks>> {
        let wanted = Wanted {
            format: args.format,
            columns: Some(columns.to_vec()),
            dialect: self.meaning.dialect.clone(),
            ..Wanted::default()
        };
        open_table(&args.data, &wanted)
    }

    /// Labels the rows of a table: `seq,t,label,probability`, or a JSON object per sequence.
    ///
    /// # Errors
    /// Reading or writing fails.
    pub(super) fn answer_rows(
        &self,
        args: &PredictArgs,
        columns: &[String],
        chunk: usize,
        out: &mut dyn Write,
    ) -> Result<()> {
        let mut table = self.open_rows(args, columns)?;
        if !args.json {
            writeln!(out, "seq,t,label,probability")?;
        }
        loop {
            let mut blocks = table.next_blocks(chunk)?;
            if blocks.is_empty() {
                return Ok(());
            }
            // The file may have labels of its own: predictions do not depend on them.
            (blocks.iter_mut()).for_each(|block| block.labels = data::table::Labels::None);
            let raw = Raw::Rows(blocks);
            let answers = self.confidences(&raw, args)?;
            let Raw::Rows(blocks) = raw else { continue };
            for (block, found) in blocks.iter().zip(&answers) {
                self.write_rows(&block.name, found, args, out)?;
            }
            out.flush()?;
        }
    }

    /// The labels of some sentences.
    ///
    /// # Errors
    /// None for sentences without labels of their own.
    pub fn label(&self, sentences: &[Sentence]) -> Result<Vec<Vec<&str>>> {
        let raw = Raw::Sentences(sentences.to_vec());
        let sequences = &raw.encode(&self.meaning, "the input")?;
        let chain = &self.chain();
        let judge = LabelJudge { chain, sequences };
        let found = self.judge_together(&raw, sequences, &judge)?.into_iter();
        let name = |label| self.meaning.labels.name(label);
        Ok(found
            .map(|decoded| decoded.labels.into_iter().map(name).collect())
            .collect())
    }

    fn look_at(&self, sentences: &[Sentence], args: &PredictArgs) -> Result<Vec<Confidence>> {
        self.confidences(&Raw::Sentences(sentences.to_vec()), args)
    }

    fn confidences(&self, raw: &Raw, args: &PredictArgs) -> Result<Vec<Confidence>> {
        let sequences = raw.encode(&self.meaning, "the input")?;
        let chain = &self.softened_chain();
        let judge = ConfidenceJudge {
            chain,
            top: args.top_k.unwrap_or(0),
            targets: None,
        };
        self.judge_together(raw, &sequences, &judge)
    }

    fn write_rows(
        &self,
        seq: &str,
        found: &Confidence,
        args: &PredictArgs,
        out: &mut dyn Write,
    ) -> Result<()> {
        let labels = self.sure_labels(found, args);
        if args.json {
            let answer = LabelRowsAnswer {
                seq,
                labels,
                probabilities: floats(&found.sure),
                top: args.top_k.map(|_| self.top(found)),
            };
            json::write(&mut *out, &answer)?;
            writeln!(out)?;
            return Ok(());
        }
        let seq = quoted(seq);
        for (t, (label, sure)) in labels.iter().zip(&found.sure).enumerate() {
            let row = |label: &str, probability: f64| {
                format!("{seq},{t},{},{probability:.6}\n", quoted(label))
            };
            match found.top.get(t) {
                None => out.write_all(row(label, *sure).as_bytes())?,
                Some(top) => {
                    for &(label, probability) in top {
                        let label = self.unless_unsure(label, probability, args);
                        out.write_all(row(label, probability).as_bytes())?;
                    }
                }
            }
        }
        Ok(())
    }

    fn write(
        &self,
        sentence: &Sentence,
        found: &Confidence,
        args: &PredictArgs,
        out: &mut dyn Write,
    ) -> Result<()> {
        let labels = self.sure_labels(found, args);
        if args.json {
            let known = &self.meaning.labels;
            let answer = LabelAnswer {
                tokens: &sentence.tokens,
                labels,
                probabilities: floats(&found.sure),
                top: args.top_k.map(|_| self.top(found)),
                spans: (known.are_spans()).then(|| self.spans(&sentence.tokens, found, args)),
            };
            json::write(&mut *out, &answer)?;
            return Ok(writeln!(out)?);
        }
        for (t, (token, label)) in sentence.tokens.iter().zip(labels).enumerate() {
            write!(out, "{token}\t{label}")?;
            self.write_top(found, t, out)?;
        }
        Ok(writeln!(out)?)
    }

    /// The names of the labels, of which those that are not sure enough are unsure: of a span all or none.
    fn sure_labels(&self, found: &Confidence, args: &PredictArgs) -> Vec<&str> {
        let labels = &self.meaning.labels;
        let both = found.labels.iter().zip(&found.sure);
        if !labels.are_spans() {
            let names = both.map(|(&label, &sure)| self.unless_unsure(label, sure, args));
            return names.collect();
        }
        let mut names: Vec<&str> = both.map(|(&label, _)| labels.name(label)).collect();
        for (tokens, sure) in &found.spans {
            if !args.is_sure(*sure) {
                names[tokens.clone()].fill(UNSURE);
            }
        }
        names
    }

    fn unless_unsure(&self, label: usize, probability: f64, args: &PredictArgs) -> &str {
        match args.is_sure(probability) {
            true => self.meaning.labels.name(label),
            false => UNSURE,
        }
    }

    fn top(&self, found: &Confidence) -> Vec<Vec<Likely<'_>>> {
        let likely = |&(label, probability): &(usize, f64)| Likely {
            label: self.meaning.labels.name(label),
            probability: probability as f32,
        };
        let rows = found.top.iter();
        rows.map(|top| top.iter().map(likely).collect()).collect()
    }

    fn spans(
        &self,
        words: &[String],
        found: &Confidence,
        args: &PredictArgs,
    ) -> Vec<FoundSpan<'_>> {
        let labels = &self.meaning.labels;
        let name = |(tokens, sure): &(std::ops::Range<usize>, f64)| {
            let kind = labels
                .tag(found.labels[tokens.start])
                .kind()
                .unwrap_or_default();
            let is_sure = args.is_sure(*sure);
            FoundSpan {
                kind: if is_sure { kind } else { UNSURE },
                start: tokens.start,
                end: tokens.end,
                text: words[tokens.clone()].join(" "),
                confidence: *sure as f32,
                likeliest: (!is_sure).then_some(kind),
            }
        };
        found.spans.iter().map(name).collect()
    }
}

fn floats(numbers: &[f64]) -> Vec<f32> {
    numbers.iter().map(|&x| x as f32).collect()
}
