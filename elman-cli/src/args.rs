//! What may be typed.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use serde::Serialize;

use crate::bench::{Mode, Storage};
use crate::classify;
use crate::data::table::Part;
use crate::echo::{self, EchoArgs};
use crate::failure::{Failure, Result};
use crate::forecast;
use crate::label;
use crate::settings::{ConfigFile, Defaults, Settings, with_defaults};
use crate::text::{self, GenerateArgs, TextArgs};

/// Train, evaluate and run Elman recurrent nets.
#[derive(Parser, Debug)]
#[command(name = "elman", version, about, after_help = TOUR, max_term_width = 100, infer_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

const TOUR: &str = "\
Examples:
  elman demo                                             a story on built-in data, in seconds
  elman train label --train train.conll --out runs/names train a tagger
  elman eval runs/names --data test.conll                precision, recall, F1
  elman predict runs/names --data -                      label what comes down a pipe
Every command has examples of its own: elman train label --help";

#[derive(Subcommand, Debug)]
pub enum Command {
    Demo(DemoArgs),
    Train(TrainArgs),
    Eval(EvalArgs),
    Predict(PredictArgs),
    Generate(GenerateArgs),
    Inspect(InspectArgs),
    Gradcheck(GradcheckArgs),
    Report(ReportArgs),
    Bench(BenchArgs),
}

/// Show a whole story on built-in data: train, evaluate, use
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elman demo                     finds names of people in a few hundred built-in sentences
  elman demo names --out /tmp/d  the same, with the run folder of your choice
  elman demo echo                watch a net of four units learn to remember")]
pub struct DemoArgs {
    /// Which story
    #[arg(value_enum, default_value = "names")]
    pub story: Story,
    /// Folder for the results; must be new or empty [default: the next free runs/demo-STORY-N]
    #[arg(long, value_name = "RUN")]
    pub out: Option<PathBuf>,
    /// Where all random numbers come from
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u64).range(..1 << 63))]
    pub seed: u64,
    /// Threads at work; the result does not depend on it
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,
}

/// The stories there are.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
pub enum Story {
    /// Find names in sentences that hold names never seen before
    Names,
    /// Repeat bits some steps after they were heard
    Echo,
    /// Foresee every third of a series of bits: the exclusive or of the two before it (Elman 1990)
    Xor,
    /// Learn a simple grammar from nothing but the order of words (Elman 1990)
    Words,
    /// Forecast waves on a parabola, beyond everything seen in training
    Series,
}

/// Train a model
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_value_name = "TASK",
    subcommand_help_heading = "Tasks",
    after_help = "\
Examples:
  elman train label --train train.conll --valid dev.conll --out runs/names
  elman train forecast --train sunspots.csv --target y --split-column split
  elman train --resume runs/names    go on where the run stopped, to the very same model"
)]
pub struct TrainArgs {
    /// Go on where RUN stopped; every setting comes from RUN
    #[arg(long, value_name = "RUN")]
    pub resume: Option<PathBuf>,
    #[command(subcommand)]
    pub task: Option<TrainTask>,
}

#[derive(Subcommand, Debug)]
pub enum TrainTask {
    Label(Box<LabelArgs>),
    Classify(Box<ClassifyArgs>),
    Forecast(Box<ForecastArgs>),
    Text(Box<TextArgs>),
    Echo(Box<EchoArgs>),
}

/// Learn a label for every token or every row of numbers
///
/// A CoNLL file holds one token per line, a TAB and its label, and a blank line after every sentence. Rows of numbers come
/// from a table with a header such as seq,t,x1,x2,label; their defaults differ, see below. With labels
/// such as B-PER, I-PER and O the score is the F1 of the spans, as the CoNLL script counts it; with other
/// labels it is the share of right ones. The best model so far is always in RUN/model.safetensors.
#[derive(Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(args_override_self = true, mut_args = |arg| with_defaults(arg, label::DEFAULTS), after_help = label_help())]
pub struct LabelArgs {
    /// Training data
    #[arg(long, value_name = "FILE")]
    pub train: Option<PathBuf>,
    /// Validation data [default: a tenth of the training data, held out]
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<PathBuf>,
    /// A TOML file with settings named like these flags; flags win
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    #[serde(flatten)]
    pub settings: Settings,
}

