//! A head that learns: the bits of `elman_core::head`.

use std::path::Path;

use elman_core::feed::{ColumnScale, Rule};
use elman_core::*;
use tempfile::TempDir;

use crate::feed::Fed;
use crate::support::{COMPILERS, HEAD, Sample, build_and_run, has, run};

const LAYERS: Layers = Layers::of([Layer::lstm(5), Layer::tanh(4)]);
const CLASSES: HeadKind = HeadKind::Softmax { outputs: 3 };
const NUMBERS: HeadKind = HeadKind::Linear { outputs: 3 };
const UPDATES: usize = 5;
const BATCH: usize = 2;
const STEPS: usize = 3;
const RATE: f32 = 0.0625;
const CLIP: f32 = 0.5;

/// Every recording of the course: the same numbers, turned a little.
const X: [f32; 6] = [0.5, -1.0, 0.25, 2.0, -3.0, 0.125];

fn recording(number: usize) -> [f32; 6] {
    let turned = X.map(|x| x + 0.125 * number as f32);
    std::array::from_fn(|i| turned[(i + 2 * number) % X.len()])
}

fn net(kind: HeadKind) -> Sample {
    Sample::with_head(Input::Dense { width: 2 }, LAYERS, kind)
}

fn image(net: &Sample) -> String {
    let inputs = Inputs::Dense(&X);
    net.image(inputs, &net.outputs(inputs))
}

