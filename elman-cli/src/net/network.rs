//! A trained net in memory: its parameters, packed once, and which form of them answers.

use elman_core::quantized::QuantizedModel;
use elman_core::{Level, Model, Spec, Strip, pack};

use crate::base::failure::{Failure, Result};
use crate::data::Sequences;
use crate::net::judge::Judge;
use crate::net::{infer, int8};

/// A trained net in memory, ready to run.
#[derive(Debug)]
pub struct Network {
    spec: Spec,
    params: Vec<f32>,
    packed: Vec<Strip>,
    /// The int8 net, which computes the outputs in place of the float net.
    quantized: Option<Vec<u32>>,
}

impl Network {
    /// Packs the parameters.
    ///
    /// # Errors
    /// They do not fit the spec.
    pub fn new(spec: Spec, params: Vec<f32>) -> Result<Self> {
        let mut packed = vec![Strip::ZERO; spec.packed_len()];
        pack(&spec, &params, &mut packed)?;
        Ok(Self {
            spec,
            params,
            packed,
            quantized: None,
        })
    }

    /// Its shape.
    pub const fn spec(&self) -> &Spec {
        &self.spec
    }

    /// All parameters, flat.
    pub fn params(&self) -> &[f32] {
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

    /// The view that core computes with.
    ///
    /// # Errors
    /// None: the lengths were checked when the network was made.
    pub fn model(&self) -> Result<Model<'_>> {
        Ok(Model::new(self.spec, &self.params, &self.packed)?)
    }

    /// Probabilities or what else the head computes, for every row of the sequences.
    ///
    /// # Errors
    /// Ids that the spec does not know.
    pub fn outputs(&self, sequences: &Sequences) -> Result<Vec<f32>> {
        if let Some(words) = &self.quantized {
            return int8::outputs(&QuantizedModel::new(self.spec, words)?, sequences);
        }
        infer::outputs(Level::detect(), &self.model()?, sequences)
    }

    /// What a judge says of these outputs, sequence by sequence; they are not kept.
    ///
    /// # Errors
    /// Ids that the spec does not know.
    pub fn judge<J: Judge>(&self, sequences: &Sequences, judge: &J) -> Result<Vec<J::Verdict>> {
        if let Some(words) = &self.quantized {
            return int8::judge(&QuantizedModel::new(self.spec, words)?, sequences, judge);
        }
        infer::judge(Level::detect(), &self.model()?, sequences, judge)
    }
}
