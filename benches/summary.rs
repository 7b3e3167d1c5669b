//! What a run of benches says in the end: ours beside the fastest rival, and as a share of what the chip can do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};
use std::{env, fs};

use elman_core::{Level, peak};
use serde_json::Value;

/// Groups whose elements are floating-point operations, so that they have a limit.
const WITH_LIMIT: [&str; 6] = [
    "matmul",
    "forward",
    "forward-bf16",
    "train",
    "stream",
    "stream-bf16",
];

/// One measurement: who, nanoseconds, elements per call.
struct Measured {
    who: String,
    nanoseconds: f64,
    elements: f64,
}

/// Prints a line for everything that was measured since `start`; nothing where nothing was.
pub fn print_since(start: SystemTime) {
    let mut rows = BTreeMap::<(String, String), Vec<Measured>>::new();
    if let Some(folder) = folder() {
        collect(&folder, start, &mut rows);
    }
    if rows.is_empty() {
        return;
    }
    let header = ["what", "ours", "", "fastest rival", "", "ratio", "of peak"];
    let mut lines = vec![header.map(str::to_owned)];
    lines.extend(
        rows.iter()
            .filter_map(|((group, what), all)| line(group, what, all)),
    );
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<usize> = (0..header.len())
        .map(|column| width(column).unwrap_or(0))
        .collect();
    println!();
    for line in &lines {
        let cells = line.iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, &width))| match column {
            0 | 1 | 3 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// Where Criterion writes, seen from the bench that runs: `target/release/deps/name`.
fn folder() -> Option<PathBuf> {
    if let Some(home) = env::var_os("CRITERION_HOME") {
        return Some(home.into());
    }
    let bench = env::current_exe().ok()?;
    Some(bench.ancestors().nth(3)?.join("criterion"))
}

/// Every measurement below `folder` that is newer than `start`, by group and by what was measured.
fn collect(folder: &Path, start: SystemTime, rows: &mut BTreeMap<(String, String), Vec<Measured>>) {
    if let Some((key, measured)) = read(folder, start) {
        rows.entry(key).or_default().push(measured);
        return;
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
    {
        collect(&path, start, rows);
    }
}

fn read(folder: &Path, start: SystemTime) -> Option<((String, String), Measured)> {
    let file = folder.join("new/estimates.json");
    if fs::metadata(&file).ok()?.modified().ok()? < start {
        return None;
    }
    let json = |file: &Path| serde_json::from_slice::<Value>(&fs::read(file).ok()?).ok();
    let (estimates, about) = (json(&file)?, json(&folder.join("new/benchmark.json"))?);
    let text = |key: &str| about[key].as_str().unwrap_or("").to_owned();
    let measured = Measured {
        who: text("function_id"),
        nanoseconds: estimates["median"]["point_estimate"].as_f64()?,
        elements: about["throughput"]["Elements"].as_f64().unwrap_or(0.0),
    };
    Some(((text("group_id"), text("value_str")), measured))
}

/// A row of the table; none where nothing of ours was measured.
fn line(group: &str, what: &str, all: &[Measured]) -> Option<[String; 7]> {
    let level = |measured: &Measured| Level::available().find(|level| level.name() == measured.who);
    let fastest = |ours: bool| {
        let of = all
            .iter()
            .filter(|measured| level(measured).is_some() == ours);
        of.min_by(|a, b| a.nanoseconds.total_cmp(&b.nanoseconds))
    };
    let ours = fastest(true)?;
    let rival = fastest(false);
    let share = WITH_LIMIT.contains(&group).then(|| {
        let rate = ours.elements / ours.nanoseconds;
        format!("{:.0} %", 100.0 * rate / peak_of(level(ours)?)).into()
    });
    Some([
        format!("{group}/{what}"),
        ours.who.clone(),
        time(ours.nanoseconds),
        rival.map_or(String::new(), |rival| rival.who.clone()),
        rival.map_or(String::new(), |rival| time(rival.nanoseconds)),
        rival.map_or(String::new(), |rival| {
            format!("{:.2} x", rival.nanoseconds / ours.nanoseconds)
        }),
        share.flatten().unwrap_or_default(),
    ])
}

/// Floating-point operations per nanosecond of a loop of multiply-adds in registers: the fastest of some.
fn peak_of(level: Level) -> f64 {
    let rate = |_| {
        let start = Instant::now();
        let (operations, _) = peak::multiply_adds(level, 20_000);
        operations as f64 / start.elapsed().as_nanos() as f64
    };
    (0..20).map(rate).fold(0.0, f64::max)
}

fn time(nanoseconds: f64) -> String {
    let (number, unit) = match nanoseconds {
        ..1e3 => (nanoseconds, "ns"),
        ..1e6 => (nanoseconds / 1e3, "us"),
        _ => (nanoseconds / 1e6, "ms"),
    };
    format!("{number:.3} {unit}")
}
