//! Firmware that feeds raw samples says what `elman predict` says, of float nets and of nets in whole numbers.

mod common;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use common::tables::pulses;
use common::{Workshop, real_data};

/// Whether there is a C compiler; on CI there must be.
fn has_gcc() -> bool {
    let found = Command::new("gcc").arg("--version").output().is_ok();
    assert!(
        found || std::env::var("CI").as_deref() != Ok("true"),
        "gcc is missing, and CI must have it"
    );
    if !found {
        eprintln!("SKIPPED: there is no gcc on the PATH");
    }
    found
}

/// Reads rows of numbers and prints answers; `reset` begins a sequence, `end` asks for what waits.
const MAIN: &str = r#"#include "net.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static net_stream stream;
static void print(const float *out)
{
    size_t i;
    for (i = 0; i < NET_TARGETS; i++) {
        printf("%s%.9g", i == 0 ? "" : " ", (double)out[i]);
    }
    BOUNDS
    printf("\n");
}
int main(void)
{
    char word[64];
    float raw[NET_COLUMNS], out[NET_TARGETS];
    size_t i = 0;
    if (net_feed_self_test(&stream) != 0) return 1;
    while (scanf("%63s", word) == 1) {
        if (strcmp(word, "reset") == 0) {
            net_stream_reset(&stream);
        } else if (strcmp(word, "end") == 0) {
            while (net_feed_end(&stream, out) == 0) print(out);
        } else {
            raw[i++] = strtof(word, NULL);
            if (i == NET_COLUMNS) {
                i = 0;
                if (net_feed(&stream, raw, out) == 0) print(out);
            }
        }
    }
    return 0;
}
"#;

const BOUNDS: &str = r#"{
        float low[NET_TARGETS], high[NET_TARGETS];
        net_bounds(&stream, net_reach_90, low, high);
        for (i = 0; i < NET_TARGETS; i++) printf(" %.9g %.9g", (double)low[i], (double)high[i]);
    }"#;

/// What the exported C answers to samples, row by row; with intervals, behind all answers of a row. `form` is `--int8` or nothing.
fn answers(shop: &Workshop, run: &str, samples: &str, bounds: bool, form: &str) -> Vec<Vec<f64>> {
    shop.ok(&format!("export {run} --format c {form} -o net.c"));
    let main = MAIN.replace("BOUNDS", if bounds { BOUNDS } else { "" });
    let printed = printed(shop, &main, samples);
    let numbers = |line: &str| line.split(' ').map(|x| x.parse().unwrap()).collect();
    printed.lines().map(numbers).collect()
}

/// What a program prints that has the exported C beside it and reads samples.
fn printed(shop: &Workshop, main: &str, samples: &str) -> String {
    shop.write("main.c", main);
    let mut gcc = Command::new("gcc");
    let line = [
        "-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "main.c", "net.c", "-o", "program",
    ];
    let compiled = gcc.args(line).current_dir(&shop.home).output().unwrap();
    let said = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{said}");
    let mut program = Command::new(shop.path("program"));
    program.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = program.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let samples = samples.to_owned();
    let writer = std::thread::spawn(move || input.write_all(samples.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{:?}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Tells how many events come of recordings, one after the other.
const EVENTS: &str = r#"#include "net.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static net_stream stream;
int main(void)
{
    char word[64];
    float raw[NET_COLUMNS];
    net_event event;
    size_t i = 0, events = 0;
    if (net_feed_self_test(&stream) != 0) return 1;
    while (scanf("%63s", word) == 1) {
        if (strcmp(word, "reset") == 0) {
            net_stream_reset(&stream);
        } else {
            raw[i++] = strtof(word, NULL);
            if (i == NET_COLUMNS) {
                i = 0;
                events += net_feed(&stream, raw, &event) == 1;
            }
        }
    }
    printf("%lu\n", (unsigned long)events);
    return 0;
}
"#;

/// Of the numbers of a file just as they stand there as many events come as `elman eval` has counted.
#[test]
fn events_are_those_that_eval_counts() {
    if !has_gcc() {
        return;
    }
    let shop = Workshop::new();
    for (seed, name) in ["train", "valid", "test"].iter().enumerate() {
        shop.write(&format!("{name}.csv"), pulses(1 + seed as u32));
    }
    shop.ok("train label --train train.csv --valid valid.csv --hidden 8 --layers 1 --epochs 60 --batch 4 --lr 0.01 --bidirectional false --window 1 --seed 1 --out run");
    shop.ok("quantize run --data train.csv");
    let mut samples = String::new();
    let test = shop.text("test.csv");
    for line in test.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        if cells[1] == "0" {
            samples += "reset\n";
        }
        let _ = writeln!(samples, "{} {}", cells[2], cells[3]);
    }
    for form in ["", "--int8"] {
        for _ in ["untuned", "tuned"] {
            let eval = format!("eval run --events --data test.csv --json {form}");
            let scores = common::parse(&shop.ok(&eval));
            let counted = ["hits", "false_alarms"].map(|name| scores[name].as_u64().unwrap());
            shop.ok(&format!("export run --format c {form} -o net.c"));
            let told: u64 = printed(&shop, EVENTS, &samples).trim().parse().unwrap();
            assert!(counted[0] > 20, "{scores}");
            assert_eq!(told, counted[0] + counted[1], "{form} {scores}");
            shop.ok(&format!("eval run --events {form}"));
        }
    }
}

/// Named columns of a table.
fn columns(table: &str, names: &[&str]) -> Vec<Vec<f64>> {
    let mut lines = table.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let place = |name: &&str| {
        let found = header.iter().position(|other| other == name);
        found.unwrap_or_else(|| panic!("{name} is not in {header:?}"))
    };
    let places: Vec<usize> = names.iter().map(place).collect();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let cell = |&place: &usize| cells[place].parse().unwrap_or(f64::NAN);
        places.iter().map(cell).collect()
    };
    lines.map(row).collect()
}

/// The largest distance between two tables, in units in the last place of the largest number in single precision.
fn distance(found: &[Vec<f64>], expected: &[Vec<f64>]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let all = expected.iter().flatten();
    let largest = all.fold(0.0, |most, x| f64::max(most, x.abs()));
    let unit = largest * 2f64.powi(-23);
    let rows = found.iter().zip(expected);
    let pairs = rows.flat_map(|(a, b)| {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b)
    });
    pairs.fold(0.0, |most, (a, b)| f64::max(most, (a - b).abs() / unit))
}

