//! The one error type: a sentence for the person at the terminal, and the exit code that goes with it.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

/// Why a command ended early.
#[derive(Debug)]
pub enum Failure {
    /// Wrong use or wrong input: exit code 2.
    Input(String),
    /// The run itself failed: exit code 1.
    Run(String),
    /// Ctrl-C: exit code 130, as shells expect.
    Interrupted(String),
    /// Whoever read our output went away (`elman predict … | head`): nothing to complain about.
    BrokenPipe,
}

/// What most functions of this crate return.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// The exit code that shells expect of a program that was interrupted.
    pub const INTERRUPTED: u8 = 130;

    /// Wrong use or wrong input.
    pub fn input(sentence: impl Into<String>) -> Self {
        Self::Input(sentence.into())
    }

    /// A run that failed.
    pub fn run(sentence: impl Into<String>) -> Self {
        Self::Run(sentence.into())
    }

    /// A file that cannot be read.
    pub fn read(path: &Path, error: &std::io::Error) -> Self {
        let why = match error.kind() {
            std::io::ErrorKind::NotFound => "no such file".to_owned(),
            std::io::ErrorKind::IsADirectory => "is a folder, not a file".to_owned(),
            _ => error.to_string(),
        };
        Self::Input(format!("{}: {why}", path.display()))
    }

    /// A file that cannot be written.
    pub fn write(path: &Path, error: &std::io::Error) -> Self {
        Self::Run(format!("cannot write {}: {error}", path.display()))
    }

    /// Puts the blame on a file.
    pub fn in_file(self, path: &Path) -> Self {
        match self {
            Self::Input(sentence) => Self::Input(format!("{}: {sentence}", path.display())),
            Self::Run(sentence) => Self::Run(format!("{}: {sentence}", path.display())),
            other => other,
        }
    }

    /// What the shell sees.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Input(_) => ExitCode::from(2),
            Self::Run(_) => ExitCode::from(1),
            Self::Interrupted(_) => ExitCode::from(Self::INTERRUPTED),
            Self::BrokenPipe => ExitCode::SUCCESS,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(sentence) | Self::Run(sentence) | Self::Interrupted(sentence) => {
                f.write_str(sentence)
            }
            Self::BrokenPipe => f.write_str("the reader of the output went away"),
        }
    }
}

impl std::error::Error for Failure {}

/// Writing to standard output.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Run(format!("cannot write the output: {error}")),
        }
    }
}

/// Core checks every shape at its border; what it refuses is a file that does not fit its own spec.
impl From<elman_core::Error> for Failure {
    fn from(error: elman_core::Error) -> Self {
        Self::Run(error.to_string())
    }
}
