//! Compiles C against the header and the library, and runs it; and the nets that it runs.

use std::path::{Path, PathBuf};
use std::process::Command;

use elman_core::feed::FeedGolden;
use elman_core::quantized::{Calibration, quantize};
use elman_core::*;

/// Flags under which the header must be silent.
const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-pedantic", "-Wconversion", "-Werror"];

/// Whether a compiler is there; on CI it must be.
pub fn has(tool: &str) -> bool {
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
pub fn library() -> PathBuf {
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
pub fn run(folder: &Path, compiler: &[&str], program: &str) -> String {
    std::fs::write(folder.join("main.c"), program).unwrap();
    build_and_run(folder, compiler, &[Path::new("main.c")])
}

/// The same for the files of a program, of which the first is C.
pub fn build_and_run(folder: &Path, compiler: &[&str], files: &[&Path]) -> String {
    let binary = folder.join("main");
    let header = Path::new(env!("CARGO_MANIFEST_DIR"));
    let compiled = Command::new(compiler[0])
        .args(&compiler[1..])
        .args(STRICT)
        .arg("-I")
        .args([header, files[0]])
        .args(["-x", "none"])
        .args(&files[1..])
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

pub const COMPILERS: [&[&str]; 4] = [
    &["gcc", "-std=c99"],
    &["gcc", "-std=c11", "-O2"],
    // Whoever writes or reads outside of the program's own buffers is stopped.
    &[
        "gcc",
        "-std=c99",
        "-g",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
    ],
    &["g++", "-x", "c++", "-std=c++11"],
];

/// A net, and an image of it with golden vectors of three steps.
pub struct Sample {
    pub spec: Spec,
    pub params: Vec<f32>,
    pub packed: Vec<Strip>,
}

impl Sample {
    pub fn new(input: Input, direction: Direction) -> Self {
        let layer = Layer {
            direction,
            ..Layer::tanh(5)
        };
        Self::of(input, Layers::of([layer]))
    }

    pub fn of(input: Input, layers: Layers) -> Self {
        Self::with_head(input, layers, HeadKind::Softmax { outputs: 3 })
    }

    pub fn with_head(input: Input, layers: Layers, kind: HeadKind) -> Self {
        Self::with_spec(Spec {
            input,
            layers,
            initial_state: InitialState::Zero,
            head: Head {
                kind,
                read: Read::EveryStep,
            },
            dropout: Dropout::NONE,
        })
    }

    pub fn with_spec(spec: Spec) -> Self {
        let params: Vec<f32> = (0..spec.params_len()).map(|i| (i as f32).sin()).collect();
        let mut packed = vec![Strip::ZERO; spec.packed_len()];
        pack(&spec, &params, &mut packed).unwrap();
        Self {
            spec,
            params,
            packed,
        }
    }

    pub fn outputs(&self, inputs: Inputs<'_>) -> Vec<f32> {
        let model = Model::new(self.spec, &self.params, &self.packed).unwrap();
        let mut state = vec![0.0; self.spec.state_len()];
        let mut workspace = vec![Strip::ZERO; self.spec.workspace_len(3, 1)];
        let mut outputs = vec![0.0; 3 * self.spec.output_width()];
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

    /// The words of the net in whole numbers, calibrated on what it reads.
    pub fn words(&self, inputs: &[f32]) -> Vec<u32> {
        let spec = &self.spec;
        let model = Model::new(*spec, &self.params, &self.packed).unwrap();
        let steps = inputs.len() / spec.input_width();
        let mut buffer = vec![Strip::ZERO; spec.tape_len(steps, 1)];
        let batch = Batch::uniform(steps, 1).unwrap();
        let mut tape = Tape::new(spec, batch, Inputs::Dense(inputs), 0, &mut buffer).unwrap();
        tape.start(&model, None).unwrap();
        tape.record(Level::detect(), &model, 0..steps).unwrap();
        let mut numbers = vec![0.0; spec.int8().calibration_len()];
        let mut calibration = Calibration::new(spec, &mut numbers).unwrap();
        calibration.observe(&tape).unwrap();
        let mut words = vec![0; spec.int8().model_len()];
        let (bytes, scratch) = (
            &mut vec![0; spec.int8().bytes_len()],
            &mut vec![0.0; spec.int8().scratch_len()],
        );
        quantize(spec, &self.params, &calibration, &mut words, bytes, scratch).unwrap();
        words
    }

    /// As a C array, with golden vectors of three steps.
    pub fn image(&self, inputs: Inputs<'_>, outputs: &[f32]) -> String {
        let golden = Golden {
            lengths: &[3],
            inputs,
            outputs,
            tolerance: 1e-5,
        };
        array(&self.file(golden, None, NOTES))
    }

    pub fn file(
        &self,
        golden: Golden<'_>,
        samples: Option<FeedGolden<'_>>,
        notes: &str,
    ) -> Vec<u8> {
        let image = Image {
            spec: self.spec,
            tables: &self.params[..self.spec.tables_len()],
            packed: &self.packed,
            golden,
            samples,
            numbers: None,
            notes,
        };
        let mut file = vec![0; image.file_len().unwrap()];
        image.write(&mut file).unwrap();
        file
    }
}

/// The bytes of an image in C.
pub fn array(file: &[u8]) -> String {
    let bytes: Vec<String> = file.iter().map(u8::to_string).collect();
    format!(
        "ELMAN_ALIGNED static unsigned char image[] = {{ {} }};\n",
        bytes.join(",")
    )
}

/// As `elman export` writes them.
pub const NOTES: &str = r#"{"encoding":{"names":[{"name":"labels","about":"","items":["up","down","left"]}],"front":{"scale":["3f80000000000000be000000","41200000000000003f000000"],"farthest":"40000000"}}}"#;

pub const HEAD: &str = "
#include \"elman.h\"
#include <stdio.h>
#include <string.h>
#define MAYBE __attribute__((unused)) static
static elman_net net;
static elman_sizes sizes;
static float state[16], y[16];
static elman_strip scratch[64];
#define CHECK(call, code) do { const int got = (call); if (got != (code)) { \\
    printf(\"line %d: %d, %s\\n\", __LINE__, got, elman_message(got)); return 1; } } while (0)
MAYBE void show(void)
{
    size_t i;
    for (i = 0; i < 3; i++) {
        uint32_t bits;
        memcpy(&bits, y + i, sizeof bits);
        printf(\"%08lx\\n\", (unsigned long)bits);
    }
}
";

pub fn bits(outputs: &[f32]) -> Vec<String> {
    outputs
        .iter()
        .map(|y| format!("{:08x}", y.to_bits()))
        .collect()
}
