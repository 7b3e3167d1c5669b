//! A trained net in memory: its parameters, packed once, and which form of them answers.

use std::sync::atomic::{AtomicBool, Ordering};

use elman_core::quantized::QuantizedModel;
use elman_core::{Level, Model, Spec, Strip, crf, pack};

use crate::base::failure::{Failure, Result};
use crate::data::Sequences;
use crate::net::judge::Judge;
use crate::net::{infer, int8};

/// A trained net in memory, ready to run.
#[derive(Debug)]
pub struct Network {
    spec: Spec,
    /// Those of the net, and behind them the scores of transitions between labels, if it has any.
    params: Vec<f32>,
    packed: Vec<Strip>,
    /// The int8 net, which computes the outputs in place of the float net.
    quantized: Option<Vec<u32>>,
    /// Whether an output was not finite.
    has_overflowed: AtomicBool,
}

impl Network {
    /// Packs the parameters. Behind them may lie the scores of transitions between labels, as [`crf::Transitions`] has them.
    ///
    /// # Errors
    /// They do not fit the spec.
    pub fn new(spec: Spec, params: Vec<f32>) -> Result<Self> {
        let mut packed = vec![Strip::ZERO; spec.packed_len()];
        let net = match params.len() == scored_len(&spec) {
            true => &params[..spec.params_len()],
            false => &params,
        };
        pack(&spec, net, &mut packed)?;
        Ok(Self {
            spec,
            params,
            packed,
            quantized: None,
            has_overflowed: AtomicBool::new(false),
        })
    }

    /// Its shape.
    pub const fn spec(&self) -> &Spec {
        &self.spec
    }

    /// All parameters of the net, flat.
    pub fn params(&self) -> &[f32] {
        &self.params[..self.spec.params_len()]
    }

    /// The learnt scores of transitions between labels, as [`crf::Transitions`] has them.
    pub fn transitions(&self) -> Option<&[f32]> {
        let scores = &self.params[self.spec.params_len()..];
        (!scores.is_empty()).then_some(scores)
    }

    /// All that was learnt: the parameters, and behind them the scores of transitions.
    pub fn learnt(&self) -> &[f32] {
        &self.params
    }

    /// All weights, packed.
    pub fn packed(&self) -> &[Strip] {
        &self.packed
    }

    /// From now on the int8 net computes the outputs.
    ///
    /// # Errors
    /// The words do not fit the spec.
    pub fn set_quantized(&mut self, words: Vec<u32>) -> Result<()> {
        QuantizedModel::new(self.spec, &words)
            .map_err(|error| Failure::input(error.to_string()))?;
        self.quantized = Some(words);
        Ok(())
    }

    /// The int8 net, where it computes the outputs.
    ///
    /// # Errors
    /// None: the words were checked when they were set.
    pub fn quantized(&self) -> Result<Option<QuantizedModel<'_>>> {
        let words = self.quantized.as_ref();
        Ok(words
            .map(|words| QuantizedModel::new(self.spec, words))
            .transpose()?)
    }

    /// The view that core computes with.
    ///
    /// # Errors
    /// None: the lengths were checked when the network was made.
    pub fn model(&self) -> Result<Model<'_>> {
        Ok(Model::new(self.spec, self.params(), &self.packed)?)
    }

    /// Probabilities or what else the head computes, for every row of the sequences.
    ///
    /// # Errors
    /// Ids that the spec does not know.
    pub fn outputs(&self, sequences: &Sequences) -> Result<Vec<f32>> {
        let outputs = self.compute(sequences)?;
        self.look_at(&outputs);
        Ok(outputs)
    }

    fn compute(&self, sequences: &Sequences) -> Result<Vec<f32>> {
        if let Some(model) = self.quantized()? {
            return int8::outputs(&model, sequences);
        }
        infer::outputs(Level::detect(), &self.model()?, sequences)
    }

    /// What a judge says of these outputs, sequence by sequence; they are not kept.
    ///
    /// # Errors
    /// Ids that the spec does not know.
    pub fn judge<J: Judge>(&self, sequences: &Sequences, judge: &J) -> Result<Vec<J::Verdict>> {
        let judge = &Watchful {
            network: self,
            judge,
        };
        if let Some(model) = self.quantized()? {
            return int8::judge(&model, sequences, judge);
        }
        infer::judge(Level::detect(), &self.model()?, sequences, judge)
    }

    /// Remembers whether one of these outputs is not finite.
    pub fn look_at(&self, outputs: &[f32]) {
        // Without a way out, so that it takes many at a time.
        if !outputs.iter().fold(true, |all, y| all & y.is_finite()) {
            self.has_overflowed.store(true, Ordering::Relaxed);
        }
    }

    /// After the last answer.
    ///
    /// # Errors
    /// There were outputs that are not finite.
    pub fn must_be_finite(&self) -> Result<()> {
        if self.has_overflowed.load(Ordering::Relaxed) {
            return Err(Failure::run(
                "some of the answers are no finite numbers: the inputs lie so far from those of the training that the net's \
                 sums overflow; look for them in the data",
            ));
        }
        Ok(())
    }
}

/// Parameters of a net with scores of transitions.
pub fn scored_len(spec: &Spec) -> usize {
    spec.params_len()
        .saturating_add(crf::params_len(spec.output_width()))
}

/// A judge whose rows are looked at first.
struct Watchful<'a, J> {
    network: &'a Network,
    judge: &'a J,
}

impl<J: Judge> Judge for Watchful<'_, J> {
    type Notes = J::Notes;
    type Verdict = J::Verdict;

    fn start(&self) -> J::Notes {
        self.judge.start()
    }

    fn see(&self, notes: &mut J::Notes, target: usize, row: &[f32]) {
        self.network.look_at(row);
        self.judge.see(notes, target, row);
    }

    fn end(&self, notes: J::Notes) -> J::Verdict {
        self.judge.end(notes)
    }
}
