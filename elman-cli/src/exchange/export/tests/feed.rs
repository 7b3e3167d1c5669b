//! From raw samples to events: exported, compiled, run on golden samples, and with numbers that are missing.

use std::path::Path;

use elman_core::feed::{Column, IntegerScale};
use elman_core::quantized::QuantizedModel;
use elman_core::*;
use tempfile::TempDir;

use super::{compile_and_run, compilers, compilers_of, has, network, parts_around, save, words};
use crate::base::encoding::{Encoding, EventRule, Front, Scale};
use crate::data::{Rows, Sequences, Targets};
use crate::exchange::export::parts::{Output, Parts};
use crate::exchange::export::proof::{Proof, generated};
use crate::exchange::export::{c, c_int8, int8, rust};
use crate::net::network::Network;

pub const TUNED: EventRule = EventRule {
    smoothing: 0.25,
    threshold: 0.3,
    refractory: 2,
    background: Some(1),
};

/// Streaming nets of two columns, with windows and without, tuned or not.
pub fn nets() -> Vec<(&'static str, Spec, Front)> {
    let spec = |window: usize, layers, read| Spec {
        layers,
        head: Head {
            kind: HeadKind::Softmax { outputs: 3 },
            read,
        },
        ..Spec::dense(2 * window, 8, 3)
    };
    let front = |window, rule| Front {
        scale: vec![Scale::new(1e4 + 0.1, 0.3), Scale::new(-0.7, 12.5)],
        farthest: 1.5,
        window,
        rule: Some(rule),
    };
    let every = EventRule::EVERY;
    vec![
        (
            "fed_plain",
            spec(1, Layers::of([Layer::tanh(8)]), Read::EveryStep),
            front(1, every),
        ),
        (
            "fed_last",
            spec(
                1,
                Layers::of([Layer::gru(5), Layer::tanh(9)]),
                Read::LastStep,
            ),
            front(1, TUNED),
        ),
        (
            "fed_window",
            spec(5, Layers::of([Layer::lstm(6)]), Read::EveryStep),
            front(5, TUNED),
        ),
    ]
}

/// The same of raw numbers that are whole.
pub fn whole_parts<'a>(network: &'a Network, front: &Front) -> Parts<'a> {
    let mut front = front.clone();
    front.scale = vec![Scale::new(-1000.25, 64.0), Scale::new(20_000.0, 4096.0)];
    let whole = |(column, &z): (usize, &f32)| {
        let (mean, deviation) = [(-1000.25, 64.0), (20_000.0, 4096.0)][column % 2];
        (((mean + f64::from(z) * deviation).round() - mean) / deviation) as f32
    };
    let spec = network.spec();
    let made_up = generated(spec, 1);
    let rows = Rows::numbers(spec.input_width());
    let mut sequences = Sequences::new(rows, Targets::classes(), spec.head.read);
    for sequence in 0..made_up.len() {
        for (step, row) in made_up.rows_of(sequence).enumerate() {
            if spec.head.read == Read::EveryStep || step == 0 {
                sequences.push_class(Target::IGNORED);
            }
            sequences.push_numbers(made_up.numbers(row).iter().enumerate().map(whole));
        }
        sequences.end_sequence();
    }
    let parts = parts(network, &front);
    Parts {
        proof: Proof::of_raw(network, &sequences, 20, &parts.encoding).unwrap(),
        ..parts
    }
}

pub fn parts<'a>(network: &'a Network, front: &Front) -> Parts<'a> {
    let mut encoding = Encoding::default();
    let labels = ["none", "up", "down"].map(str::to_owned);
    encoding.add_names("labels", "What the outputs are called.", labels.to_vec());
    // What exports of tables have as well.
    let columns = ["a", "b"].map(str::to_owned).to_vec();
    encoding.add_names("columns", "What the columns are called.", columns);
    for name in ["mean", "deviation"] {
        encoding.add_numbers(name, "Of each column.", &[0.0, 1.0]);
    }
    encoding.front = Some(front.clone());
    parts_around(network, encoding)
}

