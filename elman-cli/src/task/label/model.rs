//! A trained labelling net at work: scores, and labels for new sentences.

use std::io::Write;

use super::chain::Scores;
use super::judge::Decoded;
use super::meaning::LabelMeaning;
use super::paired::paired;
use super::scores::LabelScores;
use crate::base::encoding::{Encoding, EventRule};
use crate::base::failure::Result;
use crate::base::folder::Run;
use crate::base::threads::on_threads;
use crate::data::conll::Conll;
use crate::data::{DataFile, Format, Lines, Sequences};
use crate::task::args::{EvalArgs, PredictArgs};
use crate::task::paired::Paired;
use crate::task::trained::{Description, EvalReport, Raw, Trained, TrainedNet};

/// A trained labelling net.
pub type LabelModel = TrainedNet<LabelMeaning>;

impl Trained for LabelModel {
    fn evaluate(&self, args: &EvalArgs) -> Result<EvalReport> {
        let (_, scores, _) = self.found(args)?;
        Ok(EvalReport {
            json: scores.to_json(),
            table: scores.to_table(),
        })
    }

    fn knows_probabilities(&self) -> bool {
        true
    }

    fn labels_words(&self) -> bool {
        !self.reads_tables()
    }

    fn paired(&self, args: &EvalArgs) -> Result<Paired> {
        let (sequences, _, found) = self.found(args)?;
        let is_table = self.reads_tables();
        Ok(paired(&self.meaning.labels, &sequences, &found, is_table))
    }

    fn keep_event_rule(&mut self, rule: EventRule, run: &Run) -> Result<()> {
        self.meaning.events = Some(rule);
        self.save(run)
    }

    fn predict(&self, args: &PredictArgs, chunk: usize, out: &mut dyn Write) -> Result<()> {
        match self.meaning.reading.columns() {
            None if args.text => self.answer_text(args, chunk, out),
            None => {
                let mut lines = Lines::open(&args.data)?;
                let is_label = |word: &str| self.meaning.labels.id(word).is_some();
                let (columns, known) = self.meaning.layout(args.columns);
                let conll = Conll::tokens(&mut lines, columns, known, &is_label)?;
                self.answer((conll, lines), args, chunk, out)
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

    fn raw(&self) -> Option<Raw<'_>> {
        let scaling = self.meaning.reading.scaling()?;
        Some(Raw {
            scaling,
            names: self.meaning.labels.names(),
            temperature: self.meaning.temperature.get(),
        })
    }

    fn encoding(&self) -> Encoding {
        let LabelMeaning {
            reading,
            labels,
            temperature,
            events,
            ..
        } = &self.meaning;
        let mut encoding = reading.encoding();
        encoding.remark("Outputs are the probabilities of the labels.");
        if let Some(rule) = labels.rule() {
            encoding.remark(format!(
                "elman predict chooses the most probable labels in which {rule}."
            ));
        }
        temperature.add_to(&mut encoding);
        if let Some(front) = &mut encoding.front {
            front.rule = Some(events.unwrap_or(EventRule::EVERY));
        }
        if let Some(learnt) = self.network.transitions() {
            Scores::new(labels, learnt).add_to(&mut encoding);
        }
        let about = "What the outputs are called.";
        encoding.add_names("labels", about, labels.names().to_vec());
        encoding
    }
}

impl LabelModel {
    /// The data that the command line names, how good the labels are that were found in them, and these.
    fn found(&self, args: &EvalArgs) -> Result<(Sequences, LabelScores, Vec<Decoded>)> {
        args.note_parts(self.meaning.split_column.as_deref());
        let raw = self.raw(args.file())?;
        let sequences = raw.encode(&self.meaning, &args.data.display().to_string())?;
        let chains = [self.chain(), self.softened_chain()];
        let (scores, found, _) = on_threads(args.threads.into(), || {
            LabelScores::judged(chains.each_ref(), &sequences, |judge| {
                self.judge_together(&raw, &sequences, judge)
            })
        })?;
        Ok((sequences, scores, found))
    }

    /// Scores of this net alone on some sequences. Runs on the threads of the rayon pool around it.
    ///
    /// # Errors
    /// None for sequences of this model.
    pub fn measure(&self, sequences: &Sequences) -> Result<LabelScores> {
        Ok(LabelScores::run(&self.network, &self.meaning, sequences)?.0)
    }
}
