//! The search loop: claim a trial, train it, tell how it went, until there is no time, or nothing to do.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use super::best::{copy_best, write_page};
use super::budget::Budget;
use super::clock::Clock;
use super::journal::{Claim, End, Event, Header, Journal, MOST, State, Story};
use super::median::MedianRule;
use super::propose::Proposer;
use super::recipe::Recipe;
use super::table::{Columns, folder_name};
use super::trial::Training;
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::base::interrupt::Interrupt;

/// So many failures with nothing that could be trained are no accident.
const TOO_MANY: usize = 3;

/// While a search lasts, its page is written as often as this.
const PAGE_EVERY: Duration = Duration::from_secs(5);

/// Why a search stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    TimeIsUp,
    /// All trials that were asked for are done.
    Done,
    /// Others are still at work on the last of them.
    Left,
    /// Every net was tried.
    Exhausted,
}

impl Stop {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::TimeIsUp => "the time was up",
            Self::Done => "the trials were over",
            Self::Left => "other processes are at work on the last trials, and this one ended",
            Self::Exhausted => "every net of this search was tried",
        }
    }
}

/// A trial that this process has claimed.
struct Claimed {
    claim: Claim,
    run: Run,
    /// Held until its end is on record.
    _lock: File,
    rule: MedianRule,
    /// Trials that have ended.
    done: usize,
}

/// What came of asking for a trial.
enum Answer {
    Trial(Box<Claimed>),
    Nothing(Stop),
}

/// A search.
pub struct Search<'a> {
    pub folder: &'a Path,
    pub journal: &'a Journal,
    pub task: &'a str,
    pub recipe: &'a Recipe,
    pub budget: &'a Budget,
    pub proposer: Proposer<'a>,
    pub columns: Columns,
    /// How many trials there may be.
    pub trials: Option<usize>,
    pub clock: Clock,
    pub interrupt: Interrupt,
    /// When the page was written.
    pub shown: Option<Instant>,
}

