//! From what was typed to arguments. A configuration file is read as if its lines had been typed first, and defaults may
//! depend on the kind of the data: so a line may be parsed more than once.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use super::import::IMPORTED;
use super::{Cli, Command, TrainArgs, TrainTask};
use crate::base::failure::{Failure, Result};
use crate::base::tell::tell;
use crate::train::settings::ConfigFile;

/// Words before the flags of a task: elman train label, elman tune label.
const DEPTH: usize = 3;

/// Reads the command line; where it names a configuration file, reads that as well.
///
/// # Errors
/// A configuration file that is missing or wrong; data whose kind cannot be told. Mistakes on the command line itself
/// end the process with clap's message and code 2.
pub fn parse(typed: impl IntoIterator<Item = OsString>) -> Result<Cli> {
    let typed: Vec<OsString> = typed.into_iter().collect();
    let cli = Cli::try_parse_from(&typed).unwrap_or_else(|error| complain(&typed, &error));
    let Some(task) = cli.task() else {
        return Ok(cli);
    };
    let mut line = match task.config() {
        None => typed,
        Some(path) => {
            let flags = train_line(Some(task.name()), &path)?;
            let mut line: Vec<OsString> = typed.iter().take(DEPTH).cloned().collect();
            line.extend(flags.into_iter().skip(DEPTH));
            line.extend(typed.into_iter().skip(DEPTH));
            line
        }
    };
    // What the data are, and the cell, may stand in the file.
    let cli = Cli::parse_from(&line);
    let Some(task) = cli.task() else {
        return Ok(cli);
    };
    let mut typed = line.split_off(DEPTH);
    let shape = task.pretrained()?;
    // It may have another cell.
    let cli = if shape.is_empty() {
        cli
    } else {
        typed.splice(0..0, shape);
        Cli::parse_from(line.iter().chain(&typed))
    };
    let Some(task) = cli.task() else {
        return Ok(cli);
    };
    // Defaults as if they had been typed before everything else.
    line.extend(task.defaults()?);
    if !typed.iter().any(says_epochs) {
        line.push("--usual-epochs".into());
    }
    line.extend(typed);
    let mut complete = Cli::parse_from(line);
    // Here all seem to have been typed.
    if let (Command::Tune(tune), Command::Tune(typed)) = (&mut complete.command, cli.command) {
        tune.job.given = typed.job.given;
    }
    Ok(complete)
}

/// Whether the command line asks for training; false for one that clap complains about, or answers.
pub fn is_training(typed: impl IntoIterator<Item = OsString>) -> bool {
    let parsed = Cli::try_parse_from(typed);
    parsed.is_ok_and(|cli| matches!(cli.command, Command::Train(_)))
}

fn says_epochs(word: &OsString) -> bool {
    word.to_str()
        .is_some_and(|word| word == "--epochs" || word.starts_with("--epochs="))
}

/// Ends the process with clap's message, and with what was probably meant.
fn complain(typed: &[OsString], error: &clap::Error) -> ! {
    let is_almost_right = matches!(
        error.kind(),
        ErrorKind::UnknownArgument | ErrorKind::MissingRequiredArgument
    );
    if let Some(hint) = hint(typed).filter(|_| is_almost_right) {
        // Nobody is left to tell if this fails.
        let _ = error.print();
        tell!("");
        tell!("hint: {hint}");
        std::process::exit(error.exit_code());
    }
    match error.print() {
        // Help that could not be written.
        Err(why) if why.kind() != std::io::ErrorKind::BrokenPipe => std::process::exit(1),
        _ => std::process::exit(error.exit_code()),
    }
}

/// The right command for one that has an argument too many, or lacks one.
fn hint(typed: &[OsString]) -> Option<&'static str> {
    let words: Vec<&str> = typed
        .iter()
        .skip(1)
        .filter_map(|word| word.to_str())
        .collect();
    let has = |flag: &str| {
        words
            .iter()
            .any(|word| word.split('=').next() == Some(flag))
    };
    match words.as_slice() {
        ["train", first, ..] if first.starts_with("--") && !has("--resume") => {
            Some("name the task: elman train label --train FILE")
        }
        ["train", _, ..] if has("--resume") => Some(
            "a resumed run has its task and settings: elman train --resume RUN; --epochs, --lr, --schedule, --patience and --time-limit may change",
        ),
        ["eval", ..] if !has("--data") => Some("elman eval RUN --data FILE"),
        ["gradcheck", ..] if !has("--data") => Some("elman gradcheck RUN --data FILE"),
        ["predict", ..] if !has("--data") => Some("elman predict RUN --data FILE"),
        _ => None,
    }
}

