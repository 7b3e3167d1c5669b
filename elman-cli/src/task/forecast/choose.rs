//! Which view of a series forecasts best: found on the training part only, by fitting on its beginning and looking at
//! what comes after, three times, each time with more to fit on.

use rayon::prelude::*;

use super::history::{History, View};
use super::scale::{Differencing, Scale};
use super::series::Series;
use crate::base::failure::{Failure, Result};
use crate::data::table::Part;
use crate::task::curve::Curve;
use crate::task::linear::{Design, Linear};

/// Lags that are tried.
const LAGS: [usize; 18] = [
    1, 2, 3, 4, 5, 6, 8, 10, 12, 13, 15, 18, 20, 24, 25, 30, 36, 48,
];
/// Ridges that are tried, see [`Design::fit`].
const RIDGES: [f64; 3] = [1e-9, 1e-4, 1e-2];
/// Fit up to the first share of the steps, look at those up to the second.
const FOLDS: [(f64, f64); 3] = [(0.5, 2.0 / 3.0), (2.0 / 3.0, 5.0 / 6.0), (5.0 / 6.0, 1.0)];
/// So many steps at the end of a long series decide; more would take longer and say the same.
const DECISIVE: usize = 20_000;
/// And so many, evenly spread, fit what was decided.
const FITTED: usize = 200_000;
/// A season shows in the autocorrelation of the differences.
const SEASONAL: f64 = 0.3;
const LONGEST_SEASON: usize = 2000;
/// The best sums are averaged: so many, and none worse than the best by more than that share.
const AVERAGED: usize = 8;
const CLOSE: f64 = 1.05;

/// The view that was chosen and the linear forecast through it.
#[derive(Clone, Debug)]
pub struct Choice {
    pub view: View,
    pub linear: Linear,
}

/// One way to look and to fit, and how far off it was, as a share of what persistence was.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    view: View,
    ridge: usize,
    error: f64,
}

/// What the user wants forecast, and knows of it.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// How many steps ahead.
    pub horizon: usize,
    /// Steps until the series repeats itself; one that is known need not be found.
    pub season: Option<usize>,
    /// So many of the last columns are known ahead.
    pub known: usize,
}

/// Chooses and fits. `fallback` is as in [`History::new`].
///
/// # Errors
/// A training part that is too short.
pub fn choose(series: &[Series], fallback: &[f64], asked: Asked) -> Result<Choice> {
    let Asked {
        horizon,
        season,
        known,
    } = asked;
    let targets = series.iter().flat_map(|one| one.values_of(Part::Train));
    let curves = Curve::candidates(targets);
    let mut candidates: Vec<Candidate> = Vec::new();
    for curve in curves {
        let histories: Vec<History> =
            (series.iter().map(|one| one.history(curve, fallback))).collect();
        for differencing in differencings(series, &histories, horizon, season) {
            let scale = Scale {
                curve,
                differencing,
            };
            let tried: Vec<_> = LAGS
                .par_iter()
                .map(|&lags| {
                    let view = View {
                        scale,
                        horizon,
                        lags,
                        known,
                    };
                    validate(series, &histories, view)
                })
                .collect();
            candidates.extend(tried.into_iter().flatten());
        }
    }
    if let Some(season) = season {
        let is_tried =
            |one: &Candidate| one.view.scale.differencing == Differencing::Seasonal(season);
        if !candidates.is_empty() && !candidates.iter().any(is_tried) {
            return Err(Failure::input(format!(
                "the training part is too short for --season {season}: a season and some 20 steps more are the least"
            )));
        }
    }
    // Of equals the first, which is the simplest, stays first.
    candidates.sort_by(|a, b| a.error.total_cmp(&b.error));
    let Some(best) = candidates.first().copied() else {
        return Err(Failure::input(format!(
            "the training part is too short to forecast {horizon} steps ahead: 20 steps with a value are the least, and as many more as the horizon has"
        )));
    };
    let family = candidates
        .iter()
        .filter(|one| one.view.scale == best.view.scale && one.error <= best.error * CLOSE)
        .take(AVERAGED);
    let family: Vec<Candidate> = family.copied().collect();
    Ok(refit(series, fallback, &family, best.view))
}

