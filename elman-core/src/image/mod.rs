//! A net as one flat file that a chip reads in place, from flash: nothing is copied, nothing is unpacked.
//!
//! ```text
//! float  header │ tables │ packed strips │ golden lengths, inputs, outputs │ front │ golden samples, what comes of them │ notes
//! int8   header │ words                  │ golden lengths, inputs, logits  │ front │ golden samples, what comes of them │ notes
//! ```
//!
//! Every part begins on a cache line (64 bytes) and is filled up to one with zeros; all numbers are
//! little-endian. The header says what the net looks like, how long the file is, and what its CRC is. The front and golden samples in raw
//! units are there for nets that stream answers about measurements: a scale and the rule of events, which around a float net stand in the
//! notes; or what leads from raw samples to inputs and from outputs to numbers in the units of the data.

mod file;
mod front_feed;
mod header;
mod layout;
mod numbers;
mod quantized;

pub use front_feed::{FrontBuffers, FrontFeed};
pub use numbers::{NumberFront, NumberReads, Readouts};
pub use quantized::{IntegerScales, QuantizedFront, QuantizedImage};

use crate::error::{Error, check_len};
use crate::feed::FeedGolden;
use crate::golden::Golden;
use crate::inputs::Inputs;
use crate::model::Model;
use crate::simd::Strip;
use crate::slices::at;
use crate::spec::{Input, Spec};

use file::{Opened, check_samples, put};
use header::{Body, Header, check_missing, golden_steps};
use layout::Layout;

/// Everything that the image of a float net holds; [`QuantizedImage`] is that of an int8 net.
///
/// ```
/// # use elman_core::*;
/// # let spec = Spec { input: Input::Dense { width: 2 }, layers: Layers::of([Layer::tanh(4)]),
/// #     initial_state: InitialState::Zero, dropout: Dropout::NONE,
/// #     head: Head { kind: HeadKind::Linear { outputs: 1 }, read: Read::EveryStep } };
/// # let params = vec![0.1; spec.params_len()];
/// # let mut packed = vec![Strip::ZERO; spec.packed_len()];
/// # pack(&spec, &params, &mut packed)?;
/// # let golden = Golden { lengths: &[], inputs: Inputs::Dense(&[]), outputs: &[], tolerance: 0.0 };
/// # let made = Image { spec, tables: &[], packed: &packed, golden, samples: None, numbers: None, notes: "" };
/// # let mut file = Aligned([0; 2048]);
/// # made.write(&mut file.0)?;
/// // On a chip: static FILE: &Aligned<[u8]> = &Aligned(*include_bytes!("net.image"));
/// let image = Image::read(&file.0)?;
/// let mut state = vec![0.0; image.spec.state_len()];
/// let mut scratch = vec![Strip::ZERO; image.spec.stream_len()];
/// let mut net = Stream::new(Level::detect(), image.model()?, &mut state, &mut scratch)?;
/// let mut output = [0.0];
/// net.step(Inputs::Dense(&[0.5, -1.0]), &mut output)?;
/// # assert!((output[0] - 0.11998).abs() < 1e-5);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    /// The shape of the net. Images are for inference: dropout is none.
    pub spec: Spec,
    /// Embeddings and initial states, [`Spec::tables_len`] numbers.
    pub tables: &'a [f32],
    /// [`Spec::packed_len`] strips.
    pub packed: &'a [Strip],
    /// The proof.
    pub golden: Golden<'a>,
    /// The same from raw samples to events, for nets that stream classes of measurements.
    pub samples: Option<FeedGolden<'a>>,
    /// From raw samples to numbers in the units of the data, for nets that stream such.
    pub numbers: Option<NumberFront<'a>>,
    /// What the numbers mean, for people and programs: labels, scaling, vocabulary. The net runs without.
    pub notes: &'a str,
}

