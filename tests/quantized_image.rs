//! The image of an int8 net is the net, word for word, and its way from raw samples to events; bytes that are none are refused.

use elman_core::feed::{
    ColumnScale, IntegerRule, IntegerScale, NumberFront, QuantizedFeed, QuantizedFeedBuffers, Rule,
    Samples,
};
use elman_core::quantized::{
    IntegerScales, Integers, QuantizedFront, QuantizedGolden, QuantizedImage, QuantizedSelfTest,
    QuantizedStream,
};
use elman_core::{Aligned, Error, Head, HeadKind, Image, Input, Layer, Layers, Level, Read, Spec};
use elman_tests::samples::{dense, fast, gated, gated_stream, tokens};
use elman_tests::{Case, Quantized, Rows};
use proptest::prelude::*;

#[path = "support/files.rs"]
mod files;
#[path = "support/fronts.rs"]
mod fronts;

use files::{File, ROOM, forge, with_damage, with_huge_words, without_columns};

const LENGTHS: [usize; 3] = [4, 2, 1];
const RULE: Rule = Rule {
    smoothing: 0.5,
    threshold: 0.4,
    refractory: 1,
    background: Some(2),
};

/// Classes of a window of three samples of two columns.
fn fed() -> Spec {
    Spec {
        input: Input::Dense { width: 6 },
        layers: Layers::of([Layer::gru(5)]),
        head: Head {
            kind: HeadKind::Softmax { outputs: 3 },
            read: Read::EveryStep,
        },
        ..dense()
    }
}

fn specs() -> [Spec; 8] {
    [
        fed(),
        dense(),
        tokens(),
        gated(),
        gated_stream(),
        fast(),
        fronts::rows(),
        fronts::series(),
    ]
}

/// Inputs in whole numbers.
enum Read16 {
    Numbers(Vec<i16>),
    Ids(Vec<u32>),
}

/// What an image is made of.
struct Made {
    net: Quantized,
    lengths: Vec<u32>,
    read: Read16,
    logits: Vec<i32>,
    front: Option<Front>,
    /// Raw samples and answers of a net that is asked for numbers.
    numbers: Option<(Vec<f32>, Vec<f32>)>,
}

/// From raw samples to events.
struct Front {
    scales: Vec<IntegerScale>,
    farthest: i16,
    rule: IntegerRule,
    raw: Vec<f32>,
    fires: Vec<i32>,
    probabilities: Vec<u32>,
}

/// Which golden number is missing.
const MISSING: usize = 5;

impl Made {
    fn new(spec: Spec, seed: u64) -> Self {
        let case = Case::new(spec, &LENGTHS, seed);
        let net = Quantized::new(&case);
        let lengths = LENGTHS.map(|length| length as u32).to_vec();
        if spec == fed() {
            return Self::of_samples(net, lengths);
        }
        if let Some(front) = fronts::front(&spec) {
            return Self::of_numbers(net, lengths, &front);
        }
        let model = net.model();
        let (mut ids, mut numbers, mut logits) = (Vec::new(), Vec::new(), Vec::new());
        for (b, &steps) in LENGTHS.iter().enumerate() {
            let rows = case.select(&[b]).rows;
            let (read, width) = match rows {
                Rows::Dense(row) => {
                    let row: Vec<i16> = row.iter().map(|&x| model.integer(x)).collect();
                    numbers.extend(&row);
                    (Read16::Numbers(row), spec.golden_width())
                }
                Rows::Tokens(row) if spec.is_bidirectional() => {
                    ids.extend(&row);
                    (Read16::Ids(row), spec.golden_width())
                }
                Rows::Tokens(_) => panic!("the streams of this test read numbers"),
            };
            let mut state = vec![0; spec.int8().state_len()];
            if spec.is_bidirectional() {
                let mut room = vec![0; spec.int8().workspace_len(steps)];
                let mut of_sequence = vec![0; spec.output_rows(steps, 1) * spec.output_width()];
                model.reset(&mut state);
                let inputs = read.whole();
                model
                    .forward_integers(inputs, steps, &mut state, &mut room, &mut of_sequence)
                    .unwrap();
                logits.extend(of_sequence);
                continue;
            }
            let mut scratch = vec![0; spec.int8().stream_len()];
            let mut stream = QuantizedStream::new(model, &mut state, &mut scratch).unwrap();
            let mut row = vec![0; spec.output_width()];
            let Read16::Numbers(numbers) = &read else {
                panic!("numbers");
            };
            for x in numbers.chunks(width) {
                stream.step_integers(Integers::Dense(x), &mut row).unwrap();
                logits.extend(&row);
            }
        }
        Self {
            net,
            lengths,
            read: if numbers.is_empty() {
                Read16::Ids(ids)
            } else {
                Read16::Numbers(numbers)
            },
            logits,
            front: None,
            numbers: None,
        }
    }

