//! Exports of nets of every kind: compiled, run, and compared bit for bit.

mod c_int8;
mod events;
mod feed;
mod image;
mod nets;
mod numbers;
mod package;

use std::path::{Path, PathBuf};
use std::process::Command;

use elman_core::*;
use tempfile::TempDir;

use super::proof::{Proof, generated};
use super::{Output, Parts, c, int8, rust};
use crate::base::encoding::Encoding;
use crate::base::seeds::{self, Purpose};
use crate::command::quantize;
use crate::net::network::Network;
use nets::specs;

fn network(spec: &Spec, seed: u64) -> Network {
    let mut params = vec![0.0; spec.params_len()];
    let mut rng = seeds::generator(seed, Purpose::Parameters, &[]);
    initialize(spec, Init::Pytorch, &mut rng, &mut params).unwrap();
    // Far enough from zero that every part of tanh is met.
    params.iter_mut().for_each(|x| *x *= 3.0);
    Network::new(*spec, params).unwrap()
}

/// With weights that keep within 16 bits: relu of larger ones would outgrow them.
fn gentle(spec: &Spec, seed: u64) -> Network {
    let params = network(spec, seed)
        .params()
        .iter()
        .map(|x| x / 3.0)
        .collect();
    Network::new(*spec, params).unwrap()
}

/// The same in whole numbers.
fn words(network: &Network) -> Vec<u32> {
    let sequences = generated(network.spec(), 3);
    quantize::rounded(network, &sequences).unwrap().0
}

fn encoding() -> Encoding {
    let mut encoding = Encoding::default();
    encoding.remark("x[i] = (value - mean[i]) / deviation[i] */ \\");
    let labels = ["a\"b", "ä\n", "\\??/"].map(str::to_owned);
    encoding.add_names("labels", "What /* the outputs are called.", labels.to_vec());
    encoding.add_numbers("mean", "Means.", &[0.1, -3e-7, 1e9, 2.0, 5.0]);
    encoding
}

fn parts<'a>(network: &'a Network, proof: Proof) -> Parts<'a> {
    Parts {
        network,
        spec: *network.spec(),
        proof,
        encoding: encoding(),
        run: "test".to_owned(),
    }
}

/// A net, what stands around it, and made-up samples that prove both.
fn parts_around(network: &Network, encoding: Encoding) -> Parts<'_> {
    let proof = Proof::made_up_raw(network, 1, 20, &encoding).unwrap();
    Parts {
        encoding,
        ..parts(network, proof)
    }
}

fn save(outputs: &[Output]) {
    for Output { path, content } in outputs {
        std::fs::write(path, content).unwrap();
    }
}

/// Whether a compiler is there; on CI it must be.
fn has(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").output().is_ok();
    assert!(
        found || std::env::var("CI").as_deref() != Ok("true"),
        "{tool} is missing, and CI must have it"
    );
    if !found {
        eprintln!("SKIPPED: there is no {tool} on the PATH; .ci/run installs what is needed");
    }
    found
}

/// Compilers and flags, and whether the result fuses multiply-adds.
fn compilers() -> Vec<(Vec<&'static str>, bool)> {
    const STRICT: &str = "-Wall -Wextra -pedantic -Wshadow -Wconversion -Werror";
    let with = |line: &'static str| line.split(' ').chain(STRICT.split(' ')).collect();
    let mut compilers = vec![
        (with("gcc -std=c99 -O2"), cfg!(target_arch = "aarch64")),
        (
            with("g++ -x c++ -std=c++11 -Os"),
            cfg!(target_arch = "aarch64"),
        ),
    ];
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("fma") {
        compilers.push((with("gcc -std=gnu11 -O3 -mfma"), true));
        compilers.push((with("g++ -x c++ -std=c++17 -O1 -mfma"), true));
    }
    compilers
}

/// Two of them, one that does not fuse and one that does, where there are four: C and C++ in turn, so that each has half of the nets.
/// All four for every net take twice as long.
fn compilers_of(net: usize) -> Vec<(Vec<&'static str>, bool)> {
    compilers().into_iter().skip(net % 2).step_by(2).collect()
}

/// Compiles `main.c` and `net.c` of a folder with all warnings as errors and runs them.
fn compile_and_run(folder: &Path, compiler: &[&str]) -> String {
    let program = folder.join("program");
    let mut command = Command::new(compiler[0]);
    command.args(&compiler[1..]).args(["main.c", "net.c", "-o"]);
    let compiled = command.arg(&program).current_dir(folder).output().unwrap();
    let complaints = String::from_utf8_lossy(&compiled.stderr);
    assert!(
        compiled.status.success() && complaints.is_empty(),
        "{compiler:?}\n{complaints}"
    );
    let ran = Command::new(&program).output().unwrap();
    assert!(ran.status.success(), "{compiler:?}: {:?}", ran.status);
    String::from_utf8(ran.stdout).unwrap()
}

