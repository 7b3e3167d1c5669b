//! From raw samples to numbers in the units of the data: exported, compiled, run on golden samples, and with numbers that are missing.

use std::path::{Path, PathBuf};

use elman_core::feed::{ColumnScale, Curve, Readout, Samples, Split};
use elman_core::*;
use tempfile::TempDir;

use super::{
    Output, compile_and_run, compilers, compilers_of, gentle, has, network, parts_around, save,
    words,
};
use crate::base::encoding::{
    Encoding, Front, Numbers, Reach, Reads, Scale, SeriesTables, Sums, Whose,
};
use crate::exchange::export::parts::Parts;
use crate::exchange::export::{c, c_int8, int8, rust};
use crate::net::network::Network;

const LOG: Curve = Curve::Log {
    floor: 1e-3,
    unit: 1.5,
};

fn front(window: usize) -> Front {
    Front {
        scale: vec![Scale::new(1e4 + 0.1, 0.3), Scale::new(-0.7, 12.5)],
        farthest: 1.5,
        window,
        rule: None,
    }
}

fn readouts(curves: &[Curve]) -> Vec<Readout> {
    let readout = |&curve| Readout {
        curve,
        residual: 0.07,
        start: Split::new(if curve == Curve::Root { 9.0 } else { 1.3 }),
    };
    curves.iter().map(readout).collect()
}

fn reaches(targets: usize) -> Vec<Reach> {
    vec![Reach {
        percent: 90,
        of_targets: vec![0.125; targets],
    }]
}

/// Of two columns in rows.
fn rows(window: usize, sums: (usize, bool), curves: &[Curve]) -> Numbers {
    let (rows, with_mean) = sums;
    let is_none = rows == 0 && !with_mean;
    let features = 2 * (rows + usize::from(with_mean)) * curves.len();
    let sums = Sums {
        centers: if is_none {
            Vec::new()
        } else {
            vec![Split::new(1e4), Split::new(0.1)]
        },
        weights: (0..features).map(|i| 0.01 * (i as f32 - 1.7)).collect(),
        rows,
        with_mean,
    };
    Numbers {
        reads: Reads::Rows(front(window), sums),
        readouts: readouts(curves),
        reaches: reaches(curves.len()),
        errors_of: Whose::Own,
    }
}

/// A series with other columns beside it.
fn series(
    others: usize,
    (lags, changes): (usize, usize),
    (span, base): (usize, Option<usize>),
    curve: Curve,
) -> Numbers {
    let width = 2 * others + 2 + changes;
    Numbers {
        reads: Reads::Series(SeriesTables {
            curve,
            centers: (0..=others).map(|i| Split::new(1.3 - i as f64)).collect(),
            weights: (0..2 * others + lags)
                .map(|i| 0.1 - 0.03 * i as f32)
                .collect(),
            inputs: (0..width)
                .map(|i| ColumnScale::new(0.1 * i as f64, 0.3 + 0.1 * i as f64))
                .collect(),
            farthest: 4.0,
            span,
            base,
            offset: 0.01,
            horizon: 1,
            known: others / 2,
        }),
        readouts: readouts(&[curve]),
        reaches: if others == 0 { reaches(1) } else { Vec::new() },
        errors_of: Whose::Own,
    }
}

/// Streaming nets that answer with numbers.
pub fn nets() -> Vec<(&'static str, Spec, Numbers)> {
    use Curve::{Identity, Root};
    let net = |name, layers, numbers: Numbers| {
        let inputs = match &numbers.reads {
            Reads::Rows(front, _) => 2 * front.window,
            Reads::Series(series) => series.inputs.len(),
        };
        let outputs = numbers.readouts.len();
        let spec = Spec {
            layers,
            ..Spec::dense(inputs, 8, outputs)
        };
        (name, spec, numbers)
    };
    let tanh = || Layers::of([Layer::tanh(8)]);
    let relu = Layer {
        cell: Cell::elman(Activation::Relu),
        ..Layer::tanh(9)
    };
    let (name, spec, numbers) = net("fed_states", tanh(), Numbers::plain(front(3), 8));
    let headless = Spec {
        head: Head {
            kind: HeadKind::None,
            ..spec.head
        },
        ..spec
    };
    vec![
        (name, headless, numbers),
        net("fed_row", tanh(), rows(1, (1, false), &[Identity])),
        net(
            "fed_rows",
            Layers::of([Layer::gru(5)]),
            rows(1, (3, true), &[Root, Identity]),
        ),
        net("fed_mean", Layers::of([relu]), rows(1, (0, true), &[LOG])),
        net(
            "fed_late",
            Layers::of([Layer::lstm(6)]),
            rows(5, (2, true), &[Identity, LOG, Root]),
        ),
        net("fed_late_row", tanh(), rows(3, (1, false), &[Root])),
        net(
            "fed_series",
            tanh(),
            series(0, (3, 3), (1, Some(0)), Identity),
        ),
        net(
            "fed_season",
            Layers::of([Layer::gru(7)]),
            series(2, (4, 4), (6, Some(5)), LOG),
        ),
        net("fed_values", tanh(), series(1, (2, 2), (0, None), Root)),
        net("fed_alone", tanh(), series(1, (0, 0), (0, None), Identity)),
    ]
}

