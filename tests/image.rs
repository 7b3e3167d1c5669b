//! An image is the net, bit for bit; bytes that are none are refused, whoever made them.

use elman_core::feed::{
    ColumnScale, Feed, FeedBuffers, FeedGolden, NumberFront, NumberReads, Readouts, Regression,
    Rule, Samples,
};
use elman_core::{
    Activation, Aligned, Cell, Error, Golden, Head, HeadKind, Image, Input, Inputs, Layer, Layers,
    Level, Model, Read, SelfTest, Spec, Stream, Strip,
};
use elman_tests::samples::{dense, fast, gated, gated_stream, tokens};
use elman_tests::{Case, Rig, Rows, levels};
use proptest::prelude::*;

#[path = "support/files.rs"]
mod files;
#[path = "support/fronts.rs"]
mod fronts;

use files::{File, ROOM, forge, with_damage, with_huge_words, without_columns};

const LENGTHS: [usize; 3] = [4, 2, 1];

/// The same tokens, read forward only.
fn streaming_tokens() -> Spec {
    let mut spec = tokens();
    spec.layers = dense().layers;
    spec
}

/// What an image is made of.
struct Made {
    case: Case,
    packed: Vec<Strip>,
    lengths: Vec<u32>,
    inputs: Rows,
    outputs: Vec<f32>,
    told: Option<Told>,
    /// Raw samples and answers of a net that is asked for numbers.
    numbers: Option<(Vec<f32>, Vec<f32>)>,
}

/// Golden samples of two columns.
struct Told {
    raw: Vec<f32>,
    fires: Vec<i32>,
    probabilities: Vec<f32>,
}

