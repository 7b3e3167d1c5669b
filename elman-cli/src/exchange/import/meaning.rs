//! What the numbers of an imported net mean: what the user says of them, and defaults for the rest.

use std::collections::HashSet;
use std::path::Path;

use elman_core::{Channel, Channels, HeadKind, Input, Read};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::net::Net;
use crate::args::{ImportArgs, ImportTask};
use crate::base::failure::{Failure, Result};
use crate::data::features::Vocabulary;
use crate::data::reading::{Reading, Scaling};
use crate::data::{Dialect, Layout};
use crate::task::classify::{self, ClassMeaning, Unit};
use crate::task::label::{self, LabelMeaning, Labels};
use crate::task::temperature::Temperature;
use crate::task::values::{self, ValueMeaning};

/// A task and what its numbers mean, as the model file holds them.
pub struct Meaning {
    pub task: String,
    pub json: Box<RawValue>,
}

/// Decides what a net is for, and gives it the head and the ids that go with it.
///
/// # Errors
/// Flags that do not fit the net.
pub fn decide(args: &ImportArgs, net: &mut Net) -> Result<Meaning> {
    let task = task(args, net)?;
    let read = match task {
        ImportTask::Classify => Some(Read::LastStep),
        ImportTask::Label => Some(Read::EveryStep),
        ImportTask::Values => None,
    };
    if let Some(read) = read {
        read_at(net, read)?;
        net.spec.head.kind = match net.spec.head.kind {
            HeadKind::Linear { outputs } | HeadKind::Softmax { outputs } => {
                HeadKind::Softmax { outputs }
            }
            HeadKind::None => {
                return Err(Failure::input(
                    "the net has no head (a Linear, MatMul or Gemm behind the RNN), so it gives no classes; --task values \
                     takes its hidden units",
                ));
            }
        };
    }
    let (reading, unit) = reading(args, net, task)?;
    let names = names(args, net.spec.output_width(), task)?;
    match task {
        ImportTask::Classify => {
            let classes = Labels::given(names);
            meaning(classify::TASK, &ClassMeaning::given(reading, classes, unit))
        }
        ImportTask::Label => {
            let labels = Labels::given(names);
            meaning(
                label::TASK,
                &LabelMeaning {
                    reading,
                    labels,
                    dialect: Dialect::default(),
                    columns: None,
                    layout: Layout::PLAIN,
                    temperature: Temperature::default(),
                    events: None,
                    split_column: None,
                },
            )
        }
        ImportTask::Values => {
            let outputs = names;
            meaning(values::TASK, &ValueMeaning { reading, outputs })
        }
    }
}

fn meaning(task: &str, meaning: &impl Serialize) -> Result<Meaning> {
    let json = to_raw_value(meaning)
        .map_err(|error| Failure::run(format!("cannot write what the numbers mean: {error}")))?;
    Ok(Meaning {
        task: task.to_owned(),
        json,
    })
}

/// What the user says, or what labels and a softmax are for.
fn task(args: &ImportArgs, net: &Net) -> Result<ImportTask> {
    let is_softmax = matches!(net.spec.head.kind, HeadKind::Softmax { .. });
    match args.task {
        Some(task) => Ok(task),
        None if args.labels.is_none() && !is_softmax => Ok(ImportTask::Values),
        None if !net.knows_read => Err(Failure::input(
            "a state_dict does not say whether the labels are of steps or of sequences: add --task label or --task classify",
        )),
        None => Ok(match net.spec.head.read {
            Read::EveryStep => ImportTask::Label,
            Read::LastStep => ImportTask::Classify,
        }),
    }
}

/// Where the file does not say when the head reads, the task does.
fn read_at(net: &mut Net, read: Read) -> Result<()> {
    if net.knows_read && net.spec.head.read != read {
        return Err(Failure::input(match read {
            Read::LastStep => {
                "--task classify is for nets whose head reads the last step; this one reads every step: --task label"
            }
            Read::EveryStep => {
                "--task label is for nets whose head reads every step; this one reads the last: --task classify"
            }
        }));
    }
    net.spec.head.read = read;
    Ok(())
}

/// What the outputs are called.
fn names(args: &ImportArgs, outputs: usize, task: ImportTask) -> Result<Vec<String>> {
    let Some(labels) = &args.labels else {
        return Ok(match task {
            ImportTask::Values => (1..=outputs).map(|i| format!("y{i}")).collect(),
            ImportTask::Classify | ImportTask::Label => {
                (0..outputs).map(|i| i.to_string()).collect()
            }
        });
    };
    if labels.len() != outputs {
        let found = labels.len();
        return Err(Failure::input(format!(
            "--labels: the net has {outputs} outputs, and {found} names are given"
        )));
    }
    let mut seen = HashSet::new();
    match labels.iter().find(|label| !seen.insert(*label)) {
        Some(label) => Err(Failure::input(format!(
            "--labels: {label} stands there twice"
        ))),
        None => Ok(labels.clone()),
    }
}

