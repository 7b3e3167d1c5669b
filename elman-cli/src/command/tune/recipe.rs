//! From a trial's values to its job, and to what its net needs: the settings that were typed, the defaults of its cell, its values.

use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;
use elman_core::{Head, Input, Spec};

use super::budget::{Budget, Needs};
use super::space::{Space, Values};
use crate::args::{TrainTask, TuneJob, Visitor, parse_run_text};
use crate::base::failure::{Failure, Result};
use crate::base::seeds;
use crate::base::tell::hushed;
use crate::data::{Sequences, is_pipe};
use crate::net::cell::{ActivationName, CellName};
use crate::train::settings::{Settings, to_toml};
use crate::train::task::Task as _;
use crate::train::{Job, load};

/// The job that all trials share.
pub struct Recipe {
    /// Every setting in force, as `config.toml` would hold them.
    fields: toml::Table,
    /// Names of those that were typed.
    given: BTreeSet<String>,
    /// What others are with each cell, by the cell's name.
    defaults: BTreeMap<&'static str, Values>,
    settings: Settings,
}

impl Recipe {
    /// Of what was typed.
    ///
    /// # Errors
    /// Data that cannot be read again and again.
    pub fn new(job: &TuneJob) -> Result<Self> {
        let (text, settings) = job.task.visit(Written)?;
        let mut fields: toml::Table = text.parse().map_err(|error| {
            Failure::run(format!("cannot read the settings of the search: {error}"))
        })?;
        fields.remove("out");
        let mut recipe = Self {
            fields,
            given: job.given.clone(),
            defaults: BTreeMap::new(),
            settings,
        };
        for cell in CellName::value_variants() {
            let values = Values::from([("cell".to_owned(), cell.word().to_owned())]);
            let flags = recipe.job(&values)?.defaults()?;
            let pair = |flag: &std::ffi::OsString| {
                let flag = flag.to_str()?.strip_prefix("--")?;
                let (name, value) = flag.split_once('=')?;
                Some((name.to_owned(), value.to_owned()))
            };
            let defaults = flags.iter().filter_map(pair).collect();
            recipe.defaults.insert(cell.word(), defaults);
        }
        Ok(recipe)
    }

    /// A setting of the job as it was typed or is by default, as text.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.fields.get(name)? {
            toml::Value::String(text) => Some(text.clone()),
            toml::Value::Float(number) => Some(number.to_string()),
            other => Some(other.to_string()),
        }
    }

    /// The settings of the job that all trials share.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether a setting was typed, and so stays.
    pub fn is_given(&self, name: &str) -> bool {
        self.given.contains(name)
    }

    /// What was typed, and the seed: two searches of which this is the same are one. Where trials lie, how many threads are at
    /// work and what is said of them changes no result.
    pub fn fixed(&self) -> Values {
        let fixed = self.given.iter().map(String::as_str).chain(["seed"]);
        let fixed = fixed.filter(|name| !["threads", "checkpoint-every", "watch"].contains(name));
        fixed
            .filter_map(|name| Some((name.to_owned(), self.text(name)?)))
            .collect()
    }

    /// The cell of a trial.
    pub fn cell<'a>(&'a self, values: &'a Values) -> &'a str {
        let own = values.get("cell").map(String::as_str);
        own.unwrap_or(self.settings.cell.word())
    }

    /// The job of a trial.
    ///
    /// # Errors
    /// A value that its flag does not take.
    pub fn job(&self, values: &Values) -> Result<TrainTask> {
        let mut fields = self.fields.clone();
        let cell = self.cell(values);
        if cell != self.settings.cell.word() {
            // The defaults of the other cell, which have no activation.
            if !self.is_given("activation") {
                fields.remove("activation");
            }
            for (name, value) in self.defaults.get(cell).into_iter().flatten() {
                if !self.is_given(name) {
                    fields.insert(name.clone(), value.clone().into());
                }
            }
        }
        let mut values = values.clone();
        Space::tidy(&mut values, cell);
        for (name, value) in values {
            fields.insert(name, value.into());
        }
        parse_run_text(&fields.to_string())
    }

    /// The settings of a trial that decide about its shape and its data.
    fn shape(&self, values: &Values) -> Settings {
        let mut settings = self.settings.clone();
        for (name, value) in values {
            let number = || value.parse().unwrap_or(1);
            match name.as_str() {
                "hidden" => settings.hidden = number(),
                "layers" => settings.layers = number(),
                "embedding" => settings.embedding = number(),
                "window" => settings.window = number(),
                "seed" => settings.seed = value.parse().unwrap_or(settings.seed),
                "bidirectional" => settings.bidirectional = value == "true",
                "cell" => {
                    let cell = CellName::from_str(value, false);
                    settings.cell = cell.unwrap_or(settings.cell);
                }
                "activation" => {
                    let activation = ActivationName::from_str(value, false);
                    settings.activation = activation.ok().or(settings.activation);
                }
                _ => {}
            }
        }
        if settings.cell != CellName::Elman && !self.is_given("activation") {
            settings.activation = None;
        }
        settings
    }
}

