//! The folder of a training run: which files it holds, and how they are written so that a kill at any moment
//! leaves the old one or the new one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::base::failure::{Failure, Result};

/// A run's folder.
#[derive(Clone, Debug)]
pub struct Run {
    folder: PathBuf,
}

impl Run {
    /// A folder that exists.
    ///
    /// # Errors
    /// It does not.
    pub fn open(folder: &Path) -> Result<Self> {
        let complaint = if folder.is_dir() {
            let run = Self {
                folder: folder.to_owned(),
            };
            let Some(one) = run.holds_runs() else {
                return Ok(run);
            };
            format!(
                "a folder of runs; RUN is one of them, e.g. {}",
                one.display()
            )
        } else if folder.is_file() {
            let parent = folder.parent().filter(|parent| *parent != Path::new(""));
            let parent = parent.unwrap_or(Path::new("."));
            format!("a file; RUN is the folder, e.g. {}", parent.display())
        } else {
            "there is no such run; elman train makes one".to_owned()
        };
        Err(Failure::input(complaint).in_file(folder))
    }

    /// A folder, whether it is there or not.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The runs that these folders stand for: each is one, or holds those of `--folds` or `--seeds`.
    ///
    /// # Errors
    /// As [`Run::open`]; none of those has a model yet.
    pub fn open_all(folders: &[PathBuf]) -> Result<Vec<Self>> {
        let mut runs = Vec::new();
        for folder in folders {
            if !Self::at(folder.clone()).plan().is_file() {
                runs.push(Self::open(folder)?);
                continue;
            }
            let mut members = Self::all_in(folder)?;
            members.retain(|run| run.model().is_file());
            if members.is_empty() {
                let sentence = "none of these runs has a model yet";
                return Err(Failure::input(sentence).in_file(folder));
            }
            // By their numbers: fold-2 before fold-10.
            members.sort_by_key(|run| {
                let name = run.folder.display().to_string();
                (name.len(), name)
            });
            runs.extend(members);
        }
        Ok(runs)
    }

    /// The runs right in a folder, those of `--folds` and `--seeds` among them, or the folder itself if it is one.
    ///
    /// # Errors
    /// There are none.
    pub fn all_in(folder: &Path) -> Result<Vec<Self>> {
        let own = Self {
            folder: folder.to_owned(),
        };
        if own.config().is_file() {
            return Ok(vec![own]);
        }
        let entries = fs::read_dir(folder).map_err(|error| Failure::read(folder, &error))?;
        let mut runs = Vec::new();
        for entry in entries.flatten() {
            let run = Self {
                folder: entry.path(),
            };
            if run.config().is_file() {
                runs.push(run);
            } else if run.plan().is_file() {
                // Before the first of them has begun there are none.
                runs.extend(Self::all_in(&run.folder).unwrap_or_default());
            }
        }
        if runs.is_empty() {
            let sentence = "there are no runs in this folder; elman train makes one";
            return Err(Failure::input(sentence).in_file(folder));
        }
        Ok(runs)
    }

    /// One of the runs in a folder that is none itself.
    fn holds_runs(&self) -> Option<PathBuf> {
        if self.config().exists() || self.model().exists() {
            return None;
        }
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries
            .map(|entry| Self {
                folder: entry.path(),
            })
            .find(|run| run.config().is_file())
            .map(|run| run.folder)
    }

    /// A new or empty folder: the one asked for, or the next free `runs/NAME-N`.
    ///
    /// # Errors
    /// It holds something, or cannot be made.
    pub fn create(folder: Option<&Path>, name: &str) -> Result<Self> {
        let Some(folder) = folder else {
            return Self::create_next(Path::new("runs"), name);
        };
        let run = Self {
            folder: folder.to_owned(),
        };
        must_be_text(folder)?;
        run.must_be_new()?;
        fs::create_dir_all(folder).map_err(|error| Failure::write(folder, &error))?;
        Ok(run)
    }

