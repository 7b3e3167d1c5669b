//! The same training several times: over folds of the data, or from several seeds.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use clap::Args;
use serde::Serialize;

use crate::base::failure::{Failure, Result};
use crate::base::typed::count;

/// How often a job is trained, and on which part of the data one of these trainings is validated.
#[derive(Args, Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Repeats {
    /// Cross-validation: N runs in OUT/fold-1 and so on, each validated on another N-th of the training data and learning from
    /// the rest; whole groups stay together, and of a series each learns from what comes before. Mean and standard deviation
    /// of the scores come last, also in OUT/summary.json
    #[arg(long, value_name = "N", value_parser = count(2..=1000), help_heading = REPEATS)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folds: Option<usize>,
    /// N runs in OUT/seed-1 and so on, with the seeds from --seed on, and the same at the end: how much is luck; without --valid
    /// each holds out other data, too
    #[arg(long, value_name = "N", value_parser = count(2..=1000), help_heading = REPEATS)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seeds: Option<usize>,
    /// One of the runs of --folds alone, such as 2/5: validated on the second fifth of the training data
    #[arg(long, value_name = "I/N", help_heading = REPEATS)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fold: Option<Fold>,
}

const REPEATS: &str = "Several runs";

/// One of so many parts of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Fold {
    /// Counted from 1.
    pub number: usize,
    pub of: usize,
}

impl fmt::Display for Fold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl From<Fold> for String {
    fn from(fold: Fold) -> Self {
        fold.to_string()
    }
}

impl FromStr for Fold {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        let parts = typed.split_once('/');
        let parts = parts.and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((number, of)) if (2..=1000).contains(&of) && (1..=of).contains(&number) => {
                Ok(Self { number, of })
            }
            _ => Err(
                "it must be the number of a fold and how many there are, such as 2/5".to_owned(),
            ),
        }
    }
}

impl Repeats {
    /// Whether there is more than one run.
    pub const fn are_several(&self) -> bool {
        self.folds.is_some() || self.seeds.is_some()
    }

    /// What no single flag can tell.
    ///
    /// # Errors
    /// Flags that contradict each other.
    pub fn check(&self, overfits: bool) -> Result<()> {
        let sentence = match self {
            Self {
                folds: Some(_),
                seeds: Some(_),
                ..
            } => {
                "--folds and --seeds are two questions: how good it is on other data, and how much is luck; ask one at a time"
            }
            Self {
                folds: Some(_),
                fold: Some(_),
                ..
            } => "--fold is one of the runs of --folds: leave out one of them",
            Self { folds: Some(_), .. } | Self { fold: Some(_), .. } if overfits => {
                "--overfit-batch validates on what it learns from, so that there is nothing to hold out for --folds"
            }
            _ => return Ok(()),
        };
        Err(Failure::input(sentence))
    }

    /// The fold that is held out, if any.
    ///
    /// # Errors
    /// There are validation data of their own.
    pub fn held_out(&self, valid: Option<&Path>) -> Result<Option<Fold>> {
        if self.fold.is_some() && valid.is_some() {
            return Err(Failure::input(
                "--folds validates on parts of the training data in turn: leave out --valid, and keep its file for elman eval",
            ));
        }
        Ok(self.fold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_read_as_they_are_written() {
        let fold: Fold = "2/5".parse().unwrap();
        assert_eq!(
            (fold.number, fold.of, fold.to_string()),
            (2, 5, "2/5".to_owned())
        );
        for wrong in ["", "2", "0/5", "6/5", "1/1", "a/b", "1/2/3"] {
            assert!(wrong.parse::<Fold>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_one_question_at_a_time() {
        let both = Repeats {
            folds: Some(2),
            seeds: Some(2),
            fold: None,
        };
        assert!(both.check(false).is_err());
        let fold = Repeats {
            fold: "1/2".parse().ok(),
            seeds: Some(2),
            folds: None,
        };
        assert!(fold.check(false).is_ok() && fold.check(true).is_err());
        assert!(fold.held_out(Some(Path::new("f"))).is_err());
        assert_eq!(fold.held_out(None).unwrap(), fold.fold);
    }
}
