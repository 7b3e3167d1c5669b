//! What a report page shows of a net at work.

use std::path::Path;

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
    Reliability(ReliabilityCurve),
    Mistakes(Mistakes),
}

/// How often answers were right, by how sure they were.
#[derive(Clone, Debug, Default)]
pub struct ReliabilityCurve {
    /// What the answers are, such as spans.
    pub what: String,
    pub reliability: Reliability,
    /// What logits were divided by.
    pub temperature: f64,
}

/// Where a net was most wrong in the validation data.
#[derive(Clone, Debug, Default)]
pub struct Mistakes {
    /// The file.
    pub path: String,
    /// What tells where it is: `line`, or `t`.
    pub place: &'static str,
    /// What it cost: `nats`, or `error`.
    pub cost: &'static str,
    /// The worst first.
    pub worst: Vec<Mistake>,
}

/// One of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mistake {
    pub place: String,
    /// What was read, as far as it can be told.
    pub what: String,
    pub real: String,
    pub found: String,
    /// In its size it tells which mistake is worse.
    pub cost: f64,
}

/// A page holds so many.
const SHOWN: usize = 20;
/// Characters of a text.
const LONGEST: usize = 80;

impl Mistakes {
    /// The worst of some.
    pub fn of(
        path: &Path,
        (place, cost): (&'static str, &'static str),
        all: impl IntoIterator<Item = Mistake>,
    ) -> Self {
        let mut worst: Vec<Mistake> = all.into_iter().collect();
        // Of equals the first.
        worst.sort_by(|a, b| b.cost.abs().total_cmp(&a.cost.abs()));
        worst.truncate(SHOWN);
        // Long texts are shown by their beginning.
        for one in &mut worst {
            if let Some((end, _)) = one.what.char_indices().nth(LONGEST) {
                one.what.truncate(end);
                one.what.push('…');
            }
        }
        Self {
            path: path.display().to_string(),
            place,
            cost,
            worst,
        }
    }
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
