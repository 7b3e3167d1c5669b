//! The labelling task: from files to numbers.

use std::path::{Path, PathBuf};

use super::args::{DEFAULTS, LabelArgs, NUMBERS};
use super::chain::Chain;
use super::confidence;
use super::counts::LabelCounts;
use super::evidence::evidence;
use super::first::first_transitions;
use super::judge::{Decoded, LabelJudge};
use super::labels::Labels;
use super::meaning::LabelMeaning;
use super::mistakes::Origin;
use super::scores::LabelScores;

use crate::base::failure::{Failure, Result};
use crate::base::tell::tell;
use crate::data::conll::Conll;
use crate::data::reading::Reading;
use crate::data::survey;
use crate::data::table::Wanted;
use crate::data::vectors::Vectors;
use crate::data::{Format, Hiding, Layout, Sequences, load_table};
use crate::net::network::Network;
use crate::task::parts::{self, Recorded, hold_out};
use crate::task::temperature::Temperature;
use crate::task::word_vectors;
use crate::train::Job;
use crate::train::defaults::Defaults;
use crate::train::measure::Measure;
use crate::train::pretrained::Pretrained;
use crate::train::report::Evidence;
use crate::train::settings::Settings;
use crate::train::task::{Task, TaskData};

/// Whether the steps are rows of numbers.
fn is_table(args: &LabelArgs, path: &Path) -> Result<bool> {
    let read = [&[Format::Conll], Format::TABLES].concat();
    Format::check(args.format, &read)?;
    if args.columns.is_some() {
        // They are those of sentences.
        return Ok(args.format.is_some_and(Format::is_table));
    }
    Ok(Format::of(args.format, path)?.is_table())
}

/// A labelling job.
#[derive(Debug)]
pub struct LabelTask(TaskData<LabelMeaning>, Origin);

impl LabelTask {
    fn load_sentences(args: &LabelArgs, path: &Path) -> Result<Self> {
        if args.split_column.is_some() {
            let sentence = "--split-column is for tables of numbers; sentences come in a file per part: --valid FILE";
            return Err(Failure::input(sentence));
        }
        let (train, layout) = Conll::load(path, args.columns, None)?;
        let all = train.iter().flat_map(|sentence| &sentence.labels);
        let counts = LabelCounts::new("label", all.map(String::as_str));
        if let Some((label, line)) = Labels::odd_one_out(&train, &counts) {
            let path = path.display();
            tell!(
                "elman: {path}:{line}: warning: {label} is no IOB label, so the score is accuracy instead of span F1"
            );
        }
        counts.check(path)?;
        let pretrained = Pretrained::of(&args.settings)?;
        let labels = known_first(pretrained.as_ref(), Labels::collect(&train))?;
        labels
            .check_count()
            .map_err(|failure| failure.in_file(path))?;
        if labels.are_suffixed() {
            let path = path.display();
            tell!(
                "elman: {path}: note: labels such as PER-B are read as marks of spans: a type, then a letter"
            );
        }
        let load = |valid: &Path| Ok(Conll::load(valid, args.columns, Some(layout))?.0);
        let (train, valid, valid_path) =
            split(args, path, train, load, |train, seed| {
                match args.settings.repeats.fold {
                    Some(fold) => parts::fold(train, |_| "", fold, seed),
                    None => Ok(hold_out(train, seed)),
                }
            })?;
        let words = train.iter().flat_map(|sentence| &sentence.tokens);
        let (embedding, words) = (args.settings.embedding, words.map(String::as_str));
        let known = pretrained.as_ref().map(|from| &from.meaning.reading);
        let read = word_vectors::read(&args.vectors, embedding, DEFAULTS, known, words);
        let (reading, hiding, vectors) = read?;
        let meaning = LabelMeaning {
            reading,
            labels,
            dialect: args.dialect.clone(),
            columns: args.columns,
            layout,
            split_column: None,
            temperature: Temperature::default(),
            events: None,
        };
        let lines = train.iter().map(|sentence| sentence.first_line).collect();
        let name = |path: &Path| path.display().to_string();
        Self::new(
            args,
            (meaning.encode(&train, &name(path))?, lines),
            (
                meaning.encode(&valid, &name(valid_path))?,
                Origin::of_sentences(valid_path, &valid),
            ),
            (meaning, Some(hiding), vectors),
            pretrained,
        )
    }

