//! What is searched: settings by the names of their flags, and the values that each may have.

use std::collections::BTreeMap;

/// Settings of a trial as they would be typed: name and value.
pub type Values = BTreeMap<String, String>;

/// A setting and its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimension {
    pub name: &'static str,
    pub range: Range,
}

/// The values that a setting may have. Numbers have a place from 0 to 1 in their range.
#[derive(Clone, Debug, PartialEq)]
pub enum Range {
    /// One of a few.
    Choice(Vec<String>),
    /// Whole numbers, evenly in their logarithm; from 8 on multiples of four, in which chips compute.
    Whole { low: usize, high: usize },
    /// Numbers of two digits, evenly in their logarithm.
    Log { low: f64, high: f64 },
    /// Multiples of a step from 0 on.
    Steps { step: f64, count: usize },
}

impl Range {
    /// Some values, the usual one among them, each once.
    pub fn choice<T: ToString>(usual: &str, values: impl IntoIterator<Item = T>) -> Self {
        let mut all: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
        if !all.iter().any(|value| value == usual) {
            all.push(usual.to_owned());
        }
        Self::Choice(all)
    }

    /// The value at a place. Of choices every one has as much room as another.
    pub fn value(&self, place: f64) -> String {
        let place = place.clamp(0.0, 1.0);
        let between = |low: f64, high: f64| (low.ln() + place * (high.ln() - low.ln())).exp();
        match self {
            Self::Choice(values) => {
                let number = (place * values.len() as f64) as usize;
                values[number.min(values.len() - 1)].clone()
            }
            &Self::Whole { low, high } => {
                let number = between(low as f64, high as f64);
                let number = if number < 8.0 {
                    number.round() as usize
                } else {
                    4 * (number / 4.0).round() as usize
                };
                number.clamp(low, high).to_string()
            }
            &Self::Log { low, high } => {
                let digits = format!("{:.1e}", between(low, high));
                digits.parse().unwrap_or(low).to_string()
            }
            &Self::Steps { step, count } => {
                let number = step * (place * count as f64).round();
                // Not 0.30000000000000004.
                ((number * 1e6).round() / 1e6).to_string()
            }
        }
    }

    /// The place of a value, 0 or more and below 1; `None` for one that is none.
    pub fn place(&self, value: &str) -> Option<f64> {
        let number: Option<f64> = value.parse().ok();
        let within = |low: f64, high: f64| {
            let number = number?.clamp(low, high);
            Some((number.ln() - low.ln()) / (high.ln() - low.ln()).max(f64::MIN_POSITIVE))
        };
        let place = match self {
            Self::Choice(values) => {
                let number = values.iter().position(|one| one == value)?;
                (number as f64 + 0.5) / values.len() as f64
            }
            &Self::Whole { low, high } => within(low as f64, high as f64)?,
            &Self::Log { low, high } => within(low, high)?,
            &Self::Steps { step, count } => number? / (step * count as f64),
        };
        Some(place.clamp(0.0, 1.0 - f64::EPSILON))
    }
}

/// All that is searched.
#[derive(Clone, Debug, Default)]
pub struct Space {
    pub dimensions: Vec<Dimension>,
}

impl Space {
    /// What there is to search of these settings, which stand as nobody typed them: `usual` has the value that the task
    /// takes by default.
    pub fn around(names: &[&'static str], usual: &Values) -> Self {
        let dimension = |&name: &&'static str| {
            let usual = usual.get(name)?;
            Some(Dimension {
                name,
                range: range(name, usual)?,
            })
        };
        Self {
            dimensions: names.iter().filter_map(dimension).collect(),
        }
    }

    /// The values of a setting, if it is searched.
    pub fn range(&self, name: &str) -> Option<&Range> {
        let mut dimensions = self.dimensions.iter();
        dimensions
            .find(|one| one.name == name)
            .map(|one| &one.range)
    }

    /// Keeps hidden units between these numbers.
    pub fn limit_hidden(&mut self, lowest: usize, highest: usize) {
        for one in self
            .dimensions
            .iter_mut()
            .filter(|one| one.name == "hidden")
        {
            one.range = Range::Whole {
                low: lowest,
                high: highest.max(lowest),
            };
        }
    }

    /// Drops what has no meaning beside the other values: an activation is Elman's alone.
    pub fn tidy(values: &mut Values, cell: &str) {
        if cell != "elman" {
            values.remove("activation");
        }
    }
}

/// Few hidden units: as few as are worth a try.
pub const LEAST_HIDDEN: usize = 2;

/// The values of a setting around its usual one. Rates reach an order of magnitude to either side.
fn range(name: &str, usual: &str) -> Option<Range> {
    let number = || usual.parse::<f64>().ok();
    let whole = || usual.parse::<usize>().ok();
    Some(match name {
        "cell" => Range::choice(usual, ["elman", "gru", "lstm", "fastrnn", "fastgrnn"]),
        "hidden" => Range::Whole {
            low: LEAST_HIDDEN,
            high: (2 * whole()?).clamp(32, 512),
        },
        "layers" => Range::choice(usual, [1, 2]),
        "embedding" => Range::Whole {
            low: 4.min(whole()?),
            high: (2 * whole()?).max(16),
        },
        "window" => Range::choice(usual, [1, 3, 5]),
        "bidirectional" => Range::choice(usual, ["false", "true"]),
        "activation" => Range::choice(usual, ["tanh", "relu"]),
        "lr" => Range::Log {
            low: number()? / 5.0,
            high: number()? * 10.0,
        },
        "batch" => Range::choice(usual, [whole()?.div_ceil(2), whole()?, whole()? * 2]),
        "dropout" | "noise" => Range::Steps {
            step: 0.1,
            count: 6,
        },
        "clip-norm" => Range::choice(usual, ["0.25", "0.5", "1", "2", "5"]),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_place_and_every_place_a_value() {
        let ranges = [
            range("cell", "elman"),
            range("hidden", "192"),
            range("window", "7"),
            range("lr", "0.001"),
            range("batch", "16"),
            range("dropout", "0.5"),
            range("clip-norm", "1"),
        ];
        for range in ranges.into_iter().flatten() {
            for i in 0..=100 {
                let value = range.value(f64::from(i) / 100.0);
                let place = range.place(&value).expect("a place");
                assert!((0.0..1.0).contains(&place), "{range:?} {value}");
                assert_eq!(range.value(place), value, "{range:?}");
            }
        }
    }

    #[test]
    fn values_are_read_as_people_write_them() {
        assert_eq!(
            Range::Steps {
                step: 0.1,
                count: 6
            }
            .value(0.5),
            "0.3"
        );
        assert_eq!(range("lr", "0.001").unwrap().value(0.0), "0.0002");
        let hidden = Range::Whole { low: 2, high: 46 };
        assert_eq!(
            (hidden.value(0.0), hidden.value(1.0)),
            ("2".into(), "46".into())
        );
        assert!(
            hidden
                .value(0.8)
                .parse::<usize>()
                .unwrap()
                .is_multiple_of(4)
        );
        let window = range("window", "7").unwrap();
        assert_eq!(window.value(1.0), "7");
    }

    #[test]
    fn what_is_unknown_is_not_searched() {
        let usual = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let usual = Values::from([usual("hidden", "4"), usual("seed", "1"), usual("lr", "0.3")]);
        let space = Space::around(&["hidden", "seed", "lr", "noise"], &usual);
        let names: Vec<&str> = space.dimensions.iter().map(|one| one.name).collect();
        assert_eq!(names, ["hidden", "lr"]);
    }
}
