//! The header against the library: constants, signatures, and a C program that runs an image.

mod feed;
mod int8;
mod learn;
mod numbers;
mod support;

use std::process::Command;

use elman_c::{Code, Event, NET_WORDS, Net, STRIP, Sizes};
use elman_core::*;
use tempfile::TempDir;

use support::{COMPILERS, HEAD, Sample, bits, has, library, run};

#[test]
fn the_header_says_what_the_library_is() {
    if !has("gcc") || !has("g++") {
        return;
    }
    let names = [
        "OK",
        "POINTER",
        "LENGTH",
        "ALIGNMENT",
        "IMAGE",
        "STAGE",
        "KIND",
        "TOKEN",
        "BOTH_WAYS",
        "MISMATCH",
        "NO_FEED",
        "NO_SAMPLES",
        "NO_HEAD",
        "TARGET",
        "NOT_FINITE",
    ];
    let codes: String = names
        .map(|name| format!("show((size_t)ELMAN_{name});\n"))
        .concat();
    let fields = [
        "inputs",
        "outputs",
        "reads_ids",
        "streams",
        "state",
        "scratch",
        "golden_steps",
        "columns",
        "delay",
        "room",
        "golden_samples",
        "head",
        "head_strips",
        "memory",
        "is_int8",
        "answers",
    ];
    let of_event = ["step", "label", "probability", "fires", "missing"];
    let offsets: String = fields
        .map(|field| format!("show(offsetof(elman_sizes, {field}));\n"))
        .concat();
    let of_event: String = of_event
        .map(|field| format!("show(offsetof(elman_event, {field}));\n"))
        .concat();
    let program = format!(
        "#include \"elman.h\"
#include <stdio.h>
ELMAN_ALIGNED static unsigned char image[3];
static elman_strip strips[2];
static void show(size_t n) {{ printf(\"%lu\\n\", (unsigned long)n); }}
int main(void)
{{
    {codes}
    show(ELMAN_NET_WORDS);
    show(sizeof(elman_net));
    show(sizeof(elman_strip));
    show(sizeof(elman_sizes));
    {offsets}
    show(sizeof(elman_event));
    {of_event}
    show((size_t)image % 64 + (size_t)strips % 64);
    return elman_message(ELMAN_OK)[0] == 'a' && elman_message(-7)[0] == 'n' ? 0 : 1;
}}
"
    );
    let mut expected: Vec<usize> = Code::ALL.iter().map(|&code| code as usize).collect();
    assert_eq!(expected, (0..names.len()).collect::<Vec<_>>());
    expected.extend([NET_WORDS, size_of::<Net>(), STRIP, size_of::<Sizes>()]);
    expected.extend([
        std::mem::offset_of!(Sizes, inputs),
        std::mem::offset_of!(Sizes, outputs),
        std::mem::offset_of!(Sizes, reads_ids),
        std::mem::offset_of!(Sizes, streams),
        std::mem::offset_of!(Sizes, state),
        std::mem::offset_of!(Sizes, scratch),
        std::mem::offset_of!(Sizes, golden_steps),
        std::mem::offset_of!(Sizes, columns),
        std::mem::offset_of!(Sizes, delay),
        std::mem::offset_of!(Sizes, room),
        std::mem::offset_of!(Sizes, golden_samples),
        std::mem::offset_of!(Sizes, head),
        std::mem::offset_of!(Sizes, head_strips),
        std::mem::offset_of!(Sizes, memory),
        std::mem::offset_of!(Sizes, is_int8),
        std::mem::offset_of!(Sizes, answers),
    ]);
    expected.extend([
        size_of::<Event>(),
        std::mem::offset_of!(Event, step),
        std::mem::offset_of!(Event, label),
        std::mem::offset_of!(Event, probability),
        std::mem::offset_of!(Event, fires),
        std::mem::offset_of!(Event, missing),
    ]);
    expected.push(0);
    let home = TempDir::new().unwrap();
    for compiler in COMPILERS {
        let printed = run(home.path(), compiler, &program);
        let found: Vec<usize> = printed.lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(found, expected, "{compiler:?}");
    }
}

#[test]
fn every_function_of_the_library_stands_in_the_header() {
    if !has("nm") {
        return;
    }
    let header = include_str!("../../elman.h");
    let listed = Command::new("nm")
        .args(["-g", "--defined-only"])
        .arg(library())
        .output()
        .unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout);
    let found: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split_once(" T ").map(|(_, name)| name))
        .filter(|name| name.starts_with("elman_"))
        .collect();
    assert_eq!(found.len(), 29, "{found:?}");
    for name in &found {
        assert!(
            header.contains(&format!("{name}(")),
            "{name} is not in elman.h"
        );
    }
}

const DENSE: &str = "
int main(void)
{
    static const float x[6] = {0.5f, -1.0f, 0.25f, 2.0f, -3.0f, 0.125f};
    static volatile float huge = 3e38f;
    size_t wrong = 99, i, len;
    const char *text;
    float scale[4];
    CHECK(elman_step(&net, x, 2, y, 3), ELMAN_STAGE);
    CHECK(elman_get_label(&net, 0, &text, &len), ELMAN_STAGE);
    CHECK(elman_learn(&net, 0, 1, NULL), ELMAN_STAGE);
    CHECK(elman_feed(&net, x, 2, NULL), ELMAN_STAGE);
    CHECK(elman_open(&net, NULL, sizeof image), ELMAN_POINTER);
    CHECK(elman_open(NULL, image, sizeof image), ELMAN_POINTER);
    CHECK(elman_open(&net, image + 4, sizeof image - 4), ELMAN_ALIGNMENT);
    CHECK(elman_open(&net, image, sizeof image - 1), ELMAN_IMAGE);
    CHECK(elman_open(&net, image, (size_t)-1), ELMAN_LENGTH);
    image[300] ^= 1;
    CHECK(elman_open(&net, image, sizeof image), ELMAN_IMAGE);
    CHECK(elman_get_sizes(&net, &sizes), ELMAN_STAGE);
    image[300] ^= 1;
    CHECK(elman_open(&net, image, sizeof image), ELMAN_OK);
    CHECK(elman_get_sizes(&net, NULL), ELMAN_POINTER);
    CHECK(elman_get_sizes(&net, &sizes), ELMAN_OK);
    printf(\"%d %d %d %d %d %d %d\\n\", (int)sizes.inputs, (int)sizes.outputs, (int)sizes.reads_ids,
           (int)sizes.streams, (int)sizes.state, (int)sizes.scratch,
           (int)sizes.golden_steps);
    CHECK(elman_get_label(&net, 2, &text, &len), ELMAN_OK);
    CHECK(len == 4 && memcmp(text, \"left\", 4) == 0 ? ELMAN_OK : ELMAN_MISMATCH, ELMAN_OK);
    CHECK(elman_get_label(&net, 3, &text, &len), ELMAN_LENGTH);
    CHECK(elman_get_label(&net, 0, NULL, &len), ELMAN_POINTER);
    CHECK(elman_get_scale(&net, 1, scale), ELMAN_OK);
    CHECK(elman_scaled(scale, 11.0f) >= 0.5f && elman_scaled(scale, 11.0f) <= 0.5f ? ELMAN_OK : ELMAN_MISMATCH, ELMAN_OK);
    CHECK(elman_scaled(scale, -900.0f) <= -2.0f && elman_scaled(scale, -900.0f) >= -2.0f ? ELMAN_OK : ELMAN_MISMATCH, ELMAN_OK);
    CHECK(elman_scaled(scale, huge * huge) >= 0.0f && elman_scaled(scale, huge * huge) <= 0.0f ? ELMAN_OK : ELMAN_MISMATCH, ELMAN_OK);
    CHECK(elman_get_scale(&net, 2, scale), ELMAN_LENGTH);
    CHECK(elman_get_scale(&net, 0, NULL), ELMAN_POINTER);
    CHECK(sizes.columns + sizes.room + sizes.golden_samples > 0 ? ELMAN_MISMATCH : ELMAN_OK, ELMAN_OK);
    CHECK(elman_feed_start(&net, state, 5, scratch, 1, y, 8), ELMAN_NO_FEED);
    CHECK(elman_feed_self_test(&net, state, 5, scratch, 1, y, 8, NULL), ELMAN_NO_FEED);
    CHECK(elman_learn_start(&net, scratch, 1, y, 8), ELMAN_STAGE);
    CHECK(elman_reset(&net), ELMAN_STAGE);
    CHECK(elman_self_test(&net, state, 4, scratch, 1, y, 3, NULL), ELMAN_LENGTH);
    CHECK(elman_self_test(&net, state, 5, scratch, 1, y, 3, &wrong), WANTED);
    printf(\"%lu\\n\", (unsigned long)wrong);
    CHECK(elman_start(&net, state, 5, NULL, 1), ELMAN_POINTER);
    CHECK(elman_start(&net, state + 1, 6, scratch, 1), ELMAN_LENGTH);
    CHECK(elman_start(&net, (float *)(void *)((char *)state + 1), 5, scratch, 1), ELMAN_POINTER);
    CHECK(elman_start(&net, state, 5, scratch, 1), ELMAN_OK);
    CHECK(elman_start(&net, state, 5, scratch, 1), ELMAN_STAGE);
    CHECK(elman_get_label(&net, 0, &text, &len), ELMAN_OK);
    CHECK(elman_feed(&net, x, 2, NULL), ELMAN_STAGE);
    CHECK(elman_learn(&net, 0, 1, NULL), ELMAN_STAGE);
    CHECK(elman_step(&net, x, 3, y, 3), ELMAN_LENGTH);
    CHECK(elman_step(&net, x, 2, y, 2), ELMAN_LENGTH);
    CHECK(elman_step(&net, NULL, 2, y, 3), ELMAN_POINTER);
    CHECK(elman_step_ids(&net, (const uint32_t *)(const void *)x, 2, y, 3), ELMAN_KIND);
    CHECK(elman_step(&net, x, 2, y, 3), ELMAN_OK);
    CHECK(elman_reset(&net), ELMAN_OK);
    for (i = 0; i < 3; i++) {
        CHECK(elman_step(&net, x + 2 * i, 2, y, 3), ELMAN_OK);
        show();
    }
    return 0;
}
";

const TOKENS: &str = "
int main(void)
{
    static const uint32_t ids[3] = {0, 3, 4};
    static const uint32_t unknown = 5;
    size_t i;
    CHECK(elman_open(&net, image, sizeof image), ELMAN_OK);
    CHECK(elman_get_sizes(&net, &sizes), ELMAN_OK);
    if (sizes.reads_ids != 1 || sizes.inputs != 1) return 1;
    CHECK(elman_self_test(&net, state, 5, scratch, 2, y, 3, NULL), ELMAN_OK);
    CHECK(elman_start(&net, state, 5, scratch, 2), ELMAN_OK);
    CHECK(elman_step_ids(&net, &unknown, 1, y, 3), ELMAN_TOKEN);
    for (i = 0; i < 3; i++) {
        CHECK(elman_step_ids(&net, ids + i, 1, y, 3), ELMAN_OK);
        show();
    }
    return 0;
}
";

const GATED: &str = "
int main(void)
{
    static const float x[6] = {0.5f, -1.0f, 0.25f, 2.0f, -3.0f, 0.125f};
    size_t i, scratch_len;
    CHECK(elman_open(&net, image, sizeof image), ELMAN_OK);
    CHECK(elman_get_sizes(&net, &sizes), ELMAN_OK);
    scratch_len = sizes.scratch;
    printf(\"%d %d\\n\", (int)sizes.state, (int)scratch_len);
    CHECK(elman_self_test(&net, state, 9, scratch, scratch_len, y, 3, NULL), ELMAN_LENGTH);
    CHECK(elman_self_test(&net, state, 14, scratch, scratch_len, y, 3, NULL), ELMAN_OK);
    CHECK(elman_start(&net, state, 14, scratch, scratch_len), ELMAN_OK);
    CHECK(elman_step(&net, x, 2, y, 3), ELMAN_OK);
    CHECK(elman_reset(&net), ELMAN_OK);
    for (i = 0; i < 3; i++) {
        CHECK(elman_step(&net, x + 2 * i, 2, y, 3), ELMAN_OK);
        show();
    }
    return 0;
}
";

const BOTH: &str = "
int main(void)
{
    CHECK(elman_open(&net, image, sizeof image), ELMAN_OK);
    CHECK(elman_get_sizes(&net, &sizes), ELMAN_OK);
    if (sizes.streams != 0 || sizes.scratch != 0) return 1;
    CHECK(elman_self_test(&net, state, 10, scratch, 64, y, 9, NULL), ELMAN_BOTH_WAYS);
    CHECK(elman_start(&net, state, 10, scratch, 64), ELMAN_BOTH_WAYS);
    return 0;
}
";

#[test]
fn a_c_program_runs_an_image() {
    if !has("gcc") || !has("g++") {
        return;
    }
    let home = TempDir::new().unwrap();
    let net = Sample::new(Input::Dense { width: 2 }, Direction::Forward);
    let inputs = Inputs::Dense(&[0.5, -1.0, 0.25, 2.0, -3.0, 0.125]);
    let mut outputs = net.outputs(inputs);
    let right = bits(&outputs);
    for wrong in [None, Some(4)] {
        if let Some(wrong) = wrong {
            outputs[wrong] += 0.5;
        }
        let wanted = wrong.map_or("ELMAN_OK", |_| "ELMAN_MISMATCH");
        let program = [
            HEAD,
            &net.image(inputs, &outputs),
            &DENSE.replace("WANTED", wanted),
        ]
        .concat();
        for compiler in COMPILERS {
            let printed = run(home.path(), compiler, &program);
            let mut lines = printed.lines();
            assert_eq!(lines.next(), Some("2 3 0 1 5 1 3"));
            assert_eq!(
                lines.next(),
                Some(&*wrong.map_or(0, |wrong| wrong + 1).to_string())
            );
            assert_eq!(lines.collect::<Vec<_>>(), right, "{compiler:?}");
        }
    }
}

#[test]
fn tokens_and_nets_that_read_both_ways() {
    if !has("gcc") || !has("g++") {
        return;
    }
    let home = TempDir::new().unwrap();
    let channels = Channels::of([Channel {
        vocabulary: 4,
        width: 2,
    }]);
    let window = 1;
    let net = Sample::new(Input::Tokens { channels, window }, Direction::Forward);
    let inputs = Inputs::Tokens(&[0, 3, 4]);
    let outputs = net.outputs(inputs);
    let program = [HEAD, &net.image(inputs, &outputs), TOKENS].concat();
    let printed = run(home.path(), COMPILERS[0], &program);
    assert_eq!(printed.lines().collect::<Vec<_>>(), bits(&outputs));

    let net = Sample::new(Input::Dense { width: 2 }, Direction::Both);
    let inputs = Inputs::Dense(&[0.5, -1.0, 0.25, 2.0, -3.0, 0.125]);
    let outputs = net.outputs(inputs);
    run(
        home.path(),
        COMPILERS[1],
        &[HEAD, &net.image(inputs, &outputs), BOTH].concat(),
    );
}

#[test]
fn gated_cells_carry_all_of_their_state() {
    if !has("gcc") || !has("g++") {
        return;
    }
    let home = TempDir::new().unwrap();
    let layers = Layers::of([Layer::lstm(5), Layer::gru(4)]);
    let net = Sample::of(Input::Dense { width: 2 }, layers);
    let inputs = Inputs::Dense(&[0.5, -1.0, 0.25, 2.0, -3.0, 0.125]);
    let outputs = net.outputs(inputs);
    let program = [HEAD, &net.image(inputs, &outputs), GATED].concat();
    for compiler in COMPILERS {
        let printed = run(home.path(), compiler, &program);
        let mut lines = printed.lines();
        // h and c of five units, h of four.
        let sizes = format!("{} {}", 2 * 5 + 4, net.spec.stream_len());
        assert_eq!(lines.next(), Some(sizes.as_str()));
        assert_eq!(lines.collect::<Vec<_>>(), bits(&outputs), "{compiler:?}");
    }
}