pub fn parts<'a>(network: &'a Network, numbers: &Numbers) -> Parts<'a> {
    let mut encoding = Encoding::default();
    encoding.add_numbers("linear", "As tasks name theirs.", &[0.5]);
    if let Reads::Rows(front, _) = &numbers.reads {
        encoding.front = Some(front.clone());
    }
    encoding.answers = Some(numbers.clone());
    parts_around(network, encoding)
}

/// The C of a net, as floats or in whole numbers.
fn c_files(parts: &Parts<'_>, home: &Path, is_int8: bool) -> Vec<Output> {
    let path = home.join("net.c");
    let written = match is_int8 {
        true => c_int8::write(parts, &words(parts.network), &path),
        false => c::write(parts, &path),
    };
    written.unwrap().0
}

const MAIN: &str = r#"#include "net.h"
#include <stdio.h>
#include <string.h>
static net_stream stream, other;
int main(void)
{
    static const float none = 0.0f;
    static const int16_t whole[8] = {FIRST, -3, 2, 5, 1, 1, 1, 1};
    const float infinite = 1.0f / none;
    float raw[NET_COLUMNS], lost[NET_COLUMNS], out[NET_TARGETS], again[NET_TARGETS];
    size_t i, step;
    int told = 0, told_again = 0, ended = 0;
    printf("%lu\n", (unsigned long)net_feed_self_test(&stream));
    for (i = 0; i < NET_COLUMNS; i++) {
        raw[i] = (float)whole[i];
        lost[i] = i == 0 ? infinite - infinite : -infinite;
    }
    memset(out, 0, sizeof out);
    memset(again, 0, sizeof again);
    net_stream_reset(&stream);
    net_stream_reset(&other);
    for (step = 0; step < 12; step++) {
        told = net_feed(&stream, step == 4 ? lost : raw, step < 9 ? NULL : out);
        told_again = net_feed_i16(&other, whole, again);
        if (step == 4) {
            other = stream;
        }
    }
    printf("%lu %lu\n", (unsigned long)stream.missing / NET_COLUMNS, (unsigned long)stream.missing % NET_COLUMNS);
    printf("%d %d %d\n", told, told_again, memcmp(out, again, sizeof out) == 0 && out[0] - out[0] >= 0.0f);
    for (i = 0; i < NET_TARGETS; i++) {
        printf("%d", memcmp(out, &none, sizeof none) != 0);
    }
    while (net_feed_end(&stream, out) == 0) {
        ended++;
    }
    printf("\n%d\n", ended == NET_DELAY);
    BOUNDS
    return 0;
}
"#;

/// A call where there is something to call.
const WITHIN: &str = r#"{
        float low[NET_TARGETS], high[NET_TARGETS];
        net_bounds(&stream, net_reach_90, low, high);
        for (i = 0; i < NET_TARGETS; i++) {
            if (!(low[i] <= out[i] && out[i] <= high[i] && low[i] < high[i])) return 1;
        }
    }"#;

#[test]
fn raw_samples_become_the_same_numbers_everywhere() {
    if !has("gcc") || !has("g++") {
        return;
    }
    for (seed, (name, spec, numbers, is_int8)) in both_forms() {
        let home = TempDir::new().unwrap();
        let network = gentle(&spec, seed as u64);
        let parts = parts(&network, &numbers);
        save(&c_files(&parts, home.path(), is_int8));
        let bounds = if numbers.reaches.is_empty() {
            ""
        } else {
            WITHIN
        };
        let first = match numbers.reads {
            Reads::Rows(..) => "10000",
            Reads::Series(_) => "2",
        };
        let main = MAIN.replace("BOUNDS", bounds).replace("FIRST", first);
        std::fs::write(home.path().join("main.c"), main).unwrap();
        let some = "1".repeat(numbers.readouts.len());
        for (compiler, _) in compilers_of(seed) {
            let printed = compile_and_run(home.path(), &compiler);
            assert_eq!(
                printed,
                format!("0\n1 0\n0 0 1\n{some}\n1\n"),
                "{name}, int8 {is_int8}: {compiler:?}"
            );
        }
    }
}

