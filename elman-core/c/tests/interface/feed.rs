//! Raw samples in, events out: the bits of `elman_core::feed`.

use std::fmt::Write as _;

use elman_core::feed::{ColumnScale, Event, Feed, FeedBuffers, FeedGolden, Rule, Samples};
use elman_core::*;
use tempfile::TempDir;

use crate::support::{COMPILERS, HEAD, Sample, array, has, run};

const WINDOW: usize = 3;
const FARTHEST: f32 = 2.5;
const RULE: Rule = Rule {
    smoothing: 0.5,
    threshold: 0.45,
    refractory: 1,
    background: Some(1),
};

/// A net of classes of windows, and the way to them.
pub struct Fed {
    pub net: Sample,
    pub scale: Vec<ColumnScale>,
    pub window: usize,
    pub farthest: f32,
    pub rule: Rule,
}

type Stepped<'a, 'b> = &'a mut Feed<'b, Stream<'b>>;

/// Golden vectors and samples of a net.
pub struct Proof {
    pub lengths: Vec<u32>,
    pub raw: Vec<f32>,
    pub missing: usize,
    pub inputs: Vec<f32>,
    pub outputs: Vec<f32>,
    pub fires: Vec<i32>,
    pub probabilities: Vec<f32>,
}

impl Fed {
    pub fn new() -> Self {
        let layers = Layers::of([Layer::lstm(5), Layer::tanh(4)]);
        let mut net = Sample::of(Input::Dense { width: 6 }, layers);
        // So that it says something.
        for weight in &mut net.params[net.spec.head_range()] {
            *weight *= 3.0;
        }
        pack(&net.spec, &net.params, &mut net.packed).unwrap();
        Self {
            net,
            scale: vec![ColumnScale::new(30.5, 100.0), ColumnScale::new(-7.0, 250.0)],
            window: WINDOW,
            farthest: FARTHEST,
            rule: RULE,
        }
    }

    /// As `elman export` writes them.
    pub fn notes(&self) -> String {
        let columns = self.scale.iter().map(|column| {
            let bits = [column.mean, column.rest, column.factor].map(f32::to_bits);
            format!("\"{:08x}{:08x}{:08x}\"", bits[0], bits[1], bits[2])
        });
        let (columns, rule) = (columns.collect::<Vec<_>>().join(","), self.rule);
        let background = rule.background.map_or(u32::MAX, |class| class as u32);
        format!(
            "{{\"encoding\":{{\"front\":{{\"scale\":[{columns}],\"farthest\":\"{:08x}\",\"window\":{},\"rule\":\"{:08x}{:08x}{:08x}{background:08x}\"}}}}}}",
            self.farthest.to_bits(),
            self.window,
            rule.smoothing.to_bits(),
            rule.threshold.to_bits(),
            rule.refractory,
        )
    }

    /// What `work` does with a feed.
    fn run<T>(&self, work: impl FnOnce(Stepped<'_, '_>) -> T) -> T {
        let spec = &self.net.spec;
        let model = Model::new(*spec, &self.net.params, &self.net.packed).unwrap();
        let (mut state, mut scratch) = (
            vec![0.0; spec.state_len()],
            vec![Strip::ZERO; spec.stream_len()],
        );
        let stream = Stream::new(Level::detect(), model, &mut state, &mut scratch).unwrap();
        let classes = spec.output_width();
        let buffers = FeedBuffers {
            rows: &mut vec![0.0; Samples::rows_len(self.scale.len(), self.window)],
            outputs: &mut vec![0.0; classes],
            smooth: &mut vec![0.0; classes],
        };
        let scale = (&self.scale[..], self.farthest, self.window);
        work(&mut Feed::new(stream, scale, self.rule, buffers).unwrap())
    }