    fn load_rows(args: &LabelArgs, path: &Path) -> Result<Self> {
        word_vectors::none(&args.vectors)?;
        let pretrained = Pretrained::<LabelMeaning>::of(&args.settings)?;
        let mut wanted = Wanted {
            format: args.format,
            needs_labels: true,
            dialect: args.dialect.clone(),
            split_column: args.split_column.clone(),
            columns: (pretrained.as_ref())
                .and_then(|from| from.meaning.reading.columns())
                .map(<[String]>::to_vec),
            ..Wanted::default()
        };
        let table = load_table(path, &wanted)?;
        let labels = table.sequences.iter().flat_map(|block| {
            let rows = 0..block.rows;
            rows.filter_map(|row| block.labels.of_row(row))
        });
        let labels: Vec<&str> = labels.collect();
        LabelCounts::new("label", labels.iter().copied()).check(path)?;
        let labels = known_first(pretrained.as_ref(), Labels::plain(labels))?;
        labels
            .check_count()
            .map_err(|failure| failure.in_file(path))?;
        wanted.columns = Some(table.columns.clone());
        wanted.split_column = None;
        let load = |valid: &Path| Ok(load_table(valid, &wanted)?.sequences);
        let (train, held) = parts::devoted(table.sequences, table.columns.len(), path)?;
        let rows = Recorded {
            group_column: table.group_column.as_deref(),
            held,
            columns: table.columns.len(),
            path,
        };
        let fold = args.settings.repeats.fold;
        let train = match fold {
            None if args.valid.is_some() || !rows.held.is_empty() => rows.in_pieces(train),
            _ => train,
        };
        let (train, valid, valid_path) = split(args, path, train, load, |train, seed| {
            rows.split(train, fold, seed)
        })?;
        let values = || train.iter().map(|block| block.values.as_slice());
        let (reading, notes) = match &pretrained {
            Some(from) => (
                from.meaning.reading.for_columns(&table.columns)?,
                Vec::new(),
            ),
            None => Reading::numbers(&table.columns, values(), args.settings.window),
        };
        survey::note(&table.columns, values, &notes, path);
        let meaning = LabelMeaning {
            reading,
            labels,
            dialect: args.dialect.clone(),
            columns: None,
            layout: Layout::PLAIN,
            temperature: Temperature::default(),
            events: None,
            split_column: args.split_column.clone(),
        };
        let lines = train.iter().map(|block| block.line).collect();
        let name = |path: &Path| path.display().to_string();
        Self::new(
            args,
            (meaning.encode_rows(&train, &name(path))?, lines),
            (
                meaning.encode_rows(&valid, &name(valid_path))?,
                Origin::of_rows(valid_path, &valid),
            ),
            (meaning, None, None),
            pretrained,
        )
    }

    fn new(
        args: &LabelArgs,
        (train, train_lines): (Sequences, Vec<usize>),
        (valid, origin): (Sequences, Origin),
        (meaning, hiding, vectors): (LabelMeaning, Option<Hiding>, Option<Vectors>),
        pretrained: Option<Pretrained<LabelMeaning>>,
    ) -> Result<Self> {
        let settings = &args.settings;
        let input = meaning.reading.input(settings.window)?;
        let class_weights = args.class_weights.of(train.classes(), meaning.labels.len());
        let transitions = args
            .scores_transitions(&meaning.labels)?
            .then(|| first_transitions(&meaning.labels, &train));
        let mut data = TaskData {
            spec: settings.spec(input, meaning.head())?,
            meaning,
            train,
            train_lines,
            valid,
            hiding,
            class_weights,
            transitions,
            vectors,
            pretrained: None,
        };
        if let Some(from) = pretrained {
            from.into_data(&mut data)?;
        }
        Ok(Self(data, origin))
    }

