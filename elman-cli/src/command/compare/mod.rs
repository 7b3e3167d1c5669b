//! `elman compare`: two runs side by side, and on labelled data whether one is better.

mod paired_test;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use serde::Serialize;

use super::runs::{Listed, keep_differences};
use crate::args::CompareArgs;
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::base::json;
use crate::base::threads::on_threads;
use crate::data::Format;
use crate::net::cost::{self, Instructions, Memory};
use crate::net::model_file;
use crate::task::paired::Paired;
use crate::task::registry;
use crate::task::trained::Trained;
use crate::train::report::RunReport;
use paired_test::PairedTest;

/// Settings that decide which data the kept scores are of.
const VALIDATED_ON: [&str; 5] = ["train", "valid", "split-column", "classes", "valid-classes"];

/// Everything that is printed.
#[derive(Serialize)]
struct Comparison {
    a: Side,
    b: Side,
    /// Whether the kept scores are of the same validation data.
    same_validation: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<PairedTest>,
}

/// One of the runs.
#[derive(Serialize)]
struct Side {
    run: String,
    task: String,
    /// The validation score that the model is kept for.
    #[serde(skip_serializing_if = "Option::is_none")]
    score_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    best_epoch: Option<usize>,
    epochs: usize,
    /// Of all epochs together.
    training_seconds: f64,
    parameters: usize,
    flash_bytes: usize,
    ram_bytes: usize,
    macs_per_step: usize,
    /// An estimate for a Cortex-M4F.
    instructions_per_step: usize,
    /// Those in which the runs differ.
    settings: BTreeMap<String, String>,
    /// On the data that both are measured on.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_score: Option<DataScore>,
}

#[derive(Serialize)]
struct DataScore {
    name: &'static str,
    value: f64,
}