/// Learn to forecast a column of a table, some steps ahead
///
/// The file is CSV or TSV with a header and a row per step, oldest first; with a column seq it holds several series. A
/// linear autoregression, on a scale and with lags chosen by validation within the training part, makes the forecast,
/// and the net learns what it misses. The score is the skill: the share of the error of persistence (nothing changes)
/// that is gone; 1 is perfect. Missing values are empty cells.
#[derive(Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(args_override_self = true, mut_args = |arg| with_defaults(arg, forecast::DEFAULTS), after_help = "\
Examples:
  elman train forecast --train sunspots.csv --target y
  elman train forecast --train sunspots.csv --target y --split-column split --out runs/sun
  elman train forecast --train power.csv --target load --inputs temperature,wind --horizon 24
  elman eval runs/sun --data sunspots.csv --part test
  elman predict runs/sun --data sunspots.csv --steps 12")]
pub struct ForecastArgs {
    /// Training data
    #[arg(long, value_name = "FILE")]
    pub train: Option<PathBuf>,
    /// Validation data [default: the rows that --split-column calls dev, or the last 15 % of the training data]
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<PathBuf>,
    /// The column to forecast
    #[arg(long, value_name = "COLUMN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Other columns to forecast from, with commas between their names
    #[arg(long, value_name = "COLUMNS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<String>,
    /// Steps from the last value known to the value forecast
    #[arg(long, value_name = "N", default_value = "1", value_parser = crate::settings::count(1..=100_000))]
    pub horizon: usize,
    /// The column that says train, dev or test of every row
    #[arg(long, value_name = "COLUMN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_column: Option<String>,
    /// A TOML file with settings named like these flags; flags win
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    #[serde(flatten)]
    pub settings: Settings,
}

/// Learn a class for every sequence: of numbers, of characters or of words
///
/// Numbers come from a table with a header such as seq,t,x1,x2,label (CSV, TSV, packed by gzip or not), from UCR and UEA
/// archives (.ts) or NumPy arrays; they are put on the scale of the training part. Texts come as text, TAB, class on a
/// line; or as sentences with one token per line, and a file with a class per sentence. The defaults depend on what the
/// steps are; those shown are for numbers.
#[derive(Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(args_override_self = true, mut_args = |arg| with_defaults(arg, classify::NUMBERS), after_help = classify_help())]
pub struct ClassifyArgs {
    /// Training data
    #[arg(long, value_name = "FILE")]
    pub train: Option<PathBuf>,
    /// Validation data [default: a tenth of every class of the training data, held out]
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<PathBuf>,
    /// The classes of the training sentences, one per line, where --train holds one token per line
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<PathBuf>,
    /// The classes of the validation sentences
    #[arg(long, value_name = "FILE", requires = "classes")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_classes: Option<PathBuf>,
    /// What a step of a text is [default: words, if the texts have more than three on average]
    #[arg(long, value_name = "UNIT", conflicts_with = "classes")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<classify::Unit>,
    /// How much each class counts in training
    #[arg(long, value_name = "HOW", default_value = "none")]
    pub class_weights: classify::ClassWeights,
    /// A TOML file with settings named like these flags; flags win
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    #[serde(flatten)]
    pub settings: Settings,
}

impl ForecastArgs {
    /// The target and the other columns, each once.
    pub fn columns(&self) -> Option<Vec<String>> {
        let mut columns = vec![self.target.clone()?];
        let inputs = self.inputs.as_deref().unwrap_or("").split(',');
        for name in inputs.map(str::trim).filter(|name| !name.is_empty()) {
            if columns.iter().all(|column| column != name) {
                columns.push(name.to_owned());
            }
        }
        Some(columns)
    }
}

fn label_help() -> String {
    format!(
        "Other defaults for rows of numbers:\n  {}\n\n\
Examples:
  elman train label --train train.conll
  elman train label --train train.conll --valid dev.conll --out runs/names --seed 1
  elman train label --config runs/names/config.toml --out runs/names-again
  elman train --resume runs/names",
        differing(label::NUMBERS, label::DEFAULTS)
    )
}

