//! One update: shards in parallel, their gradients in order, clipping, the optimizer, packing. Where several ranks train together
//! each has some of the shards, neighbours; everything else all of them do.

mod outcome;
mod ranks;

use std::fmt;
use std::ops::Range;

use elman_core::{
    Level, Model, NonFinite, Optimizer, Spec, Strip, Truncation, crf, gradient, pack,
    pack_transposed,
};
use rayon::prelude::*;

use outcome::BatchOutcome;

use super::average::Average;
use super::batches::Batch;
use super::shard::{Dataset, Shard, TrainingBatch};
use super::tables::Tables;
use crate::base::failure::Result;
use crate::base::memory;
use crate::base::ranks::{Crew, Ranks};
use crate::data::{Sequences, Targets};
use crate::net::gather::{ALL_STEPS, longest_first};
use crate::net::objective::Objective;
use crate::train::order::{Duty, Update};
use crate::train::settings::Settings;
use crate::train::task::{TaskData, Walk};

/// Sequences that a shard should have at least, so that its matrix products are worth their while; and how many
/// shards there are at most. Both are part of the result: shards are summed in order.
const SHARD_SEQUENCES: usize = 8;
const MAX_SHARDS: usize = 16;

/// Parameters and all that changes them.
pub struct Learner<'r> {
    /// Those that have a shard.
    crew: Crew<'r>,
    /// Whether this rank was asked to stop.
    pub is_asked: bool,
    spec: Spec,
    level: Level,
    optimizer: Optimizer,
    truncation: Truncation,
    clip_norm: f64,
    /// Where labels are scored together: which transitions are legal.
    legal: Option<Vec<bool>>,
    /// Those of the net, and behind them the scores of transitions.
    pub params: Vec<f32>,
    /// The optimizer's memory.
    pub memory: Vec<f32>,
    pub average: Average,
    packed: Vec<Strip>,
    transposed: Vec<Strip>,
    /// How many shards there are, and those of this rank.
    shard_count: usize,
    shards: Vec<Shard>,
    /// Streams that carry a state from window to window.
    streams: usize,
    /// Sum of the shards' gradients, where `tables` says.
    gradients: Vec<f32>,
    /// The same, as it goes from rank to rank.
    sum: Vec<f32>,
    tables: Tables,
    ranges: Vec<Range<usize>>,
}

/// What may follow what, and how well, where that is learnt: the scores lie behind the parameters of the net.
fn transitions<'a>(
    spec: &Spec,
    params: &'a [f32],
    legal: Option<&'a [bool]>,
) -> Option<crf::Transitions<'a>> {
    let scores = &params[spec.params_len()..];
    legal.map(|legal| crf::Transitions { scores, legal })
}

/// How batches are cut into shards.
struct Plan {
    shards: usize,
    /// Sequences, at most.
    per_shard: usize,
    /// Rows, at most.
    rows: usize,
}

impl Plan {
    fn of(settings: &Settings, sequences: &Sequences, walk: Walk) -> Self {
        let (size, steps) = match walk {
            Walk::Shuffled => (settings.batch_size().min(sequences.len()), usize::MAX),
            Walk::Streams => (sequences.len(), settings.truncation().k2),
        };
        let shards = size.div_ceil(SHARD_SEQUENCES).min(MAX_SHARDS);
        let per_shard = size.div_ceil(shards);
        let longest = longest_first(sequences);
        let rows = longest
            .iter()
            .take(per_shard)
            .map(|&sequence| sequences.len_of(sequence).min(steps))
            .sum();
        Self {
            shards,
            per_shard,
            rows,
        }
    }