/// How data become what the net reads.
fn reading(args: &ImportArgs, net: &mut Net, task: ImportTask) -> Result<(Reading, Option<Unit>)> {
    match net.spec.input {
        Input::Dense { width } => {
            if args.vocabulary.is_some() {
                return Err(Failure::input(
                    "--vocabulary is for nets that read tokens, and this one reads numbers",
                ));
            }
            Ok((Reading::Numbers(scaling(args, width)?), None))
        }
        Input::Tokens { .. } if task == ImportTask::Values => Err(Failure::input(
            "--task values reads numbers, and this net reads tokens: --task classify or label",
        )),
        Input::Tokens { .. } => {
            let given = [
                ("--columns", args.columns.is_some()),
                ("--mean", args.mean.is_some()),
                ("--deviation", args.deviation.is_some()),
            ];
            if let Some((flag, _)) = given.iter().find(|(_, is_given)| *is_given) {
                return Err(Failure::input(format!(
                    "{flag} is for nets that read numbers, and this one reads tokens"
                )));
            }
            let Some(path) = &args.vocabulary else {
                return Err(Failure::input(
                    "the net reads tokens; name them by --vocabulary FILE, a token per line in the order of the ids",
                ));
            };
            let (vocabulary, unit) =
                vocabulary(path, args, net).map_err(|failure| failure.in_file(path))?;
            Ok((Reading::Tokens(vec![vocabulary]), Some(unit)))
        }
    }
}

fn scaling(args: &ImportArgs, width: usize) -> Result<Scaling> {
    let columns = match &args.columns {
        Some(columns) => columns.clone(),
        None => (1..=width).map(|i| format!("x{i}")).collect(),
    };
    let mean = args.mean.clone().unwrap_or_else(|| vec![0.0; width]);
    let deviation = args.deviation.clone().unwrap_or_else(|| vec![1.0; width]);
    let counts = [
        ("--columns", columns.len()),
        ("--mean", mean.len()),
        ("--deviation", deviation.len()),
    ];
    if let Some((flag, found)) = counts.iter().find(|(_, count)| *count != width) {
        return Err(Failure::input(format!(
            "{flag}: a step of the net reads {width} numbers, and {found} are given"
        )));
    }
    if !mean.iter().all(|x| x.is_finite()) {
        return Err(Failure::input("--mean: every number must be finite"));
    }
    if !deviation.iter().all(|x| x.is_normal() && *x > 0.0) {
        return Err(Failure::input("--deviation: every number must be above 0"));
    }
    Ok(Scaling::given(columns, mean, deviation))
}

/// Names that the token for unknown ones goes by.
const UNKNOWN: [&str; 6] = ["<unk>", "[UNK]", "<UNK>", "UNK", "unk", "<oov>"];

/// The tokens of a file; the net's ids are put into our order, in which 0 is unknown.
fn vocabulary(path: &Path, args: &ImportArgs, net: &mut Net) -> Result<(Vocabulary, Unit)> {
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => Failure::input("the file is no UTF-8"),
        std::io::ErrorKind::NotFound => Failure::input("no such file"),
        _ => Failure::input(error.to_string()),
    })?;
    let tokens: Vec<&str> = text.lines().collect();
    let Input::Tokens { channels, window } = net.spec.input else {
        return Err(Failure::input("the net reads numbers"));
    };
    let &[channel] = channels.as_slice() else {
        return Err(Failure::input(
            "the net has more than one embedding, and only one vocabulary can be named; --like RUN takes those of a run",
        ));
    };
    if tokens.len() != channel.vocabulary {
        return Err(Failure::input(format!(
            "the embedding has {} rows, and the vocabulary {} lines",
            channel.vocabulary,
            tokens.len()
        )));
    }
    let mut seen = HashSet::new();
    if let Some(line) = tokens.iter().position(|token| !seen.insert(*token)) {
        return Err(Failure::input(format!(
            "line {}: the token {} stands there twice",
            line + 1,
            tokens[line]
        )));
    }
    let unknown = unknown(&tokens, args.unknown.as_deref())?;
    let known = || (0..tokens.len()).filter(|&id| Some(id) != unknown);
    let rows: Vec<Option<usize>> = std::iter::once(unknown).chain(known().map(Some)).collect();
    net.reorder_table(channel, &rows);
    let channel = Channel {
        vocabulary: rows.len(),
        ..channel
    };
    net.spec.input = Input::Tokens {
        channels: Channels::of([channel]),
        window,
    };
    let entries: Vec<String> = known().map(|id| tokens[id].to_owned()).collect();
    let is_chars = entries.iter().all(|token| token.chars().count() == 1);
    let unit = if is_chars { Unit::Chars } else { Unit::Words };
    Ok((
        Vocabulary::given(channel.width, entries),
        args.tokens.unwrap_or(unit),
    ))
}

/// The id of the token for unknown ones.
fn unknown(tokens: &[&str], asked: Option<&str>) -> Result<Option<usize>> {
    let find = |name: &str| tokens.iter().position(|token| *token == name);
    match asked {
        Some(name) => find(name)
            .map(Some)
            .ok_or_else(|| Failure::input(format!("--unknown: the vocabulary has no line {name}"))),
        None => Ok(UNKNOWN.iter().find_map(|name| find(name))),
    }
}

impl Net {
    /// Gives the one embedding table its rows in another order, `None` for zeros; the padding row stays behind them.
    fn reorder_table(&mut self, channel: Channel, rows: &[Option<usize>]) {
        let Channel { vocabulary, width } = channel;
        let (table, rest) = self.params.split_at((vocabulary + 1) * width);
        let row = |row: usize| &table[row * width..(row + 1) * width];
        let mut params = Vec::with_capacity(self.params.len() + width);
        for from in rows {
            match from {
                Some(from) => params.extend_from_slice(row(*from)),
                None => params.extend(std::iter::repeat_n(0.0, width)),
            }
        }
        params.extend_from_slice(row(vocabulary));
        params.extend_from_slice(rest);
        self.params = params;
    }
}
