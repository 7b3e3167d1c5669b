//! Mean and standard deviation of a column, which a few glitches must not make.

/// Where the values of a column lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub mean: f64,
    /// Zero where the column never moves.
    pub deviation: f64,
    /// Values so far outside that they do not count here, and the farthest of them.
    pub glitches: usize,
    pub farthest: f64,
}

impl Spread {
    /// Of a column; NaN is missing.
    pub fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let values = values.filter(|value| !value.is_nan());
        let (mean, deviation) = moments(values.clone());
        let whole = Self {
            mean,
            deviation,
            glitches: 0,
            farthest: mean,
        };
        // Without a value far outside there is no glitch, and no need to sort.
        const NEAR: f64 = 4.0;
        if values
            .clone()
            .all(|value| (value - mean).abs() <= NEAR * deviation)
        {
            return whole;
        }
        let Some((middle, limit)) = limit(values.clone()) else {
            return whole;
        };
        let is_glitch = |value: &f64| (value - middle).abs() > limit;
        let (mean, deviation) = moments(values.clone().filter(|value| !is_glitch(value)));
        let glitches = values.filter(is_glitch);
        let farther = |a: f64, b: f64| {
            if (b - middle).abs() > (a - middle).abs() {
                b
            } else {
                a
            }
        };
        Self {
            mean,
            deviation,
            glitches: glitches.clone().count(),
            farthest: glitches.fold(middle, farther),
        }
    }
}

/// Mean and standard deviation by Welford's sums: exact enough for numbers far from zero.
fn moments(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    for value in values {
        count += 1.0;
        let distance = value - mean;
        mean += distance / count;
        squares += distance * (value - mean);
    }
    (mean, (squares / f64::max(count, 1.0)).sqrt())
}

/// The median, and the distance from it beyond which values are glitches: one in a hundred at most, and all ten times as far
/// away as any other. `None` where there are none.
fn limit(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    /// Of fewer values nobody can say what is usual.
    const FEWEST: usize = 20;
    const SHARE: usize = 100;
    const GAP: f64 = 10.0;
    let mut values: Vec<f64> = values.collect();
    let count = values.len();
    if count < FEWEST {
        return None;
    }
    let (_, &mut middle, _) = values.select_nth_unstable_by(count / 2, f64::total_cmp);
    for value in &mut values {
        *value = (*value - middle).abs();
    }
    values.sort_unstable_by(f64::total_cmp);
    let usual = values[count / 2];
    let first = count - (count / SHARE).max(1);
    let is_gap = |&place: &usize| values[place] > GAP * values[place - 1].max(2.0 * usual);
    let gap = (first..count).find(is_gap).filter(|_| usual > 0.0)?;
    Some((middle, values[gap - 1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(count: usize) -> impl Iterator<Item = f64> + Clone {
        (0..count).map(|i| (i as f64 * 0.7).sin())
    }

    #[test]
    fn a_glitch_does_not_make_the_scale() {
        let clean = Spread::of(wave(100));
        let spread = Spread::of(wave(100).chain([1e9]));
        assert_eq!(
            (spread.mean, spread.deviation),
            (clean.mean, clean.deviation)
        );
        assert_eq!((spread.glitches, spread.farthest), (1, 1e9));
        let few = Spread::of(wave(10).chain([1e9]));
        assert_eq!(few.glitches, 0);
    }

    #[test]
    fn large_values_that_belong_there_count() {
        let heavy = (1..200).map(|i| (f64::from(i) / 25.0).exp());
        let rare = (0..200).map(|i| if i % 50 == 0 { 1.0 } else { 0.0 });
        assert_eq!(
            (Spread::of(heavy).glitches, Spread::of(rare).glitches),
            (0, 0)
        );
        let still = Spread::of([7.0, f64::NAN, 7.0].into_iter());
        assert_eq!((still.mean, still.deviation, still.glitches), (7.0, 0.0, 0));
    }
}