    /// What [`Learner::new`] allocates.
    fn bytes(&self, spec: &Spec, params: usize, settings: &Settings, ranks: usize) -> usize {
        let beside =
            settings.optimizer().state_len(params) + Average::len(settings.average, params);
        let shards = self.shards.div_ceil(ranks);
        let sums = if ranks > 1 { 2 } else { 1 };
        // Parameters, the sum of the gradients and the gradients of every shard.
        let numbers = (1 + sums + shards) * params + beside;
        let of_shard =
            spec.tape_len(self.rows, self.per_shard) + spec.scratch_len(self.rows, self.per_shard);
        let strips = spec.packed_len() + spec.transposed_len() + shards * of_shard;
        numbers * size_of::<f32>() + strips * size_of::<Strip>()
    }
}

/// What one update was like.
#[derive(Clone, Copy, Debug)]
pub struct UpdateStats {
    /// Mean loss per counted item.
    pub loss: f64,
    /// Counted items.
    pub items: f64,
    /// Length of the gradient before clipping.
    pub norm: f64,
    /// Whether it was clipped.
    pub is_clipped: bool,
    /// Whether a rank was asked to stop.
    pub is_asked: bool,
}

/// Why there was no update.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// A number was not finite: where, and in which sequence of the training data.
    Number(NonFinite, usize),
    /// All numbers were finite, but not the gradient of this tensor; or, without a tensor, not the loss.
    Gradient(Option<String>),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(NonFinite { layer, step, .. }, sequence) => {
                match layer {
                    Some(layer) => write!(f, "a NaN or infinity in layer {layer}")?,
                    None => f.write_str("a NaN or infinity in the head's output")?,
                }
                write!(
                    f,
                    ", at step {} of sequence {} of the training data",
                    step + 1,
                    sequence + 1
                )
            }
            Self::Gradient(Some(tensor)) => {
                write!(f, "a NaN or infinity in the gradient of {tensor}")
            }
            Self::Gradient(None) => f.write_str("a NaN or infinity in the loss"),
        }
    }
}

impl<'r> Learner<'r> {
    /// Buffers for every batch that these settings can make; parameters are zero.
    pub fn new<M>(data: &TaskData<M>, settings: &Settings, walk: Walk, ranks: &'r Ranks) -> Self {
        let (spec, sequences) = (&data.spec, &data.train);
        let (params, scores) = (data.params_len(), data.params_len() - spec.params_len());
        let Plan {
            shards,
            per_shard,
            rows,
        } = Plan::of(settings, sequences, walk);
        let optimizer = settings.optimizer();
        let crew = ranks.some(shards);
        let mut learner = Self {
            crew,
            is_asked: false,
            spec: *spec,
            level: Level::detect(),
            optimizer,
            truncation: settings.truncation(),
            clip_norm: settings.clip_norm,
            legal: data.transitions.as_ref().map(|first| first.legal.clone()),
            params: vec![0.0; params],
            memory: vec![0.0; optimizer.state_len(params)],
            average: Average::new(settings.average, params),
            packed: vec![Strip::ZERO; spec.packed_len()],
            transposed: vec![Strip::ZERO; spec.transposed_len()],
            shard_count: shards,
            shards: crew
                .share(crew.rank(), shards)
                .map(|number| Shard::new(number, spec, (rows, per_shard), scores))
                .collect(),
            streams: 0,
            gradients: vec![0.0; params],
            sum: Vec::new(),
            tables: Tables::new(spec, scores),
            ranges: Vec::new(),
        };
        if let Some(vectors) = data.vectors.as_ref().filter(|vectors| vectors.are_frozen) {
            learner
                .tables
                .freeze(vectors.rows.iter().map(|&(id, _)| id));
        }
        if walk == Walk::Streams {
            learner.streams = sequences.len();
            learner.deal(&longest_first(sequences));
            for shard in &mut learner.shards {
                shard.carried = vec![0.0; shard.chosen.len() * spec.state_len()];
            }
        }
        learner
    }

    /// How many ranks have a part in it.
    pub const fn ranks(&self) -> usize {
        self.crew.count()
    }