    /// With golden vectors that raw samples lead to.
    fn of_numbers(net: Quantized, lengths: Vec<u32>, front: &NumberFront<'_>) -> Self {
        let raw = fronts::raw(LENGTHS.iter().sum());
        let (spec, model) = (net.spec, net.model());
        let mut room = Room::new(&spec, fronts::COLUMNS);
        let stream = QuantizedStream::new(model, &mut room.state, &mut room.scratch).unwrap();
        let told = fronts::told(front, stream, &raw, &lengths);
        let numbers: Vec<i16> = told.inputs.iter().map(|&x| model.integer(x)).collect();
        let outputs = told.outputs.iter();
        let logits = outputs.map(|y| (y / model.unit()).round() as i32).collect();
        Self {
            net,
            lengths,
            read: Read16::Numbers(numbers),
            logits,
            front: None,
            numbers: Some((raw, told.values)),
        }
    }

    /// Whatever a feed makes of samples.
    fn of_samples(net: Quantized, lengths: Vec<u32>) -> Self {
        let model = net.model();
        let columns = [ColumnScale::new(-3.0, 2.0), ColumnScale::new(100.0, 40.0)];
        let scales: Vec<IntegerScale> = columns
            .iter()
            .map(|column| IntegerScale::new(column, model.input_scale()))
            .collect();
        let rows: usize = LENGTHS.iter().sum();
        let mut front = Front {
            farthest: model.integer(2.5),
            rule: IntegerRule::new(&RULE, model.unit()),
            raw: (0..2 * rows).map(|i| (i * i % 23) as f32 * 9.5).collect(),
            scales,
            fires: Vec::new(),
            probabilities: Vec::new(),
        };
        let mut lost = front.raw.clone();
        lost[MISSING] = f32::NAN;
        let (mut numbers, mut logits) = (Vec::new(), Vec::new());
        let mut window = vec![0; Samples::rows_len(2, 3)];
        let mut samples = Samples::new(&front.scales, front.farthest, 3, &mut window).unwrap();
        let mut room = Room::new(&net.spec, 2);
        let stream = QuantizedStream::new(model, &mut room.state, &mut room.scratch).unwrap();
        let scale = (&front.scales[..], front.farthest, 3);
        let buffers = QuantizedFeedBuffers {
            rows: &mut room.rows,
            logits: &mut room.logits,
            smooth: &mut room.smooth,
        };
        let mut feed = QuantizedFeed::new(stream, scale, front.rule, buffers).unwrap();
        let mut lost = lost.chunks(2);
        for length in LENGTHS {
            feed.reset();
            samples.reset();
            for turn in 0..=length {
                let event = if turn < length {
                    let row = lost.next().unwrap();
                    numbers.extend(samples.push(row).unwrap().unwrap_or_default());
                    feed.feed(row).unwrap()
                } else {
                    numbers.extend(samples.push_outside().unwrap_or_default());
                    feed.end().unwrap()
                };
                let Some(event) = event else { continue };
                logits.extend(feed.logits());
                let fires = if event.fires { event.class as i32 } else { -1 };
                front.fires.push(fires);
                front.probabilities.push(feed.probability(event.class));
            }
        }
        Self {
            net,
            lengths,
            read: Read16::Numbers(numbers),
            logits,
            front: Some(front),
            numbers: None,
        }
    }

