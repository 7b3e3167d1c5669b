//! A trained labelling net at work: scores, and labels for new sentences.

use std::io::{BufRead, Write};

use serde::Serialize;

use super::judge::{Decoded, LabelJudge};
use super::meaning::LabelMeaning;
use super::paired::paired;
use super::raw::Raw;
use super::row::best;
use super::scores::LabelScores;
use crate::base::encoding::Encoding;
use crate::base::failure::Result;
use crate::base::json;
use crate::base::threads::on_threads;
use crate::data::conll::{Conll, Sentence};
use crate::data::spans::spans;
use crate::data::table::Wanted;
use crate::data::{self, DataFile, Format, Lines, Loader, Sequences, open_table, quoted};
use crate::net::judge::Judge;
use crate::task::args::{EvalArgs, PredictArgs};
use crate::task::paired::Paired;
use crate::task::trained::{Description, EvalReport, Trained, TrainedNet};

/// A trained labelling net.
pub type LabelModel = TrainedNet<LabelMeaning>;

/// One line of `predict --json`.
#[derive(Serialize)]
struct LabelAnswer<'a> {
    tokens: &'a [String],
    labels: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    spans: Option<Vec<FoundSpan<'a>>>,
}

/// One line of `predict --json` for rows of numbers.
#[derive(Serialize)]
struct LabelRowsAnswer<'a> {
    seq: &'a str,
    labels: Vec<&'a str>,
    probabilities: Vec<f32>,
}

#[derive(Serialize)]
struct FoundSpan<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    start: usize,
    end: usize,
    text: String,
}

/// The best label of every row, whatever stands before it, and its probability.
struct BestOfRows;

impl Judge for BestOfRows {
    type Notes = Vec<(usize, f32)>;
    type Verdict = Vec<(usize, f32)>;

    fn start(&self) -> Self::Notes {
        Vec::new()
    }

    fn see(&self, found: &mut Self::Notes, _: usize, row: &[f32]) {
        let label = best(row);
        found.push((label, row[label]));
    }

    fn end(&self, found: Self::Notes) -> Self::Verdict {
        found
    }
}

impl Trained for LabelModel {
    fn evaluate(&self, args: &EvalArgs) -> Result<EvalReport> {
        let (sequences, found) = self.found(args)?;
        let scores = LabelScores::measure(&self.meaning.labels, &sequences, &found);
        Ok(EvalReport {
            json: scores.to_json(),
            table: scores.to_table(),
        })
    }

    fn paired(&self, args: &EvalArgs) -> Result<Paired> {
        let (sequences, found) = self.found(args)?;
        let is_table = self.reads_tables();
        Ok(paired(&self.meaning.labels, &sequences, &found, is_table))
    }

    fn predict(&self, args: &PredictArgs, chunk: usize, out: &mut dyn Write) -> Result<()> {
        match self.meaning.reading.columns() {
            None => {
                let mut lines = Lines::open(&args.data)?;
                let is_label = |word: &str| self.meaning.labels.id(word).is_some();
                let (columns, known) = self.meaning.layout(args.columns);
                let conll = Conll::tokens(&mut lines, columns, known, &is_label)?;
                self.answer((conll, lines), chunk, args.json, out)
            }
            Some(columns) => self.answer_rows(args, columns, chunk, out),
        }
    }

    fn explain(&self, args: &PredictArgs, chunk: usize, out: &mut dyn Write) -> Result<()> {
        self.explain_all(args, chunk, out)
    }

    fn reads_tables(&self) -> bool {
        self.meaning.reading.columns().is_some()
    }

    fn formats(&self) -> &'static [Format] {
        match self.meaning.reading.columns() {
            None => &[Format::Conll],
            Some(_) => Format::TABLES,
        }
    }

    fn sequences(&self, file: DataFile<'_>) -> Result<Sequences> {
        self.raw(file)?
            .encode(&self.meaning, &file.path.display().to_string())
    }

    fn description(&self) -> Description {
        Description {
            channels: self.meaning.reading.channels(),
            labels: self.meaning.labels.names().to_vec(),
        }
    }

    fn encoding(&self) -> Encoding {
        let LabelMeaning {
            reading, labels, ..
        } = &self.meaning;
        let mut encoding = reading.encoding();
        encoding.remark("Outputs are the probabilities of the labels.");
        if let Some(rule) = labels.rule() {
            encoding.remark(format!(
                "elman predict chooses the most probable labels in which {rule}."
            ));
        }
        let about = "What the outputs are called.";
        encoding.add_names("labels", about, labels.names().to_vec());
        encoding
    }
}

