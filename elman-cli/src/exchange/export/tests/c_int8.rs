//! C of nets in whole numbers: every logit, every state and every float is that of elman-core.

use elman_core::quantized::{Integers, QuantizedModel, QuantizedStream};

use super::*;
use crate::exchange::export::c_int8;

/// The nets, their words and the rows that they are asked about.
struct Case {
    network: Network,
    words: Vec<u32>,
    other: Proof,
}

impl Case {
    fn new(spec: &Spec, seed: u64) -> Self {
        let network = gentle(spec, seed);
        let (words, _) = quantize::rounded(&network, &generated(spec, 3)).unwrap();
        let other = Proof::made_up(&network, seed + 2, 40).unwrap();
        Self {
            network,
            words,
            other,
        }
    }

    fn write(&self, home: &Path) {
        let proof = Proof::made_up(&self.network, 1, 20).unwrap();
        let parts = parts(&self.network, proof);
        let (outputs, size) = c_int8::write(&parts, &self.words, &home.join("net.c")).unwrap();
        assert!(size.flash_bytes > 0 && size.scratch_bytes > 0);
        save(&outputs);
    }

    /// What C says that it computed, beside what core computes. Softmax has core's bits where multiply-adds are fused; elsewhere the
    /// self-test alone is looked at.
    fn check(&self, printed: &str, is_fused: bool, what: &str) {
        let mut lines = printed.lines();
        assert_eq!(lines.next(), Some("0"), "the self-test of {what}");
        let has_softmax = matches!(self.network.spec().head.kind, HeadKind::Softmax { .. });
        if has_softmax && is_fused != Level::detect().is_fused() {
            return;
        }
        let found: Vec<&str> = lines.collect();
        let expected = self.expected();
        let wrong = found.iter().zip(&expected).position(|(a, b)| *a != b);
        assert_eq!(wrong, None, "{what}");
        assert_eq!(found.len(), expected.len(), "{what}");
    }

    /// Logits, then the state, then the outputs, as the C program prints them.
    fn expected(&self) -> Vec<String> {
        let spec = *self.network.spec();
        let model = QuantizedModel::new(spec, &self.words).unwrap();
        let golden = self.other.golden();
        let (width, columns) = (spec.golden_width(), spec.output_width());
        let numbers: Vec<i16> = match golden.inputs {
            Inputs::Dense(x) => x.iter().map(|&x| model.integer(x)).collect(),
            Inputs::Tokens(_) => Vec::new(),
        };
        let whole = |start: usize, len: usize| match golden.inputs {
            Inputs::Dense(_) => Integers::Dense(&numbers[start..start + len]),
            Inputs::Tokens(ids) => Integers::Tokens(&ids[start..start + len]),
        };
        let floats = |start: usize, len: usize| match golden.inputs {
            Inputs::Dense(x) => Inputs::Dense(&x[start..start + len]),
            Inputs::Tokens(ids) => Inputs::Tokens(&ids[start..start + len]),
        };
        let (mut lines, mut at) = (Vec::new(), 0);
        for &length in golden.lengths {
            let length = length as usize;
            let rows = if spec.is_bidirectional() {
                spec.output_rows(length, 1)
            } else {
                1
            };
            let (mut logits, mut outputs) = (vec![0; rows * columns], vec![0.0; rows * columns]);
            let mut state = vec![0; spec.int8().state_len()];
            let mut room = vec![0; spec.int8().self_test_len(length)];
            let mut print = |logits: &[i32], outputs: &[f32]| {
                lines.extend(logits.iter().map(|y| format!("{:08x}", *y as u32)));
                lines.extend(bits(outputs));
            };
            if spec.is_bidirectional() {
                model.reset(&mut state);
                let inputs = whole(at, length * width);
                model
                    .forward_integers(inputs, length, &mut state, &mut room, &mut logits)
                    .unwrap();
                model.reset(&mut state);
                let inputs = floats(at, length * width);
                model
                    .forward(inputs, length, &mut state, &mut room, &mut outputs)
                    .unwrap();
                print(&logits, &outputs);
            } else {
                let (mut state_2, mut room_2) = (state.clone(), room.clone());
                let mut stream = QuantizedStream::new(model, &mut state, &mut room).unwrap();
                let mut stream_2 = QuantizedStream::new(model, &mut state_2, &mut room_2).unwrap();
                for step in 0..length {
                    let start = at + step * width;
                    stream
                        .step_integers(whole(start, width), &mut logits)
                        .unwrap();
                    stream_2.step(floats(start, width), &mut outputs).unwrap();
                    print(&logits, &outputs);
                }
                lines.extend(states(&spec, &state));
            }
            at += length * width;
        }
        lines
    }
}

