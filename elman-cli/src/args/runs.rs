//! `elman runs`: what may be typed.

use std::path::PathBuf;

use clap::Args;

/// List runs: what they are for, how good they are, how far, and in what they differ
///
/// The best of every task stands first. Scores are those of validation, and compare only where that was the same data.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elman runs
  elman runs experiments/july
  elman runs --json | jq -r .run")]
pub struct RunsArgs {
    /// The folder that holds them
    #[arg(value_name = "DIR", default_value = "runs")]
    pub folder: PathBuf,
    /// Print a JSON object per run
    #[arg(long)]
    pub json: bool,
}
