//! `DIR/journal.jsonl`: what was tried, and who is at what. Lines are only ever added, under a lock, so that several processes,
//! on one machine or many, share a search. A line that a kill has torn counts as not written.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::budget::{Budget, Needs};
use super::space::Values;
use crate::base::failure::{Failure, Result};
use crate::base::json;

/// Trials that a search may have; a number beyond is that of a damaged file.
pub const MOST: usize = 999_999;

/// What a search is: two with the same header are one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Header {
    /// Of this file's form.
    pub version: u32,
    pub task: String,
    /// Settings that are not searched, by the names of their flags.
    pub fixed: Values,
    pub budget: Budget,
    /// Of the data.
    pub fingerprint: String,
}

/// A process takes a trial.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Claim {
    /// Counted from 1.
    pub trial: usize,
    pub settings: Values,
    #[serde(flatten)]
    pub needs: Needs,
    pub pid: u32,
    pub host: String,
}

/// How a trial ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It went through all of its epochs, or its patience ran out.
    Complete,
    /// It was worse than the others, and was given up.
    Stopped,
    /// It could not be trained.
    Failed,
}

/// A trial has ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct End {
    pub trial: usize,
    pub state: State,
    /// Validation score and loss of the best epoch.
    pub score: Option<f64>,
    pub loss: Option<f64>,
    pub score_name: String,
    /// The epoch that they are from.
    pub best_epoch: usize,
    /// Score and loss of every epoch.
    pub curve: Vec<[f64; 2]>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    Search(Header),
    Claim(Claim),
    End(End),
    /// The search ended as it was meant to: why.
    Over(String),
}

/// A trial on record.
#[derive(Clone, Debug)]
pub struct Trial {
    pub claim: Claim,
    pub end: Option<End>,
}

impl Trial {
    /// The better the trial, the greater: score first, of equal scores the lower loss. `None` before it has any.
    pub fn merit(&self) -> Option<[f64; 2]> {
        let end = self.end.as_ref()?;
        Some([end.score?, -end.loss?])
    }

    /// Whether it may win: its settings, and nothing else, lead to its model.
    pub fn is_complete(&self) -> bool {
        let end = self.end.as_ref();
        end.is_some_and(|end| end.state == State::Complete)
    }
}

/// Compares what [`Trial::merit`] gives.
pub fn by_merit(a: &[f64; 2], b: &[f64; 2]) -> std::cmp::Ordering {
    a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1]))
}

/// All that the journal says.
#[derive(Clone, Debug, Default)]
pub struct Story {
    pub header: Option<Header>,
    pub trials: BTreeMap<usize, Trial>,
    /// Whether the last thing that happened is that the search ended.
    pub is_over: bool,
}

impl Story {
    fn of(text: &str) -> Self {
        let mut story = Self::default();
        let lines = text.lines();
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .for_each(|event| story.add(event));
        story
    }

    /// What it will be when these things have happened.
    pub fn after(mut self, events: &[Event]) -> Self {
        events.iter().cloned().for_each(|event| self.add(event));
        self
    }

    /// Goes on by an event.
    fn add(&mut self, event: Event) {
        self.is_over = matches!(event, Event::Over(_));
        match event {
            Event::Search(header) => {
                self.header.get_or_insert(header);
            }
            Event::Claim(claim) if claim.trial > MOST => {}
            Event::Claim(claim) => {
                let taken = self.trials.entry(claim.trial);
                // Who takes over a trial trains what was claimed first.
                taken.or_insert(Trial { claim, end: None });
            }
            Event::End(end) => {
                if let Some(trial) = self.trials.get_mut(&end.trial) {
                    trial.end.get_or_insert(end);
                }
            }
            Event::Over(_) => {}
        }
    }

    /// Trials that have ended, the best first; of equal ones the smaller net, then the earlier.
    pub fn ranked(&self) -> Vec<&Trial> {
        let mut ended: Vec<&Trial> = self
            .trials
            .values()
            .filter(|one| one.end.is_some())
            .collect();
        let worst = [f64::NEG_INFINITY; 2];
        ended.sort_by(|a, b| {
            let [x, y] = [a, b].map(|one| one.merit().unwrap_or(worst));
            let size = |one: &Trial| (one.claim.needs.flash_bytes, one.claim.trial);
            by_merit(&y, &x).then(size(a).cmp(&size(b)))
        });
        ended
    }

