//! Images: read back, they are the net, float or int8, and prove what they hold.

use std::path::Path;

use elman_core::feed::{
    ColumnScale, Feed, FeedBuffers, FrontBuffers, IntegerScale, NumberFront, NumberGolden,
    QuantizedFeedBuffers, Readout, Rule, Samples, Streaming,
};
use elman_core::quantized::{
    QuantizedFront, QuantizedImage, QuantizedModel, QuantizedSelfTest, QuantizedStream,
};
use elman_core::*;

use super::nets::specs;
use super::{feed, gentle, network, numbers, parts, words};
use crate::exchange::export::proof::Proof;
use crate::exchange::export::size::Size;
use crate::exchange::export::{Parts, image, int8};

/// A copy that begins on a cache line, somewhere in `room`.
fn aligned<'a>(content: &[u8], room: &'a mut Vec<u8>) -> &'a [u8] {
    room.resize(content.len() + 64, 0);
    let at = room.as_ptr().align_offset(64);
    room[at..at + content.len()].copy_from_slice(content);
    &room[at..at + content.len()]
}

/// Notes hold what the numbers mean, and a file is as long as its parts are said to be.
fn says_all(name: &str, notes: &str, length: usize, size: &Size) {
    let notes: serde_json::Value = serde_json::from_str(notes).unwrap();
    assert_eq!(notes["encoding"]["names"][0]["items"][1], "ä\n");
    let parts = size.flash_bytes + size.golden_bytes + size.notes_bytes;
    assert!(
        length >= parts + 256 && length < parts + 256 + 6 * 64,
        "{name}"
    );
}

#[test]
fn an_image_is_the_run() {
    for (name, spec) in specs() {
        let network = network(&spec, 4);
        let parts = parts(&network, Proof::made_up(&network, 1, 20).unwrap());
        let (outputs, size) = image::write(&parts, Path::new("net.image")).unwrap();
        let content = &outputs[0].content;
        let mut room = Vec::new();
        let image = Image::read(aligned(content, &mut room)).unwrap();
        assert_eq!(image.spec, spec, "{name}");
        assert_eq!(
            image.tables,
            &network.params()[..spec.tables_len()],
            "{name}"
        );
        assert_eq!(image.packed, network.packed(), "{name}");
        assert_eq!(image.golden.outputs, parts.proof.golden().outputs, "{name}");
        says_all(name, image.notes, content.len(), &size);
    }
}

#[test]
fn an_image_proves_the_way_to_events() {
    for (seed, (name, spec, front)) in feed::nets().into_iter().enumerate() {
        let network = network(&spec, seed as u64);
        let (outputs, size) =
            image::write(&feed::parts(&network, &front), Path::new("net.image")).unwrap();
        let mut room = Vec::new();
        let image = Image::read(aligned(&outputs[0].content, &mut room)).unwrap();
        let (samples, level) = (image.samples.expect("golden samples"), Level::detect());
        assert_eq!(
            size.feed_bytes,
            4 * samples.raw.len() + 8 * samples.fires.len()
        );
        let scale: Vec<ColumnScale> = front.scale.iter().map(Into::into).collect();
        let check = |rule: Rule| {
            let (mut state, mut scratch) = (
                vec![0.0; spec.state_len()],
                vec![Strip::ZERO; spec.stream_len()],
            );
            let model = image.model().unwrap();
            let stream = Stream::new(level, model, &mut state, &mut scratch).unwrap();
            let buffers = FeedBuffers {
                rows: &mut vec![0.0; Samples::rows_len(scale.len(), front.window)],
                outputs: &mut vec![0.0; spec.output_width()],
                smooth: &mut vec![0.0; spec.output_width()],
            };
            let scale = (&scale[..], front.farthest, front.window);
            let mut feed = Feed::new(stream, scale, rule, buffers).unwrap();
            feed.check(level, &image.golden, &samples).unwrap()
        };
        let rule = Rule::from(&front.rule.unwrap());
        assert_eq!(check(rule), None, "{name}");
        let threshold = 2.0;
        assert_ne!(check(Rule { threshold, ..rule }), None, "{name}");
    }
}

#[test]
fn an_int8_image_is_the_int8_net() {
    for (name, spec) in specs() {
        let network = gentle(&spec, 4);
        let parts = parts(&network, Proof::made_up(&network, 1, 20).unwrap());
        let words = words(parts.network);
        let path = Path::new("net.image");
        let (outputs, size) = image::write_int8(&parts, &words, path).unwrap();
        let content = &outputs[0].content;
        let mut room = Vec::new();
        let image = QuantizedImage::read(aligned(content, &mut room)).unwrap();
        assert_eq!(image.spec, spec, "{name}");
        assert_eq!(image.words, words, "{name}");
        let model = image.model().unwrap();
        let longest = image.golden.longest();
        let buffers = QuantizedSelfTest {
            state: &mut vec![0; spec.int8().state_len()],
            scratch: &mut vec![0; spec.int8().self_test_len(longest)],
            logits: &mut vec![0; spec.self_test_outputs(longest)],
        };
        assert_eq!(image.golden.check(&model, buffers), Ok(None), "{name}");
        says_all(name, image.notes, content.len(), &size);
    }
}

