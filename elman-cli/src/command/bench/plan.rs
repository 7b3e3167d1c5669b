//! From what was typed to measurements that can be taken.

use clap::ValueEnum;
use elman_core::{Activation, Level};

use super::net::{Dims, SHAPES, Storage};
use crate::args::{BenchArgs, LevelName, Mode, StorageName};
use crate::base::failure::{Failure, Result};

/// No buffer is larger than about so many numbers (4 GiB).
const MOST_NUMBERS: u64 = 1 << 30;

/// One measurement to take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measurement {
    pub mode: Mode,
    pub dims: Dims,
    pub threads: usize,
    pub storage: Storage,
}

impl Measurement {
    /// Bytes of the recurrent weights.
    pub const fn recurrent_bytes(&self) -> usize {
        let bytes = match self.storage {
            Storage::F32 => 4,
            Storage::Bf16 => 2,
        };
        let gates = self.dims.cell.facts().gates;
        gates * self.dims.hidden * self.dims.hidden * bytes
    }
}

impl From<StorageName> for Storage {
    fn from(name: StorageName) -> Self {
        match name {
            StorageName::F32 => Self::F32,
            StorageName::Bf16 => Self::Bf16,
        }
    }
}

/// The level of this name, if the CPU has it.
///
/// # Errors
/// It does not.
pub fn find_level(wanted: LevelName) -> Result<Level> {
    let name = match wanted {
        LevelName::Auto => return Ok(Level::detect()),
        LevelName::Portable => "portable",
        LevelName::Avx2 => "avx2",
        LevelName::Avx512 => "avx512",
    };
    let found = Level::available().find(|level| level.name() == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = Level::available().map(Level::name).collect();
        let names = names.join(", ");
        Failure::input(format!(
            "--level {name}: this CPU does not have it, only {names}"
        ))
    })
}

/// One measurement where dimensions are given, the usual ones where none is.
///
/// # Errors
/// Flags that contradict each other, dimensions that are missing or too large.
pub fn measurements(args: &BenchArgs) -> Result<Vec<Measurement>> {
    check_flags(args)?;
    if let Some(dims) = dims(args)? {
        let Some(mode) = args.mode else {
            let sentence = "with dimensions, --mode must say what to measure";
            return Err(Failure::input(sentence));
        };
        return Ok(vec![measurement(args, mode, dims)]);
    }
    let wanted = |mode: &Mode| match args.mode {
        Some(only) => only == *mode,
        None => args.weights == StorageName::F32 || *mode != Mode::Train,
    };
    let modes = Mode::value_variants().iter().copied().filter(wanted);
    let usual = |mode| {
        let shapes = SHAPES.into_iter();
        let of_mode = shapes.filter(move |dims| mode != Mode::Stream || dims.batch == 1);
        of_mode.map(move |dims| measurement(args, mode, dims))
    };
    Ok(modes.flat_map(usual).collect())
}

fn check_flags(args: &BenchArgs) -> Result<()> {
    let wrong = match args.mode {
        Some(Mode::Stream) if args.threads > 1 => {
            "--threads: a stream is one sequence, on one thread"
        }
        Some(Mode::Train) if args.weights == StorageName::Bf16 => {
            "--weights bf16: for inference only, training needs f32"
        }
        _ => return Ok(()),
    };
    Err(Failure::input(wrong))
}

fn measurement(args: &BenchArgs, mode: Mode, dims: Dims) -> Measurement {
    let dims = Dims {
        cell: args.cell.cell(Activation::Tanh, f32::INFINITY),
        ..dims
    };
    let (dims, threads) = match mode {
        Mode::Forward | Mode::Train => (dims, usize::from(args.threads)),
        Mode::Stream => (dims.one_step(), 1),
    };
    Measurement {
        mode,
        dims,
        threads,
        storage: args.weights.into(),
    }
}

/// The dimensions that were typed: all or none. A stream needs no batch and no steps.
fn dims(args: &BenchArgs) -> Result<Option<Dims>> {
    let typed = [args.batch, args.steps, args.input, args.hidden, args.output];
    if typed.iter().all(Option::is_none) {
        return Ok(None);
    }
    let flags = ["--batch", "--steps", "--input", "--hidden", "--output"];
    let mut dimensions = [1; 5];
    for (i, dimension) in dimensions.iter_mut().enumerate() {
        match typed[i] {
            Some(typed) => *dimension = typed as usize,
            None if i < 2 && args.mode == Some(Mode::Stream) => {}
            None => {
                let flag = flags[i];
                let sentence = format!("{flag} is missing: give all dimensions, or none");
                return Err(Failure::input(sentence));
            }
        }
    }
    let dims = Dims::of(dimensions);
    check_size(dims)?;
    Ok(Some(dims))
}

/// Better one sentence than a machine without memory.
fn check_size(dims: Dims) -> Result<()> {
    let Dims {
        batch,
        steps,
        input,
        hidden,
        output,
        ..
    } = dims;
    let widest = input.max(4 * hidden).max(output) as u64;
    let numbers = |rows: u64| rows.saturating_mul(widest);
    let rows = (batch as u64).saturating_mul(steps as u64);
    let what = if numbers(rows) > MOST_NUMBERS {
        "--batch times --steps rows"
    } else if numbers(hidden as u64) > MOST_NUMBERS {
        "--hidden rows of weights"
    } else {
        return Ok(());
    };
    let sentence = format!("{what} of {widest} numbers are more than 4 GiB");
    Err(Failure::input(sentence))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    fn typed(flags: &str) -> Result<Vec<Measurement>> {
        let line = format!("elman bench {flags}");
        let cli = Cli::try_parse_from(line.split_whitespace()).expect("sound flags");
        match cli.command {
            Command::Bench(args) => measurements(&args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_dimensions_the_usual_sizes() {
        let count = |flags| typed(flags).expect("sound flags").len();
        assert_eq!(count(""), 9 + 9 + 4);
        assert_eq!(count("--weights bf16"), 9 + 4);
        assert_eq!(count("--mode train --threads 2"), 9);
        let streams = typed("--mode stream").expect("sound flags");
        let hidden: Vec<usize> = streams
            .iter()
            .map(|measurement| measurement.dims.hidden)
            .collect();
        assert_eq!(hidden, [32, 128, 256, 512]);
        assert!(
            typed("--threads 2")
                .expect("sound flags")
                .iter()
                .all(|measurement| {
                    measurement.threads
                        == if measurement.mode == Mode::Stream {
                            1
                        } else {
                            2
                        }
                })
        );
    }

    #[test]
    fn with_dimensions_one_measurement() {
        let measurements =
            typed("--mode train --batch 3 --steps 4 --input 5 --hidden 6 --output 7");
        let measurements = measurements.expect("sound flags");
        assert_eq!(measurements.len(), 1);
        assert_eq!(measurements[0].dims, Dims::of([3, 4, 5, 6, 7]));
        let net = "--mode stream --input 5 --hidden 6 --output 7";
        for more in ["", "--batch 3 --steps 4"] {
            let measurements = typed(&format!("{net} {more}")).expect("sound flags");
            assert_eq!(measurements[0].dims, Dims::of([1, 1, 5, 6, 7]));
        }
        let bytes = |weights: &str| {
            let measurements = typed(&format!("{net} --weights {weights}")).expect("sound flags");
            measurements[0].recurrent_bytes()
        };
        assert_eq!((bytes("f32"), bytes("bf16")), (144, 72));
    }
}