fn classify_help() -> String {
    format!(
        "Other defaults for characters:\n  {}\nOther defaults for words:\n  {}\n\n\
Examples:
  elman train classify --train digits.csv --out runs/digits
  elman train classify --train names.tsv --valid dev.tsv --tokens chars
  elman train classify --train train.conll --classes train.intents.txt
  elman train classify --train digits.csv --overfit-batch 16      can the net learn at all?
  elman train --resume runs/digits",
        differing(classify::CHARACTERS, classify::NUMBERS),
        differing(classify::WORDS, classify::NUMBERS)
    )
}

/// The defaults that differ from others, as flags.
pub fn differing(defaults: &Defaults, others: &Defaults) -> String {
    let new = defaults.iter().filter(|pair| !others.contains(pair));
    let flags: Vec<String> = new
        .map(|(name, value)| format!("--{name} {value}"))
        .collect();
    flags.join(" ")
}

/// Measure a model on a file
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elman eval runs/names --data test.conll
  elman eval runs/names --data test.conll --json | jq .f1
  elman eval runs/sun --data sunspots.csv --part test")]
pub struct EvalArgs {
    /// The folder of a training run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Labelled data in the format of the training data
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Forecasts: only the rows that the split column puts into this part; earlier rows serve as history
    #[arg(long, value_name = "PART")]
    pub part: Option<Part>,
    /// The classes of the sentences, where they have a file of their own
    #[arg(long, value_name = "FILE")]
    pub classes: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Threads at work; the result does not depend on it
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,
}

/// Label new data
#[derive(Args, Debug)]
#[command(after_help = "\
The input has a token per line and a blank line after every sentence; further columns are ignored.
The output has token, TAB, label. From - (standard input) every sentence is answered as soon as it ends.

Examples:
  elman predict runs/names --data new.conll > labelled.conll
  printf '%s\\n' My name is Ada Lovelace . | elman predict runs/names --data -
  elman predict runs/names --data new.conll --json | jq -c .spans
  elman predict runs/sun --data sunspots.csv --steps 12
  elman predict runs/shakespeare --data new.txt          what every line costs in nats, TAB, line")]
pub struct PredictArgs {
    /// The folder of a training run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Data in the format of the training data, with or without labels; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Forecasts: only the next N rows after the end of the data, each forecast from those before
    #[arg(long, value_name = "N", value_parser = crate::settings::count(1..=1 << 20))]
    pub steps: Option<usize>,
    /// Print one JSON object per sentence, with tokens, labels and spans; or per row, with value and forecast
    #[arg(long)]
    pub json: bool,
    /// Threads at work; the result does not depend on it
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,
}

/// Show the net of a run: tensors, parameters, memory on a chip, work per step
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elman inspect runs/names
  elman inspect runs/names --json | jq .parameters")]
pub struct InspectArgs {
    /// The folder of a training run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Steps of a sequence, where RAM depends on them: nets that read both ways need the whole sequence
    #[arg(long, value_name = "N", default_value = "32", value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub steps: u32,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Compare the gradients of a run's net with finite differences
#[derive(Args, Debug)]
#[command(after_help = "\
The shortest sentences of the data are used, without dropout; the differences are taken in double precision by an \
independent textbook implementation. Exit code 1 if any tensor is off by more than 0.001.

Examples:
  elman gradcheck runs/names --data dev.conll
  elman gradcheck runs/names --data dev.conll --sequences 8 --entries 50")]
pub struct GradcheckArgs {
    /// The folder of a training run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Labelled data in the format of the training data
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// The classes of the sentences, where they have a file of their own
    #[arg(long, value_name = "FILE")]
    pub classes: Option<PathBuf>,
    /// Sequences to look at
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u16).range(1..))]
    pub sequences: u16,
    /// Parameters to look at, per tensor
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u16).range(1..))]
    pub entries: u16,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Write a run's report page anew, from its files and its data
