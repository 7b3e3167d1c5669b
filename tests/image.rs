//! An image is the net, bit for bit; bytes that are none are refused, whoever made them.

use elman_core::feed::{FeedGolden, NumberFront, NumberReads, Readouts, Regression};
use elman_core::{Aligned, Error, Golden, Image, Inputs, Level, SelfTest, Strip};
use elman_tests::levels;
use elman_tests::samples::dense;
use proptest::prelude::*;

#[path = "support/files.rs"]
mod files;
#[path = "support/fronts.rs"]
mod fronts;
#[path = "support/images.rs"]
mod images;

use files::{ROOM, forge, with_damage, with_huge_words, without_columns};
use images::{Made, fed, number_test, numbers_told, self_test, specs, survives};

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
