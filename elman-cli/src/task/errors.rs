//! How far off numbers are.

/// Sums of errors.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Errors {
    pub items: usize,
    pub squared: f64,
    pub absolute: f64,
}

impl Errors {
    /// Counts one.
    pub fn add(&mut self, error: f64) {
        self.items += 1;
        self.squared += error * error;
        self.absolute += error.abs();
    }

    /// Counts some more.
    pub fn extend(&mut self, other: &Self) {
        self.items += other.items;
        self.squared += other.squared;
        self.absolute += other.absolute;
    }

    /// The mean square.
    pub fn mse(&self) -> f64 {
        self.squared / self.items.max(1) as f64
    }

    /// The root of the mean square.
    pub fn rmse(&self) -> f64 {
        self.mse().sqrt()
    }

    /// The mean distance.
    pub fn mae(&self) -> f64 {
        self.absolute / self.items.max(1) as f64
    }
}

/// Mean squared error of a net's outputs; what has no goal does not count.
pub fn mean_square(goals: &[f32], outputs: &[f32]) -> f64 {
    let mut errors = Errors::default();
    for (&goal, &output) in goals.iter().zip(outputs).filter(|(goal, _)| !goal.is_nan()) {
        errors.add(f64::from(output - goal));
    }
    errors.mse()
}

/// A row for each of several ways to estimate the same values.
pub fn table(rows: [(&str, &Errors); 3]) -> String {
    let mut table = format!("{:16}{:>14}{:>14}\n", "", "RMSE", "MAE");
    for (name, errors) in rows {
        let [rmse, mae] = [errors.rmse(), errors.mae()].map(significant);
        table += &format!("{name:16}{rmse:>14}{mae:>14}\n");
    }
    table
}

/// What is said of the errors of values outside of the range of training; nothing if there are none.
pub fn outside_of([low, high]: [f64; 2], errors: &Errors) -> String {
    if errors.items == 0 {
        return String::new();
    }
    format!(
        "\n{} of them lie outside of {} to {}, the range of training; RMSE there {}\n",
        errors.items,
        significant(low),
        significant(high),
        significant(errors.rmse())
    )
}

/// A number with about five digits.
pub fn significant(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e9).contains(&size) {
        return format!("{value:.4e}");
    }
    let before = if size >= 1.0 {
        size.log10().floor() as usize + 1
    } else {
        0
    };
    format!("{value:.*}", 5usize.saturating_sub(before))
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn numbers_have_five_digits() {
        let found = [0.0, 17.28412, 1752.9, 0.403_21, 1e-9, 1_234_567.8, -2.5].map(significant);
        assert_eq!(
            found,
            [
                "0.00000",
                "17.284",
                "1752.9",
                "0.40321",
                "1.0000e-9",
                "1234568",
                "-2.5000"
            ]
        );
    }

    #[test]
    fn errors_are_averaged() {
        let mut errors = Errors::default();
        [3.0, -4.0].into_iter().for_each(|error| errors.add(error));
        assert_eq!((errors.mse(), errors.mae()), (12.5, 3.5));
        assert_eq!(Errors::default().rmse(), 0.0);
    }
}
