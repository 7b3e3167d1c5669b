//! The memory of a net that forecasts step by step: of the float net, or of the one in whole numbers.

use elman_core::feed::Streaming;
use elman_core::quantized::{QuantizedModel, QuantizedStream};
use elman_core::{Level, Stream, Strip};

use crate::base::failure::Result;
use crate::net::network::Network;

/// State and scratch.
pub enum Memory {
    Float(Vec<f32>, Vec<Strip>),
    Int8(Vec<u32>, Vec<u32>),
}

impl Memory {
    /// Of the net that answers.
    pub fn new(network: &Network) -> Self {
        let spec = network.spec();
        match network.quantized() {
            None => Self::Float(
                vec![0.0; spec.state_len()],
                vec![Strip::ZERO; spec.stream_len()],
            ),
            Some(_) => Self::Int8(
                vec![0; spec.int8().state_len()],
                vec![0; spec.int8().stream_len()],
            ),
        }
    }

    /// That net before its first step.
    ///
    /// # Errors
    /// The memory of another net.
    pub fn stream<'a>(&'a mut self, network: &'a Network) -> Result<Box<dyn Streaming + 'a>> {
        Ok(match self {
            Self::Float(state, scratch) => {
                let model = network.model()?;
                Box::new(Stream::new(Level::detect(), model, state, scratch)?)
            }
            Self::Int8(state, scratch) => {
                let words = network.quantized().unwrap_or_default();
                let model = QuantizedModel::new(*network.spec(), words)?;
                Box::new(QuantizedStream::new(model, state, scratch)?)
            }
        })
    }
}
