//! `RUN/calls.jsonl`: when which version of the program was called, and how, to train a run – a line for its start, and one
//! each time that it was resumed.

use std::borrow::Cow;
use std::fs::{self, OpenOptions};
use std::io::Write;

use jiff::{Timestamp, Unit};
use serde::{Deserialize, Serialize};

use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;

/// One call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// In universal time, as RFC 3339 writes it.
    pub started: String,
    pub version: String,
    /// As a shell reads it.
    pub command: String,
}

impl Call {
    /// The one that this process was started by.
    fn of_process() -> Self {
        let now = Timestamp::now();
        let words = std::env::args_os();
        let words: Vec<String> = words
            .map(|word| quoted(&word.to_string_lossy()).into_owned())
            .collect();
        Self {
            // A time that cannot be rounded is as good as it is.
            started: now.round(Unit::Second).unwrap_or(now).to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: words.join(" "),
        }
    }
}

/// Adds the call at hand.
///
/// # Errors
/// Writing fails.
pub fn record(run: &Run) -> Result<()> {
    let path = run.calls();
    let line = serde_json::to_string(&Call::of_process());
    let line = line.map_err(|error| Failure::write(&path, &error.into()))?;
    let file = OpenOptions::new().create(true).append(true).open(&path);
    file.and_then(|mut file| writeln!(file, "{line}"))
        .map_err(|error| Failure::write(&path, &error))
}

/// All calls on record; a line that a kill has torn is none.
pub fn of(run: &Run) -> Vec<Call> {
    let text = fs::read_to_string(run.calls()).unwrap_or_default();
    let calls = text.lines().map(serde_json::from_str);
    calls.filter_map(std::result::Result::ok).collect()
}

/// A word as a POSIX shell takes it for one.
fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words_in_a_shell() {
        let words = ["a/b.csv", "--lr=0.1", "two words", "it's", "", "$HOME"];
        let found = words.map(|word| quoted(word).into_owned());
        assert_eq!(
            found,
            [
                "a/b.csv",
                "--lr=0.1",
                "'two words'",
                r"'it'\''s'",
                "''",
                "'$HOME'"
            ]
        );
    }

    #[test]
    fn calls_are_kept_in_order() {
        let home = tempfile::tempdir().unwrap();
        let run = Run::open(home.path()).unwrap();
        assert!(of(&run).is_empty());
        record(&run).unwrap();
        record(&run).unwrap();
        let torn = fs::read_to_string(run.calls()).unwrap() + "{\"started\":";
        fs::write(run.calls(), torn).unwrap();
        let calls = of(&run);
        assert_eq!(calls.len(), 2);
        assert!(calls[0].started.ends_with('Z') && calls[0].started <= calls[1].started);
        assert_eq!(calls[0].version, env!("CARGO_PKG_VERSION"));
        assert!(!calls[0].command.is_empty());
    }
}