impl Search<'_> {
    /// Begins the journal, or goes on with it.
    ///
    /// # Errors
    /// It is that of another search.
    pub fn join(&self, header: Header) -> Result<()> {
        let folder = self.folder.display();
        let (is_new, story) = self.journal.locked(|story| match &story.header {
            None => Ok((true, vec![Event::Search(header)])),
            Some(found) => match difference(found, &header) {
                None => Ok((false, Vec::new())),
                Some(what) => Err(Failure::input(format!(
                    "{folder} holds another search, which differs in {what}; choose another --out"
                ))),
            },
        })?;
        if let Some(words) = self.budget.words().filter(|_| is_new) {
            self.clock.say(&format!("within {words}"));
        }
        let count = story.trials.len();
        if count > 0 {
            self.clock
                .say(&format!("going on with {folder} after {count} trials"));
        }
        self.clock.say(&self.columns.line(&self.columns.names()));
        Ok(())
    }

    /// Trains trial after trial.
    ///
    /// # Errors
    /// Files that cannot be read or written, Ctrl-C; nothing can be trained.
    pub fn go(&mut self) -> Result<Stop> {
        loop {
            if self.clock.is_up() {
                return Ok(Stop::TimeIsUp);
            }
            let claimed = match self.claim()? {
                Answer::Trial(claimed) => claimed,
                Answer::Nothing(stop) => return Ok(stop),
            };
            let trial = claimed.claim.trial;
            let training = Training {
                claim: &claimed.claim,
                run: &claimed.run,
                budget: self.budget,
                rule: &claimed.rule,
                clock: &self.clock,
                interrupt: &self.interrupt,
                done: claimed.done,
            };
            let job = self.recipe.job(&claimed.claim.settings)?;
            let end = match job.visit(training) {
                Ok(end) => end,
                Err(Failure::Interrupted(_)) if self.clock.is_up() => return Ok(Stop::TimeIsUp),
                Err(Failure::Interrupted(_)) => return Err(self.interrupted(trial)),
                Err(failure) => failed(trial, &failure),
            };
            self.record(end)?;
            if self.interrupt.is_asked() && !self.clock.is_up() {
                return Err(self.interrupted(trial));
            }
        }
    }

    /// A trial whose process is gone, or a new one.
    fn claim(&mut self) -> Result<Answer> {
        let (journal, folder, most) = (self.journal, self.folder, self.trials);
        let proposer = &mut self.proposer;
        let (answer, _) = journal.locked(|story| {
            let take = |claim: Claim, run: Run, lock: File| {
                let claimed = Claimed {
                    claim: claim.clone(),
                    run,
                    _lock: lock,
                    rule: MedianRule::of(story),
                    done: story.ranked().len(),
                };
                (Answer::Trial(Box::new(claimed)), vec![Event::Claim(claim)])
            };
            let open = story.trials.values().filter(|trial| trial.end.is_none());
            let mut is_anybody_at_work = false;
            for trial in open {
                let run = run_of(folder, trial.claim.trial)?;
                if run.is_at_work() {
                    is_anybody_at_work = true;
                    continue;
                }
                let lock = run.lock()?;
                run.sweep();
                let claim = Claim {
                    pid: std::process::id(),
                    host: host(),
                    ..trial.claim.clone()
                };
                return Ok(take(claim, run, lock));
            }
            let nothing = |stop| {
                let stop = if is_anybody_at_work { Stop::Left } else { stop };
                Ok((Answer::Nothing(stop), Vec::new()))
            };
            if story.trials.len() >= most.unwrap_or(MOST) {
                return nothing(Stop::Done);
            }
            let number = story.trials.keys().next_back().map_or(1, |last| last + 1);
            let Some((settings, needs)) = proposer.propose(number, story)? else {
                return nothing(Stop::Exhausted);
            };
            let run = run_of(folder, number)?;
            let lock = run.lock()?;
            let claim = Claim {
                trial: number,
                settings,
                needs,
                pid: std::process::id(),
                host: host(),
            };
            Ok(take(claim, run, lock))
        })?;
        Ok(answer)
    }

    /// A trial has ended: for the journal, for whoever looks, and the winner is put in its place.
    fn record(&mut self, end: End) -> Result<()> {
        let (trial, why) = (end.trial, end.why.clone());
        let is_page_due = self.shown.is_none_or(|shown| shown.elapsed() >= PAGE_EVERY);
        let (is_best, story) = self.journal.locked(|story| {
            let before = story.best_trial();
            let events = vec![Event::End(end)];
            let after = story.clone().after(&events);
            let best = after.best_trial();
            if let Some(best) = best.filter(|_| best != before) {
                copy_best(self.folder, best)?;
            }
            if is_page_due {
                self.write_page(&after)?;
            }
            Ok((best == Some(trial), events))
        })?;
        if is_page_due {
            self.shown = Some(Instant::now());
        }
        if let Some(record) = story.trials.get(&trial) {
            let row = self.columns.row(record, is_best);
            self.clock.say(&self.columns.line(&row));
        }
        let ended = story.ranked();
        self.clock
            .show(ended.len(), || format!("trial {trial} has ended"));
        let Some(why) = why else {
            return Ok(());
        };
        self.clock.say(&format!("  {}: {why}", folder_name(trial)));
        if ended.len() >= TOO_MANY && ended.iter().all(|one| one.merit().is_none()) {
            return Err(Failure::run(format!(
                "none of {} trials could be trained; the last one: {why}",
                ended.len()
            )));
        }
        Ok(())
    }

    /// Puts the end of the search on record.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn close(&self, stop: Stop) -> Result<Story> {
        let (_, story) = self.journal.locked(|story| {
            let events = match stop {
                Stop::Left => Vec::new(),
                stop => vec![Event::Over(stop.words().to_owned())],
            };
            let after = story.clone().after(&events);
            if let Some(best) = after.best_trial() {
                copy_best(self.folder, best)?;
            }
            self.write_page(&after)?;
            Ok(((), events))
        })?;
        Ok(story)
    }

    fn write_page(&self, story: &Story) -> Result<()> {
        let shown = (self.task, &self.columns);
        write_page(self.folder, shown, (self.recipe, self.budget), story)
    }

    fn interrupted(&self, trial: usize) -> Failure {
        self.clock.finish();
        let folder = self.folder.display();
        Failure::Interrupted(format!(
            "stopped at trial {trial:03}, which is saved; to go on: the same command, with --out {folder}"
        ))
    }
}

/// The run of a trial, whose folder is made if it is not there.
fn run_of(folder: &Path, trial: usize) -> Result<Run> {
    let folder = folder.join(folder_name(trial));
    std::fs::create_dir_all(&folder).map_err(|error| Failure::write(&folder, &error))?;
    Run::open(&folder)
}

/// The end of a trial that could not be trained.
fn failed(trial: usize, failure: &Failure) -> End {
    End {
        trial,
        state: State::Failed,
        score: None,
        loss: None,
        score_name: String::new(),
        best_epoch: 0,
        curve: Vec::new(),
        why: Some(failure.to_string()),
    }
}

/// In what two searches differ, in words.
fn difference(one: &Header, other: &Header) -> Option<String> {
    if one == other {
        return None;
    }
    let mut what: Vec<String> = Vec::new();
    if one.task != other.task {
        what.push("its task".to_owned());
    }
    let names = one.fixed.keys().chain(other.fixed.keys());
    let differing = names.filter(|name| one.fixed.get(*name) != other.fixed.get(*name));
    what.extend(differing.map(|name| format!("--{name}")));
    if one.budget != other.budget {
        what.push("its budget".to_owned());
    }
    if what.is_empty() && one.fingerprint != other.fingerprint {
        what.push("its data, which have changed".to_owned());
    }
    if what.is_empty() {
        what.push("the version of elman".to_owned());
    }
    what.sort();
    what.dedup();
    Some(what.join(", "))
}

/// The machine that this is.
fn host() -> String {
    let told = std::fs::read_to_string("/proc/sys/kernel/hostname");
    let told = told.or_else(|_| std::env::var("COMPUTERNAME").or(std::env::var("HOSTNAME")));
    told.map_or_else(|_| String::new(), |name| name.trim().to_owned())
}
