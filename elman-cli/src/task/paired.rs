//! What a net makes of labelled data, example by example: what two nets are compared on.

use std::collections::BTreeMap;

use crate::data::spans::Counts;

/// What a net makes of labelled data, and how good that is.
#[derive(Clone, Debug)]
pub struct Paired {
    /// What is judged, such as `the class of every sequence`: two nets can be compared where it is the same.
    pub about: String,
    pub score_name: &'static str,
    pub score: f64,
    pub outcomes: Outcomes,
}

/// How every example went, in the order of the data.
#[derive(Clone, Debug)]
pub enum Outcomes {
    /// Whether each item of a sequence is right. Items of one sequence hang together, those of two do not.
    Right {
        /// What an item is called, in the plural.
        noun: &'static str,
        sequences: Vec<Vec<bool>>,
    },
    /// The spans of every sentence.
    Spans(Vec<Counts>),
    /// How far off every number is that can be judged.
    Errors(Errors),
    /// Nats of every line of a text.
    Nats(Vec<f64>),
}

/// Errors of numbers, in the units of the data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Errors {
    /// What has one, in the plural.
    pub unit: &'static str,
    /// How many steps ahead was forecast; 1 where errors have nothing to do with their neighbours.
    pub horizon: usize,
    /// By series and step that is forecast: nets need histories of different lengths before their first forecast.
    pub by_step: BTreeMap<(usize, usize), f64>,
}
