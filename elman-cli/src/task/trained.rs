//! What every trained net can do, whatever its task: the commands know no more of it.

use std::io::Write;
use std::path::Path;

use crate::base::encoding::{Encoding, EventRule, Front, Whose};
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::data::features::NamedChannel;
use crate::data::reading::Scaling;
use crate::data::{DataFile, Format, Sequences};
use crate::net::ensemble;
use crate::net::int8_file::Int8Net;
use crate::net::model_file;
use crate::net::network::Network;
use crate::task::args::{EvalArgs, PredictArgs};
use crate::task::events::Recordings;
use crate::task::paired::Paired;
use crate::train::task::Meaning;

/// A trained net and what its numbers mean.
pub struct TrainedNet<M> {
    pub network: Network,
    pub meaning: M,
    /// Nets that answer together with this one: the mean of all counts. None but where several runs are named.
    pub others: Vec<Self>,
}

impl<M: Meaning> TrainedNet<M> {
    /// A run's best model.
    ///
    /// # Errors
    /// As [`Meaning::open`].
    pub fn open(run: &Run) -> Result<Self> {
        let (network, meaning) = M::open(run)?;
        Ok(Self {
            network,
            meaning,
            others: Vec::new(),
        })
    }

    /// The best models of several runs, which will answer together. `fit` says what keeps two of them apart, if anything.
    ///
    /// # Errors
    /// As [`Self::open`]; two runs that answer different questions, by their folders.
    pub fn open_all(runs: &[Run], fit: impl Fn(&M, &M) -> Result<(), String>) -> Result<Self> {
        let (first, rest) = runs
            .split_first()
            .ok_or_else(|| Failure::input("name the folder of a run"))?;
        let mut net = Self::open(first)?;
        for run in rest {
            let other = Self::open(run)?;
            fit(&net.meaning, &other.meaning).map_err(|why| {
                let (first, run) = (first.folder().display(), run.folder().display());
                Failure::input(format!("{first} and {run} cannot answer together: {why}"))
            })?;
            net.others.push(other);
        }
        Ok(net)
    }

    /// Writes the model of its run anew, after what its numbers mean has changed.
    ///
    /// # Errors
    /// Writing fails.
    pub fn save(&self, run: &Run) -> Result<()> {
        let (path, network) = (run.trained_model()?, &self.network);
        let (task, spec) = (M::TASK, network.spec());
        model_file::save(&path, task, spec, &self.meaning, network.learnt())
    }

    /// All nets, each with the data as it reads them: those of this one, and of the others.
    pub fn together<'a>(
        &'a self,
        sequences: &'a Sequences,
        others: &'a [Sequences],
    ) -> Vec<ensemble::Member<'a>> {
        let networks = self.members().map(|net| &net.network);
        networks
            .zip(std::iter::once(sequences).chain(others))
            .collect()
    }

    /// This net and those that answer together with it.
    pub fn members(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.others)
    }
}

/// What has a net.
pub trait HasNetwork: Sync {
    /// The net.
    fn network(&self) -> &Network;

    /// The same, for `elman quantize`.
    fn network_mut(&mut self) -> &mut Network;

    /// From now on the net in whole numbers answers; says whose errors intervals follow from.
    ///
    /// # Errors
    /// Words that do not fit the net.
    fn set_int8(&mut self, mut int8: Int8Net) -> Result<Whose> {
        let whose = self.take_errors(&mut int8);
        self.network_mut().set_quantized(int8.words)?;
        Ok(whose)
    }

    /// From now on intervals follow from the errors of the net in whole numbers, where these were measured; says whose they are.
    fn take_errors(&mut self, int8: &mut Int8Net) -> Whose;

    /// After the last answer.
    ///
    /// # Errors
    /// There were outputs that are not finite.
    fn must_be_finite(&self) -> Result<()> {
        self.network().must_be_finite()
    }
}

impl<M: Meaning> HasNetwork for TrainedNet<M> {
    fn network(&self) -> &Network {
        &self.network
    }

    fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }

    fn take_errors(&mut self, int8: &mut Int8Net) -> Whose {
        if int8.errors.is_empty() {
            return Whose::Float;
        }
        self.meaning.set_errors(std::mem::take(&mut int8.errors));
        Whose::Int8
    }

    fn must_be_finite(&self) -> Result<()> {
        self.network.must_be_finite()?;
        self.others.iter().try_for_each(Self::must_be_finite)
    }
}

/// Why there are no events.
const NO_EVENTS: &str = "--events is for nets that tell classes or labels of measurements step by step (elman train classify or label, on a table of numbers)";

/// The same of nets that read both ways.
const NO_STREAM: &str = "--events is for nets that stream, and this one reads its sequences from both ends; train it with --bidirectional false";

/// Why there is no interval.
pub const NO_INTERVALS: &str = "--interval is for forecasts and regression, whose answers are numbers; this net answers with something else";

/// What a trained net can do.
pub trait Trained: HasNetwork {
    /// Whether its scores can be those of the net in whole numbers.
    fn runs_quantized(&self) -> bool {
        true
    }