#[test]
fn an_int8_image_proves_the_way_to_events() {
    for (seed, (name, spec, front)) in feed::nets().into_iter().enumerate() {
        let network = network(&spec, seed as u64);
        for parts in [
            feed::parts(&network, &front),
            feed::whole_parts(&network, &front),
        ] {
            let words = words(parts.network);
            proves_events(name, &parts, &words);
        }
    }
}

fn proves_events(name: &str, parts: &Parts<'_>, words: &[u32]) {
    let (spec, path) = (&parts.spec, Path::new("net.image"));
    let (outputs, size) = image::write_int8(parts, words, path).unwrap();
    let mut room = Vec::new();
    let image = QuantizedImage::read(aligned(&outputs[0].content, &mut room)).unwrap();
    let mut front = image.front.expect("the way to events");
    let samples = image.samples().expect("golden samples");
    assert_eq!(
        (size.feed_bytes, size.feed_state_bytes),
        (
            4 * samples.raw.len() + 8 * samples.fires.len(),
            4 * front.room_len(spec)
        )
    );
    // What the module in Rust would compute with.
    let model = QuantizedModel::new(*spec, words).unwrap();
    let expected = int8::IntegerProof::of(parts, &model).unwrap().feed.unwrap();
    assert_eq!(
        front.scales.iter().collect::<Vec<_>>(),
        expected.entrance.scale
    );
    assert_eq!(
        (front.rule, front.farthest, samples.fires),
        (
            expected.rule,
            expected.entrance.farthest,
            &expected.fires[..]
        )
    );
    let (mut state, mut scratch) = (
        vec![0; spec.int8().state_len()],
        vec![0; spec.int8().stream_len()],
    );
    let columns = front.scales.len();
    let mut check = |front: &QuantizedFront<'_>| {
        let model = image.model().unwrap();
        let stream = QuantizedStream::new(model, &mut state, &mut scratch).unwrap();
        let buffers = QuantizedFeedBuffers {
            rows: &mut vec![0; Samples::rows_len(columns, front.window(spec))],
            logits: &mut vec![0; spec.output_width()],
            smooth: &mut vec![0; spec.output_width()],
        };
        let scales = &mut vec![IntegerScale::default(); columns];
        let mut feed = front.feed(stream, scales, buffers).unwrap();
        feed.check(&samples).unwrap()
    };
    assert_eq!(check(&front), None, "{name}");
    front.farthest /= 2;
    assert_ne!(check(&front), None, "{name}");
}

/// A net that is fed as its image says finds its golden samples right.
fn proves_numbers<N: Streaming>(net: N, front: &NumberFront<'_>, golden: &NumberGolden<'_>) {
    let targets = front.readouts.len();
    let [rows, memory] = front.reads.room_len(targets);
    let buffers = FrontBuffers {
        readouts: &mut vec![Readout::default(); targets],
        outputs: &mut vec![0.0; targets],
        rows: &mut vec![0.0; rows],
        memory: &mut vec![0.0; memory],
    };
    let mut feed = front.feed(net, buffers).unwrap();
    let found = feed.check(Level::detect(), golden, &mut vec![0.0; targets]);
    assert_eq!(found, Ok(None));
}

/// What is read of an image leads to the same answers, and so do its intervals.
#[test]
fn an_image_proves_the_way_to_numbers() {
    for (seed, (name, spec, numbers)) in numbers::nets().into_iter().enumerate() {
        let network = gentle(&spec, seed as u64);
        let parts = numbers::parts(&network, &numbers);
        let path = Path::new("net.image");
        let (outputs, size) = image::write(&parts, path).unwrap();
        let mut room = Vec::new();
        let image = Image::read(aligned(&outputs[0].content, &mut room)).unwrap();
        let front = image.numbers.expect("the way to numbers");
        assert_eq!(size.feed_state_bytes, 4 * front.room_len(), "{name}");
        let golden = front.raw.len() + front.values.len();
        assert_eq!(size.feed_bytes, 4 * (front.words_len() + golden), "{name}");
        for reach in &numbers.reaches {
            assert_eq!(front.reach(reach.percent), Some(&reach.of_targets[..]));
        }
        assert_eq!(front.reach(91), None);
        let (mut state, mut scratch) = (
            vec![0.0; spec.state_len()],
            vec![Strip::ZERO; spec.stream_len()],
        );
        let model = image.model().unwrap();
        let net = Stream::new(Level::detect(), model, &mut state, &mut scratch).unwrap();
        proves_numbers(net, &front, &front.golden(&image.golden));

        let words = words(&network);
        let (outputs, size) = image::write_int8(&parts, &words, path).unwrap();
        let image = QuantizedImage::read(aligned(&outputs[0].content, &mut room)).unwrap();
        let front = image.numbers.expect("numbers");
        assert_eq!(size.feed_state_bytes, 4 * front.room_len(), "{name}");
        let (mut state, mut scratch) = (
            vec![0; spec.int8().state_len()],
            vec![0; spec.int8().stream_len()],
        );
        let model = image.model().unwrap();
        let net = QuantizedStream::new(model, &mut state, &mut scratch).unwrap();
        proves_numbers(net, &front, &front.golden_int8(&image.golden));
    }
}