impl<'a> Image<'a> {
    /// Reads an image in place. `bytes` must begin on a cache line ([`Aligned`](crate::Aligned)) and may go on
    /// behind the image, as a flash partition does.
    ///
    /// # Errors
    /// [`Error::Image`] for bytes that are no image, are damaged, come from a later version or begin elsewhere;
    /// [`Error::Spec`], [`Error::Token`] or [`Error::Batch`] for a file whose CRC fits what no net can be.
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let params = [0.1; SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let golden = Golden { lengths: &[], inputs: Inputs::Dense(&[]), outputs: &[], tolerance: 0.0 };
    /// # let made = Image { spec: SPEC, tables: &[], packed: &packed, golden, samples: None, numbers: None, notes: "left, right" };
    /// # let mut file = Aligned([0; 4096]);
    /// # made.write(&mut file.0)?;
    /// // On a chip: static FILE: &Aligned<[u8]> = &Aligned(*include_bytes!("net.image"));
    /// assert_eq!(Image::read(&file.0)?.notes, "left, right");
    /// file.0[200] ^= 1; // flash that has lost a bit
    /// assert!(matches!(Image::read(&file.0), Err(Error::Image(_))));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let Opened {
            header,
            layout,
            strips,
            notes,
        } = Opened::read(bytes, Body::F32)?;
        let spec = header.spec;
        let image = Self {
            spec,
            tables: at(Strip::floats(layout.tables.of(strips)), ..spec.tables_len()),
            packed: layout.net.of(strips),
            golden: layout.golden(&spec, &header, strips),
            samples: (header.columns > 0 && header.front == 0)
                .then(|| layout.samples(&header, strips)),
            numbers: layout.numbers(&header, strips)?,
            notes,
        };
        image.golden.check_shape(&spec)?;
        image.check_samples()?;
        Ok(image)
    }

    /// The net, ready to run.
    ///
    /// # Errors
    /// None for an image that was read.
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let params = [0.1; SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let golden = Golden { lengths: &[], inputs: Inputs::Dense(&[]), outputs: &[], tolerance: 0.0 };
    /// # let made = Image { spec: SPEC, tables: &[], packed: &packed, golden, samples: None, numbers: None, notes: "left, right" };
    /// # let mut file = Aligned([0; 4096]);
    /// # made.write(&mut file.0)?;
    /// let model = Image::read(&file.0)?.model()?;
    /// assert_eq!(model.spec(), &Spec::dense(2, 3, 1));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn model(&self) -> Result<Model<'a>, Error> {
        Model::new(self.spec, self.tables, self.packed)
    }

    /// Bytes of the file.
    ///
    /// # Errors
    /// [`Error::Spec`], [`Error::Length`] naming the part, [`Error::Image`] beyond 4 GiB.
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let params = [0.1; SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let golden = Golden { lengths: &[], inputs: Inputs::Dense(&[]), outputs: &[], tolerance: 0.0 };
    /// # let made = Image { spec: SPEC, tables: &[], packed: &packed, golden, samples: None, numbers: None, notes: "left, right" };
    /// # let mut file = Aligned([0; 4096]);
    /// let mut file = vec![0; made.file_len()?];
    /// made.write(&mut file)?;
    /// assert_eq!(file.len() % 64, 0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn file_len(&self) -> Result<usize, Error> {
        Ok(self.layout()?.1.bytes())
    }

    /// Header and places, where everything fits.
    fn layout(&self) -> Result<(Header, Layout), Error> {
        self.spec.check()?;
        check_len("tables", self.spec.tables_len(), self.tables.len())?;
        check_len("packed", self.spec.packed_len(), self.packed.len())?;
        self.golden.check_shape(&self.spec)?;
        self.check_samples()?;
        let header = Header {
            tolerance: self.golden.tolerance,
            columns: self
                .numbers
                .map_or_else(|| self.columns(), |numbers| numbers.reads.columns()),
            missing: self.samples.map_or(0, |samples| samples.missing)
                + self.numbers.map_or(0, |numbers| numbers.missing),
            front: self.numbers.map_or(0, |numbers| numbers.words_len()),
            ..Header::of(Body::F32, &self.spec, self.golden.lengths, self.notes)
        };
        let layout = Layout::of(Body::F32, &self.spec, &header.counts())?;
        Ok((header, layout))
    }

    /// Columns of the golden samples.
    fn columns(&self) -> usize {
        let numbers = self.samples.map_or(0, |samples| samples.raw.len());
        numbers
            .checked_div(golden_steps(self.golden.lengths))
            .unwrap_or(0)
    }

    /// Golden samples are for nets that are fed.
    fn check_samples(&self) -> Result<(), Error> {
        if let Some(numbers) = &self.numbers {
            numbers.check(&self.spec, golden_steps(self.golden.lengths))?;
        }
        let Some(samples) = self.samples else {
            return Ok(());
        };
        let shape = [self.columns(), golden_steps(self.golden.lengths)];
        let found = [
            samples.raw.len(),
            samples.fires.len(),
            samples.probabilities.len(),
        ];
        check_samples(&self.spec, shape, found)?;
        check_missing(samples.missing, samples.raw.len())
    }

    /// Writes the file to the start of `to`; returns its length.
    ///
    /// # Errors
    /// As [`Image::file_len`], of which `to` must have room for as many bytes.
    ///
    /// ```
    /// # use elman_core::*;
    /// # let spec = Spec::dense(2, 4, 1);
    /// # let params = vec![0.1; spec.params_len()];
    /// # let mut packed = vec![Strip::ZERO; spec.packed_len()];
    /// # pack(&spec, &params, &mut packed)?;
    /// let golden = Golden { lengths: &[], inputs: Inputs::Dense(&[]), outputs: &[], tolerance: 0.0 };
    /// let image = Image { spec, tables: &[], packed: &packed, golden, samples: None, numbers: None, notes: "degrees Celsius" };
    /// let mut file = Aligned([0; 4096]);
    /// let length = image.write(&mut file.0)?;
    /// assert_eq!(length, image.file_len()?);
    /// assert_eq!(Image::read(&file.0)?.notes, "degrees Celsius");
    /// file.0[length - 1] ^= 1;
    /// assert!(Image::read(&file.0).is_err()); // a single bit is noticed
    /// # Ok::<(), Error>(())
    /// ```
    pub fn write(&self, to: &mut [u8]) -> Result<usize, Error> {
        let (header, layout) = self.layout()?;
        let bits = |numbers: &'a [f32]| numbers.iter().map(|x| x.to_bits());
        header.write(&layout, self.notes, to, |to| {
            let golden = &self.golden;
            put(to, layout.tables.start, bits(self.tables));
            put(to, layout.net.start, bits(Strip::floats(self.packed)));
            put(to, layout.lengths.start, golden.lengths.iter().copied());
            match golden.inputs {
                Inputs::Dense(numbers) => put(to, layout.inputs.start, bits(numbers)),
                Inputs::Tokens(ids) => put(to, layout.inputs.start, ids.iter().copied()),
            }
            put(to, layout.outputs.start, bits(golden.outputs));
            if let Some(samples) = self.samples {
                put(to, layout.raw.start, bits(samples.raw));
                let fires = samples.fires.iter().map(|class| class.cast_unsigned());
                put(to, layout.fires.start, fires);
                put(to, layout.told.start, bits(samples.probabilities));
            }
            if let Some(numbers) = &self.numbers {
                layout.put_numbers(numbers, to);
            }
        })
    }
}