    /// # Errors
    /// The folder holds something, perhaps a run that another process began meanwhile.
    pub fn must_be_new(&self) -> Result<()> {
        // A kill while the very first file was written leaves a torn one, which is nothing to keep.
        let is_nothing = |entry: std::io::Result<fs::DirEntry>| {
            entry.is_ok_and(|entry| {
                let name = entry.file_name();
                name == LOCK || name.as_encoded_bytes().starts_with(WRITING.as_bytes())
            })
        };
        let is_empty = || fs::read_dir(&self.folder).is_ok_and(|mut all| all.all(is_nothing));
        if !self.folder.exists() || is_empty() {
            return Ok(());
        }
        let folder = self.folder.display();
        let advice = if self.config().is_file() || self.plan().is_file() {
            format!("go on with it by elman train --resume {folder}, or choose another --out")
        } else {
            "it is no run, and not empty; choose another --out".to_owned()
        };
        Err(Failure::input(format!("{folder} exists already: {advice}")))
    }

    fn create_next(runs: &Path, name: &str) -> Result<Self> {
        fs::create_dir_all(runs).map_err(|error| Failure::write(runs, &error))?;
        let mut number = 1;
        loop {
            let folder = runs.join(format!("{name}-{number}"));
            match fs::create_dir(&folder) {
                Ok(()) => return Ok(Self { folder }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(Failure::write(&folder, &error)),
            }
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The best model.
    pub fn model(&self) -> PathBuf {
        self.folder.join("model.safetensors")
    }

    /// The best model in int8.
    pub fn quantized(&self) -> PathBuf {
        self.folder.join("quantized.safetensors")
    }

    /// The best model, for those who read it.
    ///
    /// # Errors
    /// A run that has none yet.
    pub fn trained_model(&self) -> Result<PathBuf> {
        let model = self.model();
        if model.exists() || !self.config().exists() {
            return Ok(model);
        }
        let folder = self.folder.display();
        Err(Failure::input(format!(
            "{folder}: this run has no model yet; its first epoch makes one: elman train --resume {folder}"
        )))
    }

    /// Keeps other processes from training the run, for as long as the file lives. It is a file of its own, which is never
    /// renamed: whoever opens it later opens the same one.
    ///
    /// # Errors
    /// Another process is at it, or nothing can be written.
    pub fn lock(&self) -> Result<File> {
        let path = self.folder.join(LOCK);
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).open(&path);
        let file = file.map_err(|error| Failure::write(&path, &error))?;
        if is_locked(&file) {
            let folder = self.folder.display();
            let complaint = format!("{folder}: another process is training this run");
            return Err(Failure::input(complaint));
        }
        Ok(file)
    }

    /// Whether another process is training the run.
    pub fn is_at_work(&self) -> bool {
        File::open(self.folder.join(LOCK)).is_ok_and(|file| is_locked(&file))
    }

    /// The last state.
    pub fn checkpoint(&self) -> PathBuf {
        self.folder.join("checkpoint.safetensors")
    }

    /// Every setting in force.
    pub fn config(&self) -> PathBuf {
        self.folder.join("config.toml")
    }

    /// Of a folder that holds the runs of one command (`--folds`, `--seeds`): the settings that they share.
    pub fn plan(&self) -> PathBuf {
        self.folder.join("runs.toml")
    }

    /// What came of these.
    pub fn summary(&self) -> PathBuf {
        self.folder.join("summary.json")
    }

    /// One JSON object per epoch.
    pub fn metrics(&self) -> PathBuf {
        self.folder.join("metrics.jsonl")
    }

    /// One JSON object per process that trained it.
    pub fn calls(&self) -> PathBuf {
        self.folder.join("calls.jsonl")
    }

    /// The page that shows how it went.
    pub fn report(&self) -> PathBuf {
        self.folder.join("report.html")
    }

    /// Appends an object to the metrics.
    ///
    /// # Errors
    /// Writing fails.
    pub fn add_metrics(&self, metrics: &impl Serialize) -> Result<()> {
        let path = self.metrics();
        let line =
            serde_json::to_string(metrics).map_err(|error| Failure::write(&path, &error.into()))?;
        let file = OpenOptions::new().create(true).append(true).open(&path);
        file.and_then(|mut file| writeln!(file, "{line}"))
            .map_err(|error| Failure::write(&path, &error))
    }

    /// Removes what a kill in the middle of [`write_atomic`] may have left behind.
    pub fn sweep(&self) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let torn = entries.filter(|entry| {
            entry
                .file_name()
                .as_encoded_bytes()
                .starts_with(WRITING.as_bytes())
        });
        // Only tidiness is at stake.
        torn.for_each(|entry| drop(fs::remove_file(entry.path())));
    }

    /// Keeps the metrics of the first `epochs` epochs: what was written after the checkpoint is done again.
    ///
    /// # Errors
    /// Reading or writing fails.
    pub fn keep_metrics(&self, epochs: usize) -> Result<()> {
        let path = self.metrics();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Failure::read(&path, &error)),
        };
        let kept: String = text
            .lines()
            .take(epochs)
            .flat_map(|line| [line, "\n"])
            .collect();
        write_atomic(&path, kept.as_bytes())
    }
}

