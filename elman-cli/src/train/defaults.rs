//! What settings are when nobody says otherwise, for every task and cell, and how the help shows it.

use std::ffi::OsString;

use clap::ValueEnum;

use crate::net::cell::CellName;

/// The one setting that a cell may not have.
const ACTIVATION: &str = "activation";

/// Names of settings and their values, as typed.
type Rows = &'static [(&'static str, &'static str)];

/// What settings are when nobody says otherwise: the one place where they depend on the cell.
#[derive(Debug)]
pub struct Defaults {
    /// With Elman's cell.
    pub elman: Rows,
    /// What is different with a cell that has gates.
    pub gated: Rows,
}

/// What they are for every task that does not say otherwise.
const COMMON: Rows = &[
    ("cell", "elman"),
    ("init-weights", "orthogonal"),
    ("accumulate", "1"),
    ("average", "0"),
    ("noise", "0"),
    ("smoothing", "0"),
    ("recurrent-dropout", "0"),
    ("warm-up", "0"),
    ("checkpoint-every", "30s"),
    ("watch", "false"),
    ("seed", "1"),
    ("threads", "2"),
];

impl Defaults {
    /// The value of a setting with this cell, if it has one.
    fn value(&self, name: &str, cell: CellName) -> Option<&'static str> {
        if cell != CellName::Elman && name == ACTIVATION {
            return None;
        }
        let (gated, rest): (Rows, Rows) = match cell {
            CellName::Elman => (&[], self.elman),
            CellName::Gru | CellName::Lstm | CellName::FastRnn | CellName::FastGrnn => {
                (self.gated, self.elman)
            }
        };
        let rows = gated.iter().chain(rest).chain(COMMON);
        rows.clone()
            .find(|(other, _)| *other == name)
            .map(|&(_, value)| value)
    }

    /// The width of embeddings.
    pub fn embedding(&self) -> Option<usize> {
        self.value("embedding", CellName::Elman)?.parse().ok()
    }

    /// All of them with this cell, as flags.
    pub fn flags(&self, cell: CellName) -> Vec<OsString> {
        let names = self.elman.iter().chain(COMMON).map(|(name, _)| *name);
        let flags = names.filter_map(|name| Some((name, self.value(name, cell)?)));
        flags
            .map(|(name, value)| format!("--{name}={value}").into())
            .collect()
    }
}

/// What a help text cannot show beside the flags, which have the defaults of the first kind of data with Elman's cell: those of
/// the other kinds, and those with a cell that has gates.
pub fn other_defaults(kinds: &[(&str, &Defaults)]) -> String {
    let shown = kinds.first().map_or(&[] as Rows, |(_, shown)| shown.elman);
    let mut text = String::new();
    for (kind, defaults) in kinds.iter().skip(1) {
        let new = defaults.elman.iter().filter(|pair| !shown.contains(pair));
        text += &format!("Other defaults for {kind}:\n  {}\n", typed(new));
    }
    for (kind, defaults) in kinds.iter().filter(|(_, all)| !all.gated.is_empty()) {
        let rows = typed(defaults.gated.iter());
        text += &format!("Other defaults for {kind} with any other --cell:\n  {rows}\n");
    }
    if text.is_empty() { text } else { text + "\n" }
}

fn typed<'a>(rows: impl Iterator<Item = &'a (&'static str, &'static str)>) -> String {
    let flags: Vec<String> = rows
        .map(|(name, value)| format!("--{name} {value}"))
        .collect();
    flags.join(" ")
}

/// Gives a task's command its defaults, which its help then shows as they are with Elman's cell.
pub fn with_defaults(arg: clap::Arg, defaults: &Defaults) -> clap::Arg {
    let name = arg.get_long().unwrap_or_default().to_owned();
    let Some(value) = defaults.value(&name, CellName::Elman) else {
        return arg;
    };
    let others = CellName::value_variants()
        .iter()
        .map(|&cell| (cell, defaults.value(&name, cell)))
        .filter(|&(_, other)| other != Some(value));
    others
        .fold(arg, |arg, (cell, other)| {
            arg.default_value_if("cell", cell.word(), other)
        })
        .required(false)
        .default_value(value)
        // So that -1 is a number out of range, not a flag that nobody knows.
        .allow_negative_numbers(true)
}

/// Hides the flags that a task has no use for; whoever sets them is told so by the task.
pub fn without(arg: clap::Arg, unused: &[&str]) -> clap::Arg {
    let is_unused = arg.get_long().is_some_and(|name| unused.contains(&name));
    arg.hide(is_unused)
}
