//! Images of int8 nets: the whole numbers of `elman_core::quantized`, and the events of its feed.

use std::fmt::Write as _;

use elman_core::feed::{
    IntegerEvent, IntegerRule, IntegerScale, QuantizedFeed, QuantizedFeedBuffers, Samples,
};
use elman_core::quantized::{
    IntegerScales, Integers, QuantizedFront, QuantizedGolden, QuantizedImage, QuantizedModel,
    QuantizedStream,
};
use elman_core::*;
use tempfile::TempDir;

use crate::feed::{Fed, raw, whole};
use crate::support::{COMPILERS, HEAD, array, has, run};

/// The way to events around the net.
struct Front {
    scales: Vec<IntegerScale>,
    farthest: i16,
    rule: IntegerRule,
}

impl Front {
    fn of(fed: &Fed, model: &QuantizedModel<'_>) -> Self {
        let scale = |column| IntegerScale::new(column, model.input_scale());
        Self {
            scales: fed.scale.iter().map(scale).collect(),
            farthest: model.integer(fed.farthest),
            rule: IntegerRule::new(&fed.rule, model.unit()),
        }
    }

    /// What `work` does with a feed.
    fn run<T>(
        &self,
        model: QuantizedModel<'_>,
        work: impl FnOnce(&mut QuantizedFeed<'_>) -> T,
    ) -> T {
        let spec = *model.spec();
        let (mut state, mut scratch) = (
            vec![0; spec.int8().state_len()],
            vec![0; spec.int8().stream_len()],
        );
        let stream = QuantizedStream::new(model, &mut state, &mut scratch).unwrap();
        let window = spec.input_width() / self.scales.len();
        let buffers = QuantizedFeedBuffers {
            rows: &mut vec![0; Samples::rows_len(self.scales.len(), window)],
            logits: &mut vec![0; spec.output_width()],
            smooth: &mut vec![0; spec.output_width()],
        };
        let scale = (&self.scales[..], self.farthest, window);
        work(&mut QuantizedFeed::new(stream, scale, self.rule, buffers).unwrap())
    }
}

/// An image with golden samples of one sequence, of which one probability is wrong or none.
fn file(fed: &Fed, words: &[u32], wrong: Option<usize>) -> Vec<u8> {
    let model = QuantizedModel::new(fed.net.spec, words).unwrap();
    let front = Front::of(fed, &model);
    let floats: Vec<f32> = raw().iter().map(|&x| f32::from(x)).collect();
    let missing = 7;
    let mut lost = floats.clone();
    lost[missing] = f32::NAN;
    let mut rows = vec![0; Samples::rows_len(2, fed.window)];
    let mut samples = Samples::new(&front.scales, front.farthest, fed.window, &mut rows).unwrap();
    let (mut inputs, mut logits) = (Vec::new(), Vec::new());
    let (mut fires, mut probabilities) = (Vec::new(), Vec::new());
    front.run(model, |feed| {
        let mut add = |event: Option<IntegerEvent>, feed: &QuantizedFeed<'_>| {
            if let Some(event) = event {
                logits.extend(feed.logits());
                fires.push(if event.fires { event.class as i32 } else { -1 });
                probabilities.push(feed.probability(event.class));
            }
        };
        for sample in lost.chunks_exact(2) {
            inputs.extend(samples.push(sample).unwrap().unwrap_or_default());
            let event = feed.feed(sample).unwrap();
            add(event, feed);
        }
        inputs.extend(samples.push_outside().unwrap_or_default());
        let event = feed.end().unwrap();
        add(event, feed);
    });
    if let Some(wrong) = wrong {
        probabilities[wrong] ^= 1;
    }
    let image = QuantizedImage {
        spec: fed.net.spec,
        words,
        golden: QuantizedGolden {
            lengths: &[(floats.len() / 2) as u32],
            inputs: Integers::Dense(&inputs),
            logits: &logits,
        },
        front: Some(QuantizedFront {
            scales: IntegerScales::new(&front.scales),
            farthest: front.farthest,
            rule: front.rule,
            raw: &floats,
            missing,
            fires: &fires,
            probabilities: &probabilities,
        }),
        numbers: None,
        notes: &fed.notes(),
    };
    let mut file = vec![0; image.file_len().unwrap()];
    image.write(&mut file).unwrap();
    file
}