/// What every program begins with.
const LEARN: &str = "
static elman_strip strips[8];
static float memory[80];
MAYBE float weights[15], other[15];
MAYBE void word(uint32_t bits) { printf(\"%08lx\\n\", (unsigned long)bits); }
MAYBE void floats(const float *numbers, size_t len)
{
    size_t i;
    for (i = 0; i < len; i++) {
        uint32_t bits;
        memcpy(&bits, numbers + i, sizeof bits);
        word(bits);
    }
}
static void row(float x[2], int number, int step)
{
    static const float all[6] = {0.5f, -1.0f, 0.25f, 2.0f, -3.0f, 0.125f};
    int i;
    for (i = 0; i < 2; i++) {
        x[i] = all[(2 * step + i + 2 * number) % 6] + 0.125f * (float)number;
    }
}
MAYBE int record(int number)
{
    float x[2];
    int step, code = elman_reset(&net);
    for (step = 0; step < 3 && code == ELMAN_OK; step++) {
        row(x, number, step);
        code = elman_step(&net, x, 2, y, 3);
    }
    return code;
}
MAYBE int learn(int number, double *loss)
{
    float numbers[3];
    numbers[0] = 0.5f;
    numbers[1] = -0.25f;
    numbers[2] = (float)number;
    return LEARN_BY;
}
static int begin(void)
{
    CHECK(elman_open(&net, image, sizeof image), ELMAN_OK);
    CHECK(elman_get_sizes(&net, &sizes), ELMAN_OK);
    CHECK(elman_start(&net, state, sizes.state, scratch, sizes.scratch), ELMAN_OK);
    return 0;
}
";

const BY_CLASS: &str = "(void)numbers, elman_learn(&net, (uint32_t)number % 3, 2, loss)";
const BY_NUMBERS: &str = "elman_learn_numbers(&net, numbers, 3, 2, loss)";

const COURSE: &str = "
int main(void)
{
    int update, i;
    if (begin() != 0) return 1;
    printf(\"%d %d %d\\n\", (int)sizes.head, (int)sizes.head_strips, (int)sizes.memory);
    CHECK(learn(0, NULL), ELMAN_STAGE);
    CHECK(elman_learn_start(&net, strips, 5, memory, 63), ELMAN_OK);
    CHECK(record(7), ELMAN_OK);
    floats(y, 3);
    for (update = 0; update < 5; update++) {
        for (i = 0; i < 2; i++) {
            double loss;
            uint64_t bits;
            CHECK(record(2 * update + i), ELMAN_OK);
            CHECK(learn(2 * update + i, &loss), ELMAN_OK);
            memcpy(&bits, &loss, sizeof bits);
            word((uint32_t)(bits >> 32));
            word((uint32_t)bits);
        }
        CHECK(elman_update(&net, 0.0625f, 0.5f), ELMAN_OK);
        CHECK(elman_get_head(&net, weights, 15), ELMAN_OK);
        floats(weights, 15);
    }
    CHECK(record(7), ELMAN_OK);
    floats(y, 3);
    /* Another start, with what was kept. */
    memset(y, 0, sizeof y);
    if (begin() != 0) return 1;
    CHECK(elman_learn_start(&net, strips, 5, memory, 63), ELMAN_OK);
    CHECK(elman_set_head(&net, weights, 15), ELMAN_OK);
    CHECK(record(7), ELMAN_OK);
    floats(y, 3);
    return 0;
}
";

/// What the course prints: by the functions of `elman_core::head`, one by one.
fn expected(net: &Sample) -> Vec<String> {
    let (spec, level) = (net.spec, Level::detect());
    let head = spec.head_len();
    let body = spec.without_head();
    let model = Model::new(body, &net.params, &net.packed[..body.packed_len()]).unwrap();
    let hidden_after = |number: usize| {
        let (mut state, mut scratch) = (
            vec![0.0; body.state_len()],
            vec![Strip::ZERO; body.stream_len()],
        );
        let mut stream = Stream::new(level, model, &mut state, &mut scratch).unwrap();
        let mut hidden = vec![0.0; spec.top_width()];
        for x in recording(number).chunks_exact(2) {
            stream.step(Inputs::Dense(x), &mut hidden).unwrap();
        }
        hidden
    };
    let mut printed = vec![format!(
        "{head} {} {}",
        spec.packed_head_len(),
        4 * head + spec.output_width()
    )];
    let mut strips = vec![Strip::ZERO; spec.packed_head_len()];
    let mut weights = net.params[spec.head_range()].to_vec();
    let mut outputs = vec![0.0; spec.output_width()];
    let word = |bits: u32| format!("{bits:08x}");
    let mut answer = |weights: &[f32], printed: &mut Vec<String>| {
        head::pack(&spec, weights, &mut strips).unwrap();
        head::run(level, &spec, &strips, &hidden_after(7), &mut outputs).unwrap();
        printed.extend(outputs.iter().map(|y| word(y.to_bits())));
    };
    answer(&weights, &mut printed);
    let mut memory = vec![0.0; Optimizer::ADAM.state_len(head)];
    let mut strips = vec![Strip::ZERO; spec.packed_head_len()];
    for update in 0..UPDATES {
        let mut gradients = vec![0.0; head];
        head::pack(&spec, &weights, &mut strips).unwrap();
        for number in BATCH * update..BATCH * (update + 1) {
            let (hidden, columns) = (hidden_after(number), spec.output_width());
            let mut outputs = vec![0.0; columns];
            head::logits(level, &spec, &strips, &hidden, &mut outputs).unwrap();
            let loss = if spec.head.kind == CLASSES {
                let target = [Target::class(number as u32 % 3)];
                let total = BATCH as f64;
                loss::softmax_cross_entropy(level, &mut outputs, columns, &target, None, total)
            } else {
                let (target, total) = ([0.5, -0.25, number as f32], (BATCH * columns) as f64);
                loss::mean_squared_error(&mut outputs, columns, &target, None, total)
            };
            let bits = loss.unwrap().to_bits();
            printed.extend([word((bits >> 32) as u32), word(bits as u32)]);
            head::gradient(level, &spec, &hidden, &outputs, &mut gradients).unwrap();
        }
        gradient::clip_norm(level, &mut gradients, CLIP);
        let step = update as u64 + 1;
        Optimizer::ADAM
            .update(
                level,
                RATE,
                step,
                0..head,
                &mut weights,
                &gradients,
                &mut memory,
            )
            .unwrap();
        printed.extend(weights.iter().map(|w| word(w.to_bits())));
    }
    answer(&weights, &mut printed);
    answer(&weights, &mut printed);
    printed
}

fn program(net: &Sample, by: &str, main: &str) -> String {
    let learn = LEARN.replace("LEARN_BY", by);
    [HEAD, &image(net), &learn, main].concat()
}

#[test]
fn a_head_learns_what_it_learns_in_rust() {
    if !has("gcc") || !has("g++") {
        return;
    }
    let home = TempDir::new().unwrap();
    for (kind, by) in [(CLASSES, BY_CLASS), (NUMBERS, BY_NUMBERS)] {
        let net = net(kind);
        let (program, expected) = (program(&net, by, COURSE), expected(&net));
        assert_eq!(recording(0).len(), STEPS * 2);
        for compiler in COMPILERS {
            let printed = run(home.path(), compiler, &program);
            assert_eq!(
                printed.lines().collect::<Vec<_>>(),
                expected,
                "{compiler:?}"
            );
        }
    }
}

const REFUSED: &str = "
int main(void)
{
    static volatile float huge = 3e38f;
    const float infinite = huge * huge, lost = infinite - infinite;
    float x[2];
    double loss = 7.0;
    size_t i;
    if (begin() != 0) return 1;
    CHECK(elman_update(&net, 0.5f, 1.0f), ELMAN_STAGE);
    CHECK(elman_get_head(&net, weights, 15), ELMAN_STAGE);
    CHECK(elman_set_head(&net, weights, 15), ELMAN_STAGE);
    CHECK(elman_learn_start(&net, strips, 4, memory, 63), ELMAN_LENGTH);
    CHECK(elman_learn_start(&net, strips, 5, memory, 64), ELMAN_LENGTH);
    CHECK(elman_learn_start(&net, NULL, 5, memory, 63), ELMAN_POINTER);
    CHECK(elman_learn_start(&net, strips, 5, (float *)(void *)((char *)memory + 2), 63), ELMAN_POINTER);
    CHECK(elman_learn_start(NULL, strips, 5, memory, 63), ELMAN_POINTER);
    CHECK(elman_learn_start(&net, strips, 5, memory, 63), ELMAN_OK);
    CHECK(elman_learn_start(&net, strips, 5, memory, 63), ELMAN_STAGE);
    CHECK(elman_get_head(&net, weights, 14), ELMAN_LENGTH);
    CHECK(elman_get_head(&net, NULL, 15), ELMAN_POINTER);
    CHECK(elman_get_head(&net, weights, 15), ELMAN_OK);
    CHECK(elman_update(&net, 0.5f, 1.0f), ELMAN_STAGE);
    /* Nothing of all this is learnt from. */
    CHECK(record(3), ELMAN_OK);
    CHECK(elman_learn(&net, 3, 1, &loss), ELMAN_TARGET);
    CHECK(elman_learn(&net, 0, 0, &loss), ELMAN_LENGTH);
    CHECK(elman_learn(&net, 0, 1, (double *)(void *)((char *)&loss + 1)), ELMAN_POINTER);
    CHECK(elman_learn_numbers(&net, weights, 3, 1, &loss), ELMAN_KIND);
    CHECK(elman_learn_numbers(&net, NULL, 3, 1, &loss), ELMAN_POINTER);
    x[0] = lost;
    x[1] = 1.0f;
    CHECK(elman_step(&net, x, 2, y, 3), ELMAN_OK);
    CHECK(elman_learn(&net, 0, 1, &loss), ELMAN_NOT_FINITE);
    CHECK(loss >= 7.0 && loss <= 7.0 ? ELMAN_OK : ELMAN_MISMATCH, ELMAN_OK);
    CHECK(elman_update(&net, 0.5f, 1.0f), ELMAN_STAGE);
    for (i = 0; i < 15; i++) {
        other[i] = i == 11 ? lost : 1.0f;
    }
    CHECK(elman_set_head(&net, other, 15), ELMAN_NOT_FINITE);
    CHECK(elman_set_head(&net, other, 11), ELMAN_LENGTH);
    CHECK(elman_set_head(&net, NULL, 15), ELMAN_POINTER);
    CHECK(elman_get_head(&net, other, 15), ELMAN_OK);
    CHECK(memcmp(weights, other, sizeof weights) == 0 ? ELMAN_OK : ELMAN_MISMATCH, ELMAN_OK);
    /* A rate that is none keeps the gradient. */
    CHECK(record(3), ELMAN_OK);
    CHECK(elman_learn(&net, 0, 1, NULL), ELMAN_OK);
    CHECK(elman_update(&net, lost, 1.0f), ELMAN_NOT_FINITE);
    CHECK(elman_update(&net, infinite, 1.0f), ELMAN_NOT_FINITE);
    CHECK(elman_update(&net, 0.5f, lost), ELMAN_NOT_FINITE);
    CHECK(elman_update(&net, 0.5f, infinite), ELMAN_OK);
    CHECK(elman_get_head(&net, other, 15), ELMAN_OK);
    CHECK(memcmp(weights, other, sizeof weights) != 0 ? ELMAN_OK : ELMAN_MISMATCH, ELMAN_OK);
    /* Weights that would leave the range of float stay. */
    for (i = 0; i < 15; i++) {
        weights[i] = i < 12 ? 0.5f : -huge;
    }
    CHECK(elman_set_head(&net, weights, 15), ELMAN_OK);
    CHECK(elman_reset(&net), ELMAN_OK);
    CHECK(elman_learn(&net, 1, 1, NULL), ELMAN_OK);
    CHECK(elman_update(&net, huge, 1.0f), ELMAN_NOT_FINITE);
    CHECK(elman_get_head(&net, other, 15), ELMAN_OK);
    CHECK(memcmp(weights, other, sizeof weights) == 0 ? ELMAN_OK : ELMAN_MISMATCH, ELMAN_OK);
    CHECK(elman_step(&net, x + 1, 1, y, 3), ELMAN_LENGTH);
    return 0;
}
";

const HEADLESS: &str = "
int main(void)
{
    if (begin() != 0) return 1;
    CHECK(sizes.head + sizes.head_strips + sizes.memory > 0 ? ELMAN_MISMATCH : ELMAN_OK, ELMAN_OK);
    CHECK(elman_learn_start(&net, strips, 5, memory, 63), ELMAN_NO_HEAD);
    CHECK(elman_learn(&net, 0, 1, NULL), ELMAN_STAGE);
    return 0;
}
";

#[test]
fn what_cannot_be_learnt_is_refused_and_changes_nothing() {
    if !has("gcc") {
        return;
    }
    let home = TempDir::new().unwrap();
    for compiler in COMPILERS {
        run(
            home.path(),
            compiler,
            &program(&net(CLASSES), BY_CLASS, REFUSED),
        );
    }
    let headless = program(&net(HeadKind::None), BY_NUMBERS, HEADLESS);
    run(home.path(), COMPILERS[1], &headless);
}

#[test]
fn the_example_learns_and_survives_a_loss_of_power() {
    if !has("gcc") {
        return;
    }
    let home = TempDir::new().unwrap();
    // Eight units that nobody trained, as in elman-core/examples/adapt.rs.
    let kind = HeadKind::Softmax { outputs: 2 };
    let layers = Layers::of([Layer::tanh(8)]);
    let mut net = Sample::with_head(Input::Dense { width: 1 }, layers, kind);
    for (i, p) in net.params.iter_mut().enumerate() {
        *p = ((i * 29 % 23) as f32 - 11.0) / if i < 8 { 8.0 } else { 32.0 };
    }
    pack(&net.spec, &net.params, &mut net.packed).unwrap();
    let fed = Fed {
        net,
        scale: vec![ColumnScale::new(0.0, 1.0)],
        window: 1,
        farthest: 10.0,
        rule: Rule::EVERY,
    };
    let proof = fed.proof(&[4], &[0.5, -0.25, 0.125, 1.0]);
    std::fs::write(home.path().join("net.image"), fed.file(&proof, true)).unwrap();
    let around = ".section .rodata\n.balign 64\n.global image, image_end\nimage: .incbin \"net.image\"\nimage_end:\n.section .note.GNU-stack,\"\",%progbits\n";
    std::fs::write(home.path().join("image.s"), around).unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/adapt.c");
    for compiler in &COMPILERS[..3] {
        let files = [example.as_path(), Path::new("image.s")];
        let printed = build_and_run(home.path(), compiler, &files);
        let losses = printed.lines().next().unwrap().split(&[' ', ','][..]);
        let losses: Vec<f64> = losses.filter_map(|word| word.parse().ok()).collect();
        // How many updates are shown, and the means of both ends.
        assert!(
            losses.len() == 3 && losses[2] < 0.5 * losses[1],
            "{printed}"
        );
    }
}
