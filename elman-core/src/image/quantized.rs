//! The image of an int8 net: whole numbers from raw samples to logits.

use super::file::{Opened, check_samples, put};
use super::header::{Body, Header, check_missing, golden_steps};
use super::layout::{FRONT, Layout, SCALE};
use super::numbers::NumberFront;
use crate::error::{Error, check_len};
use crate::feed::{
    IntegerRule, IntegerScale, QuantizedFeed, QuantizedFeedBuffers, QuantizedFeedGolden, Samples,
};
use crate::quantized::{Integers, QuantizedGolden, QuantizedModel, QuantizedStream};
use crate::simd::Strip;
use crate::slices::at;
use crate::spec::{Input, Spec};

/// Everything that the image of an int8 net holds. [`QuantizedImage::read`] reads it in place, as [`Image`](super::Image) does a float net's.
///
/// ```
/// # use elman_core::{*, quantized::*};
/// # const SPEC: Spec = Spec::dense(2, 3, 1);
/// # let mut words = [0; SPEC.int8().model_len()];
/// # let mut writer = QuantizedWriter::new(&SPEC, &mut words)?;
/// # writer.head(0.5)?;
/// # let row = QuantizedRow { input_weights: &[0; 3], recurrent_weights: &[], bias: 3, input_multiplier: 0, recurrent_multiplier: 0 };
/// # writer.head_row(0, row)?;
/// # let golden = QuantizedGolden { lengths: &[1], inputs: Integers::Dense(&[5, 6]), logits: &[3] };
/// let made = QuantizedImage { spec: SPEC, words: &words, golden, front: None, numbers: None, notes: "" };
/// # let mut file = Aligned([0; 2048]);
/// made.write(&mut file.0)?;
/// // On a chip: static FILE: &Aligned<[u8]> = &Aligned(*include_bytes!("net.image"));
/// let image = QuantizedImage::read(&file.0)?;
/// let (mut state, mut scratch) = ([0; SPEC.int8().state_len()], [0; SPEC.int8().stream_len()]);
/// let mut net = QuantizedStream::new(image.model()?, &mut state, &mut scratch)?;
/// let mut logits = [0];
/// net.step_integers(Integers::Dense(&[500, -1000]), &mut logits)?;
/// assert_eq!(logits, [3]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct QuantizedImage<'a> {
    /// The shape of the net.
    pub spec: Spec,
    /// [`Int8Lengths::model_len`](crate::quantized::Int8Lengths::model_len) words.
    pub words: &'a [u32],
    /// The proof.
    pub golden: QuantizedGolden<'a>,
    /// From raw samples to events, for nets that stream classes of measurements.
    pub front: Option<QuantizedFront<'a>>,
    /// From raw samples to numbers in the units of the data, for nets that stream such; around the net these are floats.
    pub numbers: Option<NumberFront<'a>>,
    /// What the numbers mean, for people and programs: labels, scaling, vocabulary. The net runs without.
    pub notes: &'a str,
}

/// How raw samples become events around an int8 net, and what must come of the golden ones.
///
/// Letters: R samples of all sequences of [`QuantizedGolden::lengths`], C columns.
#[derive(Clone, Copy, Debug)]
pub struct QuantizedFront<'a> {
    /// Of every column: (C).
    pub scales: IntegerScales<'a>,
    /// Where numbers on the net's scale are cut.
    pub farthest: i16,
    /// From logits to events.
    pub rule: IntegerRule,
    /// Raw numbers, (R, C).
    pub raw: &'a [f32],
    /// Which of them is fed as a NaN.
    pub missing: usize,
    /// Of every step the class that fires, or -1: (R).
    pub fires: &'a [i32],
    /// Of every step the smoothed probability of the likeliest class, in units of 2^-15: (R).
    pub probabilities: &'a [u32],
}

/// Words that a scale takes in RAM, and how many may lie before the first that is aligned for one.
const IN_RAM: usize = 4;
const BEFORE: usize = 1;
const _: () = assert!(size_of::<IntegerScale>() <= 4 * IN_RAM);
const _: () = assert!(align_of::<IntegerScale>() <= 4 + 4 * BEFORE);

/// Scales of columns, as a program or as an image has them.
#[derive(Clone, Copy, Debug)]
pub struct IntegerScales<'a>(Scales<'a>);