/// A seed; a net that answers with numbers, and whether it is in whole numbers itself.
type Case = (usize, (&'static str, Spec, Numbers, bool));

/// Each of the nets twice: as floats, and in whole numbers.
fn both_forms() -> Vec<Case> {
    let forms = |(seed, (name, spec, numbers)): (usize, (&'static str, Spec, Numbers))| {
        [false, true].map(|is_int8| (seed, (name, spec, numbers.clone(), is_int8)))
    };
    nets().into_iter().enumerate().flat_map(forms).collect()
}

#[test]
fn a_changed_table_is_found_by_the_self_test() {
    if !has("gcc") {
        return;
    }
    let fused = compilers().into_iter().find(|(_, fused)| *fused);
    let Some((compiler, _)) = fused.filter(|(compiler, _)| compiler[0] == "gcc") else {
        return;
    };
    for (seed, (name, spec, numbers, is_int8)) in both_forms() {
        let home = TempDir::new().unwrap();
        let network = gentle(&spec, seed as u64);
        let mut files = c_files(&parts(&network, &numbers), home.path(), is_int8);
        let source = String::from_utf8(std::mem::take(&mut files[0].content)).unwrap();
        save(&files);
        let main = "#include \"net.h\"\n#include <stdio.h>\nint main(void) { static net_stream s; printf(\"%d\", net_feed_self_test(&s) == 0); return 0; }\n";
        std::fs::write(home.path().join("main.c"), main).unwrap();
        let run = |source: &str| {
            std::fs::write(home.path().join("net.c"), source).unwrap();
            compile_and_run(home.path(), &compiler)
        };
        assert_eq!(run(&source), "1", "{name}");
        let tables = [
            "readouts",
            "sum_centers",
            "sum_weights",
            "centers",
            "input_scale",
        ];
        let mut changed = 0;
        for table in tables {
            // The first number of the table.
            let Some((before, rest)) = source.split_once(&format!(" float net_{table}[")) else {
                continue;
            };
            let (declared, rest) = rest.split_once("{\n    ").unwrap();
            let (number, rest) = rest.split_once(',').unwrap();
            let number: f32 = number.trim_end_matches('f').parse().unwrap();
            let other = format!(
                "{before} float net_{table}[{declared}{{\n    {:?}f,{rest}",
                number + 0.25
            );
            assert_eq!(run(&other), "0", "{name}, int8 {is_int8}: {table}");
            changed += 1;
        }
        assert!(changed > 0, "{name}");
    }
}

/// Modules of these nets in Rust.
pub fn modules() -> Vec<(String, Vec<Output>)> {
    let module = |(seed, (name, spec, numbers, is_int8)): Case| {
        let network = gentle(&spec, seed as u64);
        let parts = parts(&network, &numbers);
        let name = if is_int8 {
            format!("{name}_int8")
        } else {
            name.to_owned()
        };
        let path = PathBuf::from(format!("{name}.rs"));
        let files = match is_int8 {
            true => int8::write(&parts, &words(&network), &path).unwrap().0,
            false => rust::write(&parts, &path).0,
        };
        (name, files)
    };
    both_forms().into_iter().map(module).collect()
}

/// Scales rows that it reads, and prints their bits.
const SEQUENCE: &str = r#"#include "net.h"
#include <stdio.h>
#include <string.h>
static float x[7 * NET_INPUTS];
int main(void)
{
    static const float raw[] = {RAW}, none = 0.0f;
    const size_t steps = sizeof raw / sizeof raw[0] / NET_COLUMNS;
    size_t i, missing;
    memcpy(x, raw, sizeof raw);
    x[1] = none / none;
    missing = net_scale_rows(x, steps);
    for (i = 0; i < steps * NET_INPUTS; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        printf("%08lx ", (unsigned long)bits);
    }
    printf("%lu NAME\n", (unsigned long)missing);
    return 0;
}
"#;

/// Windows, steps and cells of nets that read sequences.
fn sequences() -> [(usize, usize, Cell); 4] {
    let relu = Cell::elman(Activation::Relu);
    [
        (1, 4, relu),
        (3, 1, relu),
        (5, 7, Cell::Gru { clip: f32::MAX }),
        (7, 2, relu),
    ]
}

/// A net that reads both ways, and what stands around it: one of them has classes.
fn both_ways(window: usize, cell: Cell) -> (Network, Encoding) {
    let layer = Layer {
        cell,
        direction: Direction::Both,
        ..Layer::tanh(4)
    };
    let (is_named, outputs) = (window == 5, 3);
    let spec = Spec {
        layers: Layers::of([layer]),
        head: Head {
            kind: match is_named {
                true => HeadKind::Softmax { outputs },
                false => HeadKind::Linear { outputs },
            },
            read: Read::LastStep,
        },
        ..Spec::dense(2 * window, 4, outputs)
    };
    let mut encoding = Encoding {
        front: Some(front(window)),
        ..Encoding::default()
    };
    if is_named {
        let labels = ["none", "up", "down"].map(str::to_owned);
        encoding.add_names("labels", "Classes.", labels.to_vec());
    }
    (network(&spec, 3), encoding)
}

/// Raw numbers, of which the second one is fed as a NaN, and their rows as a stream would scale them.
fn scaled(window: usize, steps: usize) -> (Vec<f32>, Vec<f32>) {
    let raw: Vec<f32> = (0..2 * steps).map(|i| 1e4 - 0.3 * i as f32).collect();
    let scale: Vec<ColumnScale> = front(window).scale.iter().map(Into::into).collect();
    let mut rows = vec![0.0; Samples::rows_len(2, window)];
    let mut samples = Samples::new(&scale, 1.5, window, &mut rows).unwrap();
    let (mut expected, mut fed) = (Vec::new(), raw.clone());
    fed[1] = f32::NAN;
    for sample in fed.chunks(2) {
        expected.extend_from_slice(samples.push(sample).unwrap().unwrap_or_default());
    }
    while expected.len() < steps * 2 * window {
        expected.extend_from_slice(samples.push_outside().unwrap_or_default());
    }
    (raw, expected)
}

/// Modules in Rust of nets that read both ways, each with a call for `main` that prints what it makes of a sequence, and what must be
/// printed.
pub fn scaled_modules() -> Vec<(String, Vec<Output>, String, String)> {
    let module = |(window, steps, cell): (usize, usize, Cell)| {
        let name = format!("scaled_{window}");
        let (network, encoding) = both_ways(window, cell);
        let path = PathBuf::from(format!("{name}.rs"));
        let files = rust::write(&parts_around(&network, encoding), &path).0;
        let (raw, expected) = scaled(window, steps);
        let mut room = raw;
        room[1] = f32::NAN;
        room.resize(expected.len(), 7.0);
        let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<u32>>();
        let call = format!(
            "    let mut x = {:?}.map(f32::from_bits);
    let missing = {name}::scale_rows({steps}, &mut x);
    println!(\"{{missing:?}} {{:?}}\", x.map(f32::to_bits));
    println!(\"{{}}\", {name}::scale_rows({steps} + 1, &mut x).is_err());
",
            bits(&room)
        );
        let printed = format!("Ok(1) {:?}\ntrue\n", bits(&expected));
        (name, files, call, printed)
    };
    sequences().into_iter().map(module).collect()
}

#[test]
fn a_sequence_is_scaled_in_one_call() {
    if !has("gcc") || !has("g++") {
        return;
    }
    for (window, steps, cell) in sequences() {
        let (network, encoding) = both_ways(window, cell);
        let is_named = encoding.labels().is_some();
        let parts = parts_around(&network, encoding);
        let home = TempDir::new().unwrap();
        save(&c::write(&parts, &home.path().join("net.c")).unwrap().0);
        let (raw, expected) = scaled(window, steps);
        let raw: Vec<String> = raw.iter().map(|x| format!("{x:?}f")).collect();
        let name = if is_named { "%s" } else { "" };
        let mut main = SEQUENCE
            .replace("RAW", &raw.join(", "))
            .replace("NAME", name);
        if is_named {
            main = main.replace(
                "(unsigned long)missing)",
                "(unsigned long)missing, net_class_name(2))",
            );
        }
        std::fs::write(home.path().join("main.c"), main).unwrap();
        let bits: String = expected
            .iter()
            .map(|x| format!("{:08x} ", x.to_bits()))
            .collect();
        let name = if is_named { "down" } else { "" };
        for (compiler, _) in compilers() {
            let printed = compile_and_run(home.path(), &compiler);
            assert_eq!(
                printed,
                format!("{bits}1 {name}\n"),
                "{window} {compiler:?}"
            );
        }
    }
}