const MAIN: &str = r#"#include "net.h"
#include <stdio.h>
#include <string.h>
static net_stream stream, other;
int main(void)
{
    static const float none = 0.0f;
    const float infinite = 1.0f / none, raw[2] = {1.5f, -3.0f}, lost[2] = {infinite - infinite, -infinite};
    const int16_t whole[2] = {1, -3};
    const float same[2] = {1.0f, -3.0f};
    net_event event, again;
    int i, told = -1, told_again = -1;
    printf("%lu\n", (unsigned long)net_feed_self_test(&stream));
    memset(&event, 0, sizeof event);
    memset(&again, 0, sizeof again);
    net_stream_reset(&stream);
    net_stream_reset(&other);
    for (i = 0; i < 9; i++) {
        net_feed(&stream, i == 4 ? lost : raw, NULL);
        net_feed(&other, raw, NULL);
    }
    printf("%lu %lu\n", (unsigned long)stream.missing, (unsigned long)other.missing);
    told = net_feed(&stream, same, &event);
    printf("%d\n", IS_ONE);
    net_stream_reset(&other);
    for (i = 0; i < 9; i++) {
        net_feed(&other, i == 4 ? lost : raw, i % 2 == 0 ? NULL : &again);
    }
    told_again = net_feed_i16(&other, whole, &again);
    printf("%d\n", memcmp(stream.y, other.y, sizeof stream.y) == 0 && event.step == again.step && told >= 0 && told_again >= 0);
    printf("%d\n", net_feed_end(&other, &again) == (NET_DELAY == 0 ? -1 : told_again) || NET_DELAY > 0);
    printf("%s%s%s\n", net_class_name(0), net_class_name(2), net_class_name(3));
    return 0;
}
"#;

#[test]
fn raw_samples_become_the_same_events_everywhere() {
    if !has("gcc") || !has("g++") {
        return;
    }
    for (seed, (name, spec, front)) in nets().into_iter().enumerate() {
        let home = TempDir::new().unwrap();
        let network = network(&spec, seed as u64);
        let parts = parts(&network, &front);
        save(&c::write(&parts, &home.path().join("net.c")).unwrap().0);
        main_with(
            home.path(),
            "stream.y[0] + stream.y[1] + stream.y[2] > 0.99f",
        );
        for (compiler, _) in compilers() {
            let printed = compile_and_run(home.path(), &compiler);
            assert_eq!(printed, PRINTED, "{name} {compiler:?}");
        }
    }
}

/// The program that feeds a net, which says by `is_one` whether all probabilities are one together.
fn main_with(home: &Path, is_one: &str) {
    std::fs::write(home.join("main.c"), MAIN.replace("IS_ONE", is_one)).unwrap();
}

/// What it prints.
const PRINTED: &str = "0\n2 0\n1\n1\n1\nnonedown\n";

/// A net in whole numbers of these parts, in a folder of its own.
fn written_int8(parts: &Parts<'_>) -> (TempDir, Vec<Output>) {
    let home = TempDir::new().unwrap();
    let words = words(parts.network);
    let files = c_int8::write(parts, &words, &home.path().join("net.c"));
    let files = files.unwrap().0;
    save(&files);
    (home, files)
}

