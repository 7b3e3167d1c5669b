//! Data as a file has them, before a net reads them: several nets may read the same, each in its own way.

use super::chain::Chain;
use super::meaning::LabelMeaning;
use crate::base::failure::{Failure, Result};
use crate::data::conll::{Conll, Sentence};
use crate::data::table::{Block, Labels, Wanted};
use crate::data::{DataFile, Sequences, load_table};
use crate::net::ensemble;
use crate::net::judge::Judge;
use crate::task::args::split_column;
use crate::task::parts;
use crate::task::pool::{Mean, Softened};
use crate::task::temperature::Temperature;
use crate::task::trained::TrainedNet;

/// Sentences, or rows of numbers.
pub enum Raw {
    Sentences(Vec<Sentence>),
    Rows(Vec<Block>),
}

impl Raw {
    /// As a net reads them.
    ///
    /// # Errors
    /// Training met none of the labels.
    pub fn encode(&self, meaning: &LabelMeaning, name: &str) -> Result<Sequences> {
        match self {
            Self::Sentences(sentences) => meaning.encode(sentences, name),
            Self::Rows(blocks) => meaning.encode_rows(blocks, name),
        }
    }

    /// The same without labels.
    fn bare(&self) -> Self {
        let bare = |sentence: &Sentence| Sentence {
            labels: Vec::new(),
            ..sentence.clone()
        };
        let bare_block = |block: &Block| Block {
            labels: Labels::None,
            ..block.clone()
        };
        match self {
            Self::Sentences(sentences) => Self::Sentences(sentences.iter().map(bare).collect()),
            Self::Rows(blocks) => Self::Rows(blocks.iter().map(bare_block).collect()),
        }
    }
}

/// What keeps two labelling nets from answering together.
///
/// # Errors
/// They do.
pub fn fit(one: &LabelMeaning, other: &LabelMeaning) -> Result<(), String> {
    if one.labels != other.labels {
        return Err("they know different labels".to_owned());
    }
    if one.reading.columns() != other.reading.columns() {
        return Err("they read different columns".to_owned());
    }
    Ok(())
}

impl TrainedNet<LabelMeaning> {
    /// What a file holds, or a part of it.
    ///
    /// # Errors
    /// A file that is missing or does not fit.
    pub(super) fn raw(&self, file: DataFile<'_>) -> Result<Raw> {
        let data = file.path;
        if file.classes.is_some() {
            let sentence =
                "--classes is for runs of elman train classify; this one labels every step";
            return Err(Failure::input(sentence));
        }
        let Some(columns) = self.meaning.reading.columns() else {
            let (columns, known) = self.meaning.layout(file.columns);
            return Ok(Raw::Sentences(Conll::load(data, columns, known)?.0));
        };
        let split = split_column(file.part, self.meaning.split_column.as_deref());
        let wanted = Wanted {
            format: file.format,
            columns: Some(columns.to_vec()),
            needs_labels: true,
            dialect: self.meaning.dialect.clone(),
            split_column: split.map(str::to_owned),
            ..Wanted::default()
        };
        let table = load_table(data, &wanted)?;
        let blocks = parts::only(table.sequences, columns.len(), file.part, data)?;
        Ok(Raw::Rows(blocks))
    }

    /// What may follow what, as sure as this net is; of several nets it is the [softened](Self::softened_chain) chain.
    pub(super) fn chain(&self) -> Chain<'_> {
        self.chain_at(Temperature::default())
    }

    /// What may follow what, as sure as this net may be. Of several nets, whose scores of transitions and outputs are softened each
    /// by its own temperature before they are averaged, nothing is left to be softened.
    pub(super) fn softened_chain(&self) -> Chain<'_> {
        self.chain_at(self.meaning.temperature)
    }

    fn chain_at(&self, temperature: Temperature) -> Chain<'_> {
        let labels = &self.meaning.labels;
        if self.others.is_empty() {
            return Chain::new(labels, self.network.transitions(), temperature);
        }
        let learnt = self.mean_transitions();
        Chain::new(labels, learnt.as_deref(), Temperature::default())
    }

    /// Softened scores of transitions, the mean of all nets; none where no net learnt any. To a net without them whatever is
    /// allowed is as good.
    fn mean_transitions(&self) -> Option<Vec<f32>> {
        let count = self.members().count() as f64;
        let mut mean: Option<Vec<f64>> = None;
        for net in self.members() {
            let Some(scores) = net.network.transitions() else {
                continue;
            };
            let mean = mean.get_or_insert_with(|| vec![0.0; scores.len()]);
            let share = 1.0 / (count * net.meaning.temperature.get());
            let pairs = mean.iter_mut().zip(scores);
            pairs.for_each(|(mean, &score)| *mean += share * f64::from(score));
        }
        mean.map(|mean| mean.into_iter().map(|score| score as f32).collect())
    }

    /// How outputs become those of one net: by the arithmetic mean, but where transitions were learnt by the geometric one.
    fn pool(&self) -> Softened {
        let temperatures = self.members().map(|net| net.meaning.temperature);
        let mut networks = self.members().map(|net| &net.network);
        Softened {
            temperatures: temperatures.collect(),
            width: self.meaning.labels.len(),
            mean: match networks.any(|network| network.transitions().is_some()) {
                true => Mean::Geometric,
                false => Mean::Arithmetic,
            },
        }
    }

    /// What a judge with a chain of this net says of the outputs, of several nets of their mean; `sequences` are the data as this
    /// one reads them. Runs on the threads of the rayon pool around it.
    ///
    /// # Errors
    /// None for data of this model.
    pub(super) fn judge_together<J: Judge>(
        &self,
        raw: &Raw,
        sequences: &Sequences,
        judge: &J,
    ) -> Result<Vec<J::Verdict>> {
        if self.others.is_empty() {
            return self.network.judge(sequences, judge);
        }
        // This net has warned of labels that nobody knows.
        let bare = raw.bare();
        let read = |other: &Self| bare.encode(&other.meaning, "the input");
        let others: Vec<Sequences> = self.others.iter().map(read).collect::<Result<_>>()?;
        ensemble::judge(&self.together(sequences, &others), &self.pool(), judge)
    }
}