/// A job as `config.toml` would hold it, and its settings.
struct Written;

impl Visitor for Written {
    type Output = Result<(String, Settings)>;

    fn visit<J: Job>(self, job: &J) -> Self::Output {
        job.settings().check()?;
        let repeats = &job.settings().repeats;
        if repeats.folds.is_some() || repeats.seeds.is_some() {
            return Err(Failure::input(
                "--folds and --seeds are for elman train: a search tries its best with several seeds by itself, and --fold 2/5 \
                 has every trial hold out one part",
            ));
        }
        let mut job = job.clone();
        for path in job.files() {
            if is_pipe(path) {
                return Err(Failure::input(format!(
                    "{}: a search reads its data for every trial, and a pipe can be read once: save them in a file",
                    path.display()
                )));
            }
            // The same file, whoever looks from where.
            *path = std::path::absolute(&*path).map_err(|error| Failure::read(path, &error))?;
        }
        Ok((to_toml(J::Task::NAME, &job)?, job.settings().clone()))
    }
}

/// What data say about a net before there is one.
#[derive(Clone, Copy, Debug)]
pub struct Data {
    input: Input,
    head: Head,
    /// Steps of the longest sequence.
    longest: usize,
    /// A search goes on only with the data that it began with.
    pub fingerprint: u64,
    /// What the score of a net is called.
    pub score_name: &'static str,
}

impl Data {
    /// Whether steps are words or characters, which have embeddings.
    pub const fn has_tokens(&self) -> bool {
        matches!(self.input, Input::Tokens { .. })
    }
}

/// Needs of nets by their shapes. Data are read once for every window and embedding, which decide what a step is, and for every
/// seed, which decides what is held out.
pub struct Shapes<'a> {
    recipe: &'a Recipe,
    budget: &'a Budget,
    known: BTreeMap<(usize, usize, u64), Data>,
}

impl<'a> Shapes<'a> {
    /// None is known yet.
    pub const fn new(recipe: &'a Recipe, budget: &'a Budget) -> Self {
        Self {
            recipe,
            budget,
            known: BTreeMap::new(),
        }
    }

    /// What the data are to a trial; whoever waits for them is told what is wrong with them the first time.
    ///
    /// # Errors
    /// Data that are missing or wrong.
    pub fn data(&mut self, values: &Values) -> Result<Data> {
        let shape = self.recipe.shape(values);
        let place = (shape.window, shape.embedding, shape.seed);
        if let Some(&data) = self.known.get(&place) {
            return Ok(data);
        }
        let job = self.recipe.job(values)?;
        let data = if self.known.is_empty() {
            job.visit(Look)?
        } else {
            hushed(|| job.visit(Look))?
        };
        self.known.insert(place, data);
        Ok(data)
    }

    /// What a trial's net needs; `None` if there can be no such net.
    ///
    /// # Errors
    /// As [`Shapes::data`].
    pub fn needs(&mut self, values: &Values) -> Result<Option<Needs>> {
        let data = self.data(values)?;
        let shape = self.recipe.shape(values);
        if shape.check().is_err() {
            return Ok(None);
        }
        let spec = shape.spec(data.input, data.head);
        let needs = |spec: Spec| self.budget.needs(&spec, data.longest);
        Ok(spec.ok().map(needs))
    }

    /// Whether a trial's net is within the budget.
    ///
    /// # Errors
    /// As [`Shapes::data`].
    pub fn fits(&mut self, values: &Values) -> Result<bool> {
        let needs = self.needs(values)?;
        Ok(needs.is_some_and(|needs| self.budget.holds(&needs)))
    }
}

struct Look;

impl Visitor for Look {
    type Output = Result<Data>;

    fn visit<J: Job>(self, job: &J) -> Result<Data> {
        let task = load(job)?;
        let prints = [task.train().fingerprint(), task.valid().fingerprint()];
        Ok(Data {
            input: task.spec().input,
            head: task.spec().head,
            longest: longest(task.train()).max(longest(task.valid())),
            fingerprint: prints.into_iter().fold(0, seeds::fold),
            score_name: task.score_name(),
        })
    }
}

/// Steps of the longest sequence.
pub fn longest(sequences: &Sequences) -> usize {
    let lengths = (0..sequences.len()).map(|sequence| sequences.len_of(sequence));
    lengths.max().unwrap_or(1).max(1)
}