#[derive(Clone, Copy, Debug)]
enum Scales<'a> {
    Listed(&'a [IntegerScale]),
    /// As they lie in a file that was read.
    Words(&'a [[u32; SCALE]]),
}

impl<'a> IntegerScales<'a> {
    /// These.
    pub const fn new(scales: &'a [IntegerScale]) -> Self {
        Self(Scales::Listed(scales))
    }

    /// How many columns.
    pub const fn len(&self) -> usize {
        match self.0 {
            Scales::Listed(scales) => scales.len(),
            Scales::Words(words) => words.len(),
        }
    }

    /// Whether there is no column.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// That of a column, if there is such.
    pub fn get(&self, column: usize) -> Option<IntegerScale> {
        match self.0 {
            Scales::Listed(scales) => scales.get(column).copied(),
            Scales::Words(words) => words.get(column).copied().map(IntegerScale::from_words),
        }
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = IntegerScale> {
        (0..self.len()).filter_map(|column| self.get(column))
    }
}

impl<'a> QuantizedFront<'a> {
    /// How many rows a step reads.
    pub fn window(&self, spec: &Spec) -> usize {
        spec.input_width()
            .checked_div(self.scales.len())
            .unwrap_or(0)
    }

    /// Numbers of 32 bits that scales, rows, logits and means take in one piece of memory, as firmware in C reserves it.
    pub fn room_len(&self, spec: &Spec) -> usize {
        let columns = self.scales.len();
        let rows = Samples::rows_len(columns, self.window(spec));
        BEFORE + IN_RAM * columns + rows.div_ceil(2) + 2 * spec.output_width()
    }

    /// A feed around a net of the image, in the caller's buffers; `scales` has room for every column.
    ///
    /// # Errors
    /// [`Error::Length`] naming the buffer.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # use elman_core::feed::*;
    /// # const SPEC: Spec = Spec { head: Head { kind: HeadKind::Softmax { outputs: 2 }, read: Read::EveryStep }, ..Spec::dense(6, 8, 2) };
    /// # let mut words = [0; SPEC.int8().model_len()];
    /// # let mut writer = QuantizedWriter::new(&SPEC, &mut words)?;
    /// # writer.input_scale(1000.0);
    /// # writer.head(0.001)?;
    /// # let row = QuantizedRow { input_weights: &[0; 8], recurrent_weights: &[], bias: 3000, input_multiplier: 0, recurrent_multiplier: 0 };
    /// # writer.head_row(1, row)?;
    /// # let scales = [IntegerScale::new(&ColumnScale::new(0.0, 1.0), 1000.0); 2];
    /// # let rule = IntegerRule::new(&Rule::EVERY, 0.001);
    /// # let front = QuantizedFront { scales: IntegerScales::new(&scales), farthest: 10_000, rule, raw: &[], missing: 0, fires: &[], probabilities: &[] };
    /// # let golden = QuantizedGolden { lengths: &[], inputs: Integers::Dense(&[]), logits: &[] };
    /// # let image = QuantizedImage { spec: SPEC, words: &words, golden, front: Some(front), numbers: None, notes: "" };
    /// # let mut file = Aligned([0; 2048]);
    /// # image.write(&mut file.0)?;
    /// let image = QuantizedImage::read(&file.0)?;
    /// # let (mut state, mut scratch) = ([0; SPEC.int8().state_len()], [0; SPEC.int8().stream_len()]);
    /// let net = QuantizedStream::new(image.model()?, &mut state, &mut scratch)?;
    /// let front = image.front.expect("a net that is fed");
    /// let (mut rows, mut logits, mut smooth) = ([0; Samples::rows_len(2, 3)], [0; 2], [0; 2]);
    /// let buffers = QuantizedFeedBuffers { rows: &mut rows, logits: &mut logits, smooth: &mut smooth };
    /// let mut scales = [IntegerScale::default(); 2];
    /// let mut feed = front.feed(net, &mut scales, buffers)?;
    /// assert!(feed.feed(&[0.1, 9.9])?.is_none()); // three rows make a step
    /// assert_eq!(feed.feed(&[0.2, 9.8])?, Some(IntegerEvent { step: 0, class: 1, fires: true }));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn feed<'b>(
        &self,
        stream: QuantizedStream<'b>,
        scales: &'b mut [IntegerScale],
        buffers: QuantizedFeedBuffers<'b>,
    ) -> Result<QuantizedFeed<'b>, Error> {
        check_len("scales", self.scales.len(), scales.len())?;
        for (to, scale) in scales.iter_mut().zip(self.scales.iter()) {
            *to = scale;
        }
        let window = self.window(stream.model().spec());
        let scale = (&*scales, self.farthest, window);
        QuantizedFeed::new(stream, scale, self.rule, buffers)
    }

    /// Whether the numbers are what a feed can compute with.
    fn check(&self, spec: &Spec) -> Result<(), Error> {
        let is_rule = self.rule.is_sound(spec.output_width());
        if self.farthest <= 0 || !is_rule || !self.scales.iter().all(IntegerScale::is_sound) {
            return Err(Error::Image(
                "scale or rule of raw samples in the image are none",
            ));
        }
        Ok(())
    }

    /// What lies in the file in front of the scales.
    fn words(&self) -> impl Iterator<Item = u32> {
        let first = u32::from(self.farthest.cast_unsigned());
        let scales = self.scales.iter().flat_map(IntegerScale::words);
        [first].into_iter().chain(self.rule.words()).chain(scales)
    }
}

