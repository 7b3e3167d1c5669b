//! A net at work: its layers from flash, its head from flash or from RAM.

use elman_core::feed::Streaming;
use elman_core::{Error, Image, Inputs, Level, Spec, Stream, Strip};

use super::learner::Learner;
use crate::code::Code;

/// A stream, and its head once that learns.
pub struct Runner {
    stream: Stream<'static>,
    packed: &'static [Strip],
    learner: Option<Learner>,
}

impl Runner {
    /// At the initial state.
    pub fn new(
        image: &Image<'static>,
        state: &'static mut [f32],
        scratch: &'static mut [Strip],
    ) -> Result<Self, Code> {
        Ok(Self {
            stream: Stream::new(Level::detect(), image.model()?, state, scratch)?,
            packed: image.packed,
            learner: None,
        })
    }

    /// Takes the head of the image into RAM.
    pub fn start_learning(
        &mut self,
        strips: &'static mut [Strip],
        memory: &'static mut [f32],
    ) -> Result<(), Code> {
        if self.learner.is_some() {
            return Err(Code::Stage);
        }
        let learner = Learner::new(self.spec(), self.packed, strips, memory)?;
        self.learner = Some(learner);
        Ok(())
    }

    /// The hidden units after the last step, and what learns from them.
    pub fn learner(&mut self) -> Result<(&Spec, &[f32], &mut Learner), Code> {
        let learner = self.learner.as_mut().ok_or(Code::Stage)?;
        Ok((self.stream.model().spec(), self.stream.hidden(), learner))
    }
}

impl Streaming for Runner {
    fn spec(&self) -> &Spec {
        self.stream.model().spec()
    }

    fn reset(&mut self) {
        self.stream.reset();
    }

    fn step(&mut self, inputs: Inputs, outputs: &mut [f32]) -> Result<(), Error> {
        match &self.learner {
            Some(learner) => self
                .stream
                .step_with_head(learner.strips(), inputs, outputs),
            None => self.stream.step(inputs, outputs),
        }
    }

    fn step_unread(&mut self, inputs: Inputs) -> Result<(), Error> {
        self.stream.step_unread(inputs)
    }
}
