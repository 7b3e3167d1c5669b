//! A trained labelling net at work: scores, and labels for new sentences.

use std::io::{BufRead, Write};

use serde::Serialize;

use super::chain::Chain;
use super::judge::{Decoded, LabelJudge};
use super::meaning::LabelMeaning;
use super::parts;
use super::row::best;
use super::scores::LabelScores;
use crate::base::encoding::Encoding;
use crate::base::failure::{Failure, Result};
use crate::base::json;
use crate::base::threads::on_threads;
use crate::data::conll::{Conll, Sentence};
use crate::data::spans::spans;
use crate::data::table::Wanted;
use crate::data::{
    self, DataFile, Format, Lines, Loader, Sequences, load_table, open_table, quoted,
};
use crate::net::judge::Judge;
use crate::task::args::{EvalArgs, PredictArgs, split_column};
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
        args.note_parts(self.meaning.split_column.as_deref());
        let sequences = self.sequences(args.file())?;
        let scores = on_threads(args.threads.into(), || self.measure(&sequences))?;
        Ok(EvalReport {
            json: scores.to_json(),
            table: scores.to_table(),
        })
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
        let data = file.path;
        if file.classes.is_some() {
            let sentence =
                "--classes is for runs of elman train classify; this one labels every step";
            return Err(Failure::input(sentence));
        }
        let name = data.display().to_string();
        match self.meaning.reading.columns() {
            None => {
                let (columns, known) = self.meaning.layout(file.columns);
                (self.meaning).encode(&Conll::load(data, columns, known)?.0, &name)
            }
            Some(columns) => {
                let wanted = Wanted {
                    format: file.format,
                    columns: Some(columns.to_vec()),
                    needs_labels: true,
                    dialect: self.meaning.dialect.clone(),
                    split_column: split_column(file.part, self.meaning.split_column.as_deref())
                        .map(str::to_owned),
                    ..Wanted::default()
                };
                let table = load_table(data, &wanted)?;
                let sequences = parts::only(table.sequences, columns.len(), file.part, data)?;
                self.meaning.encode_rows(&sequences, &name)
            }
        }
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
            let sequences = self.meaning.encode_rows(&blocks, "the input")?;
            let answers = self.network.judge(&sequences, &BestOfRows)?;
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
        let sequences = self.meaning.encode(sentences, "the input")?;
        let found = self.judge(&sequences)?;
        let name = |label| self.meaning.labels.name(label);
        let names = |decoded: Decoded| decoded.labels.into_iter().map(name).collect();
        Ok(found.into_iter().map(names).collect())
    }

    /// Scores on some sequences. Runs on the threads of the rayon pool around it.
    ///
    /// # Errors
    /// None for sequences of this model.
    pub fn measure(&self, sequences: &Sequences) -> Result<LabelScores> {
        let found = self.judge(sequences)?;
        let labels = &self.meaning.labels;
        Ok(LabelScores::measure(labels, sequences, &found))
    }

    fn judge(&self, sequences: &Sequences) -> Result<Vec<Decoded>> {
        let chain = &Chain::new(&self.meaning.labels, self.network.transitions(), 1.0);
        let judge = LabelJudge { chain, sequences };
        self.network.judge(sequences, &judge)
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
