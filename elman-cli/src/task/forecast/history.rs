//! A series as it is known up to some step: gaps closed, on its curve, with what a forecast is made from.

use serde::{Deserialize, Serialize};

use super::scale::{Differencing, Scale};
use crate::task::curve::Curve;

/// What a forecast from one step reads, and from where it counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    pub scale: Scale,
    /// How far ahead.
    pub horizon: usize,
    /// How many lagged differences.
    pub lags: usize,
    /// So many of the other columns, the last ones, are known ahead: they are read at the step that is forecast.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub known: usize,
}

/// Other columns are read at this step, or at the one that is forecast, and at the one before it.
pub const INPUT_LAGS: usize = 2;

/// Serde asks for a reference.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Steps that are forgotten together, at least.
const FORGOTTEN: usize = 1 << 10;

/// The steps so far. A missing value is taken to be the one before, and what was before the first step is taken to
/// have been like the first.
#[derive(Clone, Debug)]
pub struct History {
    curve: Curve,
    /// The target without gaps.
    pub known: Vec<f64>,
    /// The same on its curve.
    bent: Vec<f64>,
    /// Per other column: its values without gaps, and those that are known ahead.
    inputs: Vec<Vec<f64>>,
    /// What a column is before its first value.
    fallback: Vec<f64>,
}

impl History {
    /// Nothing yet; `fallback` stands for target and other columns where they begin with a gap.
    pub fn new(curve: Curve, fallback: &[f64]) -> Self {
        Self {
            curve,
            known: Vec::new(),
            bent: Vec::new(),
            inputs: vec![Vec::new(); fallback.len().saturating_sub(1)],
            fallback: fallback.to_vec(),
        }
    }

    /// Adds a step: the target, then the other columns; NaN is missing. What was foreseen stays.
    pub fn push(&mut self, values: &[f64]) {
        let step = self.known.len();
        let columns = std::iter::once(&mut self.known).chain(&mut self.inputs);
        let columns = columns.zip(values).zip(&self.fallback);
        for ((column, value), fallback) in columns.filter(|((column, _), _)| column.len() == step) {
            push(column, *value, *fallback);
        }
        if let Some(&known) = self.known.last() {
            self.bent.push(self.curve.apply(known));
        }
    }

    /// Adds the next step of the columns that are known ahead, before the step itself comes.
    pub fn foresee(&mut self, values: &[f64]) {
        let first = self.inputs.len() - values.len();
        let columns = self.inputs[first..].iter_mut().zip(values);
        for ((column, value), fallback) in columns.zip(&self.fallback[1 + first..]) {
            push(column, *value, *fallback);
        }
    }

    /// Forgets what no forecast from the last step on reads, so that a series may go on for ever. Steps are then counted
    /// from the first that is left.
    pub fn forget(&mut self, view: &View) {
        let kept = view.lags + view.scale.differencing.span() + INPUT_LAGS;
        // Seldom, so that a step costs the same on average.
        if self.len() < 2 * kept + FORGOTTEN {
            return;
        }
        let old = self.len() - kept;
        let columns = [&mut self.known, &mut self.bent];
        for column in columns.into_iter().chain(&mut self.inputs) {
            column.drain(..old);
        }
    }

    /// How many steps there are.
    pub const fn len(&self) -> usize {
        self.known.len()
    }

    /// The target on its curve, so many steps before another.
    pub fn bent(&self, step: usize, before: usize) -> f64 {
        self.bent[step.saturating_sub(before)]
    }

    /// Whether all that a forecast from a step reads has happened.
    pub const fn is_complete(step: usize, view: &View) -> bool {
        step + 1 >= view.lags + view.scale.differencing.span() && step + 1 >= INPUT_LAGS
    }

    /// From where a forecast counts: it is this plus the linear sum.
    pub fn base(&self, step: usize, view: &View) -> f64 {
        match view.scale.differencing {
            Differencing::None => 0.0,
            Differencing::First => self.bent(step, 0),
            Differencing::Seasonal(season) => self.bent(step, season.saturating_sub(view.horizon)),
        }
    }

    /// What the linear part reads at a step: other columns, then lagged differences, so that fewer lags are the first
    /// of more.
    pub fn features(&self, step: usize, view: &View, features: &mut Vec<f64>) {
        features.clear();
        self.push_inputs(step, view, features);
        let span = view.scale.differencing.span();
        for lag in 0..view.lags {
            let value = self.bent(step, lag);
            let before = match span {
                0 => 0.0,
                span => self.bent(step, lag + span),
            };
            features.push(value - before);
        }
    }