    /// Whether [`Learner::new`] will find the memory it needs: running out of it would end the process without a word.
    ///
    /// # Errors
    /// It will not.
    pub fn check_room<M>(
        data: &TaskData<M>,
        settings: &Settings,
        walk: Walk,
        ranks: &Ranks,
    ) -> Result<()> {
        let plan = Plan::of(settings, &data.train, walk);
        let ranks = ranks.some(plan.shards).count();
        let bytes = plan.bytes(&data.spec, data.params_len(), settings, ranks);
        let advice = "choose a smaller --hidden, --layers, --embedding or --batch, or cut the longest sequences";
        memory::check(bytes, "training this net", advice)
    }

    /// Must follow every change of `params` from outside.
    ///
    /// # Errors
    /// None: the lengths fit.
    pub fn repack(&mut self) -> Result<()> {
        let params = &self.params[..self.spec.params_len()];
        pack(&self.spec, params, &mut self.packed)?;
        pack_transposed(&self.spec, params, &mut self.transposed)?;
        Ok(())
    }

    /// The parameters of the net alone.
    pub fn net(&self) -> &[f32] {
        &self.params[..self.spec.params_len()]
    }

    /// The same, to be changed; and the scores of transitions.
    pub fn parts_mut(&mut self) -> (&mut [f32], &mut [f32]) {
        self.params.split_at_mut(self.spec.params_len())
    }