impl LabelModel {
    fn answer(
        &self,
        (conll, mut lines): (Conll, Lines<impl BufRead>),
        chunk: usize,
        as_json: bool,
        out: &mut dyn Write,
    ) -> Result<()> {
        loop {
            let sentences = conll.next_sequences(&mut lines, chunk)?;
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

    /// Labels the rows of a table: `seq,t,label,probability`, or a JSON object per sequence.
    fn answer_rows(
        &self,
        args: &PredictArgs,
        columns: &[String],
        chunk: usize,
        out: &mut dyn Write,
    ) -> Result<()> {
        let wanted = Wanted {
            format: args.format,
            columns: Some(columns.to_vec()),
            dialect: self.meaning.dialect.clone(),
            ..Wanted::default()
        };
        let mut table = open_table(&args.data, &wanted)?;
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
            let sequences = raw.encode(&self.meaning, "the input")?;
            let answers = self.judge_together(&raw, &sequences, &BestOfRows)?;
            let Raw::Rows(blocks) = raw else { continue };
            for (block, found) in blocks.iter().zip(&answers) {
                self.write_rows(&block.name, found, args.json, out)?;
            }
            out.flush()?;
        }
    }

    fn write_rows(
        &self,
        seq: &str,
        found: &[(usize, f32)],
        as_json: bool,
        out: &mut dyn Write,
    ) -> Result<()> {
        let name = |&(label, probability)| (self.meaning.labels.name(label), probability);
        let found = found.iter().map(name);
        if as_json {
            let (labels, probabilities) = found.unzip();
            let answer = LabelRowsAnswer {
                seq,
                labels,
                probabilities,
            };
            json::write(&mut *out, &answer)?;
            writeln!(out)?;
        } else {
            for (t, (label, probability)) in found.enumerate() {
                let (seq, label) = (quoted(seq), quoted(label));
                writeln!(out, "{seq},{t},{label},{probability:.6}")?;
            }
        }
        Ok(())
    }

    /// The labels of some sentences.
    ///
    /// # Errors
    /// None for sentences without labels of their own.
    pub fn label(&self, sentences: &[Sentence]) -> Result<Vec<Vec<&str>>> {
        let raw = Raw::Sentences(sentences.to_vec());
        let sequences = raw.encode(&self.meaning, "the input")?;
        let found = self.judge_together(&raw, &sequences, &self.judge(&sequences))?;
        let name = |label| self.meaning.labels.name(label);
        let names = |decoded: Decoded| decoded.labels.into_iter().map(name).collect();
        Ok(found.into_iter().map(names).collect())
    }

    /// The data that the command line names, and what was found in every sequence of them.
    fn found(&self, args: &EvalArgs) -> Result<(Sequences, Vec<Decoded>)> {
        args.note_parts(self.meaning.split_column.as_deref());
        let raw = self.raw(args.file())?;
        let sequences = raw.encode(&self.meaning, &args.data.display().to_string())?;
        let found = on_threads(args.threads.into(), || {
            self.judge_together(&raw, &sequences, &self.judge(&sequences))
        })?;
        Ok((sequences, found))
    }

    /// Scores of this net alone on some sequences. Runs on the threads of the rayon pool around it.
    ///
    /// # Errors
    /// None for sequences of this model.
    pub fn measure(&self, sequences: &Sequences) -> Result<LabelScores> {
        let found = self.network.judge(sequences, &self.judge(sequences))?;
        let labels = &self.meaning.labels;
        Ok(LabelScores::measure(labels, sequences, &found))
    }

    fn judge<'a>(&'a self, sequences: &'a Sequences) -> LabelJudge<'a> {
        LabelJudge {
            labels: &self.meaning.labels,
            sequences,
        }
    }

    fn write(
        &self,
        sentence: &Sentence,
        labels: &[&str],
        as_json: bool,
        out: &mut dyn Write,
    ) -> Result<()> {
        if as_json {
            let answer = LabelAnswer {
                tokens: &sentence.tokens,
                labels,
                spans: self.spans(sentence, labels),
            };
            json::write(&mut *out, &answer)?;
        } else {
            for (token, label) in sentence.tokens.iter().zip(labels) {
                writeln!(out, "{token}\t{label}")?;
            }
        }
        Ok(writeln!(out)?)
    }

    fn spans<'a>(&self, sentence: &Sentence, labels: &[&'a str]) -> Option<Vec<FoundSpan<'a>>> {
        let known = &self.meaning.labels;
        if !known.are_spans() {
            return None;
        }
        let found = spans(labels.iter().map(|label| known.tag_of(label)));
        let name = |span: crate::data::spans::Span<'a>| FoundSpan {
            kind: span.kind,
            start: span.tokens.start,
            end: span.tokens.end,
            text: sentence.tokens[span.tokens].join(" "),
        };
        Some(found.into_iter().map(name).collect())
    }
}
