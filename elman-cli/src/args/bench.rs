//! `elman bench`: what may be typed.

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::net::cell::CellName;

/// Measure throughput on this machine, beside what it could do at most
///
/// With dimensions: one JSON object on a line. Without: a table of the usual sizes, in about 20 seconds. The net is a
/// layer with a linear head; the rates count 2·B·T·(G·(I·H + H·H) + H·O) floating-point operations with G = 1 gate, 3
/// (GRU) or 4 (LSTM), and three times as many for training. The limits are measured in the same run: multiply-adds that never leave the registers and,
/// for single sequences, reading as much memory as the recurrent weights take.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elman bench
  elman bench --mode stream
  elman bench --cell lstm
  elman bench --mode forward --batch 32 --steps 64 --input 64 --hidden 256
  elman bench --mode train --batch 32 --hidden 256 --output 10 --threads 2")]
pub struct BenchArgs {
    /// What a call is [default: the table has all three]
    #[arg(long, value_enum)]
    pub mode: Option<Mode>,
    /// What the hidden units compute; elman has tanh
    #[arg(long, value_enum, default_value = "elman")]
    pub cell: CellName,
    /// Sequences; a stream has one
    #[arg(long, value_name = "B", value_parser = dimension())]
    pub batch: Option<u32>,
    /// Steps of each sequence; a stream takes one at a time
    #[arg(long, value_name = "T", value_parser = dimension())]
    pub steps: Option<u32>,
    /// Numbers per step
    #[arg(long, value_name = "I", value_parser = dimension())]
    pub input: Option<u32>,
    /// Hidden units
    #[arg(long, value_name = "H", value_parser = dimension())]
    pub hidden: Option<u32>,
    /// Outputs per step
    #[arg(long, value_name = "O", value_parser = dimension())]
    pub output: Option<u32>,
    /// Threads at work; the numbers that the net computes do not depend on it
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,
    /// Instruction set
    #[arg(long, value_enum, default_value = "auto")]
    pub level: LevelName,
    /// How weights are stored
    #[arg(long, value_enum, default_value = "f32")]
    pub weights: StorageName,
    /// Time to spend on each measurement
    #[arg(long, value_name = "S", default_value = "0.7", value_parser = seconds)]
    pub seconds: f64,
    /// Print the table as JSON objects, one on a line
    #[arg(long)]
    pub json: bool,
}

/// What a call is.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// All outputs of B sequences of T steps
    Forward,
    /// Forward, loss and backward: gradients in hand, no optimizer
    Train,
    /// One step of one sequence
    Stream,
}

impl Mode {
    /// As it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Train => "train",
            Self::Stream => "stream",
        }
    }
}

/// How weights can be stored.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageName {
    /// Single precision
    F32,
    /// Half the memory to read, for inference only
    Bf16,
}

/// Instruction sets that can be asked for.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum LevelName {
    /// The best that this CPU has
    Auto,
    /// What every CPU has
    Portable,
    Avx2,
    Avx512,
}

fn dimension() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=elman_core::MAX_DIMENSION as i64)
}

fn seconds(typed: &str) -> std::result::Result<f64, String> {
    match typed.parse() {
        Ok(seconds) if (0.001..=600.0).contains(&seconds) => Ok(seconds),
        _ => Err("seconds lie between 0.001 and 600".to_owned()),
    }
}
