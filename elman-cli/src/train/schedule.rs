//! How the learning rate changes.

use std::f64::consts::PI;

use crate::train::settings::Schedule;

/// Epochs without a better score that [`Schedule::Plateau`] bears before it halves the rate.
const PLATEAU: usize = 3;

/// Where a cosine ends, as a share of where it began.
const FLOOR: f64 = 0.01;

/// How far the epochs may fall behind the time, as a share of all.
const SLACK: f64 = 0.05;

impl Schedule {
    /// The factor on the learning rate when `done` of `epochs` epochs lie behind, fractions included. A plateau
    /// has no plan: its factor is carried along.
    pub fn factor(self, done: f64, epochs: usize, carried: f64) -> f64 {
        let share = (done / epochs as f64).min(1.0);
        match self {
            Self::Constant => 1.0,
            Self::Step => 0.5f64.powf((share * 5.0).floor()),
            Self::Cosine => FLOOR + (1.0 - FLOOR) * 0.5 * (1.0 + (PI * share).cos()),
            Self::Plateau => carried,
        }
    }

    /// Epochs that count as done, of so many, where a share of the time that the run may take has passed: a run that will not get to
    /// its last epoch gets to its smallest rates all the same. One that is no more than [`SLACK`] behind goes by its epochs
    /// alone, so that its rates do not depend on the clock.
    pub fn in_time(done: f64, epochs: usize, time: f64) -> f64 {
        done.max((time - SLACK) * epochs as f64)
    }

    /// The factor to carry on after an epoch that was the `idle`-th without a better score.
    pub const fn after_epoch(self, carried: f64, idle: usize) -> f64 {
        match self {
            Self::Plateau if idle > 0 && idle.is_multiple_of(PLATEAU) => carried * 0.5,
            _ => carried,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schedule_starts_at_one() {
        for schedule in [
            Schedule::Constant,
            Schedule::Step,
            Schedule::Cosine,
            Schedule::Plateau,
        ] {
            assert_eq!(schedule.factor(0.0, 10, 1.0), 1.0);
        }
    }

    #[test]
    fn a_run_without_time_for_its_epochs_goes_by_the_time() {
        let of = |done, time| Schedule::in_time(done, 10, time);
        // In time, and a little late.
        assert_eq!([of(0.0, 0.0), of(5.0, 0.5), of(0.0, 0.05)], [0.0, 5.0, 0.0]);
        assert!((of(1.0, 0.55) - 5.0).abs() < 1e-12);
        let last = Schedule::Cosine.factor(of(1.0, 1.0), 10, 1.0);
        assert!((0.01..0.02).contains(&last), "{last}");
    }

    #[test]
    fn rates_fall_as_promised() {
        assert_eq!(Schedule::Constant.factor(9.5, 10, 1.0), 1.0);
        assert_eq!(Schedule::Step.factor(1.9, 10, 1.0), 1.0);
        assert_eq!(Schedule::Step.factor(4.0, 10, 1.0), 0.25);
        assert!((Schedule::Cosine.factor(5.0, 10, 1.0) - 0.505).abs() < 1e-12);
        assert!((Schedule::Cosine.factor(10.0, 10, 1.0) - 0.01).abs() < 1e-12);
        assert_eq!(Schedule::Plateau.factor(5.0, 10, 0.25), 0.25);
        let carried = [0, 1, 2, 3, 4, 5, 6].map(|idle| Schedule::Plateau.after_epoch(1.0, idle));
        assert_eq!(carried, [1.0, 1.0, 1.0, 0.5, 1.0, 1.0, 0.5]);
    }
}
