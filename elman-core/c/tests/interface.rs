//! The header against the library: constants, signatures, and a C program that runs an image.

use std::path::{Path, PathBuf};
use std::process::Command;

use elman_c::{Code, NET_WORDS, Net, STRIP, Sizes};
use elman_core::*;
use tempfile::TempDir;

/// Flags under which the header must be silent.
const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-pedantic", "-Wconversion", "-Werror"];

/// Whether a compiler is there; on CI it must be.
fn has(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").output().is_ok();
    assert!(
        found || std::env::var("CI").as_deref() != Ok("true"),
        "{tool} is missing, and CI must have it"
    );
    if !found {
        eprintln!("SKIPPED: there is no {tool} on the PATH; apt-get install gcc g++");
    }
    found
}

/// The static library that cargo built beside this test.
fn library() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this program");
    let folder = test.parent().expect("its folder");
    let libraries = std::fs::read_dir(folder).expect("a folder").flatten();
    let built = libraries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libelman_c") && name.ends_with(".a")
    });
    let newest = built.max_by_key(|path| path.metadata().and_then(|file| file.modified()).ok());
    newest.expect("cargo builds the static library with the tests")
}

/// Compiles a program against the header and the library and runs it; returns what it printed.
fn run(folder: &Path, compiler: &[&str], program: &str) -> String {
    std::fs::write(folder.join("main.c"), program).unwrap();
    let binary = folder.join("main");
    let header = Path::new(env!("CARGO_MANIFEST_DIR"));
    let compiled = Command::new(compiler[0])
        .args(&compiler[1..])
        .args(STRICT)
        .arg("-I")
        .args([header, Path::new("main.c")])
        .args(["-x", "none"])
        .arg(library())
        .args(["-lpthread", "-ldl", "-lm", "-lrt", "-o"])
        .arg(&binary)
        .current_dir(folder)
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&compiled.stderr);
    assert!(
        compiled.status.success() && complaints.is_empty(),
        "{compiler:?}\n{complaints}"
    );
    let ran = Command::new(binary).current_dir(folder).output().unwrap();
    let printed = String::from_utf8(ran.stdout).unwrap();
    assert!(
        ran.status.success(),
        "{compiler:?}: {:?}\n{printed}",
        ran.status
    );
    printed
}

const COMPILERS: [&[&str]; 3] = [
    &["gcc", "-std=c99"],
    &["gcc", "-std=c11", "-O2"],
    &["g++", "-x", "c++", "-std=c++11"],
];

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
    ];
    let offsets: String = fields
        .map(|field| format!("show(offsetof(elman_sizes, {field}));\n"))
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
    let header = include_str!("../elman.h");
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
    assert_eq!(found.len(), 10, "{found:?}");
    for name in &found {
        assert!(
            header.contains(&format!("{name}(")),
            "{name} is not in elman.h"
        );
    }
}

/// A net, and an image of it with golden vectors of three steps.
struct Sample {
    spec: Spec,
    params: Vec<f32>,
    packed: Vec<Strip>,
}

impl Sample {
    fn new(input: Input, direction: Direction) -> Self {
        let layer = Layer {
            direction,
            ..Layer::tanh(5)
        };
        Self::of(input, Layers::of([layer]))
    }

    fn of(input: Input, layers: Layers) -> Self {
        let kind = HeadKind::Softmax { outputs: 3 };
        let spec = Spec {
            input,
            layers,
            initial_state: InitialState::Zero,
            head: Head {
                kind,
                read: Read::EveryStep,
            },
            dropout: Dropout::NONE,
        };
        let params: Vec<f32> = (0..spec.params_len()).map(|i| (i as f32).sin()).collect();
        let mut packed = vec![Strip::ZERO; spec.packed_len()];
        pack(&spec, &params, &mut packed).unwrap();
        Self {
            spec,
            params,
            packed,
        }
    }

    fn outputs(&self, inputs: Inputs<'_>) -> Vec<f32> {
        let model = Model::new(self.spec, &self.params, &self.packed).unwrap();
        let mut state = vec![0.0; self.spec.state_len()];
        let mut workspace = vec![Strip::ZERO; self.spec.workspace_len(3, 1)];
        let mut outputs = vec![0.0; 9];
        let batch = Batch::uniform(3, 1).unwrap();
        let level = Level::detect();
        forward(
            level,
            &model,
            &batch,
            inputs,
            &mut state,
            &mut workspace,
            &mut outputs,
        )
        .unwrap();
        outputs
    }

    /// As a C array.
    fn image(&self, inputs: Inputs<'_>, outputs: &[f32]) -> String {
        let image = Image {
            spec: self.spec,
            tables: &self.params[..self.spec.tables_len()],
            packed: &self.packed,
            golden: Golden {
                lengths: &[3],
                inputs,
                outputs,
                tolerance: 1e-5,
            },
            notes: NOTES,
        };
        let mut file = vec![0; image.file_len().unwrap()];
        image.write(&mut file).unwrap();
        let bytes: Vec<String> = file.iter().map(u8::to_string).collect();
        format!(
            "ELMAN_ALIGNED static unsigned char image[] = {{ {} }};",
            bytes.join(",")
        )
    }
}

/// As `elman export` writes them.
const NOTES: &str = r#"{"encoding":{"names":[{"name":"labels","about":"","items":["up","down","left"]}],"front":{"scale":["3f80000000000000be000000","41200000000000003f000000"],"farthest":"40000000"}}}"#;

const HEAD: &str = "
#include \"elman.h\"
#include <stdio.h>
#include <string.h>
static elman_net net;
static elman_sizes sizes;
static float state[16], y[16];
static elman_strip scratch[64];
#define CHECK(call, code) do { const int got = (call); if (got != (code)) { \\
    printf(\"line %d: %d, %s\\n\", __LINE__, got, elman_message(got)); return 1; } } while (0)
static void show(void)
{
    size_t i;
    for (i = 0; i < 3; i++) {
        uint32_t bits;
        memcpy(&bits, y + i, sizeof bits);
        printf(\"%08lx\\n\", (unsigned long)bits);
    }
}
";

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
    CHECK(elman_reset(&net), ELMAN_STAGE);
    CHECK(elman_self_test(&net, state, 4, scratch, 1, y, 3, NULL), ELMAN_LENGTH);
    CHECK(elman_self_test(&net, state, 5, scratch, 1, y, 3, &wrong), WANTED);
    printf(\"%lu\\n\", (unsigned long)wrong);
    CHECK(elman_start(&net, state, 5, NULL, 1), ELMAN_POINTER);
    CHECK(elman_start(&net, state + 1, 6, scratch, 1), ELMAN_LENGTH);
    CHECK(elman_start(&net, (float *)(void *)((char *)state + 1), 5, scratch, 1), ELMAN_POINTER);
    CHECK(elman_start(&net, state, 5, scratch, 1), ELMAN_OK);
    CHECK(elman_start(&net, state, 5, scratch, 1), ELMAN_STAGE);
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

fn bits(outputs: &[f32]) -> Vec<String> {
    outputs
        .iter()
        .map(|y| format!("{:08x}", y.to_bits()))
        .collect()
}

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
        &[HEAD, &net.image(inputs, &outputs), BOTH]
            .concat()
            .replace("static void show", "void show(void);\nvoid show"),
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