#[test]
fn whole_numbers_become_the_same_events_everywhere() {
    if !has("gcc") || !has("g++") {
        return;
    }
    for (seed, (name, spec, front)) in nets().into_iter().enumerate() {
        let network = network(&spec, seed as u64);
        for is_whole in [false, true] {
            let parts = match is_whole {
                true => whole_parts(&network, &front),
                false => parts(&network, &front),
            };
            assert_eq!(parts.proof.feed.as_ref().unwrap().is_whole(), is_whole);
            let (home, _) = written_int8(&parts);
            main_with(
                home.path(),
                "net_probability(&stream, 0) + net_probability(&stream, 1) + net_probability(&stream, 2) > 32700u && net_probability(&stream, 3) == 0",
            );
            let mut compilers = compilers_of(seed + usize::from(is_whole));
            let sanitized =
                "gcc -std=c99 -O1 -fsanitize=undefined,address -fno-sanitize-recover=all";
            compilers.push((sanitized.split(' ').collect(), false));
            for (compiler, _) in compilers {
                let printed = compile_and_run(home.path(), &compiler);
                assert_eq!(printed, PRINTED, "{name} {is_whole} {compiler:?}");
            }
        }
    }
}

/// A program that prints what a net of two columns reads for some floats, then for whole numbers.
fn scaling_program(floats: &[f32]) -> String {
    let bits = floats.iter().map(|x| format!("{:#x}u", x.to_bits()));
    let bits = bits.collect::<Vec<String>>().join(", ");
    format!(
        "#include \"net.h\"
#include <stdio.h>
#include <string.h>
static net_stream stream;
int main(void)
{{
    static const uint32_t bits[] = {{{bits}}};
    size_t i;
    int32_t x;
    for (i = 0; i < sizeof bits / sizeof *bits; i++) {{
        float raw[2];
        memcpy(raw, bits + i, sizeof *raw);
        raw[1] = raw[0];
        net_feed(&stream, raw, NULL);
        printf(\"%d %d\\n\", stream.net.x[0], stream.net.x[1]);
    }}
    for (x = -32768; x < 32768; x += x % 512 == 0 ? 1 : x % 512 == 3 ? 9 : 2) {{
        const int16_t raw[2] = {{(int16_t)x, (int16_t)x}};
        net_feed_i16(&stream, raw, NULL);
        printf(\"%d %d\\n\", stream.net.x[0], stream.net.x[1]);
    }}
    return 0;
}}
"
    )
}

/// Columns and raw numbers at the ends of what they may be: whole numbers, and floats, as C and core put them on the scale.
#[test]
fn any_column_is_scaled_as_core_does() {
    if !has("gcc") {
        return;
    }
    let (_, spec, mut front) = nets().remove(0);
    let pairs = [
        [(0.0, 1.0), (1e4, 300.0)],
        [(-3e4, 2e4), (2e5, 1e5)],
        [(0.5, 1e-3), (7.25, 1e-9)],
        [(12.0, f64::INFINITY), (1e30, 1.0)],
        [(-1e30, 1.0), (101_325.0, 5000.0)],
        // Sums that are right but for a multiple of 2^32.
        [(1e6, 1.0), (-3e7, 4.5)],
    ];
    let network = network(&spec, 3);
    for columns in pairs {
        front.scale = columns
            .map(|(mean, deviation)| Scale::new(mean, deviation))
            .into();
        front.farthest = 5.0;
        let parts = parts(&network, &front);
        let words = words(parts.network);
        let model = QuantizedModel::new(spec, &words).unwrap();
        let (home, _) = written_int8(&parts);
        let floats: [f32; 24] = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            0.501,
            7.25,
            1e-30,
            -1e-45,
            3e38,
            -3e38,
            1e4,
            10_250.5,
            99_000.0,
            2.5e5,
            -3e4,
            12.0,
            1e30,
            1e6,
            1_000_000.5,
            999_999.94,
            -3e7,
            -30_000_004.0,
            -29_999_990.0,
        ];
        let program = scaling_program(&floats);
        std::fs::write(home.path().join("main.c"), program).unwrap();
        let printed = compile_and_run(home.path(), &["gcc", "-O1", "-fsanitize=undefined"]);
        let scales: Vec<IntegerScale> = front
            .scale
            .iter()
            .map(|scale| IntegerScale::new(&scale.into(), model.input_scale()))
            .collect();
        let farthest = model.integer(front.farthest);
        let row =
            |of: &dyn Fn(&IntegerScale) -> i16| format!("{} {}", of(&scales[0]), of(&scales[1]));
        let mut expected: Vec<String> = floats
            .iter()
            .map(|&x| row(&|scale| scale.apply(x, farthest).unwrap()))
            .collect();
        let mut x = -32768i32;
        while x < 32768 {
            expected.push(row(&|scale| scale.whole(x as i16, farthest)));
            x += match x % 512 {
                0 => 1,
                3 => 9,
                _ => 2,
            };
        }
        let found: Vec<&str> = printed.lines().collect();
        assert_eq!(found, expected, "{columns:?}");
    }
}

#[test]
fn another_scale_or_rule_of_whole_numbers_is_found_by_the_self_test() {
    if !has("gcc") {
        return;
    }
    let (_, spec, front) = nets().pop().unwrap();
    let networks = (0..100).map(|seed| network(&spec, seed));
    let several = |network: &Network| {
        let fires = parts(network, &front).proof.feed.unwrap().fires;
        fires[..16].iter().filter(|&&class| class >= 0).count() > 2
    };
    let network = networks.into_iter().find(several).expect("such a net");
    for is_whole in [false, true] {
        let parts = match is_whole {
            true => whole_parts(&network, &front),
            false => parts(&network, &front),
        };
        let (home, files) = written_int8(&parts);
        let main = "#include \"net.h\"\n#include <stdio.h>\nint main(void) { static net_stream s; printf(\"%d\", net_feed_self_test(&s) == 0); return 0; }\n";
        std::fs::write(home.path().join("main.c"), main).unwrap();
        let texts =
            [&files[0], &files[1]].map(|file| String::from_utf8(file.content.clone()).unwrap());
        let run = |file: usize, from: &str, to: &str| {
            let mut texts = texts.clone();
            assert!(texts[file].contains(from), "{from}");
            texts[file] = texts[file].replacen(from, to, 1);
            std::fs::write(home.path().join("net.c"), &texts[0]).unwrap();
            std::fs::write(home.path().join("net.h"), &texts[1]).unwrap();
            compile_and_run(home.path(), &["gcc", "-O1"])
        };
        assert_eq!(run(0, "net", "net"), "1");
        for (name, has_it) in [("net_scale", true), ("net_scale_i16", is_whole)] {
            // The first column is offset.
            let declaration = format!("{name}[NET_COLUMNS] = {{\n");
            let (_, table) = texts[0].split_once(&declaration).unwrap();
            let line = table.lines().next().unwrap();
            let (before, shift) = line.rsplit_once(", ").unwrap();
            let changed = format!("{before} + 7777777u, {shift}");
            assert_eq!(
                run(0, line, &changed),
                if has_it { "0" } else { "1" },
                "{name}"
            );
        }
        assert_eq!(run(1, "NET_THRESHOLD 9831", "NET_THRESHOLD 32768"), "0");
        assert_eq!(run(1, "NET_REFRACTORY 2u", "NET_REFRACTORY 60u"), "0");
        assert_eq!(run(1, "NET_HALVINGS 2", "NET_HALVINGS 3"), "0");
        assert_eq!(run(0, "NET_LOGIT_OCTAVES ", "NET_LOGIT_OCTAVES 9u + "), "0");
    }
}

#[test]
fn another_scale_or_rule_is_found_by_the_self_test() {
    if !has("gcc") {
        return;
    }
    let (_, spec, front) = nets().pop().unwrap();
    // One that tells several events within a sequence.
    let networks = (0..100).map(|seed| network(&spec, seed));
    let several = |network: &Network| {
        let parts = parts(network, &front);
        let fires = parts.proof.feed.unwrap().fires;
        fires[..16].iter().filter(|&&class| class >= 0).count() > 2
    };
    let network = networks.into_iter().find(several).expect("such a net");
    let parts = parts(&network, &front);
    let fused = compilers().into_iter().find(|(_, fused)| *fused);
    let Some((compiler, _)) = fused.filter(|(compiler, _)| compiler[0] == "gcc") else {
        return;
    };
    let home = TempDir::new().unwrap();
    let files = c::write(&parts, &home.path().join("net.c")).unwrap().0;
    let (source, header) = (&files[0].content, &files[1].content);
    let change = |of: &[u8], from: &str, to: &str| {
        let text = String::from_utf8(of.to_vec()).unwrap();
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let run = |source: &str, header: &str| {
        std::fs::write(home.path().join("net.c"), source).unwrap();
        std::fs::write(home.path().join("net.h"), header).unwrap();
        let main = "#include \"net.h\"\n#include <stdio.h>\nint main(void) { static net_stream s; printf(\"%d\", net_feed_self_test(&s) == 0); return 0; }\n";
        std::fs::write(home.path().join("main.c"), main).unwrap();
        compile_and_run(home.path(), &compiler)
    };
    let [same_source, same_header] = [source, header].map(|of| change(of, "net", "net"));
    assert_eq!(run(&same_source, &same_header), "1");
    let rest = format!("{:?}f", front.scale[0].rest);
    assert_eq!(run(&change(source, &rest, "0.25f"), &same_header), "0");
    let threshold = change(header, "NET_THRESHOLD 0.3f", "NET_THRESHOLD 1.5f");
    assert_eq!(run(&same_source, &threshold), "0");
    let refractory = change(header, "NET_REFRACTORY 2u", "NET_REFRACTORY 60u");
    assert_eq!(run(&same_source, &refractory), "0");
}

#[test]
fn flags_and_formats_that_change_numbers_are_refused() {
    if !has("gcc") {
        return;
    }
    let (_, spec, front) = nets().remove(0);
    let network = network(&spec, 7);
    let home = TempDir::new().unwrap();
    let files = c::write(&parts(&network, &front), &home.path().join("net.c"));
    save(&files.unwrap().0);
    let compile = |flags: &[&str]| {
        let mut gcc = std::process::Command::new("gcc");
        let line = gcc.args(flags).args(["-c", "net.c", "-o", "net.o"]);
        let done = line.current_dir(home.path()).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        (done.status.success(), said)
    };
    assert!(compile(&["-O2"]).0);
    let associative = [
        "-fassociative-math",
        "-fno-signed-zeros",
        "-fno-trapping-math",
    ];
    for flags in [
        &["-ffast-math"][..],
        &associative,
        &["-freciprocal-math"],
        &["-ffinite-math-only"],
    ] {
        let (fine, said) = compile(flags);
        assert!(
            !fine && said.contains("without -ffast-math"),
            "{flags:?}: {said}"
        );
    }
    let (fine, said) = compile(&["-U__FLT_EVAL_METHOD__", "-D__FLT_EVAL_METHOD__=2"]);
    assert!(!fine && said.contains("-mfpmath=sse"), "{said}");
}

/// Modules of these nets in Rust, of floats, and of whole numbers from raw numbers of both kinds.
pub fn modules() -> Vec<(String, Vec<Output>)> {
    let modules = |(seed, (name, spec, front)): (usize, (&'static str, Spec, Front))| {
        let network = network(&spec, seed as u64);
        let path = |name: &str| std::path::PathBuf::from(format!("{name}.rs"));
        let floats = rust::write(&parts(&network, &front), &path(name)).0;
        let mut all = vec![(name.to_owned(), floats)];
        for (kind, parts) in [
            ("int8", parts(&network, &front)),
            ("whole", whole_parts(&network, &front)),
        ] {
            let name = format!("{name}_{kind}");
            let files = int8::write(&parts, &words(parts.network), &path(&name)).unwrap();
            all.push((name, files.0));
        }
        all
    };
    nets().into_iter().enumerate().flat_map(modules).collect()
}