/// The type of inputs in C, and each of them.
fn c_inputs(inputs: Inputs<'_>) -> (&'static str, Vec<String>) {
    match inputs {
        Inputs::Dense(numbers) => ("float", numbers.iter().map(|x| format!("{x:?}f")).collect()),
        Inputs::Tokens(ids) => ("uint32_t", ids.iter().map(|id| format!("{id}u")).collect()),
    }
}

/// A program that runs the self-test, then prints the bits of outputs for other inputs.
fn main_program(spec: &Spec, other: &Proof) -> String {
    let golden = other.golden();
    let (element, inputs) = c_inputs(golden.inputs);
    let run = if spec.is_bidirectional() {
        "static float work[NET_WORK(64)], y[NET_ROWS(64) * NET_OUTPUTS];
         printf(\"%lu\\n\", (unsigned long)net_self_test(work, y));
         for (s = 0; s < SEQUENCES; s++) {
             if (net_run(x + row * NET_INPUTS, lengths[s], work, y) != 0) return 1;
             print(y, NET_ROWS(lengths[s]) * NET_OUTPUTS);
             row += lengths[s];
         }"
    } else {
        "static net_state net; static float y[NET_OUTPUTS];
         printf(\"%lu\\n\", (unsigned long)net_self_test(&net, y));
         for (s = 0; s < SEQUENCES; s++) {
             size_t t;
             net_reset(&net);
             for (t = 0; t < lengths[s]; t++, row++) {
                 if (net_step(&net, x + row * NET_INPUTS, y) != 0) return 1;
                 print(y, NET_OUTPUTS);
             }
         }"
    };
    format!(
        "#include \"net.h\"
#include <stdio.h>
#include <string.h>
#define SEQUENCES {}
static const {element} x[] = {{ {} }};
static const size_t lengths[] = {{ {} }};
static void print(const float *from, size_t len)
{{
    size_t i;
    for (i = 0; i < len; i++) {{
        uint32_t bits;
        memcpy(&bits, from + i, sizeof bits);
        printf(\"%08lx\\n\", (unsigned long)bits);
    }}
}}
int main(void)
{{
    size_t s, row = 0;
    {run}
    return net_mean[0] < 0.5 && net_labels[0][0] == 'a' ? 0 : 1;
}}
",
        golden.lengths.len(),
        inputs.join(", "),
        golden
            .lengths
            .iter()
            .map(u32::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    )
}

fn bits(outputs: &[f32]) -> Vec<String> {
    outputs
        .iter()
        .map(|y| format!("{:08x}", y.to_bits()))
        .collect()
}

#[test]
fn c_has_the_bits_of_core_and_no_warnings() {
    if !has("gcc") || !has("g++") {
        return;
    }
    for (seed, (name, spec)) in specs().into_iter().enumerate() {
        let home = TempDir::new().unwrap();
        let network = network(&spec, seed as u64);
        let parts = parts(&network, Proof::made_up(&network, 1, 20).unwrap());
        save(&c::write(&parts, &home.path().join("net.c")).unwrap().0);
        let other = Proof::made_up(&network, 2, 40).unwrap();
        std::fs::write(home.path().join("main.c"), main_program(&spec, &other)).unwrap();
        for (compiler, fused) in compilers_of(seed) {
            let printed = compile_and_run(home.path(), &compiler);
            let mut lines = printed.lines();
            assert_eq!(
                lines.next(),
                Some("0"),
                "{name}: the self-test of {compiler:?}"
            );
            let found: Vec<&str> = lines.collect();
            let model = network.model().unwrap();
            let level = if fused {
                Level::detect()
            } else {
                Level::PORTABLE
            };
            if level.is_fused() == fused {
                assert_eq!(
                    found,
                    bits(&other.run(level, &model).unwrap()),
                    "{name}: {compiler:?}"
                );
            }
        }
    }
}

#[test]
fn a_changed_weight_is_found_by_the_self_test() {
    if !has("gcc") {
        return;
    }
    for (name, spec) in specs() {
        let home = TempDir::new().unwrap();
        let network = network(&spec, 3);
        let parts = parts(&network, Proof::made_up(&network, 1, 20).unwrap());
        let mut outputs = c::write(&parts, &home.path().join("net.c")).unwrap().0;
        // The first bias of the first layer.
        let bias = spec
            .tensors()
            .find(|tensor| matches!(tensor.kind, TensorKind::Bias(_)));
        let bias = network.params()[bias.unwrap().offset];
        let text = String::from_utf8(std::mem::take(&mut outputs[0].content)).unwrap();
        let changed = text.replacen(&format!(" {bias:?}f,"), &format!(" {:?}f,", bias + 0.25), 1);
        assert_ne!(text, changed, "{name}");
        outputs[0].content = changed.into_bytes();
        save(&outputs);
        std::fs::write(
            home.path().join("main.c"),
            main_program(&spec, &parts.proof),
        )
        .unwrap();
        // Gates may let through less than the tolerance; where multiply-adds are fused, every bit counts.
        let is_elman = |layer: &Layer| matches!(layer.cell, Cell::Elman { .. });
        let compiler = match compilers().pop() {
            _ if spec.layers.as_slice().iter().all(is_elman) => vec!["gcc", "-O1"],
            Some((fused, true)) => fused,
            _ => continue,
        };
        let printed = compile_and_run(home.path(), &compiler);
        assert_ne!(printed.lines().next(), Some("0"), "{name}");
    }
}

/// A crate that holds every module, built offline where elman-core has been built before.
fn crate_of(modules: &[String], calls: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let core = root.join("elman-core");
    let home = std::env::temp_dir().join(format!("elman-export-{}", std::process::id()));
    std::fs::create_dir_all(home.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"exported\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[dependencies]\nelman-core = {{ path = {core:?} }}\n[workspace]\n"
    );
    std::fs::write(home.join("Cargo.toml"), manifest).unwrap();
    std::fs::copy(root.join("Cargo.lock"), home.join("Cargo.lock")).unwrap();
    let mut main = "#![deny(warnings)]\n".to_owned();
    for module in modules {
        main += &format!("mod {module};\n");
    }
    main += "\nfn main() {\n";
    for module in modules {
        let feed = match module.starts_with("fed_") {
            true => format!(".max({module}::feed_self_test())"),
            false => String::new(),
        };
        main += &format!("    println!(\"{module} {{}}\", {module}::self_test(){feed});\n");
    }
    main += &format!("{calls}}}\n");
    std::fs::write(home.join("src/main.rs"), main).unwrap();
    home
}

/// Bytes of a golden table, as a module declares it: `static GOLDEN_INPUTS: [i16; 24]`.
fn declared_bytes(text: &str, table: &str) -> usize {
    let (_, rest) = text
        .split_once(&format!("GOLDEN_{table}: ["))
        .expect("a table");
    let (of, rest) = rest.split_once("; ").expect("a type");
    let (count, _) = rest.split_once(']').expect("a length");
    let bits: usize = of[1..].parse().expect("a number's width");
    bits / 8 * count.parse::<usize>().expect("a number")
}

#[test]
fn rust_compiles_with_core_alone_and_proves_itself() {
    let specs = specs();
    let names = specs.iter().map(|(name, _)| (*name).to_owned());
    let int8 = specs.iter().map(|(name, _)| format!("{name}_int8"));
    let mut fed = feed::modules();
    fed.extend(numbers::modules());
    let (mut calls, mut told) = (String::new(), String::new());
    for (name, files, call, printed) in numbers::scaled_modules() {
        fed.push((name, files));
        calls += &call;
        told += &printed;
    }
    let names = names.chain(int8);
    let names: Vec<String> = names
        .chain(fed.iter().map(|(name, _)| name.clone()))
        .collect();
    let home = crate_of(&names, &calls);
    for (seed, (name, spec)) in specs.iter().enumerate() {
        let network = network(spec, seed as u64);
        let parts = parts(&network, Proof::made_up(&network, 1, 20).unwrap());
        save(&rust::write(&parts, &home.join(format!("src/{name}.rs"))).0);
    }
    for (seed, (name, spec)) in specs.iter().enumerate() {
        let network = network(spec, seed as u64);
        // Relu of weights as large would outgrow 16 bits.
        let gentle = network.params().iter().map(|x| x / 3.0).collect();
        let network = Network::new(*spec, gentle).unwrap();
        let parts = self::parts(&network, Proof::made_up(&network, 1, 20).unwrap());
        let (words, _) = quantize::rounded(&network, &generated(spec, 3)).unwrap();
        let path = home.join(format!("src/{name}_int8.rs"));
        let (outputs, size) = int8::write(&parts, &words, &path).unwrap();
        let text = String::from_utf8_lossy(&outputs[0].content);
        let tables = ["LENGTHS", "INPUTS", "LOGITS"].map(|table| declared_bytes(&text, table));
        assert_eq!(size.golden_bytes, tables.iter().sum::<usize>(), "{name}");
        save(&outputs);
    }
    for (_, outputs) in fed {
        for Output { path, content } in outputs {
            std::fs::write(home.join("src").join(path), content).unwrap();
        }
    }
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    // One folder for all runs of the tests, so that core is built once.
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/exported");
    let cargo = |line: &[&str]| {
        let mut command = Command::new(&cargo);
        command
            .args(line)
            .arg("--target-dir")
            .arg(&target)
            .current_dir(&home);
        command.output().expect("cargo starts")
    };
    let ran = cargo(&["run", "--quiet", "--offline"]);
    let complaints = String::from_utf8_lossy(&ran.stderr);
    assert!(
        ran.status.success() && complaints.is_empty(),
        "{complaints}"
    );
    let expected: String = names.iter().map(|name| format!("{name} 0\n")).collect();
    assert_eq!(String::from_utf8_lossy(&ran.stdout), expected + &told);
    if has("rustfmt") {
        let files = names.iter().map(|name| home.join(format!("src/{name}.rs")));
        let mut rustfmt = Command::new("rustfmt");
        let checked = rustfmt
            .args(["--edition", "2024", "--check"])
            .args(files)
            .output()
            .unwrap();
        assert!(
            checked.status.success(),
            "{}",
            String::from_utf8_lossy(&checked.stdout)
        );
    }
    std::fs::remove_dir_all(&home).unwrap();
}
