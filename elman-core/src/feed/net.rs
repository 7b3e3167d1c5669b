//! What can be fed: a net that steps.

use crate::error::Error;
use crate::fixed::{FixedStream, Shape};
use crate::inputs::Inputs;
use crate::quantized::QuantizedStream;
use crate::spec::Spec;
use crate::stream::Stream;

/// A net that goes on step by step: [`FixedStream`], [`Stream`], [`QuantizedStream`], or what firmware makes of one.
pub trait Streaming {
    /// Its shape.
    fn spec(&self) -> &Spec;

    /// Back to the initial state.
    fn reset(&mut self);

    /// One step, and what the head says after it.
    ///
    /// # Errors
    /// As [`Stream::step`].
    fn step(&mut self, inputs: Inputs, outputs: &mut [f32]) -> Result<(), Error>;

    /// One step whose answer nobody reads.
    ///
    /// # Errors
    /// As [`Stream::step`].
    fn step_unread(&mut self, inputs: Inputs) -> Result<(), Error>;
}

impl<S: Shape> Streaming for FixedStream<'_, S> {
    #[inline(always)]
    fn spec(&self) -> &Spec {
        const { &S::SPEC }
    }

    #[inline]
    fn reset(&mut self) {
        FixedStream::reset(self);
    }

    #[inline]
    fn step(&mut self, inputs: Inputs, outputs: &mut [f32]) -> Result<(), Error> {
        FixedStream::step(self, inputs, outputs)
    }

    #[inline]
    fn step_unread(&mut self, inputs: Inputs) -> Result<(), Error> {
        FixedStream::step_unread(self, inputs)
    }
}

impl Streaming for Stream<'_> {
    fn spec(&self) -> &Spec {
        self.model().spec()
    }

    fn reset(&mut self) {
        Stream::reset(self);
    }

    fn step(&mut self, inputs: Inputs, outputs: &mut [f32]) -> Result<(), Error> {
        Stream::step(self, inputs, outputs)
    }

    fn step_unread(&mut self, inputs: Inputs) -> Result<(), Error> {
        Stream::step_unread(self, inputs)
    }
}

/// The net is in whole numbers; what it reads and answers are floats, rounded and scaled as [`QuantizedStream::step`] does. Around classes a
/// [`QuantizedFeed`](super::QuantizedFeed) needs no float at all.
impl Streaming for QuantizedStream<'_> {
    fn spec(&self) -> &Spec {
        self.model().spec()
    }

    fn reset(&mut self) {
        QuantizedStream::reset(self);
    }

    fn step(&mut self, inputs: Inputs, outputs: &mut [f32]) -> Result<(), Error> {
        QuantizedStream::step(self, inputs, outputs)
    }

    fn step_unread(&mut self, inputs: Inputs) -> Result<(), Error> {
        QuantizedStream::step_unread(self, inputs)
    }
}
