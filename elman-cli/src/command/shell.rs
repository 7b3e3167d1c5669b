//! What belongs to a command besides its work: completions and manual pages.

use std::io::Write as _;
use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::base::failure::{Failure, Result};

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
    // Every command's help is there without pages of its own; and a manual is not about one machine.
    let command = Cli::command()
        .disable_help_subcommand(true)
        .long_version(env!("CARGO_PKG_VERSION"));
    let Some(folder) = &args.out else {
        return Ok(std::io::stdout().write_all(&page(&Man::new(command))?)?);
    };
    let complain = |error| Failure::run(format!("cannot write into {}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(complain)?;
    let mut command = command;
    command.build();
    write_pages(&command, folder).map_err(complain)?;
    let page = folder.join("elman.1");
    Ok(writeln!(std::io::stdout(), "{}", page.display())?)
}

/// The pages of a command and of those below it.
fn write_pages(command: &clap::Command, folder: &Path) -> std::io::Result<()> {
    for below in command.get_subcommands() {
        write_pages(below, folder)?;
    }
    let man = Man::new(command.clone());
    std::fs::write(folder.join(man.get_filename()), page(&man)?)
}

/// A page as clap_mangen makes it, but for the examples, whose lines are left as they are.
fn page(man: &Man) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    man.render(&mut page)?;
    let page = String::from_utf8_lossy(&page);
    let Some((before, after)) = page.split_once(".SH EXTRA\n") else {
        return Ok(page.into_owned().into_bytes());
    };
    let (examples, after) = match after.find(".SH ") {
        Some(next) => after.split_at(next),
        None => (after, ""),
    };
    Ok(format!("{before}.SH EXAMPLES\n.nf\n{examples}.fi\n{after}").into_bytes())
}
