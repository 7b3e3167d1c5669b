//! A curve of a few letters.

/// Letters at most; never fewer than half of them once there are enough numbers.
const LETTERS: usize = 12;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// All numbers so far, as the means of stretches of equal length: as many as there are letters, and each twice as long
/// once they run out.
#[derive(Clone, Debug)]
pub struct Sparkline {
    means: Vec<f64>,
    /// Numbers per stretch.
    stretch: usize,
    /// The stretch that is being filled.
    sum: f64,
    count: usize,
}

impl Default for Sparkline {
    fn default() -> Self {
        Self {
            means: Vec::new(),
            stretch: 1,
            sum: 0.0,
            count: 0,
        }
    }
}

impl Sparkline {
    /// Adds a number.
    pub fn push(&mut self, number: f64) {
        self.sum += number;
        self.count += 1;
        if self.count < self.stretch {
            return;
        }
        self.means.push(self.sum / self.count as f64);
        (self.sum, self.count) = (0.0, 0);
        if self.means.len() > LETTERS {
            // The odd one begins the next stretch.
            self.sum = self.means[LETTERS] * self.stretch as f64;
            self.count = self.stretch;
            let pairs = self.means[..LETTERS].chunks_exact(2);
            self.means = pairs.map(|pair| (pair[0] + pair[1]) / 2.0).collect();
            self.stretch *= 2;
        }
    }

    /// The curve, from the lowest bar for the smallest number to the highest for the largest.
    pub fn draw(&self) -> String {
        let least = self.means.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let bar = |mean: &f64| {
            let height = (mean - least) / (most - least) * (BARS.len() - 1) as f64;
            // Where all are equal there is no height: a NaN becomes 0.
            BARS[(height.round() as usize).min(BARS.len() - 1)]
        };
        self.means.iter().map(bar).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_falls_as_its_numbers_do_and_stays_short() {
        let mut curve = Sparkline::default();
        assert_eq!(curve.draw(), "");
        (0..8).for_each(|i| curve.push(f64::from(7 - i)));
        assert_eq!(curve.draw(), "█▇▆▅▄▃▂▁");
        for i in 0..10_000 {
            curve.push(-f64::from(i));
            let drawn = curve.draw();
            assert!((6..=LETTERS).contains(&drawn.chars().count()), "{drawn}");
            assert!(drawn.starts_with('█') && drawn.ends_with('▁'), "{drawn}");
        }
    }

    #[test]
    fn stretches_hold_every_number_once() {
        let mut curve = Sparkline::default();
        (0..1000).for_each(|i| curve.push(f64::from(i % 2)));
        assert!(curve.means.iter().all(|&mean| (mean - 0.5).abs() < 1e-12));
        assert_eq!(curve.means.len() * curve.stretch + curve.count, 1000);
    }

    #[test]
    fn equal_numbers_lie_flat() {
        let mut curve = Sparkline::default();
        (0..3).for_each(|_| curve.push(2.0));
        assert_eq!(curve.draw(), "▁▁▁");
    }
}
