//! Event files for TensorBoard: `tensorboard --logdir RUN` draws every scalar and histogram over the epochs.
//!
//! `record` is what an event is, `framing` how records lie in a file, `histogram` how many numbers become a few, `hparams` what
//! the settings were.

mod framing;
mod histogram;
mod hparams;
mod record;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::base::failure::{Failure, Result};
use framing::frame;
use record::Event;

pub use histogram::Histogram;
pub use hparams::End;

/// How the names of event files begin: TensorBoard looks for it.
const PREFIX: &str = "events.out.tfevents.";

/// Where a process writes the events of a run. A resumed run gets a file of its own, which tells TensorBoard to
/// forget what an earlier file says about the same steps.
#[derive(Debug)]
pub struct Events {
    folder: PathBuf,
    /// Made with the first event, so that a process that is killed at once leaves nothing behind.
    file: Option<File>,
    /// What every file says first: the settings, and what the score is called.
    settings: hparams::Settings,
    score: &'static str,
}

impl Events {
    /// For a run's folder.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            file: None,
            settings: hparams::Settings::new(),
            score: "",
        }
    }

    /// The settings that TensorBoard compares runs by, as they stand in `config.toml`, and what the score is called.
    pub fn describe<'a>(
        &mut self,
        settings: impl IntoIterator<Item = (&'a str, &'a str)>,
        score: &'static str,
    ) {
        let settings = settings.into_iter();
        self.settings = settings
            .map(|(name, value)| (name.to_owned(), hparams::setting(value)))
            .collect();
        self.score = score;
    }

    /// The run has ended; nothing is written where no event was.
    ///
    /// # Errors
    /// Writing fails.
    pub fn end(&mut self, how: End) -> Result<()> {
        let Some(file) = self.file.as_mut().filter(|_| !self.settings.is_empty()) else {
            return Ok(());
        };
        let event = Event::plugin(seconds(), hparams::PLUGIN, hparams::end(how, seconds()));
        append(file, &self.folder, &[event])
    }

    /// Writes what was measured at a step: names such as `loss/train`, and values.
    ///
    /// # Errors
    /// Writing fails.
    pub fn write(
        &mut self,
        step: usize,
        scalars: &[(String, f64)],
        histograms: &[(String, Histogram)],
    ) -> Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = self.file.insert(create(&self.folder, step)?);
                if !self.settings.is_empty() {
                    let records = hparams::start(&self.settings, self.score, seconds());
                    let events =
                        records.map(|record| Event::plugin(seconds(), hparams::PLUGIN, record));
                    append(file, &self.folder, &events)?;
                }
                file
            }
        };
        let event = Event::summary(seconds(), step, scalars, histograms);
        append(file, &self.folder, &[event])
    }
}

/// A new file that sorts behind all others, with the events every file begins with.
fn create(folder: &Path, step: usize) -> Result<File> {
    let mut second = (seconds() as u64).max(latest(folder).map_or(0, |latest| latest + 1));
    loop {
        let path = folder.join(format!("{PREFIX}{second:010}.elman"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                let head = [Event::version(seconds()), Event::start(seconds(), step)];
                append(&mut file, folder, &head)?;
                return Ok(file);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => second += 1,
            Err(error) => return Err(Failure::write(&path, &error)),
        }
    }
}

/// The number in the name of the last event file.
fn latest(folder: &Path) -> Option<u64> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| {
        let name = entry.file_name();
        let rest = name.to_str()?.strip_prefix(PREFIX)?;
        rest.split('.').next()?.parse().ok()
    });
    numbers.max()
}

/// One write call for all, so that a kill tears as little as possible; a torn end is what TensorBoard expects of a
/// file that is being written.
fn append(file: &mut File, folder: &Path, events: &[Event]) -> Result<()> {
    let bytes: Vec<u8> = events
        .iter()
        .flat_map(|event| frame(&event.to_bytes()))
        .collect();
    file.write_all(&bytes)
        .map_err(|error| Failure::write(&folder.join(format!("{PREFIX}*")), &error))
}

fn seconds() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files
    }

    fn read(path: &Path) -> Vec<Event> {
        let bytes = fs::read(path).unwrap();
        let records = framing::unframe(&bytes).unwrap();
        records
            .iter()
            .map(|record| Event::from_bytes(record).unwrap())
            .collect()
    }

    #[test]
    fn events_come_back_with_their_steps_and_values() {
        let home = tempfile::tempdir().unwrap();
        let mut events = Events::new(home.path());
        assert!(files(home.path()).is_empty());
        let histogram = Histogram::of(&[0.0, 1.0, 1.0]).unwrap();
        for step in 1..=2 {
            let scalars = [("loss/train".to_owned(), 1.0 / step as f64)];
            let histograms = [("weights/head.weight".to_owned(), histogram.clone())];
            events.write(step, &scalars, &histograms).unwrap();
        }
        let found = read(&files(home.path())[0]);
        assert_eq!(found.len(), 4);
        assert_eq!(found[0].file_version(), Some("brain.Event:2"));
        assert_eq!(found[1].started_at(), Some(1));
        assert_eq!(found[2].scalars(), [("loss/train", 1.0)]);
        assert_eq!(found[3].scalars(), [("loss/train", 0.5)]);
        assert_eq!(found[3].histograms(), [("weights/head.weight", 3.0)]);
    }

    #[test]
    fn settings_stand_before_all_figures_and_the_end_behind_them() {
        let home = tempfile::tempdir().unwrap();
        let mut events = Events::new(home.path());
        events.describe([("lr", "0.1"), ("cell", "gru")], "f1");
        events.end(End::Failure).unwrap();
        assert!(files(home.path()).is_empty(), "nothing was seen");
        events
            .write(1, &[("score/f1".to_owned(), 0.5)], &[])
            .unwrap();
        events.end(End::Success).unwrap();
        let found = read(&files(home.path())[0]);
        let plugins: Vec<_> = found.iter().map(Event::plugins).collect();
        let tag = |name| vec![(name, "hparams")];
        assert_eq!(plugins[2], tag("_hparams_/experiment"));
        assert_eq!(plugins[3], tag("_hparams_/session_start_info"));
        assert_eq!(found[4].scalars(), [("score/f1", 0.5)]);
        assert_eq!(
            (&plugins[5], found.len()),
            (&tag("_hparams_/session_end_info"), 6)
        );
    }

    #[test]
    fn a_resumed_run_gets_a_file_that_sorts_behind_and_starts_where_it_stands() {
        let home = tempfile::tempdir().unwrap();
        for step in [1, 7, 9] {
            Events::new(home.path()).write(step, &[], &[]).unwrap();
        }
        let starts: Vec<_> = files(home.path())
            .iter()
            .map(|file| read(file)[1].started_at())
            .collect();
        assert_eq!(starts, [Some(1), Some(7), Some(9)]);
    }
}
