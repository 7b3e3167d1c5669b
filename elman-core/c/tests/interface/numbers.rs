//! Images of nets that forecast and regress, of either kind: raw samples in, numbers in the units of the data out.

use std::fmt::Write as _;

use elman_core::feed::{NumberFront, Streaming};
use elman_core::quantized::{
    Integers, QuantizedGolden, QuantizedImage, QuantizedModel, QuantizedStream,
};
use elman_core::*;
use tempfile::TempDir;

use crate::feed::{Fed, raw};
use crate::support::{COMPILERS, HEAD, NOTES, Sample, array, has, run};

#[path = "../../../../tests/support/fronts.rs"]
mod fronts;

use fronts::Told;

const LENGTHS: [u32; 3] = [4, 1, 5];
const STEPS: usize = 10;

/// A net, its golden samples and what it says of them.
struct Case {
    net: Sample,
    /// Of the net in whole numbers, or nothing.
    words: Vec<u32>,
    front: NumberFront<'static>,
    raw: Vec<f32>,
    told: Told,
}

impl Case {
    fn new(spec: Spec, is_int8: bool) -> Self {
        let net = Sample::with_spec(spec);
        let front = fronts::front(&spec).unwrap();
        let raw = fronts::raw(STEPS);
        let mut case = Self {
            told: told(&net, &[], &front, &raw),
            words: Vec::new(),
            front,
            raw,
            net,
        };
        if is_int8 {
            case.words = case.net.words(&case.told.inputs);
            case.told = told(&case.net, &case.words, &front, &case.raw);
        } else {
            case.net_proves_it();
        }
        case
    }

    /// Rust finds what it said of golden samples in them.
    fn net_proves_it(&self) {
        let spec = self.net.spec;
        let golden = Golden {
            lengths: &LENGTHS,
            inputs: Inputs::Dense(&self.told.inputs),
            outputs: &self.told.outputs,
            tolerance: 0.0,
        };
        let front = NumberFront {
            raw: &self.raw,
            missing: fronts::MISSING,
            values: &self.told.values,
            ..self.front
        };
        let (mut state, mut scratch) = (
            vec![0.0; spec.state_len()],
            vec![Strip::ZERO; spec.stream_len()],
        );
        let model = Model::new(spec, &self.net.params, &self.net.packed).unwrap();
        let level = Level::detect();
        let stream = Stream::new(level, model, &mut state, &mut scratch).unwrap();
        let found = fronts::check(&front, stream, level, &front.golden(&golden));
        assert_eq!(found, Ok(None));
    }

    fn is_int8(&self) -> bool {
        !self.words.is_empty()
    }

    /// An image, with a golden answer that is wrong or none.
    fn file(&self, wrong: Option<usize>) -> Vec<u8> {
        let mut values = self.told.values.clone();
        if let Some(wrong) = wrong {
            values[wrong] += 5.0;
        }
        let numbers = Some(NumberFront {
            raw: &self.raw,
            missing: fronts::MISSING,
            values: &values,
            ..self.front
        });
        let Sample {
            spec,
            params,
            packed,
        } = &self.net;
        if !self.is_int8() {
            let golden = Golden {
                lengths: &LENGTHS,
                inputs: Inputs::Dense(&self.told.inputs),
                outputs: &self.told.outputs,
                tolerance: 1e-5,
            };
            let image = Image {
                spec: *spec,
                tables: &params[..spec.tables_len()],
                packed,
                golden,
                samples: None,
                numbers,
                notes: NOTES,
            };
            let mut file = vec![0; image.file_len().unwrap()];
            image.write(&mut file).unwrap();
            return file;
        }
        let model = QuantizedModel::new(*spec, &self.words).unwrap();
        let inputs = self.told.inputs.iter().map(|&x| model.integer(x));
        let logits = self.told.outputs.iter();
        let logits: Vec<i32> = logits.map(|y| (y / model.unit()).round() as i32).collect();
        let image = QuantizedImage {
            spec: *spec,
            words: &self.words,
            golden: QuantizedGolden {
                lengths: &LENGTHS,
                inputs: Integers::Dense(&inputs.collect::<Vec<_>>()),
                logits: &logits,
            },
            front: None,
            numbers: numbers.map(|numbers| NumberFront {
                value_tolerance: &[],
                ..numbers
            }),
            notes: NOTES,
        };
        let mut file = vec![0; image.file_len().unwrap()];
        image.write(&mut file).unwrap();
        file
    }

    /// What the course prints, but for its first lines.
    fn expected(&self) -> String {
        let targets = self.front.readouts.len();
        let mut printed = String::new();
        let mut bounds = self.told.bounds.iter();
        for row in self.told.values.chunks(targets) {
            for value in row {
                let _ = write!(printed, "{:08x} ", value.to_bits());
            }
            match bounds.next() {
                Some([low, high]) => {
                    let _ = writeln!(printed, "{:08x} {:08x}", low.to_bits(), high.to_bits());
                }
                None => printed.push_str("none\n"),
            }
        }
        printed
    }
}

