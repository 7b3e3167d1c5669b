//! How far off forecasts are, beside what needs no net.

use serde::Serialize;

use super::meaning::ForecastMeaning;
use crate::task::errors::{self, Errors};
use crate::task::interval::Coverage;

/// A step that is forecast from.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// What the linear sum expects, on the curve.
    pub expected: f64,
    /// The present value, which persistence expects.
    pub present: f64,
    /// The value that came; NaN where it is not counted.
    pub target: f64,
}

/// A forecast, what needs no net, and what came.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    pub value: f64,
    /// The linear sum's.
    pub linear: f64,
    /// What persistence expects.
    pub present: f64,
    pub target: f64,
    /// Where it was expected to lie, if somebody asked.
    pub bounds: Option<[f64; 2]>,
}

impl Judged {
    /// From a step and the output of the net, with bounds so far off on the curve; `None` where it is not counted.
    pub fn of(
        meaning: &ForecastMeaning,
        item: &Item,
        output: f32,
        reach: Option<f64>,
    ) -> Option<Self> {
        (!item.target.is_nan()).then(|| Self {
            bounds: reach.map(|reach| meaning.bounds(item.expected, output, reach)),
            value: meaning.value(item.expected, output),
            linear: meaning.view.scale.curve.invert(item.expected),
            present: item.present,
            target: item.target,
        })
    }
}

/// ForecastScores of some forecasts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForecastScores {
    net: Errors,
    linear: Errors,
    persistence: Errors,
    /// Those whose target lies outside the range of training.
    outside: Errors,
    coverage: Coverage,
}

/// The object that `eval --json` prints.
#[derive(Serialize)]
struct ForecastScoresJson {
    loss: f64,
    skill: f64,
    rmse: f64,
    mae: f64,
    persistence_rmse: f64,
    persistence_mae: f64,
    linear_rmse: f64,
    linear_mae: f64,
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

impl ForecastScores {
    /// Compares outputs of the net, one per item, with what came.
    pub fn measure(meaning: &ForecastMeaning, items: &[Item], outputs: &[f32]) -> Self {
        let judged = |(item, &output)| Judged::of(meaning, item, output, None);
        Self::of(meaning.range, items.iter().zip(outputs).filter_map(judged))
    }

    /// Compares forecasts with what came, where training met targets in this range.
    pub fn of([low, high]: [f64; 2], forecasts: impl Iterator<Item = Judged>) -> Self {
        let mut scores = Self::default();
        for one in forecasts {
            let error = one.value - one.target;
            scores.net.add(error);
            scores.linear.add(one.linear - one.target);
            scores.persistence.add(one.present - one.target);
            if !(low..=high).contains(&one.target) {
                scores.outside.add(error);
            }
            if let Some(bounds) = one.bounds {
                scores.coverage.add(one.target, bounds);
            }
        }
        scores
    }

    const fn is_covered(&self) -> bool {
        self.coverage.items > 0
    }

    /// Steps counted.
    pub const fn items(&self) -> usize {
        self.net.items
    }

    /// Mean squared error in the units of the data.
    pub fn mse(&self) -> f64 {
        self.net.mse()
    }

    /// Root of the mean squared error.
    pub fn rmse(&self) -> f64 {
        self.net.rmse()
    }

    /// The same of expecting no change.
    pub fn persistence_rmse(&self) -> f64 {
        self.persistence.rmse()
    }

    /// The same of the linear sum alone.
    pub fn linear_rmse(&self) -> f64 {
        self.linear.rmse()
    }

    /// How much of the error of persistence is gone: 1 is perfect, 0 no better than to expect no change.
    pub fn skill(&self) -> f64 {
        let (net, persistence) = (self.net.rmse(), self.persistence.rmse());
        if persistence > 0.0 {
            1.0 - net / persistence
        } else {
            -net
        }
    }

    /// One JSON object.
    pub fn to_json(&self) -> String {
        let report = ForecastScoresJson {
            loss: self.mse(),
            skill: self.skill(),
            rmse: self.rmse(),
            mae: self.net.mae(),
            persistence_rmse: self.persistence.rmse(),
            persistence_mae: self.persistence.mae(),
            linear_rmse: self.linear.rmse(),
            linear_mae: self.linear.mae(),
            items: self.net.items,
            outside_items: self.outside.items,
            outside_rmse: (self.outside.items > 0).then(|| self.outside.rmse()),
            coverage: self.is_covered().then(|| self.coverage.share()),
            interval_width: self.is_covered().then(|| self.coverage.width()),
        };
        serde_json::to_string(&report).expect("numbers are valid JSON")
    }

    /// A table for people.
    pub fn to_table(&self, meaning: &ForecastMeaning) -> String {
        let target = &meaning.columns[0];
        let ahead = match meaning.view.horizon {
            1 => "one step".to_owned(),
            steps => format!("{steps} steps"),
        };
        let mut table = format!(
            "{} values of {target}, each forecast {ahead} before, in the units of the data\n\n",
            self.net.items
        );
        let rows = [
            ("this model", &self.net),
            ("autoregression", &self.linear),
            ("persistence", &self.persistence),
        ];
        table += &errors::table(rows);
        if self.linear.rmse() < self.net.rmse() {
            table += "\nthe linear autoregression is better here: the series may hold nothing for a net to learn, or too few rows\n";
        }
        if self.is_covered() {
            table += &self.coverage.sentence();
        }
        table + &errors::outside_of(meaning.range, &self.outside)
    }
}