    /// The same for whoever needs that.
    ///
    /// # Errors
    /// It is not so.
    fn must_run_quantized(&self) -> Result<()> {
        if self.runs_quantized() {
            return Ok(());
        }
        Err(Failure::input(
            "whole numbers are for nets that label, classify, forecast or regress, not for texts and echoes",
        ))
    }

    /// Whether its data are tables, which may have a column that says train, dev or test.
    fn reads_tables(&self) -> bool {
        false
    }

    /// Whether it forecasts series: --steps is for those.
    fn is_forecaster(&self) -> bool {
        false
    }

    /// Whether its answers are labels or classes, each with a probability: --top-k and --min-confidence are for those.
    fn knows_probabilities(&self) -> bool {
        false
    }

    /// Whether its answers are numbers of which it is known how far off they may be: --interval is for those.
    fn knows_intervals(&self) -> bool {
        false
    }

    /// Whether it labels words, so that it can read running text: --text is for those.
    fn labels_words(&self) -> bool {
        false
    }

    /// Scores on the file that the command line names.
    ///
    /// # Errors
    /// A file that is missing or does not fit.
    fn evaluate(&self, args: &EvalArgs) -> Result<EvalReport>;

    /// What raw samples go through before its steps, for --events.
    ///
    /// # Errors
    /// A net that does not stream classes of measurements.
    fn event_front(&self) -> Result<Front> {
        let front = self.encoding().front;
        let front = front.filter(|front| front.rule.is_some());
        let front = front.ok_or_else(|| Failure::input(NO_EVENTS))?;
        match self.network().spec().is_bidirectional() {
            true => Err(Failure::input(NO_STREAM)),
            false => Ok(front),
        }
    }

    /// What it answers step by step on data of its own, for --events.
    ///
    /// # Errors
    /// As [`Trained::event_front`].
    fn recordings(&self, sequences: &Sequences) -> Result<Recordings> {
        let names = self.description().labels;
        Recordings::of(self.network(), &self.event_front()?, sequences, names)
    }

    /// When its answers are an event: as `elman eval --events` found, or always.
    fn event_rule(&self) -> EventRule {
        let front = self.encoding().front;
        let rule = front.and_then(|front| front.rule);
        rule.unwrap_or(EventRule::EVERY)
    }

    /// Keeps another rule, in the model of its run.
    ///
    /// # Errors
    /// As [`Trained::event_front`]; the file cannot be written.
    fn keep_event_rule(&mut self, _: EventRule, _: &Run) -> Result<()> {
        Err(Failure::input(NO_EVENTS))
    }

    /// The same file example by example, for `elman compare`.
    ///
    /// # Errors
    /// As [`Trained::evaluate`]; a task whose nets cannot be compared like this.
    fn paired(&self, _: &EvalArgs) -> Result<Paired> {
        Err(Failure::input(
            "--data compares nets that label, classify, forecast, regress or foresee texts; these have their scores side by side \
             without it",
        ))
    }

    /// Writes predictions for the data that the command line names, `chunk` pieces at a time. Runs on the threads of the
    /// rayon pool around it.
    ///
    /// # Errors
    /// Data that are missing or do not fit.
    fn predict(&self, args: &PredictArgs, chunk: usize, out: &mut dyn Write) -> Result<()>;

    /// The same, each answer with what spoke for it: `--why`.
    ///
    /// # Errors
    /// As [`Trained::predict`]; a task whose answers have no reasons.
    fn explain(&self, _: &PredictArgs, _: usize, _: &mut dyn Write) -> Result<()> {
        Err(Failure::input(
            "--why is for nets that label, classify or forecast",
        ))
    }

    /// The formats of its data.
    fn formats(&self) -> &'static [Format];

    /// A file as it would be learnt from.
    ///
    /// # Errors
    /// A file that is missing or does not fit.
    fn sequences(&self, file: DataFile<'_>) -> Result<Sequences>;

    /// What the numbers on both ends of the net mean.
    fn description(&self) -> Description;

    /// From columns as they are measured to names: none of nets that read text, or answer with numbers.
    fn raw(&self) -> Option<Raw<'_>> {
        None
    }

    /// The same for a firmware: what it must do before and after a step.
    fn encoding(&self) -> Encoding;
}

/// Scores, for programs and for people.
pub struct EvalReport {
    /// One JSON object.
    pub json: String,
    /// Lines of text.
    pub table: String,
}

/// What stands between the columns of a table and a net that answers with names.
pub struct Raw<'a> {
    pub scaling: &'a Scaling,
    /// One per output.
    pub names: &'a [String],
    /// What logits are divided by.
    pub temperature: f64,
}

/// What the numbers on both ends of a net mean.
#[derive(Debug, Default)]
pub struct Description {
    /// One per embedding table; none where steps are numbers.
    pub channels: Vec<NamedChannel>,
    /// What the outputs are called.
    pub labels: Vec<String>,
}

/// For tasks whose data hold everything.
///
/// # Errors
/// There is a file of classes.
pub fn no_classes(classes: Option<&Path>) -> Result<()> {
    match classes {
        None => Ok(()),
        Some(_) => Err(Failure::input(
            "--classes is for runs of elman train classify, whose classes may have a file of their own",
        )),
    }
}