///
/// Training writes the page itself; this is for runs that were stopped, copied or trained by an older version.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elman report runs/names        writes runs/names/report.html")]
pub struct ReportArgs {
    /// The folder of a training run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
}

/// Measure throughput on this machine, beside what it could do at most
///
/// With dimensions: one JSON object on a line. Without: a table of the usual sizes, in about 20 seconds. The net is a
/// tanh layer with a linear head; the rates count 2·B·T·(I·H + H·H + H·O) floating-point operations, and three times
/// as many for training. The limits are measured in the same run: multiply-adds that never leave the registers and,
/// for single sequences, reading as much memory as the recurrent weights take.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elman bench
  elman bench --mode stream
  elman bench --mode forward --batch 32 --steps 64 --input 64 --hidden 256 --output 10
  elman bench --mode train --batch 32 --steps 64 --input 64 --hidden 256 --output 10 --threads 2")]
pub struct BenchArgs {
    /// What a call is [default: the table has all three]
    #[arg(long, value_enum)]
    pub mode: Option<Mode>,
    /// Sequences; a stream has one
    #[arg(long, value_name = "B", value_parser = dimension())]
    pub batch: Option<u32>,
    /// Steps of each sequence; a stream takes one at a time
    #[arg(long, value_name = "T", value_parser = dimension())]
    pub steps: Option<u32>,
    /// Numbers per step
    #[arg(long, value_name = "I", value_parser = dimension())]
    pub input: Option<u32>,
    /// Hidden units
    #[arg(long, value_name = "H", value_parser = dimension())]
    pub hidden: Option<u32>,
    /// Outputs per step
    #[arg(long, value_name = "O", value_parser = dimension())]
    pub output: Option<u32>,
    /// Threads at work; the numbers that the net computes do not depend on it
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,
    /// Instruction set
    #[arg(long, value_enum, default_value = "auto")]
    pub level: LevelName,
    /// How weights are stored
    #[arg(long, value_enum, default_value = "f32")]
    pub weights: Storage,
    /// Time to spend on each measurement
    #[arg(long, value_name = "S", default_value = "0.7", value_parser = seconds)]
    pub seconds: f64,
    /// Print the table as JSON objects, one on a line
    #[arg(long)]
    pub json: bool,
}

/// Instruction sets that can be asked for.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
pub enum LevelName {
    /// The best that this CPU has
    Auto,
    /// What every CPU has
    Portable,
    Avx2,
    Avx512,
}

fn dimension() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=elman_core::MAX_DIMENSION as i64)
}

fn seconds(typed: &str) -> std::result::Result<f64, String> {
    match typed.parse() {
        Ok(seconds) if (0.001..=600.0).contains(&seconds) => Ok(seconds),
        _ => Err("seconds lie between 0.001 and 600".to_owned()),
    }
}

impl TrainTask {
    /// The name of the task, in commands and files.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Label(_) => label::TASK,
            Self::Classify(_) => classify::TASK,
            Self::Forecast(_) => forecast::TASK,
            Self::Text(_) => text::TASK,
            Self::Echo(_) => echo::TASK,
        }
    }

    /// The configuration file that the command line names.
    fn config(&self) -> Option<&Path> {
        match self {
            Self::Label(args) => args.config.as_deref(),
            Self::Classify(args) => args.config.as_deref(),
            Self::Forecast(args) => args.config.as_deref(),
            Self::Text(args) => args.config.as_deref(),
            Self::Echo(args) => args.config.as_deref(),
        }
    }

    /// What settings are when nobody says otherwise: it may depend on the kind of the data.
    fn defaults(&self) -> Result<&'static Defaults> {
        match self {
            Self::Label(args) => label::defaults(args),
            Self::Classify(args) => classify::defaults(args),
            Self::Forecast(_) => Ok(forecast::DEFAULTS),
            Self::Text(args) => text::defaults(args),
            Self::Echo(_) => Ok(echo::DEFAULTS),
        }
    }
}

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
    let line = match task.config() {
        None => typed,
        Some(path) => {
            let mut line = train_line(Some(task.name()), path)?;
            // elman train label: as deep as a task lies in the command line.
            line.extend(typed.into_iter().skip(3));
            line
        }
    };
    // What the data are may stand in the file.
    match Cli::parse_from(&line).task() {
        None => Ok(cli),
        Some(task) => Ok(parse_with(task.name(), task.defaults()?, &line)),
    }
}

