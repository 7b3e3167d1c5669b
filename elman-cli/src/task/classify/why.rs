//! `elman predict --why` for classes: what spoke for the class, and not for the next best.

use std::io::Write;

use serde::Serialize;

use super::meaning::ClassMeaning;
use super::source::{Example, Kind, Source};
use crate::base::failure::Result;
use crate::base::json;
use crate::data::quoted;
use crate::data::reading::Steps;
use crate::net::attribution::{Question, attribute};
use crate::task::args::PredictArgs;
use crate::task::label::best;
use crate::task::temperature::soften;
use crate::task::trained::TrainedNet;
use crate::task::why::{Reason, by_column, by_step, named_columns, rival, strongest};

/// One line of `predict --why --json`.
#[derive(Serialize)]
struct ExplainedClass<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    class: &'a str,
    probability: f32,
    rather_than: Option<&'a str>,
    /// Of texts and sentences.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<&'a [String]>,
    /// Of tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<&'a [String]>,
    why: Why,
}

/// How much each token, or each column at each step, speaks for the class.
#[derive(Serialize)]
#[serde(untagged)]
enum Why {
    Tokens(Vec<f64>),
    Columns(Vec<Vec<f64>>),
}

impl TrainedNet<ClassMeaning> {
    /// Answers examples, each with its reasons.
    ///
    /// # Errors
    /// Data that are missing or do not fit.
    pub(super) fn explain_all(
        &self,
        args: &PredictArgs,
        chunk: usize,
        out: &mut dyn Write,
    ) -> Result<()> {
        let known = self.meaning.known(args.columns, None);
        let mut source = Source::open(&args.data, args.format, &known)?;
        loop {
            let examples = source.next_steps(chunk)?;
            if examples.is_empty() {
                return Ok(());
            }
            for example in &examples {
                self.explain_one(example, args, out)?;
            }
            out.flush()?;
        }
    }

    fn explain_one(
        &self,
        example: &Example,
        args: &PredictArgs,
        out: &mut dyn Write,
    ) -> Result<()> {
        let classes = &self.meaning.classes;
        let sequences = self
            .meaning
            .encode(std::slice::from_ref(example), &args.data)?;
        let row = self.network.outputs(&sequences)?;
        let class = best(&row);
        let mut softened = Vec::new();
        soften(&row, self.meaning.temperature, &mut softened);
        let rival = rival(&row, class);
        let outputs = std::iter::once((class, 1.0)).chain(rival.map(|rival| (rival, -1.0)));
        let question = Question {
            row: 0,
            outputs: outputs.collect(),
        };
        let shares = attribute(&self.network, &sequences, 0, &[question])?;
        let shares = shares.first().map_or(&[][..], Vec::as_slice);
        let steps = sequences.len_of(0);
        let columns = self.meaning.reading.columns();
        let why = match columns {
            None => Why::Tokens(by_step(shares, steps)),
            Some(columns) => Why::Columns(by_column(shares, steps, columns.len())),
        };
        let tokens = match &example.steps {
            Steps::Tokens(tokens) => Some(tokens.as_slice()),
            Steps::Numbers(_) => None,
        };
        let kind = self.meaning.kind;
        let rather_than = rival.map(|rival| classes.name(rival));
        if args.json {
            let answer = ExplainedClass {
                seq: (kind == Kind::Numbers).then_some(&example.name),
                text: matches!(kind, Kind::Text(_)).then_some(&example.name),
                class: classes.name(class),
                probability: softened[class] as f32,
                rather_than,
                tokens,
                columns,
                why,
            };
            json::write(&mut *out, &answer)?;
            return Ok(writeln!(out)?);
        }
        let name = match kind {
            Kind::Numbers => quoted(&example.name),
            Kind::Text(_) | Kind::Sentences => example.name.replace('\n', " "),
        };
        let reasons = why.strongest(tokens, columns);
        let class = classes.name(class);
        let rather_than =
            rather_than.map_or_else(String::new, |rival| format!(" rather than {rival}"));
        Ok(writeln!(out, "{name}\t{class}{rather_than}\t{reasons}")?)
    }
}

impl Why {
    /// The strongest as people read them.
    fn strongest(&self, tokens: Option<&[String]>, columns: Option<&[String]>) -> String {
        match self {
            Self::Columns(shares) => strongest(named_columns(shares, columns.unwrap_or_default())),
            Self::Tokens(shares) => {
                let tokens = tokens.unwrap_or_default().iter().zip(shares);
                strongest(tokens.map(|(token, &weight)| Reason {
                    what: shown(token),
                    weight,
                }))
            }
        }
    }
}

/// A token that can be seen.
fn shown(token: &str) -> String {
    match token.trim().is_empty() {
        true => format!("{token:?}"),
        false => token.to_owned(),
    }
}