const COURSE: &str = "
static float room[40];
static void tell(const elman_event *event)
{
    uint32_t bits;
    memcpy(&bits, &event->probability, sizeof bits);
    printf(\"%lu %lu %08lx %ld %lu\\n\", (unsigned long)event->step, (unsigned long)event->label, (unsigned long)bits,
           (long)event->fires, (unsigned long)event->missing);
}
int main(void)
{
    static elman_strip strips[8];
    static int32_t logits[3];
    static const int16_t inputs[6] = {500, -400, 300, -200, 100, -32768};
    static const uint32_t ids[1] = {0};
    elman_event event;
    float x[6], units[2], scale[4];
    size_t wrong = 99, i;
    const size_t n = sizeof whole / sizeof *whole / 2;
    CHECK(elman_open(&net, image, sizeof image), ELMAN_OK);
    CHECK(elman_get_sizes(&net, &sizes), ELMAN_OK);
    printf(\"%d %d %d %d %d %d %d\\n\", (int)sizes.is_int8, (int)sizes.columns, (int)sizes.delay, (int)sizes.golden_samples,
           (int)sizes.head, (int)sizes.state, (int)sizes.scratch);
    CHECK(elman_get_units(&net, units), ELMAN_OK);
    CHECK(elman_get_units(&net, NULL), ELMAN_POINTER);
    CHECK(elman_get_scale(&net, 1, scale), ELMAN_OK);
    CHECK(elman_self_test(&net, state, sizes.state, scratch, sizes.scratch, y, 2, &wrong), ELMAN_LENGTH);
    CHECK(elman_self_test(&net, state, sizes.state, scratch, sizes.scratch, y, 3, &wrong), ELMAN_OK);
    CHECK(elman_feed_self_test(&net, state, sizes.state, scratch, sizes.scratch, room, sizes.room - 1, &wrong), ELMAN_LENGTH);
    CHECK(elman_feed_self_test(&net, state, sizes.state, scratch, sizes.scratch, room, sizes.room, &wrong), WANTED);
    printf(\"%lu\\n\", (unsigned long)wrong);
    /* Room that is aligned for a float alone. */
    CHECK(elman_feed_start(&net, state, sizes.state, scratch, sizes.scratch, room + 1, sizes.room), ELMAN_OK);
    CHECK(elman_learn_start(&net, strips, 8, room, 8), ELMAN_NO_HEAD);
    CHECK(elman_step_i16(&net, inputs, 6, logits, 3), ELMAN_STAGE);
    for (i = 0; i < n; i++) {
        x[0] = (float)whole[2 * i];
        x[1] = (float)whole[2 * i + 1];
        CHECK(elman_feed(&net, x, 2, &event), ELMAN_OK);
        tell(&event);
        CHECK(elman_feed(&net, x, 1, &event), ELMAN_LENGTH);
    }
    CHECK(elman_feed_end(&net, &event), ELMAN_OK);
    tell(&event);
    CHECK(elman_reset(&net), ELMAN_OK);
    for (i = 0; i < n; i++) {
        CHECK(elman_feed_i16(&net, whole + 2 * i, 2, i % 5 == 4 ? NULL : &event), ELMAN_OK);
        tell(&event);
    }
    CHECK(elman_feed_end(&net, NULL), ELMAN_OK);
    CHECK(elman_open(&net, image, sizeof image), ELMAN_OK);
    CHECK(elman_start(&net, state, sizes.state, scratch, sizes.scratch), ELMAN_OK);
    CHECK(elman_step_i16(&net, inputs, 5, logits, 3), ELMAN_LENGTH);
    CHECK(elman_step_i16(&net, inputs, 6, logits, 2), ELMAN_LENGTH);
    CHECK(elman_step_i16(&net, NULL, 6, logits, 3), ELMAN_POINTER);
    CHECK(elman_step_ids(&net, ids, 1, y, 3), ELMAN_KIND);
    CHECK(elman_step_i16(&net, inputs, 6, logits, 3), ELMAN_OK);
    printf(\"%ld %ld %ld\\n\", (long)logits[0], (long)logits[1], (long)logits[2]);
    CHECK(elman_reset(&net), ELMAN_OK);
    for (i = 0; i < 6; i++) {
        x[i] = (float)inputs[i] / units[0];
    }
    CHECK(elman_step(&net, x, 6, y, 3), ELMAN_OK);
    show();
    return 0;
}
";

/// What the course prints.
fn expected(fed: &Fed, words: &[u32]) -> String {
    let model = QuantizedModel::new(fed.net.spec, words).unwrap();
    let mut printed = String::new();
    Front::of(fed, &model).run(model, |feed| {
        let mut last = String::new();
        let mut tell = |event: Option<IntegerEvent>, feed: &QuantizedFeed<'_>| {
            let missing = feed.missing();
            last = match event {
                None => format!("0 0 00000000 -1 {missing}"),
                Some(event) => {
                    let probability = feed.probability(event.class) as f32 / 32768.0;
                    let fires = u8::from(event.fires);
                    let (step, class, bits) = (event.step, event.class, probability.to_bits());
                    format!("{step} {class} {bits:08x} {fires} {missing}")
                }
            };
            last.clone()
        };
        let raw = raw();
        for sample in raw.chunks_exact(2) {
            let event = feed.feed(&[sample[0].into(), sample[1].into()]).unwrap();
            let _ = writeln!(printed, "{}", tell(event, feed));
        }
        let event = feed.end().unwrap();
        let mut said = tell(event, feed);
        let _ = writeln!(printed, "{said}");
        feed.reset();
        for (i, sample) in raw.chunks_exact(2).enumerate() {
            if i % 5 == 4 {
                feed.feed_whole_unread(sample).unwrap();
            } else {
                let event = feed.feed_whole(sample).unwrap();
                said = tell(event, feed);
            }
            let _ = writeln!(printed, "{said}");
        }
    });
    let spec = fed.net.spec;
    let (mut state, mut scratch) = (
        vec![0; spec.int8().state_len()],
        vec![0; spec.int8().stream_len()],
    );
    let mut stream = QuantizedStream::new(model, &mut state, &mut scratch).unwrap();
    let (mut logits, mut outputs) = ([0; 3], [0.0; 3]);
    let inputs = [500, -400, 300, -200, 100, i16::MIN];
    stream
        .step_integers(Integers::Dense(&inputs), &mut logits)
        .unwrap();
    let _ = writeln!(printed, "{} {} {}", logits[0], logits[1], logits[2]);
    stream.reset();
    let inputs = inputs.map(|x| f32::from(x) / model.input_scale());
    stream.step(Inputs::Dense(&inputs), &mut outputs).unwrap();
    for y in outputs {
        let _ = writeln!(printed, "{:08x}", y.to_bits());
    }
    printed
}

#[test]
fn an_int8_net_is_that_of_rust() {
    if !has("gcc") || !has("g++") {
        return;
    }
    let (home, fed) = (TempDir::new().unwrap(), Fed::new());
    let floats: Vec<f32> = raw().iter().map(|&x| f32::from(x)).collect();
    let words = fed.net.words(&fed.proof(&[12], &floats).inputs);
    let expected = expected(&fed, &words);
    let fired = expected.lines().filter(|line| line.ends_with(" 1 0"));
    assert!((1..20).contains(&fired.count()), "{expected}");
    let spec = &fed.net.spec;
    let (state, scratch) = (
        spec.int8().state_len(),
        Strip::count(spec.int8().stream_len()),
    );
    for wrong in [None, Some(4)] {
        let wanted = wrong.map_or("ELMAN_OK", |_| "ELMAN_MISMATCH");
        let program = [
            HEAD,
            &array(&file(&fed, &words, wrong)),
            &whole(),
            &COURSE.replace("WANTED", wanted),
        ]
        .concat();
        // The last logit of the step.
        let number = wrong.map_or(0, |step| 3 * (step + 1));
        let expected = format!("1 2 1 12 0 {state} {scratch}\n{number}\n{expected}");
        for compiler in COMPILERS {
            let printed = run(home.path(), compiler, &program);
            assert_eq!(printed, expected, "{compiler:?}");
        }
    }
}

const OF_FLOATS: &str = "
int main(void)
{
    static const int16_t inputs[6] = {0};
    static int32_t logits[3];
    float units[2];
    CHECK(elman_open(&net, image, sizeof image), ELMAN_OK);
    CHECK(elman_get_sizes(&net, &sizes), ELMAN_OK);
    CHECK(elman_get_units(&net, units), ELMAN_KIND);
    CHECK(elman_start(&net, state, sizes.state, scratch, sizes.scratch), ELMAN_OK);
    CHECK(elman_step_i16(&net, inputs, 6, logits, 3), ELMAN_KIND);
    printf(\"%d\\n\", (int)sizes.is_int8);
    return 0;
}
";

#[test]
fn a_float_net_has_no_whole_numbers() {
    if !has("gcc") {
        return;
    }
    let (home, fed) = (TempDir::new().unwrap(), Fed::new());
    let floats: Vec<f32> = raw().iter().map(|&x| f32::from(x)).collect();
    let file = fed.file(&fed.proof(&[12], &floats), true);
    let program = [HEAD, &array(&file), OF_FLOATS].concat();
    assert_eq!(run(home.path(), COMPILERS[0], &program), "0\n");
}