    /// Settings that were tried, whatever the seed; the best in the mean first, those without a score last.
    pub fn candidates(&self) -> Vec<Candidate<'_>> {
        let mut found: BTreeMap<Values, Vec<&Trial>> = BTreeMap::new();
        for trial in self.trials.values() {
            let mut settings = trial.claim.settings.clone();
            settings.remove(SEED);
            found.entry(settings).or_default().push(trial);
        }
        let found = found.into_iter();
        let mut all: Vec<Candidate<'_>> = found
            .map(|(settings, trials)| Candidate { settings, trials })
            .collect();
        let worst = [f64::NEG_INFINITY; 2];
        all.sort_by(|a, b| {
            let [x, y] = [a, b].map(|one| one.merit().unwrap_or(worst));
            let size = |one: &Candidate<'_>| {
                let first = &one.trials[0].claim;
                (first.needs.flash_bytes, first.trial)
            };
            by_merit(&y, &x).then(size(a).cmp(&size(b)))
        });
        all
    }

    /// The winner: of the settings that proved themselves with several seeds the best in the mean, or the best of all as long as
    /// none has; and of these the trial with the seed that was asked for.
    pub fn best(&self) -> Option<(&Trial, Candidate<'_>)> {
        let mut candidates = self.candidates();
        candidates.retain(|one| one.winner().is_some());
        let proven = candidates.iter().position(|one| one.scores() >= PROVEN);
        let best = candidates.into_iter().nth(proven.unwrap_or(0))?;
        Some((best.winner()?, best))
    }

    /// The number of the winner.
    pub fn best_trial(&self) -> Option<usize> {
        Some(self.best()?.0.claim.trial)
    }
}

/// The setting in which the trials of a candidate differ; that of the first is the search's own.
pub const SEED: &str = "seed";

/// So many scores make a mean that can be trusted: a single one may be luck, above all where few validation data decide.
const PROVEN: usize = 3;

/// Settings and the trials that they were tried in, each with a seed of its own.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    pub settings: Values,
    pub trials: Vec<&'a Trial>,
}

impl<'a> Candidate<'a> {
    /// How many of its trials have a score.
    pub fn scores(&self) -> usize {
        self.trials
            .iter()
            .filter(|one| one.merit().is_some())
            .count()
    }

    /// The mean of what [`Trial::merit`] gives.
    pub fn merit(&self) -> Option<[f64; 2]> {
        let merits: Vec<[f64; 2]> = self.trials.iter().filter_map(|one| one.merit()).collect();
        let mean =
            |part: usize| merits.iter().map(|merit| merit[part]).sum::<f64>() / merits.len() as f64;
        (!merits.is_empty()).then(|| [mean(0), mean(1)])
    }

    /// The trial that may win.
    pub fn winner(&self) -> Option<&'a Trial> {
        let mut trials = self.trials.iter();
        let own = trials.find(|one| !one.claim.settings.contains_key(SEED))?;
        (own.is_complete() && own.merit().is_some()).then_some(*own)
    }
}

/// The file.
#[derive(Clone, Debug)]
pub struct Journal(PathBuf);

impl Journal {
    /// In the folder of a search.
    pub fn in_folder(folder: &Path) -> Self {
        Self(folder.join("journal.jsonl"))
    }

