//! From raw samples to events: one answer whatever steps the net, and whoever reads it.

use elman_core::feed::{
    ColumnScale, Event, Feed, FeedBuffers, FeedGolden, Rule, Samples, Streaming,
};
use elman_core::{
    Dropout, FixedStream, Golden, Head, HeadKind, InitialState, Input, Inputs, Layer, Layers,
    Level, Model, Read, Shape, Spec, Stream, Strip, head, pack,
};
use elman_tests::{Generator, levels};

struct Gesture;

impl Shape for Gesture {
    const SPEC: Spec = Spec {
        input: Input::Dense {
            width: COLUMNS * WINDOW,
        },
        layers: Layers::of([Layer::lstm(9), Layer::gru(18)]),
        initial_state: InitialState::Zero,
        head: Head {
            kind: HeadKind::Softmax { outputs: CLASSES },
            read: Read::EveryStep,
        },
        dropout: Dropout::NONE,
    };
}

const SPEC: Spec = Gesture::SPEC;
const COLUMNS: usize = 2;
const WINDOW: usize = 3;
const CLASSES: usize = 3;
const RULE: Rule = Rule {
    smoothing: 0.5,
    threshold: 0.35,
    refractory: 2,
    background: Some(1),
};

/// Whole numbers, as a sensor has them.
fn raw(samples: usize) -> Vec<i16> {
    let numbers = Generator::new(3).numbers(COLUMNS * samples, 400.0);
    numbers.iter().map(|x| x.round() as i16).collect()
}

/// The net.
struct Net {
    packed: Vec<Strip>,
    scale: [ColumnScale; COLUMNS],
}

impl Net {
    fn new() -> Self {
        let params = Generator::new(5).numbers(SPEC.params_len(), 2.5);
        let mut packed = vec![Strip::ZERO; SPEC.packed_len()];
        pack(&SPEC, &params, &mut packed).unwrap();
        let scale = [ColumnScale::new(30.5, 100.0), ColumnScale::new(-7.0, 250.0)];
        Self { packed, scale }
    }

    /// What `work` does with a feed of a stream that is made here, in dirty buffers.
    fn fed<N: Streaming, T>(&self, stream: N, work: impl FnOnce(&mut Feed<'_, N>) -> T) -> T {
        let mut rows = [f32::NAN; Samples::rows_len(COLUMNS, WINDOW)];
        let (mut outputs, mut smooth) = ([f32::NAN; CLASSES], [f32::NAN; CLASSES]);
        let buffers = FeedBuffers {
            rows: &mut rows,
            outputs: &mut outputs,
            smooth: &mut smooth,
        };
        let scale = (&self.scale[..], 2.5, WINDOW);
        work(&mut Feed::new(stream, scale, RULE, buffers).unwrap())
    }

    /// The same with a stream of each kind; both must give the same.
    fn with_each<T: PartialEq + std::fmt::Debug>(
        &self,
        level: Level,
        work: impl Fn(&mut dyn Steps) -> T,
    ) -> T {
        let buffers = || {
            (
                vec![f32::NAN; SPEC.state_len()],
                vec![Strip([f32::NAN; 16]); SPEC.stream_len()],
            )
        };
        let ((mut state, mut scratch), (mut state_2, mut scratch_2)) = (buffers(), buffers());
        let fixed = FixedStream::<Gesture>::new(level, &[], &self.packed, &mut state, &mut scratch);
        let model = Model::new(SPEC, &[], &self.packed).unwrap();
        let stream = Stream::new(level, model, &mut state_2, &mut scratch_2);
        let found = self.fed(fixed.unwrap(), |feed| work(feed));
        assert_eq!(
            self.fed(stream.unwrap(), |feed| work(feed)),
            found,
            "{level}"
        );
        found
    }
}

/// A feed of any net.
trait Steps {
    fn feed(&mut self, raw: &[f32]) -> Option<Event>;
    fn feed_i16(&mut self, raw: &[i16]) -> Option<Event>;
    fn pass(&mut self, raw: &[i16]);
    fn end(&mut self) -> Option<Event>;
    fn end_unread(&mut self);
    fn restart(&mut self);
    fn outputs(&self) -> Vec<u32>;
    fn check(&mut self, level: Level, golden: &Golden<'_>, of: &FeedGolden<'_>) -> Option<usize>;
}

impl<N: Streaming> Steps for Feed<'_, N> {
    fn feed(&mut self, raw: &[f32]) -> Option<Event> {
        Feed::feed(self, raw).unwrap()
    }
    fn feed_i16(&mut self, raw: &[i16]) -> Option<Event> {
        Feed::feed_i16(self, raw).unwrap()
    }
    fn pass(&mut self, raw: &[i16]) {
        Feed::feed_i16_unread(self, raw).unwrap();
    }
    fn end(&mut self) -> Option<Event> {
        Feed::end(self).unwrap()
    }
    fn end_unread(&mut self) {
        Feed::end_unread(self).unwrap();
    }
    fn restart(&mut self) {
        self.reset();
    }
    fn outputs(&self) -> Vec<u32> {
        Feed::outputs(self).iter().map(|y| y.to_bits()).collect()
    }
    fn check(&mut self, level: Level, golden: &Golden<'_>, of: &FeedGolden<'_>) -> Option<usize> {
        Feed::check(self, level, golden, of).unwrap()
    }
}