/// Fits the chosen sums on the whole training part, or on steps from all over it where it is long.
fn refit(series: &[Series], fallback: &[f64], family: &[Candidate], best: View) -> Choice {
    let curve = best.scale.curve;
    let histories: Vec<History> = (series.iter().map(|one| one.history(curve, fallback))).collect();
    let steps: usize = histories.iter().map(History::len).sum();
    let every = stride(steps);
    let fits: Vec<Linear> = family
        .par_iter()
        .map(|one| {
            let rows = learnable(series, &histories, &one.view, every);
            let design = design(&histories, &one.view, &rows);
            design.fit(&RIDGES[one.ridge..=one.ridge]).remove(0)
        })
        .collect();
    let lags = family.iter().map(|one| one.view.lags).max();
    Choice {
        view: View {
            lags: lags.unwrap_or(best.lags),
            ..best
        },
        linear: Linear::mean(&fits),
    }
}

/// A step to forecast from, and the value that came.
#[derive(Clone, Copy)]
pub struct Pair {
    pub series: usize,
    pub step: usize,
    pub target: f64,
}

/// Of so many steps every how many-th is fitted on. Without a factor in common with weeks, days and years, since otherwise a
/// season would show some of its steps and never the others.
fn stride(steps: usize) -> usize {
    let is_apart = |every: &usize| {
        [2, 3, 5, 7]
            .iter()
            .all(|&factor| !every.is_multiple_of(factor))
    };
    let least = steps.div_ceil(FITTED).max(1);
    (least..).find(is_apart).unwrap_or(least)
}

/// What a view can be fitted on at one step, if it can.
fn pair(series: &[Series], view: &View, number: usize, step: usize) -> Option<Pair> {
    let one = &series[number];
    let target = one.target(step + view.horizon);
    let is_learnable = History::is_complete(step, view)
        && one.part(step + view.horizon) == Part::Train
        && !target.is_nan();
    is_learnable.then_some(Pair {
        series: number,
        step,
        target,
    })
}

/// The steps of the training part that a view can be fitted on, earliest first; of every series only so many-th.
pub fn learnable(series: &[Series], histories: &[History], view: &View, every: usize) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (number, history) in histories.iter().enumerate() {
        let steps = (0..history.len().saturating_sub(view.horizon)).step_by(every);
        pairs.extend(steps.filter_map(|step| pair(series, view, number, step)));
    }
    if series.len() > 1 {
        // Of several series all beginnings come first.
        pairs.sort_by_key(|pair| pair.step);
    }
    pairs
}

/// The last of them that are learnable, at most so many.
fn latest(series: &[Series], histories: &[History], view: &View, most: usize) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = match histories {
        [history] => {
            let steps = (0..history.len().saturating_sub(view.horizon)).rev();
            let pairs = steps.filter_map(|step| pair(series, view, 0, step));
            pairs.take(most).collect()
        }
        _ => {
            let all = learnable(series, histories, view, 1);
            return all[all.len().saturating_sub(most)..].to_vec();
        }
    };
    pairs.reverse();
    pairs
}

/// Features, and what the linear sum should be.
fn design(histories: &[History], view: &View, pairs: &[Pair]) -> Design {
    let mut features = Vec::new();
    let mut design: Option<Design> = None;
    for pair in pairs {
        let history = &histories[pair.series];
        history.features(pair.step, view, &mut features);
        let goal = view.scale.curve.apply(pair.target) - history.base(pair.step, view);
        let design = design.get_or_insert_with(|| Design::new(features.len()));
        design.push(&features, goal);
    }
    design.unwrap_or_else(|| Design::new(0))
}