/// Reads a command line whose task has these defaults.
fn parse_with(task: &'static str, defaults: &'static Defaults, line: &[OsString]) -> Cli {
    let command = Cli::command().mut_subcommand("train", |train| {
        train.mut_subcommand(task, |task| {
            task.mut_args(|arg| with_defaults(arg, defaults))
        })
    });
    let matches = command.get_matches_from(line);
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

impl Cli {
    /// The training job that was asked for.
    const fn task(&self) -> Option<&TrainTask> {
        match &self.command {
            Command::Train(train) => train.task.as_ref(),
            _ => None,
        }
    }
}

/// Ends the process with clap's message, and with what was probably meant.
fn complain(typed: &[OsString], error: &clap::Error) -> ! {
    if let Some(hint) = hint(typed).filter(|_| error.kind() == ErrorKind::UnknownArgument) {
        // Nobody is left to tell if this fails.
        let _ = error.print();
        eprintln!("\nhint: {hint}");
        std::process::exit(error.exit_code());
    }
    error.exit()
}

/// The right command for one that has an argument too many.
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
        ["train", _, ..] if has("--resume") => {
            Some("a resumed run has its task and settings: elman train --resume RUN")
        }
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
    match Cli::try_parse_from(train_line(None, config)?) {
        Ok(Cli {
            command: Command::Train(TrainArgs {
                task: Some(task), ..
            }),
        }) => Ok(task),
        _ => Err(Failure::input("not the configuration of a run").in_file(config)),
    }
}

/// `elman train TASK` and the lines of a configuration file as flags, checked by themselves so that a mistake
/// is blamed on the file.
fn train_line(wanted: Option<&str>, path: &Path) -> Result<Vec<OsString>> {
    let file = ConfigFile::read(path)?;
    let task = match (wanted, file.task.as_deref()) {
        (Some(wanted), Some(task)) if wanted != task => {
            let sentence = format!("the file is for the task {task}, not {wanted}");
            return Err(Failure::input(sentence).in_file(path));
        }
        (Some(task), _) | (None, Some(task)) => task,
        (None, None) => return Err(Failure::input("the field task is missing").in_file(path)),
    };
    let mut cli = Cli::command();
    cli.build();
    let command = cli
        .find_subcommand("train")
        .and_then(|train| train.find_subcommand(task));
    let command =
        command.ok_or_else(|| Failure::input(format!("there is no task {task}")).in_file(path))?;
    let mut line: Vec<OsString> = ["elman", "train", task].map(OsString::from).to_vec();
    line.extend(
        file.flags(command)
            .map_err(|failure| failure.in_file(path))?,
    );
    match Cli::try_parse_from(&line) {
        Ok(_) => Ok(line),
        Err(error) => {
            let message = error.to_string();
            let sentence = message
                .lines()
                .next()
                .unwrap_or_default()
                .trim_start_matches("error: ");
            Err(Failure::input(sentence).in_file(path))
        }
    }
}

/// The settings of a labelling job with these flags.
#[cfg(test)]
pub fn test_settings(flags: &[&str]) -> Settings {
    let line = ["elman", "train", "label"].iter().chain(flags);
    let cli = Cli::try_parse_from(line).expect("the flags are right");
    let Some(TrainTask::Label(label)) = cli.task() else {
        panic!("this is a labelling job");
    };
    label.settings.clone()
}

/// A forecasting job with these flags.
#[cfg(test)]
pub fn test_forecast(flags: &[&str]) -> ForecastArgs {
    let line = ["elman", "train", "forecast"].iter().chain(flags);
    let cli = Cli::try_parse_from(line).expect("the flags are right");
    match cli.task() {
        Some(TrainTask::Forecast(job)) => (**job).clone(),
        _ => panic!("this is a forecasting job"),
    }
}
