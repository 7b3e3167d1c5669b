//! What every trained net can do, whatever its task: the commands know no more of it.

use std::io::Write;
use std::path::Path;

use crate::base::encoding::Encoding;
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::data::features::NamedChannel;
use crate::data::{DataFile, Format, Sequences};
use crate::net::network::Network;
use crate::task::args::{EvalArgs, PredictArgs};
use crate::train::task::Meaning;

/// A trained net and what its numbers mean.
pub struct TrainedNet<M> {
    pub network: Network,
    pub meaning: M,
}

impl<M: Meaning> TrainedNet<M> {
    /// A run's best model.
    ///
    /// # Errors
    /// As [`Meaning::open`].
    pub fn open(run: &Run) -> Result<Self> {
        let (network, meaning) = M::open(run)?;
        Ok(Self { network, meaning })
    }
}

/// What has a net.
pub trait HasNetwork: Sync {
    /// The net.
    fn network(&self) -> &Network;

    /// The same, for `elman quantize`.
    fn network_mut(&mut self) -> &mut Network;
}

impl<M: Sync> HasNetwork for TrainedNet<M> {
    fn network(&self) -> &Network {
        &self.network
    }

    fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }
}

/// What a trained net can do.
pub trait Trained: HasNetwork {
    /// Whether its scores can be those of the net in whole numbers.
    fn runs_quantized(&self) -> bool {
        true
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

    /// Whether it labels words, so that it can read running text: --text is for those.
    fn labels_words(&self) -> bool {
        false
    }

    /// Scores on the file that the command line names.
    ///
    /// # Errors
    /// A file that is missing or does not fit.
    fn evaluate(&self, args: &EvalArgs) -> Result<EvalReport>;

    /// Writes predictions for the data that the command line names, `chunk` pieces at a time. Runs on the threads of the
    /// rayon pool around it.
    ///
    /// # Errors
    /// Data that are missing or do not fit.
    fn predict(&self, args: &PredictArgs, chunk: usize, out: &mut dyn Write) -> Result<()>;

    /// The formats of its data.
    fn formats(&self) -> &'static [Format];

    /// A file as it would be learnt from.
    ///
    /// # Errors
    /// A file that is missing or does not fit.
    fn sequences(&self, file: DataFile<'_>) -> Result<Sequences>;

    /// What the numbers on both ends of the net mean.
    fn description(&self) -> Description;

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
