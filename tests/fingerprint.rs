//! Prints the hash of everything that must be the same bits everywhere.
//!
//! ```text
//! fingerprint                    every fused level, in one section each
//! fingerprint --level avx2       one level without a heading, for `diff` with another machine's
//! fingerprint --level best       the same for the fastest level of this machine
//! ```

use std::process::ExitCode;

use elman_core::Level;
use elman_tests::{bits, fused_levels, levels};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            for level in fused_levels() {
                println!("# {level}");
                print(level);
            }
            ExitCode::SUCCESS
        }
        ["--level", "best"] => {
            print(Level::detect());
            ExitCode::SUCCESS
        }
        ["--level", name] => match levels().into_iter().find(|level| level.name() == name) {
            Some(level) => {
                print(level);
                ExitCode::SUCCESS
            }
            None => complain(&format!(
                "this machine has no level {name}, only {:?}",
                levels()
            )),
        },
        _ => complain("usage: fingerprint [--level NAME|best]"),
    }
}

fn print(level: Level) {
    for (name, hash) in bits::items(level, 1) {
        println!("{name} {hash:016x}");
    }
}

fn complain(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(2)
}