    /// What it says; nothing if it is not there.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self) -> Result<Story> {
        match std::fs::read(&self.0) {
            Ok(bytes) => Ok(Story::of(&String::from_utf8_lossy(&bytes))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Story::default()),
            Err(error) => Err(Failure::read(&self.0, &error)),
        }
    }

    /// Whether it was begun and has no whole line: whoever began it was killed, or is about to write one.
    pub fn is_blank(&self) -> bool {
        std::fs::read(&self.0).is_ok_and(|bytes| !bytes.contains(&b'\n'))
    }

    /// Does some work while no other process can write to the journal; the events that it gives are added.
    ///
    /// # Errors
    /// Those of the work; reading or writing fails.
    pub fn locked<R>(
        &self,
        work: impl FnOnce(&Story) -> Result<(R, Vec<Event>)>,
    ) -> Result<(R, Story)> {
        let complain = |error: std::io::Error| Failure::write(&self.0, &error);
        let mut options = OpenOptions::new();
        let options = options.create(true).read(true).append(true);
        let mut file = options.open(&self.0).map_err(complain)?;
        // Some file systems know no locks; that is no reason not to search.
        let _ = file.lock();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(complain)?;
        let mut story = Story::of(&String::from_utf8_lossy(&bytes));
        let (result, events) = work(&story)?;
        let is_torn = bytes.last().is_some_and(|&last| last != b'\n');
        self.append(&mut file, is_torn, &events)?;
        events.into_iter().for_each(|event| story.add(event));
        Ok((result, story))
    }

    fn append(&self, file: &mut File, is_torn: bool, events: &[Event]) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let mut text = if is_torn { "\n" } else { "" }.to_owned();
        for event in events {
            text += &json::text(event);
            text.push('\n');
        }
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|error| Failure::write(&self.0, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(trial: usize) -> Event {
        Event::Claim(Claim {
            trial,
            settings: Values::from([("hidden".to_owned(), trial.to_string())]),
            needs: Needs {
                parameters: 1,
                flash_bytes: 100 - trial,
                code_bytes: 0,
                ram_bytes: 1,
                instructions: 1,
            },
            pid: 1,
            host: "here".to_owned(),
        })
    }

    fn end(trial: usize, state: State, score: f64, loss: f64) -> Event {
        Event::End(End {
            trial,
            state,
            score: Some(score),
            loss: Some(loss),
            score_name: "f1".to_owned(),
            best_epoch: 1,
            curve: vec![[score, loss]],
            why: None,
        })
    }

    fn write(journal: &Journal, events: Vec<Event>) -> Story {
        journal.locked(|_| Ok(((), events))).unwrap().1
    }

    #[test]
    fn a_torn_line_is_not_written() {
        let home = tempfile::tempdir().unwrap();
        let journal = Journal::in_folder(home.path());
        assert!(journal.read().unwrap().trials.is_empty());
        write(&journal, vec![claim(1), end(1, State::Complete, 0.5, 1.0)]);
        let whole = std::fs::read_to_string(&journal.0).unwrap();
        for cut in 0..whole.len() {
            std::fs::write(&journal.0, &whole[..cut]).unwrap();
            let story = write(&journal, vec![claim(2)]);
            assert!(story.trials.contains_key(&2), "{cut}");
            let again = journal.read().unwrap();
            assert_eq!(again.trials.len(), story.trials.len(), "{cut}");
        }
    }

    #[test]
    fn the_best_trial_is_complete() {
        let home = tempfile::tempdir().unwrap();
        let journal = Journal::in_folder(home.path());
        let events = vec![
            claim(1),
            claim(2),
            claim(3),
            claim(4),
            end(1, State::Complete, 0.9, 0.5),
            end(2, State::Stopped, 1.0, 0.1),
            end(3, State::Complete, 0.9, 0.4),
            end(4, State::Complete, 0.9, 0.4),
        ];
        let story = write(&journal, events);
        let order: Vec<usize> = story.ranked().iter().map(|one| one.claim.trial).collect();
        assert_eq!(order, [2, 4, 3, 1]);
        assert_eq!(story.best_trial(), Some(4));
    }

    #[test]
    fn luck_with_one_seed_does_not_win() {
        let home = tempfile::tempdir().unwrap();
        let journal = Journal::in_folder(home.path());
        let with_seed = |trial: usize, of: usize| {
            let Event::Claim(mut claim) = claim(trial) else {
                unreachable!("a claim");
            };
            claim.settings.insert("hidden".to_owned(), of.to_string());
            claim.settings.insert(SEED.to_owned(), trial.to_string());
            Event::Claim(claim)
        };
        let complete = |trial, score| end(trial, State::Complete, score, 0.5);
        let mut events = vec![claim(1), complete(1, 0.9), claim(2), complete(2, 1.0)];
        let best = |events: &[Event]| {
            let story = Story::default().after(events);
            (story.best_trial(), story.candidates()[0].trials.len())
        };
        assert_eq!(best(&events), (Some(2), 1));
        events.extend([
            with_seed(3, 2),
            complete(3, 0.6),
            with_seed(4, 1),
            complete(4, 0.9),
        ]);
        assert_eq!(best(&events), (Some(1), 2));
        // Who has proved himself stays ahead of who has not, until that one has.
        events.extend([
            with_seed(5, 1),
            complete(5, 0.9),
            claim(6),
            complete(6, 1.0),
        ]);
        assert_eq!(best(&events), (Some(1), 1));
        events.extend([
            with_seed(7, 6),
            complete(7, 0.95),
            with_seed(8, 6),
            complete(8, 0.9),
        ]);
        assert_eq!(best(&events), (Some(6), 3));
        let story = write(&journal, events);
        assert_eq!(story.best().unwrap().1.scores(), 3);
    }

    #[test]
    fn a_trial_stays_what_it_was_claimed_as_and_ends_once() {
        let home = tempfile::tempdir().unwrap();
        let journal = Journal::in_folder(home.path());
        let Event::Claim(mut other) = claim(1) else {
            unreachable!("a claim");
        };
        other.settings.clear();
        let events = vec![
            claim(1),
            Event::Claim(other),
            end(1, State::Complete, 0.9, 0.5),
            end(1, State::Complete, 0.1, 0.5),
            Event::Over("the time was up".to_owned()),
        ];
        let story = write(&journal, events);
        let trial = &story.trials[&1];
        assert_eq!(trial.claim.settings["hidden"], "1");
        assert_eq!(trial.merit(), Some([0.9, -0.5]));
        assert!(story.is_over && !write(&journal, vec![claim(2)]).is_over);
    }
}
