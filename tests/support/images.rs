//! Images of every kind of float net, and what they prove.

use elman_core::feed::{ColumnScale, Feed, FeedBuffers, FeedGolden, NumberFront, Rule, Samples};
use elman_core::{
    Activation, Aligned, Cell, Error, Golden, Head, HeadKind, Image, Input, Layer, Layers, Level,
    Model, Read, SelfTest, Spec, Stream, Strip,
};
use elman_tests::samples::{dense, fast, gated, gated_stream, tokens};
use elman_tests::{Case, Rig, Rows};

use super::files::{File, ROOM};
use super::fronts;

pub const LENGTHS: [usize; 3] = [4, 2, 1];

/// The same tokens, read forward only.
pub fn streaming_tokens() -> Spec {
    let mut spec = tokens();
    spec.layers = dense().layers;
    spec
}

/// What an image is made of.
pub struct Made {
    pub case: Case,
    pub packed: Vec<Strip>,
    pub lengths: Vec<u32>,
    pub inputs: Rows,
    pub outputs: Vec<f32>,
    pub told: Option<Told>,
    /// Raw samples and answers of a net that is asked for numbers.
    pub numbers: Option<(Vec<f32>, Vec<f32>)>,
}

/// Golden samples of two columns.
pub struct Told {
    pub raw: Vec<f32>,
    pub fires: Vec<i32>,
    pub probabilities: Vec<f32>,
}

impl Made {
    pub fn new(spec: Spec, seed: u64) -> Self {
        let case = Case::new(spec, &LENGTHS, seed);
        let mut packed = vec![Strip::ZERO; spec.packed_len()];
        elman_core::pack(&spec, &case.params, &mut packed).unwrap();
        let rig = Rig::new(Level::detect(), &spec, &case.params);
        let outputs = (0..LENGTHS.len()).flat_map(|b| match spec.is_bidirectional() {
            true => rig.forward(&case.select(&[b])).outputs,
            false => rig.stream(&case, b).outputs,
        });
        let rows = LENGTHS.iter().sum::<usize>();
        let told = Told {
            raw: (0..2 * rows).map(|x| x as f32 - 5.5).collect(),
            fires: (0..rows).map(|row| row as i32 % 3 - 1).collect(),
            probabilities: (0..rows).map(|row| 1.0 / (1 + row) as f32).collect(),
        };
        let made = Self {
            outputs: outputs.collect(),
            told: (spec == fed()).then_some(told),
            packed,
            lengths: LENGTHS.map(|length| length as u32).to_vec(),
            inputs: golden_inputs(&case),
            numbers: None,
            case,
        };
        match fronts::front(&spec) {
            Some(front) => made.of_numbers(&front),
            None => made,
        }
    }

    /// With golden vectors that raw samples lead to.
    fn of_numbers(mut self, front: &NumberFront<'_>) -> Self {
        let raw = fronts::raw(LENGTHS.iter().sum());
        let spec = self.case.spec;
        let (mut state, mut scratch) = (
            vec![0.0; spec.state_len()],
            vec![Strip::ZERO; spec.stream_len()],
        );
        let model = Model::new(spec, &self.case.params, &self.packed).unwrap();
        let net = Stream::new(Level::detect(), model, &mut state, &mut scratch).unwrap();
        let told = fronts::told(front, net, &raw, &self.lengths);
        self.inputs = Rows::Dense(told.inputs);
        self.outputs = told.outputs;
        self.numbers = Some((raw, told.values));
        self
    }

    pub fn image(&self) -> Image<'_> {
        Image {
            spec: self.case.spec,
            tables: &self.case.params[..self.case.spec.tables_len()],
            packed: &self.packed,
            golden: Golden {
                lengths: &self.lengths,
                inputs: elman_tests::inputs(&self.inputs),
                outputs: &self.outputs,
                tolerance: 1e-5,
            },
            samples: self.told.as_ref().map(|told| FeedGolden {
                raw: &told.raw,
                missing: 5,
                fires: &told.fires,
                probabilities: &told.probabilities,
            }),
            numbers: self.numbers.as_ref().map(|(raw, values)| NumberFront {
                raw,
                missing: fronts::MISSING,
                values,
                ..fronts::front(&self.case.spec).unwrap()
            }),
            notes: "labels: ä, b",
        }
    }

    pub fn file(&self) -> (File, usize) {
        let mut file = Box::new(Aligned([0xA5; ROOM]));
        let length = self.image().write(&mut file.0).unwrap();
        (file, length)
    }
}

