//! `elman predict --why` for labels: what spoke for the label of a token or row, and not for the next best.

use std::io::Write;

use serde::Serialize;

use super::confidence::ConfidenceJudge;
use super::meaning::LabelMeaning;
use super::raw::Raw;
use crate::base::failure::Result;
use crate::base::json;
use crate::data::conll::{Conll, Sentence};
use crate::data::table::{Block, Labels};
use crate::data::{Lines, Loader, Sequences, quoted};
use crate::net::attribution::{Question, attribute};
use crate::task::args::PredictArgs;
use crate::task::trained::TrainedNet;
use crate::task::why::{Reason, by_column, by_step, named_columns, strongest};

/// One line of `predict --why --json` for a sentence.
#[derive(Serialize)]
struct ExplainedLabels<'a> {
    tokens: &'a [String],
    labels: Vec<&'a str>,
    rather_than: Vec<Option<&'a str>>,
    /// (T, T): for the label of every token, how much each token speaks for it.
    why: Vec<Vec<f64>>,
}

/// One line of it for a row of numbers.
#[derive(Serialize)]
struct ExplainedRow<'a> {
    seq: &'a str,
    t: usize,
    label: &'a str,
    rather_than: Option<&'a str>,
    columns: &'a [String],
    /// (T, columns)
    why: Vec<Vec<f64>>,
}

/// The label of a step, the next best, and the shares of all that the net reads.
struct Explained {
    label: usize,
    rival: Option<usize>,
    shares: Vec<f64>,
}

impl TrainedNet<LabelMeaning> {
    /// Labels what the command line names, each label with its reasons.
    ///
    /// # Errors
    /// Data that are missing or do not fit.
    pub(super) fn explain_all(
        &self,
        args: &PredictArgs,
        chunk: usize,
        out: &mut dyn Write,
    ) -> Result<()> {
        let Some(columns) = self.meaning.reading.columns() else {
            return self.explain_sentences(args, chunk, out);
        };
        let mut table = self.open_rows(args, columns)?;
        if !args.json {
            writeln!(out, "seq,t,label,rather_than,why")?;
        }
        loop {
            let blocks = table.next_blocks(chunk)?;
            if blocks.is_empty() {
                return Ok(());
            }
            for mut block in blocks {
                block.labels = Labels::None;
                self.explain_rows(block, columns, args.json, out)?;
            }
            out.flush()?;
        }
    }

    fn explain_sentences(
        &self,
        args: &PredictArgs,
        chunk: usize,
        out: &mut dyn Write,
    ) -> Result<()> {
        let mut lines = Lines::open(&args.data)?;
        let is_label = |word: &str| self.meaning.labels.id(word).is_some();
        let (columns, known) = self.meaning.layout(args.columns);
        let conll = Conll::tokens(&mut lines, columns, known, &is_label)?;
        loop {
            let sentences = conll.next_sequences(&mut lines, chunk)?;
            if sentences.is_empty() {
                return Ok(());
            }
            for sentence in sentences {
                self.explain_sentence(sentence, args.json, out)?;
            }
            out.flush()?;
        }
    }

    fn explain_sentence(
        &self,
        sentence: Sentence,
        as_json: bool,
        out: &mut dyn Write,
    ) -> Result<()> {
        let tokens = sentence.tokens.clone();
        let found = self.explain_steps(&Raw::Sentences(vec![sentence]))?;
        let name = |label| self.meaning.labels.name(label);
        let shares = |one: &Explained| by_step(&one.shares, tokens.len());
        if as_json {
            let answer = ExplainedLabels {
                tokens: &tokens,
                labels: found.iter().map(|one| name(one.label)).collect(),
                rather_than: found.iter().map(|one| one.rival.map(name)).collect(),
                why: found.iter().map(shares).collect(),
            };
            json::write(&mut *out, &answer)?;
        } else {
            for (token, one) in tokens.iter().zip(&found) {
                let reasons = tokens.iter().zip(shares(one));
                let reasons = strongest(reasons.map(|(token, weight)| Reason {
                    what: token.clone(),
                    weight,
                }));
                let rival = one
                    .rival
                    .map_or_else(String::new, |rival| format!(" rather than {}", name(rival)));
                writeln!(out, "{token}\t{}{rival}\t{reasons}", name(one.label))?;
            }
        }
        Ok(writeln!(out)?)
    }

    fn explain_rows(
        &self,
        block: Block,
        columns: &[String],
        as_json: bool,
        out: &mut dyn Write,
    ) -> Result<()> {
        let (seq, steps) = (block.name.clone(), block.rows);
        let found = self.explain_steps(&Raw::Rows(vec![block]))?;
        let name = |label| self.meaning.labels.name(label);
        for (t, one) in found.iter().enumerate() {
            let why = by_column(&one.shares, steps, columns.len());
            let (label, rather_than) = (name(one.label), one.rival.map(name));
            if as_json {
                let answer = ExplainedRow {
                    seq: &seq,
                    t,
                    label,
                    rather_than,
                    columns,
                    why,
                };
                json::write(&mut *out, &answer)?;
                writeln!(out)?;
                continue;
            }
            let reasons = strongest(named_columns(&why, columns));
            let cells = [&seq, label, rather_than.unwrap_or_default(), &reasons].map(quoted);
            let [seq, label, rather_than, reasons] = cells;
            writeln!(out, "{seq},{t},{label},{rather_than},{reasons}")?;
        }
        Ok(())
    }

    /// Explains every step of the one sequence that there is.
    fn explain_steps(&self, one: &Raw) -> Result<Vec<Explained>> {
        let sequences: Sequences = one.encode(&self.meaning, "the input")?;
        let judge = ConfidenceJudge {
            chain: &self.softened_chain(),
            top: 2,
            targets: None,
        };
        let found = self.network.judge(&sequences, &judge)?;
        let steps = found
            .iter()
            .flat_map(|found| found.labels.iter().zip(&found.top));
        let answers: Vec<(usize, Option<usize>)> = steps
            .map(|(&label, top)| (label, rival(label, top)))
            .collect();
        let question = |(row, &(label, rival)): (usize, &(usize, Option<usize>))| Question {
            row,
            outputs: std::iter::once((label, 1.0))
                .chain(rival.map(|rival| (rival, -1.0)))
                .collect(),
        };
        let questions: Vec<Question> = answers.iter().enumerate().map(question).collect();
        let shares = attribute(&self.network, &sequences, 0, &questions)?;
        let explained = answers.into_iter().zip(shares);
        Ok(explained
            .map(|((label, rival), shares)| Explained {
                label,
                rival,
                shares,
            })
            .collect())
    }
}

/// The likeliest other label, of the two that are likeliest in all that the scheme allows.
fn rival(label: usize, top: &[(usize, f64)]) -> Option<usize> {
    let mut labels = top.iter().map(|&(label, _)| label);
    labels.find(|&other| other != label)
}
