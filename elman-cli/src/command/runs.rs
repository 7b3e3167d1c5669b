//! `elman runs`: the runs of a folder side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;

use serde::Serialize;

use crate::args::RunsArgs;
use crate::base::failure::Result;
use crate::base::folder::Run;
use crate::base::json;
use crate::train::measure::as_read;
use crate::train::report::RunReport;

/// Settings that change no result.
const IDLE: [&str; 5] = ["task", "out", "threads", "checkpoint-every", "watch"];

/// A run as it is listed.
#[derive(Debug, Serialize)]
pub(super) struct Listed {
    pub(super) run: String,
    pub(super) task: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) score_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) score: Option<f64>,
    /// The epoch that the score is from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) best_epoch: Option<usize>,
    /// Epochs done.
    pub(super) epochs: usize,
    is_at_work: bool,
    /// Those in which runs of the task differ.
    pub(super) settings: BTreeMap<String, String>,
    /// The higher the better.
    #[serde(skip)]
    rank: f64,
}

/// The command.
///
/// # Errors
/// A folder that is not there or holds no runs.
pub fn run(args: &RunsArgs) -> Result<()> {
    let runs = Run::all_in(&args.folder)?;
    let mut all: Vec<Listed> = runs.iter().map(Listed::of).collect::<Result<_>>()?;
    keep_differences(&mut all);
    let better = |a: &Listed, b: &Listed| {
        let by_score = b.rank.total_cmp(&a.rank);
        a.task.cmp(&b.task).then(by_score).then(a.run.cmp(&b.run))
    };
    all.sort_by(better);
    let mut out = std::io::stdout().lock();
    if args.json {
        for one in &all {
            json::write(&mut out, one)?;
            writeln!(out)?;
        }
        return Ok(());
    }
    Ok(out.write_all(table(&all).as_bytes())?)
}

impl Listed {
    pub(super) fn of(run: &Run) -> Result<Self> {
        let report = RunReport::of_run(run)?;
        let best = report.history.iter().rfind(|row| row.best);
        let as_people_read = best.map(|row| as_read(&row.score_name, row.score));
        let settings: BTreeMap<String, String> = report.settings.into_iter().collect();
        Ok(Self {
            run: run.folder().display().to_string(),
            task: settings.get("task").cloned().unwrap_or_default(),
            score_name: as_people_read.map(|(name, _)| name.to_owned()),
            score: as_people_read.map(|(_, score)| score),
            best_epoch: best.map(|row| row.epoch),
            rank: best.map_or(f64::NEG_INFINITY, |row| row.score),
            epochs: report.history.len(),
            is_at_work: run.is_at_work(),
            settings,
        })
    }
}

/// Drops the settings that are the same in all runs of a task.
pub(super) fn keep_differences(all: &mut [Listed]) {
    let mut values: BTreeMap<(&str, &str), BTreeSet<Option<&str>>> = BTreeMap::new();
    let names: BTreeSet<&str> = all
        .iter()
        .flat_map(|one| one.settings.keys().map(String::as_str))
        .collect();
    for one in &*all {
        for &name in &names {
            let value = one.settings.get(name).map(String::as_str);
            values.entry((&one.task, name)).or_default().insert(value);
        }
    }
    let differing: BTreeSet<(String, String)> = values
        .into_iter()
        .filter(|((_, name), values)| values.len() > 1 && !IDLE.contains(name))
        .map(|((task, name), _)| (task.to_owned(), name.to_owned()))
        .collect();
    for one in all {
        let task = one.task.clone();
        (one.settings).retain(|name, _| differing.contains(&(task.clone(), name.clone())));
    }
}

fn table(all: &[Listed]) -> String {
    let rows = all.iter().map(|one| {
        let score = one.score_name.iter().zip(one.score);
        let score = score
            .map(|(name, score)| format!("{name} {score:.4}"))
            .next();
        let epochs = match (one.best_epoch, one.is_at_work) {
            (_, true) => format!("{}, at work", one.epochs),
            (Some(best), false) => format!("{}, best {best}", one.epochs),
            (None, false) => one.epochs.to_string(),
        };
        let settings: Vec<String> = one
            .settings
            .iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        [
            one.run.clone(),
            one.task.clone(),
            score.unwrap_or_default(),
            epochs,
            settings.join(", "),
        ]
    });
    let head = ["run", "task", "score", "epochs", "differs in"].map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; 4] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            // Writing to a text does not fail.
            let _ = write!(line, "{cell:width$}  ");
        }
        text += (line + &row[4]).trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(run: &str, task: &str, settings: &[(&str, &str)]) -> Listed {
        let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Listed {
            run: run.to_owned(),
            task: task.to_owned(),
            score_name: Some("f1".to_owned()),
            score: Some(0.5),
            best_epoch: Some(2),
            epochs: 3,
            is_at_work: false,
            settings: settings.iter().map(own).collect(),
            rank: 0.5,
        }
    }

    #[test]
    fn only_what_differs_within_a_task_is_shown() {
        let mut all = [
            listed(
                "a",
                "label",
                &[("hidden", "8"), ("lr", "0.1"), ("threads", "1")],
            ),
            listed(
                "b",
                "label",
                &[("hidden", "9"), ("lr", "0.1"), ("threads", "2")],
            ),
            listed("c", "text", &[("hidden", "9"), ("lr", "0.2")]),
        ];
        keep_differences(&mut all);
        let names = |one: &Listed| one.settings.keys().cloned().collect::<Vec<_>>().join(",");
        assert_eq!(all.each_ref().map(names), ["hidden", "hidden", ""]);
        let text = table(&all[..2]);
        assert_eq!(
            text,
            "run  task   score      epochs     differs in\n\
             a    label  f1 0.5000  3, best 2  hidden 8\n\
             b    label  f1 0.5000  3, best 2  hidden 9\n"
        );
    }
}