/// As far as the sums of single precision, and what a net makes of them, may be off. An input of a net in whole numbers that lies between
/// two of its units may be rounded up in double precision and down in single; none of these series has one.
const NEAR: f64 = 4.0;

/// Both forms of a net.
const FORMS: [&str; 2] = ["", "--int8"];

/// A number as single precision holds it: to a sixty-fourth.
fn exact(x: f64) -> f64 {
    (64.0 * x).round() / 64.0
}

/// A wave that grows, has gaps, and a column that runs ahead of it; far from zero.
fn wave(steps: usize) -> String {
    let mut text = "t,ahead,beside,y\n".to_owned();
    for t in 0..steps {
        let at = |t: usize| 1000.0 + 0.05 * t as f64 + 5.0 * (t as f64 * 0.4).sin();
        let noise = (t * 7919 % 101) as f64 / 101.0;
        let y = if t % 50 == 17 {
            String::new()
        } else {
            exact(at(t) + noise).to_string()
        };
        let beside = if t % 31 == 5 {
            String::new()
        } else {
            exact(at(t + 1) - noise).to_string()
        };
        // Known ahead, and the same over the first steps.
        let ahead = if t < 8 { 0.0 } else { exact(noise) };
        let _ = writeln!(text, "{t},{ahead},{beside},{y}");
    }
    text
}

/// Samples of a table: its columns in this order, the last `known` of them `horizon` rows ahead.
fn samples(table: &str, names: &[&str], known: usize, horizon: usize) -> String {
    let rows = columns(table, names);
    let mut samples = "reset\n".to_owned();
    for row in 0..rows.len() {
        for column in 0..names.len() {
            let ahead = if column < names.len() - known {
                0
            } else {
                horizon
            };
            let x = rows.get(row + ahead).map_or(f64::NAN, |row| row[column]);
            let _ = write!(samples, "{x} ");
        }
        samples.push('\n');
    }
    samples
}

#[test]
fn forecasts_are_those_of_predict() {
    if !has_gcc() {
        return;
    }
    let shop = Workshop::new();
    shop.write("wave.csv", wave(320));
    let train =
        "train forecast --train wave.csv --target y --hidden 8 --epochs 3 --threads 1 --seed 1";
    for (run, flags, read, known, horizon) in [
        ("plain", "", &["y"][..], 0, 1),
        ("far", "--horizon 3 --inputs beside", &["y", "beside"], 0, 3),
        ("season", "--season 16 --horizon 2", &["y"], 0, 2),
        (
            "known",
            "--horizon 2 --inputs ahead,beside --known ahead",
            &["y", "beside", "ahead"],
            1,
            2,
        ),
    ] {
        shop.ok(&format!("{train} {flags} --out {run}"));
        shop.ok(&format!("quantize {run} --data wave.csv"));
        let name = format!("y+{horizon}");
        let ends = [format!("{name} low"), format!("{name} high")];
        let fed = samples(&wave(320), read, known, horizon);
        for form in FORMS {
            let said = format!("predict {run} --data wave.csv --interval 0.9 {form}");
            let expected = columns(&shop.ok(&said), &[&name, &ends[0], &ends[1]]);
            let found = answers(&shop, run, &fed, true, form);
            let off = distance(&found, &expected);
            eprintln!("{run} {form}: {off:.2}");
            assert!(off < NEAR, "{run} {form}: {off}");
        }
    }
}