    /// The net that learns, as it is now.
    ///
    /// # Errors
    /// None: the lengths fit.
    pub fn model(&self) -> Result<Model<'_>> {
        Ok(Model::new(self.spec, self.net(), &self.packed)?)
    }

    /// The parameters that are judged and kept.
    pub fn judged(&self) -> &[f32] {
        self.average.of(&self.params)
    }

    /// Makes one update from some batches: the same as from all of them as one.
    ///
    /// # Errors
    /// Ids or targets that the net does not know.
    pub fn learn<'p>(
        &mut self,
        dataset: Dataset<'_>,
        batches: impl Iterator<Item = Batch<'p>> + Clone,
        update: Update,
    ) -> Result<std::result::Result<UpdateStats, Trouble>> {
        if self.crew.is_first() {
            let duty = Duty::Learn(update, batches.clone().count());
            self.crew.order(duty.order());
        }
        let total = (batches.clone())
            .map(|batch| self.weigh(dataset, batch))
            .sum();
        self.tables.clear(&mut self.gradients);
        let (mut loss, mut is_asked) = (0.0, false);
        for (number, batch) in batches.enumerate() {
            let place = [update.epoch, (update.batch + number) as u64];
            let outcome = self.add(dataset, batch, total, (update.seed, place))?;
            if let Some((trouble, sequence)) = outcome.trouble {
                return Ok(Err(Trouble::Number(trouble, sequence)));
            }
            self.sum()?;
            loss += outcome.losses.iter().sum::<f64>();
            is_asked |= outcome.is_asked;
        }
        let norm = self.norm();
        if !norm.is_finite() || !loss.is_finite() {
            return Ok(Err(Trouble::Gradient(self.infinite_gradient())));
        }
        let is_clipped = self.clip(norm);
        self.update(update.rate as f32, update.number)?;
        Ok(Ok(UpdateStats {
            loss,
            items: total,
            norm,
            is_clipped,
            is_asked,
        }))
    }

    /// How much of a batch counts.
    fn weigh(&self, dataset: Dataset<'_>, batch: Batch<'_>) -> f64 {
        let (sequences, weights) = (dataset.sequences, dataset.class_weights);
        let weigh = |sequence: usize, steps: Range<usize>| {
            let outputs = sequences.outputs_of(sequence, steps);
            let objective = match sequences.targets() {
                Targets::Classes(classes) => Objective::Classes {
                    targets: &classes[outputs],
                    weights,
                    smoothing: dataset.smoothing,
                },
                Targets::Numbers { width, numbers } => {
                    Objective::Numbers(&numbers[outputs.start * width..outputs.end * width])
                }
            };
            objective.total()
        };
        match batch {
            Batch::Sequences(chosen) => {
                let weights = chosen.iter().map(|&sequence| weigh(sequence, ALL_STEPS));
                weights.sum()
            }
            Batch::Window(number) => {
                let k1 = self.truncation.k1;
                let start = number.saturating_mul(k1);
                let steps = start..start.saturating_add(k1);
                (0..sequences.len())
                    .map(|stream| weigh(stream, steps.clone()))
                    .sum()
            }
        }
    }

    /// Leaves the gradient of one batch in the shards; losses are shares of `total`.
    fn add(
        &mut self,
        dataset: Dataset<'_>,
        batch: Batch<'_>,
        total: f64,
        (seed, place): (u64, [u64; 2]),
    ) -> Result<BatchOutcome> {
        let window = match batch {
            Batch::Sequences(chosen) => {
                self.deal(chosen);
                None
            }
            Batch::Window(number) => Some(number),
        };
        let training = TrainingBatch {
            level: self.level,
            model: Model::new(
                self.spec,
                &self.params[..self.spec.params_len()],
                &self.packed,
            )?,
            transposed: &self.transposed,
            transitions: transitions(&self.spec, &self.params, self.legal.as_deref()),
            dataset,
            truncation: self.truncation,
            window,
            total,
            seed,
            place,
        };
        let learnt = match self.shards.as_mut_slice() {
            // A single shard needs no other thread.
            [shard] => shard.learn(&training),
            shards => shards
                .par_iter_mut()
                .with_max_len(1)
                .try_for_each(|shard| shard.learn(&training)),
        };
        self.outcome(learnt)
    }

    /// Deals the sequences out like cards, so that every shard gets long ones and short ones.
    fn deal(&mut self, sequences: &[usize]) {
        let shards = self.shard_count;
        for shard in &mut self.shards {
            let dealt = sequences.iter().skip(shard.number()).step_by(shards);
            shard.chosen.clear();
            shard.chosen.extend(dealt);
        }
    }

    /// Adds the shards' gradients, in the order of the shards.
    fn sum(&mut self) -> Result<()> {
        self.tables.ranges(&mut self.ranges);
        if !self.crew.is_alone() {
            self.sum_over_ranks();
            return Ok(());
        }
        for range in &self.ranges {
            let to = &mut self.gradients[range.clone()];
            for shard in &self.shards {
                gradient::add(self.level, to, &shard.gradients[range.clone()])?;
            }
        }
        Ok(())
    }

    /// How long the gradient is.
    fn norm(&self) -> f64 {
        let squares = self
            .ranges
            .iter()
            .map(|range| gradient::sum_of_squares(self.level, &self.gradients[range.clone()]));
        squares.sum::<f64>().sqrt()
    }

    /// Shortens the gradient if need be.
    fn clip(&mut self, norm: f64) -> bool {
        let factor = gradient::clip_factor(norm, self.clip_norm as f32);
        let Some(factor) = factor.filter(|_| self.clip_norm > 0.0) else {
            return false;
        };
        for range in &self.ranges {
            gradient::scale(self.level, &mut self.gradients[range.clone()], factor);
        }
        true
    }

    fn update(&mut self, rate: f32, update: u64) -> Result<()> {
        let (level, params, memory) = (self.level, &mut self.params, &mut self.memory);
        for range in &self.ranges {
            self.optimizer.update(
                level,
                rate,
                update,
                range.clone(),
                params,
                &self.gradients,
                memory,
            )?;
        }
        self.average.follow(&self.params, update);
        self.repack()
    }

    fn infinite_gradient(&self) -> Option<String> {
        let is_infinite =
            |range: Range<usize>| self.gradients[range].iter().any(|g| !g.is_finite());
        let mut tensors = self.spec.tensors();
        let tensor = tensors.find(|tensor| is_infinite(tensor.range()));
        let of_net = tensor.map(|tensor| tensor.kind.to_string());
        let scores = self.spec.params_len()..self.params.len();
        of_net.or_else(|| is_infinite(scores).then(|| "the transitions".to_owned()))
    }
}
