//! What a report page shows of a net at work.

use super::confusion::Confusion;
use super::reliability::Reliability;

/// Something to look at.
#[derive(Clone, Debug)]
pub enum Evidence {
    Confusion(NamedConfusion),
    /// Scores per type of span, the total first.
    Spans(Vec<KindScore>),
    Series(Series),
    Samples(Vec<Sample>),
    Reliability(Curve),
}

/// How often answers were right, by how sure they were.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    /// What the answers are, such as spans.
    pub what: String,
    pub reliability: Reliability,
    /// What logits were divided by.
    pub temperature: f64,
}

/// How often each class was taken for which.
#[derive(Clone, Debug, Default)]
pub struct NamedConfusion {
    pub classes: Vec<String>,
    pub counts: Confusion,
}

/// Scores of a type or a class.
#[derive(Clone, Debug, Default)]
pub struct KindScore {
    pub name: String,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
    /// How many there are.
    pub support: usize,
    /// Whether this is about all of them.
    pub is_total: bool,
}

/// What a series was and what was predicted, in the units of the data.
#[derive(Clone, Debug, Default)]
pub struct Series {
    pub name: String,
    /// What the steps are called, such as dates; may be empty.
    pub labels: Vec<String>,
    /// A NaN where it is missing.
    pub target: Vec<f64>,
    pub prediction: Vec<f64>,
    /// A sentence about the errors.
    pub note: String,
}

/// A piece of text the net wrote.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// How it was made, such as `temperature 0.8`.
    pub how: String,
    pub prompt: String,
    pub text: String,
}