/// A training job as if these flags had been typed.
///
/// # Errors
/// A flag that does not exist or a value out of range.
pub fn parse_job(task: &'static str, flags: &[(&str, &OsStr)]) -> Result<TrainTask> {
    let mut line: Vec<OsString> = ["elman", "train", task].map(OsString::from).to_vec();
    for (name, value) in flags {
        line.extend([format!("--{name}").into(), OsString::from(value)]);
    }
    match Cli::try_parse_from(line) {
        Ok(Cli {
            command: Command::Train(TrainArgs {
                task: Some(job), ..
            }),
        }) => Ok(job),
        Ok(_) => Err(Failure::run("these are no flags of a training job")),
        Err(error) => Err(Failure::run(error.to_string())),
    }
}

/// The task and settings of a run, from its own configuration file.
///
/// # Errors
/// The file is missing or wrong.
pub fn parse_run(config: &Path) -> Result<TrainTask> {
    job_of(train_line(None, config)?).map_err(|failure| failure.in_file(config))
}

/// The same from the text of such a file.
///
/// # Errors
/// The text is wrong.
pub fn parse_run_text(text: &str) -> Result<TrainTask> {
    job_of(line_of(None, &ConfigFile::parse(text)?)?)
}

/// The flags of a task that mean something to it: the others are hidden.
pub fn flags_of(task: &str) -> Vec<String> {
    let cli = Cli::command();
    let task = cli
        .find_subcommand("train")
        .and_then(|train| train.find_subcommand(task));
    let flags = task.into_iter().flat_map(clap::Command::get_arguments);
    flags
        .filter(|arg| !arg.is_hide_set())
        .filter_map(|arg| arg.get_long().map(str::to_owned))
        .collect()
}

fn job_of(line: Vec<OsString>) -> Result<TrainTask> {
    match Cli::try_parse_from(line) {
        Ok(Cli {
            command: Command::Train(TrainArgs {
                task: Some(task), ..
            }),
        }) => Ok(task),
        _ => Err(Failure::input("not the configuration of a run")),
    }
}

/// `elman train TASK` and the lines of a configuration file as flags, checked by themselves so that a mistake
/// is blamed on the file.
fn train_line(wanted: Option<&str>, path: &Path) -> Result<Vec<OsString>> {
    line_of(wanted, &ConfigFile::read(path)?).map_err(|failure| failure.in_file(path))
}

fn line_of(wanted: Option<&str>, file: &ConfigFile) -> Result<Vec<OsString>> {
    let task = match (wanted, file.task.as_deref()) {
        (Some(wanted), Some(task)) if wanted != task => {
            let sentence = format!("the file is for the task {task}, not {wanted}");
            return Err(Failure::input(sentence));
        }
        (Some(task), _) | (None, Some(task)) => task,
        (None, None) => return Err(Failure::input("the field task is missing")),
    };
    if task == IMPORTED {
        let sentence =
            "the net of this run was imported, so there is no training to look at or to go on with";
        return Err(Failure::input(sentence));
    }
    let mut cli = Cli::command();
    cli.build();
    let command = cli
        .find_subcommand("train")
        .and_then(|train| train.find_subcommand(task))
        .ok_or_else(|| Failure::input(format!("there is no task {task}")))?;
    let mut line: Vec<OsString> = ["elman", "train", task].map(OsString::from).to_vec();
    line.extend(file.flags(command)?);
    match Cli::try_parse_from(&line) {
        Ok(_) => Ok(line),
        Err(error) => {
            let message = error.to_string();
            let sentence = message
                .lines()
                .next()
                .unwrap_or_default()
                .trim_start_matches("error: ");
            Err(Failure::input(sentence))
        }
    }
}