impl<'a> QuantizedImage<'a> {
    /// Reads an image in place. `bytes` must begin on a cache line ([`Aligned`](crate::Aligned)) and may go on
    /// behind the image, as a flash partition does.
    ///
    /// # Errors
    /// [`Error::Image`] for bytes that are no image, are damaged, come from a later version, begin elsewhere or hold a float net;
    /// [`Error::Spec`], [`Error::Token`], [`Error::Length`] or [`Error::Batch`] for a file whose CRC fits what no net can be.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let words = [0; SPEC.int8().model_len()];
    /// # let golden = QuantizedGolden { lengths: &[], inputs: Integers::Dense(&[]), logits: &[] };
    /// # let made = QuantizedImage { spec: SPEC, words: &words, golden, front: None, numbers: None, notes: "left, right" };
    /// # let mut file = Aligned([0; 2048]);
    /// # made.write(&mut file.0)?;
    /// // On a chip: static FILE: &Aligned<[u8]> = &Aligned(*include_bytes!("net.image"));
    /// assert_eq!(QuantizedImage::read(&file.0)?.notes, "left, right");
    /// assert!(matches!(Image::read(&file.0), Err(Error::Image(_)))); // that would be a float net
    /// # Ok::<(), Error>(())
    /// ```
    pub fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let opened = Opened::read(bytes, Body::Int8)?;
        let (header, layout, strips) = (&opened.header, &opened.layout, opened.strips);
        let spec = header.spec;
        let words = Strip::words(layout.net.of(strips));
        let image = Self {
            spec,
            words: at(words, ..spec.int8().model_len()),
            golden: layout.quantized_golden(header, strips),
            front: match (header.columns, header.front) {
                (1.., 0) => Some(layout.quantized_front(header, strips)?),
                _ => None,
            },
            numbers: layout.numbers(header, strips)?,
            notes: opened.notes,
        };
        image.check()?;
        // One net, one header: a float net's tolerance is not in use here.
        if header.tolerance.to_bits() != 0 || (header.columns == 0 && header.missing > 0) {
            return Err(Error::Image(
                "the header of the image holds what it must not",
            ));
        }
        Ok(image)
    }

    /// The net, ready to run.
    ///
    /// # Errors
    /// [`Error::Quantized`] where sums could overflow, which no image has that [`quantize`](crate::quantized::quantize) made.
    #[inline]
    pub fn model(&self) -> Result<QuantizedModel<'a>, Error> {
        QuantizedModel::new(self.spec, self.words)
    }

    /// Golden samples, for [`QuantizedFeed::check`]; none where the net is not fed.
    pub fn samples(&self) -> Option<QuantizedFeedGolden<'a>> {
        let front = self.front.as_ref()?;
        Some(QuantizedFeedGolden {
            lengths: self.golden.lengths,
            raw: front.raw,
            missing: front.missing,
            logits: self.golden.logits,
            fires: front.fires,
            probabilities: front.probabilities,
        })
    }

    fn check(&self) -> Result<(), Error> {
        self.golden.check_shape(&self.spec)?;
        if let Some(numbers) = &self.numbers {
            numbers.check(&self.spec, golden_steps(self.golden.lengths))?;
        }
        let Some(front) = &self.front else {
            return Ok(());
        };
        let (raw, rows) = (front.raw.len(), golden_steps(self.golden.lengths));
        let found = [raw, front.fires.len(), front.probabilities.len()];
        check_samples(&self.spec, [front.scales.len(), rows], found)?;
        front.check(&self.spec)?;
        // Without golden vectors nothing is missing.
        check_missing(front.missing, raw.max(1))
    }

    fn layout(&self) -> Result<(Header, Layout), Error> {
        self.spec.check()?;
        check_len("words", self.spec.int8().model_len(), self.words.len())?;
        self.check()?;
        let header = Header {
            columns: self.front.map_or(0, |front| front.scales.len())
                + self.numbers.map_or(0, |numbers| numbers.reads.columns()),
            missing: self.front.map_or(0, |front| front.missing)
                + self.numbers.map_or(0, |numbers| numbers.missing),
            front: self.numbers.map_or(0, |numbers| numbers.words_len()),
            ..Header::of(Body::Int8, &self.spec, self.golden.lengths, self.notes)
        };
        let layout = Layout::of(Body::Int8, &self.spec, &header.counts())?;
        Ok((header, layout))
    }

    /// Bytes of the file.
    ///
    /// # Errors
    /// [`Error::Spec`], [`Error::Length`] naming the part, [`Error::Image`] beyond 4 GiB or for a scale or a rule that is none.
    pub fn file_len(&self) -> Result<usize, Error> {
        Ok(self.layout()?.1.bytes())
    }

    /// Writes the file to the start of `to`; returns its length.
    ///
    /// # Errors
    /// As [`QuantizedImage::file_len`], of which `to` must have room for as many bytes.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 4, 1);
    /// # let words = vec![0; spec.int8().model_len()];
    /// # let golden = QuantizedGolden { lengths: &[], inputs: Integers::Dense(&[]), logits: &[] };
    /// let image = QuantizedImage { spec, words: &words, golden, front: None, numbers: None, notes: "degrees Celsius" };
    /// let mut file = vec![0; image.file_len()?];
    /// assert_eq!(image.write(&mut file)?, file.len());
    /// assert_eq!(file.len() % 64, 0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn write(&self, to: &mut [u8]) -> Result<usize, Error> {
        let (header, layout) = self.layout()?;
        header.write(&layout, self.notes, to, |to| {
            let golden = &self.golden;
            put(to, layout.net.start, self.words.iter().copied());
            put(to, layout.lengths.start, golden.lengths.iter().copied());
            match golden.inputs {
                Integers::Dense(numbers) => put(to, layout.inputs.start, pairs(numbers)),
                Integers::Tokens(ids) => put(to, layout.inputs.start, ids.iter().copied()),
            }
            let unsigned = |numbers: &'a [i32]| numbers.iter().map(|n| n.cast_unsigned());
            put(to, layout.outputs.start, unsigned(golden.logits));
            if let Some(front) = &self.front {
                put(to, layout.front.start, front.words());
                put(to, layout.raw.start, front.raw.iter().map(|x| x.to_bits()));
                put(to, layout.fires.start, unsigned(front.fires));
                let probabilities = front.probabilities.iter().copied();
                put(to, layout.told.start, probabilities);
            }
            if let Some(numbers) = &self.numbers {
                layout.put_numbers(numbers, to);
            }
        })
    }
}