/// The command.
///
/// # Errors
/// Runs that are missing or cannot be compared; data that are missing or do not fit.
pub fn run(args: &CompareArgs) -> Result<()> {
    let runs = [Run::open(&args.a)?, Run::open(&args.b)?];
    let [net_a, net_b] = [registry::open(&runs[0])?, registry::open(&runs[1])?];
    let mut listed = [Listed::of(&runs[0])?, Listed::of(&runs[1])?];
    let same_validation = validated_alike(&listed);
    keep_differences(&mut listed);
    let [of_a, of_b] = listed;
    let mut comparison = Comparison {
        a: side(&runs[0], net_a.as_ref(), of_a)?,
        b: side(&runs[1], net_b.as_ref(), of_b)?,
        same_validation,
        test: None,
    };
    if args.data.is_some() {
        comparison.measure(args, [net_a.as_ref(), net_b.as_ref()])?;
    }
    let text = match args.json {
        true => json::text(&comparison) + "\n",
        false => comparison.to_table(args),
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// Whether two runs were validated on the same data, as far as their settings tell.
fn validated_alike([a, b]: &[Listed; 2]) -> bool {
    let setting = |run: &Listed, name: &str| run.settings.get(name).cloned();
    // Without data of its own the seed and the fold choose what a run is validated on.
    let is_given = setting(a, "valid").is_some() || setting(a, "split-column").is_some();
    let chosen: &[&str] = if is_given { &[] } else { &["seed", "fold"] };
    let mut names = VALIDATED_ON.iter().chain(chosen);
    a.task == b.task && names.all(|name| setting(a, name) == setting(b, name))
}

fn side(run: &Run, net: &dyn Trained, listed: Listed) -> Result<Side> {
    let spec = net.network().spec();
    // As `elman inspect` shows them.
    const STEPS: usize = 32;
    let memory = Memory::of_strips(spec, STEPS);
    let history = RunReport::of_run(run)?.history;
    Ok(Side {
        run: listed.run,
        task: model_file::task_of(&run.trained_model()?)?,
        score_name: listed.score_name,
        score: listed.score,
        best_epoch: listed.best_epoch,
        epochs: listed.epochs,
        training_seconds: history.iter().map(|row| row.seconds).sum(),
        parameters: spec.params_len(),
        flash_bytes: memory.flash_bytes,
        ram_bytes: memory.ram_bytes(),
        macs_per_step: cost::macs(spec),
        instructions_per_step: Instructions::of(spec).m4f_f32,
        settings: listed.settings,
        data_score: None,
    })
}

impl Comparison {
    /// Measures both on the data that the command line names.
    fn measure(&mut self, args: &CompareArgs, nets: [&dyn Trained; 2]) -> Result<()> {
        let (task_a, task_b) = (&self.a.task, &self.b.task);
        if task_a != task_b {
            return Err(Failure::input(format!(
                "A is a run of the task {task_a} and B of {task_b}: no data can be for both; without --data they stand side by side"
            )));
        }
        let [a, b] = [(nets[0], &args.a), (nets[1], &args.b)].map(|(net, run)| {
            let data = args.data.as_deref().unwrap_or(run);
            Format::check(args.format, net.formats())?;
            if args.part.is_some() && !net.reads_tables() {
                return Err(Failure::input(
                    "--part is for tables with a column that says train, dev or test",
                ));
            }
            let found = net.paired(&args.eval(run, data));
            let found = found.map_err(|failure| Format::doubt(args.format, data, failure))?;
            net.must_be_finite()?;
            Ok(found)
        });
        let (a, b): (Paired, Paired) = (a?, b?);
        if a.about != b.about {
            return Err(Failure::input(format!(
                "A answers {}, and B {}: that is not the same question",
                a.about, b.about
            )));
        }
        let test = || paired_test::test(&a.outcomes, &b.outcomes);
        self.test = Some(on_threads(args.threads.into(), test)?);
        for (side, found) in [(&mut self.a, &a), (&mut self.b, &b)] {
            side.data_score = Some(DataScore {
                name: found.score_name,
                value: found.score,
            });
        }
        Ok(())
    }

    fn to_table(&self, args: &CompareArgs) -> String {
        let sides = [&self.a, &self.b];
        let mut rows: Vec<[String; 3]> = vec![["".into(), "A".into(), "B".into()]];
        let mut row = |name: &str, of: &dyn Fn(&Side) -> String| {
            let [a, b] = sides.map(of);
            rows.push([name.to_owned(), a, b]);
        };
        row("run", &|side| side.run.clone());
        row("task", &|side| side.task.clone());
        row("validation score", &|side| {
            let score = side.score_name.iter().zip(side.score).next();
            score.map_or_else(
                || "none".to_owned(),
                |(name, score)| format!("{name} {score:.4}"),
            )
        });
        row("after epoch", &|side| match side.best_epoch {
            Some(best) => format!("{best} of {}", side.epochs),
            None => format!("- of {}", side.epochs),
        });
        row("training", &|side| {
            format!("{:.1} s", side.training_seconds)
        });
        row("parameters", &|side| side.parameters.to_string());
        row("flash, bytes", &|side| side.flash_bytes.to_string());
        row("RAM, bytes", &|side| side.ram_bytes.to_string());
        row("MACs per step", &|side| side.macs_per_step.to_string());
        row("instructions", &|side| {
            format!("{} per step, Cortex-M4F", side.instructions_per_step)
        });
        let names = sides.iter().flat_map(|side| side.settings.keys());
        let names: std::collections::BTreeSet<&String> = names.collect();
        for name in names {
            row(&format!("--{name}"), &|side| {
                side.settings.get(name).cloned().unwrap_or_default()
            });
        }
        if let Some(data) = &args.data {
            let part = args
                .part
                .map_or_else(String::new, |part| format!(" ({})", part.name()));
            row(&format!("{}{part}", data.display()), &|side| {
                let score = side.data_score.as_ref();
                score.map_or_else(String::new, |score| {
                    format!("{} {:.4}", score.name, score.value)
                })
            });
        }
        let mut text = columns(&rows);
        if !self.same_validation {
            text += "\nThe validation scores are of different data, and say little about which is better.\n";
        }
        if let Some(test) = &self.test {
            let _ = writeln!(text, "\n{} ({}).", test.sentence, test.name());
        } else if self.a.task == self.b.task {
            text += "\nelman compare A B --data FILE says whether the difference is more than chance.\n";
        }
        text
    }
}

/// Cells side by side, each column as wide as it must be.
fn columns(rows: &[[String; 3]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let [first, second] = [0, 1].map(|column| width(column).unwrap_or(0));
    let mut text = String::new();
    for [name, a, b] in rows {
        text += format!("{name:first$}  {a:second$}  {b}").trim_end();
        text.push('\n');
    }
    text
}