/// # Errors
/// A path that `config.toml` could not hold.
pub fn must_be_text(path: &Path) -> Result<()> {
    if path.to_str().is_some() {
        return Ok(());
    }
    let complaint =
        "the path is not UTF-8, and config.toml, which is, could not hold it; rename it";
    Err(Failure::input(complaint).in_file(path))
}

/// The file that is locked while a process trains the run.
const LOCK: &str = ".lock";

/// Tries to lock a file. Some file systems know no locks; that is no reason not to train.
fn is_locked(file: &File) -> bool {
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// How temporary files begin.
const WRITING: &str = ".writing-";

/// Writes a file so that nobody ever sees half of it: into a temporary file beside it, synced, renamed.
///
/// # Errors
/// Writing fails; an existing file is then untouched.
pub fn write_atomic(path: &Path, content: &[u8]) -> Result<()> {
    let complain = |error: &std::io::Error| Failure::write(path, error);
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if !folder.is_dir() {
        let folder = folder.display();
        return Err(Failure::run(format!(
            "cannot write {}: there is no folder {folder}; make it first: mkdir -p {folder}",
            path.display()
        )));
    }
    let mut file = tempfile::Builder::new()
        .prefix(WRITING)
        .tempfile_in(folder)
        .map_err(|error| complain(&error))?;
    file.write_all(content)
        .and_then(|()| file.as_file().sync_all())
        .map_err(|error| complain(&error))?;
    share(file.as_file()).map_err(|error| complain(&error))?;
    file.persist(path).map_err(|error| complain(&error.error))?;
    // The new name is only safe once the folder itself is on disk; not every system can sync a folder.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Temporary files are readable by their owner only; results are for everybody.
#[cfg(unix)]
fn share(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn share(_: &File) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_numbered_and_never_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let first = Run::create_next(home.path(), "label").unwrap();
        let second = Run::create_next(home.path(), "label").unwrap();
        assert_ne!(first.folder(), second.folder());
        let create = || Run::create(Some(first.folder()), "label").map_err(|e| e.to_string());
        create().expect("an empty folder is as good as a new one");
        fs::write(first.folder().join("notes"), "mine").unwrap();
        let complaint = create().unwrap_err();
        assert!(
            !complaint.contains("--resume") && complaint.contains("--out"),
            "{complaint}"
        );
        fs::write(first.config(), "").unwrap();
        let complaint = create().unwrap_err();
        assert!(
            complaint.contains("--resume") && complaint.contains("--out"),
            "{complaint}"
        );
    }

    #[test]
    fn one_process_at_a_time_trains_a_run() {
        let home = tempfile::tempdir().unwrap();
        let run = Run::create(Some(&home.path().join("run")), "label").unwrap();
        assert!(!run.is_at_work());
        let lock = run.lock().unwrap();
        assert!(run.is_at_work() && run.lock().is_err());
        run.must_be_new().expect("nothing but the lock");
        // What is renamed over does not open the door.
        write_atomic(&run.config(), b"a").unwrap();
        write_atomic(&run.config(), b"b").unwrap();
        assert!(run.lock().is_err() && run.must_be_new().is_err());
        drop(lock);
        assert!(!run.is_at_work());
    }

    #[test]
    fn metrics_after_the_checkpoint_are_dropped() {
        let home = tempfile::tempdir().unwrap();
        let run = Run::open(home.path()).unwrap();
        run.keep_metrics(3).unwrap();
        (1..=3).for_each(|epoch| run.add_metrics(&epoch).unwrap());
        run.keep_metrics(2).unwrap();
        assert_eq!(fs::read_to_string(run.metrics()).unwrap(), "1\n2\n");
    }

    #[test]
    fn torn_files_are_swept_away() {
        let home = tempfile::tempdir().unwrap();
        let run = Run::open(home.path()).unwrap();
        fs::write(home.path().join(".writing-abc"), "half").unwrap();
        run.add_metrics(&1).unwrap();
        run.sweep();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_replaced_whole_and_leaves_nothing_beside_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("f");
        write_atomic(&path, b"old").unwrap();
        write_atomic(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }
}