    fn image(&self) -> QuantizedImage<'_> {
        QuantizedImage {
            spec: self.net.spec,
            words: &self.net.words,
            golden: QuantizedGolden {
                lengths: &self.lengths,
                inputs: self.read.whole(),
                logits: &self.logits,
            },
            front: self.front.as_ref().map(|front| QuantizedFront {
                scales: IntegerScales::new(&front.scales),
                farthest: front.farthest,
                rule: front.rule,
                raw: &front.raw,
                missing: MISSING,
                fires: &front.fires,
                probabilities: &front.probabilities,
            }),
            numbers: self.numbers.as_ref().map(|(raw, values)| NumberFront {
                raw,
                missing: fronts::MISSING,
                values,
                value_tolerance: &[],
                ..fronts::front(&self.net.spec).unwrap()
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

impl Read16 {
    fn whole(&self) -> Integers<'_> {
        match self {
            Self::Numbers(numbers) => Integers::Dense(numbers),
            Self::Ids(ids) => Integers::Tokens(ids),
        }
    }
}

/// Dirty buffers of a feed.
struct Room {
    state: Vec<u32>,
    scratch: Vec<u32>,
    rows: Vec<i16>,
    logits: Vec<i32>,
    smooth: Vec<i32>,
}

impl Room {
    fn new(spec: &Spec, columns: usize) -> Self {
        let window = spec.input_width() / columns;
        Self {
            state: vec![u32::MAX; spec.int8().state_len()],
            scratch: vec![u32::MAX; spec.int8().stream_len()],
            rows: vec![-1; Samples::rows_len(columns, window)],
            logits: vec![-1; spec.output_width()],
            smooth: vec![-1; spec.output_width()],
        }
    }
}

/// Runs the golden vectors in dirty buffers.
fn self_test(image: &QuantizedImage<'_>) -> Result<Option<usize>, Error> {
    let (spec, longest) = (image.spec, image.golden.longest());
    image.golden.check(
        &image.model()?,
        QuantizedSelfTest {
            state: &mut vec![u32::MAX; spec.int8().state_len()],
            scratch: &mut vec![u32::MAX; spec.int8().self_test_len(longest)],
            logits: &mut vec![-1; spec.self_test_outputs(longest)],
        },
    )
}

/// Runs the golden samples of an image that has some.
fn feed_test(image: &QuantizedImage<'_>) -> Result<Option<usize>, Error> {
    let (front, samples) = image.front.zip(image.samples()).unwrap();
    let mut room = Room::new(&image.spec, front.scales.len());
    let stream = QuantizedStream::new(image.model()?, &mut room.state, &mut room.scratch)?;
    let buffers = QuantizedFeedBuffers {
        rows: &mut room.rows,
        logits: &mut room.logits,
        smooth: &mut room.smooth,
    };
    let mut scales = vec![IntegerScale::default(); front.scales.len()];
    let mut feed = front.feed(stream, &mut scales, buffers)?;
    let found = feed.check(&samples)?;
    // Numbers of any size do no harm.
    for x in [f32::MAX, f32::MIN, f32::NAN, 1e-40, -1.0] {
        feed.feed(&vec![x; front.scales.len()])?;
    }
    for x in [i16::MIN, i16::MAX] {
        feed.feed_whole(&vec![x; front.scales.len()])?;
    }
    feed.end()?;
    Ok(found)
}

#[test]
fn an_image_is_the_net_and_proves_it() {
    for (seed, spec) in specs().into_iter().enumerate() {
        let made = Made::new(spec, seed as u64);
        let (file, length) = made.file();
        assert_eq!(length % 64, 0);
        let image = QuantizedImage::read(&file.0).expect("more bytes may follow");
        let read = (image.spec.input, image.spec.layers, image.spec.head);
        assert_eq!(read, (spec.input, spec.layers, spec.head));
        assert_eq!(image.words, made.net.words);
        assert_eq!(
            (image.golden.lengths, image.golden.logits, image.notes),
            (&made.lengths[..], &made.logits[..], "labels: ä, b")
        );
        assert_eq!(self_test(&image), Ok(None), "{spec:?}");
        assert!(matches!(Image::read(&file.0), Err(Error::Image(why)) if why.contains("int8")));
        let version = match (&made.front, &made.numbers) {
            (None, None) => 1,
            (Some(_), _) => 2,
            (None, Some(_)) => 3,
        };
        assert_eq!(file.0[8], version);
        assert_eq!(image.numbers.is_some(), made.numbers.is_some());
        if let Some((front, (raw, values))) = image.numbers.zip(made.numbers.as_ref()) {
            assert_eq!(number_test(&image), Ok(None));
            let mut room = Room::new(&spec, fronts::COLUMNS);
            let model = image.model().unwrap();
            let net = QuantizedStream::new(model, &mut room.state, &mut room.scratch).unwrap();
            let told = fronts::told(&front, net, raw, &made.lengths);
            assert_eq!(told.values, *values);
            assert_eq!(told.bounds.is_empty(), spec == fronts::series());
        }
        let Some((front, made)) = image.front.zip(made.front.as_ref()) else {
            assert!(image.front.is_none() && image.samples().is_none());
            continue;
        };
        assert_eq!(front.scales.iter().collect::<Vec<_>>(), made.scales);
        assert_eq!((front.farthest, front.rule), (made.farthest, made.rule));
        assert!(made.fires.iter().any(|&class| class >= 0));
        assert_eq!(feed_test(&image), Ok(None));
    }
}

#[test]
fn what_is_wrong_is_found_and_named() {
    let mut made = Made::new(fed(), 1);
    made.logits[4] += 1;
    assert_eq!(self_test(&made.image()), Ok(Some(4)));
    assert_eq!(feed_test(&made.image()), Ok(Some(4)));
    made.logits[4] -= 1;
    let front = made.front.as_mut().unwrap();
    front.fires[3] ^= 1;
    // The last logit of that step, since all of them are right.
    assert_eq!(feed_test(&made.image()), Ok(Some(3 * 3 + 2)));
    let front = made.front.as_mut().unwrap();
    front.fires[3] ^= 1;
    front.probabilities[0] += 1;
    assert_eq!(feed_test(&made.image()), Ok(Some(2)));
    let front = made.front.as_mut().unwrap();
    front.probabilities[0] -= 1;
    front.scales[1].offset += 1 << 22;
    assert!(matches!(feed_test(&made.image()), Ok(Some(_))));
}

#[test]
fn a_rule_without_golden_vectors_is_kept() {
    let made = Made::new(fed(), 2);
    let image = made.image();
    let front = QuantizedFront {
        raw: &[],
        missing: 0,
        fires: &[],
        probabilities: &[],
        ..image.front.unwrap()
    };
    let golden = QuantizedGolden {
        lengths: &[],
        inputs: Integers::Dense(&[]),
        logits: &[],
    };
    let bare = QuantizedImage {
        golden,
        front: Some(front),
        ..image
    };
    let mut file = Box::new(Aligned([0; ROOM]));
    bare.write(&mut file.0).unwrap();
    let image = QuantizedImage::read(&file.0).unwrap();
    assert_eq!(image.front.unwrap().rule, front.rule);
    assert_eq!(feed_test(&image), Ok(None));
}

#[test]
fn every_truncation_and_every_changed_byte_is_refused() {
    for spec in specs() {
        let (mut file, length) = Made::new(spec, 3).file();
        with_damage(&mut file, length, |bytes| {
            QuantizedImage::read(bytes).is_err()
        });
    }
}

#[test]
fn the_writer_refuses_what_does_not_fit_together() {
    let made = Made::new(fed(), 1);
    let image = made.image();
    let front = image.front.unwrap();
    let length = image.file_len().unwrap();
    let mut file = Box::new(Aligned([0; ROOM]));
    let mut refused =
        |image: &QuantizedImage<'_>, room: usize| image.write(&mut file.0[..room]).unwrap_err();
    let cut = |what, expected, found| Error::Length {
        what,
        expected,
        found,
    };
    assert_eq!(
        refused(&image, length - 1),
        cut("image", length, length - 1)
    );
    let words = &image.words[1..];
    let expected = cut("words", image.words.len(), words.len());
    assert_eq!(refused(&QuantizedImage { words, ..image }, ROOM), expected);
    let golden = QuantizedGolden {
        logits: &[],
        ..image.golden
    };
    let expected = cut("golden logits", made.logits.len(), 0);
    assert_eq!(refused(&QuantizedImage { golden, ..image }, ROOM), expected);
    let mut with = |front| {
        let front = Some(front);
        refused(&QuantizedImage { front, ..image }, ROOM)
    };
    let fires = &[];
    assert_eq!(
        with(QuantizedFront { fires, ..front }),
        cut("golden events", 7, 0)
    );
    let is_refused = |error| matches!(error, Error::Image(_));
    assert!(is_refused(with(QuantizedFront {
        missing: 14,
        ..front
    })));
    assert!(is_refused(with(QuantizedFront {
        farthest: 0,
        ..front
    })));
    // Numbers that a feed would overflow with.
    let offset = i64::MAX;
    let scales = [IntegerScale {
        offset,
        ..made.front.as_ref().unwrap().scales[0]
    }; 2];
    let scales = IntegerScales::new(&scales);
    assert!(is_refused(with(QuantizedFront { scales, ..front })));
    for rule in [
        IntegerRule {
            halvings: 32,
            ..front.rule
        },
        IntegerRule {
            threshold: 1 << 16,
            ..front.rule
        },
        IntegerRule {
            background: Some(3),
            ..front.rule
        },
    ] {
        assert!(is_refused(with(QuantizedFront { rule, ..front })));
    }
    let mut rule = front.rule;
    rule.softmax.multiplier = u32::MAX;
    assert!(is_refused(with(QuantizedFront { rule, ..front })));
    // A net that is fed nothing.
    let other = Made::new(dense(), 1);
    let image = QuantizedImage {
        front: Some(front),
        ..other.image()
    };
    assert!(is_refused(refused(&image, ROOM)));
}

/// Whatever is accepted must run.
fn survives(file: &[u8]) {
    if let Ok(image) = QuantizedImage::read(file) {
        let is_sound = image.model().is_ok();
        assert!(image.golden.longest() < 1 << 20);
        assert!(!is_sound || self_test(&image).is_ok());
        assert!(!is_sound || image.front.is_none() || feed_test(&image).is_ok());
        assert!(!is_sound || image.numbers.is_none() || number_test(&image).is_ok());
    }
}

/// Runs the golden samples of a net that is asked for numbers.
fn number_test(image: &QuantizedImage<'_>) -> Result<Option<usize>, Error> {
    let front = image.numbers.unwrap();
    let mut room = Room::new(&image.spec, fronts::COLUMNS);
    let net = QuantizedStream::new(image.model()?, &mut room.state, &mut room.scratch)?;
    let golden = front.golden_int8(&image.golden);
    fronts::check(&front, net, Level::detect(), &golden)
}

#[test]
fn a_wrong_bit_of_an_answer_is_found_and_named() {
    for spec in [fronts::rows(), fronts::series()] {
        let mut made = Made::new(spec, 1);
        for place in [0, 4] {
            let value = &mut made.numbers.as_mut().unwrap().1[place];
            *value = f32::from_bits(value.to_bits() ^ 1);
            assert_eq!(number_test(&made.image()), Ok(Some(place)));
            let value = &mut made.numbers.as_mut().unwrap().1[place];
            *value = f32::from_bits(value.to_bits() ^ 1);
        }
        assert_eq!(number_test(&made.image()), Ok(None));
    }
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
            QuantizedImage::read(&file.0[..length]).err(),
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
        which in prop::sample::select(vec![0_usize, 1, 2, 3, 6, 7]),
        header in prop::collection::vec((0..256usize, any::<u8>()), 0..3),
        body in prop::collection::vec((256..4096usize, any::<u8>()), 1..9),
    ) {
        let (mut file, length) = Made::new(specs()[which], 7).file();
        for (at, byte) in header.into_iter().chain(body) {
            if !(12..20).contains(&at) {
                file.0[at] = byte;
            }
        }
        forge(&mut file.0, length);
        survives(&file.0[..length]);
    }
}