    /// What a net finds in the validation data.
    fn run(&self, network: &Network) -> Result<Vec<Decoded>> {
        let (labels, valid) = (&self.0.meaning.labels, &self.0.valid);
        let chain = &Chain::new(labels, network.transitions(), Temperature::default());
        let sequences = valid;
        network.judge(valid, &LabelJudge { chain, sequences })
    }
}

/// The labels of the data behind those that a net knows already.
fn known_first(known: Option<&Pretrained<LabelMeaning>>, labels: Labels) -> Result<Labels> {
    Pretrained::extended(known, labels, |meaning, own| meaning.labels.extended(own))
}

/// What to learn from, what to validate on, and the file of the latter.
fn split<'a, T: Clone>(
    args: &'a LabelArgs,
    path: &'a Path,
    mut train: Vec<T>,
    load: impl FnOnce(&Path) -> Result<Vec<T>>,
    hold_out: impl FnOnce(Vec<T>, u64) -> Result<(Vec<T>, Vec<T>)>,
) -> Result<(Vec<T>, Vec<T>, &'a Path)> {
    if let Some(sequences) = args.settings.overfit_batch {
        train.truncate(sequences);
        return Ok((train.clone(), train, path));
    }
    args.settings.repeats.held_out(args.valid.as_deref())?;
    if let Some(valid) = &args.valid {
        return Ok((train, load(valid)?, valid));
    }
    let held = hold_out(train, args.settings.seed);
    let (train, valid) = held.map_err(|failure| failure.in_file(path))?;
    if valid.is_empty() {
        let sentence = "one sentence is too little to learn from and validate on";
        return Err(Failure::input(sentence).in_file(path));
    }
    Ok((train, valid, path))
}

impl Job for LabelArgs {
    type Task = LabelTask;

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    fn defaults(&self) -> Result<&'static Defaults> {
        Ok(match &self.train {
            Some(path) if is_table(self, path)? => NUMBERS,
            _ => DEFAULTS,
        })
    }

    fn files(&mut self) -> Vec<&mut PathBuf> {
        let data = self.train.iter_mut().chain(&mut self.valid);
        let others = [&mut self.vectors.vectors, &mut self.settings.init];
        data.chain(others.into_iter().flatten()).collect()
    }

    fn has_folds(&self) -> bool {
        true
    }

    fn load(&self) -> Result<LabelTask> {
        let Some(path) = &self.train else {
            return Err(Failure::input("train label needs data: --train FILE"));
        };
        let task = if is_table(self, path)? {
            LabelTask::load_rows(self, path)
        } else {
            LabelTask::load_sentences(self, path)
        };
        task.map_err(|failure| Format::doubt(self.format, path, failure))
    }
}

impl Task for LabelTask {
    type Meaning = LabelMeaning;

    fn data(&self) -> &TaskData<LabelMeaning> {
        &self.0
    }

    fn score_name(&self) -> &'static str {
        if self.0.meaning.labels.are_spans() {
            "f1"
        } else {
            "accuracy"
        }
    }

    fn measure(&self, network: &Network) -> Result<Measure> {
        let labels = &self.0.meaning.labels;
        let scores = LabelScores::measure(labels, &self.0.valid, &self.run(network)?);
        Ok(Measure {
            loss: scores.loss,
            score: scores.decisive(),
        })
    }

    fn evidence(&self, network: &Network, meaning: &LabelMeaning) -> Result<Vec<Evidence>> {
        evidence(network, meaning, &self.0.valid, &self.1)
    }

    fn calibrated(&self, network: &Network, meaning: LabelMeaning) -> Result<Option<LabelMeaning>> {
        let temperature = confidence::fit(network, &meaning.labels, &self.0.valid)?;
        Ok(Some(LabelMeaning {
            temperature,
            ..meaning
        }))
    }
}
