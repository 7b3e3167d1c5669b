//! `elman completions` and `elman man`: what may be typed.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Print a script that lets your shell complete what you type
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elman completions bash > ~/.local/share/bash-completion/completions/elman
  elman completions zsh  > ~/.zfunc/_elman              (~/.zfunc in $fpath)
  elman completions fish > ~/.config/fish/completions/elman.fish")]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Print the manual page, or write those of all commands
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elman man | man -l -
  elman man -o ~/.local/share/man/man1      then: man elman-train-label")]
pub struct ManArgs {
    /// Write a page per command into this folder, which is made if it is not there
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
