//! What people should know of the numbers of a table before a net learns from them.

use crate::base::tell::tell;
use std::collections::HashSet;
use std::path::Path;

/// Says which single values stand far outside of all others and come again and again: mostly they mean that there is none.
pub fn note_far_values<'a, I: Iterator<Item = &'a [f64]>>(
    columns: &[String],
    rows: impl Fn() -> I,
    path: &Path,
) {
    let width = columns.len();
    for (column, name) in columns.iter().enumerate() {
        let values = rows()
            .flat_map(|values| values.chunks_exact(width))
            .map(|row| row[column]);
        if let Some((value, count)) = far_value(values) {
            tell!(
                "elman: {}: note: {value} stands {count} times in {name}, far outside of all other values; if it means missing: \
                 --missing {value}",
                path.display()
            );
        }
    }
}

/// Says all that should be known of the numbers that a net learns from: `scale` is what was found while they were put on one
/// scale.
pub fn note<'a, I: Iterator<Item = &'a [f64]>>(
    columns: &[String],
    rows: impl Fn() -> I,
    scale: &[String],
    path: &Path,
) {
    note_missing(columns, &rows, path);
    note_far_values(columns, &rows, path);
    for what in scale {
        tell!("elman: {}: note: {what}", path.display());
    }
}

/// Says how many values are missing in which columns, where the mean takes their place.
fn note_missing<'a, I: Iterator<Item = &'a [f64]>>(
    columns: &[String],
    rows: impl Fn() -> I,
    path: &Path,
) {
    let width = columns.len();
    let all = |column: usize| {
        rows()
            .flat_map(|values| values.chunks_exact(width))
            .map(move |row| row[column])
    };
    let mut found = Vec::new();
    for (column, name) in columns.iter().enumerate() {
        let missing = all(column).filter(|value| value.is_nan()).count();
        if missing > 0 {
            found.push(format!("{missing} of {name}"));
        }
    }
    if found.is_empty() {
        return;
    }
    let more = found.len().saturating_sub(SHOWN);
    found.truncate(SHOWN);
    let more = if more > 0 {
        format!(" and of {more} other columns")
    } else {
        String::new()
    };
    tell!(
        "elman: {}: note: values are missing, {}{more}; the mean of the column stands for them",
        path.display(),
        found.join(", ")
    );
}

/// So many columns are named.
const SHOWN: usize = 5;

/// A value that comes at least three times, is the smallest or the largest, and lies farther from all others than they from
/// each other; with how often it comes.
fn far_value(values: impl Iterator<Item = f64>) -> Option<(f64, usize)> {
    /// Fewer different values are codes, and a code may be anything.
    const FEWEST: usize = 5;
    const OFTEN: usize = 3;
    let mut ends = Ends::default();
    for value in values.filter(|value| !value.is_nan()) {
        ends.add(value);
    }
    let [low, next_low] = ends.low;
    let [high, next_high] = ends.high;
    let others_of_low = high - next_low;
    let others_of_high = next_high - low;
    let is_varied = ends.different.len() > FEWEST;
    let below = next_low - low > others_of_low && ends.low_count >= OFTEN;
    let above = high - next_high > others_of_high && ends.high_count >= OFTEN;
    match (is_varied, below, above) {
        (true, true, _) => Some((low, ends.low_count)),
        (true, _, true) => Some((high, ends.high_count)),
        _ => None,
    }
}

/// The two smallest and the two largest values, how often the outermost come, and some different ones.
struct Ends {
    low: [f64; 2],
    high: [f64; 2],
    low_count: usize,
    high_count: usize,
    different: HashSet<u64>,
}

impl Default for Ends {
    fn default() -> Self {
        Self {
            low: [f64::INFINITY; 2],
            high: [f64::NEG_INFINITY; 2],
            low_count: 0,
            high_count: 0,
            different: HashSet::new(),
        }
    }
}

impl Ends {
    fn add(&mut self, value: f64) {
        const REMEMBERED: usize = 16;
        if self.different.len() < REMEMBERED {
            self.different.insert(value.to_bits());
        }
        if value < self.low[0] {
            self.low = [value, self.low[0]];
            self.low_count = 1;
        } else if value == self.low[0] {
            self.low_count += 1;
        } else {
            self.low[1] = self.low[1].min(value);
        }
        if value > self.high[0] {
            self.high = [value, self.high[0]];
            self.high_count = 1;
        } else if value == self.high[0] {
            self.high_count += 1;
        } else {
            self.high[1] = self.high[1].max(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_far_value_that_comes_again_is_found() {
        let wave = |i: usize| (i as f64 / 3.0).sin();
        let with = |value: f64, every: usize| {
            far_value((0..100).map(move |i| if i % every == 7 { value } else { wave(i) }))
        };
        assert_eq!(with(-999.0, 19), Some((-999.0, 5)));
        assert_eq!(with(9999.0, 25), Some((9999.0, 4)));
        assert_eq!(with(-999.0, 60), None, "twice is no habit");
        assert_eq!(with(-2.0, 19), None, "not far");
        assert_eq!(
            far_value([0.0, 1.0].into_iter().cycle().take(50)),
            None,
            "codes"
        );
        assert_eq!(far_value(std::iter::repeat_n(f64::NAN, 9)), None);
    }
}
