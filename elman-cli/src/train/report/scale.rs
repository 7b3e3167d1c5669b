//! From numbers to places on an axis, and which of them are worth a label.

/// One axis of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    is_log: bool,
    /// Ends, in the units of the data.
    from: f64,
    to: f64,
    /// Labelled values, rising.
    pub ticks: Vec<f64>,
    /// Digits behind the point in labels.
    decimals: usize,
}

impl Scale {
    /// An axis for these numbers with at most `count` labels or so. `None` if none of them is finite.
    pub fn linear(numbers: impl IntoIterator<Item = f64>, count: usize) -> Option<Self> {
        let (least, most) = ends(numbers)?;
        // A line that never moves lies in the middle.
        let (least, most) = if most - least > 1e-9 * most.abs().max(least.abs()) {
            (least, most)
        } else {
            let room = if most == 0.0 { 1.0 } else { most.abs() * 0.1 };
            (least - room, most + room)
        };
        let step = nice((most - least) / count.max(1) as f64);
        let (from, to) = ((least / step).floor(), (most / step).ceil());
        let ticks = (0..=(to - from) as usize)
            .map(|i| (from + i as f64) * step)
            .collect();
        Some(Self {
            is_log: false,
            from: from * step,
            to: to * step,
            ticks,
            decimals: decimals(step),
        })
    }

    /// An axis whose ends are those of the data and whose labels are whole numbers.
    pub fn integers(numbers: impl IntoIterator<Item = f64>, count: usize) -> Option<Self> {
        let (from, to) = ends(numbers)?;
        let step = nice((to - from) / count.max(1) as f64).max(1.0);
        let first = (from / step).ceil();
        let ticks: Vec<f64> = (0..=count * 3)
            .map(|i| (first + i as f64) * step)
            .take_while(|&tick| tick <= to)
            .collect();
        Some(Self {
            is_log: false,
            from,
            to,
            ticks,
            decimals: 0,
        })
    }

    /// An axis of powers of ten. Numbers that are not positive have no place on it. `None` if none is.
    pub fn log(numbers: impl IntoIterator<Item = f64>, count: usize) -> Option<Self> {
        let (least, most) = ends(numbers.into_iter().filter(|&number| number > 0.0))?;
        let (from, to) = (least.log10().floor(), most.log10().ceil());
        let to = if to > from { to } else { from + 1.0 };
        let step = ((to - from) / count.max(1) as f64).ceil().max(1.0);
        let ticks = (0..)
            .map(|i| from + step * f64::from(i))
            .take_while(|&exponent| exponent <= to)
            .map(|exponent| 10f64.powf(exponent))
            .collect();
        Some(Self {
            is_log: true,
            from: 10f64.powf(from),
            to: 10f64.powf(to),
            ticks,
            decimals: 0,
        })
    }

    /// Where a number lies: 0 at the lower end, 1 at the upper; `None` if it has no place.
    pub fn place(&self, number: f64) -> Option<f64> {
        let place = if self.is_log {
            let lies = |number: f64| number.log10();
            (lies(number) - lies(self.from)) / (lies(self.to) - lies(self.from))
        } else if self.to > self.from {
            (number - self.from) / (self.to - self.from)
        } else {
            0.5
        };
        place.is_finite().then_some(place)
    }

    /// A tick as its label.
    pub fn label(&self, tick: f64) -> String {
        if self.is_log || tick.abs() >= 1e5 || (tick != 0.0 && self.decimals > 4) {
            return tidy(tick);
        }
        // Not -0.0.
        minus(&format!("{:.*}", self.decimals, tick + 0.0))
    }
}

fn ends(numbers: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let finite = numbers.into_iter().filter(|number| number.is_finite());
    finite.fold(None, |ends, number| {
        let (least, most) = ends.unwrap_or((number, number));
        Some((f64::min(least, number), f64::max(most, number)))
    })
}

/// The next of 1, 2, 5 times a power of ten that is not smaller.
fn nice(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0];
    let factor = factors
        .into_iter()
        .find(|factor| factor * power >= step * (1.0 - 1e-9));
    let nice = factor.unwrap_or(10.0) * power;
    if nice.is_normal() { nice } else { 1.0 }
}

/// Digits behind the point that tell multiples of a step apart.
fn decimals(step: f64) -> usize {
    (-(step.log10() + 1e-9).floor()).max(0.0) as usize
}

/// A number for people: about four digits, an exponent only where it is very large or small.
pub fn tidy(number: f64) -> String {
    let size = number.abs();
    if !number.is_finite() {
        return number.to_string();
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e7).contains(&size) {
        let text = format!("{number:.2e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return minus(&format!("{}e{exponent}", trimmed(digits)));
    }
    let decimals = (3.0 - size.log10().floor()).clamp(0.0, 7.0) as usize;
    minus(trimmed(&format!("{number:.decimals$}")))
}

fn trimmed(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}

/// With the sign that is as wide as a digit.
fn minus(text: &str) -> String {
    text.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Option<Scale>) -> Vec<String> {
        let scale = scale.expect("a scale");
        scale.ticks.iter().map(|&tick| scale.label(tick)).collect()
    }

    #[test]
    fn ticks_are_round_and_cover_the_data() {
        assert_eq!(
            labels(Scale::linear([0.113, 0.87], 4)),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(
            labels(Scale::linear([-3.0, 12.0], 3)),
            ["−5", "0", "5", "10", "15"]
        );
        assert_eq!(
            labels(Scale::linear([0.0001, 0.003], 3)),
            ["0.000", "0.001", "0.002", "0.003"]
        );
        assert_eq!(labels(Scale::integers([1.0, 3.0], 5)), ["1", "2", "3"]);
        assert_eq!(labels(Scale::integers([1.0, 30.0], 5)), ["10", "20", "30"]);
        assert_eq!(
            labels(Scale::log([0.004, 3.0, 0.0], 5)),
            ["0.001", "0.01", "0.1", "1", "10"]
        );
        assert_eq!(labels(Scale::log([1e-12, 1.0], 4)).len(), 5);
    }

    #[test]
    fn every_kind_of_data_has_an_axis() {
        for numbers in [
            vec![0.0],
            vec![7.0, 7.0],
            vec![-1e300, 1e300],
            vec![1e-300],
            vec![f64::NAN, 1.0],
            vec![1e15, 1e15 + 1.0],
        ] {
            let scale = Scale::linear(numbers.iter().copied(), 4).expect("a scale");
            assert!(
                (2..=12).contains(&scale.ticks.len()),
                "{numbers:?} {scale:?}"
            );
            for number in numbers.into_iter().filter(|number| number.is_finite()) {
                assert!((-0.01..=1.01).contains(&scale.place(number).expect("a place")));
            }
        }
        assert_eq!(Scale::linear([f64::NAN], 4), None);
        assert_eq!(Scale::log([0.0, -1.0], 4), None);
        assert_eq!(
            Scale::log([1.0], 4).and_then(|scale| scale.place(0.0)),
            None
        );
    }

    #[test]
    fn numbers_are_tidy() {
        let cases = [
            (0.0, "0"),
            (0.83217, "0.8322"),
            (12345.678, "12346"),
            (-0.5, "−0.5"),
            (1e-5, "1e−5"),
            (3.14e9, "3.14e9"),
            (100.0, "100"),
        ];
        for (number, text) in cases {
            assert_eq!(tidy(number), text);
        }
    }
}
