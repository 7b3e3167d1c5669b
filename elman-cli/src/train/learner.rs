//! One update: shards in parallel, their gradients in order, clipping, the optimizer, packing.

use std::fmt;
use std::ops::Range;

use elman_core::{
    Level, Model, NonFinite, Optimizer, Spec, Strip, Truncation, gradient, loss, pack,
    pack_transposed,
};
use rayon::prelude::*;

use super::shard::{Lesson, Shard};
use super::tables::Tables;
use crate::data::{Hiding, Sequences};
use crate::failure::{Failure, Result};
use crate::gather::longest_first;
use crate::settings::Settings;

/// Sequences that a shard should have at least, so that its matrix products are worth their while; and how many
/// shards there are at most. Both are part of the result: shards are summed in order.
const SHARD_SEQUENCES: usize = 8;
const MAX_SHARDS: usize = 16;

/// Parameters and all that changes them.
pub struct Learner {
    spec: Spec,
    level: Level,
    optimizer: Optimizer,
    truncation: Truncation,
    clip_norm: f64,
    pub params: Vec<f32>,
    /// The optimizer's memory.
    pub memory: Vec<f32>,
    packed: Vec<Strip>,
    transposed: Vec<Strip>,
    shards: Vec<Shard>,
    /// Sum of the shards' gradients, where `tables` says.
    gradients: Vec<f32>,
    tables: Tables,
    ranges: Vec<Range<usize>>,
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
    fn of(settings: &Settings, sequences: &Sequences) -> Self {
        let size = settings.batch.min(sequences.len());
        let shards = size.div_ceil(SHARD_SEQUENCES).min(MAX_SHARDS);
        let per_shard = size.div_ceil(shards);
        let longest = longest_first(sequences);
        let rows = longest
            .iter()
            .take(per_shard)
            .map(|&sequence| sequences.len_of(sequence))
            .sum();
        Self {
            shards,
            per_shard,
            rows,
        }
    }

    /// What [`Learner::new`] allocates.
    fn bytes(&self, spec: &Spec, optimizer: Optimizer) -> usize {
        let params = spec.params_len();
        // Parameters, the sum of the gradients and the gradients of every shard.
        let numbers = (2 + self.shards) * params + optimizer.state_len(params);
        let of_shard =
            spec.tape_len(self.rows, self.per_shard) + spec.scratch_len(self.rows, self.per_shard);
        let strips = spec.packed_len() + spec.transposed_len() + self.shards * of_shard;
        numbers * size_of::<f32>() + strips * size_of::<Strip>()
    }
}

/// What one update was like.
#[derive(Clone, Copy, Debug)]
pub struct Learnt {
    /// Mean loss per counted item.
    pub loss: f64,
    /// Counted items.
    pub items: f64,
    /// Length of the gradient before clipping.
    pub norm: f64,
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

impl Learner {
    /// Buffers for every batch of `sequences` that these settings can make; parameters are zero.
    pub fn new(spec: &Spec, settings: &Settings, sequences: &Sequences) -> Self {
        let Plan {
            shards,
            per_shard,
            rows,
        } = Plan::of(settings, sequences);
        let optimizer = settings.optimizer();
        Self {
            spec: *spec,
            level: Level::detect(),
            optimizer,
            truncation: settings.truncation(),
            clip_norm: settings.clip_norm,
            params: vec![0.0; spec.params_len()],
            memory: vec![0.0; optimizer.state_len(spec.params_len())],
            packed: vec![Strip::ZERO; spec.packed_len()],
            transposed: vec![Strip::ZERO; spec.transposed_len()],
            shards: (0..shards)
                .map(|number| Shard::new(number, spec, rows, per_shard))
                .collect(),
            gradients: vec![0.0; spec.params_len()],
            tables: Tables::new(spec),
            ranges: Vec::new(),
        }
    }

    /// Whether [`Learner::new`] will find the memory it needs: running out of it would end the process without a word.
    ///
    /// # Errors
    /// It will not.
    pub fn check_room(spec: &Spec, settings: &Settings, sequences: &Sequences) -> Result<()> {
        let bytes = Plan::of(settings, sequences).bytes(spec, settings.optimizer());
        Vec::<u8>::new().try_reserve_exact(bytes).map_err(|_| {
            Failure::input(format!(
                "this net needs about {:.0} GB of memory to be trained; choose a smaller --hidden, --layers, \
                 --embedding or --batch",
                bytes as f64 / 1e9
            ))
        })
    }