/// Numbers of 16 bits, two in a word.
fn pairs(numbers: &[i16]) -> impl Iterator<Item = u32> {
    let half = |number: Option<&i16>| u32::from(number.map_or(0, |n| n.cast_unsigned()));
    numbers
        .chunks(2)
        .map(move |pair| half(pair.first()) | half(pair.get(1)) << 16)
}

impl Layout {
    /// The golden vectors of an int8 net.
    fn quantized_golden<'a>(&self, header: &Header, strips: &'a [Strip]) -> QuantizedGolden<'a> {
        let spec = &header.spec;
        let rows = spec.golden_output_rows(header.rows, header.sequences);
        let inputs = self.inputs.of(strips);
        // The layout has counted all of these products.
        let numbers = header.rows * spec.golden_width();
        let logits = rows * spec.output_width();
        QuantizedGolden {
            lengths: at(Strip::words(self.lengths.of(strips)), ..header.sequences),
            inputs: match spec.input {
                Input::Dense { .. } => Integers::Dense(at(Strip::halves(inputs), ..numbers)),
                Input::Tokens { .. } => Integers::Tokens(at(Strip::words(inputs), ..numbers)),
            },
            logits: at(Strip::integers(self.outputs.of(strips)), ..logits),
        }
    }

    /// From raw samples to events, and the golden ones.
    fn quantized_front<'a>(
        &self,
        header: &Header,
        strips: &'a [Strip],
    ) -> Result<QuantizedFront<'a>, Error> {
        let none = Error::Image("the image holds no rule of events");
        let words = at(
            Strip::words(self.front.of(strips)),
            ..FRONT + SCALE * header.columns,
        );
        let (front, scales) = words.split_first_chunk::<FRONT>().ok_or(none)?;
        let &[farthest, ref rule @ ..] = front;
        let numbers = header.rows * header.columns;
        let probabilities = Strip::words(self.told.of(strips));
        Ok(QuantizedFront {
            scales: IntegerScales(Scales::Words(scales.as_chunks().0)),
            farthest: i16::try_from(farthest).map_err(|_| none)?,
            rule: IntegerRule::from_words(*rule),
            raw: at(Strip::floats(self.raw.of(strips)), ..numbers),
            missing: header.missing,
            fires: at(Strip::integers(self.fires.of(strips)), ..header.rows),
            probabilities: at(probabilities, ..header.rows),
        })
    }
}
