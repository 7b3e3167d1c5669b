//! How often each label of the training data comes, and what one must doubt because of it.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::base::failure::{Failure, Result};
use crate::base::tell::tell;

/// More different numbers with decimals than these are measurements.
const MOST_DECIMALS: usize = 20;
/// Fewer labels say nothing about how many different ones there may be.
const FEWEST: usize = 8;
/// Names beyond this are counted in a note and not written out.
const SHOWN: usize = 6;

/// How often each label comes.
pub struct LabelCounts<'a> {
    /// What a label is called: a label or a class.
    what: &'static str,
    counts: BTreeMap<&'a str, usize>,
}

impl<'a> LabelCounts<'a> {
    /// Counts them.
    pub fn new(what: &'static str, labels: impl Iterator<Item = &'a str>) -> Self {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        labels.for_each(|label| *counts.entry(label).or_default() += 1);
        Self {
            what,
            counts: counts.into_iter().collect(),
        }
    }

    /// The labels, each once, in alphabetical order, and how often they come.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, usize)> + Clone {
        self.counts.iter().map(|(&label, &count)| (label, count))
    }

    /// Says on standard error which labels come once, and whether numbers are taken for labels.
    ///
    /// # Errors
    /// The labels are measurements.
    pub fn check(&self, path: &Path) -> Result<()> {
        if self.are_measurements() {
            let sentence = format!(
                "{}, and elman has no regression of sequences; numbers that follow each other are for elman train forecast",
                self.numbers()
            );
            return Err(Failure::input(sentence).in_file(path));
        }
        let path = path.display();
        if self.may_be_measurements() {
            let numbers = self.numbers();
            tell!(
                "elman: {path}: warning: {numbers}; each is taken for a {} of its own",
                self.what
            );
        } else if let Some(rare) = self.rare() {
            tell!("elman: {path}: note: {rare}");
        }
        Ok(())
    }

    fn numbers(&self) -> String {
        let shown: Vec<&str> = self.counts.keys().copied().take(3).collect();
        let (what, count, shown) = (self.what, self.counts.len(), shown.join(", "));
        format!("the {what} column holds {count} different numbers such as {shown}")
    }

    /// Many different numbers with decimals.
    fn are_measurements(&self) -> bool {
        let is_decimal = |label: &str| label.parse::<f64>().is_ok_and(|value| value.fract() != 0.0);
        let has_decimals = self.counts.keys().any(|label| is_decimal(label));
        let many = self.counts.len() > MOST_DECIMALS || self.are_mostly_different(FEWEST);
        has_decimals && self.are_numbers() && many
    }

    /// Whole numbers that hardly ever come again.
    fn may_be_measurements(&self) -> bool {
        self.are_numbers() && self.are_mostly_different(2 * MOST_DECIMALS)
    }

    fn are_numbers(&self) -> bool {
        (self.counts.keys()).all(|label| label.parse::<f64>().is_ok_and(f64::is_finite))
    }

    fn are_mostly_different(&self, fewest: usize) -> bool {
        let all: usize = self.counts.values().sum();
        all >= fewest && 2 * self.counts.len() > all
    }

    /// The labels that come once.
    fn rare(&self) -> Option<String> {
        let once = self.counts.iter().filter(|&(_, &count)| count == 1);
        let mut names: Vec<&str> = once.map(|(&label, _)| label).collect();
        let more = names.len().saturating_sub(SHOWN);
        names.truncate(SHOWN);
        let (what, shown) = (self.what, names.join(", "));
        match (names.len(), more) {
            (0, _) => None,
            (1, _) => Some(format!(
                "the {what} {shown} comes once, too little to learn from"
            )),
            (_, 0) => Some(format!(
                "{what} {shown} come once each, too little to learn from"
            )),
            _ => Some(format!(
                "{what} {shown} and {more} more come once each, too little to learn from"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(labels: &str) -> LabelCounts<'_> {
        LabelCounts::new("label", labels.split(' '))
    }

    #[test]
    fn measurements_are_no_labels() {
        let many: String = (0..60).map(|i| format!("{}.5 ", i / 2)).collect();
        assert!(counts(many.trim_end()).are_measurements());
        assert!(counts("0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8").are_measurements());
        assert!(
            !counts("0.5 1.5 0.5 1.5 0.5 1.5 2.5 2.5").are_measurements(),
            "grades"
        );
        assert!(!counts("0.1 0.2 0.3 0.4 0.5 0.6 0.7 a").are_measurements());
        let whole: String = (0..60).map(|i| format!("{i} ")).collect();
        let whole = counts(whole.trim_end());
        assert!(whole.may_be_measurements() && !whole.are_measurements());
        let complaint = counts(many.trim_end())
            .check(Path::new("f"))
            .unwrap_err()
            .to_string();
        assert!(
            complaint.starts_with(
                "f: the label column holds 30 different numbers such as 0.5, 1.5, 10.5"
            ),
            "{complaint}"
        );
    }

    #[test]
    fn labels_that_come_once_are_named() {
        let rare = |labels| counts(labels).rare();
        assert_eq!(rare("a a b b"), None);
        assert_eq!(
            rare("a a b").unwrap(),
            "the label b comes once, too little to learn from"
        );
        assert!(
            rare("a a b c")
                .unwrap()
                .starts_with("label b, c come once each")
        );
        assert!(
            rare("a b c d e f g h")
                .unwrap()
                .contains("a, b, c, d, e, f and 2 more")
        );
    }
}
