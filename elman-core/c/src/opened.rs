//! A net of either kind: float or int8.

use elman_core::feed::{NumberFront, Streaming};
use elman_core::{Error, Inputs, Spec, Strip};

use crate::Sizes;
use crate::code::Code;
use crate::feed::Event;
use crate::numbers::NumberFeeder;

#[cfg(feature = "float")]
use {crate::float, elman_core::Image};
#[cfg(feature = "int8")]
use {
    crate::int8,
    elman_core::feed::QuantizedFeed,
    elman_core::quantized::{Integers, QuantizedImage, QuantizedStream},
};

/// An image that was read.
#[derive(Clone, Copy)]
pub enum Opened {
    #[cfg(feature = "float")]
    Float(Image<'static>),
    #[cfg(feature = "int8")]
    Int8(QuantizedImage<'static>),
}

impl Opened {
    /// Whichever it is.
    pub fn read(bytes: &'static [u8]) -> Result<Self, Code> {
        #[cfg(feature = "float")]
        if let Ok(image) = Image::read(bytes) {
            return Ok(Self::Float(image));
        }
        #[cfg(feature = "int8")]
        if let Ok(image) = QuantizedImage::read(bytes) {
            return Ok(Self::Int8(image));
        }
        Err(Code::Image)
    }

    pub const fn notes(&self) -> &'static str {
        match self {
            #[cfg(feature = "float")]
            Self::Float(image) => image.notes,
            #[cfg(feature = "int8")]
            Self::Int8(image) => image.notes,
        }
    }

    /// How raw samples become numbers, where they do.
    const fn numbers(&self) -> Option<&NumberFront<'static>> {
        match self {
            #[cfg(feature = "float")]
            Self::Float(image) => image.numbers.as_ref(),
            #[cfg(feature = "int8")]
            Self::Int8(image) => image.numbers.as_ref(),
        }
    }

    pub fn sizes(&self) -> Sizes {
        let sizes = match self {
            #[cfg(feature = "float")]
            Self::Float(image) => float::sizes(image),
            #[cfg(feature = "int8")]
            Self::Int8(image) => int8::sizes(image),
        };
        let Some(front) = self.numbers() else {
            return sizes;
        };
        let columns = front.reads.columns();
        Sizes {
            columns,
            delay: front.reads.delay(),
            room: front.room_len(),
            golden_samples: front.raw.len().checked_div(columns).unwrap_or(0),
            answers: front.readouts.len(),
            ..sizes
        }
    }

    /// How many units of an input make 1.0, and what one unit of a logit is worth, where the net computes in whole numbers.
    #[cfg(feature = "int8")]
    pub fn units(&self) -> Result<[f32; 2], Code> {
        match self {
            #[cfg(feature = "float")]
            Self::Float(_) => Err(Code::Kind),
            Self::Int8(image) => {
                let model = image.model()?;
                Ok([model.input_scale(), model.unit()])
            }
        }
    }

    /// The first output of the golden vectors that is wrong.
    pub fn self_test(
        &self,
        state: &mut [f32],
        scratch: &mut [Strip],
        outputs: &mut [f32],
    ) -> Result<Option<usize>, Code> {
        match self {
            #[cfg(feature = "float")]
            Self::Float(image) => float::self_test(image, state, scratch, outputs),
            #[cfg(feature = "int8")]
            Self::Int8(image) => int8::self_test(image, state, scratch, outputs),
        }
    }

    /// At the initial state, in the caller's buffers.
    pub fn start(
        &self,
        state: &'static mut [f32],
        scratch: &'static mut [Strip],
    ) -> Result<Runner, Code> {
        Ok(match self {
            #[cfg(feature = "float")]
            Self::Float(image) => Runner::Float(float::Runner::new(image, state, scratch)?),
            #[cfg(feature = "int8")]
            Self::Int8(image) => Runner::Int8(int8::start(image, state, scratch)?),
        })
    }

    /// Before the first sample, in the caller's buffers.
    pub fn start_feed(
        &self,
        state: &'static mut [f32],
        scratch: &'static mut [Strip],
        room: &'static mut [f32],
    ) -> Result<Feeder, Code> {
        Ok(match self {
            #[cfg(feature = "float")]
            Self::Float(image) => Feeder::Float(float::start_feed(image, state, scratch, room)?),
            #[cfg(feature = "int8")]
            Self::Int8(image) => Feeder::Int8(int8::start_feed(image, state, scratch, room)?),
        })
    }

    /// The same where answers are numbers. A call of its own, so that firmware which tells events does not link what numbers need.
    pub fn start_answers(
        &self,
        state: &'static mut [f32],
        scratch: &'static mut [Strip],
        room: &'static mut [f32],
    ) -> Result<NumberFeeder, Code> {
        let front = self.numbers().ok_or(Code::NoFeed)?;
        NumberFeeder::new(front, self.start(state, scratch)?, room)
    }

