//! The binary of the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    elman_cli::main()
}
