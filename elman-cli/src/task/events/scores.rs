//! How well events are told: what was found, how late, and what was told without reason.

use elman_core::feed::Event;
use serde::Serialize;

use super::chosen::Origin;
use super::recording::{Recordings, Span};
use crate::base::encoding::EventRule;

/// Counts over some recordings. An event finds what is there if it has its class, comes while it lasts or shortly after, and is the
/// first to do so; any other is a false alarm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    pub spans: usize,
    pub hits: usize,
    pub false_alarms: usize,
    /// Steps from the beginning of what was found to its event, summed up.
    pub delay: usize,
}

impl Counts {
    /// The harmonic mean of the share of what is there that was found, and the share of events that found something.
    pub fn f1(&self) -> f64 {
        let both = self.spans + self.hits + self.false_alarms;
        2.0 * self.hits as f64 / both.max(1) as f64
    }

    /// Steps that an event is late on average.
    pub fn mean_delay(&self) -> f64 {
        self.delay as f64 / self.hits.max(1) as f64
    }

    /// Adds a recording: what was there, and of every event that came its step and its class. For `grace` steps after its end
    /// something may still be found.
    pub fn add(
        &mut self,
        spans: &[Span],
        events: impl Iterator<Item = (usize, usize)>,
        grace: usize,
    ) {
        let mut is_found = vec![false; spans.len()];
        let mut first = 0;
        for (step, class) in events {
            // Events come in the order of time, so what ended long ago is never looked at again.
            while spans.get(first).is_some_and(|span| span.end + grace < step) {
                first += 1;
            }
            let near = spans[first..]
                .iter()
                .take_while(|span| span.start <= step)
                .position(|span| span.class == class && step < span.end + grace);
            match near.map(|place| first + place) {
                Some(place) if !is_found[place] => {
                    is_found[place] = true;
                    self.hits += 1;
                    self.delay += step - spans[place].start;
                }
                _ => self.false_alarms += 1,
            }
        }
        self.spans += spans.len();
    }
}

/// For so many steps after something has ended its event may come: smoothing looks back as far.
pub fn grace(rule: &EventRule) -> usize {
    rule.smoothed_over().unwrap_or(1) as usize
}

/// What `elman eval --events` shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventScores {
    smoothing: f32,
    threshold: f32,
    refractory: u32,
    background: Option<String>,
    spans: usize,
    hits: usize,
    misses: usize,
    false_alarms: usize,
    false_alarms_per_1000_steps: f64,
    f1: f64,
    /// On average, and with the steps that the net looks ahead.
    delay_steps: f64,
    steps: usize,
    /// Of an int8 net: with which net the rule was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_of: Option<Origin>,
}

impl EventScores {
    /// The same, of an int8 net whose rule comes from there.
    pub fn of_int8(self, origin: Origin) -> Self {
        Self {
            rule_of: Some(origin),
            ..self
        }
    }

    /// Of a rule.
    pub fn measure(rule: &EventRule, recordings: &Recordings) -> Self {
        let mut counts = Counts::default();
        for recording in &recordings.all {
            let told = recording.told(rule, recordings.names.len());
            let fires = |(step, event): (usize, &Event)| event.fires.then_some((step, event.class));
            let events = told.iter().enumerate().filter_map(fires);
            counts.add(&recording.spans(rule.background), events, grace(rule));
        }
        let steps = recordings.steps();
        Self {
            smoothing: rule.smoothing,
            threshold: rule.threshold,
            refractory: rule.refractory,
            background: rule.background.map(|class| recordings.names[class].clone()),
            spans: counts.spans,
            hits: counts.hits,
            misses: counts.spans - counts.hits,
            false_alarms: counts.false_alarms,
            false_alarms_per_1000_steps: 1000.0 * counts.false_alarms as f64 / steps.max(1) as f64,
            f1: counts.f1(),
            delay_steps: counts.mean_delay() + recordings.delay as f64,
            steps,
            rule_of: None,
        }
    }

    /// Whether anything was found.
    pub const fn finds(&self) -> bool {
        self.hits > 0
    }

    /// Lines for people.
    pub fn to_table(&self) -> String {
        let smoothing = match self.smoothing {
            1.0 => "none".to_owned(),
            weight => format!("the newest step weighs 1/{}", 1.0 / weight),
        };
        let background = self.background.as_deref().unwrap_or("none");
        let rule = self
            .rule_of
            .map(|origin| format!("rule          {}\n", origin.sentence()));
        let share = 100.0 * self.hits as f64 / self.spans.max(1) as f64;
        format!(
            "events        {} of {} found ({share:.1} %), {} missed\n\
             false alarms  {} ({:.2} per 1000 steps), F1 {:.1} %\n\
             delay         {:.1} steps on average\n\
             smoothing     {smoothing}\n\
             threshold     {:.3}\n\
             refractory    {} steps\n\
             background    {background}\n{}",
            self.hits,
            self.spans,
            self.misses,
            self.false_alarms,
            self.false_alarms_per_1000_steps,
            100.0 * self.f1,
            self.delay_steps,
            self.threshold,
            self.refractory,
            rule.unwrap_or_default(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPANS: [Span; 2] = [
        Span {
            class: 1,
            start: 2,
            end: 5,
        },
        Span {
            class: 2,
            start: 5,
            end: 8,
        },
    ];

    fn counts(events: &[(usize, usize)], grace: usize) -> Counts {
        let mut counts = Counts::default();
        counts.add(&SPANS, events.iter().copied(), grace);
        counts
    }

    #[test]
    fn events_find_what_is_there_once() {
        // Too early, found, found again; the second a step late.
        let found = counts(&[(1, 1), (3, 1), (4, 1), (8, 2)], 1);
        let expected = Counts {
            spans: 2,
            hits: 2,
            false_alarms: 2,
            delay: 4,
        };
        assert_eq!(found, expected);
        assert_eq!(found.mean_delay(), 2.0);
        assert!((found.f1() - 4.0 / 6.0).abs() < 1e-12);
        // Of another class, and too late.
        assert_eq!(counts(&[(3, 2), (8, 2)], 0).false_alarms, 2);
        // Within the grace of the one before, while the next lasts.
        assert_eq!(counts(&[(5, 1), (6, 2)], 2).hits, 2);
    }
}
