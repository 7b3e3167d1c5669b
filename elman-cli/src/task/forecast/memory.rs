//! The memory of a net that forecasts step by step: of the float net, or of the one in whole numbers.

use elman_core::feed::Streaming;
use elman_core::quantized::QuantizedStream;
use elman_core::{Level, Stream, Strip};

use crate::base::failure::{Failure, Result};
use crate::net::network::Network;

/// State and scratch.
pub enum Memory {
    Float(Vec<f32>, Vec<Strip>),
    Int8(Vec<u32>, Vec<u32>),
}

impl Memory {
    /// Of the net that answers.
    ///
    /// # Errors
    /// None.
    pub fn new(network: &Network) -> Result<Self> {
        let spec = network.spec();
        Ok(match network.quantized()? {
            None => Self::Float(
                vec![0.0; spec.state_len()],
                vec![Strip::ZERO; spec.stream_len()],
            ),
            Some(_) => Self::Int8(
                vec![0; spec.int8().state_len()],
                vec![0; spec.int8().stream_len()],
            ),
        })
    }

    /// That net before its first step.
    ///
    /// # Errors
    /// The memory of another net.
    pub fn stream<'a>(&'a mut self, network: &'a Network) -> Result<Box<dyn Streaming + 'a>> {
        Ok(match (self, network.quantized()?) {
            (Self::Float(state, scratch), None) => {
                let model = network.model()?;
                Box::new(Stream::new(Level::detect(), model, state, scratch)?)
            }
            (Self::Int8(state, scratch), Some(model)) => {
                Box::new(QuantizedStream::new(model, state, scratch)?)
            }
            _ => return Err(Failure::run("the memory is that of another net")),
        })
    }
}
