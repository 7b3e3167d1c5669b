//! `elman report`: what may be typed.

use std::path::PathBuf;

use clap::Args;

/// Write a run's report page anew, from its files and its data
///
/// Training writes the page itself; this is for runs that were stopped, copied or trained by an older version.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elman report runs/names        writes runs/names/report.html")]
pub struct ReportArgs {
    /// The folder of a training run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
}