    /// The other columns as a forecast from a step reads them. The last value that is known stays.
    pub fn push_inputs(&self, step: usize, view: &View, features: &mut Vec<f64>) {
        let past = self.inputs.len() - view.known;
        for (place, column) in self.inputs.iter().enumerate() {
            let step = if place < past {
                step
            } else {
                step + view.horizon
            };
            let last = column.len() - 1;
            let lags = (0..INPUT_LAGS).map(|lag| step.saturating_sub(lag).min(last));
            features.extend(lags.map(|step| column[step]));
        }
    }
}

/// A gap is closed by what was there before.
fn push(column: &mut Vec<f64>, value: f64, fallback: f64) {
    let before = column.last().copied().unwrap_or(fallback);
    column.push(if value.is_nan() { before } else { value });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history() -> History {
        let mut history = History::new(Curve::Identity, &[9.0, 0.0]);
        for (target, input) in [(1.0, 5.0), (f64::NAN, 6.0), (4.0, f64::NAN)] {
            history.push(&[target, input]);
        }
        history
    }

    fn view(differencing: Differencing, horizon: usize) -> View {
        View {
            scale: Scale {
                curve: Curve::Identity,
                differencing,
            },
            horizon,
            lags: 2,
            known: 0,
        }
    }

    #[test]
    fn gaps_are_closed_by_what_is_known() {
        let history = history();
        assert_eq!(history.known, [1.0, 1.0, 4.0]);
        let mut gap = History::new(Curve::Identity, &[9.0]);
        gap.push(&[f64::NAN]);
        assert_eq!(gap.known, [9.0]);
    }

    #[test]
    fn what_is_forgotten_is_not_missed() {
        let (mut full, mut short) = (history(), history());
        let (mut expected, mut found) = (Vec::new(), Vec::new());
        for differencing in [Differencing::First, Differencing::Seasonal(7)] {
            let view = view(differencing, 3);
            for i in 0..3000 {
                let values = [f64::from(i * i % 17), f64::from(i % 5)];
                full.push(&values);
                short.push(&values);
                short.forget(&view);
                let [last, left] = [&full, &short].map(|history| history.len() - 1);
                full.features(last, &view, &mut expected);
                short.features(left, &view, &mut found);
                assert_eq!(found, expected);
                assert_eq!(short.base(left, &view), full.base(last, &view));
                assert_eq!(short.bent(left, view.lags), full.bent(last, view.lags));
            }
        }
        assert!(short.len() < 1100, "{}", short.len());
    }

    #[test]
    fn what_is_known_ahead_is_read_where_the_forecast_is() {
        let known = View {
            known: 1,
            ..view(Differencing::None, 2)
        };
        let (mut history, mut features) = (History::new(Curve::Identity, &[0.0; 3]), Vec::new());
        (0..5).for_each(|step| history.foresee(&[f64::from(10 * step)]));
        history.push(&[1.0, 7.0, f64::NAN]);
        history.push(&[2.0, 8.0, f64::NAN]);
        let mut read = |step| {
            history.features(step, &known, &mut features);
            features[..4].to_vec()
        };
        assert_eq!(read(0), [7.0, 7.0, 20.0, 10.0]);
        assert_eq!(read(1), [8.0, 7.0, 30.0, 20.0]);
        (0..3).for_each(|_| history.push(&[3.0, f64::NAN, f64::NAN]));
        history.features(4, &known, &mut features);
        assert_eq!(features[..4], [8.0, 8.0, 40.0, 40.0]);
    }

    #[test]
    fn features_are_inputs_and_lags_of_differences() {
        let (history, mut features) = (history(), Vec::new());
        history.features(2, &view(Differencing::None, 1), &mut features);
        assert_eq!(features, [6.0, 6.0, 4.0, 1.0]);
        history.features(2, &view(Differencing::First, 1), &mut features);
        assert_eq!(features, [6.0, 6.0, 3.0, 0.0]);
        history.features(0, &view(Differencing::First, 1), &mut features);
        assert_eq!(features, [5.0, 5.0, 0.0, 0.0]);
        assert_eq!(history.base(2, &view(Differencing::Seasonal(2), 1)), 1.0);
        assert_eq!(history.base(2, &view(Differencing::Seasonal(2), 2)), 4.0);
        assert!(!History::is_complete(1, &view(Differencing::First, 1)));
        assert!(History::is_complete(2, &view(Differencing::First, 1)));
    }
}
