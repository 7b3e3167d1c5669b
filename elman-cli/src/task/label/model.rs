//! A trained labelling net at work: scores, and labels for new sentences.

use std::io::Write;

use super::chain::Scores;
use super::meaning::LabelMeaning;
use super::parts;
use super::scores::LabelScores;
use crate::base::encoding::Encoding;
use crate::base::failure::{Failure, Result};
use crate::base::threads::on_threads;
use crate::data::conll::Conll;
use crate::data::table::Wanted;
use crate::data::{DataFile, Format, Lines, Sequences, load_table};
use crate::task::args::{EvalArgs, PredictArgs, split_column};
use crate::task::trained::{Description, EvalReport, Trained, TrainedNet};

/// A trained labelling net.
pub type LabelModel = TrainedNet<LabelMeaning>;

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

    fn knows_probabilities(&self) -> bool {
        true
    }

    fn labels_words(&self) -> bool {
        self.meaning.reading.columns().is_none()
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
            reading,
            labels,
            temperature,
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
        if let Some(learnt) = self.network.transitions() {
            Scores::new(labels, learnt).add_to(&mut encoding);
        }
        let about = "What the outputs are called.";
        encoding.add_names("labels", about, labels.names().to_vec());
        encoding
    }
}

impl LabelModel {
    /// Scores on some sequences. Runs on the threads of the rayon pool around it.
    ///
    /// # Errors
    /// None for sequences of this model.
    pub fn measure(&self, sequences: &Sequences) -> Result<LabelScores> {
        Ok(LabelScores::run(&self.network, &self.meaning, sequences)?.0)
    }
}
