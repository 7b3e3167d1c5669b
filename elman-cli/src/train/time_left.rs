//! The time that a run may take.

use std::time::{Duration, Instant};

/// From now on, if there is a limit.
pub struct TimeLeft {
    /// When the time began, and when it is up.
    limits: Option<(Instant, Instant)>,
    /// The share of the epochs that was done by then.
    done_before: f64,
}

impl TimeLeft {
    /// A limit that no clock can tell is none.
    pub fn of(limit: Option<Duration>, done_before: f64) -> Self {
        let now = Instant::now();
        let end = limit.and_then(|limit| now.checked_add(limit));
        Self {
            limits: end.map(|end| (now, end)),
            done_before,
        }
    }

    /// Whether no time is left.
    pub fn is_up(&self) -> bool {
        self.limits.is_some_and(|(_, end)| Instant::now() >= end)
    }

    /// The share of the run's time that has passed; what was done before had its share. 0 where there is no limit.
    pub fn passed(&self) -> f64 {
        let Some((began, end)) = self.limits else {
            return 0.0;
        };
        let all = end.duration_since(began).as_secs_f64();
        let share = (began.elapsed().as_secs_f64() / all).min(1.0);
        self.done_before + (1.0 - self.done_before) * share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_shared_with_what_was_done_before() {
        let none = TimeLeft::of(None, 0.5);
        assert_eq!((none.passed(), none.is_up()), (0.0, false));
        let over = TimeLeft::of(Some(Duration::from_nanos(1)), 0.5);
        while !over.is_up() {}
        assert_eq!(over.passed(), 1.0);
        let begun = TimeLeft::of(Some(Duration::from_secs(1 << 30)), 0.5);
        assert!((0.5..0.51).contains(&begun.passed()) && !begun.is_up());
    }
}