impl Layout {
    /// The golden part of an image.
    fn golden<'a>(&self, spec: &Spec, header: &Header, strips: &'a [Strip]) -> Golden<'a> {
        let (width, columns) = (spec.golden_width(), spec.output_width());
        let rows = spec.golden_output_rows(header.rows, header.sequences);
        let inputs = self.inputs.of(strips);
        // The layout has counted all of these products.
        let numbers = header.rows * width;
        Golden {
            lengths: at(Strip::words(self.lengths.of(strips)), ..header.sequences),
            inputs: match spec.input {
                Input::Dense { .. } => Inputs::Dense(at(Strip::floats(inputs), ..numbers)),
                Input::Tokens { .. } => Inputs::Tokens(at(Strip::words(inputs), ..numbers)),
            },
            outputs: at(Strip::floats(self.outputs.of(strips)), ..rows * columns),
            tolerance: header.tolerance,
        }
    }

    /// The golden samples of an image that has some.
    fn samples<'a>(&self, header: &Header, strips: &'a [Strip]) -> FeedGolden<'a> {
        let numbers = header.rows * header.columns;
        let probabilities = Strip::floats(self.told.of(strips));
        FeedGolden {
            raw: at(Strip::floats(self.raw.of(strips)), ..numbers),
            missing: header.missing,
            fires: at(Strip::integers(self.fires.of(strips)), ..header.rows),
            probabilities: at(probabilities, ..header.rows),
        }
    }
}
