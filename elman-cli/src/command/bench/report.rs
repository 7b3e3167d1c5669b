//! What is printed: a JSON object, or a row of a table.

use elman_core::Level;
use serde::{Serialize, Serializer};

use super::clock::{Limits, Times};
use super::net::{Dims, Storage};
use super::plan::Measurement;
use crate::args::Mode;
use crate::net::cell::CellName;

/// Matrices of so many bytes stay in the first-level cache, where reading them is not the limit.
const FIRST_LEVEL: usize = 32 << 10;

/// One measurement.
#[derive(Clone, Debug, Serialize)]
pub struct BenchReport {
    mode: Mode,
    cell: CellName,
    batch: usize,
    steps: usize,
    input: usize,
    hidden: usize,
    output: usize,
    threads: usize,
    level: &'static str,
    #[serde(serialize_with = "short")]
    median_us: f64,
    #[serde(serialize_with = "short")]
    min_us: f64,
    calls: u64,
    #[serde(serialize_with = "short")]
    gflops: f64,
    #[serde(serialize_with = "short")]
    peak_gflops: f64,
    /// Only where they are not in f32.
    #[serde(skip_serializing_if = "Option::is_none")]
    weights: Option<&'static str>,
    #[serde(skip)]
    reading: Option<Reading>,
}

/// Reading the recurrent weights at every step: the limit of single sequences.
#[derive(Clone, Copy, Debug)]
struct Reading {
    /// 10⁹ bytes per second that the net read.
    gigabytes: f64,
    /// The same of a loop that does nothing else. Where the weights just fill a cache, the order of reading
    /// decides how much of it is still there, and a net may come out a little ahead of the loop.
    peak: f64,
}

impl BenchReport {
    /// Puts times and limits together.
    pub fn new(measurement: &Measurement, level: Level, times: &Times, limits: &Limits) -> Self {
        let Measurement {
            mode,
            dims,
            threads,
            storage,
        } = *measurement;
        let Dims {
            batch,
            steps,
            input,
            hidden,
            output,
            cell,
        } = dims;
        let passes = if mode == Mode::Train { 3 } else { 1 };
        let per_second = |amount: u64| amount as f64 / times.median / 1e9;
        let bytes = measurement.recurrent_bytes();
        let reads = mode != Mode::Train && batch == 1 && bytes > FIRST_LEVEL;
        Self {
            mode,
            cell: CellName::of(cell),
            batch,
            steps,
            input,
            hidden,
            output,
            threads,
            level: level.name(),
            median_us: 1e6 * times.median,
            min_us: 1e6 * times.min,
            calls: times.calls,
            gflops: per_second(passes * dims.operations()),
            peak_gflops: limits.gflops() * threads as f64,
            weights: (storage != Storage::F32).then_some(storage.name()),
            reading: reads.then(|| Reading {
                gigabytes: per_second((steps * bytes) as u64),
                peak: limits.gigabytes(),
            }),
        }
    }

    /// One line, without its end.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers and names are valid JSON")
    }

    /// What stands above the rows.
    pub fn head(measurement: &Measurement, level: Level) -> String {
        let threads = match measurement.threads {
            1 => "1 thread".to_owned(),
            threads => format!("{threads} threads"),
        };
        format!(
            "{}, {level}, {threads}, weights in {}\n{:8}{:20}{:>12}{:>12}{:>9}  of the nearest limit",
            CellName::of(measurement.dims.cell).word(),
            measurement.storage.name(),
            "mode",
            "B:T:I:H:O",
            "median µs",
            "min µs",
            "GFLOP/s",
        )
    }

    /// A row of the table.
    pub fn to_row(&self) -> String {
        let Self {
            mode,
            batch,
            steps,
            input,
            hidden,
            output,
            ..
        } = *self;
        let dims = Dims::of([batch, steps, input, hidden, output]);
        format!(
            "{:8}{dims:20}{:>12.2}{:>12.2}{:>9.1}  {}",
            mode.name(),
            self.median_us,
            self.min_us,
            self.gflops,
            self.share()
        )
    }

    /// How near the net came to the limit that it came nearest to.
    fn share(&self) -> String {
        let computing = self.gflops / self.peak_gflops;
        match self.reading {
            Some(Reading { gigabytes, peak }) if gigabytes / peak > computing => {
                let percent = 100.0 * gigabytes / peak;
                format!("{percent:3.0} % of reading W_rec at {peak:.0} GB/s")
            }
            _ => format!(
                "{:3.0} % of {:.0} GFLOP/s",
                100.0 * computing,
                self.peak_gflops
            ),
        }
    }
}

/// Five digits: no clock gives more.
fn short<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    let digits = format!("{number:.4e}");
    serializer.serialize_f64(digits.parse().unwrap_or(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(reading: Option<Reading>) -> BenchReport {
        BenchReport {
            mode: Mode::Forward,
            cell: CellName::Elman,
            batch: 1,
            steps: 128,
            input: 64,
            hidden: 256,
            output: 10,
            threads: 1,
            level: "avx2",
            median_us: 312.345_678,
            min_us: 0.012_345_678,
            calls: 7,
            gflops: 69.0,
            peak_gflops: 138.0,
            weights: None,
            reading,
        }
    }

    #[test]
    fn json_has_the_fields_of_the_contract_in_five_digits() {
        assert_eq!(
            report(None).to_json(),
            "{\"mode\":\"forward\",\"cell\":\"elman\",\"batch\":1,\"steps\":128,\"input\":64,\"hidden\":256,\"output\":10,\"threads\":1,\
             \"level\":\"avx2\",\"median_us\":312.35,\"min_us\":0.012346,\"calls\":7,\"gflops\":69.0,\
             \"peak_gflops\":138.0}"
        );
    }

    #[test]
    fn the_nearest_limit_is_named() {
        let reading = |gigabytes| {
            Some(Reading {
                gigabytes,
                peak: 100.0,
            })
        };
        assert_eq!(report(None).share(), " 50 % of 138 GFLOP/s");
        assert_eq!(report(reading(40.0)).share(), " 50 % of 138 GFLOP/s");
        assert_eq!(
            report(reading(90.0)).share(),
            " 90 % of reading W_rec at 100 GB/s"
        );
    }
}