#[test]
fn streams_of_both_kinds_and_samples_of_both_kinds_tell_the_same_events() {
    let (net, raw) = (Net::new(), raw(40));
    for level in levels() {
        let told = net.with_each(level, |feed| {
            let floats = raw.chunks_exact(COLUMNS).map(|sample| {
                let sample = [f32::from(sample[0]), f32::from(sample[1])];
                (feed.feed(&sample), feed.outputs())
            });
            let mut told: Vec<_> = floats.collect();
            told.push((feed.end(), feed.outputs()));
            feed.restart();
            let whole = raw.chunks_exact(COLUMNS);
            let whole = whole.map(|sample| (feed.feed_i16(sample), feed.outputs()));
            let again: Vec<_> = whole.collect();
            assert_eq!(told[1..40], again[1..]);
            told
        });
        let events = told.iter().filter_map(|(event, _)| *event);
        let fired = events.clone().filter(|event| event.fires).count();
        assert!(events.count() == 40 && (2..30).contains(&fired), "{fired}");
    }
}

#[test]
fn steps_that_nobody_reads_go_on_all_the_same() {
    let (net, raw) = (Net::new(), raw(12));
    for level in levels() {
        net.with_each(level, |feed| {
            for sample in raw.chunks_exact(COLUMNS) {
                feed.feed_i16(sample);
            }
            let read = (feed.end().map(|event| event.step), feed.outputs());
            feed.restart();
            for sample in raw.chunks_exact(COLUMNS) {
                feed.pass(sample);
            }
            assert_eq!(feed.end().map(|event| event.step), read.0);
            assert_eq!(feed.outputs(), read.1);
            feed.restart();
            for sample in raw.chunks_exact(COLUMNS) {
                feed.pass(sample);
            }
            feed.end_unread();
            assert_eq!(feed.outputs(), read.1, "of the last step that was read");
        });
    }
}

#[test]
fn golden_samples_prove_what_is_told() {
    let (net, whole, lengths) = (Net::new(), raw(9), [8, 1]);
    let (missing, mut outputs, mut fires, mut probabilities) = (7, vec![], vec![], vec![]);
    let floats: Vec<f32> = whole.iter().map(|&x| f32::from(x)).collect();
    net.with_each(Level::detect(), |feed| {
        let mut samples = floats.chunks_exact(COLUMNS).enumerate();
        let mut told = Vec::new();
        for length in lengths {
            feed.restart();
            for (place, sample) in samples.by_ref().take(length) {
                let mut sample = [sample[0], sample[1]];
                if missing / COLUMNS == place {
                    sample[missing % COLUMNS] = f32::INFINITY;
                }
                told.extend(feed.feed(&sample).map(|event| (event, feed.outputs())));
            }
            told.extend(feed.end().map(|event| (event, feed.outputs())));
        }
        told
    })
    .into_iter()
    .for_each(|(event, y)| {
        outputs.extend(y.into_iter().map(f32::from_bits));
        fires.push(if event.fires { event.class as i32 } else { -1 });
        probabilities.push(event.probability);
    });
    let lengths = lengths.map(|length| length as u32);
    let golden = Golden {
        lengths: &lengths,
        inputs: Inputs::Dense(&[]),
        outputs: &outputs,
        tolerance: 1e-5,
    };
    let samples = FeedGolden {
        raw: &floats,
        missing,
        fires: &fires,
        probabilities: &probabilities,
    };
    let check = |golden, samples| {
        net.with_each(Level::detect(), |feed| {
            feed.check(Level::detect(), golden, samples)
        })
    };
    assert_eq!(check(&golden, &samples), None);
    let other = FeedGolden {
        missing: 6,
        ..samples
    };
    assert_eq!(check(&golden, &other), Some(2 * CLASSES));
    let mut turned = fires.clone();
    turned[4] = if fires[4] < 0 { 0 } else { -1 };
    let other = FeedGolden {
        fires: &turned,
        ..samples
    };
    assert_eq!(check(&golden, &other), Some(5 * CLASSES - 1));
}

#[test]
fn a_head_in_ram_is_read_in_place_of_the_models() {
    let (net, x) = (
        Net::new(),
        Generator::new(8).numbers(SPEC.input_width(), 1.0),
    );
    let model = Model::new(SPEC, &[], &net.packed).unwrap();
    for level in levels() {
        let (mut state, mut scratch) = (
            vec![0.0; SPEC.state_len()],
            vec![Strip::ZERO; SPEC.stream_len()],
        );
        let mut stream = Stream::new(level, model, &mut state, &mut scratch).unwrap();
        let mut weights = vec![0.0; SPEC.head_len()];
        let mut strips = vec![Strip::ZERO; SPEC.packed_head_len()];
        head::unpack(&SPEC, &net.packed, &mut weights).unwrap();
        let step = |weights: &[f32], strips: &mut [Strip], stream: &mut Stream<'_>| {
            head::pack(&SPEC, weights, strips).unwrap();
            let (mut y, mut of_hidden) = ([f32::NAN; CLASSES], [f32::NAN; CLASSES]);
            stream.reset();
            let inputs = Inputs::Dense(&x);
            stream.step_with_head(strips, inputs, &mut y).unwrap();
            head::run(level, &SPEC, strips, stream.hidden(), &mut of_hidden).unwrap();
            assert_eq!(y.map(f32::to_bits), of_hidden.map(f32::to_bits), "{level}");
            y
        };
        let same = step(&weights, &mut strips, &mut stream);
        weights.iter_mut().for_each(|weight| *weight *= -0.5);
        let other = step(&weights, &mut strips, &mut stream);
        let mut whole = [f32::NAN; CLASSES];
        stream.reset();
        stream.step(Inputs::Dense(&x), &mut whole).unwrap();
        assert_eq!(whole.map(f32::to_bits), same.map(f32::to_bits), "{level}");
        assert_ne!(whole, other);
        assert!(
            stream
                .step_with_head(&strips[1..], Inputs::Dense(&x), &mut whole)
                .is_err()
        );
    }
}
