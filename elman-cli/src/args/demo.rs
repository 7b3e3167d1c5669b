//! `elman demo`: what may be typed.

use std::path::PathBuf;

use clap::Args;

use crate::base::typed::seed;
use crate::net::cell::CellName;

/// Show a whole story on built-in data: train, evaluate, use
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elman demo                     names of people in a few hundred sentences
  elman demo names --out /tmp/d  the same, with the run folder of your choice
  elman demo echo                watch a net of four units learn to remember
  elman demo words --cell gru    a grammar, learnt by a GRU
  elman demo --write samples     small files to try every task with")]
pub struct DemoArgs {
    /// Which story
    #[arg(value_enum, default_value = "names")]
    pub story: Story,
    /// The recurrent cell of the net
    #[arg(long, value_name = "NAME", default_value = "elman")]
    pub cell: CellName,
    /// Folder for the results; must be new or empty [default: the next free runs/demo-STORY-N]
    #[arg(long, value_name = "RUN")]
    pub out: Option<PathBuf>,
    /// Instead of a story, write small made-up files for every task into this folder, which must be new or empty
    #[arg(long, value_name = "DIR", conflicts_with_all = ["story", "cell", "out", "threads"])]
    pub write: Option<PathBuf>,
    /// Where all random numbers come from
    #[arg(long, value_name = "N", default_value = "1", allow_negative_numbers = true, value_parser = seed)]
    pub seed: u64,
    /// Threads at work; the result does not depend on it
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,
}

/// The stories there are.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
pub enum Story {
    /// Find names in sentences that hold names never seen before
    Names,
    /// Repeat bits some steps after they were heard
    Echo,
    /// Foresee every third of a series of bits: the exclusive or of the two before it (Elman 1990)
    Xor,
    /// Learn a simple grammar from nothing but the order of words (Elman 1990)
    Words,
    /// Forecast a chaotic wave on a parabola, beyond everything seen in training
    Series,
}
