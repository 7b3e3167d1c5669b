//! `elman tune`: a search for a net over its shape and its rates, within what a chip has.
//!
//! `propose` draws a trial (`space` and `sampler` know what there is to draw, `recipe` what its net needs, `budget` what there
//! is), `journal` shares it among processes, `trial` trains it, `median` gives it up, `best` and `table` show what came of it.

mod best;
mod budget;
mod clock;
mod journal;
mod median;
mod propose;
mod recipe;
mod sampler;
mod search;
mod space;
mod table;
mod trial;

use std::io::{Write as _, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::args::{TrainTask, TuneArgs, Visitor};
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::base::interrupt::Interrupt;
use crate::base::json;
use crate::train::Job;
use crate::train::measure::as_read;
use crate::train::settings::TimeLimit;
use crate::train::task::Task as _;

use budget::Budget;
use clock::Clock;
use journal::{Header, Journal, Story, Trial};
use propose::Proposer;
use recipe::Recipe;
use search::{Search, Stop};
use table::{Columns, Found, folder_name, mean_score};

/// How long a search lasts when nobody says it.
const TIME: Duration = Duration::from_mins(20);

/// The command.
///
/// # Errors
/// Wrong input, a budget that no net fits into, a search in which nothing could be trained, Ctrl-C.
pub fn run(args: &TuneArgs) -> Result<()> {
    let (flags, task) = (&args.job.search, &args.job.task);
    if flags.int8 && matches!(task, TrainTask::Text(_) | TrainTask::Echo(_)) {
        return Err(Failure::input(
            "--int8 is for nets that elman quantize knows, and those of texts and echoes it does not",
        ));
    }
    let interrupt = Interrupt::listen()?;
    let recipe = Recipe::new(&args.job)?;
    let budget = Budget::of(flags);
    let proposer = Proposer::new(task.name(), &recipe, &budget)?;
    let header = Header {
        version: 1,
        task: task.name().to_owned(),
        fixed: recipe.fixed(),
        budget: budget.clone(),
        fingerprint: format!("{:016x}", proposer.data.fingerprint),
    };
    let folder = place(recipe.settings().out.as_deref(), &header)?;
    let journal = Journal::in_folder(&folder);
    let time = flags.time.as_ref().map(TimeLimit::duration);
    let time = time.or(flags.trials.is_none().then_some(TIME));
    let is_quiet = recipe.settings().quiet;
    interrupt.heed();
    let columns = Columns::new(
        proposer.data.score_name,
        proposer.searched(),
        recipe.settings().seed,
    );
    let mut search = Search {
        folder: &folder,
        journal: &journal,
        task: task.name(),
        recipe: &recipe,
        budget: &budget,
        proposer,
        columns: columns.clone(),
        trials: flags.trials,
        clock: Clock::start(time, flags.trials, is_quiet),
        interrupt,
        shown: None,
    };
    search.join(header)?;
    let result = search.go();
    search.clock.finish();
    let stop = result?;
    let story = search.close(stop)?;
    tell(args, (&folder, &columns), (&story, stop), is_quiet)
}

/// What was tried, and who won.
fn tell(
    args: &TuneArgs,
    (folder, columns): (&Path, &Columns),
    (story, stop): (&Story, Stop),
    is_quiet: bool,
) -> Result<()> {
    let is_json = args.job.search.json;
    if is_json {
        let found = Found::of(folder, args.job.task.name(), columns, story);
        let mut out = stdout().lock();
        json::write(&mut out, &found)?;
        writeln!(out)?;
    } else if !is_quiet {
        write!(stdout(), "{}", columns.table(story))?;
    }
    let Some((best, candidate)) = story.best() else {
        let (why, folder) = (stop.words(), folder.display());
        return Err(Failure::run(format!(
            "{why} before a trial was complete, so there is no winner; to go on: the same command with --out {folder}; fewer \
             --epochs make trials shorter"
        )));
    };
    if is_json {
        return Ok(());
    }
    let seeds = candidate.scores();
    let mean = mean_score(&candidate).filter(|_| seeds > 1);
    let mean = mean.map_or_else(String::new, |mean| {
        format!(" ({mean:.4} in the mean of {seeds} seeds)")
    });
    conclude(folder, args, (best, story.trials.len(), &mean), is_quiet)
}

/// The folder of a search: the one asked for, or one of this search that was left before its end, or the next that is free.
fn place(out: Option<&Path>, header: &Header) -> Result<PathBuf> {
    let name = format!("tune-{}", header.task);
    if let Some(out) = out {
        let journal = Journal::in_folder(out);
        if journal.read()?.header.is_none() && !journal.is_blank() {
            Run::create(Some(out), &name)?;
        }
        return Ok(out.to_owned());
    }
    let mut number = 1;
    loop {
        let folder = Path::new("runs").join(format!("{name}-{number}"));
        if !folder.exists() {
            return Ok(Run::create(None, &name)?.folder().to_owned());
        }
        let story = Journal::in_folder(&folder).read()?;
        if story.header.as_ref() == Some(header) && !story.is_over {
            return Ok(folder);
        }
        number += 1;
    }
}

/// The last lines: who won, and what to do with it.
fn conclude(
    folder: &Path,
    args: &TuneArgs,
    (best, count, mean): (&Trial, usize, &str),
    is_quiet: bool,
) -> Result<()> {
    let (shown, trial) = (folder.display(), folder_name(best.claim.trial));
    let mut out = stdout().lock();
    let end = best.end.as_ref();
    let score = end.and_then(|end| Some(as_read(&end.score_name, end.score?)));
    let (score_name, score) = score.unwrap_or(("score", f64::NAN));
    let needs = &best.claim.needs;
    writeln!(
        out,
        "best {score_name} {score:.4}{mean}: {trial} of {count} trials, now in {shown}/best; flash {} bytes, RAM {} bytes, {} instructions a step",
        needs.flash_bytes, needs.ram_bytes, needs.instructions
    )?;
    if is_quiet {
        return Ok(());
    }
    let task = args.job.task.name();
    writeln!(out, "to look at: {shown}/report.html")?;
    writeln!(
        out,
        "the same net again: elman train {task} --config {shown}/best/config.toml --out FOLDER"
    )?;
    let best = format!("{shown}/best");
    let next = args.job.task.visit(NextOf(&best));
    Ok(if args.job.search.int8 {
        writeln!(
            out,
            "next: elman quantize {best} --data FILE, {next}, elman export {best} --format rust --int8 -o net.rs"
        )
    } else {
        writeln!(out, "next: {next}, elman export {best} --format c -o net.c")
    }?)
}

/// What to do with a run of the task.
struct NextOf<'a>(&'a str);

impl Visitor for NextOf<'_> {
    type Output = String;

    fn visit<J: Job>(self, _: &J) -> String {
        J::Task::next(self.0)
    }
}
