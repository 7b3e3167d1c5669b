//! `elman tune`: what may be typed. Every task of `elman train` can be tuned, with all of its flags.

use std::collections::BTreeSet;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand, ValueEnum};
use serde::Serialize;

use super::train::TrainTask;
use crate::base::typed::{amount, count};
use crate::train::settings::TimeLimit;

/// Search for a net: over its shape and its rates, within what a chip has
///
/// Every flag of elman train TASK may be given, and stays as it is given; the others that matter are searched. A net over
/// budget is never trained. Several processes with the same command share the work, and a search that was stopped goes on
/// with the same command.
#[derive(Args, Debug)]
#[command(
    subcommand_value_name = "TASK",
    subcommand_help_heading = "Tasks",
    after_help = "\
Examples:
  elman tune classify --train digits.csv --time 20m
  elman tune classify --train digits.csv --flash 32k --ram 4k
  elman tune label --train train.conll --valid dev.conll --cell gru
  elman tune forecast --train sun.csv --target y --trials 50 --out s
  elman tune text --help                        (what is searched, flags)"
)]
pub struct TuneArgs {
    #[command(subcommand)]
    pub job: TuneJob,
}

/// A training job whose other settings are searched.
#[derive(Debug)]
pub struct TuneJob {
    pub search: SearchFlags,
    pub task: TrainTask,
    /// Names of the settings that were typed, or stand in the file of `--config`.
    pub given: BTreeSet<String>,
}

/// How the search goes.
#[derive(Args, Clone, Debug)]
pub struct SearchFlags {
    /// Stop after this time, such as 90s, 20m or 2h [default: 20m, without --trials]
    #[arg(long, value_name = "TIME", help_heading = SEARCH)]
    pub time: Option<TimeLimit>,
    /// Stop after so many trials, those of other processes included
    #[arg(long, value_name = "N", value_parser = count(1..=999_999), help_heading = SEARCH)]
    pub trials: Option<usize>,
    /// Flash that a net may take on the chip, such as 32k (1k = 1024 bytes): weights, tables, and the code that elman inspect
    /// counts
    #[arg(long, value_name = "BYTES", value_parser = amount(1024), help_heading = SEARCH)]
    pub flash: Option<usize>,
    /// RAM that it may take, such as 4k: state, scratch and outputs
    #[arg(long, value_name = "BYTES", value_parser = amount(1024), help_heading = SEARCH)]
    pub ram: Option<usize>,
    /// Instructions that a step may take, such as 20k (1k = 1000), as elman inspect estimates them
    #[arg(long, value_name = "N", value_parser = amount(1000), help_heading = SEARCH)]
    pub instructions: Option<usize>,
    /// The chip that they are counted for
    #[arg(long, value_name = "NAME", default_value = "m4f", help_heading = SEARCH)]
    pub chip: Chip,
    /// Count flash, RAM and instructions of the net in int8, as elman quantize makes it
    #[arg(long, help_heading = SEARCH)]
    pub int8: bool,
    /// Steps of a sequence, where RAM depends on them: nets that read both ways need the whole sequence [default: the
    /// longest of the data]
    #[arg(long, value_name = "N", value_parser = count(1..=1 << 20), help_heading = SEARCH)]
    pub steps: Option<usize>,
    /// Print one JSON object in the end
    #[arg(long, help_heading = SEARCH)]
    pub json: bool,
}

const SEARCH: &str = "The search";

/// A chip by its core.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Chip {
    /// Cortex-M4F, M7 or M33: with an FPU
    M4f,
    /// Cortex-M0: floating point in software
    M0,
}

/// Flags of `elman train` that a search may try values of.
pub const SEARCHED: [&str; 12] = [
    "cell",
    "hidden",
    "layers",
    "embedding",
    "window",
    "bidirectional",
    "activation",
    "lr",
    "batch",
    "dropout",
    "noise",
    "clip-norm",
];

impl FromArgMatches for TuneJob {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let Some((_, flags)) = matches.subcommand() else {
            return Err(clap::Error::new(ErrorKind::MissingSubcommand));
        };
        let is_typed = |id: &clap::Id| {
            flags.value_source(id.as_str()) == Some(ValueSource::CommandLine)
                && flags.try_contains_id(id.as_str()).is_ok()
        };
        Ok(Self {
            search: SearchFlags::from_arg_matches(flags)?,
            task: TrainTask::from_arg_matches(matches)?,
            given: flags
                .ids()
                .filter(|id| is_typed(id))
                .map(|id| id.as_str().replace('_', "-"))
                .collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for TuneJob {
    fn augment_subcommands(command: Command) -> Command {
        TrainTask::augment_subcommands(command).mut_subcommands(searching)
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        TrainTask::has_subcommand(name)
    }
}

/// The command of a task with the flags of a search; what is searched has no default.
fn searching(task: Command) -> Command {
    let help = examples(&task);
    let about = [task.get_about(), task.get_long_about()].map(|about| about.cloned());
    let is_searched = |arg: &clap::Arg| {
        arg.get_long()
            .is_some_and(|name| SEARCHED.contains(&name) && !arg.is_hide_set())
    };
    let task = task.mut_args(|arg| {
        let is_searched = is_searched(&arg);
        arg.hide_default_value(is_searched)
    });
    let [about, long_about] = about.map(Option::unwrap_or_default);
    // The doc comment of the flags is not that of the task.
    SearchFlags::augment_args(task)
        .about(about)
        .long_about(long_about)
        .after_help(help)
}

fn examples(task: &Command) -> String {
    let name = task.get_name();
    let has = |flag: &str| {
        let mut flags = task.get_arguments();
        flags.any(|arg| arg.get_long() == Some(flag) && !arg.is_hide_set())
    };
    let mut job = name.to_owned();
    if has("train") {
        job += " --train FILE";
    }
    if has("target") {
        job += " --target y";
    }
    let searched: Vec<String> = SEARCHED
        .into_iter()
        .filter(|flag| has(flag))
        .map(|flag| format!("--{flag}"))
        .collect();
    format!(
        "Searched, where they are not given: {}.\n\nExamples:\n  \
         elman tune {job} --time 20m\n  \
         elman tune {job} --flash 32k --ram 4k\n  \
         elman tune {job} --instructions 20k --chip m0 --int8\n  \
         elman tune {job} --cell gru --epochs 30 --trials 40",
        searched.join(" ")
    )
}