impl Made {
    fn new(spec: Spec, seed: u64) -> Self {
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

    fn image(&self) -> Image<'_> {
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

    fn file(&self) -> (File, usize) {
        let mut file = Box::new(Aligned([0xA5; ROOM]));
        let length = self.image().write(&mut file.0).unwrap();
        (file, length)
    }
}

/// Sequence by sequence, with the windows that a stream reads.
fn golden_inputs(case: &Case) -> Rows {
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

fn specs() -> [Spec; 11] {
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
fn fed() -> Spec {
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

fn clipped() -> Spec {
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
fn self_test(image: &Image<'_>, level: Level) -> Result<Option<usize>, Error> {
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

#[test]
fn an_image_is_the_net_and_proves_it() {
    for (seed, spec) in specs().into_iter().enumerate() {
        let made = Made::new(spec, seed as u64);
        let (file, length) = made.file();
        assert_eq!(length % 64, 0);
        let image = Image::read(&file.0).expect("more bytes may follow");
        let expected = made.image();
        assert_eq!(
            (image.spec.input, image.spec.layers),
            (spec.input, spec.layers)
        );
        assert_eq!(
            (image.spec.head, image.spec.initial_state),
            (spec.head, spec.initial_state)
        );
        assert_eq!(
            (image.tables, image.packed),
            (expected.tables, expected.packed)
        );
        assert_eq!(
            (image.notes, image.golden.tolerance),
            ("labels: ä, b", 1e-5)
        );
        for level in levels() {
            assert_eq!(self_test(&image, level), Ok(None), "{level}, {spec:?}");
        }
        // Older libraries read what has nothing new.
        assert_eq!(image.samples.is_some(), spec == fed());
        let version = match (image.samples, image.numbers) {
            (None, None) => 1,
            (Some(_), _) => 2,
            (None, Some(_)) => 3,
        };
        assert_eq!(file.0[8], version);
        assert_eq!(image.numbers.is_some(), expected.numbers.is_some());
        if let Some((found, expected)) = image.numbers.zip(expected.numbers) {
            let [told, of_made] = [&image, &made.image()].map(numbers_told);
            assert!(told.values == expected.values && told.bounds == of_made.bounds);
            assert_eq!(told.bounds.is_empty(), spec == fronts::series());
            // Every number of it, whatever it is kept in.
            assert_eq!(
                format!("{:?}", found.reads),
                format!("{:?}", expected.reads)
            );
            assert!(found.readouts.iter().eq(expected.readouts.iter()));
            assert_eq!(found.reaches, expected.reaches);
            assert_eq!(found.value_tolerance, expected.value_tolerance);
            assert_eq!(
                (found.raw, found.missing, found.values),
                (expected.raw, 5, expected.values)
            );
            for level in levels() {
                assert_eq!(number_test(&image, level), Ok(None), "{level}, {spec:?}");
            }
        }
        let Some((found, expected)) = image.samples.zip(expected.samples) else {
            continue;
        };
        assert_eq!((found.raw, found.missing), (expected.raw, expected.missing));
        assert_eq!(found.fires, expected.fires);
        assert_eq!(found.probabilities, expected.probabilities);
    }
}

#[test]
fn a_stream_cannot_prove_a_net_that_reads_both_ways() {
    for (seed, spec) in specs().into_iter().enumerate() {
        let made = Made::new(spec, seed as u64);
        let image = made.image();
        let longest = image.golden.longest();
        let found = image.golden.check_stream(
            Level::detect(),
            &image.model().unwrap(),
            SelfTest {
                state: &mut vec![0.0; spec.state_len()],
                scratch: &mut vec![Strip::ZERO; spec.self_test_scratch(longest)],
                outputs: &mut vec![0.0; spec.self_test_outputs(longest)],
            },
        );
        match spec.is_bidirectional() {
            true => assert!(matches!(found, Err(Error::Steps(_)))),
            false => assert_eq!(found, Ok(None)),
        }
    }
}

#[test]
fn a_wrong_bit_is_found_and_named() {
    for (seed, spec) in specs().into_iter().enumerate() {
        let mut made = Made::new(spec, seed as u64);
        let wrong = made.outputs.len() - 2;
        let right = made.outputs[wrong];
        for level in levels() {
            made.outputs[wrong] = f32::from_bits(right.to_bits() ^ 1);
            let expected = level.is_fused().then_some(wrong);
            assert_eq!(self_test(&made.image(), level), Ok(expected), "{level}");
            made.outputs[wrong] = right + 1e-3;
            assert_eq!(self_test(&made.image(), level), Ok(Some(wrong)), "{level}");
            made.outputs[wrong] = f32::NAN;
            assert_eq!(self_test(&made.image(), level), Ok(Some(wrong)), "{level}");
        }
    }
}

#[test]
fn every_truncation_and_every_changed_byte_is_refused() {
    for spec in specs() {
        let (mut file, length) = Made::new(spec, 3).file();
        with_damage(&mut file, length, |bytes| Image::read(bytes).is_err());
    }
}

#[test]
fn a_crooked_address_is_refused_with_advice() {
    let (file, length) = Made::new(dense(), 1).file();
    let mut shifted = Box::new(Aligned([0; ROOM]));
    shifted.0[4..length + 4].copy_from_slice(&file.0[..length]);
    let complaint = Image::read(&shifted.0[4..]).unwrap_err().to_string();
    assert!(
        complaint.contains("64-byte") && complaint.contains("Aligned"),
        "{complaint}"
    );
}

#[test]
fn the_writer_refuses_what_does_not_fit_together() {
    let made = Made::new(dense(), 1);
    let image = made.image();
    let length = image.file_len().unwrap();
    let mut file = Box::new(Aligned([0; ROOM]));
    let mut refused =
        |image: &Image<'_>, room: usize| image.write(&mut file.0[..room]).unwrap_err();
    let cut = |what, expected, found| Error::Length {
        what,
        expected,
        found,
    };
    assert_eq!(
        refused(&image, length - 1),
        cut("image", length, length - 1)
    );
    let tables = &image.tables[1..];
    let expected = cut("tables", image.tables.len(), tables.len());
    assert_eq!(refused(&Image { tables, ..image }, ROOM), expected);
    let golden = Golden {
        outputs: &[],
        ..image.golden
    };
    let expected = cut("golden outputs", made.outputs.len(), 0);
    assert_eq!(refused(&Image { golden, ..image }, ROOM), expected);
    let golden = Golden {
        inputs: Inputs::Tokens(&[]),
        ..image.golden
    };
    assert_eq!(refused(&Image { golden, ..image }, ROOM), Error::InputKind);
    let is_refused = |error| matches!(error, Error::Image(_));

    // Golden samples of a net that is not fed any.
    let made_fed = Made::new(fed(), 1);
    let fed = made_fed.image();
    let samples = fed.samples.unwrap();
    let with = |image: Image<'_>, samples| {
        let samples = Some(samples);
        let mut file = Box::new(Aligned([0; ROOM]));
        let image = Image { samples, ..image };
        image.write(&mut file.0).unwrap_err()
    };
    assert!(is_refused(with(image, samples)));
    // And such as do not fit.
    for (what, expected, samples) in [
        (
            "golden events",
            7,
            FeedGolden {
                fires: &[],
                ..samples
            },
        ),
        (
            "golden probabilities",
            7,
            FeedGolden {
                probabilities: &[],
                ..samples
            },
        ),
    ] {
        assert_eq!(with(fed, samples), cut(what, expected, 0));
    }
    for samples in [
        FeedGolden {
            raw: &[],
            ..samples
        },
        FeedGolden {
            raw: &[0.5; 4 * 7],
            ..samples
        },
        FeedGolden {
            missing: 14,
            ..samples
        },
    ] {
        assert!(is_refused(with(fed, samples)));
    }
}

/// Whatever is accepted must run.
fn survives(file: &[u8]) {
    if let Ok(image) = Image::read(file) {
        assert!(image.golden.longest() < 1 << 20 && self_test(&image, Level::detect()).is_ok());
        assert!(image.samples.is_none() || feed_test(&image).is_ok());
        assert!(image.numbers.is_none() || number_test(&image, Level::detect()).is_ok());
    }
}

/// What a net says of its golden samples.
fn numbers_told(image: &Image<'_>) -> fronts::Told {
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
fn number_test(image: &Image<'_>, level: Level) -> Result<Option<usize>, Error> {
    let (spec, front) = (image.spec, image.numbers.unwrap());
    let (mut state, mut scratch) = (
        vec![f32::NAN; spec.state_len()],
        vec![Strip([f32::NAN; 16]); spec.stream_len()],
    );
    let net = Stream::new(level, image.model()?, &mut state, &mut scratch)?;
    fronts::check(&front, net, level, &front.golden(&image.golden))
}

#[test]
fn a_wrong_answer_is_found_and_named() {
    for spec in [fronts::rows(), fronts::series()] {
        let mut made = Made::new(spec, 1);
        for place in [0, 4] {
            let values = &mut made.numbers.as_mut().unwrap().1;
            let right = values[place];
            values[place] += 0.5 * right.abs().max(1.0);
            for level in levels() {
                assert_eq!(number_test(&made.image(), level), Ok(Some(place)));
            }
            made.numbers.as_mut().unwrap().1[place] = right;
        }
        made.outputs[2] += 0.5;
        assert_eq!(number_test(&made.image(), Level::detect()), Ok(Some(2)));
    }
}

#[test]
fn the_writer_refuses_numbers_of_another_net() {
    let made = Made::new(fronts::rows(), 1);
    let image = made.image();
    let front = image.numbers.unwrap();
    let mut file = Box::new(Aligned([0; ROOM]));
    let mut refused = |numbers| {
        let numbers = Some(numbers);
        Image { numbers, ..image }.write(&mut file.0).unwrap_err()
    };
    let cut = |what, expected, found| Error::Length {
        what,
        expected,
        found,
    };
    let one = fronts::front(&fronts::series()).unwrap().readouts;
    for (expected, front) in [
        (
            cut("readouts", 2, 1),
            NumberFront {
                readouts: one,
                ..front
            },
        ),
        (
            cut("golden samples", 14, 13),
            NumberFront {
                raw: &front.raw[1..],
                ..front
            },
        ),
        (
            cut("golden answers", 14, 13),
            NumberFront {
                values: &front.values[1..],
                ..front
            },
        ),
        (
            cut("tolerances of answers", 2, 1),
            NumberFront {
                value_tolerance: &[0.1],
                ..front
            },
        ),
        (
            cut("reaches", 3, 5),
            NumberFront {
                reaches: &front.reaches[1..],
                ..front
            },
        ),
    ] {
        assert_eq!(refused(front), expected);
    }
    let NumberReads::Rows {
        columns,
        farthest,
        window,
        sums,
    } = front.reads
    else {
        panic!("rows");
    };
    let rows = |farthest, window, sums| NumberReads::Rows {
        columns,
        farthest,
        window,
        sums,
    };
    for reads in [
        rows(0.0, window, sums),
        rows(f32::NAN, window, sums),
        rows(farthest, 1, sums),
        rows(farthest, window, Regression { rows: 1, ..sums }),
        rows(
            farthest,
            window,
            Regression {
                rows: usize::MAX,
                ..sums
            },
        ),
        rows(
            farthest,
            window,
            Regression {
                centers: &[],
                ..sums
            },
        ),
        NumberReads::Rows {
            columns: &columns[1..],
            farthest,
            window,
            sums,
        },
        fronts::front(&fronts::series()).unwrap().reads,
    ] {
        let error = refused(NumberFront { reads, ..front });
        assert!(
            matches!(error, Error::Image(_) | Error::Length { .. }),
            "{error}"
        );
    }
    let missing = 14;
    assert!(matches!(
        refused(NumberFront { missing, ..front }),
        Error::Image(_)
    ));
    // Classes are told otherwise, and one image has one way.
    let made = Made::new(fed(), 1);
    let mut refused = |front| {
        let image = Image {
            numbers: Some(front),
            ..made.image()
        };
        image.write(&mut file.0)
    };
    assert_eq!(refused(front), Err(cut("readouts", 3, 2)));
    let three = [front.readouts.get(0).unwrap(); 3];
    let readouts = Readouts::new(&three);
    assert!(matches!(
        refused(NumberFront { readouts, ..front }),
        Err(Error::Image(_))
    ));
}

/// Runs the golden samples.
fn feed_test(image: &Image<'_>) -> Result<Option<usize>, Error> {
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

#[test]
fn huge_dimensions_are_refused() {
    for spec in specs() {
        let (file, length) = Made::new(spec, 5).file();
        with_huge_words(&file, length, survives);
    }
}

#[test]
fn numbers_of_no_columns_are_refused() {
    for spec in [fronts::rows(), fronts::series()] {
        let (mut file, length) = Made::new(spec, 5).file();
        without_columns(&mut file, length);
        assert_eq!(
            Image::read(&file.0[..length]).err(),
            Some(Error::Image(
                "the header of the image holds what it must not"
            ))
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn forged_images_do_no_harm(
        which in prop::sample::select(vec![0_usize, 1, 2, 3, 8, 9, 10]),
        changes in prop::collection::vec((0..256usize, any::<u8>()), 1..6),
        body in prop::collection::vec((256..4096usize, any::<u8>()), 0..4),
    ) {
        let (mut file, length) = Made::new(specs()[which], 7).file();
        for (at, byte) in changes.into_iter().chain(body) {
            if !(12..20).contains(&at) {
                file.0[at] = byte;
            }
        }
        forge(&mut file.0, length);
        survives(&file.0[..length]);
    }

    #[test]
    fn arbitrary_bytes_are_no_image(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut file = Box::new(Aligned([0; 600]));
        file.0[..bytes.len()].copy_from_slice(&bytes);
        prop_assert!(Image::read(&file.0[..bytes.len()]).is_err());
    }
}