/// Every h, then every c, as the C program prints them.
fn states(spec: &Spec, state: &[u32]) -> Vec<String> {
    let lengths = spec.int8();
    let mut lines = Vec::new();
    for cells in [false, true] {
        for (layer, l) in spec.layers.as_slice().iter().enumerate() {
            let reverse = false;
            let place = Place { layer, reverse };
            if cells && l.cell.facts().states < 2 {
                continue;
            }
            for unit in 0..l.hidden.next_multiple_of(8) {
                let number = match (unit < l.hidden, cells) {
                    (false, _) => 0,
                    (true, false) => lengths.read_state(state, place, unit),
                    (true, true) => lengths.read_cell(state, place, unit),
                };
                lines.push(number.to_string());
            }
        }
    }
    lines
}

/// A program that runs the self-test, then prints what comes out for other inputs.
fn main_program(spec: &Spec, other: &Proof) -> String {
    let golden = other.golden();
    let (element, inputs) = c_inputs(golden.inputs);
    let is_dense = element == "float";
    let whole = if is_dense {
        "static int16_t whole[sizeof x / sizeof *x];"
    } else {
        "#define whole x"
    };
    let convert = if is_dense {
        "for (i = 0; i < sizeof x / sizeof *x; i++) whole[i] = net_integer(x[i]);"
    } else {
        ""
    };
    let has_cells = spec
        .layers
        .as_slice()
        .iter()
        .any(|l| l.cell.facts().states > 1);
    let cells = if has_cells {
        "for (i = 0; i < NET_CELLS; i++) printf(\"%d\\n\", net.c[i]);"
    } else {
        ""
    };
    let run = if spec.is_bidirectional() {
        "static int16_t work[NET_WORK(64) + 1]; static int32_t y[NET_ROWS(64) * NET_OUTPUTS];
         static float z[NET_ROWS(64) * NET_OUTPUTS];
         printf(\"%lu\\n\", (unsigned long)net_self_test(work, y));
         for (s = 0; s < SEQUENCES; s++) {
             const size_t len = NET_ROWS(lengths[s]) * NET_OUTPUTS;
             memset(work, 77, sizeof work);
             if (net_run(whole + row * NET_INPUTS, lengths[s], work + s % 2, y) != 0) return 1;
             memset(work, 77, sizeof work);
             if (net_run_float(x + row * NET_INPUTS, lengths[s], work, z) != 0) return 1;
             print(y, z, len);
             row += lengths[s];
         }"
        .to_owned()
    } else {
        format!(
            "static net_state net, other; static int32_t y[NET_OUTPUTS]; static float z[NET_OUTPUTS];
         memset(&net, 77, sizeof net);
         printf(\"%lu\\n\", (unsigned long)net_self_test(&net, y));
         for (s = 0; s < SEQUENCES; s++) {{
             size_t t;
             net_reset(&net);
             net_reset(&other);
             for (t = 0; t < lengths[s]; t++, row++) {{
                 if (net_step(&net, whole + row * NET_INPUTS, y) != 0) return 1;
                 if (net_step_float(&other, x + row * NET_INPUTS, z) != 0) return 1;
                 print(y, z, NET_OUTPUTS);
             }}
             for (i = 0; i < NET_STATE; i++) printf(\"%d\\n\", net.h[net.turn][i]);
             {cells}
         }}"
        )
    };
    let lengths: Vec<String> = golden.lengths.iter().map(u32::to_string).collect();
    format!(
        "#include \"net.h\"
#include <stdio.h>
#include <string.h>
#define SEQUENCES {}
static const {element} x[] = {{ {} }};
{whole}
static const size_t lengths[] = {{ {} }};
static void print(const int32_t *logits, const float *y, size_t len)
{{
    size_t i;
    for (i = 0; i < len; i++) {{
        printf(\"%08lx\\n\", (unsigned long)(uint32_t)logits[i]);
    }}
    for (i = 0; i < len; i++) {{
        uint32_t bits;
        memcpy(&bits, y + i, sizeof bits);
        printf(\"%08lx\\n\", (unsigned long)bits);
    }}
}}
int main(void)
{{
    size_t s, i = 0, row = 0;
    (void)i;
    {convert}
    {run}
    return net_mean[0] < 0.5 && net_labels[0][0] == 'a' ? 0 : 1;
}}
",
        golden.lengths.len(),
        inputs.join(", "),
        lengths.join(", "),
    )
}

/// Compiles, runs and compares.
fn compare(name: &str, case: &Case, home: &Path, compiler: &[&str], is_fused: bool) {
    let printed = compile_and_run(home, compiler);
    case.check(&printed, is_fused, &format!("{name}: {compiler:?}"));
}

/// Emulated chips: what they are called, QEMU's machine, flags, and whether they fuse multiply-adds.
const CHIPS: [(&str, &str, &str, bool); 4] = [
    (
        "Cortex-M4F",
        "mps2-an386",
        "-mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16 -O2",
        true,
    ),
    // A Cortex-M4F does what a Cortex-M0 can.
    ("Cortex-M0", "mps2-an386", "-mcpu=cortex-m0 -Os", false),
    (
        "Cortex-M55",
        "mps3-an547",
        "-mcpu=cortex-m55 -mfloat-abi=hard -O3",
        true,
    ),
    (
        "Cortex-M55 without assembly",
        "mps3-an547",
        "-mcpu=cortex-m55 -mfloat-abi=hard -O2 -DNET_NO_ASM",
        true,
    ),
];

/// A case, its net in C and the program around it, in a folder of their own.
fn written(spec: &Spec, seed: u64) -> (Case, TempDir) {
    let (case, home) = (Case::new(spec, seed), TempDir::new().unwrap());
    case.write(home.path());
    let program = main_program(spec, &case.other);
    std::fs::write(home.path().join("main.c"), program).unwrap();
    (case, home)
}

/// What the program prints on such a chip.
fn run_on_chip(home: &Path, machine: &str, flags: &str) -> String {
    let firmware = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/firmware/c/semihost");
    let mut command = Command::new("arm-none-eabi-gcc");
    command
        .args(flags.split(' '))
        .args(["-mthumb", "-std=gnu99", "-Wall", "-Wextra", "-Werror"])
        .args(["main.c", "net.c", "-o", "chip.elf", "--specs=rdimon.specs"])
        .args(["-Wl,--no-warn-rwx-segments,--no-warn-execstack", "-T"])
        .arg(firmware.join("semihost.ld"))
        .arg(firmware.join("start.c"));
    let compiled = command.current_dir(home).output().unwrap();
    let complaints = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{flags}\n{complaints}");
    let mut command = Command::new("qemu-system-arm");
    command
        .args([
            "-M",
            machine,
            "-nographic",
            "-monitor",
            "none",
            "-serial",
            "none",
        ])
        .args(["-semihosting-config", "enable=on,target=native"])
        .args(["-kernel", "chip.elf"]);
    let ran = command.current_dir(home).output().unwrap();
    assert!(ran.status.success(), "{machine} {flags}: {:?}", ran.status);
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn chips_have_the_integers_of_core() {
    if !has("arm-none-eabi-gcc") || !has("qemu-system-arm") {
        return;
    }
    let all = [specs(), long_rows()].concat();
    for (seed, (name, spec)) in all.into_iter().enumerate() {
        let (case, home) = written(&spec, seed as u64);
        // Two of the four each.
        for (chip, machine, flags, is_fused) in CHIPS.iter().skip(seed % 2).step_by(2) {
            let what = format!("{name} on a {chip}");
            case.check(&run_on_chip(home.path(), machine, flags), *is_fused, &what);
        }
    }
}

/// Nets whose rows are longer than a sum of 32 bits holds.
fn long_rows() -> Vec<(&'static str, Spec)> {
    let plain = Spec::dense(600, 5, 3);
    let both = Layer {
        direction: Direction::Both,
        ..Layer::tanh(260)
    };
    vec![
        ("long_inputs", plain),
        (
            "long_states",
            Spec {
                layers: Layers::of([Layer::tanh(510), Layer::gru(6)]),
                ..Spec::dense(9, 1, 2)
            },
        ),
        (
            "long_both",
            Spec {
                layers: Layers::of([both]),
                ..Spec::dense(3, 1, 2)
            },
        ),
    ]
}

/// Nets of random shapes.
fn random_specs() -> Vec<(&'static str, Spec)> {
    let mut rng = seeds::generator(11, Purpose::Sample, &[]);
    let mut below = |n: usize| seeds::below(&mut rng, n);
    let mut specs = Vec::new();
    for _ in 0..24 {
        let mut layer = || {
            let cell = [
                Cell::elman(Activation::Tanh),
                Cell::elman(Activation::Relu),
                Cell::elman(Activation::Identity),
                Cell::gru(),
                Cell::lstm(),
                Cell::FastRnn,
                Cell::FastGrnn,
            ][below(7)];
            Layer {
                hidden: 1 + below(40),
                direction: [Direction::Forward, Direction::Forward, Direction::Both][below(3)],
                cell,
            }
        };
        let (first, second) = (layer(), layer());
        let layers = match below(2) {
            0 => Layers::of([first]),
            _ => Layers::of([first, second]),
        };
        let (width, outputs) = (1 + below(20), 1 + below(12));
        let read = [Read::EveryStep, Read::LastStep][below(2)];
        let kind = HeadKind::Linear { outputs };
        specs.push((
            "random",
            Spec {
                layers,
                head: Head { kind, read },
                ..Spec::dense(width, 1, 1)
            },
        ));
    }
    specs
}

#[test]
fn c_has_the_integers_of_core_and_no_warnings() {
    if !has("gcc") || !has("g++") {
        return;
    }
    let all = [specs(), long_rows(), random_specs()].concat();
    for (seed, (name, spec)) in all.into_iter().enumerate() {
        let (case, home) = written(&spec, seed as u64);
        // Of random nets one compiler each.
        let chosen = match name {
            "random" => compilers().into_iter().cycle().skip(seed).take(1).collect(),
            _ => compilers_of(seed),
        };
        for (compiler, is_fused) in chosen {
            compare(name, &case, home.path(), &compiler, is_fused);
        }
        let sanitized = "gcc -std=c99 -O1 -fsanitize=undefined,address -fno-sanitize-recover=all";
        let sanitized: Vec<&str> = sanitized.split(' ').collect();
        compare(
            name,
            &case,
            home.path(),
            &sanitized,
            cfg!(target_arch = "aarch64"),
        );
    }
}

#[test]
fn a_changed_bias_is_found_by_the_self_test() {
    if !has("gcc") {
        return;
    }
    for (name, spec) in specs() {
        if spec.head.kind == HeadKind::None {
            continue;
        }
        let home = TempDir::new().unwrap();
        let case = Case::new(&spec, 5);
        case.write(home.path());
        let text = std::fs::read_to_string(home.path().join("net.c")).unwrap();
        // The first bias of the head, one more: every first logit is one more.
        let (before, head) = text.split_once("net_head_rows[").unwrap();
        let (declaration, rows) = head.split_once("{{").unwrap();
        let (bias, rest) = rows.split_once(',').unwrap();
        let bias = bias.parse::<i32>().unwrap() + 1;
        let changed = format!("{before}net_head_rows[{declaration}{{{{{bias},{rest}");
        std::fs::write(home.path().join("net.c"), changed).unwrap();
        let program = main_program(&spec, &case.other);
        std::fs::write(home.path().join("main.c"), program).unwrap();
        let printed = compile_and_run(home.path(), &["gcc", "-O1"]);
        assert_eq!(printed.lines().next(), Some("1"), "{name}");
    }
}

#[test]
fn a_weight_that_fits_beside_no_other_is_refused() {
    let (_, spec) = specs().remove(0);
    let mut case = Case::new(&spec, 6);
    // The first weight of the head's last block.
    let last = case.words.len() - 8;
    case.words[last] = case.words[last] & !0xff | 0x80;
    let parts = parts(&case.network, Proof::made_up(&case.network, 1, 20).unwrap());
    let refused = c_int8::write(&parts, &case.words, Path::new("net.c"));
    let sentence = refused.err().unwrap().to_string();
    assert!(
        sentence.contains("-128") && sentence.contains("elman quantize RUN"),
        "{sentence}"
    );
}
