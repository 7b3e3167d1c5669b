//! What a kind of job must tell the training loop, which knows no file format and no label.

use elman_core::{Spec, Tensor, TensorKind};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::data::vectors::Vectors;
use crate::data::{Hiding, Sequences};
use crate::net::model_file;
use crate::net::network::Network;
use crate::train::measure::Measure;
use crate::train::report::Evidence;

/// What a net's numbers mean: stored in the model file, so that a user needs nothing else.
pub trait Meaning: Serialize + DeserializeOwned + Sync {
    /// The task's name, in commands and files.
    const TASK: &'static str;

    /// What is wrong with a file whose net is not the one that it was stored with.
    const MISFIT: &'static str;

    /// Whether it is that of such a net.
    fn fits(&self, spec: &Spec) -> bool;

    /// The flags of `elman train` that a net with this meaning was made by, as far as its spec does not tell.
    fn flags(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Sizes of the net's errors on data that were held out, target by target, the smallest first; none where answers are no numbers.
    fn errors(&self) -> Vec<Vec<f64>> {
        Vec::new()
    }

    /// Takes others in their place, of as many targets.
    fn set_errors(&mut self, _: Vec<Vec<f64>>) {}

    /// A run's best model, and what its numbers mean.
    ///
    /// # Errors
    /// A run without a model, a model of another task, or one whose parts do not fit together.
    fn open(run: &Run) -> Result<(Network, Self)> {
        let path = run.trained_model()?;
        let (network, meaning): (Network, Self) = model_file::load(&path, Self::TASK)?;
        if meaning.fits(network.spec()) {
            return Ok((network, meaning));
        }
        Err(Failure::input(Self::MISFIT).in_file(&path))
    }
}

/// A net's shape, what its numbers mean, and data for it.
#[derive(Debug)]
pub struct TaskData<M> {
    pub spec: Spec,
    pub meaning: M,
    /// What is learnt from.
    pub train: Sequences,
    /// The line of its file where each training sequence begins.
    pub train_lines: Vec<usize>,
    /// What decides which epoch is best.
    pub valid: Sequences,
    /// Ids that are now and then replaced while training.
    pub hiding: Option<Hiding>,
    /// How much each class counts; all the same without.
    pub class_weights: Option<Vec<f32>>,
    /// Where labels are scored together: what may follow what.
    pub transitions: Option<FirstTransitions>,
    /// Ready vectors of words, ids of the first channel.
    pub vectors: Option<Vectors>,
    /// The net that training starts from, with as many tokens and outputs as this one or fewer.
    pub pretrained: Option<Network>,
}

/// Transitions between labels before training, as [`elman_core::crf::Transitions`] has them.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstTransitions {
    /// Whether each may be.
    pub legal: Vec<bool>,
    /// What it starts from.
    pub scores: Vec<f32>,
}

impl<M> TaskData<M> {
    /// Learnt numbers: those of the net, and behind them the scores of transitions.
    pub fn params_len(&self) -> usize {
        self.spec.params_len()
            + self
                .transitions
                .as_ref()
                .map_or(0, |first| first.scores.len())
    }
}

/// A job: data, and what a net's outputs are worth. What is learnt follows from the head: cross-entropy behind a softmax,
/// squared error behind a linear map.
pub trait Task: Sync {
    /// What the net's numbers mean.
    type Meaning: Meaning;

    /// The task's name, in commands and files.
    const NAME: &'static str = Self::Meaning::TASK;

    /// The net's shape and its data.
    fn data(&self) -> &TaskData<Self::Meaning>;

    /// The net.
    fn spec(&self) -> &Spec {
        &self.data().spec
    }

    /// What is learnt from.
    fn train(&self) -> &Sequences {
        &self.data().train
    }

    /// What decides which epoch is best.
    fn valid(&self) -> &Sequences {
        &self.data().valid
    }

    /// What to do with a run in `folder`, once it is trained.
    fn next(folder: &str) -> String {
        format!("elman eval {folder} --data FILE, elman predict {folder} --data FILE")
    }

    /// How the training data are walked through.
    fn walk(&self) -> Walk {
        Walk::Shuffled
    }

    /// So many updates are wanted at least, unless somebody says how many epochs there are to be.
    fn least_updates(&self) -> usize {
        0
    }

    /// Changes the parameters that training starts from, which are random: words with ready vectors start from these.
    fn start(&self, params: &mut [f32]) {
        let data = self.data();
        let table = |tensor: &Tensor| tensor.kind == TensorKind::Embedding { channel: 0 };
        let (Some(vectors), Some(table)) = (&data.vectors, data.spec.tensors().find(table)) else {
            return;
        };
        for (id, row) in &vectors.rows {
            let start = table.offset + *id as usize * table.columns;
            params[start..start + row.len()].copy_from_slice(row);
        }
    }

    /// What a net is that has not been trained at all, if it is worth something: then it stays the model for as long as no epoch is
    /// better.
    fn start_name(&self) -> Option<&'static str> {
        self.data().pretrained.as_ref().map(|_| PRETRAINED)
    }

    /// What the score is called.
    fn score_name(&self) -> &'static str;

    /// Measures a net on the validation data. Runs on the threads of the rayon pool around it.
    ///
    /// # Errors
    /// None for a net of this task.
    fn measure(&self, network: &Network) -> Result<Measure>;

    /// What a report page shows of a net at work on the validation data. Runs on the threads of the rayon pool around it.
    ///
    /// # Errors
    /// None for a net of this task.
    fn evidence(&self, _: &Network, _: &Self::Meaning) -> Result<Vec<Evidence>> {
        Ok(Vec::new())
    }

    /// What the numbers of the best net mean, where more is known of it after training: how sure it may be. Runs on the threads
    /// of the rayon pool around it.
    ///
    /// # Errors
    /// None for a net of this task.
    fn calibrated(&self, _: &Network, _: Self::Meaning) -> Result<Option<Self::Meaning>> {
        Ok(None)
    }
}

/// What a net is that has not been trained since `--init`.
pub const PRETRAINED: &str = "the net of --init";

/// How training data are walked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// In batches of whole sequences of similar length, in an order that is new in every epoch.
    Shuffled,
    /// Side by side: every sequence is a stream, the longest first, and an update is a window of `--k1` steps of all
    /// of them. The state is carried over from window to window.
    Streams,
}
