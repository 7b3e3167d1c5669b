//! What may be typed about the echo task.

use clap::Args;
use serde::Serialize;

use crate::train::defaults::{Defaults, other_defaults, with_defaults, without};
use crate::train::settings::Settings;

/// The sizes of the tutorial that the task is known from.
pub const DEFAULTS: &Defaults = &Defaults {
    elman: &[
        ("hidden", "4"),
        ("layers", "1"),
        ("embedding", "1"),
        ("window", "1"),
        ("activation", "tanh"),
        ("bidirectional", "false"),
        ("train-initial-state", "false"),
        ("dropout", "0"),
        ("optimizer", "adagrad"),
        ("lr", "0.3"),
        ("schedule", "constant"),
        ("batch", "5"),
        ("k1", "15"),
        ("clip-norm", "0"),
        ("epochs", "100"),
        ("patience", "0"),
    ],
    gated: &[],
};

/// Shared flags that are not for echoes.
pub const UNUSED: &[&str] = &[
    "bidirectional",
    "window",
    "embedding",
    "noise",
    "folds",
    "fold",
];

/// Learn to repeat random symbols some steps later
///
/// The data are made from the seed. They lie in --batch parallel streams; every update learns from the next --k1 steps
/// of each, through at most --k2 steps, and the state is carried on. If --k2 does not reach over the delay, nothing
/// can be learnt. The score is the share of echoes that are right, without the first ones of every stream, which nobody
/// could know.
#[derive(Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(args_override_self = true, mut_args = |arg| without(with_defaults(arg, DEFAULTS), UNUSED), after_help = help())]
pub struct EchoArgs {
    /// Steps until a symbol comes out again
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub delay: u32,
    /// Different symbols
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u32).range(2..=36))]
    pub classes: u32,
    /// Symbols to learn from in every epoch
    #[arg(long, value_name = "N", default_value = "50000", value_parser = clap::value_parser!(u32).range(1..=1 << 30))]
    pub steps_per_epoch: u32,
    #[command(flatten)]
    #[serde(flatten)]
    pub settings: Settings,
}

fn help() -> String {
    format!(
        "{}\
Examples:
  elman train echo
  elman train echo --delay 8 --hidden 16 --k1 20 --lr 0.05
  elman train echo --delay 8 --hidden 16 --k1 20 --cell gru
  elman train echo --k1 2 --k2 2        (fails: losses do not reach back so far)
  echo 0110100110010110 | elman predict runs/echo-1 --data -",
        other_defaults(&[("echoes", DEFAULTS)])
    )
}