/// The candidates of a view, one per ridge; none where there is too little to fit on.
fn validate(series: &[Series], histories: &[History], view: View) -> Vec<Candidate> {
    let pairs = latest(series, histories, &view, DECISIVE);
    let mut errors = [0.0; RIDGES.len()];
    for (first, last) in FOLDS {
        let at = |share: f64| (share * pairs.len() as f64).round() as usize;
        let (known, unknown) = (&pairs[..at(first)], &pairs[at(first)..at(last)]);
        let design = design(histories, &view, known);
        if design.len() < 2 * view.lags + 5 || unknown.is_empty() {
            return Vec::new();
        }
        for (error, linear) in errors.iter_mut().zip(design.fit(&RIDGES)) {
            *error += relative_error(histories, &view, &linear, unknown) / FOLDS.len() as f64;
        }
    }
    let candidates = errors.into_iter().enumerate();
    candidates
        .filter(|(_, error)| error.is_finite())
        .map(|(ridge, error)| Candidate { view, ridge, error })
        .collect()
}

/// Mean squared error in the units of the data, as a share of that of persistence.
fn relative_error(histories: &[History], view: &View, linear: &Linear, pairs: &[Pair]) -> f64 {
    let (mut error, mut persistence, mut features) = (0.0, 0.0, Vec::new());
    for pair in pairs {
        let history = &histories[pair.series];
        history.features(pair.step, view, &mut features);
        let bent = history.base(pair.step, view) + linear.apply(&features);
        error += (view.scale.curve.invert(bent) - pair.target).powi(2);
        persistence += (history.known[pair.step] - pair.target).powi(2);
    }
    // A series that stands still is forecast by any sum.
    error / persistence.max(f64::MIN_POSITIVE)
}

/// None, first, and seasonal where there is a season.
fn differencings(
    series: &[Series],
    histories: &[History],
    horizon: usize,
    known: Option<usize>,
) -> Vec<Differencing> {
    let mut found = vec![Differencing::None, Differencing::First];
    let longest = (series.iter().zip(histories)).max_by_key(|(one, _)| one.train_len());
    if let Some((one, history)) = longest {
        let season = known.or_else(|| season(history, one.train_len()));
        found.extend(
            season
                .filter(|&season| season >= horizon)
                .map(Differencing::Seasonal),
        );
    }
    found
}

