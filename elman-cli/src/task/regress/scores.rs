//! How far off estimates are, beside what needs no net.

use std::collections::BTreeMap;

use serde::Serialize;

use super::meaning::{Encoded, Goal, RegressMeaning};
use crate::base::json;
use crate::task::errors::{self, Errors};
use crate::task::interval::Coverage;

/// Scores of the estimates of one target.
#[derive(Clone, Debug, Default, PartialEq)]
struct TargetScores {
    net: Errors,
    linear: Errors,
    /// Of who always says the mean of training.
    mean: Errors,
    /// Those whose target lies outside the range of training.
    outside: Errors,
    /// Sum and sum of squares of the targets, less the mean of training.
    sums: [f64; 2],
    coverage: Coverage,
}

/// Scores of some estimates.
#[derive(Clone, Debug, PartialEq)]
pub struct RegressScores(Vec<TargetScores>);

/// The numbers that `eval --json` prints, of one target or of all together.
#[derive(Serialize)]
struct TargetJson {
    r2: f64,
    rmse: f64,
    mae: f64,
    linear_rmse: f64,
    linear_mae: f64,
    mean_rmse: f64,
    items: usize,
    outside_items: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    outside_rmse: Option<f64>,
    /// The share of the values that lay within their intervals, and the mean width of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval_width: Option<f64>,
}

/// The object that `eval --json` prints.
#[derive(Serialize)]
struct RegressScoresJson<'a> {
    loss: f64,
    #[serde(flatten)]
    all: TargetJson,
    /// Where there are several.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    targets: BTreeMap<&'a str, TargetJson>,
}

impl TargetScores {
    fn add(&mut self, goal: &Goal, expected: f64, target: f64, value: f64) {
        let error = value - target;
        self.net.add(error);
        self.linear.add(goal.curve.invert(expected) - target);
        let distance = target - goal.mean;
        self.mean.add(distance);
        self.sums = [self.sums[0] + distance, self.sums[1] + distance * distance];
        let [low, high] = goal.range;
        if !(low..=high).contains(&target) {
            self.outside.add(error);
        }
    }

    /// The share of the variance of these targets that is explained; where they do not vary, of their distance from the mean
    /// of training.
    fn r2(&self) -> f64 {
        let [sum, squares] = self.sums;
        let varying = squares - sum * sum / self.net.items.max(1) as f64;
        let whole = match varying > 1e-12 * squares {
            true => varying,
            false => squares,
        };
        match (self.net.squared, whole) {
            (0.0, _) => 1.0,
            (missed, whole) => 1.0 - missed / whole.max(f64::MIN_POSITIVE),
        }
    }

    fn json(&self) -> TargetJson {
        TargetJson {
            r2: self.r2(),
            rmse: self.net.rmse(),
            mae: self.net.mae(),
            linear_rmse: self.linear.rmse(),
            linear_mae: self.linear.mae(),
            mean_rmse: self.mean.rmse(),
            items: self.net.items,
            outside_items: self.outside.items,
            outside_rmse: (self.outside.items > 0).then(|| self.outside.rmse()),
            coverage: (self.coverage.items > 0).then(|| self.coverage.share()),
            interval_width: (self.coverage.items > 0).then(|| self.coverage.width()),
        }
    }
}

impl RegressScores {
    /// Compares values, in the units of the data, with the targets.
    pub fn measure(meaning: &RegressMeaning, encoded: &Encoded, values: &[f64]) -> Self {
        let mut scores = vec![TargetScores::default(); meaning.goals.len()];
        let pairs = encoded.expected.iter().zip(&encoded.targets);
        let places = (0..meaning.goals.len()).cycle();
        for (((&expected, &target), &value), place) in pairs.zip(values).zip(places) {
            if !target.is_nan() {
                scores[place].add(&meaning.goals[place], expected, target, value);
            }
        }
        Self(scores)
    }

    /// Counts which targets lie so far on the curve around the values, at most.
    pub fn cover(
        &mut self,
        meaning: &RegressMeaning,
        encoded: &Encoded,
        values: &[f64],
        reach: &[f64],
    ) {
        let width = reach.len();
        for (place, (&value, &target)) in values.iter().zip(&encoded.targets).enumerate() {
            let (goal, reach) = (&meaning.goals[place % width], reach[place % width]);
            if !target.is_nan() {
                let bounds = [-reach, reach].map(|by| goal.moved(value, by));
                self.0[place % width].coverage.add(target, bounds);
            }
        }
    }

    /// The mean of those targets that are met at all.
    pub fn r2(&self) -> f64 {
        let met = self.0.iter().filter(|scores| scores.net.items > 0);
        let (sum, count) = met.fold((0.0, 0.0), |(sum, count), scores| {
            (sum + scores.r2(), count + 1.0)
        });
        sum / f64::max(count, 1.0)
    }

    /// All targets together.
    fn all(&self) -> TargetScores {
        let mut all = TargetScores::default();
        for one in &self.0 {
            all.net.extend(&one.net);
            all.linear.extend(&one.linear);
            all.mean.extend(&one.mean);
            all.outside.extend(&one.outside);
            all.coverage.extend(&one.coverage);
        }
        all
    }

    /// Root mean squared errors of net, linear sum and mean, of one target.
    pub fn rmse(&self, target: usize) -> [f64; 3] {
        let TargetScores {
            net, linear, mean, ..
        } = &self.0[target];
        [net, linear, mean].map(Errors::rmse)
    }

    /// One JSON object.
    pub fn to_json(&self, meaning: &RegressMeaning) -> String {
        let all = self.all();
        let targets = meaning.goals.iter().zip(&self.0);
        let targets = targets.map(|(goal, scores)| (goal.name.as_str(), scores.json()));
        let targets = match self.0.len() {
            1 => BTreeMap::new(),
            _ => targets.collect(),
        };
        json::text(&RegressScoresJson {
            loss: all.net.mse(),
            all: TargetJson {
                r2: self.r2(),
                ..all.json()
            },
            targets,
        })
    }

    /// A table for people.
    pub fn to_table(&self, meaning: &RegressMeaning) -> String {
        let tables = meaning.goals.iter().zip(&self.0);
        let tables = tables.map(|(goal, scores)| scores.to_table(goal));
        tables.collect::<Vec<_>>().join("\n")
    }
}

impl TargetScores {
    fn to_table(&self, goal: &Goal) -> String {
        let mut table = format!(
            "{} values of {}, in the units of the data; r2 {:.4}\n\n",
            self.net.items,
            goal.name,
            self.r2()
        );
        let rows = [
            ("this model", &self.net),
            ("linear sum", &self.linear),
            ("mean of training", &self.mean),
        ];
        table += &errors::table(rows);
        if self.coverage.items > 0 {
            table += &self.coverage.sentence();
        }
        table + &errors::outside_of(goal.range, &self.outside)
    }
}
