//! What belongs to a command besides its work: completions, manual pages, and what `--version` says.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::OnceLock;

use clap::CommandFactory;
use elman_core::Level;

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::failure::{Failure, Result};

/// `elman completions`.
///
/// # Errors
/// Standard output is closed.
pub fn completions(args: &CompletionsArgs) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "elman", &mut script);
    Ok(std::io::stdout().write_all(&script)?)
}

/// `elman man`.
///
/// # Errors
/// A page cannot be written.
pub fn man(args: &ManArgs) -> Result<()> {
    let Some(folder) = &args.out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        return Ok(std::io::stdout().write_all(&page)?);
    };
    let complain = |error| Failure::run(format!("cannot write into {}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(complain)?;
    // Every command's help is there without pages of its own.
    let command = Cli::command().disable_help_subcommand(true);
    clap_mangen::generate_to(command, folder).map_err(complain)?;
    println!("{}", folder.join("elman.1").display());
    Ok(())
}

/// What `elman --version` says after the name: the version, the instruction sets that this processor has and this binary
/// knows, and how it was built.
pub fn version() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let levels: Vec<&str> = Level::available().map(Level::name).collect();
        let detected = Level::detect();
        let mut text = env!("CARGO_PKG_VERSION").to_owned();
        let fused = if detected.is_fused() {
            "fused multiply-add"
        } else {
            "no fused multiply-add: results differ from those of chips that have it, within the documented bound"
        };
        let _ = write!(
            text,
            "\nlevels    {} (in use: {}, {fused})",
            levels.join(", "),
            detected.name()
        );
        let _ = write!(
            text,
            "\nfeatures  {}",
            if cfg!(feature = "exact") { "exact" } else { "none" }
        );
        text
    })
}