    /// Must follow every change of `params` from outside.
    ///
    /// # Errors
    /// None: the lengths fit.
    pub fn repack(&mut self) -> Result<()> {
        pack(&self.spec, &self.params, &mut self.packed)?;
        pack_transposed(&self.spec, &self.params, &mut self.transposed)?;
        Ok(())
    }

    /// The net as it is now.
    ///
    /// # Errors
    /// None: the lengths fit.
    pub fn model(&self) -> Result<Model<'_>> {
        Ok(Model::new(self.spec, &self.params, &self.packed)?)
    }

    /// Learns from one batch, whose sequences come longest first. `update` counts from 1; `place` is epoch and batch.
    ///
    /// # Errors
    /// Ids or targets that the net does not know.
    pub fn learn(
        &mut self,
        (sequences, hiding): (&Sequences, Option<&Hiding>),
        batch: &[usize],
        rate: f64,
        update: u64,
        (seed, place): (u64, [u64; 2]),
    ) -> Result<std::result::Result<Learnt, Trouble>> {
        self.deal(batch);
        let rows = batch.iter().map(|&sequence| sequences.rows_of(sequence));
        let total: f64 = rows
            .map(|rows| loss::total_weight(&sequences.targets()[rows], None))
            .sum();
        let model = Model::new(self.spec, &self.params, &self.packed)?;
        let (level, truncation, transposed) =
            (self.level, self.truncation, self.transposed.as_slice());
        let lesson = Lesson {
            level,
            model,
            transposed,
            sequences,
            hiding,
            truncation,
            total,
            seed,
            place,
        };
        self.shards
            .par_iter_mut()
            .with_max_len(1)
            .try_for_each(|shard| shard.learn(&lesson))?;
        if let Some((trouble, shard)) = self
            .shards
            .iter()
            .find_map(|shard| Some((shard.trouble?, shard)))
        {
            return Ok(Err(Trouble::Number(
                trouble,
                shard.chosen[trouble.sequence],
            )));
        }
        self.sum()?;
        let norm = self.clip();
        let loss: f64 = self.shards.iter().map(|shard| shard.loss).sum();
        if !norm.is_finite() || !loss.is_finite() {
            return Ok(Err(Trouble::Gradient(self.infinite_gradient())));
        }
        self.update(rate as f32, update)?;
        Ok(Ok(Learnt {
            loss,
            items: total,
            norm,
        }))
    }

    /// Deals the sequences out like cards, so that every shard gets long ones and short ones.
    fn deal(&mut self, batch: &[usize]) {
        let shards = self.shards.len();
        for (number, shard) in self.shards.iter_mut().enumerate() {
            shard.chosen.clear();
            shard
                .chosen
                .extend(batch.iter().skip(number).step_by(shards));
        }
    }

    /// Adds up the shards' gradients, in the order of the shards.
    fn sum(&mut self) -> Result<()> {
        self.tables.clear(&mut self.gradients);
        self.shards
            .iter()
            .for_each(|shard| self.tables.join(&shard.tables));
        self.tables.ranges(&mut self.ranges);
        for range in &self.ranges {
            let to = &mut self.gradients[range.clone()];
            for shard in &self.shards {
                gradient::add(self.level, to, &shard.gradients[range.clone()])?;
            }
        }
        Ok(())
    }

    /// Shortens the gradient if need be; returns how long it was.
    fn clip(&mut self) -> f64 {
        let squares = self
            .ranges
            .iter()
            .map(|range| gradient::sum_of_squares(self.level, &self.gradients[range.clone()]));
        let norm = squares.sum::<f64>().sqrt();
        if self.clip_norm > 0.0
            && let Some(factor) = gradient::clip_factor(norm, self.clip_norm as f32)
        {
            for range in &self.ranges {
                gradient::scale(self.level, &mut self.gradients[range.clone()], factor);
            }
        }
        norm
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
        self.repack()
    }

    fn infinite_gradient(&self) -> Option<String> {
        let is_infinite =
            |range: Range<usize>| self.gradients[range].iter().any(|g| !g.is_finite());
        let tensor = self
            .spec
            .tensors()
            .find(|tensor| is_infinite(tensor.range()));
        tensor.map(|tensor| tensor.kind.to_string())
    }
}