/// Where the autocorrelation of the differences of the first steps is highest, if it is high.
fn season(history: &History, steps: usize) -> Option<usize> {
    let start = steps.saturating_sub(DECISIVE);
    let changes: Vec<f64> = (start + 1..steps)
        .map(|step| history.bent(step, 0) - history.bent(step, 1))
        .collect();
    let mean = changes.iter().sum::<f64>() / changes.len().max(1) as f64;
    let changes: Vec<f64> = changes.iter().map(|change| change - mean).collect();
    let power: f64 = changes.iter().map(|change| change * change).sum();
    let correlation = |lag: usize| {
        let products = changes.iter().zip(&changes[lag..]);
        products.map(|(a, b)| a * b).sum::<f64>() / power
    };
    let lags = 1..(changes.len() / 3).min(LONGEST_SEASON);
    // A smooth curve resembles itself a few steps later; a season begins where it no longer does.
    let correlations = lags.map(|lag| (lag, correlation(lag)));
    let best = correlations
        .skip_while(|(_, correlation)| *correlation > SEASONAL)
        .filter(|(_, correlation)| *correlation > SEASONAL)
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(best.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(horizon: usize, season: Option<usize>) -> Asked {
        Asked {
            horizon,
            season,
            known: 0,
        }
    }

    fn chosen(values: impl Iterator<Item = f64>) -> Choice {
        choose(&[Series::of(values, 0.85)], &[0.0], asked(1, None)).unwrap()
    }

    #[test]
    fn growing_series_are_forecast_by_their_differences() {
        let choice = chosen((1..=300).map(|x| f64::from(x * x)));
        assert_eq!(choice.view.scale.differencing, Differencing::First);
        let next = |x: f64| {
            let series = Series::of((1..=300).map(|x| f64::from(x * x)), 1.0);
            let history = series.history(choice.view.scale.curve, &[0.0]);
            let mut features = Vec::new();
            let step = x as usize - 1;
            history.features(step, &choice.view, &mut features);
            let bent = history.base(step, &choice.view) + choice.linear.apply(&features);
            choice.view.scale.curve.invert(bent)
        };
        assert!((next(50.0) - 2601.0).abs() < 1e-3 && (next(299.0) - 90_000.0).abs() < 1e-2);
        let choice = chosen((0..200).map(|x| 3.0 * 1.05f64.powi(x)));
        assert!(matches!(choice.view.scale.curve, Curve::Log { .. }));
    }

    #[test]
    fn seasons_are_found() {
        let wave = |step: usize| [0.0, 3.0, 1.0, -2.0, 5.0, 2.0, -4.0][step % 7];
        let values: Vec<f64> = (0..140)
            .map(|step| wave(step) + 0.1 * step as f64)
            .collect();
        let series = Series::of(values.into_iter(), 1.0);
        let history = series.history(Curve::Identity, &[0.0]);
        assert_eq!(season(&history, 140), Some(7));
        // A week of quarter hours, whose days are alike but for two.
        let week = |step: usize| {
            let (day, hour) = (step / 96 % 7, step % 96);
            if day < 5 {
                (hour as f64 / 96.0 * std::f64::consts::TAU).sin()
            } else {
                0.1
            }
        };
        let series = Series::of((0..4032).map(week), 1.0);
        let history = series.history(Curve::Identity, &[0.0]);
        assert_eq!(season(&history, 4032), Some(672));
        let still = Series::of((0..50).map(|_| 1.0), 1.0);
        assert_eq!(season(&still.history(Curve::Identity, &[0.0]), 50), None);
    }

    #[test]
    fn a_season_longer_than_the_series_is_refused() {
        let series = [Series::of((0..150).map(|x| f64::from(x % 7)), 0.85)];
        let chosen = |season| choose(&series, &[0.0], asked(1, Some(season)));
        assert!(chosen(7).is_ok());
        for season in [150, 1_000_000] {
            let complaint = chosen(season).unwrap_err().to_string();
            assert!(
                complaint.contains(&format!("--season {season}")),
                "{complaint}"
            );
        }
    }

    #[test]
    fn long_series_are_decided_on_their_end_and_fitted_all_over() {
        let wave = |from: i32| {
            Series::of(
                (from..from + 60).map(|x| if x % 9 == 4 { f64::NAN } else { f64::from(x) }),
                0.8,
            )
        };
        let view = View {
            scale: Scale {
                curve: Curve::Identity,
                differencing: Differencing::First,
            },
            horizon: 2,
            lags: 3,
            known: 0,
        };
        let steps = |pairs: &[Pair]| -> Vec<_> {
            pairs.iter().map(|pair| (pair.series, pair.step)).collect()
        };
        for series in [vec![wave(0)], vec![wave(0), wave(100)]] {
            let histories: Vec<History> = series
                .iter()
                .map(|one| one.history(Curve::Identity, &[0.0]))
                .collect();
            let all = steps(&learnable(&series, &histories, &view, 1));
            assert!(all.len() > 20);
            for most in [0, 1, 7, all.len(), all.len() + 9] {
                let last = latest(&series, &histories, &view, most);
                assert_eq!(steps(&last), all[all.len().saturating_sub(most)..]);
            }
            let some = steps(&learnable(&series, &histories, &view, 11));
            let expected = all.iter().filter(|(_, step)| step % 11 == 0);
            assert_eq!(some, expected.copied().collect::<Vec<_>>());
        }
        assert_eq!(
            [0, FITTED, FITTED + 1, 10_000_000].map(stride),
            [1, 1, 11, 53]
        );
    }

    #[test]
    fn short_and_still_series_do_not_panic() {
        for steps in 0..30 {
            let series = [Series::of((0..steps).map(f64::from), 1.0)];
            let _ = choose(&series, &[0.0], asked(1, None));
            let still = [Series::of((0..steps).map(|_| 7.0), 1.0)];
            let _ = choose(&still, &[0.0], asked(3, Some(7)));
        }
        let still = choose(
            &[Series::of((0..60).map(|_| 7.0), 1.0)],
            &[0.0],
            asked(1, None),
        );
        assert!(still.is_ok());
    }
}