    /// The first golden sample of which a wrong answer comes, in a feed of this image.
    pub fn check_answers(&self, feed: &mut NumberFeeder) -> Result<Option<usize>, Code> {
        let golden = match self {
            #[cfg(feature = "float")]
            Self::Float(image) => image.numbers.map(|front| front.golden(&image.golden)),
            #[cfg(feature = "int8")]
            Self::Int8(image) => image.numbers.map(|front| front.golden_int8(&image.golden)),
        };
        let golden = golden.filter(|golden| !golden.raw.is_empty());
        feed.check(&golden.ok_or(Code::NoSamples)?)
    }

    /// The first golden sample of which something wrong comes, in a feed of this image.
    pub fn check_feed(&self, feed: &mut Feeder) -> Result<Option<usize>, Code> {
        match (self, feed) {
            #[cfg(feature = "float")]
            (Self::Float(image), Feeder::Float(feed)) => float::check_feed(image, feed),
            #[cfg(feature = "int8")]
            (Self::Int8(image), Feeder::Int8(feed)) => int8::check_feed(image, feed),
            #[cfg(all(feature = "float", feature = "int8"))]
            _ => Err(Code::Stage),
        }
    }
}

/// A net at work.
pub enum Runner {
    #[cfg(feature = "float")]
    Float(float::Runner),
    #[cfg(feature = "int8")]
    Int8(QuantizedStream<'static>),
}

/// The same for either kind of net.
macro_rules! run {
    ($runner:expr, $net:ident => $work:expr) => {
        match $runner {
            #[cfg(feature = "float")]
            Runner::Float($net) => $work,
            #[cfg(feature = "int8")]
            Runner::Int8($net) => $work,
        }
    };
}

impl Streaming for Runner {
    fn spec(&self) -> &Spec {
        run!(self, net => Streaming::spec(net))
    }

    fn reset(&mut self) {
        run!(self, net => net.reset());
    }

    fn step(&mut self, inputs: Inputs<'_>, outputs: &mut [f32]) -> Result<(), Error> {
        run!(self, net => net.step(inputs, outputs))
    }

    fn step_unread(&mut self, inputs: Inputs<'_>) -> Result<(), Error> {
        run!(self, net => net.step_unread(inputs))
    }
}

#[cfg(feature = "int8")]
impl Runner {
    /// In the whole numbers of an int8 net.
    pub fn step_i16(&mut self, inputs: &[i16], logits: &mut [i32]) -> Result<(), Code> {
        match self {
            #[cfg(feature = "float")]
            Self::Float(_) => Err(Code::Kind),
            Self::Int8(stream) => Ok(stream.step_integers(Integers::Dense(inputs), logits)?),
        }
    }
}

/// A net that is fed raw samples and tells events.
pub enum Feeder {
    #[cfg(feature = "float")]
    Float(float::FloatFeed),
    #[cfg(feature = "int8")]
    Int8(QuantizedFeed<'static>),
}

/// The same for either kind of feed.
macro_rules! each {
    ($feeder:expr, $feed:ident => $float:expr, $int8:expr) => {
        match $feeder {
            #[cfg(feature = "float")]
            Feeder::Float($feed) => $float,
            #[cfg(feature = "int8")]
            Feeder::Int8($feed) => $int8,
        }
    };
}

impl Feeder {
    pub fn reset(&mut self) {
        each!(self, feed => feed.reset(), feed.reset());
    }

    /// A raw sample, and what the net says now.
    pub fn feed(&mut self, raw: &[f32]) -> Result<Event, Code> {
        Ok(
            each!(self, feed => float::told(feed.feed(raw)?, feed), int8::told(feed.feed(raw)?, feed)),
        )
    }

    pub fn feed_unread(&mut self, raw: &[f32]) -> Result<(), Code> {
        each!(self, feed => feed.feed_unread(raw), feed.feed_unread(raw)).map_err(Code::from)
    }

    pub fn feed_i16(&mut self, raw: &[i16]) -> Result<Event, Code> {
        Ok(
            each!(self, feed => float::told(feed.feed_i16(raw)?, feed), int8::told(feed.feed_whole(raw)?, feed)),
        )
    }

    pub fn feed_i16_unread(&mut self, raw: &[i16]) -> Result<(), Code> {
        each!(self, feed => feed.feed_i16_unread(raw), feed.feed_whole_unread(raw))
            .map_err(Code::from)
    }

    /// The end of a sequence, and what the net says in the end.
    pub fn end(&mut self) -> Result<Event, Code> {
        Ok(each!(self, feed => float::told(feed.end()?, feed), int8::told(feed.end()?, feed)))
    }

    pub fn end_unread(&mut self) -> Result<(), Code> {
        each!(self, feed => feed.end_unread(), feed.end_unread()).map_err(Code::from)
    }
}