/// Chaos, of which no linear sum knows how it goes on: here the net has a say, and so has its rounding.
#[test]
fn what_a_net_has_learnt_is_forecast_alike() {
    if !has_gcc() {
        return;
    }
    let shop = Workshop::new();
    let (mut x, mut table) = (0.4, "t,y\n".to_owned());
    for t in 0..600 {
        x *= 3.75 * (1.0 - x);
        let _ = writeln!(table, "{t},{}", exact(20.0 + 10.0 * x));
    }
    shop.write("chaos.csv", &table);
    shop.ok("train forecast --train chaos.csv --target y --hidden 12 --epochs 60 --lr 0.01 --k1 25 --threads 1 --seed 1 --out run");
    shop.ok("quantize run --data chaos.csv");
    let fed = samples(&table, &["y"], 0, 1);
    let said = FORMS.map(|form| {
        let said = shop.ok(&format!("predict run --data chaos.csv {form}"));
        let expected = columns(&said, &["y+1"]);
        let off = distance(&answers(&shop, "run", &fed, false, form), &expected);
        eprintln!("chaos {form}: {off:.2}");
        assert!(off < NEAR, "chaos {form}: {off}");
        expected
    });
    // The rounding is seen, but is no other net.
    let apart = distance(&said[0], &said[1]);
    let rounded = apart * 30.0 * 2f64.powi(-23);
    assert!(apart > 64.0 && rounded < 0.5, "{apart} {rounded}");
}

#[test]
fn estimates_are_those_of_predict() {
    if !has_gcc() {
        return;
    }
    let shop = Workshop::new();
    let mut text = "seq,t,a,b,sum,square\n".to_owned();
    for seq in 0..24 {
        // A sequence that is shorter than half a window, too.
        let steps = if seq == 3 { 1 } else { 10 + seq };
        for t in 0..steps {
            let a = 500.0 + ((seq * 31 + t * 17) % 23) as f64 / 8.0;
            let b = ((seq * 13 + t * 5) % 11) as f64 - 5.0;
            let cell = if (seq + t) % 9 == 2 {
                String::new()
            } else {
                b.to_string()
            };
            let _ = writeln!(
                text,
                "{seq},{t},{a},{cell},{},{}",
                a + b,
                (a - 490.0).powi(2) + b
            );
        }
    }
    shop.write("rows.csv", &text);
    let train = "train regress --train rows.csv --inputs a,b --hidden 6 --epochs 3 --threads 1 --bidirectional false --seed 1";
    for (run, flags) in [
        ("row", "--target sum,square --window 1"),
        ("window", "--target square --window 5"),
        ("last", "--target sum --window 1 --read last"),
    ] {
        shop.ok(&format!("{train} {flags} --out {run}"));
        shop.ok(&format!("quantize {run} --data rows.csv"));
        let targets: &[&str] = match run {
            "row" => &["sum", "square"],
            "window" => &["square"],
            _ => &["sum"],
        };
        let mut fed = String::new();
        let rows = columns(&text, &["seq", "a", "b"]);
        for (place, row) in rows.iter().enumerate() {
            if place == 0 || rows[place - 1][0] != row[0] {
                fed += if place == 0 { "reset\n" } else { "end reset\n" };
            }
            let _ = writeln!(fed, "{} {}", row[1], row[2]);
        }
        fed += "end\n";
        for form in FORMS {
            let said = shop.ok(&format!("predict {run} --data rows.csv {form}"));
            let expected = columns(&said, targets);
            let mut found = answers(&shop, run, &fed, false, form);
            if run == "last" {
                // Of every sequence the last step counts.
                let mut ends = rows.iter().map(|row| row[0]).collect::<Vec<_>>();
                ends.push(-1.0);
                let mut place = 0;
                found.retain(|_| {
                    place += 1;
                    ends[place - 1] != ends[place]
                });
            }
            let off = distance(&found, &expected);
            eprintln!("{run} {form}: {off:.2}");
            assert!(off < NEAR, "{run} {form}: {off}");
        }
    }
}

/// Real series, forecast with the defaults but for the epochs.
#[test]
fn real_series_are_forecast_alike() {
    let Some(data) = real_data("reg_series").filter(|_| has_gcc()) else {
        return;
    };
    let shop = Workshop::new();
    for name in ["sunspots_yearly", "airline_monthly", "co2_weekly"] {
        let file = data.join(format!("{name}.csv"));
        let table = std::fs::read_to_string(&file).unwrap();
        let file = file.display();
        shop.ok(&format!(
            "train forecast --train {file} --target y --split-column split --epochs 2 --seed 1 --out {name}"
        ));
        shop.ok(&format!("quantize {name} --data {file}"));
        let fed = samples(&table, &["y"], 0, 1);
        for form in FORMS {
            let said = shop.ok(&format!("predict {name} --data {file} {form}"));
            let expected = columns(&said, &["y+1"]);
            let off = distance(&answers(&shop, name, &fed, false, form), &expected);
            eprintln!("{name} {form}: {off:.2}");
            assert!(off < NEAR, "{name} {form}: {off}");
        }
    }
}
