//! A report's part that lies in the files of its run.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::run::{Row, RunReport, Setting};
use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;

impl RunReport {
    /// History and settings of a run; what needs its data is up to the caller.
    ///
    /// # Errors
    /// Files that cannot be read.
    pub fn of_run(run: &Run) -> Result<Self> {
        let folder = std::path::absolute(run.folder()).unwrap_or_else(|_| run.folder().to_owned());
        let name = folder
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let settings = settings(&read(&run.config())?);
        let clip_norm = settings.iter().find(|(name, _)| name == "clip-norm");
        Ok(Self {
            name,
            history: history(&read(&run.metrics())?),
            clip_norm: clip_norm
                .and_then(|(_, value)| value.parse().ok())
                .unwrap_or(0.0),
            settings,
            ..Self::default()
        })
    }
}

fn read(path: &Path) -> Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        other => other.map_err(|error| Failure::read(path, &error)),
    }
}

/// Every epoch; a line that a kill has torn is none.
fn history(metrics: &str) -> Vec<Row> {
    metrics
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Names and values in the order of the file.
fn settings(config: &str) -> Vec<Setting> {
    let pair = |line: &str| {
        let (name, value) = line.split_once(" = ")?;
        // Text is quoted in one way or another; as TOML says.
        let table: toml::Table = line.parse().ok()?;
        let value = match table.get(name) {
            Some(toml::Value::String(text)) => text.clone(),
            _ => value.to_owned(),
        };
        Some((name.to_owned(), value))
    };
    config.lines().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_as_it_was_written() {
        let home = tempfile::tempdir().unwrap();
        let run = Run::open(home.path()).unwrap();
        assert!(RunReport::of_run(&run).unwrap().history.is_empty());
        fs::write(
            run.config(),
            "# a comment\ntask = \"label\"\nclip-norm = 5.0\ntrain = 'C:\\d'\n",
        )
        .unwrap();
        let epoch = r#"{"epoch":1,"train_loss":1.5,"valid_loss":1,"score":0.5,"score_name":"f1","best":true,
            "learning_rate":0.1,"gradient_norm":2,"clipped":0,"items_per_second":9,"seconds":1}"#;
        fs::write(
            run.metrics(),
            epoch.replace('\n', "") + "\n{\"epoch\":2,\"tr",
        )
        .unwrap();
        let report = RunReport::of_run(&run).unwrap();
        assert_eq!((report.clip_norm, report.history.len()), (5.0, 1));
        assert_eq!(report.history[0].train_loss, 1.5);
        assert_eq!(report.settings[2], ("train".to_owned(), "C:\\d".to_owned()));
    }
}
