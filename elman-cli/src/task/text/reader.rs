//! A net that reads token by token.

use elman_core::{Inputs, Level, Model, Stream, Strip};

use super::lexicon::LINE_END;
use crate::base::failure::Result;
use crate::task::label::nats;

/// A net that reads token by token and always knows what may come next.
pub struct Reader<'a> {
    stream: Stream<'a>,
    /// Of every token to come next.
    pub next: Vec<f32>,
}

/// What a [`Reader`] needs beside the net.
pub struct Memory {
    state: Vec<f32>,
    scratch: Vec<Strip>,
}

impl Memory {
    /// For a net.
    pub fn of(model: &Model<'_>) -> Self {
        let spec = model.spec();
        Self {
            state: vec![0.0; spec.state_len()],
            scratch: vec![Strip::ZERO; spec.stream_len()],
        }
    }
}

impl<'a> Reader<'a> {
    /// At the start of a line.
    ///
    /// # Errors
    /// None for a net of this task.
    pub fn new(model: Model<'a>, memory: &'a mut Memory) -> Result<Self> {
        let next = vec![0.0; model.spec().output_width()];
        let (state, scratch) = (&mut memory.state, &mut memory.scratch);
        let stream = Stream::new(Level::detect(), model, state, scratch)?;
        let mut reader = Self { stream, next };
        reader.read(LINE_END)?;
        Ok(reader)
    }

    /// Reads a token.
    ///
    /// # Errors
    /// An id that the net does not know.
    pub fn read(&mut self, id: u32) -> Result<()> {
        Ok(self.stream.step(Inputs::Tokens(&[id]), &mut self.next)?)
    }

    /// Forgets everything, as at the start of a line.
    ///
    /// # Errors
    /// None for a net of this task.
    pub fn start_over(&mut self) -> Result<()> {
        self.stream.reset();
        self.read(LINE_END)
    }

    /// How surprising a token is, in nats; reads it.
    pub fn surprise(&mut self, id: u32) -> Result<f64> {
        let surprise = nats(self.next[id as usize]);
        self.read(id)?;
        Ok(surprise)
    }
}