/// Sequence by sequence, with the windows that a stream reads.
pub fn golden_inputs(case: &Case) -> Rows {
    let places = (0..LENGTHS.len()).flat_map(|b| (0..LENGTHS[b]).map(move |t| (t, b)));
    match (&case.rows, &case.spec.input) {
        (Rows::Dense(numbers), Input::Dense { width }) => {
            let row = |(t, b)| &numbers[case.row(t, b) * width..][..*width];
            Rows::Dense(places.flat_map(row).copied().collect())
        }
        (Rows::Tokens(ids), Input::Tokens { channels, window }) => {
            let reach = match case.spec.is_bidirectional() {
                true => 0,
                false => (window / 2) as isize,
            };
            let mut rows = Vec::new();
            for (t, b) in places {
                for neighbour in t as isize - reach..=t as isize + reach {
                    if (0..LENGTHS[b] as isize).contains(&neighbour) {
                        let row = case.row(neighbour as usize, b) * channels.len();
                        rows.extend_from_slice(&ids[row..row + channels.len()]);
                    } else {
                        rows.extend(channels.as_slice().iter().map(|c| c.vocabulary as u32));
                    }
                }
            }
            Rows::Tokens(rows)
        }
        _ => panic!("rows of another kind"),
    }
}

pub fn specs() -> [Spec; 11] {
    let mut last = dense();
    last.head.read = Read::LastStep;
    [
        dense(),
        tokens(),
        streaming_tokens(),
        last,
        clipped(),
        gated(),
        gated_stream(),
        fast(),
        fed(),
        fronts::rows(),
        fronts::series(),
    ]
}

/// Classes of a window of three samples.
pub fn fed() -> Spec {
    Spec {
        input: Input::Dense { width: 6 },
        layers: Layers::of([Layer::tanh(5)]),
        head: Head {
            kind: HeadKind::Softmax { outputs: 3 },
            read: Read::EveryStep,
        },
        ..dense()
    }
}

pub fn clipped() -> Spec {
    let layers = Layers::of([0.5, f32::INFINITY, 2.0].map(|clip| Layer {
        cell: Cell::Elman {
            activation: Activation::Tanh,
            clip,
        },
        ..Layer::tanh(6)
    }));
    Spec { layers, ..dense() }
}

/// Runs the golden vectors in dirty buffers.
pub fn self_test(image: &Image<'_>, level: Level) -> Result<Option<usize>, Error> {
    let (spec, longest) = (image.spec, image.golden.longest());
    image.golden.check(
        level,
        &image.model()?,
        SelfTest {
            state: &mut vec![f32::NAN; spec.state_len()],
            scratch: &mut vec![Strip([f32::NAN; 16]); spec.self_test_scratch(longest)],
            outputs: &mut vec![f32::NAN; spec.self_test_outputs(longest)],
        },
    )
}

/// Runs the golden samples.
pub fn feed_test(image: &Image<'_>) -> Result<Option<usize>, Error> {
    let samples = image.samples.unwrap();
    let (spec, level) = (image.spec, Level::detect());
    let scale = vec![ColumnScale::new(0.0, 1.0); samples.raw.len() / samples.fires.len()];
    let window = spec.input_width() / scale.len();
    let (mut state, mut scratch) = (
        vec![0.0; spec.state_len()],
        vec![Strip::ZERO; spec.stream_len()],
    );
    let stream = Stream::new(level, image.model()?, &mut state, &mut scratch)?;
    let outputs = spec.output_width();
    let buffers = FeedBuffers {
        rows: &mut vec![0.0; Samples::rows_len(scale.len(), window)],
        outputs: &mut vec![0.0; outputs],
        smooth: &mut vec![0.0; outputs],
    };
    let mut feed = Feed::new(stream, (&scale, 10.0, window), Rule::EVERY, buffers)?;
    feed.check(level, &image.golden, &samples)
}

/// Whatever is accepted must run.
pub fn survives(file: &[u8]) {
    if let Ok(image) = Image::read(file) {
        assert!(image.golden.longest() < 1 << 20 && self_test(&image, Level::detect()).is_ok());
        assert!(image.samples.is_none() || feed_test(&image).is_ok());
        assert!(image.numbers.is_none() || number_test(&image, Level::detect()).is_ok());
    }
}

/// What a net says of its golden samples.
pub fn numbers_told(image: &Image<'_>) -> fronts::Told {
    let (spec, front) = (image.spec, image.numbers.unwrap());
    let (mut state, mut scratch) = (
        vec![0.0; spec.state_len()],
        vec![Strip::ZERO; spec.stream_len()],
    );
    let model = image.model().unwrap();
    let net = Stream::new(Level::detect(), model, &mut state, &mut scratch).unwrap();
    fronts::told(&front, net, front.raw, image.golden.lengths)
}

/// Runs the golden samples of a net that is asked for numbers.
pub fn number_test(image: &Image<'_>, level: Level) -> Result<Option<usize>, Error> {
    let (spec, front) = (image.spec, image.numbers.unwrap());
    let (mut state, mut scratch) = (
        vec![f32::NAN; spec.state_len()],
        vec![Strip([f32::NAN; 16]); spec.stream_len()],
    );
    let net = Stream::new(level, image.model()?, &mut state, &mut scratch)?;
    fronts::check(&front, net, level, &front.golden(&image.golden))
}
