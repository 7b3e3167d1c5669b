//! From names in a file to outputs of a net, where the file may hold names that training never met.

use std::collections::BTreeMap;

use elman_core::Target;

use super::labels::Labels;
use crate::base::failure::{Failure, Result};
use crate::base::tell::tell;
use crate::data::Sequences;

/// Names beyond this are counted in a warning and not written out.
const SHOWN: usize = 6;

/// The targets of a file as they are met.
pub struct NamedTargets<'a> {
    /// What a name is called: a label or a class.
    what: &'static str,
    labels: &'a Labels,
    known: usize,
    /// Line and name of the first that training never met.
    first: Option<(usize, String)>,
    /// How often each of them comes.
    unknown: BTreeMap<String, usize>,
}

impl<'a> NamedTargets<'a> {
    /// None met yet.
    pub const fn new(what: &'static str, labels: &'a Labels) -> Self {
        Self {
            what,
            labels,
            known: 0,
            first: None,
            unknown: BTreeMap::new(),
        }
    }

    /// Adds the target of the next row or sequence; it is ignored where the file has none.
    pub fn push(&mut self, name: Option<&str>, line: usize, sequences: &mut Sequences) {
        let Some(name) = name else {
            return sequences.push_class(Target::IGNORED);
        };
        if let Some(id) = self.labels.id(name) {
            self.known += 1;
            return sequences.push_class(Target::class(id));
        }
        self.first.get_or_insert_with(|| (line, name.to_owned()));
        *self.unknown.entry(name.to_owned()).or_default() += 1;
        sequences.push_unknown(name);
    }

    /// Says on standard error which names of the file training never met.
    ///
    /// # Errors
    /// It met none of them: this is another kind of file.
    pub fn warn(&self, file: &str) -> Result<()> {
        let Some((line, name)) = &self.first else {
            return Ok(());
        };
        let what = self.what;
        if self.known == 0 {
            let known = self.labels.summary();
            return Err(Failure::input(format!(
                "{file}:{line}: the model does not know the {what} {name}, nor any other {what} of this file ({known})"
            )));
        }
        let (all, counted) = (self.unknown.values().sum::<usize>(), self.known);
        let shown = self.unknown.iter().take(SHOWN);
        let mut names: Vec<String> = shown
            .map(|(name, count)| format!("{name} ({count})"))
            .collect();
        if self.unknown.len() > SHOWN {
            names.push(format!("{} more", self.unknown.len() - SHOWN));
        }
        tell!(
            "elman: {file}:{line}: warning: training never met {what} {}; {all} of {} count as misses",
            names.join(", "),
            all + counted,
        );
        Ok(())
    }
}

/// The names of a net's outputs, and behind them those that some sequences hold and the net has no output for.
pub struct TargetNames<'a> {
    labels: &'a Labels,
    sequences: &'a Sequences,
    unknown: Vec<&'a str>,
}

impl<'a> TargetNames<'a> {
    /// All names of a net and of these sequences.
    pub fn new(labels: &'a Labels, sequences: &'a Sequences) -> Self {
        Self {
            labels,
            sequences,
            unknown: sequences.unknown_names(),
        }
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.labels.len() + self.unknown.len()
    }

    /// The number of a target, from the number of labels on where the net has no output for it; none where the file says
    /// nothing.
    pub fn number(&self, target: usize) -> Option<usize> {
        if let Some(class) = self.sequences.classes()[target].get() {
            return Some(class as usize);
        }
        let place = self.unknown.binary_search(&self.sequences.unknown(target)?);
        place.ok().map(|place| self.labels.len() + place)
    }

    /// In the order of their numbers.
    pub fn all(&self) -> Vec<String> {
        let unknown = self.unknown.iter().map(|&name| name.to_owned());
        self.labels.names().iter().cloned().chain(unknown).collect()
    }
}