/// What a net in floats, or in whole numbers where there are words, says of raw samples.
fn told(net: &Sample, words: &[u32], front: &NumberFront<'_>, raw: &[f32]) -> Told {
    let spec = net.spec;
    if words.is_empty() {
        let (mut state, mut scratch) = (
            vec![0.0; spec.state_len()],
            vec![Strip::ZERO; spec.stream_len()],
        );
        let model = Model::new(spec, &net.params, &net.packed).unwrap();
        let stream = Stream::new(Level::detect(), model, &mut state, &mut scratch).unwrap();
        return fronts::told(front, stream, raw, &LENGTHS);
    }
    let (mut state, mut scratch) = (
        vec![0; spec.int8().state_len()],
        vec![0; spec.int8().stream_len()],
    );
    let model = QuantizedModel::new(spec, words).unwrap();
    let stream = QuantizedStream::new(model, &mut state, &mut scratch).unwrap();
    assert_eq!(Streaming::spec(&stream), &spec);
    fronts::told(front, stream, raw, &LENGTHS)
}

const COURSE: &str = "
static float room[120];
static void tell(const float *answers, size_t n)
{
    float bounds[2];
    uint32_t bits;
    size_t i;
    for (i = 0; i < n; i++) {
        memcpy(&bits, answers + i, sizeof bits);
        printf(\"%08lx \", (unsigned long)bits);
    }
    if (elman_bounds(&net, n - 1, 90, bounds) != ELMAN_OK) {
        printf(\"none\\n\");
        return;
    }
    memcpy(&bits, bounds, sizeof bits);
    printf(\"%08lx \", (unsigned long)bits);
    memcpy(&bits, bounds + 1, sizeof bits);
    printf(\"%08lx\\n\", (unsigned long)bits);
}
int main(void)
{
    static const size_t lengths[3] = {4, 1, 5};
    static volatile float none = 0.0f;
    float sample[2], answers[2], bounds[2];
    size_t wrong = 99, i, sequence, at = 0;
    uint32_t missing = 99;
    int32_t answered = 7;
    elman_event event;
    CHECK(elman_answer(&net, raw, 2, answers, 1, NULL), ELMAN_STAGE);
    CHECK(elman_open(&net, image, sizeof image), ELMAN_OK);
    CHECK(elman_get_sizes(&net, &sizes), ELMAN_OK);
    CHECK(elman_answer(&net, raw, 2, answers, sizes.answers, NULL), ELMAN_STAGE);
    CHECK(elman_self_test(&net, state, sizes.state, scratch, sizes.scratch, y, sizes.outputs, &wrong), ELMAN_OK);
    CHECK(elman_feed_self_test(&net, state, sizes.state, scratch, sizes.scratch, room, sizes.room, &wrong), ELMAN_NO_FEED);
    CHECK(elman_feed_start(&net, state, sizes.state, scratch, sizes.scratch, room, sizes.room), ELMAN_NO_FEED);
    CHECK(elman_answer_self_test(&net, state, sizes.state, scratch, sizes.scratch, room, sizes.room + 1, &wrong), ELMAN_LENGTH);
    CHECK(elman_answer_self_test(&net, state, sizes.state, scratch, sizes.scratch, room, sizes.room, &wrong), WANTED);
    printf(\"%d %d %d %d %d %lu\\n\", (int)sizes.is_int8, (int)sizes.columns, (int)sizes.delay, (int)sizes.golden_samples,
           (int)sizes.answers, (unsigned long)wrong);
    CHECK(elman_answer_start(&net, state, sizes.state, scratch, sizes.scratch, room, sizes.room - 1), ELMAN_LENGTH);
    CHECK(elman_answer_start(&net, state, sizes.state, scratch, sizes.scratch, room, sizes.room), ELMAN_OK);
    CHECK(elman_feed(&net, raw, 2, &event), ELMAN_KIND);
    CHECK(elman_feed(&net, raw, 2, NULL), ELMAN_KIND);
    CHECK(elman_feed_i16(&net, (const int16_t *)(const void *)raw, 2, NULL), ELMAN_KIND);
    CHECK(elman_feed_end(&net, NULL), ELMAN_KIND);
    CHECK(elman_answer(&net, raw, 1, answers, sizes.answers, NULL), ELMAN_LENGTH);
    CHECK(elman_answer(&net, raw, 2, answers, sizes.answers + 1, NULL), ELMAN_LENGTH);
    CHECK(elman_answer(&net, NULL, 2, answers, sizes.answers, NULL), ELMAN_POINTER);
    CHECK(elman_answer(&net, raw, 2, answers, sizes.answers, (int32_t *)(void *)((char *)&answered + 1)), ELMAN_POINTER);
    CHECK(elman_answer_end(&net, NULL, sizes.answers, &answered), ELMAN_POINTER);
    CHECK(elman_get_missing(&net, NULL), ELMAN_POINTER);
    CHECK(elman_bounds(&net, 0, 91, bounds), ELMAN_LENGTH);
    CHECK(elman_bounds(&net, sizes.answers, 90, bounds), ELMAN_LENGTH);
    CHECK(elman_bounds(&net, 0, 90, NULL), ELMAN_POINTER);
    CHECK(elman_bounds(&net, 0, 90, bounds), ELMAN_LENGTH);
    CHECK(elman_answer(&net, raw, 2, NULL, 0, (int32_t *)(void *)((char *)&answered + 1)), ELMAN_POINTER);
    CHECK(elman_answer(&net, raw, 2, NULL, 0, NULL), ELMAN_OK);
    CHECK(elman_answer(&net, raw, 2, NULL, 0, &answered), ELMAN_OK);
    CHECK(answered, 0);
    CHECK(elman_bounds(&net, 0, 90, bounds), ELMAN_LENGTH);
    for (sequence = 0; sequence < 3; sequence++) {
        CHECK(elman_reset(&net), ELMAN_OK);
        for (i = 0; i < lengths[sequence]; i++, at += 2) {
            sample[0] = raw[at];
            sample[1] = at == 4 ? none / none : raw[at + 1];
            CHECK(elman_answer(&net, sample, 2, answers, sizes.answers, &answered), ELMAN_OK);
            if (answered) tell(answers, sizes.answers);
        }
        for (;;) {
            CHECK(elman_answer_end(&net, answers, sizes.answers, &answered), ELMAN_OK);
            if (!answered) break;
            tell(answers, sizes.answers);
        }
    }
    CHECK(elman_get_missing(&net, &missing), ELMAN_OK);
    printf(\"%lu\\n\", (unsigned long)missing);
    return 0;
}
";

#[test]
fn answers_are_those_of_rust() {
    if !has("gcc") || !has("g++") {
        return;
    }
    let home = TempDir::new().unwrap();
    for (spec, delay) in [(fronts::rows(), 1), (fronts::series(), 0)] {
        for (is_int8, wrong) in [
            (false, None),
            (false, Some(3)),
            (true, None),
            (true, Some(3)),
        ] {
            let case = Case::new(spec, is_int8);
            let numbers: Vec<String> = case.raw.iter().map(|x| format!("{x:?}f")).collect();
            let raw = format!("static const float raw[] = {{ {} }};\n", numbers.join(","));
            let wanted = wrong.map_or("ELMAN_OK", |_| "ELMAN_MISMATCH");
            let course = COURSE.replace("WANTED", wanted);
            let program = [HEAD, &array(&case.file(wrong)), &raw, &course].concat();
            let expected = format!(
                "{} 2 {delay} {STEPS} {} {}\n{}1\n",
                u8::from(is_int8),
                spec.output_width(),
                wrong.map_or(0, |place| place + 1),
                case.expected()
            );
            for compiler in COMPILERS {
                let printed = run(home.path(), compiler, &program);
                assert_eq!(printed, expected, "{compiler:?}");
            }
        }
    }
}

const OF_EVENTS: &str = "
int main(void)
{
    static float room[40];
    static const float x[2] = {0.0f, 0.0f};
    float answers[1], bounds[2];
    uint32_t missing;
    CHECK(elman_open(&net, image, sizeof image), ELMAN_OK);
    CHECK(elman_get_sizes(&net, &sizes), ELMAN_OK);
    CHECK(elman_answer_self_test(&net, state, sizes.state, scratch, sizes.scratch, room, sizes.room, NULL), ELMAN_NO_FEED);
    CHECK(elman_answer_start(&net, state, sizes.state, scratch, sizes.scratch, room, sizes.room), ELMAN_NO_FEED);
    CHECK(elman_feed_start(&net, state, sizes.state, scratch, sizes.scratch, room, sizes.room), ELMAN_OK);
    CHECK(elman_answer(&net, x, 2, answers, 1, NULL), ELMAN_KIND);
    CHECK(elman_answer(&net, x, 2, NULL, 0, NULL), ELMAN_KIND);
    CHECK(elman_answer_end(&net, answers, 1, NULL), ELMAN_KIND);
    CHECK(elman_bounds(&net, 0, 90, bounds), ELMAN_KIND);
    CHECK(elman_get_missing(&net, &missing), ELMAN_KIND);
    printf(\"%d\\n\", (int)sizes.answers);
    return 0;
}
";

#[test]
fn a_net_of_events_does_not_answer() {
    if !has("gcc") {
        return;
    }
    let (home, fed) = (TempDir::new().unwrap(), Fed::new());
    let floats: Vec<f32> = raw().iter().map(|&x| f32::from(x)).collect();
    let file = fed.file(&fed.proof(&[12], &floats), true);
    let program = [HEAD, &array(&file), OF_EVENTS].concat();
    assert_eq!(run(home.path(), COMPILERS[0], &program), "0\n");
}