    /// Of these samples.
    pub fn proof(&self, lengths: &[u32], raw: &[f32]) -> Proof {
        let columns = self.scale.len();
        let mut proof = Proof {
            lengths: lengths.to_vec(),
            raw: raw.to_vec(),
            missing: raw.len() / 2,
            inputs: Vec::new(),
            outputs: Vec::new(),
            fires: Vec::new(),
            probabilities: Vec::new(),
        };
        let mut lost = raw.to_vec();
        lost[proof.missing] = f32::NAN;
        let mut rows = vec![0.0; Samples::rows_len(columns, self.window)];
        let mut samples = Samples::new(&self.scale, self.farthest, self.window, &mut rows).unwrap();
        self.run(|feed| {
            let mut lost = lost.chunks_exact(columns);
            for &length in lengths {
                feed.reset();
                samples.reset();
                for sample in lost.by_ref().take(length as usize) {
                    let row = samples.push(sample).unwrap();
                    proof.inputs.extend(row.unwrap_or_default());
                    proof.add(feed.feed(sample).unwrap(), feed.outputs());
                }
                for _ in 0..samples.delay() {
                    let row = samples.push_outside();
                    proof.inputs.extend(row.unwrap_or_default());
                }
                // With a window of three, one step.
                proof.add(feed.end().unwrap(), feed.outputs());
            }
        });
        proof
    }

    pub fn file(&self, proof: &Proof, with_samples: bool) -> Vec<u8> {
        let golden = Golden {
            lengths: &proof.lengths,
            inputs: Inputs::Dense(&proof.inputs),
            outputs: &proof.outputs,
            tolerance: 1e-5,
        };
        let samples = FeedGolden {
            raw: &proof.raw,
            missing: proof.missing,
            fires: &proof.fires,
            probabilities: &proof.probabilities,
        };
        let samples = with_samples.then_some(samples);
        self.net.file(golden, samples, &self.notes())
    }
}

impl Proof {
    fn add(&mut self, event: Option<Event>, outputs: &[f32]) {
        if let Some(event) = event {
            self.outputs.extend(outputs);
            self.fires
                .push(if event.fires { event.class as i32 } else { -1 });
            self.probabilities.push(event.probability);
        }
    }
}

/// Whole numbers, of which the fourth and fifth are lost where they are read as floats.
pub fn raw() -> Vec<i16> {
    (0..2 * 12)
        .map(|i| (i * i * 37 % 501 - 250) as i16)
        .collect()
}

const COURSE: &str = "
static float room[24];
static void tell(const elman_event *event)
{
    uint32_t bits;
    memcpy(&bits, &event->probability, sizeof bits);
    printf(\"%lu %lu %08lx %ld %lu\\n\", (unsigned long)event->step, (unsigned long)event->label, (unsigned long)bits,
           (long)event->fires, (unsigned long)event->missing);
}
int main(void)
{
    static volatile float huge = 3e38f;
    elman_event event;
    float x[2];
    size_t wrong = 99, i;
    const size_t n = sizeof whole / sizeof *whole / 2;
    memset(&event, 0, sizeof event);
    CHECK(elman_feed_self_test(&net, state, 14, scratch, 1, room, 24, &wrong), ELMAN_STAGE);
    CHECK(elman_open(&net, image, sizeof image), ELMAN_OK);
    CHECK(elman_get_sizes(&net, &sizes), ELMAN_OK);
    printf(\"%d %d %d %d\\n\", (int)sizes.columns, (int)sizes.delay, (int)sizes.room, (int)sizes.golden_samples);
    CHECK(elman_self_test(&net, state, 14, scratch, sizes.scratch, y, 3, NULL), ELMAN_OK);
    CHECK(elman_feed_self_test(&net, state, 14, scratch, sizes.scratch, room, 23, &wrong), ELMAN_LENGTH);
    CHECK(elman_feed_self_test(&net, state, 13, scratch, sizes.scratch, room, 24, &wrong), ELMAN_LENGTH);
    CHECK(elman_feed_self_test(&net, state, 14, scratch, sizes.scratch, NULL, 24, &wrong), ELMAN_POINTER);
    CHECK(elman_feed_self_test(&net, state, 14, scratch, sizes.scratch, room, 24, &wrong), WANTED);
    printf(\"%lu\\n\", (unsigned long)wrong);
    CHECK(elman_feed(&net, x, 2, &event), ELMAN_STAGE);
    CHECK(elman_feed_start(&net, state, 14, NULL, sizes.scratch, room, 24), ELMAN_POINTER);
    CHECK(elman_feed_start(&net, state, 14, scratch, sizes.scratch, room + 1, 23), ELMAN_LENGTH);
    CHECK(elman_feed_start(&net, state, 14, scratch, sizes.scratch, room, 24), ELMAN_OK);
    CHECK(elman_feed_start(&net, state, 14, scratch, sizes.scratch, room, 24), ELMAN_STAGE);
    CHECK(elman_feed_self_test(&net, state, 14, scratch, sizes.scratch, room, 24, NULL), ELMAN_STAGE);
    for (i = 0; i < n; i++) {
        x[0] = i == 2 ? huge * huge : (float)whole[2 * i];
        x[1] = i == 2 ? huge * huge - huge * huge : (float)whole[2 * i + 1];
        CHECK(elman_feed(&net, x, 2, &event), ELMAN_OK);
        tell(&event);
        /* What is refused changes nothing. */
        CHECK(elman_feed(&net, x, 1, &event), ELMAN_LENGTH);
        CHECK(elman_feed_i16(&net, whole, 3, NULL), ELMAN_LENGTH);
        CHECK(elman_feed(&net, NULL, 2, &event), ELMAN_POINTER);
        CHECK(elman_feed(&net, x, 2, (elman_event *)(void *)((char *)&event + 1)), ELMAN_POINTER);
        CHECK(elman_feed(&net, (const float *)(const void *)((const char *)x + 1), 1, &event), ELMAN_POINTER);
        CHECK(elman_feed(NULL, x, 2, &event), ELMAN_POINTER);
        CHECK(elman_step(&net, room, 6, y, 3), ELMAN_STAGE);
    }
    CHECK(elman_feed_end(&net, &event), ELMAN_OK);
    tell(&event);
    CHECK(elman_reset(&net), ELMAN_OK);
    for (i = 0; i < n; i++) {
        CHECK(elman_feed_i16(&net, whole + 2 * i, 2, &event), ELMAN_OK);
        tell(&event);
    }
    CHECK(elman_reset(&net), ELMAN_OK);
    for (i = 0; i < n; i++) {
        CHECK(elman_feed_i16(&net, whole + 2 * i, 2, i + 2 < n ? NULL : &event), ELMAN_OK);
    }
    tell(&event);
    CHECK(elman_feed_end(&net, NULL), ELMAN_OK);
    return 0;
}
";

/// What the course prints.
fn expected(fed: &Fed) -> String {
    let mut printed = String::new();
    fed.run(|feed| {
        let mut tell = |event: Option<Event>, missing: u32| {
            let _ = match event {
                None => writeln!(printed, "0 0 00000000 -1 {missing}"),
                Some(event) => writeln!(
                    printed,
                    "{} {} {:08x} {} {missing}",
                    event.step,
                    event.class,
                    event.probability.to_bits(),
                    u8::from(event.fires),
                ),
            };
        };
        let raw = raw();
        for (i, sample) in raw.chunks_exact(2).enumerate() {
            let mut sample = [f32::from(sample[0]), f32::from(sample[1])];
            if i == 2 {
                sample = [f32::INFINITY, f32::NAN];
            }
            let event = feed.feed(&sample).unwrap();
            tell(event, feed.missing());
        }
        let event = feed.end().unwrap();
        tell(event, feed.missing());
        feed.reset();
        for sample in raw.chunks_exact(2) {
            let event = feed.feed_i16(sample).unwrap();
            tell(event, feed.missing());
        }
        feed.reset();
        let (unread, read) = raw.split_at(raw.len() - 4);
        for sample in unread.chunks_exact(2) {
            feed.feed_i16_unread(sample).unwrap();
        }
        let events = read.chunks_exact(2).map(|sample| feed.feed_i16(sample));
        let event = events.last().unwrap().unwrap();
        tell(event, feed.missing());
    });
    printed
}

pub fn whole() -> String {
    let whole: Vec<String> = raw().iter().map(i16::to_string).collect();
    format!(
        "static const int16_t whole[] = {{ {} }};\n",
        whole.join(",")
    )
}

#[test]
fn raw_samples_become_the_events_of_rust() {
    if !has("gcc") || !has("g++") {
        return;
    }
    let (home, fed) = (TempDir::new().unwrap(), Fed::new());
    let floats: Vec<f32> = raw().iter().map(|&x| f32::from(x)).collect();
    let right = fed.proof(&[9, 3], &floats);
    let fired = right.fires.iter().filter(|&&class| class >= 0).count();
    assert!(
        right.fires.len() == 12 && (1..12).contains(&fired),
        "{fired}"
    );
    for wrong in [None, Some(4)] {
        let mut proof = fed.proof(&[9, 3], &floats);
        if let Some(wrong) = wrong {
            proof.probabilities[wrong] += 0.25;
        }
        let wanted = wrong.map_or("ELMAN_OK", |_| "ELMAN_MISMATCH");
        let program = [
            HEAD,
            &array(&fed.file(&proof, true)),
            &whole(),
            &COURSE.replace("WANTED", wanted),
        ]
        .concat();
        let number = wrong.map_or(0, |step| 3 * (step + 1));
        let expected = format!("2 1 24 12\n{number}\n{}", expected(&fed));
        for compiler in COMPILERS {
            assert_eq!(
                run(home.path(), compiler, &program),
                expected,
                "{compiler:?}"
            );
        }
    }
}

const REFUSED: &str = "
static float room[24];
int main(void)
{
    CHECK(elman_open(&net, image, sizeof image), ELMAN_OK);
    CHECK(elman_get_sizes(&net, &sizes), ELMAN_OK);
    printf(\"%d %d\\n\", (int)sizes.columns, (int)sizes.golden_samples);
    printf(\"%d\\n\", elman_feed_self_test(&net, state, sizes.state, scratch, sizes.scratch, room, 24, NULL));
    printf(\"%d\\n\", elman_feed_start(&net, state, sizes.state, scratch, sizes.scratch, room, 24));
    return 0;
}
";

#[test]
fn images_that_cannot_be_fed_say_so() {
    if !has("gcc") {
        return;
    }
    let (home, fed) = (TempDir::new().unwrap(), Fed::new());
    let proof = fed.proof(
        &[12],
        &raw().iter().map(|&x| f32::from(x)).collect::<Vec<f32>>(),
    );
    let answer = |file: &[u8]| {
        run(
            home.path(),
            COMPILERS[0],
            &[HEAD, &array(file), REFUSED].concat(),
        )
    };
    // NO_SAMPLES, then OK; NO_FEED twice.
    assert_eq!(answer(&fed.file(&proof, true)), "2 12\n0\n0\n");
    assert_eq!(answer(&fed.file(&proof, false)), "2 0\n11\n0\n");
    let refused = |change: &dyn Fn(&mut Fed)| {
        let mut fed = Fed::new();
        change(&mut fed);
        assert_eq!(answer(&fed.file(&proof, true)), "0 0\n10\n10\n");
    };
    refused(&|fed| fed.window = 1);
    refused(&|fed| fed.scale.truncate(1));
    refused(&|fed| fed.rule.background = Some(3));
    refused(&|fed| fed.rule.smoothing = 0.0);
    refused(&|fed| fed.rule.threshold = f32::NAN);
    refused(&|fed| fed.farthest = f32::NAN);
}
